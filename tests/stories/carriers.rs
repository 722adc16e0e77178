//! Which carrier a marketplace is told: what is held, what is sent, who is told, story by story.

use std::time::Duration;

use domain::carrier_policy::{CarrierPolicy, OnContradiction, OnUnknown};
use domain::connection::Connection;
use domain::state::StateName as S;
use futures::executor::block_on;
use jiff::SignedDuration;
use ports::Clock as _;
use sandbox::shopify::Delivery;
use workflow::mappings::{NewMapping, Place, set};

use crate::harness::{System, account, amazon_connection, shopify_connection};

const ORDER: &str = "111-2222222-3333333";
const UPS: &str = "1Z999AA10123456784";
const USPS: &str = "9400111899562537866361";
const SMART_POST: &str = "61299998820821171811";

type Shown = (String, String, u32, u32);

fn shown(number: &str, carrier: &str) -> Shown {
    (number.to_owned(), carrier.to_owned(), 1, 1)
}

/// A system whose account `amazon-us` has this policy, and an order to be shipped within eight hours.
fn with(policy: CarrierPolicy) -> System {
    let system = System::start();
    let account = Connection { carriers: policy, ..amazon_connection("amazon-us") };
    system.apply_all(&[shopify_connection(), account, amazon_connection("amazon-two")]);
    let ship_by = system.clock.now().checked_add(SignedDuration::from_hours(8)).unwrap();
    system.amazon_order("amazon-us", ORDER, &[("LAMP", 1)], |order| order.ship_by = Some(ship_by));
    system.shop_order(ORDER, "amazon-us", &[("LAMP", 1)]);
    system
}

fn ship(system: &System, carrier: &str, number: &str) {
    let (_, delivery): (_, Delivery) = system.ship(ORDER, carrier, &[number], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
}

#[test]
fn law_4_a_number_of_somebody_else_is_held_until_the_store_is_corrected() {
    let system = with(CarrierPolicy::default());
    let (fulfillment, delivery) = system.ship(ORDER, "UPS", &[USPS], &[("LAMP", 1)]);
    system.post(&delivery);
    system.settle();
    system.pass(30);
    assert_eq!(system.states(ORDER), [S::Held]);
    assert!(system.at_amazon(ORDER).is_empty());
    let mails = system.mail.sent();
    assert_eq!(mails.len(), 1, "{:?}", system.subjects());
    for words in [ORDER, "UPS", USPS, "check digit of USPS", "correct the carrier or the number", "send-once"]
    {
        assert!(mails[0].text.contains(words), "{words} is missing in\n{}", mails[0].text);
    }
    system.pass(1);
    let delivery = system.retrack(ORDER, fulfillment, "USPS", &[USPS]);
    system.post(&delivery);
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown(USPS, "USPS")]);
    assert_eq!(system.mail.sent().len(), 2, "resolved: {:?}", system.subjects());
}

#[test]
fn a_contradiction_goes_as_the_store_says_when_the_merchant_says_send_once() {
    let system = with(CarrierPolicy::default());
    ship(&system, "UPS", USPS);
    assert_eq!(system.states(ORDER), [S::Held]);
    let action = workflow::admin::HoldAction::SendOnce;
    block_on(workflow::admin::hold(&system.world, ORDER, None, &action)).unwrap();
    system.settle();
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown(USPS, "UPS")]);
}

#[test]
fn partners_and_brands_of_one_house_never_contradict() {
    for (carrier, number, code) in [
        ("FedEx", SMART_POST, "FedEx"),
        ("FedEx SmartPost", SMART_POST, "FedEx SmartPost"),
        ("USPS", USPS, "USPS"),
        ("UPS Mail Innovations", USPS, "UPS Mail Innovations"),
        ("DHL eCommerce", USPS, "DHL eCommerce"),
        ("OSM Worldwide", USPS, "OSM"),
    ] {
        let system = with(CarrierPolicy::default());
        ship(&system, carrier, number);
        system.pass(5);
        assert_eq!(system.at_amazon(ORDER), [shown(number, code)], "{carrier}");
        assert!(system.subjects().is_empty(), "{carrier}: {:?}", system.subjects());
    }
}

#[test]
fn with_warn_it_is_sent_at_once_and_told_once_with_ignore_only_the_history_knows() {
    for (contradiction, mails) in [(OnContradiction::Warn, 1), (OnContradiction::Ignore, 0)] {
        let system = with(CarrierPolicy { contradiction, ..CarrierPolicy::default() });
        ship(&system, "UPS", USPS);
        system.pass(90);
        assert_eq!(system.at_amazon(ORDER), [shown(USPS, "UPS")], "{contradiction:?}");
        assert_eq!(system.states(ORDER), [S::Visible]);
        assert_eq!(system.mail.sent().len(), mails, "{contradiction:?}: {:?}", system.subjects());
        for mail in system.mail.sent() {
            for words in ["check digit of USPS", "as you chose in the settings", USPS] {
                assert!(mail.text.contains(words), "{words} is missing in\n{}", mail.text);
            }
        }
        let told = block_on(workflow::admin::explain(&system.world, ORDER)).unwrap();
        assert!(format!("{told:?}").contains("sent all the same"), "{contradiction:?}");
        system.pass(60 * 24);
        assert_eq!(system.mail.sent().len(), mails, "never again: {:?}", system.subjects());
    }
}

#[test]
fn near_the_deadline_the_last_resort_sends_what_was_held() {
    let policy = CarrierPolicy {
        last_resort_before: Duration::from_secs(2 * 3600),
        last_resort_contradiction: OnContradiction::Warn,
        last_resort_unknown: OnUnknown::Other,
        ..CarrierPolicy::default()
    };
    for (carrier, number, want) in
        [("UPS", USPS, shown(USPS, "UPS")), ("Snail & Sons", "SN123456", shown("SN123456", "Other"))]
    {
        let system = with(policy.clone());
        ship(&system, carrier, number);
        system.pass(5 * 60 + 50);
        assert_eq!(system.states(ORDER), [S::Held], "{carrier}");
        assert!(system.at_amazon(ORDER).is_empty(), "{carrier}");
        system.pass(15);
        assert_eq!(system.at_amazon(ORDER), [want], "{carrier}");
        assert_eq!(system.states(ORDER), [S::Visible], "{carrier}");
    }
}

#[test]
fn without_a_last_resort_what_is_held_stays_held_past_its_deadline() {
    let system = with(CarrierPolicy::default());
    ship(&system, "UPS", USPS);
    system.pass(60 * 12);
    assert_eq!(system.states(ORDER), [S::Held]);
    assert!(system.at_amazon(ORDER).is_empty());
}

#[test]
fn an_unknown_carrier_goes_as_other_at_once_only_where_the_merchant_chose_it() {
    let system = with(CarrierPolicy { unknown: OnUnknown::Other, ..CarrierPolicy::default() });
    ship(&system, "Snail & Sons", "SN123456");
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER), [shown("SN123456", "Other")]);
    let record = system.wire.amazon.lock().unwrap().record();
    assert_eq!(record.packages[0].content.carrier_name.as_deref(), Some("Snail & Sons"));
}

#[test]
fn a_store_that_names_no_carrier_is_settled_by_a_number_that_can_be_one_carriers_only() {
    for (number, want) in [(UPS, vec![shown(UPS, "UPS")]), ("123456789012", vec![])] {
        let system = with(CarrierPolicy::default());
        ship(&system, "Other", number);
        system.pass(5);
        assert_eq!(system.at_amazon(ORDER), want, "{number}");
    }
}

#[test]
fn law_3_one_pattern_or_profile_releases_all_that_waits_for_it_once_each() {
    let merchant = account("amazon-us").merchant;
    for (way, place, text) in [
        ("pattern", None, "snail *"),
        ("profile", Some(Place::profile(merchant.clone(), "amazon", "east")), "Snail & Sons"),
        ("marketplace", Some(Place::marketplace(merchant, "amazon")), "snail  AND sons"),
    ] {
        let system = with(CarrierPolicy { profile: Some("east".into()), ..CarrierPolicy::default() });
        let mut orders = vec![ORDER.to_owned()];
        ship(&system, "Snail & Sons", "SN0");
        for n in 1..12 {
            let id = format!("111-2222222-{n:07}");
            system.order(&id, &[("LAMP", 1)]);
            let (_, delivery) = system.ship(&id, "Snail & Sons", &[&format!("SN{n}")], &[("LAMP", 1)]);
            system.post(&delivery);
            orders.push(id);
        }
        system.settle();
        let how = if way == "pattern" { carriers::How::Pattern } else { carriers::How::Folded };
        let text = if way == "marketplace" { "SNAIL  &  sons" } else { text };
        let place = place.unwrap_or_else(|| Place::account(&system.world, &amazon_connection("amazon-us")));
        let new = NewMapping { text: text.into(), how, code: "4PX".into(), ..NewMapping::default() };
        block_on(set(system.world.ledger.as_ref(), &place, new, "a test", system.clock.now())).unwrap();
        system.answered();
        system.settle();
        system.pass(5);
        for (n, id) in orders.iter().enumerate() {
            assert_eq!(system.at_amazon(id), [shown(&format!("SN{n}"), "4PX")], "{way} {id}");
        }
    }
}
