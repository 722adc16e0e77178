//! Webhooks that the stand-in signs, verified by the connector.

use connector_api::{Delivery, DeliveryBody, Marketplace as _, MarketplaceEvent, Notifies, reduce_json};
use connector_etsy::Etsy;
use http::HeaderMap;
use ports::Clock as _;
use ports::credentials::WebhookKeys;
use sandbox::etsy::{Settings, Shop};

use crate::common::*;

fn notifies() -> &'static dyn Notifies {
    static ETSY: Etsy = Etsy;
    ETSY.notifies().unwrap()
}

fn keys(world: &World, secrets: &[&str]) -> WebhookKeys {
    WebhookKeys {
        account: world.connection.account.clone(),
        kind: "etsy".to_owned(),
        secrets: secrets.iter().map(|secret| (*secret).into()).collect(),
        app: std::collections::BTreeMap::new(),
        address: None,
    }
}

/// What a receiver makes of a post: verified, reduced, read.
async fn heard(world: &World, shop: u64, event: &str, secrets: &[&str]) -> Result<MarketplaceEvent, String> {
    let now = world.clock.now();
    let post = world.sandbox().webhook(now, shop, event, ORDER).unwrap();
    let request = post.request("https://example.com/webhooks/marketplaces/x").unwrap();
    let (parts, body) = request.into_parts();
    let headers: HeaderMap = parts.headers;
    let verified = notifies().verify(world.reach(), &headers, &body, &keys(world, secrets)).await;
    let verified = verified.map_err(|error| error.to_string())?;
    let (topic, allowed) = notifies().topic(&headers, &verified).ok_or("no topic of ours")?;
    let reduced = reduce_json(&serde_json::from_slice(verified.bytes()).unwrap(), allowed);
    let delivery = Delivery {
        id: "d".to_owned(),
        topic,
        headers: Vec::new(),
        received_at: now,
        body: DeliveryBody::Reduced(reduced.to_string()),
    };
    notifies().event(&world.connection, &delivery)
}

#[tokio::test]
async fn posts_of_this_shop_name_its_order() {
    for versioned_signatures in [true, false] {
        let world = World::new().await;
        let settings = Settings { versioned_signatures, ..world.sandbox().settings().clone() };
        world.sandbox().set_settings(settings);
        for event in ["order.paid", "ORDER_PAID", "order.canceled", "order.shipped"] {
            let got = heard(&world, ANN, event, &[WEBHOOK]).await.unwrap();
            let MarketplaceEvent::Orders(news) = got else { panic!("{event}: {got:?}") };
            assert_eq!(news[0].order, order_id(ORDER), "{event}");
        }
        let delivered = heard(&world, ANN, "order.delivered", &[WEBHOOK]).await.unwrap();
        assert!(matches!(delivered, MarketplaceEvent::Nothing { .. }), "{delivered:?}");
        let listing = heard(&world, ANN, "listing.created", &[WEBHOOK]).await;
        assert_eq!(listing.unwrap_err(), "no topic of ours");
    }
}

#[tokio::test]
async fn a_genuine_post_of_another_shop_of_the_app_is_not_ours() {
    let world = World::new().await;
    let got = heard(&world, BOB, "order.paid", &[WEBHOOK]).await.unwrap();
    assert!(matches!(got, MarketplaceEvent::Nothing { .. }), "{got:?}");
}

#[tokio::test]
async fn keys_rotate_without_a_gap() {
    let world = World::new().await;
    let next = "whsec_dGhlIG5leHQgb25lIG9mIHRoZW0=";
    let both = Shop { webhook_secrets: vec![WEBHOOK.to_owned(), next.to_owned()], ..shop(ANN) };
    world.sandbox().add_shop(start(), both);
    for secrets in [&[WEBHOOK][..], &[next], &[next, WEBHOOK]] {
        assert!(heard(&world, ANN, "order.paid", secrets).await.is_ok(), "{secrets:?}");
    }
    let other = heard(&world, ANN, "order.paid", &["whsec_c29tZXRoaW5nIGVsc2U="]).await;
    assert_eq!(other.unwrap_err(), "the signature does not match");
}
