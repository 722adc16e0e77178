//! What a buyer's wish to cancel does, before the parcel left and after, and what the marketplace's own cancelling does.

use std::time::Duration;

use domain::state::StateName as S;
use sandbox::amazon::{OrderChange, Status};

use crate::harness::System;

const ORDER: &str = "111-2222222-3333333";
const UPS: &str = "1Z999AA10123456784";

fn change(system: &System, change: OrderChange) {
    system.clock.advance(Duration::from_secs(60));
    let now = system.now();
    system.wire.amazon.lock().unwrap().change_order(now, ORDER, change).unwrap();
}

fn asks_to_cancel() -> OrderChange {
    OrderChange { cancel_requested: Some(true), ..OrderChange::default() }
}

fn told(system: &System) -> (usize, String) {
    let mails = system.mail.sent();
    (mails.len(), mails.last().map(|m| format!("{}\n{}", m.subject, m.text)).unwrap_or_default())
}

#[test]
fn asked_before_the_parcel_left_the_merchant_hears_at_once_and_can_still_stop_it() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.pass(5);
    change(&system, asks_to_cancel());
    system.pass(15);
    let (mails, last) = told(&system);
    assert_eq!(mails, 1, "{:?}", system.subjects());
    assert!(last.contains(ORDER), "{last}");
    assert!(system.at_amazon(ORDER).is_empty());

    // It left all the same: not telling would only make it late as well.
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(10);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.at_amazon(ORDER).len(), 1);
}

#[test]
fn asked_while_the_parcel_is_on_its_way_it_is_confirmed_and_mailed_once() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.pass(5);
    change(&system, asks_to_cancel());
    // The same minute: the shop has shipped before anybody saw the wish.
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(30);
    assert_eq!(system.states(ORDER), [S::Visible], "a wish holds no parcel back that has left");
    let (mails, last) = told(&system);
    assert_eq!(mails, 1, "{:?}", system.subjects());
    assert!(last.contains(ORDER) && last.contains("cancel"), "{last}");
}

#[test]
fn a_wish_taken_back_is_settled() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.pass(5);
    change(&system, asks_to_cancel());
    system.pass(15);
    change(&system, OrderChange { cancel_requested: Some(false), ..OrderChange::default() });
    system.pass(15);
    let (_, last) = told(&system);
    assert!(last.starts_with("Resolved"), "{last}");
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(10);
    assert_eq!(system.at_amazon(ORDER).len(), 1);
}

#[test]
fn what_the_marketplace_cancelled_is_never_confirmed_and_a_parcel_that_left_is_mailed() {
    let system = System::start();
    system.order(ORDER, &[("LAMP", 1)]);
    system.pass(5);
    change(&system, OrderChange { status: Some(Status::Cancelled), ..OrderChange::default() });
    let (_, delivery) = system.ship(ORDER, "UPS", &[UPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(60);
    assert!(system.at_amazon(ORDER).is_empty());
    assert_eq!(system.wire.amazon.lock().unwrap().record().effects.len(), 0);
    let (mails, last) = told(&system);
    assert_eq!(mails, 1, "{:?}", system.subjects());
    assert!(last.contains(ORDER) && last.contains("cancel"), "{last}");
}
