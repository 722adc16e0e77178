//! Mails about orders: those that share a cause, and those of a day.

use domain::connection::MailKind;
use jiff::Timestamp;

use super::clean::subject_id;
use super::input::{Digest, Notice, Row, Stage};
use super::view::{Fact, View, ViewRow, filled, foot, more, their_words};
use super::words::{ByHand, Moment, count, upper_first};
use crate::share::Share;

/// The fixed words of a kind of mail.
struct KindWords {
    /// What it is, in a subject.
    what: &'static str,
    /// What it means, told first.
    lead: &'static str,
    /// What a person can do at the marketplace.
    by_hand: ByHand,
}

fn kind_words(kind: MailKind) -> KindWords {
    let (what, lead, by_hand) = match kind {
        MailKind::CarrierToMap => (
            "carrier to map",
            "The marketplace takes only its own carrier codes, and we never guess one. We hold the \
             parcel; it goes out by itself as soon as you name the code.",
            ByHand::CONFIRM,
        ),
        MailKind::Unclear => (
            "order or line unclear",
            "We cannot tell for certain which order or which lines the parcel belongs to, and we never guess. \
             We hold it; it goes out by itself as soon as you tell us.",
            ByHand::CONFIRM,
        ),
        MailKind::Rejected => (
            "rejected by the marketplace",
            "The marketplace refused what we sent. To repeat it unchanged cannot help.",
            ByHand::CONFIRM,
        ),
        MailKind::NotShown => (
            "accepted but not shown",
            "The marketplace took the confirmation, yet does not show it. We keep looking, and do not send it \
             twice.",
            ByHand::noticed("check it at the marketplace and confirm it"),
        ),
        MailKind::Conflict => (
            "confirmed differently by somebody else",
            "The marketplace already shows something other than your store says. We left it as it is.",
            ByHand::noticed("put it right"),
        ),
        MailKind::Cancellation => (
            "cancellation asked for",
            "The buyer asked the marketplace to cancel. Only you can answer, and a parcel that has left is confirmed \
             all the same: unconfirmed it would count as late.",
            ByHand::noticed("answer the buyer"),
        ),
        MailKind::Reversal => (
            "cancellation or refund to do",
            "The store cancelled or refunded something, and it could not be taken to the marketplace for certain. It \
             is about money, so nothing is sent a second time, and nothing on a guess.",
            ByHand::REVERSE,
        ),
        MailKind::Reconnect => (
            "account to reconnect",
            "The account refuses us until you connect it again. Everything for it waits and nothing is lost.",
            ByHand::CONFIRM,
        ),
        MailKind::DeadLetters => (
            "could not be worked on",
            "This was tried several times and then put aside. It is kept.",
            ByHand::CONFIRM,
        ),
        MailKind::Digest => ("waiting for you", "These wait for you.", ByHand::CONFIRM),
    };
    KindWords { what, lead, by_hand }
}

/// A mail about orders that share a cause.
pub(super) fn notice(notice: &Notice) -> View {
    let moment = Moment::new(notice.now, &notice.merchant_time_zone);
    let words = kind_words(notice.kind);
    let total = number(notice.rows.len().saturating_add(notice.count_more));
    let marketplace = subject_id(&notice.marketplace);
    let orders = match notice.rows.as_slice() {
        [only] if total == 1 => format!("{marketplace} order {}", subject_id(&only.order)),
        _ => {
            let one = format!("{marketplace} order");
            count(total, one.trim(), format!("{one}s").trim())
        }
    };
    let orders = orders.trim();
    let what = match notice.stage {
        Stage::First => upper_first(&format!("{}: {orders}", words.what)),
        Stage::Reminder => format!("Reminder ({}): {orders}", words.what),
        Stage::AtDeadline => format!("Deadline reached ({}): {orders}", words.what),
        Stage::BeforeCancellation => format!("About to be cancelled ({}): {orders}", words.what),
        Stage::Resolved => format!("Resolved ({}): {orders}", words.what),
    };
    let open = notice.stage != Stage::Resolved;
    let first_due = notice.rows.iter().filter_map(|row| row.ship_by).min();
    let due = first_due.filter(|_| open).map(|time| due_words(&moment, time, total)).unwrap_or_default();
    let lead = match notice.stage {
        Stage::First => vec![notice.cause_title.clone(), words.lead.to_owned()],
        Stage::Reminder => {
            vec!["This still waits for you.".to_owned(), notice.cause_title.clone(), words.lead.to_owned()]
        }
        Stage::AtDeadline => vec![
            "The ship-by time is there, and this still waits for you. We go on trying; late is better than never."
                .to_owned(),
            notice.cause_title.clone(),
            words.lead.to_owned(),
        ],
        Stage::BeforeCancellation => vec![
            format!("Within a day {marketplace} cancels what it has heard nothing of. Confirm it by hand now."),
            notice.cause_title.clone(),
            words.lead.to_owned(),
        ],
        Stage::Resolved => vec![notice.cause_title.clone(), "Nothing is left to do.".to_owned()],
    };
    View {
        subject: format!("{what}{due}"),
        heading: what,
        lead: lead.iter().filter_map(|text| filled(text)).collect(),
        facts: Vec::new(),
        fix: None,
        evidence: Vec::new(),
        rows_heading: None,
        rows: order_rows(&notice.rows, notice.stage, words.by_hand, &moment),
        more: more(notice.count_more, notice.rows.is_empty()),
        foot: foot(&moment, notice.now, &notice.connection),
    }
}

/// ` (ship-by today 18:00)`, for a subject.
fn due_words(moment: &Moment, first_due: Timestamp, total: u64) -> String {
    let when = moment.day_and_time(first_due);
    let first = if total > 1 { "first " } else { "" };
    if moment.has_passed(first_due) {
        format!(" ({first}ship-by passed {when})")
    } else {
        format!(" ({first}ship-by {when})")
    }
}

/// A mail about a day.
pub(super) fn digest(digest: &Digest) -> View {
    let moment = Moment::new(digest.now, &digest.merchant_time_zone);
    let least = if digest.cut { "at least " } else { "" };
    let figures =
        format!("{least}{} confirmed, {} held, {} late", digest.confirmed, digest.held, digest.late);
    let (marketplace, connection) = (subject_id(&digest.marketplace), subject_id(&digest.connection));
    let day = moment.date(digest.day);
    let total = number(digest.rows.len().saturating_add(digest.count_more));
    let mut lead = vec![match (total, digest.cut) {
        (0, false) => "Nothing waits for you.",
        (0, true) => "Nothing of what was looked at waits for you.",
        (_, _) => "What waits for you is below, most urgent first.",
    }];
    if digest.cut {
        lead.push(
            "There are more orders than could be looked at for this mail: the figures are of a part of them. \
             parcelwire orders lists what waits, all of it.",
        );
    }
    let share = Share { parcels: digest.sent, other: digest.sent_as_other };
    let facts = [
        Some(Fact::new("Confirmed and shown", digest.confirmed.to_string())),
        Some(Fact::new("Held, waiting for you", digest.held.to_string())),
        Some(Fact::new("Past ship-by and not confirmed", digest.late.to_string())),
        (share.other > 0).then(|| Fact::new("Sent under the word for other, last 30 days", share.words())),
        Fact::of("Marketplace", Some(&digest.marketplace)),
    ];
    View {
        subject: format!("{day}: {figures} - {marketplace} {connection}"),
        heading: format!("{day}: {figures}"),
        lead: lead.into_iter().map(str::to_owned).collect(),
        facts: facts.into_iter().flatten().collect(),
        fix: None,
        evidence: Vec::new(),
        rows_heading: (total > 0).then(|| format!("{}:", waiting(total))),
        rows: order_rows(&digest.rows, Stage::First, ByHand::CONFIRM, &moment),
        more: more(digest.count_more, digest.rows.is_empty()),
        foot: foot(&moment, digest.now, &digest.connection),
    }
}

/// `2 orders wait`.
pub(super) fn waiting(total: u64) -> String {
    format!("{} {}", count(total, "order", "orders"), if total == 1 { "waits" } else { "wait" })
}

/// A count as wide as counts are told.
pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Orders, the most urgent first.
pub(super) fn order_rows(rows: &[Row], stage: Stage, by_hand: ByHand, moment: &Moment) -> Vec<ViewRow> {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| row.ship_by.unwrap_or(Timestamp::MAX));
    sorted.into_iter().map(|row| order_row(row, stage, by_hand, moment)).collect()
}

fn order_row(row: &Row, stage: Stage, by_hand: ByHand, moment: &Moment) -> ViewRow {
    let open = stage != Stage::Resolved;
    let words = their_words(row.their_words.as_deref(), row.request_id.as_deref());
    let facts = [
        open.then(|| Fact::new("Deadline", moment.time_left(row.ship_by))),
        Fact::of("Store order", row.store_order.as_deref()),
        Fact::of("Marketplace", Some(&row.marketplace)),
        Fact::of("Carrier", row.carrier_text.as_deref()),
        Fact::of("Tracking number", row.tracking_number.as_deref()),
        words.filter(|_| open).map(|words| Fact::new("Marketplace says", words)),
        Fact::of(if open { "Why" } else { "What settled it" }, Some(&row.cause)),
    ];
    let fix = filled(&row.fix).filter(|_| open);
    ViewRow {
        title: format!("Order {}", row.order),
        facts: facts.into_iter().flatten().collect(),
        by_hand: open.then(|| moment.by_hand(by_hand, row.ship_by, fix.is_none())),
        fix,
        evidence: row.evidence.iter().filter_map(|text| filled(text)).collect(),
    }
}
