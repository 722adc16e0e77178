//! Answers in Amazon's form.

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// A refusal in Amazon's form.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    details: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: String::new() }
    }

    /// A 400 `InvalidInput`, which is how nearly everything is refused.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    pub(super) fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// Its words, for a report.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.message, self.details).trim().to_owned()
    }

    pub(super) fn response(&self) -> Response<Vec<u8>> {
        let error = json!({ "code": self.code, "message": self.message, "details": self.details });
        json(self.status, &json!({ "errors": [error] }))
    }
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// A success without a body.
pub(super) fn no_content() -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn with_retry_after(mut response: Response<Vec<u8>>, retry_after: Option<u64>) -> Response<Vec<u8>> {
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    response
}

pub(super) fn throttled(retry_after: Option<u64>) -> Response<Vec<u8>> {
    let refusal =
        Refusal::new(429, "QuotaExceeded", "You exceeded your quota for the requested resource.").response();
    with_retry_after(refusal, retry_after)
}

/// An answer of this status in the words that go with it.
pub(super) fn status(status: u16) -> Response<Vec<u8>> {
    let (code, message) = match status {
        200..=299 => return json(status, &json!({})),
        400 => ("InvalidInput", "Request has missing or invalid parameters and cannot be parsed."),
        401 | 403 => ("Unauthorized", "Access to requested resource is denied."),
        404 => ("NotFound", "The resource specified does not exist."),
        413 => ("RequestTooLarge", "The request size exceeded the maximum accepted size."),
        415 => ("UnsupportedMediaType", "The request payload is in an unsupported format."),
        429 => return throttled(None),
        503 => ("ServiceUnavailable", "Temporary overloading or maintenance of the server."),
        _ => ("InternalFailure", "We encountered an internal error. Please try again."),
    };
    Refusal::new(status, code, message).response()
}

/// A 200 that is no JSON, as something between us and Amazon would send.
pub(super) fn malformed() -> Response<Vec<u8>> {
    let mut response = Response::new(b"<html><body>please wait".to_vec());
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    response
}

pub(super) fn lwa_error(status: u16, error: &str, description: &str) -> Response<Vec<u8>> {
    json(status, &json!({ "error": error, "error_description": description }))
}

pub(super) fn lwa_throttled(retry_after: Option<u64>) -> Response<Vec<u8>> {
    with_retry_after(lwa_error(429, "temporarily_unavailable", "Too many requests"), retry_after)
}

/// An answer of Login with Amazon of this status.
pub(super) fn lwa_status(status: u16) -> Response<Vec<u8>> {
    match status {
        401 => lwa_error(status, "invalid_client", "Client authentication failed"),
        400..=499 => lwa_error(status, "invalid_request", "The request is malformed"),
        _ => lwa_error(status, "server_error", "The server had a problem"),
    }
}

/// Every call must name its language. Contract: "Include a User-Agent header in all requests".
pub(super) fn check_user_agent(headers: &HeaderMap) -> Result<(), Refusal> {
    let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if agent.contains("Language=") && agent.len() <= 500 {
        Ok(())
    } else {
        Err(Refusal::invalid("User-Agent must name the language and hold at most 500 characters"))
    }
}

/// The request id, and the rate where Amazon tells it.
pub(super) fn add_headers(response: &mut Response<Vec<u8>>, number: u64, rate: Option<f64>) {
    let id = format!("sandbox-{number:08}");
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    if let Some(rate) = rate.and_then(|rate| HeaderValue::from_str(&rate.to_string()).ok()) {
        response.headers_mut().insert("x-amzn-ratelimit-limit", rate);
    }
}
