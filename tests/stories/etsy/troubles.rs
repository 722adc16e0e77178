//! What goes wrong at Etsy, and what the merchant and the buyer hear of it.

use futures::executor::block_on;
use sandbox::etsy::{NewRow, ReceiptChange, Spoil, Spoiled};
use workflow::admin;

use super::*;
use crate::harness::{ETSY, ETSY_SHOP};

const SHIP: &str = "createReceiptShipment";

/// Told by hand or by another tool.
fn by_hand(system: &System, number: &str) {
    let row = NewRow { tracking_code: Some(number.into()), carrier_name: Some("usps".into()) };
    system.change_receipt(ORDER, ReceiptChange { row: Some(row), ..ReceiptChange::default() });
}

#[test]
fn law_2_a_lost_answer_is_settled_by_reading_and_the_buyer_mailed_once() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    system.etsy_fault(1, Fault::LoseAnswer);
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    assert_eq!(states(&system), [S::Doubt]);
    system.pass(30);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    assert_eq!((system.buyer_mails(ORDER), system.etsy_calls(SHIP)), (1, 1));
    quiet(&system);
}

#[test]
fn law_2_a_lost_answer_about_a_parcel_without_a_number_is_never_repeated() {
    let system = started(|etsy| etsy.shipments.without_number = WithoutNumber::Send);
    system.etsy_order(ORDER, &[("LAMP", 1)], abroad);
    system.etsy_fault(1, Fault::LoseAnswer);
    ship(&system, "USPS", &[], &[("LAMP", 1)]);
    system.pass(180);
    assert_eq!((system.buyer_mails(ORDER), system.etsy_calls(SHIP)), (1, 1));
}

#[test]
fn law_2_a_call_that_never_arrived_is_made_again_once_a_read_settled_it() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    system.etsy_fault(1, Fault::CutBefore);
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    system.pass(1);
    assert_eq!(
        (states(&system), system.etsy_calls(SHIP)),
        (vec![S::Doubt], 1),
        "so early a read proves nothing"
    );
    system.pass(20);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    quiet(&system);
}

#[test]
fn a_success_without_our_number_is_mailed_at_once_and_never_repeated() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    system.etsy_fault(1, Fault::AcceptAndForget);
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    assert_eq!((states(&system), system.subjects().len()), (vec![S::Missing], 1), "{:?}", system.subjects());
    system.pass(240);
    assert_eq!((states(&system), system.subjects().len()), (vec![S::Missing], 1), "{:?}", system.subjects());
    assert_eq!((system.buyer_mails(ORDER), system.etsy_calls(SHIP)), (1, 1));
    // The merchant enters the number: seen, and the matter is over.
    by_hand(&system, NUMBER);
    system.pass(8 * 60);
    assert_eq!((states(&system), system.etsy_calls(SHIP)), (vec![S::Visible], 1));
    assert!(system.subjects().last().is_some_and(|s| s.starts_with("Resolved")), "{:?}", system.subjects());
}

#[test]
fn a_success_that_leaves_its_parcels_out_is_read() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    let spoiled = Spoiled { operation: SHIP.into(), how: Spoil::NoShipments, times: 1 };
    system.wire.etsy.lock().unwrap().spoil(spoiled);
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    assert_eq!(states(&system), [S::Accepted]);
    system.pass(10);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    quiet(&system);
}

#[test]
fn closed_access_is_one_mail_and_no_loop_and_orders_are_still_read() {
    let system = started(|_| {});
    system.wire.etsy.lock().unwrap().set_access(ETSY_SHOP, true).unwrap();
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    let reads = |system: &System| system.etsy_calls("getShopReceipts");
    let before = reads(&system);
    system.pass(180);
    assert_eq!((states(&system), system.etsy_calls(SHIP)), (vec![S::Held], 1));
    assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
    assert!(system.mail.sent()[0].text.contains("confirm this order in your seller account"));
    assert!(reads(&system) > before + 30, "{} reads", reads(&system) - before);
    // Another order makes no call either; when Etsy lets the app in again, both go.
    let other = ORDER + 1;
    system.etsy_order(other, &[("LAMP", 1)], |_| {});
    let (_, delivery) = system.ship(&other.to_string(), "USPS", &[SECOND], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.pass(30);
    assert_eq!(system.etsy_calls(SHIP), 1);
    system.wire.etsy.lock().unwrap().set_access(ETSY_SHOP, false).unwrap();
    block_on(admin::resume(&system.world, ETSY)).unwrap();
    system.settle();
    system.pass(30);
    let mut all = system.told_etsy();
    all.sort();
    assert_eq!(all, [told(NUMBER), told(SECOND)]);
    assert_eq!((system.buyer_mails(ORDER), system.buyer_mails(other)), (1, 1));
}

#[test]
fn an_order_told_by_hand_is_done_with_the_same_number_and_a_conflict_with_another() {
    for (number, want, mails) in [(NUMBER, S::NotOurs, 0), (SECOND, S::Conflict, 1)] {
        let system = started(|_| {});
        system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
        by_hand(&system, number);
        ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
        system.pass(60);
        assert_eq!((states(&system), system.etsy_calls(SHIP)), (vec![want], 0), "{number}");
        assert_eq!(system.subjects().len(), mails, "{:?}", system.subjects());
    }
}

#[test]
fn being_throttled_spends_no_attempt_and_no_mail() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    system.etsy_fault(3, Fault::Throttle { retry_after: Some(60) });
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    assert_eq!(system.told_etsy(), []);
    system.pass(30);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    assert_eq!(system.packages(&ORDER.to_string())[0].attempts, 1);
    quiet(&system);
}

#[test]
fn law_4_a_revoked_authorisation_parks_the_shop_with_one_mail_until_it_is_connected_again() {
    let system = started(|_| {});
    system.etsy_order(ORDER, &[("LAMP", 1)], |_| {});
    system.pass(5);
    system.wire.etsy.lock().unwrap().revoke(ETSY_SHOP).unwrap();
    ship(&system, "USPS", &[NUMBER], &[("LAMP", 1)]);
    system.pass(180);
    assert_eq!(system.told_etsy(), []);
    assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
    assert!(system.etsy_calls("token") <= 3, "no loop: {}", system.etsy_calls("token"));
    let token = "87654321.refresh-again";
    system.wire.etsy.lock().unwrap().restore(system.now(), ETSY_SHOP, token.into()).unwrap();
    system.authorise_etsy(token);
    system.resume(ETSY);
    system.settle();
    system.pass(30);
    assert_eq!((states(&system), system.told_etsy()), (vec![S::Visible], vec![told(NUMBER)]));
    assert_eq!(system.buyer_mails(ORDER), 1);
}
