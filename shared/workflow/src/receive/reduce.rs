//! A verified body down to what its connector allows: buyer data goes no further than this.
//!
//! Works on the text, not on a tree of values: a number keeps every digit it was written with, however large,
//! and a repeated key stays repeated, for the connector to refuse. A tree would round the one and hide the other.
//! (`serde_json`'s `arbitrary_precision` would keep digits too, but breaks tagged enums with numbers elsewhere.)

use std::borrow::Cow;
use std::fmt;

use connector_api::{Allowed, DeliveryBody};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::hex;

/// The largest reduced body, bytes.
pub(super) const MAX_REDUCED: usize = 200 * 1024;
/// The longest scalar kept of a body that is withheld, bytes.
const MAX_ID: usize = 256;
/// Lists inside lists that are walked through. No sender nests them; each level costs a pass over the text.
const MAX_DEPTH: u8 = 16;

type Path<'a> = &'a [&'static str];

/// Projects a body to the allowed paths; a body that is not JSON or stays too large is withheld.
pub(super) fn reduce(body: &[u8], allowed: Allowed) -> DeliveryBody {
    // A byte order mark is no part of JSON, but some senders write one.
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let Ok(raw) = serde_json::from_slice::<&RawValue>(text) else {
        return withheld(body, "the body is not JSON", String::new());
    };
    let mut reduced = String::new();
    let paths: Vec<Path<'_>> = allowed.0.to_vec();
    match project(raw, &paths, 0, &mut reduced) {
        Ok(kept) => {
            if !kept {
                reduced.push_str("null");
            }
            if reduced.len() <= MAX_REDUCED {
                return DeliveryBody::Reduced(reduced);
            }
            withheld(body, "the body is too large even when reduced", ids(raw, allowed))
        }
        Err(why) => withheld(body, why, ids(raw, allowed)),
    }
}

/// The same body withheld, since it does not fit where it must go.
pub(super) fn too_large(body: &[u8], allowed: Allowed) -> DeliveryBody {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let ids =
        serde_json::from_slice::<&RawValue>(text).map_or_else(|_| String::new(), |raw| ids(raw, allowed));
    withheld(body, "the body is too large even when reduced", ids)
}

fn withheld(body: &[u8], reason: &str, ids: String) -> DeliveryBody {
    DeliveryBody::Withheld {
        bytes: body.len(),
        sha256: hex(&Sha256::digest(body)),
        reason: reason.to_owned(),
        ids,
    }
}

/// Writes what of `raw` may go on; false, and nothing written, if that is nothing.
fn project(raw: &RawValue, paths: &[Path<'_>], depth: u8, out: &mut String) -> Result<bool, &'static str> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'[') => {
            if depth >= MAX_DEPTH {
                return Err("the body nests lists too deeply");
            }
            let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "a list cannot be read")?;
            out.push('[');
            let mut any = false;
            for row in rows {
                any |= separated(out, any, |out| project(row, paths, depth + 1, out))?;
            }
            out.push(']');
            Ok(true)
        }
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|_| "a name cannot be read")?;
            let before = out.len();
            out.push('{');
            let mut any = false;
            for (name, inner) in members {
                let below: Vec<Path<'_>> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(first, _)| ***first == *name)
                    .map(|(_, rest)| rest)
                    .collect();
                if below.is_empty() {
                    continue;
                }
                any |= separated(out, any, |out| {
                    push_name(out, &name);
                    project(inner, &below, depth, out)
                })?;
            }
            out.push('}');
            // An object where a scalar was allowed is not let through.
            if !any {
                out.truncate(before);
            }
            Ok(any)
        }
        _ => {
            let allowed = paths.iter().any(|path| path.is_empty());
            if allowed {
                out.push_str(text);
            }
            Ok(allowed)
        }
    }
}

/// Writes one more part, after a comma if it is not the first; takes all of it back if nothing of it goes on.
fn separated(
    out: &mut String,
    more: bool,
    write: impl FnOnce(&mut String) -> Result<bool, &'static str>,
) -> Result<bool, &'static str> {
    let before = out.len();
    if more {
        out.push(',');
    }
    let kept = write(out)?;
    if !kept {
        out.truncate(before);
    }
    Ok(kept)
}

fn push_name(out: &mut String, name: &str) {
    // Names are matched with the allow-list, so they are plain words; quoting is still serde's business.
    out.push_str(&serde_json::Value::from(name).to_string());
    out.push(':');
}

/// The allowed scalars at the top of a body: what is left to go by when the rest is withheld.
fn ids(raw: &RawValue, allowed: Allowed) -> String {
    let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(raw.get()) else { return String::new() };
    let named = |name: &str| allowed.0.iter().any(|path| *path == [name]);
    let scalar = |text: &str| !text.starts_with(['{', '[']) && text.len() <= MAX_ID;
    let mut out = String::from("{");
    for (name, inner) in members.iter().filter(|(name, inner)| named(name) && scalar(inner.get())) {
        if out.len() > 1 {
            out.push(',');
        }
        // A name repeated without end would make this large again.
        if out.len() > MAX_REDUCED / 2 {
            return String::new();
        }
        push_name(&mut out, name);
        out.push_str(inner.get());
    }
    out.push('}');
    out
}

/// The members of an object, in their order, repeated names included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Collect)
    }
}

/// A member's name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        from.deserialize_str(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::reduce_json;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ALLOWED: Allowed = Allowed(&[&["id"], &["sku"], &["lines", "id"], &["lines", "sku"], &["numbers"]]);

    fn reduced(body: &str) -> String {
        match reduce(body.as_bytes(), ALLOWED) {
            DeliveryBody::Reduced(text) => text,
            DeliveryBody::Withheld { reason, .. } => panic!("withheld: {reason}"),
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        for number in [
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "123456789012345678901234567890123",
            "-9223372036854775809",
            "1.10",
            "1e400",
        ] {
            assert_eq!(reduced(&format!("{{ \"id\": {number} }}")), format!("{{\"id\":{number}}}"));
        }
    }

    #[test]
    fn what_is_not_allowed_leaves_no_trace() {
        for (body, want) in [
            (r#"{"id":1,"email":"b@example.com"}"#, r#"{"id":1}"#),
            (r#"{"email":"b","id":1,"name":"B"}"#, r#"{"id":1}"#),
            (r#"{"id":{"name":"B"},"sku":"S"}"#, r#"{"sku":"S"}"#),
            (r#"{"lines":[{"name":"B"},{"id":1,"p":[{"name":"B"}]},"B",7]}"#, r#"{"lines":[{"id":1}]}"#),
            (r#"{"numbers":["a",{"name":"B"},["b"],null]}"#, r#"{"numbers":["a",["b"],null]}"#),
            (r#"{"name":"B"}"#, "null"),
            (r#""B""#, "null"),
            (r#"{"\u0069d":1,"id":2}"#, r#"{"id":1,"id":2}"#),
            ("\u{feff}{\"id\":1}", r#"{"id":1}"#),
        ] {
            assert_eq!(reduced(body), want, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_reduced_keeps_its_ids_only() {
        let large = format!(
            r#"{{"id":18446744073709551616,"sku":"{}","numbers":["{}"],"email":"b@example.com"}}"#,
            "s".repeat(MAX_ID + 1),
            "n".repeat(MAX_REDUCED)
        );
        let deep = format!(r#"{{"id":1,"numbers":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (body, want) in [
            (large.as_str(), r#"{"id":18446744073709551616}"#),
            (deep.as_str(), r#"{"id":1}"#),
            ("{\"id\":1", ""),
            ("id=1", ""),
            ("", ""),
        ] {
            match reduce(body.as_bytes(), ALLOWED) {
                DeliveryBody::Withheld { ids, bytes, sha256, .. } => {
                    assert_eq!((ids.as_str(), bytes, sha256.len()), (want, body.len(), 64));
                }
                DeliveryBody::Reduced(_) => panic!("reduced"),
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let name = prop_oneof![Just("id"), Just("sku"), Just("lines"), Just("numbers"), Just("name")];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..4)
                    .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_is_reduced_as_the_tree_would_be(value in any_json()) {
            let text = reduced(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), reduce_json(&value, ALLOWED));
        }

        #[test]
        fn any_bytes_are_taken(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = reduce(&body, ALLOWED);
        }
    }

    #[test]
    fn an_empty_list_stays_one() {
        assert_eq!(
            reduced(r#"{"lines":[],"numbers":[{}]}"#),
            json!({"lines": [], "numbers": []}).to_string()
        );
    }
}
