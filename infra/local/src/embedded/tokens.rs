//! Credentials of the one-machine system: the settings' secrets in memory, tokens that a marketplace replaced in a file.
//!
//! A refresh token that serves once (Etsy's) is gone with the process that holds it alone. So `tokens.db`, for its owner
//! alone, keeps what took the place of the settings' one, and the access token that came along. It also holds what
//! workers of several processes agree by: the version, and who is refreshing. Of accounts whose refresh token stays the
//! same it holds nothing secret.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use domain::ids::{Account, ConnectionId};
use jiff::Timestamp;
use ports::credentials::WebhookKeys;
use ports::memory::MemoryCredentials;
use ports::{AccessToken, Credential, CredentialError, Credentials, WebhookSecrets};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::writer::Writer;

/// The secret that marketplaces replace.
const REFRESH_TOKEN: &str = "refresh_token";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS tokens (
        merchant TEXT NOT NULL,
        connection TEXT NOT NULL,
        version INTEGER NOT NULL,
        settings_digest TEXT NOT NULL,
        refreshing_until INTEGER,
        refresh_token TEXT,
        access_token TEXT,
        access_ends INTEGER,
        PRIMARY KEY (merchant, connection)
    ) STRICT;";

/// What the file holds of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    version: u64,
    /// Of the settings' secrets that all of this came from.
    settings_digest: String,
    refreshing_until: Option<i64>,
    replaced: Option<Replaced>,
}

/// What took the place of the settings' refresh token.
#[derive(Clone, PartialEq, Eq)]
struct Replaced {
    refresh_token: String,
    access: Option<(String, i64)>,
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replaced")
    }
}

/// What memory holds of an account.
#[derive(Clone, Default)]
struct Held {
    secrets: BTreeMap<String, SecretString>,
    access: Option<AccessToken>,
    settings_digest: String,
}

/// Credentials and webhook secrets of all connections.
pub(crate) struct LocalCredentials {
    file: Writer,
    held: Mutex<BTreeMap<Account, Held>>,
    webhooks: MemoryCredentials,
}

impl std::fmt::Debug for LocalCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalCredentials").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Tells what a settings' tokens are asked for with from another, and nothing else: the account goes in, so that equal
/// ones look unlike.
///
/// That is the refresh token, whatever else changes beside it; where there is none, all secrets (Shopify's client id and
/// client secret): a refresh that began with the former ones must not bring them back.
fn digest(account: &Account, secrets: &BTreeMap<String, SecretString>) -> String {
    let mut hash = Sha256::new();
    let asked_with: Vec<&str> = match secrets.get(REFRESH_TOKEN) {
        Some(token) => vec![token.expose_secret()],
        None => secrets.iter().flat_map(|(name, secret)| [name.as_str(), secret.expose_secret()]).collect(),
    };
    for part in [account.merchant.as_str(), account.connection.as_str()].into_iter().chain(asked_with) {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An instant in nanoseconds, as the file has it: good until the year 2262.
fn instant(nanosecond: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanosecond.into()).ok()
}

fn nanosecond(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

impl LocalCredentials {
    /// Opens the file, or creates it for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        owner_alone(path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self {
            file: Writer::open(path, SCHEMA)?,
            held: Mutex::default(),
            webhooks: MemoryCredentials::default(),
        })
    }

    /// Takes the secrets of the settings. What a marketplace put in place of their refresh token counts on, unless the
    /// settings have another one since.
    pub(crate) async fn put(&self, account: &Account, secrets: BTreeMap<String, SecretString>) -> Result<()> {
        let mut held = self.held.lock().await;
        let settings_digest = digest(account, &secrets);
        let (key, new) = (account.clone(), settings_digest.clone());
        let take = move |file: &Connection| {
            let before = read(file, &key)?;
            if before.as_ref().is_some_and(|kept| kept.settings_digest == new) {
                return Ok(());
            }
            let version = before.map_or(0, |kept| kept.version) + 1;
            write(file, &key, &Kept { version, settings_digest: new, ..Kept::default() })
        };
        self.file.run(take).await.map_err(|words| anyhow!(words))?;
        held.insert(account.clone(), Held { secrets, access: None, settings_digest });
        Ok(())
    }

    /// Forgets what is kept of accounts that the settings have no more.
    pub(crate) async fn keep_only(&self, accounts: &[Account]) -> Result<()> {
        let mut held = self.held.lock().await;
        held.retain(|account, _| accounts.contains(account));
        let accounts: Vec<Account> = accounts.to_vec();
        let forget = move |file: &Connection| {
            let mut select = file.prepare_cached("SELECT merchant, connection FROM tokens")?;
            let all = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let all = all.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
            for (merchant, connection) in all {
                let known = accounts
                    .iter()
                    .any(|a| a.merchant.as_str() == merchant && a.connection.as_str() == connection);
                if !known {
                    file.prepare_cached("DELETE FROM tokens WHERE merchant = :m AND connection = :c")?
                        .execute(named_params! { ":m": merchant, ":c": connection })?;
                }
            }
            Ok(())
        };
        self.file.run(forget).await.map_err(|words| anyhow!(words))
    }

    /// Puts a connection's webhook secrets.
    pub(crate) fn put_webhook_keys(&self, keys: WebhookKeys) {
        self.webhooks.put_webhook_keys(keys);
    }

    /// Forgets a connection's webhook secrets; none there is as good.
    pub(crate) fn forget_webhook_keys(&self, connection: &ConnectionId) {
        self.webhooks.forget_webhook_keys(connection);
    }
}

/// Makes the file where it is missing. SQLite gives the files beside it the same permissions.
fn owner_alone(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let refresh_token: Option<String> = row.get("refresh_token")?;
    let access: Option<String> = row.get("access_token")?;
    let access = access.zip(row.get::<_, Option<i64>>("access_ends")?);
    Ok(Kept {
        version: row.get::<_, i64>("version")?.try_into().unwrap_or_default(),
        settings_digest: row.get("settings_digest")?,
        refreshing_until: row.get("refreshing_until")?,
        replaced: refresh_token.map(|refresh_token| Replaced { refresh_token, access }),
    })
}

fn read(file: &Connection, account: &Account) -> rusqlite::Result<Option<Kept>> {
    file.prepare_cached("SELECT * FROM tokens WHERE merchant = :m AND connection = :c")?
        .query_row(named_params! { ":m": account.merchant.as_str(), ":c": account.connection.as_str() }, kept)
        .optional()
}

fn write(file: &Connection, account: &Account, kept: &Kept) -> rusqlite::Result<()> {
    let put = "INSERT INTO tokens VALUES (:m, :c, :version, :digest, :until, :refresh, :access, :ends)
               ON CONFLICT (merchant, connection) DO UPDATE SET version = :version, settings_digest = :digest,
               refreshing_until = :until, refresh_token = :refresh, access_token = :access, access_ends = :ends";
    let replaced = kept.replaced.as_ref();
    let access = replaced.and_then(|replaced| replaced.access.as_ref());
    file.prepare_cached(put)?.execute(named_params! {
        ":m": account.merchant.as_str(), ":c": account.connection.as_str(),
        ":version": i64::try_from(kept.version).unwrap_or(i64::MAX), ":digest": kept.settings_digest,
        ":until": kept.refreshing_until, ":refresh": replaced.map(|replaced| replaced.refresh_token.as_str()),
        ":access": access.map(|(token, _)| token.as_str()), ":ends": access.map(|(_, ends)| *ends),
    })?;
    Ok(())
}

#[async_trait]
impl Credentials for LocalCredentials {
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError> {
        let held = self.held.lock().await;
        let key = account.clone();
        let kept = self.file.run(move |file| read(file, &key)).await.map_err(CredentialError::Unavailable)?;
        let Some(Held { mut secrets, access, .. }) = held.get(account).cloned() else { return Ok(None) };
        let kept = kept.unwrap_or_default();
        let access = match kept.replaced {
            Some(Replaced { refresh_token, access }) => {
                secrets.insert(REFRESH_TOKEN.to_owned(), refresh_token.into());
                access.and_then(|(token, ends)| {
                    Some(AccessToken { token: token.into(), expires_at: instant(ends)? })
                })
            }
            None => access,
        };
        let refreshing_until = kept.refreshing_until.and_then(instant);
        Ok(Some(Credential { version: kept.version, secrets, access, refreshing_until }))
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let mut held = self.held.lock().await;
        // Somebody else may have saved first; until it is known that not, memory stays as it is.
        let settings_digest = match held.get(account) {
            Some(held) => held.settings_digest.clone(),
            None => digest(account, &BTreeMap::new()),
        };
        let is_settings = digest(account, &credential.secrets) == settings_digest;
        let refresh_token = credential.secret(REFRESH_TOKEN).filter(|_| !is_settings);
        let replaced = refresh_token.map(|refresh_token| Replaced {
            refresh_token: refresh_token.expose_secret().to_owned(),
            access: credential
                .access
                .as_ref()
                .map(|access| (access.token.expose_secret().to_owned(), nanosecond(access.expires_at))),
        });
        let next = Kept {
            version: credential.version + 1,
            settings_digest: settings_digest.clone(),
            refreshing_until: credential.refreshing_until.map(nanosecond),
            replaced,
        };
        let (key, expected) = (account.clone(), credential.version);
        let save = move |file: &Connection| {
            let before = read(file, &key)?.unwrap_or_default();
            // Also where the settings were given another token by another process: that one counts.
            let same_settings = before.version == 0 || before.settings_digest == next.settings_digest;
            if before.version != expected || !same_settings {
                return Ok(None);
            }
            write(file, &key, &next)?;
            Ok(Some(next.version))
        };
        let saved = self.file.run(save).await.map_err(CredentialError::Unavailable)?;
        let version = saved.ok_or(CredentialError::Changed)?;
        let Credential { secrets, access, .. } = credential.clone();
        held.insert(account.clone(), Held { secrets, access, settings_digest });
        Ok(version)
    }
}

#[async_trait]
impl WebhookSecrets for LocalCredentials {
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError> {
        self.webhooks.webhook_keys(connection).await
    }
}
