//! The app's own side of a shop: its scopes, its webhook subscriptions, the API's versions.
//!
//! True to Admin GraphQL 2026-10: an app sees and changes its own subscriptions only; a topic and an address
//! together are taken once; addresses must be https (this stand-in takes plain http on the own machine as well);
//! a topic whose scope is missing is refused when it is subscribed to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::execute::{Refusal, Run};
use super::graphql::Field;
use super::state::Shop;
use super::{Refused, ShopifySandbox};

/// The API's versions there are: what is older is answered by the oldest of them.
const VERSIONS: [(&str, bool); 6] = [
    ("2026-01", true),
    ("2026-04", true),
    ("2026-07", true),
    ("2026-10", true),
    ("2027-01", false),
    ("unstable", false),
];

/// Topics that may be subscribed to here, and the scopes of which one is needed.
const TOPICS: [(&str, &[&str]); 7] = [
    ("FULFILLMENTS_CREATE", FULFILLMENTS),
    ("FULFILLMENTS_UPDATE", FULFILLMENTS),
    ("ORDERS_CANCELLED", &["orders"]),
    ("REFUNDS_CREATE", &["orders"]),
    ("ORDERS_EDITED", &["orders"]),
    ("REFUNDS_CREATE", &["orders"]),
    ("APP_UNINSTALLED", &[]),
];

const FULFILLMENTS: &[&str] = &[
    "fulfillments",
    "marketplace_orders",
    "merchant_managed_fulfillment_orders",
    "third_party_fulfillment_orders",
    "assigned_fulfillment_orders",
];

/// A subscription of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its id; made up if it is empty.
    #[serde(default)]
    pub id: String,
    /// `FULFILLMENTS_CREATE`.
    pub topic: String,
    /// Where it sends to.
    pub uri: String,
    /// `JSON` or `XML`.
    #[serde(default = "json_format")]
    pub format: String,
    /// Which events only, if not all.
    #[serde(default)]
    pub filter: Option<String>,
}

fn json_format() -> String {
    "JSON".to_owned()
}

impl Subscription {
    fn shown(&self) -> Value {
        json!({
            "id": self.id, "topic": self.topic, "uri": self.uri, "format": self.format, "filter": self.filter,
            "includeFields": [],
        })
    }
}

impl ShopifySandbox {
    /// Grants the shop's app these scopes and no others.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn set_scopes(&mut self, shop: &str, scopes: Vec<String>) -> Result<(), Refused> {
        self.shop_mut(shop)?.scopes = scopes;
        Ok(())
    }

    /// Whether the shop fulfills new orders by itself.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn set_automatic_fulfillment(&mut self, shop: &str, on: bool) -> Result<(), Refused> {
        self.shop_mut(shop)?.automatic_fulfillment = on;
        Ok(())
    }

    /// The app's subscriptions in a shop.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn subscriptions(&self, shop: &str) -> Result<&[Subscription], Refused> {
        Ok(&self.shop(shop)?.subscriptions)
    }

    /// Adds a subscription as somebody else with the app's token would, unchecked.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn add_subscription(&mut self, shop: &str, subscription: Subscription) -> Result<(), Refused> {
        self.shop_mut(shop)?.subscribe(subscription);
        Ok(())
    }

    /// Ends every subscription, as Shopify does after eight failures in a row.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn end_subscriptions(&mut self, shop: &str) -> Result<(), Refused> {
        self.shop_mut(shop)?.subscriptions.clear();
        Ok(())
    }
}

impl Shop {
    /// Whether the app has `read_` or `write_` of this.
    pub(super) fn may(&self, what: &str) -> bool {
        self.scopes.iter().any(|scope| {
            ["read_", "write_"].iter().any(|verb| scope.strip_prefix(verb).is_some_and(|rest| rest == what))
        })
    }

    fn subscribe(&mut self, mut subscription: Subscription) -> Value {
        if subscription.id.is_empty() {
            self.last_subscription += 1;
            subscription.id = format!("gid://shopify/WebhookSubscription/{}", self.last_subscription);
        }
        let shown = subscription.shown();
        self.subscriptions.push(subscription);
        shown
    }

    /// Why this topic may not be sent to this address; `but` is the subscription that is changed.
    fn refuses(&self, topic: &str, uri: &str, but: &str) -> Option<&'static str> {
        let Some((_, scopes)) = TOPICS.iter().find(|(name, _)| *name == topic) else {
            return Some("Topic is invalid");
        };
        if !scopes.is_empty() && !scopes.iter().any(|scope| self.may(scope)) {
            return Some("You cannot create a webhook subscription with the specified topic");
        }
        let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if !uri.starts_with("https://") && !here.iter().any(|local| uri.starts_with(local)) {
            return Some("Address protocol http:// is not supported");
        }
        self.subscriptions
            .iter()
            .any(|other| other.id != but && other.topic == topic && other.uri == uri)
            .then_some("Address for this topic has already been taken")
    }

    fn create(&mut self, topic: &str, input: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let uri = text("uri").ok_or("Address can't be blank")?;
        if let Some(why) = self.refuses(topic, uri, "") {
            return Err(why);
        }
        Ok(self.subscribe(Subscription {
            id: String::new(),
            topic: topic.to_owned(),
            uri: uri.to_owned(),
            format: text("format").unwrap_or("JSON").to_owned(),
            filter: text("filter").map(str::to_owned),
        }))
    }

    fn redirect(&mut self, id: &str, input: &Value) -> Result<Value, &'static str> {
        const GONE: &str = "Webhook subscription does not exist";
        let found = self.subscriptions.iter().find(|other| other.id == id).ok_or(GONE)?;
        let uri = input.get("uri").and_then(Value::as_str).unwrap_or(&found.uri).to_owned();
        if let Some(why) = self.refuses(&found.topic, &uri, id) {
            return Err(why);
        }
        let found = self.subscriptions.iter_mut().find(|other| other.id == id).ok_or(GONE)?;
        found.uri = uri;
        Ok(found.shown())
    }

    fn delete(&mut self, id: &str) -> Result<Value, &'static str> {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|other| other.id != id);
        if self.subscriptions.len() == before {
            Err("Webhook subscription does not exist")
        } else {
            Ok(json!(id))
        }
    }

    /// Carries out a field of a mutation: its payload.
    fn mutate(&mut self, run: &Run<'_>, field: &Field) -> Value {
        let text = |name: &str| run.argument(field, name).as_str().unwrap_or_default().to_owned();
        let input = run.argument(field, "webhookSubscription");
        let (name, done) = match field.name.as_str() {
            "webhookSubscriptionCreate" => ("webhookSubscription", self.create(&text("topic"), &input)),
            "webhookSubscriptionUpdate" => ("webhookSubscription", self.redirect(&text("id"), &input)),
            _ => ("deletedWebhookSubscriptionId", self.delete(&text("id"))),
        };
        match done {
            Ok(value) => json!({ name: value, "userErrors": [] }),
            Err(why) => {
                json!({ name: null, "userErrors": [{"field": ["webhookSubscription"], "message": why}] })
            }
        }
    }

    /// What a field of the query's root holds, if it is about the app.
    fn of_the_app(&self, field: &str) -> Option<Value> {
        Some(match field {
            "shop" => {
                json!({ "id": "gid://shopify/Shop/1", "name": self.domain, "myshopifyDomain": self.domain })
            }
            "currentAppInstallation" => {
                let scopes: Vec<Value> = self.scopes.iter().map(|scope| json!({ "handle": scope })).collect();
                json!({ "id": "gid://shopify/AppInstallation/1", "accessScopes": scopes })
            }
            "publicApiVersions" => {
                VERSIONS.iter().map(|(handle, ok)| json!({ "handle": handle, "supported": ok })).collect()
            }
            "webhookSubscriptions" => self.subscriptions.iter().map(Subscription::shown).collect(),
            _ => return None,
        })
    }
}

/// Everything about the app that a query asks for, and what a mutation did, by the name it is answered under.
///
/// # Errors
/// What the query selects cannot be understood.
pub(super) fn roots(
    shop: &mut Shop,
    query: &super::graphql::Query,
    variables: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let none = Map::new();
    // Its orders are no part of the app, and there may be thousands.
    let orders = std::mem::take(&mut shop.orders);
    let before = shop.clone();
    shop.orders = orders;
    let run = Run { query, variables, shop: &before, roots: &none };
    let mut all = Map::new();
    for field in run.root_fields()? {
        if query.mutation {
            all.insert(field.alias.clone(), shop.mutate(&run, field));
        } else if let Some(value) = shop.of_the_app(&field.name) {
            all.insert(field.alias.clone(), value);
        }
    }
    Ok(all)
}
