//! Shopify: fulfillment webhooks, order reads and polls through Admin GraphQL.
//!
//! The contract, its limits and what is unverified stand in this crate's README.

mod check_up;
mod client;
mod errors;
mod options;
mod subscriptions;
mod token;
mod webhook;
mod wire;

use async_trait::async_trait;
use connector_api::{
    Allowed, ChannelError, Check, Cursor, Delivery, FulfillmentPage, Reach, Store, StoreEvent, Subscription,
    SubscriptionChange,
};
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use secrecy::SecretString;
use signatures::{SignatureError, Verified};

pub use errors::classify;

/// The connector's name for people and in errors.
const TITLE: &str = "Shopify";

/// The Shopify connector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shopify;

#[async_trait]
impl Store for Shopify {
    fn kind(&self) -> &'static str {
        "shopify"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn check_options(&self, connection: &Connection) -> Vec<String> {
        options::problems(connection)
    }

    fn secret_sets(&self) -> &'static [&'static [&'static str]] {
        &token::SECRETS
    }

    fn verify<'a>(
        &self,
        headers: &http::HeaderMap,
        body: &'a [u8],
        secrets: &[SecretString],
    ) -> Result<Verified<'a>, SignatureError> {
        webhook::verify(headers, body, secrets)
    }

    fn topic(&self, headers: &http::HeaderMap) -> Option<(String, Allowed)> {
        webhook::topic(headers)
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        webhook::KEPT_HEADERS
    }

    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<StoreEvent, String> {
        webhook::event(connection, delivery)
    }

    /// A fulfillment body does not name its shop: only a secret that no other shop shares says whose it is.
    fn webhooks_are_hints(&self, connection: &Connection) -> bool {
        options::shares_secret(connection)
    }

    async fn read_order(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        order: &StoreOrderId,
    ) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
        client::read_order(reach, connection, order).await
    }

    async fn changed_fulfillments(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<FulfillmentPage, ChannelError> {
        client::changed_fulfillments(reach, connection, cursor).await
    }

    fn webhook_topics(&self) -> &'static [&'static str] {
        &subscriptions::TOPICS
    }

    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError> {
        subscriptions::all(reach, connection).await
    }

    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        subscriptions::change(reach, connection, change).await
    }

    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        check_up::check_up(reach, connection).await
    }
}
