//! Reading orders, and what Amazon's description of one means.

use std::collections::BTreeMap;

use connector_api::{Answer, ChannelError, Failure, Reach};
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId, Sku};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus, Program, ShownPackage};
use domain::money::Money;
use http::Method;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::client::{Refused, Session, bad_settings};
use crate::regions::Hosts;
use crate::{READ, wire};

/// The optional data that is asked for. Never `BUYER` or `RECIPIENT`: tracking needs nothing of the buyer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OptionalData {
    /// The usual, and what was paid: only for a merchant who has refunds taken on.
    WithProceeds,
    /// What is told of packages, shipped counts and cancellations.
    Usual,
    /// None: packages and shipped counts stay unknown.
    Nothing,
}

impl OptionalData {
    /// What is asked for of a connection's orders.
    pub(crate) fn of(connection: &Connection) -> Self {
        if connection.reversals.refund { Self::WithProceeds } else { Self::Usual }
    }

    /// Its names, as `includedData` takes them.
    pub(crate) fn names(self) -> Option<&'static str> {
        match self {
            Self::WithProceeds => Some("FULFILLMENT,PACKAGES,CANCELLATION,PROCEEDS"),
            Self::Usual => Some("FULFILLMENT,PACKAGES,CANCELLATION"),
            Self::Nothing => None,
        }
    }

    /// What may still be asked for after a refusal; `None` if that is about something else.
    ///
    /// Proceeds may need a role that the app lacks: without them refunds are a person's, and parcels go on. What
    /// parcels need is given up only for a 400.
    pub(crate) fn less(self, refused: &Refused) -> Option<Self> {
        match self {
            Self::WithProceeds if refused.may_be_about_a_role() => Some(Self::Usual),
            Self::WithProceeds | Self::Usual if refused.may_be_about_optional_data() => Some(Self::Nothing),
            Self::WithProceeds | Self::Usual | Self::Nothing => None,
        }
    }
}

/// Reads `text` as an Amazon order id: digits in groups of 3, 7 and 7.
pub(crate) fn order_id(text: &str) -> Option<MarketplaceOrderId> {
    let text = text.trim();
    let groups: Vec<&str> = text.split('-').collect();
    let formed = groups.iter().map(|g| g.len()).eq([3, 7, 7])
        && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_digit()));
    formed.then(|| MarketplaceOrderId::try_from(text).ok()).flatten()
}

/// Reads one order with `getOrder` (0.5 requests a second, burst 30).
///
/// A 400 may be about the optional data sets: then the order is asked for once more without them, which
/// leaves out packages and shipped counts. A 403 may be about the proceeds: then once more without these.
///
/// # Errors
/// `NotFound` if the account has no such order, or the connection is restricted to another marketplace.
/// Contract: `orders_2026-01-01` of 5 August 2026, read 21 November 2026.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &MarketplaceOrderId,
) -> Result<Answer<OrderFacts>, ChannelError> {
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(READ, &problem))?;
    let session = Session::open(reach, connection, &hosts, READ).await?;
    let plain = hosts.api_url(&["orders", "2026-01-01", "orders", order.as_str()]);
    let mut optional = OptionalData::of(connection);
    let read_at = reach.clock.now();
    let good = loop {
        let mut url = plain.clone();
        if let Some(names) = optional.names() {
            url.query_pairs_mut().append_pair("includedData", names);
        }
        let refused = match session.try_send(Method::GET, &url, None).await {
            Ok(good) => break good,
            Err(refused) => refused,
        };
        let Some(less) = optional.less(&refused) else { return Err(session.give_up(refused).await.error) };
        tracing::warn!(order = %order, detail = %refused.error.detail, "order is read with less optional data");
        optional = less;
    };
    let asked = optional != OptionalData::Nothing;
    let context = Context { read_at, asked, ..Context::of(connection) };
    let answer = good.read::<wire::GetOrder>().and_then(|answer| facts(answer.order, &context));
    let (id, value) = answer.map_err(|why| good.unreadable(READ, why))?;
    if id != *order {
        return Err(good.unreadable(READ, format!("it describes order {id}")));
    }
    if let Some(only) = connection.option("marketplace_id")
        && only != value.marketplace.as_str()
    {
        let detail =
            format!("the order belongs to marketplace {}, the connection only to {only}", value.marketplace);
        return Err(
            ChannelError::new(crate::KIND, READ, Failure::NotFound, detail).with_request_id(good.request_id)
        );
    }
    Ok(Answer { value, request_id: good.request_id, limits: good.limits })
}

/// What an answer does not say of itself.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// When it was read.
    pub(crate) read_at: Timestamp,
    /// Whether the optional data was asked for.
    pub(crate) asked: bool,
    /// Who fulfils, if the question already limited the answer to one.
    pub(crate) fulfilled_by: FulfilledBy,
    /// The marketplace, if the connection is restricted to one.
    pub(crate) marketplace: Option<String>,
}

impl Context {
    /// The context that a connection gives.
    pub(crate) fn of(connection: &Connection) -> Self {
        Self {
            read_at: Timestamp::UNIX_EPOCH,
            asked: false,
            fulfilled_by: FulfilledBy::Unknown,
            marketplace: connection.option("marketplace_id").map(str::to_owned),
        }
    }
}

/// What Amazon's description means, or what it lacks to mean anything.
pub(crate) fn facts(
    order: wire::Order,
    context: &Context,
) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let id = required(order.order_id, "orderId")?;
    let id = MarketplaceOrderId::try_from(id).map_err(|bad| bad.to_string())?;
    let updated_at = order.last_updated_time.ok_or("lastUpdatedTime is missing")?;
    let ordered_at = order.created_time.ok_or("createdTime is missing")?;
    let fulfillment = order.fulfillment.unwrap_or_default();
    let status = status(fulfillment.fulfillment_status.as_deref());
    let fulfilled_by = match fulfillment.fulfilled_by.as_deref() {
        Some(text) if text.eq_ignore_ascii_case("MERCHANT") => FulfilledBy::Merchant,
        Some(text) if text.eq_ignore_ascii_case("AMAZON") => FulfilledBy::Marketplace,
        Some(_) => FulfilledBy::Unknown,
        None => context.fulfilled_by,
    };
    let item_programs = order.order_items.iter().flat_map(|item| item.programs.iter().flatten());
    let programs = programs(order.programs.iter().flatten().chain(item_programs));
    let cancel_requested = order.order_items.iter().filter_map(|item| item.cancellation.as_ref()).any(|c| {
        // A request that was carried out is a cancelled line and no open question any more.
        c.cancellation_request.is_some() && c.cancellation_execution.is_none()
    });
    let lines = order.order_items.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let any_shipped = matches!(status, OrderStatus::Shipped | OrderStatus::PartlyShipped)
        || lines.iter().any(|line| line.shipped.is_some_and(|units| units > 0));
    let packages = match order.packages {
        Some(packages) => Some(packages.into_iter().map(package).collect()),
        // Asked for and not there: there is none. But where units count as shipped, something was left out.
        None if context.asked && status != OrderStatus::Unknown && !any_shipped => Some(Vec::new()),
        None => None,
    };
    let facts = OrderFacts {
        updated_at,
        read_at: context.read_at,
        marketplace: marketplace(order.sales_channel.unwrap_or_default(), context)?,
        ordered_at,
        fulfilled_by,
        status,
        ship_by: fulfillment.ship_by_window.and_then(|window| window.latest_date_time),
        cancel_requested,
        programs,
        needs_tracking: false,
        lines,
        packages,
    };
    Ok((id, facts))
}

/// The marketplace, or where the channel is none of Amazon's, the channel: no carrier list belongs to it.
fn marketplace(channel: wire::SalesChannel, context: &Context) -> Result<MarketplaceId, String> {
    let named = channel.marketplace_id.or_else(|| context.marketplace.clone()).or(channel.channel_name);
    MarketplaceId::try_from(required(named, "salesChannel")?).map_err(|bad| bad.to_string())
}

fn required(text: Option<String>, name: &str) -> Result<String, String> {
    text.ok_or_else(|| format!("{name} is missing"))
}

pub(crate) fn status(text: Option<&str>) -> OrderStatus {
    match text.map(str::to_ascii_uppercase).as_deref() {
        Some("PENDING_AVAILABILITY" | "PENDINGAVAILABILITY" | "PENDING") => OrderStatus::Pending,
        Some("UNSHIPPED") => OrderStatus::Open,
        Some("PARTIALLY_SHIPPED" | "PARTIALLYSHIPPED") => OrderStatus::PartlyShipped,
        Some("SHIPPED") => OrderStatus::Shipped,
        Some("CANCELLED" | "CANCELED") => OrderStatus::Cancelled,
        // UNFULFILLABLE concerns only what Amazon itself ships.
        Some(_) | None => OrderStatus::Unknown,
    }
}

fn programs<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Program> {
    let mut known: Vec<Program> = names
        .filter_map(|name| match name.to_ascii_uppercase().as_str() {
            "PRIME" => Some(Program::Prime),
            "PREMIUM" => Some(Program::Premium),
            "FBM_SHIP_PLUS" => Some(Program::ConfirmsItself),
            "IN_STORE_PICK_UP" => Some(Program::PickUp),
            _ => None,
        })
        .collect();
    known.sort_unstable();
    known.dedup();
    known
}

fn line(item: wire::OrderItem) -> Result<OrderLine, String> {
    let id = required(item.order_item_id, "orderItemId")?;
    let ordered = item.quantity_ordered.ok_or_else(|| format!("quantityOrdered of {id} is missing"))?;
    let counts = item.fulfillment.unwrap_or_default();
    let shipped = counts.quantity_fulfilled;
    let executed = item.cancellation.is_some_and(|c| c.cancellation_execution.is_some());
    let product = item.product.unwrap_or_default();
    let paid = paid(&product, item.proceeds, ordered);
    Ok(OrderLine {
        id: OrderLineId::try_from(id).map_err(|bad| bad.to_string())?,
        sku: product.seller_sku.and_then(|sku| Sku::try_from(sku).ok()),
        ordered,
        cancelled: if executed { cancelled(ordered, shipped, counts.quantity_unfulfilled) } else { 0 },
        shipped,
        paid,
        ship_by: None,
    })
}

/// What the buyer paid for a line: the smaller of its price and its proceeds, where both are told.
///
/// It bounds refunds, so it may be too small and never too large: proceeds may hold postage and taxes.
fn paid(product: &wire::Product, proceeds: Option<wire::Proceeds>, ordered: u32) -> Option<Money> {
    let money = |wire: wire::WireMoney| {
        let amount = wire.amount?.parse::<Decimal>().ok().filter(|amount| *amount >= Decimal::ZERO)?;
        Some(Money { amount, currency: wire.currency_code? })
    };
    let unit = product.price.clone().and_then(|price| price.unit_price).and_then(money);
    let price = match unit {
        // More than a decimal holds is nothing that anybody paid: then nothing is known.
        Some(unit) => Some(Money { amount: unit.amount.checked_mul(Decimal::from(ordered))?, ..unit }),
        None => None,
    };
    let total = proceeds.and_then(|proceeds| proceeds.proceeds_total).and_then(money);
    match (price, total) {
        (Some(price), Some(total)) if price.currency != total.currency => None,
        (Some(price), Some(total)) => Some(if total.amount < price.amount { total } else { price }),
        // Without the proceeds nothing says that the price was paid.
        (Some(_), None) => None,
        (None, total) => total,
    }
}

/// Units of a line that a carried-out cancellation took away. The contract gives no number.
///
/// What was shipped stays. If shipped and open units do not add up to what was ordered, the difference is
/// what was cancelled; if they do, the open count was left as it was, and all that is not shipped is gone.
fn cancelled(ordered: u32, shipped: Option<u32>, open: Option<u32>) -> u32 {
    let shipped = shipped.unwrap_or(0);
    let open = open.unwrap_or(0);
    let unaccounted = ordered.saturating_sub(shipped.saturating_add(open));
    if unaccounted > 0 { unaccounted } else { ordered.saturating_sub(shipped) }
}

fn package(package: wire::Package) -> ShownPackage {
    let status = package.package_status.and_then(|status| status.status);
    // An item that cannot be read makes the whole list say nothing, rather than something wrong.
    let lines: Option<Vec<(OrderLineId, u32)>> = package
        .package_items
        .unwrap_or_default()
        .into_iter()
        .map(|item| Some((OrderLineId::try_from(item.order_item_id?).ok()?, item.quantity?)))
        .collect();
    let mut units: BTreeMap<OrderLineId, u32> = BTreeMap::new();
    for (line, quantity) in lines.unwrap_or_default() {
        let sum = units.entry(line).or_default();
        *sum = sum.saturating_add(quantity);
    }
    ShownPackage {
        reference: package.package_reference_id.unwrap_or_default(),
        carrier: package.carrier,
        tracking_number: package.tracking_number,
        ship_date: package.ship_time,
        lines: units,
        cancelled: status
            .is_some_and(|s| s.eq_ignore_ascii_case("CANCELLED") || s.eq_ignore_ascii_case("CANCELED")),
    }
}

#[cfg(test)]
mod tests;
