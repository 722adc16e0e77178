//! The Shopify connector against its stand-in, in process.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]
#![expect(clippy::result_large_err, reason = "the connector's own error, handed through")]

mod control;
mod travels;
mod trouble;
mod webhooks;
mod world;
