//! What TEMPLATE's refusals mean.

use std::time::Duration;

use connector_api::{Explained, Failure, MerchantAction, Reached, base_failure};
use serde::Deserialize;

/// TEMPLATE: every code that the vendor names or that was seen, in plain words for a merchant.
pub(crate) const CATALOGUE: &[Explained] = &[
    Explained {
        code: "unknown_carrier",
        words: "",
        cause: "Template does not take this carrier's name.",
        fix: "Map the carrier to a name of Template's list: `parcelwire map carrier`.",
    },
    Explained {
        code: "unknown_item",
        words: "",
        cause: "The order has no such line.",
        fix: "Compare the order's lines at Template with those of the store's order, and map what differs.",
    },
    Explained {
        code: "already_shipped",
        words: "",
        cause: "Template already has a parcel for these lines.",
        fix: "Look at the order's parcels at Template; a wrong number is changed there.",
    },
];

#[derive(Default, Deserialize)]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
}

/// What an answer is.
pub(crate) enum Verdict {
    /// A success whose body can be read.
    Success,
    /// The access token is refused.
    TokenRefused,
    /// A failure, and what is said of it.
    Failed(Failure, String),
}

/// Judges an answer.
///
/// TEMPLATE: one row per code, each with the vendor's sentence or address. Judge bodies of 2xx too.
///
/// Contract: TEMPLATE's page of errors, date read.
pub(crate) fn judge(status: u16, after: Option<Duration>, body: &[u8]) -> Verdict {
    if matches!(status, 200 | 201) {
        return Verdict::Success;
    }
    let Refusal { code, message } = serde_json::from_slice(body).unwrap_or_default();
    let failure = match (status, code.as_deref()) {
        // "…": https://…
        (401, _) => return Verdict::TokenRefused,
        // "…": https://…: a right is missing, the token is alive.
        (403, Some("missing_scope")) => Failure::NeedsMerchant { action: MerchantAction::Reconnect },
        // It may be ours: read before doing anything else.
        (409, _) | (400, Some("already_shipped")) => Failure::Retryable { reached: Reached::Maybe, after },
        (400, Some("unknown_carrier")) => Failure::CarrierRefused { code: "unknown_carrier".to_owned() },
        (400 | 422, Some(code)) => Failure::Rejected { code: code.chars().take(200).collect() },
        (other, _) => base_failure(other, after),
    };
    let said: Vec<String> = [code, message].into_iter().flatten().collect();
    Verdict::Failed(failure, if said.is_empty() { format!("status {status}") } else { said.join(": ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        let two_seconds = Some(Duration::from_secs(2));
        for (name, status, after, body, want) in [
            ("a missing right", 403, None, r#"{"code":"missing_scope"}"#, reconnect),
            ("throttled", 429, two_seconds, "", Failure::Throttled { after: two_seconds }),
            ("no such order", 404, None, r#"{"code":"not_found"}"#, Failure::NotFound),
            ("told before", 409, None, "", maybe.clone()),
            ("broken", 500, None, "<html>", maybe),
            ("new words", 400, None, r#"{"code":"new"}"#, Failure::Rejected { code: "new".to_owned() }),
        ] {
            let Verdict::Failed(got, _) = judge(status, after, body.as_bytes()) else { panic!("{name}") };
            assert_eq!(got, want, "{name}");
        }
        assert!(matches!(judge(200, None, b""), Verdict::Success));
        assert!(matches!(judge(401, None, b""), Verdict::TokenRefused));
    }
}
