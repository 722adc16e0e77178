//! What may have been applied, and what a read says of it.

use super::*;
use crate::alert::AlertStage;
use crate::connection::Timing;
use crate::outcome::AT_RISK;
use crate::state::StateName;

fn asked_about() -> Package {
    let cause = Cause::InDoubt { version: 1, detail: "no answer".into() };
    Package { state: State::Held { cause, since: at(7_000) }, ..package(7, "N1", &[("A", 1)]) }
}

#[test]
fn law_2_what_a_person_is_asked_about_is_not_forgotten_for_another_cause() {
    let wait = Verdict::Wait { not_before: at(9_000), waiting: Waiting::LastParcel };
    let conflict = Verdict::Conflict { theirs: "UPS N9".into(), ours: "UPS N1".into() };
    for verdict in [
        Verdict::Hold(Cause::NoTrackingNumber),
        Verdict::Hold(Cause::CarrierUnmapped { text: "Zephyr".into(), suggestions: vec![] }),
        wait,
        conflict,
        Verdict::Told,
        Verdict::NotOurs(NotOurs::SyncOff),
        Verdict::NotOurs(NotOurs::FirstParcelTold),
    ] {
        let mut package = asked_about();
        assert!(!package.follow(&verdict, at(8_000)).unwrap(), "{verdict:?}");
        assert_eq!(package.state.doubtful_version(), Some(1), "{verdict:?}");
    }
    for (verdict, want) in [
        (Verdict::NotOurs(NotOurs::CancelledThere), StateName::NotOurs),
        (Verdict::NotOurs(NotOurs::ByRuling { reason: "by hand".into() }), StateName::NotOurs),
        (Verdict::Shown, StateName::Visible),
    ] {
        let mut package = asked_about();
        package.follow(&verdict, at(8_000)).unwrap();
        assert_eq!(package.state.name(), want, "{verdict:?}");
    }
}

fn code(code: &str) -> Option<CarrierCode> {
    Some(CarrierCode { code: code.into(), name: None })
}

/// Told as `UPS`; then the store changed the carrier alone, and that may have been applied.
fn another_carrier() -> Package {
    let mut package = confirmed(package(7, "N1", &[("A", 1)]));
    package.versions[0].sent_carrier = code("UPS");
    let mut next = package.versions[0].clone();
    next.n = 2;
    next.content.carrier = Some("USPS".into());
    next.sent_carrier = code("USPS");
    package.versions.push(next);
    package.state = State::Doubt { version: 2, since: at(7_000), reads: 0, next_look: at(8_000) };
    package
}

fn with_carrier(carrier: Option<&str>) -> OrderFacts {
    let shown = ShownPackage { carrier: carrier.map(str::to_owned), ..shown("7", "N1", &[("A", 1)]) };
    OrderFacts { packages: Some(vec![shown]), ..facts(&[("A", 1)]) }
}

#[test]
fn failure_17_a_corrected_carrier_is_kept_only_if_the_earlier_one_is_gone() {
    let package = another_carrier();
    for (carrier, want) in [
        (Some("UPS"), Seen::Older),
        (Some(" ups "), Seen::Older),
        (Some("USPS"), Seen::Shown),
        // How a marketplace writes what it took is its own affair.
        (Some("United States Postal Service"), Seen::Shown),
        (None, Seen::Shown),
    ] {
        assert_eq!(see(&package, 2, &with_carrier(carrier), &[], &RULES), want, "{carrier:?}");
    }
    // Nor does the plan take it for done, where a person was asked.
    let cause = Cause::InDoubt { version: 2, detail: String::new() };
    let asked = Package { state: State::Held { cause, since: at(8_000) }, ..package };
    let carrier = ups();
    for (shown, want) in [("UPS", "confirm"), ("USPS", "shown")] {
        let facts = with_carrier(Some(shown));
        assert_eq!(word(&plan(&asked, around(&facts, &[], &carrier))), want, "{shown}");
    }
}

#[test]
fn law_2_where_nothing_is_edited_what_is_there_is_never_told_again() {
    let mut package = package(7, "N1", &[("A", 1)]);
    package.state = State::Doubt { version: 1, since: at(7_000), reads: 0, next_look: at(8_000) };
    let whole = shown("r1", "N1", &[("A", 2)]);
    let facts = OrderFacts { packages: Some(vec![whole]), ..facts(&[("A", 2)]) };
    let by_hand = MarketplaceRules { edits: Edits::ByHand, known_by: KnownBy::Number, ..RULES };
    assert_eq!(see(&package, 1, &facts, &[], &by_hand), Seen::Unclear);
}

#[test]
fn a_parcel_that_goes_near_its_deadline_is_no_matter_unless_it_is_not_told_soon() {
    let planned = |waiting: Waiting| Package {
        state: State::Planned { not_before: at(50_000), waiting },
        ship_by: Some(at(52_000)),
        remind_before: Duration::from_secs(14_400),
        ..package(7, "N1", &[("A", 1)])
    };
    let failing = Waiting::Pause { why: "no answer".into() };
    assert_eq!(planned(Waiting::Nothing).quiet_reminder(), Some(at(50_300)));
    assert_eq!(planned(Waiting::LastParcel).quiet_reminder(), Some(at(50_300)));
    assert_eq!(planned(failing).quiet_reminder(), Some(at(37_600)), "what fails is told at once");
    let mut late = planned(Waiting::Tokens);
    assert!(!late.raise_if_at_risk(at(50_299)));
    assert!(late.raise_if_at_risk(at(50_300)));
    assert!(!late.raise_if_at_risk(at(50_301)), "once");
    // It was mailed, and then it is told: the merchant hears that, too.
    late.alerts.all_mut()[0].stage = AlertStage::Mailed { at: at(50_301), reminded: false, later: 0 };
    late.state =
        State::Intent { version: 1, attempt: 1, hash: "h".into(), lease_until: at(50_400), bulk: None };
    late.accept(None, &Timing::default(), at(50_310)).unwrap();
    let stages: Vec<_> = late.alerts.all().iter().map(|a| (a.cause.as_str(), a.stage)).collect();
    assert_eq!(stages, [(AT_RISK, AlertStage::ResolvedDue)]);
}
