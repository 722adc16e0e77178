//! What a read of the marketplace says about a package that was, or may have been, told of.

use std::collections::BTreeMap;

use super::live;
use super::quantities::{Units, add, of};
use crate::ids::OrderLineId;
use crate::marketplace_order::{OrderFacts, OrderStatus, ShownPackage};
use crate::marketplace_rules::{Edits, MarketplaceRules, Parts};
use crate::package::{Package, Version};

/// What a read says about a package that was, or may have been, confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Shown as it was sent.
    Shown,
    /// Certainly not there: neither the package nor its units.
    Absent,
    /// There under our reference, with something else in it: an edit that was not applied.
    Older,
    /// The read cannot tell.
    Unclear,
}

/// Compares what the marketplace shows with the version that was sent.
#[must_use]
pub fn see(
    package: &Package,
    version: u32,
    facts: &OrderFacts,
    others: &[&Package],
    rules: &MarketplaceRules,
) -> Seen {
    let Some(sent) = package.version(version) else { return Seen::Unclear };
    let number = sent.content.number.as_ref();
    let has_number = |shown: &ShownPackage| match (number, shown.tracking_number.as_deref()) {
        (Some(ours), Some(theirs)) => ours.same_as(theirs),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let mut ours = live(facts).filter(|p| package.is_shown_as(p, rules.known_by));
    // Where a correction is a row beside the earlier one, the earlier one says nothing of it.
    let shown = match rules.edits {
        Edits::AnotherRow => ours.find(|shown| has_number(shown)),
        Edits::SameReference | Edits::ByHand => ours.next(),
    };
    if let Some(shown) = shown {
        let same_number = has_number(shown);
        // An answer without items, or without a number where it always has one, cannot be compared further.
        let same_lines =
            shown.lines.is_empty() || sent.content.lines.as_ref().is_none_or(|l| *l == shown.lines);
        let edited = rules.edits == Edits::SameReference;
        return match (same_number, same_lines) {
            (true, true) if edited && shows_earlier_carrier(package, sent, shown) => Seen::Older,
            (true, true) => Seen::Shown,
            (false, _) if shown.tracking_number.is_none() => Seen::Unclear,
            // Where nothing is edited, what is there was not there before: told again, it would be there twice.
            _ if !edited => Seen::Unclear,
            _ => Seen::Older,
        };
    }
    if rules.parts == Parts::Order {
        return see_rows(facts);
    }
    let Some(lines) = &sent.content.lines else { return Seen::Unclear };
    // Not listed. Only if the counts agree that nothing of it is shipped is it certainly absent.
    let mut explained = Units::new();
    for other in others {
        add(&mut explained, &other.confirmed_lines());
    }
    for shown in live(facts) {
        if !others.iter().any(|o| o.is_shown_as(shown, rules.known_by)) {
            add(&mut explained, &shown.lines);
        }
    }
    let counted = lines.keys().all(|line| {
        let known = facts.lines.iter().find(|l| &l.id == line);
        known.is_some_and(|l| l.shipped.is_some_and(|shipped| shipped <= of(&explained, line)))
    });
    if counted { Seen::Absent } else { Seen::Unclear }
}

/// Whether a package still shows the carrier that it had before this version, which named another.
///
/// How a marketplace writes a carrier that it took is its own affair; but what it wrote for the last version it does
/// not write for this one.
pub(super) fn shows_earlier_carrier(package: &Package, sent: &Version, shown: &ShownPackage) -> bool {
    let (Some(carrier), Some(theirs)) = (&sent.sent_carrier, shown.carrier.as_deref()) else { return false };
    let earlier = package
        .versions
        .iter()
        .rev()
        .filter(|v| v.n < sent.n)
        .find_map(|before| before.sent_carrier.as_ref());
    earlier.is_some_and(|earlier| earlier.is_called(theirs) && !carrier.is_called(theirs))
}

/// What rows without lines say of a parcel that is not among them.
///
/// An order that counts as shipped without any row, or with one that names no number, may well be our call with
/// its tracking lost: repeating it would mail the buyer again.
fn see_rows(facts: &OrderFacts) -> Seen {
    let Some(rows) = &facts.packages else { return Seen::Unclear };
    let nameless = live(facts).any(|row| row.tracking_number.is_none());
    let shipped = matches!(facts.status, OrderStatus::Shipped | OrderStatus::PartlyShipped);
    if nameless || shipped && rows.is_empty() { Seen::Unclear } else { Seen::Absent }
}

impl Package {
    /// The lines of the version that the marketplace accepted last.
    #[must_use]
    pub fn confirmed_lines(&self) -> BTreeMap<OrderLineId, u32> {
        self.confirmed_version().and_then(|v| v.content.lines.clone()).unwrap_or_default()
    }
}
