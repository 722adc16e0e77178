//! What the report says, and how much of it.

use super::*;

#[test]
fn a_report_that_refuses_everything_in_many_words_is_read_all_the_same() {
    // Three bytes a character: one record of all of them would be larger than the ledger takes.
    let hall = Hall::with(400, 0);
    hall.done(&[], 400);
    let words = "語".repeat(400);
    hall.market.report.lock().unwrap().successful = 0;
    hall.market.report.lock().unwrap().refused =
        (1..=400).map(|n| (n, "8105".to_owned(), format!("{n} {words}"))).collect();
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Rejected, 400));
    let said: BTreeSet<String> = hall
        .packages
        .iter()
        .map(|package| {
            let State::Rejected { words, .. } = hall.bench.reload(package).state else { panic!() };
            words
        })
        .collect();
    assert_eq!(said.len(), 400, "to each its own words");
}
