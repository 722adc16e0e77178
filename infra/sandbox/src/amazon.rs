//! The Amazon stand-in: Login with Amazon, orders v2026-01-01 and confirmShipment v0, for any number of sellers.
//!
//! It answers on these paths, true to the models of 5 August 2026 and to refusals seen in the field:
//!
//! | request | operation (for faults and counts) |
//! |---|---|
//! | `POST /auth/o2/token` | `token` |
//! | `GET /orders/2026-01-01/orders` | `searchOrders` |
//! | `GET /orders/2026-01-01/orders/{id}` | `getOrder` |
//! | `GET /sellers/v1/marketplaceParticipations` | `getMarketplaceParticipations` |
//! | `POST /orders/v0/orders/{id}/shipmentConfirmation` | `confirmShipment` |
//!
//! It refuses no carrier code (Amazon's is a free string) and keeps what was sent.
//!
//! # Control
//!
//! JSON over HTTP below `/_sandbox/`, or the methods of [`AmazonSandbox`] of the same names. Times are RFC 3339.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST sellers` | [`Seller`]: `{"seller","client_id","client_secret","refresh_token","access_denied"?}` |
//! | `POST participations` | `{"seller", "marketplaces": [`[`Participation`]`]}`: where a seller sells |
//! | `POST orders` | [`NewOrder`], or a list; an order of the same id is replaced |
//! | `POST orders/{id}` | [`OrderChange`]: what happened to the order since |
//! | `POST faults` | [`Planned`], or a list |
//! | `POST revoke` | `{"seller"}`: the refresh token and every access token die |
//! | `POST restore` | `{"seller","refresh_token"?}`: authorised again, perhaps with a new refresh token |
//! | `POST expire` | `{"seller"}`: every access token runs out now |
//! | `POST settings` | [`Settings`], absent keys unchanged |
//! | `GET record` | [`Record`]: what was really done |
//! | `POST clear` | `{"what"?: "all" (default), "record", "faults"}` |
//!
//! A refused control request is answered 400 with `{"error"}`.

mod answer;
mod confirm;
mod control;
mod limits;
mod lwa;
mod orders;
mod participations;
mod read;
mod record;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{Fault, Faults, Planned};
use crate::{Outcome, Standin};

use answer::Refusal;
use limits::Buckets;
use orders::Order;
use read::Pages;

pub use lwa::Seller;
pub use orders::{ChangedPackage, Content, NewItem, NewOrder, NewPackage, OrderChange, Party, Status};
pub use participations::Participation;
pub use record::{By, Effect, PackageRecord, Record};

/// The names of the operations.
const CONFIRM: &str = "confirmShipment";
const GET_ORDER: &str = "getOrder";
const SEARCH: &str = "searchOrders";
const PARTICIPATIONS: &str = "getMarketplaceParticipations";
const TOKEN: &str = "token";

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds from an accepted confirmation until reads show it.
    pub shows_after_seconds: u64,
    /// How far lists stay behind the present where no upper edge is given. Amazon's own reads two minutes.
    pub search_lag_seconds: u64,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// Whether the published limits (rate and burst, per operation and seller) are enforced.
    pub limits: bool,
    /// Optional data sets that are refused with a 400, as has happened in one region for a day.
    pub refuse_included_data: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shows_after_seconds: 0,
            search_lag_seconds: 120,
            token_seconds: 3600,
            limits: false,
            refuse_included_data: Vec::new(),
        }
    }
}

/// The stand-in. A plain state machine: time comes with each request, and nothing is left to chance.
#[derive(Default)]
pub struct AmazonSandbox {
    settings: Settings,
    sellers: lwa::Sellers,
    orders: BTreeMap<String, Order>,
    faults: Faults,
    buckets: Buckets,
    pages: Pages,
    participations: BTreeMap<String, Vec<Participation>>,
    record: record::Ledger,
    requests: u64,
}

impl std::fmt::Debug for AmazonSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmazonSandbox")
            .field("settings", &self.settings)
            .field("orders", &self.orders.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl AmazonSandbox {
    /// A stand-in without sellers and orders.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a seller, or replaces the one of the same name. Tokens of the replaced one die.
    pub fn add_seller(&mut self, seller: Seller) {
        self.sellers.add(seller);
    }

    /// Adds an order, or replaces the one of the same id.
    ///
    /// # Errors
    /// What is wrong with the description, for a person.
    pub fn add_order(&mut self, now: Timestamp, order: NewOrder) -> Result<(), String> {
        if !self.sellers.knows(&order.seller) {
            return Err(format!("there is no seller {:?}", order.seller));
        }
        let order = Order::new(now, order)?;
        self.orders.insert(order.id().to_owned(), order);
        Ok(())
    }

    /// Changes an order as the world does: cancelled, released, confirmed by another tool.
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

    /// Takes a seller's authorisation away: refresh token and access tokens.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn revoke(&mut self, seller: &str) -> Result<(), String> {
        self.sellers.revoke(seller)
    }

    /// Authorises a seller again, with a new refresh token if given.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn restore(&mut self, seller: &str, refresh_token: Option<String>) -> Result<(), String> {
        self.sellers.restore(seller, refresh_token)
    }

    /// Lets a seller's access tokens run out.
    pub fn expire(&mut self, seller: &str) {
        self.sellers.expire(seller);
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
        self.record.read(self.orders.values())
    }

    /// Forgets everything but the settings.
    pub fn clear(&mut self) {
        *self = Self { settings: self.settings.clone(), requests: self.requests, ..Self::default() };
    }

    /// Forgets effects and counts; orders keep their packages.
    pub fn clear_record(&mut self) {
        self.record = record::Ledger::default();
    }

    /// Forgets planned faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// A request of the selling partner API, as whoever the access token belongs to.
    fn api(
        &mut self,
        now: Timestamp,
        operation: &'static str,
        order: &str,
        request: &Request<Vec<u8>>,
    ) -> Outcome {
        let token =
            request.headers().get("x-amz-access-token").and_then(|t| t.to_str().ok()).unwrap_or_default();
        let seller = self.sellers.owner(token).unwrap_or_default();
        self.record.count(operation, &seller);
        let fault = self.faults.meet(operation, &seller);
        let keep = match &fault {
            Some(Fault::Throttle { retry_after }) => {
                return Outcome::Answer(self.finish(answer::throttled(*retry_after), operation, &seller));
            }
            Some(Fault::Status { status }) => {
                return Outcome::Answer(self.finish(answer::status(*status), operation, &seller));
            }
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => {
                self.sellers.expire(&seller);
                true
            }
            Some(Fault::AcceptAndForget) => false,
            Some(Fault::LoseAnswer | Fault::Slow { .. } | Fault::Malformed) | None => true,
        };
        let allowed =
            self.sellers.check(token, now).and_then(|()| answer::check_user_agent(request.headers()));
        let response = match allowed {
            Err(refusal) => refusal.response(),
            Ok(()) if self.settings.limits && !self.buckets.take(now, operation, &seller) => {
                answer::throttled(None)
            }
            Ok(()) => {
                let done = match operation {
                    CONFIRM => self.confirm(now, &seller, order, request, keep),
                    GET_ORDER => self.get_order(now, &seller, order, request),
                    PARTICIPATIONS => Ok(self.list_participations(&seller)),
                    _ => self.search_orders(now, &seller, request),
                };
                done.unwrap_or_else(|refusal: Refusal| refusal.response())
            }
        };
        let response = self.finish(response, operation, &seller);
        spoil(fault, response)
    }

    /// Adds the headers that every answer of an operation carries.
    fn finish(
        &mut self,
        mut response: Response<Vec<u8>>,
        operation: &str,
        seller: &str,
    ) -> Response<Vec<u8>> {
        self.requests += 1;
        let told = response.status().is_success() || matches!(response.status().as_u16(), 400 | 404);
        let rate = limits::plan(operation).filter(|_| told && !seller.is_empty()).map(|(rate, _)| rate);
        answer::add_headers(&mut response, self.requests, rate);
        response
    }

    fn token(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let form = lwa::Form::read(request.body());
        let seller = self.sellers.asking(&form).unwrap_or_default();
        self.record.count(TOKEN, &seller);
        let fault = self.faults.meet(TOKEN, &seller);
        let response = match &fault {
            Some(Fault::Throttle { retry_after }) => answer::lwa_throttled(*retry_after),
            Some(Fault::Status { status }) => answer::lwa_status(*status),
            Some(Fault::CutBefore) => return Outcome::CutOff,
            Some(Fault::ExpiredToken) => {
                answer::lwa_error(400, "invalid_grant", "The refresh token has expired")
            }
            Some(Fault::LoseAnswer | Fault::AcceptAndForget | Fault::Slow { .. } | Fault::Malformed)
            | None => self.sellers.grant(&form, request, now, self.settings.token_seconds),
        };
        let response = self.finish(response, TOKEN, "");
        spoil(fault, response)
    }
}

/// What a fault leaves of an answer to a request that was carried out.
fn spoil(fault: Option<Fault>, response: Response<Vec<u8>>) -> Outcome {
    match fault {
        Some(Fault::LoseAnswer) => Outcome::CutOff,
        Some(Fault::Slow { millis }) => Outcome::Late(Duration::from_millis(millis), response),
        Some(Fault::Malformed) => Outcome::Answer(answer::malformed()),
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

impl Standin for AmazonSandbox {
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let path = request.uri().path().to_owned();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (request.method(), segments.as_slice()) {
            (method, ["_sandbox", below @ ..]) => {
                Outcome::Answer(self.control(now, method, below, request.body()))
            }
            (&Method::POST, ["auth", "o2", "token"]) => self.token(now, request),
            (&Method::GET, ["orders", "2026-01-01", "orders"]) => self.api(now, SEARCH, "", request),
            (&Method::GET, ["orders", "2026-01-01", "orders", order]) => {
                self.api(now, GET_ORDER, order, request)
            }
            (&Method::GET, ["sellers", "v1", "marketplaceParticipations"]) => {
                self.api(now, PARTICIPATIONS, "", request)
            }
            (&Method::POST, ["orders", "v0", "orders", order, "shipmentConfirmation"]) => {
                self.api(now, CONFIRM, order, request)
            }
            // The gateway in front of the real API answers unknown paths in these words, not with a 404.
            _ => {
                let refusal = Refusal::new(403, "MissingAuthenticationToken", "Missing Authentication Token");
                Outcome::Answer(self.finish(refusal.response(), "", ""))
            }
        }
    }
}
