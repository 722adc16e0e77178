//! The ports' contracts, held by the embedded adapters and, through the SDK's own client, by `shared/aws`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws::{DynamoCredentials, DynamoLedger, DynamoWebhookSecrets};
use domain::ids::Account;
use jiff::Timestamp;
use ports::contract::{self, QueueProbe};
use ports::credentials::WebhookKeys;
use ports::ledger::Hint;
use ports::memory::ManualClock;
use ports::{Item, ItemKey, Ledger, LedgerError, Page, Queue, QueueName, Table, Write};

use super::clock;
use super::kms::StandInKms;
use crate::embedded::{DataDir, LocalQueue, Receipt};

#[tokio::test]
async fn dynamodbs_ledger_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let database = DataDir::open(place.path()).unwrap().database().await.unwrap();
    contract::ledger(&database.ledger()).await;
}

/// Asks two processes in turn.
struct InTurn([DynamoLedger; 2], AtomicUsize);

impl InTurn {
    fn next(&self) -> &DynamoLedger {
        &self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl Ledger for InTurn {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.next().get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.next().query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        self.next().commit(writes).await
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.next().due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.next().attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.next().scan(table, page).await
    }
}

#[tokio::test]
async fn two_processes_on_one_file_keep_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let (one, other) = (dir.database().await.unwrap(), dir.database().await.unwrap());
    contract::ledger(&InTurn([one.ledger(), other.ledger()], AtomicUsize::new(0))).await;
}

#[tokio::test]
async fn dynamodbs_secrets_keep_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let database = DataDir::open(place.path()).unwrap().database().await.unwrap();
    for definition in aws::table_definitions() {
        let name = format!("test-{}", definition.name);
        // Twice: a second start must find nothing to do.
        aws::tables::create_if_missing(database.client(), &definition, &name).await.unwrap();
        aws::tables::create_if_missing(database.client(), &definition, &name).await.unwrap();
    }
    let envelope = StandInKms::default().envelope();
    let credentials =
        DynamoCredentials::new(database.client().clone(), "test-credentials", Some(envelope.clone()));
    contract::credentials(&credentials).await;
    assert!(!format!("{credentials:?}").contains("canary"));
    assert!(envelope.calls() > 0, "sealed");

    let secrets = DynamoWebhookSecrets::new(database.client().clone(), "test-webhook-secrets");
    let keys = WebhookKeys {
        app: std::collections::BTreeMap::new(),
        address: None,
        account: Account::new("merchant/ü".try_into().unwrap(), "hooks".try_into().unwrap()),
        kind: "shopify".into(),
        secrets: vec!["canary-old".into(), "canary \" é".into()],
    };
    let mut with_empty = keys.clone();
    with_empty.secrets.insert(0, "".into());
    secrets.put(&with_empty).await.unwrap();
    contract::webhook_secrets(&secrets, &keys).await;
}

struct Local {
    queue: LocalQueue,
    clock: Arc<ManualClock>,
    max_receives: u32,
}

fn receipt(text: &str) -> Receipt {
    let (id, receives) = text.split_once('/').unwrap();
    Receipt { id: id.parse().unwrap(), receives: receives.parse().unwrap() }
}

#[async_trait]
impl QueueProbe for Local {
    fn queue(&self) -> &dyn Queue {
        &self.queue
    }
    fn max_receives(&self) -> u32 {
        self.max_receives
    }
    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Vec<contract::Received> {
        let seen = self.queue.receive(queue, max, visibility).await.unwrap();
        seen.into_iter()
            .map(|message| contract::Received {
                receipt: format!("{}/{}", message.receipt.id, message.receipt.receives),
                body: message.body,
                receives: message.receipt.receives,
            })
            .collect()
    }
    async fn delete(&self, queue: QueueName, text: &str) {
        self.queue.delete(queue, receipt(text)).await.unwrap();
    }
    async fn give_back(&self, queue: QueueName, text: &str) {
        self.queue.change_visibility(queue, receipt(text), Duration::ZERO).await.unwrap();
    }
    async fn dead(&self, queue: QueueName) -> Vec<String> {
        let dead = self.queue.dead_letters(queue, 1000).await.unwrap();
        dead.into_iter().map(|letter| letter.body).collect()
    }
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

#[tokio::test]
async fn the_local_queue_keeps_the_contract() {
    for max_receives in [2, 3, 5] {
        let place = tempfile::tempdir().unwrap();
        let clock = clock();
        let queue = DataDir::open(place.path()).unwrap().queue(clock.clone(), max_receives).unwrap();
        contract::queue(&Local { queue, clock, max_receives }).await;
    }
}
