//! Parcels that wait for tokens: one wake message per account at a time, most urgent parcels first.
//!
//! Nothing waits in SQS: waiting parcels stand in their account's lane of the due index, by deadline.

mod remind;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::{ItemKey, bulk_lane, waiting_lane};
use jiff::Timestamp;
use ports::ledger::{Due, Hint};
use ports::{LedgerError, QueueName};
use serde::{Deserialize, Serialize};

use crate::bulk;
use crate::limits::{self, Needs};
use crate::message::{Look, WorkError};
use crate::records::{Loaded, Record, Stored, later, load};
use crate::sync::{self, Progress, Scarce};
use crate::world::World;

/// How late a wake message may be before the sweep takes it for lost.
const GRACE: Duration = Duration::from_secs(30);
/// How often an account is looked at that has something waiting: be it only for reminders, where no call may be made.
const LOOKED_AT: Duration = Duration::from_secs(600);
/// How soon a lane that was found empty is looked at again before its record goes: longer than the index may lag.
const EMPTY_LOOK: Duration = Duration::from_secs(10);
/// What a wake keeps of its time for reminders.
const FOR_REMINDERS: Duration = Duration::from_secs(15);
/// How far into the lane a wake looks at first.
const BLOCK: usize = 25;
/// How far at most, when what stands in front cannot move.
const MOST_WINDOW: usize = 400;
/// Orders one wake works on.
const MOST_ORDERS: usize = 50;
/// Looks of one wake that end for want of a read, though parcels were waiting only to be told.
const MOST_UNREAD: usize = 5;
/// How soon the rest of a lane is looked at, though there are no reads for it.
const TOLD_AGAIN: Duration = Duration::from_secs(30);

/// That an account has waiting parcels, and when somebody looks at them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WakeRecord {
    schema: u16,
    account: Account,
    /// Counts the armings: a message of an older one is void.
    generation: u64,
    at: Timestamp,
    /// The last look found nothing. The index lags: only a second such look lets the record go, and whoever puts
    /// something into the lane meanwhile takes this back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    empty: bool,
    /// How far reminders came.
    #[serde(default)]
    reminded: remind::Reminded,
}

impl Record for WakeRecord {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::wake(&self.account)
    }

    fn due(&self, _now: Timestamp) -> Option<Due> {
        later(self.at, GRACE).map(|at| Due { lane: self.key().time_lane(), at })
    }
}

/// Sees to it that the account's waiting parcels are looked at by `at`.
///
/// # Errors
/// The ledger does not answer. A queue that does not is no error: the sweep sends the message then.
pub async fn ensure(world: &World, account: &Account, at: Timestamp) -> Result<(), WorkError> {
    for _ in 0..4 {
        let now = world.now();
        let at = by_then(now, at);
        let stored = match load::<WakeRecord>(world.ledger.as_ref(), &ItemKey::wake(account)).await? {
            Loaded::Known(mut stored) => {
                let armed = stored.value.at;
                let alive = later(armed, GRACE).is_some_and(|late| late > now);
                // Armed for that time or earlier, and not lost: once is enough. One that is about to go is not.
                if alive
                    && !stored.value.empty
                    && armed <= later(at, Duration::from_millis(200)).unwrap_or(at)
                {
                    return Ok(());
                }
                stored.value.generation += 1;
                stored.value.at = if alive { armed.min(at) } else { at }.max(now);
                stored.value.empty = false;
                *stored
            }
            Loaded::Absent => Stored::new(WakeRecord {
                schema: WakeRecord::SCHEMA,
                account: account.clone(),
                generation: 1,
                at: at.max(now),
                empty: false,
                reminded: remind::Reminded::default(),
            }),
            Loaded::Foreign => return Ok(()),
        };
        let record = stored.value.clone();
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => {
                send(world, &record).await;
                return Ok(());
            }
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// That time, or sooner: nothing else looks for deadlines in a lane.
fn by_then(now: Timestamp, at: Timestamp) -> Timestamp {
    later(now, LOOKED_AT).map_or(at, |latest| at.min(latest))
}

async fn send(world: &World, record: &WakeRecord) {
    let delay = Duration::try_from(record.at.duration_since(world.now())).unwrap_or_default();
    let look = Look::Wake { account: record.account.clone(), generation: record.generation };
    if let Err(error) = world.queue.send(QueueName::Inbound, &look.to_body(), delay).await {
        tracing::warn!(connection = %record.account, %error, "wake message not sent, the sweep will");
    }
}

/// Sends the wake message of a record again whose time has passed: it was lost, or delayed beyond SQS's limit.
///
/// # Errors
/// The ledger does not answer.
pub async fn rearm(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    let Loaded::Known(mut stored) = load::<WakeRecord>(world.ledger.as_ref(), key).await? else {
        return Ok(());
    };
    let now = world.now();
    if stored.value.at > now {
        return Ok(());
    }
    stored.value.generation += 1;
    stored.value.at = now;
    let record = stored.value.clone();
    match world.ledger.commit(vec![stored.into_write(now)]).await {
        Ok(()) => send(world, &record).await,
        Err(LedgerError::Conflict) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Works on an account's waiting parcels, as far as its tokens go, and arms the next wake.
///
/// # Errors
/// The ledger does not answer.
pub async fn work(world: &World, account: &Account, generation: u64) -> Result<(), WorkError> {
    let key = ItemKey::wake(account);
    let Loaded::Known(mut stored) = load::<WakeRecord>(world.ledger.as_ref(), &key).await? else {
        return Ok(());
    };
    if stored.value.generation != generation {
        return Ok(());
    }
    let connection = world.connection(account).await?;
    let works = world.connection_state(account).await?.is_some_and(|s| s.value.works());
    let mut until = None;
    if let Some(connection) = connection.as_ref().filter(|_| works) {
        if let Some(marketplace) = world.connectors.marketplace(&connection.kind) {
            bulk::consider(world, connection, marketplace).await?;
        }
        until = drain(world, &waiting_lane(account)).await?;
    }
    let waits = |lane: String| async move { world.ledger.due(&lane, Timestamp::MAX, 1).await };
    let waiting = !waits(waiting_lane(account)).await?.is_empty();
    if !waiting && waits(bulk_lane(account)).await?.is_empty() {
        return found_empty(world, *stored).await;
    }
    stored.value.empty = false;
    let all_reminded = match &connection {
        Some(connection) => remind::remind(world, connection, &mut stored.value.reminded).await?,
        None => true,
    };
    let now = world.now();
    let next = match connection.filter(|_| works && waiting) {
        // What is left of the reminders is not left for later.
        _ if !all_reminded => now,
        Some(connection) => by_then(now, next_block(world, &connection, until).await?),
        // Nothing but parcels that wait for a bulk, or an account for which no call is made.
        None => later(now, if works { bulk::GATHERS_FOR } else { LOOKED_AT }).unwrap_or(now),
    };
    arm_again(world, *stored, next).await
}

/// Nothing waits, says the index: at the second such look in a row the record goes.
async fn found_empty(world: &World, mut stored: Stored<WakeRecord>) -> Result<(), WorkError> {
    if !stored.value.empty {
        stored.value.empty = true;
        let now = world.now();
        return arm_again(world, stored, later(now, EMPTY_LOOK).unwrap_or(now)).await;
    }
    let write = ports::Write::Delete { key: stored.value.key(), expect: stored.expectation() };
    match world.ledger.commit(vec![write]).await {
        Ok(()) | Err(LedgerError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Looks at the lane's orders, most urgent first, until the tokens, a block or the time is used up. Orders that
/// stay in the lane for another reason do not hold up those behind them; nor do those that wait to be read, since reads
/// may be scarcer than confirmations.
async fn drain(world: &World, lane: &str) -> Result<Option<Timestamp>, WorkError> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut window = BLOCK;
    let (mut unread, mut no_read_until) = (0, None);
    let mut in_time = true;
    while seen.len() < MOST_ORDERS && unread < MOST_UNREAD && in_time {
        let hints = world.ledger.due(lane, Timestamp::MAX, window).await?;
        let full = hints.len() == window;
        // An order stands in the lane by its own record only until it can be read.
        let to_read: BTreeSet<String> = match no_read_until {
            Some(_) => hints.iter().filter(|h| h.key.sk == "O").map(|h| h.key.pk.clone()).collect(),
            None => BTreeSet::new(),
        };
        let passed = |hint: &Hint| seen.contains(&hint.key.pk) || to_read.contains(&hint.key.pk);
        let Some(hint) = hints.into_iter().find(|hint| !passed(hint)) else {
            if !full || window >= MOST_WINDOW {
                break;
            }
            window *= 4;
            continue;
        };
        seen.insert(hint.key.pk.clone());
        let Some(order) = sync::order_of(world, &hint.key).await? else { continue };
        match sync::look_at_order(world, &order, None).await {
            Ok(Progress::OutOfTokens { until, of: Scarce::Confirmations }) => return Ok(Some(until)),
            Ok(Progress::OutOfTokens { until, of: Scarce::Reads }) => {
                unread += 1;
                no_read_until = Some(until);
            }
            Ok(Progress::Done) => {}
            // One order's trouble is not the others'.
            Err(error) => {
                tracing::warn!(order = %order.order, %error, "a waiting order could not be looked at");
                let look = Look::Order { order: order.clone() }.to_body();
                world.queue.send(QueueName::Inbound, &look, Duration::from_secs(30)).await?;
            }
        }
        in_time = !world.ends_within(FOR_REMINDERS);
    }
    // Reads may be long away; parcels that wait only to be told are not.
    let more = seen.len() >= MOST_ORDERS || unread >= MOST_UNREAD || !in_time;
    let soon = later(world.now(), TOLD_AGAIN).filter(|_| more);
    Ok(no_read_until.map(|until| soon.map_or(until, |soon| until.min(soon))))
}

/// When to look again: when half a burst is there, so that few wakes carry many parcels and none is wasted.
async fn next_block(
    world: &World,
    connection: &Connection,
    until: Option<Timestamp>,
) -> Result<Timestamp, WorkError> {
    let now = world.now();
    let Some(marketplace) = world.connectors.marketplace(&connection.kind) else { return Ok(now) };
    let traits = marketplace.traits();
    let needs = Needs::of(connection, traits.limits, traits.spends.confirm);
    let first = limits::next(world, &needs).await?;
    let more = needs.half_a_burst().min(Duration::from_secs(5));
    let earliest = until.map_or(first, |until| until.max(first));
    Ok(later(earliest, more).unwrap_or(earliest))
}

async fn arm_again(world: &World, mut stored: Stored<WakeRecord>, at: Timestamp) -> Result<(), WorkError> {
    let now = world.now();
    stored.value.generation += 1;
    stored.value.at = at.max(now);
    let record = stored.value.clone();
    match world.ledger.commit(vec![stored.into_write(now)]).await {
        Ok(()) => send(world, &record).await,
        // Somebody armed it anew meanwhile: theirs counts.
        Err(LedgerError::Conflict) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
