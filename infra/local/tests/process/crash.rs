//! `kill -9`: what was accepted is confirmed, once.

use std::time::Duration;

use serde_json::json;

use crate::http;
use crate::running::until;
use crate::world::{Link, World};

const UPS: &str = "1Z999AA10123456784";

#[test]
fn law_1_killed_right_after_the_200_the_parcel_is_confirmed_once() {
    let mut world = World::served();
    let order = world.order(Link::Tag, &[("VASE-BLUE", 2)]);
    let delivery = world.ship(&order, "UPS", UPS);
    assert_eq!(world.post(&delivery), 200);
    world.kill();
    world.start();
    world.wait(&order, &["visible"]);
    assert_eq!(world.shown(&order), [format!("{UPS} UPS 2 in 1")]);
}

#[test]
fn law_2_killed_at_any_moment_every_parcel_is_confirmed_once() {
    let mut world = World::served();
    let mut orders = Vec::new();
    // From before the message is taken to after the read-back; each round kills what the one before left, too.
    let salt = u64::from(std::process::id());
    for (round, link) in (0_u64..6).zip(Link::ALL.iter().cycle()) {
        let order = world.order(*link, &[("VASE-BLUE", 1)]);
        let number = format!("94001118992231974284{:02}", 10 + round);
        let delivery = world.ship(&order, "USPS", &number);
        let wait = Duration::from_millis(round * 35 + salt * (round + 7) % 30);
        std::thread::scope(|scope| {
            // The shop posts until it hears a 200, as Shopify does.
            let post = scope.spawn(|| world.try_post(&delivery) == Some(200));
            std::thread::sleep(wait);
            post.join().unwrap()
        });
        world.kill();
        world.start();
        until("the shop's delivery to be taken", || (world.try_post(&delivery) == Some(200)).then_some(()));
        orders.push((order, number));
        // A message in whose hands five workers died is a dead letter, by right: now and then one life is long.
        if round % 3 == 2 {
            for (order, _) in &orders {
                world.wait(order, &["visible"]);
            }
        }
    }
    for (order, number) in &orders {
        world.wait(order, &["visible"]);
        let shown = world.shown(order);
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert!(shown[0].starts_with(number.as_str()) && shown[0].ends_with("1 in 1"), "{shown:?}");
    }
    assert_eq!(world.dead_letters(), 0);
}

#[test]
fn law_5_a_message_in_whose_hands_workers_died_is_a_dead_letter_that_is_told() {
    let mut world = World::served();
    let order = world.order(Link::Tag, &[("VASE-BLUE", 1)]);
    let delivery = world.ship(&order, "UPS", UPS);
    world.amazon("faults", &json!({"operation": "*", "times": 9, "fault": "slow", "millis": 3000}));
    assert_eq!(world.post(&delivery), 200);
    world.kill();
    world.workers_died_over_every_message();
    world.start();
    until("the dead letter", || (world.dead_letters() > 0).then_some(()));
    assert!(!world.mails("", 1).is_empty());
}

#[test]
fn after_a_crash_the_next_start_goes_on_at_once() {
    let mut world = World::served();
    let order = world.order(Link::Tag, &[("VASE-BLUE", 1)]);
    let delivery = world.ship(&order, "UPS", UPS);
    let slow = json!({"operation": "readOrder", "fault": "slow", "millis": 3000});
    http::json(world.at, "POST", "/shopify/_sandbox/faults", &slow);
    assert_eq!(world.post(&delivery), 200);
    std::thread::sleep(Duration::from_millis(700));
    world.kill();
    world.start();
    world.wait(&order, &["visible"]);
    assert_eq!(world.shown(&order), [format!("{UPS} UPS 1 in 1")]);
}
