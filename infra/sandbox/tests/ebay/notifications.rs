//! Posts that the stand-in signs, and subscriptions with their challenge.

use std::sync::Arc;

use connector_api::{
    Delivery, DeliveryBody, MarketplaceEvent, Notifies as _, Subscribes as _, SubscriptionChange, Unverified,
    reduce_json,
};
use connector_ebay::Ebay;
use domain::connection::Connection;
use http::{HeaderMap, HeaderName, HeaderValue};
use ports::WebhookKeys;
use sandbox::ebay::{OrderChange, Settings, SignedPost};
use secrecy::SecretString;
use signatures::SignatureError;

use crate::common::*;

const ADDRESS: &str = "https://parcels.example.com/webhooks/marketplaces/ann-00ff";

fn keys(world: &World) -> WebhookKeys {
    let app = [("client_id", "the-app"), ("client_secret", "the-key"), ("base_url", world.address.as_str())];
    WebhookKeys {
        account: world.ann().account,
        kind: "ebay".into(),
        secrets: vec![SecretString::from(VERIFICATION)],
        app: app.into_iter().map(|(k, v)| (k.to_owned(), SecretString::from(v))).collect(),
        address: Some(ADDRESS.into()),
    }
}

fn headers(post: &SignedPost) -> HeaderMap {
    let pairs = post.headers.iter();
    pairs
        .map(|(name, value)| {
            (HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::try_from(value.as_str()).unwrap())
        })
        .collect()
}

/// As the receiver does it: verified, reduced, read.
pub(crate) async fn received(
    world: &World,
    connection: &Connection,
    post: &SignedPost,
) -> Result<MarketplaceEvent, Unverified> {
    let headers = headers(post);
    let verified = world.ebay.verify(world.reach(), &headers, post.body.as_bytes(), &keys(world)).await?;
    let (topic, allowed) = world.ebay.topic(&headers, &verified).unwrap();
    let body = reduce_json(&serde_json::from_slice(verified.bytes()).unwrap(), allowed);
    let delivery = Delivery {
        id: "d".into(),
        topic,
        headers: Vec::new(),
        received_at: start(),
        body: DeliveryBody::Reduced(body.to_string()),
    };
    Ok(world.ebay.event(connection, &delivery).unwrap())
}

#[tokio::test]
async fn every_line_of_a_new_order_says_look_at_the_order() {
    for digest in ["SHA1", "SHA256"] {
        let world = World::new().await;
        world.sandbox().set_settings(Settings { digest: digest.into(), ..Settings::default() });
        let posts = world.sandbox().order_posts(start(), ORDER).unwrap();
        assert_eq!(posts.len(), 2);
        for post in &posts {
            let event = received(&world, &world.ann(), post).await.unwrap();
            let MarketplaceEvent::Orders(news) = event else { panic!("{event:?}") };
            assert_eq!((news.len(), news[0].order.as_str()), (1, ORDER));
            // The same post is genuine and nothing to another seller.
            let bobs = connection(&world.address, "bob");
            let event = received(&world, &bobs, post).await.unwrap();
            assert!(matches!(event, MarketplaceEvent::Nothing { .. }), "{event:?}");
        }
        let record = world.sandbox().record();
        assert_eq!(record.calls.get("getPublicKey"), Some(&1), "{digest}: kept for an hour");
    }
}

#[tokio::test]
async fn a_post_that_was_touched_is_refused() {
    let world = World::new().await;
    let mut post = world.sandbox().closed_post(start(), "somebody", "ID-1").unwrap();
    post.body = post.body.replace("ID-1", "ID-2");
    let refused = received(&world, &world.ann(), &post).await.unwrap_err();
    assert_eq!(refused, Unverified::Signature(SignatureError::Mismatch));
}

#[tokio::test]
async fn a_subscription_is_made_after_the_challenge_was_answered() {
    let world = World::new().await;
    let ebay = Arc::new(Ebay::default());
    let answering = ebay.clone();
    world.sandbox().set_challenger(Box::new(move |endpoint, query| {
        answering.challenge(query, endpoint, &[SecretString::from(VERIFICATION)])
    }));
    let create = SubscriptionChange::Create { topic: "ORDER_CONFIRMATION", address: ADDRESS.to_owned() };
    let ann = world.ann();
    assert_eq!(ebay.subscriptions(world.reach(), &ann).await.unwrap(), []);
    ebay.change_subscription(world.reach(), &ann, &create).await.unwrap();
    // Given again it changes nothing.
    ebay.change_subscription(world.reach(), &ann, &create).await.unwrap();
    let made = ebay.subscriptions(world.reach(), &ann).await.unwrap();
    let [one] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!((one.topic.as_str(), one.address.as_str(), &one.flaw), ("ORDER_CONFIRMATION", ADDRESS, &None));

    // Another seller of the same app has the destination, and a subscription of their own.
    let bob = connection(&world.address, "bob");
    assert_eq!(ebay.subscriptions(world.reach(), &bob).await.unwrap(), []);
    ebay.change_subscription(world.reach(), &bob, &create).await.unwrap();
    assert_eq!(ebay.subscriptions(world.reach(), &bob).await.unwrap().len(), 1);

    world.sandbox().mark_down(ADDRESS);
    let flawed = ebay.subscriptions(world.reach(), &ann).await.unwrap();
    assert!(flawed[0].flaw.as_ref().unwrap().contains("MARKED_DOWN"), "{flawed:?}");
    let redirect = SubscriptionChange::Redirect { id: one.id.clone(), address: ADDRESS.to_owned() };
    ebay.change_subscription(world.reach(), &ann, &redirect).await.unwrap();
    let mended = ebay.subscriptions(world.reach(), &ann).await.unwrap();
    assert_eq!(mended[0].flaw, None);

    let elsewhere = format!("{ADDRESS}/moved");
    let redirect = SubscriptionChange::Redirect { id: one.id.clone(), address: elsewhere.clone() };
    ebay.change_subscription(world.reach(), &ann, &redirect).await.unwrap();
    assert_eq!(ebay.subscriptions(world.reach(), &ann).await.unwrap()[0].address, elsewhere);
    let delete = SubscriptionChange::Delete { id: one.id.clone() };
    ebay.change_subscription(world.reach(), &ann, &delete).await.unwrap();
    assert_eq!(ebay.subscriptions(world.reach(), &ann).await.unwrap(), []);
}

#[tokio::test]
async fn lists_of_several_pages_are_read_to_the_end() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { listed_rows: 1, ..Settings::default() });
    let (ann, bob) = (world.ann(), connection(&world.address, "bob"));
    let elsewhere = format!("{ADDRESS}/elsewhere");
    for (seller, address) in [(&bob, elsewhere.as_str()), (&ann, ADDRESS)] {
        let create = SubscriptionChange::Create { topic: "ORDER_CONFIRMATION", address: address.to_owned() };
        world.ebay.change_subscription(world.reach(), seller, &create).await.unwrap();
        let made = world.ebay.subscriptions(world.reach(), seller).await.unwrap();
        assert_eq!(made.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), [address]);
    }
}

#[tokio::test]
async fn an_address_that_does_not_know_the_token_is_refused_by_ebay() {
    let world = World::new().await;
    world.sandbox().set_challenger(Box::new(|endpoint, query| {
        Ebay::default().challenge(query, endpoint, &[SecretString::from("another-verification-token-000001")])
    }));
    let create = SubscriptionChange::Create { topic: "ORDER_CONFIRMATION", address: ADDRESS.to_owned() };
    let error = world.ebay.change_subscription(world.reach(), &world.ann(), &create).await.unwrap_err();
    assert_eq!(error.failure, connector_api::Failure::Rejected { code: "195020".into() });
}

#[tokio::test]
async fn a_notification_is_a_hint_and_the_order_is_what_a_read_says() {
    let world = World::new().await;
    let post = world.sandbox().order_posts(start(), ORDER).unwrap().remove(0);
    let change = OrderChange { cancel_state: Some("CANCELED".into()), ..OrderChange::default() };
    world.sandbox().change_order(start(), ORDER, change).unwrap();
    let event = received(&world, &world.ann(), &post).await.unwrap();
    let MarketplaceEvent::Orders(news) = event else { panic!("{event:?}") };
    assert_eq!(news[0].facts, None);
    assert_eq!(world.read().await.status, domain::marketplace_order::OrderStatus::Cancelled);
}
