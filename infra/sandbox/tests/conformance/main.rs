//! One suite for all connectors, chosen by what each can do, against the stand-ins in process.
//!
//! A connector is tried here by writing a [`stand::Stand`] (a marketplace) or a [`shops::shop::Shop`] (a store) for
//! its stand-in. What is peculiar to one vendor is tested with its stand-in or its connector, not here.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests"
)]

mod buyers;
mod capabilities;
mod confirms;
mod declared;
mod faults;
mod odd;
mod polls;
mod reads;
mod shops;
mod stand;
mod stands;
mod tokens;
mod wire;
mod world;
