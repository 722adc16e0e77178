//! What a feed's messages do to orders.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::super::AmazonSandbox;
use super::super::confirm::{Asked, check};
use super::super::orders::{Content, Status};
use super::super::record::{By, Effect, RefundRecord};
use super::xml::{Child, MANY, Node};

/// Why a message is refused: code and words. Amazon publishes no list of codes: these are ours.
pub(super) type Refused = (&'static str, String);

const SCHEMA: &str = "90061";
const REFUSED: &str = "99001";
const AMOUNT: &str = "99002";

/// Root, header and type of a whole document; its messages with their numbers.
pub(super) fn messages<'a>(
    root: &'a Node,
    message_type: &str,
    seller_id: &str,
) -> Result<Vec<(u32, &'a Node)>, String> {
    if root.name != "AmazonEnvelope" {
        return Err(format!("the root is {}, not AmazonEnvelope", root.name));
    }
    root.follows(&[("Header", 1, 1), ("MessageType", 1, 1), ("Message", 1, MANY)])?;
    let header = root.child("Header").ok_or("no header")?;
    header.follows(&[("DocumentVersion", 1, 1), ("MerchantIdentifier", 1, 1)])?;
    if header.value("MerchantIdentifier") != Some(seller_id) {
        return Err("MerchantIdentifier is another seller".to_owned());
    }
    if root.value("MessageType") != Some(message_type) {
        return Err(format!("MessageType must be {message_type}"));
    }
    let mut all: Vec<(u32, &Node)> = Vec::new();
    for message in root.all("Message") {
        message.follows(&[("MessageID", 1, 1), ("OperationType", 0, 1), (leaf(message_type), 1, 1)])?;
        let number = message.value("MessageID").and_then(|n| n.parse().ok()).filter(|n| *n > 0);
        let number: u32 = number.ok_or("MessageID is no positive number")?;
        if all.iter().any(|(other, _)| *other == number) {
            return Err(format!("MessageID {number} occurs twice"));
        }
        all.push((number, message.child(message_type).ok_or("no content")?));
    }
    let checked: Result<Vec<()>, String> = all.iter().map(|(_, node)| follows(node)).collect();
    checked.map(|_| all)
}

fn leaf(message_type: &str) -> &'static str {
    match message_type {
        "OrderFulfillment" => "OrderFulfillment",
        "OrderAcknowledgement" => "OrderAcknowledgement",
        _ => "OrderAdjustment",
    }
}

/// Whether a message's elements stand in the order of its schema.
fn follows(node: &Node) -> Result<(), String> {
    let (outer, item, inner): (&[Child], &str, &[Child]) = match node.name.as_str() {
        "OrderFulfillment" => (
            &[
                ("AmazonOrderID", 1, 1),
                ("MerchantFulfillmentID", 0, 1),
                ("FulfillmentDate", 1, 1),
                ("FulfillmentData", 0, 1),
                ("CODCollectionMethod", 0, 1),
                ("Item", 0, MANY),
            ],
            "Item",
            &[("AmazonOrderItemCode", 1, 1), ("MerchantFulfillmentItemID", 0, 1), ("Quantity", 0, 1)],
        ),
        "OrderAcknowledgement" => (
            &[("AmazonOrderID", 1, 1), ("MerchantOrderID", 0, 1), ("StatusCode", 1, 1), ("Item", 0, MANY)],
            "Item",
            &[
                ("AmazonOrderItemCode", 1, 1),
                ("MerchantOrderItemID", 0, 1),
                ("CancelReason", 0, 1),
                ("Quantity", 0, 1),
            ],
        ),
        _ => (
            &[
                ("AmazonOrderID", 1, 1),
                ("ActionType", 0, 1),
                ("CODCollectionMethod", 0, 1),
                ("AdjustedItem", 1, MANY),
            ],
            "AdjustedItem",
            &[
                ("AmazonOrderItemCode", 1, 1),
                ("MerchantAdjustmentItemID", 0, 1),
                ("AdjustmentReason", 1, 1),
                ("ItemPriceAdjustments", 0, 1),
            ],
        ),
    };
    node.follows(outer)?;
    if let Some(data) = node.child("FulfillmentData") {
        data.follows(&[
            ("CarrierCode", 0, 1),
            ("CarrierName", 0, 1),
            ("ShippingMethod", 0, 1),
            ("ShipperTrackingNumber", 0, 1),
        ])?;
    }
    for item in node.all(item) {
        item.follows(inner)?;
        if let Some(adjustments) = item.child("ItemPriceAdjustments") {
            adjustments.follows(&[("Component", 1, MANY)])?;
            for component in adjustments.all("Component") {
                component.follows(&[("Type", 1, 1), ("Amount", 1, 1)])?;
            }
        }
    }
    Ok(())
}

fn refused(words: impl Into<String>) -> Refused {
    (REFUSED, words.into())
}

/// What came of a feed's document as a whole, in Amazon's words.
pub(super) fn unreadable(why: &str) -> Refused {
    (SCHEMA, format!("We are unable to process the XML feed because one or more items are invalid. ({why})"))
}

impl AmazonSandbox {
    /// Carries one message out.
    pub(super) fn apply(
        &mut self,
        now: Timestamp,
        feed: &str,
        seller: &str,
        marketplaces: &[String],
        message: &Node,
    ) -> Result<(), Refused> {
        let id = message.value("AmazonOrderID").unwrap_or_default();
        let order = self.orders.get(id).filter(|order| order.described.seller == seller);
        let order = order.ok_or_else(|| refused(format!("There is no order {id}")))?;
        if !marketplaces.contains(&order.described.marketplace_id) {
            return Err(refused("The order belongs to a marketplace that the feed does not name"));
        }
        match message.name.as_str() {
            "OrderFulfillment" => self.ship(now, seller, id, message),
            "OrderAcknowledgement" => self.acknowledge(now, id, message),
            _ => self.refund(feed, seller, id, message),
        }
    }

    fn ship(&mut self, now: Timestamp, seller: &str, id: &str, message: &Node) -> Result<(), Refused> {
        let at = message.value("FulfillmentDate").and_then(|at| at.parse::<Timestamp>().ok());
        let ship_date = at.ok_or_else(|| refused("FulfillmentDate is invalid"))?;
        if ship_date > now {
            return Err(refused("FulfillmentDate must not be in the future"));
        }
        let data = message.child("FulfillmentData");
        let text = |name: &str| data.and_then(|data| data.value(name)).map(str::to_owned);
        let carrier_code = text("CarrierCode")
            .filter(|code| !code.is_empty())
            .ok_or_else(|| refused("CarrierCode is missing"))?;
        let carrier_name = text("CarrierName");
        if carrier_code == "Other" && carrier_name.is_none() {
            return Err(refused("CarrierName is required when CarrierCode is Other"));
        }
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        for item in message.all("Item") {
            let code = item.value("AmazonOrderItemCode").unwrap_or_default();
            let units = item.value("Quantity").and_then(|n| n.parse::<u32>().ok()).filter(|n| *n > 0);
            let units = units.ok_or_else(|| refused("Quantity must be a positive number"))?;
            *lines.entry(code.to_owned()).or_default() += units;
        }
        let lag = Duration::from_secs(self.settings.shows_after_seconds);
        let order = self.orders.get_mut(id).ok_or_else(|| refused("There is no such order"))?;
        if lines.is_empty() {
            // Without items Amazon takes the whole order.
            lines = order.lines.iter().map(|line| (line.id.clone(), line.ordered)).collect();
        }
        // The reference is Amazon's own here.
        let reference =
            (1u32..).map(|n| n.to_string()).find(|n| !order.packages.contains_key(n)).unwrap_or_default();
        let content = Content {
            carrier_code,
            carrier_name,
            shipping_method: text("ShippingMethod"),
            tracking_number: text("ShipperTrackingNumber").unwrap_or_default(),
            ship_date,
            lines,
        };
        let asked = Asked { marketplace: order.described.marketplace_id.clone(), reference, content };
        check(order, &asked).map_err(|refusal| refused(refusal.words()))?;
        let shows_at = now.saturating_add(lag).unwrap_or(Timestamp::MAX);
        let version = order.put(now, shows_at, asked.reference.clone(), asked.content.clone(), By::Feed);
        self.record.keep(Effect {
            number: 0,
            at: now,
            seller: seller.to_owned(),
            order: id.to_owned(),
            reference: asked.reference,
            version,
            edit: false,
            content: asked.content,
        });
        Ok(())
    }

    fn acknowledge(&mut self, now: Timestamp, id: &str, message: &Node) -> Result<(), Refused> {
        match message.value("StatusCode") {
            Some("Success") => return Ok(()),
            Some("Failure") => {}
            _ => return Err(refused("StatusCode must be Success or Failure")),
        }
        let order = self.orders.get_mut(id).ok_or_else(|| refused("There is no such order"))?;
        if order.described.status != Status::Unshipped || !order.packages.is_empty() {
            return Err(refused("The order is not open, and cannot be cancelled"));
        }
        let items: Vec<String> = message
            .all("Item")
            .filter_map(|item| item.value("AmazonOrderItemCode"))
            .map(str::to_owned)
            .collect();
        let change = super::super::OrderChange { cancel_items: items, ..Default::default() };
        order.change(now, change).map_err(refused)
    }

    fn refund(&mut self, feed: &str, seller: &str, id: &str, message: &Node) -> Result<(), Refused> {
        if message.value("ActionType") != Some("Refund") {
            return Err(refused("ActionType must be Refund"));
        }
        let (currency, prices) = self.prices.get(id).cloned().ok_or_else(|| refused("Nothing was paid"))?;
        let mut all = Vec::new();
        for item in message.all("AdjustedItem") {
            let line = item.value("AmazonOrderItemCode").unwrap_or_default();
            let component = item.child("ItemPriceAdjustments").and_then(|all| all.child("Component"));
            let amount = component.and_then(|one| one.child("Amount"));
            let amount = amount.ok_or_else(|| refused("There is no amount"))?;
            let said = amount.attributes.iter().find(|(name, _)| name == "currency").map(|(_, value)| value);
            if said != Some(&currency) {
                return Err((AMOUNT, format!("The order was paid in {currency}")));
            }
            let value: Decimal = amount.text.parse().map_err(|_| refused("The amount is invalid"))?;
            let ordered = self.orders.get(id).and_then(|order| order.lines.iter().find(|l| l.id == line));
            let ordered = ordered.ok_or_else(|| refused(format!("There is no item {line}")))?.ordered;
            let paid = prices.get(line).copied().unwrap_or_default() * Decimal::from(ordered);
            let before: Decimal = self
                .record
                .refunds()
                .iter()
                .filter(|one| one.order == id && one.line == line)
                .filter_map(|one| one.amount.parse::<Decimal>().ok())
                .sum();
            if value <= Decimal::ZERO || before + value > paid {
                return Err((AMOUNT, "The amount exceeds what was paid".to_owned()));
            }
            all.push(RefundRecord {
                seller: seller.to_owned(),
                order: id.to_owned(),
                line: line.to_owned(),
                id: item.value("MerchantAdjustmentItemID").unwrap_or_default().to_owned(),
                amount: amount.text.clone(),
                currency: currency.clone(),
                feed: feed.to_owned(),
            });
        }
        self.record.refund(all);
        Ok(())
    }
}
