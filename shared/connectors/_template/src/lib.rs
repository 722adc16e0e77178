//! TEMPLATE: one sentence on what this connector hears, reads and sends.
//!
//! The contract, its limits and what is unverified stand in this crate's README.

mod client;
mod errors;
mod wire;

use async_trait::async_trait;
use connector_api::{
    Allowed, ChannelError, Check, Cursor, Delivery, DeliveryBody, FulfillmentPage, Reach, Store, StoreEvent,
    Subscription, SubscriptionChange,
};
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use secrecy::SecretString;
use signatures::{SignatureError, Verified, verify_hmac_base64};

pub use errors::classify;

/// TEMPLATE: the name for people and in errors.
const TITLE: &str = "Template";

/// TEMPLATE: the header that holds the signature.
const SIGNATURE: &str = "x-template-signature";
/// TEMPLATE: the header that names the topic.
const TOPIC: &str = "x-template-topic";

/// TEMPLATE: every topic that is ours, with the paths of its body that go on.
///
/// Ids, SKUs, quantities, carrier, numbers, statuses, times, locations. Nothing of the buyer, ever.
const TOPICS: &[(&str, Allowed)] = &[(
    "shipment/changed",
    Allowed(&[
        &["id"],
        &["order_id"],
        &["status"],
        &["shipped_at"],
        &["updated_at"],
        &["carrier"],
        &["tracking_number"],
        &["items", "id"],
        &["items", "sku"],
        &["items", "quantity"],
    ]),
)];

/// The connector of a store. For a marketplace, `_template_marketplace` is copied instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template;

#[async_trait]
impl Store for Template {
    fn kind(&self) -> &'static str {
        "template"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn check_options(&self, connection: &Connection) -> Vec<String> {
        let known = |key: &&String| ![client::ACCOUNT].contains(&key.as_str());
        let mut problems: Vec<String> = connection
            .options
            .keys()
            .filter(known)
            .map(|key| format!("`{key}` is no option of a {TITLE} connection"))
            .collect();
        if client::account(connection).is_none() {
            problems.push(format!("`{}` must be the account's name: a-z, 0-9 and -", client::ACCOUNT));
        }
        problems
    }

    fn secret_sets(&self) -> &'static [&'static [&'static str]] {
        &[&[client::ACCESS_TOKEN]]
    }

    fn verify<'a>(
        &self,
        headers: &http::HeaderMap,
        body: &'a [u8],
        secrets: &[SecretString],
    ) -> Result<Verified<'a>, SignatureError> {
        let header = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        verify_hmac_base64(body, header, secrets)
    }

    fn topic(&self, headers: &http::HeaderMap) -> Option<(String, Allowed)> {
        let named = headers.get(TOPIC)?.to_str().ok()?.trim();
        TOPICS
            .iter()
            .find(|(topic, _)| *topic == named)
            .map(|(topic, allowed)| ((*topic).to_owned(), *allowed))
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }

    fn event(&self, _: &Connection, delivery: &Delivery) -> Result<StoreEvent, String> {
        if !TOPICS.iter().any(|(topic, _)| *topic == delivery.topic) {
            return Ok(StoreEvent::Nothing { reason: "a topic that Parcelwire does not act on".to_owned() });
        }
        match &delivery.body {
            DeliveryBody::Reduced(json) | DeliveryBody::Withheld { ids: json, .. } => wire::event(json),
        }
    }

    /// TEMPLATE: false only where the body names its account or the secret is one connection's alone.
    fn webhooks_are_hints(&self, _: &Connection) -> bool {
        true
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

    /// TEMPLATE: topics to be subscribed to through the API; none where a person sets them at the store.
    fn webhook_topics(&self) -> &'static [&'static str] {
        &["shipment/changed"]
    }

    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError> {
        client::subscriptions(reach, connection).await
    }

    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        client::change_subscription(reach, connection, change).await
    }

    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        client::check_up(reach, connection).await
    }
}
