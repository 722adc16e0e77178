//! The ledger in DynamoDB.
//!
//! Every item holds `pk` and `sk` (the key), `v` (the version), `body` (the record, JSON) and `schema` (the
//! record's own schema number, for people who look into the table); where they apply `due_lane` and `due_at`,
//! `attention`, and `expires_at` (whole seconds since 1970, rounded up: the table's time to live).
//!
//! **A put replaces.** An attribute beside these is lost with the next put. Whatever another schema adds
//! belongs into `body`, whose unknown fields `domain` keeps.
//!
//! **A lost answer.** The SDK repeats a call whose answer was lost. Where the first try had succeeded, a
//! conditional write finds its own doing and reports [`LedgerError::Conflict`]. So a conflict means *load
//! again and decide again*, and whoever does finds their own write: the same rule as for a real conflict.
//! Several writes at once are free of this: the SDK sends one token with every try, for which DynamoDB
//! answers the first result for ten minutes.

mod attributes;
mod read;
#[cfg(test)]
mod tests;
mod write;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{Item, ItemKey, Ledger, LedgerError, Page, Table, Write};

use crate::tables::TableNames;

/// Keeps the records in DynamoDB, real or embedded. Clones share the connection.
#[derive(Clone, Debug)]
pub struct DynamoLedger {
    client: Client,
    names: TableNames,
}

impl DynamoLedger {
    /// Over tables that exist and are made as [`table_definitions`](crate::table_definitions) says.
    #[must_use]
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names }
    }
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.read_item(key).await
    }

    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.read_partition(table, pk).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        self.write(writes).await
    }

    /// The index follows the table within a second or so: an item may be found late, or once more.
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.read_due(lane, until, limit).await
    }

    /// The index follows the table within a second or so.
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.read_attention(table, lane, page).await
    }

    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.read_table(table, page).await
    }
}
