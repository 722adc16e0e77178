//! Whatever a server says, and wherever it fails: no secret leaves by Debug, Display or a source.

use std::error::Error;

use connector_api::{ChannelError, Cursor};
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
    for secret in [KEYSTRING, SHARED, REFRESH, ACCESS, "SECRET"] {
        assert!(!words.contains(secret), "{secret} in {words}");
    }
}

#[tokio::test]
async fn no_secret_appears_even_if_the_server_repeats_them_all() {
    let all = format!("{KEYSTRING}:{SHARED} {REFRESH} Bearer {ACCESS}");
    for status in [200, 400, 401, 403, 404, 429, 500] {
        // As an answer of the token endpoint.
        let world = World::without_token().await;
        world.put_token(ACCESS, 0);
        let body = json!({ "error": "invalid_grant", "error_description": all });
        world.token_endpoint(ResponseTemplate::new(status).set_body_json(body), 1).await;
        assert_clean(&every_word(&world.confirm().await.unwrap_err()));
        assert_clean(&format!("{:?} {:?}", world.credential().await, world.reach()));

        // As an answer of the API.
        for ask in 0..3 {
            let world = World::new().await;
            let body = json!({ "error": all, "error_description": all });
            let echo = ResponseTemplate::new(status).set_body_json(body);
            Mock::given(any()).respond_with(echo).mount(&world.server).await;
            let cursor = Cursor { since: "2026-11-18T09:00:00Z".parse().unwrap(), page: None };
            let error = match ask {
                0 => world.confirm().await.unwrap_err(),
                1 => world.read().await.unwrap_err(),
                _ => world.poll(&cursor).await.unwrap_err(),
            };
            assert_clean(&every_word(&error));
        }
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_not_quoted() {
    let world = World::without_token().await;
    world.put_token("5550001.SECRET\nwith a line break", 1800);
    assert_clean(&every_word(&world.confirm().await.unwrap_err()));
}

#[tokio::test]
async fn what_a_buyer_wrote_is_not_quoted_by_an_unreadable_answer() {
    let world = World::new().await;
    let mut receipt = receipt_with(json!([]), false);
    receipt["transactions"] = json!("CANARY-NAME");
    world.answers("GET", READ_PATH, ACCESS, ok(&receipt), 1).await;
    let words = every_word(&world.read().await.unwrap_err());
    assert!(!words.contains("CANARY"), "{words}");
}

#[test]
fn fixtures_hold_no_secret() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        for sign in ["bearer", "whsec_", "refresh_token", "access_token", "x-api-key"] {
            assert!(!text.contains(sign), "{sign} in {}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 5);
}
