//! Whatever a server says, and wherever it fails: no secret leaves by Debug, Display or a source.

use std::error::Error;

use connector_api::{ChannelError, Subscribes as _};
use serde_json::json;
use wiremock::{Mock, ResponseTemplate, matchers::any};

use crate::common::*;

fn every_word(error: &ChannelError) -> String {
    let mut words = format!("{error} {error:?}");
    let mut inner = error.source();
    while let Some(next) = inner {
        words.push_str(&format!(" {next} {next:?}"));
        inner = next.source();
    }
    words
}

fn assert_clean(words: &str) {
    for secret in [CLIENT_SECRET, CLIENT_ID, REFRESH, ACCESS, "SECRET"] {
        assert!(!words.contains(secret), "{secret} in {words}");
    }
}

#[tokio::test]
async fn no_secret_appears_even_if_the_server_repeats_them_all() {
    let all = format!("{CLIENT_ID} {CLIENT_SECRET} {REFRESH} {ACCESS}");
    let echo = format!("{ACCESS} and {ACCESS}");
    for status in [200, 400, 401, 403, 404, 409, 429, 500] {
        let world = World::without_token().await;
        world.put_token(ACCESS, 0);
        let body = json!({ "error": "invalid_grant", "error_description": all });
        world.tokens(ResponseTemplate::new(status).set_body_json(body), 1).await;
        assert_clean(&every_word(&world.confirm().await.unwrap_err()));
        assert_clean(&format!("{:?} {:?} {:?}", world.credential().await, world.reach(), world.ebay));

        let world = World::new().await;
        let body = json!({ "errors": [{ "errorId": echo, "message": echo, "longMessage": echo, "category": "REQUEST" }] });
        Mock::given(any())
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&world.server)
            .await;
        assert_clean(&every_word(&world.confirm().await.unwrap_err()));
        assert_clean(&every_word(&world.read().await.unwrap_err()));
        assert_clean(&every_word(&world.poll(&since("2026-11-18T09:00:00Z")).await.unwrap_err()));
        let error = world.ebay.subscriptions(world.reach(), &world.connection).await.unwrap_err();
        assert_clean(&every_word(&error));
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_not_quoted() {
    let world = World::without_token().await;
    world.put_token("SECRET\nwith a line break", 1800);
    assert_clean(&every_word(&world.confirm().await.unwrap_err()));
}

#[tokio::test]
async fn what_a_buyer_wrote_is_not_quoted_by_an_unreadable_answer() {
    let world = World::new().await;
    let body = json!({ "orderId": ORDER, "lineItems": "CANARY-NAME" });
    world.answers("GET", READ_PATH, ACCESS, ResponseTemplate::new(200).set_body_json(body), 1).await;
    let words = every_word(&world.read().await.unwrap_err());
    assert!(!words.contains("CANARY"), "{words}");
}

#[test]
fn fixtures_hold_no_secret() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for sign in ["v^1.1", "PRD-", "SBX-", "refresh_token", "Bearer"] {
            assert!(!text.contains(sign), "{sign} in {}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 5);
}
