//! What a marketplace tells by itself: signed posts to our address, or messages in a queue of ours.

use async_trait::async_trait;
use domain::connection::Connection;
use domain::ids::MarketplaceOrderId;
use domain::marketplace_order::OrderFacts;
use ports::WebhookKeys;
use secrecy::SecretString;
use signatures::{SignatureError, Verified};

use crate::{Allowed, ChannelError, Delivery, Reach, Subscription, SubscriptionChange};

/// The name by which [`Subscribes::change_subscription`] finds the connection's secret `webhook`.
///
/// Who calls it lends it to the credential for the call: tokens and webhook secrets are kept apart.
pub const VERIFICATION_TOKEN: &str = "verification_token";

/// What a notification means. Each says *look at this again*; none is believed beyond that but for order facts.
#[derive(Clone, Debug, PartialEq)]
pub enum MarketplaceEvent {
    /// These orders changed.
    Orders(Vec<OrderNews>),
    /// A bulk was worked on.
    BulkDone {
        /// The marketplace's id of it.
        id: String,
    },
    /// The seller's authorisation ended.
    Disconnected {
        /// Why, in the other side's words.
        why: String,
    },
    /// An account of the marketplace was closed, and what is kept of it must go.
    AccountClosed {
        /// The account.
        ids: ClosedAccount,
        /// The notification's own id, for the record that it was acted upon.
        notification: String,
    },
    /// Nothing for us, or not ours.
    Nothing {
        /// Why.
        reason: String,
    },
}

/// A closed account, as the marketplace names it; never logged or kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedAccount {
    /// Its id, which is never anybody else's.
    pub id: Option<String>,
    /// What else it is known by: a name may be another's by now.
    pub names: Vec<String>,
}

/// That an order changed.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderNews {
    /// Which.
    pub order: MarketplaceOrderId,
    /// What it is now, as far as the notification says it; else it is read.
    ///
    /// With `read_at` at the epoch it says less than a read would: good to know ahead of time (the deadline, the units),
    /// and read before anything is told of the order.
    pub facts: Option<OrderFacts>,
}

/// Why a post is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It is not proven to be genuine.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Whether it is genuine cannot be said now: the sender tries again.
    #[error("cannot be verified now: {0}")]
    NotNow(String),
}

/// Posts of a marketplace to our address.
#[async_trait]
pub trait Notifies: Send + Sync {
    /// What is wrong with a connection's secret `webhook`; `None` if the marketplace could use it.
    fn secret_problem(&self, secret: &SecretString) -> Option<String>;

    /// The names of the app's own secrets and options that verifying needs.
    ///
    /// [`WebhookKeys::app`] holds these of the connection's, and `base_url` where it names another host: only in a
    /// system that was started for stand-ins.
    fn app_secrets(&self) -> &'static [&'static str];

    /// Answers the marketplace's question whether an address is ours: the body of a 200, as JSON.
    ///
    /// `query` is the query as it came, `address` our address as it was registered. `None` if it is no such question.
    fn challenge(&self, query: &str, address: &str, secrets: &[SecretString]) -> Option<String>;

    /// Verifies a post over its raw bytes. Header names are lower case.
    ///
    /// Where the marketplace signs with a key of its own, the key is fetched from its pinned host, kept for at most
    /// an hour, and fetched so rarely that junk cannot use up the limit.
    ///
    /// # Errors
    /// [`Unverified`]: it is refused, or the sender shall try again.
    async fn verify<'a>(
        &self,
        reach: Reach<'_>,
        headers: &http::HeaderMap,
        body: &'a [u8],
        keys: &WebhookKeys,
    ) -> Result<Verified<'a>, Unverified>;

    /// The status that a sender understands as *not taken for genuine*. 401, unless a marketplace has a word of its own:
    /// eBay's own receivers answer 412.
    fn refusal(&self) -> u16 {
        401
    }

    /// The topic of a verified post, and the paths of its body that go on; `None` if the topic is not ours.
    fn topic(&self, headers: &http::HeaderMap, body: &Verified<'_>) -> Option<(String, Allowed)>;

    /// Names of headers worth keeping, lower case.
    fn kept_headers(&self) -> &'static [&'static str];

    /// Reads a reduced post to `connection`. What concerns another seller is `Nothing`: the key is the marketplace's.
    ///
    /// # Errors
    /// A sentence that says what was wrong and where; the delivery is poison.
    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String>;
}

/// Messages that a marketplace puts into a queue of ours, which only it may write to.
#[async_trait]
pub trait Pushes: Send + Sync {
    /// Which seller and subscription a message is about: what its connection is found by.
    ///
    /// # Errors
    /// A sentence that says what was wrong with it; the message is poison.
    fn about(&self, message: &str) -> Result<About, String>;

    /// Reads a message as one to `connection`, reduced to what we need.
    ///
    /// # Errors
    /// A sentence that says what was wrong with it; the message is poison.
    fn event(&self, connection: &Connection, message: &str) -> Result<MarketplaceEvent, String>;
}

/// Whom a message of a queue concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The seller, in the marketplace's ids.
    pub seller: String,
    /// The subscription that it came by.
    pub subscription: String,
    /// What kind of message.
    pub topic: String,
}

/// The subscriptions of one seller at a marketplace.
#[async_trait]
pub trait Subscribes: Send + Sync {
    /// Topics that must be subscribed to.
    fn topics(&self) -> &'static [&'static str];

    /// Reads the subscriptions that this connection's own authorisation may see.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError>;

    /// Changes one subscription. `address` is our address or, for a queue, its ARN; destinations are made as needed.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError>;
}
