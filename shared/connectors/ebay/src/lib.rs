//! eBay, by its REST APIs: the Fulfillment API reads orders and takes shipments, the Notification API tells of news.
//!
//! The contract in our own words, with dates and sources, is in `README.md` beside this crate.

mod catalogue;
mod check_up;
mod client;
mod confirm;
mod errors;
mod hosts;
mod notify;
mod orders;
mod poll;
mod subscribe;
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
const KIND: &str = "ebay";

/// The limit that all calls of the Fulfillment API spend.
const FULFILLMENT: &str = "fulfillment";

/// 100,000 calls a day to each app, from midnight to midnight in California; read 21 November 2026.
///
/// The number is a third party's: eBay's own table could be read in part only. No answer tells what is left.
const LIMITS: &[Limit] = &[Limit {
    operation: FULFILLMENT,
    shared: Shared::App,
    allows: Allows::Day { calls: 100_000, zone: "America/Los_Angeles" },
}];

/// Tells of a package.
const CONFIRM: &str = "createShippingFulfillment";
/// Reads one order.
const READ: &str = "getOrder";
/// Reads the packages of one order.
const FULFILLMENTS: &str = "getShippingFulfillments";
/// Lists changed orders.
const LIST: &str = "getOrders";
/// Reads of the Fulfillment API.
const FULFILLMENT_READS: [&str; 3] = [READ, FULFILLMENTS, LIST];
/// Gives a token.
const TOKEN: &str = "token";
/// Reads the key that notifications are signed with.
const PUBLIC_KEY: &str = "getPublicKey";

/// The eBay connector. It keeps eBay's public keys and a token of each app for as long as they are good; tokens of
/// sellers live in `Credentials`, limits in the workflow.
#[derive(Debug, Default)]
pub struct Ebay {
    keys: notify::Keys,
}

#[async_trait]
impl Marketplace for Ebay {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn title(&self) -> &'static str {
        "eBay"
    }

    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                // There is no call that changes or deletes a package.
                edits: Edits::ByHand,
                known_by: KnownBy::Number,
                // "All parts of one line item must be in the same package."
                parts: Parts::Lines,
                untracked: Untracked::Plain,
                // eBay cancels nothing by itself: the buyer may ask to.
                cancels_after: None,
                one_origin: &[],
            },
            limits: LIMITS,
            // A read is two calls: the order, and its packages.
            spends: Spends {
                confirm: &[FULFILLMENT],
                read: &[FULFILLMENT, FULFILLMENT],
                poll: &[FULFILLMENT],
            },
            // 288 calls a day and account.
            poll_every: Duration::from_secs(300),
            buyer_notice: BuyerNotice::MarketplaceDecides(
                "eBay mails the buyer itself when an order is marked as shipped, and no call can change that",
            ),
            authorisation_ends: Some("18 months after the seller gave it"),
        }
    }

    fn check_options(&self, connection: &Connection) -> Vec<String> {
        hosts::check_options(connection)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &token::SECRETS
    }

    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId> {
        orders::order_id(text)
    }

    fn country(&self, marketplace: &MarketplaceId) -> Option<&'static str> {
        hosts::country(marketplace.as_str())
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
        None
    }

    fn notifies(&self) -> Option<&dyn Notifies> {
        Some(self)
    }

    fn pushes(&self) -> Option<&dyn Pushes> {
        None
    }

    fn subscribes(&self) -> Option<&dyn Subscribes> {
        Some(self)
    }

    fn catalogue(&self) -> &'static [Explained] {
        catalogue::ROWS
    }

    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        check_up::check_up(reach, connection).await
    }
}
