//! How a mapping's text is compared with what a store writes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fold::fold;

/// How a mapping's text is compared with what a store writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Any text that folds alike: case, spaces, punctuation and accents make no difference.
    #[default]
    Folded,
    /// This text letter by letter, but for spaces around it.
    Exact,
    /// A text with `*` for anything, or nothing; the rest as in `Folded`.
    Pattern,
}

impl How {
    /// Its name in tables and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folded => "folded",
            Self::Exact => "exact",
            Self::Pattern => "pattern",
        }
    }

    /// The way of this name; no name is the usual one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "" | "folded" | "normalised" | "normalized" => Some(Self::Folded),
            "exact" => Some(Self::Exact),
            "pattern" => Some(Self::Pattern),
            _ => None,
        }
    }

    /// The key of a mapping of this text; empty for a text that cannot be mapped so.
    #[must_use]
    pub fn key(self, text: &str) -> String {
        key_of(text, self)
    }

    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::Folded
    }
}

/// Longest key, in bytes: encoded, with its scope, it must fit the 1,024 bytes of a sort key.
const LONGEST_KEY: usize = 240;

/// A folded text never holds these: it has letters, so its punctuation is gone.
const EXACT: &str = "exact:";
const PATTERN: &str = "pattern:";

/// The stars a pattern may have: a text is compared with every pattern of a scope.
const MOST_STARS: usize = 8;

/// The key under which a mapping of this text is kept: the folded text, shortened by a hash if very long.
///
/// Empty if nothing is left of the text: such a text cannot be mapped.
#[must_use]
pub fn key(text: &str) -> String {
    shortened(fold(text))
}

/// The same for a text that is meant letter by letter.
#[must_use]
pub(crate) fn exact_key(text: &str) -> String {
    let text = text.trim();
    if fold(text).is_empty() { String::new() } else { shortened(format!("{EXACT}{text}")) }
}

/// The key of a mapping.
pub(crate) fn key_of(text: &str, how: How) -> String {
    match how {
        How::Folded => key(text),
        How::Exact => exact_key(text),
        How::Pattern => pattern(text).map_or_else(String::new, |form| shortened(format!("{PATTERN}{form}"))),
    }
}

/// Whether a key is that of a mapping meant letter by letter.
#[must_use]
pub fn is_exact_key(key: &str) -> bool {
    key.starts_with(EXACT)
}

fn shortened(key: String) -> String {
    if key.len() <= LONGEST_KEY {
        return key;
    }
    let digest = Sha256::digest(key.as_bytes());
    let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = key.chars().take(40).collect();
    format!("{kept}~{hash}")
}

/// The one form of a pattern: its pieces folded, `*` between them. `None` for what is no pattern: without a star,
/// with too many, or with fewer than two letters or digits.
pub(crate) fn pattern(text: &str) -> Option<String> {
    let stars = text.matches('*').count();
    let folded: Vec<String> = text.split('*').map(piece).collect();
    let letters = folded.iter().flat_map(|piece| piece.chars()).filter(|c| *c != ' ').count();
    let mut form = folded.join("*");
    while form.contains("**") {
        form = form.replace("**", "*");
    }
    ((1..=MOST_STARS).contains(&stars) && letters >= 2).then_some(form)
}

/// A piece folded; a space at an end stays one, since `DHL *` does not mean `DHLX`.
fn piece(text: &str) -> String {
    let folded = fold(text);
    if folded.is_empty() {
        return if text.contains(char::is_whitespace) { " ".to_owned() } else { String::new() };
    }
    let front = if text.starts_with(char::is_whitespace) { " " } else { "" };
    let back = if text.ends_with(char::is_whitespace) { " " } else { "" };
    format!("{front}{folded}{back}")
}

/// How much of a text a pattern says: more is more particular.
pub(crate) fn weight(text: &str) -> usize {
    fold(text).chars().count()
}

/// Whether a folded text is one that the pattern means.
pub(crate) fn matches(pattern_text: &str, folded: &str) -> bool {
    let Some(form) = pattern(pattern_text) else { return false };
    let mut pieces = form.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| folded.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return false };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_a_merchant_would_expect() {
        for (pattern, text, want) in [
            ("DHL *", "DHL Paket", true),
            ("DHL *", "dhl-paket international", true),
            ("DHL *", "DHL", false),
            ("DHL *", "DHLX", false),
            ("DHL*", "DHL", true),
            ("DHL*", "DHLX", true),
            ("*paket*", "DHL Päket plus", true),
            ("* Express", "Zephyr Express", true),
            ("* Express", "Express", false),
            ("Zeph*geon", "Zephyr Pigeon", true),
            ("Zeph*geon", "Zephyr Pigeons", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("**UPS**", "my ups parcel", true),
        ] {
            assert_eq!(matches(pattern, &fold(text)), want, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_matches_nothing_and_has_no_key() {
        for text in ["*", "**", "* *", "a*", "UPS", "a*b*c*d*e*f*g*h*i*j", ""] {
            assert_eq!(pattern(text), None, "{text:?}");
            assert!(!matches(text, "anything"), "{text:?}");
            assert_eq!(key_of(text, How::Pattern), "", "{text:?}");
        }
    }

    #[test]
    fn the_three_ways_never_share_a_key() {
        for text in ["UPS", "exact:UPS", "pattern:ups", "UPS*", "=", "exact:"] {
            let keys = [key(text), key_of(text, How::Exact), key_of(text, How::Pattern)];
            for (n, one) in keys.iter().enumerate() {
                for other in keys.iter().skip(n + 1) {
                    assert!(one != other || one.is_empty(), "{text:?}: {keys:?}");
                }
            }
        }
        assert_ne!(key_of("UPS", How::Exact), key_of("ups", How::Exact));
        assert_eq!(key_of(" UPS ", How::Exact), key_of("UPS", How::Exact));
        assert!(is_exact_key(&key_of("UPS", How::Exact)));
        assert!(!is_exact_key(&key("exact:UPS")));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_keys_stay_short(pattern_text in ".{0,300}", text in ".{0,300}") {
            let _matched = matches(&pattern_text, &fold(&text));
            for how in [How::Folded, How::Exact, How::Pattern] {
                prop_assert!(key_of(&text, how).len() <= LONGEST_KEY);
            }
        }

        #[test]
        fn a_text_between_stars_matches_itself_within_anything(
            before in "[a-z ]{0,5}", text in "[a-z]{2,9}", after in "[a-z ]{0,5}",
        ) {
            let whole = format!("{before}{text}{after}");
            let pattern = format!("*{text}*");
            prop_assert!(matches(&pattern, &fold(&whole)));
        }
    }
}
