//! What eBay's refusals mean for what to do next.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, base_failure};

use crate::CONFIRM;
use crate::wire::WireError;

/// How long to leave eBay alone after a refused access token: the next call brings a new one.
const AFTER_REFUSED_TOKEN: Duration = Duration::from_secs(1);

/// What an answer of a REST API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The access token was not taken: the caller drops it, and judges by how new it was.
    TokenRefused {
        /// eBay's words say that it merely ran out, or they are not eBay's.
        expired: bool,
    },
    /// The token lacks a scope. The connection is not dead: other calls go on.
    ScopeMissing {
        /// eBay's error id.
        code: String,
    },
    /// eBay has suspended the seller.
    Suspended,
    /// Anything else.
    Failed(Failure),
}

impl Verdict {
    /// Whether the token that was sent is worth no second try.
    pub(crate) fn refuses_token(&self) -> bool {
        matches!(self, Self::TokenRefused { .. } | Self::ScopeMissing { .. })
    }

    /// The failure, given whether the token came from eBay within this very call.
    ///
    /// An old token proves nothing: it may have run out, or be from before the seller granted more. One that was just
    /// issued and is refused all the same means that the authorisation is gone (401), or that a scope is missing
    /// (403, 1100): then no parcel can be confirmed by this app, while orders may well be read.
    pub(crate) fn failure(&self, operation: &str, token_is_new: bool) -> Failure {
        match self {
            Self::TokenRefused { expired: false } if token_is_new => {
                Failure::NeedsMerchant { action: MerchantAction::Reconnect }
            }
            Self::ScopeMissing { .. } if token_is_new && operation == CONFIRM => {
                Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere }
            }
            Self::ScopeMissing { code } if token_is_new => Failure::Rejected { code: code.clone() },
            Self::TokenRefused { .. } | Self::ScopeMissing { .. } => {
                Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) }
            }
            Self::Suspended => Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere },
            Self::Failed(failure) => failure.clone(),
        }
    }

    /// eBay's words, with ours before them where its own say too little.
    pub(crate) fn in_plain_words(&self, operation: &str, words: &str) -> String {
        match self {
            Self::TokenRefused { expired: false } => {
                format!(
                    "eBay refuses the access token: if it was just issued, the seller must authorise the app again ({words})"
                )
            }
            Self::ScopeMissing { .. } => format!(
                "the seller did not grant the app the scope {}: authorise it again with that scope ({words})",
                scope_of(operation)
            ),
            Self::Suspended => format!("eBay has suspended the seller's account ({words})"),
            Self::TokenRefused { .. } | Self::Failed(_) => words.to_owned(),
        }
    }
}

/// The scope that an operation needs.
fn scope_of(operation: &str) -> &'static str {
    if operation == CONFIRM {
        "sell.fulfillment"
    } else if crate::FULFILLMENT_READS.contains(&operation) {
        "sell.fulfillment (or sell.fulfillment.readonly)"
    } else {
        "commerce.notification.subscription"
    }
}

/// Sorts a refusal. `status` may be 2xx, where the body names errors.
///
/// An error id outranks the status. Sources of the rows: the Fulfillment API 1.20.7 and Notification API 1.5.1 (ids and
/// statuses), hendt/ebay-api issues 58 and 79 (1100), read 21 November 2026.
pub(crate) fn classify(status: u16, errors: &[WireError], after: Option<Duration>) -> Verdict {
    let ids: Vec<&str> = errors.iter().filter_map(|error| error.error_id.as_deref()).collect();
    let is = |id: &str| ids.contains(&id);
    let says = |word: &str| {
        let words = errors.iter().flat_map(|e| [e.message.as_deref(), e.long_message.as_deref()]).flatten();
        words.into_iter().any(|words| words.to_lowercase().contains(word))
    };
    let maybe = Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after });
    if status == 429 || is("2001") {
        return Verdict::Failed(Failure::Throttled { after });
    }
    if let Some(code) = ids.iter().find(|id| ["1100", "195011"].contains(id)) {
        return Verdict::ScopeMissing { code: (*code).to_owned() };
    }
    if status == 401 || is("1001") {
        return Verdict::TokenRefused { expired: errors.is_empty() || says("expired") };
    }
    // The number is another order's: under another carrier it still is, so that is not tried.
    if is("32300") && says("already exists") {
        return Verdict::Failed(Failure::Rejected { code: "32300".to_owned() });
    }
    if is("32300") {
        return Verdict::Failed(Failure::CarrierRefused { code: "32300".to_owned() });
    }
    if is("32400") {
        return Verdict::Suspended;
    }
    // "Please use PUT": there is no such method, so the package is there. A conflict says no more than that, and a
    // system error "may succeed when reissued", which is not to say that it did not the first time.
    let of_subscriptions = ids.iter().any(|id| id.len() == 6 && id.starts_with("195"));
    if is("34500") || is("30500") || status == 409 && !of_subscriptions {
        return maybe;
    }
    if status == 404 {
        return Verdict::Failed(Failure::NotFound);
    }
    let code = ids.first().map(|id| (*id).to_owned());
    let ours = errors.iter().filter_map(|error| error.category.as_deref());
    let refused = ours.into_iter().any(|category| matches!(category, "REQUEST" | "BUSINESS"));
    match (base_failure(status, after), code) {
        (Failure::Rejected { .. }, Some(code)) => Verdict::Failed(Failure::Rejected { code }),
        (Failure::Retryable { .. }, Some(code)) if refused && status < 500 => {
            Verdict::Failed(Failure::Rejected { code })
        }
        (failure, _) => Verdict::Failed(failure),
    }
}

/// Sorts a refusal of a token. Nothing of this ever reached an order.
///
/// The error's name decides, not the status. Contract: RFC 6749 section 5.2, and answers seen in hendt/ebay-api issues
/// 77 and 122, read 21 November 2026.
pub(crate) fn classify_token(status: u16, error: Option<&str>, after: Option<Duration>) -> Failure {
    let passing = Failure::Retryable { reached: Reached::No, after };
    match error.map(str::to_ascii_lowercase).as_deref() {
        Some(
            "invalid_grant"
            | "invalid_client"
            | "unauthorized_client"
            | "invalid_scope"
            | "invalid_request"
            | "access_denied"
            | "unsupported_grant_type",
        ) if status < 500 && status != 429 => Failure::NeedsMerchant { action: MerchantAction::Reconnect },
        Some("server_error" | "temporarily_unavailable") => passing,
        Some(_) | None if status == 429 => Failure::Throttled { after },
        Some(_) | None => passing,
    }
}

/// What a person should read of a refused token.
pub(crate) fn token_detail(status: u16, error: Option<&str>, description: Option<&str>) -> String {
    let cause = match error.map(str::to_ascii_lowercase).as_deref() {
        Some("invalid_grant") => {
            "the seller's authorisation has ended (it lasts 18 months), was withdrawn, ended with a new password or user \
             name, or is of another app or of eBay's other environment: the seller must authorise the app again"
        }
        Some("invalid_client" | "unauthorized_client") => {
            "client_id or client_secret is wrong, or of eBay's other environment: the operator must correct them"
        }
        Some("invalid_scope") => {
            "the option scopes names one that the seller did not grant: take it out, or authorise the app again with it"
        }
        Some("invalid_request" | "access_denied" | "unsupported_grant_type") => {
            "eBay does not take the token request: check client_id, client_secret and refresh_token"
        }
        Some(_) | None => "eBay gave no token",
    };
    let words: Vec<&str> = [error, description].into_iter().flatten().collect();
    if words.is_empty() {
        format!("{cause} (status {status})")
    } else {
        format!("{cause} ({})", words.join(": "))
    }
}

/// eBay's own words for a person. Its `parameters` are left out: they repeat what was sent.
pub(crate) fn detail(status: u16, errors: &[WireError]) -> String {
    let said: Vec<String> = errors
        .iter()
        .map(|error| {
            let message = error.message.as_deref().map(str::trim);
            let longer = error.long_message.as_deref().map(str::trim).filter(|long| Some(*long) != message);
            [error.error_id.as_deref(), message, longer].into_iter().flatten().collect::<Vec<_>>().join(": ")
        })
        .filter(|said| !said.is_empty())
        .collect();
    if said.is_empty() { format!("status {status} without words") } else { said.join("; ") }
}

#[cfg(test)]
mod tests;
