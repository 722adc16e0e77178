//! The resolution table: what every spelling we know becomes, at every marketplace, in every country.
//!
//! `tests/resolution/table.txt` is what was looked at and found right; a change of names, rows or lists shows there as
//! a difference. To take a change over, look at it:
//! `cargo test -p carriers --lib write_the_resolution_table -- --ignored && git diff`
//!
//! A block is three lines, one per marketplace, and the spellings they are true for. A line says what is sent in most
//! countries, `-` if the merchant is asked, and after tabs the countries where it is something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::accepted::{accepted, countries};
use crate::aliases;
use crate::carrier::Carrier;
use crate::codes::{MARKETPLACES, marketplace};
use crate::resolve::{Because, Decision, Question, resolve, resolve_by_names};

const TABLE: &str = include_str!("../tests/resolution/table.txt");

/// What stands for *the merchant is asked*.
const HELD: &str = "-";

/// Shops of these countries show every row of Etsy's that looks at the country, and some that show none.
const ETSY: &[&str] = &[
    "at", "au", "be", "ca", "de", "dk", "ee", "es", "fr", "gb", "hk", "ie", "in", "it", "jp", "my", "nl",
    "nz", "pl", "pt", "sg", "us", "za",
];

fn places(kind: &str) -> Vec<&'static str> {
    if kind == "etsy" { ETSY.to_vec() } else { countries(kind) }
}

/// Every name, every code of every list, and every carrier's title with a service behind it.
fn spellings() -> BTreeSet<String> {
    let codes = MARKETPLACES.iter().flat_map(|m| countries(m.kind).into_iter().map(|c| (m.kind, c)));
    let codes =
        codes.filter_map(|(kind, country)| accepted(kind, country)).flat_map(|list| list.codes().iter());
    let with_service = Carrier::ALL.iter().map(|carrier| format!("{carrier} Next Day"));
    let written = aliases::spellings().chain(codes.copied()).map(str::to_owned);
    written.chain(with_service).collect()
}

/// The code that is sent, or [`HELD`].
fn outcome(text: &str, kind: &str, country: &str) -> String {
    let question = Question { text: Some(text), marketplace: kind, country, ..Question::default() };
    match resolve_by_names(question) {
        Some(Decision::Code { carrier, because: Because::Alias { .. }, .. }) if carrier.name.is_none() => {
            carrier.code
        }
        Some(decision) => panic!("{text:?} became {decision:?}"),
        None => HELD.to_owned(),
    }
}

/// One line of a block: the most frequent outcome, and the others with their countries.
fn line(text: &str, kind: &str) -> String {
    let mut where_to: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for country in places(kind) {
        where_to.entry(outcome(text, kind, country)).or_default().push(country);
    }
    let most = where_to.iter().max_by_key(|(_, countries)| countries.len()).map(|(code, _)| code.clone());
    let most = most.unwrap_or_default();
    let mut line = format!("{kind} {most}");
    for (code, countries) in where_to.iter().filter(|(code, _)| **code != most) {
        write!(line, "\t{}={code}", countries.join(",")).unwrap();
    }
    line
}

fn table() -> String {
    let mut blocks: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for text in spellings() {
        let lines = MARKETPLACES.iter().map(|m| line(&text, m.kind)).collect();
        blocks.entry(lines).or_default().insert(text);
    }
    let mut table = String::new();
    for (lines, texts) in blocks {
        let texts = texts.into_iter().map(|text| format!("  {text}"));
        for line in lines.into_iter().chain(texts) {
            writeln!(table, "{line}").unwrap();
        }
    }
    table
}

/// A row of the table: spelling, marketplace, country, outcome.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// The rows of the file, without asking the tables anything.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut in_texts = false;
    for line in TABLE.lines() {
        let Some(text) = line.strip_prefix("  ") else {
            if in_texts {
                lines.clear();
            }
            in_texts = false;
            lines.push(line);
            continue;
        };
        in_texts = true;
        for line in &lines {
            let (kind, outcomes) = line.split_once(' ').unwrap();
            let kind = marketplace(kind).unwrap().kind;
            let mut outcomes = outcomes.split('\t');
            let most = outcomes.next().unwrap();
            let others: Vec<_> = outcomes.map(|other| other.split_once('=').unwrap()).collect();
            for country in places(kind) {
                let other = others.iter().find(|(countries, _)| countries.split(',').any(|c| c == country));
                rows.push((text, kind, country, other.map_or(most, |(_, code)| code)));
            }
        }
    }
    rows
}

#[test]
fn every_spelling_becomes_what_the_table_says() {
    let rows = rows();
    assert!(rows.len() > 50_000, "{} rows", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .map(|(text, kind, country, want)| (text, kind, country, want, outcome(text, kind, country)))
        .filter(|(.., want, is)| *want != is)
        .map(|(text, kind, country, want, is)| {
            format!("{text:?} at {kind} in {country}: {is:?}, not {want:?}")
        })
        .collect();
    let few: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} rows differ, among them {few:#?}", wrong.len());
}

#[test]
fn whoever_asks_hears_the_same() {
    // One row in fifty, so that it takes no minute.
    for (text, kind, country, want) in rows().into_iter().step_by(50) {
        let question = Question { text: Some(text), marketplace: kind, country, ..Question::default() };
        let is = match resolve(question) {
            Decision::Code { carrier, .. } => carrier.code,
            Decision::Unknown { text: asked, .. } if asked == text => HELD.to_owned(),
            decision @ (Decision::Unknown { .. } | Decision::Missing) => panic!("{text:?}: {decision:?}"),
        };
        assert_eq!(is, want, "{text:?} at {kind} in {country}");
    }
}

#[test]
fn the_table_holds_every_spelling_and_marketplace() {
    let written: BTreeSet<(&str, &str)> = rows().into_iter().map(|(text, kind, ..)| (text, kind)).collect();
    for text in spellings() {
        for marketplace in MARKETPLACES {
            assert!(written.contains(&(text.as_str(), marketplace.kind)), "{text:?} at {}", marketplace.kind);
        }
    }
    assert!(TABLE.len() < 200_000, "{} bytes: too much to look at", TABLE.len());
}

#[test]
fn no_row_is_a_silent_other_and_none_is_off_its_list() {
    let mut sent = 0;
    for (text, kind, country, code) in rows() {
        if code == HELD {
            continue;
        }
        let others = marketplace(kind).unwrap().other;
        assert!(
            !others.iter().any(|word| word.eq_ignore_ascii_case(code)),
            "{text:?} at {kind} in {country}"
        );
        assert!(accepted(kind, country).unwrap().contains(code), "{text:?} at {kind} in {country}: {code:?}");
        sent += 1;
    }
    assert!(sent > 10_000, "{sent} rows are sent");
}

#[test]
#[ignore = "writes the table: run it to take a change over, then look at what differs"]
fn write_the_resolution_table() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/resolution/table.txt");
    std::fs::write(file, table()).unwrap();
}
