//! Cancellations and refunds that a store tells of, taken to the marketplace where the merchant switched that on.
//!
//! Both are money, or close to it: each is written down before anything is sent, sent once, and never again unless it is
//! certain that nothing came of it. Whatever is not certain is a person's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::facts::FulfillmentStatus;
use crate::ids::{OrderLineId, Sku, StoreLineId};
use crate::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus};
use crate::money::Money;
use crate::order::{MarketplaceOrder, StoreOrder};
use crate::package::Package;

/// Which of the store's cancellations and refunds are taken to the marketplace; none, unless the merchant says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reversals {
    /// An order cancelled at the store before anything left is cancelled at the marketplace.
    pub cancel: bool,
    /// Money refunded at the store for lines that have left is refunded at the marketplace.
    pub refund: bool,
}

impl Reversals {
    /// Whether any is.
    #[must_use]
    pub fn any(self) -> bool {
        self.cancel || self.refund
    }
}

/// A line of a refund at a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRefundLine {
    /// The store's line.
    pub line: StoreLineId,
    /// Absent for a custom line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// What goes back for it, in the order's currency.
    pub amount: Money,
}

/// A refund at a store. It never changes once made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRefund {
    /// The store's id of it.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// What goes back by line.
    pub lines: Vec<StoreRefundLine>,
    /// Something else goes back too (postage, a difference), or something about it was unclear.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// What is reversed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Reversed {
    /// The whole order, before anything left.
    Cancellation {
        /// All its lines.
        lines: Vec<OrderLineId>,
        /// The buyer asked for it.
        buyer_asked: bool,
    },
    /// Money.
    Refund {
        /// How much, by line.
        lines: Vec<(OrderLineId, Money)>,
    },
}

impl Reversed {
    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Cancellation { .. } => "cancellation",
            Self::Refund { .. } => "refund",
        }
    }
}

/// Where a reversal stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ReversalState {
    /// To be sent.
    Planned,
    /// Its document lies at the marketplace, and nothing has happened by that.
    Uploaded {
        /// The document.
        document: String,
    },
    /// The marketplace is asked to carry it out.
    Submitting {
        /// Since when.
        since: Timestamp,
        /// After this whoever asked is taken to have crashed.
        lease_until: Timestamp,
    },
    /// It may have been asked: looked for, never repeated.
    Doubt {
        /// Since when.
        since: Timestamp,
    },
    /// The marketplace has it.
    Submitted {
        /// The marketplace's id of it.
        feed: String,
        /// Since when.
        since: Timestamp,
    },
    /// Carried out.
    Done,
    /// A person must do it, or see what became of it.
    ByHand {
        /// Why.
        why: String,
    },
}

/// One cancellation or refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// Its id within the order: `cancel`, or `refund-` and the store's id. Never comes again.
    pub id: String,
    /// What is reversed.
    pub what: Reversed,
    /// Where it stands.
    pub state: ReversalState,
    /// When to look again.
    pub next_look: Timestamp,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// How often the marketplace was asked, or may have been.
    #[serde(default)]
    pub attempts: u32,
}

impl Reversal {
    fn new(id: String, what: Reversed, why_not: Option<String>, now: Timestamp) -> Self {
        let state = why_not.map_or(ReversalState::Planned, |why| ReversalState::ByHand { why });
        Self { id, what, state, next_look: now, failures: 0, attempts: 0 }
    }

    /// What the marketplace knows it by: letters, digits and dashes.
    #[must_use]
    pub fn sent_id(&self) -> String {
        self.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect()
    }

    /// Whether anything is still to happen with it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state, ReversalState::Done | ReversalState::ByHand { .. })
    }

    /// The cause of the alert that it is a person's.
    #[must_use]
    pub fn cause(&self) -> String {
        format!("{REVERSAL}{}", self.id)
    }
}

/// What the cause of an alert about a reversal begins with; its id follows.
pub const REVERSAL: &str = "reversal:";
/// The id of an order's cancellation.
const CANCEL: &str = "cancel";
/// More refunds of one order are not kept: nobody makes so many.
pub const MOST_REFUNDS: usize = 40;

/// A refund this old may have been taken on in a record that is gone. The order's record is kept for 90 days after its
/// last change, and the store's, which goes on telling of the refund, may have changed later.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Why amounts that no decimal holds are a person's.
const TOO_LARGE: &str = "the amounts are too large to be added up";

/// What is known for finding what is to be reversed.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The order.
    pub order: &'a MarketplaceOrder,
    /// The store orders linked to it.
    pub stores: &'a [StoreOrder],
    /// Its packages.
    pub packages: &'a [&'a Package],
    /// The account's SKU map: store SKU → marketplace SKU.
    pub sku_map: &'a BTreeMap<Sku, Sku>,
    /// What the merchant switched on.
    pub switches: Reversals,
    /// Since when the connection works: what the store did before is not taken on.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// The reversals that the store's events ask for and that the order has not yet.
#[must_use]
pub fn wanted(seen: Seen<'_>) -> Vec<Reversal> {
    let Some(facts) = seen.order.facts.as_ref().filter(|facts| facts.fulfilled_by == FulfilledBy::Merchant)
    else {
        return Vec::new();
    };
    let known: BTreeSet<&str> = seen.order.reversals.iter().map(|one| one.id.as_str()).collect();
    let mut all = Vec::new();
    if seen.switches.cancel && !known.contains(CANCEL) {
        all.extend(cancellation(seen, facts));
    }
    if seen.switches.refund {
        let refunds = seen.stores.iter().flat_map(|store| store.refunds.values());
        for refund in refunds.filter(|refund| refund.at >= seen.started_at) {
            let id = format!("refund-{}", refund.id);
            if !known.contains(id.as_str()) && all.iter().all(|one: &Reversal| one.id != id) {
                all.push(self::refund(seen, facts, refund, id, &all));
            }
        }
    }
    all
}

/// Whether a parcel has left, or may have been told of.
#[must_use]
pub fn anything_left(stores: &[StoreOrder], packages: &[&Package], facts: &OrderFacts) -> bool {
    let at_store = stores
        .iter()
        .flat_map(|store| store.fulfillments.values())
        .any(|fulfillment| fulfillment.fact.status == FulfillmentStatus::Live);
    let told = packages.iter().any(|p| p.confirmed.is_some() || p.state.doubtful_version().is_some());
    let there = matches!(facts.status, OrderStatus::Shipped | OrderStatus::PartlyShipped)
        || facts.lines.iter().any(|line| line.shipped.unwrap_or(0) > 0);
    at_store || told || there
}

fn cancellation(seen: Seen<'_>, facts: &OrderFacts) -> Option<Reversal> {
    let cancelled = !seen.stores.is_empty()
        && seen.stores.iter().all(|store| store.cancelled_at.is_some_and(|at| at >= seen.started_at));
    if !cancelled || facts.status == OrderStatus::Cancelled {
        return None;
    }
    let lines =
        facts.lines.iter().filter(|line| line.confirmable() > 0).map(|line| line.id.clone()).collect();
    let what = Reversed::Cancellation { lines, buyer_asked: facts.cancel_requested };
    let why_not = still_cancellable(facts, anything_left(seen.stores, seen.packages, facts)).err();
    Some(Reversal::new(CANCEL.to_owned(), what, why_not, seen.now))
}

/// Whether an order can be cancelled, by what the marketplace says of it now.
///
/// # Errors
/// Why not, in words for the merchant.
pub fn still_cancellable(facts: &OrderFacts, anything_left: bool) -> Result<(), String> {
    if anything_left {
        return Err("the store cancelled the order, but a parcel of it has left".to_owned());
    }
    match facts.status {
        OrderStatus::Open => Ok(()),
        OrderStatus::Pending => {
            Err("the store cancelled the order before the marketplace released it".to_owned())
        }
        OrderStatus::Cancelled => Err("the order is cancelled already".to_owned()),
        OrderStatus::Shipped | OrderStatus::PartlyShipped => {
            Err("the store cancelled the order, but the marketplace counts it as shipped".to_owned())
        }
        OrderStatus::Unknown => Err("the marketplace does not say where the order stands".to_owned()),
    }
}

fn refund(
    seen: Seen<'_>,
    facts: &OrderFacts,
    refund: &StoreRefund,
    id: String,
    planned: &[Reversal],
) -> Reversal {
    let mut sums: BTreeMap<OrderLineId, Money> = BTreeMap::new();
    let mut why_not = None;
    if seen.now.duration_since(refund.at) > TOO_OLD {
        let words = "the store made this refund more than 60 days ago, and whether it was taken to the marketplace then is not \
                     known any more";
        why_not.get_or_insert(words.to_owned());
    }
    for line in &refund.lines {
        let Some(theirs) = line_of(line, facts, seen.sku_map) else {
            why_not.get_or_insert("a refunded line matches no line of the marketplace order".to_owned());
            continue;
        };
        let sum = sums
            .entry(theirs.id.clone())
            .or_insert_with(|| Money { amount: Decimal::ZERO, currency: line.amount.currency.clone() });
        if sum.currency != line.amount.currency {
            why_not.get_or_insert("the refund is in several currencies".to_owned());
        } else if let Some(all) = sum.amount.checked_add(line.amount.amount) {
            sum.amount = all;
        } else {
            why_not.get_or_insert(TOO_LARGE.to_owned());
        }
    }
    let lines: Vec<(OrderLineId, Money)> =
        sums.into_iter().filter(|(_, money)| !money.amount.is_zero()).collect();
    if refund.more {
        let words = "the refund holds more than the price of lines (postage, or a difference), which is not split here";
        why_not.get_or_insert(words.to_owned());
    }
    if lines.is_empty() {
        why_not.get_or_insert("the refund names no line with an amount".to_owned());
    }
    let done = seen.order.reversals.iter().chain(planned);
    if let Err(why) = within_what_was_paid(&lines, facts, done) {
        why_not.get_or_insert(why);
    }
    Reversal::new(id, Reversed::Refund { lines }, why_not, seen.now)
}

/// The marketplace's line of a refunded one: the only one of its SKU, mapped if need be.
fn line_of<'a>(
    line: &StoreRefundLine,
    facts: &'a OrderFacts,
    sku_map: &BTreeMap<Sku, Sku>,
) -> Option<&'a OrderLine> {
    let of = |wanted: &Sku| {
        let mut all = facts.lines.iter().filter(|theirs| theirs.sku.as_ref() == Some(wanted));
        all.next().filter(|_| all.next().is_none())
    };
    let sku = line.sku.as_ref()?;
    of(sku).or_else(|| of(sku_map.get(sku)?))
}

/// Whether so much was paid for these lines, less what went back or may have gone back already.
///
/// Only for what has left: what has not is cancelled, not refunded.
///
/// # Errors
/// Why not, in words for the merchant.
pub fn within_what_was_paid<'a>(
    lines: &[(OrderLineId, Money)],
    facts: &OrderFacts,
    earlier: impl IntoIterator<Item = &'a Reversal>,
) -> Result<(), String> {
    let mut before: BTreeMap<&OrderLineId, Decimal> = BTreeMap::new();
    for one in earlier {
        // What is a person's may have been refunded by them: it counts, too.
        if let Reversed::Refund { lines } = &one.what {
            for (line, money) in lines {
                let sum = before.entry(line).or_default();
                *sum = sum.checked_add(money.amount).ok_or(TOO_LARGE)?;
            }
        }
    }
    for (line, money) in lines {
        let theirs = facts.lines.iter().find(|theirs| theirs.id == *line);
        let Some(theirs) = theirs else { return Err(format!("the order has no line {line} any more")) };
        let shipped = facts.status == OrderStatus::Shipped || theirs.shipped.is_some_and(|units| units > 0);
        if !shipped {
            return Err("the line has not been shipped: it is cancelled rather than refunded".to_owned());
        }
        let Some(paid) = &theirs.paid else {
            return Err("the marketplace does not say what the buyer paid".to_owned());
        };
        if paid.currency != money.currency {
            return Err(format!(
                "the buyer paid in {}, and the refund is in {}",
                paid.currency, money.currency
            ));
        }
        let all = before.get(line).copied().unwrap_or_default().checked_add(money.amount).ok_or(TOO_LARGE)?;
        if money.amount <= Decimal::ZERO || all > paid.amount {
            let all = Money { amount: all, currency: money.currency.clone() };
            return Err(format!("{all} in all would go back for a line for which the buyer paid {paid}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
