//! Token buckets, one per account and operation, shared by all workers through one ledger item each.
//!
//! The rate is what the marketplace's answers say, else what it publishes. A 429 halves the rate and freezes
//! the bucket; it grows back by itself. Tokens that a crashed worker took are lost, which errs on the safe side.

use std::time::Duration;

use connector_api::{Limit, LimitHint};
use domain::ids::Account;
use domain::keys::ItemKey;
use jiff::{SignedDuration, Timestamp};
use ports::LedgerError;
use serde::{Deserialize, Serialize};

use crate::records::{Loaded, Record, Stored, later, load};
use crate::world::World;

/// A bucket's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    schema: u16,
    account: Account,
    operation: String,
    /// Tokens at `at`.
    tokens: f64,
    at: Timestamp,
    /// Tokens per second now.
    rate: f64,
    /// What answers last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frozen_until: Option<Timestamp>,
}

impl Record for Bucket {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::bucket(&self.account, &self.operation)
    }

    fn keep(&self) -> Option<Duration> {
        Some(Duration::from_secs(7 * 86_400))
    }
}

/// What a bucket gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many calls may be made now.
    Tokens(u32),
    /// None, and none before this.
    Empty {
        /// When one will be there.
        until: Timestamp,
    },
}

/// A clock that is ahead by more than this is taken to be wrong: the bucket goes on from here.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

impl Bucket {
    fn full(account: &Account, limit: &Limit, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA,
            account: account.clone(),
            operation: limit.operation.to_owned(),
            tokens: f64::from(limit.burst),
            at: now,
            rate: limit.rate,
            told: None,
            frozen_until: None,
        }
    }

    fn refill(&mut self, limit: &Limit, now: Timestamp) {
        let elapsed = now.duration_since(self.at);
        if elapsed < SignedDuration::ZERO {
            if elapsed < -SKEW {
                self.at = now;
            }
            return;
        }
        let target = self.told.unwrap_or(limit.rate);
        // After a throttle the rate doubles back each minute, up to what is allowed.
        self.rate = (self.rate * (elapsed.as_secs_f64() / 60.0).min(10.0).exp2()).min(target);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.rate).min(f64::from(limit.burst));
        self.at = now;
    }

    fn next_token(&self, now: Timestamp) -> Timestamp {
        let missing = (1.0 - self.tokens).max(0.0) / self.rate.max(1e-6);
        let refilled = Duration::try_from_secs_f64(missing).ok().and_then(|wait| later(now, wait));
        refilled.unwrap_or(Timestamp::MAX).max(self.frozen_until.unwrap_or(now))
    }

    /// Takes up to `want` whole tokens.
    fn take(&mut self, limit: &Limit, want: u32, now: Timestamp) -> Taken {
        self.refill(limit, now);
        if self.frozen_until.is_some_and(|until| until > now) || self.tokens < 1.0 {
            return Taken::Empty { until: self.next_token(now) };
        }
        self.frozen_until = None;
        let mut taken = 0;
        while taken < want && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            taken += 1;
        }
        Taken::Tokens(taken)
    }

    fn throttle(&mut self, limit: &Limit, after: Option<Duration>, now: Timestamp) {
        self.refill(limit, now);
        self.tokens = 0.0;
        self.rate = (self.rate / 2.0).max(limit.rate / 16.0);
        let frozen = after.unwrap_or_else(|| Duration::from_secs_f64((1.0 / self.rate).clamp(1.0, 600.0)));
        self.frozen_until = later(now, frozen);
    }
}

/// Changes a bucket, again if another worker was first.
async fn change<T>(
    world: &World,
    account: &Account,
    limit: &Limit,
    mut with: impl FnMut(&mut Bucket) -> T,
) -> Result<Option<T>, LedgerError> {
    for _ in 0..6 {
        let now = world.now();
        let key = ItemKey::bucket(account, limit.operation);
        let mut stored = match load::<Bucket>(world.ledger.as_ref(), &key).await? {
            Loaded::Known(stored) => *stored,
            Loaded::Absent => Stored::new(Bucket::full(account, limit, now)),
            // A newer layout: whoever wrote it keeps the count.
            Loaded::Foreign => return Ok(None),
        };
        let before = stored.value.clone();
        let result = with(&mut stored.value);
        if stored.value == before && stored.is_stored() {
            return Ok(Some(result));
        }
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => return Ok(Some(result)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Takes up to `want` tokens of an account's operation.
///
/// # Errors
/// The ledger does not answer.
pub async fn take(world: &World, account: &Account, limit: &Limit, want: u32) -> Result<Taken, LedgerError> {
    let now = world.now();
    let taken = change(world, account, limit, |bucket| bucket.take(limit, want, now)).await?;
    let soon = later(now, Duration::from_secs(1)).unwrap_or(now);
    Ok(taken.unwrap_or(Taken::Empty { until: soon }))
}

/// Notes that a call was answered 429.
///
/// # Errors
/// The ledger does not answer.
pub async fn throttled(
    world: &World,
    account: &Account,
    limit: &Limit,
    after: Option<Duration>,
) -> Result<(), LedgerError> {
    let now = world.now();
    change(world, account, limit, |bucket| bucket.throttle(limit, after, now)).await?;
    Ok(())
}

/// Notes what an answer's headers said of a limit.
///
/// # Errors
/// The ledger does not answer.
pub async fn learn(
    world: &World,
    account: &Account,
    limit: &Limit,
    hint: Option<LimitHint>,
) -> Result<(), LedgerError> {
    let Some(hint) = hint.filter(|h| h.operation == limit.operation && h.rate.is_finite() && h.rate > 0.0)
    else {
        return Ok(());
    };
    if !world.memo.is_news(account, limit.operation, hint.rate) {
        return Ok(());
    }
    change(world, account, limit, |bucket| {
        bucket.told = Some(hint.rate);
        bucket.rate = hint.rate;
    })
    .await?;
    Ok(())
}

/// When this account's next token is there.
///
/// # Errors
/// The ledger does not answer.
pub async fn next_token(world: &World, account: &Account, limit: &Limit) -> Result<Timestamp, LedgerError> {
    let now = world.now();
    let key = ItemKey::bucket(account, limit.operation);
    Ok(match load::<Bucket>(world.ledger.as_ref(), &key).await? {
        Loaded::Known(mut stored) => {
            stored.value.refill(limit, now);
            stored.value.next_token(now)
        }
        Loaded::Absent | Loaded::Foreign => now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { operation: "confirmShipment", rate: 2.0, burst: 10 };

    fn account() -> Account {
        Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap())
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::full(&account(), &LIMIT, at(0));
        assert_eq!(bucket.take(&LIMIT, 25, at(0)), Taken::Tokens(10));
        assert_eq!(bucket.take(&LIMIT, 1, at(0)), Taken::Empty { until: at(500) });
        assert_eq!(bucket.take(&LIMIT, 1, at(500)), Taken::Tokens(1));
        assert_eq!(bucket.take(&LIMIT, 100, at(3_600_000)), Taken::Tokens(10), "never more than the burst");
    }

    #[test]
    fn never_more_than_burst_plus_rate_times_time() {
        let mut bucket = Bucket::full(&account(), &LIMIT, at(0));
        let mut taken = 0;
        for millis in (0..60_000).step_by(37) {
            if let Taken::Tokens(n) = bucket.take(&LIMIT, 3, at(millis)) {
                taken += n;
            }
        }
        assert!((119..=130).contains(&taken), "{taken}");
    }

    #[test]
    fn a_throttle_freezes_and_halves_and_grows_back() {
        let mut bucket = Bucket::full(&account(), &LIMIT, at(0));
        bucket.throttle(&LIMIT, Some(Duration::from_secs(7)), at(0));
        assert_eq!(bucket.take(&LIMIT, 1, at(6_999)), Taken::Empty { until: at(7_000) });
        assert!(matches!(bucket.take(&LIMIT, 1, at(7_000)), Taken::Tokens(1)));
        assert!(bucket.rate < 1.3);
        bucket.refill(&LIMIT, at(127_000));
        assert!((bucket.rate - 2.0).abs() < 0.01);
    }

    #[test]
    fn a_clock_ahead_does_not_starve_the_others() {
        let mut bucket = Bucket::full(&account(), &LIMIT, at(0));
        assert_eq!(bucket.take(&LIMIT, 10, at(600_000)), Taken::Tokens(10));
        assert!(matches!(bucket.take(&LIMIT, 1, at(1_000)), Taken::Empty { .. }));
        assert_eq!(bucket.take(&LIMIT, 1, at(1_500)), Taken::Tokens(1));
    }
}
