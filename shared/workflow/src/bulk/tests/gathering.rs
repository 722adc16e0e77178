//! What goes in, and how much of it.

use super::*;

#[test]
fn a_full_bulk_is_sent_and_the_rest_goes_with_the_next() {
    let hall = Hall::with(60, 0);
    *hall.market.most.lock().unwrap() = Some(40);
    hall.done(&[], 40);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), [(StateName::Accepted, 40), (StateName::Planned, 20)].into());
    hall.bench.clock.advance(Duration::from_secs(120));
    hall.done(&[], 20);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Accepted, 60));
    assert_eq!(hall.market.submits.lock().unwrap().len(), 2);
}
