//! Notifications v1: destinations, subscriptions, and the messages that they bring about.

use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{self, Refusal};
use super::orders::{Order, Party, Status};
use super::{AmazonSandbox, seller_id};

const ORDER_CHANGE: &str = "ORDER_CHANGE";
const FEED_FINISHED: &str = "FEED_PROCESSING_FINISHED";

/// A message that Amazon put into a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMessage {
    /// The queue.
    pub arn: String,
    /// The message, as it stands there.
    pub body: String,
}

struct Destination {
    id: String,
    name: String,
    arn: String,
}

struct Subscription {
    id: String,
    seller: String,
    topic: String,
    version: String,
    destination: String,
    directive: Value,
}

/// Everything about notifications.
#[derive(Default)]
pub(super) struct Notifications {
    destinations: Vec<Destination>,
    subscriptions: Vec<Subscription>,
    messages: Vec<QueueMessage>,
    made: u64,
}

fn payload(value: &Value) -> Response<Vec<u8>> {
    answer::json(200, &json!({ "payload": value }))
}

fn missing() -> Refusal {
    Refusal::new(404, "NotFound", "The resource specified does not exist.")
}

fn body(request: &Request<Vec<u8>>) -> Result<Value, Refusal> {
    serde_json::from_slice(request.body()).map_err(|_| Refusal::invalid("The request cannot be parsed."))
}

impl Destination {
    fn describe(&self) -> Value {
        json!({ "destinationId": self.id, "name": self.name, "resource": { "sqs": { "arn": self.arn } } })
    }
}

impl Subscription {
    fn describe(&self) -> Value {
        let mut all = json!({
            "subscriptionId": self.id, "payloadVersion": self.version, "destinationId": self.destination,
        });
        if let Some(fields) = all.as_object_mut().filter(|_| !self.directive.is_null()) {
            fields.insert("processingDirective".to_owned(), self.directive.clone());
        }
        all
    }
}

impl AmazonSandbox {
    /// Takes the messages that were put into queues since the last call.
    pub fn take_messages(&mut self) -> Vec<QueueMessage> {
        std::mem::take(&mut self.notifications.messages)
    }

    pub(super) fn list_destinations(&self) -> Response<Vec<u8>> {
        let all: Vec<Value> = self.notifications.destinations.iter().map(Destination::describe).collect();
        payload(&json!(all))
    }

    pub(super) fn create_destination(
        &mut self,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let asked = body(request)?;
        let name = asked.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let arn = asked.pointer("/resourceSpecification/sqs/arn").and_then(Value::as_str);
        let (Some(name), Some(arn)) = (name, arn) else {
            return Err(Refusal::invalid("name or resourceSpecification is missing"));
        };
        if !arn.starts_with("arn:aws:sqs:") || arn.ends_with(".fifo") {
            return Err(Refusal::invalid("The queue must be a standard SQS queue"));
        }
        let all = &mut self.notifications.destinations;
        if all.iter().any(|one| one.arn == arn || one.name == name) {
            return Err(Refusal::new(409, "ResourceAlreadyExists", "The destination exists already"));
        }
        let id = format!("destination-{}", all.len() + 1);
        let made = Destination { id, name: name.to_owned(), arn: arn.to_owned() };
        let answer = payload(&made.describe());
        all.push(made);
        Ok(answer)
    }

    pub(super) fn get_subscription(&self, seller: &str, topic: &str) -> Result<Response<Vec<u8>>, Refusal> {
        let all = &self.notifications.subscriptions;
        let one = all.iter().find(|one| one.seller == seller && one.topic == topic);
        Ok(payload(&one.ok_or_else(missing)?.describe()))
    }

    pub(super) fn create_subscription(
        &mut self,
        seller: &str,
        topic: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        if !matches!(topic, ORDER_CHANGE | FEED_FINISHED) {
            return Err(Refusal::invalid(format!("Invalid value {topic} for notificationType")));
        }
        let asked = body(request)?;
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let directive = asked.get("processingDirective").cloned().unwrap_or(Value::Null);
        let filter = directive.pointer("/eventFilter/eventFilterType").and_then(Value::as_str);
        if topic == ORDER_CHANGE && filter != Some(ORDER_CHANGE) {
            return Err(Refusal::invalid("Cannot parse the processingDirective"));
        }
        let version = if topic == ORDER_CHANGE { "1.0" } else { "2020-09-04" };
        if text("payloadVersion") != version {
            return Err(Refusal::invalid("payloadVersion is invalid"));
        }
        let destination = text("destinationId");
        if !self.notifications.destinations.iter().any(|one| one.id == destination) {
            return Err(Refusal::invalid("destinationId is invalid"));
        }
        let all = &mut self.notifications.subscriptions;
        if all.iter().any(|one| one.seller == seller && one.topic == topic) {
            return Err(Refusal::new(409, "ResourceAlreadyExists", "The subscription exists already"));
        }
        self.notifications.made += 1;
        let made = Subscription {
            id: format!("subscription-{}", self.notifications.made),
            seller: seller.to_owned(),
            topic: topic.to_owned(),
            version: version.to_owned(),
            destination,
            directive,
        };
        let answer = payload(&made.describe());
        all.push(made);
        Ok(answer)
    }

    pub(super) fn delete_subscription(
        &mut self,
        topic: &str,
        id: &str,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let all = &mut self.notifications.subscriptions;
        let at = all.iter().position(|one| one.topic == topic && one.id == id).ok_or_else(missing)?;
        all.remove(at);
        Ok(answer::json(200, &json!({})))
    }

    /// Tells whoever subscribed.
    fn emit(&mut self, seller: &str, topic: &str, message: impl FnOnce(&str, u64) -> Value) {
        let all = &self.notifications.subscriptions;
        let Some(one) = all.iter().find(|one| one.seller == seller && one.topic == topic) else { return };
        let to = self.notifications.destinations.iter().find(|to| to.id == one.destination);
        let Some(arn) = to.map(|to| to.arn.clone()) else { return };
        let (id, number) = (one.id.clone(), self.notifications.made + 1);
        self.notifications.made = number;
        let body = message(&id, number).to_string();
        self.notifications.messages.push(QueueMessage { arn, body });
    }

    /// Tells that an order changed, if its seller subscribed to that.
    pub fn notify_order(&mut self, now: Timestamp, order: &str) {
        let Some(order) = self.orders.get(order).cloned() else { return };
        self.emit(&order.described.seller.clone(), ORDER_CHANGE, |subscription, number| {
            order_change(&order, now, subscription, number)
        });
    }

    pub(super) fn notify_feed(
        &mut self,
        now: Timestamp,
        seller: &str,
        feed: &str,
        kind: &str,
        status: &str,
        result: Option<&str>,
    ) {
        let id = seller_id(seller);
        self.emit(seller, FEED_FINISHED, |subscription, number| {
            let mut told = json!({
                "sellerId": id,
                "accountId": format!("amzn1.merchant.o.{id}"),
                "feedId": feed,
                "feedType": kind,
                "processingStatus": status,
            });
            if let (Some(result), Some(fields)) = (result, told.as_object_mut()) {
                fields.insert("resultFeedDocumentId".to_owned(), json!(result));
            }
            json!({
                "notificationVersion": "2020-09-04",
                "notificationType": FEED_FINISHED,
                "payloadVersion": "2020-09-04",
                "eventTime": now.to_string(),
                "payload": { "feedProcessingFinishedNotification": told },
                "notificationMetadata": {
                    "applicationId": "sandbox-app",
                    "subscriptionId": subscription,
                    "publishTime": now.to_string(),
                    "notificationId": format!("notification-{number}"),
                },
            })
        });
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::PendingAvailability => "PendingAvailability",
        Status::Pending => "Pending",
        Status::Unshipped => "Unshipped",
        Status::PartiallyShipped => "PartiallyShipped",
        Status::Shipped => "Shipped",
        Status::Cancelled => "Canceled",
        Status::Unfulfillable => "Unfulfillable",
    }
}

fn order_change(order: &Order, now: Timestamp, subscription: &str, number: u64) -> Value {
    let described = &order.described;
    let shipped: u32 = order.lines.iter().map(|line| order.shown_units(&line.id, now)).sum();
    let ordered: u32 = order.lines.iter().filter(|line| !line.cancelled).map(|line| line.ordered).sum();
    let items: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "OrderItemId": line.id,
                "SellerSKU": line.sku,
                "SupplySourceId": null,
                "Quantity": line.ordered,
                "QuantityShipped": order.shown_units(&line.id, now),
                "IsBuyerRequestedCancel": described.cancel_requested,
            })
        })
        .collect();
    let programs: Vec<&str> = described
        .programs
        .iter()
        .filter_map(|program| match program.as_str() {
            "PRIME" => Some("Prime"),
            "PREMIUM" => Some("Premium"),
            "AMAZON_BUSINESS" => Some("Business"),
            _ => None,
        })
        .collect();
    let picked_up = described.programs.iter().any(|program| program == "IN_STORE_PICK_UP");
    let kind = if described.cancel_requested { "BuyerRequestedChange" } else { "OrderStatusChange" };
    json!({
        "NotificationVersion": "1.0",
        "NotificationType": ORDER_CHANGE,
        "PayloadVersion": "1.0",
        "EventTime": now.to_string(),
        "Payload": { "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller_id(&described.seller),
            "AmazonOrderId": order.id(),
            "OrderChangeType": kind,
            "OrderChangeTrigger": { "TimeOfOrderChange": order.updated_at(now).to_string(), "ChangeReason": "Sandbox" },
            "Summary": {
                "MarketplaceId": described.marketplace_id,
                "OrderStatus": word(order.shown_status(now)),
                "PurchaseDate": order.purchased_at.to_string(),
                "DestinationPostalCode": null,
                "FulfillmentType": if described.fulfilled_by == Party::Amazon { "AFN" } else { "MFN" },
                "OrderType": "StandardOrder",
                "NumberOfItemsShipped": shipped,
                "NumberOfItemsUnshipped": ordered.saturating_sub(shipped),
                "LatestShipDate": order.ship_by.to_string(),
                "OrderPrograms": programs,
                "ShippingPrograms": if picked_up { vec!["ISPU"] } else { vec![] },
                "OrderItems": items,
            },
        } },
        "NotificationMetadata": {
            "ApplicationId": "sandbox-app",
            "SubscriptionId": subscription,
            "PublishTime": now.to_string(),
            "NotificationId": format!("notification-{number}"),
        },
    })
}
