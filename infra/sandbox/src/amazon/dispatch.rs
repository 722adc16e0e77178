//! Which request is which operation, and what every one of them has in common.

use std::time::Duration;

use http::{Method, Request, Response};
use jiff::Timestamp;

use super::answer::{self, Refusal};
use super::{
    AmazonSandbox, CONFIRM, CREATE_DESTINATION, CREATE_DOCUMENT, CREATE_FEED, CREATE_SUBSCRIPTION,
    DELETE_SUBSCRIPTION, GET_DESTINATIONS, GET_DOCUMENT, GET_FEED, GET_FEEDS, GET_ORDER, GET_SUBSCRIPTION,
    PARTICIPATIONS, SEARCH, TOKEN, limits, lwa,
};
use crate::faults::Fault;
use crate::{Outcome, Standin};

/// Operations that take a token of the app itself, and no seller's.
const GRANTLESS: [&str; 3] = [GET_DESTINATIONS, CREATE_DESTINATION, DELETE_SUBSCRIPTION];

impl AmazonSandbox {
    /// A request of the selling partner API, as whoever the access token belongs to.
    fn api(
        &mut self,
        now: Timestamp,
        operation: &'static str,
        ids: &[&str],
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
        let allowed = self
            .sellers
            .check(token, now, GRANTLESS.contains(&operation))
            .and_then(|()| answer::check_user_agent(request.headers()));
        let response = match allowed {
            Err(refusal) => refusal.response(),
            Ok(()) if self.settings.limits && !self.buckets.take(now, operation, &seller) => {
                answer::throttled(None)
            }
            Ok(()) => {
                let done = self.carry_out(now, operation, &seller, ids, request, keep);
                done.unwrap_or_else(|refusal: Refusal| refusal.response())
            }
        };
        let response = self.finish(response, operation, &seller);
        spoil(fault, response)
    }

    fn carry_out(
        &mut self,
        now: Timestamp,
        operation: &'static str,
        seller: &str,
        ids: &[&str],
        request: &Request<Vec<u8>>,
        keep: bool,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let id = ids.first().copied().unwrap_or_default();
        match operation {
            CONFIRM => self.confirm(now, seller, id, request, keep),
            GET_ORDER => self.get_order(now, seller, id, request),
            PARTICIPATIONS => Ok(self.list_participations(seller)),
            CREATE_DOCUMENT => self.create_document(now, seller, request),
            GET_DOCUMENT => self.get_document(now, seller, id, request),
            CREATE_FEED => self.create_feed(now, seller, request, keep),
            GET_FEED => self.get_feed(now, seller, id),
            GET_FEEDS => self.get_feeds(now, seller, request),
            GET_DESTINATIONS => Ok(self.list_destinations()),
            CREATE_DESTINATION => self.create_destination(request),
            GET_SUBSCRIPTION => self.get_subscription(seller, id),
            CREATE_SUBSCRIPTION => self.create_subscription(seller, id, request),
            DELETE_SUBSCRIPTION => self.delete_subscription(id, ids.get(1).copied().unwrap_or_default()),
            _ => self.search_orders(now, seller, request),
        }
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
        self.run_feeds(now);
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (request.method(), segments.as_slice()) {
            (method, ["_sandbox", below @ ..]) => {
                Outcome::Answer(self.control(now, method, below, request.body()))
            }
            (&Method::POST, ["auth", "o2", "token"]) => self.token(now, request),
            (&Method::GET, ["orders", "2026-01-01", "orders"]) => self.api(now, SEARCH, &[], request),
            (&Method::GET, ["orders", "2026-01-01", "orders", order]) => {
                self.api(now, GET_ORDER, &[order], request)
            }
            (&Method::GET, ["sellers", "v1", "marketplaceParticipations"]) => {
                self.api(now, PARTICIPATIONS, &[], request)
            }
            (&Method::POST, ["orders", "v0", "orders", order, "shipmentConfirmation"]) => {
                self.api(now, CONFIRM, &[order], request)
            }
            (_, ["_documents", id]) => self.storage(now, id, request),
            (&Method::POST, ["feeds", "2021-06-30", "documents"]) => {
                self.api(now, CREATE_DOCUMENT, &[], request)
            }
            (&Method::GET, ["feeds", "2021-06-30", "documents", id]) => {
                self.api(now, GET_DOCUMENT, &[id], request)
            }
            (&Method::POST, ["feeds", "2021-06-30", "feeds"]) => self.api(now, CREATE_FEED, &[], request),
            (&Method::GET, ["feeds", "2021-06-30", "feeds"]) => self.api(now, GET_FEEDS, &[], request),
            (&Method::GET, ["feeds", "2021-06-30", "feeds", id]) => self.api(now, GET_FEED, &[id], request),
            (&Method::GET, ["notifications", "v1", "destinations"]) => {
                self.api(now, GET_DESTINATIONS, &[], request)
            }
            (&Method::POST, ["notifications", "v1", "destinations"]) => {
                self.api(now, CREATE_DESTINATION, &[], request)
            }
            (&Method::GET, ["notifications", "v1", "subscriptions", topic]) => {
                self.api(now, GET_SUBSCRIPTION, &[topic], request)
            }
            (&Method::POST, ["notifications", "v1", "subscriptions", topic]) => {
                self.api(now, CREATE_SUBSCRIPTION, &[topic], request)
            }
            (&Method::DELETE, ["notifications", "v1", "subscriptions", topic, id]) => {
                self.api(now, DELETE_SUBSCRIPTION, &[topic, id], request)
            }
            // The gateway in front of the real API answers unknown paths in these words, not with a 404.
            _ => {
                let refusal = Refusal::new(403, "MissingAuthenticationToken", "Missing Authentication Token");
                Outcome::Answer(self.finish(refusal.response(), "", ""))
            }
        }
    }
}
