//! What an outside system allows us: so many calls, at a rate or in a window, to one account or to all of an app.

use std::time::Duration;

/// Whose calls a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Those for one account.
    Account,
    /// Those of one app, for all accounts that it serves.
    App,
}

/// How much a limit allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allows {
    /// A bucket that fills.
    Rate {
        /// Requests per second.
        per_second: f64,
        /// The most at once.
        burst: u32,
    },
    /// So many calls in each calendar day of a zone.
    Day {
        /// Calls.
        calls: u32,
        /// The zone whose midnight begins a day, an IANA name.
        zone: &'static str,
    },
    /// So many calls in any span of this length.
    Rolling {
        /// Calls.
        calls: u32,
        /// The span.
        span: Duration,
    },
}

/// A limit as published: the start value, until answers say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Its name: the operation, in the other side's words, or what it counts.
    pub operation: &'static str,
    /// Whose calls it counts.
    pub shared: Shared,
    /// How much it allows.
    pub allows: Allows,
}

impl Limit {
    /// A rate of one account.
    #[must_use]
    pub const fn rate(operation: &'static str, per_second: f64, burst: u32) -> Self {
        Self { operation, shared: Shared::Account, allows: Allows::Rate { per_second, burst } }
    }
}

/// What an answer told of a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Requests per second.
    Rate(f64),
    /// Calls in the window, and how many of them are left.
    Window {
        /// Calls that the window allows.
        calls: u32,
        /// Left of them.
        left: u32,
    },
}

/// A limit as an answer's headers told it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitHint {
    /// Its name, as in [`Limit::operation`].
    pub operation: &'static str,
    /// What they told.
    pub told: Told,
}

/// An answer, and what came along with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// The other side's id of the request, for its support.
    pub request_id: Option<String>,
    /// Limits that it told.
    pub limits: Vec<LimitHint>,
}
