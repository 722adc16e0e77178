//! Receives a store's delivery, or a marketplace's notification: verified over its raw bytes, reduced, queued, and
//! only then accepted.
//!
//! In the order of what it costs: a wrong address or tag is refused without any look-up, a bad signature without
//! one once the connection is known. Nothing of a body is parsed before it is verified, and nothing of a buyer
//! leaves this module.

mod address;
mod kept;
mod keys;
mod marketplace;
mod reduce;

use std::sync::Arc;
use std::time::Duration;

use connector_api::{Allowed, Connectors, Delivery, Store};
use domain::ids::{Account, ConnectionId};
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use ports::credentials::WebhookKeys;
use ports::queue::MAX_MESSAGE;
use ports::{Clock, Expect, Ledger, Queue, QueueName, WebhookSecrets, Write};
use sha2::{Digest, Sha256};
use signatures::{SignatureError, Verified, spend_like_verify};

use crate::message::Look;
use crate::metrics::{About, Metric, note};
use crate::trace::{Trace, carry};
use address::Address;
use keys::Found;

pub(crate) use address::{MARKETPLACES, STORES};
pub use address::{marketplace_path, store_path};
pub use kept::{PENDING, kept_delivery, replay};
pub use keys::KeyCache;
pub use marketplace::{Answered, MarketplaceReceiver};
/// The installation's route key, as a [`Receiver`] takes it.
pub use signatures::RouteKey;

/// The largest body that is looked at, bytes: what Lambda takes.
pub const MAX_BODY: usize = 6 * 1024 * 1024;
/// Characters kept of one header.
const MAX_HEADER: usize = 200;

/// A request as it came in. Its `Debug` shows sizes only: the body may hold buyer data.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// How.
    pub method: &'a Method,
    /// Where to, without the query.
    pub path: &'a str,
    /// The query, as it came; empty if there is none.
    pub query: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte as the sender signed it: base64 of the transport undone already.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Inbound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbound({}, {} headers, {} bytes)", self.method, self.headers.len(), self.body.len())
    }
}

/// What the sender is told: a status and nothing else, so that no answer helps a forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
}

const NOWHERE: Reply = Reply { status: 404 };
const OTHER_METHOD: Reply = Reply { status: 405 };
const ACCEPTED: Reply = Reply { status: 200 };
const REFUSED: Reply = Reply { status: 401 };
const NOT_NOW: Reply = Reply { status: 503 };

/// Receives deliveries. One per process: it keeps secrets for minutes.
pub struct Receiver {
    /// Takes what is accepted.
    pub queue: Arc<dyn Queue>,
    /// Takes it when the queue does not.
    pub ledger: Arc<dyn Ledger>,
    /// The secrets that verify; the only secrets a receiver reads.
    pub webhook_secrets: Arc<dyn WebhookSecrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Connectors by kind.
    pub connectors: Arc<dyn Connectors>,
    /// The installation's route key, of which the tags in addresses are made.
    pub route_key: RouteKey,
    /// Secrets read lately.
    pub cache: KeyCache,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver")
    }
}

impl Receiver {
    /// Receives one request.
    ///
    /// 200 means that the delivery is stored where a crash cannot take it, or that there was nothing to store.
    /// 503 means that it is not: the sender tries again.
    pub async fn receive(&self, request: Inbound<'_>) -> Reply {
        let connection = match address::read(&self.route_key, STORES, request.path) {
            Address::Elsewhere => return NOWHERE,
            _ if request.method != Method::POST => return OTHER_METHOD,
            Address::WrongTag => return REFUSED,
            Address::Ours(connection) => connection,
        };
        if let Some(refused) = unfit(&request) {
            return refused;
        }
        let now = self.clock.now();
        let keys = match self.cache.find(self.webhook_secrets.as_ref(), &connection, now).await {
            Found::Keys(keys) => keys,
            Found::Nothing => {
                spend_like_verify(request.body);
                return refuse(&connection, "unknown connection");
            }
            Found::Unavailable => {
                count("unavailable", &connection, "webhook secrets cannot be read");
                return NOT_NOW;
            }
        };
        let Some(store) = self.connectors.store(&keys.kind) else {
            // Its settings are newer than this code: neither genuine nor forged can be said.
            tracing::error!(connection = %connection, kind = %keys.kind, "no connector of this kind");
            return NOT_NOW;
        };
        let verified = match store.verify(request.headers, request.body, &keys.secrets) {
            Ok(verified) => verified,
            Err(error) => {
                if error == SignatureError::NoSecret {
                    spend_like_verify(request.body);
                }
                return refuse(&connection, &error.to_string());
            }
        };
        let Some((topic, allowed)) = store.topic(request.headers) else {
            tracing::info!(connection = %connection, counted = "unknown_topic", "delivery of no topic of ours");
            return ACCEPTED;
        };
        self.accept(store, &keys, verified, topic, allowed, request.headers, now).await
    }

    /// Stores a genuine delivery: in the queue, else in the ledger for the sweep to queue.
    #[expect(clippy::too_many_arguments, reason = "everything that is known of one delivery, named once")]
    async fn accept(
        &self,
        store: &dyn Store,
        keys: &WebhookKeys,
        verified: Verified<'_>,
        topic: String,
        allowed: Allowed,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Reply {
        let Prepared { delivery, text, trace } =
            prepare(keys, verified, topic, allowed, headers, store.kept_headers(), now);
        let connection: &ConnectionId = &keys.account.connection;
        let Err(refused) = self.queue.send(QueueName::Inbound, &text, Duration::ZERO).await else {
            if trace.sampled {
                tracing::info!(connection = %connection, delivery.id = %delivery.id, topic = %delivery.topic,
                    trace_id = %trace.id, "delivery accepted");
            }
            return ACCEPTED;
        };
        let item = kept_delivery(&keys.account, &keys.kind, &delivery, true, now);
        match self.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }]).await {
            Ok(()) => {
                tracing::warn!(connection = %connection, delivery.id = %delivery.id, error = %refused,
                    trace_id = %trace.id, "the queue does not take deliveries: kept for the sweep");
                count("kept", connection, "the queue does not take it");
                ACCEPTED
            }
            Err(error) => {
                tracing::error!(connection = %connection, delivery.id = %delivery.id, %refused, %error,
                    trace_id = %trace.id, "a delivery can be stored nowhere: the sender is told to try again");
                count("unavailable", connection, "it can be stored nowhere");
                NOT_NOW
            }
        }
    }
}

/// A delivery without buyer data, and the message that says it.
struct Prepared {
    delivery: Delivery,
    text: String,
    trace: Trace,
}

/// Reduces a genuine delivery, so far that it fits into a message.
fn prepare(
    keys: &WebhookKeys,
    verified: Verified<'_>,
    topic: String,
    allowed: Allowed,
    headers: &HeaderMap,
    kept: &[&str],
    now: Timestamp,
) -> Prepared {
    let body = verified.bytes();
    let id = delivery_id(&keys.account, &topic, body);
    let trace = Trace::of_delivery(headers, &id, now);
    let mut delivery = Delivery {
        id,
        headers: kept_headers(headers, kept),
        topic,
        received_at: now,
        body: reduce::reduce(body, allowed),
    };
    let message = |delivery: &Delivery| {
        let (account, kind) = (keys.account.clone(), keys.kind.clone());
        carry(&Look::Delivery { account, kind, delivery: delivery.clone() }.to_body(), &trace)
    };
    let mut text = message(&delivery);
    if text.len() > MAX_MESSAGE {
        // Quoting can double a text, so what fits alone may not fit as a message.
        delivery.body = reduce::too_large(body, allowed);
        text = message(&delivery);
    }
    Prepared { delivery, text, trace }
}

/// Why a post is not even looked at, if so.
fn unfit(request: &Inbound<'_>) -> Option<Reply> {
    if !is_plain(request.headers) {
        return Some(Reply { status: 415 });
    }
    (request.body.len() > MAX_BODY).then_some(Reply { status: 413 })
}

/// Refuses a delivery that is not proven to be genuine; only the log says why.
fn refuse(connection: &ConnectionId, why: &str) -> Reply {
    count("refused", connection, why);
    REFUSED
}

fn count(outcome: &str, connection: &ConnectionId, why: &str) {
    let about =
        About { outcome: Some(outcome), connection: Some(connection), detail: Some(why), ..About::default() };
    note(Metric::Webhooks, 1, &about);
}

/// Whether the body is what was signed: no sender compresses, and bombs are not unpacked.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|value| {
        value
            .to_str()
            .is_ok_and(|text| text.trim().is_empty() || text.trim().eq_ignore_ascii_case("identity"))
    })
}

/// The same delivery has the same id, whatever its unsigned headers say.
fn delivery_id(account: &Account, topic: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [account.merchant.as_str(), account.connection.as_str(), topic] {
        // Lengths first: no two lists of parts run together to the same bytes.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn kept_headers(headers: &HeaderMap, names: &[&str]) -> Vec<(String, String)> {
    let kept = |name: &&str| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.chars().take(MAX_HEADER).collect()))
    };
    names.iter().filter_map(kept).collect()
}

#[cfg(test)]
mod tests;
