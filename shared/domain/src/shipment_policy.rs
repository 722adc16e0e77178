//! What a merchant chose for parcels that a marketplace takes in more than one way.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which of several parcels of one order are told of, where each mails the buyer and names no lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeveralParcels {
    /// The first alone: it marks the order as shipped. Where it waits for a person, the next in its place.
    First,
    /// Each, when it has left: one mail to the buyer for each.
    #[default]
    Each,
    /// None before the last has left or the deadline nears; then each.
    LastOrDeadline,
}

/// What is done when a parcel that was told of gets another number, where that mails the buyer again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Corrections {
    /// The merchant is asked to do it by hand.
    #[default]
    Ask,
    /// The new number is told as a further row.
    AnotherRow,
}

/// What is done with a parcel that has no tracking number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutNumber {
    /// It waits for a number; the merchant hears of it before the deadline.
    #[default]
    Hold,
    /// It waits for a number until the deadline nears, then it is told without one.
    SendNearDeadline,
    /// It is told without one at once.
    Send,
}

/// How an account's parcels are told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShipmentPolicy {
    /// Several parcels of one order.
    pub several_parcels: SeveralParcels,
    /// A number that changed afterwards.
    pub corrections: Corrections,
    /// Parcels without a number.
    pub without_number: WithoutNumber,
    /// How long before ship-by a deadline *nears* for these choices.
    #[serde(with = "crate::connection::seconds")]
    pub near: Duration,
}

impl Default for ShipmentPolicy {
    fn default() -> Self {
        Self {
            several_parcels: SeveralParcels::default(),
            corrections: Corrections::default(),
            without_number: WithoutNumber::default(),
            near: Duration::from_secs(4 * 3600),
        }
    }
}

/// Where no deadline is known, one this long after the parcel left is assumed.
const ASSUMED: SignedDuration = SignedDuration::from_hours(24);

impl ShipmentPolicy {
    /// When the deadline nears, for a parcel that left at `shipped_at`.
    #[must_use]
    pub fn nears_at(&self, ship_by: Option<Timestamp>, shipped_at: Timestamp) -> Timestamp {
        let deadline = ship_by.unwrap_or_else(|| shipped_at.saturating_add(ASSUMED).unwrap_or(shipped_at));
        let near = SignedDuration::try_from(self.near).unwrap_or(SignedDuration::ZERO);
        deadline.saturating_sub(near).unwrap_or(shipped_at)
    }

    /// Whether a parcel without a number is to be told of now; else when it will be, if ever.
    #[must_use]
    pub fn without_number(&self, nears_at: Timestamp, now: Timestamp) -> UntilTold {
        match self.without_number {
            WithoutNumber::Hold => UntilTold::Never,
            WithoutNumber::Send => UntilTold::Now,
            WithoutNumber::SendNearDeadline if nears_at <= now => UntilTold::Now,
            WithoutNumber::SendNearDeadline => UntilTold::At(nears_at),
        }
    }
}

/// When a parcel without a number is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UntilTold {
    /// Now.
    Now,
    /// Not before this.
    At(Timestamp),
    /// Not without a number.
    Never,
}
