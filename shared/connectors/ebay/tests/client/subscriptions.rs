//! Subscriptions in the seller's name, destinations in the app's.

use connector_api::{Subscribes as _, Subscription, SubscriptionChange, VERIFICATION_TOKEN};
use ports::Credential;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

const ADDRESS: &str = "https://parcels.example.com/webhooks/marketplaces/ebay-us-00ff";
const VERIFICATION: &str = "verification-SECRET-of-this-test-0001";
const BASE: &str = "/commerce/notification/v1";

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

impl World {
    async fn subscriber() -> Self {
        let mut world = Self::without_token().await;
        world.connection.mail.to = vec!["merchant@example.com".into()];
        let mut credential: Credential = world.fresh_credential();
        credential.secrets.insert(VERIFICATION_TOKEN.to_owned(), SecretString::from(VERIFICATION));
        world.credentials.put(world.connection.account.clone(), credential);
        for (grant, token) in [("client_credentials", "APP"), ("refresh_token", ACCESS)] {
            Mock::given(path(TOKEN_PATH))
                .and(body_string_contains(grant))
                .respond_with(issued(token))
                .mount(&world.server)
                .await;
        }
        let topic = json!({
            "topicId": "ORDER_CONFIRMATION", "scope": "USER",
            "supportedPayloads": [
                { "format": ["XML"], "schemaVersion": "3.0" },
                { "format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": false },
                { "format": ["JSON"], "schemaVersion": "0.9", "deprecated": true },
            ],
        });
        world.answers("GET", &format!("{BASE}/topic/ORDER_CONFIRMATION"), "APP", ok(&topic), 1).await;
        world
    }

    async fn change(&self, change: SubscriptionChange) -> Result<(), connector_api::ChannelError> {
        self.ebay.change_subscription(self.reach(), &self.connection, &change).await
    }

    async fn sent(&self, verb: &str, at: &str) -> Value {
        let all = self.server.received_requests().await.unwrap();
        let found = all.iter().find(|r| r.method.as_str() == verb && r.url.path() == format!("{BASE}{at}"));
        serde_json::from_slice(&found.unwrap().body).unwrap()
    }

    async fn destinations(&self, rows: &Value) {
        self.answers("GET", &format!("{BASE}/destination"), "APP", ok(&json!({ "destinations": rows })), 1)
            .await;
    }

    async fn alert_address(&self) {
        self.answers(
            "GET",
            &format!("{BASE}/config"),
            "APP",
            ok(&json!({ "alertEmail": "a@example.com" })),
            1,
        )
        .await;
    }
}

fn create() -> SubscriptionChange {
    SubscriptionChange::Create { topic: "ORDER_CONFIRMATION", address: ADDRESS.to_owned() }
}

fn destination(status: &str) -> Value {
    json!({ "destinationId": "d-1", "status": status, "deliveryConfig": { "endpoint": ADDRESS } })
}

#[tokio::test]
async fn everything_that_ebay_wants_first_is_made_first() {
    let world = World::subscriber().await;
    world
        .answers(
            "GET",
            &format!("{BASE}/config"),
            "APP",
            refusal(404, 195_026, "Configuration Not Found."),
            1,
        )
        .await;
    world.answers("PUT", &format!("{BASE}/config"), "APP", ResponseTemplate::new(204), 1).await;
    world.destinations(&json!([])).await;
    let made = ResponseTemplate::new(201)
        .insert_header("location", "https://api.ebay.com/commerce/notification/v1/destination/d-7");
    world.answers("POST", &format!("{BASE}/destination"), "APP", made, 1).await;
    world.answers("POST", &format!("{BASE}/subscription"), ACCESS, ResponseTemplate::new(201), 1).await;
    world.change(create()).await.unwrap();
    assert_eq!(world.sent("PUT", "/config").await, json!({ "alertEmail": "merchant@example.com" }));
    assert_eq!(
        world.sent("POST", "/destination").await,
        json!({
            "name": "Parcelwire ebay-us", "status": "ENABLED",
            "deliveryConfig": { "endpoint": ADDRESS, "verificationToken": VERIFICATION },
        })
    );
    assert_eq!(
        world.sent("POST", "/subscription").await,
        json!({
            "topicId": "ORDER_CONFIRMATION", "destinationId": "d-7", "status": "ENABLED",
            "payload": { "format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS" },
        })
    );
}

#[tokio::test]
async fn a_destination_that_is_there_is_used_and_one_marked_down_is_switched_on() {
    for (status, puts) in [("ENABLED", 0), ("MARKED_DOWN", 1)] {
        let world = World::subscriber().await;
        world.alert_address().await;
        world.destinations(&json!([destination(status)])).await;
        world
            .answers("PUT", &format!("{BASE}/destination/d-1"), "APP", ResponseTemplate::new(204), puts)
            .await;
        world.answers("POST", &format!("{BASE}/subscription"), ACCESS, ResponseTemplate::new(201), 1).await;
        world.change(create()).await.unwrap();
        assert_eq!(world.sent("POST", "/subscription").await["destinationId"], "d-1");
    }
}

#[tokio::test]
async fn a_topic_that_is_subscribed_to_already_is_sent_here() {
    let world = World::subscriber().await;
    world.alert_address().await;
    world.destinations(&json!([destination("ENABLED")])).await;
    let exists = refusal(409, 195_012, "Subscription already exists");
    world.answers("POST", &format!("{BASE}/subscription"), ACCESS, exists, 1).await;
    let list = json!({ "subscriptions": [{ "subscriptionId": "s-1", "topicId": "ORDER_CONFIRMATION", "destinationId": "old" }] });
    world.answers("GET", &format!("{BASE}/subscription"), ACCESS, ok(&list), 1).await;
    world.answers("PUT", &format!("{BASE}/subscription/s-1"), ACCESS, ResponseTemplate::new(204), 1).await;
    world.change(create()).await.unwrap();
    assert_eq!(world.sent("PUT", "/subscription/s-1").await["destinationId"], "d-1");
}

#[tokio::test]
async fn subscriptions_are_told_with_their_addresses_and_flaws() {
    let world = World::subscriber().await;
    world.server.reset().await;
    let world = {
        world.put_token(ACCESS, 1800);
        world.tokens(issued("APP"), 1).await;
        world
    };
    let one = |id: &str, destination: &str, status: &str, filter: Option<&str>| {
        json!({
            "subscriptionId": id, "topicId": "ORDER_CONFIRMATION", "destinationId": destination, "status": status,
            "filterId": filter, "payload": { "format": "JSON" },
        })
    };
    let rows = json!([
        one("s-1", "d-1", "ENABLED", None),
        one("s-2", "d-1", "DISABLED", None),
        one("s-3", "d-2", "ENABLED", None),
        one("s-4", "d-1", "ENABLED", Some("f")),
        one("s-5", "gone", "ENABLED", None),
    ]);
    let first = json!({ "subscriptions": rows, "next": "https://thief.example/?continuation_token=t" });
    Mock::given(method("GET"))
        .and(path(format!("{BASE}/subscription")))
        .and(wiremock::matchers::query_param("continuation_token", "t"))
        .respond_with(ok(&json!({ "subscriptions": [], "total": 5 })))
        .expect(1)
        .mount(&world.server)
        .await;
    world.answers("GET", &format!("{BASE}/subscription"), ACCESS, ok(&first), 1).await;
    let down =
        json!({ "destinationId": "d-2", "status": "MARKED_DOWN", "deliveryConfig": { "endpoint": ADDRESS } });
    world.destinations(&json!([destination("ENABLED"), down])).await;
    let found = world.ebay.subscriptions(world.reach(), &world.connection).await.unwrap();
    let flaws: Vec<(&str, bool)> =
        found.iter().map(|s: &Subscription| (s.id.as_str(), s.flaw.is_some())).collect();
    assert_eq!(flaws, [("s-1", false), ("s-2", true), ("s-3", true), ("s-4", true)]);
    assert!(found.iter().all(|s| s.address == ADDRESS && s.topic == "ORDER_CONFIRMATION"));
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_the_verification_token_is_not() {
    let world = World::subscriber().await;
    world.server.reset().await;
    world.tokens(issued("APP"), 1).await;
    world.alert_address().await;
    world.destinations(&json!([])).await;
    let challenge = refusal(
        409,
        195_020,
        &format!("Challenge verification failed for requested endpoint {VERIFICATION}"),
    );
    world.answers("POST", &format!("{BASE}/destination"), "APP", challenge, 1).await;
    let error = world.change(create()).await.unwrap_err();
    assert_eq!(error.failure, rejected("195020"));
    assert!(error.detail.contains("Challenge") && !format!("{error:?}").contains("SECRET"), "{error:?}");

    let world = World::new().await;
    let error = world.change(create()).await.unwrap_err();
    assert_eq!(error.failure, rejected("NotSent"));
    assert!(error.detail.contains("webhook"), "{}", error.detail);
}

#[tokio::test]
async fn a_subscription_is_ended_and_redirected_by_its_id() {
    let world = World::subscriber().await;
    world.answers("DELETE", &format!("{BASE}/subscription/s-1"), ACCESS, ResponseTemplate::new(204), 1).await;
    world.change(SubscriptionChange::Delete { id: "s-1".into() }).await.unwrap();
    world.alert_address().await;
    world.destinations(&json!([destination("ENABLED")])).await;
    let list = json!({ "subscriptions": [{ "subscriptionId": "s-2", "topicId": "ORDER_CONFIRMATION" }] });
    world.answers("GET", &format!("{BASE}/subscription"), ACCESS, ok(&list), 1).await;
    world.answers("PUT", &format!("{BASE}/subscription/s-2"), ACCESS, ResponseTemplate::new(204), 1).await;
    world.change(SubscriptionChange::Redirect { id: "s-2".into(), address: ADDRESS.into() }).await.unwrap();
    assert_eq!(world.sent("PUT", "/subscription/s-2").await["destinationId"], "d-1");
}
