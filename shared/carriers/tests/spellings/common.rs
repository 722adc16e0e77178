//! What the tables here share.

use carriers::{Carrier, recognise};

/// Text, service kept apart, carrier's id, service sent. Empty: none.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str);

/// A name that a platform offers, and whom it means; `Err` with the reason if nobody can tell from the name.
pub(crate) type Offered = (&'static str, Result<Carrier, &'static str>);

/// The rows that are read otherwise, as a person reads them.
pub(crate) fn wrong(rows: &[Row]) -> Vec<String> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut wrong = Vec::new();
    for (text, service, carrier, sent) in rows {
        let is = recognise(text, given(service).as_deref());
        if is.carrier.map_or("", Carrier::id) != *carrier || is.service != given(sent) {
            wrong.push(format!("{text:?} with {service:?}: {:?} {:?}", is.carrier, is.service));
        }
    }
    wrong
}

/// Asserts that each name means what the table says, and says how many that are.
#[expect(clippy::print_stdout, reason = "the count is part of what the test shows")]
pub(crate) fn all_mean_it(platform: &str, offered: &[Offered]) {
    let mut wrong = Vec::new();
    for (name, want) in offered {
        let is = recognise(name, None).carrier;
        if is != want.ok() {
            wrong.push(format!("{name:?}: {is:?}, not {want:?}"));
        }
        if let Err(reason) = want {
            assert!(reason.len() > 10, "{name:?} is left out without a reason");
        }
    }
    assert!(wrong.is_empty(), "{platform}: {wrong:#?}");
    let known = offered.iter().filter(|(_, want)| want.is_ok()).count();
    println!("{platform}: {known} of {} names mean a carrier", offered.len());
}
