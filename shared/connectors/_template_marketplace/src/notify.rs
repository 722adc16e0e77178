//! Posts of TEMPLATE to our address.
//!
//! Contract: TEMPLATE's page on webhooks, date read.

use async_trait::async_trait;
use connector_api::{
    Allowed, Delivery, DeliveryBody, MarketplaceEvent, Notifies, OrderNews, Reach, Unverified,
};
use domain::connection::Connection;
use http::HeaderMap;
use ports::WebhookKeys;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use signatures::{Verified, verify_hmac_base64};

use crate::{Template, options, orders};

/// TEMPLATE: the header that holds the signature.
const SIGNATURE: &str = "x-template-signature";
/// TEMPLATE: the topic that means *look at this order again*.
const ORDER_CHANGED: &str = "order.changed";
/// The paths of a body that go on. Ids, never anything of the buyer.
const ALLOWED: Allowed = Allowed(&[&["event"], &["shop"], &["order_id"]]);

#[derive(Deserialize)]
struct Post {
    event: String,
    shop: String,
    order_id: String,
}

#[async_trait]
impl Notifies for Template {
    fn secret_problem(&self, secret: &SecretString) -> Option<String> {
        let long = secret.expose_secret().trim().len() >= 16;
        (!long).then(|| "the secret `webhook` must have at least 16 characters".to_owned())
    }

    fn app_secrets(&self) -> &'static [&'static str] {
        &[]
    }

    /// TEMPLATE: `connector-ebay` answers one.
    fn challenge(&self, _: &str, _: &str, _: &[SecretString]) -> Option<String> {
        None
    }

    async fn verify<'a>(
        &self,
        _: Reach<'_>,
        headers: &HeaderMap,
        body: &'a [u8],
        keys: &WebhookKeys,
    ) -> Result<Verified<'a>, Unverified> {
        let header = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        Ok(verify_hmac_base64(body, header, &keys.secrets)?)
    }

    fn topic(&self, _: &HeaderMap, body: &Verified<'_>) -> Option<(String, Allowed)> {
        let post: Post = serde_json::from_slice(body.bytes()).ok()?;
        (post.event == ORDER_CHANGED).then_some((post.event, ALLOWED))
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }

    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String> {
        let nothing = |reason: &str| Ok(MarketplaceEvent::Nothing { reason: reason.to_owned() });
        if delivery.topic != ORDER_CHANGED {
            return nothing("a topic that Parcelwire does not act on");
        }
        let (DeliveryBody::Reduced(json) | DeliveryBody::Withheld { ids: json, .. }) = &delivery.body;
        let post: Post = serde_json::from_str(json).map_err(|_| "the post is not as described".to_owned())?;
        // The secret may be shared between shops: what names another one is not ours.
        if options::shop(connection) != Some(post.shop.as_str()) {
            return nothing("it is about another shop");
        }
        let order = orders::order_id(&post.order_id).ok_or("the post names no order")?;
        Ok(MarketplaceEvent::Orders(vec![OrderNews { order, facts: None }]))
    }
}
