//! A bulk: many packages told of in one document, as one item of the ledger.
//!
//! Its packages stand in Intent for as long as it is underway and leave that only by its outcome. Handing the document
//! over is a call like any other: its intent is recorded, and an answer that leaves doubt is looked for, never repeated.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::confirmation::Confirmation;
use crate::history::History;
use crate::ids::{Account, MarketplaceOrderRef};

/// Where a bulk stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BulkState {
    /// Packages are put into it.
    Gathering,
    /// No more are; the document is to be laid down.
    Gathered,
    /// The document lies at the marketplace, and nothing has happened by that.
    Uploaded {
        /// The marketplace's id of it.
        document: String,
    },
    /// The marketplace is asked to work on it.
    Submitting {
        /// The document.
        document: String,
        /// Since when.
        since: Timestamp,
        /// After this whoever asked is taken to have crashed.
        lease_until: Timestamp,
    },
    /// It may have been asked: looked for before anything else.
    Doubt {
        /// The document.
        document: String,
        /// Since when.
        since: Timestamp,
    },
    /// The marketplace has it.
    Submitted {
        /// The marketplace's id of it.
        bulk: String,
        /// Since when.
        since: Timestamp,
    },
    /// The marketplace is done with it: its packages get their outcomes, part by part.
    Settling {
        /// The marketplace's id of it; empty where it has none that is known.
        bulk: String,
        /// What became of its messages.
        outcome: BulkOutcome,
        /// Parts whose packages have theirs.
        settled: u32,
    },
    /// All its packages have their outcomes.
    Over,
}

impl BulkState {
    /// Whether it is being handed over: the failures of all that are failures in a row.
    #[must_use]
    pub fn is_being_handed_over(&self) -> bool {
        matches!(self, Self::Gathered | Self::Uploaded { .. } | Self::Submitting { .. } | Self::Doubt { .. })
    }
}

/// What became of the messages of a bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkOutcome {
    /// Those that the report refuses were refused, all others were taken.
    AsReported,
    /// Those that the report refuses were refused; its counts do not add up, so of the others nothing is known.
    PartlyReported,
    /// It was never worked on, or never handed over.
    NothingApplied,
    /// Nothing is known of any.
    Unknown,
}

/// A bulk's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRecord {
    /// Layout of this record.
    pub schema: u16,
    /// Whose.
    pub account: Account,
    /// Our id of it.
    pub id: String,
    /// Where it stands.
    pub state: BulkState,
    /// The marketplace's id of it, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
    /// Parts that its messages are kept in.
    pub parts: u32,
    /// Messages in all.
    pub messages: u32,
    /// The package with the soonest deadline in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Timestamp>,
    /// The soonest turn of those in it that could go by the usual call, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_by: Option<Timestamp>,
    /// Only what can go no other way is put in: one before it could not be handed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_so: bool,
    /// It was found in the marketplace's list, after its answer was lost: it may be another program's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// When its packages were let go, since it could not be handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// When to look again.
    pub next_look: Timestamp,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// What happened.
    #[serde(default)]
    pub history: History,
}

impl BulkRecord {
    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// A bulk without any package.
    #[must_use]
    pub fn new(account: Account, id: String, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA,
            account,
            id,
            state: BulkState::Gathering,
            theirs: None,
            parts: 0,
            messages: 0,
            ship_by: None,
            call_by: None,
            only_so: false,
            adopted: false,
            released_at: None,
            next_look: now,
            failures: 0,
            created_at: now,
            history: History::default(),
        }
    }

    /// Whether anything is still to happen with it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state != BulkState::Over
    }
}

/// A package in a bulk, and what is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkMessage {
    /// Its order.
    pub order: MarketplaceOrderRef,
    /// Its key in the order.
    pub package: String,
    /// The version told of.
    pub version: u32,
    /// Which try of it.
    pub attempt: u32,
    /// What is told.
    pub confirmation: Confirmation,
}

/// Messages of a bulk, as many as one write takes. Never changed once written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkPart {
    /// Layout of this record.
    pub schema: u16,
    /// Whose.
    pub account: Account,
    /// Our id of the bulk.
    pub bulk: String,
    /// Which part, counted from 0.
    pub part: u32,
    /// The number of its first message, counted from 1 over the whole bulk.
    pub first: u32,
    /// Its messages.
    pub messages: Vec<BulkMessage>,
}

/// Messages of a bulk that were refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRefusals {
    /// Layout of this record.
    pub schema: u16,
    /// Whose.
    pub account: Account,
    /// Our id of the bulk.
    pub bulk: String,
    /// Which of several such records, counted from 0.
    pub nth: u32,
    /// The message's number, the marketplace's code and words.
    pub refused: Vec<(u32, String, String)>,
}
