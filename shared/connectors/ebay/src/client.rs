//! One request to eBay's REST APIs, and the judgement of its answer.

use connector_api::hosts::{header, retry_after};
use connector_api::loose::json_problem;
use connector_api::tokens::{self, Access, scrub};
use connector_api::{ChannelError, Failure, Reach, Reached};
use domain::connection::Connection;
use http::{HeaderMap, Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use crate::errors::{Verdict, classify, detail};
use crate::hosts::Hosts;
use crate::token::OfSeller;
use crate::{KIND, wire};

/// How we name ourselves.
pub(crate) fn user_agent() -> String {
    format!("Parcelwire/{}", env!("CARGO_PKG_VERSION"))
}

/// eBay's id of a request. Neither header is documented: the second stands in answers of older services.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    header(headers, "x-ebay-c-request-id").or_else(|| header(headers, "rlogid"))
}

/// A failure before anything was sent.
pub(crate) fn unsent(operation: &'static str, failure: Failure, detail: impl AsRef<str>) -> ChannelError {
    ChannelError::new(KIND, operation, failure, detail)
}

/// Settings that name no host. They are checked at the start; here they only must not panic.
pub(crate) fn bad_settings(operation: &'static str, problem: &str) -> ChannelError {
    let failure = Failure::Retryable { reached: Reached::No, after: None };
    unsent(operation, failure, format!("settings: {problem}"))
}

/// A good answer: 2xx and no errors inside.
pub(crate) struct Good {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
}

impl Good {
    /// Reads the body.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| json_problem(&error))
    }

    /// Whether there is no body to speak of.
    pub(crate) fn is_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// A success that cannot be understood: whatever was asked for may have happened.
    pub(crate) fn unreadable(&self, operation: &'static str, why: impl AsRef<str>) -> ChannelError {
        let failure = Failure::Retryable { reached: Reached::Maybe, after: None };
        ChannelError::new(KIND, operation, failure, format!("the answer cannot be read: {}", why.as_ref()))
            .with_request_id(self.request_id.clone())
    }
}

/// A request of a REST API. Its error must not quote the token.
pub(crate) fn request(
    operation: &'static str,
    method: Method,
    url: &Url,
    token: &SecretString,
    body: Option<Vec<u8>>,
) -> Result<Request<Vec<u8>>, ChannelError> {
    let mut request = Request::builder()
        .method(method)
        .uri(url.as_str())
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", token.expose_secret()))
        .header("user-agent", user_agent());
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(body.unwrap_or_default()).map_err(|_| {
        let failure = Failure::Retryable { reached: Reached::No, after: None };
        unsent(operation, failure, "address or token make no valid request")
    })
}

/// What an answer says: good, or a verdict and eBay's words.
pub(crate) fn judge(response: Response<Vec<u8>>) -> Result<Good, Judged> {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let request_id = request_id(&parts.headers);
    let errors = wire::errors_of(&body);
    if parts.status.is_success() && errors.is_empty() {
        return Ok(Good { status, headers: parts.headers, body, request_id });
    }
    let verdict = classify(status, &errors, retry_after(&parts.headers));
    Err(Judged { verdict, words: detail(status, &errors), request_id })
}

/// An answer that is not good.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) words: String,
    pub(crate) request_id: Option<String>,
}

impl Judged {
    /// The error, with its words cleaned of the token.
    pub(crate) fn error(self, operation: &'static str, access: &Access) -> ChannelError {
        let mut words = self.words;
        let mut failure = self.verdict.failure(operation, access.new);
        if let Failure::Rejected { code } | Failure::CarrierRefused { code } = &mut failure {
            // The code is eBay's word, but still a word from outside.
            let clean = scrub(code, &[&access.token]);
            *code = clean.chars().filter(|c| !c.is_control()).take(100).collect();
        }
        if !matches!(failure, Failure::Retryable { .. }) {
            words = self.verdict.in_plain_words(operation, &words);
        }
        let words = scrub(&words, &[&access.token]);
        ChannelError::new(KIND, operation, failure, words).with_request_id(self.request_id)
    }
}

/// Access to the API for one operation in a seller's name.
pub(crate) struct Session<'a> {
    reach: Reach<'a>,
    connection: &'a Connection,
    operation: &'static str,
    access: Access,
}

impl<'a> Session<'a> {
    /// Finds or fetches a token.
    pub(crate) async fn open(
        reach: Reach<'a>,
        connection: &'a Connection,
        hosts: &Hosts,
        operation: &'static str,
    ) -> Result<Self, ChannelError> {
        let access = tokens::access(reach, &connection.account, &OfSeller::new(hosts, connection)).await?;
        Ok(Self { reach, connection, operation, access })
    }

    /// Sends one request, once.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Vec<u8>>,
    ) -> Result<Good, ChannelError> {
        self.try_send(method, url, body).await.map_err(|refused| refused.error)
    }

    /// Sends one request, once, and says whether a new token would answer better what the refusal means.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Vec<u8>>,
    ) -> Result<Good, Refused> {
        let plain = |error| Refused { error, old_token_lacks_scope: false };
        let request = request(self.operation, method, url, &self.access.token, body).map_err(plain)?;
        let sent = self.reach.transport.send(request).await;
        let response = sent.map_err(|error| plain(ChannelError::transport(KIND, self.operation, error)))?;
        match judge(response) {
            Ok(good) => Ok(good),
            Err(judged) => {
                if judged.verdict.refuses_token() {
                    tokens::drop_refused(self.reach, &self.connection.account, &self.access.token).await;
                }
                let scope = matches!(judged.verdict, Verdict::ScopeMissing { .. });
                let error = judged.error(self.operation, &self.access);
                Err(Refused { error, old_token_lacks_scope: scope && !self.access.new })
            }
        }
    }
}

/// A request without a good answer.
pub(crate) struct Refused {
    pub(crate) error: ChannelError,
    /// A scope is missing from a token that was not issued within this call: a new one says whether it was granted.
    pub(crate) old_token_lacks_scope: bool,
}
