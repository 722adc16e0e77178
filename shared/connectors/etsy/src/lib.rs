//! Etsy, by its Open API v3: shop receipts are read, `createReceiptShipment` is written, signed webhooks are heard.
//!
//! The contract in our own words, with dates and sources, is in `README.md` beside this crate.

mod catalogue;
mod check_up;
mod client;
mod errors;
mod notify;
mod options;
mod poll;
mod receipts;
mod ship;
mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    Allows, Answer, Bulk, BuyerNotice, ChannelError, Check, Confirmed, Cursor, Explained, Limit, Marketplace,
    MarketplaceTraits, Notifies, OrderPage, Pushes, Reach, Shared, Spends, Subscribes,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};

/// The kind and the channel's name in errors.
const KIND: &str = "etsy";

/// Reads one receipt.
const READ: &str = "getShopReceipt";
/// Lists receipts.
const LIST: &str = "getShopReceipts";
/// Tells of a parcel.
const SHIP: &str = "createReceiptShipment";
/// Reads the shop itself.
const SHOP: &str = "getShop";
/// The token endpoint.
const TOKEN: &str = "token";

/// Calls of the app in a second.
const PER_SECOND: &str = "queriesPerSecond";
/// Calls of the app in any 24 hours.
const PER_DAY: &str = "queriesPerDay";

/// What a new app is given, read 21 November 2026; each answer tells what this one has.
///
/// Etsy's page says that they count per key or per token; developers see one pool for all shops of an app (discussion
/// 1387), so one pool it is. The day is any span of 24 hours, not one that ends at midnight.
const LIMITS: &[Limit] = &[
    Limit {
        operation: PER_SECOND,
        shared: Shared::App,
        allows: Allows::Rate { per_second: 10.0, burst: 10 },
    },
    Limit {
        operation: PER_DAY,
        shared: Shared::App,
        allows: Allows::Rolling { calls: 10_000, span: Duration::from_secs(86_400) },
    },
];

/// Every call counts against both.
const ONE_CALL: &[&str] = &[PER_SECOND, PER_DAY];

/// The Etsy connector. It holds no state: tokens live in `Credentials`, limits in the workflow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Etsy;

#[async_trait]
impl Marketplace for Etsy {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn title(&self) -> &'static str {
        "Etsy"
    }

    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::AnotherRow,
                known_by: KnownBy::Number,
                parts: Parts::Order,
                untracked: Untracked::Plain,
                cancels_after: None,
                one_origin: &[],
            },
            limits: LIMITS,
            spends: Spends { confirm: ONE_CALL, read: ONE_CALL, poll: ONE_CALL },
            // A poll is two calls at least: 576 a day for each shop, of which an app has 3,000 for polls.
            poll_every: Duration::from_secs(300),
            buyer_notice: BuyerNotice::Always(
                "Etsy mails the buyer of every parcel it is told of, and no switch turns that off",
            ),
            // 90 days unused; each use begins them anew.
            authorisation_ends: None,
        }
    }

    fn check_options(&self, connection: &Connection) -> Vec<String> {
        options::problems(connection)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &token::SECRETS
    }

    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId> {
        receipts::order_id(text)
    }

    fn country(&self, marketplace: &MarketplaceId) -> Option<&'static str> {
        options::country(marketplace.as_str())
    }

    async fn read_order(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        order: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        receipts::read_order(reach, connection, order).await
    }

    async fn changed_orders(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        poll::changed_orders(reach, connection, cursor).await
    }

    async fn confirm(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        confirmation: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        ship::confirm(reach, connection, confirmation).await
    }

    fn bulk(&self) -> Option<&dyn Bulk> {
        None
    }

    fn notifies(&self) -> Option<&dyn Notifies> {
        Some(&notify::Webhooks)
    }

    fn pushes(&self) -> Option<&dyn Pushes> {
        None
    }

    fn subscribes(&self) -> Option<&dyn Subscribes> {
        None
    }

    fn catalogue(&self) -> &'static [Explained] {
        catalogue::ROWS
    }

    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        check_up::check_up(reach, connection).await
    }
}
