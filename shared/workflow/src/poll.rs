//! Polls: what webhooks missed, and marketplace orders ahead of their parcels.
//!
//! A cursor moves only after everything before it is stored; a connection's failure stays its own.

mod marketplace;
mod store;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use connector_api::{ChannelError, Cursor, Failure, MerchantAction};
use domain::connection::Connection;
use domain::connection_state::ConnectionState;
use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use ports::LedgerError;

use crate::message::WorkError;
use crate::metrics::{About, Metric, note};
use crate::records::{KEEP_ORDERS, later};
use crate::sync;
use crate::world::World;

/// Pages that one run reads of one connection at most; the next run goes on.
const MOST_PAGES: usize = 10;
/// How often a store is polled, unless its settings say otherwise.
const EVERY: Duration = Duration::from_secs(120);

/// What a run found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Connections that were due.
    pub connections: u32,
    /// Orders they told of.
    pub orders: u32,
    /// Connections whose poll failed; each is polled again later.
    pub failed: u32,
}

/// How far a connection's poll came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Everything that changed was seen.
    Complete,
    /// More is to come: go on in the next run, but not before this.
    More(Option<Timestamp>),
    /// Somebody else moved the cursor, or it may not be polled any more.
    Overtaken,
}

/// Why a connection's poll did not go on.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Work(#[from] WorkError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Connections polled at the same time.
const SIDE_BY_SIDE: usize = 8;
/// How long a run begins anything new.
///
/// What is left of the function's 110 s (`PollChannels` in `template.yaml`) is for the calls that are underway then:
/// each 20 s at most, and one for a token before it.
const RUNS_FOR: Duration = Duration::from_secs(60);
/// How long one run asks one connection for page after page; the next run goes on.
const ASKS_FOR: Duration = Duration::from_secs(30);

/// Polls every connection that is due, as far as the time of one run goes.
///
/// # Errors
/// The connections cannot be listed. What fails for one connection is logged, noted in its state and counted.
pub async fn poll(world: &World) -> Result<Polled, WorkError> {
    let world = &world.for_work_of(RUNS_FOR);
    let connections = longest_due_first(world).await?;
    // Owned: what borrows out of a list is `Send` for no stream.
    let all = connections.into_iter().map(|connection| poll_in_time(world, connection));
    // A few at a time, the next as soon as one is done: a store that hangs keeps only its own place.
    let mut outcomes = stream::iter(all).buffer_unordered(SIDE_BY_SIDE);
    let (mut polled, mut left) = (Polled::default(), 0_u32);
    while let Some(one) = outcomes.next().await {
        match one {
            Some(one) => {
                polled.connections += one.connections;
                polled.orders += one.orders;
                polled.failed += one.failed;
            }
            None => left += 1,
        }
    }
    if left > 0 {
        tracing::warn!(left, "connections that this run did not come to: they are first in the next");
    }
    Ok(polled)
}

/// Every connection, longest due first: those that a run did not come to, the next begins with.
async fn longest_due_first(world: &World) -> Result<Vec<Connection>, LedgerError> {
    let mut all = world.connections_and_states().await?;
    all.sort_by_key(|(_, state)| state.as_ref().and_then(|state| state.next_poll));
    Ok(all.into_iter().map(|(connection, _)| connection).collect())
}

/// Polls one connection, if it is due; `None` if there is no time for it in this run.
async fn poll_in_time(world: &World, connection: Connection) -> Option<Polled> {
    if world.time_is_up() {
        return None;
    }
    let begun_at = world.now();
    let mut polled = Polled::default();
    let world_for_one = world.for_work_of(ASKS_FOR);
    // A panic is that connection's failure, as it is a record's of a batch.
    let one = AssertUnwindSafe(poll_one(&world_for_one, &connection, &mut polled.orders)).catch_unwind();
    let outcome = one.await.unwrap_or(Err(PollError::Work(WorkError::Panicked)));
    polled.connections = u32::from(!matches!(outcome, Ok(false)));
    if let Err(error) = outcome {
        polled.failed = 1;
        tracing::warn!(connection = %connection.account, %error, "poll failed");
        if let Err(error) = after_failure(world, &connection, begun_at, &error).await {
            tracing::warn!(connection = %connection.account, %error, "failed poll not noted");
        }
    }
    Some(polled)
}

/// Polls one connection; false if it is not due.
async fn poll_one(world: &World, connection: &Connection, orders: &mut u32) -> Result<bool, PollError> {
    let store = world.connectors.store(&connection.kind);
    let marketplace = world.connectors.marketplace(&connection.kind);
    let every = match (&store, &marketplace) {
        (Some(_), _) => EVERY,
        (None, Some(marketplace)) => marketplace.traits().poll_every,
        (None, None) => {
            tracing::warn!(connection = %connection.account, kind = %connection.kind, "no connector of this kind");
            return Ok(false);
        }
    };
    let every = interval(connection, every);
    let cursor = claim(world, connection, pause(world, every), store.is_some()).await?;
    let Some(cursor) = cursor else { return Ok(false) };
    let ended = match (store, marketplace) {
        (Some(store), _) => store::poll(world, store, connection, cursor, orders).await?,
        (None, Some(marketplace)) => {
            marketplace::poll(world, marketplace, connection, cursor, orders).await?
        }
        (None, None) => return Ok(false),
    };
    let now = world.now();
    let next = match ended {
        Ended::Overtaken => return Ok(true),
        Ended::Complete => later(now, pause(world, every)),
        Ended::More(until) => Some(until.map_or(now, |until| until.max(now))),
    };
    world
        .change_connection(&connection.account, |state| {
            state.next_poll = next;
            if ended == Ended::Complete {
                state.last_poll = Some(now);
            }
        })
        .await?;
    Ok(true)
}

/// Takes a due connection for this run, by moving its next poll on: two runs at once do not poll twice.
async fn claim(
    world: &World,
    connection: &Connection,
    pause: Duration,
    is_store: bool,
) -> Result<Option<Cursor>, LedgerError> {
    let now = world.now();
    let (mut silent, mut failing) = (false, false);
    let due = |state: &ConnectionState| {
        connection.sync && state.sync && state.works() && state.next_poll.is_none_or(|at| at <= now)
    };
    let mut claimed = None;
    world
        .change_connection(&connection.account, |state| {
            let silence = if is_store { state.is_silent(now) } else { state.subscriptions_are_silent(now) };
            silent = connection.sync && state.works() && silence;
            failing = connection.sync && state.credentials_fail(now);
            claimed = due(state).then(|| cursor_of(state));
            if claimed.is_some() {
                state.next_poll = later(now, pause);
            }
        })
        .await?;
    // Seen here, where each connection's state is at hand, and told for as long as it lasts: alarms watch it.
    let told = [(silent, Metric::SilentWebhooks), (failing, Metric::FailingCredentials)];
    for (_, metric) in told.into_iter().filter(|(is_so, _)| *is_so) {
        if world.memo.once_a_minute(&connection.account, metric.as_str(), now) {
            note(metric, 1, &About { connection: Some(&connection.account), ..About::default() });
        }
    }
    Ok(claimed)
}

/// Where the poll stands; before the first one, at the connection's start: nothing older is asked for.
fn cursor_of(state: &ConnectionState) -> Cursor {
    let kept = state.cursor.as_deref().and_then(|text| serde_json::from_str(text).ok());
    kept.unwrap_or(Cursor { since: state.started_at, page: None })
}

/// Has a connection polled again, at once, from its start; but from no longer ago than its orders are kept.
pub(crate) fn begin_again(state: &mut ConnectionState, now: Timestamp) {
    let since = now.checked_sub(SignedDuration::try_from(KEEP_ORDERS).unwrap_or_default()).unwrap_or(now);
    state.cursor = (since > state.started_at)
        // A cursor is a time and a text: it always serialises.
        .then(|| serde_json::to_string(&Cursor { since, page: None }).ok())
        .flatten();
    state.next_poll = None;
}

/// Moves the cursor on; false if it does not stand at `from` any more, or nothing may be polled any more.
async fn advance(
    world: &World,
    connection: &Connection,
    from: &Cursor,
    to: &Cursor,
) -> Result<bool, LedgerError> {
    // A cursor is a time and a text: it always serialises.
    let text = serde_json::to_string(to).ok();
    let mut moved = false;
    world
        .change_connection(&connection.account, |state| {
            moved = state.works() && state.sync && cursor_of(state) == *from;
            if moved {
                state.cursor.clone_from(&text);
            }
        })
        .await?;
    Ok(moved)
}

/// What the settings say, else what is usual.
fn interval(connection: &Connection, usual: Duration) -> Duration {
    let asked = connection.timing.poll_every;
    if asked.is_zero() { usual } else { asked }
}

/// The interval, up to a tenth more or less: connections do not all poll at the same moment.
fn pause(world: &World, every: Duration) -> Duration {
    every.mul_f64(0.9 + 0.2 * world.rng.fraction())
}

/// A failure that is there again whenever the same page is asked for.
fn page_is_dead(cursor: &Cursor, failure: &Failure) -> bool {
    cursor.page.is_some() && matches!(failure, Failure::Rejected { .. } | Failure::NotFound)
}

async fn after_failure(
    world: &World,
    connection: &Connection,
    begun_at: Timestamp,
    error: &PollError,
) -> Result<(), WorkError> {
    let PollError::Channel(failed) = error else {
        // Ours: the claim has moved the next poll on already.
        return Ok(());
    };
    let wait = match &failed.failure {
        Failure::NeedsMerchant { action: MerchantAction::Reconnect } => {
            return sync::park(world, connection, begun_at, &failed.detail).await;
        }
        Failure::Throttled { after } | Failure::Retryable { after, .. } => *after,
        Failure::Rejected { .. }
        | Failure::CarrierRefused { .. }
        | Failure::NotFound
        | Failure::NeedsMerchant { action: MerchantAction::FixOrder | MerchantAction::ConfirmElsewhere } => {
            None
        }
    };
    let now = world.now();
    let throttled = matches!(failed.failure, Failure::Throttled { .. });
    let not_before = wait.and_then(|wait| later(now, wait));
    world
        .change_connection(&connection.account, |state| {
            state.next_poll = state.next_poll.max(not_before);
            // Being throttled is no failure.
            if !throttled {
                state.history.note(now, format!("poll failed: {failed}"));
            }
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
