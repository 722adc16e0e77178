//! Which mappings may decide for a carrier text.

use std::collections::BTreeMap;

use carriers::{How, Mapping, Scope};
use domain::connection::Connection;
use domain::keys::ItemKey;
use futures::future::try_join_all;
use ports::{Ledger, LedgerError};

use super::head::{Head, MappingCache, ScopeHead};
use super::{MappingRecord, Reach};
use crate::records::{self, Loaded};

/// A change of one reach's mappings that is not stored, laid over those that are: to see what it would do.
#[derive(Clone, Debug)]
pub struct Overlay {
    reach: Reach,
    /// By key; none where the stored one is taken out.
    by_key: BTreeMap<String, Option<Mapping>>,
    /// Those of them that every text is compared with.
    patterns: Vec<Mapping>,
}

impl Overlay {
    /// Lays these over the stored ones of `reach`; of equal texts the last counts.
    #[must_use]
    pub fn new(reach: Reach, mappings: impl IntoIterator<Item = Mapping>) -> Self {
        let by_key: BTreeMap<_, _> = mappings.into_iter().map(|m| (m.key(), Some(m))).collect();
        let patterns = by_key.values().flatten().filter(|m| m.how == How::Pattern).cloned().collect();
        Self { reach, by_key, patterns }
    }

    /// Takes the stored mapping of this text out.
    #[must_use]
    pub fn without(reach: Reach, text: &str, how: How) -> Self {
        Self { reach, by_key: [(how.key(text), None)].into(), patterns: Vec::new() }
    }

    /// Whether it says something of this key, be it that nothing stands there any more.
    fn covers(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }
}

/// Finds the mappings that may decide for a carrier text, in order of precedence.
///
/// The account's, then the marketplace's, then those of the account's profile; inside each as the keys of
/// [`carriers::lookup_keys`] stand, patterns last. A mapping that this code cannot read is returned as one of a newer
/// schema: resolution then asks the merchant, instead of deciding by a rule behind it.
///
/// # Errors
/// The ledger does not answer.
pub async fn lookup(
    ledger: &dyn Ledger,
    cache: &MappingCache,
    connection: &Connection,
    (text, service): (Option<&str>, Option<&str>),
    overlay: Option<&Overlay>,
) -> Result<Vec<(Scope, Mapping)>, LedgerError> {
    let merchant = &connection.account.merchant;
    let key = ItemKey::carrier_mappings_head(merchant);
    let (version, scopes) = match records::load::<Head>(ledger, &key).await? {
        Loaded::Known(head) => (head.value.version, head.value.scopes),
        Loaded::Absent => (0, BTreeMap::new()),
        Loaded::Foreign => return Ok(vec![(Scope::Account, unreadable(text.unwrap_or_default()))]),
    };
    let keys = carriers::lookup_keys(text, service);
    let none = ScopeHead::default();
    let mut found = Vec::new();
    for reach in Reach::of(connection) {
        let scope = reach.to_string();
        let head = scopes.get(&scope).unwrap_or(&none);
        let over = overlay.filter(|overlay| overlay.reach == reach);
        let covered = |key: &str| over.is_some_and(|over| over.covers(key));
        let stored = keys
            .iter()
            .filter(|key| if carriers::is_exact_key(key) { head.exact } else { head.folded })
            .filter(|key| !covered(key));
        let stored = try_join_all(stored.map(|key| async {
            let read = |body: &str| in_force(body, key);
            let item = ItemKey::carrier_mapping(merchant, &scope, key);
            let mapping = cache.get(ledger, (merchant, version), item, read).await?;
            Ok::<_, LedgerError>(mapping.map(|mapping| (key.clone(), mapping)))
        }));
        let mut by_key: BTreeMap<String, Mapping> = stored.await?.into_iter().flatten().collect();
        let laid_over = |key: &String| Some((key.clone(), over?.by_key.get(key)?.clone()?));
        by_key.extend(keys.iter().filter_map(laid_over));
        found.extend(keys.iter().filter_map(|key| by_key.remove(key)).map(|m| (reach.scope(), m)));
        let patterns = head.patterns.iter().filter(|known| !covered(&known.key()));
        let patterns = patterns.chain(over.into_iter().flat_map(|over| &over.patterns));
        let matching = carriers::matching(patterns, text, service);
        found.extend(matching.into_iter().map(|m| (reach.scope(), m.clone())));
    }
    Ok(found)
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
        how: How::Folded,
        code: String::new(),
        name: None,
        service: None,
        unlisted: false,
        set_at: None,
        set_by: String::new(),
        version: 0,
        unknown: BTreeMap::new(),
    }
}
