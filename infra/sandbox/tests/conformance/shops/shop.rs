//! What the suite must be able to do in a store.

use domain::ids::StoreOrderId;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::stand::{Opposite, Post};

/// A store's stand-in with one shop, in which nobody has bought anything.
pub(super) trait Shop: Opposite {
    /// Its name in what a test prints: the kind, and what is peculiar to it.
    fn name(&self) -> &'static str;

    /// The options of the connection, all that matter.
    fn options(&self) -> Vec<(&'static str, String)>;

    /// The secrets of the connection, webhook secrets apart.
    fn secrets(&self) -> Vec<(&'static str, String)>;

    /// What deliveries are signed with.
    fn webhook_secret(&self) -> SecretString;

    /// An order of so many units of each line; SKUs are `SKU-1` and on, and the buyer is
    /// [`CANARY`](crate::stand::CANARY) in every field.
    fn order(&mut self, now: Timestamp, lines: &[u32]) -> StoreOrderId;

    /// Sends all of an order under this number: the delivery that tells of it.
    fn ship(&mut self, now: Timestamp, order: &StoreOrderId, number: &str) -> Post;

    /// Cancels an order: the delivery that tells of it.
    fn cancel(&mut self, now: Timestamp, order: &StoreOrderId) -> Post;

    /// The merchant removes the app, and its token dies: the delivery that tells of it.
    fn uninstall(&mut self, now: Timestamp) -> Post;

    /// Its tokens, if the connector fetches them.
    fn grants(&mut self) -> Option<&mut dyn Granting>;
}

/// A shop that gives tokens.
pub(super) trait Granting {
    /// Ends every token that was given, before its time.
    fn end_tokens(&mut self, now: Timestamp);
}
