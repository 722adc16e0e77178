//! When a bulk is worth it.

use super::super::gather::Rates;
use super::*;

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
