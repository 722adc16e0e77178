//! Tokens: the lasting one of an app made before 2026, or those that an app's own credentials fetch.
//!
//! Since 1 January 2026 an app has a client id and a client secret only; its tokens end after a day. What the answer says
//! of scopes is not read: the shop itself says at each check-up what the app has.
//!
//! Contract: "Using the client credentials grant" and "Get API access tokens for Dev Dashboard apps", read 29 November
//! 2026. Neither lists the errors: their codes are those that people met (README, *Unverified*).

use std::time::Duration;

use connector_api::hosts::{header, retry_after};
use connector_api::loose;
use connector_api::tokens::{Grants, Issued, scrub};
use connector_api::{ChannelError, Failure, MerchantAction, Reached};
use domain::secret_sets;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::TITLE;

/// The lasting token of an app made before 2026.
const ACCESS_TOKEN: &str = "access_token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// What an app of today has.
const OF_TODAY: [&str; 2] = [CLIENT_ID, CLIENT_SECRET];
/// What a connection may bring: the first is what a new app has.
pub(crate) const SECRETS: [&[&str]; 2] = [&OF_TODAY, &[ACCESS_TOKEN]];

/// The operation's name in errors.
const TOKEN: &str = "token";
/// "Always 86399 (24 hours)": a token that claims to live longer is not believed.
const LONGEST_LIFE: Duration = Duration::from_secs(86_399);
/// If the answer does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// No token of Shopify's is near this long; one that is would not fit where tokens are kept.
const LONGEST_TOKEN: usize = 2_000;
/// Words longer than this are left out whole: cut, they could end in half a secret that nobody finds any more.
const LONGEST_WORDS: usize = 300;

/// What a credential authenticates with.
pub(crate) enum Way {
    /// With this token, for good.
    Lasting(SecretString),
    /// With tokens that it fetches.
    Granted,
}

/// How a connection authenticates.
///
/// # Errors
/// Why it cannot, for a person: it brings neither, only half, or both.
pub(crate) fn way(credential: Option<&Credential>) -> Result<Way, String> {
    let secret = |name: &str| {
        let secret = credential.and_then(|all| all.secret(name))?;
        (!secret.expose_secret().trim().is_empty()).then_some(secret)
    };
    let problems = secret_sets::problems("shopify", &SECRETS, |name| secret(name).is_some());
    if !problems.is_empty() {
        let words: Vec<String> =
            problems.into_iter().map(|problem| format!("`{}` {}", problem.name, problem.words)).collect();
        return Err(words.join("; "));
    }
    Ok(secret(ACCESS_TOKEN).map_or(Way::Granted, |token| Way::Lasting(token.clone())))
}

/// The token as a header; `None` if it holds what no token has.
pub(crate) fn as_header(token: &SecretString) -> Option<HeaderValue> {
    let text = token.expose_secret().trim();
    let mut value = HeaderValue::from_str(text).ok().filter(|_| !text.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

/// The answer, good or bad. No `Debug`: it holds a token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "loose::text")]
    access_token: Option<String>,
    #[serde(deserialize_with = "loose::count")]
    expires_in: Option<u32>,
    #[serde(deserialize_with = "loose::text")]
    error: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    error_description: Option<String>,
}

impl Answer {
    /// Reads JSON, or the page that Shopify shows to who does not ask for JSON.
    fn of(body: &[u8]) -> Self {
        if let Ok(answer) = serde_json::from_slice(body) {
            return answer;
        }
        // `Oauth error shop_not_permitted: Client credentials cannot be performed on this shop.`
        let text = String::from_utf8_lossy(body);
        let Some((_, said)) = text.split_once("Oauth error ") else { return Self::default() };
        let said = said.split(['<', '\n']).next().unwrap_or_default();
        let (error, description) = said.split_once(':').unwrap_or((said, ""));
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self { error: some(error), error_description: some(description), ..Self::default() }
    }

    /// Shopify's words, if they are short enough to be words.
    fn words(&self) -> Option<String> {
        let said = [self.error.as_deref(), self.error_description.as_deref()];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
        (!said.is_empty() && said.chars().count() <= LONGEST_WORDS).then_some(said)
    }
}

/// Tokens for an app's own credentials, from the shop at this address.
pub(crate) struct ClientCredentials {
    base: String,
}

impl ClientCredentials {
    pub(crate) fn at(base: &str) -> Self {
        Self { base: base.to_owned() }
    }
}

impl Grants for ClientCredentials {
    fn channel(&self) -> &'static str {
        TITLE
    }

    fn secrets(&self) -> &'static [&'static str] {
        &OF_TODAY
    }

    /// There is no refresh token: the same two secrets serve again and again.
    fn rotates(&self) -> bool {
        false
    }

    fn request(&self, credential: &Credential) -> Result<Request<Vec<u8>>, ChannelError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        for name in OF_TODAY {
            form.append_pair(name, credential.secret(name).map_or("", |s| s.expose_secret().trim()));
        }
        Request::post(format!("{}/admin/oauth/access_token", self.base))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            // Without it, refusals come as a page.
            .header(ACCEPT, "application/json")
            .body(form.finish().into_bytes())
            // The words of this error could quote the secrets.
            .map_err(|_| {
                let failure = Failure::Retryable { reached: Reached::No, after: None };
                ChannelError::new(TITLE, TOKEN, failure, "the base URL is no address")
            })
    }

    fn read(&self, answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError> {
        let (parts, body) = answer.into_parts();
        let status = parts.status.as_u16();
        let answer = Answer::of(&body);
        let token = answer.access_token.as_deref().map(SecretString::from);
        if let Some(token) = &token
            && status == 200
            && answer.error.is_none()
            && token.expose_secret().len() <= LONGEST_TOKEN
            && as_header(token).is_some()
        {
            let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::from_secs(seconds.into()));
            let expires_at = now.saturating_add(life.min(LONGEST_LIFE)).unwrap_or(Timestamp::MAX);
            let access = AccessToken { token: token.clone(), expires_at };
            return Ok(Issued { access, refresh_token: None });
        }
        let (failure, plain) = classify(status, answer.error.as_deref(), retry_after(&parts.headers));
        let detail = answer.words().map_or_else(|| plain.to_owned(), |words| format!("{plain}: {words}"));
        let issued: Vec<&SecretString> = token.iter().collect();
        Err(ChannelError::new(TITLE, TOKEN, failure, scrub(&detail, &issued))
            .with_request_id(header(&parts.headers, "x-request-id")))
    }
}

/// What the refusal of a token means, and its sense in our words. Nothing but a token was asked for.
fn classify(status: u16, error: Option<&str>, after: Option<Duration>) -> (Failure, &'static str) {
    let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let passing = Failure::Retryable { reached: Reached::No, after };
    match (status, error) {
        (429, _) => (Failure::Throttled { after }, "too many tokens were asked for"),
        (402, _) => (reconnect, "the shop is frozen until its owner settles Shopify's bill"),
        // The address exists in every shop, so it is the shop that does not.
        (404, _) => (reconnect, "there is no shop at this address"),
        (423, _) => (reconnect, "the shop is locked, which only Shopify's support can undo"),
        (301 | 302 | 303 | 307 | 308, _) => (reconnect, "the shop has another address now"),
        // RFC 6749's words for trouble of the server's own.
        (_, Some("temporarily_unavailable" | "server_error")) => (passing, "Shopify gave no token"),
        // "The application is not installed on this shop."
        (400 | 401 | 403, Some("app_not_installed")) => {
            (reconnect, "the app is not installed in this shop: install it from the Dev Dashboard")
        }
        // "The client credentials grant only works when the app and the store belong to the same Shopify organization."
        (400 | 401 | 403, Some("shop_not_permitted")) => {
            (reconnect, "the app belongs to another organization than the shop: make one in the shop's own")
        }
        (400 | 401 | 403, Some("application_cannot_be_found")) => {
            (reconnect, "there is no app with this `client_id`")
        }
        (400 | 401 | 403, Some("invalid_client" | "unauthorized_client")) => {
            (reconnect, "`client_id` and `client_secret` do not fit together, or the secret was replaced")
        }
        (400 | 401 | 403, Some(_)) | (401, None) => {
            (reconnect, "Shopify refuses the app's credentials: check `client_id` and `client_secret`")
        }
        _ => (passing, "Shopify gave no token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_a_token_are_sorted_by_who_can_mend_them() {
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        let after = Some(Duration::from_secs(7));
        let passing = Failure::Retryable { reached: Reached::No, after };
        for (status, error, want) in [
            (429, None, Failure::Throttled { after }),
            (429, Some("invalid_request"), Failure::Throttled { after }),
            (400, Some("app_not_installed"), reconnect.clone()),
            (400, Some("shop_not_permitted"), reconnect.clone()),
            (400, Some("application_cannot_be_found"), reconnect.clone()),
            (401, Some("invalid_client"), reconnect.clone()),
            (403, Some("something_new"), reconnect.clone()),
            (401, None, reconnect.clone()),
            (402, None, reconnect.clone()),
            (404, None, reconnect.clone()),
            (423, None, reconnect.clone()),
            (302, None, reconnect),
            (400, Some("temporarily_unavailable"), passing.clone()),
            // A page by the network in front of the shop.
            (400, None, passing.clone()),
            (403, None, passing.clone()),
            (200, None, passing.clone()),
            (200, Some("shop_not_permitted"), passing.clone()),
            (500, Some("shop_not_permitted"), passing.clone()),
            (503, None, passing),
        ] {
            assert_eq!(classify(status, error, after).0, want, "{status} {error:?}");
        }
    }

    #[test]
    fn a_page_says_the_same_as_json() {
        let page = "<!DOCTYPE html><title>Oauth error shop_not_permitted: Client credentials cannot be performed on \
                    this shop.</title><p>Oauth error x: y</p>";
        let json = r#"{"error":"shop_not_permitted","error_description":"Client credentials cannot be performed on this shop."}"#;
        for body in [page, json] {
            let words = Answer::of(body.as_bytes()).words().unwrap();
            assert_eq!(words, "shop_not_permitted: Client credentials cannot be performed on this shop.");
        }
        let bare = Answer::of(b"<title>400 - Oauth error app_not_installed</title>");
        assert_eq!(bare.words().as_deref(), Some("app_not_installed"));
        let long = format!("Oauth error x: {}", "y".repeat(LONGEST_WORDS));
        for none in ["", "null", "[]", "<html>", "Oauth error ", &long] {
            assert_eq!(Answer::of(none.as_bytes()).words(), None, "{none:.20}");
        }
    }
}
