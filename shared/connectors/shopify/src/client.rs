//! Requests to Admin GraphQL.

mod order;
mod poll;

use connector_api::{ChannelError, Failure, MerchantAction, Reach, Reached};
use domain::connection::Connection;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wire::admin::Envelope;
use crate::wire::queries::Query;
use crate::{TITLE, errors, options};

pub(crate) use order::read_order;
pub(crate) use poll::changed_fulfillments;

/// The name of the secret that every request carries.
pub(crate) const ACCESS_TOKEN: &str = "access_token";
/// The version we speak: the latest stable one as of 2026-11.
pub(crate) const API_VERSION: &str = "2026-10";

/// One connection's way to its shop, for one operation of ours.
pub(crate) struct Client<'a> {
    reach: Reach<'a>,
    url: http::Uri,
    token: HeaderValue,
}

/// A failure that is found before anything is sent.
fn unready(operation: &'static str, detail: &str) -> ChannelError {
    let failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    ChannelError::new(TITLE, operation, failure, detail)
}

/// An answer of the right status whose content is not what the contract says.
pub(crate) fn odd(operation: &'static str, detail: &str) -> ChannelError {
    let failure = Failure::Retryable { reached: Reached::Maybe, after: None };
    ChannelError::new(TITLE, operation, failure, detail)
}

impl<'a> Client<'a> {
    /// Loads the token and settles the address.
    pub(crate) async fn open(
        reach: Reach<'a>,
        connection: &Connection,
        operation: &'static str,
    ) -> Result<Self, ChannelError> {
        let base = options::base_url(connection)
            .ok_or_else(|| unready(operation, "the option `shop` does not name a shop"))?;
        let url = format!("{base}/admin/api/{API_VERSION}/graphql.json")
            .parse()
            .map_err(|_| unready(operation, "the base URL is no address"))?;
        let credential = reach.credentials.load(&connection.account).await.map_err(|error| {
            let failure = Failure::Retryable { reached: Reached::No, after: None };
            let mut failed = ChannelError::new(TITLE, operation, failure, error.to_string());
            failed.source = Some(Box::new(error.into()));
            failed
        })?;
        let secret = credential.as_ref().and_then(|all| all.secret(ACCESS_TOKEN));
        let secret = secret.ok_or_else(|| unready(operation, "there is no access token"))?;
        let mut token = HeaderValue::from_str(secret.expose_secret().trim())
            .map_err(|_| unready(operation, "the access token holds characters that none has"))?;
        if token.is_empty() {
            return Err(unready(operation, "the access token is empty"));
        }
        token.set_sensitive(true);
        Ok(Self { reach, url, token })
    }

    /// Sends one query or mutation and judges its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        query: Query,
        variables: Value,
    ) -> Result<T, ChannelError> {
        let operation = query.operation;
        let body = json!({ "query": query.text, "operationName": operation, "variables": variables });
        let request = http::Request::post(self.url.clone())
            .header("x-shopify-access-token", self.token.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(|_| unready(operation, "the base URL is no address"))?;
        let answer = self
            .reach
            .transport
            .send(request)
            .await
            .map_err(|error| ChannelError::transport(TITLE, operation, error))?;
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let request_id = text("x-request-id").map(|id| id.chars().take(100).collect::<String>());
        let judged = errors::classify(answer.status().as_u16(), text(RETRY_AFTER.as_str()), answer.body());
        if let Some((mut failure, mut detail)) = judged {
            // Should an answer ever repeat the token, it goes no further: not in its words, not for a code.
            if let Ok(token) = self.token.to_str() {
                detail = detail.replace(token, "(token)");
                if let Failure::Rejected { code } = &mut failure {
                    *code = code.replace(token, "(token)");
                }
            }
            return Err(ChannelError::new(TITLE, operation, failure, detail).with_request_id(request_id));
        }
        let read: Result<Envelope<T>, _> = serde_json::from_slice(answer.body());
        // The parser's words may quote the answer: its place is enough.
        let whole = read.map_err(|error| {
            format!("the answer is not as described, at line {} column {}", error.line(), error.column())
        });
        whole
            .and_then(|answer| answer.data.ok_or_else(|| "the answer holds no data".to_owned()))
            .map_err(|detail| odd(operation, &detail).with_request_id(request_id))
    }
}

/// The names of note attributes that the connection's link rules look at.
pub(crate) fn wanted_attributes(connection: &Connection) -> Vec<&str> {
    use domain::connection::LinkFrom;
    let names = connection.link.iter().filter_map(|rule| match &rule.from {
        LinkFrom::NoteAttribute { name } => Some(name.as_str()),
        LinkFrom::SourceIdentifier | LinkFrom::Tag { .. } | LinkFrom::Name { .. } => None,
    });
    names.collect()
}
