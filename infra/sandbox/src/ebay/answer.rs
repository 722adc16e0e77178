//! Answers in eBay's form.

use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// A refusal in the form of the REST APIs.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    id: u32,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, id: u32, message: impl Into<String>) -> Self {
        Self { status, id, message: message.into() }
    }

    pub(super) fn response(&self) -> Response<Vec<u8>> {
        let domain = match self.id {
            1001 | 1002 | 1100 => "OAuth",
            2001 => "ACCESS",
            195_000..=195_999 => "API_NOTIFICATION",
            _ => "API_FULFILLMENT",
        };
        let category = if self.status >= 500 { "APPLICATION" } else { "REQUEST" };
        let message: String = self.message.chars().take(50).collect();
        let error = json!({
            "errorId": self.id, "domain": domain, "category": category,
            "message": message, "longMessage": self.message,
        });
        json(self.status, &json!({ "errors": [error] }))
    }
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &Value) -> Response<Vec<u8>> {
    with(status, body.to_string().into_bytes(), "application/json")
}

fn with(status: u16, body: Vec<u8>, kind: &'static str) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    response
}

/// An answer without a body.
pub(super) fn blank(status: u16) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// 201 without a body, and where the new thing is.
pub(super) fn created(path: &str) -> Response<Vec<u8>> {
    let mut response = blank(201);
    if let Ok(location) = HeaderValue::from_str(&format!("https://api.ebay.com{path}")) {
        response.headers_mut().insert("location", location);
    }
    response
}

/// What something between us and eBay would send.
pub(super) fn html(status: u16) -> Response<Vec<u8>> {
    with(status, b"<html><body>please wait".to_vec(), "text/html")
}

pub(super) fn throttled(retry_after: Option<u64>) -> Response<Vec<u8>> {
    let mut response = Refusal::new(429, 2001, "Too many requests.").response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    response
}

/// An answer of this status in the words that go with it.
pub(super) fn status(status: u16) -> Response<Vec<u8>> {
    let (id, message) = match status {
        200..=299 => return json(status, &json!({})),
        400 => (32600, "Invalid input data"),
        401 => (1001, "Invalid access token"),
        403 => (1100, "Access denied"),
        404 => (32100, "Invalid Order Id"),
        // No id is documented.
        409 => return json(409, &json!({ "errors": [{ "category": "REQUEST", "message": "Conflict" }] })),
        429 => return throttled(None),
        _ => (30500, "System error"),
    };
    Refusal::new(status, id, message).response()
}

pub(super) fn oauth_error(status: u16, error: &str, description: &str) -> Response<Vec<u8>> {
    json(status, &json!({ "error": error, "error_description": description }))
}

/// An answer of the token endpoint of this status.
pub(super) fn oauth_status(status: u16) -> Response<Vec<u8>> {
    match status {
        401 => oauth_error(status, "invalid_client", "client authentication failed"),
        400..=499 => oauth_error(status, "invalid_request", "the request is malformed"),
        _ => oauth_error(status, "server_error", "the server had a problem"),
    }
}

pub(super) fn add_request_id(response: &mut Response<Vec<u8>>, number: u64) {
    if let Ok(id) = HeaderValue::from_str(&format!("sandbox-{number:08}")) {
        response.headers_mut().insert("x-ebay-c-request-id", id);
    }
}
