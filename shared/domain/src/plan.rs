//! The plan: what is to be done with one package, from what is known. A pure function.

mod parts;
mod quantities;
mod see;

use jiff::{SignedDuration, Timestamp};

use crate::carrier_policy::OnContradiction;
use crate::confirmation::{Carriage, CarrierCode, Confirmation, Tracking};
use crate::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus, Program, ShownPackage};
use crate::marketplace_rules::{Edits, MarketplaceRules, Parts, Untracked};
use crate::package::{Package, Ruling, Version};
use crate::shipment_policy::{Corrections, ShipmentPolicy, UntilTold};
use crate::state::{Cause, NotOurs, Waiting};
use crate::tracking::TrackingNumber;
use parts::check_parts;
use quantities::{Units, check_quantities};
use see::shows_earlier_carrier;
pub use see::{Seen, see};

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
    /// What the marketplace allows.
    pub rules: MarketplaceRules,
    /// What the merchant chose.
    pub policy: &'a ShipmentPolicy,
    /// The stores say that all of the order has left.
    pub all_left: bool,
    /// The marketplace lets this account confirm nothing any more.
    pub access_closed: bool,
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
    /// Wait, at most so long.
    Wait {
        /// Not before this.
        not_before: Timestamp,
        /// For what.
        waiting: Waiting,
    },
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
        let ours = package.is_shown_as(shown, around.rules.known_by);
        let doubted = package.state.doubtful_version() == Some(wanted.n);
        // The number is there, but with the carrier of before: the correction was not kept.
        let stale =
            around.rules.edits == Edits::SameReference && shows_earlier_carrier(package, wanted, shown);
        // A row that was there before, of a number that was changed and changed back: another would mail the buyer again.
        let earlier =
            || package.earlier_numbers.contains(&wanted.content.number.as_ref()?.folded()).then_some(());
        let stays = around.rules.edits == Edits::AnotherRow && earlier().is_some();
        if ours && !stale && (doubted || stays || package.confirmed == Some(wanted.n)) {
            return Verdict::Shown;
        }
        // The same number, and not by us: somebody did our work.
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
    if let Some(verdict) = edit.and_then(|confirmed| refuse_edit(package, confirmed, wanted, around)) {
        return verdict;
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
    if around.access_closed {
        return Verdict::Hold(Cause::AccessClosed);
    }
    if wanted.content.number.is_none() && !may_go_without_number(wanted, around) {
        return Verdict::Hold(Cause::NoTrackingNumber);
    }
    if wanted.content.number.is_none() && around.rules.untracked == Untracked::Never {
        return Verdict::Hold(Cause::NumberNeeded);
    }
    if facts.fulfilled_by == FulfilledBy::Unknown && !send_once {
        let detail = "the marketplace does not say who ships this order".to_owned();
        return Verdict::Hold(Cause::OrderUnclear { detail });
    }
    if facts.status == OrderStatus::Pending {
        return Verdict::Hold(Cause::Pending);
    }
    let lines = match lines_to_tell(wanted, around) {
        Ok(lines) => lines,
        Err(cause) => return Verdict::Hold(cause),
    };
    if let Some(verdict) = check_quantities(package, &lines, around) {
        return verdict;
    }
    if let Some(verdict) = check_parts(package, wanted, &lines, send_once, around) {
        return verdict;
    }
    let tracking = match tracking(wanted, send_once, around.carrier) {
        Ok(tracking) => tracking,
        Err(cause) => return Verdict::Hold(cause),
    };
    let untracked = match untracked(wanted, around) {
        Ok(untracked) => untracked,
        Err(cause) => return Verdict::Hold(cause),
    };
    Verdict::Confirm(Box::new(Confirmation {
        order: package.order.order.clone(),
        marketplace: facts.marketplace.clone(),
        reference: package.known_as(),
        told_as: edit.and_then(|confirmed| confirmed.content.number.clone()),
        tracking,
        untracked,
        ship_date: ship_date(package, wanted, facts, around.now),
        lines,
    }))
}

/// Why a package that was confirmed is not told of again with its new content, if so.
fn refuse_edit(
    package: &Package,
    confirmed: &Version,
    wanted: &Version,
    around: Around<'_>,
) -> Option<Verdict> {
    match around.rules.edits {
        // What was told of in bulk can only be edited under the reference that the marketplace gave it.
        Edits::SameReference if package.in_bulk && package.their_reference.is_none() => Some(Verdict::Wait {
            not_before: around.now.saturating_add(READ_FIRST).unwrap_or(around.now),
            waiting: Waiting::Facts,
        }),
        Edits::SameReference => None,
        // A further row mails the buyer once more: only another number is worth that, and only if it may.
        Edits::AnotherRow => {
            let folded = |v: &Version| v.content.number.as_ref().map(TrackingNumber::folded);
            let another = wanted.content.number.is_some() && folded(confirmed) != folded(wanted);
            let may = around.policy.corrections == Corrections::AnotherRow;
            (!another || !may).then_some(Verdict::Hold(Cause::EditByHand))
        }
        Edits::ByHand => Some(Verdict::Hold(Cause::EditByHand)),
    }
}

/// How soon an order is read whose package has no known reference yet.
const READ_FIRST: SignedDuration = SignedDuration::from_secs(60);

/// Whether the merchant and the order's rules let this parcel go without a number now.
fn may_go_without_number(wanted: &Version, around: Around<'_>) -> bool {
    let nears_at = around.policy.nears_at(around.facts.ship_by, wanted.content.shipped_at);
    !around.facts.needs_tracking && around.policy.without_number(nears_at, around.now) == UntilTold::Now
}

/// The lines that are told; `Err` says why they cannot be.
fn lines_to_tell(wanted: &Version, around: Around<'_>) -> Result<Units, Cause> {
    let unclear = |lines: &[String]| Cause::LineUnclear { lines: lines.to_vec() };
    if let Some(lines) = wanted.content.lines.as_ref().filter(|_| around.unmatched.is_empty()) {
        if lines.is_empty() {
            return Err(unclear(&["the fulfillment names no line".to_owned()]));
        }
        return Ok(lines.clone());
    }
    // Where a package names no lines it need not match; but if lines could match and do not, this may be
    // another order.
    let could_match = around.facts.lines.iter().all(|line| line.sku.is_some());
    match around.rules.parts {
        Parts::Order if !could_match => Ok(Units::new()),
        Parts::Units | Parts::Lines | Parts::Order => Err(unclear(around.unmatched)),
    }
}

/// Carrier and number, where there is a number; `Err` says why there is no carrier.
fn tracking(wanted: &Version, send_once: bool, carrier: &CarrierKnown) -> Result<Option<Tracking>, Cause> {
    let Some(number) = &wanted.content.number else { return Ok(None) };
    match carrier {
        CarrierKnown::Code {
            objection: Some(Objection { text, detail, then: OnContradiction::Hold }),
            ..
        } if !send_once => Err(Cause::CarrierContradicted { text: text.clone(), detail: detail.clone() }),
        CarrierKnown::Code { carrier, service, .. } => {
            Ok(Some(Tracking { carrier: carrier.clone(), service: service.clone(), number: number.clone() }))
        }
        CarrierKnown::Unmapped { text, suggestions } => {
            Err(Cause::CarrierUnmapped { text: text.clone(), suggestions: suggestions.clone() })
        }
        CarrierKnown::Missing => Err(Cause::NoCarrier),
    }
}

/// Who carries a parcel without a number, where the marketplace wants to know; `Err` says why nobody knows.
fn untracked(wanted: &Version, around: Around<'_>) -> Result<Option<Carriage>, Cause> {
    if wanted.content.number.is_some() || around.rules.untracked != Untracked::InBulk {
        return Ok(None);
    }
    match around.carrier {
        CarrierKnown::Code { carrier, service, .. } => {
            Ok(Some(Carriage { carrier: carrier.clone(), service: service.clone() }))
        }
        CarrierKnown::Unmapped { text, suggestions } => {
            Err(Cause::CarrierUnmapped { text: text.clone(), suggestions: suggestions.clone() })
        }
        CarrierKnown::Missing => Err(Cause::NoCarrier),
    }
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

#[cfg(test)]
mod tests;
