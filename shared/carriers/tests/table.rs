//! Mappings out to a spreadsheet and in again.

use std::collections::BTreeMap;

use carriers::csv::{Import, MOST_BYTES, Target, export, import};
use carriers::{How, Mapping};
use jiff::Timestamp;
use proptest::prelude::*;

const TARGET: Target<'static> =
    Target { marketplace: "amazon", country: Some("us"), by: "tests", at: Timestamp::UNIX_EPOCH };

fn mapping(text: &str, code: &str) -> Mapping {
    Mapping {
        schema: Mapping::SCHEMA,
        text: text.to_owned(),
        how: How::Folded,
        code: code.to_owned(),
        name: None,
        service: None,
        unlisted: false,
        set_at: Some(Timestamp::UNIX_EPOCH),
        set_by: "tests".to_owned(),
        version: 0,
        unknown: BTreeMap::new(),
    }
}

/// Bad lines as a person reads them.
fn complaints(import: &Import) -> Vec<String> {
    import.bad.iter().map(ToString::to_string).collect()
}

#[test]
fn what_goes_out_comes_in() {
    let mappings = [
        mapping("Zephyr, \"the\" Pigeon", "UPS"),
        mapping("=HYPERLINK(\"http://x\")", "USPS"),
        mapping("'quoted", "FedEx"),
        mapping("'=twice", "DHL"),
        mapping("two\nlines", "GLS"),
        Mapping { name: Some("+49 Pigeons".into()), ..mapping("@pigeon", "Other") },
        Mapping { service: Some("-2 days".into()), unlisted: true, ..mapping("ヤマト運輸", "New Code") },
    ];
    let table = export(&mappings);
    let back = import(table.as_bytes(), TARGET);
    assert_eq!(complaints(&back), [""; 0]);
    assert_eq!(back.mappings, mappings);
}

#[test]
fn no_cell_begins_like_a_formula() {
    for start in ["=", "+", "-", "@", "\t", "\r"] {
        let text = format!("{start}cmd|' /C calc'!A0");
        let other =
            Mapping { name: Some(text.clone()), service: Some(text.clone()), ..mapping(&text, &text) };
        let table = export([&other]);
        assert_eq!(table.matches(&format!("\"'{start}cmd")).count(), 4, "{table}");
        assert!(!table.contains(&format!("\"{start}")), "{table}");
    }
}

#[test]
fn spreadsheets_of_all_habits_are_read() {
    for (what, table) in [
        ("commas", "text,code\nZephyr,UPS\n"),
        ("semicolons", "text;code\r\nZephyr;UPS\r\n"),
        ("tabs", "text\tcode\nZephyr\tUPS"),
        ("mark in front", "\u{feff}text,code\nZephyr,UPS\n"),
        ("header in capitals, turned round", "Code, Text\n UPS ,Zephyr\n"),
        ("quoted", "\"text\",\"code\"\n\"Zephyr\",\"UPS\"\n"),
        ("all columns", "text,code,name,service,unlisted,match\nZephyr,UPS,,,no,folded\n"),
        ("empty lines", "text,code\n\nZephyr,UPS\n\n"),
    ] {
        let read = import(table.as_bytes(), TARGET);
        assert_eq!(complaints(&read), [""; 0], "{what}");
        assert_eq!(read.mappings, [mapping("Zephyr", "UPS")], "{what}");
    }
}

#[test]
fn every_bad_line_is_named_and_the_good_ones_are_kept() {
    let table = "text,code,name,service,unlisted,match\n\
                 Zephyr,UPS,,,,\n\
                 Zephyr Two,Fedex,,,,\n\
                 ,UPS,,,,\n\
                 zephyr!,USPS,,,,\n\
                 Three,Other,,,,\n\
                 \"Four\nlines\",Nope 99,,,yes,\n\
                 Five,UPS,,,maybe,\n\
                 Six,UPS\n\
                 Seven,UPS,UPS,,,\n\
                 zephyr!,USPS,,,,exact\n\
                 Zeph *,USPS,,,,pattern\n\
                 Eight,UPS,,,,roughly\n\
                 Nine,UPS,,,,pattern\n";
    let read = import(table.as_bytes(), TARGET);
    assert_eq!(
        read.mappings.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(),
        ["Zephyr", "Four\nlines", "zephyr!", "Zeph *"]
    );
    let complaints = complaints(&read);
    for (at, (start, says)) in [
        ("line 3: ", "near it: FedEx"),
        ("line 4: ", "text is empty"),
        ("line 5: ", "stands on line 2 already"),
        ("line 6: ", "needs the carrier's name"),
        ("line 9: ", "write yes or leave it empty"),
        ("line 10: ", "2 cells where the first line has 6"),
        ("line 11: ", "leave the name out"),
        ("line 14: ", "write exact or pattern"),
        ("line 15: ", "is no pattern"),
    ]
    .into_iter()
    .enumerate()
    {
        let complaint = complaints.get(at).map_or("", String::as_str);
        assert!(complaint.starts_with(start) && complaint.contains(says), "{says}: {complaints:#?}");
    }
    assert_eq!(complaints.len(), 9);
}

#[test]
fn files_of_another_kind_are_refused_with_the_reason() {
    let utf16: Vec<u8> = "\u{feff}text,code\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let large = [b"text,code\n".to_vec(), vec![b'x'; MOST_BYTES]].concat();
    for (what, bytes, says) in [
        ("empty", Vec::new(), "line 1: the file is empty"),
        ("blank", b"\n\n".to_vec(), "line 1: the file is empty"),
        ("UTF-16", utf16, "line 1: the file is UTF-16"),
        ("too large", large, "split it"),
        ("no code", b"text,name\nx,y\n".to_vec(), "the column \"code\" is missing"),
        ("typo", b"text,code,serivce\n".to_vec(), "there is no column \"serivce\""),
        ("twice", b"text,code,Text\n".to_vec(), "the column \"text\" stands twice"),
        ("Latin-1 header", b"text,code,\xe9\n".to_vec(), "not UTF-8"),
        ("Latin-1", b"text,code\nColis Priv\xe9,UPS\n".to_vec(), "line 2: the line is not UTF-8"),
        ("an image", b"\x89PNG\r\n\x1a\n\0\0".to_vec(), "line 1: "),
    ] {
        let read = import(&bytes, TARGET);
        assert!(read.mappings.is_empty(), "{what}");
        let complaints = complaints(&read);
        assert!(
            complaints.len() == 1 && complaints.iter().all(|c| c.contains(says)),
            "{what}: {complaints:?}"
        );
    }
}

#[test]
fn limits_stop_the_reading_and_say_so() {
    let rows = format!("text,code\n{}", "a,b\n".repeat(10_050));
    let read = import(rows.as_bytes(), TARGET);
    assert_eq!(read.bad.len(), 10_001);
    assert!(complaints(&read).last().unwrap().contains("more than 10000 lines are wrong"));
    let unlisted = Mapping { unlisted: true, ..mapping("x", "y") };
    let many: Vec<Mapping> =
        (0..20_000).map(|n| Mapping { text: format!("carrier {n}"), ..unlisted.clone() }).collect();
    let read = import(export(&many).as_bytes(), TARGET);
    assert_eq!((read.mappings.len(), read.bad.len()), (20_000, 0));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for bytes in [bytes.clone(), [b"text,code\n".to_vec(), bytes].concat()] {
            let read = import(&bytes, TARGET);
            prop_assert!(read.mappings.is_empty() || bytes.starts_with(b"text,code"));
        }
    }

    #[test]
    fn any_mapping_survives_the_table(texts in proptest::collection::vec(any::<String>(), 0..5), service in "[ -~]{0,20}") {
        let mut mappings: Vec<Mapping> = Vec::new();
        for text in texts {
            let service = Some(service.trim().to_owned()).filter(|s| !s.is_empty());
            let how = [How::Folded, How::Exact, How::Pattern][text.len() % 3];
            let new = Mapping { service, how, ..mapping(&text, "UPS") };
            if new.check("amazon", Some("us")).is_ok() && mappings.iter().all(|known| known.key() != new.key()) {
                mappings.push(new);
            }
        }
        let read = import(export(&mappings).as_bytes(), TARGET);
        prop_assert_eq!(read.bad, vec![]);
        prop_assert_eq!(read.mappings, mappings);
    }
}
