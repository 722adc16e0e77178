//! Webhooks exactly as Etsy would POST them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;

use super::shops::Shop;

/// A signed post, ready to be sent: body and headers must not be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Every header of it.
    pub headers: Vec<(String, String)>,
    /// The raw body: its bytes are what is signed.
    pub body: String,
}

impl Delivery {
    /// The POST to `url`.
    ///
    /// # Errors
    /// `url` is no address.
    pub fn request(&self, url: &str) -> Result<http::Request<Vec<u8>>, http::Error> {
        let start = http::Request::post(url);
        let headed = self.headers.iter().fold(start, |request, (name, value)| request.header(name, value));
        headed.body(self.body.clone().into_bytes())
    }
}

/// A post about a receipt, signed with each of the shop's secrets; secrets that are no base64 sign nothing.
pub(super) fn sign(
    shop: &Shop,
    event: &str,
    receipt: u64,
    number: u64,
    now: Timestamp,
    versioned: bool,
) -> Delivery {
    let url = format!("https://openapi.etsy.com/v3/application/shops/{}/receipts/{receipt}", shop.shop);
    let body = json!({ "event_type": event, "resource_url": url, "shop_id": shop.shop }).to_string();
    let (id, at) = (format!("msg_sandbox{number:08}"), now.as_second());
    let signature = |secret: &String| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
        let mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        let signed = mac.chain_update(format!("{id}.{at}.{body}").as_bytes()).finalize().into_bytes();
        let version = if versioned { "v1," } else { "" };
        Some(format!("{version}{}", STANDARD.encode(signed)))
    };
    let signatures: Vec<String> = shop.webhook_secrets.iter().filter_map(signature).collect();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.clone()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ];
    Delivery { headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), body }
}
