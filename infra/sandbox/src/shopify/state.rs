//! What a shop holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tokens::App;
use super::webhooks::Subscription;

/// A shop to create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopSpec {
    /// `name.myshopify.com`.
    pub domain: String,
    /// The lasting token that requests of this shop's app carry, if it is one of before 2026: it tells which shop they
    /// mean.
    #[serde(default)]
    pub access_token: Option<String>,
    /// The id with which the shop's app fetches tokens, if it is one of today.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The client secret: deliveries are signed with it, and tokens fetched.
    pub webhook_secret: String,
    /// Points that the bucket holds.
    #[serde(default = "standard_points")]
    pub points: f64,
    /// Points that come back each second.
    #[serde(default = "standard_rate")]
    pub restore_rate: f64,
    /// What the app may do.
    #[serde(default = "standard_scopes")]
    pub scopes: Vec<String>,
    /// Whether the shop fulfills new orders by itself.
    #[serde(default)]
    pub automatic_fulfillment: bool,
    /// Places that parcels leave from: their ids, and their countries as Shopify writes them (`GB`).
    #[serde(default)]
    pub locations: BTreeMap<u64, String>,
}

fn standard_points() -> f64 {
    2_000.0
}

fn standard_rate() -> f64 {
    100.0
}

fn standard_scopes() -> Vec<String> {
    ["read_orders", "read_all_orders", "read_merchant_managed_fulfillment_orders", "read_locations"]
        .map(str::to_owned)
        .into()
}

impl ShopSpec {
    /// A shop with the limits of the Standard plan, and an app of before 2026.
    #[must_use]
    pub fn new(domain: &str, access_token: &str, webhook_secret: &str) -> Self {
        Self {
            access_token: Some(access_token.to_owned()),
            client_id: None,
            ..Self::of_today(domain, "", webhook_secret)
        }
    }

    /// The same with an app that fetches its tokens.
    #[must_use]
    pub fn of_today(domain: &str, client_id: &str, webhook_secret: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            access_token: None,
            client_id: Some(client_id.to_owned()),
            webhook_secret: webhook_secret.to_owned(),
            points: standard_points(),
            restore_rate: standard_rate(),
            scopes: standard_scopes(),
            automatic_fulfillment: false,
            locations: BTreeMap::new(),
        }
    }
}

/// An order to create. Whatever is left out is made up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderSpec {
    /// Its id.
    pub id: Option<u64>,
    /// `#1001`.
    pub name: Option<String>,
    /// The channel it came from.
    pub source_name: Option<String>,
    /// Its id there.
    pub source_identifier: Option<String>,
    /// Note attributes, in order.
    pub attributes: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// What was bought.
    pub lines: Vec<LineSpec>,
    /// Who bought it: in every delivery, and asked for by nobody.
    pub buyer: Option<Buyer>,
}

/// A line to create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// Its id.
    #[serde(default)]
    pub id: Option<u64>,
    /// Absent for a custom line.
    #[serde(default)]
    pub sku: Option<String>,
    /// Units.
    pub quantity: u32,
    /// What the buyer sees.
    #[serde(default)]
    pub title: Option<String>,
}

impl LineSpec {
    /// Units of a SKU.
    #[must_use]
    pub fn new(sku: &str, quantity: u32) -> Self {
        Self { id: None, sku: Some(sku.to_owned()), quantity, title: None }
    }
}

/// A fulfillment to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FulfillSpec {
    /// What is inside; absent: all that is not fulfilled yet.
    pub lines: Option<Vec<FulfillLine>>,
    /// Tracking numbers, none to begin with if need be.
    pub numbers: Vec<String>,
    /// The carrier, in anybody's words.
    pub company: Option<String>,
    /// When it left, if not now.
    pub at: Option<Timestamp>,
    /// Where it left from.
    pub location: Option<u64>,
}

/// Units of a line, which is named by its id or its SKU.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FulfillLine {
    /// The line's id.
    pub line: Option<u64>,
    /// Or its SKU.
    pub sku: Option<String>,
    /// Units.
    pub quantity: u32,
}

/// A new carrier and new numbers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackingSpec {
    /// All numbers from now on.
    pub numbers: Vec<String>,
    /// The carrier from now on.
    pub company: Option<String>,
}

/// A buyer. The one made up is called Canary everywhere, so that a test can look for that word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Buyer {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail.
    pub email: String,
    /// Phone.
    pub phone: String,
    /// Street and number.
    pub address1: String,
    /// Town.
    pub city: String,
    /// Postcode.
    pub zip: String,
}

impl Default for Buyer {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            first_name: text("Canary"),
            last_name: text("Sandbuyer"),
            email: text("canary.sandbuyer@example.com"),
            phone: text("+1-555-0142-733"),
            address1: text("12 Canary Row"),
            city: text("Canaryton"),
            zip: text("40099"),
        }
    }
}

/// How a fulfillment stands, in REST's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// On its way.
    Success,
    /// Cancelled.
    Cancelled,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its id.
    pub id: u64,
    /// Absent for a custom line.
    pub sku: Option<String>,
    /// Units ordered.
    pub quantity: u32,
    /// What the buyer sees.
    pub title: String,
}

/// A fulfillment of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Fulfillment {
    /// Its id.
    pub id: u64,
    /// How it stands.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed.
    pub updated_at: Timestamp,
    /// The carrier.
    pub company: Option<String>,
    /// Tracking numbers.
    pub numbers: Vec<String>,
    /// Line ids and units.
    pub lines: Vec<(u64, u32)>,
    /// Where it left from.
    pub location: Option<u64>,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// Its id.
    pub id: u64,
    /// `#1001`.
    pub name: String,
    /// The channel it came from.
    pub source_name: Option<String>,
    /// Its id there.
    pub source_identifier: Option<String>,
    /// Note attributes.
    pub attributes: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it changed.
    pub updated_at: Timestamp,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What was sent.
    pub fulfillments: Vec<Fulfillment>,
    /// Who bought it.
    pub buyer: Buyer,
}

impl Order {
    /// Units of a line that no live fulfillment holds.
    #[must_use]
    pub fn unfulfilled(&self, line: &Line) -> u32 {
        let live = self.fulfillments.iter().filter(|f| f.status == Status::Success);
        let sent: u32 = live.flat_map(|f| &f.lines).filter(|(id, _)| *id == line.id).map(|(_, n)| n).sum();
        line.quantity.saturating_sub(sent)
    }

    /// What GraphQL shows of it.
    #[must_use]
    pub fn display_status(&self) -> &'static str {
        let left: u32 = self.lines.iter().map(|line| self.unfulfilled(line)).sum();
        let all: u32 = self.lines.iter().map(|line| line.quantity).sum();
        match left {
            0 if all > 0 => "FULFILLED",
            left if left == all => "UNFULFILLED",
            _ => "PARTIALLY_FULFILLED",
        }
    }
}

/// A shop and its bucket of points.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) domain: String,
    /// The lasting one; absent once the app is uninstalled or it was revoked.
    pub(super) access_token: Option<String>,
    pub(super) app: App,
    pub(super) webhook_secret: String,
    pub(super) orders: BTreeMap<u64, Order>,
    pub(super) points: f64,
    pub(super) restore_rate: f64,
    /// What the app may do.
    pub(super) scopes: Vec<String>,
    /// Whether new orders are fulfilled by the shop itself.
    pub(super) automatic_fulfillment: bool,
    /// The addresses of its places.
    pub(super) locations: BTreeMap<u64, Value>,
    /// The app's webhook subscriptions.
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) last_subscription: u64,
    available: f64,
    filled_at: Timestamp,
}

impl Shop {
    pub(super) fn new(spec: ShopSpec, now: Timestamp) -> Self {
        Self {
            domain: spec.domain,
            access_token: spec.access_token,
            app: App::new(spec.client_id),
            webhook_secret: spec.webhook_secret,
            orders: BTreeMap::new(),
            points: spec.points,
            restore_rate: spec.restore_rate,
            scopes: spec.scopes,
            automatic_fulfillment: spec.automatic_fulfillment,
            locations: spec
                .locations
                .into_iter()
                .map(|(id, code)| (id, json!({"countryCode": code})))
                .collect(),
            subscriptions: Vec::new(),
            last_subscription: 0,
            available: spec.points,
            filled_at: now,
        }
    }

    /// Points there are by now.
    pub(super) fn available(&mut self, now: Timestamp) -> f64 {
        let seconds = now.duration_since(self.filled_at).as_secs_f64().max(0.0);
        self.available = (self.available + seconds * self.restore_rate).min(self.points);
        self.filled_at = self.filled_at.max(now);
        self.available
    }

    pub(super) fn spend(&mut self, points: f64) {
        self.available = (self.available - points).max(0.0);
    }
}
