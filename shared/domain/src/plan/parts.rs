//! What a marketplace takes only whole, and which of several parcels the merchant wants told.

use super::quantities::Units;
use super::{Around, Verdict, live};
use crate::marketplace_rules::Parts;
use crate::package::{Package, Ruling, Version};
use crate::shipment_policy::SeveralParcels;
use crate::state::{Cause, NotOurs, StateName, Waiting};

/// What the marketplace takes only whole, or in which order the merchant wants it told.
pub(super) fn check_parts(
    package: &Package,
    wanted: &Version,
    lines: &Units,
    send_once: bool,
    around: Around<'_>,
) -> Option<Verdict> {
    match around.rules.parts {
        Parts::Units => None,
        Parts::Lines => {
            let parts: Vec<String> = lines
                .iter()
                .filter_map(|(line, units)| {
                    let whole = around.facts.lines.iter().find(|l| l.id == *line)?.confirmable();
                    (*units < whole).then(|| format!("{units} of {whole} units of line {line}"))
                })
                .collect();
            (!parts.is_empty() && !send_once).then_some(Verdict::Hold(Cause::LineInParts { lines: parts }))
        }
        Parts::Order if send_once || package.confirmed.is_some() => None,
        Parts::Order => match around.policy.several_parcels {
            SeveralParcels::Each => None,
            SeveralParcels::First => {
                first_told(package, around).then_some(Verdict::NotOurs(NotOurs::FirstParcelTold))
            }
            SeveralParcels::LastOrDeadline => {
                let nears_at = around.policy.nears_at(around.facts.ship_by, wanted.content.shipped_at);
                (!around.all_left && around.now < nears_at)
                    .then_some(Verdict::Wait { not_before: nears_at, waiting: Waiting::LastParcel })
            }
        },
    }
}

/// Whether another parcel of the order was told of, may have been, or is on its way there.
///
/// One that waits for a person is none of these: the order's deadline does not wait for the answer. So the next parcel is
/// told of in its place, and when the answer comes, it is the one that stands back.
fn first_told(package: &Package, around: Around<'_>) -> bool {
    let left = |p: &Package| (p.wanted().map(|v| v.content.shipped_at), p.key.clone());
    // A row that is no conflict here is of a sibling, by whomever it was told.
    let shown = live(around.facts).next().is_some();
    shown
        || around.others.iter().any(|other| {
            let told = other.confirmed.is_some() || other.ruling == Some(Ruling::ConfirmedByHand);
            let may_be_told = other.state.doubtful_version().is_some();
            let goes_before = other.state.name() == StateName::Planned && left(other) < left(package);
            told || may_be_told || goes_before
        })
}
