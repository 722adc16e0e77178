//! The Shopify stand-in: GraphQL reads and signed deliveries.
//!
//! One stand-in holds any number of shops. Since the connector's base URL is the same for all of them, the
//! access token of a request says which shop is meant, and the client id of one for a token. It answers
//! `POST /admin/oauth/access_token` to an app that has a client id, and `POST /admin/api/{version}/graphql.json`:
//! queries of orders, fulfillments, the app's scopes and its webhook subscriptions, and mutations of the last, run
//! against the shop's state as GraphQL says, with pages, points and throttling as Shopify counts them. A query for a field of the buyer is refused and recorded, since nothing
//! that writes tracking back may ask for one.
//!
//! What happens in a shop is done by typed methods, or by the control requests below, all JSON. Whatever
//! Shopify would deliver for it is returned as a [`Delivery`], signed and ready to POST, in the full REST shape
//! with a buyer in it. Nothing is posted by the stand-in itself.
//!
//! | request below `/_sandbox/` | does |
//! |---|---|
//! | `POST shops` ([`ShopSpec`]) | opens a shop |
//! | `POST shops/{domain}/token` `{"access_token": …}` | another lasting token, or `null`: revoked |
//! | `POST shops/{domain}/end_tokens` | tokens that the app fetched end before their time |
//! | `POST shops/{domain}/app` ([`AppChange`]) | removes or installs it, changes its organization, secret or tokens' life |
//! | `POST shops/{domain}/orders` ([`OrderSpec`]) | creates an order and shows it |
//! | `GET shops/{domain}/orders/{id}` | shows an order |
//! | `POST shops/{domain}/orders/{id}/fulfillments` ([`FulfillSpec`]) | `{"fulfillment", "delivery"}` |
//! | `POST …/fulfillments/{id}/tracking` ([`TrackingSpec`]) | changes numbers and carrier: a delivery |
//! | `POST …/fulfillments/{id}/cancel` | voids it: a delivery |
//! | `POST shops/{domain}/orders/{id}/cancel` | cancels the order: a delivery |
//! | `POST shops/{domain}/scopes` `["read_orders", …]` | grants the app these scopes and no others |
//! | `POST shops/{domain}/automatic_fulfillment` `true` | the shop fulfills new orders by itself |
//! | `GET`, `DELETE shops/{domain}/webhooks` | the app's subscriptions; ends all of them |
//! | `POST shops/{domain}/webhooks` ([`Subscription`]) | adds one, as somebody else would |
//! | `POST shops/{domain}/uninstall` | removes the app, and its tokens end: a delivery |
//! | `POST shops/{domain}/privacy` `{"topic", "orders"}` | a delivery of a privacy topic |
//! | `POST faults` ([`Planned`]), `DELETE faults` | faults; operations `graphql` (any), `readOrder`, `changedFulfillments` and the other queries by their names, `token` |
//! | `GET calls`, `DELETE calls` | every request for a token or of GraphQL: operation, points, what became of it |
//!
//! A throttle fault is `THROTTLED` with status 200 as in GraphQL, or 429 if it has a `retry_after`.

mod acts;
mod admin;
mod control;
mod deliveries;
mod execute;
mod graphql;
mod schema;
mod search;
mod state;
mod tokens;
mod webhooks;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

pub use deliveries::Delivery;
pub use state::{
    Buyer, FulfillLine, FulfillSpec, Fulfillment, Line, LineSpec, Order, OrderSpec, ShopSpec, Status,
    TrackingSpec,
};

pub use tokens::AppChange;
pub use webhooks::Subscription;

use crate::faults::{Faults, Planned};
use crate::{Outcome, Standin};
use state::Shop;

/// The first id made up: ids at Shopify go beyond 2^53, and so do these.
const FIRST_ID: u64 = 9_007_199_254_740_993;

/// A request of the stand-in's owner that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    status: u16,
    why: String,
}

impl Refused {
    fn bad(why: String) -> Self {
        Self { status: 400, why }
    }

    fn unknown(why: String) -> Self {
        Self { status: 404, why }
    }
}

/// A request for a token or of GraphQL that came.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// Whose token it carried.
    pub shop: Option<String>,
    /// Its operation, as faults name it.
    pub operation: String,
    /// What became of it: `answered`, `throttled`, `refused`, `token refused`, `failed`, `cut`.
    pub what: String,
    /// Points it asked for.
    pub cost: u64,
    /// The fault it met.
    pub fault: Option<Value>,
    /// Whether it asked for a field of the buyer.
    pub asked_for_buyer: bool,
}

impl Call {
    fn new(at: Timestamp, shop: Option<&str>, operation: &str, what: &str) -> Self {
        Self {
            at,
            shop: shop.map(str::to_owned),
            operation: operation.to_owned(),
            what: what.to_owned(),
            cost: 0,
            fault: None,
            asked_for_buyer: false,
        }
    }
}

/// Shops, and what was asked of them.
#[derive(Clone, Debug, Default)]
pub struct ShopifySandbox {
    shops: BTreeMap<String, Shop>,
    faults: Faults,
    calls: Vec<Call>,
    ids: u64,
    deliveries: u64,
}

/// Whole seconds, which is what Shopify keeps.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

impl ShopifySandbox {
    /// Opens a shop.
    ///
    /// # Errors
    /// There is one of this domain, or the token or the client id belongs to another, or there is neither.
    pub fn create_shop(&mut self, now: Timestamp, spec: ShopSpec) -> Result<(), Refused> {
        if self.shops.contains_key(&spec.domain) {
            return Err(Refused::bad(format!("there is a shop {} already", spec.domain)));
        }
        if spec.access_token.is_none() && spec.client_id.is_none() {
            return Err(Refused::bad("an app has an access_token or a client_id".to_owned()));
        }
        let taken = |of: fn(&Shop) -> Option<&String>, new: &Option<String>| {
            new.is_some() && self.shops.values().any(|shop| of(shop) == new.as_ref())
        };
        if taken(|shop| shop.access_token.as_ref(), &spec.access_token) {
            return Err(Refused::bad("another shop has this access token".to_owned()));
        }
        if taken(|shop| shop.app.client_id.as_ref(), &spec.client_id) {
            return Err(Refused::bad("another shop's app has this client id".to_owned()));
        }
        self.shops.insert(spec.domain.clone(), Shop::new(spec, now));
        Ok(())
    }

    /// Gives the shop's app another lasting token, or revokes it.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn set_token(&mut self, shop: &str, token: Option<String>) -> Result<(), Refused> {
        self.shop_mut(shop)?.access_token = token;
        Ok(())
    }

    /// Lets coming calls go wrong; accounts are shop domains.
    pub fn plan_fault(&mut self, fault: Planned) {
        self.faults.plan(fault);
    }

    /// Forgets all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Every request for a token or of GraphQL so far.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Begins the record of calls anew.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
    }

    fn record(&mut self, call: Call) {
        self.calls.push(call);
    }

    /// Odd numbers beyond 2^53: none of them survives a float.
    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        FIRST_ID + 2 * (self.ids - 1)
    }

    fn shop(&self, domain: &str) -> Result<&Shop, Refused> {
        self.shops.get(domain).ok_or_else(|| Refused::unknown(format!("there is no shop {domain}")))
    }

    fn shop_mut(&mut self, domain: &str) -> Result<&mut Shop, Refused> {
        self.shops.get_mut(domain).ok_or_else(|| Refused::unknown(format!("there is no shop {domain}")))
    }

    fn order_mut(&mut self, shop: &str, order: u64) -> Result<&mut Order, Refused> {
        let found = self.shop_mut(shop)?.orders.get_mut(&order);
        found.ok_or_else(|| Refused::unknown(format!("there is no order {order}")))
    }
}

impl Standin for ShopifySandbox {
    fn handle(&mut self, now: Timestamp, request: &http::Request<Vec<u8>>) -> Outcome {
        let path = request.uri().path();
        if let Some(path) = path.strip_prefix("/_sandbox/") {
            let path = path.to_owned();
            return self.control(now, &path, request);
        }
        if path == tokens::PATH && request.method() == http::Method::POST {
            return self.token(now, request);
        }
        if admin::is_graphql(path) && request.method() == http::Method::POST {
            return self.graphql(now, request);
        }
        Outcome::Answer(admin::json_response(404, &json!({"errors": "Not Found"})))
    }
}
