//! One form for all spellings of a text.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What a character does to a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is part of a word.
    Letter,
    /// It ends a word.
    Break,
    /// It is as if it were not there.
    Nothing,
}

/// Signs that stores put after names. NFKD would turn some of them into letters.
fn is_trademark(c: char) -> bool {
    matches!(c, '\u{ae}' | '\u{a9}' | '\u{2122}' | '\u{2120}')
}

/// Invisible characters that come along when a text is copied from a page.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e01ef}')
}

/// Accents over and under Latin, Greek and Cyrillic letters. Marks of other scripts make other letters.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What a character does that is its own normal form but for case: ASCII, kana, Han; and the signs after names, which
/// go. Most texts hold nothing else and need none of the tables below.
fn plain_role(c: char) -> Option<Role> {
    match c {
        '\'' => Some(Role::Nothing),
        _ if c.is_ascii_alphanumeric() => Some(Role::Letter),
        _ if c.is_ascii() => Some(Role::Break),
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}' | '\u{4e00}'..='\u{9fff}' => {
            Some(Role::Letter)
        }
        _ => is_trademark(c).then_some(Role::Nothing),
    }
}

fn role_of_normalised(c: char) -> Role {
    if is_invisible(c) || is_accent(c) || is_trademark(c) || matches!(c, '\'' | '\u{2019}' | '\u{2bc}') {
        Role::Nothing
    } else if c.is_alphanumeric() || is_combining_mark(c) {
        Role::Letter
    } else {
        Role::Break
    }
}

/// A letter or digit of any script, whatever its normal form.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_accent(c) && c != '\u{2bc}'
}

/// Takes case away. Lower, upper, lower: so that ß, ẞ and SS meet, and final sigma meets the other.
fn without_case(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    chars.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Case and compatibility forms taken away. Twice, since the forms hide letters that have case (ℌ).
///
/// Composed first: the iota below a Greek letter becomes a letter of its own with case, and has to stand behind
/// its letter then, whatever marks came between.
fn normalised(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let once = without_case(chars.filter(|c| !is_trademark(*c)).nfc()).nfkd();
    without_case(once).nfkd()
}

/// What `c` does to a folded text.
pub(crate) fn role(c: char) -> Role {
    if let Some(role) = plain_role(c) {
        return role;
    }
    if is_letter(c) {
        return Role::Letter;
    }
    let mut role = Role::Nothing;
    for part in normalised(std::iter::once(c)) {
        match role_of_normalised(part) {
            Role::Letter => return Role::Letter,
            Role::Break => role = Role::Break,
            Role::Nothing => {}
        }
    }
    role
}

/// Removes what a name is written with but does not consist of: marks of ownership, invisible characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !is_trademark(*c) && !is_invisible(*c)).collect()
}

/// Folds case, spaces, punctuation, accents and Unicode forms: words with one space between them.
///
/// Texts that fold alike are the same text to us. Folding twice changes nothing. A text of nothing but symbols
/// keeps them, so that it can be told from others; a text of nothing at all gives the empty text.
#[must_use]
pub fn fold(text: &str) -> String {
    if let Some(words) = fold_plain(text, " ") {
        return words;
    }
    let mut words = String::with_capacity(text.len());
    let mut pending_space = false;
    for c in normalised(text.chars()) {
        match role_of_normalised(c) {
            Role::Letter => {
                if pending_space && !words.is_empty() {
                    words.push(' ');
                }
                pending_space = false;
                words.push(c);
            }
            Role::Break => pending_space = true,
            Role::Nothing => {}
        }
    }
    if words.is_empty() {
        return normalised(text.chars())
            .filter(|c| role_of_normalised(*c) == Role::Break && !c.is_whitespace() && !c.is_control())
            .collect();
    }
    words.nfc().collect()
}

/// The words of a text of plain characters, folded, with `gap` between them; `None` if it has others, or no word.
fn fold_plain(text: &str, gap: &str) -> Option<String> {
    let mut words = String::with_capacity(text.len());
    let mut pending_gap = false;
    for c in text.chars() {
        match plain_role(c)? {
            Role::Letter => {
                if pending_gap && !words.is_empty() {
                    words.push_str(gap);
                }
                pending_gap = false;
                words.push(c.to_ascii_lowercase());
            }
            Role::Break => pending_gap = true,
            Role::Nothing => {}
        }
    }
    (!words.is_empty()).then_some(words)
}

/// Whether anything is left of the text when it is folded.
pub(crate) fn says_something(text: &str) -> bool {
    text.contains(is_letter) || !fold(text).is_empty()
}

/// The folded text without its spaces: what names are compared by.
pub(crate) fn compact(text: &str) -> String {
    if let Some(joined) = fold_plain(text, "") {
        return joined;
    }
    let mut folded = fold(text);
    folded.retain(|c| c != ' ');
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_meet() {
        for (one, other) in [
            ("UPS® Ground", "ups ground"),
            ("FedEx™", "fedex"),
            ("FedEx\u{2120}", "FEDEX"),
            ("  Colis\u{a0}Privé ", "colis prive"),
            ("Colis Prive\u{301}", "COLIS-PRIVÉ"),
            ("ＵＳＰＳ", "usps"),
            ("U\u{200b}PS", "ups"),
            ("Straße", "STRASSE"),
            ("Sürat Kargo", "surat_kargo"),
            ("ﾔﾏﾄ運輸", "ヤマト運輸"),
            ("R+L", "r l"),
            ("People's Post", "peoples post"),
            ("ΟΔΟΣ", "οδος"),
            ("— 📦 —", "—📦—"),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} {other:?}");
            assert!(!fold(one).is_empty(), "{one:?}");
        }
    }

    #[test]
    fn plain_characters_fold_as_all_others_do() {
        for c in ('\0'..='\u{ffff}').filter(|c| plain_role(*c).is_some()) {
            // A letter that is not plain takes the text through the tables.
            let slow = fold(&format!("x{c}Yλ"));
            assert_eq!(slow.strip_suffix('λ'), Some(fold(&format!("x{c}Y")).as_str()), "{c:?}");
            assert_eq!(slow.replace(' ', ""), format!("{}λ", compact(&format!("x{c}Y"))), "{c:?}");
            let parts = normalised(std::iter::once(c)).map(role_of_normalised).collect::<Vec<_>>();
            let role = [Role::Letter, Role::Break].into_iter().find(|role| parts.contains(role));
            assert_eq!(plain_role(c), Some(role.unwrap_or(Role::Nothing)), "{c:?}");
        }
    }

    #[test]
    fn every_letter_is_part_of_a_word() {
        let letters = ('\0'..=char::MAX).filter(|c| is_letter(*c));
        for c in letters {
            let parts = normalised(std::iter::once(c)).map(role_of_normalised).collect::<Vec<_>>();
            assert!(parts.contains(&Role::Letter), "{c:?}");
        }
    }

    #[test]
    fn other_letters_stay_other_letters() {
        for (one, other) in [("ガ", "カ"), ("की", "का"), ("USPS", "UPS"), ("📦", "🚚"), ("--", "++")]
        {
            assert_ne!(fold(one), fold(other), "{one:?} {other:?}");
        }
        for nothing in ["", "  \n", "\u{200b}", "®", "\u{301}", "\0"] {
            assert_eq!(fold(nothing), "", "{nothing:?}");
        }
    }

    /// Blocks whose characters have case, forms or accents, and some of those that have none.
    const BLOCKS: [std::ops::RangeInclusive<char>; 8] = [
        '\0'..='\u{33ff}',
        '\u{a640}'..='\u{acff}',
        '\u{d700}'..='\u{d7ff}',
        '\u{f900}'..='\u{ffff}',
        '\u{10400}'..='\u{10cff}',
        '\u{1d100}'..='\u{1f2ff}',
        '\u{2f800}'..='\u{2fa1f}',
        '\u{e0000}'..='\u{e01ff}',
    ];

    #[test]
    fn every_character_folds_alike_in_any_case_and_form() {
        for c in BLOCKS.into_iter().flatten() {
            let text = format!("a{c}b");
            let folded = fold(&text);
            assert_eq!(fold(&folded), folded, "{c:?} twice");
            assert_eq!(fold(&text.to_uppercase()), folded, "{c:?} upper");
            assert_eq!(fold(&text.to_lowercase()), folded, "{c:?} lower");
            assert_eq!(fold(&text.nfd().collect::<String>()), folded, "{c:?} NFD");
            if !is_trademark(c) {
                // Where a sender made TM of ™ already, nobody can tell it from letters.
                assert_eq!(fold(&text.nfkc().collect::<String>()), folded, "{c:?} NFKC");
            }
        }
    }

    #[test]
    fn an_iota_below_folds_alike_whatever_marks_stand_between() {
        assert_eq!(fold("\u{1fcc}\u{11366}"), fold("\u{397}\u{11366}\u{345}"));
    }

    proptest! {
        #[test]
        fn any_text_folds_once_and_alike_in_any_form(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(&fold(&folded), &folded);
            prop_assert_eq!(&fold(&text.to_uppercase()), &folded);
            prop_assert_eq!(&fold(&text.to_lowercase()), &folded);
            prop_assert_eq!(&fold(&text.nfd().collect::<String>()), &folded);
            prop_assert_eq!(&fold(&text.nfc().collect::<String>()), &folded);
            prop_assert_eq!(&fold(&format!("  {text}\u{a0}\n")), &folded);
        }
    }
}
