//! The connector against a server that answers as told.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod check_ups;
mod common;
mod confirms;
mod notifications;
mod polls;
mod reads;
mod scrub;
mod subscriptions;
mod tokens;
