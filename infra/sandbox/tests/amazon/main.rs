//! The Amazon connector against the Amazon stand-in, over real sockets; and the stand-in by itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod common;
mod connector;
mod contract;
mod control;
mod feeds;
mod notifications;
mod requests;
mod server;
