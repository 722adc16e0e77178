//! `doctor`: exactly which step is wrong, and how it is mended.
//!
//! It reads only: a connection's parking, cursor and records stay as they are. Connectors may fetch an access token,
//! as every call does.

mod clock;
mod connection;
mod mappings;
mod webhooks;

use std::collections::BTreeMap;

use connector_api::{Check, Outcome, Reach};
use domain::connection::Connection;
use domain::keys::{ItemKey, Table};
use ports::{CheckUp, LedgerError, WebhookSecrets};
use serde::Serialize;

use super::{AdminError, WebhookAddresses, connection_named};
use crate::world::World;
use clock::ClockComparison;

/// What an examination needs besides the world.
#[derive(Clone, Copy)]
pub struct Instruments<'a> {
    /// Where stores are to send to.
    pub addresses: &'a WebhookAddresses,
    /// The secrets of webhooks, as receivers read them.
    pub webhook_secrets: &'a dyn WebhookSecrets,
    /// What else can say how it is: queues, mail, an account's quotas, mappings. Their checks stand under *system*.
    pub further: &'a [&'a dyn CheckUp],
}

impl std::fmt::Debug for Instruments<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instruments")
    }
}

/// What was found of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionReport {
    /// Its id.
    pub connection: String,
    /// Whose it is.
    pub merchant: String,
    /// Its connector.
    pub kind: String,
    /// Everything looked at, in the order in which it has to be mended.
    pub checks: Vec<Check>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst of all outcomes.
    pub worst: Outcome,
    /// Of the system itself.
    pub system: Vec<Check>,
    /// Of each connection.
    pub connections: Vec<ConnectionReport>,
}

impl Report {
    fn of(system: Vec<Check>, connections: Vec<ConnectionReport>) -> Self {
        let all = system.iter().chain(connections.iter().flat_map(|one| &one.checks));
        let worst = all.map(|check| check.outcome).max().unwrap_or(Outcome::Good);
        Self { worst, system, connections }
    }
}

/// Examines the system and one connection, or all.
///
/// # Errors
/// The named connection is unknown. Whatever does not work is a finding, a ledger that does not answer too.
pub async fn doctor(world: &World, with: Instruments<'_>, only: Option<&str>) -> Result<Report, AdminError> {
    let mut silent = silent_tables(world).await;
    let connections = match meant(world, only).await {
        Ok(connections) => connections,
        Err(AdminError::Ledger(error)) => {
            // Listing takes a right of its own.
            silent.entry(Table::Connections.as_str()).or_insert(error);
            Vec::new()
        }
        Err(other) => return Err(other),
    };
    let mut system = vec![match silent.is_empty() {
        true => Check::good("ledger", "the tables can be read"),
        false => {
            let each: Vec<String> = silent.iter().map(|(table, error)| format!("{table}: {error}")).collect();
            Check::bad(
                "ledger",
                format!("not every table can be read: {}", each.join("; ")),
                "see that the data directory or the tables are there, and that this user may read them",
            )
        }
    }];
    for further in with.further {
        system.extend(further.check_up().await);
    }
    let watch = ClockComparison::new(world.transport.as_ref(), world.clock.as_ref());
    let reach = Reach { transport: &watch, ..world.reach() };
    let mut reports = Vec::new();
    for connection in &connections {
        reports.push(ConnectionReport {
            connection: connection.account.connection.to_string(),
            merchant: connection.account.merchant.to_string(),
            kind: connection.kind.clone(),
            checks: connection::examine(world, reach, with, connection).await,
        });
    }
    system.extend(watch.check());
    system.extend(mappings::check(world, only, &connections).await);
    Ok(Report::of(system, reports))
}

/// The ledger's tables that do not answer, and why. One read of nothing per table.
async fn silent_tables(world: &World) -> BTreeMap<&'static str, LedgerError> {
    let mut silent = BTreeMap::new();
    for table in Table::ALL {
        if let Err(error) = world.ledger.get(&ItemKey::nothing(table)).await {
            silent.insert(table.as_str(), error);
        }
    }
    silent
}

async fn meant(world: &World, only: Option<&str>) -> Result<Vec<Connection>, AdminError> {
    match only {
        Some(name) => Ok(vec![connection_named(world, name).await?]),
        None => Ok(world.connections().await?),
    }
}
