//! Tokens of Login with Amazon (LWA). Its refresh tokens stay the same.
//!
//! Contract: "Connecting to the Selling Partner API", read 21 November 2026.

use std::time::Duration;

use connector_api::hosts::{header, retry_after};
use connector_api::tokens::{Grants, Issued, scrub};
use connector_api::{ChannelError, Failure, MerchantAction, Reach, Reached};
use domain::ids::Account;
use http::{Method, Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::{ExposeSecret, SecretString};

use crate::client::{unsent, user_agent};
use crate::errors::{classify_token, token_detail};
use crate::regions::Hosts;
use crate::wire::TokenAnswer;
use crate::{KIND, TOKEN};

/// What a connection must bring.
pub(crate) const SECRETS: [&str; 3] = ["client_id", "client_secret", "refresh_token"];

/// What a token of the app itself is asked for.
const NOTIFICATIONS: &str = "sellingpartnerapi::notifications";

/// If LWA does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

/// Login with Amazon, at these hosts.
pub(crate) struct Lwa<'a>(pub(crate) &'a Hosts);

impl Grants for Lwa<'_> {
    fn channel(&self) -> &'static str {
        KIND
    }

    fn secrets(&self) -> &'static [&'static str] {
        &SECRETS
    }

    fn rotates(&self) -> bool {
        false
    }

    fn request(&self, credential: &Credential) -> Result<Request<Vec<u8>>, ChannelError> {
        asking(self.0, form(credential))
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
        let failure = classify_token(status, error, retry_after(&parts.headers));
        let request_id = header(&parts.headers, "x-amzn-requestid");
        let words = token_detail(status, error, description);
        Err(ChannelError::new(KIND, TOKEN, failure, words).with_request_id(request_id))
    }
}

/// The request that asks for a token.
fn asking(hosts: &Hosts, form: Vec<u8>) -> Result<Request<Vec<u8>>, ChannelError> {
    Request::builder()
        .method(Method::POST)
        .uri(hosts.token_url().as_str())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
        .header("user-agent", user_agent())
        .body(form)
        .map_err(|_| {
            unsent(TOKEN, Failure::Retryable { reached: Reached::No, after: None }, "bad token address")
        })
}

/// Fetches a token of the app itself, to manage notifications with. Nothing of it is kept.
///
/// # Errors
/// As for the seller's tokens.
pub(crate) async fn grantless(
    reach: Reach<'_>,
    account: &Account,
    hosts: &Hosts,
) -> Result<SecretString, ChannelError> {
    let passing = || Failure::Retryable { reached: Reached::No, after: None };
    let loaded = reach.credentials.load(account).await;
    let credential = loaded.map_err(|error| unsent(TOKEN, passing(), error.to_string()))?.unwrap_or_default();
    let form = grantless_form(&credential)?;
    let request = asking(hosts, form)?;
    let response = reach.transport.send(request).await.map_err(|error| {
        let mut failed = ChannelError::transport(KIND, TOKEN, error);
        failed.failure = passing();
        failed
    })?;
    let issued = Lwa(hosts).read(response, reach.clock.now()).map_err(|mut error| {
        let mut secrets: Vec<&SecretString> = credential.secrets.values().collect();
        secrets.extend(credential.access.as_ref().map(|access| &access.token));
        error.detail = scrub(&error.detail, &secrets);
        error
    })?;
    Ok(issued.access.token)
}

/// The body that asks for a token of the app itself.
fn grantless_form(credential: &Credential) -> Result<Vec<u8>, ChannelError> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials").append_pair("scope", NOTIFICATIONS);
    for name in ["client_id", "client_secret"] {
        let secret = credential.secret(name).map_or("", ExposeSecret::expose_secret);
        if secret.is_empty() {
            let failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
            return Err(unsent(TOKEN, failure, format!("the connection has no {name}")));
        }
        form.append_pair(name, secret);
    }
    Ok(form.finish().into_bytes())
}

/// The body that asks for a token.
fn form(credential: &Credential) -> Vec<u8> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    for name in SECRETS {
        form.append_pair(name, credential.secret(name).map_or("", ExposeSecret::expose_secret));
    }
    form.finish().into_bytes()
}
