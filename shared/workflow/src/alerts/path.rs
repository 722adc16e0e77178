//! Whether mail gets through at all; where it does not, the operator hears of it another way.
//!
//! Parcels never wait for mail: what is noted here only decides who is told. Nothing here fails a mail.

use std::collections::BTreeMap;

use domain::keys::ItemKey;
use jiff::Timestamp;
use ports::{LedgerError, MailError, OperatorNotice, without_addresses};
use serde::{Deserialize, Serialize};

use crate::records::{Loaded, Record, Stored, load};
use crate::world::World;

/// So many mails in a row that were not taken, each for a reason that may pass, are told of.
const IN_A_ROW: u32 = 5;
/// Causes that are remembered; the oldest go first.
const MOST_CAUSES: usize = 20;
/// Characters of another's words that are kept.
const MOST_WORDS: usize = 300;

/// What is known of the installation's mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPath {
    schema: u16,
    /// Mails that were not taken since the last one that was.
    pub failed_in_a_row: u32,
    /// When the first of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// What was said to the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_words: Option<String>,
    /// When the operator was last told, by cause.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, Timestamp>,
}

impl Record for MailPath {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::mail_path()
    }
}

/// What is known of the installation's mail; nothing yet, if none ever failed.
///
/// # Errors
/// The ledger does not answer.
pub async fn mail_path(world: &World) -> Result<MailPath, LedgerError> {
    Ok(match load::<MailPath>(world.ledger.as_ref(), &ItemKey::mail_path()).await? {
        Loaded::Known(stored) => stored.value,
        Loaded::Absent | Loaded::Foreign => MailPath::default(),
    })
}

/// Notes what became of a mail, and tells the operator where mail does not get through.
pub(super) async fn note(world: &World, sent: &Result<String, MailError>) {
    let noted = match sent {
        Ok(_) => change(world, MailPath::goes_on).await,
        Err(error) => failed(world, error).await,
    };
    if let Err(error) = noted {
        tracing::error!(%error, "what became of a mail could not be noted");
    }
}

async fn failed(world: &World, error: &MailError) -> Result<(), LedgerError> {
    // Whatever an adapter lets through: the notice goes to a topic, and the words into a record.
    let words = one_line(&without_addresses(&error.to_string()));
    let now = world.now();
    let path = change(world, |path| {
        path.failed_in_a_row = path.failed_in_a_row.saturating_add(1);
        path.failing_since.get_or_insert(now);
        path.last_words = Some(words.clone());
    });
    path.await?;
    let (cause, what) = match error {
        MailError::Refused(_) => ("refused", "A mail was refused, and so will the next ones be".to_owned()),
        MailError::TryAgain(_) | MailError::MaybeSent(_) => {
            let path = mail_path(world).await?;
            if path.failed_in_a_row < IN_A_ROW {
                return Ok(());
            }
            let since = path.failing_since.unwrap_or(now);
            ("not_taken", format!("{} mails in a row were not taken, since {since}", path.failed_in_a_row))
        }
    };
    let text = format!(
        "{what}: {words}\n\nParcels are confirmed as ever, but merchants do not hear of those that wait for them. \
         Mails are kept and tried again.\n\nCheck that the sender is verified at SES, that SES has left its sandbox \
         (in it, only verified recipients are taken) and that its sending is not paused; on one machine, check \
         [mail] in the settings. Then: parcelwire mail test"
    );
    tell_operator(world, cause, "Parcelwire cannot send mail", text).await
}

/// Tells the operator by the second channel: once a day and cause. If that fails too, the log has it, and the next
/// occasion tries again.
pub(super) async fn tell_operator(
    world: &World,
    cause: &str,
    subject: &str,
    text: String,
) -> Result<(), LedgerError> {
    let now = world.now();
    let path = mail_path(world).await?;
    let day = |at: &Timestamp| at.strftime("%Y-%m-%d").to_string();
    if path.told.get(cause).is_some_and(|at| day(at) == day(&now)) {
        return Ok(());
    }
    let notice = OperatorNotice { cause: cause.to_owned(), subject: subject.to_owned(), text };
    // Told before it is noted: twice rather than never.
    if let Err(error) = world.mail.tell_operator(&notice).await {
        tracing::error!(cause, %error, "mail does not get through, and the operator could not be told either");
        return Ok(());
    }
    change(world, |path| {
        path.told.insert(cause.to_owned(), now);
        while path.told.len() > MOST_CAUSES {
            let oldest = path.told.iter().min_by_key(|(_, at)| **at).map(|(cause, _)| cause.clone());
            path.told.retain(|cause, _| Some(cause) != oldest.as_ref());
        }
    })
    .await
}

impl MailPath {
    fn goes_on(&mut self) {
        self.failed_in_a_row = 0;
        self.failing_since = None;
        self.last_words = None;
    }
}

/// Changes what is known, and writes only if that changes anything: a mail that goes as ever costs one read.
async fn change(world: &World, with: impl Fn(&mut MailPath)) -> Result<(), LedgerError> {
    for _ in 0..8 {
        let mut stored = match load::<MailPath>(world.ledger.as_ref(), &ItemKey::mail_path()).await? {
            Loaded::Known(stored) => *stored,
            Loaded::Absent => Stored::new(MailPath { schema: MailPath::SCHEMA, ..MailPath::default() }),
            Loaded::Foreign => return Ok(()),
        };
        let before = stored.value.clone();
        with(&mut stored.value);
        if stored.value == before {
            return Ok(());
        }
        match world.ledger.commit(vec![stored.into_write(world.now())]).await {
            Err(LedgerError::Conflict) => {}
            other => return other,
        }
    }
    Err(LedgerError::Conflict)
}

/// Another's words on one line, bounded.
pub(super) fn one_line(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_WORDS).collect()
}
