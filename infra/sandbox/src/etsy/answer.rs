//! Answers in Etsy's form.

use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::Spoil;

/// A refusal in Etsy's form: a sentence, no code.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    error: String,
    description: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), description: None }
    }

    pub(super) fn described(status: u16, error: &str, description: &str) -> Self {
        Self { status, error: error.to_owned(), description: Some(description.to_owned()) }
    }

    pub(super) fn response(&self) -> Response<Vec<u8>> {
        let body = match &self.description {
            Some(description) => json!({ "error": self.error, "error_description": description }),
            None => json!({ "error": self.error }),
        };
        json(self.status, &body)
    }
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// A page of something between us and Etsy.
pub(super) fn html(status: u16) -> Response<Vec<u8>> {
    let mut response = Response::new(b"<html><body>please wait".to_vec());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    response
}

pub(super) fn throttled(words: &str, retry_after: Option<u64>) -> Response<Vec<u8>> {
    let mut response = Refusal::new(429, words).response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    response
}

pub(super) fn expired() -> Refusal {
    Refusal::described(401, "invalid_token", "access token is expired")
}

pub(super) fn oauth(error: &str, description: &str) -> Response<Vec<u8>> {
    Refusal::described(400, error, description).response()
}

/// An answer of this status in words that go with it.
pub(super) fn status(status: u16) -> Response<Vec<u8>> {
    let words = match status {
        200..=299 => return json(status, &json!({})),
        400 => "Invalid request",
        401 => return expired().response(),
        403 => "Unauthorized",
        404 => "Resource not found",
        409 => "There was a request conflict with the current state of the target resource",
        429 => return throttled("Exceeded per second rate limit", None),
        _ => "The server encountered an internal error",
    };
    Refusal::new(status, words).response()
}

/// What a spoiling leaves of an answer.
pub(super) fn spoiled(spoil: Option<Spoil>, mut response: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let Some(spoil) = spoil else { return response };
    let edit = |response: &mut Response<Vec<u8>>, with: fn(&mut serde_json::Map<String, Value>)| {
        if let Ok(Value::Object(mut fields)) = serde_json::from_slice(response.body()) {
            with(&mut fields);
            *response.body_mut() = Value::Object(fields).to_string().into_bytes();
        }
    };
    match spoil {
        Spoil::Empty => response.body_mut().clear(),
        Spoil::Truncated => {
            let half = response.body().len() / 2;
            response.body_mut().truncate(half);
        }
        Spoil::Html | Spoil::Forbidden => return html(200),
        Spoil::OtherOrder => edit(&mut response, |fields| {
            fields.insert("receipt_id".to_owned(), json!(1));
        }),
        Spoil::NoShipments => edit(&mut response, |fields| {
            fields.remove("shipments");
        }),
    }
    response
}
