//! What a merchant said about carriers and SKUs: kept per merchant, versioned, with who and when.
//!
//! A carrier mapping reaches one marketplace account (`account:<connection>`) or all of the merchant's accounts of
//! a marketplace (`marketplace:<kind>`). Telling `sync` that an answer was given is [`crate::admin`]'s part.

mod skus;

use std::fmt;

use carriers::csv::{BadLine, Target};
use carriers::{Mapping, MappingProblem};
use domain::connection::Connection;
use domain::ids::{ConnectionId, MarketplaceId, MerchantId};
use domain::keys::{ItemKey, Table, carrier_mappings_of};
use futures::future::try_join_all;
use jiff::Timestamp;
use ports::{Ledger, LedgerError, Write};
use serde::{Deserialize, Serialize};

use crate::records::{self, Loaded, Record, Stored};
use crate::world::World;

pub use skus::{BadSkuLine, SkuMapping, sku_import, sku_list, sku_map, sku_remove, sku_set};

/// Writes of one commit at most: what DynamoDB takes in one transaction.
const CHUNK: usize = 100;
/// How often a write is tried when others write the same mapping.
const TRIES: usize = 8;

/// Which accounts of a merchant a mapping reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One marketplace account.
    Account(ConnectionId),
    /// Every account at marketplaces of this kind.
    Marketplace(String),
}

impl Reach {
    /// What the resolution calls it.
    #[must_use]
    pub fn scope(&self) -> carriers::Scope {
        match self {
            Self::Account(_) => carriers::Scope::Account,
            Self::Marketplace(_) => carriers::Scope::Marketplace,
        }
    }

    /// Reads the form it is stored in: `account:<connection>` or `marketplace:<kind>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scope, of) = text.split_once(':')?;
        match scope {
            "account" => ConnectionId::try_from(of).ok().map(Self::Account),
            "marketplace" if !of.is_empty() => Some(Self::Marketplace(of.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(connection) => write!(f, "account:{connection}"),
            Self::Marketplace(kind) => write!(f, "marketplace:{kind}"),
        }
    }
}

/// Where a mapping belongs, and what its code is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which accounts it reaches.
    pub reach: Reach,
    /// The marketplace's kind.
    pub kind: String,
    /// The country of the account (ISO 3166, lower case), if it sells in one only.
    pub country: Option<&'static str>,
}

impl Place {
    /// One marketplace account.
    #[must_use]
    pub fn account(world: &World, connection: &Connection) -> Self {
        let marketplace = connection.option("marketplace_id").and_then(|id| MarketplaceId::try_from(id).ok());
        let connector = world.connectors.marketplace(&connection.kind);
        Self {
            merchant: connection.account.merchant.clone(),
            reach: Reach::Account(connection.account.connection.clone()),
            kind: connection.kind.clone(),
            country: connector.zip(marketplace).and_then(|(connector, id)| connector.country(&id)),
        }
    }

    /// Every account of the merchant at this kind of marketplace.
    #[must_use]
    pub fn marketplace(merchant: MerchantId, kind: impl Into<String>) -> Self {
        let kind = kind.into();
        Self { merchant, reach: Reach::Marketplace(kind.clone()), kind, country: None }
    }
}

/// A carrier mapping's record. A removed one stays, so that versions go on counting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MappingRecord {
    /// Whose it is.
    merchant: MerchantId,
    /// The reach, as [`Reach`] writes it.
    scope: String,
    /// Not in force any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
    /// What was said.
    #[serde(flatten)]
    mapping: Mapping,
}

impl Record for MappingRecord {
    const SCHEMA: u16 = Mapping::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::carrier_mapping(&self.merchant, &self.scope, &self.mapping.key())
    }
}

/// What to send for a carrier text, as a person gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMapping {
    /// The text, as the store writes it.
    pub text: String,
    /// The marketplace's code, exact.
    pub code: String,
    /// The carrier's name, only with the marketplace's word for *other*.
    pub name: Option<String>,
    /// The service to send; an empty text sends none.
    pub service: Option<String>,
    /// The code is not in our list, but the merchant sees it in their seller account.
    pub unlisted: bool,
}

/// A mapping in force, and how far it reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// How far.
    pub reach: Reach,
    /// What was said.
    pub mapping: Mapping,
}

/// Why a mapping, a SKU or an import was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The marketplace would not take it.
    #[error(transparent)]
    Problem(#[from] MappingProblem),
    /// Lines of a file are wrong: nothing of it was stored.
    #[error("nothing was imported, {} of its lines are wrong:{}", .0.len(), lines(.0))]
    BadLines(Vec<BadLine>),
    /// The same, of a file of SKUs.
    #[error("nothing was imported, {} of its lines are wrong:{}", .0.len(), lines(.0))]
    BadSkuLines(Vec<BadSkuLine>),
    /// No SKU.
    #[error(transparent)]
    BadId(#[from] domain::ids::BadId),
    /// A newer version of this code wrote what stands there.
    #[error("what is stored for {0:?} was written by a newer Parcelwire: update first")]
    Newer(String),
    /// The ledger does not answer, or others were always first.
    #[error("{0}; give the command again, it is safe")]
    Ledger(#[from] LedgerError),
}

fn lines<T: fmt::Display>(bad: &[T]) -> String {
    bad.iter().map(|line| format!("\n  {line}")).collect()
}

/// Finds the mappings that may decide for a carrier text, in order of precedence.
///
/// The account's before the marketplace's, inside each as the keys of [`carriers::lookup_keys`] stand.
/// A mapping that this code cannot read is returned as one of a newer schema: resolution then asks the merchant,
/// instead of deciding by a rule behind it.
///
/// # Errors
/// The ledger does not answer.
pub async fn lookup(
    ledger: &dyn Ledger,
    connection: &Connection,
    keys: &[String],
) -> Result<Vec<(carriers::Scope, Mapping)>, LedgerError> {
    let merchant = &connection.account.merchant;
    let reaches =
        [Reach::Account(connection.account.connection.clone()), Reach::Marketplace(connection.kind.clone())];
    let wanted = reaches.iter().flat_map(|reach| {
        let scope = reach.to_string();
        keys.iter().map(move |key| (reach.scope(), key, ItemKey::carrier_mapping(merchant, &scope, key)))
    });
    let found = try_join_all(wanted.map(|(scope, key, item_key)| async move {
        let item = ledger.get(&item_key).await?;
        Ok::<_, LedgerError>(item.and_then(|item| Some((scope, in_force(&item.body, key)?))))
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

/// The mapping that a record holds, unless it was removed.
fn in_force(body: &str, key: &str) -> Option<Mapping> {
    match serde_json::from_str::<MappingRecord>(body) {
        Ok(record) if record.removed => None,
        Ok(record) => Some(record.mapping),
        Err(error) => {
            tracing::error!(mapping.key = %key, error = %error, "a carrier mapping cannot be read");
            Some(unreadable(key))
        }
    }
}

/// Stands for a record that cannot be read: of no schema that any version takes.
fn unreadable(key: &str) -> Mapping {
    Mapping {
        schema: u16::MAX,
        text: key.to_owned(),
        code: String::new(),
        name: None,
        service: None,
        unlisted: false,
        set_at: None,
        set_by: String::new(),
        version: 0,
        unknown: std::collections::BTreeMap::new(),
    }
}

/// Keeps a mapping, checked, in the next version. The same again changes nothing.
///
/// # Errors
/// [`MappingError::Problem`] if the marketplace would not take it; or the ledger.
pub async fn set(
    ledger: &dyn Ledger,
    place: &Place,
    new: NewMapping,
    by: &str,
    now: Timestamp,
) -> Result<Mapping, MappingError> {
    let NewMapping { text, code, name, service, unlisted } = new;
    let unknown = std::collections::BTreeMap::new();
    let (schema, set_at, set_by) = (Mapping::SCHEMA, Some(now), by.to_owned());
    let mapping =
        Mapping { schema, text, code, name, service, unlisted, set_at, set_by, version: 0, unknown };
    mapping.check(&place.kind, place.country)?;
    for _ in 0..TRIES {
        let (write, stored) = write_of(ledger, place, mapping.clone(), now).await?;
        let Some(write) = write else { return Ok(stored) };
        match ledger.commit(vec![write]).await {
            Ok(()) => return Ok(stored),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// The write that puts `mapping` in force in its next version, unless it says what stands there already.
async fn write_of(
    ledger: &dyn Ledger,
    place: &Place,
    mut mapping: Mapping,
    now: Timestamp,
) -> Result<(Option<Write>, Mapping), MappingError> {
    let scope = place.reach.to_string();
    let key = ItemKey::carrier_mapping(&place.merchant, &scope, &mapping.key());
    let stored = match records::load::<MappingRecord>(ledger, &key).await? {
        Loaded::Foreign => return Err(MappingError::Newer(mapping.text)),
        Loaded::Absent => {
            mapping.version = 1;
            let merchant = place.merchant.clone();
            Stored::new(MappingRecord { merchant, scope, removed: false, mapping: mapping.clone() })
        }
        Loaded::Known(mut stored) => {
            let known = &stored.value.mapping;
            if !stored.value.removed && says_the_same(known, &mapping) {
                return Ok((None, known.clone()));
            }
            mapping.version = known.version + 1;
            mapping.unknown = known.unknown.clone();
            stored.value.removed = false;
            stored.value.mapping = mapping.clone();
            *stored
        }
    };
    Ok((Some(stored.into_write(now)), mapping))
}

fn says_the_same(a: &Mapping, b: &Mapping) -> bool {
    (&a.text, &a.code, &a.name, &a.service, a.unlisted) == (&b.text, &b.code, &b.name, &b.service, b.unlisted)
}

/// Takes a mapping out of force; `None` if there was none.
///
/// # Errors
/// The ledger does not answer, or a newer version of this code wrote it.
pub async fn remove(
    ledger: &dyn Ledger,
    place: &Place,
    text: &str,
    by: &str,
    now: Timestamp,
) -> Result<Option<Mapping>, MappingError> {
    let key = ItemKey::carrier_mapping(&place.merchant, &place.reach.to_string(), &carriers::key(text));
    for _ in 0..TRIES {
        let mut stored = match records::load::<MappingRecord>(ledger, &key).await? {
            Loaded::Absent => return Ok(None),
            Loaded::Foreign => return Err(MappingError::Newer(text.to_owned())),
            Loaded::Known(stored) => *stored,
        };
        if stored.value.removed {
            return Ok(None);
        }
        stored.value.removed = true;
        let mapping = &mut stored.value.mapping;
        (mapping.version, mapping.set_at, mapping.set_by) = (mapping.version + 1, Some(now), by.to_owned());
        let removed = mapping.clone();
        match ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => return Ok(Some(removed)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Every mapping of a merchant in force, by reach and key; `only` that of one reach.
///
/// # Errors
/// The ledger does not answer.
pub async fn list(
    ledger: &dyn Ledger,
    merchant: &MerchantId,
    only: Option<&Reach>,
) -> Result<Vec<InForce>, LedgerError> {
    let items = ledger.query(Table::CarrierMappings, &carrier_mappings_of(merchant)).await?;
    let mut all: Vec<InForce> = items
        .iter()
        .filter_map(|item| serde_json::from_str::<MappingRecord>(&item.body).ok())
        .filter(|record| !record.removed)
        .filter_map(|record| Some(InForce { reach: Reach::parse(&record.scope)?, mapping: record.mapping }))
        .filter(|row| only.is_none_or(|reach| *reach == row.reach))
        .collect();
    all.sort_by_key(|row| (row.reach.clone(), row.mapping.key()));
    Ok(all)
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines that changed something.
    pub changed: usize,
    /// Lines that said what was known.
    pub unchanged: usize,
}

/// Takes a CSV file of mappings ([`carriers::csv`]) over as a whole: one wrong line, and nothing is stored.
///
/// Stored in steps of a hundred: after a failure in between, the same import again completes it.
///
/// # Errors
/// [`MappingError::BadLines`] with every wrong line; or the ledger.
pub async fn import(
    ledger: &dyn Ledger,
    place: &Place,
    file: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Imported, MappingError> {
    let target = Target { marketplace: &place.kind, country: place.country, by, at: now };
    let read = carriers::csv::import(file, target);
    if !read.bad.is_empty() {
        return Err(MappingError::BadLines(read.bad));
    }
    let mut done = Imported::default();
    for part in read.mappings.chunks(CHUNK) {
        let changed = import_part(ledger, place, part, now).await?;
        done.changed += changed;
        done.unchanged += part.len() - changed;
    }
    Ok(done)
}

/// Stores one step of an import; returns how many mappings it changed.
async fn import_part(
    ledger: &dyn Ledger,
    place: &Place,
    part: &[Mapping],
    now: Timestamp,
) -> Result<usize, MappingError> {
    for _ in 0..TRIES {
        let mut writes = Vec::with_capacity(part.len());
        for mapping in part {
            writes.extend(write_of(ledger, place, mapping.clone(), now).await?.0);
        }
        let changed = writes.len();
        if changed == 0 {
            return Ok(0);
        }
        match ledger.commit(writes).await {
            Ok(()) => return Ok(changed),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Every mapping of one reach as CSV, to be edited and imported again.
///
/// # Errors
/// The ledger does not answer.
pub async fn export(ledger: &dyn Ledger, place: &Place) -> Result<String, LedgerError> {
    let all = list(ledger, &place.merchant, Some(&place.reach)).await?;
    Ok(carriers::csv::export(all.iter().map(|row| &row.mapping)))
}

#[cfg(test)]
mod tests;
