//! Texts in a carrier field that name nobody.

mod words;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::fold::{Role, compact, role};

/// The texts, compact. Built at the first question, then only read.
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    words::WORDS.iter().flat_map(|(_, texts)| texts.iter()).map(|text| compact(text)).collect()
});

/// Whether the text stands where a carrier should and says nothing about one: `Other`, `N/A`, `-`, `Livraison`.
///
/// Only the whole text counts, in any case, spacing and Unicode form; an empty text says nothing too. Such a text
/// never names a carrier ([`crate::recognise`]), so whoever holds other evidence may let it speak.
#[must_use]
pub fn says_nothing(text: &str) -> bool {
    !text.chars().any(|c| role(c) == Role::Letter) || WORDS.contains(&compact(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    #[test]
    fn the_table_has_no_text_twice_and_none_that_names_a_carrier() {
        let all = words::WORDS.iter().flat_map(|(_, texts)| texts.iter());
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = all.clone().filter(|text| !seen.insert(compact(text))).collect();
        assert!(twice.is_empty(), "{twice:?}");
        println!("{} texts that say nothing", seen.len());
        for text in all {
            assert!(says_nothing(text), "{text:?}");
            assert_eq!(crate::recognise(text, None).carrier, None, "{text:?}");
        }
    }

    #[test]
    fn what_says_something_is_told_from_what_does_not() {
        for text in [
            "",
            " ",
            "-",
            "--",
            "—",
            "?",
            "...",
            "📦",
            "®",
            "n/a",
            "N.A.",
            "NA",
            "none",
            "NULL",
            "Other",
            "OTHER!",
            "Other Carrier",
            "custom",
            "Standard Shipping",
            "standard_shipping",
            "free-shipping",
            "Local delivery",
            "Sonstige",
            "ＯＴＨＥＲ",
            "その他",
            "其他",
            "Другое",
            "Envío estándar",
            "Envi\u{301}o Estándar",
        ] {
            assert!(says_nothing(text), "{text:?}");
        }
        for text in [
            "UPS",
            "Other UPS",
            "UPS Standard",
            "USPS Priority Mail",
            "Priority Mail",
            "Zephyr Pigeon",
            "Custom Ink",
            "Otherwise",
            "Self Delivery",
            "My own van",
            "1",
            "No. 1 Couriers",
            "Standard Courier Ltd",
            "宅急便",
            "Tracked 48",
            "DHL",
            "Express Courier International",
        ] {
            assert!(!says_nothing(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_names_a_carrier_says_something(text in any::<String>(), start in "|USPS |dhl_") {
            let text = format!("{start}{text}");
            if crate::recognise(&text, None).carrier.is_some() {
                prop_assert!(!says_nothing(&text), "{}", text);
            }
            prop_assert_eq!(says_nothing(&text.to_uppercase()), says_nothing(&text));
            prop_assert_eq!(says_nothing(&text.nfd().collect::<String>()), says_nothing(&text));
        }
    }
}
