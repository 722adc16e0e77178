//! Files and disks that fail.

use std::time::Duration;

use jiff::Timestamp;
use ports::{Expect, Ledger, LedgerError, Queue, QueueError, QueueName, Write};

use super::{clock, item};
use crate::embedded::{DataDir, trouble};

/// Sends until the file may grow no more, and returns what was stored and what was said.
async fn fill(queue: &crate::embedded::LocalQueue) -> (u64, String) {
    for stored in 0..10_000 {
        let body = format!("{stored} {}", "x".repeat(2000));
        match queue.send(QueueName::Inbound, &body, Duration::ZERO).await {
            Ok(()) => {}
            Err(QueueError::Unavailable(words)) => return (stored, words),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never full");
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let queue = dir.queue(clock(), 3).unwrap();
    queue.limit_pages(200).await;
    let (stored, words) = fill(&queue).await;
    assert!(stored > 10 && words.contains("full") && words.contains("queue.db"), "{stored}: {words}");
    assert!(!words.contains("xxx"), "{words}");
    queue.limit_pages(100_000).await;
    queue.send(QueueName::Inbound, "room again", Duration::ZERO).await.unwrap();
    let all = queue.receive(QueueName::Inbound, usize::MAX, Duration::ZERO).await.unwrap();
    assert_eq!(all.len() as u64, stored + 1, "what was acknowledged, and what came after");
}

#[tokio::test]
async fn a_file_locked_for_good_is_told() {
    let place = tempfile::tempdir().unwrap();
    let queue = DataDir::open(place.path()).unwrap().queue(clock(), 3).unwrap();
    queue.limit_patience(Duration::from_millis(20)).await;
    let other = rusqlite::Connection::open(place.path().join("queue.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = queue.send(QueueName::Inbound, "{}", Duration::ZERO).await;
    let Err(QueueError::Unavailable(words)) = refused else { panic!("{refused:?}") };
    assert!(words.contains("queue.db is locked by another process"), "{words}");
    other.execute_batch("ROLLBACK").unwrap();
    queue.send(QueueName::Inbound, "{}", Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let garbage = "not a database at all ".repeat(500);
    for name in ["ledger.db", "queue.db", "mail.db"] {
        std::fs::write(place.path().join(name), &garbage).unwrap();
        let error = match name {
            "ledger.db" => dir.database().await.map(drop).unwrap_err(),
            "queue.db" => dir.queue(clock(), 3).map(drop).unwrap_err(),
            _ => dir.mailbox(clock(), None).map(drop).unwrap_err(),
        };
        let words = format!("{error:#}");
        assert!(words.contains(name) && words.contains("restore it from a backup"), "{words}");
        assert_eq!(std::fs::read_to_string(place.path().join(name)).unwrap(), garbage);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_told() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    for name in ["ledger.db", "queue.db"] {
        std::fs::create_dir(place.path().join(name)).unwrap();
    }
    for error in [dir.database().await.map(drop).unwrap_err(), dir.queue(clock(), 3).map(drop).unwrap_err()] {
        let words = format!("{error:#}");
        assert!(words.contains("cannot be written: check its owner and permissions"), "{words}");
    }
}

#[tokio::test]
async fn a_database_that_breaks_while_open_is_told_with_its_path() {
    let place = tempfile::tempdir().unwrap();
    let ledger = DataDir::open(place.path()).unwrap().database().await.unwrap().ledger();
    let other = rusqlite::Connection::open(place.path().join("ledger.db")).unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%orders%'";
    let tables: Vec<String> =
        other.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        other.execute_batch(&format!("DROP TABLE IF EXISTS \"{table}\"")).unwrap();
    }
    let write = Write::Put { item: item("canary", "s", "{}"), expect: Expect::Absent };
    let failed = ledger.commit(vec![write]).await;
    let Err(LedgerError::Unavailable(words)) = failed else { panic!("{failed:?}") };
    assert!(words.contains("ledger.db") && !words.contains("canary"), "{words}");
}

#[test]
fn the_engines_words_are_understood() {
    let path = std::path::Path::new("d/ledger.db");
    for (text, want) in [
        ("backend: database is locked or busy", "locked by another process"),
        ("backend: database or disk is full", "full: make room"),
        ("backend: attempt to write a readonly database", "check its owner"),
        ("Internal error: unable to open database file: x", "check its owner"),
        ("backend: I/O error: disk I/O error", "fails"),
        ("backend: not a valid database", "restore it from a backup"),
        ("backend: database disk image is malformed", "restore it from a backup"),
        ("something new", "d/ledger.db: something new"),
    ] {
        let words = trouble::told(path, text);
        assert!(words.contains(want) && words.contains("d/ledger.db") && words.contains(text), "{words}");
    }
}

#[tokio::test]
async fn what_has_expired_is_swept() {
    let place = tempfile::tempdir().unwrap();
    let database = DataDir::open(place.path()).unwrap().database().await.unwrap();
    let ledger = database.ledger();
    let store = async |name: &str, end: Option<Timestamp>| {
        let mut stored = item("sweep", name, "{}");
        stored.expires_at = end;
        ledger.commit(vec![Write::Put { item: stored, expect: Expect::Absent }]).await.unwrap();
    };
    store("past", Some(Timestamp::from_second(1_700_000_000).unwrap())).await;
    store("future", Some(Timestamp::from_second(32_000_000_000).unwrap())).await;
    store("never", None).await;
    assert_eq!(database.sweep_ttl().await.unwrap(), 1);
    let left = ledger.query(ports::Table::Orders, "sweep").await.unwrap();
    let left: Vec<&str> = left.iter().map(|i| i.key.sk.as_str()).collect();
    assert_eq!(left, ["future", "never"]);
}

/// The engine never sets how thoroughly it flushes, so SQLite's default must be the thorough one.
#[test]
fn the_default_is_to_flush_fully() {
    let place = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(place.path().join("x.db")).unwrap();
    file.pragma_update(None, "journal_mode", "WAL").unwrap();
    let synchronous: i64 = file.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2);
}
