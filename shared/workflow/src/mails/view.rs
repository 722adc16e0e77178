//! What the templates lay out: headings, facts and rows, every word decided.

use serde::Serialize;

use super::clean::subject_id;
use super::input::{AccountMatter, AccountNotice, Stage};
use super::orders::{number, order_rows, waiting};
use super::words::{ByHand, Moment, count, upper_first};

/// A whole mail. Texts are cleaned once more as a whole before a template sees them.
#[derive(Serialize)]
pub(super) struct View {
    pub(super) subject: String,
    pub(super) heading: String,
    pub(super) lead: Vec<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) fix: Option<String>,
    pub(super) evidence: Vec<String>,
    pub(super) rows_heading: Option<String>,
    pub(super) rows: Vec<ViewRow>,
    pub(super) more: Option<String>,
    pub(super) foot: Vec<String>,
}

/// One order.
#[derive(Serialize)]
pub(super) struct ViewRow {
    pub(super) title: String,
    pub(super) facts: Vec<Fact>,
    pub(super) fix: Option<String>,
    pub(super) by_hand: Option<String>,
    pub(super) evidence: Vec<String>,
}

/// A labelled value.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
}

impl Fact {
    pub(super) fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into() }
    }

    /// Nothing, for a text without any visible character.
    pub(super) fn of(label: &'static str, value: Option<&str>) -> Option<Self> {
        value.and_then(filled).map(|value| Self::new(label, value))
    }
}

/// The text, unless nothing of it would be seen.
pub(super) fn filled(text: &str) -> Option<String> {
    let text = super::clean::value(text);
    (!text.is_empty()).then_some(text)
}

/// The other side's own words and its id of the request.
pub(super) fn their_words(words: Option<&str>, request_id: Option<&str>) -> Option<String> {
    let words = words.and_then(filled).map(|words| format!("\"{words}\""));
    let id = request_id.and_then(filled).map(|id| format!("request {id}"));
    match (words, id) {
        (Some(words), Some(id)) => Some(format!("{words} ({id})")),
        (words, id) => words.or(id),
    }
}

/// The last lines of every mail.
pub(super) fn foot(moment: &Moment, now: jiff::Timestamp, about: &str) -> Vec<String> {
    let about = filled(about).map(|about| format!(" about {about}")).unwrap_or_default();
    vec![
        format!("Parcelwire wrote this{about}, {} ({}).", moment.day_and_time(now), moment.zone()),
        "Who gets which mails is set under [mail] in the settings.".to_owned(),
    ]
}

/// The prefix of a subject or heading.
pub(super) fn stage_words(stage: Stage, text: &str) -> String {
    match stage {
        Stage::First => upper_first(text),
        Stage::Reminder | Stage::AtDeadline | Stage::BeforeCancellation => format!("Reminder: {text}"),
        Stage::Resolved => format!("Resolved: {text}"),
    }
}

/// A mail about an account or the system.
pub(super) fn account(notice: &AccountNotice) -> View {
    let moment = Moment::new(notice.now, &notice.merchant_time_zone);
    let open = notice.stage != Stage::Resolved;
    let name = account_name(notice);
    let (what, mut lead) = account_words(notice, &moment, &name);
    if open && notice.stage == Stage::Reminder && notice.matter != AccountMatter::Test {
        lead.insert(0, "This still waits for you.".to_owned());
    }
    let total = number(notice.rows.len().saturating_add(notice.count_more));
    let why = if open { "Why" } else { "What settled it" };
    let words = their_words(notice.their_words.as_deref(), notice.request_id.as_deref());
    let facts = [
        Fact::of("Connection", Some(&notice.connection)),
        words.filter(|_| open).map(|words| Fact::new("They say", words)),
        Fact::of(why, Some(&notice.cause)),
    ];
    View {
        subject: stage_words(notice.stage, &what),
        heading: stage_words(notice.stage, &what),
        lead,
        facts: facts.into_iter().flatten().collect(),
        fix: filled(&notice.fix).filter(|_| open),
        evidence: notice.evidence.clone(),
        rows_heading: (open && total > 0).then(|| format!("{} because of it:", waiting(total))),
        rows: order_rows(&notice.rows, notice.stage, ByHand::CONFIRM, &moment),
        more: more(notice.count_more, notice.rows.is_empty()),
        foot: foot(&moment, notice.now, &notice.connection),
    }
}

/// `Amazon account amazon-de`, of characters that may stand in a subject.
fn account_name(notice: &AccountNotice) -> String {
    let (title, connection) = (subject_id(&notice.title), subject_id(&notice.connection));
    format!("{title} account {connection}").trim().to_owned()
}

/// What it is about, and what that means.
fn account_words(notice: &AccountNotice, moment: &Moment, name: &str) -> (String, Vec<String>) {
    let open = notice.stage != Stage::Resolved;
    match notice.matter {
        AccountMatter::Reconnect if open => (
            format!("reconnect {name}"),
            vec![
                "It refuses us until you connect it again. Everything for it waits and nothing is lost; \
                 your other accounts go on as ever."
                    .to_owned(),
            ],
        ),
        AccountMatter::Reconnect => (
            format!("{name} is connected again"),
            vec!["What waited for it goes on now. Nothing is left to do.".to_owned()],
        ),
        AccountMatter::Expires { on } if open && moment.is_over(on) => (
            format!("the credential of {name} ended {}", moment.day(on)),
            vec![
                "Nothing can be confirmed for this account before it is renewed; what comes in waits."
                    .to_owned(),
            ],
        ),
        AccountMatter::Expires { on } if open => (
            format!("the credential of {name} ends {}", moment.day(on)),
            vec![
                "Until then everything works. After that day nothing can be confirmed for this account \
                 before it is renewed."
                    .to_owned(),
            ],
        ),
        AccountMatter::Expires { on } => (
            format!("the credential of {name} was renewed"),
            vec![format!(
                "The one with its end on {} is no longer used. Nothing is left to do.",
                moment.date(on)
            )],
        ),
        AccountMatter::DeadLetters { count: number, oldest } if open => {
            let messages = count(number, "message", "messages");
            let since = oldest.map(|time| {
                format!("The oldest has been there since {} ({}).", moment.day_and_time(time), moment.zone())
            });
            let kept = "Each was tried several times and then put aside. They are kept.";
            let lead = [Some(kept.to_owned()), since].into_iter().flatten().collect();
            (format!("{messages} could not be worked on"), lead)
        }
        AccountMatter::DeadLetters { .. } => (
            "no message is left aside".to_owned(),
            vec!["All that had been put aside was worked on. Nothing is left to do.".to_owned()],
        ),
        AccountMatter::UnreadableDelivery => (
            format!("a webhook of {name} cannot be read"),
            vec![
                "It is genuine, and it is kept. What it tells of is found by asking the store every few minutes, \
                 so a parcel may be late but is not lost. Further ones of the same day are not mailed."
                    .to_owned(),
            ],
        ),
        AccountMatter::OrderTooLarge => (
            format!("an order of {name} is too large to be kept"),
            vec!["No parcel of it is confirmed by us. Further ones of the same day are not mailed.".to_owned()],
        ),
        AccountMatter::BulkRefused => (
            format!("an upload of many parcels to {name} is refused"),
            vec!["Nothing of it is lost. Further ones of the same day are not mailed.".to_owned()],
        ),
        AccountMatter::BulkStuck => (
            format!("an upload of many parcels to {name} does not come to its end"),
            vec![
                "Whether its parcels count as told cannot be said before. None is sent a second time; what is due is \
                 mailed by itself before its deadline. Further ones of the same day are not mailed."
                    .to_owned(),
            ],
        ),
        AccountMatter::NewerRecord => (
            format!("a record of {name} was written by a newer version"),
            vec![
                "This version leaves it alone, so that nothing in it is spoilt: what it is about stands still \
                 until the newer version runs again. Further ones of the same day are not mailed."
                    .to_owned(),
            ],
        ),
        AccountMatter::AddressSuppressed => (
            format!("an address for mails about {name} does not work"),
            vec![
                "It is not mailed any more. What it would have heard goes to the other addresses in the settings; \
                 you have this mail because yours is one of them."
                    .to_owned(),
            ],
        ),
        AccountMatter::Test => (
            "Parcelwire test mail".to_owned(),
            vec![
                "You asked for this mail. That you read it shows that mail about trouble reaches you."
                    .to_owned(),
            ],
        ),
        AccountMatter::WeeklyTest => (
            "Parcelwire's weekly test: mail reaches you".to_owned(),
            vec![
                "Nothing is wrong, and nothing is to be done. Every Monday from 9 o'clock this mail walks the way \
                 that a mail about trouble takes."
                    .to_owned(),
                "When it stays out, mails about trouble may stay out, too: have somebody run parcelwire doctor. \
                 mail.weekly_test in the settings switches it off."
                    .to_owned(),
            ],
        ),
    }
}

/// A sentence on the orders that are not in the mail; `alone` if none is.
pub(super) fn more(count_more: usize, alone: bool) -> Option<String> {
    let noun = if count_more == 1 { "order" } else { "orders" };
    let begin = if alone { format!("{count_more} {noun}") } else { format!("And {count_more} more {noun}") };
    (count_more > 0).then(|| format!("{begin} for this reason: parcelwire orders lists them."))
}
