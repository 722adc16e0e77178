//! Tokens that an app fetches with its client id and client secret, and how they end.
//!
//! Contract: "Using the client credentials grant", read 29 November 2026; the errors are those that people met.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::admin::json_response;
use super::state::Shop;
use super::{Call, Refused, ShopifySandbox};
use crate::Outcome;
use crate::faults::Fault;

/// Where tokens are fetched.
pub(super) const PATH: &str = "/admin/oauth/access_token";
/// The operation, as faults and the record name it.
const TOKEN: &str = "token";

/// What becomes of a shop's app; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppChange {
    /// Whether it is installed; removed, its tokens end.
    pub installed: Option<bool>,
    /// Whether it belongs to the shop's own organization.
    pub same_organization: Option<bool>,
    /// Another client secret: deliveries are signed with it, and tokens fetched.
    pub client_secret: Option<String>,
    /// How long new tokens live, seconds.
    pub token_seconds: Option<u32>,
}

/// The app of a shop.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) client_id: Option<String>,
    pub(super) installed: bool,
    same_organization: bool,
    token_seconds: u32,
    /// When each token ends.
    issued: BTreeMap<String, Timestamp>,
    ever_issued: u64,
}

impl App {
    pub(super) fn new(client_id: Option<String>) -> Self {
        Self {
            client_id,
            installed: true,
            same_organization: true,
            token_seconds: 86_399,
            issued: BTreeMap::new(),
            ever_issued: 0,
        }
    }

    /// Whether this token opens the shop.
    pub(super) fn takes(&self, token: &str, now: Timestamp) -> bool {
        self.issued.get(token).is_some_and(|ends| *ends > now)
    }

    pub(super) fn end_tokens(&mut self) {
        self.issued.clear();
    }
}

/// A refusal as Shopify writes it: JSON for who asks for it, else a page.
fn refused(request: &Request<Vec<u8>>, error: &str, words: &str) -> Response<Vec<u8>> {
    let accepts = request.headers().get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("json")) {
        return json_response(400, &json!({ "error": error, "error_description": words }));
    }
    let page = format!("<!DOCTYPE html><html><title>Oauth error {error}: {words}</title></html>");
    let mut response = Response::new(page.into_bytes());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// Gives a token to the shop's app, or says why not.
fn grant(
    shop: &mut Shop,
    now: Timestamp,
    form: &BTreeMap<String, String>,
    request: &Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if get("client_secret") != shop.webhook_secret {
        return refused(request, "invalid_client", "The client secret does not fit the client id.");
    }
    if !shop.app.same_organization {
        let words = "Client credentials cannot be performed on this shop.";
        return refused(request, "shop_not_permitted", words);
    }
    if !shop.app.installed {
        return refused(request, "app_not_installed", "The application is not installed on this shop.");
    }
    shop.app.ever_issued += 1;
    let name = shop.domain.split('.').next().unwrap_or_default();
    let token = format!("shpat_sandbox-{name}-{}", shop.app.ever_issued);
    let life = Duration::from_secs(shop.app.token_seconds.into());
    shop.app.issued.insert(token.clone(), now.saturating_add(life).unwrap_or(Timestamp::MAX));
    let scope = shop.scopes.join(",");
    json_response(
        200,
        &json!({ "access_token": token, "scope": scope, "expires_in": shop.app.token_seconds }),
    )
}

impl ShopifySandbox {
    /// Changes what the shop's app is.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn change_app(&mut self, shop: &str, change: AppChange) -> Result<(), Refused> {
        let shop = self.shop_mut(shop)?;
        if let Some(installed) = change.installed {
            shop.app.installed = installed;
            if !installed {
                shop.app.end_tokens();
            }
        }
        shop.app.same_organization = change.same_organization.unwrap_or(shop.app.same_organization);
        shop.app.token_seconds = change.token_seconds.unwrap_or(shop.app.token_seconds);
        if let Some(secret) = change.client_secret {
            shop.webhook_secret = secret;
        }
        Ok(())
    }

    /// Ends all tokens that the shop's app has fetched; it may fetch new ones.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn end_tokens(&mut self, shop: &str) -> Result<(), Refused> {
        self.shop_mut(shop)?.app.end_tokens();
        Ok(())
    }

    /// Answers a request for a token. The client id says which shop is meant: the connector's base URL is the same for all.
    pub(super) fn token(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        let form: BTreeMap<String, String> = form_urlencoded::parse(request.body()).into_owned().collect();
        let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let refuse = |sandbox: &mut Self, shop: Option<&str>, error: &str, words: &str| {
            sandbox.record(Call::new(now, shop, TOKEN, "refused"));
            Outcome::Answer(refused(request, error, words))
        };
        if !is_form || form.get("grant_type").map(String::as_str) != Some("client_credentials") {
            let words = "The sandbox knows the client credentials grant only, as a form.";
            return refuse(self, None, "invalid_request", words);
        }
        let asked = form.get("client_id");
        let shop = self.shops.values().find(|shop| asked.is_some() && shop.app.client_id.as_ref() == asked);
        let Some(domain) = shop.map(|shop| shop.domain.clone()) else {
            let words = "Could not find Shopify API application.";
            return refuse(self, None, "application_cannot_be_found", words);
        };
        let fault = self.faults.meet(TOKEN, &domain);
        let mut call = Call::new(now, Some(&domain), TOKEN, "answered");
        call.fault = fault.as_ref().and_then(|fault| serde_json::to_value(fault).ok());
        let outcome = match self.shops.get_mut(&domain) {
            Some(shop) => faulty(shop, now, &form, request, fault, &mut call),
            None => Outcome::CutOff,
        };
        self.record(call);
        outcome
    }
}

fn faulty(
    shop: &mut Shop,
    now: Timestamp,
    form: &BTreeMap<String, String>,
    request: &Request<Vec<u8>>,
    fault: Option<Fault>,
    call: &mut Call,
) -> Outcome {
    let granted = |shop: &mut Shop, call: &mut Call| {
        let answer = grant(shop, now, form, request);
        if answer.status() != StatusCode::OK {
            "refused".clone_into(&mut call.what);
        }
        answer
    };
    match fault {
        None => Outcome::Answer(granted(shop, call)),
        Some(Fault::Throttle { retry_after }) => {
            "throttled".clone_into(&mut call.what);
            let mut response = json_response(429, &json!({"errors": "Exceeded the request limit"}));
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Outcome::Answer(response)
        }
        Some(Fault::Status { status }) => {
            "failed".clone_into(&mut call.what);
            Outcome::Answer(json_response(status, &json!({"errors": "made up by the sandbox"})))
        }
        Some(Fault::CutBefore) => {
            "cut".clone_into(&mut call.what);
            Outcome::CutOff
        }
        Some(Fault::LoseAnswer) => {
            granted(shop, call);
            "cut".clone_into(&mut call.what);
            Outcome::CutOff
        }
        // A token that is not known when it is used.
        Some(Fault::AcceptAndForget | Fault::ExpiredToken) => {
            let known = shop.app.issued.clone();
            let answer = granted(shop, call);
            shop.app.issued = known;
            Outcome::Answer(answer)
        }
        Some(Fault::Slow { millis }) => Outcome::Late(Duration::from_millis(millis), granted(shop, call)),
        Some(Fault::Malformed) => {
            granted(shop, call);
            Outcome::Answer(Response::new(b"<html>Something went wrong</html>".to_vec()))
        }
    }
}
