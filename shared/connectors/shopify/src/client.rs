//! Requests to Admin GraphQL.

mod order;
mod poll;

use connector_api::tokens::{self, Access, scrub};
use connector_api::{ChannelError, Failure, MerchantAction, Reach, Reached};
use domain::connection::Connection;
use domain::ids::Account;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::token::{ClientCredentials, Way, as_header, way};
use crate::wire::admin::Envelope;
use crate::wire::queries::Query;
use crate::{TITLE, errors, options};

pub(crate) use order::read_order;
pub(crate) use poll::changed_fulfillments;

/// The version we speak: the latest stable one as of 2026-11.
pub(crate) const API_VERSION: &str = "2026-10";

/// One connection's way to its shop, for one operation of ours.
pub(crate) struct Client<'a> {
    reach: Reach<'a>,
    account: &'a Account,
    url: http::Uri,
    token: Token,
}

/// What requests carry.
enum Token {
    /// Given by the merchant, for good.
    Lasting(SecretString),
    /// Fetched with the app's credentials.
    Granted(Access),
}

impl Token {
    fn secret(&self) -> &SecretString {
        match self {
            Self::Lasting(token) | Self::Granted(Access { token, .. }) => token,
        }
    }
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
    /// Loads the token, or fetches one, and settles the address.
    pub(crate) async fn open(
        reach: Reach<'a>,
        connection: &'a Connection,
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
        let account = &connection.account;
        let token = match way(credential.as_ref()).map_err(|why| unready(operation, &why))? {
            Way::Lasting(token) => Token::Lasting(token),
            Way::Granted => {
                Token::Granted(tokens::access(reach, account, &ClientCredentials::at(&base)).await?)
            }
        };
        Ok(Self { reach, account, url, token })
    }

    /// Whether a refusal of the token says nothing of the app: it was fetched before, and a new one may be taken.
    pub(crate) fn token_is_old(&self) -> bool {
        matches!(self.token, Token::Granted(Access { new: false, .. }))
    }

    /// Sends one query or mutation and judges its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        query: Query,
        variables: Value,
    ) -> Result<T, ChannelError> {
        let operation = query.operation;
        let body = json!({ "query": query.text, "operationName": operation, "variables": variables });
        let token = as_header(self.token.secret())
            .ok_or_else(|| unready(operation, "the access token holds characters that none has"))?;
        let request = http::Request::post(self.url.clone())
            .header("x-shopify-access-token", token)
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
        let status = answer.status().as_u16();
        let judged = errors::classify(status, text(RETRY_AFTER.as_str()), answer.body());
        if let Some((mut failure, mut detail)) = judged {
            // Should an answer ever repeat the token, it goes no further: not in its words, not for a code.
            detail = scrub(&detail, &[self.token.secret()]);
            if let Failure::Rejected { code } = &mut failure {
                *code = scrub(code, &[self.token.secret()]);
            }
            if let Token::Granted(access) = &self.token
                && errors::doubts_token(status, &failure)
            {
                tokens::drop_refused(self.reach, self.account, &access.token).await;
                if !access.new {
                    failure = Failure::Retryable { reached: Reached::No, after: None };
                    detail = format!("a new token is asked for, since this one was not taken: {detail}");
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
