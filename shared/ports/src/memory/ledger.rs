//! The ledger in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;

use super::lock;
use crate::ledger::Hint;
use crate::{Expect, Item, ItemKey, Ledger, LedgerError, Page, Table, Write};

/// DynamoDB's limit of one item.
const MAX_ITEM: usize = 400 * 1024;
/// Rows of a page; small, so that paging is exercised.
const PAGE: usize = 50;

/// All tables in one map.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<BTreeMap<ItemKey, Item>>);

impl MemoryLedger {
    /// Every item, for looking at in tests.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        lock(&self.0).values().cloned().collect()
    }

    /// Forgets what has expired, as the table's time to live does.
    pub fn expire(&self, now: Timestamp) {
        lock(&self.0).retain(|_, item| item.expires_at.is_none_or(|at| at > now));
    }
}

fn holds(stored: Option<&Item>, expect: Expect) -> bool {
    match expect {
        Expect::Anything => true,
        Expect::Absent => stored.is_none(),
        Expect::Version(version) => stored.is_some_and(|item| item.version == version),
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        Ok(lock(&self.0).get(key).cloned())
    }

    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        let all = lock(&self.0);
        let first = ItemKey { table, pk: pk.to_owned(), sk: String::new() };
        let found = all.range(first..).take_while(|(key, _)| key.table == table && key.pk == pk);
        Ok(found.map(|(_, item)| item.clone()).collect())
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        let mut all = lock(&self.0);
        for write in &writes {
            let (key, expect) = match write {
                Write::Put { item, expect } => {
                    let bytes = item.body.len() + item.key.pk.len() + item.key.sk.len();
                    if bytes > MAX_ITEM {
                        return Err(LedgerError::TooLarge(bytes));
                    }
                    (&item.key, *expect)
                }
                Write::Delete { key, expect } | Write::Check { key, expect } => (key, *expect),
            };
            if !holds(all.get(key), expect) {
                return Err(LedgerError::Conflict);
            }
        }
        for write in writes {
            match write {
                Write::Put { mut item, expect } => {
                    item.version = match expect {
                        Expect::Version(version) => version + 1,
                        Expect::Absent | Expect::Anything => 1,
                    };
                    all.insert(item.key.clone(), item);
                }
                Write::Delete { key, .. } => {
                    all.remove(&key);
                }
                Write::Check { .. } => {}
            }
        }
        Ok(())
    }

    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        let all = lock(&self.0);
        let mut hits: Vec<Hint> = all
            .values()
            .filter_map(|item| item.due.as_ref().map(|due| (item, due)))
            .filter(|(item, due)| item.key.table == Table::Orders && due.lane == lane && due.at <= until)
            .map(|(item, due)| Hint { key: item.key.clone(), at: due.at })
            .collect();
        hits.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        hits.truncate(limit);
        Ok(hits)
    }

    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        let all = lock(&self.0);
        let hits = all
            .values()
            .filter(|item| item.key.table == table && item.attention.as_deref() == Some(lane))
            .map(|item| Hint { key: item.key.clone(), at: Timestamp::UNIX_EPOCH });
        Ok(paged(hits, |hint| &hint.key, page.as_deref()))
    }

    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        let all = lock(&self.0);
        let rows = all.values().filter(|item| item.key.table == table).cloned();
        Ok(paged(rows, |item| &item.key, page.as_deref()))
    }
}

/// A page of rows that are in order of their keys. It begins behind a key, as DynamoDB's do: what goes meanwhile moves
/// no other row.
fn paged<T>(rows: impl Iterator<Item = T>, key: impl Fn(&T) -> &ItemKey, page: Option<&str>) -> Page<T> {
    let name = |row: &T| format!("{}\n{}", key(row).pk, key(row).sk);
    let after = page.and_then(|page| page.split_once('\n'));
    let is_later = |row: &T| after.is_none_or(|after| (key(row).pk.as_str(), key(row).sk.as_str()) > after);
    let mut rows: Vec<T> = rows.filter(is_later).take(PAGE + 1).collect();
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(name);
    Page { rows, next }
}
