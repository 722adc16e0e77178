//! What TEMPLATE's refusals mean.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, base_failure};
use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// Judges an answer: `None` if it is a success whose body can be read.
///
/// TEMPLATE: one row per code, each with the vendor's sentence or address. Judge bodies of 2xx too.
///
/// Contract: TEMPLATE's page of errors, date read.
#[must_use]
pub fn classify(status: u16, retry_after: Option<&str>, body: &[u8]) -> Option<(Failure, String)> {
    if status == 200 {
        return None;
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let failure = match (status, refusal.code.as_deref()) {
        // "…": https://…
        (401 | 403, _) => Failure::NeedsMerchant { action: MerchantAction::Reconnect },
        (other, _) => base_failure(other, after),
    };
    Some((failure, refusal.message.unwrap_or_else(|| format!("status {status}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        let throttled = Failure::Throttled { after: Some(Duration::from_secs(2)) };
        for (name, status, retry_after, body, want) in [
            ("success", 200, None, "{}", None),
            ("token", 401, None, "", Some(reconnect)),
            ("throttled", 429, Some("2"), "", Some(throttled)),
            ("no such order", 404, None, r#"{"code":"not_found"}"#, Some(Failure::NotFound)),
        ] {
            let got = classify(status, retry_after, body.as_bytes()).map(|(failure, _)| failure);
            assert_eq!(got, want, "{name}");
        }
    }
}
