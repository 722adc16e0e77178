//! Reading receipts, which is what Etsy calls orders, and what their description means.

use std::collections::BTreeMap;

use connector_api::{Answer, ChannelError, Reach};
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId, Sku};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus, ShownPackage};
use http::Method;
use jiff::Timestamp;

use crate::READ;
use crate::client::{Session, bad_settings};
use crate::options::{Shop, is_number};
use crate::wire::{Money, Receipt, Shipment, Transaction};

/// Reads `text` as a receipt's number: digits, as Etsy prints it in its mails and pages.
pub(crate) fn order_id(text: &str) -> Option<MarketplaceOrderId> {
    let text = text.trim();
    let text = text.strip_prefix('#').unwrap_or(text);
    is_number(text).then(|| MarketplaceOrderId::try_from(text).ok()).flatten()
}

/// Reads one order with `getShopReceipt` (scope `transactions_r`).
///
/// # Errors
/// `NotFound` if the shop has no such order; else as the table in `errors.rs` says.
/// Contract: `getShopReceipt` of the description of May 2026, read 21 November 2026.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &MarketplaceOrderId,
) -> Result<Answer<OrderFacts>, ChannelError> {
    let shop = Shop::of(connection).map_err(|problem| bad_settings(READ, &problem))?;
    let session = Session::open(reach, connection, &shop, READ).await?;
    let good = session.send(Method::GET, &shop.url(&["receipts", order.as_str()]), None).await?;
    let answer = good.read::<Receipt>().and_then(|receipt| facts(receipt, &shop, reach.clock.now()));
    let (id, value) = answer.map_err(|why| good.unreadable(READ, why))?;
    if id != *order {
        return Err(good.unreadable(READ, format!("it describes order {id}")));
    }
    Ok(Answer { value, request_id: good.request_id, limits: good.limits })
}

/// What Etsy's description means, or what it lacks to mean anything.
pub(crate) fn facts(
    receipt: Receipt,
    shop: &Shop,
    read_at: Timestamp,
) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let id = receipt.receipt_id.as_deref().ok_or("receipt_id is missing")?;
    let id = order_id(id).ok_or("receipt_id is no number")?;
    let updated_at = receipt.updated().ok_or("updated_timestamp is missing")?;
    let ordered_at = receipt.created().ok_or("created_timestamp is missing")?;
    let status = status(&receipt);
    let needs_tracking =
        needs_tracking(shop.country, receipt.country_iso.as_deref(), receipt.grandtotal.as_ref());
    let transactions = receipt.transactions.ok_or("transactions are missing")?;
    // What is downloaded is in no parcel.
    let in_parcels = transactions.into_iter().filter(|line| line.is_digital != Some(true));
    let lines =
        in_parcels.map(|line_| line(line_, status, receipt.is_shipped)).collect::<Result<Vec<_>, _>>()?;
    let facts = OrderFacts {
        updated_at,
        read_at,
        marketplace: MarketplaceId::try_from(shop.country).map_err(|bad| bad.to_string())?,
        ordered_at,
        // Etsy ships nothing itself; an order of Pattern, the seller's own site at Etsy, is theirs to ship, too.
        fulfilled_by: FulfilledBy::Merchant,
        status,
        ship_by: lines.iter().filter_map(|line| line.ship_by).min(),
        // A buyer asks by message; the API tells only what became of it.
        cancel_requested: false,
        needs_tracking,
        programs: Vec::new(),
        lines,
        packages: receipt.shipments.map(|rows| rows.into_iter().map(package).collect()),
    };
    Ok((id, facts))
}

/// Where Etsy sees the order. Its words outrank its flags, but for shipped, which no word tells safely.
///
/// Contract: `status` of `ShopReceipt` (`paid`, `completed`, `open`, `payment processing`, `canceled`); words for refunds
/// have been seen and are not documented.
fn status(receipt: &Receipt) -> OrderStatus {
    let word = receipt.status.as_deref().unwrap_or_default().to_ascii_lowercase().replace('_', " ");
    if matches!(word.trim(), "canceled" | "cancelled") {
        return OrderStatus::Cancelled;
    }
    if receipt.is_shipped == Some(true) {
        return OrderStatus::Shipped;
    }
    match word.trim() {
        "completed" if receipt.is_shipped.is_none() => OrderStatus::Shipped,
        "paid" | "partially refunded" => OrderStatus::Open,
        "open" | "payment processing" | "processing" | "unpaid" => match receipt.is_paid {
            Some(true) => OrderStatus::Open,
            Some(false) | None => OrderStatus::Pending,
        },
        _ if receipt.is_paid == Some(false) => OrderStatus::Pending,
        // Completed and not shipped, fully refunded, or a word that we do not know.
        _ => OrderStatus::Unknown,
    }
}

/// Whether Etsy refuses this order's parcels without a number.
///
/// "When shipping within the United States AND the order is over $10, or when shipping to India, tracking code and
/// carrier name are required" (`createReceiptShipment`, May 2026). Which total counts, and what of another currency, is not
/// said: the grand total, and any other currency counts as above. A destination that the app may not see counts as
/// domestic.
fn needs_tracking(shop_country: &str, to: Option<&str>, total: Option<&Money>) -> bool {
    let to = to.map(str::trim).filter(|to| !to.is_empty());
    if to.is_some_and(|to| to.eq_ignore_ascii_case("in")) {
        return true;
    }
    let domestic = shop_country == "us" && to.is_none_or(|to| to.eq_ignore_ascii_case("us"));
    domestic && total.is_none_or(above_ten_dollars)
}

fn above_ten_dollars(total: &Money) -> bool {
    let dollars = total.currency_code.as_deref().is_none_or(|code| code.eq_ignore_ascii_case("usd"));
    !dollars || total.divisor <= 0 || total.amount > total.divisor.saturating_mul(10)
}

fn line(line: Transaction, status: OrderStatus, is_shipped: Option<bool>) -> Result<OrderLine, String> {
    let id = line.transaction_id.ok_or("transaction_id is missing")?;
    let ordered = line.quantity.ok_or_else(|| format!("quantity of {id} is missing"))?;
    let shipped = if line.shipped_timestamp.is_some() || status == OrderStatus::Shipped {
        Some(ordered)
    } else {
        is_shipped.map(|_| 0)
    };
    Ok(OrderLine {
        id: OrderLineId::try_from(id).map_err(|bad| bad.to_string())?,
        sku: line.sku.and_then(|sku| Sku::try_from(sku).ok()),
        ordered,
        cancelled: if status == OrderStatus::Cancelled { ordered } else { 0 },
        shipped,
        // Money goes back in Etsy's own pages alone.
        paid: None,
        ship_by: line.expected_ship_date,
    })
}

/// A row of the order's parcels. It names no lines.
fn package(row: Shipment) -> ShownPackage {
    ShownPackage {
        reference: row.receipt_shipping_id.unwrap_or_default(),
        carrier: row.carrier_name,
        tracking_number: row.tracking_code,
        ship_date: row.shipment_notification_timestamp,
        lines: BTreeMap::new(),
        cancelled: false,
    }
}

#[cfg(test)]
mod tests;
