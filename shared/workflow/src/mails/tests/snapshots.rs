//! Every kind and stage, as the merchant reads it.

use domain::connection::MailKind;
use jiff::civil::date;

use super::samples::{account, at, digest, many, notice, rejected, resolved, system};
use crate::mails::{AccountMatter, AccountNotice, Digest, Letter, Notice, Stage, render};

/// Snapshots one mail, subject and text in one file and HTML in another.
fn snapshot(name: &str, letter: &Letter) {
    let mail = render(letter).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("{name}.txt"), format!("Subject: {}\n\n{}", mail.subject, mail.text));
        insta::assert_snapshot!(format!("{name}.html"), mail.html);
    });
}

#[test]
fn notices() {
    let kinds = [
        (MailKind::Unclear, "unclear"),
        (MailKind::NotShown, "not_shown"),
        (MailKind::Conflict, "conflict"),
        (MailKind::Cancellation, "cancellation"),
        (MailKind::Reversal, "reversal"),
        (MailKind::CarrierToMap, "carrier_to_map"),
        (MailKind::Reconnect, "reconnect_order"),
        (MailKind::DeadLetters, "dead_letter_order"),
        (MailKind::Digest, "digest_order"),
    ];
    for (kind, name) in kinds {
        snapshot(&format!("{name}_first"), &Letter::Notice(notice(kind, Stage::First)));
        snapshot(&format!("{name}_reminder"), &Letter::Notice(notice(kind, Stage::Reminder)));
        snapshot(&format!("{name}_resolved"), &Letter::Notice(resolved(kind)));
    }
    for (stage, name) in [
        (Stage::AtDeadline, "rejected_at_deadline"),
        (Stage::BeforeCancellation, "rejected_before_cancellation"),
    ] {
        snapshot(name, &Letter::Notice(rejected(stage)));
    }
    snapshot("rejected_first", &Letter::Notice(rejected(Stage::First)));
    snapshot("rejected_reminder", &Letter::Notice(rejected(Stage::Reminder)));
    snapshot("rejected_resolved", &Letter::Notice(resolved(MailKind::Rejected)));
}

#[test]
fn many_orders_the_most_urgent_first() {
    snapshot("many_first", &Letter::Notice(many()));
    let none_told = Notice { rows: vec![], ..many() };
    snapshot("many_without_rows", &Letter::Notice(none_told));
}

#[test]
fn digests() {
    snapshot("digest", &Letter::Digest(digest()));
    let quiet =
        Digest { rows: vec![], confirmed: 3, held: 0, sent_as_other: 0, day: date(2026, 11, 19), ..digest() };
    snapshot("digest_quiet", &Letter::Digest(quiet.clone()));
    snapshot("digest_cut", &Letter::Digest(Digest { cut: true, ..quiet }));
}

#[test]
fn accounts() {
    for (stage, name) in [(Stage::First, "first"), (Stage::Reminder, "reminder")] {
        snapshot(&format!("reconnect_{name}"), &Letter::Account(account(AccountMatter::Reconnect, stage)));
    }
    let connected = AccountNotice {
        cause: "You gave a new refresh token.".to_owned(),
        rows: vec![],
        count_more: 0,
        ..account(AccountMatter::Reconnect, Stage::Resolved)
    };
    snapshot("reconnect_resolved", &Letter::Account(connected));
    let expires = AccountMatter::Expires { on: date(2026, 11, 27) };
    for (stage, name) in
        [(Stage::First, "first"), (Stage::Reminder, "reminder"), (Stage::Resolved, "resolved")]
    {
        let mut ends = system(expires, stage);
        ends.connection = "amazon-de".to_owned();
        ends.title = "Amazon".to_owned();
        ends.fix = "Make a new client secret at Amazon and put it in the settings.".to_owned();
        snapshot(&format!("expires_{name}"), &Letter::Account(ends));
        let dead = AccountMatter::DeadLetters { count: 3, oldest: Some(at("2026-11-19T08:00:00Z")) };
        let mut letters = system(dead, stage);
        letters.fix = "parcelwire retry --dead-letters".to_owned();
        letters.evidence = vec!["2 of them are about order 306-1234567-7654321.".to_owned()];
        snapshot(&format!("dead_letters_{name}"), &Letter::Account(letters));
    }
    let over = AccountMatter::Expires { on: date(2026, 11, 19) };
    snapshot("expires_over", &Letter::Account(account(over, Stage::Reminder)));
    snapshot("test", &Letter::Account(system(AccountMatter::Test, Stage::First)));
    snapshot("weekly_test", &Letter::Account(system(AccountMatter::WeeklyTest, Stage::First)));
}
