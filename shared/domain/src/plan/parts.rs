//! What a marketplace takes only whole, and which of several parcels the merchant wants told.

use super::quantities::{Units, travels};
use super::{Around, Verdict};
use crate::marketplace_rules::Parts;
use crate::package::{Package, Version};
use crate::shipment_policy::SeveralParcels;
use crate::state::{Cause, NotOurs, Waiting};

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
                let left = |p: &Package| (p.wanted().map(|v| v.content.shipped_at), p.key.clone());
                let earlier = around.others.iter().any(|o| {
                    o.confirmed.is_some()
                        || o.state.doubtful_version().is_some()
                        || travels(o) && left(o) < left(package)
                });
                earlier.then_some(Verdict::NotOurs(NotOurs::FirstParcelTold))
            }
            SeveralParcels::LastOrDeadline => {
                let nears_at = around.policy.nears_at(around.facts.ship_by, wanted.content.shipped_at);
                (!around.all_left && around.now < nears_at)
                    .then_some(Verdict::Wait { not_before: nears_at, waiting: Waiting::LastParcel })
            }
        },
    }
}
