//! What a store connector is.

use async_trait::async_trait;
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signatures::{SignatureError, Verified};

use crate::{ChannelError, Check, Cursor, Reach};

/// A body after reduction, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryBody {
    /// The allowed paths, as JSON text.
    Reduced(String),
    /// Not JSON, or too large even reduced: only the ids that could be found. Means: read the store.
    Withheld {
        /// Bytes of the original.
        bytes: usize,
        /// SHA-256 of the original, hexadecimal.
        sha256: String,
        /// Why, for a person.
        reason: String,
        /// What [`reduce_to_ids`] left, as JSON text; empty if the body was not JSON.
        #[serde(default)]
        ids: String,
    },
}

/// A verified delivery without buyer data: what is queued and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Our id: a hash over connection, topic and body, so that the same delivery has the same id.
    pub id: String,
    /// The sender's topic, as it wrote it.
    pub topic: String,
    /// Headers worth keeping, lower case; none is signed, so none decides anything.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// When we received it.
    pub received_at: Timestamp,
    /// What it said.
    pub body: DeliveryBody,
}

/// Which paths of a body go on: everything else stays in the receiver's memory.
///
/// A path is a list of object keys; arrays are walked through. Naming a key keeps all scalars below it only
/// if it is a scalar or an array of scalars: objects must be named down to their scalars.
#[derive(Clone, Copy, Debug)]
pub struct Allowed(pub &'static [&'static [&'static str]]);

/// Projects `value` to the allowed paths, untyped: a changed type loses nothing.
#[must_use]
pub fn reduce_json(value: &Value, allowed: Allowed) -> Value {
    let paths: Vec<&[&str]> = allowed.0.to_vec();
    project(value, &paths).unwrap_or(Value::Null)
}

/// Projects `value` to the allowed scalars at its top: the ids of a body that is too large even reduced.
#[must_use]
pub fn reduce_to_ids(value: &Value, allowed: Allowed) -> Value {
    let Value::Object(map) = value else { return Value::Null };
    let named = |key: &str| allowed.0.iter().any(|path| *path == [key]);
    let scalar = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
    let kept = map.iter().filter(|(key, value)| named(key) && scalar(value));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn project(value: &Value, paths: &[&[&str]]) -> Option<Value> {
    match value {
        Value::Array(rows) => Some(Value::Array(rows.iter().filter_map(|row| project(row, paths)).collect())),
        Value::Object(map) => {
            let mut kept = serde_json::Map::new();
            for (key, inner) in map {
                let below: Vec<&[&str]> = paths
                    .iter()
                    .filter_map(|p| p.split_first())
                    .filter(|(first, _)| *first == key)
                    .map(|(_, rest)| rest)
                    .collect();
                if !below.is_empty()
                    && let Some(inner) = project(inner, &below)
                {
                    kept.insert(key.clone(), inner);
                }
            }
            // An object where a scalar was allowed is not let through.
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            paths.iter().any(|p| p.is_empty()).then(|| value.clone())
        }
    }
}

/// What a privacy law asks of us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyRequest {
    /// A buyer wants to know what is kept of them: of these store orders.
    CustomerData {
        /// Orders named.
        orders: Vec<StoreOrderId>,
    },
    /// What is kept of a buyer must go: of these store orders.
    CustomerErase {
        /// Orders named.
        orders: Vec<StoreOrderId>,
    },
    /// The shop left: everything of this connection must go.
    ShopErase,
}

/// What a delivery means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreEvent {
    /// Facts about one order.
    Order {
        /// The order.
        order: StoreOrderId,
        /// What was said.
        facts: Box<StoreFacts>,
    },
    /// The merchant removed the app: its token is dead.
    Uninstalled,
    /// A privacy request.
    Privacy(PrivacyRequest),
    /// Nothing for us.
    Nothing {
        /// Why.
        reason: String,
    },
}

/// A part of the fulfillments that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FulfillmentPage {
    /// Facts per order, each from a read.
    pub orders: Vec<(StoreOrderId, StoreFacts)>,
    /// Where to go on. Without a `page` this poll is complete.
    pub next: Cursor,
}

/// A webhook subscription, as the store tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The store's id of it.
    pub id: String,
    /// Its topic: as deliveries name it if it is ours, else as the store wrote it.
    pub topic: String,
    /// Where it sends to.
    pub address: String,
    /// Why its deliveries would not serve us, if so: another format, a filter.
    pub flaw: Option<String>,
}

/// A change of the store's subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionChange {
    /// Subscribes to a topic.
    Create {
        /// One of [`Store::webhook_topics`].
        topic: &'static str,
        /// Where deliveries go.
        address: String,
    },
    /// Lets a subscription send elsewhere from now on.
    Redirect {
        /// Which.
        id: String,
        /// Where deliveries go.
        address: String,
    },
    /// Ends a subscription.
    Delete {
        /// Which.
        id: String,
    },
}

/// A store connector. No defaults: each says for itself how it verifies.
#[async_trait]
pub trait Store: Send + Sync {
    /// Its kind in settings and keys: `shopify`.
    fn kind(&self) -> &'static str;

    /// Its name for people: `Shopify`.
    fn title(&self) -> &'static str;

    /// Problems of a connection's options, each naming the key.
    fn check_options(&self, connection: &Connection) -> Vec<String>;

    /// The sets of secrets a connection may bring, by their names: exactly one of them whole, webhook secrets apart.
    ///
    /// Most stores know one set. No two sets have a name in common.
    fn secret_sets(&self) -> &'static [&'static [&'static str]];

    /// Verifies a delivery over its raw bytes. Header names are lower case.
    ///
    /// # Errors
    /// [`SignatureError`]: the delivery is refused.
    fn verify<'a>(
        &self,
        headers: &http::HeaderMap,
        body: &'a [u8],
        secrets: &[SecretString],
    ) -> Result<Verified<'a>, SignatureError>;

    /// The topic of a delivery, and the paths of its body that go on; `None` if the topic is not ours.
    fn topic(&self, headers: &http::HeaderMap) -> Option<(String, Allowed)>;

    /// Names of headers worth keeping, lower case.
    fn kept_headers(&self) -> &'static [&'static str];

    /// Reads a reduced delivery to `connection`.
    ///
    /// Topics are not signed and a secret may be shared: an event that names another shop is `Nothing`.
    ///
    /// # Errors
    /// A sentence that says what was wrong and where; the delivery is poison.
    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<StoreEvent, String>;

    /// Whether facts pushed by webhooks count only after a read with the connection's own token, because
    /// their bodies do not name the shop or their secret is shared between connections.
    fn webhooks_are_hints(&self, connection: &Connection) -> bool;

    /// Reads an order with its fulfillments, without anything of the buyer.
    ///
    /// # Errors
    /// `NotFound` if the shop has no such order; else as [`crate::Failure`] says.
    async fn read_order(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        order: &StoreOrderId,
    ) -> Result<(StoreOrderFact, StoreFacts), ChannelError>;

    /// Reads a part of the fulfillments that changed since the cursor.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn changed_fulfillments(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<FulfillmentPage, ChannelError>;

    /// Topics that must be subscribed to through the store's API, as deliveries name them.
    fn webhook_topics(&self) -> &'static [&'static str];

    /// Reads the subscriptions that this connection's own authorisation may see.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError>;

    /// Changes one subscription. Whether to is the caller's to decide: nothing is looked up before.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError>;

    /// Looks whether credentials are accepted, scopes are granted and prerequisites hold, by reads alone.
    ///
    /// Webhook subscriptions are looked at by the workflow, which knows our addresses.
    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_allowed_scalars_go_on() {
        let body = json!({
            "id": 9_007_199_254_740_993_u64, "email": "buyer@example.com",
            "destination": {"name": "B"}, "status": {"name": "B"},
            "line_items": [{"id": 1, "sku": null, "title": "x"}, {"id": 2, "sku": "S", "properties": [{"name": "B"}]}],
            "tracking_numbers": ["a", {"name": "B"}],
        });
        let allowed = Allowed(&[
            &["id"],
            &["status"],
            &["line_items", "id"],
            &["line_items", "sku"],
            &["tracking_numbers"],
        ]);
        assert_eq!(
            reduce_json(&body, allowed),
            json!({
                "id": 9_007_199_254_740_993_u64,
                "line_items": [{"id": 1, "sku": null}, {"id": 2, "sku": "S"}],
                "tracking_numbers": ["a"],
            })
        );
        assert_eq!(reduce_to_ids(&body, allowed), json!({"id": 9_007_199_254_740_993_u64}));
        assert_eq!(reduce_to_ids(&json!([1]), allowed), Value::Null);
    }
}
