//! Tokens: an access token lives an hour, and each refresh token serves once.
//!
//! Contract: "Authentication" of Etsy's documentation, RFC 6749, and `etsy/open-api` issues 116, 353 and 519, read
//! 21 November 2026.

use std::time::Duration;

use connector_api::hosts::retry_after;
use connector_api::tokens::{Grants, Issued};
use connector_api::{ChannelError, Failure, Reached};
use http::{Method, Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::{ExposeSecret, SecretString};

use crate::client::{request_id, unsent, user_agent};
use crate::errors::{classify_token, token_detail};
use crate::options::Shop;
use crate::wire::TokenAnswer;
use crate::{KIND, TOKEN};

/// The app's key, as Etsy's developer page shows it.
pub(crate) const KEYSTRING: &str = "keystring";
/// The app's secret, on the same page.
pub(crate) const SHARED_SECRET: &str = "shared_secret";
/// What the seller's authorisation gave; it changes with each use.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";

/// What a connection must bring.
pub(crate) const SECRETS: [&str; 3] = [KEYSTRING, SHARED_SECRET, REFRESH_TOKEN];

/// If the answer does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

/// Etsy's token endpoint, for this shop.
pub(crate) struct Oauth<'a>(pub(crate) &'a Shop);

impl Grants for Oauth<'_> {
    fn channel(&self) -> &'static str {
        KIND
    }

    fn secrets(&self) -> &'static [&'static str] {
        &SECRETS
    }

    fn rotates(&self) -> bool {
        true
    }

    fn request(&self, credential: &Credential) -> Result<Request<Vec<u8>>, ChannelError> {
        let secret = |name: &str| credential.secret(name).map_or("", ExposeSecret::expose_secret);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", secret(KEYSTRING))
            .append_pair("refresh_token", secret(REFRESH_TOKEN));
        Request::builder()
            .method(Method::POST)
            .uri(self.0.token_url().as_str())
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("user-agent", user_agent())
            .body(form.finish().into_bytes())
            .map_err(|_| {
                unsent(TOKEN, Failure::Retryable { reached: Reached::No, after: None }, "bad token address")
            })
    }

    fn read(&self, answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError> {
        let (parts, body) = answer.into_parts();
        let answer: TokenAnswer = serde_json::from_slice(&body).unwrap_or_default();
        if parts.status.is_success()
            && answer.error.is_none()
            && let Some(token) = answer.access_token
        {
            let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::from_secs(seconds.into()));
            let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
            let access = AccessToken { token: token.into(), expires_at };
            return Ok(Issued { access, refresh_token: answer.refresh_token.map(SecretString::from) });
        }
        let status = parts.status.as_u16();
        let (error, description) = (answer.error.as_deref(), answer.error_description.as_deref());
        let failure = classify_token(status, error, description, retry_after(&parts.headers));
        let words = token_detail(status, error, description);
        Err(ChannelError::new(KIND, TOKEN, failure, words).with_request_id(request_id(&parts.headers)))
    }
}

/// The Etsy user that a token belongs to: the digits before its first dot.
pub(crate) fn user_of(token: &SecretString) -> Option<String> {
    let (user, _) = token.expose_secret().split_once('.')?;
    crate::options::is_number(user).then(|| user.to_owned())
}
