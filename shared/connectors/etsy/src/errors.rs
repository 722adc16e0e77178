//! What Etsy's refusals mean for what to do next. Etsy has no codes: the status decides, then the words.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, base_failure};

use crate::SHIP;
use crate::wire::Words;

/// How long to leave Etsy alone after a refused access token: the next call brings a new one.
const AFTER_REFUSED_TOKEN: Duration = Duration::from_secs(1);
/// How long after a refusal that is not in Etsy's words, so from something in between.
const AFTER_STRANGER: Duration = Duration::from_secs(60);
/// How long after the day's calls are used up, where the answer does not say: its 24 hours end bit by bit.
const AFTER_DAY: Duration = Duration::from_secs(900);

/// A refusal, and what came along with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    /// What was asked for.
    pub(crate) operation: &'static str,
    /// The status; 2xx where the body names an error all the same.
    pub(crate) status: u16,
    /// Etsy's words; absent if the body is none of Etsy's.
    pub(crate) words: Option<&'a Words>,
    /// `retry-after`.
    pub(crate) after: Option<Duration>,
    /// `x-remaining-today`.
    pub(crate) left_today: Option<u32>,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The access token was not taken: the caller drops it, and judges by how new it was.
    TokenRefused {
        /// Etsy's words say that it merely ran out.
        expired: bool,
    },
    /// The app's own key was not taken.
    KeyRefused,
    /// The authorisation lacks what this call needs.
    ScopeMissing {
        /// The scope.
        scope: &'static str,
        /// It is only needed to tell of parcels; everything else goes on.
        only_telling: bool,
    },
    /// Etsy lets this app tell of this shop's parcels no more.
    AccessClosed,
    /// Anything else.
    Failed(Failure),
}

impl Verdict {
    /// The failure, given whether the token was issued within this very call.
    ///
    /// An old token proves nothing: it may have run out. One that was just issued and is refused all the same means
    /// that the authorisation is gone, or the shop is another seller's.
    pub(crate) fn failure(self, token_is_new: bool) -> Failure {
        let needs = |action| Failure::NeedsMerchant { action };
        match self {
            Self::TokenRefused { expired: false } if token_is_new => needs(MerchantAction::Reconnect),
            Self::TokenRefused { .. } => {
                Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) }
            }
            Self::KeyRefused | Self::ScopeMissing { only_telling: false, .. } => {
                needs(MerchantAction::Reconnect)
            }
            // Orders can still be read, so the account is not dead: what waits is held, one mail goes out, no call.
            Self::ScopeMissing { only_telling: true, .. } | Self::AccessClosed => {
                needs(MerchantAction::ConfirmElsewhere)
            }
            Self::Failed(failure) => failure,
        }
    }

    /// What it means where Etsy's own words do not say so.
    pub(crate) fn meaning(&self, token_is_new: bool) -> Option<String> {
        match self {
            Self::TokenRefused { expired: false } if token_is_new => Some(
                "Etsy refuses a token it has just issued: the authorisation is gone, or the shop is another seller's"
                    .to_owned(),
            ),
            Self::KeyRefused => Some(
                "Etsy does not take the app's key: keystring or shared_secret is wrong, or the app is not active"
                    .to_owned(),
            ),
            Self::ScopeMissing { scope, .. } => Some(format!(
                "the authorisation lacks the scope {scope}: authorise the app again with transactions_r and \
                 transactions_w"
            )),
            Self::AccessClosed => {
                Some("Etsy lets this app tell of no parcels of this shop".to_owned())
            }
            Self::TokenRefused { .. } | Self::Failed(_) => None,
        }
    }
}

/// Sorts a refusal of the Open API.
///
/// Sources of each row: the statuses of the descriptions of January 2024 and May 2026; `etsy/open-api` issues 198 and
/// 256 (limits), 353 and 519 (tokens), 451 and 589 (a number is required), discussions 1439, 1529, 1611 and 1620 (keys
/// and closed access), read 21 November 2026.
pub(crate) fn classify(refusal: &Refusal<'_>) -> Verdict {
    let Refusal { operation, status, words, after, left_today } = *refusal;
    let said = words.map(|words| words.all().to_lowercase()).unwrap_or_default();
    let says = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let in_etsys_words = words.is_some();

    if status == 429 || says(&["rate limit", "per second limit", "daily limit"]) {
        let whole_day = says(&["daily", "per day"]) || left_today == Some(0);
        let after = after.or(whole_day.then_some(AFTER_DAY));
        return Verdict::Failed(Failure::Throttled { after });
    }
    let of_key = ["api key", "api_key", "x-api-key", "apikey", "shared secret", "shared_secret", "keystring"];
    if matches!(status, 400 | 401 | 403) && says(&of_key) {
        return Verdict::KeyRefused;
    }
    if matches!(status, 401 | 403) && says(&["scope"]) {
        let only_telling = operation == SHIP;
        let scope = if only_telling { "transactions_w" } else { "transactions_r" };
        return Verdict::ScopeMissing { scope, only_telling };
    }
    let of_token = ["invalid_token", "access token", "bearer token", "no user was provided"];
    if status == 401 || says(&of_token) && status < 500 {
        return Verdict::TokenRefused { expired: !in_etsys_words || says(&["expired"]) };
    }
    if status == 403 && !in_etsys_words {
        // Something in between refused it. Whether the call went through nobody knows, and repeating it may mail.
        let after = after.or(Some(AFTER_STRANGER));
        return Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after });
    }
    if status == 403 && operation == SHIP {
        let of_access = [
            "unauthor",
            "not authorized",
            "authoriz",
            "permission",
            "access",
            "forbidden",
            "not allowed",
            "application",
            "your app",
            "partner",
            "endpoint",
        ];
        // Other words may be about this order alone: they close nothing for the shop.
        return if says(&of_access) {
            Verdict::AccessClosed
        } else {
            Verdict::Failed(Failure::Rejected { code: status.to_string() })
        };
    }
    if status == 403 {
        return Verdict::TokenRefused { expired: false };
    }
    if status == 409 && operation == SHIP {
        // It may well be our own earlier call that it conflicts with: only the order can tell.
        return Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after });
    }
    if matches!(status, 400 | 422) && operation == SHIP && says(&["carrier"]) && !says(&["required"]) {
        return Verdict::Failed(Failure::CarrierRefused { code: status.to_string() });
    }
    Verdict::Failed(base_failure(status, after))
}

/// Sorts a refusal of the token endpoint. Nothing of this ever reached an order.
///
/// Which status goes with which error is documented for `invalid_grant` alone (400), so the error's name decides.
/// Contract: RFC 6749 section 5.2; `etsy/open-api` issues 353 and 519, read 21 November 2026.
pub(crate) fn classify_token(
    status: u16,
    error: Option<&str>,
    description: Option<&str>,
    after: Option<Duration>,
) -> Failure {
    let passing = Failure::Retryable { reached: Reached::No, after };
    let said = format!("{} {}", error.unwrap_or_default(), description.unwrap_or_default()).to_lowercase();
    if status == 429 || said.contains("rate limit") {
        return Failure::Throttled { after };
    }
    match error.map(str::to_lowercase).as_deref() {
        Some(
            "invalid_grant"
            | "invalid_client"
            | "unauthorized_client"
            | "access_denied"
            | "invalid_scope"
            | "invalid_request"
            | "unsupported_grant_type",
        ) if status < 500 => Failure::NeedsMerchant { action: MerchantAction::Reconnect },
        Some(_) if matches!(status, 400 | 401 | 403) && said.contains("api key") => {
            Failure::NeedsMerchant { action: MerchantAction::Reconnect }
        }
        Some(_) | None => passing,
    }
}

/// What a person should read of a refusal by the token endpoint.
pub(crate) fn token_detail(status: u16, error: Option<&str>, description: Option<&str>) -> String {
    let cause = match error.map(str::to_lowercase).as_deref() {
        Some("invalid_grant") => {
            "the refresh token is spent, revoked (a changed password revokes it) or 90 days unused: the seller must \
             authorise the app again"
        }
        Some("invalid_client" | "unauthorized_client") => {
            "keystring is wrong, or of another app: the operator must correct it"
        }
        Some("access_denied" | "invalid_scope" | "invalid_request" | "unsupported_grant_type") => {
            "Etsy does not take the request: check keystring and refresh_token"
        }
        Some(_) | None => "Etsy gave no token",
    };
    let words: Vec<&str> = [error, description].into_iter().flatten().collect();
    if words.is_empty() {
        format!("{cause} (status {status})")
    } else {
        format!("{cause} ({})", words.join(": "))
    }
}

/// Etsy's own words for a person.
pub(crate) fn detail(status: u16, words: Option<&Words>) -> String {
    words.map_or_else(|| format!("status {status} without words"), Words::all)
}

#[cfg(test)]
mod tests;
