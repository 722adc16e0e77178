//! What Amazon's refusals mean for what to do next.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, base_failure};

use crate::wire::WireError;

/// How long to leave Amazon alone after a refused access token: the next call brings a new one.
const AFTER_REFUSED_TOKEN: Duration = Duration::from_secs(1);

/// What an answer of the selling partner API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The access token was not taken: the caller drops it, and judges by how new it was.
    TokenRefused {
        /// Amazon's words say that it merely ran out.
        expired: bool,
    },
    /// Anything else.
    Failed(Failure),
}

impl Verdict {
    /// The failure, given whether the token came from Login with Amazon within this very call.
    ///
    /// An old token proves nothing: it may have run out, or been replaced by a new authorisation. A token
    /// that was just issued and is refused all the same means that the seller's authorisation or a role is
    /// missing, and no repetition brings it back. Contract: `amazon.md` section 4, and "a 403 alone may be
    /// an expired access token", read 21 November 2026.
    pub(crate) fn failure(self, token_is_new: bool) -> Failure {
        match self {
            Self::TokenRefused { expired: false } if token_is_new => {
                Failure::NeedsMerchant { action: MerchantAction::Reconnect }
            }
            Self::TokenRefused { .. } => {
                Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) }
            }
            Self::Failed(failure) => failure,
        }
    }
}

/// Sorts a refusal of the selling partner API. `status` may be 2xx, where the body names errors.
///
/// Codes are compared without case and spaces: the models themselves spell `InvalidInput` and
/// `Invalid Input`. A code outranks the status, since errors have been seen inside a 200. Sources of each row:
/// the models of 5 August 2026 (statuses), `amzn/selling-partner-api-models` issues 5037 and 5094,
/// `jlevers/selling-partner-api` issues 489, 528 and 698 (texts), read 21 November 2026.
pub(crate) fn classify(status: u16, errors: &[WireError], after: Option<Duration>) -> Verdict {
    let codes: Vec<String> = errors.iter().filter_map(|e| e.code.as_deref()).map(fold).collect();
    let words: Vec<String> = errors
        .iter()
        .flat_map(|e| [e.code.as_deref(), e.message.as_deref(), e.details.as_deref()])
        .flatten()
        .map(fold)
        .collect();
    let coded = |names: &[&str]| codes.iter().any(|code| names.contains(&code.as_str()));
    let says = |text: &str| words.iter().any(|words| words.contains(text));

    if status == 429 || coded(&["quotaexceeded", "toomanyrequests", "throttled", "requestthrottled"]) {
        return Verdict::Failed(Failure::Throttled { after });
    }
    let about_access = [
        "unauthorized",
        "accessdenied",
        "missingauthenticationtoken",
        "invalidsignature",
        "expiredtoken",
        "invalidaccesstoken",
        "forbidden",
    ];
    if matches!(status, 401 | 403) || coded(&about_access) {
        // A 403 that is not in Amazon's words comes from something in between, and says nothing of the token.
        let in_amazons_words = !errors.is_empty();
        return Verdict::TokenRefused { expired: !in_amazons_words || says("expired") };
    }
    // Seen where the order is already shipped, or the package of an edit is not there: it may well be our own
    // earlier call that did it. Only the order can tell.
    if says("packagetoupdatenotfound") || says("orderalreadyfulfilled") || says("notfindingamatchingpackage")
    {
        return Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after });
    }
    if coded(&["internalfailure", "internalerror", "internalservererror", "serviceunavailable"]) {
        return Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after });
    }
    let code = errors.iter().find_map(|e| e.code.clone());
    if status == 404 || coded(&["notfound", "resourcenotfound"]) {
        return Verdict::Failed(Failure::NotFound);
    }
    let refused_by_code = coded(&["invalidinput", "badrequest", "invalidrequest", "validationexception"]);
    Verdict::Failed(match (base_failure(status, after), code) {
        (Failure::Rejected { .. }, Some(code)) => Failure::Rejected { code },
        (Failure::Retryable { .. }, Some(code)) if refused_by_code && status < 500 => {
            Failure::Rejected { code }
        }
        (failure, _) => failure,
    })
}

/// Sorts a refusal of Login with Amazon.
///
/// Nothing of this ever reached the marketplace. Which status goes with which error is not documented, so
/// the error's name decides. Contract: RFC 6749 section 5.2 and the errors that Amazon's SDK enumerates,
/// read 21 November 2026.
pub(crate) fn classify_token(status: u16, error: Option<&str>, after: Option<Duration>) -> Failure {
    let passing = Failure::Retryable { reached: Reached::No, after };
    match error.map(fold).as_deref() {
        Some(
            "invalid_grant"
            | "invalid_client"
            | "unauthorized_client"
            | "access_denied"
            | "invalid_scope"
            | "invalid_request"
            | "unsupported_grant_type",
        ) if status < 500 && status != 429 => Failure::NeedsMerchant { action: MerchantAction::Reconnect },
        Some("server_error" | "temporarily_unavailable") => passing,
        Some(_) | None if status == 429 => Failure::Throttled { after },
        Some(_) | None => passing,
    }
}

/// What a person should read of a refusal by Login with Amazon.
pub(crate) fn token_detail(status: u16, error: Option<&str>, description: Option<&str>) -> String {
    let cause = match error.map(fold).as_deref() {
        Some("invalid_grant") => {
            "the refresh token is revoked, expired or of another app: the seller must authorise the app again"
        }
        Some("invalid_client" | "unauthorized_client") => {
            "client_id or client_secret is wrong, rotated or of another app: the operator must correct them"
        }
        Some("access_denied" | "invalid_scope" | "invalid_request" | "unsupported_grant_type") => {
            "Login with Amazon does not take the request: check client_id, client_secret and refresh_token"
        }
        Some(_) | None => "Login with Amazon gave no token",
    };
    let words: Vec<&str> = [error, description].into_iter().flatten().collect();
    if words.is_empty() {
        format!("{cause} (status {status})")
    } else {
        format!("{cause} ({})", words.join(": "))
    }
}

/// Amazon's own words for a person.
pub(crate) fn detail(status: u16, errors: &[WireError]) -> String {
    let said: Vec<String> = errors
        .iter()
        .map(|e| {
            let parts = [e.code.as_deref(), e.message.as_deref(), e.details.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
        })
        .filter(|said| !said.is_empty())
        .collect();
    if said.is_empty() { format!("status {status} without words") } else { said.join("; ") }
}

/// Whether Amazon's words are that the order has no such line: `OrderItemId is invalid` (models issue 492,
/// `jlevers/selling-partner-api` issue 528, read 21 November 2026).
pub(crate) fn says_unknown_line(words: &str) -> bool {
    fold(words).contains("orderitemidisinvalid")
}

/// Lower case without white space.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, message: &str, details: &str) -> Vec<WireError> {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        vec![WireError { code: text(code), message: text(message), details: text(details) }]
    }

    /// Every row of the status table and of the texts seen for confirmShipment, in our own README's order.
    #[test]
    fn amazons_answers_are_sorted_by_what_to_do_next() {
        let two_s = Some(Duration::from_secs(2));
        let rejected = |code: &str| Verdict::Failed(Failure::Rejected { code: code.into() });
        let maybe = || Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after: two_s });
        let throttled = || Verdict::Failed(Failure::Throttled { after: two_s });
        let not_found = || Verdict::Failed(Failure::NotFound);
        let refused = |expired| Verdict::TokenRefused { expired };
        let cases = [
            // statuses
            ("bad input", 400, said("InvalidInput", "Invalid Input", ""), rejected("InvalidInput")),
            ("bad input, spelled apart", 400, said("Invalid Input", "", ""), rejected("Invalid Input")),
            ("bad request of listings", 400, said("BAD_REQUEST", "", ""), rejected("BAD_REQUEST")),
            ("400 in HTML", 400, vec![], rejected("400")),
            ("no valid token", 401, said("Unauthorized", "", ""), refused(false)),
            (
                "token ran out",
                403,
                said("Unauthorized", "denied", "The access token you provided has expired."),
                refused(true),
            ),
            (
                "access denied",
                403,
                said("Unauthorized", "Access to requested resource is denied.", ""),
                refused(false),
            ),
            ("no token at all", 403, said("MissingAuthenticationToken", "", ""), refused(false)),
            ("signature", 403, said("InvalidSignature", "", ""), refused(false)),
            ("403 from something in between", 403, vec![], refused(true)),
            ("unauthorized inside another status", 400, said("un authorized", "", ""), refused(false)),
            ("no such order", 404, said("NotFound", "", ""), not_found()),
            ("no such order, HTML", 404, vec![], not_found()),
            ("not found by code", 400, said("Resource Not Found", "", ""), not_found()),
            ("too large", 413, said("RequestTooLarge", "", ""), rejected("RequestTooLarge")),
            ("content type", 415, said("UnsupportedMediaType", "", ""), rejected("UnsupportedMediaType")),
            ("content type, HTML", 415, vec![], rejected("415")),
            ("throttled", 429, said("QuotaExceeded", "You exceeded your quota.", ""), throttled()),
            ("throttled, HTML", 429, vec![], throttled()),
            ("throttled inside another status", 503, said("quota exceeded", "", ""), throttled()),
            ("internal", 500, said("InternalFailure", "", ""), maybe()),
            ("internal in HTML", 500, vec![], maybe()),
            ("overload", 503, said("ServiceUnavailable", "", ""), maybe()),
            ("gateway", 502, vec![], maybe()),
            ("gateway gave up", 504, vec![], maybe()),
            ("a redirect", 302, vec![], maybe()),
            ("a status nobody knows", 599, said("Strange", "", ""), maybe()),
            // errors inside a success
            ("refused in a 200", 200, said("InvalidInput", "", ""), rejected("InvalidInput")),
            ("unknown error in a 200", 200, said("Strange", "", ""), maybe()),
            ("internal in a 200", 200, said("InternalFailure", "", ""), maybe()),
            // texts of confirmShipment
            (
                "package reference",
                400,
                said("InvalidInput", "PackageReferenceId: is invalid, must be a positive numeric value", ""),
                rejected("InvalidInput"),
            ),
            (
                "number instead of text",
                400,
                said(
                    "InvalidInput",
                    "check the fields with invalid type [packageDetail.packageReferenceId]",
                    "",
                ),
                rejected("InvalidInput"),
            ),
            (
                "date with an offset",
                400,
                said("InvalidInput", "Date time: x is invalid, must be formatted by ISO 8601 standards", ""),
                rejected("InvalidInput"),
            ),
            (
                "order item",
                400,
                said(
                    "InvalidInput",
                    "OrderItemId is invalid, please obtain the value through getOrderItems",
                    "",
                ),
                rejected("InvalidInput"),
            ),
            (
                "already shipped",
                400,
                said(
                    "InvalidInput",
                    "Failed to create package: order already fulfilled",
                    "PackageToUpdateNotFound",
                ),
                maybe(),
            ),
            ("package to update, as a code", 400, said("packageToUpdateNotFound", "", ""), maybe()),
            ("no matching package", 400, said("InvalidInput", "not finding a matching package", ""), maybe()),
            (
                "Ship+",
                400,
                said("InvalidInput", "not allowed for FBM Ship+ orders", ""),
                rejected("InvalidInput"),
            ),
            ("FBA", 400, said("InvalidInput", "fulfilled by Amazon", ""), rejected("InvalidInput")),
        ];
        for (name, status, errors, want) in cases {
            assert_eq!(classify(status, &errors, two_s), want, "{name}");
        }
    }

    #[test]
    fn a_refused_token_parks_the_account_only_if_it_was_just_issued() {
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        let again = Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) };
        for (expired, new, want) in
            [(false, true, &reconnect), (false, false, &again), (true, true, &again), (true, false, &again)]
        {
            assert_eq!(&Verdict::TokenRefused { expired }.failure(new), want, "{expired} {new}");
        }
    }

    #[test]
    fn login_with_amazons_answers_are_sorted() {
        let two_s = Some(Duration::from_secs(2));
        let reconnect = || Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        let again = || Failure::Retryable { reached: Reached::No, after: two_s };
        let cases = [
            ("revoked", 400, Some("invalid_grant"), reconnect()),
            ("revoked, another status", 401, Some("invalid_grant"), reconnect()),
            ("wrong secret", 401, Some("invalid_client"), reconnect()),
            ("wrong app", 400, Some("unauthorized_client"), reconnect()),
            ("request", 400, Some("invalid_request"), reconnect()),
            ("scope", 400, Some("invalid_scope"), reconnect()),
            ("denied", 403, Some("access_denied"), reconnect()),
            ("server error", 500, Some("server_error"), again()),
            ("server error in a 400", 400, Some("server_error"), again()),
            ("unavailable", 503, Some("temporarily_unavailable"), again()),
            ("names a cause, but is a 5xx", 503, Some("invalid_grant"), again()),
            ("throttled", 429, None, Failure::Throttled { after: two_s }),
            ("HTML", 400, None, again()),
            ("unknown", 400, Some("brand_new"), again()),
            ("gateway", 502, None, again()),
        ];
        for (name, status, error, want) in cases {
            assert_eq!(classify_token(status, error, two_s), want, "{name}");
        }
    }
}
