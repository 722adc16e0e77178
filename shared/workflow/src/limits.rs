//! What the outside allows us, shared by all workers through one ledger item per limit.
//!
//! A rate is a bucket that fills, a day or a rolling span is a window that is counted; some are one account's, some
//! are one app's with all accounts that it serves. What is allowed is what answers say, else what is published. A
//! 429 closes it for as long as the answer says. Tokens that a crashed worker took are lost: the safe side.

mod bucket;
mod window;

use std::time::Duration;

use connector_api::{Allows, Limit, LimitHint, Shared, Told};
use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::ItemKey;
use jiff::Timestamp;
use ports::LedgerError;
use serde::{Deserialize, Serialize};

pub use bucket::Bucket;
pub use window::Window;

use crate::records::{Loaded, Record, Stored, later, load};
use crate::world::World;
use bucket::Rate;
use window::{Quota, Span};

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The account; of an app, the one that was first.
    account: Account,
    /// The kind and name of an app, whose accounts share the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<(String, String)>,
}

impl Owner {
    #[cfg(test)]
    fn account(account: Account) -> Self {
        Self { account, app: None }
    }

    fn of(connection: &Connection, limit: &Limit) -> Self {
        let app = match limit.shared {
            Shared::Account => None,
            Shared::App => {
                Some((connection.kind.clone(), connection.option("app").unwrap_or("default").to_owned()))
            }
        };
        Self { account: connection.account.clone(), app }
    }

    fn key(&self, operation: &str) -> ItemKey {
        match &self.app {
            None => ItemKey::bucket(&self.account, operation),
            Some((kind, app)) => ItemKey::app_bucket(kind, app, operation),
        }
    }
}

/// For what a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// For a parcel: a confirmation, a read, a token.
    Work,
    /// To find what changed: it may use only a part of a window, spread over it.
    Poll,
}

/// What a limit gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All that was asked for: the calls may be made now.
    All,
    /// None, and none before this.
    Empty {
        /// When to ask again.
        until: Timestamp,
    },
}

/// The limits that one kind of call of one connection spends.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    connection: &'a Connection,
    /// The scarcest last, so that nothing of it is lost if another is empty.
    limits: Vec<(&'static Limit, u32)>,
}

impl<'a> Needs<'a> {
    /// By the names in `spends`; a name twice means two calls of it.
    #[must_use]
    pub fn of(connection: &'a Connection, all: &'static [Limit], spends: &[&str]) -> Self {
        let mut limits: Vec<(&'static Limit, u32)> = Vec::new();
        for name in spends {
            if let Some((_, calls)) = limits.iter_mut().find(|(limit, _)| limit.operation == *name) {
                *calls += 1;
            } else if let Some(limit) = all.iter().find(|limit| limit.operation == *name) {
                limits.push((limit, 1));
            }
        }
        limits.sort_by_key(|(limit, _)| !matches!(limit.allows, Allows::Rate { .. }));
        Self { connection, limits }
    }

    /// The limit that a refusal is about: a long pause is a window's, a short one a rate's.
    fn refused(&self, after: Option<Duration>) -> Option<&'static Limit> {
        let long = after.is_some_and(|after| after > Duration::from_secs(60));
        let is_window = |limit: &Limit| !matches!(limit.allows, Allows::Rate { .. });
        let fits = self.limits.iter().find(|(limit, _)| is_window(limit) == long);
        fits.or(self.limits.first()).map(|(limit, _)| *limit)
    }

    /// How long until half a burst of the slowest rate is there again.
    #[must_use]
    pub fn half_a_burst(&self) -> Duration {
        let half = |limit: &Limit| match limit.allows {
            Allows::Rate { per_second, burst } => f64::from(burst) / 2.0 / per_second.max(1e-3),
            Allows::Day { .. } | Allows::Rolling { .. } => 0.0,
        };
        let longest = self.limits.iter().map(|(limit, _)| half(limit)).fold(0.0, f64::max);
        Duration::try_from_secs_f64(longest).unwrap_or_default()
    }
}

/// Either kind of record, changed in one way.
enum Counted {
    Bucket(Bucket, Rate),
    Window(Window, Quota),
}

fn quota(allows: Allows) -> Result<Rate, Quota> {
    match allows {
        Allows::Rate { per_second, burst } => Ok(Rate { per_second, burst }),
        Allows::Day { calls, zone } => Err(Quota { calls, span: Span::Day(zone) }),
        Allows::Rolling { calls, span } => Err(Quota { calls, span: Span::Rolling(span) }),
    }
}

/// Loads a record, or makes one; `None` if a newer layout stands there: whoever wrote it keeps the count.
async fn stored<T: Record>(
    world: &World,
    key: &ItemKey,
    new: impl FnOnce() -> T,
) -> Result<Option<Stored<T>>, LedgerError> {
    Ok(match load::<T>(world.ledger.as_ref(), key).await? {
        Loaded::Known(stored) => Some(*stored),
        Loaded::Absent => Some(Stored::new(new())),
        Loaded::Foreign => None,
    })
}

/// Changes the record of a limit, again if another worker was first.
async fn change<T>(
    world: &World,
    connection: &Connection,
    limit: &Limit,
    mut with: impl FnMut(&mut Counted, Timestamp) -> T,
) -> Result<Option<T>, LedgerError> {
    let owner = Owner::of(connection, limit);
    let key = owner.key(limit.operation);
    for _ in 0..6 {
        let now = world.now();
        let (result, write) = match quota(limit.allows) {
            Ok(rate) => {
                let new = || Bucket::full(&owner, limit.operation, rate, now);
                let Some(mut stored) = stored(world, &key, new).await? else { return Ok(None) };
                let mut counted = Counted::Bucket(stored.value.clone(), rate);
                let result = with(&mut counted, now);
                let Counted::Bucket(after, _) = counted else { return Ok(None) };
                let same = stored.value == after && stored.is_stored();
                stored.value = after;
                (result, (!same).then(|| stored.into_write(now)))
            }
            Err(quota) => {
                let new = || Window::new(&owner, limit.operation, now);
                let Some(mut stored) = stored(world, &key, new).await? else { return Ok(None) };
                let mut counted = Counted::Window(stored.value.clone(), quota);
                let result = with(&mut counted, now);
                let Counted::Window(after, _) = counted else { return Ok(None) };
                let same = stored.value == after && stored.is_stored();
                stored.value = after;
                (result, (!same).then(|| stored.into_write(now)))
            }
        };
        let Some(write) = write else { return Ok(Some(result)) };
        match world.ledger.commit(vec![write]).await {
            Ok(()) => return Ok(Some(result)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Takes what one kind of call needs; all of it, or the call may not be made.
///
/// # Errors
/// The ledger does not answer.
pub async fn take(world: &World, needs: &Needs<'_>, purpose: Purpose) -> Result<Taken, LedgerError> {
    for (limit, calls) in &needs.limits {
        let taken = change(world, needs.connection, limit, |counted, now| match counted {
            Counted::Bucket(bucket, rate) => (bucket.take(*rate, *calls, now), false),
            Counted::Window(window, quota) => {
                (window.take(*quota, *calls, purpose, now), window.is_short(*quota))
            }
        })
        .await?;
        if taken.is_some_and(|(_, is_short)| is_short) {
            world.memo.forget(&needs.connection.account, limit.operation);
        }
        let now = world.now();
        let soon = later(now, Duration::from_secs(1)).unwrap_or(now);
        let taken = taken.map_or(Taken::Empty { until: soon }, |(taken, _)| taken);
        if taken != Taken::All {
            return Ok(taken);
        }
    }
    Ok(Taken::All)
}

/// Notes that a call was answered 429; returns when to try again.
///
/// # Errors
/// The ledger does not answer.
pub async fn throttled(
    world: &World,
    needs: &Needs<'_>,
    after: Option<Duration>,
) -> Result<Timestamp, LedgerError> {
    if let Some(limit) = needs.refused(after) {
        change(world, needs.connection, limit, |counted, now| match counted {
            Counted::Bucket(bucket, rate) => bucket.throttle(*rate, after, now),
            Counted::Window(window, quota) => window.throttle(*quota, after, now),
        })
        .await?;
    }
    next(world, needs).await
}

/// Notes what an answer's headers said of limits.
///
/// # Errors
/// The ledger does not answer.
pub async fn learn(world: &World, needs: &Needs<'_>, hints: &[LimitHint]) -> Result<(), LedgerError> {
    for hint in hints {
        let Some((limit, _)) = needs.limits.iter().find(|(limit, _)| limit.operation == hint.operation)
        else {
            continue;
        };
        let account = &needs.connection.account;
        let news = match hint.told {
            Told::Rate(rate) => {
                rate.is_finite() && rate > 0.0 && world.memo.is_news(account, limit.operation, rate)
            }
            // Each answer tells what is left; it is written down when that tells something, which is near the end.
            Told::Window { calls, left } => {
                let share = f64::from(left) / f64::from(calls.max(1));
                let step = (share * 10.0).floor() + f64::from(calls);
                calls > 0 && (share < 0.05 || world.memo.is_news(account, limit.operation, step.max(1.0)))
            }
        };
        if !news {
            continue;
        }
        change(world, needs.connection, limit, |counted, now| match (counted, hint.told) {
            (Counted::Bucket(bucket, _), Told::Rate(rate)) => bucket.told(rate),
            (Counted::Window(window, quota), Told::Window { calls, left }) => {
                window.told(*quota, calls, left, now);
            }
            // A rate told as calls per second, or the other way round, is what the connector should not tell.
            (Counted::Bucket(..), Told::Window { .. }) | (Counted::Window(..), Told::Rate(_)) => {}
        })
        .await?;
    }
    Ok(())
}

/// When a call of this kind may be made; nothing is taken or written.
///
/// # Errors
/// The ledger does not answer.
pub async fn next(world: &World, needs: &Needs<'_>) -> Result<Timestamp, LedgerError> {
    let now = world.now();
    let mut latest = now;
    for (limit, calls) in &needs.limits {
        let owner = Owner::of(needs.connection, limit);
        let key = owner.key(limit.operation);
        let next = match quota(limit.allows) {
            Ok(rate) => {
                let new = || Bucket::full(&owner, limit.operation, rate, now);
                stored(world, &key, new).await?.map(|mut stored| stored.value.next(rate, now))
            }
            Err(quota) => {
                let new = || Window::new(&owner, limit.operation, now);
                stored(world, &key, new).await?.map(|mut stored| stored.value.next(quota, *calls, now))
            }
        };
        latest = latest.max(next.unwrap_or(now));
    }
    Ok(latest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_shop::{Stage, connection};
    use futures::executor::block_on;

    const DAY: &[Limit] = &[Limit {
        operation: "day",
        shared: Shared::App,
        allows: Allows::Rolling { calls: 1_000, span: Duration::from_secs(86_400) },
    }];

    #[test]
    fn the_answer_to_a_call_that_was_let_through_is_heard_though_it_says_what_it_said_before() {
        let stage = Stage::new();
        let (one, two) = (connection("market", "one"), connection("market", "two"));
        let tells = |connection, left| {
            let told = Told::Window { calls: 1_000, left };
            let hints = [LimitHint { operation: "day", told }];
            block_on(learn(&stage.world, &Needs::of(connection, DAY, &["day"]), &hints)).unwrap();
        };
        let takes = || block_on(take(&stage.world, &Needs::of(&one, DAY, &["day"]), Purpose::Work)).unwrap();
        tells(&one, 900);
        tells(&two, 0);
        assert!(matches!(takes(), Taken::Empty { .. }), "other software has used it up");
        stage.clock.advance(Duration::from_secs(3600));
        assert_eq!(takes(), Taken::All, "one call, to hear whether that still holds");
        assert!(matches!(takes(), Taken::Empty { .. }));
        tells(&one, 900);
        assert_eq!(takes(), Taken::All);
    }
}
