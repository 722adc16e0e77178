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
/// How long a day's window is left alone after a refusal that does not say how long. The refusal may be of something
/// short, and the window is an app's: all its accounts would wait for a midnight.
const TRY_AGAIN: Duration = Duration::from_secs(900);

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
    /// The same of calls that others made, by what answers say is left. Nobody says when they made them, so they are
    /// spread over the span.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<i64, u32>,
    /// When an answer last told that, or a call was let through to hear it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heard_at: Option<Timestamp>,
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
            others: BTreeMap::new(),
            heard_at: None,
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
        let (since, cell) = match quota.span {
            Span::Day(zone) => {
                let today = midnight(zone, now, 0).as_second();
                (today, today)
            }
            Span::Rolling(span) => {
                let cell = cell(span);
                (now.as_second() - seconds(span) - cell + 1, now.as_second().div_euclid(cell) * cell)
            }
        };
        self.used.retain(|began, _| *began >= since);
        self.others.retain(|began, _| *began >= since);
        cell
    }

    /// What is left of the window by our own calls alone.
    fn left_by_us(&self, quota: Quota) -> u32 {
        self.calls(quota).saturating_sub(sum(&self.used))
    }

    fn left(&self, quota: Quota) -> u32 {
        self.left_by_us(quota).saturating_sub(sum(&self.others))
    }

    /// Whether little is left: then the next answer's count is news.
    pub(super) fn is_short(&self, quota: Quota) -> bool {
        self.left(quota) < self.calls(quota) / 20
    }

    /// When a call is let through although others are said to have used the window up: once in each cell's time, since
    /// what was said of them may not hold any more, and only an answer can say so. `None` if it was ourselves.
    fn probe_at(&self, quota: Quota, calls: u32) -> Option<Timestamp> {
        let span = match quota.span {
            Span::Day(_) => Duration::from_secs(86_400),
            Span::Rolling(span) => span,
        };
        let at = self.heard_at.map_or(Some(Timestamp::MIN), |heard| later(heard, span / CELLS));
        at.filter(|_| self.left_by_us(quota) >= calls)
    }

    /// When so many calls that are not left now will be.
    pub(super) fn next(&mut self, quota: Quota, calls: u32, now: Timestamp) -> Timestamp {
        let current = self.forget(quota, now);
        let frozen = self.frozen_until.unwrap_or(now).max(now);
        if self.left(quota) >= calls {
            return frozen;
        }
        let free = match quota.span {
            Span::Day(zone) => midnight(zone, now, 1),
            Span::Rolling(span) => {
                let oldest = self.used.keys().chain(self.others.keys()).min().copied().unwrap_or(current);
                Timestamp::from_second(oldest + cell(span) + seconds(span)).unwrap_or(Timestamp::MAX)
            }
        };
        self.probe_at(quota, calls).map_or(free, |at| at.min(free)).max(frozen)
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
        let probes = self.left(quota) < calls;
        let closed = probes && self.probe_at(quota, calls).is_none_or(|at| at > now);
        if closed || self.frozen_until.is_some_and(|until| until > now) {
            return Taken::Empty { until: self.next(quota, calls, now) };
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
        if probes {
            self.heard_at = Some(now);
        }
        let used = self.used.entry(cell).or_default();
        *used = used.saturating_add(calls);
        Taken::All
    }

    /// A call was refused, whatever we counted: nothing more for as long as the answer says.
    ///
    /// Without a word of when, a call is tried again long before a day ends: whether it was the day's window is not
    /// certain. A rolling window frees something within one cell.
    pub(super) fn throttle(&mut self, quota: Quota, after: Option<Duration>, now: Timestamp) {
        self.forget(quota, now);
        let reopens = match quota.span {
            Span::Day(zone) => later(now, TRY_AGAIN).map(|at| at.min(midnight(zone, now, 1))),
            Span::Rolling(span) => later(now, span / CELLS),
        };
        self.frozen_until = after.and_then(|after| later(now, after)).or(reopens);
    }

    /// An answer said how much is allowed and left: others may use the same window, or use it no more.
    pub(super) fn told(&mut self, quota: Quota, calls: u32, left: u32, now: Timestamp) {
        let current = self.forget(quota, now);
        self.told = Some(calls);
        self.heard_at = Some(now);
        let theirs = self.left_by_us(quota).saturating_sub(left);
        self.others = match quota.span {
            Span::Day(_) => BTreeMap::from([(current, theirs)]),
            Span::Rolling(span) => {
                // What does not divide goes to the cells that count longest.
                let one = |n: u32| {
                    (current - i64::from(n) * cell(span), theirs / CELLS + u32::from(n < theirs % CELLS))
                };
                (0..CELLS).map(one).collect()
            }
        };
        self.others.retain(|_, calls| *calls > 0);
    }
}

fn sum(cells: &BTreeMap<i64, u32>) -> u32 {
    cells.values().fold(0_u32, |sum, calls| sum.saturating_add(*calls))
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

    #[test]
    fn what_others_used_closes_the_window_for_an_hour_at_a_time_until_an_answer_says_otherwise() {
        let hours = SignedDuration::from_hours;
        let begun = at("2026-11-20T08:00:00Z");
        let mut window = window(begun);
        assert_eq!(window.take(ETSY, 100, Purpose::Work, begun), Taken::All);
        window.told(ETSY, 10_000, 0, begun);
        assert_eq!(window.left(ETSY), 0);
        let until = begun + hours(1);
        assert_eq!(window.take(ETSY, 1, Purpose::Work, begun), Taken::Empty { until }, "it was just told");
        assert_eq!(window.next(ETSY, 1, begun), until);
        // One call an hour hears whether that still holds.
        assert_eq!(window.take(ETSY, 1, Purpose::Work, until), Taken::All);
        assert!(matches!(window.take(ETSY, 1, Purpose::Work, until), Taken::Empty { .. }));
        assert!(window.is_short(ETSY), "so its answer is news");
        window.told(ETSY, 10_000, 9_000, until);
        assert_eq!(window.left(ETSY), 9_000, "others use it no more");
        assert_eq!(window.take(ETSY, 9_000, Purpose::Work, until), Taken::All);
        // What we used ourselves is used, whatever is said: nothing is tried for it.
        window.told(ETSY, 10_000, 0, until);
        assert!(matches!(window.take(ETSY, 900, Purpose::Work, until + hours(2)), Taken::Empty { .. }));
    }

    #[test]
    fn what_others_used_ends_piece_by_piece_where_no_answer_comes() {
        let begun = at("2026-11-20T08:00:00Z");
        let mut window = window(begun);
        window.told(ETSY, 10_000, 1, begun);
        assert_eq!(window.left(ETSY), 1, "to the last call");
        for hours in [6_u32, 12, 24] {
            let now = begun + SignedDuration::from_hours(hours.into());
            window.forget(ETSY, now);
            let gone = (hours - 1) * 416;
            assert!((gone..gone + 450).contains(&window.left(ETSY)), "{hours}: {}", window.left(ETSY));
        }
        window.forget(ETSY, begun + SignedDuration::from_hours(25));
        assert_eq!(window.left(ETSY), 10_000);
    }

    #[test]
    fn a_refusal_without_a_time_closes_no_day() {
        let now = at("2026-11-20T12:00:00Z");
        let mut window = window(now);
        window.throttle(EBAY, None, now);
        let until = now + SignedDuration::from_mins(15);
        assert_eq!(window.take(EBAY, 1, Purpose::Work, now), Taken::Empty { until });
        assert_eq!(window.take(EBAY, 1, Purpose::Work, until), Taken::All);
        let late = at("2026-11-20T07:55:00Z");
        window.throttle(EBAY, None, late);
        assert_eq!(window.next(EBAY, 1, late), at("2026-11-20T08:00:00Z"), "and no later than the day");
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
                    Taken::Empty { until } => prop_assert!(until > now),
                }
                let since = now - SignedDuration::from_hours(24);
                let sum: u32 = given.iter().filter(|(at, _)| *at > since).map(|(_, calls)| calls).sum();
                prop_assert!(sum <= ETSY.calls, "{sum}");
            }
        }
    }
}
