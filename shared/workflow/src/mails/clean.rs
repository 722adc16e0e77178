//! Makes values from outside harmless: in a mail's lines, in its subject, and in a command to copy.

use serde::Serialize;
use serde_json::Value;

/// The longest value in a mail, in characters.
const MAX_VALUE: usize = 2_000;
/// The longest subject, in characters.
const MAX_SUBJECT: usize = 120;
/// The longest id in a subject, in characters.
const MAX_SUBJECT_ID: usize = 40;

/// Characters that show nothing, or turn the direction of what stands after them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A value on one line, visible throughout, and bounded.
pub(super) fn value(text: &str) -> String {
    let line = text.chars().filter(|c| !is_invisible(*c)).map(|c| {
        let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if breaks { ' ' } else { c }
    });
    let mut bounded: String = line.clone().take(MAX_VALUE).collect();
    if line.skip(MAX_VALUE).any(|c| c != ' ') {
        bounded.push('…');
    }
    bounded.trim().to_owned()
}

/// An id as it may stand in a subject: printable ASCII of few kinds, bounded.
pub(super) fn subject_id(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || " -_.#/:".contains(*c);
    let kept: String = text.chars().filter(plain).take(MAX_SUBJECT_ID).collect();
    kept.trim().to_owned()
}

/// A subject: printable ASCII, bounded.
pub(super) fn subject(text: &str) -> String {
    let mut kept: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    if kept.len() > MAX_SUBJECT {
        kept.truncate(MAX_SUBJECT - 3);
        kept.push_str("...");
    }
    kept
}

/// What templates see: every text cleaned, so that none can be forgotten.
pub(super) fn all(view: &impl Serialize) -> Value {
    // A struct of texts and lists always serialises.
    clean(serde_json::to_value(view).unwrap_or_default())
}

fn clean(json: Value) -> Value {
    match json {
        Value::String(text) => Value::String(value(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(clean).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, item)| (key, clean(item))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => json,
    }
}

/// Quotes a text for a command line that a merchant copies: nothing inside it can be a command.
///
/// For POSIX shells. Invisible characters and line breaks are taken out as everywhere in a mail.
#[must_use]
pub fn shell_quoted(text: &str) -> String {
    let clean = value(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=".contains(c);
    if !clean.is_empty() && !clean.starts_with('-') && clean.chars().all(plain) {
        clean
    } else {
        format!("'{}'", clean.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_one_visible_bounded_line() {
        for (text, want) in [
            (" a\r\nb\u{2028}c\u{85}d\t", "a  b c d"),
            ("1Z\u{200b}99\u{202e}\u{2066}9\u{feff}\u{ad}9\u{e0041}", "1Z9999"),
            ("\u{202e}\r\n\u{0}", ""),
            ("Müller & Söhne <漢字>", "Müller & Söhne <漢字>"),
        ] {
            assert_eq!(value(text), want, "{text:?}");
        }
        assert_eq!(value(&"ä".repeat(MAX_VALUE)), "ä".repeat(MAX_VALUE));
        assert_eq!(value(&"ä".repeat(MAX_VALUE + 1)).chars().count(), MAX_VALUE + 1, "and an ellipsis");
    }

    #[test]
    fn subjects_are_short_printable_ascii_and_ids_in_them_plainer_still() {
        assert_eq!(subject("a\r\nBcc: b\u{2028}ü\u{202e}c"), "aBcc: bc");
        assert_eq!(subject(&"x".repeat(120)).len(), 120);
        assert_eq!(subject(&"x".repeat(121)), format!("{}...", "x".repeat(117)));
        assert_eq!(subject_id(" #1001/A\"<b>{{x}}'; $(y)\n"), "#1001/Abx y");
        assert_eq!(subject_id(&"9".repeat(99)).len(), MAX_SUBJECT_ID);
    }
}
