//! The same text in any case, spacing and Unicode form.

use carriers::{Named, fold, lookup_keys, recognise, says_nothing};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use crate::rows::ROWS;

/// Carrier, and service as far as its form goes.
fn read(text: &str, service: Option<&str>) -> (Option<carriers::Carrier>, Option<String>) {
    let Named { carrier, service } = recognise(text, service);
    (carrier, service.as_deref().map(fold))
}

/// Letters, digits and signs as wide as Chinese ones, as Japanese keyboards write them.
fn wide(text: &str) -> String {
    let wide = |c: char| match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        other => other,
    };
    text.chars().map(wide).collect()
}

#[test]
fn every_row_reads_the_same_in_every_form() {
    for (text, service, ..) in ROWS {
        let service = Some(*service).filter(|service| !service.is_empty());
        let want = read(text, service);
        for form in [
            text.to_uppercase(),
            text.to_lowercase(),
            text.nfc().collect(),
            text.nfd().collect(),
            wide(text),
            format!("  {text}\u{a0}\n"),
            format!("\u{feff}{text}\u{200b}"),
            text.replace(' ', "  "),
            text.replace(' ', "\u{3000}"),
        ] {
            assert_eq!(read(&form, service), want, "{form:?} for {text:?}");
            assert_eq!(says_nothing(&form), says_nothing(text), "{form:?}");
        }
        for end in ["®", "™", " ®", ".", ",", ";", ":", "!", " -", " –", " |", "/", "…", "。", "?"] {
            assert_eq!(read(&format!("{text}{end}"), service), want, "{text:?} with {end:?}");
            if let Some(service) = service {
                assert_eq!(
                    read(text, Some(&format!("{service}{end}"))),
                    want,
                    "{text:?}, {service:?} with {end:?}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>(), service in any::<Option<String>>(), row in 0..ROWS.len()) {
        let known = ROWS.get(row).map_or("", |(text, ..)| text);
        for text in [&text, &format!("{known} {text}"), &format!("{known}_{text}"), &format!("{text} {known}")] {
            let named = recognise(text, service.as_deref());
            prop_assert!(named.service.is_none_or(|service| !service.is_empty() && service.chars().count() <= 100));
            let _ = (lookup_keys(text.as_str(), service.as_deref()), says_nothing(text));
        }
    }

    #[test]
    fn any_text_reads_the_same_in_any_form(text in any::<String>(), row in 0..ROWS.len(), gap in " |_|-") {
        let known = ROWS.get(row).map_or("", |(text, ..)| text);
        let text = format!("{known}{gap}{text}");
        let want = recognise(&text, None).carrier;
        prop_assert_eq!(recognise(&text.to_uppercase(), None).carrier, want);
        prop_assert_eq!(recognise(&text.to_lowercase(), None).carrier, want);
        prop_assert_eq!(recognise(&text.nfd().collect::<String>(), None).carrier, want);
        prop_assert_eq!(recognise(&text.nfc().collect::<String>(), None).carrier, want);
        prop_assert_eq!(recognise(&wide(&text), None).carrier, want);
        prop_assert_eq!(recognise(&format!("{text}®"), None).carrier, want);
    }

    #[test]
    fn mixed_case_and_gaps_change_nothing(row in 0..ROWS.len(), ups in proptest::collection::vec(any::<bool>(), 60), gap in "[ \t\u{a0}]{1,3}") {
        let Some((text, service, ..)) = ROWS.get(row) else { return Ok(()) };
        let service = Some(*service).filter(|service| !service.is_empty());
        let mixed: String = text.chars().zip(ups.iter().cycle())
            .flat_map(|(c, up)| if *up { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() })
            .collect();
        prop_assert_eq!(read(&mixed, service), read(text, service));
        prop_assert_eq!(read(&text.replace(' ', &gap), service), read(text, service));
    }
}
