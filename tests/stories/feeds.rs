//! Many parcels of one Amazon account, and those without a number: by feed.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::connection::Connection;
use domain::package::Package;
use domain::shipment_policy::WithoutNumber;
use domain::state::StateName as S;
use sandbox::amazon::{By, FeedEnd, FeedPlan, RefusedMessage, seller_id};
use sandbox::faults::{Fault, Planned};

use crate::harness::{System, amazon_connection, shopify_connection};

const UPS: &str = "1Z999AA10123456784";

/// The account with its seller id, so that feeds can be made for it.
fn with_feeds() -> Connection {
    let mut connection = amazon_connection("amazon-us");
    connection.options.insert("seller_id".into(), seller_id("amazon-us"));
    connection
}

fn id(n: usize) -> String {
    format!("111-{n:07}-0000000")
}

impl System {
    /// Orders that Amazon's lists have told of.
    fn orders(&self, count: usize) {
        for n in 0..count {
            self.order(&id(n), &[("LAMP", 1)]);
        }
        let pages = u64::try_from(count.div_ceil(100)).unwrap();
        // Twenty pages at once, then one in three minutes.
        self.pass(6 + 3 * pages.saturating_sub(20));
    }

    /// A warehouse's morning: five hundred leave each minute.
    fn ship_all(&self, count: usize) {
        for n in 0..count {
            let number = format!("T{n:08}");
            let (_, delivery) = self.ship(&id(n), "Yanwen", &[&number], &[("LAMP", 1)]);
            assert_eq!(self.post(&delivery), 200);
            if n % 500 == 499 {
                self.pass(1);
            }
        }
        self.settle();
    }

    fn counts(&self, count: usize) -> BTreeMap<S, usize> {
        let mut counts = BTreeMap::new();
        for item in self.ledger.items().iter().filter(|item| item.key.sk.starts_with("P#")) {
            let package: Package = serde_json::from_str(&item.body).unwrap();
            *counts.entry(package.state.name()).or_default() += 1;
        }
        assert_eq!(counts.values().sum::<usize>(), count);
        counts
    }
}

#[test]
fn five_thousand_parcels_go_by_feed_and_three_refused_lines_are_three_alerts() {
    let count = 5_000;
    let system = System::start();
    // Rates fill while calls are on their way: a story whose time stands still meanwhile would wait for its own steps.
    *system.wire.latency.lock().unwrap() = Duration::from_millis(100);
    system.apply_all(&[shopify_connection(), with_feeds()]);
    system.orders(count);
    let refuse = [3, 100, 300].map(|message| RefusedMessage {
        message,
        code: "18028".to_owned(),
        words: "The order is on hold".to_owned(),
    });
    let plan = FeedPlan { refuse: refuse.into(), gzip: true, seconds: Some(300), ..FeedPlan::default() };
    system.wire.amazon.lock().unwrap().plan_feed(plan);
    system.ship_all(count);
    system.pass(30);
    // What leaves while a feed is underway waits for the next one, or is told one by one.
    for _ in 0..8 {
        if system.wire.amazon.lock().unwrap().record().effects.len() >= count - 3 {
            break;
        }
        system.pass(30);
    }

    let record = system.wire.amazon.lock().unwrap().record();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for effect in &record.effects {
        *told.entry(effect.order.as_str()).or_default() += 1;
    }
    assert_eq!((told.len(), told.values().max()), (count - 3, Some(&1)), "each once");
    let by_feed = record.packages.iter().filter(|package| package.by == By::Feed).count();
    assert!(by_feed > count / 2, "{by_feed} by feed");
    assert!(record.calls.get("createFeed").copied() <= Some(5), "{:?}", record.calls);
    assert_eq!(record.leaks, 0, "no token goes to the storage");
    let counts = system.counts(count);
    assert_eq!(counts.get(&S::Rejected), Some(&3), "{counts:?}");
    assert_eq!(
        counts.get(&S::Accepted).copied().unwrap_or(0) + counts.get(&S::Visible).copied().unwrap_or(0),
        count - 3,
        "{counts:?}"
    );
    let alerts: usize = system
        .ledger
        .items()
        .iter()
        .filter(|item| item.key.sk.starts_with("P#"))
        .map(|item| serde_json::from_str::<Package>(&item.body).unwrap())
        .map(|package| package.alerts.all().iter().filter(|a| a.cause.starts_with("rejected:")).count())
        .sum();
    assert_eq!(alerts, 3, "each an alert");
    let mails: String = system.mail.sent().into_iter().map(|mail| mail.text).collect();
    assert!(mails.contains("The order is on hold"), "in Amazon's words: {mails}");
}

#[test]
fn a_parcel_without_a_number_goes_by_feed_and_is_corrected_under_amazons_own_reference() {
    let system = System::start();
    let mut account = with_feeds();
    account.shipments.without_number = WithoutNumber::Send;
    system.apply_all(&[shopify_connection(), account]);
    system.order(&id(1), &[("LAMP", 1)]);
    let (fulfillment, delivery) = system.ship(&id(1), "UPS", &[], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(60);
    assert_eq!(system.states(&id(1)), [S::Visible]);
    let packages = system.wire.amazon.lock().unwrap().record().packages;
    let [package] = packages.as_slice() else { panic!("{packages:?}") };
    assert_eq!(
        (package.reference.as_str(), package.by, package.content.carrier_code.as_str()),
        ("1", By::Feed, "UPS")
    );
    assert_eq!(package.content.tracking_number, "");

    // The number comes later: it is told of the same package, by the usual call.
    let delivery = system.retrack(&id(1), fulfillment, "UPS", &[UPS]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(10);
    let packages = system.wire.amazon.lock().unwrap().record().packages;
    let [package] = packages.as_slice() else { panic!("a phantom parcel: {packages:?}") };
    assert_eq!((package.reference.as_str(), package.content.tracking_number.as_str()), ("1", UPS));
    assert_eq!(system.states(&id(1)), [S::Visible]);
}

#[test]
fn law_3_without_a_seller_id_a_parcel_without_a_number_is_told_with_the_reason() {
    let system = System::start();
    let mut account = amazon_connection("amazon-us");
    account.shipments.without_number = WithoutNumber::Send;
    system.apply_all(&[shopify_connection(), account]);
    system.order(&id(1), &[("LAMP", 1)]);
    let (_, delivery) = system.ship(&id(1), "UPS", &[], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(30);
    assert_eq!(system.states(&id(1)), [S::Rejected]);
    let mails: String = system.mail.sent().into_iter().map(|mail| mail.text).collect();
    assert!(mails.contains("seller_id"), "{mails}");
    assert!(!system.wire.amazon.lock().unwrap().record().calls.contains_key("createFeedDocument"));
}

#[test]
fn law_2_a_feed_whose_answer_was_lost_and_one_that_was_given_up_tell_each_parcel_once() {
    for (what, fault, end) in [
        ("applied, the answer lost", Some(Fault::LoseAnswer), FeedEnd::Done),
        ("never made", Some(Fault::CutBefore), FeedEnd::Done),
        ("given up half way", None, FeedEnd::Fatal),
        ("cancelled", None, FeedEnd::Cancelled),
    ] {
        let system = System::start();
        let mut account = with_feeds();
        account.shipments.without_number = WithoutNumber::Send;
        system.apply_all(&[shopify_connection(), account]);
        for n in 0..4 {
            system.order(&id(n), &[("LAMP", 1)]);
            let (_, delivery) = system.ship(&id(n), "UPS", &[], &[("LAMP", 1)]);
            assert_eq!(system.post(&delivery), 200);
        }
        {
            let mut amazon = system.wire.amazon.lock().unwrap();
            amazon.plan_feed(FeedPlan { end, ..FeedPlan::default() });
            if let Some(fault) = fault {
                amazon.plan_fault(Planned { operation: "createFeed".into(), account: None, times: 1, fault });
            }
        }
        system.settle();
        system.pass(240);
        let record = system.wire.amazon.lock().unwrap().record();
        let packages: Vec<&str> = record.packages.iter().map(|package| package.order.as_str()).collect();
        assert_eq!(packages, [id(0), id(1), id(2), id(3)], "{what}");
        assert_eq!(record.effects.len(), 4, "{what}");
        for n in 0..4 {
            assert_eq!(system.states(&id(n)), [S::Visible], "{what}");
        }
    }
}
