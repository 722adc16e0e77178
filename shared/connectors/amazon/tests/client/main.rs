//! The connector against a server that answers as told.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
mod confirms;
mod polls;
mod reads;
mod scrub;
mod tokens;
