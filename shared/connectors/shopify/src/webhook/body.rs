//! Reduced bodies into events.
//!
//! Topics are not signed, so a body must look like its topic: a genuine body sent again under another topic
//! neither erases nor parks anything.

use connector_api::{DeliveryBody, PrivacyRequest, StoreEvent};
use domain::connection::Connection;
use domain::facts::{FulfilledLine, Fulfillment, FulfillmentStatus, Source, StoreFacts};
use domain::ids::{FulfillmentId, StoreLineId, StoreOrderId};
use domain::money::Money;
use domain::reversal::{StoreRefund, StoreRefundLine};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Topic;
use crate::options;
use crate::wire::{Count, Id, Instant, Text, Texts, sku, status};

/// A fulfillment, as far as it is let through. A repeated key is an error, by serde's own rule.
#[derive(Deserialize)]
struct FulfillmentBody {
    id: Id,
    order_id: Id,
    status: String,
    created_at: Instant,
    updated_at: Instant,
    #[serde(default)]
    location_id: Option<Id>,
    #[serde(default)]
    tracking_company: Option<Text>,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    tracking_numbers: Texts,
    line_items: Vec<LineBody>,
}

#[derive(Deserialize)]
struct LineBody {
    id: Id,
    #[serde(default)]
    sku: Option<Text>,
    quantity: Count,
}

/// What is left to go by when a fulfillment cannot be understood.
#[derive(Deserialize)]
struct OfOrder {
    order_id: Id,
}

#[derive(Deserialize)]
struct OrderBody {
    id: Id,
    #[serde(default)]
    cancelled_at: Option<Instant>,
}

/// A refund, as far as it is let through.
#[derive(Deserialize)]
struct RefundBody {
    id: Id,
    order_id: Id,
    created_at: Instant,
    refund_line_items: Vec<RefundLineBody>,
    #[serde(default)]
    order_adjustments: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    refund_shipping_lines: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    duties: Option<Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
struct RefundLineBody {
    line_item_id: Id,
    #[serde(default)]
    line_item: Option<RefundedItem>,
    subtotal_set: MoneySet,
}

#[derive(Deserialize)]
struct RefundedItem {
    #[serde(default)]
    sku: Option<Text>,
}

#[derive(Deserialize)]
struct MoneySet {
    /// What the buyer saw: their currency.
    presentment_money: MoneyBody,
}

#[derive(Deserialize)]
struct MoneyBody {
    amount: String,
    currency_code: String,
}

/// What is left to go by when an order cannot be understood.
#[derive(Deserialize)]
struct AnOrder {
    id: Id,
}

/// Whether a key stands in the body at all, and be it null.
#[derive(Deserialize)]
struct Marks {
    #[serde(default)]
    order_id: Mark,
    #[serde(default)]
    myshopify_domain: Mark,
    #[serde(default)]
    shop_domain: Mark,
    #[serde(default)]
    orders_requested: Mark,
    #[serde(default)]
    orders_to_redact: Mark,
}

#[derive(Default)]
struct Mark(Option<serde_json::Value>);

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(from).map(|value| Self(Some(value)))
    }
}

impl Mark {
    fn is_there(&self) -> bool {
        self.0.is_some()
    }

    fn text(&self) -> Option<&str> {
        self.0.as_ref()?.as_str()
    }
}

#[derive(Deserialize)]
struct DataRequestBody {
    orders_requested: Vec<Id>,
}

#[derive(Deserialize)]
struct RedactBody {
    orders_to_redact: Vec<Id>,
}

/// Reads `json`; the error says where, by line and column, and never quotes the body.
fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => error.to_string(),
            // Reduced bodies are JSON of our own making, so this is damage on our side.
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => "it is no JSON".to_owned(),
        };
        what.chars().take(200).collect()
    })
}

pub(super) fn event(
    connection: &Connection,
    topic: Topic,
    body: &DeliveryBody,
) -> Result<StoreEvent, String> {
    let json = match body {
        DeliveryBody::Reduced(json) => json.as_str(),
        DeliveryBody::Withheld { ids, reason, .. } if ids.is_empty() => {
            return Err(format!("the body was withheld ({reason}) and told no ids"));
        }
        DeliveryBody::Withheld { ids, .. } => ids.as_str(),
    };
    let marks: Marks = read(json).map_err(|why| format!("the body cannot be read: {why}"))?;
    match topic {
        Topic::Fulfillment => fulfillment(json),
        Topic::OrderCancelled if marks.order_id.is_there() => {
            Err("the body belongs to an order, but is not one, as its topic says".to_owned())
        }
        Topic::OrderCancelled => cancelled(json),
        Topic::Refund => refund(json),
        Topic::Uninstalled if marks.order_id.is_there() || !marks.myshopify_domain.is_there() => {
            Err("the body is no shop, as its topic says".to_owned())
        }
        Topic::Uninstalled => {
            Ok(of_this_shop(connection, marks.myshopify_domain.text()).unwrap_or(StoreEvent::Uninstalled))
        }
        Topic::CustomerData | Topic::CustomerErase | Topic::ShopErase => {
            let request = privacy(topic, &marks, json)?;
            Ok(of_this_shop(connection, marks.shop_domain.text()).unwrap_or(StoreEvent::Privacy(request)))
        }
    }
}

/// `Nothing`, if the secret is shared and the body names another shop than the connection's.
///
/// A secret of one shop alone says by itself whose delivery it is, whatever the shop's address is by now.
fn of_this_shop(connection: &Connection, named: Option<&str>) -> Option<StoreEvent> {
    if !options::shares_secret(connection) {
        return None;
    }
    let ours = options::shop(connection);
    let same = named.zip(ours).is_some_and(|(named, ours)| named.trim().eq_ignore_ascii_case(ours));
    (!same).then(|| StoreEvent::Nothing {
        reason: "the delivery names another shop than this connection's".to_owned(),
    })
}

fn order_id(id: Id) -> Result<StoreOrderId, String> {
    StoreOrderId::try_from(String::from(id)).map_err(|error| error.to_string())
}

fn order_ids(ids: Vec<Id>) -> Result<Vec<StoreOrderId>, String> {
    ids.into_iter().map(order_id).collect()
}

fn privacy(topic: Topic, marks: &Marks, json: &str) -> Result<PrivacyRequest, String> {
    let wrong = |why: &str| Err(format!("the body is not what its topic says: {why}"));
    if !marks.shop_domain.is_there() {
        return wrong("it names no shop");
    }
    match (marks.orders_requested.is_there(), marks.orders_to_redact.is_there(), topic) {
        (true, false, Topic::CustomerData) => {
            let body: DataRequestBody = read(json)?;
            Ok(PrivacyRequest::CustomerData { orders: order_ids(body.orders_requested)? })
        }
        (false, true, Topic::CustomerErase) => {
            let body: RedactBody = read(json)?;
            Ok(PrivacyRequest::CustomerErase { orders: order_ids(body.orders_to_redact)? })
        }
        (false, false, Topic::ShopErase) => Ok(PrivacyRequest::ShopErase),
        _ => wrong("its orders do not fit"),
    }
}

fn cancelled(json: &str) -> Result<StoreEvent, String> {
    let (id, cancelled_at) = match read::<OrderBody>(json) {
        Ok(body) => (body.id, body.cancelled_at),
        Err(_) => (read::<AnOrder>(json).map_err(|why| format!("the order has no id: {why}"))?.id, None),
    };
    let facts = StoreFacts {
        cancelled_at: cancelled_at.map(|at| at.0),
        // Without the time, only the shop can tell whether it is cancelled.
        read_the_store: cancelled_at.is_none(),
        ..StoreFacts::default()
    };
    Ok(StoreEvent::Order { order: order_id(id)?, facts: Box::new(facts) })
}

/// A refund. One that cannot be read is money that nobody would take on: it is told, not passed over.
fn refund(json: &str) -> Result<StoreEvent, String> {
    let body: RefundBody = read(json).map_err(|why| format!("the refund cannot be read: {why}"))?;
    let order = order_id(body.order_id)?;
    let more = [&body.order_adjustments, &body.refund_shipping_lines, &body.duties]
        .iter()
        .any(|rows| rows.as_ref().is_some_and(|rows| !rows.is_empty()));
    let lines = body.refund_line_items.into_iter().map(|line| {
        let money = line.subtotal_set.presentment_money;
        let amount = money.amount.parse().map_err(|_| "an amount is no number".to_owned())?;
        Ok(StoreRefundLine {
            line: StoreLineId::try_from(line.line_item_id.as_str()).map_err(|error| error.to_string())?,
            sku: line.line_item.and_then(|item| sku(item.sku)),
            amount: Money { amount, currency: money.currency_code },
        })
    });
    let lines = lines.collect::<Result<Vec<_>, String>>()?;
    let refund = StoreRefund { id: String::from(body.id), at: body.created_at.0, lines, more };
    let facts = StoreFacts { refunds: vec![refund], ..StoreFacts::default() };
    Ok(StoreEvent::Order { order, facts: Box::new(facts) })
}

fn fulfillment(json: &str) -> Result<StoreEvent, String> {
    let understood = read::<FulfillmentBody>(json).and_then(|body| {
        let order = order_id(body.order_id.clone())?;
        facts(body).map(|facts| (order, facts))
    });
    let (order, facts) = match understood {
        Ok(whole) => whole,
        Err(why) => {
            let body: OfOrder = read(json).map_err(|_| format!("the fulfillment names no order: {why}"))?;
            let facts = StoreFacts { read_the_store: true, ..StoreFacts::default() };
            (order_id(body.order_id)?, facts)
        }
    };
    Ok(StoreEvent::Order { order, facts: Box::new(facts) })
}

fn facts(body: FulfillmentBody) -> Result<StoreFacts, String> {
    let status = status(&body.status).ok_or("an unknown status")?;
    let mut tracking: Vec<String> = body.tracking_numbers.0.into_iter().filter_map(Text::filled).collect();
    if let Some(number) = body.tracking_number.and_then(Text::filled)
        && !tracking.contains(&number)
    {
        tracking.push(number);
    }
    let lines = body
        .line_items
        .into_iter()
        .filter(|line| line.quantity.0 > 0)
        .map(|line| {
            let id = StoreLineId::try_from(line.id.as_str()).map_err(|error| error.to_string())?;
            Ok(FulfilledLine { line: id, sku: sku(line.sku), quantity: line.quantity.0 })
        })
        .collect::<Result<Vec<_>, String>>()?;
    if lines.is_empty() && status == FulfillmentStatus::Live {
        return Err("a fulfillment without lines".to_owned());
    }
    let fulfillment = Fulfillment {
        id: FulfillmentId::try_from(body.id.as_str()).map_err(|error| error.to_string())?,
        updated_at: body.updated_at.0,
        source: Source::Webhook,
        status,
        shipped_at: body.created_at.0,
        carrier: body.tracking_company.and_then(Text::filled),
        service: None,
        tracking,
        lines,
        location: body.location_id.map(String::from),
        // A delivery names the place by its id alone.
        country: None,
    };
    Ok(StoreFacts { fulfillments: vec![fulfillment], ..StoreFacts::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUND: &str = r#"{"id": 929361462, "order_id": 450789469, "created_at": "2026-11-18T03:00:00-05:00",
        "refund_line_items": [
            {"line_item_id": 703073504, "line_item": {"sku": "LAMP"},
             "subtotal_set": {"presentment_money": {"amount": "195.66", "currency_code": "EUR"}}},
            {"line_item_id": 703073505, "line_item": {"sku": null},
             "subtotal_set": {"presentment_money": {"amount": "0.00", "currency_code": "EUR"}}}
        ], "order_adjustments": [], "refund_shipping_lines": [], "duties": null}"#;

    fn refunded(json: &str) -> Result<StoreRefund, String> {
        let StoreEvent::Order { order, facts } = refund(json)? else { return Err("no order".to_owned()) };
        assert_eq!(order.as_str(), "450789469");
        facts.refunds.into_iter().next().ok_or_else(|| "no refund".to_owned())
    }

    #[test]
    fn a_refund_is_lines_and_amounts_in_the_buyers_currency() {
        let refund = refunded(REFUND).unwrap();
        assert_eq!((refund.id.as_str(), refund.more), ("929361462", false));
        assert_eq!(refund.at.to_string(), "2026-11-18T08:00:00Z");
        let lines: Vec<_> = refund
            .lines
            .iter()
            .map(|line| {
                (line.line.as_str(), line.sku.as_ref().map(|sku| sku.as_str()), line.amount.to_string())
            })
            .collect();
        assert_eq!(
            lines,
            [
                ("703073504", Some("LAMP"), "195.66 EUR".to_owned()),
                ("703073505", None, "0.00 EUR".to_owned())
            ]
        );
        for more in [
            REFUND.replace(r#""order_adjustments": []"#, r#""order_adjustments": [{"id": 1}]"#),
            REFUND.replace(r#""refund_shipping_lines": []"#, r#""refund_shipping_lines": [{"id": 1}]"#),
            REFUND.replace(r#""duties": null"#, r#""duties": [{"duty_id": 1}]"#),
        ] {
            assert!(refunded(&more).unwrap().more, "{more}");
        }
    }

    #[test]
    fn what_is_no_whole_refund_is_told_and_not_passed_over() {
        for bad in [
            "{}".to_owned(),
            r#"{"id": 1, "order_id": 450789469, "created_at": "2026-11-18T03:00:00-05:00"}"#.to_owned(),
            REFUND.replace(r#""195.66""#, "195.66"),
            REFUND.replace("195.66", "much"),
            REFUND.replace("presentment_money", "shop_money"),
        ] {
            assert!(refunded(&bad).is_err(), "{bad}");
        }
    }
}
