//! What a merchant's mappings are as a whole: their version, where there are any, and all patterns.
//!
//! Written in the same transaction as every mapping. So one small read tells a worker that nothing changed since it
//! last looked, and spares it the reads of places where nothing was ever set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use carriers::{How, Mapping};
use domain::ids::MerchantId;
use domain::keys::ItemKey;
use ports::{Ledger, LedgerError};
use serde::{Deserialize, Serialize};

use super::MappingError;
use crate::records::{self, Loaded, Record, Stored};

/// Patterns of one scope at most: every text without a mapping of its own is compared with all of them.
pub(super) const MOST_PATTERNS: usize = 200;

/// Mappings a worker remembers at most; past that it forgets all and reads again.
const MOST_REMEMBERED: usize = 4096;

/// One scope's part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ScopeHead {
    /// Letter-by-letter mappings were set here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) exact: bool,
    /// The usual mappings were set here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) folded: bool,
    /// All patterns in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) patterns: Vec<Mapping>,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) schema: u16,
    pub(super) merchant: MerchantId,
    /// Rises with every change of any mapping.
    pub(super) version: u64,
    /// By scope, as a reach is written.
    #[serde(default)]
    pub(super) scopes: BTreeMap<String, ScopeHead>,
}

impl Record for Head {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::carrier_mappings_head(&self.merchant)
    }
}

impl Head {
    /// Whether these can be put in force in one scope, all of them.
    ///
    /// # Errors
    /// There would be a pattern too many.
    pub(super) fn has_room_for(&self, scope: &str, mappings: &[Mapping]) -> Result<(), MappingError> {
        let known = self.scopes.get(scope).map_or(&[][..], |head| head.patterns.as_slice());
        let new = mappings.iter().filter(|mapping| mapping.how == How::Pattern);
        let all: BTreeSet<String> = known.iter().chain(new).map(Mapping::key).collect();
        if all.len() > MOST_PATTERNS { Err(MappingError::TooManyPatterns) } else { Ok(()) }
    }

    /// Notes a mapping that is put in force, or taken out of it.
    ///
    /// # Errors
    /// A pattern too many.
    pub(super) fn note(&mut self, scope: &str, mapping: &Mapping, removed: bool) -> Result<(), MappingError> {
        let head = self.scopes.entry(scope.to_owned()).or_default();
        match mapping.how {
            How::Folded => head.folded = true,
            How::Exact => head.exact = true,
            How::Pattern => {
                head.patterns.retain(|known| known.key() != mapping.key());
                if !removed {
                    if head.patterns.len() >= MOST_PATTERNS {
                        return Err(MappingError::TooManyPatterns);
                    }
                    head.patterns.push(mapping.clone());
                }
            }
        }
        Ok(())
    }
}

/// A merchant's head, to be written back.
pub(super) async fn load(ledger: &dyn Ledger, merchant: &MerchantId) -> Result<Stored<Head>, MappingError> {
    match records::load::<Head>(ledger, &ItemKey::carrier_mappings_head(merchant)).await? {
        Loaded::Known(stored) => Ok(*stored),
        Loaded::Foreign => Err(MappingError::Newer("the mappings".to_owned())),
        Loaded::Absent => Ok(Stored::new(Head {
            schema: Head::SCHEMA,
            merchant: merchant.clone(),
            version: 0,
            scopes: BTreeMap::new(),
        })),
    }
}

/// What a worker remembers of mappings, by the version they were read at. Bounded, whatever a merchant keeps.
#[derive(Debug, Default)]
pub struct MappingCache(Mutex<BTreeMap<MerchantId, Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    version: u64,
    found: BTreeMap<ItemKey, Option<Mapping>>,
}

impl MappingCache {
    /// A mapping as it stands at `version` or later, from memory or from the ledger.
    pub(super) async fn get(
        &self,
        ledger: &dyn Ledger,
        (merchant, version): (&MerchantId, u64),
        key: ItemKey,
        read: impl Fn(&str) -> Option<Mapping>,
    ) -> Result<Option<Mapping>, LedgerError> {
        if let Some(known) = self.known(merchant, version, &key) {
            return Ok(known);
        }
        let mapping = ledger.get(&key).await?.and_then(|item| read(&item.body));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(|of| of.found.len().max(1)).sum::<usize>() >= MOST_REMEMBERED {
            known.clear();
        }
        let of = known.entry(merchant.clone()).or_default();
        if of.version < version {
            *of = Remembered { version, found: BTreeMap::new() };
        }
        // Somebody else may have seen a later version meanwhile: this may be older than that.
        if of.version == version {
            of.found.insert(key, mapping.clone());
        }
        Ok(mapping)
    }

    fn known(&self, merchant: &MerchantId, version: u64, key: &ItemKey) -> Option<Option<Mapping>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(merchant).filter(|of| of.version == version)?.found.get(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use ports::memory::MemoryLedger;

    use super::*;

    fn remembered(cache: &MappingCache) -> usize {
        cache.0.lock().unwrap().values().map(|of| of.found.len()).sum()
    }

    /// Asks for `many` keys of a merchant, as workers do for as many carrier texts.
    fn ask(cache: &MappingCache, merchant: &str, version: u64, many: usize) {
        let ledger = MemoryLedger::default();
        let merchant = MerchantId::try_from(merchant).unwrap();
        for n in 0..many {
            let key = ItemKey::carrier_mapping(&merchant, "account:us", &format!("carrier {n}"));
            let got = block_on(cache.get(&ledger, (&merchant, version), key, |_| None)).unwrap();
            assert_eq!(got, None);
            assert!(remembered(cache) <= MOST_REMEMBERED, "after {n} of {merchant}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_however_many_texts_and_merchants_there_are() {
        let cache = MappingCache::default();
        ask(&cache, "one", 1, 3 * MOST_REMEMBERED);
        assert!(remembered(&cache) > MOST_REMEMBERED / 2, "it does remember");
        for n in 0..2 * MOST_REMEMBERED {
            ask(&cache, &format!("m{n}"), 1, 1);
        }
        assert!(cache.0.lock().unwrap().len() <= MOST_REMEMBERED);
    }

    #[test]
    fn a_new_version_forgets_the_one_before_and_an_old_one_is_not_remembered() {
        let cache = MappingCache::default();
        ask(&cache, "m", 1, 100);
        ask(&cache, "m", 2, 3);
        assert_eq!(remembered(&cache), 3);
        ask(&cache, "m", 1, 50);
        assert_eq!(remembered(&cache), 3);
    }
}
