//! Tokens. TEMPLATE: name the grant, how long tokens live, and whether refresh tokens serve once.
//!
//! Contract: TEMPLATE's page on authorisation, date read.

use std::time::Duration;

use connector_api::hosts::{below, header, retry_after};
use connector_api::tokens::{Grants, Issued};
use connector_api::{ChannelError, Failure, MerchantAction, Reached};
use http::{Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::{KIND, TOKEN};

/// What a connection must bring.
pub(crate) const SECRETS: [&str; 3] = ["client_id", "client_secret", "refresh_token"];

/// If the answer does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

#[derive(Default, Deserialize)]
struct Answer {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<u32>,
    error: Option<String>,
    error_description: Option<String>,
}

/// The token endpoint below this address.
pub(crate) struct Tokens(pub(crate) Url);

impl Grants for Tokens {
    fn channel(&self) -> &'static str {
        KIND
    }

    fn secrets(&self) -> &'static [&'static str] {
        &SECRETS
    }

    /// TEMPLATE: true saves what was issued before it is used. False only where the vendor says that they stay.
    fn rotates(&self) -> bool {
        true
    }

    fn request(&self, credential: &Credential) -> Result<Request<Vec<u8>>, ChannelError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token");
        for name in SECRETS {
            form.append_pair(name, credential.secret(name).map_or("", ExposeSecret::expose_secret));
        }
        Request::post(below(&self.0, &["oauth", "token"]).as_str())
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish().into_bytes())
            .map_err(|_| {
                let failure = Failure::Retryable { reached: Reached::No, after: None };
                ChannelError::new(KIND, TOKEN, failure, "the token address makes no request")
            })
    }

    fn read(&self, answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError> {
        let (parts, body) = answer.into_parts();
        let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
        if parts.status.is_success()
            && let Some(token) = answer.access_token
        {
            let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::from_secs(seconds.into()));
            let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
            let access = AccessToken { token: token.into(), expires_at };
            return Ok(Issued { access, refresh_token: answer.refresh_token.map(SecretString::from) });
        }
        let status = parts.status.as_u16();
        let failure = match (status, answer.error.as_deref()) {
            // TEMPLATE: the words that mean that the grant is gone for good, each with its source.
            (400 | 401, Some("invalid_grant" | "invalid_client")) => {
                Failure::NeedsMerchant { action: MerchantAction::Reconnect }
            }
            (429, _) => Failure::Throttled { after: retry_after(&parts.headers) },
            // Nothing but a token was asked for.
            _ => Failure::Retryable { reached: Reached::No, after: retry_after(&parts.headers) },
        };
        let said = [answer.error, answer.error_description].into_iter().flatten().collect::<Vec<_>>();
        let detail = if said.is_empty() { format!("no token, status {status}") } else { said.join(": ") };
        Err(ChannelError::new(KIND, TOKEN, failure, detail)
            .with_request_id(header(&parts.headers, "x-request-id")))
    }
}
