//! Deliveries: signature, topic, what of a body goes on, and what it means.

mod body;

use connector_api::{Allowed, Delivery, StoreEvent};
use domain::connection::Connection;
use http::HeaderMap;
use secrecy::SecretString;
use signatures::{SignatureError, Verified, verify_hmac_base64};

/// The signature header, and its name in "Events" deliveries.
const SIGNATURE: [&str; 2] = ["x-shopify-hmac-sha256", "shopify-hmac-sha256"];
/// The topic header, and its name in "Events" deliveries.
const TOPIC: [&str; 2] = ["x-shopify-topic", "shopify-topic"];

/// Headers worth keeping. None is signed, so none decides anything.
pub(crate) const KEPT_HEADERS: &[&str] = &[
    "x-shopify-webhook-id",
    "x-shopify-event-id",
    "x-shopify-triggered-at",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "shopify-webhook-id",
    "shopify-event-id",
    "shopify-triggered-at",
    "shopify-shop-domain",
    "shopify-api-version",
];

/// What we do about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Fulfillment,
    OrderCancelled,
    Refund,
    Uninstalled,
    CustomerData,
    CustomerErase,
    ShopErase,
}

/// Every topic that is ours, as Shopify writes it.
const TOPICS: [(&str, Topic); 8] = [
    ("fulfillments/create", Topic::Fulfillment),
    ("fulfillments/update", Topic::Fulfillment),
    ("orders/cancelled", Topic::OrderCancelled),
    ("refunds/create", Topic::Refund),
    ("app/uninstalled", Topic::Uninstalled),
    ("customers/data_request", Topic::CustomerData),
    ("customers/redact", Topic::CustomerErase),
    ("shop/redact", Topic::ShopErase),
];

impl Topic {
    fn of(text: &str) -> Option<Self> {
        TOPICS.iter().find(|(name, _)| *name == text).map(|(_, topic)| *topic)
    }

    /// What of its body goes on. Some paths are there only to tell that a body belongs to another topic.
    fn allowed(self) -> Allowed {
        match self {
            Self::Fulfillment => Allowed(&[
                &["id"],
                &["order_id"],
                &["status"],
                &["shipment_status"],
                &["created_at"],
                &["updated_at"],
                &["location_id"],
                &["tracking_company"],
                &["tracking_number"],
                &["tracking_numbers"],
                &["line_items", "id"],
                &["line_items", "sku"],
                &["line_items", "quantity"],
                &["line_items", "requires_shipping"],
            ]),
            Self::OrderCancelled => Allowed(&[&["id"], &["order_id"], &["updated_at"], &["cancelled_at"]]),
            Self::Refund => Allowed(&[
                &["id"],
                &["order_id"],
                &["created_at"],
                &["refund_line_items", "line_item_id"],
                &["refund_line_items", "line_item", "sku"],
                &["refund_line_items", "subtotal_set", "presentment_money", "amount"],
                &["refund_line_items", "subtotal_set", "presentment_money", "currency_code"],
                &["order_adjustments", "id"],
                &["refund_shipping_lines", "id"],
                &["duties", "duty_id"],
            ]),
            Self::Uninstalled => Allowed(&[&["id"], &["order_id"], &["myshopify_domain"]]),
            Self::CustomerData | Self::CustomerErase | Self::ShopErase => {
                Allowed(&[&["shop_id"], &["shop_domain"], &["orders_requested"], &["orders_to_redact"]])
            }
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, names: [&str; 2]) -> Option<&'a str> {
    names.iter().find_map(|name| headers.get(*name)).and_then(|value| value.to_str().ok())
}

/// Verifies the raw bytes against the app's client secrets.
///
/// Contract: Shopify "Verify webhook deliveries", read 2026-11.
pub(crate) fn verify<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    secrets: &[SecretString],
) -> Result<Verified<'a>, SignatureError> {
    verify_hmac_base64(body, header(headers, SIGNATURE), secrets)
}

/// The topic, if it is ours, and what of its body goes on.
pub(crate) fn topic(headers: &HeaderMap) -> Option<(String, Allowed)> {
    let text = header(headers, TOPIC)?.trim();
    Topic::of(text).map(|topic| (text.to_owned(), topic.allowed()))
}

/// Reads a reduced delivery.
pub(crate) fn event(connection: &Connection, delivery: &Delivery) -> Result<StoreEvent, String> {
    match Topic::of(&delivery.topic) {
        Some(topic) => body::event(connection, topic, &delivery.body),
        None => Ok(StoreEvent::Nothing { reason: "a topic that Parcelwire does not act on".to_owned() }),
    }
}
