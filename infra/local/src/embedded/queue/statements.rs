//! The queue's statements. Each runs within a transaction of the writer's; times are microseconds since 1970.

use jiff::Timestamp;
use ports::QueueName;
use rusqlite::{Connection, Result, Row, named_params};

#[cfg(test)]
use super::DeadLetter;
use super::{Counts, Receipt, Received};

/// Ids are never used twice, so that an old receipt cannot fit a new message.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        receives INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS messages_by_time ON messages (queue, visible_at);
    CREATE TABLE IF NOT EXISTS dead_letters (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        buried_at INTEGER NOT NULL,
        receives INTEGER NOT NULL,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT;";

fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    let micros: i64 = row.get(column)?;
    Ok(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX))
}

pub(super) fn send(
    file: &Connection,
    queue: QueueName,
    body: &str,
    now: Timestamp,
    at: Timestamp,
) -> Result<()> {
    let insert = "INSERT INTO messages (queue, body, sent_at, visible_at, receives)
                  VALUES (:queue, :body, :now, :at, 0)";
    file.prepare_cached(insert)?
        .execute(named_params! {
            ":queue": queue.as_str(), ":body": body, ":now": now.as_microsecond(), ":at": at.as_microsecond(),
        })
        .map(drop)
}

/// Takes what is visible, and buries what it finds on the way that was received `spent` times already.
///
/// It looks at no more messages than it takes or buries, however many wait.
pub(super) fn receive(
    file: &Connection,
    queue: QueueName,
    max: usize,
    now: Timestamp,
    until: Timestamp,
    spent: u32,
) -> Result<Vec<Received>> {
    let (mut taken, mut buried) = (Vec::new(), Vec::new());
    let look = "SELECT id, body, receives, sent_at FROM messages
                WHERE queue = :queue AND visible_at <= :now ORDER BY visible_at, id";
    let mut look = file.prepare_cached(look)?;
    let mut rows = look.query(named_params! { ":queue": queue.as_str(), ":now": now.as_microsecond() })?;
    while taken.len() < max
        && let Some(row) = rows.next()?
    {
        let (id, receives): (i64, u32) = (row.get("id")?, row.get("receives")?);
        if receives >= spent {
            buried.push(id);
        } else {
            let receipt = Receipt { id, receives: receives + 1 };
            taken.push(Received { receipt, body: row.get("body")?, sent_at: time(row, "sent_at")? });
        }
    }
    drop(rows);
    for id in buried {
        bury(file, id, now)?;
    }
    let hide = "UPDATE messages SET receives = receives + 1, visible_at = :until WHERE id = :id";
    let mut hide = file.prepare_cached(hide)?;
    for message in &taken {
        hide.execute(named_params! { ":id": message.receipt.id, ":until": until.as_microsecond() })?;
    }
    Ok(taken)
}

fn bury(file: &Connection, id: i64, now: Timestamp) -> Result<()> {
    let bury = "INSERT INTO dead_letters (id, queue, body, sent_at, buried_at, receives)
                SELECT id, queue, body, sent_at, :now, receives FROM messages WHERE id = :id";
    file.prepare_cached(bury)?.execute(named_params! { ":id": id, ":now": now.as_microsecond() })?;
    file.prepare_cached("DELETE FROM messages WHERE id = :id")?.execute(named_params! { ":id": id })?;
    Ok(())
}

/// Dead letters that nobody was told of.
pub(super) fn untold(file: &Connection) -> Result<Vec<(i64, String)>> {
    let select = "SELECT id, body FROM dead_letters WHERE told = 0 ORDER BY id LIMIT 100";
    let mut select = file.prepare_cached(select)?;
    let rows = select.query_map([], |row| Ok((row.get("id")?, row.get("body")?)))?;
    rows.collect()
}

pub(super) fn told(file: &Connection, id: i64) -> Result<()> {
    let update = "UPDATE dead_letters SET told = 1 WHERE id = :id";
    file.prepare_cached(update)?.execute(named_params! { ":id": id })?;
    Ok(())
}

/// Shows whatever is hidden since somebody received it.
pub(super) fn show_received(file: &Connection, now: Timestamp) -> Result<usize> {
    let update = "UPDATE messages SET visible_at = :now WHERE receives > 0 AND visible_at > :now";
    file.prepare_cached(update)?.execute(named_params! { ":now": now.as_microsecond() })
}

pub(super) fn delete(file: &Connection, queue: QueueName, receipt: Receipt) -> Result<bool> {
    let delete = "DELETE FROM messages WHERE id = :id AND queue = :queue AND receives = :receives";
    let these = named_params! { ":id": receipt.id, ":queue": queue.as_str(), ":receives": receipt.receives };
    Ok(file.prepare_cached(delete)?.execute(these)? > 0)
}

pub(super) fn show_at(
    file: &Connection,
    queue: QueueName,
    receipt: Receipt,
    until: Timestamp,
) -> Result<bool> {
    let update = "UPDATE messages SET visible_at = :until
                  WHERE id = :id AND queue = :queue AND receives = :receives";
    let these = named_params! {
        ":id": receipt.id, ":queue": queue.as_str(), ":receives": receipt.receives,
        ":until": until.as_microsecond(),
    };
    Ok(file.prepare_cached(update)?.execute(these)? > 0)
}

#[cfg(test)]
pub(super) fn dead(file: &Connection, queue: QueueName, limit: usize) -> Result<Vec<DeadLetter>> {
    let select = "SELECT id, body, receives, sent_at, buried_at FROM dead_letters
                  WHERE queue = :queue ORDER BY id LIMIT :limit";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = file.prepare_cached(select)?;
    let rows = select.query_map(named_params! { ":queue": queue.as_str(), ":limit": limit }, |row| {
        Ok(DeadLetter {
            id: row.get("id")?,
            body: row.get("body")?,
            receives: row.get("receives")?,
            sent_at: time(row, "sent_at")?,
            buried_at: time(row, "buried_at")?,
        })
    })?;
    rows.collect()
}

pub(super) fn redrive(
    file: &Connection,
    queue: QueueName,
    only: Option<i64>,
    now: Timestamp,
) -> Result<usize> {
    let back = "INSERT INTO messages (queue, body, sent_at, visible_at, receives)
                SELECT queue, body, sent_at, :now, 0 FROM dead_letters
                WHERE queue = :queue AND (:only IS NULL OR id = :only) ORDER BY id";
    file.prepare_cached(back)?
        .execute(named_params! { ":queue": queue.as_str(), ":only": only, ":now": now.as_microsecond() })?;
    let forget = "DELETE FROM dead_letters WHERE queue = :queue AND (:only IS NULL OR id = :only)";
    file.prepare_cached(forget)?.execute(named_params! { ":queue": queue.as_str(), ":only": only })
}

pub(super) fn counts(file: &Connection, queue: QueueName, now: Timestamp) -> Result<Counts> {
    let count = "SELECT
        (SELECT count(*) FROM messages WHERE queue = :queue AND visible_at <= :now) AS visible,
        (SELECT count(*) FROM messages WHERE queue = :queue AND visible_at > :now) AS hidden,
        (SELECT count(*) FROM dead_letters WHERE queue = :queue) AS dead";
    let these = named_params! { ":queue": queue.as_str(), ":now": now.as_microsecond() };
    file.prepare_cached(count)?.query_row(these, |row| {
        Ok(Counts { visible: row.get("visible")?, hidden: row.get("hidden")?, dead: row.get("dead")? })
    })
}
