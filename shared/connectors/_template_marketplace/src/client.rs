//! One request to TEMPLATE's API, and the judgement of its answer.
//!
//! A connector does not sleep and does not retry: it says what happened, and the workflow decides.

use connector_api::hosts::{below, header, retry_after};
use connector_api::loose::json_problem;
use connector_api::tokens::{self, Access, scrub};
use connector_api::{ChannelError, Failure, MerchantAction, Reach, Reached};
use domain::connection::Connection;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::errors::{Verdict, judge};
use crate::token::Tokens;
use crate::{KIND, options};

/// A failure before anything was sent.
pub(crate) fn unsent(operation: &'static str, failure: Failure, detail: impl AsRef<str>) -> ChannelError {
    ChannelError::new(KIND, operation, failure, detail)
}

/// A good answer.
pub(crate) struct Good {
    body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    operation: &'static str,
}

impl Good {
    /// Reads the body; one that cannot be read may still be a success: whatever was asked for may have happened.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ChannelError> {
        // The parser's words may quote the answer, so only their place is shown.
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(json_problem(&error)))
    }

    /// The answer is not as described.
    pub(crate) fn unreadable(&self, why: impl AsRef<str>) -> ChannelError {
        let failure = Failure::Retryable { reached: Reached::Maybe, after: None };
        let detail = format!("the answer cannot be read: {}", why.as_ref());
        ChannelError::new(KIND, self.operation, failure, detail).with_request_id(self.request_id.clone())
    }
}

/// Access to the API for one operation.
pub(crate) struct Session<'a> {
    reach: Reach<'a>,
    connection: &'a Connection,
    operation: &'static str,
    base: Url,
    access: Access,
}

impl<'a> Session<'a> {
    /// Finds or fetches a token.
    pub(crate) async fn open(
        reach: Reach<'a>,
        connection: &'a Connection,
        operation: &'static str,
    ) -> Result<Self, ChannelError> {
        // Options are checked at the start; here they only must not panic.
        let base = options::base(connection).map_err(|problem| {
            let failure = Failure::Retryable { reached: Reached::No, after: None };
            unsent(operation, failure, format!("settings: {problem}"))
        })?;
        let access = tokens::access(reach, &connection.account, &Tokens(base.clone())).await?;
        Ok(Self { reach, connection, operation, base, access })
    }

    /// An address below the API's version.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        below(&below(&self.base, &["v1"]), segments)
    }

    /// Sends one request, once.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Vec<u8>>,
    ) -> Result<Good, ChannelError> {
        let not_sent =
            |why: &str| unsent(self.operation, Failure::Retryable { reached: Reached::No, after: None }, why);
        let bearer = format!("Bearer {}", self.access.token.expose_secret());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| not_sent("the token makes no header"))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(AUTHORIZATION, bearer)
            .header("accept", "application/json");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request =
            request.body(body.unwrap_or_default()).map_err(|_| not_sent("the address makes no request"))?;
        let sent = self.reach.transport.send(request).await;
        let response = sent.map_err(|error| ChannelError::transport(KIND, self.operation, error))?;
        let (parts, body) = response.into_parts();
        let request_id = header(&parts.headers, "x-request-id");
        let (mut failure, words) = match judge(parts.status.as_u16(), retry_after(&parts.headers), &body) {
            Verdict::Success => return Ok(Good { body, request_id, operation: self.operation }),
            Verdict::TokenRefused => {
                tokens::drop_refused(self.reach, &self.connection.account, &self.access.token).await;
                // A token that was issued just now and is refused means that the grant is worth nothing.
                let failure = if self.access.new {
                    Failure::NeedsMerchant { action: MerchantAction::Reconnect }
                } else {
                    Failure::Retryable { reached: Reached::No, after: None }
                };
                (failure, "the access token is refused".to_owned())
            }
            Verdict::Failed(failure, words) => (failure, words),
        };
        // Words from outside, and codes too: should they repeat the token, it goes no further.
        let clean = |text: &str| scrub(text, &[&self.access.token]);
        if let Failure::Rejected { code } = &mut failure {
            *code = clean(code).chars().filter(|c| !c.is_control()).collect();
        }
        Err(ChannelError::new(KIND, self.operation, failure, clean(&words))
            .with_request_id(request_id.map(|id| clean(&id))))
    }
}
