//! Reading orders.

use std::time::Duration;

use connector_api::loose::json_problem;
use connector_api::{Answer, ChannelError, Cursor, OrderPage, Reach};
use domain::connection::Connection;
use domain::ids::MarketplaceOrderId;
use domain::marketplace_order::OrderFacts;
use http::Method;
use jiff::Timestamp;

use crate::client::Session;
use crate::{LIST, READ, wire};

/// How far each poll looks back before the last one's end: lists are not complete at their edge.
const OVERLAP: Duration = Duration::from_secs(300);

/// Reads `text` as an order id: `T-` and digits.
pub(crate) fn order_id(text: &str) -> Option<MarketplaceOrderId> {
    let text = text.trim();
    let digits = text.strip_prefix("T-")?;
    let formed = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    formed.then(|| MarketplaceOrderId::try_from(text).ok()).flatten()
}

/// Reads one order.
///
/// # Errors
/// `NotFound` if the account has no such order.
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &MarketplaceOrderId,
) -> Result<Answer<OrderFacts>, ChannelError> {
    let session = Session::open(reach, connection, READ).await?;
    let url = session.url(&["orders", order.as_str()]);
    let good = session.send(Method::GET, &url, None).await?;
    let read: wire::Order = good.read()?;
    let (id, value) = read.into_facts(reach.clock.now()).map_err(|why| good.unreadable(why))?;
    if id != *order {
        return Err(good.unreadable(format!("it describes order {id}")));
    }
    Ok(Answer { value, request_id: good.request_id, limits: Vec::new() })
}

/// Reads one page of changed orders.
///
/// The cursor holds the vendor's own times: it never meets our clock, but for the first poll of a connection.
///
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn changed_orders(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<Answer<OrderPage>, ChannelError> {
    let session = Session::open(reach, connection, LIST).await?;
    let since = cursor.since.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN);
    let mut url = session.url(&["orders"]);
    url.query_pairs_mut().append_pair("changed_since", &since.to_string());
    if let Some(page) = &cursor.page {
        url.query_pairs_mut().append_pair("page", page);
    }
    let good = session.send(Method::GET, &url, None).await?;
    let page: wire::Page = good.read()?;
    let now = reach.clock.now();
    let mut orders = Vec::with_capacity(page.orders.len());
    for order in page.orders {
        let read = serde_json::from_value::<wire::Order>(order).map_err(|error| json_problem(&error));
        match read.and_then(|order| order.into_facts(now)) {
            Ok(order) => orders.push(order),
            // One bad order must not stop the others; it is still found by reading it alone.
            Err(why) => {
                tracing::warn!(connection = %connection.account, why, "an order of a page cannot be read")
            }
        }
    }
    // `since` advances only when the last page was read.
    let next = match page.next_page {
        Some(token) => Cursor { since: cursor.since, page: Some(token) },
        None => Cursor { since: page.as_of, page: None },
    };
    Ok(Answer { value: OrderPage { orders, next }, request_id: good.request_id, limits: Vec::new() })
}
