use connector_amazon::Amazon;
use connector_api::{ChannelError, Failure, MerchantAction, Reached, Subscribes as _, SubscriptionChange};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, body_string_contains, header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:parcels";
const DESTINATIONS: &str = "/notifications/v1/destinations";
const SUBSCRIPTIONS: &str = "/notifications/v1/subscriptions/ORDER_CHANGE";
const APP: &str = "Atza|APPSECRET";

async fn grantless(world: &World, calls: u64) {
    let body = json!({ "access_token": APP, "token_type": "bearer", "expires_in": 3600, "scope": "sellingpartnerapi::notifications" });
    Mock::given(method("POST"))
        .and(path("/auth/o2/token"))
        .and(body_string_contains(
            "grant_type=client_credentials&scope=sellingpartnerapi%3A%3Anotifications&client_id=",
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .expect(calls)
        .mount(&world.server)
        .await;
}

async fn create(world: &World) -> Result<(), ChannelError> {
    let change = SubscriptionChange::Create { topic: "ORDER_CHANGE", address: QUEUE.into() };
    Amazon.change_subscription(world.reach(), &world.connection, &change).await
}

fn destinations(all: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "payload": all }))
}

#[tokio::test]
async fn f45_a_subscription_is_sent_with_its_event_filter() {
    let world = World::new().await;
    grantless(&world, 2).await;
    world.answers("GET", DESTINATIONS, APP, destinations(&json!([])), 1).await;
    Mock::given(method("POST"))
        .and(path(DESTINATIONS))
        .and(header("x-amz-access-token", APP))
        .and(body_json(
            json!({ "name": "parcelwire-parcels", "resourceSpecification": { "sqs": { "arn": QUEUE } } }),
        ))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({ "payload": { "destinationId": "d-1" } })),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    Mock::given(method("POST"))
        .and(path(SUBSCRIPTIONS))
        .and(header("x-amz-access-token", ACCESS))
        .and(body_json(json!({
            "payloadVersion": "1.0",
            "destinationId": "d-1",
            "processingDirective": { "eventFilter": { "eventFilterType": "ORDER_CHANGE" } },
        })))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({ "payload": { "subscriptionId": "s-1" } })),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    create(&world).await.unwrap();
    // The app's own token is not the seller's: it is not kept.
    assert_eq!(world.stored_token().await.as_deref(), Some(ACCESS));
}

#[tokio::test]
async fn a_refused_app_is_the_operators_to_mend_and_no_secret_is_told() {
    let all = format!("{CLIENT_ID} {CLIENT_SECRET} {REFRESH} {ACCESS}");
    for (status, error, want) in [
        (401, "invalid_client", Failure::NeedsMerchant { action: MerchantAction::Reconnect }),
        (400, "invalid_scope", Failure::NeedsMerchant { action: MerchantAction::Reconnect }),
        (503, "server_error", retryable(Reached::No, None)),
    ] {
        let world = World::new().await;
        let body = json!({ "error": error, "error_description": all });
        world.lwa(ResponseTemplate::new(status).set_body_json(body), 1).await;
        let error = create(&world).await.unwrap_err();
        assert_eq!(error.failure, want, "{status}");
        let words = format!("{error} {error:?}");
        assert!(!words.contains("SECRET"), "{words}");
    }
    let mut world = World::new().await;
    world.credentials.put(world.connection.account.clone(), ports::Credential::default());
    world.connection.options.insert("seller_id".into(), "A3TH9S8BH6GOGM".into());
    let error = create(&world).await.unwrap_err();
    assert!(error.detail.contains("client_id"), "{error}");
}

#[tokio::test]
async fn answers_that_are_odd_are_no_subscriptions() {
    for answer in [
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(500),
        refusal(429, "QuotaExceeded", "slow", ""),
    ] {
        let world = World::new().await;
        world.answers("GET", SUBSCRIPTIONS, ACCESS, answer, 1).await;
        assert!(Amazon.subscriptions(world.reach(), &world.connection).await.is_err());
    }
    let world = World::new().await;
    for topic in ["ORDER_CHANGE", "FEED_PROCESSING_FINISHED"] {
        let at = format!("/notifications/v1/subscriptions/{topic}");
        world.answers("GET", &at, ACCESS, refusal(404, "NotFound", "none", ""), 1).await;
    }
    assert_eq!(Amazon.subscriptions(world.reach(), &world.connection).await.unwrap(), []);
}

#[tokio::test]
async fn a_subscription_to_a_destination_that_is_gone_is_shown_as_such() {
    let world = World::new().await;
    grantless(&world, 1).await;
    let found =
        json!({ "payload": { "subscriptionId": "s-1", "payloadVersion": "1.0", "destinationId": "d-9" } });
    world.answers("GET", SUBSCRIPTIONS, ACCESS, ResponseTemplate::new(200).set_body_json(found), 1).await;
    let at = "/notifications/v1/subscriptions/FEED_PROCESSING_FINISHED";
    world.answers("GET", at, ACCESS, refusal(404, "NotFound", "none", ""), 1).await;
    world.answers("GET", DESTINATIONS, APP, destinations(&json!([{ "destinationId": "d-1" }])), 1).await;
    let all = Amazon.subscriptions(world.reach(), &world.connection).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].address.as_str(), all[0].flaw.as_deref()), ("destination d-9", None));
}
