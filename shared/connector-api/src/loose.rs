//! Fields of answers that are read with patience: a value of an unexpected type counts as absent.
//!
//! For serde's `deserialize_with`; the field needs `default` as well.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

/// Reads a value if it has the wanted type, else takes it as absent.
///
/// # Errors
/// Only those of the format.
pub fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

/// Reads the elements of a list that have the wanted type; absent, null or no list is `None`.
///
/// # Errors
/// Only those of the format.
pub fn lenient_list<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Value::Array(rows) = Value::deserialize(from)? else { return Ok(None) };
    Ok(Some(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect()))
}

/// Reads a text, or a whole number that lost no digit on the way: a large one must not become another id.
///
/// # Errors
/// Only those of the format.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        Value::Number(_)
        | Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    })
}

/// Reads a count, also when it is written as text.
///
/// # Errors
/// Only those of the format.
pub fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Reads an instant with any offset.
///
/// # Errors
/// Only those of the format.
pub fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// What is wrong with JSON, without quoting it: the full words may hold what a buyer wrote.
#[must_use]
pub fn json_problem(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Io => "unreadable",
        Category::Syntax => "no JSON",
        Category::Data => "not of the documented form",
        Category::Eof => "cut short",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}
