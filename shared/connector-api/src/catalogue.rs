//! Error codes in plain words.

/// What a refusal means and what to do about it, for a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The code, as the other side writes it; compared without case, spaces and punctuation.
    pub code: &'static str,
    /// Only where the other side's words hold this, compared without case; empty: always.
    pub words: &'static str,
    /// What it means, in a sentence.
    pub cause: &'static str,
    /// What to do about it, in a sentence.
    pub fix: &'static str,
}

/// The first row that fits a code and its words: rows that ask for words stand before those that do not.
#[must_use]
pub fn explain<'a>(catalogue: &'a [Explained], code: &str, words: &str) -> Option<&'a Explained> {
    let folded = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (code, words) = (folded(code), words.to_lowercase());
    catalogue.iter().find(|row| folded(row.code) == code && words.contains(&row.words.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_without_case_and_punctuation_and_words_narrow_them() {
        const ROWS: &[Explained] = &[
            Explained { code: "InvalidInput", words: "Date time", cause: "a date", fix: "" },
            Explained { code: "InvalidInput", words: "", cause: "any", fix: "" },
        ];
        let cause = |code, words| explain(ROWS, code, words).map(|row| row.cause);
        assert_eq!(cause("invalid input", "date TIME: x is invalid"), Some("a date"));
        assert_eq!(cause("INVALID_INPUT", "other"), Some("any"));
        assert_eq!(cause("QuotaExceeded", "Date time"), None);
    }
}
