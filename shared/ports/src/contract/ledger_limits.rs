//! Long answers and large items.

use std::collections::BTreeMap;

use super::ledger::{item, key, put, unreachable};
use crate::{Expect, Item, ItemKey, Ledger, LedgerError, Page, Table};

pub(super) async fn run(ledger: &dyn Ledger) {
    reads_long_partitions(ledger).await;
    reads_whole_tables(ledger).await;
    refuses_what_is_too_large(ledger).await;
}

/// A JSON object of about `bytes`.
fn body(bytes: usize) -> String {
    format!(r#"{{"fill":"{}"}}"#, "x".repeat(bytes.saturating_sub(11)))
}

async fn store(ledger: &dyn Ledger, item: Item) {
    ledger.commit(vec![put(item, Expect::Absent)]).await.unwrap_or_else(|e| unreachable(&e));
}

/// More than the megabyte that DynamoDB answers at once, in the order of the sort keys' bytes.
async fn reads_long_partitions(ledger: &dyn Ledger) {
    let sorted = ["A", "O", "P#1", "P#10", "P#2", "P#é", "Z", "a"];
    for sk in ["P#2", "a", "O", "P#é", "Z", "P#10", "A", "P#1"] {
        store(ledger, item(key(Table::Orders, "long", sk), body(200_000))).await;
    }
    // Partitions whose names begin alike are others.
    store(ledger, item(key(Table::Orders, "longer", "P"), "{}")).await;
    store(ledger, item(key(Table::Orders, "lon", "P"), "{}")).await;
    let found = ledger.query(Table::Orders, "contract#long").await.unwrap_or_else(|e| unreachable(&e));
    let keys: Vec<&str> = found.iter().map(|i| i.key.sk.as_str()).collect();
    assert_eq!(keys, sorted, "all of a partition, in order");
    assert!(found.iter().all(|i| i.body.len() == body(200_000).len()), "and all of every item");
    assert_eq!(ledger.query(Table::Orders, "contract#none").await, Ok(Vec::new()), "an empty partition");
    assert_eq!(ledger.query(Table::Deliveries, "contract#long").await, Ok(Vec::new()), "another table");
}

/// Every item of a table comes once, whatever the parts.
async fn reads_whole_tables(ledger: &dyn Ledger) {
    for n in 0..120 {
        let key = key(Table::CarrierMappings, &format!("scan-{}", n % 7), format!("{n}"));
        let large = if n % 20 == 0 { 200_000 } else { 20 };
        store(ledger, item(key, body(large))).await;
    }
    let mut seen: BTreeMap<ItemKey, u32> = BTreeMap::new();
    let mut page = None;
    loop {
        let answer: Result<Page<Item>, LedgerError> = ledger.scan(Table::CarrierMappings, page).await;
        let Page { rows, next } = answer.unwrap_or_else(|e| unreachable(&e));
        for row in rows.into_iter().filter(|row| row.key.pk.starts_with("contract#scan-")) {
            *seen.entry(row.key).or_default() += 1;
        }
        page = next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 120, "every item of the table");
    assert!(seen.values().all(|times| *times == 1), "each once");
}

async fn refuses_what_is_too_large(ledger: &dyn Ledger) {
    let large = item(key(Table::Orders, "large", "1"), body(400 * 1024));
    let small = item(key(Table::Orders, "large", "2"), "{}");
    for (what, writes) in [
        ("alone", vec![put(large.clone(), Expect::Absent)]),
        ("in company", vec![put(small.clone(), Expect::Absent), put(large.clone(), Expect::Absent)]),
    ] {
        let answer = ledger.commit(writes).await;
        assert!(
            matches!(answer, Err(LedgerError::TooLarge(size)) if size > 400 * 1024),
            "{what}: {answer:?}"
        );
    }
    let stored = ledger.query(Table::Orders, "contract#large").await;
    assert_eq!(stored, Ok(Vec::new()), "nothing of it is written");
    let fits = item(key(Table::Orders, "large", "3"), body(390 * 1024));
    store(ledger, fits.clone()).await;
    let stored = ledger.get(&fits.key).await.map(|i| i.map(|i| i.body.len()));
    assert_eq!(stored, Ok(Some(fits.body.len())), "what is just small enough is stored whole");
}
