//! Amazon, by the Selling Partner API: orders v2026-01-01 are read, confirmShipment v0 and feeds are written, and
//! notifications come through a queue.
//!
//! The contract in our own words, with dates and sources, is in `README.md` beside this crate.

mod catalogue;
mod check_up;
mod client;
mod confirm;
mod errors;
mod feeds;
mod notices;
mod orders;
mod poll;
mod regions;
mod subscriptions;
mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    Answer, Bulk, BuyerNotice, ChannelError, Check, Confirmed, Cursor, Explained, Limit, Marketplace,
    MarketplaceTraits, Notifies, OrderPage, Pushes, Reach, Spends, Subscribes,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};

/// The kind and the channel's name in errors.
const KIND: &str = "amazon";

/// The published limits, read 21 November 2026 in the models of 5 August 2026.
///
/// Amazon raises them for big sellers: `x-amzn-RateLimit-Limit` of an answer outranks these.
const LIMITS: &[Limit] = &[
    Limit::rate(CONFIRM, 2.0, 10),
    Limit::rate(READ, 0.5, 30),
    Limit::rate(SEARCH, 0.0056, 20),
    Limit::rate(CREATE_DOCUMENT, 0.5, 15),
    Limit::rate(CREATE_FEED, 0.0083, 15),
    Limit::rate(GET_FEED, 2.0, 15),
    Limit::rate(GET_FEEDS, 0.0222, 10),
    Limit::rate(GET_DOCUMENT, 0.0222, 10),
];

/// Tells of a package (orders v0).
const CONFIRM: &str = "confirmShipment";
/// Reads one order (orders v2026-01-01).
const READ: &str = "getOrder";
/// Lists changed orders (orders v2026-01-01).
const SEARCH: &str = "searchOrders";
/// Lists where the account may sell (sellers v1).
const PARTICIPATIONS: &str = "getMarketplaceParticipations";
/// Makes a place for a document (feeds 2021-06-30).
const CREATE_DOCUMENT: &str = "createFeedDocument";
/// Has a document worked on (feeds 2021-06-30).
const CREATE_FEED: &str = "createFeed";
/// Reads where a feed stands (feeds 2021-06-30).
const GET_FEED: &str = "getFeed";
/// Lists feeds (feeds 2021-06-30).
const GET_FEEDS: &str = "getFeeds";
/// Says where a feed's report lies (feeds 2021-06-30).
const GET_DOCUMENT: &str = "getFeedDocument";
/// Login with Amazon.
const TOKEN: &str = "token";

/// The Amazon connector. It holds no state: tokens live in `Credentials`, limits in the workflow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amazon;

#[async_trait]
impl Marketplace for Amazon {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn title(&self) -> &'static str {
        "Amazon"
    }

    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::SameReference,
                known_by: KnownBy::Reference,
                parts: Parts::Units,
                untracked: Untracked::InBulk,
                // Unconfirmed orders are cancelled seven days after the ship date (UK tracking FAQ).
                cancels_after: Some(Duration::from_secs(7 * 86_400)),
                one_origin: regions::ONE_ORIGIN,
            },
            limits: LIMITS,
            spends: Spends { confirm: &[CONFIRM], read: &[READ], poll: &[SEARCH] },
            // 0.0056 requests a second: one poll of one page in three minutes is all that lasts.
            poll_every: Duration::from_secs(180),
            buyer_notice: BuyerNotice::MarketplaceDecides(
                "Amazon mails the buyer itself, and forbids other mails about an order",
            ),
            // That of apps in its store is said to last a year; that of a seller's own app has no end.
            authorisation_ends: None,
        }
    }

    fn check_options(&self, connection: &Connection) -> Vec<String> {
        regions::check_options(connection)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &token::SECRETS
    }

    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId> {
        orders::order_id(text)
    }

    fn country(&self, marketplace: &MarketplaceId) -> Option<&'static str> {
        regions::country(marketplace.as_str())
    }

    async fn read_order(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        order: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        orders::read_order(reach, connection, order).await
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
        confirm::confirm(reach, connection, confirmation).await
    }

    fn bulk(&self) -> Option<&dyn Bulk> {
        Some(self)
    }

    fn notifies(&self) -> Option<&dyn Notifies> {
        None
    }

    fn pushes(&self) -> Option<&dyn Pushes> {
        Some(self)
    }

    fn subscribes(&self) -> Option<&dyn Subscribes> {
        Some(self)
    }

    fn catalogue(&self) -> &'static [Explained] {
        catalogue::CATALOGUE
    }

    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        check_up::check_up(reach, connection).await
    }
}
