//! Etsy's webhooks: signed posts that say *look at this order*.
//!
//! Contract: "Webhooks" of Etsy's documentation, its events as `etsy/open-api` discussions 1509, 1564 and 1747 tell them,
//! and the Standard Webhooks specification, read 21 November 2026. They are set up by hand in Etsy's developer portal.

use async_trait::async_trait;
use connector_api::{
    Allowed, Delivery, DeliveryBody, MarketplaceEvent, Notifies, OrderNews, Reach, Unverified,
};
use domain::connection::Connection;
use http::HeaderMap;
use ports::WebhookKeys;
use secrecy::SecretString;
use serde::Deserialize;
use signatures::{StandardWebhook, Verified, standard_webhook_key, verify_standard_webhook};
use url::Url;

use connector_api::loose::{lenient, text};

use crate::options::is_number;
use crate::receipts::order_id;

/// The hosts that a receipt's address may have. It is never asked: only the numbers in its path are taken.
const HOSTS: [&str; 2] = ["openapi.etsy.com", "api.etsy.com"];

/// What goes on of a body: ids alone. The first documentation put them into `data`; no such post was ever seen.
const ALLOWED: Allowed = Allowed(&[
    &["event_type"],
    &["resource_url"],
    &["shop_id"],
    &["data", "event_type"],
    &["data", "resource_url"],
    &["data", "shop_id"],
]);

/// Etsy's posts to our address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Webhooks;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Flat {
    #[serde(deserialize_with = "text")]
    event_type: Option<String>,
    #[serde(deserialize_with = "text")]
    resource_url: Option<String>,
    #[serde(deserialize_with = "text")]
    shop_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Post {
    #[serde(flatten)]
    flat: Flat,
    #[serde(deserialize_with = "lenient")]
    data: Option<Flat>,
}

impl Post {
    /// Reads a body, whichever of the two forms it has.
    fn read(body: &[u8]) -> Result<Flat, String> {
        let post: Self =
            serde_json::from_slice(body).map_err(|error| connector_api::loose::json_problem(&error))?;
        let inner = post.data.unwrap_or_default();
        Ok(Flat {
            event_type: post.flat.event_type.or(inner.event_type),
            resource_url: post.flat.resource_url.or(inner.resource_url),
            shop_id: post.flat.shop_id.or(inner.shop_id),
        })
    }
}

/// The event by its present name: `ORDER_PAID` of the first documentation is `order.paid`.
fn event_name(text: &str) -> String {
    text.trim().to_ascii_lowercase().replace('_', ".")
}

#[async_trait]
impl Notifies for Webhooks {
    fn secret_problem(&self, secret: &SecretString) -> Option<String> {
        standard_webhook_key(secret).err().map(str::to_owned)
    }

    fn app_secrets(&self) -> &'static [&'static str] {
        &[]
    }

    fn challenge(&self, _query: &str, _address: &str, _secrets: &[SecretString]) -> Option<String> {
        None
    }

    async fn verify<'a>(
        &self,
        reach: Reach<'_>,
        headers: &HeaderMap,
        body: &'a [u8],
        keys: &WebhookKeys,
    ) -> Result<Verified<'a>, Unverified> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signed = StandardWebhook {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp"),
            signature: text("webhook-signature"),
        };
        let now_s = reach.clock.now().as_second();
        Ok(verify_standard_webhook(body, signed, &keys.secrets, now_s)?)
    }

    fn topic(&self, _headers: &HeaderMap, body: &Verified<'_>) -> Option<(String, Allowed)> {
        let event = Post::read(body.bytes()).ok()?.event_type?;
        event_name(&event).starts_with("order.").then_some((event, ALLOWED))
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["webhook-id"]
    }

    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String> {
        let body = match &delivery.body {
            DeliveryBody::Reduced(body) => body,
            DeliveryBody::Withheld { ids, .. } => ids,
        };
        let post = Post::read(body.as_bytes())?;
        let nothing = |reason: &str| Ok(MarketplaceEvent::Nothing { reason: reason.to_owned() });
        let address = post.resource_url.as_deref().map(named).transpose()?;
        let told = post.shop_id.or_else(|| address.as_ref().map(|(shop, _)| shop.clone()));
        let shop = told.ok_or("the post names no shop")?;
        let ours = connection.option("shop_id").map(str::trim);
        // One secret may serve an app's every shop: a genuine signature does not make it this one's.
        if ours != Some(shop.trim()) {
            return nothing("it is about another shop");
        }
        match event_name(&delivery.topic).as_str() {
            "order.delivered" => nothing("a parcel that arrived changes nothing for us"),
            name if name.starts_with("order.") => {
                let (_, order) = address.ok_or("the post names no order")?;
                let order = order_id(&order).ok_or("the post's order is no number of Etsy's")?;
                Ok(MarketplaceEvent::Orders(vec![OrderNews { order, facts: None }]))
            }
            _ => nothing("no topic of ours"),
        }
    }
}

/// The shop and the receipt that an address names: `…/shops/{shop}/receipts/{receipt}` of one of Etsy's hosts.
fn named(address: &str) -> Result<(String, String), String> {
    let url = Url::parse(address).map_err(|_| "resource_url is no address".to_owned())?;
    if url.scheme() != "https" || !url.host_str().is_some_and(|host| HOSTS.contains(&host)) {
        return Err("resource_url is none of Etsy's".to_owned());
    }
    let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    let after = |name: &str| {
        let at = segments.iter().position(|segment| *segment == name)?;
        segments.get(at + 1).copied().filter(|text| is_number(text)).map(str::to_owned)
    };
    match (after("shops"), after("receipts")) {
        (Some(shop), Some(receipt)) => Ok((shop, receipt)),
        _ => Err("resource_url names no receipt of a shop".to_owned()),
    }
}

#[cfg(test)]
mod tests;
