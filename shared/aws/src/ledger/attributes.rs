//! Items as attributes, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::ledger::Due;
use ports::{Item, ItemKey, LedgerError, Table};
use serde::Deserialize;

/// One item as the SDK sees it. Its order never matters: it is only looked into by name.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// DynamoDB's limit of one item, bytes, names of attributes included (read 2026-08).
pub(super) const MAX_ITEM: usize = 400 * 1024;

/// The earliest time that [`sortable`] can write in its width.
const YEAR_ZERO: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// A time as a text that sorts as the time does: RFC 3339, UTC, always nine fractional digits.
///
/// Nine, because times have nanoseconds and a text with fewer digits would sort after one with more ("Z"
/// comes after every digit). Times before year 0 become year 0.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{:.9}", at.max(YEAR_ZERO))
}

/// The key attributes.
pub(super) fn key(key: &ItemKey) -> Attributes {
    [("pk", &key.pk), ("sk", &key.sk)]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), string(text)))
        .collect()
}

/// The whole item, at `version`.
pub(super) fn item(item: Item, version: u64) -> Attributes {
    let Item { key: ItemKey { pk, sk, .. }, body, due, attention, expires_at, .. } = item;
    let mut attributes = HashMap::with_capacity(9);
    let mut set = |name: &str, value| attributes.insert(name.to_owned(), value);
    set("pk", AttributeValue::S(pk));
    set("sk", AttributeValue::S(sk));
    set("v", AttributeValue::N(version.to_string()));
    if let Some(schema) = schema(&body) {
        set("schema", AttributeValue::N(schema.to_string()));
    }
    set("body", AttributeValue::S(body));
    if let Some(Due { lane, at }) = due {
        set("due_lane", AttributeValue::S(lane));
        set("due_at", AttributeValue::S(sortable(at)));
    }
    if let Some(lane) = attention {
        set("attention", AttributeValue::S(lane));
    }
    if let Some(end) = expires_at {
        // Up to the next whole second: never forgotten too early.
        let seconds = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
        set("expires_at", AttributeValue::N(seconds.to_string()));
    }
    attributes
}

/// The item that `attributes` of `table` are.
pub(super) fn parse(table: Table, mut attributes: Attributes) -> Result<Item, LedgerError> {
    let key = parse_key(table, &mut attributes)?;
    let broken = |what: &str| LedgerError::Unavailable(format!("{} {}: {what}", key.pk, key.sk));
    let mut text = |name: &str| match attributes.remove(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
        _ => None,
    };
    let version = text("v").and_then(|v| v.parse().ok()).ok_or_else(|| broken("has no version"))?;
    let body = text("body").ok_or_else(|| broken("has no body"))?;
    let due = match (text("due_lane"), text("due_at")) {
        (Some(lane), Some(at)) => {
            Some(Due { lane, at: at.parse().map_err(|_| broken("has an unreadable due time"))? })
        }
        _ => None,
    };
    let attention = text("attention");
    let expires_at = text("expires_at")
        .map(|seconds| seconds.parse().ok().and_then(|s| Timestamp::from_second(s).ok()))
        .map(|end| end.ok_or_else(|| broken("has an unreadable end")))
        .transpose()?;
    Ok(Item { key, version, body, due, attention, expires_at })
}

/// The key that `attributes` hold.
pub(super) fn parse_key(table: Table, attributes: &mut Attributes) -> Result<ItemKey, LedgerError> {
    match (attributes.remove("pk"), attributes.remove("sk")) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Ok(ItemKey { table, pk, sk }),
        _ => Err(LedgerError::Unavailable(format!("an item of {} has no key", table.as_str()))),
    }
}

/// What DynamoDB counts for an item: names and values in UTF-8, numbers by two digits a byte.
pub(super) fn size(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| {
            // Nothing but texts and numbers is ever stored by this adapter.
            let held = if let AttributeValue::N(number) = value {
                number.len().div_ceil(2) + 1
            } else {
                value.as_s().map_or(0, String::len)
            };
            name.len() + held
        })
        .sum()
}

pub(super) fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The record's own `schema`, if it says one.
fn schema(body: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Marked {
        schema: Option<u64>,
    }
    serde_json::from_str::<Marked>(body).ok()?.schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_texts_do() {
        let times = [
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-02-28T23:59:59Z",
            "2026-02-28T23:59:59.000000001Z",
            "2026-02-28T23:59:59.1Z",
            "2026-02-28T23:59:59.12Z",
            "2026-03-01T00:00:00Z",
            "9999-12-30T22:00:00.999999999Z",
        ];
        let texts: Vec<String> = times.iter().map(|t| sortable(t.parse().unwrap())).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        for (time, text) in times.iter().zip(&texts) {
            assert_eq!(text.len(), 30, "{text}");
            assert_eq!(time.parse::<Timestamp>().unwrap(), text.parse().unwrap(), "{text}");
        }
        assert_eq!(sortable(Timestamp::MIN), "0000-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn the_schema_number_is_taken_from_the_body() {
        for (body, want) in [
            (r#"{"schema":3,"x":[1]}"#, Some(3)),
            (r#"{"x":{"schema":3}}"#, None),
            (r#"{"schema":"3"}"#, None),
            ("[]", None),
            ("not json", None),
        ] {
            assert_eq!(schema(body), want, "{body}");
        }
    }

    #[test]
    fn an_item_that_no_ledger_wrote_is_an_error_and_no_guess() {
        let stored = Item {
            key: ItemKey { table: Table::Orders, pk: "p".into(), sk: "s".into() },
            version: 7,
            body: "{}".into(),
            due: None,
            attention: None,
            expires_at: None,
        };
        let whole = item(stored.clone(), 7);
        assert_eq!(parse(Table::Orders, whole.clone()), Ok(stored));
        for missing in ["pk", "sk", "v", "body"] {
            let mut part = whole.clone();
            part.remove(missing);
            assert!(parse(Table::Orders, part).is_err(), "{missing}");
        }
        for (name, value) in [("v", "x"), ("due_at", "noon"), ("expires_at", "1.5")] {
            let mut odd = whole.clone();
            odd.insert("due_lane".into(), string("T#0"));
            odd.insert("due_at".into(), string("2026-01-01T00:00:00Z"));
            odd.insert(name.into(), string(value));
            assert!(parse(Table::Orders, odd).is_err(), "{name}");
        }
    }

    #[test]
    fn an_end_is_rounded_up() {
        let stored = |end: &str| Item {
            key: ItemKey { table: Table::Orders, pk: "p".into(), sk: "s".into() },
            version: 0,
            body: "{}".into(),
            due: None,
            attention: None,
            expires_at: Some(end.parse().unwrap()),
        };
        for (end, want) in [("1970-01-01T00:00:05Z", "5"), ("1970-01-01T00:00:05.000000001Z", "6")] {
            let attributes = item(stored(end), 1);
            assert_eq!(attributes["expires_at"], AttributeValue::N(want.into()), "{end}");
        }
    }
}
