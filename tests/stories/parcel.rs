//! How parcels travel, story by story, judged by the marketplace's own record.

use std::time::Duration;

use domain::ids::MarketplaceOrderRef;
use domain::keys::ItemKey;
use domain::order::MarketplaceOrder;
use domain::state::StateName as S;
use futures::executor::block_on;
use ports::{Expect, Ledger as _, Write};
use sandbox::amazon::{NewPackage, Party, Status};
use sandbox::faults::{Fault, Planned};
use sandbox::shopify::TrackingSpec;
use workflow::limits::{self, Needs};

use crate::harness::{SHOP, System, account};

const ORDER: &str = "111-2222222-3333333";
const UPS: &str = "1Z999AA10123456784";

fn fault(operation: &str, times: u32, fault: Fault) -> Planned {
    Planned { operation: operation.into(), account: None, times, fault }
}

fn shown(number: &str, carrier: &str, units: u32, calls: u32) -> (String, String, u32, u32) {
    (number.to_owned(), carrier.to_owned(), units, calls)
}

#[test]
fn one_parcel_is_confirmed_and_visible() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn two_parcels_with_split_quantities_are_two_packages() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 3), ("SHADE", 2)]);
    let (_, first) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 2)]);
    let (_, second) = system.ship(ORDER, "USPS", &["9400111899223197428490"], &[("LAMP", 1), ("SHADE", 2)]);
    assert_eq!(system.post(&second), 200);
    system.settle();
    assert_eq!(system.post(&first), 200);
    system.settle();
    system.pass(5);
    let mut at_amazon = system.at_amazon(ORDER);
    at_amazon.sort();
    assert_eq!(at_amazon, [shown(UPS, "UPS", 2, 1), shown("9400111899223197428490", "USPS", 3, 1)]);
}

#[test]
fn the_same_webhook_many_times_and_the_poll_are_one_confirmation() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    for _ in 0..5 {
        assert_eq!(system.post(&delivery), 200);
    }
    system.settle();
    system.pass(20);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
}

#[test]
fn a_webhook_that_never_came_is_found_by_the_poll() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.pass(10);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
}

#[test]
fn law_3_an_unknown_carrier_is_held_until_it_is_mapped() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "Snail & Sons", &["SN123456"], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(30);
    assert_eq!(system.states(ORDER), [S::Held]);
    assert!(system.at_amazon(ORDER).is_empty());
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
    let mail = &system.mail.sent()[0];
    for words in [ORDER, "Snail & Sons", "SN123456", "map set", "confirm it by hand before"] {
        assert!(mail.text.contains(words), "{words} is missing in\n{}", mail.text);
    }
    system.map("Snail & Sons", "4PX");
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown("SN123456", "4PX", 1, 1)]);
    assert_eq!(system.mail.sent().len(), 2, "{:?}", system.subjects());
}

#[test]
fn law_3_a_line_that_matches_nothing_is_held_until_its_sku_is_mapped() {
    let system = System::start();
    system.amazon_order("amazon-us", ORDER, &[("LAMP-A", 1), ("SHADE", 1)], |_| {});
    system.shop_order(ORDER, "amazon-us", &[("LAMP-S", 1), ("SHADE", 1)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP-S", 1)]);
    system.post(&delivery);
    system.settle();
    assert_eq!(system.states(ORDER), [S::Held]);
    system.map_sku("LAMP-S", "LAMP-A");
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.mail.sent().len(), 2, "{:?}", system.subjects());
}

#[test]
fn law_2_an_answer_lost_after_it_was_applied_is_read_back_never_repeated() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.wire.amazon.lock().unwrap().plan_fault(fault("confirmShipment", 1, Fault::LoseAnswer));
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    assert_eq!(system.states(ORDER), [S::Doubt]);
    system.pass(10);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
}

#[test]
fn law_2_a_call_cut_before_it_was_applied_is_repeated_only_after_a_read_settled_it() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.wire.amazon.lock().unwrap().plan_fault(fault("confirmShipment", 1, Fault::CutBefore));
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(1);
    assert_eq!(system.states(ORDER), [S::Doubt], "a read this early proves nothing");
    system.pass(10);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.states(ORDER), [S::Visible]);
}

#[test]
fn law_5_what_was_accepted_but_is_not_shown_is_noticed_and_mailed() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.wire.amazon.lock().unwrap().plan_fault(fault("confirmShipment", 1, Fault::AcceptAndForget));
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(45);
    assert_eq!(system.states(ORDER), [S::Missing]);
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
}

#[test]
fn being_throttled_spends_no_attempt() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.wire.amazon.lock().unwrap().plan_fault(fault(
        "confirmShipment",
        3,
        Fault::Throttle { retry_after: None },
    ));
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(20);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.packages(ORDER)[0].attempts, 1);
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn law_4_a_revoked_token_parks_that_account_only() {
    let system = System::start();
    let other = "222-2222222-3333333";
    system.order(ORDER, &[("LAMP", 1)]);
    system.order_of("amazon-two", other, &[("LAMP", 1)]);
    system.wire.amazon.lock().unwrap().revoke("amazon-us").unwrap();
    for id in [ORDER, other] {
        let (_, delivery) = system.ship(id, "UPS", &[UPS], &[("LAMP", 1)]);
        system.post(&delivery);
    }
    system.settle();
    system.pass(30);
    assert!(system.at_amazon(ORDER).is_empty());
    assert_eq!(system.at_amazon(other), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
    system.wire.amazon.lock().unwrap().restore("amazon-us", Some("new-token".into())).unwrap();
    system.set_refresh_token("amazon-us", "new-token");
    system.resume("amazon-us");
    system.settle();
    system.pass(15);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(system.states(ORDER), [S::Visible]);
}

#[test]
fn a_number_added_later_is_confirmed_once() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (id, created) = system.ship(ORDER, "UPS", &[], &[("LAMP", 1)]);
    system.post(&created);
    system.settle();
    assert_eq!(system.states(ORDER), [S::Held]);
    system.clock.advance(std::time::Duration::from_secs(120));
    let updated = system.retrack(ORDER, id, "UPS", &[UPS]);
    system.post(&updated);
    system.post(&created);
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn what_is_not_ours_is_left_alone_with_the_reason() {
    let system = System::start();
    let fba = "333-1111111-1111111";
    system.amazon_order("amazon-us", fba, &[("LAMP", 1)], |o| o.fulfilled_by = Party::Amazon);
    system.shop_order(fba, "amazon-us", &[("LAMP", 1)]);
    let (_, delivery) = system.ship(fba, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    let own = "shop order";
    system.shop_order(own, "web", &[("LAMP", 1)]);
    let (_, delivery) = system.ship(own, "UPS", &["1Z999AA10123456785"], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(5);
    assert_eq!(system.states(fba), [S::NotOurs]);
    assert!(system.at_amazon(fba).is_empty());
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn confirmed_by_hand_with_the_same_number_is_done_with_another_is_a_conflict() {
    let system = System::start();
    for (id, number) in [("444-1111111-1111111", UPS), ("444-2222222-2222222", "1Z999AA10123456700")] {
        system.amazon_order("amazon-us", id, &[("LAMP", 1)], |o| {
            o.packages = vec![NewPackage {
                reference: "1".into(),
                carrier: "UPS".into(),
                service: None,
                tracking_number: number.into(),
                ship_date: None,
                lines: None,
            }];
        });
        system.shop_order(id, "amazon-us", &[("LAMP", 1)]);
        let (_, delivery) = system.ship(id, "UPS", &[UPS], &[("LAMP", 1)]);
        system.post(&delivery);
    }
    system.settle();
    system.pass(5);
    assert_eq!(system.states("444-1111111-1111111"), [S::NotOurs]);
    assert_eq!(system.states("444-2222222-2222222"), [S::Conflict]);
    assert_eq!(system.at_amazon("444-2222222-2222222"), [shown("1Z999AA10123456700", "UPS", 1, 0)]);
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
}

#[test]
fn a_number_corrected_after_confirmation_edits_the_same_package() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (id, created) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&created);
    system.settle();
    system.pass(5);
    let before = system.wire.amazon.lock().unwrap().record().packages[0].clone();
    let updated = system.retrack(ORDER, id, "UPS", &["1Z999AA10123456700"]);
    system.post(&updated);
    system.settle();
    system.pass(5);
    let after = system.wire.amazon.lock().unwrap().record().packages.clone();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].content.tracking_number, "1Z999AA10123456700");
    assert_eq!(after[0].reference, before.reference);
    assert_eq!(after[0].content.ship_date, before.content.ship_date);
    assert_eq!(system.states(ORDER), [S::Visible]);
}

#[test]
fn a_voided_parcel_with_a_new_label_edits_the_same_package() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (id, created) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&created);
    system.settle();
    system.pass(5);
    let voided = system
        .wire
        .shopify
        .lock()
        .unwrap()
        .cancel_fulfillment(system.now(), SHOP, system.shop_id(ORDER), id)
        .unwrap();
    let (_, again) = system.ship(ORDER, "FedEx", &["449044304137821"], &[("LAMP", 1)]);
    system.post(&again);
    system.post(&voided);
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown("449044304137821", "FedEx", 1, 2)]);
}

#[test]
fn a_year_of_old_orders_is_not_sent_when_a_connection_starts() {
    let system = System::start();
    for n in 0..30 {
        let id = format!("555-0000000-{n:07}");
        system.amazon_order("amazon-us", &id, &[("LAMP", 1)], |_| {});
        system.shop_order(&id, "amazon-us", &[("LAMP", 1)]);
        let at = system.now() - jiff::SignedDuration::from_hours(24 * (10 + n));
        let delivery = system.ship_at(&id, "UPS", &[&format!("1Z999AA101234{n:05}")], &[("LAMP", 1)], at);
        if n < 3 {
            system.post(&delivery);
        }
    }
    system.settle();
    system.pass(30);
    assert!(system.wire.amazon.lock().unwrap().record().effects.is_empty());
}

#[test]
fn a_pending_order_is_held_and_confirmed_when_it_is_released() {
    let system = System::start();
    system.amazon_order("amazon-us", ORDER, &[("LAMP", 1)], |o| o.status = Status::Pending);
    system.shop_order(ORDER, "amazon-us", &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    assert_eq!(system.states(ORDER), [S::Held]);
    let change = sandbox::amazon::OrderChange { status: Some(Status::Unshipped), ..Default::default() };
    system.clock.advance(std::time::Duration::from_secs(60));
    system.wire.amazon.lock().unwrap().change_order(system.now(), ORDER, change).unwrap();
    system.pass(15);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
}

#[test]
fn several_numbers_in_one_fulfillment_are_packages_of_their_own() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 2)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &["1Z1, 1Z2", "1Z3"], &[("LAMP", 2)]);
    system.post(&delivery);
    system.settle();
    system.pass(5);
    let mut at_amazon = system.at_amazon(ORDER);
    at_amazon.sort();
    assert_eq!(at_amazon, [shown("1Z1", "UPS", 1, 1), shown("1Z2", "UPS", 1, 1)]);
    let mut states = system.states(ORDER);
    states.sort();
    assert_eq!(states, [S::Visible, S::Visible, S::Held]);
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
}

#[test]
fn a_second_number_added_after_the_first_was_confirmed_never_exceeds_the_order() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 2)]);
    let (id, created) = system.ship(ORDER, "UPS", &["1Z1"], &[("LAMP", 2)]);
    system.post(&created);
    system.settle();
    system.pass(5);
    let updated = system.retrack(ORDER, id, "UPS", &["1Z1", "1Z2"]);
    system.post(&updated);
    system.settle();
    system.pass(10);
    let mut at_amazon = system.at_amazon(ORDER);
    at_amazon.sort();
    assert_eq!(at_amazon, [shown("1Z1", "UPS", 1, 2), shown("1Z2", "UPS", 1, 1)]);
}

#[test]
fn the_merchant_is_reminded_before_the_deadline_and_told_when_it_is_resolved() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "Snail & Sons", &["SN123456"], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    let stages = |system: &System| -> Vec<String> {
        let word = |subject: &String| subject.split(['(', ':']).next().unwrap_or_default().trim().to_owned();
        system.subjects().iter().map(word).collect()
    };
    system.pass(47 * 60);
    assert_eq!(stages(&system), ["Carrier to map", "Reminder"], "while it can be done by hand");
    system.pass(2 * 60);
    assert_eq!(stages(&system).last().map(String::as_str), Some("Deadline reached"));
    // Amazon cancels seven days after the ship-by time.
    for _ in 0..6 {
        system.clock.advance(std::time::Duration::from_secs(24 * 3600));
        system.pass(5);
    }
    assert_eq!(stages(&system).len(), 4);
    assert_eq!(stages(&system).last().map(String::as_str), Some("About to be cancelled"));
    assert!(system.at_amazon(ORDER).is_empty());
    // Late is better than never: it still goes out once it is mapped.
    system.map("Snail & Sons", "4PX");
    system.settle();
    system.pass(10);
    assert_eq!(system.at_amazon(ORDER).len(), 1);
    assert!(stages(&system).last().is_some_and(|word| word.starts_with("Resolved")), "{:?}", stages(&system));
}

#[test]
fn law_1_nothing_is_accepted_that_was_not_stored() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, mut delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    delivery.body = delivery.body.replacen("UPS", "USP", 1);
    assert_eq!(system.post(&delivery), 401);
    assert_eq!(system.queue.len(ports::QueueName::Inbound), 0);
    assert!(!account("shop").to_string().is_empty());
    let _ = TrackingSpec::default();
}

#[test]
fn a_line_that_amazon_does_not_know_means_that_the_order_is_read_once_more() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.pass(5);
    // What is known is some minutes old, the order has changed since, and no read is to be had just now.
    let order = MarketplaceOrderRef { account: account("amazon-us"), order: ORDER.try_into().unwrap() };
    let mut item = block_on(system.ledger.get(&ItemKey::marketplace_order(&order))).unwrap().unwrap();
    let mut known: MarketplaceOrder = serde_json::from_str(&item.body).unwrap();
    let facts = known.facts.as_mut().unwrap();
    facts.lines[0].id = "999".try_into().unwrap();
    facts.read_at = system.now() - Duration::from_secs(300);
    item.body = serde_json::to_string(&known).unwrap();
    block_on(system.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }])).unwrap();
    let connections = block_on(system.world.connections()).unwrap();
    let amazon = connections.iter().find(|one| one.account == order.account).unwrap();
    let traits = system.world.connectors.marketplace("amazon").unwrap().traits();
    let reads = Needs::of(amazon, traits.limits, traits.spends.read);
    block_on(limits::throttled(&system.world, &reads, Some(Duration::from_secs(20)))).unwrap();

    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    let confirms = || {
        let record = system.wire.amazon.lock().unwrap().record();
        record.calls.get("confirmShipment").copied()
    };
    assert_eq!((confirms(), system.at_amazon(ORDER)), (Some(1), vec![]), "refused: there is no such line");
    system.pass(6);
    assert_eq!(system.at_amazon(ORDER), [shown(UPS, "UPS", 1, 1)]);
    assert_eq!(confirms(), Some(2));
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}
