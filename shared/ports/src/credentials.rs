//! Secrets: webhook secrets apart from marketplace tokens, since receivers read only the former.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use domain::ids::{Account, ConnectionId};
use jiff::Timestamp;
use secrecy::SecretString;

/// The secrets that verify a connection's webhooks.
#[derive(Clone, Debug)]
pub struct WebhookKeys {
    /// Whose they are.
    pub account: Account,
    /// The connector that verifies with them.
    pub kind: String,
    /// Every secret valid now; several while rotating. `SecretString` hides itself in `Debug`.
    pub secrets: Vec<SecretString>,
    /// What else verifying needs, by name: an app's own keys where the marketplace's must be fetched. Never a token
    /// of a seller's.
    pub app: BTreeMap<String, SecretString>,
    /// The address that was registered, where proving that it is ours needs it word for word.
    pub address: Option<String>,
}

/// Webhook secrets, as receivers read them.
#[async_trait]
pub trait WebhookSecrets: Send + Sync {
    /// Reads a connection's secrets; `None` if there is no such connection.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError>;
}

/// A token with an end.
#[derive(Clone)]
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(until {})", self.expires_at)
    }
}

/// All that is secret about one connection, at one version.
#[derive(Clone, Default)]
pub struct Credential {
    /// Rises with every change; what a save is conditional on.
    pub version: u64,
    /// What the merchant gave, by name (`client_id`, `client_secret`, `refresh_token`, `access_token`).
    pub secrets: BTreeMap<String, SecretString>,
    /// The token in use.
    pub access: Option<AccessToken>,
    /// Somebody is refreshing until this time: others wait instead of asking too.
    pub refreshing_until: Option<Timestamp>,
}

impl Credential {
    /// A secret by name.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("version", &self.version)
            .field("secrets", &self.secrets.keys().collect::<Vec<_>>())
            .field("access", &self.access)
            .field("refreshing_until", &self.refreshing_until)
            .finish()
    }
}

/// Marketplace and store tokens, shared between workers.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Reads a connection's credential; `None` if it has none.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError>;

    /// Saves `credential` if the stored version is still `credential.version`; returns the new version.
    ///
    /// # Errors
    /// [`CredentialError::Changed`] if somebody saved in between.
    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError>;
}

/// A secret could not be read or saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Somebody else saved in between: load again.
    #[error("the credential changed meanwhile")]
    Changed,
    /// The store did not answer.
    #[error("credentials cannot be reached: {0}")]
    Unavailable(String),
}

/// The tokens of a process that may open none: whoever asks is told.
///
/// What stands open to the world is handed these, so that nothing it calls can reach a seller's account.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

#[async_trait]
impl Credentials for NoCredentials {
    async fn load(&self, _: &Account) -> Result<Option<Credential>, CredentialError> {
        Err(CredentialError::Unavailable("this process opens no tokens".into()))
    }

    async fn save(&self, _: &Account, _: &Credential) -> Result<u64, CredentialError> {
        Err(CredentialError::Unavailable("this process keeps no tokens".into()))
    }
}
