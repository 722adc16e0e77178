//! Notifications that Amazon puts into a queue: `ORDER_CHANGE` and `FEED_PROCESSING_FINISHED`.
//!
//! They come late, twice and out of order, and none is promised (Notifications API, read 21 November 2026): each says
//! *look at this*, and polling stays. `ORDER_CHANGE` is written in `PascalCase`, the other in `camelCase`.
//!
//! Contract: the notification schemas of 5 August 2026 in `amzn/selling-partner-api-models`.

use connector_api::loose::json_problem;
use connector_api::{About, MarketplaceEvent, OrderNews, Pushes};
use domain::connection::Connection;
use domain::ids::{MarketplaceId, OrderLineId, Sku};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus, Program};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::orders::{order_id, status};
use crate::{Amazon, feeds};

/// Orders changed.
pub(crate) const ORDER_CHANGE: &str = "ORDER_CHANGE";
/// A feed was worked on.
pub(crate) const FEED_FINISHED: &str = "FEED_PROCESSING_FINISHED";

/// A seller's id within an account's.
const ACCOUNT: &str = "amzn1.merchant.o.";
/// By how much a notification's time is taken to be earlier than it says: a read of the same change must count as newer.
const BEFORE_ANY_READ: SignedDuration = SignedDuration::from_secs(60);

/// A field by its name, whose first letter may be small.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let mut small = name.to_owned();
    if let Some(first) = small.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    value.get(name).or_else(|| value.get(&small)).unwrap_or(&Value::Null)
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    field(value, name).as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn required<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    text(value, name).ok_or_else(|| format!("{name} is missing"))
}

fn time(value: &Value, name: &str) -> Option<Timestamp> {
    text(value, name)?.parse().ok()
}

fn count(value: &Value, name: &str) -> Option<u32> {
    u32::try_from(field(value, name).as_u64()?).ok()
}

fn words<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    field(value, name).as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A notification, as far as all kinds are alike.
struct Notice {
    topic: String,
    subscription: String,
    /// What is told.
    body: Value,
}

impl Notice {
    fn read(message: &str) -> Result<Self, String> {
        let all: Value = serde_json::from_str(message).map_err(|error| json_problem(&error))?;
        let topic = required(&all, "NotificationType")?.to_owned();
        let metadata = field(&all, "NotificationMetadata");
        let subscription = required(metadata, "SubscriptionId")?.to_owned();
        let payload = field(&all, "Payload");
        let body = match topic.as_str() {
            ORDER_CHANGE => field(payload, "OrderChangeNotification").clone(),
            FEED_FINISHED => field(payload, "FeedProcessingFinishedNotification").clone(),
            _ => Value::Null,
        };
        Ok(Self { topic, subscription, body })
    }

    /// Whose it is; feeds of vendors name an account instead.
    fn seller(&self) -> Option<&str> {
        text(&self.body, "SellerId").or_else(|| {
            let account = text(&self.body, "AccountId")?;
            Some(account.strip_prefix(ACCOUNT).unwrap_or(account))
        })
    }
}

fn nothing(reason: impl Into<String>) -> Result<MarketplaceEvent, String> {
    Ok(MarketplaceEvent::Nothing { reason: reason.into() })
}

impl Pushes for Amazon {
    fn about(&self, message: &str) -> Result<About, String> {
        let notice = Notice::read(message)?;
        let seller = match notice.seller() {
            Some(seller) => seller.to_owned(),
            // Of a kind that we know nothing of, no seller is known either.
            None if notice.body.is_null() => String::new(),
            None => return Err("SellerId is missing".to_owned()),
        };
        Ok(About { seller, subscription: notice.subscription, topic: notice.topic })
    }

    fn event(&self, connection: &Connection, message: &str) -> Result<MarketplaceEvent, String> {
        let notice = Notice::read(message)?;
        if notice.body.is_null() {
            return nothing(format!("{} is none of our topics", notice.topic));
        }
        let Some(ours) = connection.option("seller_id") else {
            return nothing("the connection does not say which seller it is (option seller_id)");
        };
        if notice.seller() != Some(ours) {
            return nothing("it is about another seller");
        }
        if notice.topic == FEED_FINISHED {
            let kind = text(&notice.body, "FeedType").unwrap_or_default();
            if !feeds::is_ours(kind) {
                return nothing("a feed of a kind that we do not make");
            }
            return Ok(MarketplaceEvent::BulkDone { id: required(&notice.body, "FeedId")?.to_owned() });
        }
        order_change(connection, &notice.body)
    }
}

fn order_change(connection: &Connection, body: &Value) -> Result<MarketplaceEvent, String> {
    let id = required(body, "AmazonOrderId")?;
    let order = order_id(id).ok_or("AmazonOrderId is no order id")?;
    let summary = field(body, "Summary");
    let here = text(summary, "MarketplaceId");
    if let (Some(only), Some(here)) = (connection.option("marketplace_id"), here)
        && only != here
    {
        return nothing("an order of another marketplace");
    }
    Ok(MarketplaceEvent::Orders(vec![OrderNews { order, facts: facts(body, summary) }]))
}

/// What the notification says of the order, if it says enough.
///
/// Not where anything has shipped, since it names no packages; nor where it is about one item, since it may leave out
/// the others. It never says whether an order confirms itself (Ship+), so these facts count as never read: they tell the
/// deadline and the units ahead of time, and the order is read before it is confirmed.
fn facts(body: &Value, summary: &Value) -> Option<OrderFacts> {
    if text(body, "NotificationLevel") != Some("OrderLevel") {
        return None;
    }
    let changed_at = time(field(body, "OrderChangeTrigger"), "TimeOfOrderChange")?;
    let status = status(text(summary, "OrderStatus"));
    let lines: Option<Vec<OrderLine>> =
        field(summary, "OrderItems").as_array()?.iter().map(|item| line(item, status)).collect();
    let lines = lines.filter(|lines| !lines.is_empty())?;
    let nothing_shipped = count(summary, "NumberOfItemsShipped").unwrap_or(0) == 0
        && lines.iter().all(|line| line.shipped == Some(0));
    if !nothing_shipped
        || !matches!(status, OrderStatus::Open | OrderStatus::Pending | OrderStatus::Cancelled)
    {
        return None;
    }
    let fulfilled_by = match text(summary, "FulfillmentType")? {
        "MFN" => FulfilledBy::Merchant,
        "AFN" => FulfilledBy::Marketplace,
        _ => return None,
    };
    let asked = field(summary, "OrderItems").as_array()?.iter();
    let asked = asked.filter_map(|item| field(item, "IsBuyerRequestedCancel").as_bool()).any(|asked| asked);
    let programs = words(summary, "OrderPrograms").chain(words(summary, "ShippingPrograms"));
    Some(OrderFacts {
        updated_at: changed_at.saturating_sub(BEFORE_ANY_READ).unwrap_or(changed_at),
        read_at: Timestamp::UNIX_EPOCH,
        marketplace: MarketplaceId::try_from(text(summary, "MarketplaceId")?).ok()?,
        ordered_at: time(summary, "PurchaseDate")?,
        fulfilled_by,
        status,
        ship_by: time(summary, "LatestShipDate"),
        cancel_requested: asked && status != OrderStatus::Cancelled,
        needs_tracking: false,
        programs: programs
            .filter_map(|program| match program {
                "Prime" => Some(Program::Prime),
                "Premium" => Some(Program::Premium),
                "ISPU" => Some(Program::PickUp),
                _ => None,
            })
            .collect(),
        lines,
        packages: Some(Vec::new()),
    })
}

fn line(item: &Value, status: OrderStatus) -> Option<OrderLine> {
    let ordered = count(item, "Quantity")?;
    let shipped = count(item, "QuantityShipped").unwrap_or(0);
    Some(OrderLine {
        id: OrderLineId::try_from(text(item, "OrderItemId")?).ok()?,
        sku: text(item, "SellerSKU").and_then(|sku| Sku::try_from(sku).ok()),
        ordered,
        cancelled: if status == OrderStatus::Cancelled { ordered.saturating_sub(shipped) } else { 0 },
        shipped: Some(shipped),
        paid: None,
        ship_by: None,
    })
}

#[cfg(test)]
mod tests;
