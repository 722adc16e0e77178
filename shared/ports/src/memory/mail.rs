//! A mailbox in memory.

use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::{Mail, MailError, OperatorNotice, OutgoingMail, without_addresses};

/// Keeps every mail it was given, and every notice to the operator.
#[derive(Debug, Default)]
pub struct MemoryMail {
    sent: Mutex<Vec<OutgoingMail>>,
    told: Mutex<Vec<OperatorNotice>>,
    failing: Mutex<Option<MailError>>,
}

impl MemoryMail {
    /// All mails so far.
    #[must_use]
    pub fn sent(&self) -> Vec<OutgoingMail> {
        lock(&self.sent).clone()
    }

    /// All notices to the operator so far.
    #[must_use]
    pub fn told(&self) -> Vec<OperatorNotice> {
        lock(&self.told).clone()
    }

    /// Takes no mail from here on, with this error; `None` takes it again. The operator is always told.
    ///
    /// Its words name nobody's address, as those of every adapter.
    pub fn fail(&self, with: Option<MailError>) {
        *lock(&self.failing) = with.map(|error| match error {
            MailError::Refused(words) => MailError::Refused(without_addresses(&words)),
            MailError::TryAgain(words) => MailError::TryAgain(without_addresses(&words)),
            MailError::MaybeSent(words) => MailError::MaybeSent(without_addresses(&words)),
        });
    }
}

#[async_trait]
impl Mail for MemoryMail {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        if let Some(error) = lock(&self.failing).clone() {
            return Err(error);
        }
        let mut all = lock(&self.sent);
        all.push(mail.clone());
        Ok(format!("memory-{}", all.len()))
    }

    async fn tell_operator(&self, notice: &OperatorNotice) -> Result<(), MailError> {
        lock(&self.told).push(notice.clone());
        Ok(())
    }
}
