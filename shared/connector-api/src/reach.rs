//! What a connector may reach.

use ports::{Clock, Credentials, Rng, Transport};

/// The ports handed to a connector for one call.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// HTTP out.
    pub transport: &'a dyn Transport,
    /// Tokens.
    pub credentials: &'a dyn Credentials,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub rng: &'a dyn Rng,
}

impl std::fmt::Debug for Reach<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reach")
    }
}
