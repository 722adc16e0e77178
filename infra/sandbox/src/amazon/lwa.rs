//! Login with Amazon: sellers, their refresh tokens, and access tokens that run out.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::answer::{self, Refusal};

/// A seller and the app that they authorised.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// Their name in the sandbox, for faults and the record.
    pub seller: String,
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: String,
    /// What the seller's authorisation gave.
    pub refresh_token: String,
    /// A role is missing: access tokens are issued, and refused.
    #[serde(default)]
    pub access_denied: bool,
}

impl std::fmt::Debug for Seller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seller({})", self.seller)
    }
}

/// A token request's form.
#[derive(Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

struct Issued {
    seller: String,
    expires_at: Timestamp,
    revoked: bool,
    /// Of the app itself.
    grantless: bool,
}

/// Every seller and every token ever issued.
#[derive(Default)]
pub(super) struct Sellers {
    sellers: BTreeMap<String, Seller>,
    revoked: BTreeMap<String, bool>,
    issued: BTreeMap<String, Issued>,
}

impl Sellers {
    pub(super) fn add(&mut self, seller: Seller) {
        self.kill(&seller.seller);
        self.revoked.insert(seller.seller.clone(), false);
        self.sellers.insert(seller.seller.clone(), seller);
    }

    pub(super) fn knows(&self, seller: &str) -> bool {
        self.sellers.contains_key(seller)
    }

    pub(super) fn revoke(&mut self, seller: &str) -> Result<(), String> {
        let revoked = self.revoked.get_mut(seller).ok_or_else(|| format!("there is no seller {seller:?}"))?;
        *revoked = true;
        self.kill(seller);
        Ok(())
    }

    pub(super) fn restore(&mut self, seller: &str, refresh_token: Option<String>) -> Result<(), String> {
        let known = self.sellers.get_mut(seller).ok_or_else(|| format!("there is no seller {seller:?}"))?;
        if let Some(token) = refresh_token {
            known.refresh_token = token;
        }
        self.revoked.insert(seller.to_owned(), false);
        Ok(())
    }

    fn kill(&mut self, seller: &str) {
        for issued in self.issued.values_mut().filter(|issued| issued.seller == seller) {
            issued.revoked = true;
        }
    }

    pub(super) fn expire(&mut self, seller: &str) {
        for issued in self.issued.values_mut().filter(|issued| issued.seller == seller) {
            issued.expires_at = Timestamp::MIN;
        }
    }

    /// Whose access token this is or was.
    pub(super) fn owner(&self, token: &str) -> Option<String> {
        self.issued.get(token).map(|issued| issued.seller.clone())
    }

    /// Whether an access token opens anything.
    pub(super) fn check(&self, token: &str, now: Timestamp, grantless: bool) -> Result<(), Refusal> {
        let denied = |details: &str| {
            Err(Refusal::new(403, "Unauthorized", "Access to requested resource is denied.")
                .with_details(details))
        };
        if token.is_empty() {
            return denied("Access token is missing in the request header.");
        }
        match self.issued.get(token) {
            None => denied("The access token you provided is revoked, malformed or invalid."),
            Some(issued) if issued.revoked => {
                denied("The access token you provided is revoked, malformed or invalid.")
            }
            Some(issued) if issued.expires_at <= now => denied("The access token you provided has expired."),
            Some(issued) if issued.grantless != grantless => denied("The scope of the token does not fit."),
            Some(issued) if issued.grantless => Ok(()),
            Some(issued) if self.sellers.get(&issued.seller).is_none_or(|seller| seller.access_denied) => {
                denied("")
            }
            Some(_) => Ok(()),
        }
    }

    /// Who asks for a token, as far as the form tells.
    pub(super) fn asking(&self, form: &Form) -> Option<String> {
        let by_token = self.sellers.values().find(|s| s.refresh_token == form.get("refresh_token"));
        let by_client = || self.sellers.values().find(|s| s.client_id == form.get("client_id"));
        by_token.or_else(by_client).map(|s| s.seller.clone())
    }

    /// Answers a token request.
    pub(super) fn grant(
        &mut self,
        form: &Form,
        request: &Request<Vec<u8>>,
        now: Timestamp,
        seconds: u32,
    ) -> Response<Vec<u8>> {
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return answer::lwa_error(400, "invalid_request", "The content type must be a form");
        }
        for name in ["grant_type", "client_id", "client_secret"] {
            if form.get(name).is_empty() {
                let words = format!("The request is missing a required parameter : {name}");
                return answer::lwa_error(400, "invalid_request", &words);
            }
        }
        let grantless = form.get("grant_type") == "client_credentials";
        if !grantless && form.get("grant_type") != "refresh_token" {
            return answer::lwa_error(400, "unsupported_grant_type", "The grant type is not supported here");
        }
        let app = |seller: &&Seller| {
            seller.client_id == form.get("client_id") && seller.client_secret == form.get("client_secret")
        };
        if !self.sellers.values().any(|seller| app(&seller)) {
            return answer::lwa_error(401, "invalid_client", "Client authentication failed");
        }
        let expires_at = now.saturating_add(Duration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
        if grantless {
            if form.get("scope") != "sellingpartnerapi::notifications" {
                return answer::lwa_error(400, "invalid_scope", "The scope is not supported here");
            }
            let token = format!("Atza|sandbox-app-{}", self.issued.len() + 1);
            let issued = Issued { seller: String::new(), expires_at, revoked: false, grantless };
            self.issued.insert(token.clone(), issued);
            let scope = form.get("scope");
            return answer::json(
                200,
                &json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": scope }),
            );
        }
        let seller = self
            .sellers
            .values()
            .filter(app)
            .find(|seller| seller.refresh_token == form.get("refresh_token"))
            .filter(|seller| self.revoked.get(&seller.seller) == Some(&false));
        let Some(seller) = seller else {
            let words = "The request has an invalid grant parameter : refresh_token";
            return answer::lwa_error(400, "invalid_grant", words);
        };
        let (name, refresh_token) = (seller.seller.clone(), seller.refresh_token.clone());
        let token = format!("Atza|sandbox-{name}-{}", self.issued.len() + 1);
        self.issued.insert(token.clone(), Issued { seller: name, expires_at, revoked: false, grantless });
        answer::json(
            200,
            &json!({
                "access_token": token,
                "token_type": "bearer",
                "expires_in": seconds,
                "refresh_token": refresh_token,
            }),
        )
    }
}
