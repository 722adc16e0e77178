//! How parcels travel to Etsy, judged by its own record: each telling is one mail to the buyer.

mod troubles;

use domain::connection::Connection;
use domain::shipment_policy::{Corrections, SeveralParcels, WithoutNumber};
use domain::state::StateName as S;
use jiff::SignedDuration;
use sandbox::etsy::NewReceipt;
use sandbox::faults::Fault;

use crate::harness::System;

const ORDER: u64 = 3_700_000_001;
const NUMBER: &str = "9400111899223197428490";
const SECOND: &str = "9400111899223197428506";

fn told(number: &str) -> (String, String) {
    (number.to_owned(), "usps".to_owned())
}

fn started(change: impl Fn(&mut Connection)) -> System {
    System::with_etsy(change)
}

fn states(system: &System) -> Vec<S> {
    let mut states = system.states(&ORDER.to_string());
    states.sort();
    states
}

/// The store ships some of it; the fulfillment's id.
fn ship(system: &System, carrier: &str, numbers: &[&str], lines: &[(&str, u32)]) -> u64 {
    let (fulfillment, delivery) = system.ship(&ORDER.to_string(), carrier, numbers, lines);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    fulfillment
}

/// The store gives a fulfillment this number.
fn renumber(system: &System, fulfillment: u64, number: &str) {
    system.clock.advance(std::time::Duration::from_secs(60));
    let delivery = system.retrack(&ORDER.to_string(), fulfillment, "USPS", &[number]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
}

/// An order to another country, where Etsy wants no number.
fn abroad(receipt: &mut NewReceipt) {
    receipt.country_iso = "DE".into();
}

/// No mail to the merchant.
fn quiet(system: &System) {
    assert_eq!(system.subjects(), Vec::<String>::new());
}

#[test]
fn a_parcel_is_told_once_and_the_buyer_mailed_once() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 2)], |_| {});
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 2)]);
    assert_eq!(states(&system), [S::Visible], "its answer shows it");
    system.pass(60);
    assert_eq!(system.told_etsy(), [told(NUMBER)]);
    assert_eq!((system.buyer_mails(ORDER), system.etsy_calls("createReceiptShipment")), (1, 1));
    quiet(&system);
}

#[test]
fn of_two_parcels_each_or_the_first_alone_is_told_as_the_merchant_chose() {
    for (chosen, want) in [(SeveralParcels::Each, 2), (SeveralParcels::First, 1)] {
        let system = started(|etsy| etsy.shipments.several_parcels = chosen);
        system.etsy_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |_| {});
        ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
        system.pass(10);
        ship(&system, "USPS", &[SECOND], &[("SHADE", 1)]);
        system.pass(30);
        assert_eq!(system.told_etsy(), [told(NUMBER), told(SECOND)][..want], "{chosen:?}");
        assert_eq!(system.buyer_mails(ORDER) as usize, want, "{chosen:?}");
        assert_eq!(states(&system)[0], S::Visible);
        assert_eq!(states(&system)[1], if want == 2 { S::Visible } else { S::NotOurs });
        quiet(&system);
    }
}

#[test]
fn none_is_told_before_the_last_has_left() {
    let system = started(|etsy| etsy.shipments.several_parcels = SeveralParcels::LastOrDeadline);
    system.etsy_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |_| {});
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    system.pass(90);
    assert_eq!((states(&system), system.buyer_mails(ORDER)), (vec![S::Planned], 0));
    ship(&system, "USPS", &[SECOND], &[("SHADE", 1)]);
    system.pass(20);
    assert_eq!(system.told_etsy(), [told(NUMBER), told(SECOND)]);
    assert_eq!(states(&system), [S::Visible, S::Visible]);
    quiet(&system);
}

#[test]
fn a_last_parcel_that_does_not_leave_is_not_waited_for_when_the_deadline_nears() {
    let system = started(|etsy| etsy.shipments.several_parcels = SeveralParcels::LastOrDeadline);
    let ship_by = system.now() + SignedDuration::from_hours(5);
    system.etsy_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |order| order.ship_by = Some(ship_by));
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    system.pass(50);
    assert_eq!(system.told_etsy(), []);
    system.pass(20);
    assert_eq!(system.told_etsy(), [told(NUMBER)], "four hours before the deadline");
    ship(&system, "USPS", &[SECOND], &[("SHADE", 1)]);
    system.pass(20);
    assert_eq!(system.told_etsy(), [told(NUMBER), told(SECOND)]);
    quiet(&system);
}

#[test]
fn a_first_parcel_that_waits_for_the_merchant_lets_the_next_be_told_in_its_place() {
    let system = started(|etsy| etsy.shipments.several_parcels = SeveralParcels::First);
    system.etsy_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |_| {});
    ship(&system, "Snail & Sons", &["SN123456"], &[("LAMP", 1)]);
    system.pass(10);
    assert_eq!((states(&system), system.subjects().len()), (vec![S::Held], 1));
    ship(&system, "USPS", &[SECOND], &[("SHADE", 1)]);
    system.pass(10);
    assert_eq!(system.told_etsy(), [told(SECOND)]);
    // The answer comes: nothing is left to be told.
    system.map_at_etsy("Snail & Sons", "usps");
    system.pass(90);
    assert_eq!((system.told_etsy(), system.buyer_mails(ORDER)), (vec![told(SECOND)], 1));
    assert_eq!(states(&system), [S::Visible, S::NotOurs]);
    assert!(system.subjects().last().is_some_and(|s| s.starts_with("Resolved")), "{:?}", system.subjects());
}

#[test]
fn a_first_parcel_that_is_refused_lets_the_next_be_told_in_its_place() {
    let system = started(|etsy| etsy.shipments.several_parcels = SeveralParcels::First);
    system.etsy_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |_| {});
    system.etsy_fault(1, Fault::Status { status: 400 });
    // Both leave before anybody looks: the second stands back for the first, until that is refused.
    let shipped = [(NUMBER, "LAMP"), (SECOND, "SHADE")].map(|(number, sku)| {
        system.clock.advance(std::time::Duration::from_secs(5));
        system.ship(&ORDER.to_string(), "USPS", &[number], &[(sku, 1)]).1
    });
    shipped.iter().for_each(|delivery| assert_eq!(system.post(delivery), 200));
    system.settle();
    system.pass(90);
    assert_eq!((system.told_etsy(), system.buyer_mails(ORDER)), (vec![told(SECOND)], 1));
    assert_eq!(states(&system), [S::Visible, S::NotOurs]);
}

#[test]
fn a_corrected_number_is_asked_about_with_the_steps_or_is_another_row_as_the_merchant_chose() {
    for corrections in [Corrections::Ask, Corrections::AnotherRow] {
        let system = started(|etsy| etsy.shipments.corrections = corrections);
        system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
        let fulfillment = ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
        system.pass(10);
        renumber(&system, fulfillment, SECOND);
        system.pass(60);
        if corrections == Corrections::Ask {
            assert_eq!(system.told_etsy(), [told(NUMBER)], "no second mail to the buyer");
            assert_eq!((states(&system), system.subjects().len()), (vec![S::Held], 1));
            let text = system.mail.sent()[0].text.clone();
            for words in ["Orders & Shipping", SECOND, "confirmed-by-hand"] {
                assert!(text.contains(words), "{words} is missing in\n{text}");
            }
        } else {
            assert_eq!(system.told_etsy(), [told(NUMBER), told(SECOND)]);
            assert_eq!((states(&system), system.buyer_mails(ORDER)), (vec![S::Visible], 2));
            quiet(&system);
        }
    }
}

#[test]
fn a_number_added_later_is_told_once() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    let fulfillment = ship(&system, "USPS", &[], &[("LAMP", 1)]);
    system.pass(30);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Held], vec![]));
    renumber(&system, fulfillment, NUMBER);
    system.pass(30);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    quiet(&system);
}

#[test]
fn a_parcel_without_a_number_goes_by_the_usual_call_where_etsy_wants_none() {
    for (to, want) in [("DE", S::Visible), ("US", S::Held), ("IN", S::Held)] {
        let system = started(|etsy| etsy.shipments.without_number = WithoutNumber::Send);
        system.etsy_order(ORDER, &[("LAMP", 1)], |order| order.country_iso = to.into());
        ship(&system, "USPS", &[], &[("LAMP", 1)]);
        system.pass(30);
        assert_eq!(states(&system), [want], "{to}");
        let calls = u64::from(want == S::Visible);
        assert_eq!(system.etsy_calls("createReceiptShipment"), calls, "{to}");
        assert_eq!(u64::from(system.buyer_mails(ORDER)), calls, "{to}");
        quiet(&system);
    }
}

#[test]
fn a_parcel_without_a_number_waits_for_one_until_the_deadline_nears() {
    for comes in [true, false] {
        let system = started(|etsy| etsy.shipments.without_number = WithoutNumber::SendNearDeadline);
        let ship_by = system.now() + SignedDuration::from_hours(5);
        system.etsy_order(ORDER, &[("LAMP", 1)], |order| {
            abroad(order);
            order.ship_by = Some(ship_by);
        });
        let fulfillment = ship(&system, "USPS", &[], &[("LAMP", 1)]);
        system.pass(45);
        assert_eq!((states(&system), system.told_etsy()), (vec![S::Held], vec![]));
        if comes {
            renumber(&system, fulfillment, NUMBER);
        }
        system.pass(30);
        let number = if comes { told(NUMBER) } else { (String::new(), String::new()) };
        assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![number]));
        quiet(&system);
    }
}

#[test]
fn a_number_that_comes_after_the_parcel_was_told_of_without_one_is_a_correction() {
    for corrections in [Corrections::Ask, Corrections::AnotherRow] {
        let system = started(|etsy| {
            etsy.shipments.without_number = WithoutNumber::Send;
            etsy.shipments.corrections = corrections;
        });
        system.etsy_order(ORDER, &[("LAMP", 1)], abroad);
        let fulfillment = ship(&system, "USPS", &[], &[("LAMP", 1)]);
        system.pass(10);
        assert_eq!(system.buyer_mails(ORDER), 1);
        renumber(&system, fulfillment, NUMBER);
        system.pass(30);
        let asks = corrections == Corrections::Ask;
        assert_eq!(states(&system), [if asks { S::Held } else { S::Visible }]);
        assert_eq!(system.buyer_mails(ORDER), if asks { 1 } else { 2 });
        assert_eq!(system.subjects().len(), usize::from(asks), "{:?}", system.subjects());
    }
}
