//! The sweep: whatever is due is looked at, though every message about it was lost.
//!
//! Its work is proportional to what is due. A hint that was handed over leaves the front of its lane for a while,
//! so neither a slow queue makes it doubled work nor a record that nobody can move holds up those behind it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::alert::Deadline;
use domain::bulk::BulkRecord;
use domain::connection_state::ConnectionState;
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::keys::{DUE_SHARDS, ItemKey, Table, time_lane};
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::package::Package;
use jiff::Timestamp;
use ports::ledger::{Due, Hint};
use ports::{Expect, Item, LedgerError, QueueName, Write};
use serde::Deserialize;

use crate::alerts::{digest_is_due, weekly_test_due};
use crate::message::{AlertMessage, Look, WorkError};
use crate::receive::{PENDING, replay};
use crate::records::{Stored, deadline_of, later};
use crate::world::World;

/// Hints of one lane that one sweep hands over at most; the next goes on.
const MOST_PER_LANE: usize = 250;
/// Pending deliveries that one sweep queues at most.
const MOST_PENDING: usize = 500;
/// How long a hint that was handed over is not handed over again, unless its record changes.
const HANDED_OVER: Duration = Duration::from_secs(120);
/// So many calls refused in a row mean that a port is down, not that a record is bad.
const PORT_IS_DOWN: u32 = 10;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deliveries queued that the queue had refused.
    pub deliveries: u32,
    /// Orders handed over to be looked at.
    pub orders: u32,
    /// Records whose alerts are to be told.
    pub alerts: u32,
    /// Accounts whose waiting parcels are to be looked at.
    pub wakes: u32,
    /// Bulks to be looked at.
    pub bulks: u32,
    /// Hints of records that are gone or not due any more.
    pub stale: u32,
    /// Hints that failed; the next sweep tries again.
    pub failed: u32,
}

/// Looks at whatever is due. One hint's error never stops the rest.
///
/// # Errors
/// The ledger or the queue does not answer, over and over.
pub async fn sweep(world: &World) -> Result<Swept, WorkError> {
    let mut sweep = Sweep { world, swept: Swept::default(), told: Told::default(), down: 0 };
    // Each part stands for itself: the lanes are swept though the deliveries cannot be listed.
    let parts = [sweep.pending().await, sweep.lanes().await, sweep.connections().await];
    parts.into_iter().collect::<Result<(), WorkError>>()?;
    Ok(sweep.swept)
}

/// What this sweep has handed over already.
#[derive(Default)]
struct Told {
    orders: BTreeSet<MarketplaceOrderRef>,
    store_orders: BTreeSet<StoreOrderRef>,
}

struct Sweep<'a> {
    world: &'a World,
    swept: Swept,
    told: Told,
    down: u32,
}

/// The order that a record belongs to.
#[derive(Deserialize)]
struct Of<T> {
    order: T,
}

impl Sweep<'_> {
    /// Takes one hint's outcome; an error only if a port is down.
    fn took(&mut self, key: &ItemKey, outcome: Result<(), WorkError>) -> Result<(), WorkError> {
        let Err(error) = outcome else {
            self.down = 0;
            return Ok(());
        };
        self.swept.failed += 1;
        tracing::warn!(record = %key.pk, %error, "a due record could not be handed over");
        self.down = if is_down(&error) { self.down + 1 } else { 0 };
        if self.down >= PORT_IS_DOWN { Err(error) } else { Ok(()) }
    }

    /// Queues the deliveries that the queue refused when they came.
    async fn pending(&mut self) -> Result<(), WorkError> {
        let mut hints: Vec<Hint> = Vec::new();
        let mut page = None;
        // All hints first: taking marks away while paging would shift the pages.
        while hints.len() < MOST_PENDING {
            let part = self.world.ledger.attention(Table::Deliveries, PENDING, page).await?;
            hints.extend(part.rows);
            page = part.next;
            if page.is_none() {
                break;
            }
        }
        for hint in hints.into_iter().take(MOST_PENDING) {
            let outcome = self.queue_delivery(&hint.key).await;
            self.took(&hint.key, outcome)?;
        }
        Ok(())
    }

    async fn queue_delivery(&mut self, key: &ItemKey) -> Result<(), WorkError> {
        let Some(mut item) = self.world.ledger.get(key).await? else { return Ok(()) };
        if item.attention.as_deref() != Some(PENDING) {
            self.swept.stale += 1;
            return Ok(());
        }
        let body = replay(&item.body)?.to_body();
        self.send(QueueName::Inbound, &body).await?;
        self.swept.deliveries += 1;
        // Only the mark goes: the delivery stays for replay.
        item.attention = None;
        self.put_unless_changed(item).await
    }

    /// Hands over what is due, lane by lane.
    async fn lanes(&mut self) -> Result<(), WorkError> {
        let mut failed = Ok(());
        for shard in 0..DUE_SHARDS {
            let lane = time_lane(shard);
            let now = self.world.now();
            let hints = match self.world.ledger.due(&lane, now, MOST_PER_LANE).await {
                Ok(hints) => hints,
                Err(error) => {
                    failed = Err(error.into());
                    continue;
                }
            };
            for hint in hints {
                let outcome = self.hand_over(&hint.key, &lane, now).await;
                self.took(&hint.key, outcome)?;
            }
        }
        failed
    }

    async fn hand_over(&mut self, key: &ItemKey, lane: &str, now: Timestamp) -> Result<(), WorkError> {
        // The index is a hint and lags: the record says whether it is due, and whether here.
        let due = |item: &Item| item.due.as_ref().is_some_and(|due| due.lane == lane && due.at <= now);
        let Some(item) = self.world.ledger.get(key).await?.filter(due) else {
            self.swept.stale += 1;
            return Ok(());
        };
        let outcome = self.tell_whom_it_concerns(&item, now).await;
        // A port that is down is tried again at once; what nobody can read only after the others.
        if outcome.as_ref().err().is_none_or(|error| !is_down(error)) {
            self.step_back(item, lane, now).await?;
        }
        outcome
    }

    async fn tell_whom_it_concerns(&mut self, item: &Item, now: Timestamp) -> Result<(), WorkError> {
        match item.key.pk.split_once('#').map(|(table, _)| table) {
            Some("S") => self.store_order(item, now).await,
            Some("M") => self.marketplace_order(item, now).await,
            Some("W") => {
                crate::wake::rearm(self.world, &item.key).await?;
                self.swept.wakes += 1;
                Ok(())
            }
            Some("F") => self.bulk(item, now).await,
            // Mail groups.
            _ => self.alert(&item.key).await,
        }
    }

    async fn bulk(&mut self, item: &Item, now: Timestamp) -> Result<(), WorkError> {
        // One of a layout that this code does not know waits for code that does.
        let bulk = Stored::<BulkRecord>::read(item).map(|stored| stored.value);
        if let Some(bulk) = bulk.filter(|bulk| bulk.is_live() && bulk.next_look <= now) {
            self.send(QueueName::Inbound, &Look::Bulk { account: bulk.account }.to_body()).await?;
            self.swept.bulks += 1;
        }
        Ok(())
    }

    async fn store_order(&mut self, item: &Item, now: Timestamp) -> Result<(), WorkError> {
        let known = Stored::<StoreOrder>::read(item).map(|stored| stored.value);
        let (told, looked) = match &known {
            Some(order) => {
                (is_due(order.alerts.next_due(now, &Deadline::NONE), now), is_due(order.next_look, now))
            }
            None => (false, false),
        };
        if told {
            self.alert(&item.key).await?;
        }
        if looked || !told {
            let order = of_order::<StoreOrderRef>(item)?;
            if self.told.store_orders.insert(order.clone()) {
                self.send(QueueName::Inbound, &Look::StoreOrder { order }.to_body()).await?;
                self.swept.orders += 1;
            }
        }
        Ok(())
    }

    async fn marketplace_order(&mut self, item: &Item, now: Timestamp) -> Result<(), WorkError> {
        // What this code does not understand is still handed over: the worker counts it and tells.
        let (told, looked) = if item.key.sk == "O" {
            match Stored::<MarketplaceOrder>::read(item).map(|stored| stored.value) {
                Some(order) => {
                    let alerts = order.alerts.next_due(now, &deadline_of(&order));
                    (is_due(alerts, now), is_due(order.next_look, now))
                }
                None => (false, false),
            }
        } else {
            match Stored::<Package>::read(item).map(|stored| stored.value) {
                Some(package) => {
                    let alerts = package.alerts.next_due(now, &package.deadline());
                    let looks = [package.state.next_look(), package.quiet_reminder()];
                    (is_due(alerts, now), looks.into_iter().any(|at| is_due(at, now)))
                }
                None => (false, false),
            }
        };
        if told {
            self.alert(&item.key).await?;
        }
        if looked || !told {
            let order = of_order::<MarketplaceOrderRef>(item)?;
            if self.told.orders.insert(order.clone()) {
                self.send(QueueName::Inbound, &Look::Order { order }.to_body()).await?;
                self.swept.orders += 1;
            }
        }
        Ok(())
    }

    /// Tells of every connection whose state has alerts due, or whose daily digest or weekly test is.
    async fn connections(&mut self) -> Result<(), WorkError> {
        let now = self.world.now();
        let settings = self.world.connections().await?;
        let mut page = None;
        loop {
            let part = self.world.ledger.scan(Table::Connections, page).await?;
            for item in part.rows.iter().filter(|item| item.key.sk == "state") {
                let Some(mut state) = Stored::<ConnectionState>::read(item).map(|stored| stored.value) else {
                    continue;
                };
                let Some(connection) = settings.iter().find(|c| c.account == state.account) else { continue };
                if state.remind_of_expiry(now) {
                    let noted = self.world.change_connection(&state.account, |state| {
                        state.remind_of_expiry(now);
                    });
                    let noted = noted.await.map_err(WorkError::from);
                    self.took(&item.key, noted)?;
                }
                if digest_is_due(connection, &state, now)
                    || weekly_test_due(connection, &state, now).is_some()
                    || is_due(state.alerts.next_due(now, &Deadline::NONE), now)
                {
                    let outcome = self.alert(&item.key).await;
                    self.took(&item.key, outcome)?;
                }
            }
            page = part.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    async fn alert(&mut self, key: &ItemKey) -> Result<(), WorkError> {
        self.send(QueueName::Alerts, &AlertMessage::about(key).to_body()).await?;
        self.swept.alerts += 1;
        Ok(())
    }

    async fn send(&self, queue: QueueName, body: &str) -> Result<(), WorkError> {
        self.world.queue.send(queue, body, Duration::ZERO).await.map_err(WorkError::from)
    }

    /// Leaves the front of the lane for a while, unless a worker has moved the record already.
    ///
    /// Only the index entry is written: what the record says is its worker's business.
    async fn step_back(&self, mut item: Item, lane: &str, now: Timestamp) -> Result<(), WorkError> {
        item.due = later(now, HANDED_OVER).map(|at| Due { lane: lane.to_owned(), at });
        self.put_unless_changed(item).await
    }

    async fn put_unless_changed(&self, item: Item) -> Result<(), WorkError> {
        let expect = Expect::Version(item.version);
        match self.world.ledger.commit(vec![Write::Put { item, expect }]).await {
            Ok(()) | Err(LedgerError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether it says that a port is down, rather than that a record is bad.
fn is_down(error: &WorkError) -> bool {
    matches!(error, WorkError::Queue(_) | WorkError::Ledger(LedgerError::Unavailable(_)))
}

fn is_due(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| at <= now)
}

fn of_order<T: for<'de> Deserialize<'de>>(item: &Item) -> Result<T, WorkError> {
    let of: Of<T> =
        serde_json::from_str(&item.body).map_err(|error| WorkError::Unreadable(error.to_string()))?;
    Ok(of.order)
}

#[cfg(test)]
mod tests;
