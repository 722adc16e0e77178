//! Calls that fail.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, Store as _};
use connector_shopify::Shopify;
use domain::connection::Connection;
use domain::ids::StoreOrderId;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use super::reads::{ORDER, asks, at, ok, read};
use super::support::{Ports, connection, fixture};

const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };

#[tokio::test]
async fn every_refusal_arrives_as_its_failure() {
    let bytes = |name: &str| ResponseTemplate::new(200).set_body_bytes(fixture(name));
    let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
    let throttled = |millis| Failure::Throttled { after: Some(Duration::from_millis(millis)) };
    let cases = [
        ("no such order", ok(json!({"data": {"order": null}})), Failure::NotFound),
        ("throttled", bytes("admin.throttled"), throttled(2_400)),
        ("too many", ResponseTemplate::new(429).insert_header("retry-after", "2.0"), throttled(2_000)),
        ("scope", bytes("admin.access_denied"), RECONNECT),
        ("query", bytes("admin.undefined_field"), Failure::Rejected { code: "undefinedField".into() }),
        ("token", ResponseTemplate::new(401), RECONNECT),
        ("frozen", ResponseTemplate::new(402), RECONNECT),
        ("forbidden", ResponseTemplate::new(403), RECONNECT),
        ("no such shop", ResponseTemplate::new(404), RECONNECT),
        ("locked", ResponseTemplate::new(423), RECONNECT),
        ("moved", ResponseTemplate::new(302).insert_header("location", "https://example.com"), RECONNECT),
        ("broken", ResponseTemplate::new(500), maybe.clone()),
        ("away", ResponseTemplate::new(503), maybe.clone()),
        ("no JSON", ResponseTemplate::new(200).set_body_string("<html>"), maybe.clone()),
        ("half", ResponseTemplate::new(200).set_body_string(r#"{"data":{"order":"#), maybe.clone()),
        (
            "another shape",
            ok(json!({"data": {"order": {"id": "gid://shopify/Order/9007199254741993"}}})),
            maybe,
        ),
    ];
    for (name, answer, want) in cases {
        let server = MockServer::start().await;
        asks("ReadOrder")
            .respond_with(answer.insert_header("x-request-id", "r-1"))
            .expect(1)
            .mount(&server)
            .await;
        let error = read(&at(&server), ORDER).await.unwrap_err();
        assert_eq!(error.failure, want, "{name}: {error}");
        assert_eq!((error.channel, error.operation), ("Shopify", "ReadOrder"), "{name}");
        if name != "no such order" {
            assert_eq!(error.request_id.as_deref(), Some("r-1"), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_not_ready_is_said_before_anything_is_sent() {
    let server = MockServer::start().await;
    let order = StoreOrderId::try_from(ORDER).unwrap();
    for (name, secrets) in [
        ("no token", vec![]),
        ("empty token", vec![("access_token", "")]),
        ("odd token", vec![("access_token", "a\nb")]),
    ] {
        let ports = Ports::with_secrets(&secrets);
        let error = Shopify.read_order(ports.reach(), &at(&server), &order).await.unwrap_err();
        assert_eq!(error.failure, RECONNECT, "{name}");
    }
    let mut nowhere = connection(&[]);
    nowhere.options.insert("shop".to_owned(), "evil.example.com".to_owned());
    let error = Shopify.read_order(Ports::new().reach(), &nowhere, &order).await.unwrap_err();
    assert_eq!(error.failure, RECONNECT);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_at_the_address_is_nothing_sent() {
    let closed = Connection { base_url: Some("http://127.0.0.1:1/".to_owned()), ..connection(&[]) };
    let error = read(&closed, ORDER).await.unwrap_err();
    assert_eq!(error.failure, Failure::Retryable { reached: Reached::No, after: None });
}
