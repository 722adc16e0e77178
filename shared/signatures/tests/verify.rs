//! What is taken for a genuine signature, and that nothing else is.
#![expect(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use secrecy::SecretString;
use sha2::Sha256;
use signatures::{SignatureError, spend_like_verify, verify_hmac_base64};

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| SecretString::from(*text)).collect()
}

fn mac(body: &[u8], secret: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(body)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn sign(body: &[u8], secret: &str) -> String {
    STANDARD.encode(mac(body, secret))
}

/// The answer to this body, header and secrets; the body itself if it is genuine.
fn verdict(body: &[u8], header: Option<&str>, texts: &[&str]) -> Result<Vec<u8>, SignatureError> {
    verify_hmac_base64(body, header, &secrets(texts)).map(|verified| verified.bytes().to_vec())
}

/// Published by Shopify in the tests of its JavaScript SDK.
const BODY: &[u8] = br#"{"foo": "bar"}"#;
const SECRET: &str = "test_secret_key";
const HEADER: &str = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=";

#[test]
fn the_published_answer_is_genuine() {
    assert_eq!(verdict(BODY, Some(HEADER), &[SECRET]), Ok(BODY.to_vec()));
    assert_eq!(
        verdict(BODY, Some(&format!(" \t{HEADER}\r\n")), &[SECRET]),
        Ok(BODY.to_vec()),
        "white space around"
    );
    assert_eq!(verdict(b"", Some(&sign(b"", SECRET)), &[SECRET]), Ok(Vec::new()), "an empty body, signed");
}

#[test]
fn every_flipped_bit_of_the_body_is_noticed() {
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verdict(&body, Some(HEADER), &[SECRET]), Err(SignatureError::Mismatch), "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_of_the_signature_is_noticed() {
    let genuine = mac(BODY, SECRET);
    for bit in 0..genuine.len() * 8 {
        let mut forged = genuine.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let header = STANDARD.encode(&forged);
        assert_eq!(verdict(BODY, Some(&header), &[SECRET]), Err(SignatureError::Mismatch), "bit {bit}");
    }
}

#[test]
fn every_other_character_in_the_header_is_noticed() {
    for place in 0..HEADER.len() {
        for other in (0_u8..128).map(char::from).filter(|c| !HEADER[place..].starts_with(*c)) {
            let header = format!("{}{other}{}", &HEADER[..place], &HEADER[place + 1..]);
            let verdict = verdict(BODY, Some(&header), &[SECRET]);
            assert!(verdict.is_err(), "{header:?}");
        }
    }
}

#[test]
fn every_beginning_of_the_signature_is_refused() {
    let genuine = mac(BODY, SECRET);
    for length in 0..32 {
        let header = STANDARD.encode(&genuine[..length]);
        assert_eq!(verdict(BODY, Some(&header), &[SECRET]), Err(SignatureError::Malformed), "{length} bytes");
    }
    for length in 0..HEADER.len() {
        assert!(verdict(BODY, Some(&HEADER[..length]), &[SECRET]).is_err(), "{length} characters");
    }
}

#[test]
fn a_longer_signature_is_refused() {
    let genuine = mac(BODY, SECRET);
    for extra in 1..=64 {
        let header = STANDARD.encode([&genuine[..], &vec![0; extra]].concat());
        assert_eq!(
            verdict(BODY, Some(&header), &[SECRET]),
            Err(SignatureError::Malformed),
            "{extra} bytes more"
        );
    }
    let twice = STANDARD.encode([&genuine[..], &genuine].concat());
    for header in
        [twice, format!("{HEADER}{HEADER}"), format!("{HEADER},{HEADER}"), format!("{HEADER} {HEADER}")]
    {
        assert_eq!(verdict(BODY, Some(&header), &[SECRET]), Err(SignatureError::Malformed), "{header:?}");
    }
}

#[test]
fn other_ways_to_write_the_signature_are_refused() {
    let genuine = mac(BODY, SECRET);
    let hex: String = genuine.iter().map(|byte| format!("{byte:02x}")).collect();
    // A secret whose signature has both characters that the alphabets differ in, so that the other one shows.
    let (secret, standard) = (0..)
        .map(|n| format!("secret {n}"))
        .map(|secret| (secret.clone(), sign(BODY, &secret)))
        .find(|(_, signed)| signed.contains('+') && signed.contains('/'))
        .unwrap();
    let url_safe = URL_SAFE.encode(mac(BODY, &secret));
    assert_ne!(url_safe, standard);
    assert!(verdict(BODY, Some(&standard), &[&secret]).is_ok());
    for (what, header, secret) in [
        ("hex", hex.clone(), SECRET),
        ("hex in capitals", hex.to_uppercase(), SECRET),
        ("hex, base64 again", STANDARD.encode(&hex), SECRET),
        ("prefixed", format!("sha256={HEADER}"), SECRET),
        ("quoted", format!("\"{HEADER}\""), SECRET),
        ("without padding", STANDARD_NO_PAD.encode(&genuine), SECRET),
        ("url alphabet", url_safe, &secret),
        ("a line break inside", format!("{}\n{}", &HEADER[..20], &HEADER[20..]), SECRET),
        ("nothing", String::new(), SECRET),
        ("blank", "  ".to_owned(), SECRET),
        ("not ascii", "é".repeat(44), SECRET),
    ] {
        assert_eq!(verdict(BODY, Some(&header), &[secret]), Err(SignatureError::Malformed), "{what}");
    }
    assert_eq!(verdict(BODY, None, &[SECRET]), Err(SignatureError::Missing));
}

#[test]
fn nothing_is_genuine_without_a_secret() {
    for empty in ["", " ", "\n"] {
        let header = sign(BODY, empty);
        assert_eq!(verdict(BODY, Some(&header), &[empty]), Err(SignatureError::NoSecret), "{empty:?}");
        assert_eq!(verdict(BODY, Some(&header), &[empty, ""]), Err(SignatureError::NoSecret), "{empty:?}");
        assert_eq!(
            verdict(BODY, Some(&header), &[empty, SECRET]),
            Err(SignatureError::Mismatch),
            "{empty:?}"
        );
    }
    assert_eq!(verdict(BODY, Some(HEADER), &[]), Err(SignatureError::NoSecret));
}

#[test]
fn any_of_several_secrets_serves_while_one_is_rotated() {
    for secrets in [&[SECRET, "new"][..], &["old", SECRET], &["", "a", SECRET, "b"]] {
        assert!(verdict(BODY, Some(HEADER), secrets).is_ok(), "{secrets:?}");
    }
    assert_eq!(verdict(BODY, Some(HEADER), &["old", "new"]), Err(SignatureError::Mismatch));
    for near in ["test_secret_ke", "test_secret_key ", "Test_secret_key", "test_secret_key\0"] {
        // A key padded with zero bytes is the same HMAC key by RFC 2104; all others are not.
        assert_eq!(verdict(BODY, Some(HEADER), &[near]).is_ok(), near.ends_with('\0'), "{near:?}");
    }
}

#[test]
fn neither_bodies_nor_secrets_are_shown() {
    let key = secrets(&[SECRET]);
    let verified = verify_hmac_base64(BODY, Some(HEADER), &key).unwrap();
    assert_eq!(format!("{verified:?}"), "Verified(14 bytes)");
    let refused = verify_hmac_base64(b"canary", Some(HEADER), &key).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

#[test]
fn spending_takes_any_body() {
    for body in [&b""[..], b"x", &[0xff; 100_000]] {
        spend_like_verify(body);
    }
}

proptest! {
    #[test]
    fn any_header_and_body_are_answered_and_only_the_right_one_is_genuine(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        header in any::<String>(),
        secret in "[a-z]{1,80}",
    ) {
        prop_assert!(verdict(&body, Some(&header), &[&secret]).is_err());
        prop_assert_eq!(verdict(&body, Some(&sign(&body, &secret)), &[&secret]), Ok(body));
    }
}
