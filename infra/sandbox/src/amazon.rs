//! The Amazon stand-in: Login with Amazon, orders v2026-01-01, confirmShipment v0, feeds 2021-06-30 and notifications
//! v1, for any number of sellers.
//!
//! It answers on these paths, true to the models of 5 August 2026 and to refusals seen in the field:
//!
//! | request | operation (for faults and counts) |
//! |---|---|
//! | `POST /auth/o2/token` | `token` |
//! | `GET /orders/2026-01-01/orders` | `searchOrders` |
//! | `GET /orders/2026-01-01/orders/{id}` | `getOrder` |
//! | `GET /sellers/v1/marketplaceParticipations` | `getMarketplaceParticipations` |
//! | `POST /orders/v0/orders/{id}/shipmentConfirmation` | `confirmShipment` |
//! | `POST /feeds/2021-06-30/documents`, `GET …/{id}` | `createFeedDocument`, `getFeedDocument` |
//! | `POST /feeds/2021-06-30/feeds`, `GET …`, `GET …/{id}` | `createFeed`, `getFeeds`, `getFeed` |
//! | `GET`, `POST /notifications/v1/destinations` | `getDestinations`, `createDestination` |
//! | `GET`, `POST /notifications/v1/subscriptions/{topic}` | `getSubscription`, `createSubscription` |
//! | `DELETE /notifications/v1/subscriptions/{topic}/{id}` | `deleteSubscriptionById` |
//!
//! Documents of feeds lie below `/_documents/`, at addresses that it signs.
//!
//! It refuses no carrier code (Amazon's is a free string) and keeps what was sent.
//!
//! # Control
//!
//! JSON over HTTP below `/_sandbox/`, or the methods of [`AmazonSandbox`] of the same names. Times are RFC 3339.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST sellers` | [`Seller`]: `{"seller","client_id","client_secret","refresh_token","access_denied"?}` |
//! | `POST participations` | `{"seller", "marketplaces": [`[`Participation`]`]}`: where a seller sells |
//! | `POST orders` | [`NewOrder`], or a list; an order of the same id is replaced |
//! | `POST orders/{id}` | [`OrderChange`]: what happened to the order since |
//! | `POST faults` | [`Planned`], or a list |
//! | `POST revoke` | `{"seller"}`: the refresh token and every access token die |
//! | `POST restore` | `{"seller","refresh_token"?}`: authorised again, perhaps with a new refresh token |
//! | `POST feeds` | [`FeedPlan`], or a list: how the next feed fares |
//! | `POST prices` | `{"order","currency","prices": {line: amount}}`: what buyers paid a unit |
//! | `GET messages` | takes the messages put into queues since: [`QueueMessage`]s |
//! | `POST notify` | `{"order"}`: tells whoever subscribed that it changed |
//! | `POST expire` | `{"seller"}`: every access token runs out now |
//! | `POST settings` | [`Settings`], absent keys unchanged |
//! | `GET record` | [`Record`]: what was really done |
//! | `POST clear` | `{"what"?: "all" (default), "record", "faults"}` |
//!
//! A refused control request is answered 400 with `{"error"}`.

mod answer;
mod confirm;
mod control;
mod dispatch;
mod feeds;
mod limits;
mod lwa;
mod notifications;
mod orders;
mod participations;
mod read;
mod record;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::faults::{Faults, Planned};

use limits::Buckets;
use orders::Order;
use read::Pages;

pub use feeds::{FeedEnd, FeedPlan, FeedReport, RefusedMessage};
pub use lwa::Seller;
pub use notifications::QueueMessage;
pub use orders::{ChangedPackage, Content, NewItem, NewOrder, NewPackage, OrderChange, Party, Status};
pub use participations::Participation;
pub use record::{By, Effect, PackageRecord, Record, RefundRecord};

/// A seller's id at Amazon, which feeds and notifications name: made from the name.
#[must_use]
pub fn seller_id(seller: &str) -> String {
    let letters = seller.chars().filter(char::is_ascii_alphanumeric).take(12).map(|c| c.to_ascii_uppercase());
    let id: String = std::iter::once('A').chain(letters).collect();
    format!("{id:0<13}")
}

/// The names of the operations.
const CONFIRM: &str = "confirmShipment";
const GET_ORDER: &str = "getOrder";
const SEARCH: &str = "searchOrders";
const PARTICIPATIONS: &str = "getMarketplaceParticipations";
const TOKEN: &str = "token";
const CREATE_DOCUMENT: &str = "createFeedDocument";
const GET_DOCUMENT: &str = "getFeedDocument";
const CREATE_FEED: &str = "createFeed";
const GET_FEED: &str = "getFeed";
const GET_FEEDS: &str = "getFeeds";
const GET_DESTINATIONS: &str = "getDestinations";
const CREATE_DESTINATION: &str = "createDestination";
const GET_SUBSCRIPTION: &str = "getSubscription";
const CREATE_SUBSCRIPTION: &str = "createSubscription";
const DELETE_SUBSCRIPTION: &str = "deleteSubscriptionById";

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds from an accepted confirmation until reads show it.
    pub shows_after_seconds: u64,
    /// How far lists stay behind the present where no upper edge is given. Amazon's own reads two minutes.
    pub search_lag_seconds: u64,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// Whether the published limits (rate and burst, per operation and seller) are enforced.
    pub limits: bool,
    /// How long a feed takes, where its plan does not say.
    pub feed_seconds: u64,
    /// Optional data sets that are refused with a 400, as has happened in one region for a day.
    pub refuse_included_data: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shows_after_seconds: 0,
            search_lag_seconds: 120,
            token_seconds: 3600,
            limits: false,
            feed_seconds: 60,
            refuse_included_data: Vec::new(),
        }
    }
}

/// The stand-in. A plain state machine: time comes with each request, and nothing is left to chance.
#[derive(Default)]
pub struct AmazonSandbox {
    settings: Settings,
    sellers: lwa::Sellers,
    orders: BTreeMap<String, Order>,
    faults: Faults,
    buckets: Buckets,
    pages: Pages,
    participations: BTreeMap<String, Vec<Participation>>,
    feeds: feeds::Feeds,
    notifications: notifications::Notifications,
    /// What a unit of each line was paid, by order.
    prices: BTreeMap<String, (String, BTreeMap<String, Decimal>)>,
    record: record::Ledger,
    requests: u64,
}

impl std::fmt::Debug for AmazonSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmazonSandbox")
            .field("settings", &self.settings)
            .field("orders", &self.orders.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl AmazonSandbox {
    /// A stand-in without sellers and orders.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a seller, or replaces the one of the same name. Tokens of the replaced one die.
    pub fn add_seller(&mut self, seller: Seller) {
        self.sellers.add(seller);
    }

    /// Adds an order, or replaces the one of the same id.
    ///
    /// # Errors
    /// What is wrong with the description, for a person.
    pub fn add_order(&mut self, now: Timestamp, order: NewOrder) -> Result<(), String> {
        if !self.sellers.knows(&order.seller) {
            return Err(format!("there is no seller {:?}", order.seller));
        }
        let order = Order::new(now, order)?;
        let id = order.id().to_owned();
        self.orders.insert(id.clone(), order);
        self.notify_order(now, &id);
        Ok(())
    }

    /// Changes an order as the world does: cancelled, released, confirmed by another tool.
    ///
    /// # Errors
    /// There is no such order, or the change does not fit it.
    pub fn change_order(&mut self, now: Timestamp, order: &str, change: OrderChange) -> Result<(), String> {
        let changed = self.orders.get_mut(order).ok_or_else(|| format!("there is no order {order:?}"))?;
        changed.change(now, change)?;
        self.notify_order(now, order);
        Ok(())
    }

    /// Makes coming calls go wrong.
    pub fn plan_fault(&mut self, fault: Planned) {
        self.faults.plan(fault);
    }

    /// Takes a seller's authorisation away: refresh token and access tokens.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn revoke(&mut self, seller: &str) -> Result<(), String> {
        self.sellers.revoke(seller)
    }

    /// Authorises a seller again, with a new refresh token if given.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn restore(&mut self, seller: &str, refresh_token: Option<String>) -> Result<(), String> {
        self.sellers.restore(seller, refresh_token)
    }

    /// Lets a seller's access tokens run out.
    pub fn expire(&mut self, seller: &str) {
        self.sellers.expire(seller);
    }

    /// How it behaves now.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Behaves otherwise from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What was really done.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record.read(self.orders.values())
    }

    /// Forgets everything but the settings.
    pub fn clear(&mut self) {
        *self = Self { settings: self.settings.clone(), requests: self.requests, ..Self::default() };
    }

    /// Forgets effects and counts; orders keep their packages.
    pub fn clear_record(&mut self) {
        self.record = record::Ledger::default();
    }

    /// Forgets planned faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }
}
