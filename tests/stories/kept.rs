//! Whether the marketplace kept what it took, how long it is asked, and what nobody need hear of meanwhile.

use std::time::Duration;

use domain::state::StateName as S;
use futures::executor::block_on;
use jiff::SignedDuration;
use ports::Clock as _;
use sandbox::faults::{Fault, Planned};

use crate::harness::System;

const ORDER: &str = "111-2222222-3333333";
const UPS: &str = "1Z999AA10123456784";
/// A number that tells nothing of its carrier.
const PLAIN: &str = "HARBOUR77LAMP";

fn confirmations(times: u32, fault: Fault) -> Planned {
    Planned { operation: "confirmShipment".into(), account: None, times, fault }
}

/// An order that must be shipped within so many hours.
fn due_within(hours: i64) -> System {
    let system = System::start();
    let ship_by = system.clock.now().checked_add(SignedDuration::from_hours(hours)).unwrap();
    system.amazon_order("amazon-us", ORDER, &[("LAMP", 1)], |order| order.ship_by = Some(ship_by));
    system.shop_order(ORDER, "amazon-us", &[("LAMP", 1)]);
    system
}

#[test]
fn a_parcel_that_leaves_shortly_before_its_deadline_is_told_without_a_mail() {
    let system = due_within(2);
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(30);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.subjects(), [""; 0], "it went as it should");
}

#[test]
fn law_5_an_outage_of_hours_is_waited_for_and_nobody_has_to_mend_it() {
    let system = due_within(72);
    system.wire.amazon.lock().unwrap().plan_fault(confirmations(9, Fault::Status { status: 500 }));
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    for _ in 0..12 {
        system.pass(30);
    }
    assert_eq!(system.at_amazon(ORDER).len(), 1);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.subjects(), [""; 0]);
}

#[test]
fn failure_1_a_corrected_carrier_that_was_taken_and_not_kept_is_told() {
    let system = due_within(72);
    let (fulfillment, delivery) = system.ship(ORDER, "UPS", &[PLAIN], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(5);
    assert_eq!(system.states(ORDER), [S::Visible]);
    system.wire.amazon.lock().unwrap().plan_fault(confirmations(1, Fault::AcceptAndForget));
    system.clock.advance(Duration::from_secs(60));
    assert_eq!(system.post(&system.retrack(ORDER, fulfillment, "USPS", &[PLAIN])), 200);
    system.settle();
    system.pass(20);
    assert_eq!(system.states(ORDER), [S::Accepted], "the carrier of before is not the one of now");
    system.pass(40);
    assert_eq!(system.states(ORDER), [S::Missing]);
    assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
    // It is told once more, and kept.
    block_on(workflow::admin::retry(&system.world, ORDER)).unwrap();
    system.settle();
    system.pass(10);
    let shown: Vec<_> =
        system.at_amazon(ORDER).into_iter().map(|(number, carrier, ..)| (number, carrier)).collect();
    assert_eq!(shown, [(PLAIN.to_owned(), "USPS".to_owned())]);
    assert_eq!(system.states(ORDER), [S::Visible]);
}
