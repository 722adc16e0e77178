//! What calls about bulks spend of limits, and what their answers tell of them.

use super::*;
use crate::limits::{self, Needs, Purpose};

#[test]
fn every_answer_about_a_bulk_tells_of_its_limit() {
    let hall = Hall::with(20, 0);
    *hall.market.limited.lock().unwrap() = true;
    *hall.market.told_rate.lock().unwrap() = Some(0.75);
    hall.market
        .refuses
        .lock()
        .unwrap()
        .extend([(Failure::Retryable { reached: Reached::Maybe, after: None }, false)]);
    hall.done(&[], 20);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Accepted, 20));
    for operation in ["upload", "submit", "progress", "report", "listed"] {
        let key = ItemKey::bucket(&hall.account.account, operation);
        let bucket = hall.bench.run(hall.bench.ledger.get(&key)).unwrap().unwrap();
        assert!(bucket.body.contains("\"told\":0.75"), "{operation}: {}", bucket.body);
    }
}

#[test]
fn each_page_of_a_list_spends_a_call_of_its_own() {
    let hall = Hall::with(20, 0);
    *hall.market.limited.lock().unwrap() = true;
    *hall.market.pages.lock().unwrap() = 2;
    hall.market
        .refuses
        .lock()
        .unwrap()
        .push((Failure::Retryable { reached: Reached::Maybe, after: None }, true));
    hall.done(&[], 20);
    hall.consider();
    hall.work();
    // Of the three calls that are allowed at once, one is left.
    let (world, account) = (&hall.bench.world, &hall.account);
    hall.bench.clock.advance(Duration::from_secs(31));
    let two = Needs::of(account, market::LIMITS, &["listed", "listed"]);
    assert_eq!(hall.bench.run(limits::take(world, &two, Purpose::Work)).unwrap(), limits::Taken::All);
    hall.work();
    assert_eq!(*hall.market.listings.lock().unwrap(), 1);
    assert!(matches!(hall.bulks()[0].state, BulkState::Doubt { .. }), "half a list proves nothing");
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Accepted, 20));
}
