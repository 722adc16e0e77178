//! One request to the selling partner API, and the judgement of its answer.

use connector_api::hosts::{header, retry_after};
use connector_api::loose::json_problem;
use connector_api::tokens::{self, Access, scrub};
use connector_api::{ChannelError, Failure, LimitHint, Reach, Reached, Told};
use domain::connection::Connection;
use http::{HeaderMap, Method, Request, Response};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::errors::{Verdict, classify, detail};
use crate::regions::Hosts;
use crate::token::Lwa;
use crate::{KIND, wire};

/// Names us as Amazon demands: application, version, and at least the language; under 500 characters.
///
/// Contract: "Include a User-Agent header in all requests", read 21 November 2026.
pub(crate) fn user_agent() -> String {
    format!(
        "Parcelwire/{} (Language=Rust/{}; Platform={})",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_RUST_VERSION"),
        std::env::consts::OS
    )
}

/// A failure before anything was sent.
pub(crate) fn unsent(operation: &'static str, failure: Failure, detail: impl AsRef<str>) -> ChannelError {
    ChannelError::new(KIND, operation, failure, detail)
}

/// Settings that name no hosts. They are checked at the start; here they only must not panic.
pub(crate) fn bad_settings(operation: &'static str, problem: &str) -> ChannelError {
    let failure = Failure::Retryable { reached: Reached::No, after: None };
    unsent(operation, failure, format!("settings: {problem}"))
}

/// A good answer: 2xx and no errors inside.
pub(crate) struct Good {
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    pub(crate) limits: Vec<LimitHint>,
}

impl Good {
    /// Reads the body.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| json_problem(&error))
    }

    /// A success that cannot be understood: whatever was asked for may have happened.
    pub(crate) fn unreadable(&self, operation: &'static str, why: impl AsRef<str>) -> ChannelError {
        let failure = Failure::Retryable { reached: Reached::Maybe, after: None };
        ChannelError::new(KIND, operation, failure, format!("the answer cannot be read: {}", why.as_ref()))
            .with_request_id(self.request_id.clone())
    }
}

/// Access to the API for one operation: a token, and what is needed to judge answers to it.
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
        let access = tokens::access(reach, &connection.account, &Lwa(hosts)).await?;
        Ok(Self { reach, connection, operation, access })
    }

    /// Fetches a token of the app itself, for what needs no seller (scope `sellingpartnerapi::notifications`).
    ///
    /// It is not kept: only registering and checking ask for it.
    pub(crate) async fn grantless(
        reach: Reach<'a>,
        connection: &'a Connection,
        hosts: &Hosts,
        operation: &'static str,
    ) -> Result<Self, ChannelError> {
        let token = crate::token::grantless(reach, &connection.account, hosts).await?;
        Ok(Self { reach, connection, operation, access: Access { token, new: true } })
    }

    /// Sends one request, once. A token that is refused is dropped.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Vec<u8>>,
    ) -> Result<Good, Refused> {
        match self.try_send(method, url, body).await {
            Ok(good) => Ok(good),
            Err(refused) => Err(self.give_up(refused).await),
        }
    }

    /// A refusal that nothing more is tried after: the token is dropped if it is what was refused.
    pub(crate) async fn give_up(&self, refused: Refused) -> Refused {
        if refused.token_refused {
            tokens::drop_refused(self.reach, &self.connection.account, &self.access.token).await;
        }
        refused
    }

    /// Sends one request, once, and keeps the token: what is refused may be something that can be left out.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Vec<u8>>,
    ) -> Result<Good, Refused> {
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("accept", "application/json")
            .header("user-agent", user_agent())
            .header("x-amz-access-token", self.access.token.expose_secret());
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.unwrap_or_default()).map_err(|_| {
            // The words of this error could quote the token.
            let failure = Failure::Retryable { reached: Reached::No, after: None };
            Refused::of(unsent(self.operation, failure, "address or token make no valid request"))
        })?;
        let sent = self.reach.transport.send(request).await;
        let response =
            sent.map_err(|error| Refused::of(ChannelError::transport(KIND, self.operation, error)))?;
        self.judge(response)
    }

    fn judge(&self, response: Response<Vec<u8>>) -> Result<Good, Refused> {
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let request_id = header(&parts.headers, "x-amzn-requestid");
        let errors = wire::errors_of(&body);
        if parts.status.is_success() && errors.is_empty() {
            let told = rate(&parts.headers).map(Told::Rate);
            let limits = told.map(|told| LimitHint { operation: self.operation, told }).into_iter().collect();
            return Ok(Good { body, request_id, limits });
        }
        let verdict = classify(status, &errors, retry_after(&parts.headers));
        let mut words = detail(status, &errors);
        let token_refused = matches!(verdict, Verdict::TokenRefused { .. });
        let denied = verdict == Verdict::TokenRefused { expired: false };
        let mut failure = verdict.failure(self.access.new);
        if let Failure::Rejected { code } = &mut failure {
            // The code is Amazon's word, but still a word from outside.
            let clean = scrub(code, &[&self.access.token]);
            *code = clean.chars().filter(|c| !c.is_control()).take(100).collect();
        }
        if matches!(failure, Failure::NeedsMerchant { .. }) {
            words = format!(
                "Amazon refuses a token it has just issued: the seller's authorisation or a role of the app is missing ({words})"
            );
        }
        let words = scrub(&words, &[&self.access.token]);
        let error = ChannelError::new(KIND, self.operation, failure, words).with_request_id(request_id);
        Err(Refused { status: Some(status), token_refused, denied, error })
    }
}

/// A request without a good answer. The status is absent if no answer came.
pub(crate) struct Refused {
    pub(crate) status: Option<u16>,
    /// The access token was not taken.
    token_refused: bool,
    /// Amazon denies access in its own words, and does not say that the token ran out.
    denied: bool,
    pub(crate) error: ChannelError,
}

impl Refused {
    pub(crate) fn of(error: ChannelError) -> Self {
        Self { status: None, token_refused: false, denied: false, error }
    }

    /// A 400 that is a plain refusal of the request: the optional data sets may be what it is about.
    ///
    /// `includedData=FULFILLMENT` alone was refused for a day in one region (models issue 5365, August 2026).
    pub(crate) fn may_be_about_optional_data(&self) -> bool {
        self.status == Some(400) && matches!(self.error.failure, Failure::Rejected { .. })
    }

    /// A 403 that may be about a role of the app: one that a data set asked for needs, and the rest does not.
    pub(crate) fn may_be_about_a_role(&self) -> bool {
        self.status == Some(403) && self.denied
    }
}

/// The account's own rate, where Amazon tells it (2xx, 400 and 404 only, best effort).
fn rate(headers: &HeaderMap) -> Option<f64> {
    let rate: f64 = header(headers, "x-amzn-ratelimit-limit")?.parse().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_the_language_and_stays_short() {
        let agent = user_agent();
        assert!(agent.starts_with("Parcelwire/") && agent.contains("(Language=Rust/1."), "{agent}");
        assert!(agent.len() < 500);
    }

    #[test]
    fn headers_that_are_odd_are_absent() {
        let mut headers = HeaderMap::new();
        for (value, want) in
            [("0.5", Some(0.5)), ("0", None), ("-1", None), ("NaN", None), ("inf", None), ("x", None)]
        {
            headers.insert("x-amzn-ratelimit-limit", value.parse().unwrap());
            assert_eq!(rate(&headers), want, "{value}");
        }
    }
}
