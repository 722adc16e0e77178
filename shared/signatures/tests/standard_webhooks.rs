//! Standard Webhooks, by the vector that its official libraries share.

use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use secrecy::SecretString;
use sha2::Sha256;
use signatures::{SignatureError, StandardWebhook, standard_webhook_key, verify_standard_webhook};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = b"{\"test\": 2432232314}";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: &str = "1614265330";
const SIGNATURE: &str = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn headers(signature: &str) -> StandardWebhook<'_> {
    StandardWebhook { id: Some(ID), timestamp: Some(AT), signature: Some(signature) }
}

fn check(headers: StandardWebhook<'_>, secrets: &[&str], now: i64) -> Result<(), SignatureError> {
    let secrets: Vec<SecretString> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    verify_standard_webhook(BODY, headers, &secrets, now).map(|body| assert_eq!(body.bytes(), BODY))
}

const NOW: i64 = 1_614_265_330;

#[test]
fn the_known_answer_is_taken_with_and_without_its_version() {
    let prefixed = format!("v1,{SIGNATURE}");
    let among = format!("v1a,AAAA v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= {prefixed}");
    for signature in [prefixed.as_str(), SIGNATURE, &among, &format!("  {SIGNATURE} ")] {
        assert_eq!(check(headers(signature), &[SECRET], NOW), Ok(()), "{signature}");
    }
    let bare = SECRET.strip_prefix("whsec_").unwrap();
    assert_eq!(check(headers(SIGNATURE), &[bare], NOW), Ok(()), "the secret without its prefix");
}

#[test]
fn a_key_that_rotates_is_taken_beside_the_next_one() {
    for secrets in [["whsec_bmV4dA==", SECRET], [SECRET, "whsec_bmV4dA=="], ["whsec_!", SECRET]] {
        assert_eq!(check(headers(SIGNATURE), &secrets, NOW), Ok(()), "{secrets:?}");
    }
    assert_eq!(check(headers(SIGNATURE), &["whsec_bmV4dA=="], NOW), Err(SignatureError::Mismatch));
}

#[test]
fn five_minutes_either_way_are_the_limit() {
    for (off, want) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (86_400, false)] {
        let got = check(headers(SIGNATURE), &[SECRET], NOW + off);
        assert_eq!(got, if want { Ok(()) } else { Err(SignatureError::OutOfTime) }, "{off}");
    }
    let far = StandardWebhook { timestamp: Some("9223372036854775807"), ..headers(SIGNATURE) };
    assert_eq!(check(far, &[SECRET], i64::MIN), Err(SignatureError::OutOfTime), "no overflow");
}

#[test]
fn what_is_missing_or_no_signature_is_refused() {
    use SignatureError::{Malformed, Missing, NoSecret};
    let full = headers(SIGNATURE);
    let cases = [
        ("no id", StandardWebhook { id: None, ..full }, Missing),
        ("empty id", StandardWebhook { id: Some(" "), ..full }, Missing),
        ("no time", StandardWebhook { timestamp: None, ..full }, Missing),
        ("no signature", StandardWebhook { signature: None, ..full }, Missing),
        ("time of words", StandardWebhook { timestamp: Some("now"), ..full }, Malformed),
        ("too short a signature", StandardWebhook { signature: Some("v1,AAAA"), ..full }, Malformed),
        ("only another version", StandardWebhook { signature: Some("v2,AAAA"), ..full }, Malformed),
    ];
    for (name, headers, want) in cases {
        assert_eq!(check(headers, &[SECRET], NOW), Err(want), "{name}");
    }
    for none in [&[][..], &[""], &["whsec_"], &["whsec_="], &["  "], &["whsec_not base64"]] {
        assert_eq!(check(full, none, NOW), Err(NoSecret), "{none:?}");
    }
}

#[test]
fn secrets_are_judged_without_being_quoted() {
    for good in [SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr"] {
        assert!(standard_webhook_key(&good.into()).is_ok(), "{good}");
    }
    for bad in ["", "whsec_", "whsec_CANARY!", "whsec_ab cd"] {
        let words = standard_webhook_key(&bad.into()).unwrap_err();
        assert!(!words.contains("CANARY"), "{words}");
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_of_the_body_or_the_id_is_refused(
        body in proptest::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let key = standard_webhook_key(&SECRET.into()).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let signed = mac.chain_update(format!("{ID}.{AT}.")).chain_update(&body).finalize().into_bytes();
        let signature = format!("v1,{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signed));
        let secrets = [SecretString::from(SECRET)];
        prop_assert!(verify_standard_webhook(&body, headers(&signature), &secrets, NOW).is_ok());
        let mut changed = body.clone();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(verify_standard_webhook(&changed, headers(&signature), &secrets, NOW).is_err());
        let other = StandardWebhook { id: Some("msg_other"), ..headers(&signature) };
        prop_assert!(verify_standard_webhook(&body, other, &secrets, NOW).is_err());
    }

    #[test]
    fn any_headers_never_panic(id in ".{0,300}", at in ".{0,30}", signature in ".{0,300}", secret in ".{0,60}") {
        let headers = StandardWebhook { id: Some(&id), timestamp: Some(&at), signature: Some(&signature) };
        let _ = verify_standard_webhook(BODY, headers, &[SecretString::from(secret)], NOW);
    }
}
