//! JSON written in other ways with nothing else changed: order, numbers and texts stay.
//!
//! Works on the text, not on parsed values: a parser would lose the order of keys and digits of numbers.

/// White space between the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// As in the text.
    AsItIs,
    /// `{"a":1,"b":[2]}`
    None,
    /// `{"a": 1, "b": [2]}`
    AfterMarks,
    /// One part per line, this many spaces per level.
    Lines(usize),
}

impl Spacing {
    pub(super) const ALL: [Self; 5] =
        [Self::AsItIs, Self::None, Self::AfterMarks, Self::Lines(2), Self::Lines(4)];
}

/// How one kind of character is written in texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    AsItIs,
    Plain,
    Escaped,
    EscapedInCapitals,
}

/// How characters are written in texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Escapes {
    /// `/` or `\/`.
    slash: Writing,
    /// `é` or `\u00e9`.
    beyond_ascii: Writing,
    /// `<`, `>`, `&` or `\u003c` and so on.
    html: Writing,
}

impl Escapes {
    pub(super) const AS_THEY_ARE: Self =
        Self { slash: Writing::AsItIs, beyond_ascii: Writing::AsItIs, html: Writing::AsItIs };

    /// Every way, the least changed first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        use Writing::{AsItIs, Escaped, EscapedInCapitals, Plain};
        let html = [AsItIs, Plain, Escaped, EscapedInCapitals];
        let beyond = [AsItIs, Plain, Escaped, EscapedInCapitals];
        let slash = [AsItIs, Plain, Escaped];
        html.into_iter().flat_map(move |html| {
            beyond.into_iter().flat_map(move |beyond_ascii| {
                slash.into_iter().map(move |slash| Self { slash, beyond_ascii, html })
            })
        })
    }

    fn of(self, c: char) -> Writing {
        match c {
            '/' => self.slash,
            '<' | '>' | '&' => self.html,
            c if !c.is_ascii() => self.beyond_ascii,
            _ => Writing::AsItIs,
        }
    }
}

/// Writes valid JSON again.
pub(super) fn rewrite(json: &str, spacing: Spacing, escapes: Escapes) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let mut rest = json;
    let mut level = 0_usize;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let text = text_at(rest);
            write_text(&mut out, text, escapes);
            rest = rest.get(text.len()..).unwrap_or_default();
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if spacing == Spacing::AsItIs {
            out.push(c);
            continue;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                out.push(c);
                let closes = rest.trim_start().starts_with(['}', ']']);
                if !closes {
                    level += 1;
                    break_line(&mut out, spacing, level);
                }
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    level = level.saturating_sub(1);
                    break_line(&mut out, spacing, level);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                if spacing == Spacing::AfterMarks {
                    out.push(' ');
                }
                break_line(&mut out, spacing, level);
            }
            ':' => {
                out.push(c);
                if spacing != Spacing::None {
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
    }
    out
}

fn break_line(out: &mut String, spacing: Spacing, level: usize) {
    if let Spacing::Lines(width) = spacing {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', width * level));
    }
}

/// The text, quotes included, that `rest` begins with.
fn text_at(rest: &str) -> &str {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return rest.get(..=at).unwrap_or(rest),
            _ => {}
        }
    }
    rest
}

fn write_text(out: &mut String, text: &str, escapes: Escapes) {
    let mut rest = text;
    while !rest.is_empty() {
        let (c, length) = next_character(rest);
        let (raw, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        match c.map(|c| (c, escapes.of(c))) {
            Some((c, Writing::Plain)) => out.push(c),
            Some(('/', Writing::Escaped | Writing::EscapedInCapitals)) => out.push_str("\\/"),
            Some((c, Writing::Escaped)) => push_escaped(out, c, false),
            Some((c, Writing::EscapedInCapitals)) => push_escaped(out, c, true),
            Some((_, Writing::AsItIs)) | None => out.push_str(raw),
        }
    }
}

fn push_escaped(out: &mut String, c: char, capitals: bool) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&if capitals { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}

/// The character that `rest` begins with, and how many bytes it takes.
///
/// Only escapes of `/` and by number are read; others and halves of pairs are left as they are.
fn next_character(rest: &str) -> (Option<char>, usize) {
    let Some(escape) = rest.strip_prefix('\\') else {
        let c = rest.chars().next();
        return (c, c.map_or(1, char::len_utf8));
    };
    if escape.starts_with('/') {
        return (Some('/'), 2);
    }
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let Some(first) = unit(rest) else { return (None, 1 + escape.chars().next().map_or(0, char::len_utf8)) };
    if let Some(c) = char::from_u32(first.into()) {
        return (Some(c), 6);
    }
    let pair = rest.get(6..).and_then(unit).map(|second| [first, second]);
    match pair.and_then(|pair| char::decode_utf16(pair).next()?.ok()) {
        Some(c) => (Some(c), 12),
        None => (None, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spacing_is_written_as_common_writers_do() {
        let json = "{ \"a\" :[1.0,  2e5],\n\"b\":{},\"c\":[ ],\"d\":\"x, : {y}\\\"\" }";
        for (spacing, want) in [
            (Spacing::AsItIs, json),
            (Spacing::None, r#"{"a":[1.0,2e5],"b":{},"c":[],"d":"x, : {y}\""}"#),
            (Spacing::AfterMarks, r#"{"a": [1.0, 2e5], "b": {}, "c": [], "d": "x, : {y}\""}"#),
            (
                Spacing::Lines(2),
                "{\n  \"a\": [\n    1.0,\n    2e5\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": \"x, : {y}\\\"\"\n}",
            ),
        ] {
            assert_eq!(rewrite(json, spacing, Escapes::AS_THEY_ARE), want, "{spacing:?}");
        }
    }

    #[test]
    fn escapes_go_both_ways() {
        let plain = "\"a/b é 😀 <&> \\n\"";
        let escaped = r#""a\/b \u00e9 \ud83d\ude00 \u003c\u0026\u003e \n""#;
        let all = |way| Escapes { slash: way, beyond_ascii: way, html: way };
        assert_eq!(rewrite(plain, Spacing::AsItIs, all(Writing::Escaped)), escaped);
        assert_eq!(rewrite(escaped, Spacing::AsItIs, all(Writing::Plain)), plain);
        assert_eq!(rewrite(escaped, Spacing::AsItIs, Escapes::AS_THEY_ARE), escaped);
        assert_eq!(
            rewrite(r#""\ud83d x""#, Spacing::AsItIs, all(Writing::Plain)),
            r#""\ud83d x""#,
            "half a pair"
        );
        assert_eq!(rewrite("\"é\"", Spacing::AsItIs, all(Writing::EscapedInCapitals)), r#""\u00E9""#,);
    }

    proptest! {
        #[test]
        fn nothing_but_the_writing_changes(texts in proptest::collection::btree_map(any::<String>(), any::<(String, f64)>(), 0..4)) {
            let json = serde_json::to_string(&texts).unwrap();
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            for spacing in Spacing::ALL {
                for escapes in Escapes::all() {
                    let again = rewrite(&json, spacing, escapes);
                    prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&again).unwrap(), &value);
                    let back = rewrite(&again, Spacing::None, Escapes::AS_THEY_ARE);
                    prop_assert_eq!(rewrite(&again, spacing, escapes), again);
                    prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&back).unwrap(), value.clone());
                }
            }
        }

        #[test]
        fn any_text_is_rewritten_without_panic(text in any::<String>()) {
            for escapes in Escapes::all() {
                rewrite(&text, Spacing::Lines(2), escapes);
            }
        }
    }
}
