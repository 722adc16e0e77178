//! What only some marketplaces want: a number of every parcel, and in an edit the number that it had before.

use super::*;

#[test]
fn a_marketplace_that_takes_no_parcel_without_a_number_holds_one_that_the_merchant_lets_go() {
    let (facts, carrier) = (facts(&[("a", 2)]), ups());
    let letter = package(1, "", &[("a", 1)]);
    let lets_go = ShipmentPolicy { without_number: WithoutNumber::Send, ..POLICY };
    for (policy, untracked, want) in [
        (&POLICY, Untracked::Never, "hold no_tracking_number"),
        (&lets_go, Untracked::Never, "hold number_needed"),
        (&lets_go, Untracked::Plain, "confirm"),
        (&lets_go, Untracked::InBulk, "confirm"),
    ] {
        let rules = MarketplaceRules { untracked, ..RULES };
        let around = Around { rules, policy, ..around(&facts, &[], &carrier) };
        assert_eq!(word(&plan(&letter, around)), want, "{untracked:?} {:?}", policy.without_number);
        assert_eq!(word(&plan(&package(1, "N1", &[("a", 1)]), around)), "confirm", "{untracked:?}");
    }
}

#[test]
fn an_edit_names_the_number_that_the_package_was_last_told_under() {
    let (facts, carrier) = (facts(&[("a", 2)]), ups());
    let told_as = |package: &Package| {
        let verdict = plan(package, around(&facts, &[], &carrier));
        let Verdict::Confirm(confirmation) = verdict else { panic!("{verdict:?}") };
        confirmation.told_as.map(|number| number.as_str().to_owned())
    };
    let first = package(1, "N1", &[("a", 1)]);
    assert_eq!(told_as(&first), None, "nothing was told before");
    let mut edited = confirmed(first);
    for (n, before) in [(2, "N1"), (3, "N2")] {
        let mut content = edited.versions.last().unwrap().content.clone();
        content.number = TrackingNumber::try_from(format!("N{n}")).ok();
        assert!(edited.want(content, at(7_000)));
        assert_eq!(told_as(&edited).as_deref(), Some(before));
        edited.versions.last_mut().unwrap().ship_date = Some(at(5_000));
        edited.took(n);
    }
    let mut content = edited.versions.last().unwrap().content.clone();
    content.carrier = Some("USPS".into());
    assert!(edited.want(content, at(8_000)));
    assert_eq!(told_as(&edited).as_deref(), Some("N3"), "also where the number stays");
}
