//! The plan, case by case.

mod doubts;
mod lists;
mod rows;
mod shipments;
mod wants;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::confirmation::CarrierCode;
use crate::ids::OrderLineId;
use crate::ids::{Account, MarketplaceOrderRef, StoreOrderRef};
use crate::marketplace_order::{OrderLine, ShownPackage};
use crate::marketplace_rules::{KnownBy, Untracked};
use crate::package::{Content, Origin};
use crate::shipment_policy::{SeveralParcels, WithoutNumber};
use crate::state::State;

/// Amazon's rules: the most that any marketplace allows.
const RULES: MarketplaceRules = MarketplaceRules {
    edits: Edits::SameReference,
    known_by: KnownBy::Reference,
    parts: Parts::Units,
    untracked: Untracked::InBulk,
    cancels_after: None,
    one_origin: &[],
};

const POLICY: ShipmentPolicy = ShipmentPolicy {
    several_parcels: SeveralParcels::Each,
    corrections: Corrections::Ask,
    without_number: WithoutNumber::Hold,
    near: Duration::from_secs(4 * 3600),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn units(lines: &[(&str, u32)]) -> BTreeMap<OrderLineId, u32> {
    lines.iter().map(|(line, units)| ((*line).try_into().unwrap(), *units)).collect()
}

fn package(reference: u32, number: &str, lines: &[(&str, u32)]) -> Package {
    Package {
        goes_first: false,
        cancels_at: None,
        schema: 1,
        key: reference.to_string(),
        order: MarketplaceOrderRef {
            account: Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap()),
            order: "1".try_into().unwrap(),
        },
        reference,
        their_reference: None,
        in_bulk: false,
        earlier_numbers: vec![],
        origins: BTreeSet::from([Origin {
            store_order: StoreOrderRef {
                account: Account::new("m".try_into().unwrap(), "shop".try_into().unwrap()),
                order: "1".try_into().unwrap(),
            },
            fulfillment: "1".try_into().unwrap(),
        }]),
        versions: vec![Version {
            n: 1,
            content: Content {
                number: TrackingNumber::try_from(number).ok(),
                carrier: Some("UPS".into()),
                service: None,
                units: BTreeMap::new(),
                lines: Some(units(lines)),
                shipped_at: at(5_000),
            },
            ship_date: None,
            sent_carrier: None,
            refused_carrier: None,
        }],
        confirmed: None,
        state: State::Planned { not_before: at(0), waiting: Waiting::Nothing },
        attempts: 0,
        failures: 0,
        ruling: None,
        ship_by: None,
        remind_before: Duration::from_secs(1),
        decided_again_at: None,
        created_at: at(0),
        alerts: crate::alert::Alerts::default(),
        history: crate::history::History::default(),
    }
}

fn confirmed(mut package: Package) -> Package {
    package.confirmed = Some(1);
    package.versions[0].ship_date = Some(at(5_000));
    package.state = State::Visible { version: 1, at: at(6_000) };
    package
}

fn facts(lines: &[(&str, u32)]) -> OrderFacts {
    OrderFacts {
        updated_at: at(0),
        read_at: at(9_000),
        marketplace: "US".try_into().unwrap(),
        ordered_at: at(1_000),
        fulfilled_by: FulfilledBy::Merchant,
        status: OrderStatus::Open,
        ship_by: None,
        cancel_requested: false,
        needs_tracking: false,
        programs: vec![],
        lines: lines
            .iter()
            .map(|(id, ordered)| OrderLine {
                id: (*id).try_into().unwrap(),
                sku: None,
                ordered: *ordered,
                cancelled: 0,
                shipped: Some(0),
                paid: None,
                ship_by: None,
            })
            .collect(),
        packages: Some(vec![]),
    }
}

fn shown(reference: &str, number: &str, lines: &[(&str, u32)]) -> ShownPackage {
    ShownPackage {
        reference: reference.into(),
        carrier: Some("UPS".into()),
        tracking_number: Some(number.into()),
        ship_date: None,
        lines: units(lines),
        cancelled: false,
    }
}

fn ups() -> CarrierKnown {
    let carrier = CarrierCode { code: "UPS".into(), name: None };
    CarrierKnown::Code { carrier, service: None, because: "a test".into(), objection: None }
}

fn around<'a>(facts: &'a OrderFacts, others: &'a [&'a Package], carrier: &'a CarrierKnown) -> Around<'a> {
    Around {
        facts,
        others,
        carrier,
        unmatched: &[],
        surplus: false,
        started_at: at(0),
        sync: true,
        rules: RULES,
        policy: &POLICY,
        all_left: false,
        access_closed: false,
        now: at(10_000),
    }
}

/// The verdict in a word.
fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Confirm(_) => "confirm".into(),
        Verdict::Hold(cause) => format!("hold {}", cause.name()),
        Verdict::NotOurs(why) => format!("not ours {why:?}"),
        Verdict::Conflict { .. } => "conflict".into(),
        Verdict::Wait { .. } => "wait".into(),
        Verdict::Shown => "shown".into(),
        Verdict::Told => "told".into(),
    }
}

/// A name, what the marketplace says, the package, the order's others, and the verdict.
type Case = (&'static str, OrderFacts, Package, Vec<Package>, &'static str);

#[test]
fn each_situation_has_its_verdict() {
    let order = || facts(&[("a", 2)]);
    let with = |change: fn(&mut OrderFacts)| {
        let mut facts = facts(&[("a", 2)]);
        change(&mut facts);
        facts
    };
    let one = || package(1, "N1", &[("a", 1)]);
    let ruled = |ruling: Ruling| Package { ruling: Some(ruling), ..one() };
    let doubted = || {
        let cause = Cause::InDoubt { version: 1, detail: String::new() };
        Package { state: State::Held { cause, since: at(0) }, ..one() }
    };
    let cases: Vec<Case> = vec![
        ("plain", order(), one(), vec![], "confirm"),
        ("a second parcel", order(), one(), vec![confirmed(package(2, "N2", &[("a", 1)]))], "confirm"),
        ("more than ordered", order(), package(1, "N1", &[("a", 3)]), vec![], "hold too_many"),
        (
            "more with the other",
            order(),
            package(1, "N1", &[("a", 2)]),
            vec![package(2, "N2", &[("a", 1)])],
            "hold too_many",
        ),
        ("a line cancelled", with(|f| f.lines[0].cancelled = 2), one(), vec![], "hold too_many"),
        (
            "fba",
            with(|f| f.fulfilled_by = FulfilledBy::Marketplace),
            one(),
            vec![],
            "not ours FulfilledByMarketplace",
        ),
        (
            "unknown who ships",
            with(|f| f.fulfilled_by = FulfilledBy::Unknown),
            one(),
            vec![],
            "hold order_unclear",
        ),
        (
            "ship+",
            with(|f| f.programs = vec![Program::ConfirmsItself]),
            one(),
            vec![],
            "not ours ConfirmsItself",
        ),
        ("pending", with(|f| f.status = OrderStatus::Pending), one(), vec![], "hold pending"),
        (
            "cancelled there",
            with(|f| f.status = OrderStatus::Cancelled),
            one(),
            vec![],
            "not ours CancelledThere",
        ),
        (
            "cancelled after it was confirmed",
            with(|f| f.status = OrderStatus::Cancelled),
            confirmed(one()),
            vec![],
            "told",
        ),
        (
            "by hand, same number",
            with(|f| f.packages = Some(vec![shown("1000", "n1", &[("a", 1)])])),
            one(),
            vec![],
            "not ours AlreadyShown",
        ),
        (
            "by hand, other number, all units",
            with(|f| f.packages = Some(vec![shown("1000", "X", &[("a", 2)])])),
            one(),
            vec![],
            "conflict",
        ),
        (
            "by hand, another parcel of it",
            with(|f| f.packages = Some(vec![shown("1000", "X", &[("a", 1)])])),
            one(),
            vec![],
            "confirm",
        ),
        (
            "by hand, contents unknown",
            with(|f| f.packages = Some(vec![shown("1000", "X", &[])])),
            one(),
            vec![],
            "conflict",
        ),
        (
            "a cancelled package does not count",
            with(|f| {
                f.packages = Some(vec![ShownPackage { cancelled: true, ..shown("1000", "X", &[("a", 2)]) }])
            }),
            one(),
            vec![],
            "confirm",
        ),
        ("no number", order(), package(1, "", &[("a", 1)]), vec![], "hold no_tracking_number"),
        (
            "confirmed and shown",
            with(|f| f.packages = Some(vec![shown("1", "N1", &[("a", 1)])])),
            confirmed(one()),
            vec![],
            "shown",
        ),
        ("confirmed, not shown yet", order(), confirmed(one()), vec![], "told"),
        (
            "in doubt, now shown",
            with(|f| f.packages = Some(vec![shown("1", "N1", &[("a", 1)])])),
            doubted(),
            vec![],
            "shown",
        ),
        (
            "you confirmed it by hand",
            order(),
            ruled(Ruling::ConfirmedByHand),
            vec![],
            "not ours ByRuling { reason: \"you confirmed it by hand\" }",
        ),
        (
            "counts only, explained",
            with(|f| {
                f.packages = None;
                f.lines[0].shipped = Some(1);
            }),
            one(),
            vec![confirmed(package(2, "N2", &[("a", 1)]))],
            "confirm",
        ),
        (
            "counts only, unexplained",
            with(|f| {
                f.packages = None;
                f.lines[0].shipped = Some(2);
            }),
            one(),
            vec![],
            "hold order_unclear",
        ),
        (
            "voided elsewhere, still counted there",
            facts(&[("a", 1)]),
            one(),
            vec![Package {
                state: State::Conflict { theirs: String::new(), ours: String::new() },
                ..confirmed(package(2, "N2", &[("a", 1)]))
            }],
            "hold too_many",
        ),
    ];
    for (name, facts, package, others, want) in cases {
        let others: Vec<&Package> = others.iter().collect();
        let carrier = ups();
        let verdict = plan(&package, around(&facts, &others, &carrier));
        assert_eq!(word(&verdict), want, "{name}: {verdict:?}");
    }
}

#[test]
fn law_3_no_carrier_no_line_no_surplus_number_is_ever_guessed() {
    let (order, package) = (facts(&[("a", 1)]), package(1, "N1", &[("a", 1)]));
    let unmapped = CarrierKnown::Unmapped { text: "Snail".into(), suggestions: vec![] };
    let carrier = ups();
    assert_eq!(word(&plan(&package, around(&order, &[], &unmapped))), "hold carrier_unmapped");
    assert_eq!(word(&plan(&package, around(&order, &[], &CarrierKnown::Missing))), "hold no_carrier");
    let unmatched = ["SKU x".to_owned()];
    let unclear = Around { unmatched: &unmatched, ..around(&order, &[], &carrier) };
    assert_eq!(word(&plan(&package, unclear)), "hold line_unclear");
    let surplus = Around { surplus: true, ..around(&order, &[], &carrier) };
    assert_eq!(word(&plan(&package, surplus)), "hold surplus_number");
}

#[test]
fn nothing_old_and_nothing_switched_off_is_sent_unless_a_person_asks() {
    let (order, carrier) = (facts(&[("a", 1)]), ups());
    let old = Around { started_at: at(6_000), ..around(&order, &[], &carrier) };
    let off = Around { sync: false, ..around(&order, &[], &carrier) };
    let plain = package(1, "N1", &[("a", 1)]);
    assert_eq!(word(&plan(&plain, old)), "not ours BeforeStart");
    assert_eq!(word(&plan(&plain, off)), "not ours SyncOff");
    let asked = Package { ruling: Some(Ruling::SendOnce), ..plain };
    assert_eq!(word(&plan(&asked, old)), "confirm");
    assert_eq!(word(&plan(&asked, off)), "confirm");
}

#[test]
fn the_ship_date_lies_between_order_and_now_and_never_moves() {
    let (order, carrier) = (facts(&[("a", 1)]), ups());
    let date = |package: &Package, now: i64| {
        let verdict = plan(package, Around { now: at(now), ..around(&order, &[], &carrier) });
        let Verdict::Confirm(confirmation) = verdict else { panic!("{verdict:?}") };
        confirmation.ship_date
    };
    let mut package = package(1, "N1", &[("a", 1)]);
    assert_eq!(date(&package, 10_000), at(5_000), "as the store says");
    package.versions[0].content.shipped_at = at(20_000);
    assert_eq!(date(&package, 10_000), at(9_940), "not in the future");
    package.versions[0].content.shipped_at = at(10);
    assert_eq!(date(&package, 10_000), at(1_000), "not before the order");
    package.versions[0].ship_date = Some(at(4_000));
    assert_eq!(date(&package, 10_000), at(4_000), "as it was sent");
}

#[test]
fn an_edit_keeps_reference_and_ship_date() {
    let (order, carrier) = (facts(&[("a", 1)]), ups());
    let mut package = confirmed(package(1, "N1", &[("a", 1)]));
    let mut content = package.versions[0].content.clone();
    content.number = TrackingNumber::try_from("N2").ok();
    assert!(package.want(content, at(7_000)));
    let verdict = plan(&package, around(&order, &[], &carrier));
    let Verdict::Confirm(confirmation) = verdict else { panic!("{verdict:?}") };
    assert_eq!((confirmation.reference.as_str(), confirmation.ship_date), ("1", at(5_000)));
    let no_edits =
        Around { rules: MarketplaceRules { edits: Edits::ByHand, ..RULES }, ..around(&order, &[], &carrier) };
    assert_eq!(word(&plan(&package, no_edits)), "hold edit_by_hand");
}

#[test]
fn law_2_a_doubt_that_no_read_could_settle_is_never_repeated_without_a_person() {
    let (order, carrier) = (facts(&[("a", 1)]), ups());
    let mut package = package(1, "N1", &[("a", 1)]);
    let verdict = plan(&package, around(&order, &[], &carrier));
    let Verdict::Confirm(confirmation) = &verdict else { panic!("{verdict:?}") };
    package.begin(confirmation, Duration::from_secs(60), at(10)).unwrap();
    package.doubt("lost", &crate::connection::Timing::default(), at(20)).unwrap();
    package.ask_about_doubt("both figures".into(), at(30)).unwrap();
    let again = plan(&package, around(&order, &[], &carrier));
    assert!(!package.follow(&again, at(40)).unwrap(), "held until a person says so");
    package.ruling = Some(Ruling::SendOnce);
    let again = plan(&package, around(&order, &[], &carrier));
    assert!(package.follow(&again, at(50)).unwrap());
}

#[test]
fn what_a_read_says_of_a_package_that_was_sent() {
    let sent = package(1, "N1", &[("a", 1)]);
    let mut order = facts(&[("a", 2)]);
    let mut seen = |packages: Option<Vec<ShownPackage>>, shipped: Option<u32>| {
        order.packages = packages;
        order.lines[0].shipped = shipped;
        see(&sent, 1, &order, &[], &RULES)
    };
    assert_eq!(seen(Some(vec![shown("1", "n 1", &[("a", 1)])]), Some(1)), Seen::Shown);
    assert_eq!(seen(Some(vec![shown("1", "OLD", &[("a", 1)])]), Some(1)), Seen::Older);
    assert_eq!(seen(Some(vec![shown("1", "N1", &[("a", 2)])]), Some(2)), Seen::Older);
    assert_eq!(seen(Some(vec![]), Some(0)), Seen::Absent);
    assert_eq!(seen(Some(vec![]), Some(1)), Seen::Unclear, "a unit is shipped that nothing explains");
    assert_eq!(
        seen(Some(vec![shown("1000", "X", &[("a", 1)])]), Some(1)),
        Seen::Absent,
        "another tool's unit"
    );
    assert_eq!(seen(None, None), Seen::Unclear);
}

proptest! {
    /// Any split of any order into parcels: each is confirmed once, with its units, and the sums agree.
    #[test]
    fn any_split_of_an_order_is_confirmed_to_the_unit(
        ordered in prop::collection::vec(1u32..6, 1..4),
        cuts in prop::collection::vec(0usize..5, 1..20),
    ) {
        let names: Vec<String> = (0..ordered.len()).map(|n| format!("l{n}")).collect();
        let lines: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(ordered.iter().copied()).collect();
        let order = facts(&lines);
        // Every unit goes into one of five parcels.
        let mut parcels: Vec<BTreeMap<&str, u32>> = vec![BTreeMap::new(); 5];
        for (n, line) in lines.iter().flat_map(|(l, u)| (0..*u).map(move |_| *l)).enumerate() {
            *parcels[cuts[n % cuts.len()]].entry(line).or_default() += 1;
        }
        let mut packages: Vec<Package> = parcels
            .iter()
            .filter(|p| !p.is_empty())
            .enumerate()
            .map(|(n, p)| {
                let lines: Vec<(&str, u32)> = p.iter().map(|(l, u)| (*l, *u)).collect();
                package(u32::try_from(n).unwrap() + 1, &format!("N{n}"), &lines)
            })
            .collect();
        let carrier = ups();
        let mut sum: BTreeMap<OrderLineId, u32> = BTreeMap::new();
        for index in 0..packages.len() {
            let others: Vec<&Package> =
                packages.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, p)| p).collect();
            let verdict = plan(&packages[index], around(&order, &others, &carrier));
            let Verdict::Confirm(confirmation) = verdict else {
                return Err(TestCaseError::fail(format!("{verdict:?}")));
            };
            super::quantities::add(&mut sum, &confirmation.lines);
            packages[index] = confirmed(packages[index].clone());
        }
        prop_assert_eq!(sum, units(&lines));
    }
}
