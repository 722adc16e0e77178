//! TEMPLATE: one sentence on what this connector reads, writes and hears.
//!
//! The contract in our own words, with dates and sources, is in `README.md` beside this crate.

mod client;
mod confirm;
mod errors;
mod notify;
mod options;
mod orders;
mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    Answer, Bulk, BuyerNotice, ChannelError, Check, Confirmed, Cursor, Explained, Limit, Marketplace,
    MarketplaceTraits, Notifies, OrderPage, Pushes, Reach, Spends, Subscribes, unanswered,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};
use jiff::Timestamp;

/// TEMPLATE: the kind in settings, and the channel's name in errors.
const KIND: &str = "template";
/// TEMPLATE: the name for people.
const TITLE: &str = "Template";

/// TEMPLATE: the operations, each as the vendor names it.
const READ: &str = "getOrder";
/// Lists changed orders.
const LIST: &str = "listOrders";
/// Tells of a package.
const CONFIRM: &str = "createPackage";
/// The token endpoint.
const TOKEN: &str = "token";

/// TEMPLATE: the published limits, with their source and the date it was read.
const LIMITS: &[Limit] =
    &[Limit::rate(CONFIRM, 2.0, 10), Limit::rate(READ, 5.0, 20), Limit::rate(LIST, 0.1, 5)];

/// The connector. It holds no state: tokens live in `Credentials`, limits in the workflow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template;

#[async_trait]
impl Marketplace for Template {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    /// TEMPLATE: each of these changes what the workflow does: read `domain::marketplace_rules` before choosing.
    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::ByHand,
                known_by: KnownBy::Number,
                parts: Parts::Lines,
                untracked: Untracked::Plain,
                cancels_after: None,
                one_origin: &[],
            },
            limits: LIMITS,
            spends: Spends { confirm: &[CONFIRM], read: &[READ], poll: &[LIST] },
            poll_every: Duration::from_secs(180),
            buyer_notice: BuyerNotice::MarketplaceDecides("Template mails the buyer itself"),
            // Where it ends on a day that is known when it is given, whatever is done with it: `Some("a year after…")`.
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
        orders::order_id(text)
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
        orders::read_order(reach, connection, order).await
    }

    async fn changed_orders(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        orders::changed_orders(reach, connection, cursor).await
    }

    async fn confirm(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        confirmation: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        confirm::confirm(reach, connection, confirmation).await
    }

    /// TEMPLATE: `connector-amazon` has one.
    fn bulk(&self) -> Option<&dyn Bulk> {
        None
    }

    /// TEMPLATE: `None` if the marketplace posts nothing.
    fn notifies(&self) -> Option<&dyn Notifies> {
        Some(self)
    }

    /// TEMPLATE: `connector-amazon` has one.
    fn pushes(&self) -> Option<&dyn Pushes> {
        None
    }

    /// TEMPLATE: `None` where a person sets them up in the vendor's pages.
    fn subscribes(&self) -> Option<&dyn Subscribes> {
        None
    }

    fn catalogue(&self) -> &'static [Explained] {
        errors::CATALOGUE
    }

    /// TEMPLATE: look at everything that must be so: rights, prerequisites, the API's version. Reads alone.
    async fn check_up(&self, reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
        const CHECK: &str = "credentials";
        // A page of the changes of the last minute: it needs the token and the right to read, and shows next to nothing.
        let now = reach.clock.now();
        let cursor = Cursor {
            since: now.saturating_sub(Duration::from_secs(60)).unwrap_or(Timestamp::MIN),
            page: None,
        };
        vec![match orders::changed_orders(reach, connection, &cursor).await {
            Ok(_) => Check::good(CHECK, format!("{TITLE} takes the credentials")),
            Err(error) => {
                unanswered(CHECK, &error, "connect the account again: put a new `refresh_token` there")
            }
        }]
    }
}
