//! Every story runs behind the grants of `template.yaml`: what a function uses and is not granted is refused, as
//! AWS would refuse it, and fails the story. Here are the stories that only rarely happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::memory::{MemoryLedger, MemoryQueue};
use ports::{Item, ItemKey, Ledger, LedgerError, Page, Queue, QueueError, QueueName, Table, Write};

use crate::harness::{SHOP, System, amazon_connection, shopify_connection};
use crate::template::grants::grants;
use crate::template::load::Template;

type Grant = (String, String);

/// Who may do what, who is at work, and what was refused.
pub(crate) struct Grants {
    of: BTreeMap<String, BTreeSet<Grant>>,
    at_work: Mutex<Option<&'static str>>,
    refused: Mutex<Vec<String>>,
    used: Mutex<BTreeSet<(&'static str, Grant)>>,
    queues_down: AtomicBool,
}

impl Grants {
    pub(crate) fn of(template: &Template) -> Self {
        let functions = template.functions();
        Self {
            of: functions.iter().map(|(name, _)| ((*name).to_owned(), grants(template, name))).collect(),
            at_work: Mutex::default(),
            refused: Mutex::default(),
            used: Mutex::default(),
            queues_down: AtomicBool::default(),
        }
    }

    /// Runs a handler with the rights of its function; outside of it, a person with all rights is at work.
    pub(crate) fn as_function<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        assert!(self.of.contains_key(name), "{name} is no function of the template");
        *self.at_work.lock().unwrap() = Some(name);
        let done = work();
        *self.at_work.lock().unwrap() = None;
        done
    }

    /// What was used without a grant since the last call.
    pub(crate) fn take_refused(&self) -> Vec<String> {
        std::mem::take(&mut *self.refused.lock().unwrap())
    }

    /// Has every queue refuse what is sent, or take it again.
    pub(crate) fn queues_are_down(&self, down: bool) {
        self.queues_down.store(down, Ordering::SeqCst);
    }

    fn used(&self, name: &str, action: &str, resource: &str) -> bool {
        self.used.lock().unwrap().iter().any(|(n, (a, r))| (*n, &**a, &**r) == (name, action, resource))
    }

    fn check(&self, action: &str, resource: &str) -> Result<(), String> {
        let Some(name) = *self.at_work.lock().unwrap() else { return Ok(()) };
        let grant = (action.to_owned(), resource.to_owned());
        if self.of[name].contains(&grant) {
            self.used.lock().unwrap().insert((name, grant));
            return Ok(());
        }
        let refused = format!("{name} may not {action} on {resource}");
        self.refused.lock().unwrap().push(refused.clone());
        Err(refused)
    }

    fn on_table(&self, action: &str, table: Table, index: &str) -> Result<(), LedgerError> {
        let name = match table {
            Table::Orders => "Orders",
            Table::Connections => "Connections",
            Table::CarrierMappings => "CarrierMappings",
            Table::Deliveries => "Deliveries",
            Table::RateLimits => "RateLimits",
        };
        self.check(&format!("dynamodb:{action}"), &format!("${{{name}Table.Arn}}{index}"))
            .map_err(LedgerError::Unavailable)
    }
}

/// A ledger that asks for the rights that `DynamoLedger` needs.
pub(crate) struct GrantedLedger {
    pub(crate) grants: Arc<Grants>,
    pub(crate) inner: Arc<MemoryLedger>,
}

#[async_trait]
impl Ledger for GrantedLedger {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.grants.on_table("GetItem", key.table, "")?;
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.grants.on_table("Query", table, "")?;
        self.inner.query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        for write in &writes {
            let (action, table) = match write {
                Write::Put { item, .. } => ("PutItem", item.key.table),
                Write::Delete { key, .. } => ("DeleteItem", key.table),
                Write::Check { key, .. } => ("ConditionCheckItem", key.table),
            };
            self.grants.on_table(action, table, "")?;
        }
        self.inner.commit(writes).await
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.grants.on_table("Query", Table::Orders, "/index/due")?;
        self.inner.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.grants.on_table("Query", table, "/index/attention")?;
        self.inner.attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.grants.on_table("Scan", table, "")?;
        self.inner.scan(table, page).await
    }
}

/// A queue that asks for the right to send.
pub(crate) struct GrantedQueue {
    grants: Arc<Grants>,
    inner: Arc<MemoryQueue>,
}

impl GrantedQueue {
    pub(crate) fn new(grants: Arc<Grants>, inner: Arc<MemoryQueue>) -> Self {
        Self { grants, inner }
    }
}

#[async_trait]
impl Queue for GrantedQueue {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        let name = match queue {
            QueueName::Inbound => "${InboundQueue.Arn}",
            QueueName::Alerts => "${AlertsQueue.Arn}",
        };
        self.grants.check("sqs:SendMessage", name).map_err(QueueError::Unavailable)?;
        if self.grants.queues_down.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable("down".into()));
        }
        self.inner.send(queue, body, delay).await
    }
}

const ORDER: &str = "111-2222222-3333333";

/// A privacy request of the shop, posted and worked on.
fn shop_is_erased(system: &System) {
    let redact = system.wire.shopify.lock().unwrap().privacy(system.now(), SHOP, "shop/redact", &[]).unwrap();
    assert_eq!(system.post(&redact), 200);
    system.settle();
}

#[test]
fn what_happens_rarely_is_granted_too() {
    let system = System::start();
    let used = |name: &str, action: &str, resource: &str| {
        assert!(system.grants.used(name, action, resource), "{name} never used {action} on {resource}");
    };
    // The day's digest.
    let mut connection = amazon_connection("amazon-us");
    connection.mail.digest_hour = Some(0);
    system.apply_all(&[shopify_connection(), connection]);
    system.order(ORDER, &[("LAMP", 1)]);
    let (_, delivery) = system.ship(ORDER, "UPS", &["1Z999AA10123456784"], &[("LAMP", 1)]);
    // The queue is down while the delivery comes: the receiver keeps it, the sweep queues it.
    system.grants.queues_are_down(true);
    assert_eq!(system.post(&delivery), 200);
    system.grants.queues_are_down(false);
    used("receive-store-webhook", "dynamodb:PutItem", "${DeliveriesTable.Arn}");
    system.pass(5);
    assert_eq!(system.at_amazon(ORDER).len(), 1);
    used("sweep", "dynamodb:PutItem", "${DeliveriesTable.Arn}");
    used("send-alerts", "dynamodb:Scan", "${OrdersTable.Arn}");
    // Messages that nobody can work on, in both queues.
    for queue in QueueName::ALL {
        futures::executor::block_on(system.world.queue.send(queue, "{}", Duration::ZERO)).unwrap();
    }
    system.pass(8);
    for name in ["sync-order", "send-alerts"] {
        used(name, "dynamodb:Scan", "${ConnectionsTable.Arn}");
        used(name, "sqs:SendMessage", "${AlertsQueue.Arn}");
    }
    assert!(
        system.subjects().iter().any(|s| s.contains("could not be worked on")),
        "{:?}",
        system.subjects()
    );
    // The shop left.
    shop_is_erased(&system);
    for table in ["${OrdersTable.Arn}", "${DeliveriesTable.Arn}"] {
        used("sync-order", "dynamodb:Scan", table);
        used("sync-order", "dynamodb:DeleteItem", table);
    }
}

#[test]
fn a_grant_that_is_missing_is_seen() {
    let mut template = Template::deployed();
    let statements = "/Resources/SyncOrderRole/Properties/Policies/0/PolicyDocument/Statement";
    let statements = template.0.pointer_mut(statements).unwrap().as_array_mut().unwrap();
    statements.retain(|statement| statement["Sid"] != "EraseAShop");
    let system = System::deployed(1, &template);
    shop_is_erased(&system);
    let refused = system.grants.take_refused();
    assert_eq!(refused, ["sync-order may not dynamodb:Scan on ${OrdersTable.Arn}"]);
}
