//! What an app has: calls in a second, and calls in any 24 hours.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// 24 hours.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A second.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// When calls were made.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Timestamp>);

impl Window {
    /// Forgets what is older than 24 hours.
    fn forget(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|first| now.duration_since(*first) >= DAY) {
            self.0.pop_front();
        }
    }

    fn within(&self, now: Timestamp, span: SignedDuration) -> u32 {
        let recent = self.0.iter().rev().take_while(|at| now.duration_since(**at) < span);
        u32::try_from(recent.count()).unwrap_or(u32::MAX)
    }

    /// Why a call is refused now, and for how many seconds; `None` if it is not.
    pub(super) fn refusal(
        &mut self,
        now: Timestamp,
        per_second: u32,
        per_day: u32,
    ) -> Option<(&'static str, u64)> {
        self.forget(now);
        if self.within(now, DAY) >= per_day {
            let first = self.0.front().copied().unwrap_or(now);
            let wait = DAY.as_secs().saturating_sub(now.duration_since(first).as_secs()).max(61);
            return Some(("Exceeded daily rate limit", u64::try_from(wait).unwrap_or(61)));
        }
        (self.within(now, SECOND) >= per_second).then_some(("Exceeded per second rate limit", 1))
    }

    /// Counts a call.
    pub(super) fn count(&mut self, now: Timestamp) {
        self.0.push_back(now);
    }

    /// What is left of the second and of the day.
    pub(super) fn left(&mut self, now: Timestamp, per_second: u32, per_day: u32) -> (u32, u32) {
        self.forget(now);
        let left = |limit: u32, span| limit.saturating_sub(self.within(now, span));
        (left(per_second, SECOND), left(per_day, DAY))
    }
}
