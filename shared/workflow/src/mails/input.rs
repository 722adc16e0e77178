//! What a mail is made from.

use domain::connection::MailKind;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Any mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Orders that share a cause.
    Notice(Notice),
    /// What happened in a day.
    Digest(Digest),
    /// About an account or the system, rather than about single orders.
    Account(AccountNotice),
}

/// Where in its life a matter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Told for the first time.
    First,
    /// Told again before the deadline.
    Reminder,
    /// Told again when the deadline is there.
    AtDeadline,
    /// Told again before the marketplace cancels the order.
    BeforeCancellation,
    /// Nothing left to do.
    Resolved,
}

/// Orders that wait, or waited, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of trouble.
    pub kind: MailKind,
    /// Told first, again, or resolved.
    pub stage: Stage,
    /// The cause they share, as a plain sentence. May hold a store's or marketplace's words.
    pub cause_title: String,
    /// The orders, in any order: the mail puts the most urgent first.
    pub rows: Vec<Row>,
    /// Further orders with this cause that are not in `rows`.
    pub count_more: usize,
    /// The connection concerned: its id.
    pub connection: String,
    /// The marketplace's name for people.
    pub marketplace: String,
    /// The merchant's time zone, an IANA name. One that does not exist is told as UTC.
    pub merchant_time_zone: String,
    /// When the mail is written.
    pub now: Timestamp,
}

/// One order in a mail. When resolved, `cause` says what settled it, and there is no `fix`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The marketplace's order id.
    pub order: String,
    /// The store's name of the order (`#1001`).
    pub store_order: Option<String>,
    /// The marketplace, for people.
    pub marketplace: String,
    /// The carrier as the store wrote it.
    pub carrier_text: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// The marketplace's own words.
    pub their_words: Option<String>,
    /// The marketplace's id of the request, for its support.
    pub request_id: Option<String>,
    /// Why, as a plain sentence.
    pub cause: String,
    /// The exact command or step; see [`shell_quoted`](crate::mails::shell_quoted) for texts in commands.
    pub fix: String,
    /// The deadline.
    pub ship_by: Option<Timestamp>,
    /// What we know for certain, a sentence each.
    pub evidence: Vec<String>,
}

/// A summary of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The day, in the merchant's time zone.
    pub day: Date,
    /// Confirmed and shown.
    pub confirmed: u64,
    /// Held, and the merchant asked.
    pub held: u64,
    /// Past ship-by and not confirmed.
    pub late: u64,
    /// There were more orders than could be gone through: every figure is of a part of them.
    #[serde(default)]
    pub cut: bool,
    /// Parcels that the marketplace took in the last 30 days.
    #[serde(default)]
    pub sent: u64,
    /// Those of them sent under its word for other.
    #[serde(default)]
    pub sent_as_other: u64,
    /// What waits for the merchant, in any order.
    pub rows: Vec<Row>,
    /// Further ones that are not in `rows`.
    pub count_more: usize,
    /// The connection concerned: its id.
    pub connection: String,
    /// The marketplace's name for people.
    pub marketplace: String,
    /// The merchant's time zone, as in [`Notice`].
    pub merchant_time_zone: String,
    /// When the mail is written.
    pub now: Timestamp,
}

/// What an [`AccountNotice`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountMatter {
    /// The account refuses us until it is connected again.
    Reconnect,
    /// Its credential ends on this day.
    Expires {
        /// The last day.
        on: Date,
    },
    /// Messages that could not be worked on.
    DeadLetters {
        /// How many.
        count: u64,
        /// Since when.
        oldest: Option<Timestamp>,
    },
    /// A delivery that is genuine and says what cannot be read.
    UnreadableDelivery,
    /// An order that is too large to be kept.
    OrderTooLarge,
    /// A bulk that the marketplace will not work on.
    BulkRefused,
    /// A bulk that the marketplace has been working on for hours.
    BulkStuck,
    /// A record that a newer version wrote.
    NewerRecord,
    /// Another address is not mailed any more.
    AddressSuppressed,
    /// A test, asked for by a person.
    Test,
    /// The weekly proof that mail gets through.
    WeeklyTest,
}

/// About an account or the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNotice {
    /// What it is about.
    pub matter: AccountMatter,
    /// Told first, again, or resolved.
    pub stage: Stage,
    /// The connection's id, or the queue's name.
    pub connection: String,
    /// The store's or marketplace's name for people; may be empty.
    pub title: String,
    /// The other side's own words.
    pub their_words: Option<String>,
    /// The other side's id of the request, for its support.
    pub request_id: Option<String>,
    /// Why, as a plain sentence; may be empty.
    pub cause: String,
    /// The exact command or step; may be empty.
    pub fix: String,
    /// What we know for certain, a sentence each.
    pub evidence: Vec<String>,
    /// Orders that wait because of it, in any order.
    pub rows: Vec<Row>,
    /// Further ones that are not in `rows`.
    pub count_more: usize,
    /// The merchant's time zone, as in [`Notice`].
    pub merchant_time_zone: String,
    /// When the mail is written.
    pub now: Timestamp,
}
