//! When a bulk is worth it.

use super::super::gather::Rates;
use super::*;
use crate::limits::{self, Needs};

#[test]
fn few_parcels_and_those_due_soon_are_not_worth_a_bulk() {
    // One in a hundred seconds: nine take a quarter of an hour.
    for (late, soon, begun) in [(8, 0, 0), (9, 0, 1), (8, 30, 0)] {
        let hall = Hall::with(late, soon);
        hall.consider();
        assert_eq!(hall.bulks().len(), begun, "{late} late, {soon} soon");
    }
}

#[test]
fn where_orders_are_to_be_read_first_the_rate_of_reads_counts() {
    let rates = Rates { confirm: 2.0, read: 0.5 };
    for (parcels, orders, to_read, seconds) in
        [(1_800, 1_800, 0.0, 900), (450, 450, 1.0, 900), (900, 900, 0.5, 900), (1_800, 100, 1.0, 900)]
    {
        assert_eq!(
            rates.one_by_one(parcels, orders, to_read).as_secs(),
            seconds,
            "{parcels} {orders} {to_read}"
        );
    }
    let unlimited = Rates { confirm: f64::INFINITY, read: f64::INFINITY };
    assert_eq!(unlimited.one_by_one(9_000, 9_000, 1.0).as_secs(), 0, "never worth a bulk");

    // One confirmation in a hundred seconds, one read a second: the sample tells how many have to be read.
    let hall = Hall::with(8, 0);
    hall.bench.clock.advance(Duration::from_secs(3600));
    hall.consider();
    assert_eq!(hall.bulks().len(), 0, "eight reads are soon done");
    *hall.market.slow_reads.lock().unwrap() = true;
    hall.bench.clock.advance(Duration::from_secs(61));
    hall.consider();
    assert_eq!(hall.bulks().len(), 1, "eight reads take longer than a bulk");
}

#[test]
fn where_nothing_can_go_in_after_all_another_is_begun_only_later() {
    let hall = Hall::with(20, 0);
    // Facts that are too old for a bulk: each order is to be read first.
    hall.bench.clock.advance(Duration::from_secs(7 * 3600));
    for (minutes, begun) in [(0, 1), (2, 1), (14, 2)] {
        hall.bench.clock.advance(Duration::from_secs(minutes * 60));
        hall.consider();
        hall.work();
        assert_eq!(hall.bulks().len(), begun, "after {minutes} more minutes");
        assert!(hall.bulks().iter().all(|bulk| !bulk.is_live() && bulk.messages == 0));
    }
    assert_eq!(hall.market.uploads.lock().unwrap().len(), 0);
}

#[test]
fn what_can_go_no_other_way_is_tried_again_sooner_and_its_order_read() {
    let hall = Hall::with(20, 0);
    let shop = hall.bench.store("m", "shop-2");
    let mut package = hall.parcel(&shop, 99, 8 * 3600, None);
    let at = at(1000);
    package.state = State::Planned { not_before: at, waiting: Waiting::Bulk };
    hall.bench.put(&package);
    // Facts that are too old for a bulk, and its own deadline an hour away.
    hall.bench.clock.advance(Duration::from_secs(7 * 3600));
    hall.consider();
    let mut looks = Vec::new();
    for _ in 0..4 {
        hall.bench.run(work(&hall.bench.world, &hall.account.account)).unwrap();
        looks.extend(hall.bench.looks());
    }
    assert!(
        looks.iter().any(|look| matches!(look, Look::Order { order } if *order == package.order)),
        "it is read: {looks:?}"
    );
    assert_eq!(hall.bulks().len(), 1);
    hall.bench.clock.advance(Duration::from_secs(120));
    hall.consider();
    assert_eq!(hall.bulks().len(), 1, "not at once");
    hall.bench.clock.advance(Duration::from_secs(240));
    hall.consider();
    assert_eq!(hall.bulks().len(), 2, "and before a quarter of an hour");
}

#[test]
fn orders_in_front_that_cannot_go_in_keep_nobody_out() {
    let hall = Hall::with(420, 0);
    hall.bench.clock.advance(Duration::from_secs(7 * 3600));
    // Of the last sixty, somebody has read since.
    for package in hall.packages.iter().skip(360) {
        let mut order = hall.bench.reload_order(&package.order);
        order.facts.as_mut().unwrap().read_at = hall.bench.world.now();
        hall.bench.put(&order);
    }
    hall.consider();
    hall.work();
    let BulkContent::Confirmations(sent) = hall.market.uploads.lock().unwrap()[0].clone() else { panic!() };
    assert_eq!(sent.len(), 60);
}

#[test]
fn parcels_that_wait_only_to_be_told_pass_those_that_wait_to_be_read() {
    let hall = Hall::with(1, 0);
    let shop = hall.bench.store("m", "shop-2");
    // More than a wake tries, all due sooner, and with facts that are too old to tell anything by.
    for n in 50..60 {
        let package = hall.parcel(&shop, n, 3_600, Some(format!("T{n}")));
        let mut order = hall.bench.reload_order(&package.order);
        order.facts.as_mut().unwrap().read_at = at(-9_000);
        order.waits_for_tokens = true;
        hall.bench.put(&order);
    }
    let (world, account) = (&hall.bench.world, &hall.account);
    let reads = Needs::of(account, market::LIMITS, &["read"]);
    hall.bench.run(limits::throttled(world, &reads, Some(Duration::from_secs(50)))).unwrap();
    hall.bench.run(wake::ensure(world, &account.account, world.now())).unwrap();
    for look in hall.bench.looks() {
        let Look::Wake { account, generation } = look else { continue };
        hall.bench.run(wake::work(world, &account, generation)).unwrap();
    }
    assert_eq!(*hall.market.confirms.lock().unwrap(), 1, "the only one that needs no read");
    assert_eq!(hall.bench.reload(&hall.packages[0]).state.name(), StateName::Accepted);
}
