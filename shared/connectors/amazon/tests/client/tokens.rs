use std::time::Duration;

use connector_amazon::Amazon;
use connector_api::{Failure, Marketplace, MerchantAction, Reached};
use ports::{AccessToken, Clock as _, Credential};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

fn ok() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

#[tokio::test]
async fn a_token_is_fetched_kept_and_used_again() {
    let world = World::without_token().await;
    Mock::given(method("POST"))
        .and(path("/auth/o2/token"))
        .and(header("content-type", "application/x-www-form-urlencoded;charset=UTF-8"))
        .and(body_string_contains("grant_type=refresh_token"))
        .and(body_string_contains("refresh_token=Atzr%7CREFRESHSECRET"))
        .and(body_string_contains("client_id=amzn1.application-oa2-client.SECRETID"))
        .and(body_string_contains("client_secret=amzn1.oa2-cs.v1.CLIENTSECRET"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(
                json!({ "access_token": "Atza|new", "token_type": "bearer", "expires_in": 3600 }),
            ),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 2).await;
    world.confirm().await.unwrap();
    world.clock.advance(Duration::from_secs(3600 - 61));
    world.confirm().await.unwrap();
    let kept = world.credential().await;
    assert_eq!(kept.refreshing_until, None);
    assert_eq!(kept.secret("refresh_token").unwrap().expose_secret(), REFRESH);
}

#[tokio::test]
async fn a_token_in_its_last_minute_is_replaced() {
    for (seconds, token) in [(61, ACCESS), (60, "Atza|new"), (1, "Atza|new")] {
        let world = World::without_token().await;
        world.put_token(ACCESS, seconds);
        world.lwa_gives("Atza|new", u64::from(token != ACCESS)).await;
        world.answers("POST", CONFIRM_PATH, token, ok(), 1).await;
        world.confirm().await.unwrap();
    }
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_with_the_access_token() {
    let world = World::without_token().await;
    let body = json!({ "access_token": "Atza|new", "expires_in": "3600", "refresh_token": "Atzr|rotated" });
    world.lwa(ResponseTemplate::new(200).set_body_json(body), 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 1).await;
    world.confirm().await.unwrap();
    let kept = world.credential().await;
    assert_eq!(kept.secret("refresh_token").unwrap().expose_secret(), "Atzr|rotated");
    assert_eq!(kept.secret("client_id").unwrap().expose_secret(), CLIENT_ID);
}

fn held(world: &World, access_seconds: Option<u64>) -> Credential {
    let now = world.clock.now();
    Credential {
        access: access_seconds
            .map(|s| AccessToken { token: ACCESS.into(), expires_at: now + Duration::from_secs(s) }),
        refreshing_until: Some(now + Duration::from_secs(20)),
        ..world.fresh_credential()
    }
}

#[tokio::test]
async fn while_another_refreshes_nobody_else_asks() {
    let world = World::without_token().await;
    world.lwa_gives("Atza|new", 0).await;
    world.credentials.put(world.connection.account.clone(), held(&world, None));
    let error = world.confirm().await.unwrap_err();
    let Failure::Retryable { reached: Reached::No, after: Some(after) } = error.failure else {
        panic!("{error}")
    };
    assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&after), "{after:?}");
    assert_eq!(error.operation, "token");
}

#[tokio::test]
async fn while_another_refreshes_the_rest_of_the_old_token_serves() {
    let world = World::without_token().await;
    world.lwa_gives("Atza|new", 0).await;
    world.credentials.put(world.connection.account.clone(), held(&world, Some(30)));
    world.answers("POST", CONFIRM_PATH, ACCESS, ok(), 1).await;
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over() {
    let world = World::without_token().await;
    world.credentials.put(world.connection.account.clone(), held(&world, None));
    world.clock.advance(Duration::from_secs(20));
    world.lwa_gives("Atza|new", 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 1).await;
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let world = World::without_token().await;
    let slow = ResponseTemplate::new(200)
        .set_body_json(json!({ "access_token": "Atza|new", "expires_in": 3600 }))
        .set_delay(Duration::from_millis(100));
    world.lwa(slow, 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 2).await;
    let (a, b, c) = tokio::join!(world.confirm(), world.confirm(), world.confirm());
    let done = [&a, &b, &c].iter().filter(|result| result.is_ok()).count();
    assert_eq!(done, 1, "the others come back");
    for error in [a, b, c].into_iter().filter_map(Result::err) {
        assert!(
            matches!(error.failure, Failure::Retryable { reached: Reached::No, after: Some(_) }),
            "{error}"
        );
    }
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn login_with_amazons_refusals_say_what_to_do_next() {
    let reconnect = || Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let lwa = |status: u16, error: &str| {
        ResponseTemplate::new(status)
            .insert_header("x-amzn-RequestId", "lwa-1")
            .set_body_json(json!({ "error": error, "error_description": "words" }))
    };
    for (answer, want, words) in [
        (lwa(400, "invalid_grant"), reconnect(), "authorise the app again"),
        (lwa(401, "invalid_client"), reconnect(), "client_secret is wrong"),
        (lwa(400, "unauthorized_client"), reconnect(), "client_secret is wrong"),
        (lwa(400, "invalid_request"), reconnect(), "check client_id"),
        (lwa(500, "server_error"), retryable(Reached::No, None), "gave no token"),
        (lwa(503, "temporarily_unavailable"), retryable(Reached::No, None), "gave no token"),
        (ResponseTemplate::new(200).set_body_string("<html>"), retryable(Reached::No, None), "200"),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "access_token": "" })),
            retryable(Reached::No, None),
            "200",
        ),
    ] {
        let world = World::without_token().await;
        world.lwa(answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, want, "{words}");
        assert!(error.detail.contains(words), "{} should hold {words}", error.detail);
        assert_eq!(error.operation, "token");
        let kept = world.credential().await;
        assert!(kept.refreshing_until.is_none(), "the lease is given back: {words}");
    }
}

#[tokio::test]
async fn a_429_for_a_token_is_none_of_the_apis_and_nobody_asks_before_its_pause_is_over() {
    for (answer, pause) in [
        (ResponseTemplate::new(429).insert_header("retry-after", "90"), 90),
        (ResponseTemplate::new(429), 60),
        (ResponseTemplate::new(429).insert_header("retry-after", "86400"), 900),
    ] {
        let world = World::without_token().await;
        world.lwa(answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!((error.failure, error.operation), (retryable(Reached::No, Some(pause)), "token"));
        world.clock.advance(Duration::from_secs(10));
        let again = world.confirm().await.unwrap_err();
        assert_eq!(again.failure, retryable(Reached::No, Some(pause - 10)), "{}", again.detail);
        assert!(again.detail.contains("too many tokens"), "{}", again.detail);
        world.server.verify().await;
        world.server.reset().await;
        world.clock.advance(Duration::from_secs(pause - 10));
        world.lwa_gives("Atza|NEW", 1).await;
        world.answers("POST", CONFIRM_PATH, "Atza|NEW", ok(), 1).await;
        world.confirm().await.unwrap();
    }
}

#[tokio::test]
async fn while_login_is_down_the_rest_of_the_old_token_serves() {
    let world = World::without_token().await;
    world.put_token(ACCESS, 30);
    world.lwa(ResponseTemplate::new(503), 1).await;
    world.answers("POST", CONFIRM_PATH, ACCESS, ok(), 1).await;
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn missing_secrets_are_named() {
    let world = World::without_token().await;
    let secrets =
        [("client_id".to_owned(), SecretString::from(CLIENT_ID)), ("refresh_token".to_owned(), "".into())];
    let credential = Credential { secrets: secrets.into(), ..Credential::default() };
    world.credentials.put(world.connection.account.clone(), credential);
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(
        error.detail.contains("client_secret") && error.detail.contains("refresh_token"),
        "{}",
        error.detail
    );
    assert!(world.server.received_requests().await.unwrap().is_empty());
}

/// Connects again while LWA is refusing the old authorisation: the new one must be tried, not blamed.
#[tokio::test]
async fn a_reconnect_during_a_refused_refresh_wins() {
    let world = World::without_token().await;
    let refused = ResponseTemplate::new(400)
        .set_body_json(json!({ "error": "invalid_grant" }))
        .set_delay(Duration::from_millis(200));
    Mock::given(path("/auth/o2/token"))
        .and(body_string_contains("REFRESHSECRET"))
        .respond_with(refused)
        .expect(1)
        .mount(&world.server)
        .await;
    Mock::given(path("/auth/o2/token"))
        .and(body_string_contains("Atzr%7Cagain"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "access_token": "Atza|new" })))
        .expect(1)
        .mount(&world.server)
        .await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 1).await;
    let reconnect = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut credential = world.fresh_credential();
        credential.secrets.insert("refresh_token".into(), "Atzr|again".into());
        world.credentials.put(world.connection.account.clone(), credential);
    };
    let (result, ()) = tokio::join!(world.confirm(), reconnect);
    result.unwrap();
}

/// Somebody drops the dead token while we fetch a new one: ours must still be kept.
#[tokio::test]
async fn a_save_in_between_does_not_lose_the_new_token() {
    let world = World::without_token().await;
    let slow = ResponseTemplate::new(200)
        .set_body_json(json!({ "access_token": "Atza|new", "expires_in": 3600 }))
        .set_delay(Duration::from_millis(200));
    world.lwa(slow, 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 1).await;
    let meddle = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.credentials.put(world.connection.account.clone(), world.credential().await);
    };
    let (result, ()) = tokio::join!(world.confirm(), meddle);
    result.unwrap();
    assert_eq!(world.stored_token().await.as_deref(), Some("Atza|new"));
    assert_eq!(world.credential().await.refreshing_until, None);
}

#[tokio::test]
async fn the_token_host_can_be_another() {
    let mut world = World::without_token().await;
    let other = wiremock::MockServer::start().await;
    Mock::given(path("/login/auth/o2/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "access_token": "Atza|new" })))
        .expect(1)
        .mount(&other)
        .await;
    world.connection.options.insert("token_base_url".into(), format!("{}/login/", other.uri()));
    assert!(Amazon.check_options(&world.connection).is_empty());
    world.answers("POST", CONFIRM_PATH, "Atza|new", ok(), 1).await;
    world.confirm().await.unwrap();
}
