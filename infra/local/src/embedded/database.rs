//! The ledger's database, embedded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use aws::{AwsKeys, Clients, DynamoClient, DynamoLedger, Patience, SharedHttpClient, TableNames};

use super::trouble;
use super::wire::InProcess;

/// Long enough that a call never ends while the engine still waits for another process (5 s, its own limit):
/// a call given up would be repeated, and find its own doing.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(20),
    attempt: Duration::from_secs(20),
    whole: Duration::from_secs(60),
    attempts: 4,
};

/// DynamoDB in this process, kept in one file; clones share it.
///
/// Two processes may open the same file: the engine does every write in a transaction that takes the write
/// lock first, and one that cannot get it fails as a server's error, which the SDK tries again.
#[derive(Clone)]
pub(crate) struct Database {
    engine: dynoxide::Database,
    client: DynamoClient,
    path: PathBuf,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the file at `path`, or creates it, with all tables of the ledger.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let Some(text) = path.to_str().map(str::to_owned) else {
            bail!("{} is no path in UTF-8: choose another data directory", path.display());
        };
        let open = move || {
            trouble::opened(|| dynoxide::Database::new(&text), |e| trouble::tells_locked(&e.to_string()))
        };
        let engine = tokio::task::spawn_blocking(open)
            .await
            .context("opening the database")?
            .map_err(|e| anyhow::anyhow!(trouble::told(path, &e.to_string())))?;
        // The engine checks no signature; the SDK wants something to sign with.
        let keys = AwsKeys {
            access_key_id: "embedded".into(),
            secret_access_key: "embedded".into(),
            session_token: None,
        };
        let http = SharedHttpClient::new(InProcess::new(engine.clone(), path));
        let clients = Clients::over(http, "embedded", Some("http://ledger.invalid"), &keys);
        let client = clients.with_patience(PATIENCE).dynamodb();
        aws::create_missing_tables(&client, &names()).await.context("creating the ledger's tables")?;
        Ok(Self { engine, client, path: path.to_owned() })
    }

    /// The ledger over it.
    pub(crate) fn ledger(&self) -> DynamoLedger {
        DynamoLedger::new(self.client.clone(), names())
    }

    /// The SDK's client over it, for other tables.
    #[cfg(test)]
    pub(crate) fn client(&self) -> &DynamoClient {
        &self.client
    }

    /// Forgets what has expired, as DynamoDB does by itself; returns how many items. To be called now and
    /// then: nothing else calls it. What has expired is judged by the machine's clock.
    pub(crate) async fn sweep_ttl(&self) -> anyhow::Result<usize> {
        let engine = self.engine.clone();
        let swept = tokio::task::spawn_blocking(move || engine.sweep_ttl()).await.context("sweeping")?;
        swept.map_err(|e| anyhow::anyhow!(trouble::told(&self.path, &e.to_string())))
    }
}

/// The tables bear their plain names here.
fn names() -> TableNames {
    TableNames::prefixed("")
}
