//! The states of a package, and which may follow which.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a package waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Waiting {
    /// Nothing: it goes as soon as somebody looks.
    Nothing,
    /// The account's limit is used up: it waits in the account's lane, by deadline.
    Tokens,
    /// The account is parked or paused: as above.
    Connection,
    /// A failure that may pass.
    Pause {
        /// What failed.
        why: String,
    },
    /// Another package of the order must be changed first, or counts would be exceeded.
    OtherPackage,
    /// What the order is must be read first.
    Facts,
    /// The order's last parcel has not left yet, and the merchant chose to wait for it.
    LastParcel,
    /// It can only be told of in bulk: it waits in the account's lane for the next one.
    Bulk,
}

/// Why a package is held until somebody answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Cause {
    /// The store has no tracking number yet.
    NoTrackingNumber,
    /// There is no tracking number, the merchant lets such parcels go, and this marketplace takes none.
    NumberNeeded,
    /// The store named no carrier.
    NoCarrier,
    /// No code for this carrier text at this marketplace.
    CarrierUnmapped {
        /// The text.
        text: String,
        /// Codes that look alike.
        #[serde(default)]
        suggestions: Vec<String>,
    },
    /// The number's own check digit says that another carrier made it.
    CarrierContradicted {
        /// The carrier as the store wrote it.
        text: String,
        /// What the number says.
        detail: String,
    },
    /// A store line matches no line of the marketplace order.
    LineUnclear {
        /// The lines, by SKU or id.
        lines: Vec<String>,
    },
    /// A number for which no unit is left.
    SurplusNumber,
    /// More units than the order has.
    TooMany {
        /// Which line, how many wanted, how many possible.
        detail: String,
    },
    /// What the marketplace shows cannot be explained; both figures.
    OrderUnclear {
        /// The figures.
        detail: String,
    },
    /// It may have been applied, and no read could tell: only a person can. Both figures.
    InDoubt {
        /// The version that may be at the marketplace.
        version: u32,
        /// The figures.
        detail: String,
    },
    /// The marketplace says that the order is not paid or not released yet.
    Pending,
    /// The store changed it after it was confirmed, and this marketplace takes no edit.
    EditByHand,
    /// It holds a part of lines that this marketplace takes only as a whole.
    LineInParts {
        /// Which lines, and how many of how many.
        lines: Vec<String>,
    },
    /// The marketplace lets this account's app confirm no parcels any more.
    AccessClosed,
}

impl Cause {
    /// A short stable name, for grouping and lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoTrackingNumber => "no_tracking_number",
            Self::NumberNeeded => "number_needed",
            Self::NoCarrier => "no_carrier",
            Self::CarrierUnmapped { .. } => "carrier_unmapped",
            Self::CarrierContradicted { .. } => "carrier_contradicted",
            Self::LineUnclear { .. } => "line_unclear",
            Self::SurplusNumber => "surplus_number",
            Self::TooMany { .. } => "too_many",
            Self::OrderUnclear { .. } => "order_unclear",
            Self::InDoubt { .. } => "in_doubt",
            Self::Pending => "pending",
            Self::EditByHand => "edit_by_hand",
            Self::LineInParts { .. } => "line_in_parts",
            Self::AccessClosed => "access_closed",
        }
    }
}

/// Why a package, or a store order, is none of our business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum NotOurs {
    /// No link rule found a marketplace order id: an order of the store itself.
    NoMarketplaceOrder,
    /// The marketplace ships it (Amazon: FBA).
    FulfilledByMarketplace,
    /// Its program confirms by itself (Amazon: Ship+).
    ConfirmsItself,
    /// Picked up, no parcel.
    PickUp,
    /// Cancelled on the marketplace.
    CancelledThere,
    /// The marketplace shows this very number already.
    AlreadyShown,
    /// Shipped before the connection was started.
    BeforeStart,
    /// Sync is switched off for the account.
    SyncOff,
    /// A person said so.
    ByRuling {
        /// In which words.
        reason: String,
    },
    /// The store does not know the order.
    UnknownToStore,
    /// A buyer's or shop's data was erased by law.
    Erased,
    /// Another parcel of the order was told of first, or is about to be, and the merchant chose to tell of no other.
    FirstParcelTold,
}

impl NotOurs {
    /// A sentence for people.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::NoMarketplaceOrder => {
                "the store order is no marketplace order: no link rule found an order id".into()
            }
            Self::FulfilledByMarketplace => "the marketplace ships this order itself".into(),
            Self::ConfirmsItself => "the order's program confirms by itself".into(),
            Self::PickUp => "the order is picked up in a store".into(),
            Self::CancelledThere => "the order is cancelled on the marketplace".into(),
            Self::AlreadyShown => "the marketplace already shows this tracking number".into(),
            Self::BeforeStart => "it was shipped before this connection was started".into(),
            Self::SyncOff => "sync is switched off for this account".into(),
            Self::ByRuling { reason } => reason.clone(),
            Self::UnknownToStore => "the store does not know this order".into(),
            Self::Erased => "its data was erased on a privacy request".into(),
            Self::FirstParcelTold => {
                "another parcel of the order was told of first, or is about to be, and you chose to tell of no other".into()
            }
        }
    }
}

/// Where a package stands. See `design.md` section 4 for the drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// To be confirmed, not before a time.
    Planned {
        /// Not before.
        not_before: Timestamp,
        /// For what it waits.
        waiting: Waiting,
    },
    /// A call is recorded and may be on its way.
    Intent {
        /// The version it tells of.
        version: u32,
        /// Which try; later writes of an earlier try fail.
        attempt: u32,
        /// What is sent.
        hash: String,
        /// After this whoever made the call is taken to have crashed.
        lease_until: Timestamp,
        /// The bulk that carries it, if it goes in one: then the bulk's outcome is its outcome.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bulk: Option<String>,
    },
    /// The marketplace took it.
    Accepted {
        /// Which version.
        version: u32,
        /// When.
        at: Timestamp,
        /// The marketplace's id of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        /// When to look whether it shows.
        next_look: Timestamp,
    },
    /// The marketplace shows it.
    Visible {
        /// Which version.
        version: u32,
        /// Since when we know.
        at: Timestamp,
    },
    /// Accepted, but not shown within the stated lag.
    Missing {
        /// Which version.
        version: u32,
        /// Since when.
        since: Timestamp,
        /// When to look again.
        next_look: Timestamp,
    },
    /// It may have been applied: read before anything else.
    Doubt {
        /// Which version.
        version: u32,
        /// Since when.
        since: Timestamp,
        /// Reads so far.
        reads: u32,
        /// When to read.
        next_look: Timestamp,
    },
    /// The marketplace understood and refused.
    Rejected {
        /// Which version.
        version: u32,
        /// Its code.
        code: String,
        /// Its words.
        words: String,
        /// What was sent: the same is not sent again.
        #[serde(default)]
        hash: String,
    },
    /// Only the merchant can mend it.
    NeedsMerchant {
        /// Which version.
        version: u32,
        /// What they must do, in words.
        action: String,
    },
    /// Held until somebody answers.
    Held {
        /// Why.
        cause: Cause,
        /// Since when.
        since: Timestamp,
    },
    /// Somebody else confirmed something different: never overwritten.
    Conflict {
        /// What the marketplace shows.
        theirs: String,
        /// What we would have sent.
        ours: String,
    },
    /// The parcel does not travel: voided at the store.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Another package took its place.
    Superseded {
        /// Which.
        by: String,
    },
    /// None of ours.
    NotOurs {
        /// Why.
        why: NotOurs,
    },
}

/// The states by name alone: for edges, lists and filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is described at `State`")]
pub enum StateName {
    Planned,
    Intent,
    Accepted,
    Visible,
    Missing,
    Doubt,
    Rejected,
    NeedsMerchant,
    Held,
    Conflict,
    Cancelled,
    Superseded,
    NotOurs,
}

impl StateName {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Planned,
        Self::Intent,
        Self::Accepted,
        Self::Visible,
        Self::Missing,
        Self::Doubt,
        Self::Rejected,
        Self::NeedsMerchant,
        Self::Held,
        Self::Conflict,
        Self::Cancelled,
        Self::Superseded,
        Self::NotOurs,
    ];

    /// As in JSON and in `orders --state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Intent => "intent",
            Self::Accepted => "accepted",
            Self::Visible => "visible",
            Self::Missing => "missing",
            Self::Doubt => "doubt",
            Self::Rejected => "rejected",
            Self::NeedsMerchant => "needs_merchant",
            Self::Held => "held",
            Self::Conflict => "conflict",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::NotOurs => "not_ours",
        }
    }

    /// Whether a package may go from this state to `next`.
    ///
    /// Intent and Doubt leave only through their own outcome; nothing else ever overtakes them.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use StateName as S;
        match self {
            S::Intent => matches!(
                next,
                S::Intent | S::Planned | S::Accepted | S::Doubt | S::Rejected | S::NeedsMerchant
            ),
            S::Doubt => matches!(
                next,
                S::Doubt | S::Planned | S::Accepted | S::Visible | S::Held | S::Conflict | S::NotOurs
            ),
            // From Accepted on, the marketplace has it: only reads and new versions move it.
            S::Accepted | S::Visible | S::Missing => next != S::Intent && next != S::Rejected,
            S::Planned
            | S::Rejected
            | S::NeedsMerchant
            | S::Held
            | S::Conflict
            | S::Cancelled
            | S::Superseded
            | S::NotOurs => {
                // An intent is only ever entered from Planned; what was never sent cannot be in doubt.
                if next == S::Intent { self == S::Planned } else { !matches!(next, S::Doubt | S::Missing) }
            }
        }
    }
}

/// A change of state that the ledger forbids: a defect of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a package cannot go from {from:?} to {to:?}")]
pub struct BadEdge {
    /// From where.
    pub from: StateName,
    /// To where.
    pub to: StateName,
}

impl State {
    /// The state by name alone.
    #[must_use]
    pub fn name(&self) -> StateName {
        match self {
            Self::Planned { .. } => StateName::Planned,
            Self::Intent { .. } => StateName::Intent,
            Self::Accepted { .. } => StateName::Accepted,
            Self::Visible { .. } => StateName::Visible,
            Self::Missing { .. } => StateName::Missing,
            Self::Doubt { .. } => StateName::Doubt,
            Self::Rejected { .. } => StateName::Rejected,
            Self::NeedsMerchant { .. } => StateName::NeedsMerchant,
            Self::Held { .. } => StateName::Held,
            Self::Conflict { .. } => StateName::Conflict,
            Self::Cancelled { .. } => StateName::Cancelled,
            Self::Superseded { .. } => StateName::Superseded,
            Self::NotOurs { .. } => StateName::NotOurs,
        }
    }

    /// The version that may be at the marketplace though nobody saw it there.
    #[must_use]
    pub fn doubtful_version(&self) -> Option<u32> {
        if let Self::Held { cause: Cause::InDoubt { version, .. }, .. } = self {
            return Some(*version);
        }
        self.in_flight_version()
    }

    /// The version that may be on its way.
    #[must_use]
    pub fn in_flight_version(&self) -> Option<u32> {
        if let Self::Intent { version, .. } | Self::Doubt { version, .. } = self {
            Some(*version)
        } else {
            None
        }
    }

    /// All but Planned, Intent and Doubt.
    #[must_use]
    pub fn settled(&self) -> bool {
        !matches!(self, Self::Planned { .. } | Self::Intent { .. } | Self::Doubt { .. })
    }

    /// Whether a person must act.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Rejected { .. }
                | Self::NeedsMerchant { .. }
                | Self::Held { .. }
                | Self::Conflict { .. }
                | Self::Missing { .. }
        )
    }

    /// When the sweep is to look again; `None` if nothing is to happen by time alone.
    #[must_use]
    pub fn next_look(&self) -> Option<Timestamp> {
        match self {
            Self::Planned { not_before, .. } => Some(*not_before),
            Self::Intent { lease_until, .. } => Some(*lease_until),
            Self::Accepted { next_look, .. }
            | Self::Missing { next_look, .. }
            | Self::Doubt { next_look, .. } => Some(*next_look),
            Self::Visible { .. }
            | Self::Rejected { .. }
            | Self::NeedsMerchant { .. }
            | Self::Held { .. }
            | Self::Conflict { .. }
            | Self::Cancelled { .. }
            | Self::Superseded { .. }
            | Self::NotOurs { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateName as S;

    #[test]
    fn law_2_an_intent_is_only_entered_from_planned_and_leaves_only_by_its_outcome() {
        for from in S::ALL {
            if from != S::Planned && from != S::Intent {
                assert!(!from.may_become(S::Intent), "{from:?} -> Intent");
            }
        }
        for to in [S::Visible, S::Held, S::Cancelled, S::Superseded, S::NotOurs, S::Conflict, S::Missing] {
            assert!(!S::Intent.may_become(to), "Intent -> {to:?}");
        }
        for to in [S::Intent, S::Cancelled, S::Superseded, S::Rejected, S::Missing] {
            assert!(!S::Doubt.may_become(to), "Doubt -> {to:?}");
        }
    }

    #[test]
    fn law_5_success_is_only_said_after_the_marketplace_showed_it() {
        assert!(!S::Intent.may_become(S::Visible));
    }
}
