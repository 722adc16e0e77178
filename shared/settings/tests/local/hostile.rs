//! Whatever a file holds: no panic, a place for every problem, and no secret shown.

use proptest::prelude::*;

use crate::{CANARY, GOOD, changed, parse};

/// Every problem names a key or a line, on one line of its own.
fn judge(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(settings) => {
            let shown = format!("{settings:?}");
            prop_assert!(!shown.contains(CANARY), "{}", shown);
        }
        Err(errors) => {
            prop_assert!(!errors.problems.is_empty());
            for problem in &errors.problems {
                prop_assert!(!problem.at.is_empty() || problem.line.is_some(), "{problem:?}");
                prop_assert!(!problem.to_string().contains('\n'), "{problem:?}");
            }
        }
    }
    Ok(())
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("[[{ a = 1 }]]".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("0xffffffffffffffff".to_owned()),
        Just("-inf".to_owned()),
        Just("{ env = 5 }".to_owned()),
        Just("{ file = \"\" }".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:?}")),
        ".{0,40}".prop_map(|text| format!("{text:?}")),
    ]
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "(?s).{0,200}") {
        judge(&text)?;
    }

    #[test]
    fn any_toml_like_text_is_judged(
        lines in prop::collection::vec((prop::sample::select(GOOD.lines().collect::<Vec<_>>()), any_value(), 0..3u8), 0..30),
    ) {
        let text: String = lines
            .into_iter()
            .map(|(line, value, how)| match (how, line.split_once(" = ")) {
                (0, Some((key, _))) => format!("{key} = {value}\n"),
                (1, _) => format!("{line}{value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        judge(&text)?;
    }

    #[test]
    fn one_value_replaced_by_any_other_is_judged(number in 0..GOOD.lines().count(), value in any_value()) {
        let text: String = GOOD
            .lines()
            .enumerate()
            .map(|(i, line)| match line.split_once(" = ") {
                Some((key, _)) if i == number => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        judge(&text)?;
    }

    #[test]
    fn a_file_broken_anywhere_shows_no_secret(at in 0..GOOD.len(), cut in 0..6usize, put in "[\"'{}\\[\\]=,.#\n a]{0,3}") {
        // ASCII throughout, so any place is a boundary.
        let end = (at + cut).min(GOOD.len());
        let text = format!("{}{put}{}", &GOOD[..at], &GOOD[end..]);
        if let Err(errors) = parse(&text) {
            for problem in &errors.problems {
                // A key may have become part of what once was a value; what was a value must not be shown.
                prop_assert!(!problem.what.contains(CANARY), "{problem:?}");
            }
        }
    }
}

#[test]
fn deep_nesting_and_long_names_are_refused_in_a_bounded_answer() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let tables = format!("[{}a]\n", "a.".repeat(50_000));
    let long = format!("{} = 1\n", "a".repeat(500_000));
    let kind = changed("kind = \"shopify\"", &format!("kind = \"{}\"", "x".repeat(100_000)));
    let account = changed("account = \"amazon-us\"", &format!("account = \"{}\"", "x".repeat(100_000)));
    let lines = ["time_zone", "listen", "public_url", "log"]
        .map(|key| format!("{key} = \"{}\"\n", "x".repeat(50_000)));
    let general = format!("[general]\n{}[mail]\nto = [\"{}\"]", lines.concat(), "x".repeat(50_000));
    let file = changed("\"canary-client-id\"", &format!("{{ file = \"{}\" }}", "x".repeat(50_000)));
    for text in [deep, tables, long, kind, account, general, file] {
        let said = parse(&text).unwrap_err().to_string();
        assert!(said.len() < 5_000, "{} bytes", said.len());
    }
}
