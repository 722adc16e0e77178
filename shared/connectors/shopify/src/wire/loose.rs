//! Scalars that may come as a number or as text, and never through a float.

use std::fmt;

use jiff::Timestamp;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// An id: digits, from a whole number or from text, plain or as `gid://shopify/Order/123`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(String);

impl Id {
    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// The digits at the end of `text`, if it is an id in one of its two spellings.
fn digits(text: &str) -> Option<&str> {
    let tail = match text.trim().strip_prefix("gid://shopify/") {
        // A gid may carry a query; the digits before it are the id.
        Some(gid) => gid.split_once('/')?.1.split('?').next()?,
        None => text.trim(),
    };
    ((1..=40).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_digit())).then_some(tail)
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a whole number, or its digits as text")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                // The text itself stays out of the error: it may be anything.
                digits(text).map(|d| Id(d.to_owned())).ok_or_else(|| E::custom("text that is no id"))
            }
        }
        from.deserialize_any(IdVisitor)
    }
}

/// Text, from text or from a whole number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Text {
    /// The text without surrounding space, if any is left.
    pub(crate) fn filled(self) -> Option<String> {
        let trimmed = self.0.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
        }
        from.deserialize_any(TextVisitor)
    }
}

/// Texts: null, one, or a list that may hold nulls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Vec<Text>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Texts, E> {
                Ok(Texts(vec![Text(number.to_string())]))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![Text(text.to_owned())]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Texts, A::Error> {
                let mut all = Vec::new();
                while let Some(row) = rows.next_element::<Option<Text>>()? {
                    all.extend(row);
                }
                Ok(Texts(all))
            }
        }
        from.deserialize_any(TextsVisitor)
    }
}

/// A number of units, from a whole number or its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl Visitor<'_> for CountVisitor {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of units, 0 to 4294967295")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
                u32::try_from(number).map(Count).map_err(|_| E::custom("too many units"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
                text.trim().parse().map(Count).map_err(|_| E::custom("text that is no number of units"))
            }
        }
        from.deserialize_any(CountVisitor)
    }
}

/// A point in time, RFC 3339 with any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InstantVisitor;
        impl Visitor<'_> for InstantVisitor {
            type Value = Instant;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time like 2026-11-20T09:30:00-05:00")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
                text.trim().parse().map(Instant).map_err(|_| E::custom("text that is no time"))
            }
        }
        from.deserialize_str(InstantVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_digits_and_never_go_through_a_float() {
        for (json, want) in [
            ("7", Some("7")),
            ("9007199254740993", Some("9007199254740993")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("\"9007199254740993\"", Some("9007199254740993")),
            ("\" 12 \"", Some("12")),
            ("\"gid://shopify/Order/12\"", Some("12")),
            ("\"gid://shopify/InventoryLevel/12?inventory_item_id=5\"", Some("12")),
            ("18446744073709551616", None),
            ("1e3", None),
            ("1.0", None),
            ("-1", None),
            ("true", None),
            ("null", None),
            ("\"\"", None),
            ("\"12a\"", None),
            ("\"gid://shopify/Order/\"", None),
            ("\"gid://shopify/Order\"", None),
            ("\"gid://other/Order/12\"", None),
            ("[1]", None),
        ] {
            let read: Option<Id> = serde_json::from_str(json).ok();
            assert_eq!(read.as_ref().map(Id::as_str), want, "{json}");
        }
    }

    #[test]
    fn times_keep_their_offset() {
        for (json, want) in [
            ("\"2021-12-31T19:00:00-05:00\"", Some("2022-01-01T00:00:00Z")),
            ("\"2022-01-01T05:30:00+05:30\"", Some("2022-01-01T00:00:00Z")),
            ("\"2022-01-01T00:00:00.000Z\"", Some("2022-01-01T00:00:00Z")),
            ("\"2022-01-01T00:00:00\"", None),
            ("\"yesterday\"", None),
            ("0", None),
        ] {
            let read: Option<Instant> = serde_json::from_str(json).ok();
            assert_eq!(read.map(|t| t.0.to_string()).as_deref(), want, "{json}");
        }
    }

    #[test]
    fn lists_of_texts_take_what_stores_send() {
        for (json, want) in [
            ("null", Some(vec![])),
            ("[]", Some(vec![])),
            ("\"a\"", Some(vec!["a"])),
            ("[\"a\", null, 12]", Some(vec!["a", "12"])),
            ("[{\"a\": 1}]", None),
            ("1.5", None),
        ] {
            let read: Option<Texts> = serde_json::from_str(json).ok();
            let read = read.map(|t| t.0.into_iter().filter_map(Text::filled).collect::<Vec<_>>());
            assert_eq!(read, want.map(|w| w.into_iter().map(str::to_owned).collect()), "{json}");
        }
    }
}
