//! TEMPLATE: the stand-in: stateful, true to the contract, refusals in the vendor's words.
//!
//! A new marketplace's goes to `infra/sandbox/src/<name>.rs`; this one stands here, since nobody else needs it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use sandbox::{Outcome, Standin};
use serde_json::{Value, json};
use sha2::Sha256;
use url::form_urlencoded;

/// Orders a page.
const PAGE: usize = 100;

/// A seller's authorisation.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    /// The one refresh token that works: each serves once.
    refresh: String,
    pub(super) revoked: bool,
    /// The right to confirm is missing.
    narrow: bool,
    issued: u32,
    /// Access tokens and their end.
    access: BTreeMap<String, Timestamp>,
}

impl Grants {
    pub(super) fn begin(refresh: String, narrow: bool) -> Self {
        Self { refresh, narrow, ..Self::default() }
    }
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) quantity: u32,
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) shop: String,
    pub(super) placed_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) paid: bool,
    pub(super) theirs: bool,
    pub(super) cancel_requested: bool,
    pub(super) cancelled: bool,
    pub(super) items: Vec<Item>,
    /// As they are shown.
    pub(super) packages: Vec<Value>,
    pub(super) buyer: String,
}

/// The stand-in.
#[derive(Debug, Default)]
pub(super) struct TemplateSandbox {
    pub(super) shops: BTreeMap<String, Grants>,
    pub(super) orders: BTreeMap<String, Order>,
}

/// The carriers that are taken.
const CARRIERS: [&str; 3] = ["UPS", "USPS", "Other"];

fn json_answer(status: u16, body: &Value) -> Response<Vec<u8>> {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.header("x-request-id", "req-1").body(body.to_string().into_bytes()).unwrap()
}

fn refused(status: u16, code: &str, message: &str) -> Response<Vec<u8>> {
    json_answer(status, &json!({ "code": code, "message": message }))
}

fn no_such_order() -> Response<Vec<u8>> {
    refused(404, "not_found", "There is no such order.")
}

impl Order {
    fn shipped(&self, item: &str) -> bool {
        let mut inside = self.packages.iter().filter_map(|package| package["items"].as_array()).flatten();
        inside.any(|row| row["id"] == item)
    }

    fn status(&self) -> &'static str {
        let shipped = self.items.iter().filter(|item| self.shipped(&item.id)).count();
        match (self.cancelled, self.paid, shipped) {
            (true, ..) => "cancelled",
            (_, false, _) => "unpaid",
            (.., 0) => "ready",
            (.., some) if some < self.items.len() => "partly_shipped",
            _ => "shipped",
        }
    }

    fn describe(&self, id: &str) -> Value {
        let item = |item: &Item| {
            let shipped = if self.shipped(&item.id) { item.quantity } else { 0 };
            let cancelled = if self.cancelled { item.quantity } else { 0 };
            json!({ "id": item.id, "sku": item.sku, "quantity": item.quantity, "shipped": shipped, "cancelled": cancelled })
        };
        json!({
            "id": id,
            "site": "us",
            "placed_at": self.placed_at,
            "updated_at": self.updated_at,
            "status": self.status(),
            "fulfilled_by": if self.theirs { "template" } else { "seller" },
            "cancel_requested": self.cancel_requested,
            "ship_by": self.placed_at.saturating_add(SignedDuration::from_hours(48)).unwrap(),
            "items": self.items.iter().map(item).collect::<Vec<_>>(),
            "packages": self.packages,
            "buyer": { "name": self.buyer, "email": format!("{}@example.com", self.buyer), "note": self.buyer },
        })
    }
}

impl TemplateSandbox {
    fn token(&mut self, now: Timestamp, body: &[u8]) -> Response<Vec<u8>> {
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let refresh = form.get("refresh_token").cloned().unwrap_or_default();
        let known = self.shops.iter_mut().find(|(_, grants)| grants.refresh == refresh && !grants.revoked);
        let Some((shop, grants)) = known else {
            let error =
                json!({ "error": "invalid_grant", "error_description": "The refresh token is not valid." });
            return json_answer(400, &error);
        };
        grants.issued += 1;
        let token = format!("access-{shop}-{}", grants.issued);
        grants.refresh = format!("refresh-{shop}-{}", grants.issued);
        let end = now.saturating_add(SignedDuration::from_hours(1)).unwrap();
        grants.access.insert(token.clone(), end);
        json_answer(
            200,
            &json!({ "access_token": token, "expires_in": 3600, "refresh_token": grants.refresh }),
        )
    }

    /// Lets every access token of a shop run out.
    pub(super) fn expire(&mut self, shop: &str) {
        self.shops.get_mut(shop).unwrap().access.clear();
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
        // A page token tells where the list stands and up to when it goes.
        let (from, as_of) = match query.get("page").map(|page| page.split_once('~')) {
            None => (0, now),
            Some(Some((from, as_of)))
                if from.parse::<usize>().is_ok() && as_of.parse::<Timestamp>().is_ok() =>
            {
                (from.parse().unwrap(), as_of.parse().unwrap())
            }
            Some(_) => return refused(400, "bad_page", "The page token is not valid."),
        };
        let mut rows: Vec<(&String, &Order)> = self
            .orders
            .iter()
            .filter(|(_, order)| order.shop == shop && (since..=as_of).contains(&order.updated_at))
            .collect();
        rows.sort_by_key(|(id, order)| (order.updated_at, (*id).clone()));
        let page: Vec<Value> =
            rows.iter().skip(from).take(PAGE).map(|(id, order)| order.describe(id)).collect();
        let next = (from + PAGE < rows.len()).then(|| format!("{}~{as_of}", from + PAGE));
        json_answer(200, &json!({ "orders": page, "next_page": next, "as_of": as_of }))
    }

    fn confirm(&mut self, now: Timestamp, shop: &str, id: &str, body: &[u8]) -> Response<Vec<u8>> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(order) = self.orders.get_mut(id).filter(|order| order.shop == shop) else {
            return no_such_order();
        };
        if body["carrier"].as_str().is_some_and(|carrier| !CARRIERS.contains(&carrier)) {
            return refused(400, "unknown_carrier", "The carrier is not known.");
        }
        let items = body["items"].as_array().cloned().unwrap_or_default();
        for row in &items {
            let Some(item) = order.items.iter().find(|item| row["id"] == item.id.as_str()) else {
                return refused(400, "unknown_item", "The order has no such item.");
            };
            if order.shipped(&item.id) {
                return refused(409, "already_shipped", "The item was shipped already.");
            }
            if row["quantity"] != item.quantity {
                return refused(422, "split_item", "All units of an item are in one package.");
            }
        }
        let package = json!({
            "id": format!("P{}", order.packages.len() + 1),
            "carrier": body["carrier"],
            "tracking_number": body["tracking_number"],
            "shipped_at": body["shipped_at"],
            "items": items,
        });
        order.packages.push(package.clone());
        order.updated_at = now;
        json_answer(201, &package)
    }

    /// A signed post that an order changed.
    pub(super) fn post(&self, id: &str, secret: &str) -> (HeaderMap, Vec<u8>) {
        let order = &self.orders[id];
        let body = json!({
            "event": "order.changed", "shop": order.shop, "order_id": id, "buyer": { "name": order.buyer },
        });
        let body = body.to_string().into_bytes();
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&body);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let headers = [("content-type", "application/json".to_owned()), ("x-template-signature", signature)];
        let headers =
            headers.map(|(name, value)| (name.parse().unwrap(), HeaderValue::try_from(value).unwrap()));
        (headers.into_iter().collect(), body)
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
                let mine = self.orders.get(*id).filter(|order| order.shop == shop);
                mine.map_or_else(no_such_order, |order| json_answer(200, &order.describe(id)))
            }
            (&Method::POST, ["v1", "orders", _, "packages"]) if narrow => {
                refused(403, "missing_scope", "The scope orders.write is missing.")
            }
            (&Method::POST, ["v1", "orders", id, "packages"]) => self.confirm(now, &shop, id, request.body()),
            _ => refused(404, "not_found", "There is nothing here."),
        })
    }
}
