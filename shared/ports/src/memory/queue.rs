//! Queues in memory, with SQS's meaning: visibility, receive count, delay, dead letters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::lock;
use crate::queue::{MAX_DELAY, MAX_MESSAGE};
use crate::{Clock, Queue, QueueError, QueueName};

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// What to delete it by; another one with every receive.
    pub receipt: (u64, u32),
    /// What was sent.
    pub body: String,
    /// How often it was received, this time included.
    pub receives: u32,
}

#[derive(Debug)]
struct Stored {
    body: String,
    visible_at: Timestamp,
    receives: u32,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    live: BTreeMap<(QueueName, u64), Stored>,
    dead: BTreeMap<(QueueName, u64), String>,
}

/// Queues whose time is a [`Clock`].
pub struct MemoryQueue {
    clock: Arc<dyn Clock>,
    max_receives: u32,
    state: Mutex<State>,
}

impl std::fmt::Debug for MemoryQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryQueue").field("state", &self.state).finish_non_exhaustive()
    }
}

impl MemoryQueue {
    /// Empty queues; after `max_receives` receives a message goes to the dead letters.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, max_receives: u32) -> Self {
        Self { clock, max_receives, state: Mutex::default() }
    }

    /// Takes up to `max` visible messages and hides them for `visibility`.
    #[must_use]
    pub fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Vec<Queued> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let State { live, dead, .. } = &mut *state;
        let spent: Vec<_> = live
            .iter()
            .filter(|((q, _), m)| *q == queue && m.visible_at <= now && m.receives >= self.max_receives)
            .map(|(key, _)| *key)
            .collect();
        for key in spent {
            if let Some(message) = live.remove(&key) {
                dead.insert(key, message.body);
            }
        }
        live.iter_mut()
            .filter(|((q, _), m)| *q == queue && m.visible_at <= now)
            .take(max)
            .map(|((_, id), m)| {
                m.receives += 1;
                m.visible_at = now.saturating_add(visibility).unwrap_or(Timestamp::MAX);
                Queued { receipt: (*id, m.receives), body: m.body.clone(), receives: m.receives }
            })
            .collect()
    }

    /// Deletes a received message, unless it was received again meanwhile.
    pub fn delete(&self, queue: QueueName, receipt: (u64, u32)) {
        let mut state = lock(&self.state);
        let key = (queue, receipt.0);
        if state.live.get(&key).is_some_and(|m| m.receives == receipt.1) {
            state.live.remove(&key);
        }
    }

    /// Shows a received message again at once.
    pub fn give_back(&self, queue: QueueName, receipt: (u64, u32)) {
        let now = self.clock.now();
        if let Some(m) = lock(&self.state).live.get_mut(&(queue, receipt.0))
            && m.receives == receipt.1
        {
            m.visible_at = now;
        }
    }

    /// Messages waiting or being worked on.
    #[must_use]
    pub fn len(&self, queue: QueueName) -> usize {
        lock(&self.state).live.keys().filter(|(q, _)| *q == queue).count()
    }

    /// When the next message can be seen.
    #[must_use]
    pub fn next_visible(&self) -> Option<Timestamp> {
        lock(&self.state).live.values().map(|m| m.visible_at).min()
    }

    /// The dead letters.
    #[must_use]
    pub fn dead(&self, queue: QueueName) -> Vec<String> {
        lock(&self.state).dead.iter().filter(|((q, _), _)| *q == queue).map(|(_, b)| b.clone()).collect()
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        if body.len() > MAX_MESSAGE {
            return Err(QueueError::TooLarge(body.len()));
        }
        let visible_at = self.clock.now().saturating_add(delay.min(MAX_DELAY)).unwrap_or(Timestamp::MAX);
        let mut state = lock(&self.state);
        state.next += 1;
        let id = state.next;
        state.live.insert((queue, id), Stored { body: body.to_owned(), visible_at, receives: 0 });
        Ok(())
    }
}
