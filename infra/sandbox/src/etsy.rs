//! The Etsy stand-in: tokens that serve once, receipts, `createReceiptShipment` and signed webhooks, for any shops.
//!
//! It answers on these paths, true to the descriptions of January 2024 and May 2026 and to what was seen in the field:
//!
//! | request | operation (for faults and counts) |
//! |---|---|
//! | `POST /v3/public/oauth/token` | `token` |
//! | `GET /v3/application/shops/{shop}` | `getShop` |
//! | `GET /v3/application/shops/{shop}/receipts` | `getShopReceipts` |
//! | `GET /v3/application/shops/{shop}/receipts/{id}` | `getShopReceipt` |
//! | `POST /v3/application/shops/{shop}/receipts/{id}/tracking` | `createReceiptShipment` |
//!
//! What Etsy does badly it does badly, too: a body that does not fit its header, and a carrier outside its list, mark the
//! order as shipped and mail the buyer, and lose the number.
//!
//! # Control
//!
//! JSON over HTTP below `/_sandbox/`, or the methods of [`EtsySandbox`] of the same names. Times are RFC 3339.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST shops` | [`Shop`], or a list |
//! | `POST receipts` | [`NewReceipt`], or a list; a receipt of the same number is replaced |
//! | `POST receipts/{id}` | [`ReceiptChange`]: what happened to it since |
//! | `POST faults` | [`Planned`], or a list; `accept_and_forget` of `createReceiptShipment` loses the number |
//! | `POST spoil` | [`Spoiled`], or a list: answers that are no good |
//! | `POST revoke`, `POST expire` | `{"shop"}`: every token dies; every access token runs out |
//! | `POST restore` | `{"shop","refresh_token"}`: authorised again |
//! | `POST access` | `{"shop","closed"}`: whether Etsy takes parcels of the shop |
//! | `POST webhooks` | `{"shop","event","receipt"}` → [`Delivery`], signed and ready to be posted |
//! | `POST settings` | [`Settings`], absent keys unchanged |
//! | `GET record` | [`Record`]: what was really done |
//! | `POST clear` | `{"what"?: "all" (default), "record", "faults"}` |
//!
//! A refused control request is answered 400 with `{"error"}`.

mod answer;
mod control;
mod limits;
mod receipts;
mod record;
mod ship;
mod shops;
mod webhooks;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{Fault, Faults, Planned};
use crate::{Outcome, Standin};

use answer::Refusal;
use limits::Window;
use receipts::Receipt;

pub use receipts::{NewLine, NewReceipt, NewRow, ReceiptChange};
pub use record::{Effect, Record};
pub use shops::Shop;
pub use webhooks::Delivery;

/// The names of the operations.
const SHIP: &str = "createReceiptShipment";
const READ: &str = "getShopReceipt";
const LIST: &str = "getShopReceipts";
const SHOP: &str = "getShop";
const TOKEN: &str = "token";

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an access token lives, in seconds.
    pub token_seconds: u32,
    /// How long a refresh token lives unused, in days.
    pub refresh_days: u32,
    /// Calls of an app in a second; told by each answer, and enforced where `limits` says so.
    pub per_second: u32,
    /// Calls of an app in any 24 hours.
    pub per_day: u32,
    /// Whether those are enforced.
    pub limits: bool,
    /// Whether `x-api-key` must hold the shared secret, as since February 2026.
    pub secret_in_key: bool,
    /// Whether parcels are read as JSON (May 2026) or as a form (January 2024).
    pub json_bodies: bool,
    /// Whether webhook signatures are written with `v1,` before them.
    pub versioned_signatures: bool,
    /// Whether plain lists leave cancelled receipts out, as they did in 2021.
    pub lists_hide_cancelled: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_seconds: 3600,
            refresh_days: 90,
            per_second: 10,
            per_day: 10_000,
            limits: false,
            secret_in_key: true,
            json_bodies: true,
            versioned_signatures: true,
            lists_hide_cancelled: true,
        }
    }
}

/// An answer that is no good; whatever was asked for is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// 200 without a body.
    Empty,
    /// The first half of the answer.
    Truncated,
    /// 200 with a page in HTML.
    Html,
    /// The answer is another order's.
    OtherOrder,
    /// The answer leaves its parcels out.
    NoShipments,
    /// A page in HTML with a 403, as from something in between; nothing is done.
    Forbidden,
}

/// Answers of an operation that are spoiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoiled {
    /// The operation.
    pub operation: String,
    /// How.
    pub how: Spoil,
    /// How many answers; one, if absent.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// The stand-in. A plain state machine: time comes with each request, and nothing is left to chance.
#[derive(Default)]
pub struct EtsySandbox {
    settings: Settings,
    shops: shops::Shops,
    receipts: BTreeMap<u64, Receipt>,
    faults: Faults,
    spoiled: Vec<Spoiled>,
    windows: BTreeMap<String, Window>,
    record: Record,
    requests: u64,
    deliveries: u64,
}

impl std::fmt::Debug for EtsySandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtsySandbox")
            .field("settings", &self.settings)
            .field("receipts", &self.receipts.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl EtsySandbox {
    /// A stand-in without shops and receipts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a shop, or replaces the one of the same number. Tokens of the replaced one die.
    pub fn add_shop(&mut self, now: Timestamp, shop: Shop) {
        self.shops.add(now, shop);
    }

    /// Adds a receipt, or replaces the one of the same number.
    ///
    /// # Errors
    /// What is wrong with the description, for a person.
    pub fn add_receipt(&mut self, now: Timestamp, receipt: NewReceipt) -> Result<(), String> {
        if !self.shops.knows(receipt.shop) {
            return Err(format!("there is no shop {}", receipt.shop));
        }
        self.receipts.insert(receipt.receipt_id, Receipt::new(now, receipt)?);
        Ok(())
    }

    /// Changes a receipt as the world does: paid, cancelled, completed by hand.
    ///
    /// # Errors
    /// There is no such receipt.
    pub fn change_receipt(&mut self, now: Timestamp, id: u64, change: ReceiptChange) -> Result<(), String> {
        let receipt = self.receipts.get_mut(&id).ok_or_else(|| format!("there is no receipt {id}"))?;
        receipt.change(now, change);
        Ok(())
    }

    /// Makes coming calls go wrong.
    pub fn plan_fault(&mut self, fault: Planned) {
        self.faults.plan(fault);
    }

    /// Spoils coming answers.
    pub fn spoil(&mut self, spoiled: Spoiled) {
        self.spoiled.push(spoiled);
    }

    /// Takes a shop's authorisation away, as a changed password does: every token of it.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn revoke(&mut self, shop: u64) -> Result<(), String> {
        self.shops.revoke(shop)
    }

    /// Authorises a shop again.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn restore(&mut self, now: Timestamp, shop: u64, refresh_token: String) -> Result<(), String> {
        self.shops.restore(now, shop, refresh_token)
    }

    /// Lets every access token of a shop run out.
    pub fn expire(&mut self, shop: u64) {
        self.shops.expire(shop);
    }

    /// Closes or opens telling of a shop's parcels.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn set_access(&mut self, shop: u64, closed: bool) -> Result<(), String> {
        self.shops.set_access(shop, closed)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Replaces the settings.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What was really done.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// Forgets the record.
    pub fn clear_record(&mut self) {
        self.record = Record::default();
    }

    /// Forgets planned faults and spoiled answers.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
        self.spoiled.clear();
    }

    /// Forgets everything but the settings.
    pub fn clear(&mut self) {
        *self = Self { settings: self.settings.clone(), ..Self::default() };
    }

    /// A webhook about a receipt, signed with every secret of the shop, as Etsy would post it.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn webhook(
        &mut self,
        now: Timestamp,
        shop: u64,
        event: &str,
        receipt: u64,
    ) -> Result<Delivery, String> {
        let shop = self.shops.shop(shop).ok_or_else(|| format!("there is no shop {shop}"))?;
        self.deliveries += 1;
        Ok(webhooks::sign(shop, event, receipt, self.deliveries, now, self.settings.versioned_signatures))
    }

    /// Takes the spoiling that an answer meets.
    fn meet_spoil(&mut self, operation: &str) -> Option<Spoil> {
        let hit = self.spoiled.iter_mut().find(|s| s.times > 0 && s.operation == operation)?;
        hit.times -= 1;
        let how = hit.how;
        self.spoiled.retain(|s| s.times > 0);
        Some(how)
    }

    fn api(
        &mut self,
        now: Timestamp,
        operation: &'static str,
        shop: &str,
        receipt: &str,
        request: &Request<Vec<u8>>,
    ) -> Outcome {
        let app = shops::keystring(request);
        self.record.count(operation, shop);
        let fault = self.faults.meet(operation, shop);
        let spoil = self.meet_spoil(operation);
        let keep = match &fault {
            Some(Fault::Throttle { retry_after }) => {
                return self.finish(
                    now,
                    &app,
                    answer::throttled("Exceeded per second rate limit", *retry_after),
                );
            }
            Some(Fault::Status { status }) => return self.finish(now, &app, answer::status(*status)),
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => return self.finish(now, &app, answer::expired().response()),
            Some(Fault::AcceptAndForget) => false,
            Some(Fault::LoseAnswer | Fault::Slow { .. } | Fault::Malformed) | None => true,
        };
        if spoil == Some(Spoil::Forbidden) {
            return self.finish(now, &app, answer::html(403));
        }
        if let Some(refused) = self.used_up(now, &app) {
            return self.finish(now, &app, refused);
        }
        let done = self.shops.check(now, operation, shop, request, self.settings.secret_in_key);
        let done = done.and_then(|shop| match operation {
            SHIP => self.ship(now, shop, receipt, request, keep),
            READ => self.get_receipt(shop, receipt),
            SHOP => self.get_shop(shop),
            _ => self.list(shop, request),
        });
        let response = done.unwrap_or_else(|refusal: Refusal| refusal.response());
        let response = answer::spoiled(spoil, response);
        match fault {
            Some(Fault::LoseAnswer) => Outcome::CutOff,
            Some(Fault::Malformed) => Outcome::Answer(answer::html(200)),
            Some(Fault::Slow { millis }) => match self.finish(now, &app, response) {
                Outcome::Answer(response) => Outcome::Late(Duration::from_millis(millis), response),
                other @ (Outcome::CutOff | Outcome::Late(..)) => other,
            },
            Some(
                Fault::Throttle { .. }
                | Fault::Status { .. }
                | Fault::CutBefore
                | Fault::AcceptAndForget
                | Fault::ExpiredToken,
            )
            | None => self.finish(now, &app, response),
        }
    }

    /// Counts a call; the refusal if the app has none left.
    fn used_up(&mut self, now: Timestamp, app: &str) -> Option<Response<Vec<u8>>> {
        let window = self.windows.entry(app.to_owned()).or_default();
        let refused = window.refusal(now, self.settings.per_second, self.settings.per_day);
        match refused.filter(|_| self.settings.limits) {
            Some((words, after)) => Some(answer::throttled(words, Some(after))),
            None => {
                window.count(now);
                None
            }
        }
    }

    /// Adds the headers that every answer carries.
    fn finish(&mut self, now: Timestamp, app: &str, mut response: Response<Vec<u8>>) -> Outcome {
        self.requests += 1;
        let (per_second, per_day) = (self.settings.per_second, self.settings.per_day);
        let left = self.windows.entry(app.to_owned()).or_default().left(now, per_second, per_day);
        let headers = [
            ("x-limit-per-second", per_second),
            ("x-remaining-this-second", left.0),
            ("x-limit-per-day", per_day),
            ("x-remaining-today", left.1),
        ];
        for (name, value) in headers {
            response.headers_mut().insert(name, value.into());
        }
        if let Ok(id) = format!("sandbox-{:08}", self.requests).parse() {
            response.headers_mut().insert("x-etsy-request-uuid", id);
        }
        Outcome::Answer(response)
    }

    fn token(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let form = shops::Form::read(request);
        let shop = self.shops.asking(&form).map(|shop| shop.to_string()).unwrap_or_default();
        self.record.count(TOKEN, &shop);
        let fault = self.faults.meet(TOKEN, &shop);
        let response = match &fault {
            Some(Fault::Throttle { retry_after }) => {
                answer::throttled("Exceeded per second rate limit", *retry_after)
            }
            Some(Fault::Status { status }) => answer::status(*status),
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => answer::oauth("invalid_grant", "refresh_token is expired"),
            Some(Fault::LoseAnswer | Fault::AcceptAndForget | Fault::Slow { .. } | Fault::Malformed)
            | None => self.shops.grant(now, &form, &self.settings),
        };
        match fault {
            // The refresh token is spent all the same.
            Some(Fault::LoseAnswer) => Outcome::CutOff,
            Some(Fault::Malformed) => Outcome::Answer(answer::html(200)),
            Some(Fault::Slow { millis }) => Outcome::Late(Duration::from_millis(millis), response),
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
}

impl Standin for EtsySandbox {
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let path = request.uri().path().to_owned();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (request.method(), segments.as_slice()) {
            (method, ["_sandbox", below @ ..]) => {
                Outcome::Answer(self.control(now, method, below, request.body()))
            }
            (&Method::POST, ["v3", "public", "oauth", "token"]) => self.token(now, request),
            (&Method::GET, ["v3", "application", "shops", shop]) => self.api(now, SHOP, shop, "", request),
            (&Method::GET, ["v3", "application", "shops", shop, "receipts"]) => {
                self.api(now, LIST, shop, "", request)
            }
            (&Method::GET, ["v3", "application", "shops", shop, "receipts", receipt]) => {
                self.api(now, READ, shop, receipt, request)
            }
            (&Method::POST, ["v3", "application", "shops", shop, "receipts", receipt, "tracking"]) => {
                self.api(now, SHIP, shop, receipt, request)
            }
            _ => Outcome::Answer(Refusal::new(404, "Resource not found").response()),
        }
    }
}
