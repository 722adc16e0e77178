//! Many parcels of one account in one document, where that is sooner than one by one, or the only way.
//!
//! One bulk per account is underway at a time. Its packages are put into it part by part, each part with their intents
//! in one transaction; the document is laid down; the marketplace is asked, once, to work on it; its report gives each
//! package its outcome. Every step is recorded before the next: whoever comes after a crash goes on from there.

mod gather;
mod hand_over;
mod search;
mod settle;

use std::collections::BTreeSet;
use std::time::Duration;

use connector_api::Bulk;
use domain::bulk::{BulkPart, BulkRecord, BulkRefusals, BulkState};
use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::{ItemKey, Table, bulks_of};
use jiff::Timestamp;
use ports::{LedgerError, QueueName, Write};

use crate::message::{Look, WorkError};
use crate::records::{Loaded, Record as _, Stored, later, load};
use crate::world::World;

pub(crate) use gather::{GATHERS_FOR, consider};

/// Steps of one message; more are left to the next, so that no worker runs out of time.
const STEPS: usize = 12;

/// What became of a step.
enum Step {
    /// Go on at once.
    On,
    /// Not before this.
    Later(Timestamp),
    /// Nothing more is to be done.
    Over,
}

/// A bulk, and all that is needed to move it.
struct Work<'a> {
    world: &'a World,
    connection: &'a Connection,
    api: &'a dyn Bulk,
    stored: Stored<BulkRecord>,
    /// Orders that were looked at for it.
    seen: BTreeSet<String>,
}

/// Moves the account's bulk on, as far as it can be moved now.
///
/// # Errors
/// The ledger or the queue does not answer.
pub async fn work(world: &World, account: &Account) -> Result<(), WorkError> {
    let Some(connection) = world.connection(account).await? else { return Ok(()) };
    let Some(marketplace) = world.connectors.marketplace(&connection.kind) else { return Ok(()) };
    let Some(api) = marketplace.bulk() else { return Ok(()) };
    let Some(stored) = live(world, account).await? else { return Ok(()) };
    // A notification says that the marketplace is done with it; whatever else rests is let rest.
    let told = matches!(stored.value.state, BulkState::Submitted { .. });
    if stored.value.next_look > world.now() && !told {
        return Ok(());
    }
    let mut work = Work { world, connection: &connection, api, stored, seen: BTreeSet::new() };
    for _ in 0..STEPS {
        if world.time_is_up() {
            break;
        }
        match work.step().await {
            Ok(Step::On) => {}
            Ok(Step::Later(at)) => return work.rest(at).await,
            Ok(Step::Over) => return Ok(()),
            // Another worker moves it: theirs counts.
            Err(WorkError::Ledger(LedgerError::Conflict)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let look = Look::Bulk { account: account.clone() }.to_body();
    world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
    Ok(())
}

/// The marketplace says that it is done with the bulk of this id of its own. Another program's is none of ours.
///
/// # Errors
/// The ledger or the queue does not answer.
pub(crate) async fn told(world: &World, account: &Account, theirs: &str) -> Result<(), WorkError> {
    let is_ours = |stored: &Stored<BulkRecord>| stored.value.theirs.as_deref() == Some(theirs);
    if live(world, account).await?.as_ref().is_some_and(is_ours) {
        let look = Look::Bulk { account: account.clone() }.to_body();
        world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
    }
    Ok(())
}

/// The account's bulk that is underway, if there is one.
async fn live(world: &World, account: &Account) -> Result<Option<Stored<BulkRecord>>, LedgerError> {
    Ok(of_account(world, account).await?.into_iter().find(|stored| stored.value.is_live()))
}

/// The account's bulks of the last days.
async fn of_account(world: &World, account: &Account) -> Result<Vec<Stored<BulkRecord>>, LedgerError> {
    let items = world.ledger.query(Table::Orders, &bulks_of(account)).await?;
    Ok(items.iter().filter_map(Stored::<BulkRecord>::read).collect())
}

/// The ids that the marketplace gave to bulks of this account.
async fn known_to_us(world: &World, account: &Account) -> Result<BTreeSet<String>, LedgerError> {
    Ok(of_account(world, account).await?.into_iter().filter_map(|stored| stored.value.theirs).collect())
}

impl Work<'_> {
    async fn step(&mut self) -> Result<Step, WorkError> {
        let state = self.stored.value.state.clone();
        match state {
            BulkState::Gathering => self.gather().await,
            BulkState::Gathered => self.upload().await,
            BulkState::Uploaded { document } => self.submit(document).await,
            BulkState::Submitting { document, since, lease_until } => {
                self.expire(document, since, lease_until).await
            }
            BulkState::Doubt { document, since } => self.search(document, since).await,
            BulkState::Submitted { bulk, since } => self.ask(bulk, since).await,
            BulkState::Settling { bulk, outcome, settled } => self.settle(bulk, outcome, settled).await,
            BulkState::Over => Ok(Step::Over),
        }
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    fn id(&self) -> String {
        self.stored.value.id.clone()
    }

    /// Writes the record, and with it whatever else.
    async fn save(&mut self, more: Vec<Write>) -> Result<(), WorkError> {
        let mut writes = more;
        writes.push(self.stored.clone().into_write(self.now()));
        self.world.ledger.commit(writes).await?;
        match load::<BulkRecord>(self.world.ledger.as_ref(), &self.stored.value.key()).await? {
            Loaded::Known(stored) => self.stored = *stored,
            Loaded::Absent | Loaded::Foreign => return Err(LedgerError::Conflict.into()),
        }
        Ok(())
    }

    /// Moves to a state.
    async fn go(&mut self, state: BulkState, note: &str) -> Result<(), WorkError> {
        let now = self.now();
        let record = &mut self.stored.value;
        if let BulkState::Submitted { bulk, .. } = &state {
            record.theirs = Some(bulk.clone());
        }
        if !(record.state.is_being_handed_over() && state.is_being_handed_over()) {
            record.failures = 0;
        }
        record.next_look = match &state {
            // Whoever looks during the call could only get in its way.
            BulkState::Submitting { lease_until, .. } => *lease_until,
            BulkState::Doubt { .. } => {
                record.failures = record.failures.saturating_add(1);
                now
            }
            BulkState::Gathering
            | BulkState::Gathered
            | BulkState::Uploaded { .. }
            | BulkState::Submitted { .. }
            | BulkState::Settling { .. }
            | BulkState::Over => now,
        };
        record.state = state;
        record.history.note(now, note);
        tracing::info!(connection = %record.account, bulk = %record.id, "{note}");
        self.save(Vec::new()).await
    }

    /// Leaves it until `at`: the sweep, or a notification, has it looked at again.
    async fn rest(&mut self, at: Timestamp) -> Result<(), WorkError> {
        self.stored.value.next_look = at;
        match self.save(Vec::new()).await {
            Err(WorkError::Ledger(LedgerError::Conflict)) => Ok(()),
            other => other,
        }
    }

    /// A pause that doubles with each failure in a row.
    fn pause(&mut self, asked: Option<Duration>) -> Step {
        let record = &mut self.stored.value;
        let chance = self.world.rng.fraction();
        let wait = domain::outcome::pause(self.connection.timing.retry_after, record.failures, asked, chance);
        record.failures = record.failures.saturating_add(1);
        let now = self.world.now();
        Step::Later(later(now, wait).unwrap_or(now))
    }

    /// A part of its messages.
    async fn part(&self, nth: u32) -> Result<BulkPart, WorkError> {
        let key = ItemKey::bulk_part(&self.connection.account, &self.id(), nth);
        match load::<BulkPart>(self.world.ledger.as_ref(), &key).await? {
            Loaded::Known(stored) => Ok(stored.value),
            Loaded::Absent | Loaded::Foreign => {
                Err(WorkError::Unreadable(format!("part {nth} of bulk {} is not there", self.id())))
            }
        }
    }

    /// Everything that the report refused.
    async fn refusals(&self) -> Result<Vec<(u32, String, String)>, WorkError> {
        let mut all = Vec::new();
        for nth in 0.. {
            let key = ItemKey::bulk_refusals(&self.connection.account, &self.id(), nth);
            match load::<BulkRefusals>(self.world.ledger.as_ref(), &key).await? {
                Loaded::Known(stored) => all.extend(stored.value.refused),
                Loaded::Absent | Loaded::Foreign => break,
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
