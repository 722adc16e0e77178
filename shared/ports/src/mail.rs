//! Mail out.

use async_trait::async_trait;

/// One mail to one recipient, in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Our own id of it: the same id again is the same mail.
    pub id: String,
    /// Who gets it, from the settings.
    pub to: String,
    /// Fixed words and checked ids; no control characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same in HTML, escaped.
    pub html: String,
}

/// What the operator of the installation must hear, though mail may not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorNotice {
    /// In a word, for counting.
    pub cause: String,
    /// What it is, in a few fixed words of ASCII.
    pub subject: String,
    /// What it means and what to do, in plain text.
    pub text: String,
}

/// Sends mail.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Hands `mail` over; returns the carrier's message id.
    ///
    /// # Errors
    /// See [`MailError`]. After `MaybeSent` the mail may arrive twice if sent again.
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError>;

    /// Tells the operator by another way than mail; where none is set up, by an error in the log.
    ///
    /// # Errors
    /// See [`MailError`]: the operator may not have heard.
    async fn tell_operator(&self, notice: &OperatorNotice) -> Result<(), MailError>;
}

/// A mail was not handed over, or perhaps not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// This mail will not be taken, however often it is tried (unverified sender, suppressed address …).
    #[error("mail refused: {0}")]
    Refused(String),
    /// Not taken now.
    #[error("mail not taken now: {0}")]
    TryAgain(String),
    /// No answer.
    #[error("mail perhaps sent: {0}")]
    MaybeSent(String),
}

/// The mail of a process that sends none: whoever tries is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMail;

#[async_trait]
impl Mail for NoMail {
    async fn send(&self, _: &OutgoingMail) -> Result<String, MailError> {
        Err(MailError::TryAgain("this process sends no mail".into()))
    }

    async fn tell_operator(&self, _: &OperatorNotice) -> Result<(), MailError> {
        Err(MailError::TryAgain("this process tells the operator nothing".into()))
    }
}
