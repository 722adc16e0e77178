//! The use cases: receive, sync, poll, sweep, apply, alert, administer.
//!
//! Sees the pure crates, the ports and `connector-api`; nothing else. Lambda, the one-machine system, the tests
//! and the simulation run what is here.

pub mod admin;
pub mod alerts;
pub mod apply;
pub mod batch;
pub mod bulk;
mod carrier;
pub mod clock_watch;
pub mod limits;
pub mod mails;
pub mod mappings;
pub mod message;
pub mod metrics;
pub mod poll;
pub mod receive;
pub mod records;
mod share;
pub mod sweep;
pub mod sync;
pub mod trace;
pub mod wake;
pub mod world;

#[cfg(test)]
mod test_shop;
