//! Reading orders, and what eBay's description of one means.

use std::collections::BTreeMap;

use connector_api::{Answer, ChannelError, Failure, Reach, Reached};
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId, Sku};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus, Program, ShownPackage};
use http::Method;
use jiff::Timestamp;

use crate::client::{Good, Session, bad_settings};
use crate::hosts::Hosts;
use crate::{FULFILLMENTS, KIND, READ, wire};

/// Reads `text` as an eBay order id in its present form: two digits, then two groups of five to seven.
///
/// eBay calls the id opaque, and those that eBay itself tells are never looked into. But a text out of a store is only
/// taken for one if it looks like one.
pub(crate) fn order_id(text: &str) -> Option<MarketplaceOrderId> {
    let text = text.trim();
    let groups: Vec<&str> = text.split('-').collect();
    let [first, second, third] = groups.as_slice() else { return None };
    let lengths = first.len() == 2 && [second, third].iter().all(|group| (5..=7).contains(&group.len()));
    let digits = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
    (lengths && digits).then(|| MarketplaceOrderId::try_from(text).ok()).flatten()
}

/// Reads one order with `getOrder`, and its packages with `getShippingFulfillments`.
///
/// Both, always: the order alone names no packages, its list of cancel requests is only here, and before a package is
/// told of again eBay must have been asked what it has. If the second read fails, so does this one.
///
/// # Errors
/// `NotFound` if the account has no such order, or the connection is restricted to another marketplace.
/// Contract: Fulfillment API 1.20.7, read 21 November 2026.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &MarketplaceOrderId,
) -> Result<Answer<OrderFacts>, ChannelError> {
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(READ, &problem))?;
    let read_at = reach.clock.now();
    let session = Session::open(reach, connection, &hosts, READ).await?;
    let url = hosts.fulfillment(&["order", order.as_str()]);
    let good = session.send(Method::GET, &url, None).await.map_err(no_such_order)?;
    let described = good.read::<wire::Order>().map_err(|why| good.unreadable(READ, why))?;
    let packages = packages(reach, connection, &hosts, order).await?;
    let (id, value) =
        facts(described, read_at, Shown::Read(packages)).map_err(|why| good.unreadable(READ, why))?;
    if id != *order {
        return Err(good.unreadable(READ, format!("it describes order {id}")));
    }
    if let Some(only) = connection.option("marketplace_id")
        && only != value.marketplace.as_str()
    {
        let detail =
            format!("the order belongs to marketplace {}, the connection only to {only}", value.marketplace);
        return Err(ChannelError::new(KIND, READ, Failure::NotFound, detail).with_request_id(good.request_id));
    }
    Ok(Answer { value, request_id: good.request_id, limits: Vec::new() })
}

/// An id that eBay calls invalid is one that the account does not have: another seller's are answered so.
fn no_such_order(mut error: ChannelError) -> ChannelError {
    if matches!(&error.failure, Failure::Rejected { code } if code == "32100") {
        error.failure = Failure::NotFound;
    }
    error
}

/// The packages of an order; `None` if the answer does not hold all of them.
async fn packages(
    reach: Reach<'_>,
    connection: &Connection,
    hosts: &Hosts,
    order: &MarketplaceOrderId,
) -> Result<Option<Vec<ShownPackage>>, ChannelError> {
    let session = Session::open(reach, connection, hosts, FULFILLMENTS).await?;
    let url = hosts.fulfillment(&["order", order.as_str(), "shipping_fulfillment"]);
    let good = session.send(Method::GET, &url, None).await.map_err(|mut error| {
        // The order was there a moment ago: this says nothing of it.
        if matches!(error.failure, Failure::NotFound | Failure::Rejected { .. }) {
            error.failure = Failure::Retryable { reached: Reached::Maybe, after: None };
        }
        error
    })?;
    listed(&good).map_err(|why| good.unreadable(FULFILLMENTS, why))
}

fn listed(good: &Good) -> Result<Option<Vec<ShownPackage>>, String> {
    // "No content" has been seen where there is none; any other answer without a body is cut short.
    if good.status == 204 && good.is_blank() {
        return Ok(Some(Vec::new()));
    }
    let answer: wire::Fulfillments = good.read()?;
    let whole = answer.total.is_none_or(|total| total as usize <= answer.fulfillments.len());
    Ok(whole.then(|| answer.fulfillments.into_iter().map(package).collect()))
}

/// What is known of an order's packages beside its description.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// They were read; `None` inside: not all of them.
    Read(Option<Vec<ShownPackage>>),
    /// They were not asked for.
    NotAsked,
}

/// What eBay's description means, or what it lacks to mean anything.
pub(crate) fn facts(
    order: wire::Order,
    read_at: Timestamp,
    shown: Shown,
) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let id = required(order.order_id.clone(), "orderId")?;
    let id = MarketplaceOrderId::try_from(id).map_err(|bad| bad.to_string())?;
    let updated_at = order.last_modified_date.ok_or("lastModifiedDate is missing")?;
    let ordered_at = order.creation_date.ok_or("creationDate is missing")?;
    let status = status(&order);
    let untouched = is(order.order_fulfillment_status.as_deref(), "NOT_STARTED")
        && order.fulfillment_hrefs.as_ref().is_some_and(Vec::is_empty);
    let packages = match shown {
        Shown::Read(packages) => packages,
        // Nothing is shipped, and no package is named.
        Shown::NotAsked if untouched => Some(Vec::new()),
        Shown::NotAsked => None,
    };
    let (fulfilled_by, programs) = who_ships(&order);
    let cancel_requested = status != OrderStatus::Cancelled && cancel_requested(order.cancel_status.as_ref());
    let marketplace = marketplace(&order.line_items)?;
    let lines = order
        .line_items
        .into_iter()
        .map(|item| line(item, packages.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let open = lines.iter().filter(|line| line.shipped != Some(line.ordered));
    let soonest = open.filter_map(|line| line.ship_by).min();
    let facts = OrderFacts {
        updated_at,
        read_at,
        marketplace,
        ordered_at,
        fulfilled_by,
        status,
        ship_by: soonest.or_else(|| lines.iter().filter_map(|line| line.ship_by).max()),
        cancel_requested,
        needs_tracking: false,
        programs,
        lines,
        packages,
    };
    Ok((id, facts))
}

fn required(text: Option<String>, name: &str) -> Result<String, String> {
    text.ok_or_else(|| format!("{name} is missing"))
}

fn is(text: Option<&str>, want: &str) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case(want))
}

/// The site whose carriers apply: where it was listed, which is where the seller ships from; else where it was bought.
fn marketplace(items: &[wire::LineItem]) -> Result<MarketplaceId, String> {
    let listed = items.iter().find_map(|item| item.listing_marketplace_id.clone());
    let bought = || items.iter().find_map(|item| item.purchase_marketplace_id.clone());
    let named = required(listed.or_else(bought), "listingMarketplaceId")?;
    MarketplaceId::try_from(named).map_err(|bad| bad.to_string())
}

/// Only an order that was paid is ready. Whatever else its payment is called, no parcel is confirmed on it.
fn status(order: &wire::Order) -> OrderStatus {
    let cancel = order.cancel_status.as_ref().and_then(|cancel| cancel.cancel_state.as_deref());
    if is(cancel, "CANCELED") || is(cancel, "CANCELLED") {
        return OrderStatus::Cancelled;
    }
    let fulfilled = order.order_fulfillment_status.as_deref();
    if is(fulfilled, "FULFILLED") {
        return OrderStatus::Shipped;
    }
    let paid = order.order_payment_status.as_deref();
    if !(is(paid, "PAID") || is(paid, "PARTIALLY_REFUNDED")) {
        return OrderStatus::Pending;
    }
    if is(fulfilled, "IN_PROGRESS") {
        OrderStatus::PartlyShipped
    } else if is(fulfilled, "NOT_STARTED") {
        OrderStatus::Open
    } else {
        OrderStatus::Unknown
    }
}

/// Whether somebody asked to cancel and nobody has decided yet.
///
/// In lists the requests are always left out, so the state alone counts there. States other than those known (there is
/// no official list at hand) are taken for an open request: telling the merchant once too often does no harm.
fn cancel_requested(cancel: Option<&wire::CancelStatus>) -> bool {
    let Some(cancel) = cancel else { return false };
    let requests = cancel.cancel_requests.as_deref().unwrap_or_default();
    let decided = |request: &wire::CancelRequest| {
        let state = request.cancel_request_state.as_deref();
        request.cancel_completed_date.is_some()
            || ["COMPLETED", "REJECTED", "CANCELED", "CANCELLED", "CLOSED"].iter().any(|word| is(state, word))
    };
    let none = cancel.cancel_state.is_none() || is(cancel.cancel_state.as_deref(), "NONE_REQUESTED");
    if none || !requests.is_empty() { requests.iter().any(|request| !decided(request)) } else { true }
}

/// Who ships. A parcel to one of eBay's hubs (International Shipping, Global Shipping, the authenticator, the vault) is
/// the merchant's as far as the hub; what eBay ships itself, or what travels under a label of eBay's, is not.
fn who_ships(order: &wire::Order) -> (FulfilledBy, Vec<Program>) {
    let program = order.program.as_ref();
    let kinds: Vec<Option<&str>> = order
        .fulfillment_start_instructions
        .iter()
        .flatten()
        .map(|instruction| instruction.fulfillment_instructions_type.as_deref())
        .collect();
    let all = |names: &[&str]| {
        !kinds.is_empty() && kinds.iter().all(|kind| names.iter().any(|name| is(*kind, name)))
    };
    let any = |name: &str| kinds.iter().any(|kind| is(*kind, name));
    let by = program.and_then(|p| p.fulfillment_program.as_ref()).and_then(|p| p.fulfilled_by.as_deref());
    let label = program.and_then(|p| p.ebay_shipping.as_ref());
    let labelled = label.is_some_and(|label| is(label.shipping_label_provided_by.as_deref(), "EBAY"));
    let vault =
        program.and_then(|p| p.ebay_vault.as_ref()).and_then(|vault| vault.fulfillment_type.as_deref());
    let mut programs = Vec::new();
    if labelled {
        programs.push(Program::ConfirmsItself);
    }
    // Nothing is carried: downloads, and what the buyer fetches.
    if all(&["DIGITAL", "PREPARE_FOR_PICKUP"]) {
        programs.push(Program::PickUp);
    }
    let from_vault = ["VAULT_TO_VAULT", "VAULT_TO_BUYER"].iter().any(|kind| is(vault, kind));
    let ours = ["SHIP_TO", "SELLER_DEFINED", "DIGITAL", "PREPARE_FOR_PICKUP"];
    let fulfilled_by = if is(by, "EBAY") || any("FULFILLED_BY_EBAY") || from_vault {
        FulfilledBy::Marketplace
    } else if by.is_some() || vault.is_some_and(|kind| !is(Some(kind), "SELLER_TO_VAULT")) || !all(&ours) {
        FulfilledBy::Unknown
    } else {
        FulfilledBy::Merchant
    };
    (fulfilled_by, programs)
}

fn line(item: wire::LineItem, packages: Option<&[ShownPackage]>) -> Result<OrderLine, String> {
    let id = required(item.line_item_id, "lineItemId")?;
    let id = OrderLineId::try_from(id).map_err(|bad| bad.to_string())?;
    let ordered = item.quantity.ok_or_else(|| format!("quantity of {id} is missing"))?;
    let status = item.line_item_fulfillment_status.as_deref();
    // The status and the packages may be of different ages: what either counts as shipped is.
    let counted = if is(status, "FULFILLED") {
        Some(ordered)
    } else if is(status, "NOT_STARTED") {
        Some(0)
    } else {
        None
    };
    let packed = packages.map(|all| {
        let units = all.iter().filter_map(|package| package.lines.get(&id));
        units.fold(0_u32, |sum, units| sum.saturating_add(*units)).min(ordered)
    });
    Ok(OrderLine {
        sku: item.sku.and_then(|sku| Sku::try_from(sku).ok()),
        ordered,
        cancelled: 0,
        shipped: counted.max(packed),
        ship_by: item.line_item_fulfillment_instructions.and_then(|instructions| instructions.ship_by_date),
        // No refunds are made through this connector.
        paid: None,
        id,
    })
}

fn package(fulfillment: wire::Fulfillment) -> ShownPackage {
    // A line that cannot be read makes the whole list say nothing, rather than something wrong.
    let lines: Option<Vec<(OrderLineId, u32)>> = fulfillment
        .line_items
        .unwrap_or_default()
        .into_iter()
        .map(|line| Some((OrderLineId::try_from(line.line_item_id?).ok()?, line.quantity?)))
        .collect();
    let mut units: BTreeMap<OrderLineId, u32> = BTreeMap::new();
    for (line, quantity) in lines.unwrap_or_default() {
        let sum = units.entry(line).or_default();
        *sum = sum.saturating_add(quantity);
    }
    ShownPackage {
        reference: fulfillment.fulfillment_id.unwrap_or_default(),
        carrier: fulfillment.shipping_carrier_code,
        tracking_number: fulfillment.shipment_tracking_number,
        ship_date: fulfillment.shipped_date,
        lines: units,
        cancelled: false,
    }
}

#[cfg(test)]
mod tests;
