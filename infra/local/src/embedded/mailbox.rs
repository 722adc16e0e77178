//! The one-machine mailbox: keeps every mail, and hands it on if there is somebody to hand it to.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use ports::{Clock, Mail, MailError, OperatorNotice, OutgoingMail};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tokio::sync::Mutex;

use super::writer::Writer;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mails (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kept_at INTEGER NOT NULL,
        recipient TEXT NOT NULL,
        subject TEXT NOT NULL,
        text TEXT NOT NULL,
        html TEXT NOT NULL,
        handed_on TEXT
    ) STRICT;";

/// A mail in the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptMail {
    /// Counts from 1, in the order of coming.
    pub(crate) number: i64,
    /// When it came.
    pub(crate) kept_at: Timestamp,
    /// The mail.
    pub(crate) mail: OutgoingMail,
    /// The message id of whoever it was handed on to, if it was.
    pub(crate) handed_on: Option<String>,
}

/// Keeps mails in a file; another process may open it too.
///
/// A mail is kept before it is handed on. The same id again is the same mail: kept once, and handed on once
/// as far as that is known; after an answer that leaves doubt, only the caller decides to send again.
#[derive(Clone)]
pub(crate) struct Mailbox {
    writer: Writer,
    clock: Arc<dyn Clock>,
    forward: Option<Arc<dyn Mail>>,
    // One mail is handed on at a time: two calls with one id must not both find it not handed on yet.
    handing_on: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox")
            .field("writer", &self.writer)
            .field("forwards", &self.forward.is_some())
            .finish_non_exhaustive()
    }
}

impl Mailbox {
    /// Opens the file, or creates it; mails are handed on to `forward` if there is one.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>, forward: Option<Arc<dyn Mail>>) -> Result<Self> {
        Ok(Self { writer: Writer::open(path, SCHEMA)?, clock, forward, handing_on: Arc::default() })
    }

    /// The newest mails, newest first, at most `limit`.
    pub(crate) async fn list(&self, limit: usize) -> Result<Vec<KeptMail>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = move |file: &Connection| {
            let select = "SELECT * FROM mails ORDER BY number DESC LIMIT :limit";
            let mut select = file.prepare_cached(select)?;
            select.query_map(named_params! { ":limit": limit }, kept)?.collect()
        };
        self.writer.run(list).await.map_err(|e| anyhow!(e))
    }

    /// The mail with this id or, if none has it, this number.
    pub(crate) async fn show(&self, id_or_number: &str) -> Result<Option<KeptMail>> {
        let (id, number) = (id_or_number.to_owned(), id_or_number.parse::<i64>().ok());
        let show = move |file: &Connection| {
            let select =
                "SELECT * FROM mails WHERE id = :id OR number = :number ORDER BY id = :id DESC LIMIT 1";
            file.prepare_cached(select)?
                .query_row(named_params! { ":id": id, ":number": number }, kept)
                .optional()
        };
        self.writer.run(show).await.map_err(|e| anyhow!(e))
    }

    /// How many mails there are.
    #[cfg(test)]
    pub(crate) async fn count(&self) -> Result<u64> {
        let count = |file: &Connection| file.query_row("SELECT count(*) FROM mails", [], |row| row.get(0));
        self.writer.run(count).await.map_err(|e| anyhow!(e))
    }

    /// Keeps the mail, unless it is kept already; returns its number and whether it was handed on.
    async fn keep(&self, mail: &OutgoingMail) -> Result<(i64, Option<String>), MailError> {
        let (mail, now) = (mail.clone(), self.clock.now().as_microsecond());
        let keep = move |file: &Connection| {
            let insert = "INSERT INTO mails (id, kept_at, recipient, subject, text, html)
                          VALUES (:id, :now, :to, :subject, :text, :html) ON CONFLICT (id) DO NOTHING";
            file.prepare_cached(insert)?.execute(named_params! {
                ":id": mail.id, ":now": now, ":to": mail.to, ":subject": mail.subject,
                ":text": mail.text, ":html": mail.html,
            })?;
            file.prepare_cached("SELECT number, handed_on FROM mails WHERE id = :id")?
                .query_row(named_params! { ":id": mail.id }, |row| Ok((row.get(0)?, row.get(1)?)))
        };
        self.writer.run(keep).await.map_err(MailError::TryAgain)
    }

    async fn mark(&self, number: i64, message_id: &str) {
        let message_id = message_id.to_owned();
        let mark = move |file: &Connection| {
            file.prepare_cached("UPDATE mails SET handed_on = :message_id WHERE number = :number")?
                .execute(named_params! { ":message_id": message_id, ":number": number })
        };
        if let Err(words) = self.writer.run(mark).await {
            // It is sent, so that is the answer; a call with the same id would send it once more.
            tracing::warn!(mail.number = number, "a mail was sent, which could not be noted: {words}");
        }
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptMail> {
    Ok(KeptMail {
        number: row.get("number")?,
        kept_at: Timestamp::from_microsecond(row.get("kept_at")?).unwrap_or(Timestamp::MAX),
        mail: OutgoingMail {
            id: row.get("id")?,
            to: row.get("recipient")?,
            subject: row.get("subject")?,
            text: row.get("text")?,
            html: row.get("html")?,
        },
        handed_on: row.get("handed_on")?,
    })
}

#[async_trait]
impl Mail for Mailbox {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let Some(forward) = &self.forward else {
            let (number, _) = self.keep(mail).await?;
            return Ok(format!("mailbox-{number}"));
        };
        let _alone = self.handing_on.lock().await;
        let (number, handed_on) = self.keep(mail).await?;
        if let Some(message_id) = handed_on {
            return Ok(message_id);
        }
        let message_id = forward.send(mail).await?;
        self.mark(number, &message_id).await;
        Ok(message_id)
    }

    /// One machine has its log for a second channel.
    async fn tell_operator(&self, notice: &OperatorNotice) -> Result<(), MailError> {
        tracing::error!(cause = notice.cause, "{}: {}", notice.subject, notice.text);
        Ok(())
    }
}
