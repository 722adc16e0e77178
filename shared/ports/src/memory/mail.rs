//! A mailbox in memory.

use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::{Mail, MailError, OutgoingMail};

/// Keeps every mail it was given.
#[derive(Debug, Default)]
pub struct MemoryMail(Mutex<Vec<OutgoingMail>>);

impl MemoryMail {
    /// All mails so far.
    #[must_use]
    pub fn sent(&self) -> Vec<OutgoingMail> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Mail for MemoryMail {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let mut all = lock(&self.0);
        all.push(mail.clone());
        Ok(format!("memory-{}", all.len()))
    }
}
