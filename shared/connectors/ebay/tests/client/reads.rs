//! getOrder with getShippingFulfillments.

use connector_api::{Failure, MerchantAction, Reached};
use domain::marketplace_order::OrderStatus;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::common::*;

fn packages() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_raw(include_str!("../../fixtures/fulfillments.json"), "application/json")
}

fn none() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "fulfillments": [], "total": 0 }))
}

fn the_order() -> ResponseTemplate {
    ResponseTemplate::new(200).insert_header("x-ebay-c-request-id", "req-9").set_body_json(order())
}

#[tokio::test]
async fn an_order_is_read_with_its_packages() {
    let world = World::new().await;
    world.answers("GET", READ_PATH, ACCESS, the_order(), 1).await;
    world.answers("GET", CONFIRM_PATH, ACCESS, packages(), 1).await;
    let answer = world.read().await.unwrap();
    assert_eq!(answer.request_id.as_deref(), Some("req-9"));
    let packages = answer.value.packages.unwrap();
    assert_eq!(packages.iter().map(|p| p.reference.as_str()).collect::<Vec<_>>(), [NUMBER, "999", "X1"]);
    assert_eq!(packages[0].tracking_number.as_deref(), Some(NUMBER));
    assert_eq!(packages[1].tracking_number, None);
    // The list is newer than the order's own count, or the other way round: what either shows is shipped.
    assert_eq!(answer.value.lines.iter().map(|l| l.shipped).collect::<Vec<_>>(), [Some(2), Some(1)]);
    assert_eq!(answer.value.status, OrderStatus::Open);
    assert_eq!(world.requests(READ_PATH).await[0].url.query(), None);
}

#[tokio::test]
async fn an_order_without_packages_says_so() {
    for answer in [none(), ResponseTemplate::new(204)] {
        let world = World::new().await;
        world.answers("GET", READ_PATH, ACCESS, the_order(), 1).await;
        world.answers("GET", CONFIRM_PATH, ACCESS, answer, 1).await;
        assert_eq!(world.read().await.unwrap().value.packages, Some(Vec::new()));
    }
}

#[tokio::test]
async fn failure_23_if_the_packages_cannot_be_read_the_order_counts_as_unread() {
    for (name, answer, want) in [
        ("refused", refusal(400, 32100, "Invalid order ID"), maybe()),
        ("not found", ResponseTemplate::new(404), maybe()),
        ("system error", refusal(500, 30500, "System error"), maybe()),
        ("throttled", refusal(429, 2001, "slow"), Failure::Throttled { after: None }),
        ("HTML", html(200), maybe()),
        ("an empty 200", ResponseTemplate::new(200), maybe()),
        ("cut short", ResponseTemplate::new(200).set_body_string(r#"{"fulfillments":[{"#), maybe()),
        ("another form", ResponseTemplate::new(200).set_body_json(json!({ "rows": [] })), maybe()),
    ] {
        let world = World::new().await;
        world.answers("GET", READ_PATH, ACCESS, the_order(), 1).await;
        world.answers("GET", CONFIRM_PATH, ACCESS, answer, 1).await;
        let error = world.read().await.unwrap_err();
        assert_eq!((error.failure, error.operation), (want, "getShippingFulfillments"), "{name}");
    }
}

#[tokio::test]
async fn bad_answers_are_told_apart_and_never_panic() {
    let mut of_another = order();
    of_another["orderId"] = json!("12-00000-00002");
    for (name, answer, want) in [
        ("no such order", ResponseTemplate::new(404), Failure::NotFound),
        ("another seller's", refusal(400, 32100, "Invalid order ID"), Failure::NotFound),
        ("HTML", html(200), maybe()),
        ("an empty 200", ResponseTemplate::new(200), maybe()),
        (
            "cut short",
            ResponseTemplate::new(200).set_body_string(order().to_string().split_at(200).0),
            maybe(),
        ),
        ("a list", ResponseTemplate::new(200).set_body_json(json!([])), maybe()),
        ("a missing scope", refusal(403, 1100, "Access denied"), again(1)),
        ("another order", ResponseTemplate::new(200).set_body_json(of_another), maybe()),
    ] {
        let world = World::new().await;
        world.answers("GET", READ_PATH, ACCESS, answer, 1).await;
        world
            .server
            .register(wiremock::Mock::given(wiremock::matchers::path(CONFIRM_PATH)).respond_with(none()))
            .await;
        assert_eq!(world.read().await.unwrap_err().failure, want, "{name}");
    }
}

#[tokio::test]
async fn failure_20_a_missing_scope_for_reading_is_no_dead_connection() {
    let world = World::without_token().await;
    world.tokens(issued(ACCESS), 1).await;
    world.answers("GET", READ_PATH, ACCESS, refusal(403, 1100, "Access denied"), 1).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(error.failure, rejected("1100"));
    assert_ne!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(error.detail.contains("sell.fulfillment"), "{}", error.detail);
}

#[tokio::test]
async fn an_order_of_another_site_is_not_found_where_the_connection_is_for_one() {
    let mut world = World::new().await;
    world.option("marketplace_id", "EBAY_DE");
    world.answers("GET", READ_PATH, ACCESS, the_order(), 1).await;
    world.answers("GET", CONFIRM_PATH, ACCESS, none(), 1).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(error.failure, Failure::NotFound);
    assert!(error.detail.contains("EBAY_US"), "{}", error.detail);
}

#[tokio::test]
async fn a_read_that_is_cut_leaves_doubt_and_writes_nothing() {
    let world = World::without_token().await;
    world.tokens(html(503), 1).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(
        error.failure,
        Failure::Retryable { reached: Reached::No, after: None },
        "only a token was asked for"
    );
    assert!(world.requests(READ_PATH).await.is_empty());
}
