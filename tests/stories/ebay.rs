//! How parcels travel to eBay, judged by its own record.

use connector_api::Outcome;
use domain::carrier_policy::OnRefused;
use domain::state::StateName as S;
use futures::executor::block_on;
use jiff::SignedDuration;
use sandbox::ebay::{NewFulfillment, OrderChange, Settings};
use sandbox::faults::{Fault, Planned};
use sandbox::shopify::TrackingSpec;
use serde_json::json;
use workflow::admin::{Instruments, WebhookAddresses, doctor};

use crate::harness::{EBAY, SHOP, System, account};

const ORDER: &str = "14-00001-00001";
const NUMBER: &str = "9400111899223197428490";

fn told(number: &str, carrier: &str) -> (String, String) {
    (number.to_owned(), carrier.to_owned())
}

fn change(system: &System, change: OrderChange) {
    system.wire.ebay.lock().unwrap().change_order(system.now(), ORDER, change).unwrap();
}

fn settings(system: &System, settings: Settings) {
    system.wire.ebay.lock().unwrap().set_settings(settings);
}

/// The next confirmations go wrong.
fn fault(system: &System, times: u32, fault: Fault) {
    let operation = "createShippingFulfillment".to_owned();
    system.wire.ebay.lock().unwrap().plan_fault(Planned { operation, account: None, times, fault });
}

/// The shop ships all of it.
fn ship(system: &System, carrier: &str, number: &str, lines: &[(&str, u32)]) -> u64 {
    let (fulfillment, delivery) = system.ship(ORDER, carrier, &[number], lines);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    fulfillment
}

#[test]
fn a_parcel_is_told_in_letters_and_digits_once_and_visible() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 2)], |_| {});
    ship(&system, "USPS", "9400 1118-9922 3197 4284 90", &[("LAMP", 2)]);
    system.pass(30);
    assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")]);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.packages(ORDER)[0].their_reference.as_deref(), Some(NUMBER), "eBay's own id of it");
    assert_eq!(system.subjects(), Vec::<String>::new());
}

#[test]
fn a_line_in_two_parcels_is_held_and_the_merchant_told_how_to_enter_both() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 2), ("SHADE", 1)], |_| {});
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(20);
    assert_eq!(system.told_ebay(), []);
    assert_eq!(system.states(ORDER), [S::Held]);
    let mails = system.mail.sent();
    assert_eq!(mails.len(), 1, "{:?}", system.subjects());
    assert!(mails[0].text.contains("Seller Hub"), "{}", mails[0].text);
    // The line that is whole goes its way.
    ship(&system, "USPS", "9400111899223197428506", &[("SHADE", 1)]);
    system.pass(20);
    assert_eq!(system.told_ebay(), [told("9400111899223197428506", "USPS")]);
}

#[test]
fn a_success_that_was_not_seen_is_found_by_reading_and_never_repeated() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    fault(&system, 1, Fault::LoseAnswer);
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(30);
    assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")]);
    assert_eq!(system.ebay_calls("createShippingFulfillment"), 1);
    assert_eq!(system.states(ORDER), [S::Visible]);
    assert_eq!(system.subjects(), Vec::<String>::new());
}

#[test]
fn a_conflict_after_an_unseen_success_ends_visible_with_one_package() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    // The first call is applied and its answer lost; reads show it only after the second was refused with 409.
    settings(&system, Settings { repeats_conflict: true, shows_after_seconds: 600, ..Settings::default() });
    fault(&system, 1, Fault::LoseAnswer);
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(90);
    assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")]);
    assert!(system.ebay_calls("createShippingFulfillment") > 1, "it was repeated, and refused with 409");
    assert_eq!(system.states(ORDER), [S::Visible]);
}

#[test]
fn a_refused_carrier_goes_once_more_as_other_only_if_the_merchant_lets_it() {
    for lets in [true, false] {
        let system = System::with_ebay(|connection| {
            connection.carriers.refused = if lets { OnRefused::Other } else { OnRefused::Ask };
        });
        settings(&system, Settings { refused_carriers: vec!["USPS".into()], ..Settings::default() });
        system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
        ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
        system.pass(30);
        if lets {
            assert_eq!(system.told_ebay(), [told(NUMBER, "Other")]);
            assert_eq!(system.ebay_calls("createShippingFulfillment"), 2);
            assert_eq!(system.states(ORDER), [S::Visible]);
        } else {
            assert_eq!(system.told_ebay(), []);
            assert_eq!(system.states(ORDER), [S::Rejected]);
            assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
        }
    }
}

#[test]
fn a_parcel_to_ebays_hub_is_told_and_what_ebay_ships_or_labels_is_not_ours() {
    let hub = json!({ "ebayInternationalShipping": { "returnsManagedBy": "EBAY" } });
    let by_ebay = json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } });
    let label = json!({ "ebayShipping": { "shippingLabelProvidedBy": "EBAY" } });
    for (program, want) in [(hub, S::Visible), (by_ebay, S::NotOurs), (label, S::NotOurs)] {
        let system = System::with_ebay(|_| {});
        system.ebay_order(ORDER, &[("LAMP", 1)], |order| {
            order.to_hub = program.get("ebayInternationalShipping").is_some();
            order.program = Some(program.clone());
        });
        ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
        system.pass(30);
        assert_eq!(system.states(ORDER), [want], "{program}");
        assert_eq!(system.told_ebay().len(), usize::from(want == S::Visible), "{program}");
    }
}

#[test]
fn an_unpaid_order_waits_and_goes_when_a_poll_shows_it_paid() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |order| order.payment_status = "PENDING".into());
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(20);
    assert_eq!((system.states(ORDER), system.told_ebay().len()), (vec![S::Held], 0));
    change(&system, OrderChange { payment_status: Some("PAID".into()), ..OrderChange::default() });
    system.pass(30);
    assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")]);
    assert_eq!(system.states(ORDER), [S::Visible]);
}

#[test]
fn a_cancel_request_is_mailed_and_holds_no_parcel_back_that_has_left() {
    for before in [true, false] {
        let system = System::with_ebay(|_| {});
        system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
        let ask = || OrderChange { cancel_state: Some("IN_PROGRESS".into()), ..OrderChange::default() };
        if before {
            change(&system, ask());
            system.pass(10);
            ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
        } else {
            ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
            system.pass(10);
            change(&system, ask());
        }
        system.pass(30);
        assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")], "{before}");
        assert!(!system.subjects().is_empty(), "{before}: the merchant hears of the request");
    }
}

#[test]
fn a_cancelled_order_is_never_confirmed() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |order| order.cancel_state = "CANCELED".into());
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(20);
    assert_eq!(system.told_ebay(), []);
    assert_eq!(system.ebay_calls("createShippingFulfillment"), 0);
}

#[test]
fn failure_20_a_missing_scope_stops_confirmations_with_one_mail_and_no_loop() {
    let system = System::with_ebay(|_| {});
    let readonly = Some(vec!["sell.fulfillment.readonly".to_owned()]);
    system.wire.ebay.lock().unwrap().restore("ebay-us", None, readonly).unwrap();
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(120);
    assert_eq!(system.states(ORDER), [S::Held]);
    assert!(system.ebay_calls("createShippingFulfillment") <= 2, "no loop");
    assert!(system.ebay_calls("getOrders") > 10, "orders are still read");
    let mails = system.mail.sent();
    assert!(!mails.is_empty() && mails.len() <= 2, "{:?}", system.subjects());
}

#[test]
fn law_5_what_was_accepted_and_forgotten_is_noticed_mailed_and_never_repeated() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    fault(&system, 1, Fault::AcceptAndForget);
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    assert_eq!(system.states(ORDER), [S::Accepted]);
    system.pass(120);
    assert_eq!((system.states(ORDER), system.told_ebay()), (vec![S::Missing], vec![]));
    assert_eq!(system.ebay_calls("createShippingFulfillment"), 1);
    assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
}

#[test]
fn being_throttled_spends_no_attempt_and_no_mail() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    fault(&system, 3, Fault::Throttle { retry_after: Some(60) });
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    assert_eq!(system.told_ebay(), []);
    system.pass(30);
    assert_eq!((system.states(ORDER), system.told_ebay()), (vec![S::Visible], vec![told(NUMBER, "USPS")]));
    assert_eq!(system.packages(ORDER)[0].attempts, 1);
    assert_eq!(system.subjects(), Vec::<String>::new());
}

#[test]
fn law_4_a_revoked_authorisation_parks_the_account_with_one_mail_until_it_is_connected_again() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    system.pass(5);
    system.wire.ebay.lock().unwrap().revoke(EBAY).unwrap();
    ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(180);
    assert_eq!(system.told_ebay(), []);
    assert_eq!(system.subjects().len(), 1, "{:?}", system.subjects());
    assert!(system.ebay_calls("token") <= 3, "no loop: {}", system.ebay_calls("token"));
    system.wire.ebay.lock().unwrap().restore(EBAY, Some("refresh-again".into()), None).unwrap();
    system.authorise_ebay("refresh-again");
    system.resume(EBAY);
    system.settle();
    system.pass(30);
    assert_eq!((system.states(ORDER), system.told_ebay()), (vec![S::Visible], vec![told(NUMBER, "USPS")]));
}

#[test]
fn an_order_told_by_hand_is_done_with_the_same_number_and_a_conflict_with_another() {
    for (number, want, mails) in [(NUMBER, S::NotOurs, 0), ("9400111899223197428506", S::Conflict, 1)] {
        let system = System::with_ebay(|_| {});
        system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
        let (carrier_code, tracking_number) = (Some("USPS".into()), Some(number.into()));
        let by_hand = NewFulfillment { carrier_code, tracking_number, shipped_date: None, lines: None };
        change(&system, OrderChange { fulfillment: Some(by_hand), ..OrderChange::default() });
        ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
        system.pass(60);
        assert_eq!(system.states(ORDER), [want], "{number}");
        assert_eq!(system.ebay_calls("createShippingFulfillment"), 0, "{number}");
        assert_eq!(system.subjects().len(), mails, "{:?}", system.subjects());
    }
}

#[test]
fn a_number_that_changed_after_the_confirmation_is_asked_about_with_the_steps() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1)], |_| {});
    let fulfillment = ship(&system, "USPS", NUMBER, &[("LAMP", 1)]);
    system.pass(10);
    assert_eq!(system.states(ORDER), [S::Visible]);
    system.clock.advance(std::time::Duration::from_secs(60));
    let corrected =
        TrackingSpec { numbers: vec!["9400111899223197428506".into()], company: Some("USPS".into()) };
    let update = system
        .wire
        .shopify
        .lock()
        .unwrap()
        .update_tracking(system.now(), SHOP, system.shop_id(ORDER), fulfillment, corrected)
        .unwrap();
    system.post(&update);
    system.settle();
    system.pass(20);
    assert_eq!(system.told_ebay(), [told(NUMBER, "USPS")], "never told of twice");
    assert_eq!(system.states(ORDER), [S::Held]);
    let mails = system.mail.sent();
    assert!(
        mails.iter().any(|mail| mail.text.contains("Add/Edit tracking number")),
        "{:?}",
        system.subjects()
    );
}

#[test]
fn two_numbers_in_one_text_never_become_one() {
    let system = System::with_ebay(|_| {});
    system.ebay_order(ORDER, &[("LAMP", 1), ("SHADE", 1)], |_| {});
    let (_, delivery) = system.ship(
        ORDER,
        "USPS",
        &["9400111899223197428490, 9400111899223197428506"],
        &[("LAMP", 1), ("SHADE", 1)],
    );
    system.post(&delivery);
    system.settle();
    system.pass(20);
    assert!(system.told_ebay().iter().all(|(number, _)| number.len() == 22), "{:?}", system.told_ebay());
}

#[test]
fn doctor_asks_for_the_day_on_which_the_authorisation_ends_until_the_settings_name_it() {
    let system = System::with_ebay(|_| {});
    let key = signatures::RouteKey::new("route key of the tests, long enough".to_owned().into()).unwrap();
    let addresses = WebhookAddresses::new(Some("https://parcels.example.com"), key, false).unwrap();
    let expiry = || {
        let with =
            Instruments { addresses: &addresses, webhook_secrets: system.credentials.as_ref(), further: &[] };
        let report = block_on(doctor(&system.world, with, None)).unwrap();
        let checks = report.connections.into_iter().flat_map(|one| one.checks);
        checks.filter(|check| check.check == "expiry").map(|check| check.outcome).collect::<Vec<_>>()
    };
    assert_eq!(expiry(), [Outcome::ByHand]);
    let ends = system.now() + SignedDuration::from_hours(24 * 400);
    let of = account("ebay-us");
    block_on(system.world.change_connection(&of, |state| state.credentials_expire_at = Some(ends))).unwrap();
    assert_eq!(expiry(), [Outcome::Good], "told once, and by us");
}
