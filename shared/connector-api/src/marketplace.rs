//! What a marketplace connector is.

use std::time::Duration;

use async_trait::async_trait;
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::MarketplaceOrderId;
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::MarketplaceRules;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, Bulk, ChannelError, Check, Explained, Limit, Notifies, Pushes, Reach, Subscribes};

/// Where a poll stands: opaque to the workflow, which only keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything that changed before this was seen.
    pub since: Timestamp,
    /// Within a poll of several pages: the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// A part of what changed.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderPage {
    /// Orders that changed.
    pub orders: Vec<(MarketplaceOrderId, OrderFacts)>,
    /// Where to go on. Without a `page` this poll is complete.
    pub next: Cursor,
}

/// The limits that calls spend, by name; a name twice means two calls of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spends {
    /// Of [`Marketplace::confirm`].
    pub confirm: &'static [&'static str],
    /// Of [`Marketplace::read_order`].
    pub read: &'static [&'static str],
    /// Of [`Marketplace::changed_orders`].
    pub poll: &'static [&'static str],
}

/// What is peculiar to a marketplace, as far as the workflow must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketplaceTraits {
    /// What it allows of a package.
    pub rules: MarketplaceRules,
    /// Its published limits.
    pub limits: &'static [Limit],
    /// What its calls spend of them.
    pub spends: Spends,
    /// How long a poll waits for the next by default.
    pub poll_every: Duration,
    /// Whether a seller decides over what the marketplace mails a buyer about a parcel.
    pub buyer_notice: BuyerNotice,
    /// When an authorisation ends whatever is done with it, in words that follow "ends"; `None` if it does not.
    pub authorisation_ends: Option<&'static str>,
}

/// What a seller may decide about the mail that a marketplace sends the buyer about a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuyerNotice {
    /// Nothing: the marketplace decides. The words say so to a merchant who asks for something else.
    MarketplaceDecides(&'static str),
    /// It is always sent; the seller may add words or a copy for themselves.
    Always(&'static str),
}

/// What the marketplace said of a package that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Its own reference of the package, where it gave one.
    pub reference: Option<String>,
    /// Whether its answer shows the package.
    pub kept: Kept,
}

/// Whether an answer that takes a package shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// It does not say.
    #[default]
    Unsaid,
    /// It shows it as it was sent.
    Shown,
    /// It shows the order without it: taken, and not kept. Never repeated without a person.
    Dropped {
        /// What it shows instead.
        detail: String,
    },
}

/// A marketplace connector. No defaults: what a marketplace cannot do, its traits say.
#[async_trait]
pub trait Marketplace: Send + Sync {
    /// Its kind in settings and keys: `amazon`.
    fn kind(&self) -> &'static str;

    /// Its name for people: `Amazon`.
    fn title(&self) -> &'static str;

    /// What is peculiar to it.
    fn traits(&self) -> MarketplaceTraits;

    /// Problems of a connection's options, each naming the key.
    fn check_options(&self, connection: &Connection) -> Vec<String>;

    /// The names of secrets a connection must bring.
    fn secret_names(&self) -> &'static [&'static str];

    /// Reads `text` as an order id of this marketplace, if it has that form.
    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId>;

    /// The country (ISO 3166, lower case) whose carrier list applies to an order of this marketplace id.
    fn country(&self, marketplace: &domain::ids::MarketplaceId) -> Option<&'static str>;

    /// Reads an order: what it is, and the packages it shows.
    ///
    /// # Errors
    /// `NotFound` if the account has no such order; else as [`crate::Failure`] says.
    async fn read_order(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        order: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError>;

    /// Reads a part of the orders that changed since the cursor.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn changed_orders(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError>;

    /// Tells that a package has left. The same reference again edits it, where the rules allow edits.
    ///
    /// # Errors
    /// As [`crate::Failure`] says. `Retryable { reached: Maybe }` leaves doubt: read before repeating.
    async fn confirm(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        confirmation: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError>;

    /// Its bulk way, if it has one.
    fn bulk(&self) -> Option<&dyn Bulk>;

    /// Its posts to our address, if it makes any.
    fn notifies(&self) -> Option<&dyn Notifies>;

    /// Its messages in a queue of ours, if it sends any.
    fn pushes(&self) -> Option<&dyn Pushes>;

    /// Its subscriptions, if they are made through its API.
    fn subscribes(&self) -> Option<&dyn Subscribes>;

    /// Its error codes in plain words; those that ask for words stand before those that do not.
    fn catalogue(&self) -> &'static [Explained];

    /// Looks whether credentials are accepted, rights are granted and prerequisites hold, by reads alone.
    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check>;
}
