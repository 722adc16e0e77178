//! A ledger of which one table may not be read.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{Item, ItemKey, Ledger, LedgerError, Page, Table, Write};

pub(super) struct Closed {
    pub(super) table: Table,
    pub(super) inner: Arc<dyn Ledger>,
}

impl Closed {
    fn open(&self, table: Table) -> Result<(), LedgerError> {
        if table == self.table {
            return Err(LedgerError::Unavailable("AccessDeniedException".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Ledger for Closed {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.open(key.table)?;
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.open(table)?;
        self.inner.query(table, pk).await
    }
    async fn commit(&self, _: Vec<Write>) -> Result<(), LedgerError> {
        panic!("looking changes nothing")
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.open(Table::Orders)?;
        self.inner.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.open(table)?;
        self.inner.attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.open(table)?;
        self.inner.scan(table, page).await
    }
}
