//! What a marketplace connector is.

use std::time::Duration;

use async_trait::async_trait;
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::MarketplaceOrderId;
use domain::marketplace_order::OrderFacts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ChannelError, Check, Reach};

/// A limit as published: the start value, until answers say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The operation, in the marketplace's words.
    pub operation: &'static str,
    /// Requests per second.
    pub rate: f64,
    /// The most at once.
    pub burst: u32,
}

/// A limit as an answer's headers told it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitHint {
    /// The operation.
    pub operation: &'static str,
    /// Requests per second.
    pub rate: f64,
}

/// An answer, and what came along with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// The marketplace's id of the request, for its support.
    pub request_id: Option<String>,
    /// A limit it told.
    pub limit: Option<LimitHint>,
}

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

/// What is peculiar to a marketplace, as far as the workflow must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketplaceTraits {
    /// The same reference again edits a confirmed package.
    pub edits: bool,
    /// Its published limits, by operation.
    pub limits: &'static [Limit],
    /// The name of the limit that [`Marketplace::confirm`] spends.
    pub confirm_operation: &'static str,
    /// The name of the limit that [`Marketplace::read_order`] spends.
    pub read_operation: &'static str,
    /// The name of the limit that [`Marketplace::changed_orders`] spends.
    pub poll_operation: &'static str,
    /// How long a poll waits for the next by default.
    pub poll_every: Duration,
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

    /// Tells that a package has left. The same reference again edits it, where [`MarketplaceTraits::edits`].
    ///
    /// # Errors
    /// As [`crate::Failure`] says. `Retryable { reached: Maybe }` leaves doubt: read before repeating.
    async fn confirm(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        confirmation: &Confirmation,
    ) -> Result<Answer<()>, ChannelError>;

    /// Looks whether credentials are accepted, rights are granted and prerequisites hold, by reads alone.
    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check>;
}
