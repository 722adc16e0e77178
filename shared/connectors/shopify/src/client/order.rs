//! One order, whole.

use connector_api::{ChannelError, Failure, Reach};
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use serde_json::json;

use super::{Client, odd, wanted_attributes};
use crate::TITLE;
use crate::wire::admin::{
    FulfillmentLine, FulfillmentNode, FulfillmentsOfOrder, LineItem, LinesOfFulfillment, LinesOfOrder, Nodes,
    OneFulfillment, OneOrder, Order, Page,
};
use crate::wire::queries::{
    FULFILLMENT_IDS, FULFILLMENT_LINES, FULFILLMENTS, FULFILLMENTS_BY_ID, FULFILLMENTS_WITH_ORDER,
    LONGEST_LIST, ORDER_LINES, READ_ORDER,
};

/// How many further pages of one list are read: 10,000 rows, where Shopify's own orders end at some hundred.
const MOST_PAGES: usize = 40;

fn not_found(operation: &'static str) -> ChannelError {
    ChannelError::new(TITLE, operation, Failure::NotFound, "the shop has no such order, or not for this app")
}

fn too_long(operation: &'static str, what: &str) -> ChannelError {
    let failure = Failure::Rejected { code: "TOO_LONG".to_owned() };
    ChannelError::new(TITLE, operation, failure, format!("the order has more {what} than can be read"))
}

/// Reads an order with all its lines and fulfillments: one query, and more only where a list is longer.
///
/// Contract: Admin GraphQL 2026-10 `order`; scope `read_orders`, and `read_all_orders` beyond 60 days.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &StoreOrderId,
) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
    let operation = READ_ORDER.operation;
    // A gid is built of nothing but digits: ids come from outside.
    if order.as_str().is_empty() || !order.as_str().bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_found(operation));
    }
    let client = Client::open(reach, connection, operation).await?;
    let wanted = wanted_attributes(connection);
    let gid = format!("gid://shopify/Order/{order}");
    let answer: OneOrder<Order> =
        client.ask(READ_ORDER, json!({ "id": gid, "attributes": !wanted.is_empty() })).await?;
    let mut found = answer.order.ok_or_else(|| not_found(operation))?;
    if found.id.as_str() != order.as_str() {
        return Err(odd(operation, "another order was answered than asked for"));
    }
    order_lines(&client, &gid, &mut found.line_items).await?;
    if found.fulfillments.len() >= FULFILLMENTS_WITH_ORDER {
        further_fulfillments(&client, &gid, &mut found.fulfillments).await?;
    }
    for fulfillment in &mut found.fulfillments {
        fulfillment_lines(&client, fulfillment).await?;
    }
    found.into_facts(&wanted).map_err(|detail| odd(operation, &detail))
}

/// Reads an order's lines on to their end.
async fn order_lines(client: &Client<'_>, gid: &str, lines: &mut Page<LineItem>) -> Result<(), ChannelError> {
    let operation = ORDER_LINES.operation;
    for _ in 0..MOST_PAGES {
        let after = lines.more().map_err(|detail| odd(operation, detail))?;
        let Some(after) = after else { return Ok(()) };
        let answer: OneOrder<LinesOfOrder> =
            client.ask(ORDER_LINES, json!({ "id": gid, "after": after })).await?;
        let next = answer.order.ok_or_else(|| not_found(operation))?.line_items;
        lines.nodes.extend(next.nodes);
        lines.page_info = next.page_info;
    }
    if lines.page_info.has_next_page {
        return Err(too_long(operation, "lines"));
    }
    Ok(())
}

/// Reads a fulfillment's lines on to their end.
async fn fulfillment_lines(
    client: &Client<'_>,
    fulfillment: &mut FulfillmentNode,
) -> Result<(), ChannelError> {
    let operation = FULFILLMENT_LINES.operation;
    let gid = format!("gid://shopify/Fulfillment/{}", fulfillment.id.as_str());
    let lines: &mut Page<FulfillmentLine> = &mut fulfillment.fulfillment_line_items;
    for _ in 0..MOST_PAGES {
        let after = lines.more().map_err(|detail| odd(operation, detail))?;
        let Some(after) = after else { return Ok(()) };
        let answer: OneFulfillment<LinesOfFulfillment> =
            client.ask(FULFILLMENT_LINES, json!({ "id": gid, "after": after })).await?;
        let next = answer.fulfillment.ok_or_else(|| odd(operation, "a fulfillment went away meanwhile"))?;
        lines.nodes.extend(next.fulfillment_line_items.nodes);
        lines.page_info = next.fulfillment_line_items.page_info;
    }
    if lines.page_info.has_next_page {
        return Err(too_long(operation, "lines in a fulfillment"));
    }
    Ok(())
}

/// Reads the fulfillments beyond those that came with the order: their ids first, then each by its id.
async fn further_fulfillments(
    client: &Client<'_>,
    gid: &str,
    known: &mut Vec<FulfillmentNode>,
) -> Result<(), ChannelError> {
    let answer: OneOrder<FulfillmentsOfOrder> = client.ask(FULFILLMENT_IDS, json!({ "id": gid })).await?;
    let all = answer.order.ok_or_else(|| not_found(FULFILLMENT_IDS.operation))?.fulfillments;
    if all.len() >= LONGEST_LIST {
        return Err(too_long(FULFILLMENT_IDS.operation, "fulfillments"));
    }
    let missing: Vec<String> = all
        .iter()
        .filter(|named| known.iter().all(|node| node.id != named.id))
        .map(|named| format!("gid://shopify/Fulfillment/{}", named.id.as_str()))
        .collect();
    for ids in missing.chunks(FULFILLMENTS_BY_ID) {
        let answer: Nodes<FulfillmentNode> = client.ask(FULFILLMENTS, json!({ "ids": ids })).await?;
        let before = known.len();
        known.extend(answer.nodes.into_iter().flatten());
        if known.len() - before != ids.len() {
            return Err(odd(FULFILLMENTS.operation, "a fulfillment went away meanwhile"));
        }
    }
    Ok(())
}
