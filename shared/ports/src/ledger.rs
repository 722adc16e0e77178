//! The ledger: items with versions, two indexes and an end.
//!
//! Records are JSON texts to the adapters: what they mean is known only to `domain` and `workflow`. So one
//! small contract (conditional writes, one query, two indexes) is all that an adapter must keep.

use async_trait::async_trait;
pub use domain::keys::{ItemKey, Table};
use jiff::Timestamp;

/// One stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub key: ItemKey,
    /// Rises by one with every write.
    pub version: u64,
    /// The record, a JSON object.
    pub body: String,
    /// In the due index under (`lane`, `at`), if anything is to happen with it.
    pub due: Option<Due>,
    /// In the attention index under this lane, if a person is needed.
    pub attention: Option<String>,
    /// When the table may forget it.
    pub expires_at: Option<Timestamp>,
}

/// A place in the due index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The index partition: a time shard, or an account that waits for tokens.
    pub lane: String,
    /// Sorted by this, soonest first.
    pub at: Timestamp,
}

/// What must be so for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing stands there.
    Absent,
    /// Exactly this version stands there.
    Version(u64),
    /// Whatever.
    Anything,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Stores the item with version = expected + 1 (1 if absent; 1 for `Anything`): `item.version` is ignored.
    Put {
        /// What.
        item: Item,
        /// On which condition.
        expect: Expect,
    },
    /// Removes it.
    Delete {
        /// What.
        key: ItemKey,
        /// On which condition.
        expect: Expect,
    },
    /// Writes nothing, but the commit fails unless the condition holds.
    Check {
        /// What.
        key: ItemKey,
        /// The condition.
        expect: Expect,
    },
}

/// A hit in an index: a hint only, the item is read afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where the item stands.
    pub key: ItemKey,
    /// When it is due (`UNIX_EPOCH` from the attention index).
    pub at: Timestamp,
}

/// Part of a longer answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// This part.
    pub rows: Vec<T>,
    /// Hand this back for the next part; absent at the end.
    pub next: Option<String>,
}

/// Keeps the records.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Reads one item, consistently. An item whose end has passed may still be there.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`].
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError>;

    /// Reads all items under one partition key, consistently, in order of their sort keys.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`].
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError>;

    /// Writes all or nothing; at most 100 writes, each to another item.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] if a condition did not hold: nothing was written. After
    /// [`LedgerError::Unavailable`] it may have been written or not.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError>;

    /// Items of a due lane, soonest first, up to and including `until`.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`].
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError>;

    /// Items of `table` (orders or deliveries) in an attention lane.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`].
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError>;

    /// Every item of a table, in parts and in no particular order: for people's lists, never for work.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`].
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError>;
}

/// The ledger could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Somebody else was first. Load again and decide again.
    #[error("the record changed meanwhile")]
    Conflict,
    /// An item is larger than 400 KB.
    #[error("record of {0} bytes is too large")]
    TooLarge(usize),
    /// No answer, or one that says nothing about what was written.
    #[error("the ledger cannot be reached: {0}")]
    Unavailable(String),
}
