//! TEMPLATE: the stand-in of an invented marketplace, for its connector in `shared/connectors/_template_marketplace`.
//!
//! Copied to start a real one. It keeps state, is true to the contract, and refuses in the vendor's words:
//!
//! | request | operation |
//! |---|---|
//! | `POST /oauth/token` | `token` |
//! | `GET /v1/orders` | `listOrders` |
//! | `GET /v1/orders/{id}` | `getOrder` |
//! | `POST /v1/orders/{id}/packages` | `createPackage` |
//!
//! TEMPLATE: what is to be served by `parcelwire sandbox` also takes control requests below `/_sandbox/` and faults on
//! demand ([`crate::faults`]): see [`crate::amazon`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use url::form_urlencoded;

use crate::{Outcome, Standin};

/// Orders a page.
const PAGE: usize = 100;
/// How long an access token lives.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How long a seller has to ship.
const SHIP_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// The carriers that are taken.
const CARRIERS: [&str; 3] = ["UPS", "USPS", "Other"];

/// A seller's authorisation.
#[derive(Clone, Debug, Default)]
struct Grants {
    /// The one refresh token that works: each serves once.
    refresh: String,
    /// The right to tell of packages is missing.
    narrow: bool,
    issued: u32,
    /// Access tokens and their ends.
    access: BTreeMap<String, Timestamp>,
}

/// A line of an order.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// The seller's SKU.
    pub sku: String,
    /// Units ordered.
    pub quantity: u32,
}

/// An order, described in full.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Whose it is.
    pub shop: String,
    /// Its id.
    pub id: String,
    /// Its lines.
    pub items: Vec<Item>,
    /// Whether it is paid.
    pub paid: bool,
    /// The marketplace ships it.
    pub theirs: bool,
    /// What stands in every field of the buyer's.
    pub buyer: String,
}

/// What happened to an order since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The buyer asked to cancel it.
    CancelAsked,
    /// It was cancelled.
    Cancelled,
}

#[derive(Clone, Debug)]
struct Order {
    described: NewOrder,
    placed_at: Timestamp,
    updated_at: Timestamp,
    cancel_requested: bool,
    cancelled: bool,
    /// As they are shown.
    packages: Vec<Value>,
}

/// The stand-in. A plain state machine: time comes with each request, and nothing is left to chance.
#[derive(Debug, Default)]
pub struct TemplateSandbox {
    shops: BTreeMap<String, Grants>,
    orders: BTreeMap<String, Order>,
}

fn answer(status: u16, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("x-request-id", http::HeaderValue::from_static("req-1"));
    response
}

fn refused(status: u16, code: &str, message: &str) -> Response<Vec<u8>> {
    answer(status, &json!({ "code": code, "message": message }))
}

fn no_such_order() -> Response<Vec<u8>> {
    refused(404, "not_found", "There is no such order.")
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// A field, or null.
fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

impl Order {
    fn shipped(&self, item: &str) -> bool {
        let mut inside = self.packages.iter().filter_map(|package| at(package, "items").as_array()).flatten();
        inside.any(|row| at(row, "id") == item)
    }

    fn status(&self) -> &'static str {
        let items = &self.described.items;
        let shipped = items.iter().filter(|item| self.shipped(&item.id)).count();
        match (self.cancelled, self.described.paid, shipped) {
            (true, ..) => "cancelled",
            (_, false, _) => "unpaid",
            (.., 0) => "ready",
            (.., some) if some < items.len() => "partly_shipped",
            _ => "shipped",
        }
    }

    fn describe(&self) -> Value {
        let item = |item: &Item| {
            let shipped = if self.shipped(&item.id) { item.quantity } else { 0 };
            let cancelled = if self.cancelled { item.quantity } else { 0 };
            json!({
                "id": item.id, "sku": item.sku, "quantity": item.quantity, "shipped": shipped, "cancelled": cancelled,
            })
        };
        let NewOrder { id, items, theirs, buyer, .. } = &self.described;
        json!({
            "id": id,
            "site": "us",
            "placed_at": self.placed_at,
            "updated_at": self.updated_at,
            "status": self.status(),
            "fulfilled_by": if *theirs { "template" } else { "seller" },
            "cancel_requested": self.cancel_requested,
            "ship_by": later(self.placed_at, SHIP_WITHIN),
            "items": items.iter().map(item).collect::<Vec<_>>(),
            "packages": self.packages,
            "buyer": { "name": buyer, "email": format!("{buyer}@example.com"), "note": buyer },
        })
    }
}

impl TemplateSandbox {
    /// A stand-in without shops and orders.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Authorises a shop, perhaps again; a narrow authorisation lacks the right to tell of packages.
    pub fn authorise(&mut self, shop: &str, refresh_token: &str, narrow: bool) {
        let grants = Grants { refresh: refresh_token.to_owned(), narrow, ..Grants::default() };
        self.shops.insert(shop.to_owned(), grants);
    }

    /// Takes a shop's authorisation away: every token dies.
    pub fn revoke(&mut self, shop: &str) {
        self.shops.remove(shop);
    }

    /// Lets every access token of a shop run out.
    pub fn expire(&mut self, shop: &str) {
        if let Some(grants) = self.shops.get_mut(shop) {
            grants.access.clear();
        }
    }

    /// Adds an order, or replaces the one of the same id.
    pub fn add_order(&mut self, now: Timestamp, described: NewOrder) {
        let order = Order {
            placed_at: now,
            updated_at: now,
            cancel_requested: false,
            cancelled: false,
            packages: Vec::new(),
            described,
        };
        self.orders.insert(order.described.id.clone(), order);
    }

    /// Lets something happen to an order.
    ///
    /// # Errors
    /// There is no such order.
    pub fn change_order(&mut self, now: Timestamp, id: &str, change: Change) -> Result<(), String> {
        let order = self.orders.get_mut(id).ok_or_else(|| format!("there is no order {id:?}"))?;
        match change {
            Change::CancelAsked => order.cancel_requested = true,
            Change::Cancelled => order.cancelled = true,
        }
        order.updated_at = now;
        Ok(())
    }

    /// The packages of an order, as they are shown.
    #[must_use]
    pub fn packages(&self, id: &str) -> Vec<Value> {
        self.orders.get(id).map(|order| order.packages.clone()).unwrap_or_default()
    }

    /// A signed post that an order changed: its headers and its raw body.
    #[must_use]
    pub fn post(&self, id: &str, secret: &str) -> (Vec<(&'static str, String)>, Vec<u8>) {
        let described = self.orders.get(id).map(|order| &order.described);
        let (shop, buyer) = described.map_or(("", ""), |order| (order.shop.as_str(), order.buyer.as_str()));
        let body =
            json!({ "event": "order.changed", "shop": shop, "order_id": id, "buyer": { "name": buyer } });
        let body = body.to_string().into_bytes();
        // A key of any length is taken, so there is always a signature.
        let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .map(|mac| STANDARD.encode(mac.chain_update(&body).finalize().into_bytes()))
            .unwrap_or_default();
        let headers =
            vec![("content-type", "application/json".to_owned()), ("x-template-signature", signature)];
        (headers, body)
    }

    fn token(&mut self, now: Timestamp, body: &[u8]) -> Response<Vec<u8>> {
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let refresh = form.get("refresh_token").cloned().unwrap_or_default();
        let Some((shop, grants)) = self.shops.iter_mut().find(|(_, grants)| grants.refresh == refresh) else {
            let words = "The refresh token is not valid.";
            return answer(400, &json!({ "error": "invalid_grant", "error_description": words }));
        };
        grants.issued += 1;
        let token = format!("access-{shop}-{}", grants.issued);
        grants.refresh = format!("refresh-{shop}-{}", grants.issued);
        grants.access.insert(token.clone(), later(now, TOKEN_LIFE));
        let seconds = TOKEN_LIFE.as_secs();
        answer(200, &json!({ "access_token": token, "expires_in": seconds, "refresh_token": grants.refresh }))
    }

    /// Whose token a request carries.
    fn shop(&self, now: Timestamp, request: &Request<Vec<u8>>) -> Option<(&String, &Grants)> {
        let token = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.shops.iter().find(|(_, grants)| grants.access.get(token).is_some_and(|end| *end > now))
    }

    fn list(&self, now: Timestamp, shop: &str, query: &BTreeMap<String, String>) -> Response<Vec<u8>> {
        let Some(since) = query.get("changed_since").and_then(|text| text.parse::<Timestamp>().ok()) else {
            return refused(400, "bad_request", "changed_since must be a time.");
        };
        // A page token says where the list stands and up to when it goes.
        let (from, as_of) = match query.get("page") {
            None => (0, now),
            Some(page) => {
                let read = page
                    .split_once('~')
                    .and_then(|(from, as_of)| Some((from.parse().ok()?, as_of.parse().ok()?)));
                let Some(read) = read else {
                    return refused(400, "bad_page", "The page token is not valid.");
                };
                read
            }
        };
        let mut rows: Vec<&Order> = self
            .orders
            .values()
            .filter(|order| order.described.shop == shop && (since..=as_of).contains(&order.updated_at))
            .collect();
        rows.sort_by(|a, b| (a.updated_at, &a.described.id).cmp(&(b.updated_at, &b.described.id)));
        let page: Vec<Value> = rows.iter().skip(from).take(PAGE).map(|order| order.describe()).collect();
        let next = (from + PAGE < rows.len()).then(|| format!("{}~{as_of}", from + PAGE));
        answer(200, &json!({ "orders": page, "next_page": next, "as_of": as_of }))
    }

    fn confirm(&mut self, now: Timestamp, shop: &str, id: &str, body: &[u8]) -> Response<Vec<u8>> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(order) = self.orders.get_mut(id).filter(|order| order.described.shop == shop) else {
            return no_such_order();
        };
        if at(&body, "carrier").as_str().is_some_and(|carrier| !CARRIERS.contains(&carrier)) {
            return refused(400, "unknown_carrier", "The carrier is not known.");
        }
        let items = at(&body, "items").as_array().cloned().unwrap_or_default();
        for row in &items {
            let Some(item) = order.described.items.iter().find(|item| at(row, "id") == item.id.as_str())
            else {
                return refused(400, "unknown_item", "The order has no such item.");
            };
            if order.shipped(&item.id) {
                return refused(409, "already_shipped", "The item was shipped already.");
            }
            if at(row, "quantity") != item.quantity {
                return refused(422, "split_item", "All units of an item are in one package.");
            }
        }
        let package = json!({
            "id": format!("P{}", order.packages.len() + 1),
            "carrier": at(&body, "carrier"),
            "tracking_number": at(&body, "tracking_number"),
            "shipped_at": at(&body, "shipped_at"),
            "items": items,
        });
        order.packages.push(package.clone());
        order.updated_at = now;
        answer(201, &package)
    }
}

impl Standin for TemplateSandbox {
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        if path.as_slice() == ["oauth", "token"] {
            return Outcome::Answer(self.token(now, request.body()));
        }
        let Some((shop, grants)) = self.shop(now, request) else {
            return Outcome::Answer(refused(401, "bad_token", "The access token is not valid."));
        };
        let (shop, narrow) = (shop.clone(), grants.narrow);
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let query: BTreeMap<String, String> = query.into_owned().collect();
        Outcome::Answer(match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "orders"]) => self.list(now, &shop, &query),
            (&Method::GET, ["v1", "orders", id]) => {
                let mine = self.orders.get(*id).filter(|order| order.described.shop == shop);
                mine.map_or_else(no_such_order, |order| answer(200, &order.describe()))
            }
            (&Method::POST, ["v1", "orders", _, "packages"]) if narrow => {
                refused(403, "missing_scope", "The scope orders.write is missing.")
            }
            (&Method::POST, ["v1", "orders", id, "packages"]) => self.confirm(now, &shop, id, request.body()),
            _ => refused(404, "not_found", "There is nothing here."),
        })
    }
}
