//! Shops, the app that they authorised, and tokens: a refresh token serves once.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::answer::{self, Refusal};
use super::{EtsySandbox, SHIP, SHOP, Settings};

/// A shop and the app that its owner authorised.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// Its number.
    pub shop: u64,
    /// Its owner's number; tokens begin with it.
    pub user: u64,
    /// Its country, two letters.
    pub country: String,
    /// The app's key.
    pub keystring: String,
    /// The app's secret.
    pub shared_secret: String,
    /// What the authorisation gave first.
    pub refresh_token: String,
    /// What the authorisation was given for; both scopes of transactions, if absent.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Etsy takes no parcels of this shop from this app.
    #[serde(default)]
    pub closed: bool,
    /// The secrets that webhooks are signed with; several while they are changed.
    #[serde(default)]
    pub webhook_secrets: Vec<String>,
}

fn scopes() -> Vec<String> {
    vec!["transactions_r".to_owned(), "transactions_w".to_owned()]
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shop({})", self.shop)
    }
}

/// A token request's form.
#[derive(Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads it; empty if the request says that it is something else.
    pub(super) fn read(request: &Request<Vec<u8>>) -> Self {
        if !has_kind(request, "application/x-www-form-urlencoded") {
            return Self::default();
        }
        Self(form_urlencoded::parse(request.body()).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Whether a request's body says that it is of this kind.
pub(super) fn has_kind(request: &Request<Vec<u8>>, kind: &str) -> bool {
    header(request, "content-type").to_ascii_lowercase().starts_with(kind)
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The app's key of a request, without its secret.
pub(super) fn keystring(request: &Request<Vec<u8>>) -> String {
    let key = header(request, "x-api-key");
    key.split_once(':').map_or(key, |(keystring, _)| keystring).to_owned()
}

struct Issued {
    shop: u64,
    expires_at: Timestamp,
    revoked: bool,
}

/// Every shop and every token ever issued.
#[derive(Default)]
pub(super) struct Shops {
    shops: BTreeMap<u64, Shop>,
    access: BTreeMap<String, Issued>,
    refresh: BTreeMap<String, Issued>,
    count: u64,
}

impl Shops {
    pub(super) fn add(&mut self, now: Timestamp, shop: Shop) {
        self.kill(shop.shop);
        let (number, token) = (shop.shop, shop.refresh_token.clone());
        self.shops.insert(number, shop);
        self.authorise(now, number, token, 90);
    }

    fn authorise(&mut self, now: Timestamp, shop: u64, token: String, days: u32) {
        let expires_at = later(now, u64::from(days) * 86_400);
        self.refresh.insert(token, Issued { shop, expires_at, revoked: false });
    }

    pub(super) fn knows(&self, shop: u64) -> bool {
        self.shops.contains_key(&shop)
    }

    pub(super) fn shop(&self, shop: u64) -> Option<&Shop> {
        self.shops.get(&shop)
    }

    fn shop_mut(&mut self, shop: u64) -> Result<&mut Shop, String> {
        self.shops.get_mut(&shop).ok_or_else(|| format!("there is no shop {shop}"))
    }

    fn kill(&mut self, shop: u64) {
        let all = self.access.values_mut().chain(self.refresh.values_mut());
        for issued in all.filter(|issued| issued.shop == shop) {
            issued.revoked = true;
        }
    }

    pub(super) fn revoke(&mut self, shop: u64) -> Result<(), String> {
        self.shop_mut(shop)?;
        self.kill(shop);
        Ok(())
    }

    pub(super) fn restore(&mut self, now: Timestamp, shop: u64, token: String) -> Result<(), String> {
        self.shop_mut(shop)?;
        self.authorise(now, shop, token, 90);
        Ok(())
    }

    pub(super) fn expire(&mut self, shop: u64) {
        for issued in self.access.values_mut().filter(|issued| issued.shop == shop) {
            issued.expires_at = Timestamp::MIN;
        }
    }

    pub(super) fn set_access(&mut self, shop: u64, closed: bool) -> Result<(), String> {
        self.shop_mut(shop)?.closed = closed;
        Ok(())
    }

    /// Which shop asks for a token, as far as the form tells.
    pub(super) fn asking(&self, form: &Form) -> Option<u64> {
        self.refresh.get(form.get("refresh_token")).map(|issued| issued.shop)
    }

    /// Answers a token request: the old refresh token dies with it.
    pub(super) fn grant(&mut self, now: Timestamp, form: &Form, settings: &Settings) -> Response<Vec<u8>> {
        if form.get("grant_type") != "refresh_token" {
            return answer::oauth("unsupported_grant_type", "grant_type must be refresh_token");
        }
        let token = form.get("refresh_token").to_owned();
        let Some(issued) = self.refresh.get_mut(&token) else {
            return answer::oauth("invalid_grant", "refresh_token is invalid");
        };
        let Some(shop) = self.shops.get(&issued.shop).filter(|shop| shop.keystring == form.get("client_id"))
        else {
            return answer::oauth("invalid_client", "client_id is not known or not the token's");
        };
        if issued.revoked {
            return answer::oauth("invalid_grant", "refresh_token is revoked");
        }
        if issued.expires_at <= now {
            return answer::oauth("invalid_grant", "refresh_token is expired");
        }
        issued.revoked = true;
        self.count += 1;
        let (number, user) = (shop.shop, shop.user);
        let (access, refresh) =
            (format!("{user}.access-{}", self.count), format!("{user}.refresh-{}", self.count));
        let expires_at = later(now, settings.token_seconds.into());
        self.access.insert(access.clone(), Issued { shop: number, expires_at, revoked: false });
        self.authorise(now, number, refresh.clone(), settings.refresh_days);
        let body = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": settings.token_seconds,
            "refresh_token": refresh,
        });
        answer::json(200, &body)
    }

    /// Whether a request may do this at this shop.
    pub(super) fn check(
        &self,
        now: Timestamp,
        operation: &str,
        shop: &str,
        request: &Request<Vec<u8>>,
        secret_in_key: bool,
    ) -> Result<u64, Refusal> {
        let key = header(request, "x-api-key");
        let keystring = keystring(request);
        let app = self.shops.values().find(|shop| shop.keystring == keystring);
        let app = app.ok_or_else(|| {
            Refusal::new(403, "API key not found or not active, or incorrect shared secret")
        })?;
        if secret_in_key && key != format!("{}:{}", app.keystring, app.shared_secret) {
            return Err(Refusal::new(403, "Shared secret is required in x-api-key header."));
        }
        let number: u64 = shop.parse().map_err(|_| Refusal::new(400, "Invalid shop_id"))?;
        if operation == SHOP {
            return self
                .knows(number)
                .then_some(number)
                .ok_or_else(|| Refusal::new(404, "Resource not found"));
        }
        let token = header(request, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        if !token.contains('.') {
            return Err(Refusal::new(403, "No user was provided as part of the bearer token."));
        }
        let issued = self.access.get(token).filter(|issued| !issued.revoked);
        let issued =
            issued.ok_or_else(|| Refusal::described(401, "invalid_token", "access token is invalid"))?;
        if issued.expires_at <= now {
            return Err(answer::expired());
        }
        let mine =
            self.shops.get(&issued.shop).filter(|mine| mine.keystring == keystring && mine.shop == number);
        let mine = mine.ok_or_else(|| Refusal::new(403, "The user of the token does not own this shop"))?;
        let scope = if operation == SHIP { "transactions_w" } else { "transactions_r" };
        if !mine.scopes.iter().any(|granted| granted == scope) {
            let words = format!("insufficient_scope: this request needs the scope {scope}");
            return Err(Refusal::new(403, words));
        }
        if operation == SHIP && mine.closed {
            return Err(Refusal::new(
                403,
                "Unauthorized: this application may not use this endpoint for this shop",
            ));
        }
        Ok(number)
    }
}

impl EtsySandbox {
    /// `getShop`.
    pub(super) fn get_shop(&self, shop: u64) -> Result<Response<Vec<u8>>, Refusal> {
        let shop = self.shops.shop(shop).ok_or_else(|| Refusal::new(404, "Resource not found"))?;
        let body = json!({
            "shop_id": shop.shop, "user_id": shop.user, "shop_name": format!("Shop{}", shop.shop), "currency_code": "USD",
            "is_vacation": false, "shop_location_country_iso": shop.country.to_uppercase(),
            "is_shop_us_based": shop.country.eq_ignore_ascii_case("us"), "transaction_sold_count": 0,
        });
        Ok(answer::json(200, &body))
    }
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    now.saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
