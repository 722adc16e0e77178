//! Refreshing: granted scopes only, and what each refusal means.

use std::time::Duration;

use connector_api::Failure;
use connector_api::Reached;
use secrecy::ExposeSecret as _;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::common::*;

fn sent(request: &wiremock::Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn refused(status: u16, error: &str, description: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": error, "error_description": description }))
}

#[tokio::test]
async fn failure_19_a_refresh_asks_for_no_scope_unless_the_settings_name_those_granted() {
    for (scopes, want) in [
        (None, None),
        (
            Some("sell.fulfillment, api_scope"),
            Some(
                "https://api.ebay.com/oauth/api_scope/sell.fulfillment https://api.ebay.com/oauth/api_scope",
            ),
        ),
    ] {
        let mut world = World::without_token().await;
        if let Some(scopes) = scopes {
            world.option("scopes", scopes);
        }
        world.tokens(issued(ACCESS), 1).await;
        world.answers("POST", CONFIRM_PATH, ACCESS, created(NUMBER), 1).await;
        world.confirm().await.unwrap();
        let [request] = &world.requests(TOKEN_PATH).await[..] else { unreachable!() };
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        // Parcels-SECRETID-PRD:PRD-CLIENTSECRET
        let basic = request.headers["authorization"].to_str().unwrap();
        assert_eq!(basic, "Basic UGFyY2Vscy1TRUNSRVRJRC1QUkQ6UFJELUNMSUVOVFNFQ1JFVA==");
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", REFRESH)];
        form.extend(want.map(|scopes| ("scope", scopes)));
        let form: Vec<_> = form.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        assert_eq!(sent(request), form);
    }
}

#[tokio::test]
async fn a_token_serves_until_its_end_and_the_refresh_token_stays() {
    let world = World::without_token().await;
    world.tokens(issued(ACCESS), 1).await;
    world.answers("POST", CONFIRM_PATH, ACCESS, created(NUMBER), 2).await;
    world.confirm().await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(7000));
    world.confirm().await.unwrap();
    let credential = world.credential().await;
    assert_eq!(credential.secret("refresh_token").unwrap().expose_secret(), REFRESH);
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_is_the_one_from_now_on() {
    let world = World::without_token().await;
    let body = json!({ "access_token": ACCESS, "expires_in": 7200, "refresh_token": "NEXT" });
    world.tokens(ResponseTemplate::new(200).set_body_json(body), 1).await;
    world.answers("POST", CONFIRM_PATH, ACCESS, created(NUMBER), 1).await;
    world.confirm().await.unwrap();
    let credential = world.credential().await;
    assert_eq!(credential.secret("refresh_token").unwrap().expose_secret(), "NEXT");
}

#[tokio::test]
async fn failures_17_and_18_refusals_of_a_token_are_told_by_name() {
    let again = Failure::Retryable { reached: Reached::No, after: None };
    let grant = "the provided authorization refresh token is invalid or was issued to another client";
    for (name, answer, want, words) in [
        ("ended or withdrawn", refused(400, "invalid_grant", grant), RECONNECT, "18 months"),
        (
            "wrong keys",
            refused(401, "invalid_client", "client authentication failed"),
            RECONNECT,
            "client_secret",
        ),
        ("a scope not granted", refused(400, "invalid_scope", "exceeds"), RECONNECT, "option scopes"),
        ("overload", html(503), again.clone(), "status 503"),
        ("HTML", html(200), again.clone(), "no token"),
        ("an empty 200", ResponseTemplate::new(200), again, "no token"),
        (
            "throttled",
            html(429),
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(60)) },
            "no token",
        ),
    ] {
        let world = World::without_token().await;
        world.tokens(answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, want, "{name}");
        assert_eq!(error.operation, "token", "{name}");
        assert!(error.detail.contains(words), "{name}: {}", error.detail);
        assert!(world.requests(CONFIRM_PATH).await.is_empty(), "{name}");
    }
}
