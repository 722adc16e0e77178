//! Secrets in memory. The one-machine system uses this too: nothing secret is written to its data directory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{Account, ConnectionId};

use super::lock;
use crate::credentials::WebhookKeys;
use crate::{Credential, CredentialError, Credentials, WebhookSecrets};

/// Credentials and webhook secrets of all connections.
#[derive(Debug, Default)]
pub struct MemoryCredentials {
    credentials: Mutex<BTreeMap<Account, Credential>>,
    webhooks: Mutex<BTreeMap<ConnectionId, WebhookKeys>>,
}

impl MemoryCredentials {
    /// Puts a credential, whatever stood there.
    pub fn put(&self, account: Account, mut credential: Credential) {
        let mut all = lock(&self.credentials);
        credential.version = all.get(&account).map_or(1, |c| c.version + 1);
        all.insert(account, credential);
    }

    /// Puts a connection's webhook secrets.
    pub fn put_webhook_keys(&self, keys: WebhookKeys) {
        lock(&self.webhooks).insert(keys.account.connection.clone(), keys);
    }

    /// Forgets a connection's webhook secrets; none there is as good.
    pub fn forget_webhook_keys(&self, connection: &ConnectionId) {
        lock(&self.webhooks).remove(connection);
    }
}

#[async_trait]
impl Credentials for MemoryCredentials {
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError> {
        Ok(lock(&self.credentials).get(account).cloned())
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let mut all = lock(&self.credentials);
        let stored = all.get(account).map_or(0, |c| c.version);
        if stored != credential.version {
            return Err(CredentialError::Changed);
        }
        let version = stored + 1;
        all.insert(account.clone(), Credential { version, ..credential.clone() });
        Ok(version)
    }
}

#[async_trait]
impl WebhookSecrets for MemoryCredentials {
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError> {
        Ok(lock(&self.webhooks).get(connection).cloned())
    }
}
