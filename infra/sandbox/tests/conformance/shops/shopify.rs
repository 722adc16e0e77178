//! Shopify.

use domain::ids::StoreOrderId;
use http::Request;
use jiff::Timestamp;
use sandbox::shopify::{Delivery, FulfillSpec, LineSpec, OrderSpec, ShopSpec, ShopifySandbox};
use sandbox::{Outcome, Standin as _};
use secrecy::SecretString;
use serde_json::Value;

use super::shop::{Granting, Shop};
use crate::stand::{CANARY, Call, Opposite, Post};

const SHOP: &str = "potters-row.myshopify.com";
const TOKEN: &str = "shpat_for-the-conformance-suite";
const CLIENT: &str = "client-id-for-the-conformance-suite";
const SECRET: &str = "webhook-secret-for-the-conformance-suite";

/// Shopify's stand-in; the shop is made with its first call.
pub(super) struct Shopify {
    sandbox: ShopifySandbox,
    there: bool,
    /// Its app is one of today, which fetches its tokens.
    of_today: bool,
}

impl Shopify {
    pub(super) fn new() -> Self {
        Self { sandbox: ShopifySandbox::default(), there: false, of_today: true }
    }

    /// With an app made before 2026, whose token lasts.
    pub(super) fn with_lasting_token() -> Self {
        Self { of_today: false, ..Self::new() }
    }

    fn shop(&mut self, now: Timestamp) -> &mut ShopifySandbox {
        if !self.there {
            // Points enough for anybody: limits are tested with the connector.
            let app = if self.of_today {
                ShopSpec::of_today(SHOP, CLIENT, SECRET)
            } else {
                ShopSpec::new(SHOP, TOKEN, SECRET)
            };
            let shop = ShopSpec { points: 1e9, ..app };
            self.sandbox.create_shop(now, shop).unwrap();
            self.there = true;
        }
        &mut self.sandbox
    }
}

fn post(delivery: &Delivery) -> Post {
    assert!(delivery.body.contains(CANARY) || delivery.topic.starts_with("app/"), "{}", delivery.topic);
    let (parts, body) = delivery.request("http://receiver.invalid/").unwrap().into_parts();
    Post { headers: parts.headers, body }
}

fn number(order: &StoreOrderId) -> u64 {
    order.as_str().parse().unwrap()
}

impl Opposite for Shopify {
    fn kind(&self) -> &'static str {
        "shopify"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        self.shop(now).handle(now, request)
    }

    fn call(&self, request: &Request<Vec<u8>>) -> Call {
        if request.uri().path() == "/admin/oauth/access_token" {
            return Call::Token;
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match body["operationName"].as_str() {
            Some("ReadOrder") => Call::Read,
            Some("ChangedFulfillments") => Call::Poll,
            _ => Call::Other,
        }
    }
}

impl Shop for Shopify {
    fn name(&self) -> &'static str {
        if self.of_today { "shopify" } else { "shopify, an app made before 2026" }
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        vec![("shop", SHOP.to_owned())]
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        if self.of_today {
            return vec![("client_id", CLIENT.to_owned()), ("client_secret", SECRET.to_owned())];
        }
        vec![("access_token", TOKEN.to_owned())]
    }

    fn webhook_secret(&self) -> SecretString {
        SecretString::from(SECRET)
    }

    fn order(&mut self, now: Timestamp, lines: &[u32]) -> StoreOrderId {
        let lines = (1..).zip(lines).map(|(n, units)| LineSpec::new(&format!("SKU-{n}"), *units));
        let spec = OrderSpec { lines: lines.collect(), ..OrderSpec::default() };
        let order = self.shop(now).create_order(now, SHOP, spec).unwrap();
        StoreOrderId::try_from(order.id.to_string()).unwrap()
    }

    fn ship(&mut self, now: Timestamp, order: &StoreOrderId, tracking: &str) -> Post {
        let spec = FulfillSpec {
            numbers: vec![tracking.to_owned()],
            company: Some("UPS".to_owned()),
            ..FulfillSpec::default()
        };
        let (_, delivery) = self.shop(now).fulfill(now, SHOP, number(order), spec).unwrap();
        post(&delivery)
    }

    fn cancel(&mut self, now: Timestamp, order: &StoreOrderId) -> Post {
        post(&self.shop(now).cancel_order(now, SHOP, number(order)).unwrap())
    }

    fn uninstall(&mut self, now: Timestamp) -> Post {
        post(&self.shop(now).uninstall(now, SHOP).unwrap())
    }

    fn grants(&mut self) -> Option<&mut dyn Granting> {
        if self.of_today { Some(self) } else { None }
    }
}

impl Granting for Shopify {
    fn end_tokens(&mut self, now: Timestamp) {
        self.shop(now).end_tokens(SHOP).unwrap();
    }
}
