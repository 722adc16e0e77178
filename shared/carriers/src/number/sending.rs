//! Numbers as marketplaces want them written.

use domain::tracking::narrow;

/// How a marketplace takes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// As the sender wrote it.
    AsWritten,
    /// Letters and digits, without spaces and punctuation: eBay takes nothing else (its call reference, field
    /// `trackingNumber`).
    LettersAndDigits,
}

/// The number in the form that goes out. Its letters keep their case, and no letter or digit is added or dropped.
#[must_use]
pub fn for_sending(number: &str, form: NumberForm) -> String {
    match form {
        NumberForm::AsWritten => number.to_owned(),
        NumberForm::LettersAndDigits => number.chars().map(narrow).filter(|c| c.is_alphanumeric()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_stay_where_only_they_are_taken() {
        for (number, want) in [
            ("1Z 999-aa1/01", "1Z999aa101"),
            ("９４００ 1", "94001"),
            ("LTN27182818N1", "LTN27182818N1"),
            ("—", ""),
        ] {
            assert_eq!(for_sending(number, NumberForm::LettersAndDigits), want);
            assert_eq!(for_sending(number, NumberForm::AsWritten), number);
        }
    }
}
