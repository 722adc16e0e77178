//! Applies settings: what connections there are, which of them start, stop, or may go on.
//!
//! Idempotent: the same settings again change nothing. A crash half way is mended by applying again.

use std::collections::BTreeMap;

use domain::alert::Alert;
use domain::connection::Connection;
use domain::connection_state::{Activity, ConnectionState};
use domain::ids::Account;
use domain::keys::ItemKey;
use jiff::Timestamp;
use ports::{Expect, Item, LedgerError, QueueName, Write};

use crate::message::{Look, WorkError};
use crate::poll;
use crate::records::{Loaded, Stored, load};
use crate::wake;
use crate::world::World;

mod preview;

pub use preview::{Difference, What, preview};

/// How often a change is tried again when somebody else was first.
const ROUNDS: usize = 8;
/// What the history of a connection says that the settings name no longer.
const REMOVED: &str = "paused: removed from the settings";

/// A connection as the settings say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its settings.
    pub connection: Connection,
    /// A fingerprint of its credentials, no secret itself: another one means new credentials.
    pub credentials_fingerprint: String,
    /// When its credentials stop working, where that is known.
    pub expires_at: Option<Timestamp>,
}

/// What applying changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new connection, which starts now.
    Added(Account),
    /// Its settings are others than before.
    Updated(Account),
    /// Its sync was switched on again: it starts afresh.
    Started(Account),
    /// Its sync was switched off.
    Stopped(Account),
    /// It was parked and has new credentials: it works again. One that a person had paused stays paused.
    Unparked(Account),
    /// The settings name it no longer.
    Removed(Account),
}

/// Makes the `connections` table say what the settings say.
///
/// # Errors
/// The ledger does not answer. What was applied until then stays; applying again does the rest.
pub async fn apply(world: &World, connections: &[Applied]) -> Result<Vec<Change>, WorkError> {
    let mut changes = Vec::new();
    let named: BTreeMap<&Account, &Applied> =
        connections.iter().map(|applied| (&applied.connection.account, applied)).collect();
    // First those that are gone: a connection that moved to another merchant frees its name before it is taken.
    for known in world.connections().await? {
        if !named.contains_key(&known.account) {
            remove(world, &known.account).await?;
            changes.push(Change::Removed(known.account));
        }
    }
    for applied in named.values() {
        apply_one(world, applied, &mut changes).await?;
    }
    Ok(changes)
}

async fn apply_one(world: &World, applied: &Applied, changes: &mut Vec<Change>) -> Result<(), WorkError> {
    let account = &applied.connection.account;
    let (news, decides_anew) = settle(world, applied).await?;
    changes.extend(news);
    if let Some(mut state) = world.connection_state(account).await?
        && state.value.credentials != applied.credentials_fingerprint
    {
        // Before the fingerprint is kept: after a crash here the next apply sees to it again.
        if applied.connection.sync {
            wake::ensure(world, account, world.now()).await?;
        }
        state.value.credentials.clone_from(&applied.credentials_fingerprint);
        let written = world.ledger.commit(vec![state.into_write(world.now())]).await;
        if written == Err(LedgerError::Conflict) {
            let fingerprint = &applied.credentials_fingerprint;
            world.change_connection(account, |state| state.credentials.clone_from(fingerprint)).await?;
        } else {
            written?;
        }
    }
    if decides_anew {
        // What its rules left unclear is decided by the new ones at once; the rest comes with the poll.
        let body = Look::Answered { account: account.clone() }.to_body();
        world.queue.send(QueueName::Inbound, &body, std::time::Duration::ZERO).await?;
    }
    Ok(())
}

/// Writes settings, owner and state in one commit, all but the fingerprint.
///
/// Also says whether the link rules are others than before.
async fn settle(world: &World, applied: &Applied) -> Result<(Vec<Change>, bool), WorkError> {
    let connection = &applied.connection;
    let account = &connection.account;
    let is_store = world.connectors.store(&connection.kind).is_some();
    for _ in 0..ROUNDS {
        let now = world.now();
        let mut changes = Vec::new();
        let mut writes = Vec::new();

        let ledger = world.ledger.as_ref();
        let mut relinked = false;
        let mut known = true;
        match load::<Connection>(ledger, &ItemKey::connection(account)).await? {
            Loaded::Known(mut stored) => {
                if stored.value != *connection {
                    relinked = is_store && stored.value.link != connection.link;
                    stored.value = connection.clone();
                    writes.push(stored.into_write(now));
                    changes.push(Change::Updated(account.clone()));
                }
            }
            Loaded::Absent => {
                known = false;
                writes.push(Stored::new(connection.clone()).into_write(now));
                changes.push(Change::Added(account.clone()));
            }
            // Written by newer code: the settings of this one do not replace it.
            Loaded::Foreign => {
                tracing::warn!(connection = %account, "settings of a newer layout: left alone");
                return Ok((changes, false));
            }
        }
        if world.account_of(&account.connection).await?.as_ref() != Some(account) {
            writes.push(Write::Put { item: owner(account), expect: Expect::Anything });
        }
        match load::<ConnectionState>(ledger, &ItemKey::connection_state(account)).await? {
            Loaded::Known(mut stored) => {
                let before = stored.value.clone();
                changes.extend(move_on(&mut stored.value, applied, known, now));
                // What the rules of before took for none of ours stands in no index: the poll finds it again.
                if relinked {
                    poll::begin_again(&mut stored.value, now);
                    stored.value.history.note(now, "other link rules: polled again from its start");
                }
                if stored.value != before {
                    writes.push(stored.into_write(now));
                }
            }
            Loaded::Absent => {
                let mut state = ConnectionState::starting(account.clone(), now);
                state.sync = connection.sync;
                state.credentials.clone_from(&applied.credentials_fingerprint);
                state.credentials_expire_at = applied.expires_at;
                state.history.note(now, "started: only what ships from now on is sent");
                writes.push(Stored::new(state).into_write(now));
            }
            Loaded::Foreign => {
                tracing::warn!(connection = %account, "a state of a newer layout: left alone");
            }
        }
        if writes.is_empty() {
            return Ok((changes, false));
        }
        match world.ledger.commit(writes).await {
            Ok(()) => return Ok((changes, relinked)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// What the settings make of a connection's state. `known` says that the settings named it before, too.
fn move_on(state: &mut ConnectionState, applied: &Applied, known: bool, now: Timestamp) -> Vec<Change> {
    let account = &applied.connection.account;
    let mut changes = Vec::new();
    if !known && paused_by_removal(state) {
        match &mut state.activity {
            Activity::Parked { paused, .. } => *paused = None,
            Activity::Active | Activity::Paused { .. } => state.activity = Activity::Active,
        }
        state.history.note(now, "in the settings again");
    }
    if state.credentials != applied.credentials_fingerprint {
        state.connected_at = Some(now);
        state.access_closed = None;
        if matches!(state.activity, Activity::Parked { .. }) {
            state.activity = state.activity.unpark();
            state.alerts.settle_those(Alert::asks_to_reconnect);
            state.next_poll = None;
            if state.works() {
                state.history.note(now, "connected again: new credentials");
                changes.push(Change::Unparked(account.clone()));
            } else {
                state.history.note(now, "connected again: new credentials; paused by a person as before");
            }
        } else {
            state.history.note(now, "new credentials");
        }
    }
    state.credentials_expire_at = applied.expires_at;
    if applied.connection.sync && !state.sync {
        // Whatever shipped while it was off is not sent by surprise.
        state.started_at = now;
        state.cursor = None;
        state.next_poll = None;
        state.history.note(now, "sync switched on: only what ships from now on is sent");
        changes.push(Change::Started(account.clone()));
    } else if !applied.connection.sync && state.sync {
        state.history.note(now, "sync switched off");
        changes.push(Change::Stopped(account.clone()));
    }
    state.sync = applied.connection.sync;
    changes
}

/// Whether the pause is ours, and no person's.
fn paused_by_removal(state: &ConnectionState) -> bool {
    let Some(since) = state.activity.paused_since() else { return false };
    state.history.events().iter().any(|event| event.at == since && event.what == REMOVED)
}

/// Takes a connection's settings away. Its state stays, so that it starts afresh if it comes back.
async fn remove(world: &World, account: &Account) -> Result<(), WorkError> {
    let now = world.now();
    // The state first: if this crashes half way, the settings are still there to be removed again.
    world
        .change_connection(account, |state| {
            state.sync = false;
            if state.works() {
                state.activity = Activity::Paused { since: now };
                state.history.note(now, REMOVED);
            }
        })
        .await?;
    let mut writes = vec![Write::Delete { key: ItemKey::connection(account), expect: Expect::Anything }];
    if world.account_of(&account.connection).await?.as_ref() == Some(account) {
        let key = ItemKey::connection_owner(&account.connection);
        writes.push(Write::Delete { key, expect: Expect::Anything });
    }
    world.ledger.commit(writes).await?;
    Ok(())
}

fn owner(account: &Account) -> Item {
    let key = ItemKey::connection_owner(&account.connection);
    Item {
        key,
        version: 0,
        // Two texts always serialise.
        body: serde_json::to_string(account).unwrap_or_default(),
        due: None,
        attention: None,
        expires_at: None,
    }
}

#[cfg(test)]
mod tests;
