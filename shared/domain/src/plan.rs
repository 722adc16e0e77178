//! The plan: what is to be done with one package, from what is known. A pure function.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::carrier_policy::OnContradiction;
use crate::confirmation::{CarrierCode, Confirmation};
use crate::ids::OrderLineId;
use crate::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus, Program, ShownPackage};
use crate::package::{Package, Ruling, Version};
use crate::state::{Cause, NotOurs, StateName};
use crate::tracking::TrackingNumber;

/// The carrier as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierKnown {
    /// This code.
    Code {
        /// The marketplace's code.
        carrier: CarrierCode,
        /// The service to send along.
        service: Option<String>,
        /// Which rule said so, for the history.
        because: String,
        /// What speaks against it, if anything.
        objection: Option<Objection>,
    },
    /// No code for this text.
    Unmapped {
        /// The text.
        text: String,
        /// Codes that look alike.
        suggestions: Vec<String>,
    },
    /// The store named none.
    Missing,
}

/// The tracking number says that another carrier made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The carrier as the store wrote it.
    pub text: String,
    /// What the number says.
    pub detail: String,
    /// What the merchant chose to do about it.
    pub then: OnContradiction,
}

/// All that a plan looks at, but the package itself.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// What the marketplace last said of the order.
    pub facts: &'a OrderFacts,
    /// The order's other packages of ours.
    pub others: &'a [&'a Package],
    /// The carrier of the wanted version.
    pub carrier: &'a CarrierKnown,
    /// Store lines of the wanted version that match nothing.
    pub unmatched: &'a [String],
    /// A number without a unit.
    pub surplus: bool,
    /// Since when both connections are started; older parcels are not sent by surprise.
    pub started_at: Timestamp,
    /// Both connections are switched on.
    pub sync: bool,
    /// The marketplace takes the same reference again as an edit.
    pub edits: bool,
    /// Now.
    pub now: Timestamp,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tell the marketplace this.
    Confirm(Box<Confirmation>),
    /// Ask the merchant.
    Hold(Cause),
    /// None of ours.
    NotOurs(NotOurs),
    /// Somebody confirmed something else.
    Conflict {
        /// What the marketplace shows.
        theirs: String,
        /// What we would have sent.
        ours: String,
    },
    /// Wait until another package of the order was changed.
    WaitForOther,
    /// The wanted version is shown: nothing to do.
    Shown,
    /// The wanted version was accepted: only look.
    Told,
}

/// Decides. Intent and Doubt are not asked about: they leave only by their own outcome.
#[must_use]
pub fn plan(package: &Package, around: Around<'_>) -> Verdict {
    let Some(wanted) = package.wanted() else { return Verdict::Hold(Cause::NoTrackingNumber) };
    match &package.ruling {
        Some(Ruling::ConfirmedByHand) => {
            return Verdict::NotOurs(NotOurs::ByRuling { reason: "you confirmed it by hand".into() });
        }
        Some(Ruling::NotOurs) => {
            return Verdict::NotOurs(NotOurs::ByRuling { reason: "you said it is not ours".into() });
        }
        Some(Ruling::Ignore { reason }) => {
            return Verdict::NotOurs(NotOurs::ByRuling {
                reason: format!("you said to ignore it: {reason}"),
            });
        }
        Some(Ruling::SendOnce) | None => {}
    }
    let facts = around.facts;
    // What was confirmed stays confirmed, whatever becomes of the order afterwards.
    if let Some(why) = not_ours(facts).filter(|_| package.confirmed.is_none()) {
        return Verdict::NotOurs(why);
    }
    let shown = shown_with_number(facts, wanted);
    if let Some(shown) = shown {
        let ours = shown.reference == package.reference.to_string();
        let doubted = package.state.doubtful_version() == Some(wanted.n);
        if ours && (doubted || package.confirmed == Some(wanted.n)) {
            return Verdict::Shown;
        }
        // Another reference with the same number: somebody did our work.
        if !ours && package.confirmed.is_none() {
            return Verdict::NotOurs(NotOurs::AlreadyShown);
        }
    }
    if package.confirmed == Some(wanted.n) {
        return Verdict::Told;
    }
    let edit = package.confirmed_version();
    if edit.is_some_and(|confirmed| !confirmed.content.differs_for_marketplace(&wanted.content)) {
        return Verdict::Told;
    }
    if edit.is_some() && !around.edits {
        return Verdict::Hold(Cause::EditByHand);
    }
    let send_once = package.ruling == Some(Ruling::SendOnce);
    if !around.sync && !send_once {
        return Verdict::NotOurs(NotOurs::SyncOff);
    }
    if edit.is_none() && wanted.content.shipped_at < around.started_at && !send_once {
        return Verdict::NotOurs(NotOurs::BeforeStart);
    }
    if around.surplus {
        return Verdict::Hold(Cause::SurplusNumber);
    }
    let Some(number) = &wanted.content.number else { return Verdict::Hold(Cause::NoTrackingNumber) };
    if facts.fulfilled_by == FulfilledBy::Unknown && !send_once {
        let detail = "the marketplace does not say who ships this order".to_owned();
        return Verdict::Hold(Cause::OrderUnclear { detail });
    }
    if facts.status == OrderStatus::Pending {
        return Verdict::Hold(Cause::Pending);
    }
    let Some(lines) = wanted.content.lines.as_ref().filter(|_| around.unmatched.is_empty()) else {
        return Verdict::Hold(Cause::LineUnclear { lines: around.unmatched.to_vec() });
    };
    if lines.is_empty() {
        return Verdict::Hold(Cause::LineUnclear { lines: vec!["the fulfillment names no line".into()] });
    }
    if let Some(verdict) = check_quantities(package, number, lines, around) {
        return verdict;
    }
    let (carrier, service) = match around.carrier {
        CarrierKnown::Code {
            objection: Some(Objection { text, detail, then: OnContradiction::Hold }),
            ..
        } if !send_once => {
            return Verdict::Hold(Cause::CarrierContradicted { text: text.clone(), detail: detail.clone() });
        }
        CarrierKnown::Code { carrier, service, .. } => (carrier.clone(), service.clone()),
        CarrierKnown::Unmapped { text, suggestions } => {
            return Verdict::Hold(Cause::CarrierUnmapped {
                text: text.clone(),
                suggestions: suggestions.clone(),
            });
        }
        CarrierKnown::Missing => return Verdict::Hold(Cause::NoCarrier),
    };
    Verdict::Confirm(Box::new(Confirmation {
        order: package.order.order.clone(),
        marketplace: facts.marketplace.clone(),
        reference: package.reference,
        carrier,
        service,
        tracking_number: number.clone(),
        ship_date: ship_date(package, wanted, facts, around.now),
        lines: lines.clone(),
    }))
}

fn not_ours(facts: &OrderFacts) -> Option<NotOurs> {
    if facts.fulfilled_by == FulfilledBy::Marketplace {
        Some(NotOurs::FulfilledByMarketplace)
    } else if facts.programs.contains(&Program::ConfirmsItself) {
        Some(NotOurs::ConfirmsItself)
    } else if facts.programs.contains(&Program::PickUp) {
        Some(NotOurs::PickUp)
    } else if facts.status == OrderStatus::Cancelled {
        Some(NotOurs::CancelledThere)
    } else {
        None
    }
}

fn shown_with_number<'a>(facts: &'a OrderFacts, wanted: &Version) -> Option<&'a ShownPackage> {
    let number = wanted.content.number.as_ref()?;
    live(facts).find(|p| p.tracking_number.as_deref().is_some_and(|n| number.same_as(n)))
}

/// Packages that the marketplace shows and that count.
fn live(facts: &OrderFacts) -> impl Iterator<Item = &ShownPackage> {
    facts.packages.iter().flatten().filter(|p| !p.cancelled)
}

/// The store's shipped time within [order time, now − 1 min]; once sent, sent again unchanged.
fn ship_date(package: &Package, wanted: &Version, facts: &OrderFacts, now: Timestamp) -> Timestamp {
    let sent = wanted.ship_date.or_else(|| package.confirmed_version().and_then(|v| v.ship_date));
    sent.unwrap_or_else(|| {
        let latest = now.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(now);
        wanted.content.shipped_at.min(latest).max(facts.ordered_at.min(latest))
    })
}

type Units = BTreeMap<OrderLineId, u32>;

fn of(units: &Units, line: &OrderLineId) -> u32 {
    units.get(line).copied().unwrap_or(0)
}

fn add(sum: &mut Units, units: &Units) {
    for (line, units) in units {
        let total = sum.entry(line.clone()).or_default();
        *total = total.saturating_add(*units);
    }
}

/// Confirmed per line never exceeds ordered less cancelled; and what others confirmed is never overwritten.
fn check_quantities(
    package: &Package,
    number: &TrackingNumber,
    lines: &Units,
    around: Around<'_>,
) -> Option<Verdict> {
    let facts = around.facts;
    let ours: Vec<String> = around.others.iter().chain([&package]).map(|p| p.reference.to_string()).collect();
    let mut wanted_by_others = Units::new();
    let mut at_marketplace = Units::new();
    let mut left_behind = Units::new();
    for other in around.others {
        if !travels(other) {
            add(&mut left_behind, &other.units_at_marketplace());
        }
        if let Some(lines) = other.wanted().filter(|_| travels(other)).and_then(|v| v.content.lines.as_ref())
        {
            add(&mut wanted_by_others, lines);
        }
        // Also of one that travels no more: the marketplace counts it until somebody takes it back there.
        add(&mut at_marketplace, &other.units_at_marketplace());
    }
    let foreign: Vec<&ShownPackage> = live(facts)
        .filter(|p| !ours.contains(&p.reference))
        // A sibling that stands back because its number is shown already is in `foreign`, not in `others`.
        .collect();
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
        if units.saturating_add(of(&wanted_by_others, line)) > possible {
            return Some(Verdict::Hold(Cause::TooMany {
                detail: format!(
                    "{} units of line {line} in all parcels, but the order has {possible} to ship",
                    units.saturating_add(of(&wanted_by_others, line)),
                ),
            }));
        }
        let free = possible.saturating_sub(of(&by_foreign, line));
        if units.saturating_add(of(&wanted_by_others, line)) > free || (silent && !foreign.is_empty()) {
            return Some(conflict(&foreign, number, around.carrier));
        }
        // Nobody takes those back but a person: waiting for them would be waiting for ever.
        let behind = of(&left_behind, line);
        if behind > 0 && units.saturating_add(of(&wanted_by_others, line)).saturating_add(behind) > free {
            return Some(Verdict::Hold(Cause::TooMany {
                detail: format!(
                    "{units} units of line {line} in this parcel, but the marketplace still counts {behind} of a \
                     parcel that was voided after it was confirmed"
                ),
            }));
        }
        if units.saturating_add(of(&at_marketplace, line)) > free {
            return Some(Verdict::WaitForOther);
        }
        // The packages are not shown, only counts: what we cannot explain is a person's to explain.
        if facts.packages.is_none()
            && let Some(shipped) = known.shipped
        {
            let mine = package.units_at_marketplace();
            let explained = of(&at_marketplace, line).saturating_add(of(&mine, line));
            if shipped > explained && units.saturating_add(shipped - of(&mine, line).min(shipped)) > possible
            {
                return Some(Verdict::Hold(Cause::OrderUnclear {
                    detail: format!(
                        "the marketplace counts {shipped} units of line {line} as shipped, we know of \
                         {explained}, and this parcel has {units} of {possible}"
                    ),
                }));
            }
        }
    }
    None
}

/// Whether a package of ours still takes part in the order's count.
fn travels(package: &Package) -> bool {
    !matches!(
        package.state.name(),
        StateName::Cancelled | StateName::Superseded | StateName::NotOurs | StateName::Conflict
    )
}

fn conflict(foreign: &[&ShownPackage], number: &TrackingNumber, carrier: &CarrierKnown) -> Verdict {
    let theirs: Vec<String> = foreign
        .iter()
        .map(|p| {
            let carrier = p.carrier.as_deref().unwrap_or("no carrier");
            format!("{carrier} {}", p.tracking_number.as_deref().unwrap_or("without a number"))
        })
        .collect();
    let ours = match carrier {
        CarrierKnown::Code { carrier, .. } => format!("{} {number}", carrier.code),
        CarrierKnown::Unmapped { text, .. } => format!("{text} {number}"),
        CarrierKnown::Missing => number.to_string(),
    };
    Verdict::Conflict { theirs: theirs.join(", "), ours }
}

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
pub fn see(package: &Package, version: u32, facts: &OrderFacts, others: &[&Package]) -> Seen {
    let Some(sent) = package.version(version) else { return Seen::Unclear };
    let Some(number) = &sent.content.number else { return Seen::Unclear };
    let reference = package.reference.to_string();
    if let Some(shown) = live(facts).find(|p| p.reference == reference) {
        let same_number = shown.tracking_number.as_deref().is_some_and(|n| number.same_as(n));
        // An answer without items, or without a number where it always has one, cannot be compared further.
        let same_lines =
            shown.lines.is_empty() || sent.content.lines.as_ref().is_none_or(|l| *l == shown.lines);
        return match (same_number, same_lines) {
            (true, true) => Seen::Shown,
            (false, _) if shown.tracking_number.is_none() => Seen::Unclear,
            _ => Seen::Older,
        };
    }
    let Some(lines) = &sent.content.lines else { return Seen::Unclear };
    // Not listed. Only if the counts agree that nothing of it is shipped is it certainly absent.
    let mut explained = Units::new();
    for other in others {
        add(&mut explained, &other.confirmed_lines());
    }
    for shown in live(facts) {
        if !others.iter().any(|o| o.reference.to_string() == shown.reference) {
            add(&mut explained, &shown.lines);
        }
    }
    let counted = lines.keys().all(|line| {
        let known = facts.lines.iter().find(|l| &l.id == line);
        known.is_some_and(|l| l.shipped.is_some_and(|shipped| shipped <= of(&explained, line)))
    });
    if counted { Seen::Absent } else { Seen::Unclear }
}

impl Package {
    /// The lines of the version that the marketplace accepted last.
    #[must_use]
    pub fn confirmed_lines(&self) -> BTreeMap<OrderLineId, u32> {
        self.confirmed_version().and_then(|v| v.content.lines.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
