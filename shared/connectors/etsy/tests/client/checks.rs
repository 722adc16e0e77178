//! What a check-up finds, by reads alone.

use connector_api::Outcome;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::common::*;

fn found(checks: &[connector_api::Check]) -> Vec<(&'static str, Outcome)> {
    checks.iter().map(|check| (check.check, check.outcome)).collect()
}

#[tokio::test]
async fn a_shop_that_is_well_says_so_and_what_cannot_be_asked() {
    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, ok(&json!({ "count": 0, "results": [] })), 1).await;
    let shop = json!({ "shop_id": 12_345_678, "user_id": 5_550_001, "shop_location_country_iso": "US" });
    world.answers("GET", SHOP_PATH, ACCESS, ok(&shop), 1).await;
    let checks = world.check_up().await;
    let good = |check| (check, Outcome::Good);
    assert_eq!(
        found(&checks),
        [good("credentials"), good("scopes"), good("shop"), ("tracking", Outcome::ByHand)],
        "{checks:?}"
    );
    assert!(checks.iter().any(|check| check.words.contains("90 days")), "the end of an unused authorisation");
}

#[tokio::test]
async fn another_sellers_shop_is_found() {
    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, ok(&json!({ "count": 0, "results": [] })), 1).await;
    let shop = json!({ "shop_id": 12_345_678, "user_id": 1, "shop_location_country_iso": "US" });
    world.answers("GET", SHOP_PATH, ACCESS, ok(&shop), 1).await;
    assert!(found(&world.check_up().await).contains(&("shop", Outcome::Bad)));
}

#[tokio::test]
async fn a_dead_authorisation_and_a_missing_scope_are_told_apart() {
    let world = World::without_token().await;
    let body = json!({ "error": "invalid_grant", "error_description": "refresh_token is revoked" });
    world.token_endpoint(ResponseTemplate::new(400).set_body_json(body), 1).await;
    assert_eq!(found(&world.check_up().await), [("credentials", Outcome::Bad)]);

    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, refusal(403, "requires the scope transactions_r"), 1).await;
    let checks = world.check_up().await;
    assert_eq!(found(&checks), [("scopes", Outcome::Bad)]);
    assert!(checks[0].words.contains("transactions_r"), "{checks:?}");
}
