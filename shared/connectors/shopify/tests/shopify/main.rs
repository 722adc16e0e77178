//! The Shopify connector through the `Store` trait: deliveries, and reads against a stand-in server.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod deliveries;
mod failures;
mod polls;
mod reads;
mod secrets;
mod support;
mod tokens;
mod topics;
