//! Receives a marketplace's notification, and answers its question whether an address is ours.
//!
//! As a store's delivery, with three differences: keys that verify may have to be fetched, so that verifying may
//! fail for now; a post may be about another seller, which only its settings tell, so that `sync` decides it; and
//! nothing is kept here when the queue is down, since it may name an account that must be forgotten. The sender is
//! told to try again, and the poll finds what it gives up.

use std::sync::Arc;
use std::time::Duration;

use connector_api::{Connectors, Notifies, Reach, Unverified};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use ports::credentials::WebhookKeys;
use ports::{Clock, NoCredentials, Queue, QueueName, Rng, Transport, WebhookSecrets};
use signatures::{RouteKey, SignatureError, spend_like_verify};

use super::address::{self, Address, MARKETPLACES};
use super::keys::{Found, KeyCache};
use super::{
    ACCEPTED, Inbound, NOT_NOW, NOWHERE, OTHER_METHOD, Prepared, REFUSED, Reply, count, prepare, refuse,
    unfit,
};

/// The longest query that is looked at, bytes: a question is a code of some dozens.
const MAX_QUERY: usize = 2048;

/// What a marketplace is told: a status, and the answer to its question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON, where a question was answered.
    pub json: Option<String>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status, json: None }
    }
}

/// Receives notifications. One per process: it keeps secrets for minutes.
pub struct MarketplaceReceiver {
    /// Takes what is accepted.
    pub queue: Arc<dyn Queue>,
    /// The secrets that verify; the only secrets a receiver reads.
    pub webhook_secrets: Arc<dyn WebhookSecrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// HTTP out, to fetch keys that verify. No seller's token goes with it: none can be opened here.
    pub transport: Arc<dyn Transport>,
    /// Connectors by kind.
    pub connectors: Arc<dyn Connectors>,
    /// The installation's route key, of which the tags in addresses are made.
    pub route_key: RouteKey,
    /// Secrets read lately.
    pub cache: KeyCache,
}

impl std::fmt::Debug for MarketplaceReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarketplaceReceiver")
    }
}

impl MarketplaceReceiver {
    /// Receives one request.
    ///
    /// 200 to a post means that it is queued, or that there was nothing to queue; 503 that it is not: the sender tries
    /// again.
    pub async fn receive(&self, request: Inbound<'_>) -> Answered {
        let connection = match address::read(&self.route_key, MARKETPLACES, request.path) {
            Address::Elsewhere => return NOWHERE.into(),
            _ if ![Method::POST, Method::GET].contains(request.method) => return OTHER_METHOD.into(),
            Address::WrongTag => return REFUSED.into(),
            Address::Ours(connection) => connection,
        };
        if let Some(refused) = unfit(&request) {
            return refused.into();
        }
        if request.query.len() > MAX_QUERY {
            return Reply { status: 414 }.into();
        }
        let now = self.clock.now();
        let keys = match self.cache.find(self.webhook_secrets.as_ref(), &connection, now).await {
            Found::Keys(keys) => keys,
            Found::Nothing => {
                spend_like_verify(request.body);
                return refuse(&connection, "unknown connection").into();
            }
            Found::Unavailable => {
                count("unavailable", &connection, "webhook secrets cannot be read");
                return NOT_NOW.into();
            }
        };
        if self.connectors.store(&keys.kind).is_some() {
            spend_like_verify(request.body);
            return refuse(&connection, "it is a store's connection").into();
        }
        let marketplace = self.connectors.marketplace(&keys.kind);
        let Some(notifies) = marketplace.and_then(connector_api::Marketplace::notifies) else {
            // Its settings are newer than this code: neither genuine nor forged can be said.
            tracing::error!(connection = %connection, kind = %keys.kind, "no connector that is told anything");
            return NOT_NOW.into();
        };
        if request.method == Method::GET {
            return answer(notifies, &keys, request.query);
        }
        self.take(notifies, &keys, &request, now).await.into()
    }

    async fn take(
        &self,
        notifies: &dyn Notifies,
        keys: &WebhookKeys,
        request: &Inbound<'_>,
        now: Timestamp,
    ) -> Reply {
        let connection = &keys.account.connection;
        let reach = Reach {
            transport: self.transport.as_ref(),
            credentials: &NoCredentials,
            clock: self.clock.as_ref(),
            rng: self.rng.as_ref(),
        };
        let verified = match notifies.verify(reach, request.headers, request.body, keys).await {
            Ok(verified) => verified,
            Err(Unverified::Signature(error)) => {
                if error == SignatureError::NoSecret {
                    spend_like_verify(request.body);
                }
                refuse(connection, &error.to_string());
                return Reply { status: notifies.refusal() };
            }
            Err(Unverified::NotNow(why)) => {
                tracing::warn!(connection = %connection, %why, "a notification cannot be verified now");
                count("unavailable", connection, "it cannot be verified now");
                return NOT_NOW;
            }
        };
        let Some((topic, allowed)) = notifies.topic(request.headers, &verified) else {
            tracing::info!(connection = %connection, counted = "unknown_topic", "notification of no topic of ours");
            return ACCEPTED;
        };
        let headers: &HeaderMap = request.headers;
        let Prepared { delivery, text, trace } =
            prepare(keys, verified, topic, allowed, headers, notifies.kept_headers(), now);
        match self.queue.send(QueueName::Inbound, &text, Duration::ZERO).await {
            Ok(()) => {
                if trace.sampled {
                    tracing::info!(connection = %connection, delivery.id = %delivery.id, topic = %delivery.topic,
                        trace_id = %trace.id, "notification accepted");
                }
                ACCEPTED
            }
            Err(refused) => {
                tracing::error!(connection = %connection, delivery.id = %delivery.id, %refused, trace_id = %trace.id,
                    "a notification cannot be queued: the sender is told to try again");
                count("unavailable", connection, "the queue does not take it");
                NOT_NOW
            }
        }
    }
}

/// Answers whether the address is ours. What is no such question is only looked at.
fn answer(notifies: &dyn Notifies, keys: &WebhookKeys, query: &str) -> Answered {
    let Some(address) = &keys.address else {
        count("unavailable", &keys.account.connection, "its public address was never applied");
        return NOT_NOW.into();
    };
    match notifies.challenge(query, address, &keys.secrets) {
        Some(json) => Answered { status: 200, json: Some(json) },
        None => OTHER_METHOD.into(),
    }
}
