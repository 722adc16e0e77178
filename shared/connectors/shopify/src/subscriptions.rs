//! Webhook subscriptions of the app in one shop: listed, made, redirected, ended.
//!
//! Contract: Admin GraphQL 2026-10 `webhookSubscriptions`, `webhookSubscriptionCreate`, `webhookSubscriptionUpdate`
//! and `webhookSubscriptionDelete`. The field `uri` takes the place of `callbackUrl` since 2025-10 (changelog of
//! 2025-08-08; object `WebhookSubscription` of 2026-07), read 2026-11-21. A shop tells an app only its own
//! subscriptions, and not those of its configuration file.

use connector_api::{ChannelError, Failure, Reach, Subscription, SubscriptionChange};
use domain::connection::Connection;
use serde::Deserialize;
use serde_json::json;

use crate::TITLE;
use crate::client::{Client, odd};
use crate::wire::admin::Page;
use crate::wire::queries::{Query, REDIRECT, SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE};

/// The topics we subscribe to. The three privacy topics can be set in the app's configuration only.
pub(crate) const TOPICS: [&str; 5] =
    ["fulfillments/create", "fulfillments/update", "orders/cancelled", "refunds/create", "app/uninstalled"];

/// A topic's name in GraphQL: `FULFILLMENTS_CREATE`.
fn graphql_name(topic: &str) -> String {
    topic.replace('/', "_").to_ascii_uppercase()
}

/// How many pages of a list are read: an app has a handful of subscriptions.
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscriptions {
    webhook_subscriptions: Page<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    topic: String,
    uri: String,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    include_fields: Option<Vec<String>>,
}

impl Node {
    fn flaw(&self) -> Option<String> {
        if self.format.as_deref().is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
            return Some("it sends XML instead of JSON".to_owned());
        }
        if self.filter.as_deref().is_some_and(|filter| !filter.trim().is_empty()) {
            return Some("a filter keeps deliveries back".to_owned());
        }
        // Identical bodies in a row may be dropped as equal, and a body without its ids says nothing.
        self.include_fields
            .as_ref()
            .is_some_and(|fields| !fields.is_empty())
            .then(|| "it sends only some fields".to_owned())
    }
}

impl From<Node> for Subscription {
    fn from(node: Node) -> Self {
        let flaw = node.flaw();
        let ours = TOPICS.into_iter().find(|topic| graphql_name(topic) == node.topic);
        let topic = ours.map_or(node.topic, str::to_owned);
        Self { id: node.id, topic, address: node.uri, flaw }
    }
}

/// Reads all of them.
pub(crate) async fn all(
    reach: Reach<'_>,
    connection: &Connection,
) -> Result<Vec<Subscription>, ChannelError> {
    let operation = SUBSCRIPTIONS.operation;
    let client = Client::open(reach, connection, operation).await?;
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let answer: Subscriptions = client.ask(SUBSCRIPTIONS, json!({ "after": after })).await?;
        let page = answer.webhook_subscriptions;
        after = page.more().map_err(|detail| odd(operation, detail))?.map(str::to_owned);
        found.extend(page.nodes.into_iter().map(Subscription::from));
        if after.is_none() {
            return Ok(found);
        }
    }
    Err(odd(operation, "the list of subscriptions does not end"))
}

#[derive(Deserialize)]
struct Done {
    done: Option<Outcome>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct UserError {
    message: String,
}

/// Makes one change.
///
/// # Errors
/// `Rejected` with Shopify's words where the answer names user errors, which come with status 200.
pub(crate) async fn change(
    reach: Reach<'_>,
    connection: &Connection,
    change: &SubscriptionChange,
) -> Result<(), ChannelError> {
    let (query, variables): (Query, _) = match change {
        SubscriptionChange::Create { topic, address } => {
            let subscription = json!({ "uri": address, "format": "JSON" });
            (SUBSCRIBE, json!({ "topic": graphql_name(topic), "subscription": subscription }))
        }
        SubscriptionChange::Redirect { id, address } => {
            (REDIRECT, json!({ "id": id, "subscription": { "uri": address } }))
        }
        SubscriptionChange::Delete { id } => (UNSUBSCRIBE, json!({ "id": id })),
    };
    let client = Client::open(reach, connection, query.operation).await?;
    let answer: Done = client.ask(query, variables).await?;
    let outcome = answer.done.ok_or_else(|| odd(query.operation, "the answer says nothing of the change"))?;
    if outcome.user_errors.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = outcome.user_errors.into_iter().map(|error| error.message).collect();
    let failure = Failure::Rejected { code: "USER_ERROR".to_owned() };
    Err(ChannelError::new(TITLE, query.operation, failure, words.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_serve_us_is_seen_and_foreign_topics_keep_their_name() {
        for (node, topic, flawed) in [
            (json!({"id": "1", "topic": "FULFILLMENTS_CREATE", "uri": "u"}), "fulfillments/create", false),
            (
                json!({"id": "1", "topic": "ORDERS_CANCELLED", "uri": "u", "format": "JSON", "filter": null,
                       "includeFields": []}),
                "orders/cancelled",
                false,
            ),
            (
                json!({"id": "1", "topic": "APP_UNINSTALLED", "uri": "u", "format": "XML"}),
                "app/uninstalled",
                true,
            ),
            (
                json!({"id": "1", "topic": "ORDERS_EDITED", "uri": "u", "filter": "id:1"}),
                "ORDERS_EDITED",
                true,
            ),
            (
                json!({"id": "1", "topic": "FULFILLMENTS_UPDATE", "uri": "u", "includeFields": ["id"]}),
                "fulfillments/update",
                true,
            ),
        ] {
            let read = Subscription::from(serde_json::from_value::<Node>(node.clone()).unwrap());
            assert_eq!((read.topic.as_str(), read.flaw.is_some()), (topic, flawed), "{node}");
        }
    }
}
