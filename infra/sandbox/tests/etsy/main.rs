//! The Etsy connector against the Etsy stand-in, over real sockets; and the stand-in by itself.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;
mod conformance;
mod contract;
mod control;
mod tokens;
mod webhooks;
