//! One request to the Open API, and the judgement of its answer.

use connector_api::hosts::{header, retry_after};
use connector_api::loose::json_problem;
use connector_api::tokens::{self, Access, scrub};
use connector_api::{ChannelError, Failure, LimitHint, Reach, Reached, Told};
use domain::connection::Connection;
use http::header::HeaderValue;
use http::{HeaderMap, Method, Request, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use crate::errors::{Refusal, Verdict, classify, detail};
use crate::options::Shop;
use crate::token::{KEYSTRING, Oauth, SHARED_SECRET};
use crate::{KIND, PER_DAY, PER_SECOND, wire};

/// Names us.
pub(crate) fn user_agent() -> String {
    format!("Parcelwire/{}", env!("CARGO_PKG_VERSION"))
}

/// Etsy's id of a request, under either of the names that it has been seen under.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    header(headers, "x-etsy-request-uuid").or_else(|| header(headers, "x-request-id"))
}

/// A failure before anything was sent.
pub(crate) fn unsent(operation: &'static str, failure: Failure, detail: impl AsRef<str>) -> ChannelError {
    ChannelError::new(KIND, operation, failure, detail)
}

/// Settings that name no shop. They are checked at the start; here they only must not panic.
pub(crate) fn bad_settings(operation: &'static str, problem: &str) -> ChannelError {
    let failure = Failure::Retryable { reached: Reached::No, after: None };
    unsent(operation, failure, format!("settings: {problem}"))
}

/// A good answer: 2xx without an error inside.
pub(crate) struct Good {
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    pub(crate) limits: Vec<LimitHint>,
    /// What time Etsy says it is.
    pub(crate) date: Option<Timestamp>,
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

/// A body and what it is written in: the two always agree.
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Access to the API for one operation: a token, the app's key, and what is needed to judge answers.
pub(crate) struct Session<'a> {
    reach: Reach<'a>,
    connection: &'a Connection,
    operation: &'static str,
    access: Access,
    /// `x-api-key`: the keystring and the shared secret with a colon between them, as Etsy wants it since 9 February
    /// 2026 (`etsy/open-api` discussion 1529, read 21 November 2026).
    api_key: SecretString,
    /// What may not appear in words.
    secrets: Vec<SecretString>,
}

impl<'a> Session<'a> {
    /// Finds or fetches a token.
    pub(crate) async fn open(
        reach: Reach<'a>,
        connection: &'a Connection,
        shop: &Shop,
        operation: &'static str,
    ) -> Result<Self, ChannelError> {
        let access = tokens::access(reach, &connection.account, &Oauth(shop)).await?;
        let loaded = reach.credentials.load(&connection.account).await.map_err(|error| {
            let failure = Failure::Retryable { reached: Reached::No, after: None };
            unsent(operation, failure, error.to_string())
        })?;
        let credential = loaded.unwrap_or_default();
        let secret = |name: &str| credential.secret(name).map_or("", ExposeSecret::expose_secret).trim();
        let api_key = SecretString::from(format!("{}:{}", secret(KEYSTRING), secret(SHARED_SECRET)));
        let mut secrets = vec![access.token.clone()];
        secrets.extend(credential.secrets.into_values());
        Ok(Self { reach, connection, operation, access, api_key, secrets })
    }

    /// Sends one request, once.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Body>,
    ) -> Result<Good, ChannelError> {
        let unfit = || {
            // The words of this error could quote the token.
            let failure = Failure::Retryable { reached: Reached::No, after: None };
            unsent(self.operation, failure, "address, key or token make no valid request")
        };
        let secret = |text: &str| -> Result<HeaderValue, ChannelError> {
            let mut value = HeaderValue::from_str(text).map_err(|_| unfit())?;
            value.set_sensitive(true);
            Ok(value)
        };
        let bearer = format!("Bearer {}", self.access.token.expose_secret());
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("accept", "application/json")
            .header("user-agent", user_agent())
            .header("x-api-key", secret(self.api_key.expose_secret())?)
            .header("authorization", secret(&bearer)?);
        if let Some(body) = &body {
            request = request.header("content-type", body.kind);
        }
        let request = request.body(body.map(|body| body.bytes).unwrap_or_default()).map_err(|_| unfit())?;
        let sent = self.reach.transport.send(request).await;
        let response = sent.map_err(|error| ChannelError::transport(KIND, self.operation, error))?;
        self.judge(response).await
    }

    async fn judge(&self, response: Response<Vec<u8>>) -> Result<Good, ChannelError> {
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let request_id = request_id(&parts.headers);
        let words = wire::Words::of(&body);
        if parts.status.is_success() && words.is_none() {
            let (limits, date) = (limits(&parts.headers), date(&parts.headers));
            return Ok(Good { body, request_id, limits, date });
        }
        let refusal = Refusal {
            operation: self.operation,
            status,
            words: words.as_ref(),
            after: retry_after(&parts.headers),
            left_today: number(&parts.headers, "x-remaining-today"),
        };
        let verdict = classify(&refusal);
        if matches!(verdict, Verdict::TokenRefused { .. }) {
            tokens::drop_refused(self.reach, &self.connection.account, &self.access.token).await;
        }
        let mut said = detail(status, words.as_ref());
        if let Some(meaning) = verdict.meaning(self.access.new) {
            said = format!("{meaning} ({said})");
        }
        let failure = verdict.failure(self.access.new);
        let secrets: Vec<&SecretString> = self.secrets.iter().collect();
        let said = scrub(&said, &secrets);
        Err(ChannelError::new(KIND, self.operation, failure, said).with_request_id(request_id))
    }

    /// The connection it is for.
    pub(crate) fn connection(&self) -> &Connection {
        self.connection
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    header(headers, name)?.parse().ok()
}

/// What the app has, as each answer tells it.
///
/// Contract: `x-limit-per-second`, `x-limit-per-day`, `x-remaining-today`; "Rate limits" of Etsy's documentation, read
/// 21 November 2026.
fn limits(headers: &HeaderMap) -> Vec<LimitHint> {
    let rate = number(headers, "x-limit-per-second").filter(|rate| *rate > 0);
    let rate = rate.map(|rate| LimitHint { operation: PER_SECOND, told: Told::Rate(f64::from(rate)) });
    let calls = number(headers, "x-limit-per-day").filter(|calls| *calls > 0);
    let window = calls.zip(number(headers, "x-remaining-today"));
    let window = window.map(|(calls, left)| LimitHint {
        operation: PER_DAY,
        told: Told::Window { calls, left: left.min(calls) },
    });
    rate.into_iter().chain(window).collect()
}

/// The answer's `Date`.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let said = header(headers, "date")?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&said).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_what_the_app_has() {
        let told = |rows: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in rows {
                headers.insert(*name, value.parse().unwrap());
            }
            limits(&headers).into_iter().map(|hint| hint.told).collect::<Vec<_>>()
        };
        let window = |calls, left| Told::Window { calls, left };
        assert_eq!(
            told(&[
                ("x-limit-per-second", "10"),
                ("x-limit-per-day", "10000"),
                ("x-remaining-today", "9999")
            ]),
            [Told::Rate(10.0), window(10_000, 9_999)]
        );
        assert_eq!(told(&[("x-limit-per-day", "100"), ("x-remaining-today", "900")]), [window(100, 100)]);
        for odd in [
            &[("x-limit-per-second", "0")][..],
            &[("x-limit-per-second", "-1")],
            &[("x-limit-per-second", "ten")],
            &[("x-limit-per-day", "10000")],
            &[("x-remaining-today", "5")],
            &[("x-limit-per-day", "0"), ("x-remaining-today", "0")],
        ] {
            assert_eq!(told(odd), [], "{odd:?}");
        }
    }

    #[test]
    fn a_date_that_is_none_is_absent() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("date", text.parse().unwrap());
            date(&headers).map(|at| at.to_string())
        };
        assert_eq!(read("Sat, 21 Nov 2026 12:00:00 GMT").as_deref(), Some("2026-11-21T12:00:00Z"));
        assert_eq!(read("yesterday"), None);
    }
}
