//! Tokens that serve once.

use connector_api::{Failure, MerchantAction, Reached};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::common::*;

#[tokio::test]
async fn failure_8_the_next_refresh_token_is_saved_before_the_access_token_is_used() {
    let world = World::without_token().await;
    world.grants("5550001.new", "5550001.next", 1).await;
    world.answers("GET", READ_PATH, "5550001.new", ok(&receipt_with(json!([]), false)), 1).await;
    world.read().await.unwrap();
    assert_eq!(world.stored("refresh_token").await, "5550001.next");
    assert_eq!(world.stored("keystring").await, KEYSTRING, "nothing else changed");
    let posted = world.posted(TOKEN_PATH).await;
    let want = format!("grant_type=refresh_token&client_id={KEYSTRING}&refresh_token={REFRESH}");
    assert_eq!(posted, [("application/x-www-form-urlencoded".to_owned(), want)], "no shared secret in it");
}

#[tokio::test]
async fn failure_8_many_at_once_make_one_refresh() {
    let world = World::without_token().await;
    world.grants("5550001.new", "5550001.next", 1).await;
    world.answers("GET", READ_PATH, "5550001.new", ok(&receipt_with(json!([]), false)), 1).await;
    let reads = futures::future::join_all((0..8).map(|_| world.read())).await;
    let good = reads.iter().filter(|read| read.is_ok()).count();
    assert_eq!(good, 1, "one refreshes");
    for error in reads.into_iter().filter_map(Result::err) {
        assert!(
            matches!(error.failure, Failure::Retryable { reached: Reached::No, after: Some(_) }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn failure_9_a_revoked_refresh_token_is_the_merchants() {
    let world = World::without_token().await;
    let body = json!({ "error": "invalid_grant", "error_description": "refresh_token is revoked" });
    world.token_endpoint(ResponseTemplate::new(400).set_body_json(body), 1).await;
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(error.detail.contains("authorise the app again"), "{}", error.detail);
    assert_eq!(error.operation, "token");
}

#[tokio::test]
async fn an_old_token_that_is_refused_is_dropped_and_only_a_new_one_parks_the_account() {
    let world = World::new().await;
    let expired = ResponseTemplate::new(401)
        .set_body_json(json!({ "error": "invalid_token", "error_description": "access token is expired" }));
    world.answers("GET", READ_PATH, ACCESS, expired, 1).await;
    assert_eq!(world.read().await.unwrap_err().failure, retryable(Reached::No, Some(1)));
    assert_eq!(world.stored_token().await, None);

    world.grants("5550001.new", "5550001.next", 1).await;
    world.answers("GET", READ_PATH, "5550001.new", refusal(403, "You do not own this shop"), 1).await;
    let error = world.read().await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(error.detail.contains("another seller's"), "{}", error.detail);
}

#[tokio::test]
async fn a_connection_without_its_secrets_calls_nobody() {
    let world = World::without_token().await;
    for missing in ["keystring", "shared_secret", "refresh_token"] {
        let mut credential = world.fresh_credential();
        credential.secrets.remove(missing);
        world.credentials.put(world.connection.account.clone(), credential);
        let error = world.read().await.unwrap_err();
        assert!(error.detail.contains(missing), "{}", error.detail);
    }
    assert!(world.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_endpoint_that_is_busy_passes() {
    for (answer, want) in [
        (ResponseTemplate::new(500), retryable(Reached::No, None)),
        (ResponseTemplate::new(200).set_body_string("<html>"), retryable(Reached::No, None)),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "token_type": "Bearer" })),
            retryable(Reached::No, None),
        ),
        (ResponseTemplate::new(429).insert_header("retry-after", "3"), retryable(Reached::No, Some(3))),
    ] {
        let world = World::without_token().await;
        world.token_endpoint(answer, 1).await;
        assert_eq!(world.confirm().await.unwrap_err().failure, want);
        assert_eq!(world.stored("refresh_token").await, REFRESH, "and it is still ours");
    }
}
