//! Tokens that an app fetches: what the stand-in gives, ends and refuses.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Outcome, Reached, Store as _};
use connector_shopify::Shopify;
use futures::executor::block_on;
use ports::Transport as _;
use sandbox::faults::Fault;
use sandbox::shopify::ShopSpec;
use serde_json::{Value, json};

use super::world::{SECRET, SHOP, World, sent, two_mugs};

const CLIENT: &str = "client-for-the-sandbox";
const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
const PASSING: Failure = Failure::Retryable { reached: Reached::No, after: None };

fn world() -> World {
    World::with(ShopSpec::of_today(SHOP, CLIENT, SECRET))
}

/// How many requests for a token there were, and how they ended.
fn asked(world: &World) -> Vec<String> {
    let sandbox = world.sandbox.lock().unwrap();
    sandbox.calls().iter().filter(|call| call.operation == "token").map(|call| call.what.clone()).collect()
}

#[test]
fn a_token_serves_its_day_and_is_fetched_anew() {
    let world = world();
    let order = world.order(two_mugs());
    let (_, posted) = world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, sent(&["1Z"])).unwrap());
    assert_eq!(world.facts(&posted).fulfillments[0].tracking, ["1Z"], "signed with the client secret");
    for _ in 0..3 {
        assert!(world.read(order).is_ok());
    }
    assert_eq!(asked(&world), ["answered"]);
    world.clock.advance(Duration::from_secs(86_400));
    assert!(world.read(order).is_ok());
    assert_eq!(asked(&world).len(), 2);
    assert_eq!(world.control("POST", &format!("shops/{SHOP}/end_tokens"), &Value::Null).0, 200);
    assert_eq!(world.read(order).unwrap_err().failure, PASSING);
    assert!(world.read(order).is_ok());
    assert_eq!(asked(&world).len(), 3);
    // `doctor` does not wait for the next call.
    world.sandbox.lock().unwrap().end_tokens(SHOP).unwrap();
    let checks = block_on(Shopify.check_up(world.reach(), world.connection()));
    assert!(checks.iter().all(|check| check.outcome == Outcome::Good), "{checks:?}");
    world.sandbox.lock().unwrap().set_scopes(SHOP, vec!["read_fulfillments".to_owned()]).unwrap();
    let checks = block_on(Shopify.check_up(world.reach(), world.connection()));
    let bad: Vec<_> = checks.iter().filter(|check| check.outcome == Outcome::Bad).collect();
    assert!(bad.len() == 1 && bad[0].words.contains("read_orders"), "{checks:?}");
}

#[test]
fn what_becomes_of_the_app_is_told_until_it_is_mended() {
    let world = world();
    let order = world.order(two_mugs());
    let app = |change: Value| {
        let (status, answer) = world.control("POST", &format!("shops/{SHOP}/app"), &change);
        assert_eq!(status, 200, "{answer}");
    };
    for (broken, mended, words) in [
        (json!({"installed": false}), json!({"installed": true}), "app_not_installed"),
        (json!({"same_organization": false}), json!({"same_organization": true}), "shop_not_permitted"),
        (json!({"client_secret": "another"}), json!({"client_secret": SECRET}), "invalid_client"),
    ] {
        app(broken);
        world.sandbox.lock().unwrap().end_tokens(SHOP).unwrap();
        let _ = world.read(order);
        let error = world.read(order).unwrap_err();
        assert_eq!(error.failure, RECONNECT, "{words}");
        assert!(error.detail.contains(words), "{error}");
        app(mended);
        assert!(world.read(order).is_ok(), "{words}");
    }
    let gone = world.at_shop(|shop, now| shop.uninstall(now, SHOP).unwrap());
    assert_eq!(gone.topic, "app/uninstalled");
    assert_eq!(world.read(order).unwrap_err().failure, PASSING, "the token that was there is refused");
    assert!(world.read(order).unwrap_err().detail.contains("app_not_installed"));
    assert_eq!(world.control("POST", &format!("shops/{SHOP}/app"), &json!({"colour": 1})).0, 400);
    assert_eq!(world.control("POST", "shops/none/end_tokens", &Value::Null).0, 404);
}

#[test]
fn faults_of_a_token_reach_nothing() {
    let world = world();
    let order = world.order(two_mugs());
    for (fault, want) in [
        (
            Fault::Throttle { retry_after: Some(9) },
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(9)) },
        ),
        (Fault::Status { status: 503 }, PASSING),
        (Fault::LoseAnswer, PASSING),
        (Fault::CutBefore, PASSING),
        (Fault::Malformed, PASSING),
        // Refused as soon as it is used, though it was given just now.
        (Fault::ExpiredToken, RECONNECT),
    ] {
        world.plan("token", fault.clone());
        assert_eq!(world.read(order).unwrap_err().failure, want, "{fault:?}");
        world.clock.advance(Duration::from_secs(9));
        assert!(world.read(order).is_ok(), "{fault:?} is over");
        world.sandbox.lock().unwrap().end_tokens(SHOP).unwrap();
        let _ = world.read(order);
    }
}

#[test]
fn who_asks_otherwise_is_refused_by_a_page() {
    let world = world();
    let ask = |body: &str, accept: &str| {
        let request = http::Request::post("/admin/oauth/access_token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", accept)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let answer = block_on(world.send(request)).unwrap();
        (answer.status().as_u16(), String::from_utf8(answer.into_body()).unwrap())
    };
    let wrong = format!("grant_type=client_credentials&client_id={CLIENT}&client_secret=x");
    for (body, code) in [
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=client_credentials", "application_cannot_be_found"),
        ("grant_type=client_credentials&client_id=other&client_secret=x", "application_cannot_be_found"),
        (&wrong, "invalid_client"),
    ] {
        let (status, page) = ask(body, "*/*");
        assert!(status == 400 && page.contains(&format!("Oauth error {code}: ")), "{body}: {page}");
        let (status, json) = ask(body, "application/json");
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((status, json["error"].as_str()), (400, Some(code)), "{body}");
    }
    let two = |spec: ShopSpec| world.at_shop(|shop, now| shop.create_shop(now, spec)).is_err();
    assert!(two(ShopSpec::of_today("b.myshopify.com", CLIENT, "s")), "another shop's app");
    assert!(two(ShopSpec { client_id: None, ..ShopSpec::of_today("b.myshopify.com", "", "s") }), "no app");
}
