//! The connector against a server that answers as told.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod checks;
mod common;
mod polls;
mod reads;
mod scrub;
mod ships;
mod tokens;
mod webhooks;
