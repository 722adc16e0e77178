//! What changed since the last look.

use std::time::Duration;

use connector_api::{ChannelError, Cursor, Failure, FulfillmentPage, Reach};
use domain::connection::Connection;
use domain::facts::StoreFacts;
use domain::ids::StoreOrderId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Client, odd, wanted_attributes};
use crate::wire::admin::{Named, Order, Orders};
use crate::wire::queries::{CHANGED, FULFILLMENTS_WITH_CHANGE};

/// How far back each poll looks again: Shopify's search follows its writes with a delay.
const OVERLAP: Duration = Duration::from_secs(5 * 60);

/// Where a poll of several pages stands: the latest change seen, and Shopify's cursor.
struct Place {
    latest: Timestamp,
    after: Option<String>,
}

impl Place {
    fn of(cursor: &Cursor) -> Self {
        let page = cursor.page.as_deref().and_then(|page| page.split_once('|'));
        match page.and_then(|(latest, after)| Some((latest.parse().ok()?, after.to_owned()))) {
            Some((latest, after)) => Self { latest, after: Some(after) },
            None => Self { latest: cursor.since, after: None },
        }
    }
}

/// Reads a page of the orders that changed, oldest change first.
///
/// Only orders with a fulfillment or a cancellation are told. An order whose lists are longer than a page's,
/// or that cannot be understood, is told as *read the store*: its own read gets it whole, and no odd order
/// holds up the others. Times are the shop's own: the cursor never meets another clock.
///
/// Contract: Admin GraphQL 2026-10 `orders`, `query: "updated_at:>=…"`, `sortKey: UPDATED_AT`.
pub(crate) async fn changed_fulfillments(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<FulfillmentPage, ChannelError> {
    let operation = CHANGED.operation;
    let client = Client::open(reach, connection, operation).await?;
    let wanted = wanted_attributes(connection);
    let place = Place::of(cursor);
    let from = cursor.since.saturating_sub(OVERLAP).unwrap_or(cursor.since);
    // Whole seconds, downwards: what Shopify compares.
    let from = Timestamp::from_second(from.as_second()).unwrap_or(from);
    let variables = json!({
        "query": format!("updated_at:>='{from}'"),
        "after": place.after,
        "attributes": !wanted.is_empty(),
    });
    let page = match client.ask::<Orders>(CHANGED, variables).await {
        Ok(answer) => answer.orders,
        // A cursor that Shopify no longer takes: go on from the latest change seen, since older ones came first.
        Err(error) if place.after.is_some() && refuses_cursor(&error) => {
            let next = Cursor { since: cursor.since.max(place.latest), page: None };
            return Ok(FulfillmentPage { orders: Vec::new(), next });
        }
        Err(error) => return Err(error),
    };
    let mut latest = place.latest;
    let mut orders = Vec::new();
    let more = page.more().map_err(|detail| odd(operation, detail))?.map(str::to_owned);
    for node in page.nodes {
        let (changed_at, told) = one(node, &wanted).map_err(|detail| odd(operation, &detail))?;
        latest = changed_at.map_or(latest, |at| latest.max(at));
        orders.extend(told);
    }
    let next = match more {
        Some(after) => Cursor { since: cursor.since, page: Some(format!("{latest}|{after}")) },
        None => Cursor { since: cursor.since.max(latest), page: None },
    };
    Ok(FulfillmentPage { orders, next })
}

fn refuses_cursor(error: &ChannelError) -> bool {
    matches!(error.failure, Failure::Rejected { .. } | Failure::Retryable { .. })
        && error.detail.to_ascii_lowercase().contains("invalid cursor")
}

type Told = Option<(StoreOrderId, StoreFacts)>;

/// When an order changed, and what to tell of it. Fails only where not even its id can be found.
fn one(node: Value, wanted: &[&str]) -> Result<(Option<Timestamp>, Told), String> {
    let id = Named::deserialize_id(&node)?;
    let read_it = StoreFacts { read_the_store: true, ..StoreFacts::default() };
    let Ok(order) = serde_json::from_value::<Order>(node) else {
        return Ok((None, Some((id, read_it))));
    };
    let changed_at = Some(order.updated_at.0);
    // Polls overlap, and a quiet shop names its last orders again and again: each change is read once.
    let read_it = StoreFacts { changed_at, ..read_it };
    if order.fulfillments.is_empty() && order.cancelled_at.is_none() {
        return Ok((changed_at, None));
    }
    let cut_short = order.line_items.page_info.has_next_page
        || order.fulfillments.len() >= FULFILLMENTS_WITH_CHANGE
        || order.fulfillments.iter().any(|f| f.fulfillment_line_items.page_info.has_next_page);
    if cut_short {
        return Ok((changed_at, Some((id, read_it))));
    }
    let facts = order.into_facts(wanted).map_or(read_it, |(_, facts)| facts);
    Ok((changed_at, Some((id, facts))))
}

impl Named {
    fn deserialize_id(node: &Value) -> Result<StoreOrderId, String> {
        let named: Self = serde::Deserialize::deserialize(node)
            .map_err(|_| "an order of the answer has no id".to_owned())?;
        StoreOrderId::try_from(String::from(named.id)).map_err(|error| error.to_string())
    }
}
