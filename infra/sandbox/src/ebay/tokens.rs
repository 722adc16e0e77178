//! OAuth: sellers and what they granted, apps, refresh tokens that stay, and access tokens that run out.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::answer::{self, Refusal};

/// What every scope begins with.
const SCOPE: &str = "https://api.ebay.com/oauth/api_scope";
/// eBay's words for a refresh token that does not serve.
pub(super) const BAD_GRANT: &str =
    "the provided authorization refresh token is invalid or was issued to another client";

/// A seller and the app that they authorised.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// Their name in the sandbox, for faults and the record.
    pub seller: String,
    /// eBay's immutable id of the user; made of the name if absent.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: String,
    /// What the seller's authorisation gave.
    pub refresh_token: String,
    /// What the seller granted, without the common beginning; all that we use, if absent.
    #[serde(default = "all_scopes")]
    pub scopes: Vec<String>,
    /// eBay has suspended the seller.
    #[serde(default)]
    pub suspended: bool,
}

/// Everything that we use.
fn all_scopes() -> Vec<String> {
    ["api_scope", "sell.fulfillment", "commerce.notification.subscription"].map(str::to_owned).to_vec()
}

impl Seller {
    /// eBay's id of the user.
    #[must_use]
    pub fn id(&self) -> String {
        self.user_id.clone().unwrap_or_else(|| format!("id-{}", self.seller))
    }
}

impl std::fmt::Debug for Seller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seller({})", self.seller)
    }
}

/// Whom a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    /// The seller, if it is not the app's own.
    pub(super) seller: Option<String>,
    /// The app.
    pub(super) app: String,
}

/// What a token must allow.
pub(super) enum Need {
    /// One of these scopes, granted by a seller or had by the app.
    Scopes(&'static [&'static str]),
    /// To be the app's own.
    App,
}

struct Issued {
    holder: Holder,
    scopes: Vec<String>,
    expires_at: Timestamp,
    revoked: bool,
}

/// Every seller and every token ever issued.
#[derive(Default)]
pub(super) struct Tokens {
    sellers: BTreeMap<String, Seller>,
    revoked: BTreeMap<String, bool>,
    issued: BTreeMap<String, Issued>,
}

/// The access token of a request.
pub(super) fn bearer(request: &Request<Vec<u8>>) -> String {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default().to_owned()
}

/// The app's id and secret of a token request.
fn basic(request: &Request<Vec<u8>>) -> Option<(String, String)> {
    let header = request.headers().get("authorization")?.to_str().ok()?;
    let text = String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn form(request: &Request<Vec<u8>>) -> BTreeMap<String, String> {
    form_urlencoded::parse(request.body()).into_owned().collect()
}

/// A scope without what all begin with.
fn short(scope: &str) -> &str {
    match scope.strip_prefix(SCOPE) {
        Some("") => "api_scope",
        Some(rest) => rest.trim_start_matches('/'),
        None => scope,
    }
}

impl Tokens {
    pub(super) fn add(&mut self, seller: Seller) {
        self.kill(&seller.seller);
        self.revoked.insert(seller.seller.clone(), false);
        self.sellers.insert(seller.seller.clone(), seller);
    }

    pub(super) fn seller(&self, name: &str) -> Option<&Seller> {
        self.sellers.get(name)
    }

    pub(super) fn revoke(&mut self, seller: &str) -> Result<(), String> {
        let revoked = self.revoked.get_mut(seller).ok_or_else(|| format!("there is no seller {seller:?}"))?;
        *revoked = true;
        self.kill(seller);
        Ok(())
    }

    pub(super) fn restore(
        &mut self,
        seller: &str,
        refresh_token: Option<String>,
        scopes: Option<Vec<String>>,
    ) -> Result<(), String> {
        let known = self.sellers.get_mut(seller).ok_or_else(|| format!("there is no seller {seller:?}"))?;
        known.refresh_token = refresh_token.unwrap_or_else(|| known.refresh_token.clone());
        known.scopes = scopes.unwrap_or_else(|| known.scopes.clone());
        self.revoked.insert(seller.to_owned(), false);
        Ok(())
    }

    fn of<'a>(&'a mut self, seller: &'a str) -> impl Iterator<Item = &'a mut Issued> {
        self.issued.values_mut().filter(move |issued| issued.holder.seller.as_deref() == Some(seller))
    }

    fn kill(&mut self, seller: &str) {
        self.of(seller).for_each(|issued| issued.revoked = true);
    }

    pub(super) fn expire(&mut self, seller: &str) {
        self.of(seller).for_each(|issued| issued.expires_at = Timestamp::MIN);
    }

    /// Whose access token this is or was: the seller, or the app.
    pub(super) fn account(&self, token: &str) -> String {
        let holder = self.issued.get(token).map(|issued| issued.holder.clone());
        holder.map(|holder| holder.seller.unwrap_or(holder.app)).unwrap_or_default()
    }

    /// Whom an access token belongs to, if it opens what is asked for.
    pub(super) fn check(&self, token: &str, now: Timestamp, need: Need) -> Result<Holder, Refusal> {
        let issued = self.issued.get(token).filter(|issued| !issued.revoked);
        let issued = issued.ok_or_else(|| Refusal::new(401, 1001, "Invalid access token"))?;
        if issued.expires_at <= now {
            return Err(Refusal::new(401, 1001, "Expired access token"));
        }
        let allowed = match need {
            Need::App => issued.holder.seller.is_none(),
            Need::Scopes(scopes) => issued.scopes.iter().any(|scope| scopes.contains(&scope.as_str())),
        };
        if !allowed {
            return Err(Refusal::new(403, 1100, "Insufficient permissions to fulfill the request."));
        }
        Ok(issued.holder.clone())
    }

    /// Who asks for a token, as far as the request tells.
    pub(super) fn asking(&self, request: &Request<Vec<u8>>) -> String {
        let form = form(request);
        let by_token = form.get("refresh_token");
        let seller = by_token.and_then(|token| self.sellers.values().find(|s| s.refresh_token == *token));
        seller.map(|s| s.seller.clone()).or_else(|| basic(request).map(|(id, _)| id)).unwrap_or_default()
    }

    /// Answers a token request.
    pub(super) fn grant(
        &mut self,
        request: &Request<Vec<u8>>,
        now: Timestamp,
        seconds: u32,
    ) -> Response<Vec<u8>> {
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return answer::oauth_error(400, "invalid_request", "the content type must be a form");
        }
        let Some((id, secret)) = basic(request) else {
            return answer::oauth_error(401, "invalid_client", "client authentication failed");
        };
        if !self.sellers.values().any(|s| s.client_id == id && s.client_secret == secret) {
            return answer::oauth_error(401, "invalid_client", "client authentication failed");
        }
        let form = form(request);
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let asked: Vec<String> =
            get("scope").split(' ').filter(|s| !s.is_empty()).map(|s| short(s).to_owned()).collect();
        let (seller, granted, kind) = match get("grant_type") {
            "refresh_token" => {
                let seller = self
                    .sellers
                    .values()
                    .filter(|s| s.client_id == id && self.revoked.get(&s.seller) == Some(&false))
                    .find(|s| s.refresh_token == get("refresh_token"));
                let Some(seller) = seller else {
                    return answer::oauth_error(400, "invalid_grant", BAD_GRANT);
                };
                (Some(seller.seller.clone()), seller.scopes.clone(), "User Access Token")
            }
            "client_credentials" => (None, vec!["api_scope".to_owned()], "Application Access Token"),
            _ => {
                return answer::oauth_error(
                    400,
                    "unsupported_grant_type",
                    "grant type in request is not supported",
                );
            }
        };
        if asked.iter().any(|scope| !granted.contains(scope)) {
            let words = "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client";
            return answer::oauth_error(400, "invalid_scope", words);
        }
        let scopes = if asked.is_empty() { granted } else { asked };
        let name = seller.as_deref().unwrap_or("app");
        let token = format!("v^1.1#sandbox-{name}-{}", self.issued.len() + 1);
        let expires_at = now.saturating_add(Duration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
        let holder = Holder { seller, app: id };
        self.issued.insert(token.clone(), Issued { holder, scopes, expires_at, revoked: false });
        answer::json(200, &json!({ "access_token": token, "expires_in": seconds, "token_type": kind }))
    }
}
