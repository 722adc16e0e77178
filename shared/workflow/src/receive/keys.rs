//! Webhook secrets, kept for minutes: so a flood costs no look-ups, and a table that is down no deliveries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::ConnectionId;
use jiff::Timestamp;
use ports::credentials::WebhookKeys;
use ports::{CredentialError, WebhookSecrets};

use crate::records::later;

/// How long an answer is good, be it that there is no such connection.
const FRESH: Duration = Duration::from_secs(300);
/// How long the secret store is left alone after it did not answer.
const REST: Duration = Duration::from_secs(5);
/// Connections kept at most. Only ids with a right tag come here, so this is far above what exists.
const ROOM: usize = 10_000;

/// Secrets read lately, by connection. Shows none of them.
#[derive(Default)]
pub struct KeyCache(Mutex<BTreeMap<ConnectionId, Entry>>);

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyCache")
    }
}

#[derive(Clone)]
struct Entry {
    found: Found,
    asked_at: Timestamp,
    ask_again_at: Timestamp,
}

/// What is known of a connection's secrets.
#[derive(Clone)]
pub(super) enum Found {
    /// These.
    Keys(Arc<WebhookKeys>),
    /// There is no such connection.
    Nothing,
    /// The store of secrets does not answer, and never has for this connection.
    Unavailable,
}

impl KeyCache {
    /// A connection's secrets: kept ones while they are fresh, else read; stale ones if reading fails.
    pub(super) async fn find(
        &self,
        secrets: &dyn WebhookSecrets,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Found {
        let known = self.kept(connection);
        // A clock that was set back makes an entry neither younger nor immortal.
        if let Some(entry) = &known
            && entry.asked_at <= now
            && now < entry.ask_again_at
        {
            return entry.found.clone();
        }
        let (found, good_for) = match secrets.webhook_keys(connection).await {
            Ok(Some(keys)) => (Found::Keys(Arc::new(keys)), FRESH),
            Ok(None) => (Found::Nothing, FRESH),
            Err(error) => {
                let reason = match error {
                    CredentialError::Changed => "changed meanwhile".to_owned(),
                    CredentialError::Unavailable(why) => why,
                };
                tracing::error!(connection = %connection, reason, "webhook secrets cannot be read");
                match known.map(|entry| entry.found) {
                    Some(stale @ Found::Keys(_)) => (stale, REST),
                    // What was missing minutes ago may be there now: that cannot be told, so it is not refused.
                    Some(Found::Nothing | Found::Unavailable) | None => (Found::Unavailable, REST),
                }
            }
        };
        let ask_again_at = later(now, good_for).unwrap_or(now);
        self.keep(connection, Entry { found: found.clone(), asked_at: now, ask_again_at });
        found
    }

    fn kept(&self, connection: &ConnectionId) -> Option<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }

    fn keep(&self, connection: &ConnectionId, entry: Entry) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ROOM && !all.contains_key(connection) {
            all.pop_first();
        }
        all.insert(connection.clone(), entry);
    }
}
