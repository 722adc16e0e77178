//! Units: what is confirmed never exceeds what was ordered, and what others confirmed is never overwritten.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Around, CarrierKnown, READ_FIRST, Verdict, live};
use crate::ids::OrderLineId;
use crate::marketplace_order::ShownPackage;
use crate::marketplace_rules::Parts;
use crate::package::Package;
use crate::state::{Cause, NotOurs, State, StateName, Waiting};

/// How long a package waits for another of its order before it is looked at again.
const OTHER_FIRST: SignedDuration = SignedDuration::from_secs(60);

pub(super) type Units = BTreeMap<OrderLineId, u32>;

pub(super) fn of(units: &Units, line: &OrderLineId) -> u32 {
    units.get(line).copied().unwrap_or(0)
}

pub(super) fn add(sum: &mut Units, units: &Units) {
    for (line, units) in units {
        let total = sum.entry(line.clone()).or_default();
        *total = total.saturating_add(*units);
    }
}

/// What our other packages want, have at the marketplace, and have left there.
#[derive(Default)]
struct Siblings {
    wanted: Units,
    at_marketplace: Units,
    left_behind: Units,
}

impl Siblings {
    fn of(others: &[&Package]) -> Self {
        let mut sums = Self::default();
        for other in others {
            if !travels(other) {
                add(&mut sums.left_behind, &other.units_at_marketplace());
            }
            if let Some(lines) =
                other.wanted().filter(|_| travels(other)).and_then(|v| v.content.lines.as_ref())
            {
                add(&mut sums.wanted, lines);
            }
            // Also of one that travels no more: the marketplace counts it until somebody takes it back there.
            add(&mut sums.at_marketplace, &other.units_at_marketplace());
        }
        sums
    }
}

/// What others confirmed: shown, and none of our packages.
fn foreign<'a>(package: &Package, around: Around<'a>) -> Vec<&'a ShownPackage> {
    let known_by = around.rules.known_by;
    let ours = |shown: &ShownPackage| {
        package.is_shown_as(shown, known_by) || around.others.iter().any(|o| o.is_shown_as(shown, known_by))
    };
    // A sibling that stands back because its number is shown already is here, not in `others`.
    live(around.facts).filter(|shown| !ours(shown)).collect()
}

/// Confirmed per line never exceeds ordered less cancelled; and what others confirmed is never overwritten.
pub(super) fn check_quantities(package: &Package, lines: &Units, around: Around<'_>) -> Option<Verdict> {
    let facts = around.facts;
    let siblings = Siblings::of(around.others);
    let foreign = foreign(package, around);
    if around.rules.parts == Parts::Order {
        return check_rows(package, &foreign, around);
    }
    let mut by_foreign = Units::new();
    let silent = foreign.iter().any(|p| p.lines.is_empty());
    for package in &foreign {
        add(&mut by_foreign, &package.lines);
    }
    for (line, units) in lines {
        let Some(known) = facts.lines.iter().find(|l| &l.id == line) else {
            return Some(Verdict::Hold(Cause::OrderUnclear {
                detail: format!("line {line} is not on the order any more"),
            }));
        };
        let possible = known.confirmable();
        let in_all = units.saturating_add(of(&siblings.wanted, line));
        if in_all > possible {
            return Some(Verdict::Hold(Cause::TooMany {
                detail: format!(
                    "{in_all} units of line {line} in all parcels, but the order has {possible} to ship"
                ),
            }));
        }
        let free = possible.saturating_sub(of(&by_foreign, line));
        if in_all > free || (silent && !foreign.is_empty()) {
            return Some(conflict(&foreign, package, around.carrier));
        }
        // Nobody takes those back but a person: waiting for them would be waiting for ever.
        let behind = of(&siblings.left_behind, line);
        if behind > 0 && in_all.saturating_add(behind) > free {
            return Some(Verdict::Hold(Cause::TooMany {
                detail: format!(
                    "{units} units of line {line} in this parcel, but the marketplace still counts {behind} of a \
                     parcel that was voided after it was confirmed"
                ),
            }));
        }
        if units.saturating_add(of(&siblings.at_marketplace, line)) > free {
            return Some(Verdict::Wait {
                not_before: around.now.saturating_add(OTHER_FIRST).unwrap_or(around.now),
                waiting: Waiting::OtherPackage,
            });
        }
        // The packages are not shown, only counts: what we cannot explain is a person's to explain.
        if facts.packages.is_none()
            && let Some(shipped) = known.shipped
        {
            let mine = package.units_at_marketplace();
            let explained = of(&siblings.at_marketplace, line).saturating_add(of(&mine, line));
            if shipped > explained && units.saturating_add(shipped - of(&mine, line).min(shipped)) > possible
            {
                let detail = format!(
                    "the marketplace counts {shipped} units of line {line} as shipped, we know of {explained}, and this \
                     parcel has {units} of {possible}"
                );
                return Some(counts_alone(package, around, detail));
            }
        }
    }
    None
}

/// Counts that nothing explains. A list that leaves the packages out takes nothing back of what an answer with them said:
/// the next such answer is waited for. Else a person is asked.
fn counts_alone(package: &Package, around: Around<'_>, detail: String) -> Verdict {
    let was_explained =
        matches!(&package.state, State::NotOurs { why: NotOurs::AlreadyShown } | State::Conflict { .. });
    let not_read_yet = matches!(
        &package.state,
        State::Planned { waiting: Waiting::Facts, not_before } if around.facts.read_at < *not_before
    );
    if was_explained || not_read_yet {
        let not_before = around.now.saturating_add(READ_FIRST).unwrap_or(around.now);
        return Verdict::Wait { not_before, waiting: Waiting::Facts };
    }
    Verdict::Hold(Cause::OrderUnclear { detail })
}

/// Rows without lines cannot be counted: one that is no parcel of the store's is somebody else's word.
fn check_rows(package: &Package, foreign: &[&ShownPackage], around: Around<'_>) -> Option<Verdict> {
    // Confirmed by hand with the number of another of our parcels: that parcel stands back, this one goes on.
    let of_sibling = |shown: &ShownPackage| {
        let number = |p: &Package| p.wanted().and_then(|v| v.content.number.clone());
        shown.tracking_number.as_deref().is_some_and(|theirs| {
            around.others.iter().filter_map(|o| number(o)).any(|ours| ours.same_as(theirs))
        })
    };
    let strange: Vec<&ShownPackage> = foreign.iter().copied().filter(|shown| !of_sibling(shown)).collect();
    (!strange.is_empty()).then(|| conflict(&strange, package, around.carrier))
}

/// Whether a package of ours still takes part in the order's count.
fn travels(package: &Package) -> bool {
    !matches!(
        package.state.name(),
        StateName::Cancelled | StateName::Superseded | StateName::NotOurs | StateName::Conflict
    )
}

fn conflict(foreign: &[&ShownPackage], package: &Package, carrier: &CarrierKnown) -> Verdict {
    let theirs: Vec<String> = foreign
        .iter()
        .map(|p| {
            let carrier = p.carrier.as_deref().unwrap_or("no carrier");
            format!("{carrier} {}", p.tracking_number.as_deref().unwrap_or("without a number"))
        })
        .collect();
    let number = package.wanted().and_then(|v| v.content.number.as_ref());
    let number = number.map_or_else(|| "without a number".to_owned(), ToString::to_string);
    let ours = match carrier {
        CarrierKnown::Code { carrier, .. } => format!("{} {number}", carrier.code),
        CarrierKnown::Unmapped { text, .. } => format!("{text} {number}"),
        CarrierKnown::Missing => number,
    };
    Verdict::Conflict { theirs: theirs.join(", "), ours }
}
