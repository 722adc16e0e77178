//! Everything a worker may reach.

mod looking;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_api::{Connectors, Reach};
use domain::connection::Connection;
use domain::connection_state::ConnectionState;
use domain::ids::{Account, ConnectionId};
use domain::keys::{ItemKey, Table};
use jiff::Timestamp;
use ports::{Clock, Credentials, Ledger, LedgerError, Mail, Queue, Rng, Transport};

use crate::mappings::MappingCache;
use crate::records::{self, Loaded, Stored};

/// The ports of a worker.
#[derive(Clone)]
pub struct World {
    /// Records.
    pub ledger: Arc<dyn Ledger>,
    /// Work to do.
    pub queue: Arc<dyn Queue>,
    /// HTTP out.
    pub transport: Arc<dyn Transport>,
    /// Mail out.
    pub mail: Arc<dyn Mail>,
    /// Tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// Connectors by kind.
    pub connectors: Arc<dyn Connectors>,
    /// What this worker remembers to save calls.
    pub memo: Arc<Memo>,
    /// Whether connections may name hosts of their own: only where the system was started for it.
    pub allow_base_urls: bool,
    /// By when this piece of work must come to its end; none where nobody ends it.
    pub work_until: Option<Timestamp>,
}

/// What a worker remembers between messages, only to save calls: forgetting it changes nothing.
#[derive(Debug, Default)]
pub struct Memo {
    rates: Mutex<BTreeMap<(Account, &'static str), f64>>,
    noted: Mutex<BTreeMap<(Account, &'static str), Timestamp>>,
    /// Carrier mappings by their version.
    pub mappings: MappingCache,
}

impl Memo {
    /// Whether this rate differs from the last one heard, by more than a hundredth.
    pub fn is_news(&self, account: &Account, operation: &'static str, rate: f64) -> bool {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = rates.insert((account.clone(), operation), rate);
        known.is_none_or(|known| (known - rate).abs() > known * 0.01)
    }

    /// Has whatever is heard next be news.
    pub fn forget(&self, account: &Account, operation: &'static str) {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.remove(&(account.clone(), operation));
    }

    /// Whether `what` was not noted for this account within the last minute.
    pub fn once_a_minute(&self, account: &Account, what: &'static str, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.clone(), what);
        let due = noted.get(&key).is_none_or(|last| now.duration_since(*last).as_secs() >= 60);
        if due {
            noted.insert(key, now);
        }
        due
    }
}

/// Whether a connection names another host than its connector's own.
#[must_use]
pub fn names_a_host(connection: &Connection) -> bool {
    connection.base_url.is_some() || connection.options.keys().any(|option| option.ends_with("base_url"))
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl World {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same world for one piece of work that may take this long, unless it must end sooner already.
    #[must_use]
    pub fn for_work_of(&self, span: Duration) -> Self {
        let until = records::later(self.now(), span);
        Self { work_until: self.work_until.into_iter().chain(until).min(), ..self.clone() }
    }

    /// Whether this piece of work must come to its end: a long walk leaves the rest, with the place it came to.
    #[must_use]
    pub fn time_is_up(&self) -> bool {
        self.ends_within(Duration::ZERO)
    }

    /// Whether this piece of work must come to its end so soon.
    #[must_use]
    pub fn ends_within(&self, span: Duration) -> bool {
        self.work_until.is_some_and(|until| records::later(self.now(), span).is_none_or(|then| then >= until))
    }

    /// What a connector may reach.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        Reach {
            transport: self.transport.as_ref(),
            credentials: self.credentials.as_ref(),
            clock: self.clock.as_ref(),
            rng: self.rng.as_ref(),
        }
    }

    /// A connection's settings; `None` if it is not, or no longer, configured.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn connection(&self, account: &Account) -> Result<Option<Connection>, LedgerError> {
        match records::load::<Connection>(self.ledger.as_ref(), &ItemKey::connection(account)).await? {
            Loaded::Known(stored) => Ok(Some(stored.value).filter(|c| self.hosts_are_allowed(c))),
            Loaded::Absent | Loaded::Foreign => Ok(None),
        }
    }

    /// Whether this connection's calls go where they may: to its connector's own hosts, unless the system was
    /// started for others. A connection that names another host elsewhere is as good as not configured.
    fn hosts_are_allowed(&self, connection: &Connection) -> bool {
        let named = names_a_host(connection);
        if named && !self.allow_base_urls {
            tracing::error!(connection = %connection.account, "a base URL is not allowed here: connection not used");
        }
        self.allow_base_urls || !named
    }

    /// A connection's state; a connection without one has not been started.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn connection_state(
        &self,
        account: &Account,
    ) -> Result<Option<Stored<ConnectionState>>, LedgerError> {
        let key = ItemKey::connection_state(account);
        match records::load::<ConnectionState>(self.ledger.as_ref(), &key).await? {
            Loaded::Known(stored) => Ok(Some(*stored)),
            Loaded::Absent | Loaded::Foreign => Ok(None),
        }
    }

    /// Which account a connection id belongs to.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn account_of(&self, connection: &ConnectionId) -> Result<Option<Account>, LedgerError> {
        let Some(item) = self.ledger.get(&ItemKey::connection_owner(connection)).await? else {
            return Ok(None);
        };
        Ok(serde_json::from_str(&item.body).ok())
    }

    /// Whose the subscription of this id is, by which a marketplace puts messages into a queue of ours.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn subscriber(&self, kind: &str, subscription: &str) -> Result<Option<Account>, LedgerError> {
        let item = self.ledger.get(&ItemKey::subscription(kind, subscription)).await?;
        Ok(item.and_then(|item| serde_json::from_str(&item.body).ok()))
    }

    /// Every configured connection.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn connections(&self) -> Result<Vec<Connection>, LedgerError> {
        Ok(self.connections_and_states().await?.into_iter().map(|(connection, _)| connection).collect())
    }

    /// Every configured connection, with its state if it was started.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn connections_and_states(
        &self,
    ) -> Result<Vec<(Connection, Option<ConnectionState>)>, LedgerError> {
        let mut all: Vec<Connection> = Vec::new();
        let mut states = BTreeMap::new();
        let mut page = None;
        loop {
            let part = self.ledger.scan(Table::Connections, page).await?;
            for item in &part.rows {
                match item.key.sk.as_str() {
                    "settings" => all.extend(Stored::<Connection>::read(item).map(|stored| stored.value)),
                    "state" => states.extend(
                        Stored::<ConnectionState>::read(item)
                            .map(|stored| (stored.value.account.clone(), stored.value)),
                    ),
                    _ => {}
                }
            }
            page = part.next;
            if page.is_none() {
                break;
            }
        }
        all.retain(|connection| self.hosts_are_allowed(connection));
        all.sort_by(|a, b| a.account.cmp(&b.account));
        Ok(all
            .into_iter()
            .map(|connection| (states.remove(&connection.account), connection))
            .map(|(state, connection)| (connection, state))
            .collect())
    }

    /// Changes a connection's state, again if somebody else was first.
    ///
    /// # Errors
    /// The ledger does not answer, or the state is changed by others over and over.
    pub async fn change_connection(
        &self,
        account: &Account,
        mut change: impl FnMut(&mut ConnectionState),
    ) -> Result<(), LedgerError> {
        for _ in 0..8 {
            let Some(mut stored) = self.connection_state(account).await? else { return Ok(()) };
            let before = stored.value.clone();
            change(&mut stored.value);
            if stored.value == before {
                return Ok(());
            }
            match self.ledger.commit(vec![stored.into_write(self.now())]).await {
                Err(LedgerError::Conflict) => {}
                other => return other,
            }
        }
        Err(LedgerError::Conflict)
    }
}
