//! The connector against a server that answers as told.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
mod confirms;
mod feeds;
mod polls;
mod reads;
mod scrub;
mod subscriptions;
mod tokens;
