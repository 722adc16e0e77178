//! The contract against what stands in memory, and against what breaks it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::Account;
use futures::executor::block_on;
use jiff::Timestamp;

use super::{QueueProbe, Received};
use crate::credentials::WebhookKeys;
use crate::ledger::Hint;
use crate::memory::{ManualClock, MemoryCredentials, MemoryLedger, MemoryQueue};
use crate::{Item, ItemKey, Ledger, LedgerError, Page, Queue, QueueName, Table, Write};

struct Memory {
    queue: MemoryQueue,
    clock: Arc<ManualClock>,
    max_receives: u32,
}

impl Memory {
    fn new(max_receives: u32) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        Self { queue: MemoryQueue::new(clock.clone(), max_receives), clock, max_receives }
    }
}

fn receipt(text: &str) -> (u64, u32) {
    let (id, receives) = text.split_once('/').unwrap();
    (id.parse().unwrap(), receives.parse().unwrap())
}

#[async_trait]
impl QueueProbe for Memory {
    fn queue(&self) -> &dyn Queue {
        &self.queue
    }
    fn max_receives(&self) -> u32 {
        self.max_receives
    }
    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Vec<Received> {
        let seen = self.queue.receive(queue, max, visibility);
        let receipt = |(id, receives)| format!("{id}/{receives}");
        seen.into_iter()
            .map(|m| Received { receipt: receipt(m.receipt), body: m.body, receives: m.receives })
            .collect()
    }
    async fn delete(&self, queue: QueueName, text: &str) {
        self.queue.delete(queue, receipt(text));
    }
    async fn give_back(&self, queue: QueueName, text: &str) {
        self.queue.give_back(queue, receipt(text));
    }
    async fn dead(&self, queue: QueueName) -> Vec<String> {
        self.queue.dead(queue)
    }
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

#[test]
fn the_ledger_in_memory_keeps_the_contract() {
    block_on(super::ledger(&MemoryLedger::default()));
}

#[test]
fn the_queue_in_memory_keeps_the_contract() {
    for max_receives in [2, 3, 5] {
        block_on(super::queue(&Memory::new(max_receives)));
    }
}

#[test]
fn credentials_in_memory_keep_the_contract() {
    let store = MemoryCredentials::default();
    block_on(super::credentials(&store));
    let keys = WebhookKeys {
        app: std::collections::BTreeMap::new(),
        address: None,
        account: Account::new("contract".try_into().unwrap(), "hooks".try_into().unwrap()),
        kind: "shopify".into(),
        secrets: vec!["canary-old".into(), "canary-new".into()],
    };
    store.put_webhook_keys(keys.clone());
    block_on(super::webhook_secrets(&store, &keys));
}

/// Which rule a ledger breaks.
#[derive(Clone, Copy, Debug)]
enum Fault {
    IgnoresConditions,
    WritesHalf,
    ForgetsTheEnd,
    CutsTheLongAnswer,
    LeavesOutTheLimit,
    RepeatsHints,
}

/// A ledger with one fault: the contract must find each.
struct Faulty(MemoryLedger, Fault);

#[async_trait]
impl Ledger for Faulty {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        let mut found = self.0.get(key).await?;
        if let (Fault::ForgetsTheEnd, Some(item)) = (self.1, &mut found) {
            item.expires_at = None;
        }
        Ok(found)
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        let mut found = self.0.query(table, pk).await?;
        if let Fault::CutsTheLongAnswer = self.1 {
            found.truncate(5);
        }
        Ok(found)
    }
    async fn commit(&self, mut writes: Vec<Write>) -> Result<(), LedgerError> {
        if let (Fault::WritesHalf, true) = (self.1, writes.len() > 1) {
            for write in writes {
                self.0.commit(vec![write]).await?;
            }
            return Ok(());
        }
        if let Fault::IgnoresConditions = self.1 {
            for write in &mut writes {
                if let Write::Put { item, expect } = write
                    && let Some(stored) = self.0.get(&item.key).await?
                {
                    *expect = crate::Expect::Version(stored.version);
                }
            }
        }
        self.0.commit(writes).await
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        let limit = if let Fault::LeavesOutTheLimit = self.1 { usize::MAX } else { limit };
        self.0.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        let mut found = self.0.attention(table, lane, page).await?;
        if let Fault::RepeatsHints = self.1 {
            found.rows.extend(found.rows.first().cloned());
        }
        Ok(found)
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.0.scan(table, page).await
    }
}

#[test]
fn the_contract_finds_every_seeded_fault() {
    for fault in [
        Fault::IgnoresConditions,
        Fault::WritesHalf,
        Fault::ForgetsTheEnd,
        Fault::CutsTheLongAnswer,
        Fault::LeavesOutTheLimit,
        Fault::RepeatsHints,
    ] {
        let faulty = Faulty(MemoryLedger::default(), fault);
        let run = std::panic::AssertUnwindSafe(|| block_on(super::ledger(&faulty)));
        assert!(std::panic::catch_unwind(run).is_err(), "{fault:?} went unnoticed");
    }
}
