//! A bucket that fills at a rate.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Owner, Taken};
use crate::records::{Record, later};
use domain::keys::ItemKey;

/// A rate as published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// Tokens per second.
    pub(super) per_second: f64,
    /// The most at once.
    pub(super) burst: u32,
}

/// A bucket's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    schema: u16,
    #[serde(flatten)]
    owner: Owner,
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
        self.owner.key(&self.operation)
    }

    fn keep(&self) -> Option<Duration> {
        Some(Duration::from_secs(7 * 86_400))
    }
}

/// A clock that is ahead by more than this is taken to be wrong: the bucket goes on from here.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

impl Bucket {
    pub(super) fn full(owner: &Owner, operation: &str, rate: Rate, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA,
            owner: owner.clone(),
            operation: operation.to_owned(),
            tokens: f64::from(rate.burst),
            at: now,
            rate: rate.per_second,
            told: None,
            frozen_until: None,
        }
    }

    fn refill(&mut self, rate: Rate, now: Timestamp) {
        let elapsed = now.duration_since(self.at);
        if elapsed < SignedDuration::ZERO {
            if elapsed < -SKEW {
                self.at = now;
            }
            return;
        }
        let target = self.told.unwrap_or(rate.per_second);
        // After a throttle the rate doubles back each minute, up to what is allowed.
        self.rate = (self.rate * (elapsed.as_secs_f64() / 60.0).min(10.0).exp2()).min(target);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.rate).min(f64::from(rate.burst));
        self.at = now;
    }

    /// When the next token will be there.
    pub(super) fn next(&mut self, rate: Rate, now: Timestamp) -> Timestamp {
        self.refill(rate, now);
        let missing = (1.0 - self.tokens).max(0.0) / self.rate.max(1e-6);
        let refilled = Duration::try_from_secs_f64(missing).ok().and_then(|wait| later(now, wait));
        refilled.unwrap_or(Timestamp::MAX).max(self.frozen_until.unwrap_or(now))
    }

    /// Takes `calls` tokens, or none.
    pub(super) fn take(&mut self, rate: Rate, calls: u32, now: Timestamp) -> Taken {
        self.refill(rate, now);
        // More at once than the bucket ever holds are had when it is full.
        let calls = f64::from(calls.min(rate.burst.max(1)));
        if self.frozen_until.is_some_and(|until| until > now) || self.tokens < calls {
            return Taken::Empty { until: self.next(rate, now) };
        }
        self.frozen_until = None;
        self.tokens -= calls;
        Taken::All
    }

    pub(super) fn throttle(&mut self, rate: Rate, after: Option<Duration>, now: Timestamp) {
        self.refill(rate, now);
        self.tokens = 0.0;
        self.rate = (self.rate / 2.0).max(rate.per_second / 16.0);
        // A rate that is to rest for hours was misread: it comes back by itself.
        let frozen = after
            .map(|after| after.min(Duration::from_secs(3600)))
            .unwrap_or_else(|| Duration::from_secs_f64((1.0 / self.rate).clamp(1.0, 600.0)));
        self.frozen_until = later(now, frozen);
    }

    /// An answer said what the rate is.
    pub(super) fn told(&mut self, per_second: f64) {
        self.told = Some(per_second);
        self.rate = per_second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Account;

    const LIMIT: Rate = Rate { per_second: 2.0, burst: 10 };

    fn bucket() -> Bucket {
        let account = Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap());
        Bucket::full(&Owner::account(account), "confirmShipment", LIMIT, at(0))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn takes(bucket: &mut Bucket, most: u32, now: Timestamp) -> u32 {
        (0..most).take_while(|_| bucket.take(LIMIT, 1, now) == Taken::All).count().try_into().unwrap()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = bucket();
        assert_eq!(takes(&mut bucket, 25, at(0)), 10);
        assert_eq!(bucket.take(LIMIT, 1, at(0)), Taken::Empty { until: at(500) });
        assert_eq!(bucket.take(LIMIT, 1, at(500)), Taken::All);
        assert_eq!(takes(&mut bucket, 100, at(3_600_000)), 10, "never more than the burst");
    }

    #[test]
    fn several_calls_are_had_together_or_not_at_all() {
        let mut bucket = bucket();
        assert_eq!(bucket.take(LIMIT, 9, at(0)), Taken::All);
        assert!(matches!(bucket.take(LIMIT, 2, at(0)), Taken::Empty { .. }));
        assert_eq!(bucket.take(LIMIT, 1, at(0)), Taken::All);
    }

    #[test]
    fn never_more_than_burst_plus_rate_times_time() {
        let mut bucket = bucket();
        let taken: u32 = (0..60_000).step_by(37).map(|millis| takes(&mut bucket, 3, at(millis))).sum();
        assert!((119..=130).contains(&taken), "{taken}");
    }

    #[test]
    fn a_throttle_freezes_and_halves_and_grows_back() {
        let mut bucket = bucket();
        bucket.throttle(LIMIT, Some(Duration::from_secs(7)), at(0));
        assert_eq!(bucket.take(LIMIT, 1, at(6_999)), Taken::Empty { until: at(7_000) });
        assert_eq!(bucket.take(LIMIT, 1, at(7_000)), Taken::All);
        assert!(bucket.rate < 1.3);
        bucket.refill(LIMIT, at(127_000));
        assert!((bucket.rate - 2.0).abs() < 0.01);
    }

    #[test]
    fn a_clock_ahead_does_not_starve_the_others() {
        let mut bucket = bucket();
        assert_eq!(takes(&mut bucket, 10, at(600_000)), 10);
        assert!(matches!(bucket.take(LIMIT, 1, at(1_000)), Taken::Empty { .. }));
        assert_eq!(bucket.take(LIMIT, 1, at(1_500)), Taken::All);
    }
}
