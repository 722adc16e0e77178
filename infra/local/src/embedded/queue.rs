//! The one-machine queue: SQS's meaning in an SQLite file.
//!
//! At least once, in no promised order: a message is seen when its delay is over, hidden while it is worked
//! on, seen again if it was not deleted meanwhile, and after too many receives kept as a dead letter.

mod statements;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use ports::queue::{MAX_DELAY, MAX_MESSAGE};
use ports::{Clock, Queue, QueueError, QueueName};
use tokio::sync::Notify;

use super::writer::Writer;

/// What a received message is deleted by; another one with every receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The message.
    pub(crate) id: i64,
    /// The receive: a later one makes this receipt worthless.
    pub(crate) receives: u32,
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// What to delete it by.
    pub(crate) receipt: Receipt,
    /// What was sent.
    pub(crate) body: String,
    /// When it was sent.
    pub(crate) sent_at: Timestamp,
}

/// A message that was received too often. Kept until somebody redrives or discards it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg(test)]
pub(crate) struct DeadLetter {
    /// What to redrive it by.
    pub(crate) id: i64,
    /// What was sent.
    pub(crate) body: String,
    /// How often it was received.
    pub(crate) receives: u32,
    /// When it was sent.
    pub(crate) sent_at: Timestamp,
    /// When it was given up.
    pub(crate) buried_at: Timestamp,
}

/// How much a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// To be received now.
    pub(crate) visible: u64,
    /// Delayed, or being worked on.
    pub(crate) hidden: u64,
    /// Dead letters.
    pub(crate) dead: u64,
}

/// Both queues, in one file. Clones share it; another process may open it too.
#[derive(Clone)]
pub(crate) struct LocalQueue {
    writer: Writer,
    clock: Arc<dyn Clock>,
    max_receives: u32,
    sent: Arc<[Notify; 2]>,
}

impl std::fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalQueue").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl LocalQueue {
    /// Opens the file, or creates it. After `max_receives` receives (at least 1) a message is a dead letter.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>, max_receives: u32) -> Result<Self> {
        let writer = Writer::open(path, statements::SCHEMA)?;
        Ok(Self { writer, clock, max_receives: max_receives.max(1), sent: Arc::default() })
    }

    /// Takes up to `max` visible messages, those visible longest first, and hides them for `visibility`.
    pub(crate) async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>> {
        let now = self.clock.now();
        let (until, spent) = (later(now, visibility), self.max_receives);
        let take = move |file: &_| statements::receive(file, queue, max, now, until, spent);
        self.writer.run(take).await.map_err(|e| anyhow!(e))
    }

    /// Dead letters that nobody was told of yet, at most a hundred: their ids and bodies.
    pub(crate) async fn untold_dead_letters(&self) -> Result<Vec<(i64, String)>> {
        self.writer.run(statements::untold).await.map_err(|e| anyhow!(e))
    }

    /// Notes that somebody was told of a dead letter.
    pub(crate) async fn dead_letter_told(&self, id: i64) -> Result<()> {
        self.writer.run(move |file| statements::told(file, id)).await.map_err(|e| anyhow!(e))
    }

    /// Shows every message that was received and not deleted: their workers died with the process before this
    /// one. Only for whoever holds the lock for serving.
    pub(crate) async fn take_over(&self) -> Result<usize> {
        let now = self.clock.now();
        self.writer.run(move |file| statements::show_received(file, now)).await.map_err(|e| anyhow!(e))
    }

    /// Deletes a received message; false if it was received again meanwhile or is gone.
    pub(crate) async fn delete(&self, queue: QueueName, receipt: Receipt) -> Result<bool> {
        self.writer.run(move |file| statements::delete(file, queue, receipt)).await.map_err(|e| anyhow!(e))
    }

    /// Hides a received message for `visibility` from now, or shows it at once if that is zero; false if it was
    /// received again meanwhile or is gone.
    pub(crate) async fn change_visibility(
        &self,
        queue: QueueName,
        receipt: Receipt,
        visibility: Duration,
    ) -> Result<bool> {
        let until = later(self.clock.now(), visibility);
        let changed = self.writer.run(move |file| statements::show_at(file, queue, receipt, until)).await;
        if visibility.is_zero() {
            self.of(queue).notify_one();
        }
        changed.map_err(|e| anyhow!(e))
    }

    /// The dead letters, oldest first, at most `limit`.
    #[cfg(test)]
    pub(crate) async fn dead_letters(&self, queue: QueueName, limit: usize) -> Result<Vec<DeadLetter>> {
        self.writer.run(move |file| statements::dead(file, queue, limit)).await.map_err(|e| anyhow!(e))
    }

    /// Puts a dead letter, or all of them, back as if just sent; returns how many.
    pub(crate) async fn redrive(&self, queue: QueueName, only: Option<i64>) -> Result<usize> {
        let now = self.clock.now();
        let back = self.writer.run(move |file| statements::redrive(file, queue, only, now)).await;
        self.of(queue).notify_one();
        back.map_err(|e| anyhow!(e))
    }

    /// How much the queue holds now.
    pub(crate) async fn counts(&self, queue: QueueName) -> Result<Counts> {
        let now = self.clock.now();
        self.writer.run(move |file| statements::counts(file, queue, now)).await.map_err(|e| anyhow!(e))
    }

    /// Returns when something was sent by this process, or after `longest`: what other processes sent, and
    /// what becomes visible with time, is only found by looking.
    pub(crate) async fn wait(&self, queue: QueueName, longest: Duration) {
        // Out of time is as good a reason to look as any.
        let _looked = tokio::time::timeout(longest, self.of(queue).notified()).await;
    }

    /// Lets the file grow to so many pages only: a full disk, for tests.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: i64) {
        let limit = move |file: &rusqlite::Connection| {
            file.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
        };
        self.writer.run(limit).await.unwrap();
    }

    /// Waits less for other processes, for tests.
    #[cfg(test)]
    pub(crate) async fn limit_patience(&self, longest: Duration) {
        self.writer.run(move |file| file.busy_timeout(longest)).await.unwrap();
    }

    fn of(&self, queue: QueueName) -> &Notify {
        let [inbound, alerts] = &*self.sent;
        match queue {
            QueueName::Inbound => inbound,
            QueueName::Alerts => alerts,
        }
    }
}

#[async_trait]
impl Queue for LocalQueue {
    /// Answers when the message is on the disk.
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        if body.len() > MAX_MESSAGE {
            return Err(QueueError::TooLarge(body.len()));
        }
        let (body, now) = (body.to_owned(), self.clock.now());
        let at = later(now, delay.min(MAX_DELAY));
        let sent = self.writer.run(move |file| statements::send(file, queue, &body, now, at)).await;
        self.of(queue).notify_one();
        sent.map_err(QueueError::Unavailable)
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
