//! What the merchant chose for parcels that can be told of in more than one way, value by value.

use super::rows::{ROWS, rows};
use super::*;
use crate::connection::Timing;
use WithoutNumber::{Hold, Send, SendNearDeadline};

/// The deadline of these orders, and when it nears.
const SHIP_BY: i64 = 50_000;
const NEARS: i64 = SHIP_BY - 4 * 3600;

fn order() -> OrderFacts {
    OrderFacts { ship_by: Some(at(SHIP_BY)), ..facts(&[("A", 2)]) }
}

fn several(several_parcels: SeveralParcels) -> ShipmentPolicy {
    ShipmentPolicy { several_parcels, ..POLICY }
}

/// A parcel of the order that left at this second.
fn parcel(reference: u32, number: &str, left: i64) -> Package {
    let mut parcel = package(reference, number, &[("A", 1)]);
    parcel.versions[0].content.shipped_at = at(left);
    parcel
}

fn told(mut parcel: Package) -> Package {
    parcel.confirmed = Some(1);
    parcel.state = State::Visible { version: 1, at: at(6_000) };
    parcel
}

/// What becomes of a parcel beside others, at a place that takes rows.
fn verdict(parcel: &Package, others: &[Package], facts: &OrderFacts, policy: &ShipmentPolicy) -> String {
    let others: Vec<&Package> = others.iter().collect();
    word(&plan(parcel, Around { rules: ROWS, policy, ..around(facts, &others, &ups()) }))
}

#[test]
fn of_several_parcels_each_is_told_when_it_has_left() {
    let policy = several(SeveralParcels::Each);
    let (first, second) = (parcel(1, "N1", 2_000), parcel(2, "N2", 3_000));
    assert_eq!(verdict(&first, std::slice::from_ref(&second), &order(), &policy), "confirm");
    assert_eq!(verdict(&second, &[told(first)], &rows(&[("", "N1")]), &policy), "confirm");
}

#[test]
fn the_first_alone_is_told_where_it_was_told_or_is_on_its_way() {
    let policy = several(SeveralParcels::First);
    let (first, second) = (parcel(1, "N1", 2_000), parcel(2, "N2", 3_000));
    assert_eq!(verdict(&first, std::slice::from_ref(&second), &order(), &policy), "confirm");
    let with = |state: State| Package { state, ..first.clone() };
    let intent =
        State::Intent { version: 1, attempt: 1, hash: "h".into(), lease_until: at(11_000), bulk: None };
    let asked = Cause::InDoubt { version: 1, detail: String::new() };
    let firsts = [
        ("confirmed", told(first.clone())),
        ("in flight", with(intent)),
        ("in doubt", with(State::Doubt { version: 1, since: at(0), reads: 1, next_look: at(1) })),
        ("in doubt, a person is asked", with(State::Held { cause: asked, since: at(0) })),
        ("on its way", with(State::Planned { not_before: at(20_000), waiting: Waiting::Tokens })),
        ("told of, then voided", {
            let conflict = State::Conflict { theirs: "N1".into(), ours: "voided".into() };
            Package { state: conflict, ..told(first.clone()) }
        }),
        (
            "told of by hand",
            Package {
                ruling: Some(Ruling::ConfirmedByHand),
                ..with(State::NotOurs { why: NotOurs::ByRuling { reason: "by hand".into() } })
            },
        ),
    ];
    for (name, first) in firsts {
        assert_eq!(verdict(&second, &[first], &order(), &policy), "not ours FirstParcelTold", "{name}");
    }
    // Whoever told of it: the order shows a sibling's row.
    let by_hand = with(State::NotOurs { why: NotOurs::AlreadyShown });
    assert_eq!(verdict(&second, &[by_hand], &rows(&[("", "N1")]), &policy), "not ours FirstParcelTold");
    // The merchant may insist.
    let insisted = Package { ruling: Some(Ruling::SendOnce), ..second };
    assert_eq!(verdict(&insisted, &[told(first)], &rows(&[("", "N1")]), &policy), "confirm");
}

#[test]
fn a_first_parcel_that_waits_for_a_person_or_never_goes_keeps_no_order_untold() {
    let policy = several(SeveralParcels::First);
    let (first, second) = (parcel(1, "N1", 2_000), parcel(2, "N2", 3_000));
    let unmapped = Cause::CarrierUnmapped { text: "Snail".into(), suggestions: vec![] };
    let firsts = [
        State::Held { cause: unmapped, since: at(0) },
        State::Held { cause: Cause::NoTrackingNumber, since: at(0) },
        State::Rejected { version: 1, code: "400".into(), words: String::new(), hash: "h".into() },
        State::NeedsMerchant { version: 1, action: "mend it".into() },
        State::Cancelled { reason: "voided at the store".into() },
        State::Superseded { by: "3".into() },
        State::NotOurs { why: NotOurs::BeforeStart },
    ];
    for state in firsts {
        let waits = Package { state: state.clone(), ..first.clone() };
        assert_eq!(verdict(&second, &[waits], &order(), &policy), "confirm", "{state:?}");
    }
    // Its answer comes when the other is on its way, or told: still only one of them mails the buyer.
    for other in [
        told(second.clone()),
        Package {
            state: State::Doubt { version: 1, since: at(0), reads: 0, next_look: at(1) },
            ..second.clone()
        },
    ] {
        assert_eq!(verdict(&first, &[other], &order(), &policy), "not ours FirstParcelTold");
    }
    // Both are on their way: the first goes, and the other stands back.
    assert_eq!(verdict(&first, std::slice::from_ref(&second), &order(), &policy), "confirm");
    assert_eq!(verdict(&second, &[first], &order(), &policy), "not ours FirstParcelTold");
}

#[test]
fn none_is_told_before_the_last_has_left_or_the_deadline_nears() {
    let policy = several(SeveralParcels::LastOrDeadline);
    let (order, carrier) = (order(), ups());
    let first = parcel(1, "N1", 2_000);
    let when = |facts: &OrderFacts, all_left: bool, now: i64| {
        let around =
            Around { rules: ROWS, policy: &policy, all_left, now: at(now), ..around(facts, &[], &carrier) };
        plan(&first, around)
    };
    let waits = |until: i64| Verdict::Wait { not_before: at(until), waiting: Waiting::LastParcel };
    assert_eq!(when(&order, false, 10_000), waits(NEARS));
    assert_eq!(when(&order, false, NEARS - 1), waits(NEARS));
    assert_eq!(word(&when(&order, false, NEARS)), "confirm", "the deadline nears");
    assert_eq!(word(&when(&order, true, 10_000)), "confirm", "the last has left");
    // Without a deadline a day after it left is one.
    let without = OrderFacts { ship_by: None, ..order };
    assert_eq!(when(&without, false, 10_000), waits(2_000 + 20 * 3600));
}

#[test]
fn a_wait_for_the_last_parcel_moves_with_the_deadline() {
    let mut first = parcel(1, "N1", 2_000);
    let wait = |until: i64| Verdict::Wait { not_before: at(until), waiting: Waiting::LastParcel };
    for (until, changes) in [(NEARS, true), (NEARS, false), (NEARS - 9_000, true), (NEARS + 9_000, true)] {
        assert_eq!(first.follow(&wait(until), at(10_000)).unwrap(), changes, "{until}");
        assert_eq!(first.state, State::Planned { not_before: at(until), waiting: Waiting::LastParcel });
    }
}

#[test]
fn another_number_is_a_further_row_only_where_the_merchant_lets_it() {
    let mut corrected = confirmed(parcel(1, "N1", 2_000));
    let mut content = corrected.versions[0].content.clone();
    content.number = TrackingNumber::try_from("N2").ok();
    assert!(corrected.want(content.clone(), at(7_000)));
    let shown = rows(&[("", "N1")]);
    let with = |corrections: Corrections| ShipmentPolicy { corrections, ..POLICY };
    assert_eq!(verdict(&corrected, &[], &shown, &with(Corrections::Ask)), "hold edit_by_hand");
    assert_eq!(verdict(&corrected, &[], &shown, &with(Corrections::AnotherRow)), "confirm");
    // Once there it is there, and the earlier row is ours, too.
    corrected.state =
        State::Intent { version: 2, attempt: 2, hash: "h".into(), lease_until: at(8_000), bulk: None };
    corrected.accept(None, &Timing::default(), at(7_500)).unwrap();
    let both = rows(&[("", "N1"), ("", "N2")]);
    assert_eq!(verdict(&corrected, &[], &both, &with(Corrections::AnotherRow)), "shown");
    // Another carrier for the same number, or no number any more, is worth no second mail to the buyer.
    let changed: [fn(&mut Content); 2] = [|c| c.carrier = Some("FedEx".into()), |c| c.number = None];
    for change in changed {
        let mut package = confirmed(parcel(1, "N1", 2_000));
        let mut content = package.versions[0].content.clone();
        change(&mut content);
        assert!(package.want(content, at(7_000)));
        assert_eq!(verdict(&package, &[], &shown, &with(Corrections::AnotherRow)), "hold edit_by_hand");
    }
    // A number that comes after the parcel was told of without one is another number.
    let mut late = confirmed(parcel(1, "", 2_000));
    assert!(late.want(content, at(7_000)));
    let no_row = rows(&[]);
    assert_eq!(verdict(&late, &[], &no_row, &with(Corrections::Ask)), "hold edit_by_hand");
    assert_eq!(verdict(&late, &[], &no_row, &with(Corrections::AnotherRow)), "confirm");
}

#[test]
fn a_parcel_without_a_number_goes_when_the_merchant_says_and_the_order_lets_it() {
    let bare = parcel(1, "", 2_000);
    let free = order();
    let tracked = OrderFacts { needs_tracking: true, ..order() };
    let hold = "hold no_tracking_number";
    let cases = [
        (Hold, &free, 10_000, hold),
        (Hold, &free, SHIP_BY, hold),
        (SendNearDeadline, &free, 10_000, hold),
        (SendNearDeadline, &free, NEARS - 1, hold),
        (SendNearDeadline, &free, NEARS, "confirm"),
        (Send, &free, 10_000, "confirm"),
        // Etsy: within the United States above ten dollars, and to India.
        (SendNearDeadline, &tracked, NEARS, hold),
        (Send, &tracked, SHIP_BY, hold),
    ];
    for (without_number, facts, now, want) in cases {
        let policy = ShipmentPolicy { without_number, ..POLICY };
        // Where it goes without a number by the usual call, nobody asks who carries it.
        let around = Around {
            rules: ROWS,
            policy: &policy,
            now: at(now),
            ..around(facts, &[], &CarrierKnown::Missing)
        };
        let verdict = plan(&bare, around);
        assert_eq!(word(&verdict), want, "{without_number:?} at {now}, {}", facts.needs_tracking);
        if let Verdict::Confirm(told) = verdict {
            assert_eq!((told.tracking, told.untracked), (None, None));
        }
    }
    // The deadline is the account's to name.
    let early =
        ShipmentPolicy { without_number: SendNearDeadline, near: Duration::from_secs(40_000), ..POLICY };
    assert_eq!(verdict(&bare, &[], &free, &early), "confirm", "at 10,000 of 50,000");
}
