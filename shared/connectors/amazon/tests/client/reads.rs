use connector_api::{Failure, LimitHint, MerchantAction, Reached, Told};
use domain::marketplace_order::{FulfilledBy, OrderStatus};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

const OPEN: &str = include_str!("../../fixtures/order_open.json");

fn ok(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("x-amzn-RequestId", "req-1")
        .insert_header("x-amzn-RateLimit-Limit", "0.5")
        .set_body_string(body)
}

#[tokio::test]
async fn an_order_is_read_with_exactly_the_data_that_tracking_needs() {
    let world = World::new().await;
    Mock::given(method("GET"))
        .and(path(READ_PATH))
        .and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
        .respond_with(ok(OPEN))
        .expect(1)
        .mount(&world.server)
        .await;
    let answer = world.read().await.unwrap();
    assert_eq!(answer.value.status, OrderStatus::Open);
    assert_eq!(answer.value.packages.as_deref(), Some(&[][..]));
    assert_eq!(answer.limits, [LimitHint { operation: "getOrder", told: Told::Rate(0.5) }]);
    assert_eq!(answer.request_id.as_deref(), Some("req-1"));
    let requests = world.server.received_requests().await.unwrap();
    let address = requests[0].url.as_str();
    assert!(!address.contains("BUYER") && !address.contains("RECIPIENT"), "{address}");
}

#[tokio::test]
async fn a_400_is_asked_once_more_without_optional_data() {
    let world = World::new().await;
    let at = || Mock::given(method("GET")).and(path(READ_PATH));
    let bad = refusal(400, "InvalidInput", "Invalid Input", "");
    at().and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
        .respond_with(bad)
        .expect(1)
        .mount(&world.server)
        .await;
    at().and(query_param_is_missing("includedData"))
        .respond_with(ok(include_str!("../../fixtures/order_open.json")))
        .expect(1)
        .mount(&world.server)
        .await;
    let facts = world.read().await.unwrap().value;
    assert_eq!(facts.packages, None, "what was not asked for is not known to be none");
}

#[tokio::test]
async fn a_403_that_is_about_the_proceeds_leaves_these_out_and_nothing_else() {
    for (token_is_old, name) in [(true, "an old token"), (false, "a new token")] {
        let mut world = if token_is_old { World::new().await } else { World::without_token().await };
        world.connection.reversals.refund = true;
        if !token_is_old {
            world.lwa_gives(ACCESS, 1).await;
        }
        let at = || Mock::given(method("GET")).and(path(READ_PATH));
        at().and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION,PROCEEDS"))
            .respond_with(refusal(403, "Unauthorized", "Access to requested resource is denied.", ""))
            .expect(1)
            .mount(&world.server)
            .await;
        at().and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
            .respond_with(ok(OPEN))
            .expect(1)
            .mount(&world.server)
            .await;
        let facts = world.read().await.unwrap().value;
        assert!(facts.packages.is_some(), "{name}: what parcels need is still asked for");
        assert_eq!(world.stored_token().await.as_deref(), Some(ACCESS), "{name}: it is good");
        world.server.verify().await;
    }
}

#[tokio::test]
async fn a_403_that_stays_without_the_proceeds_is_about_the_account() {
    let mut world = World::without_token().await;
    world.connection.reversals.refund = true;
    world.lwa_gives(ACCESS, 1).await;
    let denied = refusal(403, "Unauthorized", "Access to requested resource is denied.", "");
    world.answers("GET", READ_PATH, ACCESS, denied, 2).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert_eq!(world.stored_token().await, None, "the token is dropped");
    // One that ran out is not asked with again.
    world.server.reset().await;
    world.put_token(ACCESS, 1800);
    let expired = refusal(403, "Unauthorized", "x", "The access token you provided has expired.");
    world.answers("GET", READ_PATH, ACCESS, expired, 1).await;
    assert_eq!(world.read().await.unwrap_err().failure, retryable(Reached::No, Some(1)));
}

#[tokio::test]
async fn a_400_that_stays_is_told_after_two_requests() {
    let world = World::new().await;
    world.answers("GET", READ_PATH, ACCESS, refusal(400, "InvalidInput", "Invalid Input", ""), 2).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected { code: "InvalidInput".into() });
    assert_eq!(error.operation, "getOrder");
}

#[tokio::test]
async fn other_refusals_are_not_repeated() {
    for (name, answer, want) in [
        ("gone", refusal(404, "NotFound", "no", ""), Failure::NotFound),
        ("throttled", refusal(429, "QuotaExceeded", "no", ""), Failure::Throttled { after: None }),
        ("down", refusal(503, "", "", ""), retryable(Reached::Maybe, None)),
        ("old token", refusal(403, "Unauthorized", "no", ""), retryable(Reached::No, Some(1))),
        ("no JSON", ok("<html>"), retryable(Reached::Maybe, None)),
        ("empty", ok(""), retryable(Reached::Maybe, None)),
        ("no order", ok("{\"order\":null}"), retryable(Reached::Maybe, None)),
        (
            "another order",
            ok(include_str!("../../fixtures/order_pending.json")),
            retryable(Reached::Maybe, None),
        ),
    ] {
        let world = World::new().await;
        world.answers("GET", READ_PATH, ACCESS, answer, 1).await;
        assert_eq!(world.read().await.unwrap_err().failure, want, "{name}");
    }
}

#[tokio::test]
async fn an_order_of_another_marketplace_is_not_found_by_a_restricted_connection() {
    for (only, found) in [("ATVPDKIKX0DER", true), ("A2EUQ1WTGCTBG2", false)] {
        let mut world = World::new().await;
        world.connection.options.insert("marketplace_id".into(), only.into());
        world.answers("GET", READ_PATH, ACCESS, ok(OPEN), 1).await;
        match world.read().await {
            Ok(answer) => assert!(found && answer.value.fulfilled_by == FulfilledBy::Merchant),
            Err(error) => assert!(!found && error.failure == Failure::NotFound, "{error}"),
        }
    }
}
