//! Parcels that wait for tokens: one wake message per account at a time, most urgent parcels first.
//!
//! Nothing waits in SQS: waiting parcels stand in their account's lane of the due index, by deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::{ItemKey, bulk_lane, waiting_lane};
use domain::package::Package;
use jiff::Timestamp;
use ports::ledger::{Due, Hint};
use ports::{LedgerError, QueueName};
use serde::{Deserialize, Serialize};

use crate::bulk;
use crate::limits::{self, Needs};
use crate::message::{AlertMessage, Look, WorkError};
use crate::records::{Loaded, Record, Stored, later, load};
use crate::sync::{self, Progress, Scarce};
use crate::world::World;

/// How late a wake message may be before the sweep takes it for lost.
const GRACE: Duration = Duration::from_secs(30);
/// How often a parked account is looked at: only for reminders, no call is made for it.
const PARKED_LOOK: Duration = Duration::from_secs(600);
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
        let stored = match load::<WakeRecord>(world.ledger.as_ref(), &ItemKey::wake(account)).await? {
            Loaded::Known(mut stored) => {
                let armed = stored.value.at;
                let alive = later(armed, GRACE).is_some_and(|late| late > now);
                // Armed for that time or earlier, and not lost: once is enough.
                if alive && armed <= later(at, Duration::from_millis(200)).unwrap_or(at) {
                    return Ok(());
                }
                stored.value.generation += 1;
                stored.value.at = at.max(now);
                *stored
            }
            Loaded::Absent => Stored::new(WakeRecord {
                schema: WakeRecord::SCHEMA,
                account: account.clone(),
                generation: 1,
                at: at.max(now),
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
    let Loaded::Known(stored) = load::<WakeRecord>(world.ledger.as_ref(), &key).await? else {
        return Ok(());
    };
    if stored.value.generation != generation {
        return Ok(());
    }
    let lane = waiting_lane(account);
    let connection = world.connection(account).await?;
    let works = world.connection_state(account).await?.is_some_and(|s| s.value.works());
    let Some(connection) = connection.filter(|_| works) else {
        remind(world, account, &lane).await?;
        remind(world, account, &bulk_lane(account)).await?;
        return arm_again(world, *stored, later(world.now(), PARKED_LOOK)).await;
    };
    if let Some(marketplace) = world.connectors.marketplace(&connection.kind) {
        bulk::consider(world, &connection, marketplace).await?;
    }
    let until = drain(world, &lane).await?;
    let waits = |lane: String| async move { world.ledger.due(&lane, Timestamp::MAX, 1).await };
    if waits(lane).await?.is_empty() {
        if !waits(bulk_lane(account)).await?.is_empty() {
            return arm_again(world, *stored, later(world.now(), bulk::GATHERS_FOR)).await;
        }
        let write = ports::Write::Delete { key, expect: stored.expectation() };
        return match world.ledger.commit(vec![write]).await {
            Ok(()) | Err(LedgerError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        };
    }
    let next = next_block(world, &connection, until).await?;
    arm_again(world, *stored, Some(next)).await
}

/// Looks at the lane's orders, most urgent first, until the tokens are used up or a block is done. Orders that
/// stay in the lane for another reason do not hold up those behind them; nor do those that wait to be read, since reads
/// may be scarcer than confirmations.
async fn drain(world: &World, lane: &str) -> Result<Option<Timestamp>, WorkError> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut window = BLOCK;
    let (mut unread, mut no_read_until) = (0, None);
    while seen.len() < MOST_ORDERS && unread < MOST_UNREAD {
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
    }
    // Reads may be long away; parcels that wait only to be told are not.
    let more = seen.len() >= MOST_ORDERS || unread >= MOST_UNREAD;
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

async fn arm_again(
    world: &World,
    mut stored: Stored<WakeRecord>,
    at: Option<Timestamp>,
) -> Result<(), WorkError> {
    let now = world.now();
    stored.value.generation += 1;
    stored.value.at = at.unwrap_or(now).max(now);
    let record = stored.value.clone();
    match world.ledger.commit(vec![stored.into_write(now)]).await {
        Ok(()) => send(world, &record).await,
        // Somebody armed it anew meanwhile: theirs counts.
        Err(LedgerError::Conflict) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Tells of waiting parcels whose deadline nears, while no call may be made for the account.
async fn remind(world: &World, account: &Account, lane: &str) -> Result<(), WorkError> {
    let now = world.now();
    let window = world.connection(account).await?.map(|c| c.timing.remind_before).unwrap_or_default();
    let until = later(now, window).unwrap_or(now);
    for hint in world.ledger.due(lane, until, 100).await? {
        let Loaded::Known(mut stored) = load::<Package>(world.ledger.as_ref(), &hint.key).await? else {
            continue;
        };
        if stored.value.raise_if_at_risk(now) {
            match world.ledger.commit(vec![stored.into_write(now)]).await {
                Ok(()) => {
                    let message = AlertMessage::about(&hint.key).to_body();
                    world.queue.send(QueueName::Alerts, &message, Duration::ZERO).await?;
                }
                Err(LedgerError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
