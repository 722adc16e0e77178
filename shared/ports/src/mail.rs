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

/// Another's words without the addresses in them: of each, its domain is left.
///
/// What SES or a mail server says of a mail may name whom it was for. Logs and notices go further than that mail.
///
/// ```
/// let said = "550 <desk@example.com>: identity/a.b+c@mail.example.com failed";
/// assert_eq!(ports::without_addresses(said), "550 <…@example.com>: identity/…@mail.example.com failed");
/// ```
#[must_use]
pub fn without_addresses(words: &str) -> String {
    let mut parts: Vec<&str> = words.split('@').collect();
    let Some(last) = parts.pop() else { return String::new() };
    let mut said = String::with_capacity(words.len());
    for before_at in parts {
        let local = before_at.trim_end_matches(|c: char| !ends_a_local_part(c));
        said.push_str(local);
        said.push_str(if local.len() < before_at.len() { "…@" } else { "@" });
    }
    said.push_str(last);
    said
}

/// Whether no address goes back beyond this character.
fn ends_a_local_part(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>()[],;:/=\\\"".contains(c)
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

/// A mail was not handed over, or perhaps not. The words name nobody's address: see [`without_addresses`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_its_domain_is_told() {
        for (said, want) in [
            ("", ""),
            ("no address", "no address"),
            ("at @ all, @home", "at @ all, @home"),
            ("desk@example.com", "…@example.com"),
            ("to: desk@example.com, b.c+d@example.org;e@x", "to: …@example.com, …@example.org;…@x"),
            (
                "arn:aws:ses:eu-central-1:1:identity/parcels@example.com",
                "arn:aws:ses:eu-central-1:1:identity/…@example.com",
            ),
            ("söhne@example.com twice@one@example.com", "…@example.com …@…@example.com"),
            ("…@example.com", "…@example.com"),
        ] {
            assert_eq!(without_addresses(said), want);
            assert_eq!(without_addresses(want), want, "once more changes nothing");
        }
    }
}
