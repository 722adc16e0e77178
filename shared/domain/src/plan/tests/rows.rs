//! Where a correction is a further row (Etsy): rows of earlier numbers stay ours, and prove nothing of later ones.

use super::*;
use crate::connection::Timing;

pub(super) const ROWS: MarketplaceRules = MarketplaceRules {
    edits: Edits::AnotherRow,
    known_by: KnownBy::Number,
    parts: Parts::Order,
    untracked: Untracked::Plain,
    cancels_after: None,
    one_origin: &[],
};

/// Told under `N1`; then the store changed the number to `N2`, and that is in flight.
fn corrected() -> Package {
    let mut package = confirmed(package(7, "N1", &[("A", 1)]));
    let mut next = package.versions[0].clone();
    next.n = 2;
    next.content.number = TrackingNumber::try_from("N2").ok();
    package.versions.push(next);
    package.state =
        State::Intent { version: 2, attempt: 2, hash: "h".into(), lease_until: at(8_000), bulk: None };
    package
}

pub(super) fn rows(rows: &[(&str, &str)]) -> OrderFacts {
    let packages = rows.iter().map(|(reference, number)| shown(reference, number, &[])).collect();
    OrderFacts { status: OrderStatus::Shipped, packages: Some(packages), ..facts(&[("A", 1)]) }
}

#[test]
fn a_correction_in_doubt_is_judged_by_its_own_row() {
    let mut package = corrected();
    package.their_reference = Some("r1".into());
    for (facts, want) in [
        (rows(&[("r1", "N1"), ("r2", "N2")]), Seen::Shown),
        (rows(&[("r2", "N2"), ("r1", "N1")]), Seen::Shown),
        (rows(&[("r1", "N1")]), Seen::Absent),
    ] {
        assert_eq!(see(&package, 2, &facts, &[], &ROWS), want, "{:?}", facts.packages);
    }
}

#[test]
fn the_row_of_an_earlier_number_is_nobody_elses() {
    let mut first = corrected();
    first.accept(None, &Timing::default(), at(7_500)).unwrap();
    assert_eq!(first.earlier_numbers, ["N1"]);
    let facts = rows(&[("", "n-1"), ("", "N2")]);
    for row in facts.packages.iter().flatten() {
        assert!(first.is_shown_as(row, KnownBy::Number), "{row:?}");
    }
    // The second parcel of the order goes on beside both rows.
    let second = package(8, "N3", &[("A", 1)]);
    let (others, carrier) = ([&first], ups());
    let around = Around { rules: ROWS, ..around(&facts, &others, &carrier) };
    assert_eq!(word(&plan(&second, around)), "confirm");
    let strange = rows(&[("", "N1"), ("", "N9")]);
    let around = Around { facts: &strange, ..around };
    assert_eq!(word(&plan(&second, around)), "conflict", "but a row that nobody knows is somebody else's");
}

#[test]
fn a_row_without_a_reference_gives_none() {
    let mut package = confirmed(package(7, "N1", &[("A", 1)]));
    package.learn_reference(&rows(&[("", "N1")]), KnownBy::Number);
    assert_eq!(package.their_reference, None);
    package.learn_reference(&rows(&[("r1", "N1")]), KnownBy::Number);
    assert_eq!(package.their_reference.as_deref(), Some("r1"));
}

#[test]
fn earlier_numbers_are_few_and_read_from_records_that_have_none() {
    let mut package = confirmed(package(7, "N1", &[("A", 1)]));
    for n in 2..30 {
        let mut next = package.versions[0].clone();
        next.n = n;
        next.content.number = TrackingNumber::try_from(format!("N{n}")).ok();
        package.versions.push(next);
        package.took(n);
    }
    assert_eq!((package.earlier_numbers.len(), package.earlier_numbers.last().unwrap().as_str()), (8, "N28"));
    let plain = serde_json::to_value(super::package(7, "N1", &[])).unwrap();
    assert!(plain.get("earlier_numbers").is_none(), "a record without any is written as before");
    assert!(serde_json::from_value::<Package>(plain).is_ok());
}

#[test]
fn a_number_that_was_changed_and_changed_back_is_no_further_row() {
    let mut package = corrected();
    package.accept(None, &Timing::default(), at(7_500)).unwrap();
    let mut back = package.versions[0].clone();
    back.n = 3;
    package.versions.push(back);
    let (facts, carrier) = (rows(&[("", "N1"), ("", "N2")]), ups());
    let policy = ShipmentPolicy { corrections: Corrections::AnotherRow, ..POLICY };
    let around = Around { rules: ROWS, policy: &policy, ..around(&facts, &[], &carrier) };
    assert_eq!(word(&plan(&package, around)), "shown", "the buyer was mailed of it already");
}
