//! What applying would change, told before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::connection::Connection;
use domain::connection_state::ConnectionState;
use domain::ids::Account;
use domain::keys::ItemKey;
use serde::Serialize;
use serde_json::Value;

use super::{Applied, Change, move_on};
use crate::message::WorkError;
use crate::records::{Loaded, load};
use crate::world::World;

/// One thing that applying would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The merchant it is for.
    pub merchant: String,
    /// The connection it is about.
    pub connection: String,
    /// What happens.
    #[serde(flatten)]
    pub what: What,
}

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum What {
    /// It is new, and starts now.
    Added,
    /// A setting gets another value; an absent one is `None`.
    Setting {
        /// Where it stands, as a path with dots.
        setting: String,
        /// The value in force, as JSON.
        from: Option<String>,
        /// The value it gets, as JSON.
        to: Option<String>,
    },
    /// It is switched on again, and starts afresh.
    Started,
    /// It is switched off.
    Stopped,
    /// It gets other credentials.
    Credentials,
    /// A store gets other webhook secrets. Told by whoever keeps these: nothing here knows them.
    WebhookSecrets,
    /// It is parked, and works again with its new credentials.
    Unparked,
    /// The settings name it no longer: it stops, and its secrets are forgotten.
    Removed,
    /// Newer code wrote its settings: they are left alone.
    LeftAlone,
}

/// Says what [`apply`](super::apply) would do, and writes nothing. Secrets are no part of it.
///
/// # Errors
/// The ledger does not answer.
pub async fn preview(world: &World, connections: &[Applied]) -> Result<Vec<Difference>, WorkError> {
    let mut all = Vec::new();
    let named: BTreeMap<&Account, &Applied> =
        connections.iter().map(|applied| (&applied.connection.account, applied)).collect();
    for known in world.connections().await? {
        if !named.contains_key(&known.account) {
            all.push(difference(&known.account, What::Removed));
        }
    }
    for (account, applied) in named {
        all.extend(of_one(world, applied).await?.into_iter().map(|what| difference(account, what)));
    }
    Ok(all)
}

fn difference(account: &Account, what: What) -> Difference {
    Difference {
        merchant: account.merchant.as_str().to_owned(),
        connection: account.connection.as_str().to_owned(),
        what,
    }
}

async fn of_one(world: &World, applied: &Applied) -> Result<Vec<What>, WorkError> {
    let account = &applied.connection.account;
    let ledger = world.ledger.as_ref();
    let (mut all, known) = match load::<Connection>(ledger, &ItemKey::connection(account)).await? {
        Loaded::Known(stored) => (settings(&stored.value, &applied.connection), true),
        Loaded::Absent => (vec![What::Added], false),
        Loaded::Foreign => return Ok(vec![What::LeftAlone]),
    };
    if let Loaded::Known(stored) =
        load::<ConnectionState>(ledger, &ItemKey::connection_state(account)).await?
    {
        let mut state = stored.value;
        if state.credentials != applied.credentials_fingerprint {
            all.push(What::Credentials);
        }
        if known && state.credentials_expire_at != applied.expires_at {
            all.push(What::Setting {
                setting: "secrets_expire_at".to_owned(),
                from: state.credentials_expire_at.map(|at| at.to_string()),
                to: applied.expires_at.map(|at| at.to_string()),
            });
        }
        all.extend(move_on(&mut state, applied, known, world.now()).into_iter().filter_map(|change| {
            match change {
                Change::Started(_) => Some(What::Started),
                Change::Stopped(_) => Some(What::Stopped),
                Change::Unparked(_) => Some(What::Unparked),
                Change::Added(_) | Change::Updated(_) | Change::Removed(_) => None,
            }
        }));
    }
    Ok(all)
}

/// Every setting that differs, in the order of their names.
fn settings(before: &Connection, after: &Connection) -> Vec<What> {
    let (before, after) = (flat(before), flat(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| What::Setting {
            setting: name.clone(),
            from: before.get(name).cloned(),
            to: after.get(name).cloned(),
        })
        .collect()
}

fn flat(connection: &Connection) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    // Settings always serialise: every key is a text.
    flatten("", &serde_json::to_value(connection).unwrap_or_default(), &mut all);
    all
}

/// Objects are entered; lists are one value, since their order means something.
fn flatten(path: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, member, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            all.insert(path.to_owned(), value.to_string());
        }
    }
}
