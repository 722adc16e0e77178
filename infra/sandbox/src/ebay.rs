//! The eBay stand-in: OAuth, the Fulfillment API v1 and the Notification API v1, for any number of sellers and apps.
//!
//! It answers on these paths, true to the published descriptions (Fulfillment 1.20.7, Notification 1.5.1) and to
//! refusals seen in the field:
//!
//! | request | operation (for faults and counts) |
//! |---|---|
//! | `POST /identity/v1/oauth2/token` | `token` |
//! | `GET /sell/fulfillment/v1/order` | `getOrders` |
//! | `GET /sell/fulfillment/v1/order/{id}` | `getOrder` |
//! | `GET /sell/fulfillment/v1/order/{id}/shipping_fulfillment` | `getShippingFulfillments` |
//! | `POST /sell/fulfillment/v1/order/{id}/shipping_fulfillment` | `createShippingFulfillment` |
//! | `GET /commerce/notification/v1/public_key/{id}` | `getPublicKey` |
//! | `/commerce/notification/v1/{config,topic,destination,subscription}…` | `notification` |
//!
//! It keeps every package that it is told of: a call that is repeated makes a second one, as at eBay.
//!
//! # Control
//!
//! JSON over HTTP below `/_sandbox/`, or the methods of [`EbaySandbox`] of the same names. Times are RFC 3339.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST sellers` | [`Seller`], or a list |
//! | `POST orders` | [`NewOrder`], or a list; an order of the same id is replaced |
//! | `POST orders/{id}` | [`OrderChange`]: what happened to the order since |
//! | `POST faults` | [`Planned`], or a list |
//! | `POST mishaps` | [`PlannedMishap`], or a list: what is peculiar to eBay |
//! | `POST posts` | `{"order"}` or `{"closed": {"username","user_id"}}` → `{"posts": [`[`SignedPost`]`]}` |
//! | `POST revoke` | `{"seller"}`: the refresh token and every access token die |
//! | `POST restore` | `{"seller","refresh_token"?,"scopes"?}`: authorised again |
//! | `POST expire` | `{"seller"}`: every access token runs out now |
//! | `POST settings` | [`Settings`], absent keys unchanged |
//! | `GET record` | [`Record`]: what was really done |
//! | `POST clear` | `{"what"?: "all" (default), "record", "faults"}` |
//!
//! A refused control request is answered 400 with `{"error"}`.

mod answer;
mod control;
mod fulfillments;
mod list;
mod mishap;
mod notifications;
mod orders;
mod posts;
mod record;
mod tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{Fault, Faults, Planned};
use crate::{Outcome, Standin};

use answer::Refusal;
use orders::Order;
use tokens::{Holder, Need};

pub use mishap::{Mishap, PlannedMishap};
pub use notifications::Challenger;
pub use orders::{NewFulfillment, NewItem, NewOrder, OrderChange};
pub use posts::SignedPost;
pub use record::{Effect, Record};
pub use tokens::Seller;

/// The names of the operations.
const TOKEN: &str = "token";
const LIST: &str = "getOrders";
const GET_ORDER: &str = "getOrder";
const PACKAGES: &str = "getShippingFulfillments";
const CONFIRM: &str = "createShippingFulfillment";
const PUBLIC_KEY: &str = "getPublicKey";
const NOTIFICATION: &str = "notification";

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds from an accepted package until reads show it.
    pub shows_after_seconds: u64,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// Carrier codes that are refused with 32300, besides those that eBay calls unsupported.
    pub refused_carriers: Vec<String>,
    /// A package with the number of one that is there is a conflict (409); else it is a second one.
    pub repeats_conflict: bool,
    /// Whether a package moves the order's `lastModifiedDate`: eBay does not say.
    pub packages_move_date: bool,
    /// Calls of the Fulfillment API that an app has a day, if they are counted.
    pub daily_calls: Option<u32>,
    /// The hash that notifications are signed over: `SHA1` or `SHA256`.
    pub digest: String,
    /// Rows of a page of destinations or subscriptions, at most: fewer than asked for makes few of them several pages.
    pub listed_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shows_after_seconds: 0,
            token_seconds: 7200,
            refused_carriers: Vec::new(),
            repeats_conflict: false,
            packages_move_date: true,
            daily_calls: None,
            digest: "SHA1".to_owned(),
            listed_rows: 100,
        }
    }
}

/// The stand-in. A plain state machine: time comes with each request, and nothing is left to chance.
#[derive(Default)]
pub struct EbaySandbox {
    settings: Settings,
    tokens: tokens::Tokens,
    orders: BTreeMap<String, Order>,
    faults: Faults,
    mishaps: Vec<PlannedMishap>,
    notifications: notifications::Notifications,
    record: record::Ledger,
    /// Calls of the day by app: the day in California, and how many.
    spent: BTreeMap<String, (jiff::civil::Date, u32)>,
    requests: u64,
}

impl std::fmt::Debug for EbaySandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EbaySandbox")
            .field("settings", &self.settings)
            .field("orders", &self.orders.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl EbaySandbox {
    /// A stand-in without sellers and orders.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a seller, or replaces the one of the same name. Tokens of the replaced one die.
    pub fn add_seller(&mut self, seller: Seller) {
        self.tokens.add(seller);
    }

    /// Adds an order, or replaces the one of the same id.
    ///
    /// # Errors
    /// What is wrong with the description, for a person.
    pub fn add_order(&mut self, now: Timestamp, order: NewOrder) -> Result<(), String> {
        if self.tokens.seller(&order.seller).is_none() {
            return Err(format!("there is no seller {:?}", order.seller));
        }
        let order = Order::new(now, order)?;
        self.orders.insert(order.id().to_owned(), order);
        Ok(())
    }

    /// Changes an order as the world does: paid, cancelled, marked as shipped by another tool.
    ///
    /// # Errors
    /// There is no such order, or the change does not fit it.
    pub fn change_order(&mut self, now: Timestamp, order: &str, change: OrderChange) -> Result<(), String> {
        self.orders.get_mut(order).ok_or_else(|| format!("there is no order {order:?}"))?.change(now, change)
    }

    /// Makes coming calls go wrong.
    pub fn plan_fault(&mut self, fault: Planned) {
        self.faults.plan(fault);
    }

    /// Makes coming calls go wrong in a way peculiar to eBay.
    pub fn plan_mishap(&mut self, mishap: PlannedMishap) {
        self.mishaps.push(mishap);
    }

    /// Takes a seller's authorisation away: refresh token and access tokens.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn revoke(&mut self, seller: &str) -> Result<(), String> {
        self.tokens.revoke(seller)
    }

    /// Authorises a seller again, with a new refresh token and other scopes if given.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn restore(
        &mut self,
        seller: &str,
        refresh_token: Option<String>,
        scopes: Option<Vec<String>>,
    ) -> Result<(), String> {
        self.tokens.restore(seller, refresh_token, scopes)
    }

    /// Lets a seller's access tokens run out.
    pub fn expire(&mut self, seller: &str) {
        self.tokens.expire(seller);
    }

    /// Lets somebody answer the challenges of new destinations; without one, every destination is taken.
    pub fn set_challenger(&mut self, challenger: Challenger) {
        self.notifications.challenger = Some(challenger);
    }

    /// How it behaves now.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Behaves otherwise from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What was really done.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record.read()
    }

    /// Forgets everything but the settings.
    pub fn clear(&mut self) {
        *self = Self { settings: self.settings.clone(), requests: self.requests, ..Self::default() };
    }

    /// Forgets effects and counts; orders keep their packages.
    pub fn clear_record(&mut self) {
        self.record = record::Ledger::default();
    }

    /// Forgets planned faults and mishaps.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
        self.mishaps.clear();
    }

    /// A request of a REST API, as whoever the access token belongs to.
    fn api(
        &mut self,
        now: Timestamp,
        operation: &'static str,
        segments: &[&str],
        request: &Request<Vec<u8>>,
    ) -> Outcome {
        let token = tokens::bearer(request);
        let account = self.tokens.account(&token);
        self.record.count(operation, &account);
        let fault = self.faults.meet(operation, &account);
        let mishap = mishap::meet(&mut self.mishaps, operation, &account);
        let keep = match &fault {
            Some(Fault::Throttle { retry_after }) => {
                return self.finish(fault.clone(), None, answer::throttled(*retry_after));
            }
            Some(Fault::Status { status }) => {
                return self.finish(fault.clone(), None, answer::status(*status));
            }
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => {
                self.tokens.expire(&account);
                true
            }
            Some(Fault::AcceptAndForget) => false,
            Some(Fault::LoseAnswer | Fault::Slow { .. } | Fault::Malformed) | None => true,
        };
        if let Some(Mishap::Refuse { status, error_id, message }) = &mishap {
            let refusal = Refusal::new(*status, *error_id, message.clone());
            return self.finish(fault, None, refusal.response());
        }
        let done = self.tokens.check(&token, now, need(operation, segments, request)).and_then(|holder| {
            self.spend(now, operation, &holder)?;
            match operation {
                CONFIRM => self.confirm(now, &holder, segments, request, keep),
                GET_ORDER => self.get_order(now, &holder, segments),
                PACKAGES => self.packages(now, &holder, segments),
                LIST => self.list(now, &holder, request),
                _ => self.notification(now, &holder, segments, request),
            }
        });
        let response = done.unwrap_or_else(|refusal: Refusal| refusal.response());
        self.finish(fault, mishap, response)
    }

    /// Counts a call of the Fulfillment API against its app's day, which begins at midnight in California.
    fn spend(&mut self, now: Timestamp, operation: &str, holder: &Holder) -> Result<(), Refusal> {
        let Some(most) = self.settings.daily_calls else { return Ok(()) };
        if ![CONFIRM, GET_ORDER, PACKAGES, LIST].contains(&operation) {
            return Ok(());
        }
        let zone = now.in_tz("America/Los_Angeles").map(|zoned| zoned.date()).unwrap_or_default();
        let (day, calls) = self.spent.entry(holder.app.clone()).or_insert((zone, 0));
        if *day != zone {
            (*day, *calls) = (zone, 0);
        }
        *calls += 1;
        if *calls > most {
            return Err(Refusal::new(
                429,
                2001,
                "Too many requests. The request limit has been reached for the resource.",
            ));
        }
        Ok(())
    }

    /// Adds the header that every answer carries, and spoils it as planned.
    fn finish(
        &mut self,
        fault: Option<Fault>,
        mishap: Option<Mishap>,
        mut response: Response<Vec<u8>>,
    ) -> Outcome {
        self.requests += 1;
        answer::add_request_id(&mut response, self.requests);
        if let Some(mishap) = mishap {
            response = mishap.spoil(response);
        }
        match fault {
            Some(Fault::LoseAnswer) => Outcome::CutOff,
            Some(Fault::Slow { millis }) => Outcome::Late(Duration::from_millis(millis), response),
            Some(Fault::Malformed) => Outcome::Answer(answer::html(200)),
            Some(
                Fault::Throttle { .. }
                | Fault::Status { .. }
                | Fault::CutBefore
                | Fault::AcceptAndForget
                | Fault::ExpiredToken,
            )
            | None => Outcome::Answer(response),
        }
    }

    fn token(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let account = self.tokens.asking(request);
        self.record.count(TOKEN, &account);
        let fault = self.faults.meet(TOKEN, &account);
        let mishap = mishap::meet(&mut self.mishaps, TOKEN, &account);
        let response = match &fault {
            Some(Fault::Throttle { retry_after }) => answer::throttled(*retry_after),
            Some(Fault::Status { status }) => answer::oauth_status(*status),
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => answer::oauth_error(400, "invalid_grant", tokens::BAD_GRANT),
            Some(Fault::LoseAnswer | Fault::AcceptAndForget | Fault::Slow { .. } | Fault::Malformed)
            | None => self.tokens.grant(request, now, self.settings.token_seconds),
        };
        self.finish(fault, mishap, response)
    }
}

/// What a token must allow for an operation.
fn need(operation: &str, segments: &[&str], request: &Request<Vec<u8>>) -> Need {
    match operation {
        CONFIRM => Need::Scopes(&["sell.fulfillment"]),
        GET_ORDER | PACKAGES | LIST => Need::Scopes(&["sell.fulfillment", "sell.fulfillment.readonly"]),
        PUBLIC_KEY => Need::App,
        _ if segments.first() == Some(&"subscription") && request.method() == Method::GET => Need::Scopes(&[
            "api_scope",
            "commerce.notification.subscription",
            "commerce.notification.subscription.readonly",
        ]),
        _ if segments.first() == Some(&"subscription") => {
            Need::Scopes(&["api_scope", "commerce.notification.subscription"])
        }
        _ => Need::App,
    }
}

impl Standin for EbaySandbox {
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let path = request.uri().path().to_owned();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (request.method(), segments.as_slice()) {
            (method, ["_sandbox", below @ ..]) => {
                Outcome::Answer(self.control(now, method, below, request.body()))
            }
            (&Method::POST, ["identity", "v1", "oauth2", "token"]) => self.token(now, request),
            (&Method::GET, ["sell", "fulfillment", "v1", "order"]) => self.api(now, LIST, &[], request),
            (&Method::GET, ["sell", "fulfillment", "v1", "order", id]) => {
                self.api(now, GET_ORDER, &[id], request)
            }
            (&Method::GET, ["sell", "fulfillment", "v1", "order", id, "shipping_fulfillment"]) => {
                self.api(now, PACKAGES, &[id], request)
            }
            (&Method::POST, ["sell", "fulfillment", "v1", "order", id, "shipping_fulfillment"]) => {
                self.api(now, CONFIRM, &[id], request)
            }
            (&Method::GET, ["commerce", "notification", "v1", "public_key", id]) => {
                self.api(now, PUBLIC_KEY, &["public_key", id], request)
            }
            (_, ["commerce", "notification", "v1", below @ ..]) => {
                self.api(now, NOTIFICATION, below, request)
            }
            _ => self.finish(None, None, answer::status(404)),
        }
    }
}
