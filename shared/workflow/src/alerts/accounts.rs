//! What is said of a connection as a whole.

use domain::alert::Alert;
use domain::connection::{Connection, MailKind};
use domain::connection_state::{Activity, CREDENTIAL_EXPIRES, ConnectionState};
use jiff::Timestamp;

use super::feedback::{SuppressedAddress, Suppression};
use super::group::Group;
use crate::mails::{AccountMatter, AccountNotice, Letter, Stage};
use crate::sync::{BULK_REFUSED, BULK_STUCK, NEWER_RECORD, ORDER_TOO_LARGE};

/// The letter about a connection as a whole.
pub(super) fn letter(
    connection: &Connection,
    title: &str,
    group: &Group<'_>,
    alert: &Alert,
    state: &ConnectionState,
    now: Timestamp,
) -> Letter {
    let id = connection.account.connection.to_string();
    let (name, rest) = alert.cause.split_once(':').unwrap_or((&alert.cause, ""));
    let words = || alert.their_words.clone().unwrap_or_default();
    let (matter, cause, fix) = match group.kind {
        MailKind::Reconnect if alert.cause.starts_with(CREDENTIAL_EXPIRES) => {
            let on = rest.split(':').next().and_then(|day| day.parse().ok()).unwrap_or_default();
            (
                AccountMatter::Expires { on },
                String::new(),
                format!(
                    "renew it, then put the new one and its last day (`expires`) into the settings of {id}"
                ),
            )
        }
        MailKind::Reconnect => {
            let why = if let Activity::Parked { why, .. } = &state.activity {
                why.clone()
            } else {
                alert.their_words.clone().unwrap_or_default()
            };
            (
                AccountMatter::Reconnect,
                format!(
                    "{title} does not accept our authorisation any more: {why}. Parcels are kept and wait."
                ),
                format!(
                    "authorise the app again, put the new token into the settings, then: parcelwire resume {id}"
                ),
            )
        }
        MailKind::DeadLetters => {
            let count = alert.their_words.as_deref().and_then(|w| w.parse().ok()).unwrap_or(1);
            (
                AccountMatter::DeadLetters { count, oldest: Some(alert.raised_at) },
                "Messages could not be worked on and were put aside. Nothing of them is lost.".to_owned(),
                "parcelwire connections, and the log of the time, say why".to_owned(),
            )
        }
        // About the connection, since there is no order that could be kept to tell it of.
        MailKind::CarrierToMap
        | MailKind::Unclear
        | MailKind::Rejected
        | MailKind::NotShown
        | MailKind::Conflict
        | MailKind::Cancellation
        | MailKind::Reversal
        | MailKind::Digest => match name {
            BULK_REFUSED => (
                AccountMatter::BulkRefused,
                words(),
                "nothing of it is lost: its parcels go one by one, those without a number with the next upload"
                    .to_owned(),
            ),
            BULK_STUCK => (
                AccountMatter::BulkStuck,
                words(),
                "look at the upload in your seller account; confirm by hand what is due before it ends"
                    .to_owned(),
            ),
            ORDER_TOO_LARGE => (
                AccountMatter::OrderTooLarge,
                words(),
                "if it is a marketplace order, confirm its parcels by hand at the marketplace".to_owned(),
            ),
            NEWER_RECORD => (
                AccountMatter::NewerRecord,
                words(),
                "start the newest version of Parcelwire that ever ran on this data".to_owned(),
            ),
            _ => (
                AccountMatter::UnreadableDelivery,
                words(),
                format!(
                    "look at the parcels of that time: parcelwire orders; what else was told of {id}: parcelwire \
                     connections --json"
                ),
            ),
        },
    };
    Letter::Account(AccountNotice {
        matter,
        stage: group.stage,
        connection: id,
        title: title.to_owned(),
        // Of what we say ourselves, nothing is in the other side's words.
        their_words: alert.their_words.clone().filter(|_| group.kind == MailKind::Reconnect),
        request_id: alert.request_id.clone(),
        cause,
        fix,
        evidence: Vec::new(),
        rows: Vec::new(),
        count_more: 0,
        merchant_time_zone: connection.time_zone.clone(),
        now,
    })
}

/// Tells somebody else that an address is not mailed any more.
pub(super) fn suppressed_letter(
    connection: &Connection,
    title: &str,
    suppressed: &SuppressedAddress,
    now: Timestamp,
) -> Letter {
    let address = &suppressed.address;
    let why = match suppressed.why {
        Suppression::Bounced => "mail to it came back",
        Suppression::Complained => "somebody there reported our mail as unwanted",
    };
    Letter::Account(AccountNotice {
        their_words: suppressed.words.clone(),
        cause: format!("{address}: {why}."),
        fix: format!(
            "if it works again: parcelwire mail allow {address}; else put another into the settings"
        ),
        ..bare(AccountMatter::AddressSuppressed, connection, title, now)
    })
}

/// A test mail.
pub(super) fn test_letter(connection: &Connection, title: &str, now: Timestamp) -> Letter {
    Letter::Account(bare(AccountMatter::Test, connection, title, now))
}

/// The weekly proof that mail gets through.
pub(super) fn weekly_test_letter(connection: &Connection, title: &str, now: Timestamp) -> Letter {
    Letter::Account(bare(AccountMatter::WeeklyTest, connection, title, now))
}

/// A notice that says no more than its matter.
fn bare(matter: AccountMatter, connection: &Connection, title: &str, now: Timestamp) -> AccountNotice {
    AccountNotice {
        matter,
        stage: Stage::First,
        connection: connection.account.connection.to_string(),
        title: title.to_owned(),
        their_words: None,
        request_id: None,
        cause: String::new(),
        fix: String::new(),
        evidence: Vec::new(),
        rows: Vec::new(),
        count_more: 0,
        merchant_time_zone: connection.time_zone.clone(),
        now,
    }
}
