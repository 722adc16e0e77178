//! Tracking numbers as people write them.

use serde::{Deserialize, Serialize};

/// A tracking number as the sender wrote it, trimmed: 1 to 64 characters, none of them a control character.
///
/// Compare by [`folded`](Self::folded): spaces, punctuation and case do not tell numbers apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackingNumber(String);

/// A text that is no tracking number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tracking number has 1 to 64 characters, letters or digits among them; this has {0}")]
pub struct BadTrackingNumber(usize);

/// Invisible characters that come along when a number is copied from a page.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

impl TrackingNumber {
    /// What goes to the marketplace: the original, without surrounding or invisible characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form to compare by: letters and digits only, upper case, full-width forms made plain.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }

    /// Whether both name the same parcel.
    #[must_use]
    pub fn same_as(&self, other: &str) -> bool {
        self.folded() == fold(other)
    }

    /// The last four characters, for logs.
    #[must_use]
    pub fn tail(&self) -> String {
        let folded = self.folded();
        folded.chars().skip(folded.chars().count().saturating_sub(4)).collect()
    }

    /// Splits a field that holds several numbers: at commas, semicolons and line breaks, never at spaces.
    ///
    /// Repeats are dropped, order is kept. Texts that are no number come back as they are.
    #[must_use]
    pub fn split_all<'a>(fields: impl IntoIterator<Item = &'a str>) -> (Vec<Self>, Vec<String>) {
        let mut numbers: Vec<Self> = Vec::new();
        let mut refused = Vec::new();
        for field in fields {
            for piece in field.split([',', ';', '\n', '\r', '\u{2028}', '\u{2029}']) {
                if piece.trim().is_empty() {
                    continue;
                }
                match Self::try_from(piece) {
                    Ok(number) if numbers.iter().any(|n| n.folded() == number.folded()) => {}
                    Ok(number) => numbers.push(number),
                    Err(_) => refused.push(piece.trim().chars().take(200).collect()),
                }
            }
        }
        (numbers, refused)
    }
}

fn fold(text: &str) -> String {
    text.chars().map(narrow).filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// A full-width form, as Japanese and Chinese keyboards write it, made plain: marketplaces show it like that.
#[must_use]
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

impl TryFrom<&str> for TrackingNumber {
    type Error = BadTrackingNumber;
    fn try_from(text: &str) -> Result<Self, BadTrackingNumber> {
        let clean: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let clean = clean.trim();
        let length = clean.chars().count();
        if length == 0 || length > 64 || fold(clean).is_empty() {
            return Err(BadTrackingNumber(length));
        }
        Ok(Self(clean.to_owned()))
    }
}

impl TryFrom<String> for TrackingNumber {
    type Error = BadTrackingNumber;
    fn try_from(text: String) -> Result<Self, BadTrackingNumber> {
        Self::try_from(text.as_str())
    }
}

impl From<TrackingNumber> for String {
    fn from(number: TrackingNumber) -> String {
        number.0
    }
}

impl std::fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_number_are_the_same() {
        let number = TrackingNumber::try_from(" 1z 827 wk7-4630\u{200b} ").unwrap();
        assert_eq!(number.as_str(), "1z 827 wk7-4630");
        assert_eq!(number.folded(), "1Z827WK74630");
        assert!(number.same_as("1Z827WK74630"));
        assert_eq!(number.tail(), "4630");
    }

    #[test]
    fn full_width_letters_and_digits_are_the_same_as_plain_ones() {
        let number = TrackingNumber::try_from("９４００　１１１８－ａｂ").unwrap();
        assert_eq!(number.as_str(), "９４００　１１１８－ａｂ", "it goes out as it was written");
        assert_eq!(number.folded(), "94001118AB");
        assert!(number.same_as("94001118ab"));
        let plain = TrackingNumber::try_from("9400 1118 AB").unwrap();
        assert!(plain.same_as(number.as_str()));
        let (numbers, _) = TrackingNumber::split_all(["９４００, 9400"]);
        assert_eq!(numbers.len(), 1, "{numbers:?}");
    }

    #[test]
    fn several_numbers_in_one_text_are_split_at_commas_semicolons_and_lines() {
        let (numbers, refused) = TrackingNumber::split_all(["1Z1, 1Z2;1z1\n9400 1000", "  ", "--"]);
        assert_eq!(
            numbers.iter().map(TrackingNumber::as_str).collect::<Vec<_>>(),
            ["1Z1", "1Z2", "9400 1000"]
        );
        assert_eq!(refused, ["--"]);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_taken_reads_back(text in ".{0,100}") {
            if let Ok(number) = TrackingNumber::try_from(text.as_str()) {
                prop_assert!(number.same_as(&text));
                prop_assert_eq!(TrackingNumber::try_from(number.as_str()), Ok(number));
            }
        }
    }
}
