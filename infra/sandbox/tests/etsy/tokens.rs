//! Refresh tokens that serve once.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached};
use sandbox::faults::Fault;

use crate::common::*;

const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };

#[tokio::test]
async fn failure_8_each_hour_brings_the_next_refresh_token_and_the_old_one_is_dead() {
    let world = World::new().await;
    let mut seen = vec![world.refresh_token().await];
    for _ in 0..5 {
        world.read().await;
        world.later(3600);
        seen.push(world.refresh_token().await);
    }
    seen.dedup();
    assert_eq!(seen.len(), 6, "a new one each time: {seen:?}");
    // An old one, as a restored backup would have it.
    world.connect(ANN, &seen[1]);
    let error = world.read_as(ANN).await.unwrap_err();
    assert_eq!(error.failure, RECONNECT);
    assert!(error.detail.contains("refresh_token is revoked"), "{}", error.detail);
    world.read_as(BOB).await.unwrap_err();
    assert_eq!(world.sandbox().record().calls_by_shop["88"]["token"], 1, "bob goes on");
}

#[tokio::test]
async fn failure_9_a_changed_password_parks_the_shop_until_it_is_connected_again() {
    let world = World::new().await;
    world.read().await;
    world.sandbox().revoke(ANN).unwrap();
    let first = world.read_as(ANN).await.unwrap_err();
    assert!(
        matches!(first.failure, Failure::Retryable { reached: Reached::No, .. }),
        "an old token proves nothing"
    );
    assert_eq!(world.read_as(ANN).await.unwrap_err().failure, RECONNECT);
    world.sandbox().restore(start(), ANN, "770.again".to_owned()).unwrap();
    world.connect(ANN, "770.again");
    world.read().await;
}

#[tokio::test]
async fn failure_8_ninety_idle_days_end_an_authorisation_and_use_renews_it() {
    let world = World::new().await;
    for _ in 0..4 {
        world.later(80 * 86_400);
        world.read().await;
    }
    world.later(90 * 86_400);
    let error = world.read_as(ANN).await.unwrap_err();
    assert_eq!(error.failure, RECONNECT);
    assert!(error.detail.contains("expired"), "{}", error.detail);
}

#[tokio::test]
async fn failure_8_an_answer_that_is_lost_on_the_way_costs_the_authorisation_and_is_told() {
    let world = World::new().await;
    world.fault("token", Fault::LoseAnswer);
    let error = world.read_as(ANN).await.unwrap_err();
    assert_eq!(error.failure, Failure::Retryable { reached: Reached::No, after: None });
    world.later(31);
    assert_eq!(world.read_as(ANN).await.unwrap_err().failure, RECONNECT, "nobody has the next token");
}

#[tokio::test]
async fn failure_14_a_key_without_its_secret_is_refused_and_named() {
    let world = World::new().await;
    let mut credential = ports::Credential::default();
    for (name, value) in [("keystring", "key"), ("shared_secret", "wrong"), ("refresh_token", "770.first")] {
        credential.secrets.insert(name.to_owned(), value.into());
    }
    world.credentials.put(world.connection.account.clone(), credential);
    let error = world.read_as(ANN).await.unwrap_err();
    assert_eq!(error.failure, RECONNECT);
    assert!(error.detail.contains("shared_secret"), "{}", error.detail);
}

#[tokio::test]
async fn a_busy_token_endpoint_passes() {
    let world = World::new().await;
    for (fault, want) in [
        (Fault::Status { status: 503 }, Failure::Retryable { reached: Reached::No, after: None }),
        (
            Fault::Throttle { retry_after: Some(2) },
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(2)) },
        ),
    ] {
        world.fault("token", fault);
        assert_eq!(world.read_as(ANN).await.unwrap_err().failure, want);
    }
    world.later(2);
    world.read().await;
}
