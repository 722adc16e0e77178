//! Items: stored, read, conditional, counted, all or nothing.

use domain::ids::{Account, ConnectionId, MerchantId, StoreOrderId, StoreOrderRef};

use super::{Task, together};
use crate::ledger::Due;
use crate::{Expect, Item, ItemKey, Ledger, LedgerError, Table, Write};

pub(super) async fn run(ledger: &dyn Ledger) {
    reads_what_was_stored(ledger).await;
    keeps_conditions(ledger).await;
    counts_versions(ledger).await;
    writes_all_or_nothing(ledger).await;
    tells_odd_ids_apart(ledger).await;
    loses_no_increment(ledger).await;
}

/// A key that only the check `name` uses.
pub(super) fn key(table: Table, name: &str, sk: impl Into<String>) -> ItemKey {
    ItemKey { table, pk: format!("contract#{name}"), sk: sk.into() }
}

/// A plain item.
pub(super) fn item(key: ItemKey, body: impl Into<String>) -> Item {
    Item { key, version: 0, body: body.into(), due: None, attention: None, expires_at: None }
}

pub(super) fn put(item: Item, expect: Expect) -> Write {
    Write::Put { item, expect }
}

async fn version(ledger: &dyn Ledger, key: &ItemKey) -> Option<u64> {
    ledger.get(key).await.map(|stored| stored.map(|i| i.version)).unwrap_or_else(|e| unreachable(&e))
}

/// Ends the check: the store under test must be in reach.
#[expect(clippy::panic, reason = "a contract check fails by panicking")]
pub(super) fn unreachable(error: &LedgerError) -> ! {
    panic!("the ledger failed where it must not: {error}")
}

async fn reads_what_was_stored(ledger: &dyn Ledger) {
    for table in Table::ALL {
        let key = key(table, "read", "O");
        assert_eq!(ledger.get(&key).await, Ok(None), "{table:?}: nothing was stored yet");
        let mut stored = item(key.clone(), r#"{"schema":1,"text":"é ✓ \u0000 \"'`"}"#);
        stored.due = Some(Due { lane: "contract-read".into(), at: at("2026-03-01T08:00:00.000000001Z") });
        stored.attention = Some("contract-read".into());
        stored.expires_at = Some(at("2031-01-02T03:04:05Z"));
        assert_eq!(ledger.commit(vec![put(stored.clone(), Expect::Absent)]).await, Ok(()), "{table:?}");
        stored.version = 1;
        assert_eq!(ledger.get(&key).await, Ok(Some(stored.clone())), "{table:?}: every field comes back");

        let plain = item(key.clone(), "{}");
        assert_eq!(ledger.commit(vec![put(plain.clone(), Expect::Version(1))]).await, Ok(()), "{table:?}");
        let replaced = Item { version: 2, ..plain };
        assert_eq!(ledger.get(&key).await, Ok(Some(replaced)), "{table:?}: a put replaces the whole item");
    }
    let same_pk = key(Table::Orders, "read", "O");
    assert_eq!(
        ledger.commit(vec![Write::Delete { key: same_pk.clone(), expect: Expect::Anything }]).await,
        Ok(())
    );
    let other = ItemKey { table: Table::Deliveries, ..same_pk };
    assert_eq!(version(ledger, &other).await, Some(2), "tables are apart");
}

pub(super) fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Every condition against every state, for every kind of write, alone and in company.
async fn keeps_conditions(ledger: &dyn Ledger) {
    let mut number = 0;
    for stored in [None, Some(1), Some(2)] {
        for (expect, holds) in [
            (Expect::Anything, true),
            (Expect::Absent, stored.is_none()),
            (Expect::Version(1), stored == Some(1)),
            (Expect::Version(2), stored == Some(2)),
        ] {
            for kind in ["put", "delete", "check"] {
                for company in [false, true] {
                    number += 1;
                    let key = key(Table::Orders, "conditions", format!("{number}"));
                    for seen in 0..stored.unwrap_or(0) {
                        let expect = if seen == 0 { Expect::Absent } else { Expect::Version(seen) };
                        assert_eq!(ledger.commit(vec![put(item(key.clone(), "{}"), expect)]).await, Ok(()));
                    }
                    let what = format!("{kind} with {expect:?} on {stored:?}, in company: {company}");
                    let mut writes = vec![match kind {
                        "put" => put(item(key.clone(), r#"{"new":true}"#), expect),
                        "delete" => Write::Delete { key: key.clone(), expect },
                        _ => Write::Check { key: key.clone(), expect },
                    }];
                    if company {
                        let other = item(ItemKey { sk: format!("{number}b"), ..key.clone() }, "{}");
                        writes.push(put(other, Expect::Absent));
                    }
                    let want = if holds { Ok(()) } else { Err(LedgerError::Conflict) };
                    assert_eq!(ledger.commit(writes).await, want, "{what}");
                    let after = match (holds, kind, expect) {
                        (true, "put", Expect::Version(v)) => Some(v + 1),
                        (true, "put", _) => Some(1),
                        (true, "delete", _) => None,
                        _ => stored,
                    };
                    assert_eq!(version(ledger, &key).await, after, "{what}: what stands there afterwards");
                }
            }
        }
    }
}

async fn counts_versions(ledger: &dyn Ledger) {
    let key = key(Table::Connections, "versions", "O");
    let mut given = item(key.clone(), "{}");
    given.version = 77; // ignored: the condition says which version comes next
    assert_eq!(ledger.commit(vec![put(given.clone(), Expect::Absent)]).await, Ok(()));
    for seen in 1..=12 {
        assert_eq!(version(ledger, &key).await, Some(seen), "rises by one with every write");
        assert_eq!(ledger.commit(vec![put(given.clone(), Expect::Version(seen))]).await, Ok(()));
        let late = ledger.commit(vec![put(given.clone(), Expect::Version(seen))]).await;
        assert_eq!(late, Err(LedgerError::Conflict), "a version is spent once");
    }
    assert_eq!(ledger.commit(vec![put(given, Expect::Anything)]).await, Ok(()));
    assert_eq!(version(ledger, &key).await, Some(1), "a write whatever stands there starts anew");
}

async fn writes_all_or_nothing(ledger: &dyn Ledger) {
    let first = item(key(Table::Orders, "all", "1"), "{}");
    let second = item(key(Table::Deliveries, "all", "2"), "{}");
    let third = key(Table::RateLimits, "all", "3");
    assert_eq!(ledger.commit(Vec::new()).await, Ok(()), "nothing to write is no failure");
    let both = |check| {
        vec![
            put(first.clone(), Expect::Absent),
            put(second.clone(), Expect::Absent),
            Write::Check { key: third.clone(), expect: check },
        ]
    };
    assert_eq!(ledger.commit(both(Expect::Version(1))).await, Err(LedgerError::Conflict));
    assert_eq!(version(ledger, &first.key).await, None, "nothing of a failed commit is written");
    assert_eq!(version(ledger, &second.key).await, None, "nothing of a failed commit is written");
    assert_eq!(ledger.commit(both(Expect::Absent)).await, Ok(()));
    assert_eq!(version(ledger, &first.key).await, Some(1), "all of a commit is written");
    assert_eq!(version(ledger, &second.key).await, Some(1), "all of a commit is written");
    assert_eq!(version(ledger, &third).await, None, "a check writes nothing");
    assert_eq!(ledger.commit(both(Expect::Absent)).await, Err(LedgerError::Conflict), "not twice");

    let hundred = (0..100)
        .map(|n| put(item(key(Table::Orders, "hundred", format!("{n:03}")), "{}"), Expect::Absent))
        .collect();
    assert_eq!(ledger.commit(hundred).await, Ok(()), "a hundred writes are one commit");
    let stored = ledger.query(Table::Orders, "contract#hundred").await.unwrap_or_else(|e| unreachable(&e));
    assert_eq!(stored.len(), 100);
}

/// Ids as people and shops write them, through the keys that production uses.
async fn tells_odd_ids_apart(ledger: &dyn Ledger) {
    let odd =
        ["#1001", "1001", "%231001", "a/b", "a#b", "a b", "ü", "u\u{308}", "🧦", "'\"`;--", "{}", ":v", "\\"];
    let account = |merchant: &str| {
        let merchant = MerchantId::try_from(merchant).ok()?;
        Some(Account::new(merchant, ConnectionId::try_from("shop").ok()?))
    };
    let longest = "9".repeat(128);
    let mut keys = Vec::new();
    for id in odd.into_iter().chain([longest.as_str()]) {
        for merchant in ["contract", "contract/shop"] {
            if let (Some(account), Ok(order)) = (account(merchant), StoreOrderId::try_from(id)) {
                keys.push((
                    ItemKey::store_order(&StoreOrderRef { account, order }),
                    format!("{merchant} {id}"),
                ));
            }
        }
    }
    assert_eq!(keys.len(), 28, "all of these are ids");
    for (key, text) in &keys {
        let body = serde_json::json!({ "text": text }).to_string();
        assert_eq!(ledger.commit(vec![put(item(key.clone(), body), Expect::Absent)]).await, Ok(()), "{text}");
    }
    for (key, text) in &keys {
        let body = serde_json::json!({ "text": text }).to_string();
        let stored = ledger.get(key).await.map(|i| i.map(|i| i.body));
        assert_eq!(stored, Ok(Some(body.clone())), "{text}");
        let partition = ledger.query(Table::Orders, &key.pk).await;
        let partition = partition.map(|items| items.into_iter().map(|i| i.body).collect::<Vec<_>>());
        assert_eq!(partition, Ok(vec![body]), "{text}");
    }
}

/// Many writers of one item: whoever conflicts loads again; no increment is lost.
async fn loses_no_increment(ledger: &dyn Ledger) {
    const WRITERS: u64 = 8;
    const EACH: u64 = 5;
    let key = key(Table::RateLimits, "increments", "O");
    let writer = || -> Task<'_, ()> { Box::pin(increments(ledger, &key, EACH)) };
    together((0..WRITERS).map(|_| writer()).collect()).await;
    let stored = ledger.get(&key).await.unwrap_or_else(|e| unreachable(&e));
    let stored = stored.map(|i| (i.version, i.body));
    assert_eq!(stored, Some((WRITERS * EACH, format!("{}", WRITERS * EACH))), "no increment is lost");
}

async fn increments(ledger: &dyn Ledger, key: &ItemKey, times: u64) {
    let mut done = 0;
    while done < times {
        let stored = ledger.get(key).await.unwrap_or_else(|e| unreachable(&e));
        let (expect, count) = stored.map_or((Expect::Absent, 0), |i| {
            (Expect::Version(i.version), i.body.parse::<u64>().unwrap_or(0))
        });
        // A number is not a JSON object, but as opaque to a ledger as any body.
        match ledger.commit(vec![put(item(key.clone(), format!("{}", count + 1)), expect)]).await {
            Ok(()) => done += 1,
            Err(LedgerError::Conflict) => {}
            Err(error) => unreachable(&error),
        }
    }
}
