//! Tokens: those of a seller, whose refresh tokens stay the same for 18 months, and those of the app itself.
//!
//! A refresh asks for no scope, or for those that the settings say were granted: asking for one more makes every
//! refresh of the connection fail. Contract: OAuth guide on developer.ebay.com, read 21 November 2026.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_api::hosts::retry_after;
use connector_api::tokens::{Grants, Issued};
use connector_api::{ChannelError, Failure, Reached};
use domain::connection::Connection;
use http::{Method, Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use crate::client::{request_id, unsent, user_agent};
use crate::errors::{classify_token, token_detail};
use crate::hosts::{Hosts, SCOPE, scopes};
use crate::wire::TokenAnswer;
use crate::{KIND, TOKEN};

/// What a connection must bring.
pub(crate) const SECRETS: [&str; 3] = ["client_id", "client_secret", "refresh_token"];

/// If eBay does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(7200);

/// A seller's tokens.
pub(crate) struct OfSeller<'a> {
    hosts: &'a Hosts,
    scopes: Vec<String>,
}

impl<'a> OfSeller<'a> {
    pub(crate) fn new(hosts: &'a Hosts, connection: &Connection) -> Self {
        Self { hosts, scopes: scopes(connection) }
    }
}

impl Grants for OfSeller<'_> {
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
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token");
        form.append_pair("refresh_token", text(&credential.secrets, "refresh_token"));
        if !self.scopes.is_empty() {
            form.append_pair("scope", &self.scopes.join(" "));
        }
        request(self.hosts, &credential.secrets, form.finish())
    }

    fn read(&self, answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError> {
        read(answer, now)
    }
}

/// The request for a token of the app itself. eBay gives an app a thousand a day.
pub(crate) fn of_app(
    hosts: &Hosts,
    secrets: &BTreeMap<String, SecretString>,
) -> Result<Request<Vec<u8>>, ChannelError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials").append_pair("scope", SCOPE);
    request(hosts, secrets, form.finish())
}

fn text<'a>(secrets: &'a BTreeMap<String, SecretString>, name: &str) -> &'a str {
    secrets.get(name).map_or("", ExposeSecret::expose_secret)
}

fn request(
    hosts: &Hosts,
    secrets: &BTreeMap<String, SecretString>,
    form: String,
) -> Result<Request<Vec<u8>>, ChannelError> {
    let basic = STANDARD.encode(format!("{}:{}", text(secrets, "client_id"), text(secrets, "client_secret")));
    Request::builder()
        .method(Method::POST)
        .uri(hosts.token_url().as_str())
        .header("accept", "application/json")
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("user-agent", user_agent())
        .body(form.into_bytes())
        // The words of this error could quote the secrets.
        .map_err(|_| {
            unsent(TOKEN, Failure::Retryable { reached: Reached::No, after: None }, "bad token address")
        })
}

/// Reads an answer that gives a token or refuses one.
pub(crate) fn read(answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError> {
    let (parts, body) = answer.into_parts();
    let answer: TokenAnswer = serde_json::from_slice(&body).unwrap_or_default();
    if parts.status.is_success()
        && answer.error.is_none()
        && let Some(token) = answer.access_token
    {
        let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::from_secs(seconds.into()));
        let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
        let access = AccessToken { token: token.into(), expires_at };
        // Not rotated so far as is known; one that comes back all the same is the one from now on.
        return Ok(Issued { access, refresh_token: answer.refresh_token.map(SecretString::from) });
    }
    let status = parts.status.as_u16();
    let (error, description) = (answer.error.as_deref(), answer.error_description.as_deref());
    let failure = classify_token(status, error, retry_after(&parts.headers));
    let words = token_detail(status, error, description);
    Err(ChannelError::new(KIND, TOKEN, failure, words).with_request_id(request_id(&parts.headers)))
}
