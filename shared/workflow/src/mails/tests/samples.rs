//! Input as the workflow makes it.

use domain::connection::MailKind;
use jiff::Timestamp;
use jiff::civil::date;

use crate::mails::{AccountMatter, AccountNotice, Digest, Notice, Row, Stage, shell_quoted};

/// Friday, 14:40 in Berlin.
pub(super) const NOW: &str = "2026-11-20T13:40:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn row() -> Row {
    let carrier = "Deutsche Post & Söhne's";
    Row {
        order: "306-1234567-7654321".to_owned(),
        store_order: Some("#1001".to_owned()),
        marketplace: "Amazon.de".to_owned(),
        carrier_text: Some(carrier.to_owned()),
        tracking_number: Some("00340434161094042557".to_owned()),
        their_words: None,
        request_id: None,
        cause: "Your store names a carrier that has no code at Amazon.de yet.".to_owned(),
        fix: format!("parcelwire map set amazon-de {} DHL", shell_quoted(carrier)),
        ship_by: Some(at("2026-11-20T17:00:00Z")),
        evidence: vec!["The store reported the parcel today 14:39.".to_owned()],
    }
}

/// What each kind is about: the shared cause, the order's own, and the fix.
fn matter(kind: MailKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        MailKind::CarrierToMap => (
            "There is no Amazon.de code for the carrier \"Deutsche Post & Söhne's\" yet.",
            "Your store names a carrier that has no code at Amazon.de yet.",
            r"parcelwire map set amazon-de 'Deutsche Post & Söhne'\''s' DHL",
        ),
        MailKind::Unclear => (
            "The store line MUG-BLUE-2 fits no line of the order.",
            "The order has the lines MUG-BLUE and MUG-RED; your store shipped MUG-BLUE-2.",
            "parcelwire sku set amazon-de MUG-BLUE-2 MUG-BLUE",
        ),
        MailKind::Rejected => (
            "Amazon.de refused the carrier code DPAG.",
            "Amazon.de does not take this carrier code for this order.",
            "parcelwire map set amazon-de 'Deutsche Post' DHL",
        ),
        MailKind::NotShown => (
            "Amazon.de took the parcel 30 minutes ago and does not show it.",
            "Amazon.de answered that all is well, but the order shows no parcel.",
            "parcelwire hold send-once 306-1234567-7654321",
        ),
        MailKind::Conflict => (
            "Amazon.de shows another tracking number than your store.",
            "Amazon.de shows 00340434161094000000, your store says 00340434161094042557.",
            "parcelwire hold confirmed-by-hand 306-1234567-7654321",
        ),
        MailKind::Cancellation => (
            "The buyer asked to cancel, but a parcel has left.",
            "Amazon.de says that the buyer asked to cancel, and your store shipped it.",
            "refuse the request in your seller account",
        ),
        MailKind::Reversal => (
            "A refund of the store is yours to take to the marketplace.",
            "A refund of the store was not taken to Amazon.de: the marketplace does not say what the buyer paid.",
            "look at the order in your seller account, and refund there what is not refunded yet",
        ),
        MailKind::Reconnect | MailKind::DeadLetters | MailKind::Digest => {
            ("Something holds this order up.", "It waits.", "parcelwire retry 306-1234567-7654321")
        }
    }
}

pub(super) fn notice(kind: MailKind, stage: Stage) -> Notice {
    let (cause_title, cause, fix) = matter(kind);
    Notice {
        kind,
        stage,
        cause_title: cause_title.to_owned(),
        rows: vec![Row { cause: cause.to_owned(), fix: fix.to_owned(), ..row() }],
        count_more: 0,
        connection: "amazon-de".to_owned(),
        marketplace: "Amazon".to_owned(),
        merchant_time_zone: "Europe/Berlin".to_owned(),
        now: at(NOW),
    }
}

/// Three orders, given in no order, and more that are not in the mail.
pub(super) fn many() -> Notice {
    let second = Row {
        order: "306-2222222-2222222".to_owned(),
        ship_by: Some(at("2026-11-20T11:40:00Z")),
        evidence: vec![],
        ..row()
    };
    let third =
        Row { order: "306-3333333-3333333".to_owned(), ship_by: None, fix: String::new(), ..second.clone() };
    let first = notice(MailKind::CarrierToMap, Stage::First);
    Notice { rows: vec![third, row(), second], count_more: 12, ..first }
}

/// What settled it, in the place of what was wrong.
pub(super) fn resolved(kind: MailKind) -> Notice {
    let settled = Row {
        cause: "Amazon.de shows the parcel since today 15:02.".to_owned(),
        their_words: Some("not to be shown again".to_owned()),
        ..row()
    };
    let before = notice(kind, Stage::Resolved);
    Notice {
        cause_title: "You answered, and Amazon.de has the parcel.".to_owned(),
        rows: vec![settled],
        now: at("2026-11-20T14:05:00Z"),
        ..before
    }
}

pub(super) fn rejected(stage: Stage) -> Notice {
    let before = notice(MailKind::Rejected, stage);
    let refused = Row {
        their_words: Some("InvalidInput: Invalid carrierCode".to_owned()),
        request_id: Some("b1f6a3c2-0000-4d5e".to_owned()),
        ..before.rows[0].clone()
    };
    Notice { rows: vec![refused], ..before }
}

pub(super) fn digest() -> Digest {
    Digest {
        day: date(2026, 11, 20),
        confirmed: 42,
        held: 1,
        late: 0,
        cut: false,
        sent: 1_204,
        sent_as_other: 30,
        rows: vec![row()],
        count_more: 0,
        connection: "amazon-de".to_owned(),
        marketplace: "Amazon".to_owned(),
        merchant_time_zone: "Europe/Berlin".to_owned(),
        now: at("2026-11-20T17:00:00Z"),
    }
}

pub(super) fn account(matter: AccountMatter, stage: Stage) -> AccountNotice {
    AccountNotice {
        matter,
        stage,
        connection: "amazon-de".to_owned(),
        title: "Amazon".to_owned(),
        their_words: Some("invalid_grant: The request has an invalid grant parameter".to_owned()),
        request_id: Some("b1f6a3c2".to_owned()),
        cause: "Amazon no longer accepts the refresh token.".to_owned(),
        fix: "Authorise the app again in Seller Central, then put the new refresh_token in the settings."
            .to_owned(),
        evidence: vec!["Last confirmation: today 13:58.".to_owned()],
        rows: vec![Row {
            cause: "The account must be connected again first.".to_owned(),
            fix: String::new(),
            evidence: vec![],
            ..row()
        }],
        count_more: 2,
        merchant_time_zone: "Europe/Berlin".to_owned(),
        now: at(NOW),
    }
}

/// Not about single orders.
pub(super) fn system(matter: AccountMatter, stage: Stage) -> AccountNotice {
    AccountNotice {
        connection: "inbound".to_owned(),
        title: String::new(),
        their_words: None,
        request_id: None,
        cause: String::new(),
        fix: String::new(),
        evidence: vec![],
        rows: vec![],
        count_more: 0,
        ..account(matter, stage)
    }
}
