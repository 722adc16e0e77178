//! A world in which one can look, and change nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::keys::{ItemKey, Table};
use http::{Request, Response};
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{
    Item, Ledger, LedgerError, NoMail, Page, Queue, QueueError, QueueName, Transport, TransportError, Write,
};

use super::World;

/// What is said to whoever tries.
const REFUSED: &str = "this only looks: nothing is written, sent or called";

/// A ledger that is read only.
struct ReadOnly(Arc<dyn Ledger>);

#[async_trait]
impl Ledger for ReadOnly {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.0.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.0.query(table, pk).await
    }
    async fn commit(&self, _: Vec<Write>) -> Result<(), LedgerError> {
        Err(LedgerError::Unavailable(REFUSED.to_owned()))
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.0.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.0.attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.0.scan(table, page).await
    }
}

/// Takes nothing.
struct Shut;

#[async_trait]
impl Queue for Shut {
    async fn send(&self, _: QueueName, _: &str, _: Duration) -> Result<(), QueueError> {
        Err(QueueError::Unavailable(REFUSED.to_owned()))
    }
}

#[async_trait]
impl Transport for Shut {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        Err(TransportError::NothingSent(REFUSED.to_owned()))
    }
}

impl World {
    /// The same world to look at only: it refuses every write, message, mail and call.
    #[must_use]
    pub fn looking_only(&self) -> Self {
        Self {
            ledger: Arc::new(ReadOnly(self.ledger.clone())),
            queue: Arc::new(Shut),
            transport: Arc::new(Shut),
            mail: Arc::new(NoMail),
            ..self.clone()
        }
    }
}
