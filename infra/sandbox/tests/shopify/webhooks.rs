//! Subscriptions and check-ups, by our connector against the stand-in.

use connector_api::{Failure, Outcome, Store as _, Subscription, SubscriptionChange};
use connector_shopify::Shopify;
use futures::executor::block_on;
use sandbox::shopify::FulfillSpec;

use crate::world::{SHOP, World, sent, two_mugs};

const HERE: &str = "https://parcels.example/webhooks/stores/shop-0";

fn list(world: &World) -> Vec<Subscription> {
    block_on(Shopify.subscriptions(world.reach(), world.connection())).unwrap()
}

fn change(world: &World, change: &SubscriptionChange) -> Result<(), Failure> {
    let done = block_on(Shopify.change_subscription(world.reach(), world.connection(), change));
    done.map_err(|error| error.failure)
}

fn create(topic: &'static str, address: &str) -> SubscriptionChange {
    SubscriptionChange::Create { topic, address: address.to_owned() }
}

#[test]
fn every_topic_is_subscribed_to_redirected_and_ended() {
    let world = World::new();
    for topic in Shopify.webhook_topics() {
        change(&world, &create(topic, HERE)).unwrap();
    }
    let made = list(&world);
    let topics: Vec<&str> = made.iter().map(|one| one.topic.as_str()).collect();
    assert_eq!(topics, Shopify.webhook_topics());
    assert!(made.iter().all(|one| one.address == HERE && one.flaw.is_none()), "{made:?}");

    let first = made[0].id.clone();
    let there = "https://elsewhere.example/x".to_owned();
    change(&world, &SubscriptionChange::Redirect { id: first.clone(), address: there.clone() }).unwrap();
    assert_eq!(list(&world)[0].address, there);
    change(&world, &SubscriptionChange::Delete { id: first.clone() }).unwrap();
    assert_eq!(list(&world).len(), made.len() - 1);
    let gone = change(&world, &SubscriptionChange::Delete { id: first });
    assert!(matches!(gone, Err(Failure::Rejected { .. })), "{gone:?}");
}

#[test]
fn what_shopify_refuses_is_a_refusal_and_changes_nothing() {
    let world = World::new();
    change(&world, &create("fulfillments/create", HERE)).unwrap();
    let scopes = |scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        world.sandbox.lock().unwrap().set_scopes(SHOP, scopes).unwrap();
    };
    for (name, granted, topic, address) in [
        ("twice", "read_fulfillments", "fulfillments/create", HERE),
        ("not https", "read_fulfillments", "fulfillments/update", "http://parcels.example/x"),
        ("no scope", "read_orders", "fulfillments/update", HERE),
    ] {
        scopes(&[granted]);
        let refused = change(&world, &create(topic, address));
        assert!(matches!(refused, Err(Failure::Rejected { .. })), "{name}: {refused:?}");
        assert_eq!(list(&world).len(), 1, "{name}");
    }
}

/// What is not good, by name.
fn findings(world: &World) -> Vec<(&'static str, Outcome)> {
    let checks = block_on(Shopify.check_up(world.reach(), world.connection()));
    checks.iter().filter(|c| c.outcome > Outcome::Good).map(|c| (c.check, c.outcome)).collect()
}

#[test]
fn a_check_up_reads_only_and_finds_what_is_wrong() {
    let world = World::new();
    assert_eq!(findings(&world), [("automatic_fulfillment", Outcome::ByHand)], "nothing was sent yet");
    let order = world.order(two_mugs());
    world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, sent(&["1Z999AA10123456784"])).unwrap());
    assert_eq!(findings(&world), []);

    world.sandbox.lock().unwrap().set_automatic_fulfillment(SHOP, true).unwrap();
    world.order(two_mugs());
    assert_eq!(findings(&world), [("automatic_fulfillment", Outcome::Warning)]);
    world.sandbox.lock().unwrap().set_automatic_fulfillment(SHOP, false).unwrap();

    world.sandbox.lock().unwrap().set_scopes(SHOP, vec!["read_fulfillments".to_owned()]).unwrap();
    assert_eq!(findings(&world), [("scopes", Outcome::Bad)]);
    world.sandbox.lock().unwrap().set_token(SHOP, None).unwrap();
    assert_eq!(findings(&world), [("credentials", Outcome::Bad)]);
    let asked_for_buyer = world.sandbox.lock().unwrap().calls().iter().any(|call| call.asked_for_buyer);
    assert!(!asked_for_buyer, "nothing of a buyer is asked");
}

#[test]
fn parcels_shipped_by_hand_without_a_number_are_no_sign() {
    let world = World::new();
    let order = world.order(two_mugs());
    world.clock.advance(std::time::Duration::from_secs(1));
    // A minute passes before each act: 61 seconds after the order.
    world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, FulfillSpec::default()).unwrap());
    assert_eq!(findings(&world), []);
}
