//! Settings into a stack: what would change, then the change.
//!
//! Idempotent, and mended by applying again wherever it was cut off: secrets come before the settings that need
//! them, and go before the settings that named them.

use domain::ids::{Account, ConnectionId};
use ports::credentials::WebhookKeys;
use ports::{Credential, CredentialError, Credentials as _, WebhookSecrets as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use settings::local::{ConfiguredConnection, LocalSettings};
use workflow::apply::{Applied, Difference, What, apply, preview};

use super::Deployed;
use crate::cli::Failure;
use crate::system;

/// How often a credential is saved again when a worker refreshed it meanwhile.
const ROUNDS: usize = 8;

/// What applying would do.
pub(crate) struct Plan {
    /// What would change, secrets as *changed* only.
    pub(crate) differences: Vec<Difference>,
    applied: Vec<Applied>,
    credentials: Vec<(Account, Credential)>,
    webhook_keys: Vec<WebhookKeys>,
    unheard: Vec<ConnectionId>,
    notified: Vec<ConnectionId>,
    removed: Vec<Account>,
    route_key: SecretString,
    new_route_key: bool,
}

/// Where a store or marketplace sends to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct WebhookAddress {
    /// The connection.
    pub(crate) connection: String,
    /// Its address.
    pub(crate) url: String,
}

impl Deployed {
    /// Compares settings with what is in force; writes nothing.
    pub(crate) async fn plan(&self, settings: &LocalSettings) -> Result<Plan, Failure> {
        self.refuse_other_hosts(settings)?;
        let stored = self.webhook_secrets().route_key().await.map_err(unreachable_secrets)?;
        let new_route_key = stored.is_none();
        let route_key = stored.unwrap_or_else(system::new_route_key);
        let applied: Vec<Applied> =
            settings.connections.iter().map(|c| system::applied(c, &route_key)).collect();
        let mut differences = preview(&self.world, &applied).await.map_err(anyhow::Error::from)?;
        let mut credentials = Vec::new();
        let (mut webhook_keys, mut unheard, mut notified) = (Vec::new(), Vec::new(), Vec::new());
        for configured in &settings.connections {
            let account = &configured.connection.account;
            let told = |what: &What| differences.iter().any(|d| is_of(d, account) && d.what == *what);
            let stored = self.installation.credentials().load(account).await.map_err(unreachable_secrets)?;
            let new = stored.is_none() || told(&What::Added) || told(&What::Credentials);
            let added = told(&What::Added);
            if new {
                let secrets = configured.secrets.clone();
                credentials.push((account.clone(), Credential { secrets, ..Credential::default() }));
                if !added && !told(&What::Credentials) {
                    differences.push(difference(account, What::Credentials));
                }
            }
            let id = &account.connection;
            let keys = self.keys_of(configured, &route_key)?;
            if keys.is_some() && self.world.connectors.store(&configured.connection.kind).is_none() {
                notified.push(id.clone());
            }
            let stored = self.webhook_secrets().webhook_keys(id).await.map_err(unreachable_secrets)?;
            if is_same(stored.as_ref(), keys.as_ref()) {
                continue;
            }
            match keys {
                Some(keys) => webhook_keys.push(keys),
                None => unheard.push(id.clone()),
            }
            if !added {
                differences.push(difference(account, What::WebhookSecrets));
            }
        }
        let known = self.world.connections().await.map_err(anyhow::Error::from)?;
        let removed = known
            .into_iter()
            .map(|connection| connection.account)
            .filter(|account| differences.iter().any(|d| is_of(d, account) && d.what == What::Removed))
            .collect();
        Ok(Plan {
            differences,
            applied,
            credentials,
            webhook_keys,
            unheard,
            notified,
            removed,
            route_key,
            new_route_key,
        })
    }

    /// Does what the plan says.
    pub(crate) async fn apply(&self, plan: &Plan) -> Result<(), Failure> {
        if plan.new_route_key {
            self.webhook_secrets().put_route_key(&plan.route_key).await.map_err(|error| match error {
                CredentialError::Changed => {
                    Failure::failed("somebody else applies settings to this stack right now: try again")
                }
                CredentialError::Unavailable(_) => unreachable_secrets(error),
            })?;
        }
        for (account, credential) in &plan.credentials {
            self.replace_credential(account, credential).await?;
        }
        for keys in &plan.webhook_keys {
            self.webhook_secrets().put(keys).await.map_err(unreachable_secrets)?;
        }
        for connection in &plan.unheard {
            self.webhook_secrets().delete(connection).await.map_err(unreachable_secrets)?;
        }
        for account in &plan.removed {
            self.installation.credentials().delete(account).await.map_err(unreachable_secrets)?;
            // A connection that moved to another merchant keeps its name, and the secrets just put under it.
            if !plan.names(&account.connection) {
                self.webhook_secrets().delete(&account.connection).await.map_err(unreachable_secrets)?;
            }
        }
        apply(&self.world, &plan.applied).await.map_err(anyhow::Error::from)?;
        Ok(())
    }

    /// Where the stores and marketplaces of these settings send to. A new stack's addresses hold once its plan was
    /// applied.
    pub(crate) fn webhook_addresses(&self, plan: &Plan) -> Result<Vec<WebhookAddress>, Failure> {
        let (stores, marketplaces) = (self.receiver()?, self.marketplace_receiver()?);
        let mut addresses = Vec::new();
        for applied in &plan.applied {
            let id = &applied.connection.account.connection;
            let url = if self.world.connectors.store(&applied.connection.kind).is_some() {
                format!("{stores}{}", system::webhook_path(&plan.route_key, id.as_str())?)
            } else if plan.notified.contains(id) {
                format!("{marketplaces}{}", system::notification_path(&plan.route_key, id)?)
            } else {
                continue;
            };
            addresses.push(WebhookAddress { connection: id.to_string(), url });
        }
        Ok(addresses)
    }

    /// What verifies the posts to a connection, by these settings.
    fn keys_of(
        &self,
        configured: &ConfiguredConnection,
        route_key: &SecretString,
    ) -> Result<Option<WebhookKeys>, Failure> {
        let base = self.marketplace_receiver()?;
        Ok(system::webhook_keys(self.world.connectors.as_ref(), configured, Some(&base), route_key)?)
    }

    /// A stack takes other hosts only if it was made for it; the settings' own switch is not enough.
    fn refuse_other_hosts(&self, settings: &LocalSettings) -> Result<(), Failure> {
        if self.world.allow_base_urls {
            return Ok(());
        }
        let naming: Vec<&str> = settings
            .connections
            .iter()
            .filter(|c| workflow::world::names_a_host(&c.connection))
            .map(|c| c.connection.account.connection.as_str())
            .collect();
        if naming.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{} would go to another host (base_url), and stack {} was not made for that: take base_url out. Only a \
             stack for tests takes it (parameter AllowBaseUrls)",
            naming.join(", "),
            self.name()
        )))
    }

    async fn replace_credential(&self, account: &Account, new: &Credential) -> Result<(), Failure> {
        let credentials = self.installation.credentials();
        for _ in 0..ROUNDS {
            let stored = credentials.load(account).await.map_err(unreachable_secrets)?;
            let version = stored.map_or(0, |stored| stored.version);
            match credentials.save(account, &Credential { version, ..new.clone() }).await {
                Ok(_) => return Ok(()),
                Err(CredentialError::Changed) => {}
                Err(error @ CredentialError::Unavailable(_)) => return Err(unreachable_secrets(error)),
            }
        }
        Err(Failure::failed(format!("the credentials of {account} are changed by others over and over")))
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.differences.is_empty() && !self.new_route_key
    }

    /// Whether nothing was ever applied to the stack: its addresses are not known before.
    pub(crate) fn is_first(&self) -> bool {
        self.new_route_key
    }

    fn names(&self, connection: &ConnectionId) -> bool {
        self.applied.iter().any(|applied| applied.connection.account.connection == *connection)
    }
}

fn texts(secrets: &[SecretString]) -> impl Iterator<Item = &str> {
    secrets.iter().map(|secret| secret.expose_secret())
}

/// Whether what is stored verifies just what is to be verified.
fn is_same(stored: Option<&WebhookKeys>, wanted: Option<&WebhookKeys>) -> bool {
    let (Some(stored), Some(wanted)) = (stored, wanted) else { return stored.is_none() && wanted.is_none() };
    let app = |keys: &WebhookKeys| -> Vec<(String, String)> {
        keys.app.iter().map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned())).collect()
    };
    stored.account == wanted.account
        && stored.kind == wanted.kind
        && stored.address == wanted.address
        && texts(&stored.secrets).eq(texts(&wanted.secrets))
        && app(stored) == app(wanted)
}

fn is_of(difference: &Difference, account: &Account) -> bool {
    difference.merchant == account.merchant.as_str() && difference.connection == account.connection.as_str()
}

fn difference(account: &Account, what: What) -> Difference {
    Difference { merchant: account.merchant.to_string(), connection: account.connection.to_string(), what }
}

fn unreachable_secrets(error: CredentialError) -> Failure {
    Failure::failed(format!("the stack's secrets cannot be reached: {error}"))
}
