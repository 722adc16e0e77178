//! The two indexes: what is due, what needs a person.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ledger::{at, item, key, put, unreachable};
use crate::ledger::{Due, Hint};
use crate::{Expect, Item, ItemKey, Ledger, LedgerError, Page, Table, Write};

pub(super) async fn run(ledger: &dyn Ledger) {
    finds_what_is_due(ledger).await;
    for table in [Table::Orders, Table::Deliveries] {
        finds_what_needs_a_person(ledger, table).await;
    }
}

fn due(name: &str, lane: &str, when: Timestamp) -> Item {
    let mut due = item(key(Table::Orders, "due", name), "{}");
    due.due = Some(Due { lane: lane.to_owned(), at: when });
    due
}

async fn store(ledger: &dyn Ledger, item: Item, expect: Expect) {
    ledger.commit(vec![put(item, expect)]).await.unwrap_or_else(|e| unreachable(&e));
}

async fn hits(ledger: &dyn Ledger, lane: &str, until: Timestamp, limit: usize) -> Vec<(String, Timestamp)> {
    let hints = ledger.due(lane, until, limit).await.unwrap_or_else(|e| unreachable(&e));
    hints.into_iter().map(|Hint { key, at }| (key.sk, at)).collect()
}

async fn finds_what_is_due(ledger: &dyn Ledger) {
    let noon = at("2026-05-01T12:00:00Z");
    let after = |millis: i64| noon.saturating_add(SignedDuration::from_millis(millis)).unwrap_or(noon);
    // Stored in no order; fractions of different length, which must not sort as texts of different length do.
    for (name, millis) in [("c", 1500), ("a", 0), ("e", 60_000), ("b", 1000), ("d", 1501)] {
        store(ledger, due(name, "contract-lane", after(millis)), Expect::Absent).await;
    }
    store(ledger, due("elsewhere", "contract-other", noon), Expect::Absent).await;
    let mut not_an_order = due("x", "contract-lane", noon);
    not_an_order.key.table = Table::Connections;
    store(ledger, not_an_order, Expect::Absent).await;

    let all = [("a", 0), ("b", 1000), ("c", 1500), ("d", 1501), ("e", 60_000)];
    let all: Vec<(String, Timestamp)> = all.map(|(name, millis)| (name.to_owned(), after(millis))).to_vec();
    let first = |n: usize| all.iter().take(n).cloned().collect::<Vec<_>>();
    for (millis, limit, want) in [
        (-1, 10, 0),
        (0, 10, 1),
        (1499, 10, 2),
        (1500, 10, 3),
        (60_000, 10, 5),
        (60_000, 2, 2),
        (60_000, 0, 0),
    ] {
        let got = hits(ledger, "contract-lane", after(millis), limit).await;
        assert_eq!(got, first(want), "due {millis} ms after noon, at most {limit}");
    }
    assert_eq!(hits(ledger, "contract-none", after(60_000), 10).await, [], "an empty lane");

    store(ledger, due("a", "contract-lane", after(2000)), Expect::Version(1)).await;
    let mut done = due("b", "contract-lane", noon);
    done.due = None;
    store(ledger, done, Expect::Version(1)).await;
    store(ledger, due("c", "contract-other", after(1)), Expect::Version(1)).await;
    let gone = due("d", "contract-lane", noon).key;
    let delete = Write::Delete { key: gone, expect: Expect::Version(1) };
    assert_eq!(ledger.commit(vec![delete]).await, Ok(()));
    let moved = [("a".to_owned(), after(2000)), ("e".to_owned(), after(60_000))];
    assert_eq!(hits(ledger, "contract-lane", after(60_000), 10).await, moved, "moved, done and deleted");
    let other = hits(ledger, "contract-other", after(60_000), 10).await;
    assert_eq!(other, [("elsewhere".to_owned(), noon), ("c".to_owned(), after(1))], "moved between lanes");

    let many: Vec<Write> = (0..100)
        .map(|n| put(due(&format!("many-{n:03}"), "contract-many", after(n)), Expect::Absent))
        .collect();
    assert_eq!(ledger.commit(many).await, Ok(()));
    let got = hits(ledger, "contract-many", after(1_000_000), 1000).await;
    assert!(got.is_sorted_by_key(|(_, at)| *at) && got.len() == 100, "all hundred, soonest first: {got:?}");
}

async fn every_hint(ledger: &dyn Ledger, table: Table, lane: &str) -> Vec<ItemKey> {
    let (mut found, mut page) = (Vec::new(), None);
    loop {
        let Page { rows, next } =
            ledger.attention(table, lane, page).await.unwrap_or_else(|e: LedgerError| unreachable(&e));
        found.extend(rows.into_iter().map(|hint| hint.key));
        page = next;
        if page.is_none() {
            return found;
        }
    }
}

async fn finds_what_needs_a_person(ledger: &dyn Ledger, table: Table) {
    const LANE: &str = "contract-ask";
    let asking = |n: u32, lane: &str| {
        // Many in one partition and many partitions: the index must tell all of them apart.
        let mut asking = item(key(table, &format!("ask-{}", n % 40), format!("P#{n}")), "{}");
        asking.attention = Some(lane.to_owned());
        asking
    };
    assert_eq!(every_hint(ledger, table, LANE).await, [], "nobody is asked yet");
    for n in 0..120 {
        store(ledger, asking(n, LANE), Expect::Absent).await;
    }
    store(ledger, asking(500, "contract-ask-2"), Expect::Absent).await;
    let found = every_hint(ledger, table, LANE).await;
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    let want: BTreeSet<_> = (0..120).map(|n| asking(n, LANE).key).collect();
    assert_eq!(unique, want, "every item of the lane, no other, and none of another table");
    assert_eq!(found.len(), want.len(), "each once");

    let mut answered = asking(7, LANE);
    answered.attention = None;
    store(ledger, answered, Expect::Version(1)).await;
    let delete = Write::Delete { key: asking(8, LANE).key, expect: Expect::Anything };
    assert_eq!(ledger.commit(vec![delete]).await, Ok(()));
    let left: BTreeSet<_> = every_hint(ledger, table, LANE).await.into_iter().collect();
    let want: BTreeSet<_> = (0..120).filter(|n| ![7, 8].contains(n)).map(|n| asking(n, LANE).key).collect();
    assert_eq!(left, want, "who was answered is asked no more");
}
