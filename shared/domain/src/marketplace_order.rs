//! What a marketplace says of an order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{MarketplaceId, OrderLineId, Sku};
use crate::money::Money;

/// Who ships the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilledBy {
    /// The merchant: ours to confirm.
    Merchant,
    /// The marketplace itself (Amazon: FBA): never confirmed by us.
    Marketplace,
    /// The answer did not say.
    Unknown,
}

/// Where the marketplace sees the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Not paid, or not yet released: nothing may be confirmed.
    Pending,
    /// Ready to be shipped.
    Open,
    /// Some of it is shipped.
    PartlyShipped,
    /// All of it is shipped.
    Shipped,
    /// Cancelled: never confirmed.
    Cancelled,
    /// The answer did not say, or said something we do not know.
    Unknown,
}

/// A line of a marketplace order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The marketplace's id of it.
    pub id: OrderLineId,
    /// The merchant's SKU there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// Units ordered.
    pub ordered: u32,
    /// Units cancelled.
    #[serde(default)]
    pub cancelled: u32,
    /// Units that the marketplace counts as shipped; absent if the answer left it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<u32>,
    /// What the buyer paid for all its units, where the marketplace was asked and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    /// The latest time to ship this line, where lines have deadlines of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Timestamp>,
}

impl OrderLine {
    /// Units that can be confirmed at all.
    #[must_use]
    pub fn confirmable(&self) -> u32 {
        self.ordered.saturating_sub(self.cancelled)
    }
}

/// A package that the marketplace shows on the order, whoever confirmed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPackage {
    /// The reference it was confirmed with.
    pub reference: String,
    /// The carrier it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The tracking number it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// When it left, by what was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_date: Option<Timestamp>,
    /// What is inside; empty where the answer does not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<OrderLineId, u32>,
    /// The marketplace says that this package does not count any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

/// A flag of the order that changes what we do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Seller-fulfilled Prime: to the front.
    Prime,
    /// Premium delivery: to the front.
    Premium,
    /// Confirms itself (Amazon: `FBM_SHIP_PLUS`): not ours.
    ConfirmsItself,
    /// Picked up in a store: no parcel.
    PickUp,
}

/// An order as the marketplace described it at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// When the marketplace says it changed: its own clock, compared only with itself.
    pub updated_at: Timestamp,
    /// When we read it, by our clock: for how fresh it is, never for which is newer at the marketplace. The epoch if it was
    /// only heard of, by a notification or in a list: good to know ahead of time, and read before anything is told.
    pub read_at: Timestamp,
    /// The marketplace and country it was placed in.
    pub marketplace: MarketplaceId,
    /// When it was placed.
    pub ordered_at: Timestamp,
    /// Who ships it.
    pub fulfilled_by: FulfilledBy,
    /// Where it stands.
    pub status: OrderStatus,
    /// The latest time to ship; later counts against the merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Timestamp>,
    /// The buyer asked to cancel.
    #[serde(default)]
    pub cancel_requested: bool,
    /// The marketplace's rules for this order refuse a parcel without a tracking number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_tracking: bool,
    /// Flags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<Program>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The packages shown; absent if the answer left them out (not the same as none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<ShownPackage>>,
}

impl OrderFacts {
    /// Whether its parcels go before those of other orders.
    #[must_use]
    pub fn goes_first(&self) -> bool {
        self.programs.iter().any(|program| matches!(program, Program::Prime | Program::Premium))
    }

    /// The latest time to ship any of these lines: the soonest of theirs, else the order's.
    #[must_use]
    pub fn ship_by_of(&self, lines: &BTreeMap<OrderLineId, u32>) -> Option<Timestamp> {
        let theirs =
            self.lines.iter().filter(|line| lines.contains_key(&line.id)).filter_map(|line| line.ship_by);
        theirs.min().or(self.ship_by)
    }

    /// Takes over from older facts what an answer may leave out but an order never changes: who ships it, and its
    /// programs; and the deadline, where this answer names none.
    #[must_use]
    pub fn with_what_never_changes(mut self, older: &Self) -> Self {
        if self.fulfilled_by == FulfilledBy::Unknown {
            self.fulfilled_by = older.fulfilled_by;
        }
        self.programs.extend(older.programs.iter().copied());
        self.programs.sort_unstable();
        self.programs.dedup();
        self.ship_by = self.ship_by.or(older.ship_by);
        self
    }

    /// The join of two descriptions: the marketplace's newer time wins, at equal times the later read.
    ///
    /// What a newer answer left out (packages, shipped counts) is not taken from the older one: stale is
    /// worse than unknown when deciding whether a parcel was confirmed.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if (other.updated_at, other.read_at) > (self.updated_at, self.read_at) { other } else { self }
    }
}
