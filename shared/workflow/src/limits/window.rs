//! So many calls in a day, or in any span: counted, and shared out so that polls never use up what confirmations need.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Owner, Purpose, Taken};
use crate::records::{Record, later};
use domain::keys::ItemKey;

/// The share of a window that polls may use; the rest is for confirmations, reads and tokens.
const POLLS: f64 = 0.3;
/// Cells that a rolling span is counted in: what is older than the span by less than a cell still counts.
const CELLS: u32 = 24;

/// Calls in a window, as published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quota {
    pub(super) calls: u32,
    pub(super) span: Span,
}

/// When a window begins and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Span {
    /// At midnight of a zone.
    Day(&'static str),
    /// Always this long ago.
    Rolling(Duration),
}

/// A window's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    schema: u16,
    #[serde(flatten)]
    owner: Owner,
    operation: String,
    /// Calls by the second at which their cell began.
    used: BTreeMap<i64, u32>,
    /// What polls may still use, at `polls_at`.
    polls: f64,
    polls_at: Timestamp,
    /// Calls that answers say the window allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frozen_until: Option<Timestamp>,
}

impl Record for Window {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        self.owner.key(&self.operation)
    }

    fn keep(&self) -> Option<Duration> {
        Some(Duration::from_secs(7 * 86_400))
    }
}

impl Window {
    pub(super) fn new(owner: &Owner, operation: &str, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA,
            owner: owner.clone(),
            operation: operation.to_owned(),
            used: BTreeMap::new(),
            polls: 0.0,
            // As if polls had rested: the first may begin at once.
            polls_at: now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now),
            told: None,
            frozen_until: None,
        }
    }

    fn calls(&self, quota: Quota) -> u32 {
        self.told.unwrap_or(quota.calls)
    }

    /// Forgets cells that count no more; returns the second at which the cell of now began.
    fn forget(&mut self, quota: Quota, now: Timestamp) -> i64 {
        match quota.span {
            Span::Day(zone) => {
                let today = midnight(zone, now, 0).as_second();
                self.used.retain(|began, _| *began >= today);
                today
            }
            Span::Rolling(span) => {
                let cell = cell(span);
                let since = now.as_second() - seconds(span);
                self.used.retain(|began, _| began + cell > since);
                now.as_second().div_euclid(cell) * cell
            }
        }
    }

    fn left(&self, quota: Quota) -> u32 {
        let used = self.used.values().fold(0_u32, |sum, calls| sum.saturating_add(*calls));
        self.calls(quota).saturating_sub(used)
    }

    /// When a call that is not left now will be.
    pub(super) fn next(&mut self, quota: Quota, now: Timestamp) -> Timestamp {
        self.forget(quota, now);
        let frozen = self.frozen_until.unwrap_or(now).max(now);
        if self.left(quota) > 0 {
            return frozen;
        }
        let free = match quota.span {
            Span::Day(zone) => midnight(zone, now, 1),
            Span::Rolling(span) => {
                let oldest = self.used.keys().next().copied().unwrap_or_default();
                Timestamp::from_second(oldest + cell(span) + seconds(span) + 1).unwrap_or(Timestamp::MAX)
            }
        };
        free.max(frozen)
    }

    fn polls_per_second(&self, quota: Quota) -> f64 {
        let span = match quota.span {
            Span::Day(_) => 86_400.0,
            Span::Rolling(span) => span.as_secs_f64().max(1.0),
        };
        f64::from(self.calls(quota)) * POLLS / span
    }

    fn refill_polls(&mut self, quota: Quota, now: Timestamp) {
        let rate = self.polls_per_second(quota);
        // An hour's worth at most: polls are spread over the window instead of using its beginning up.
        let most = (rate * 3600.0).max(2.0);
        let elapsed = now.duration_since(self.polls_at).as_secs_f64().max(0.0);
        self.polls = (self.polls + elapsed * rate).min(most);
        self.polls_at = now;
    }

    /// Takes `calls`, or none.
    pub(super) fn take(&mut self, quota: Quota, calls: u32, purpose: Purpose, now: Timestamp) -> Taken {
        let cell = self.forget(quota, now);
        if self.frozen_until.is_some_and(|until| until > now) || self.left(quota) < calls {
            return Taken::Empty { until: self.next(quota, now) };
        }
        self.frozen_until = None;
        if purpose == Purpose::Poll {
            self.refill_polls(quota, now);
            let wanted = f64::from(calls);
            if self.polls < wanted {
                let rate = self.polls_per_second(quota).max(1e-6);
                let wait = Duration::try_from_secs_f64((wanted - self.polls) / rate).ok();
                let until = wait.and_then(|wait| later(now, wait)).unwrap_or(Timestamp::MAX);
                return Taken::Empty { until };
            }
            self.polls -= wanted;
        }
        let used = self.used.entry(cell).or_default();
        *used = used.saturating_add(calls);
        Taken::All
    }

    /// The window was used up, whatever we counted: nothing more before it opens again.
    pub(super) fn throttle(&mut self, quota: Quota, after: Option<Duration>, now: Timestamp) {
        self.forget(quota, now);
        let reopens = match quota.span {
            Span::Day(zone) => Some(midnight(zone, now, 1)),
            // Without a word of when, a rolling window frees something within one cell.
            Span::Rolling(span) => later(now, span / CELLS),
        };
        self.frozen_until = after.and_then(|after| later(now, after)).or(reopens);
    }

    /// An answer said how much is allowed and left: others may use the same window.
    pub(super) fn told(&mut self, quota: Quota, calls: u32, left: u32, now: Timestamp) {
        let cell = self.forget(quota, now);
        self.told = Some(calls);
        let more = self.left(quota).saturating_sub(left);
        if more > 0 {
            let used = self.used.entry(cell).or_default();
            *used = used.saturating_add(more);
        }
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX / 4)
}

fn cell(span: Duration) -> i64 {
    (seconds(span) / i64::from(CELLS)).max(1)
}

/// The midnight of a zone that began the day of `now`, or so many days later.
fn midnight(zone: &str, now: Timestamp, days: i64) -> Timestamp {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let date = now.to_zoned(zone.clone()).date();
    let date = date.checked_add(jiff::Span::new().days(days)).unwrap_or(date);
    date.to_zoned(zone).map_or(now, |midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Account;
    use proptest::prelude::*;

    const ETSY: Quota = Quota { calls: 10_000, span: Span::Rolling(Duration::from_secs(86_400)) };
    const EBAY: Quota = Quota { calls: 100, span: Span::Day("America/Los_Angeles") };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(now: Timestamp) -> Window {
        let account = Account::new("m".try_into().unwrap(), "e".try_into().unwrap());
        Window::new(&Owner::account(account), "day", now)
    }

    #[test]
    fn a_day_ends_at_its_zones_midnight_in_summer_and_winter() {
        for (now, opens) in [
            ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"),
            ("2026-12-01T07:59:59Z", "2026-12-01T08:00:00Z"),
            // The day on which clocks go back has 25 hours.
            ("2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"),
        ] {
            let (now, opens) = (at(now), at(opens));
            let mut window = window(now);
            assert_eq!(window.take(EBAY, 100, Purpose::Work, now), Taken::All);
            assert_eq!(window.take(EBAY, 1, Purpose::Work, now), Taken::Empty { until: opens }, "{now}");
            assert_eq!(window.take(EBAY, 1, Purpose::Work, opens), Taken::All);
        }
    }

    #[test]
    fn polls_leave_seventy_in_a_hundred_and_are_spread() {
        let begun = at("2026-11-20T08:00:00Z");
        let mut window = window(begun);
        let (mut polls, mut first_hour) = (0, 0);
        for minute in 0..24 * 60 {
            let now = begun + SignedDuration::from_mins(minute);
            while window.take(ETSY, 1, Purpose::Poll, now) == Taken::All {
                polls += 1;
                first_hour += u32::from(minute < 60);
            }
        }
        assert!((2_900..=3_130).contains(&polls), "{polls}");
        assert!(first_hour < 300, "{first_hour}");
        let now = begun + SignedDuration::from_hours(23);
        assert_eq!(window.take(ETSY, 6_800, Purpose::Work, now), Taken::All, "the rest is for work");
    }

    #[test]
    fn what_others_used_is_counted_and_a_refusal_closes_the_window() {
        let now = at("2026-11-20T08:00:00Z");
        let mut window = window(now);
        window.told(ETSY, 10_000, 3, now);
        assert_eq!(window.take(ETSY, 3, Purpose::Work, now), Taken::All);
        assert!(matches!(window.take(ETSY, 1, Purpose::Work, now), Taken::Empty { .. }));
        let mut window = self::window(now);
        window.throttle(ETSY, Some(Duration::from_secs(86_400)), now);
        let until = now + SignedDuration::from_hours(24);
        assert_eq!(window.take(ETSY, 1, Purpose::Work, now), Taken::Empty { until });
        assert_eq!(window.take(ETSY, 1, Purpose::Work, until), Taken::All);
    }

    proptest! {
        /// Whatever is asked for and when: in no span of 24 hours is more given than the window allows.
        #[test]
        fn never_more_than_allowed_in_any_span(asks in prop::collection::vec((0_i64..7_200, 1_u32..4_000), 1..80)) {
            let begun = at("2026-11-20T00:00:00Z");
            let mut window = window(begun);
            let mut now = begun;
            let mut given: Vec<(Timestamp, u32)> = Vec::new();
            for (pause, calls) in asks {
                now += SignedDuration::from_secs(pause);
                match window.take(ETSY, calls, Purpose::Work, now) {
                    Taken::All => given.push((now, calls)),
                    Taken::Empty { until } => prop_assert!(until > now || window.left(ETSY) > 0),
                }
                let since = now - SignedDuration::from_hours(24);
                let sum: u32 = given.iter().filter(|(at, _)| *at > since).map(|(_, calls)| calls).sum();
                prop_assert!(sum <= ETSY.calls, "{sum}");
            }
        }
    }
}
