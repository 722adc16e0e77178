//! What Shopify's refusals mean.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, base_failure};
use serde::Deserialize;
use serde_json::Value;

/// The longest pause that an answer may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };

/// Judges an answer: `None` if it is a success whose data can be read.
///
/// `retry_after` is the header's text. The words with a failure are Shopify's own where it has any. GraphQL
/// says most of its failures with status 200, so bodies are judged whatever the status.
///
/// Contract: Shopify "API response status and error codes" and "Rate limits", read 2026-11.
#[must_use]
pub fn classify(status: u16, retry_after: Option<&str>, body: &[u8]) -> Option<(Failure, String)> {
    let answer: Option<Answer> = serde_json::from_slice(body).ok();
    let words = answer.as_ref().map(Answer::words).unwrap_or_default();
    let said = |plain: &str| if words.is_empty() { plain.to_owned() } else { format!("{plain}: {words}") };
    let after = retry_after.and_then(|text| seconds(text.trim().parse().ok()?));
    match status {
        200 => match answer {
            None => Some((unclear(), "the answer is no JSON of the expected form".to_owned())),
            Some(answer) => answer.failure(words),
        },
        // "The necessary authentication credentials are not present in the request or are incorrect."
        401 => Some((RECONNECT, said("the access token is refused"))),
        // "The requested shop is currently frozen. The shop owner needs to log in to the shop's admin and pay
        // the outstanding balance": nothing passes until then, so the connection is parked.
        402 => Some((RECONNECT, said("the shop is frozen until its owner settles Shopify's bill"))),
        // "The server is refusing to respond to the request. This is generally because you have not requested
        // the appropriate scope for this action."
        403 => Some((RECONNECT, said("the app may not do this: a scope is missing"))),
        // The address of GraphQL exists in every shop, so it is the shop that does not: never "no such order".
        404 => Some((RECONNECT, said("there is no shop at this address"))),
        // "The requested shop is currently locked", for its limits or its account: support must unlock it.
        423 => Some((RECONNECT, said("the shop is locked, which only Shopify's support can undo"))),
        // A shop that got another address answers with it; the connection must be set to that.
        301 | 302 | 303 | 307 | 308 => Some((RECONNECT, said("the shop has another address now"))),
        429 => Some((base_failure(429, after), said("too many requests"))),
        // "Shopify security rejection", by the network in front of the shop: passes.
        430 => Some((unclear(), said("refused by Shopify's security"))),
        other => Some((base_failure(other, after), said(&format!("status {other}")))),
    }
}

/// Whether a refusal may be about the token alone: it ended or was revoked, or the app was given a scope since.
pub(crate) fn doubts_token(status: u16, failure: &Failure) -> bool {
    matches!(status, 200 | 401 | 403) && *failure == RECONNECT
}

/// A failure nobody described: tried again, in bounds.
fn unclear() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok().map(|wait| wait.min(LONGEST_WAIT))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    #[serde(default)]
    requested_query_cost: Option<f64>,
    #[serde(default)]
    throttle_status: Option<ThrottleStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    #[serde(default)]
    currently_available: Option<f64>,
    #[serde(default)]
    restore_rate: Option<f64>,
}

/// One row of `errors`; its shape differs between GraphQL and the layers before it.
struct Problem<'a>(&'a Value);

impl Problem<'_> {
    fn code(&self) -> Option<&str> {
        self.0.pointer("/extensions/code").and_then(Value::as_str)
    }

    fn message(&self) -> &str {
        self.0.as_str().or_else(|| self.0.get("message").and_then(Value::as_str)).unwrap_or_default()
    }

    /// The scope that `ACCESS_DENIED` asks for names itself here, or in the message.
    fn required_access(&self) -> &str {
        self.0.pointer("/extensions/requiredAccess").and_then(Value::as_str).unwrap_or_default()
    }

    /// A location is worth having, not worth failing for: its scope is one more to ask a merchant for.
    fn is_only_a_location(&self) -> bool {
        let path = self.0.get("path").and_then(Value::as_array);
        self.code() == Some("ACCESS_DENIED")
            && path.is_some_and(|path| path.last().and_then(Value::as_str) == Some("location"))
    }
}

impl Answer {
    fn problems(&self) -> Vec<Problem<'_>> {
        match &self.errors {
            Value::Array(rows) => rows.iter().map(Problem).collect(),
            Value::Object(fields) => fields.values().map(Problem).collect(),
            Value::String(_) => vec![Problem(&self.errors)],
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }

    /// What Shopify says, in its words.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for problem in self.problems() {
            let (message, access) = (problem.message(), problem.required_access());
            let text = if access.is_empty() || message.contains(access) {
                message.to_owned()
            } else {
                format!("{message} Required access: {access}")
            };
            if !text.is_empty() && !words.contains(&text) {
                words.push(text);
            }
        }
        words.join("; ")
    }

    /// How long until the bucket holds what the query asks for.
    fn wait(&self) -> Option<Duration> {
        let cost = self.extensions.cost.as_ref()?;
        let status = cost.throttle_status.as_ref()?;
        let missing = cost.requested_query_cost? - status.currently_available?;
        let rate = status.restore_rate.filter(|rate| *rate > 0.0)?;
        seconds(missing / rate)
    }

    /// Judges an answer of status 200.
    fn failure(&self, words: String) -> Option<(Failure, String)> {
        let mut problems = self.problems();
        if self.data.as_ref().is_some_and(|data| !data.is_null()) {
            problems.retain(|problem| !problem.is_only_a_location());
            if problems.is_empty() {
                return None;
            }
        } else if problems.is_empty() {
            return Some((unclear(), "the answer holds neither data nor errors".to_owned()));
        }
        // The worst row rules: what only the merchant can mend before what may pass.
        let mut ruling = unclear();
        for problem in &problems {
            let failure = match problem.code() {
                Some("THROTTLED") => Failure::Throttled { after: self.wait() },
                Some("ACCESS_DENIED" | "SHOP_INACTIVE" | "UNAUTHORIZED" | "FORBIDDEN") => RECONNECT,
                Some("INTERNAL_SERVER_ERROR" | "TIMEOUT" | "SERVICE_UNAVAILABLE") => unclear(),
                // Said of the query itself: sent again, it is refused again.
                Some(code) => Failure::Rejected { code: code.chars().take(200).collect() },
                None if problem.message() == "Throttled" => Failure::Throttled { after: self.wait() },
                None => unclear(),
            };
            if rank(&failure) > rank(&ruling) {
                ruling = failure;
            }
        }
        Some((ruling, words))
    }
}

fn rank(failure: &Failure) -> u8 {
    match failure {
        Failure::Retryable { .. } => 0,
        Failure::Throttled { .. } => 1,
        Failure::NotFound => 2,
        Failure::Rejected { .. } | Failure::CarrierRefused { .. } => 3,
        Failure::NeedsMerchant { .. } => 4,
    }
}

#[cfg(test)]
mod tests;
