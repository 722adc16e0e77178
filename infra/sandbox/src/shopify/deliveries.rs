//! Deliveries exactly as Shopify would POST them, buyer and all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::{Buyer, Fulfillment, Line, Order, Shop};

/// A signed delivery, ready to be posted: body and headers must not be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The topic, which also stands in the headers.
    pub topic: String,
    /// Every header of it.
    pub headers: Vec<(String, String)>,
    /// The raw body: its bytes are what is signed.
    pub body: String,
}

impl Delivery {
    /// The POST to `url`.
    ///
    /// # Errors
    /// `url` is no address.
    pub fn request(&self, url: &str) -> Result<http::Request<Vec<u8>>, http::Error> {
        let start = http::Request::post(url);
        let headed = self.headers.iter().fold(start, |request, (name, value)| request.header(name, value));
        headed.body(self.body.clone().into_bytes())
    }
}

/// The headers and signature around a body.
pub(super) fn sign(shop: &Shop, topic: &str, body: &Value, number: u64, now: Timestamp) -> Delivery {
    let body = body.to_string();
    // A key of any length is taken, so there is always a signature.
    let signature = Hmac::<Sha256>::new_from_slice(shop.webhook_secret.as_bytes())
        .map(|mac| STANDARD.encode(mac.chain_update(body.as_bytes()).finalize().into_bytes()))
        .unwrap_or_default();
    let id = |kind: u64| format!("{kind:08x}-0000-4000-8000-{number:012x}");
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", "Shopify-Captain-Hook".to_owned()),
        ("X-Shopify-Topic", topic.to_owned()),
        ("X-Shopify-Hmac-Sha256", signature),
        ("X-Shopify-Shop-Domain", shop.domain.clone()),
        ("X-Shopify-API-Version", "2026-10".to_owned()),
        ("X-Shopify-Webhook-Id", id(1)),
        ("X-Shopify-Event-Id", id(2)),
        ("X-Shopify-Triggered-At", now.to_string()),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Delivery { topic: topic.to_owned(), headers, body }
}

/// A time as REST writes it: in the shop's own offset.
fn rest_time(time: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(-5));
    time.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn money(amount: &str) -> Value {
    let one = json!({"amount": amount, "currency_code": "USD"});
    json!({"shop_money": one, "presentment_money": one})
}

fn address(buyer: &Buyer) -> Value {
    json!({
        "first_name": buyer.first_name, "last_name": buyer.last_name,
        "name": format!("{} {}", buyer.first_name, buyer.last_name),
        "address1": buyer.address1, "address2": null, "company": null, "city": buyer.city, "zip": buyer.zip,
        "province": "Kentucky", "province_code": "KY", "country": "United States", "country_code": "US",
        "phone": buyer.phone, "latitude": 38.25, "longitude": -85.75,
    })
}

fn line(line: &Line, quantity: u32, left: u32, buyer: &Buyer) -> Value {
    json!({
        "id": line.id, "admin_graphql_api_id": format!("gid://shopify/LineItem/{}", line.id),
        "title": line.title, "name": line.title, "variant_title": null, "vendor": null,
        "sku": line.sku, "variant_id": null, "product_id": null, "product_exists": true,
        "quantity": quantity, "fulfillable_quantity": left, "grams": 200, "gift_card": false, "taxable": true,
        "requires_shipping": true, "fulfillment_service": "manual", "fulfillment_status": null,
        "variant_inventory_management": null, "price": "12.00", "price_set": money("12.00"),
        "total_discount": "0.00", "total_discount_set": money("0.00"),
        "properties": [{"name": "Dedication", "value": format!("for {}", buyer.first_name)}],
        "discount_allocations": [], "duties": [], "tax_lines": [],
    })
}

/// The body of `fulfillments/*`.
pub(super) fn fulfillment(order: &Order, fulfillment: &Fulfillment) -> Value {
    let lines: Vec<Value> = fulfillment
        .lines
        .iter()
        .filter_map(|(id, quantity)| {
            let of = order.lines.iter().find(|line| line.id == *id)?;
            Some(line(of, *quantity, order.unfulfilled(of), &order.buyer))
        })
        .collect();
    let number = fulfillment.numbers.first();
    let url = |number: &String| format!("https://tracking.example.com/{number}?to={}", order.buyer.last_name);
    let place = order.fulfillments.iter().position(|f| f.id == fulfillment.id).unwrap_or(0) + 1;
    json!({
        "id": fulfillment.id, "order_id": order.id, "status": fulfillment.status,
        "created_at": rest_time(fulfillment.created_at), "service": "manual",
        "updated_at": rest_time(fulfillment.updated_at), "tracking_company": fulfillment.company,
        "shipment_status": null, "location_id": fulfillment.location, "origin_address": null,
        "email": order.buyer.email, "destination": address(&order.buyer), "line_items": lines,
        "tracking_number": number, "tracking_numbers": fulfillment.numbers,
        "tracking_url": number.map(url), "tracking_urls": fulfillment.numbers.iter().map(url).collect::<Vec<_>>(),
        "receipt": {"packed_for": order.buyer.first_name}, "name": format!("{}.{place}", order.name),
        "admin_graphql_api_id": format!("gid://shopify/Fulfillment/{}", fulfillment.id),
    })
}

/// The body of `orders/cancelled`.
pub(super) fn order(order: &Order) -> Value {
    let lines: Vec<Value> =
        order.lines.iter().map(|l| line(l, l.quantity, order.unfulfilled(l), &order.buyer)).collect();
    let attributes: Vec<Value> =
        order.attributes.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "id": order.id, "admin_graphql_api_id": format!("gid://shopify/Order/{}", order.id),
        "name": order.name, "created_at": rest_time(order.created_at), "updated_at": rest_time(order.updated_at),
        "cancelled_at": order.cancelled_at.map(rest_time),
        "cancel_reason": order.cancelled_at.map(|_| "customer"),
        "source_name": order.source_name, "source_identifier": order.source_identifier,
        "tags": order.tags.join(", "), "note": format!("ring for {}", order.buyer.first_name),
        "note_attributes": attributes, "email": order.buyer.email, "contact_email": order.buyer.email,
        "phone": order.buyer.phone, "browser_ip": "192.0.2.14", "currency": "USD", "total_price": "12.00",
        "total_price_set": money("12.00"), "billing_address": address(&order.buyer),
        "shipping_address": address(&order.buyer),
        "customer": {
            "id": 71, "email": order.buyer.email, "first_name": order.buyer.first_name,
            "last_name": order.buyer.last_name, "default_address": address(&order.buyer),
        },
        "line_items": lines,
        "fulfillments": order.fulfillments.iter().map(|f| fulfillment(order, f)).collect::<Vec<_>>(),
        "refunds": [],
    })
}

/// The body of `refunds/create`; `None` if a line is not the order's.
pub(super) fn refund(
    order: &Order,
    id: u64,
    at: Timestamp,
    lines: &[(&str, &str)],
    postage: bool,
) -> Option<Value> {
    let mut rows = Vec::new();
    for (number, (sku, amount)) in (1u64..).zip(lines) {
        let of = order.lines.iter().find(|line| line.sku.as_deref() == Some(*sku))?;
        rows.push(json!({
            "id": id * 100 + number, "line_item_id": of.id, "location_id": null, "restock_type": "no_restock",
            "quantity": 1, "subtotal": amount, "subtotal_set": money(amount), "total_tax": "0.00",
            "total_tax_set": money("0.00"), "line_item": line(of, of.quantity, 0, &order.buyer),
        }));
    }
    let adjustments = if postage {
        json!([{"id": 1, "order_id": order.id, "refund_id": id, "amount": "-4.99", "kind": "shipping_refund",
                "reason": "Shipping refund"}])
    } else {
        json!([])
    };
    Some(json!({
        "id": id, "order_id": order.id, "created_at": rest_time(at), "processed_at": rest_time(at),
        "note": format!("for {}", order.buyer.first_name), "user_id": 7, "restock": false,
        "admin_graphql_api_id": format!("gid://shopify/Refund/{id}"), "refund_line_items": rows,
        "transactions": [], "order_adjustments": adjustments, "refund_shipping_lines": [], "duties": [],
    }))
}

/// The body of `app/uninstalled`.
pub(super) fn shop(shop: &Shop) -> Value {
    let owner = Buyer::default();
    json!({
        "id": SHOP_ID, "name": shop.domain, "domain": shop.domain, "myshopify_domain": shop.domain,
        "email": owner.email, "shop_owner": format!("{} {}", owner.first_name, owner.last_name),
        "address1": owner.address1, "phone": owner.phone, "plan_name": "basic", "currency": "USD",
        "iana_timezone": "America/New_York",
    })
}

const SHOP_ID: u64 = 900_000_001;

/// The body of a privacy topic; `None` if `topic` is none.
pub(super) fn privacy(shop: &Shop, topic: &str, orders: &[u64]) -> Option<Value> {
    let buyer = Buyer::default();
    let customer = json!({"id": 71, "email": buyer.email, "phone": buyer.phone});
    match topic {
        "customers/data_request" => Some(json!({
            "shop_id": SHOP_ID, "shop_domain": shop.domain, "orders_requested": orders, "customer": customer,
            "data_request": {"id": 9_999},
        })),
        "customers/redact" => Some(json!({
            "shop_id": SHOP_ID, "shop_domain": shop.domain, "customer": customer, "orders_to_redact": orders,
        })),
        "shop/redact" => Some(json!({"shop_id": SHOP_ID, "shop_domain": shop.domain})),
        _ => None,
    }
}
