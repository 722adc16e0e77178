//! Delivery services in words, where a tool sends a code (`usps_priority_mail_express`).
//!
//! What a person wrote stays as it was written; only codes are turned to words.

mod known;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

use crate::carrier::Carrier;
use crate::fold::compact;

/// Words of codes that are not written with one capital.
const WRITTEN: &[(&str, &str)] = &[
    ("am", "A.M."),
    ("and", "and"),
    ("b2b", "B2B"),
    ("b2c", "B2C"),
    ("by", "by"),
    ("dap", "DAP"),
    ("ddp", "DDP"),
    ("ddu", "DDU"),
    ("eu", "EU"),
    ("for", "for"),
    ("intl", "International"),
    ("lb", "lb"),
    ("ltl", "LTL"),
    ("of", "of"),
    ("onerate", "One Rate"),
    ("or", "or"),
    ("pm", "P.M."),
    ("surepost", "SurePost"),
    ("than", "than"),
    ("to", "to"),
    ("uk", "UK"),
    ("us", "US"),
    ("usa", "USA"),
];

/// The known codes, by carrier and compact code.
static KNOWN: LazyLock<BTreeMap<(Carrier, String), &'static str>> = LazyLock::new(|| {
    let rows = known::KNOWN.iter().flat_map(|(carrier, codes)| codes.iter().map(move |row| (*carrier, row)));
    rows.map(|(carrier, (code, words))| ((carrier, compact(code)), *words)).collect()
});

/// The service in words, if `service` is a code; `None` if a person wrote it.
///
/// `joined`: an underscore stood between the carrier's name and it, so that it is a code even if it is one word.
pub(crate) fn in_words(carrier: Carrier, service: &str, joined: bool) -> Option<String> {
    let code: String = service.nfkc().collect();
    let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !plain || !(joined || code.contains('_') || humps(&code)) {
        return None;
    }
    if let Some(words) = KNOWN.get(&(carrier, compact(&code))) {
        return Some((*words).to_owned());
    }
    (joined || code.contains('_')).then(|| {
        let shouted = !code.chars().any(|c| c.is_ascii_lowercase());
        let code = if shouted { code.to_ascii_lowercase() } else { code };
        let words = code.split('_').filter(|word| !word.is_empty()).enumerate();
        words.map(|(at, word)| written(word, at == 0)).collect::<Vec<_>>().join(" ")
    })
}

/// Whether capitals stand for spaces, as in `GroundAdvantage`.
fn humps(code: &str) -> bool {
    let mut before = code.chars();
    before
        .clone()
        .skip(1)
        .any(|c| before.next().is_some_and(|b| b.is_ascii_lowercase()) && c.is_ascii_uppercase())
}

/// A word of a code as people write it.
fn written(word: &str, first: bool) -> String {
    let known = WRITTEN.iter().find(|(code, _)| *code == word);
    if let Some((_, known)) =
        known.filter(|(_, known)| !first || known.starts_with(|c: char| c.is_ascii_uppercase()))
    {
        return (*known).to_owned();
    }
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    // 2nd, 1st, 48h; but 2Day.
    if letters.len() < word.len() && letters.len() <= 2 {
        return word.to_owned();
    }
    let (digits, mut rest) = (word.len() - letters.len(), letters.chars());
    let capital = rest.next().map(|c| c.to_ascii_uppercase());
    word.chars().take(digits).chain(capital).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Carrier as C;
    use proptest::prelude::*;

    #[test]
    fn codes_become_words_and_what_people_write_stays() {
        for (carrier, service, joined, want) in [
            (C::Usps, "priority_mail_express", true, Some("Priority Mail Express")),
            (C::Usps, "PRIORITY_MAIL", false, Some("Priority Mail")),
            (C::Usps, "GroundAdvantage", false, Some("Ground Advantage")),
            (C::Usps, "Priority_Mail", false, Some("Priority Mail")),
            (C::Fedex, "2day", true, Some("2Day")),
            (C::Fedex, "2_DAY_AM", true, Some("2Day A.M.")),
            (C::Fedex, "GROUND_HOME_DELIVERY", false, Some("Home Delivery")),
            (C::Ups, "surepost_1_lb_or_greater", true, Some("SurePost")),
            (C::RoyalMail, "tracked_48", true, Some("Tracked 48")),
            (C::RoyalMail, "1st_class_signed_for", true, Some("1st Class Signed for")),
            (C::Evri, "next_day", true, Some("Next Day")),
            (C::Sendle, "standard_pickup_to_usa", true, Some("Standard Pickup to USA")),
            (C::Sendle, "2day_express_48h", true, Some("2Day Express 48h")),
            (C::Sendle, "SAVER_TO_DOOR", false, Some("Saver to Door")),
            (C::Dpd, "or_am", false, Some("Or A.M.")),
            (C::OnTrac, "ground", true, Some("Ground")),
            // by people
            (C::OnTrac, "ground", false, None),
            (C::Usps, "priority mail", false, None),
            (C::Usps, "First-Class", false, None),
            (C::Usps, "McParcel", false, None),
            (C::Ups, "Next_Day Air", false, None),
            (C::Yamato, "宅急便_コンパクト", false, None),
        ] {
            assert_eq!(in_words(carrier, service, joined).as_deref(), want, "{service:?}");
        }
    }

    #[test]
    fn no_code_is_known_twice_and_no_words_are_a_code() {
        let rows = known::KNOWN.iter().map(|(_, codes)| codes.len()).sum::<usize>();
        assert_eq!(KNOWN.len(), rows);
        println!("{rows} known service codes");
        for ((carrier, code), words) in KNOWN.iter() {
            assert!(!words.contains('_') && !words.is_empty(), "{code}");
            assert_eq!(crate::recognise::tidy_service(words).as_deref(), Some(*words), "{code}");
            let text = format!("{} {words}", carrier.title());
            assert_eq!(crate::recognise(&text, None).carrier, Some(*carrier), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn words_are_never_a_code_and_keep_every_letter(code in "[a-z0-9]{1,8}(_[a-z0-9]{1,8}){1,5}") {
            let Some(words) = in_words(C::Sendle, &code, false) else { return Err(TestCaseError::fail("a code")) };
            prop_assert!(!words.contains('_'));
            let known = WRITTEN.iter().any(|(word, _)| code.split('_').any(|part| part == *word));
            if !known {
                prop_assert_eq!(compact(&words), compact(&code));
            }
        }

        #[test]
        fn any_text_is_answered(service in any::<String>(), joined: bool) {
            let _ = in_words(C::Usps, &service, joined);
        }
    }
}
