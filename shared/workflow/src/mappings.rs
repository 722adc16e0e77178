//! What a merchant said about carriers and SKUs: kept per merchant, versioned, with who and when.
//!
//! A carrier mapping reaches one marketplace account (`account:<connection>`), all of the merchant's accounts of a
//! marketplace (`marketplace:<kind>`), or those that were given a profile (`profile:<kind>/<name>`). Telling `sync` that an answer was given is [`crate::admin`]'s part.

mod file;
mod find;
mod head;
mod skus;

use std::fmt;

use carriers::csv::BadLine;
use carriers::{How, Mapping, MappingProblem};
use domain::connection::Connection;
use domain::ids::{ConnectionId, MarketplaceId, MerchantId};
use domain::keys::{ItemKey, Table, carrier_mappings_of};
use jiff::Timestamp;
use ports::{Ledger, LedgerError, Write};
use serde::{Deserialize, Serialize};

use crate::records::{self, Loaded, Record, Stored};
use crate::world::World;

pub use file::{Imported, changes_of, export, import, read_file, store};
pub use find::{Overlay, lookup};
pub use head::MappingCache;
pub use skus::{BadSkuLine, SkuMapping, sku_import, sku_list, sku_map, sku_remove, sku_set};

/// Mappings of one commit at most: DynamoDB takes 100 writes in a transaction, and one is the head's.
const CHUNK: usize = 99;
/// How often a write is tried when others write the same mapping.
const TRIES: usize = 8;

/// Which accounts of a merchant a mapping reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One marketplace account.
    Account(ConnectionId),
    /// Every account at marketplaces of this kind.
    Marketplace(String),
    /// Every account at marketplaces of this kind whose settings name this profile.
    Profile {
        /// The marketplace's kind.
        kind: String,
        /// The profile: 1 to 40 of a-z, 0-9 and -.
        name: String,
    },
}

impl Reach {
    /// What the resolution calls it.
    #[must_use]
    pub fn scope(&self) -> carriers::Scope {
        match self {
            Self::Account(_) => carriers::Scope::Account,
            Self::Marketplace(_) => carriers::Scope::Marketplace,
            Self::Profile { .. } => carriers::Scope::Profile,
        }
    }

    /// Those whose mappings decide for a connection, in order of precedence.
    pub(crate) fn of(connection: &Connection) -> Vec<Self> {
        let mut all = vec![
            Self::Account(connection.account.connection.clone()),
            Self::Marketplace(connection.kind.clone()),
        ];
        let profile = connection.carriers.profile.clone();
        all.extend(profile.map(|name| Self::Profile { kind: connection.kind.clone(), name }));
        all
    }

    /// Reads the form it is stored in, as [`fmt::Display`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scope, of) = text.split_once(':')?;
        match scope {
            "account" => ConnectionId::try_from(of).ok().map(Self::Account),
            "marketplace" if !of.is_empty() => Some(Self::Marketplace(of.to_owned())),
            "profile" => {
                let (kind, name) = of.split_once('/')?;
                Some(Self::Profile { kind: kind.to_owned(), name: name.to_owned() })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(connection) => write!(f, "account:{connection}"),
            Self::Marketplace(kind) => write!(f, "marketplace:{kind}"),
            Self::Profile { kind, name } => write!(f, "profile:{kind}/{name}"),
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

    /// Every account of the merchant at this kind of marketplace that uses this profile.
    #[must_use]
    pub fn profile(merchant: MerchantId, kind: impl Into<String>, name: impl Into<String>) -> Self {
        let kind = kind.into();
        let reach = Reach::Profile { kind: kind.clone(), name: name.into() };
        Self { merchant, reach, kind, country: None }
    }
}

/// What a mapping said before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its version.
    pub version: u32,
    /// The code; empty where it was taken out of force.
    pub code: String,
    /// By whom.
    pub set_by: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Timestamp>,
}

/// Versions of a mapping that are remembered besides the one in force.
const MOST_PAST: usize = 20;

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
    /// What was said before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past: Vec<Past>,
    /// What was said.
    #[serde(flatten)]
    mapping: Mapping,
}

impl MappingRecord {
    /// Moves what was in force among what was.
    fn remember(&mut self) {
        let Mapping { version, code, set_by, set_at, .. } = self.mapping.clone();
        let code = if self.removed { String::new() } else { code };
        self.past.push(Past { version, code, set_by, set_at });
        let surplus = self.past.len().saturating_sub(MOST_PAST);
        self.past.drain(..surplus);
    }
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
    /// Which texts it means.
    pub how: How,
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
    /// What was said before, oldest first.
    pub past: Vec<Past>,
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
    /// More patterns than are compared.
    #[error("there are {} patterns here already: take one out, or map texts one by one", head::MOST_PATTERNS)]
    TooManyPatterns,
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
) -> Result<InForce, MappingError> {
    let mapping = checked(place, new, by, now)?;
    for _ in 0..TRIES {
        let (write, row) = write_of(ledger, place, mapping.clone(), now).await?;
        let Some(write) = write else { return Ok(row) };
        match commit(ledger, place, vec![(write, &row.mapping, false)], now).await {
            Ok(()) => return Ok(row),
            Err(MappingError::Ledger(LedgerError::Conflict)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// What a person gave, as it would be kept, if the marketplace takes it.
///
/// # Errors
/// [`MappingError::Problem`] if it would not.
pub fn checked(place: &Place, new: NewMapping, by: &str, now: Timestamp) -> Result<Mapping, MappingError> {
    let mapping = mapping_of(new, by, now);
    mapping.check(&place.kind, place.country)?;
    Ok(mapping)
}

/// What a person gave, as a record.
fn mapping_of(new: NewMapping, by: &str, now: Timestamp) -> Mapping {
    let NewMapping { text, how, code, name, service, unlisted } = new;
    let unknown = std::collections::BTreeMap::new();
    let (schema, set_at, set_by) = (Mapping::SCHEMA, Some(now), by.to_owned());
    Mapping { schema, text, how, code, name, service, unlisted, set_at, set_by, version: 0, unknown }
}

/// Commits changes of one place together with the merchant's head; each with its mapping and whether it is removed.
async fn commit(
    ledger: &dyn Ledger,
    place: &Place,
    changes: Vec<(Write, &Mapping, bool)>,
    now: Timestamp,
) -> Result<(), MappingError> {
    let mut head = head::load(ledger, &place.merchant).await?;
    let scope = place.reach.to_string();
    let mut writes = Vec::with_capacity(changes.len() + 1);
    for (write, mapping, removed) in changes {
        head.value.note(&scope, mapping, removed)?;
        writes.push(write);
    }
    head.value.version += 1;
    writes.push(head.into_write(now));
    Ok(ledger.commit(writes).await?)
}

/// The write that puts `mapping` in force in its next version, unless it says what stands there already.
async fn write_of(
    ledger: &dyn Ledger,
    place: &Place,
    mut mapping: Mapping,
    now: Timestamp,
) -> Result<(Option<Write>, InForce), MappingError> {
    let scope = place.reach.to_string();
    let reach = place.reach.clone();
    let key = ItemKey::carrier_mapping(&place.merchant, &scope, &mapping.key());
    let stored = match records::load::<MappingRecord>(ledger, &key).await? {
        Loaded::Foreign => return Err(MappingError::Newer(mapping.text)),
        Loaded::Absent => {
            mapping.version = 1;
            let merchant = place.merchant.clone();
            let (removed, past) = (false, Vec::new());
            Stored::new(MappingRecord { merchant, scope, removed, past, mapping })
        }
        Loaded::Known(mut stored) => {
            let known = &stored.value.mapping;
            if !stored.value.removed && says_the_same(known, &mapping) {
                let MappingRecord { mapping, past, .. } = stored.value;
                return Ok((None, InForce { reach, mapping, past }));
            }
            mapping.version = known.version + 1;
            mapping.unknown = known.unknown.clone();
            stored.value.remember();
            stored.value.removed = false;
            stored.value.mapping = mapping;
            *stored
        }
    };
    let MappingRecord { mapping, past, .. } = stored.value.clone();
    Ok((Some(stored.into_write(now)), InForce { reach, mapping, past }))
}

fn says_the_same(a: &Mapping, b: &Mapping) -> bool {
    (&a.text, a.how, &a.code, &a.name, &a.service, a.unlisted)
        == (&b.text, b.how, &b.code, &b.name, &b.service, b.unlisted)
}

/// Takes a mapping out of force; `None` if there was none.
///
/// # Errors
/// The ledger does not answer, or a newer version of this code wrote it.
pub async fn remove(
    ledger: &dyn Ledger,
    place: &Place,
    (text, how): (&str, How),
    by: &str,
    now: Timestamp,
) -> Result<Option<InForce>, MappingError> {
    let asked = mapping_of(NewMapping { text: text.to_owned(), how, ..NewMapping::default() }, by, now);
    let key = ItemKey::carrier_mapping(&place.merchant, &place.reach.to_string(), &asked.key());
    for _ in 0..TRIES {
        let mut stored = match records::load::<MappingRecord>(ledger, &key).await? {
            Loaded::Absent => return Ok(None),
            Loaded::Foreign => return Err(MappingError::Newer(text.to_owned())),
            Loaded::Known(stored) => *stored,
        };
        if stored.value.removed {
            return Ok(None);
        }
        stored.value.remember();
        stored.value.removed = true;
        let mapping = &mut stored.value.mapping;
        (mapping.version, mapping.set_at, mapping.set_by) = (mapping.version + 1, Some(now), by.to_owned());
        let MappingRecord { mapping, past, .. } = stored.value.clone();
        let row = InForce { reach: place.reach.clone(), mapping, past };
        match commit(ledger, place, vec![(stored.into_write(now), &row.mapping, true)], now).await {
            Ok(()) => return Ok(Some(row)),
            Err(MappingError::Ledger(LedgerError::Conflict)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Whether such a mapping is in force.
///
/// # Errors
/// The ledger does not answer, or a newer version of this code wrote it.
pub async fn is_set(
    ledger: &dyn Ledger,
    place: &Place,
    (text, how): (&str, How),
) -> Result<bool, MappingError> {
    let key = ItemKey::carrier_mapping(&place.merchant, &place.reach.to_string(), &how.key(text));
    match records::load::<MappingRecord>(ledger, &key).await? {
        Loaded::Absent => Ok(false),
        Loaded::Foreign => Err(MappingError::Newer(text.to_owned())),
        Loaded::Known(stored) => Ok(!stored.value.removed),
    }
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
        .filter_map(|record| {
            Some(InForce { reach: Reach::parse(&record.scope)?, mapping: record.mapping, past: record.past })
        })
        .filter(|row| only.is_none_or(|reach| *reach == row.reach))
        .collect();
    all.sort_by_key(|row| (row.reach.clone(), row.mapping.key()));
    Ok(all)
}

#[cfg(test)]
mod tests;
