//! What holds for every number and every text.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::table::{CHECKED, SHAPES};
use super::*;
use crate::number::formats;

/// In how many of nine cases another digit at this place of the number may leave it passing.
///
/// `None` where the check digit does not reach, or where the digit decides which format it is.
fn most(number: &str, format: &str, place: usize) -> Option<usize> {
    let doubled = |serial: usize| place.checked_sub(serial).map(|place| place % 2);
    let within = |serial: std::ops::Range<usize>, most: usize| serial.contains(&place).then_some(most);
    match format {
        "ups" => doubled(2),
        "ups_waybill" => doubled(1),
        // The first digit decides whether another one is counted before it.
        "ontrac_c" | "ontrac_d" => (place > 1).then_some(1),
        "fedex_12" => Some(1),
        "fedex_34" | "fedex_ground_gsn" => within(20..33, 1),
        "fedex_astra_32" => within(16..27, 1),
        "fedex_ground_96" => within(7..21, 0),
        "fedex_ground_sscc_18" => within(2..17, 0),
        "s10" => within(2..10, 1),
        "dhl_express" | "yamato_12" | "sagawa_12" | "japan_post_12" | "japan_post_11" => Some(1),
        "dhl_paket_12" => Some((place + 1) % 2),
        // The first two digits decide whether 91 is counted before them.
        "usps_legacy" => (place > 2 && !number.starts_with("420")).then_some(0),
        "usps_impb_n" | "usps_impb_c" if number.starts_with("420") => None,
        "colissimo_13" => within(2..12, 0),
        "usps_20"
        | "usps_impb_n"
        | "usps_impb_c"
        | "dpd"
        | "dpd_14"
        | "fedex_ground"
        | "canada_post"
        | "purolator_numeric"
        | "old_dominion"
        | "old_dominion_guaranteed"
        | "dhl_paket_20"
        | "hermes_14"
        | "gls_12" => Some(0),
        other => panic!("{other} has a check digit and no bound here"),
    }
}

#[test]
fn one_changed_digit_passes_no_oftener_than_the_check_digit_allows() {
    for (number, _, format, _) in CHECKED {
        let places = number.char_indices().filter(|(_, c)| c.is_ascii_digit());
        for (place, digit) in places {
            let Some(most) = most(number, format, place) else { continue };
            let passing = ('0'..='9').filter(|other| *other != digit).filter(|other| {
                let mut changed = (*number).to_owned();
                changed.replace_range(place..=place, &other.to_string());
                by_format(&changed, format).is_some_and(|found| found.strength == Strength::Checksum)
            });
            let passing = passing.count();
            assert!(passing <= most, "{number} {format}: {passing} other digits pass at {place}");
        }
    }
}

#[test]
fn every_format_has_numbers_in_the_tables_and_sorted_codes() {
    let tried: BTreeSet<&str> = CHECKED.iter().chain(SHAPES).map(|(_, _, format, _)| *format).collect();
    let by_hand = ["dhl_ecommerce", "s10", "usps_20", "usps_impb_c", "usps_impb_n", "usps_legacy"];
    let formats: BTreeSet<&str> = formats::all().map(|format| format.id()).chain(by_hand).collect();
    assert_eq!(tried, formats);
    for format in formats::all() {
        let codes = format.codes();
        assert!(codes.is_sorted_by(|one, other| one.0 < other.0), "{}", format.id());
    }
}

#[test]
fn its_own_carrier_is_never_contradicted() {
    for (number, carrier, format, _) in CHECKED.iter().chain(SHAPES) {
        assert_eq!(contradicts(*carrier, number), None, "{number} {format}");
        for stated in C::ALL {
            if let Some(found) = contradicts(*stated, number) {
                assert!(!same_house(*stated, *carrier) && !partners(*stated, *carrier), "{number}: {found}");
                assert!(found.seen.iter().all(|seen| seen.carrier != *stated), "{number}: {found}");
            }
        }
    }
}

/// A number as people write it: with separators, in any case, in full width.
fn rewritten(number: &str, choices: &[u8]) -> String {
    const BETWEEN: [&str; 8] = ["", "", " ", "-", ".", "\u{a0}", "\u{200b}", "\n"];
    let mut text = String::new();
    for (n, c) in number.chars().enumerate() {
        let choice = usize::from(choices[n % choices.len()]);
        text.push_str(BETWEEN[choice % 8]);
        let c = if choice & 8 == 0 { c } else { c.to_ascii_lowercase() };
        let wide = char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_graphic());
        text.push(if choice & 16 == 0 { c } else { wide.unwrap_or(c) });
    }
    text
}

fn a_number() -> impl Strategy<Value = &'static str> {
    let numbers: Vec<&str> = CHECKED.iter().chain(SHAPES).map(|(number, ..)| *number).collect();
    prop::sample::select(numbers)
}

proptest! {
    #[test]
    fn spacing_case_and_width_make_no_difference(
        number in a_number(),
        choices in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let text = rewritten(number, &choices);
        prop_assert_eq!(candidates(&text), candidates(number), "{}", text);
        prop_assert_eq!(australia_post_kind(&text), australia_post_kind(number));
        prop_assert_eq!(startrack_kind(&text), startrack_kind(number));
    }

    #[test]
    fn any_text_is_answered_and_strongest_come_first(
        text in prop_oneof![any::<String>(), "[0-9A-Z -]{0,48}", "(1Z|420|9[1-6]|LX|TBA|00|3S|MI)?[0-9]{0,36}[A-Z]{0,2}"],
        stated in prop::sample::select(C::ALL),
    ) {
        let found = candidates(&text);
        prop_assert!(found.is_sorted_by_key(|c| std::cmp::Reverse((c.strength, c.distinctive))));
        prop_assert_eq!(&found, &candidates(&text));
        let contradicted = contradicts(stated, &text);
        prop_assert!(contradicted.is_none() || found.iter().all(|c| c.carrier != stated));
        if let Some(settled) = settles(|_| true, &text) {
            prop_assert!(settled.distinctive && settled.strength == Strength::Checksum);
            prop_assert!(contradicts(settled.carrier, &text).is_none());
        }
        let _ = (australia_post_kind(&text), startrack_kind(&text));
        let sent = for_sending(&text, NumberForm::LettersAndDigits);
        prop_assert!(sent.chars().all(char::is_alphanumeric));
        prop_assert_eq!(candidates(&sent), found);
    }
}
