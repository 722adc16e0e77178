//! The Shopify connector against its stand-in, in process.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod control;
mod tokens;
mod travels;
mod trouble;
mod webhooks;
mod world;
