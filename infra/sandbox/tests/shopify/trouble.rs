//! Limits, faults, revoked tokens.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached, StoreEvent};
use ports::Clock as _;
use sandbox::faults::Fault;
use sandbox::shopify::ShopSpec;
use serde_json::json;

use super::world::{SECRET, SHOP, TOKEN, World, sent, two_mugs};

#[test]
fn an_empty_bucket_says_how_long_to_wait_and_then_serves() {
    let shop = ShopSpec { points: 700.0, restore_rate: 10.0, ..ShopSpec::new(SHOP, TOKEN, SECRET) };
    let world = World::with(shop);
    let order = world.order(two_mugs());
    world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, sent(&["1Z"])).unwrap());
    let throttled = loop {
        match world.read(order) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let Failure::Throttled { after: Some(after) } = throttled.failure else { panic!("{throttled}") };
    world.clock.advance(after.saturating_sub(Duration::from_secs(1)));
    assert!(matches!(world.read(order).unwrap_err().failure, Failure::Throttled { .. }), "too early");
    world.clock.advance(Duration::from_secs(2));
    assert!(world.read(order).is_ok());
}

#[test]
fn faults_arrive_as_the_failures_they_are() {
    let world = World::new();
    let order = world.order(two_mugs());
    let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
    let throttled = |seconds| Failure::Throttled { after: Some(Duration::from_secs(seconds)) };
    let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    for (operation, fault, want) in [
        ("readOrder", Fault::Throttle { retry_after: None }, throttled(1)),
        ("graphql", Fault::Throttle { retry_after: Some(9) }, throttled(9)),
        ("*", Fault::Status { status: 503 }, maybe.clone()),
        ("readOrder", Fault::LoseAnswer, maybe.clone()),
        ("readOrder", Fault::CutBefore, maybe.clone()),
        ("readOrder", Fault::AcceptAndForget, maybe.clone()),
        ("readOrder", Fault::Malformed, maybe),
        ("readOrder", Fault::ExpiredToken, reconnect),
    ] {
        world.plan(operation, fault.clone());
        assert_eq!(world.read(order).unwrap_err().failure, want, "{fault:?}");
        assert!(world.read(order).is_ok(), "{fault:?} is over");
    }
    world.plan("changedFulfillments", Fault::Status { status: 500 });
    assert!(world.read(order).is_ok(), "another operation's fault");
    assert!(world.poll(world.clock.now()).is_err());
    world.plan("readOrder", Fault::Slow { millis: 1_500 });
    let before = world.clock.now();
    assert!(world.read(order).is_ok());
    assert_eq!(world.clock.now().duration_since(before).as_millis(), 1_500);
}

#[test]
fn a_revoked_token_asks_for_a_new_connection_until_there_is_one() {
    let world = World::new();
    let order = world.order(two_mugs());
    let posted = world.at_shop(|shop, now| shop.uninstall(now, SHOP).unwrap());
    assert_eq!(world.receive(&posted), StoreEvent::Uninstalled);
    let error = world.read(order).unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert_eq!(world.control("POST", &format!("shops/{SHOP}/token"), &json!({"access_token": TOKEN})).0, 200);
    assert!(world.read(order).is_ok());
    assert_eq!(world.read(order + 1).unwrap_err().failure, Failure::NotFound);
}
