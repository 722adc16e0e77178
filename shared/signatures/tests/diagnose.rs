//! Every mistake we know is made here, and must be named.
#![expect(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use secrecy::SecretString;
use sha2::Sha256;
use signatures::{BodyChange, Diagnosis, SecretChange, diagnose_hmac_base64, verify_hmac_base64};

const SECRET: &str = "canary-secret";

fn mac(body: &[u8], key: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(body).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks at `arrived`, signed as `sent` with `key`, with these secrets in the settings.
fn diagnose(sent: &[u8], key: &[u8], arrived: &[u8], secrets: &[&str]) -> Diagnosis {
    let secrets: Vec<_> = secrets.iter().map(|text| SecretString::from(*text)).collect();
    diagnose_hmac_base64(arrived, Some(&STANDARD.encode(mac(sent, key))), &secrets)
}

#[test]
fn a_genuine_signature_names_its_secret() {
    let body = b"{}";
    for (secrets, at) in [(&[SECRET][..], 0), (&["old", SECRET], 1), (&["", "x", SECRET], 2)] {
        let found = diagnose(body, SECRET.as_bytes(), body, secrets);
        assert_eq!(found, Diagnosis::Genuine { secret: at, of: secrets.len() });
        assert!(found.is_genuine());
        let says = found.to_string();
        assert!(at == 0 || says.contains(&format!("number {}", at + 1)), "{says}");
    }
}

#[test]
fn what_happened_to_the_body_is_named() {
    use BodyChange::{
        ByteOrderMarkAdded, ByteOrderMarkLost, EndAdded, EndLost, JsonEscapes, JsonSpacing,
        JsonSpacingAndEscapes, LineBreaksToCrLf, LineBreaksToLf, QuotedAsJson, ReadAsLatin1, StillBase64,
    };
    let json = r#"{"id":9007199254740993,"zip":"a\/b","name":"Zoë <b> 😀","list":[1.0,{}]}"#;
    let quoted = serde_json::to_string(json).unwrap();
    let mojibake: String = json.bytes().map(char::from).collect();
    let encoded = STANDARD.encode(json);
    for (what, sent, arrived, want) in [
        ("newline added", "{}", "{}\n", EndAdded),
        ("CR LF added", "{}", "{}\r\n", EndAdded),
        ("space added", "{}", "{}  ", EndAdded),
        ("newline kept, newline added", "{}\n", "{}\n\n", EndAdded),
        ("newline lost", "{}\n", "{}", EndLost),
        ("CR LF lost", "{}\r\n", "{}", EndLost),
        ("to CR LF", "{\n\"a\":1\n}\n", "{\r\n\"a\":1\r\n}\r\n", LineBreaksToCrLf),
        ("to LF", "{\r\n\"a\":1\r\n}", "{\n\"a\":1\n}", LineBreaksToLf),
        ("mark added", json, &format!("\u{feff}{json}"), ByteOrderMarkAdded),
        ("mark lost", &format!("\u{feff}{json}"), json, ByteOrderMarkLost),
        ("base64", json, &encoded, StillBase64),
        ("base64 with a newline", json, &format!("{encoded}\n"), StillBase64),
        ("JSON text", json, &quoted, QuotedAsJson),
        ("Latin-1", json, &mojibake, ReadAsLatin1),
        ("made compact", r#"{"foo": "bar", "n": [1, 2]}"#, r#"{"foo":"bar","n":[1,2]}"#, JsonSpacing),
        (
            "made pretty",
            r#"{"foo":"bar","n":[1,2],"e":{}}"#,
            "{\n  \"foo\": \"bar\",\n  \"n\": [\n    1,\n    2\n  ],\n  \"e\": {}\n}",
            JsonSpacing,
        ),
        ("made pretty, was spaced", r#"{"foo": "bar"}"#, "{\n    \"foo\": \"bar\"\n}\n", JsonSpacing),
        ("was pretty", "{\n  \"foo\": \"bar\"\n}", r#"{"foo":"bar"}"#, JsonSpacing),
        ("slash unescaped", r#"{"a":"b\/c"}"#, r#"{"a":"b/c"}"#, JsonEscapes),
        ("slash escaped", r#"{"a":"b/c"}"#, r#"{"a":"b\/c"}"#, JsonEscapes),
        ("accent escaped", r#"{"a":"Zoë 😀"}"#, r#"{"a":"Zo\u00eb \ud83d\ude00"}"#, JsonEscapes),
        ("accent unescaped", r#"{"a":"Zo\u00eb \ud83d\ude00"}"#, r#"{"a":"Zoë 😀"}"#, JsonEscapes),
        ("accent unescaped, capitals", r#"{"a":"Zo\u00EB"}"#, r#"{"a":"Zoë"}"#, JsonEscapes),
        ("html unescaped", r#"{"a":"\u003cb\u003e \u0026"}"#, r#"{"a":"<b> &"}"#, JsonEscapes),
        ("html escaped", r#"{"a":"<b> &"}"#, r#"{"a":"\u003cb\u003e \u0026"}"#, JsonEscapes),
        ("all of it", r#"{"a":"b\/c Zoë"}"#, "{\n  \"a\": \"b/c Zo\\u00eb\"\n}", JsonSpacingAndEscapes),
    ] {
        let found = diagnose(sent.as_bytes(), SECRET.as_bytes(), arrived.as_bytes(), &["other", SECRET]);
        assert_eq!(found, Diagnosis::BodyChanged { secret: 1, change: want }, "{what}");
        assert!(found.to_string().contains("number 2"), "{what}");
    }
}

#[test]
fn what_is_wrong_with_the_secret_is_named() {
    use SecretChange::{Base64OfKey, HexOfKey, LineBreakLost, QuotesAround, SpaceAround};
    let key: Vec<u8> = (0..32_u8).map(|n| n.wrapping_mul(37) ^ 0xa5).collect();
    let (hexed, based) = (hex(&key), STANDARD.encode(&key));
    let body = br#"{"id":1}"#;
    for (what, key, set, want) in [
        ("space", SECRET.as_bytes(), " canary-secret ", SpaceAround),
        ("line break", SECRET.as_bytes(), "canary-secret\n", SpaceAround),
        ("quotes", SECRET.as_bytes(), "\"canary-secret\"", QuotesAround),
        ("quotes and space", SECRET.as_bytes(), " 'canary-secret'\n", QuotesAround),
        ("line break lost", b"canary-secret\n", SECRET, LineBreakLost),
        ("hex", &key, &hexed, HexOfKey),
        ("hex in capitals", &key, &hexed.to_uppercase(), HexOfKey),
        ("base64", &key, &based, Base64OfKey),
        ("base64 without padding", &key, based.trim_end_matches('='), Base64OfKey),
    ] {
        let found = diagnose(body, key, body, &["other", set]);
        assert_eq!(found, Diagnosis::SecretChanged { secret: 1, change: want }, "{what}");
    }
    let both = diagnose(body, SECRET.as_bytes(), b"{\"id\":1}\n", &["canary-secret\n"]);
    assert_eq!(
        both,
        Diagnosis::BothChanged { secret: 0, body_change: BodyChange::EndAdded, secret_change: SpaceAround }
    );
}

#[test]
fn what_is_wrong_with_the_header_is_named() {
    let body = b"{}";
    let secrets = [SecretString::from("other"), SecretString::from(SECRET)];
    let genuine = mac(body, SECRET.as_bytes());
    let hexed = hex(&genuine);
    let base64 = STANDARD.encode(&genuine);
    let cases = [
        (None, Diagnosis::HeaderMissing),
        (Some(String::new()), Diagnosis::HeaderMissing),
        (Some(" \t".to_owned()), Diagnosis::HeaderMissing),
        (Some(hexed.clone()), Diagnosis::HexInsteadOfBase64 { fits: Some(1) }),
        (Some(format!("sha256={}", hexed.to_uppercase())), Diagnosis::HexInsteadOfBase64 { fits: Some(1) }),
        (Some("00".repeat(32)), Diagnosis::HexInsteadOfBase64 { fits: None }),
        (Some(STANDARD_NO_PAD.encode(&genuine)), Diagnosis::OtherWriting { fits: Some(1) }),
        (
            Some(base64.replace('+', "-").replace('/', "_").replace('=', "")),
            Diagnosis::OtherWriting { fits: Some(1) },
        ),
        (Some(format!("'{base64}'")), Diagnosis::OtherWriting { fits: Some(1) }),
        (Some(format!("sha256={base64}")), Diagnosis::OtherWriting { fits: Some(1) }),
        (Some(STANDARD.encode(genuine.get(..20).unwrap())), Diagnosis::WrongLength { bytes: 20 }),
        (Some("not a signature!".to_owned()), Diagnosis::NotBase64 { characters: 16 }),
        (Some("é".to_owned()), Diagnosis::NotBase64 { characters: 1 }),
        (Some(format!("  {base64}\n")), Diagnosis::Genuine { secret: 1, of: 2 }),
    ];
    for (header, want) in cases {
        assert_eq!(diagnose_hmac_base64(body, header.as_deref(), &secrets), want, "{header:?}");
    }
}

#[test]
fn what_nothing_explains_is_said_to_be_so() {
    assert_eq!(diagnose(b"{}", b"x", b"{}", &[SECRET, "", "b"]), Diagnosis::NoMatch { secrets: 2 });
    assert_eq!(diagnose(b"{}", b"x", b"", &[SECRET]), Diagnosis::EmptyBody);
    assert_eq!(diagnose(b"{}", b"x", b"{}", &[]), Diagnosis::NoSecret);
    assert_eq!(diagnose(b"{}", b"", b"{}", &["", " "]), Diagnosis::NoSecret, "an empty key is never tried");
}

#[test]
fn no_diagnosis_shows_a_secret() {
    let secret = |shown: &Diagnosis| {
        let shown = format!("{shown} {shown:?} {}", serde_json::to_string(shown).unwrap());
        shown.contains("canary") || shown.contains(&hex(b"canary")) || shown.contains("Y2FuYXJ5")
    };
    for (sent, arrived, set) in [
        ("{}", "{}", SECRET),
        ("{}", "{}\n", SECRET),
        ("{}", "{}", "canary-secret "),
        ("{}", "{}\n", "'canary-secret'"),
        ("{}", "", SECRET),
        ("{}", "[]", SECRET),
        ("{}", "{}", "canary-of-another"),
    ] {
        let found = diagnose(sent.as_bytes(), SECRET.as_bytes(), arrived.as_bytes(), &[set]);
        assert!(!secret(&found), "{found:?}");
    }
}

proptest! {
    #[test]
    fn any_input_is_answered_and_genuine_means_verified(
        body in proptest::collection::vec(any::<u8>(), 0..60),
        header in any::<String>(),
        texts in proptest::collection::vec(any::<String>(), 0..3),
    ) {
        let secrets: Vec<_> = texts.iter().map(|text| SecretString::from(text.as_str())).collect();
        let mut headers = vec![header];
        headers.extend(texts.first().map(|text| STANDARD.encode(mac(&body, text.as_bytes()))));
        for header in headers {
            let found = diagnose_hmac_base64(&body, Some(&header), &secrets);
            prop_assert_eq!(found.is_genuine(), verify_hmac_base64(&body, Some(&header), &secrets).is_ok());
        }
    }
}
