//! What a mail tells people to type works on the record as it stands.

use domain::connection::MailSettings;
use domain::order::Link;
use domain::outcome::AT_RISK;
use domain::state::NotOurs;

use super::*;
use crate::admin::testing::{Bench, at, every_state};
use crate::admin::{HoldAction, hold, retry};
use crate::alerts::store_causes;

fn alert(cause: &str) -> Alert {
    Alert {
        kind: MailKind::Unclear,
        cause: cause.into(),
        version: 1,
        raised_at: at(0),
        stage: AlertStage::Due,
        their_words: None,
        request_id: None,
    }
}

/// The words of each `hold` and `retry` command in a text, its quotes taken away.
fn commands(fix: &str) -> Vec<Vec<String>> {
    let of = |text: &str| -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for c in text.chars() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None, ' ' | ';' | ',' | ')' | '(') => words.push(String::new()),
                (_, c) => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    };
    let all = fix.split("parcelwire ").skip(1).map(of);
    all.filter(|words| ["hold", "retry"].contains(&words[0].as_str())).collect()
}

/// Runs each command on a bench of its own; how many there were.
fn accepted(name: &str, fix: &str, bench: impl Fn() -> Bench) -> usize {
    let commands = commands(fix);
    for words in &commands {
        let bench = bench();
        let done = if words[0] == "retry" {
            bench.run(retry(&bench.world, &words[1])).map(|done| !done.is_empty())
        } else {
            let action = match words[2].as_str() {
                "not-ours" => HoldAction::NotOurs,
                "confirmed-by-hand" => HoldAction::ConfirmedByHand,
                "send-once" => HoldAction::SendOnce,
                "ignore" => {
                    assert_eq!(words[3], "--reason", "{fix}");
                    HoldAction::Ignore { reason: words[4].clone() }
                }
                other => panic!("{name}: no such decision: {other}"),
            };
            bench.run(hold(&bench.world, &words[1], None, &action)).map(|done| !done.is_empty())
        };
        assert_eq!(done.as_ref().ok(), Some(&true), "{name}: {fix}: {words:?} gave {done:?}");
    }
    commands.len()
}

fn connection_of(bench: &Bench) -> Connection {
    let mut connection = bench.marketplace("m", "us");
    connection.mail = MailSettings::default();
    connection
}

#[test]
fn every_command_that_a_mail_about_a_store_order_advises_is_accepted() {
    let unclear = || Link::Unclear { detail: "x".into(), rules: "r".into() };
    let cases = [
        (store_causes::UNCLEAR, unclear(), 2),
        (store_causes::TOO_MANY_LINES, unclear(), 1),
        (store_causes::READ_REFUSED, Link::Unknown, 1),
        (store_causes::NOT_FOUND, unclear(), 2),
        (store_causes::NOT_FOUND, Link::Unknown, 1),
        (store_causes::UNREACHABLE, Link::Unknown, 1),
    ];
    for (cause, link, want) in cases {
        let bench = || {
            let bench = Bench::new();
            let shop = bench.store("m", "shop");
            bench.store_order(&shop, "1001", "1Z1", link.clone());
            bench
        };
        let shop = bench().store("m", "shop");
        let order = bench().store_order(&shop, "1001", "1Z1", link.clone());
        let (_, row) = store_row(&order, "Shopify", Stage::First, &alert(cause));
        assert_eq!(accepted(cause, &row.fix, bench), want, "{}", row.fix);
    }
}

const PLACE: Place<'_> = Place {
    title: "Amazon",
    catalogue: &[Explained {
        code: "8105",
        words: "",
        cause: "The number is another's.",
        fix: "correct the number",
    }],
};

#[test]
fn a_known_code_is_told_in_plain_words_and_an_unknown_one_in_the_marketplaces_own() {
    let stage = Bench::new();
    let connection = connection_of(&stage);
    for (code, words, cause) in [("8105", "no", "The number is another's."), ("9999", "no way", "said no")] {
        let state =
            State::Rejected { version: 1, code: code.into(), words: words.into(), hash: String::new() };
        let package = stage.package(&stage.order(&connection, "111-1"), "p1", "1Z1", state);
        let (_, row) = package_row(&connection, &package, PLACE, Stage::First, &alert("rejected"));
        assert!(row.cause.contains(cause), "{code}: {}", row.cause);
        assert_eq!(row.their_words.as_deref(), Some(words), "{code}");
    }
}

#[test]
fn every_command_that_a_mail_about_a_parcel_advises_is_accepted() {
    let held = |cause| State::Held { cause, since: at(50) };
    let detail = || "two of one".to_owned();
    let causes = [
        Cause::NoTrackingNumber,
        Cause::NumberNeeded,
        Cause::NoCarrier,
        Cause::CarrierUnmapped { text: "Zephyr".into(), suggestions: vec![] },
        Cause::LineUnclear { lines: vec!["SKU A".into()] },
        Cause::SurplusNumber,
        Cause::TooMany { detail: detail() },
        Cause::OrderUnclear { detail: detail() },
        Cause::InDoubt { version: 1, detail: detail() },
        Cause::Pending,
        Cause::EditByHand,
        Cause::LineInParts { lines: vec![detail()] },
        Cause::AccessClosed,
    ];
    let mut cases: Vec<(State, &str)> = causes.into_iter().map(|cause| (held(cause), "held")).collect();
    cases.push((State::NotOurs { why: NotOurs::CancelledThere }, "cancelled_there"));
    cases.extend(every_state().into_iter().map(|state| (state, AT_RISK)));
    let mut commands = 0;
    for (state, cause) in cases {
        let bench = || {
            let bench = Bench::new();
            let order = bench.order(&connection_of(&bench), "111-1");
            bench.package(&order, "p1", "1Z1", state.clone());
            bench
        };
        let stage = Bench::new();
        let connection = connection_of(&stage);
        let package = stage.package(&stage.order(&connection, "111-1"), "p1", "1Z1", state.clone());
        let (_, row) = package_row(&connection, &package, PLACE, Stage::First, &alert(cause));
        commands += accepted(&format!("{state:?}"), &row.fix, bench);
    }
    assert_eq!(commands, 14);
}

#[test]
fn every_command_that_a_mail_about_a_marketplace_order_advises_is_accepted() {
    for cause in ["order_not_found", "order_read_refused"] {
        let bench = || {
            let bench = Bench::new();
            let us = bench.marketplace("m", "us");
            let shop = bench.store("m", "shop");
            let mut order = bench.order(&us, "111-1");
            order.not_found_since = Some(at(40));
            bench.linked(&mut order, &shop, "1001", "1Z1");
            bench
        };
        let stage = Bench::new();
        let order = stage.order(&stage.marketplace("m", "us"), "111-1");
        let (_, row) = order_row(&order, "Amazon", Stage::First, &alert(cause));
        assert_eq!(accepted(cause, &row.fix, bench), 1, "{}", row.fix);
    }
}
