//! What `doctor` says of a connection.

use connector_api::{Check, Marketplace as _, Outcome};
use wiremock::ResponseTemplate;
use wiremock::matchers::path_regex;

use crate::common::*;

async fn checks(world: &World) -> Vec<Check> {
    world.ebay.check_up(world.reach(), &world.connection).await
}

async fn answers(world: &World, answer: ResponseTemplate) {
    wiremock::Mock::given(path_regex("^/sell/fulfillment/v1/order/00-00000-00000"))
        .respond_with(answer)
        .mount(&world.server)
        .await;
}

fn outcomes(checks: &[Check]) -> Vec<(&'static str, Outcome)> {
    checks.iter().map(|check| (check.check, check.outcome)).collect()
}

#[tokio::test]
async fn an_order_that_is_not_there_proves_that_orders_may_be_read() {
    for answer in [ResponseTemplate::new(404), refusal(400, 32100, "Invalid order ID")] {
        let mut world = World::new().await;
        answers(&world, answer).await;
        let by_hand = Outcome::ByHand;
        assert_eq!(
            outcomes(&checks(&world).await),
            [
                ("credentials", Outcome::Good),
                ("scopes", Outcome::Good),
                ("confirmations", by_hand),
                ("notifications", by_hand),
                ("expiry", by_hand)
            ]
        );
        world.option("scopes", "sell.fulfillment");
        world.option("user_id", "ID-ann");
        let settled = outcomes(&checks(&world).await);
        assert_eq!(settled[2..4], [("confirmations", Outcome::Good), ("notifications", Outcome::Good)]);
        world.option("scopes", "sell.fulfillment.readonly");
        assert_eq!(outcomes(&checks(&world).await)[2], ("confirmations", Outcome::Bad));
    }
}

#[tokio::test]
async fn a_dead_authorisation_and_a_missing_scope_are_told_apart() {
    let world = World::without_token().await;
    let body = serde_json::json!({ "error": "invalid_grant" });
    world.tokens(ResponseTemplate::new(400).set_body_json(body), 1).await;
    let dead = checks(&world).await;
    assert_eq!(outcomes(&dead), [("credentials", Outcome::Bad)]);
    assert!(dead[0].mend.as_ref().unwrap().contains("ebay-us"));

    let world = World::new().await;
    world.tokens(issued("second"), 1).await;
    answers(&world, refusal(403, 1100, "Access denied")).await;
    let closed = checks(&world).await;
    assert_eq!(outcomes(&closed)[..2], [("credentials", Outcome::Good), ("scopes", Outcome::Bad)]);
    assert!(closed[1].words.contains("sell.fulfillment"), "{}", closed[1].words);
}
