//! Signed posts: eBay's keys are fetched with the app's own token, kept for an hour, and junk cannot use up the limit.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_api::{Notifies as _, Unverified};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use ports::WebhookKeys;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha1::Digest as _;
use signatures::SignatureError;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

const KID: &str = "9936261a-7d7b-4621-a0f1-96ccb428af49";
const BODY: &[u8] = br#"{"metadata":{"topic":"ORDER_CONFIRMATION"}}"#;

fn signing() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn key_path(kid: &str) -> String {
    format!("/commerce/notification/v1/public_key/{kid}")
}

fn key_answer(digest: &str) -> Value {
    let der = signing().verifying_key().to_public_key_der().unwrap();
    let key =
        format!("-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----", STANDARD.encode(der.as_bytes()));
    json!({ "key": key, "algorithm": "ECDSA", "digest": digest })
}

fn signature(kid: &str, body: &[u8], digest: &str) -> http::HeaderMap {
    let signature: DerSignature = match digest {
        "SHA1" => signing().sign_prehash(&sha1::Sha1::digest(body)).unwrap(),
        _ => signing().sign_prehash(&sha2::Sha256::digest(body)).unwrap(),
    };
    let header = json!({
        "alg": "ecdsa", "kid": kid, "signature": STANDARD.encode(signature.as_bytes()), "digest": digest,
    });
    let mut headers = http::HeaderMap::new();
    headers.insert("x-ebay-signature", STANDARD.encode(header.to_string()).parse().unwrap());
    headers
}

impl World {
    fn keys(&self) -> WebhookKeys {
        let app =
            [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("base_url", &self.server.uri())];
        WebhookKeys {
            account: self.connection.account.clone(),
            kind: "ebay".into(),
            secrets: vec![SecretString::from("verification-token-of-this-test-0001")],
            app: app.into_iter().map(|(k, v)| (k.to_owned(), SecretString::from(v))).collect(),
            address: None,
        }
    }

    async fn verify(&self, headers: &http::HeaderMap, body: &[u8]) -> Result<(), Unverified> {
        self.ebay.verify(self.reach(), headers, body, &self.keys()).await.map(|verified| {
            assert_eq!(verified.bytes(), body);
        })
    }

    async fn key(&self, kid: &str, answer: ResponseTemplate, times: u64) {
        Mock::given(method("GET"))
            .and(path(key_path(kid)))
            .and(header("authorization", "Bearer APP"))
            .respond_with(answer)
            .expect(times)
            .mount(&self.server)
            .await;
    }
}

fn of_key(digest: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(key_answer(digest))
}

#[tokio::test]
async fn a_genuine_post_is_verified_with_a_key_that_is_fetched_once_an_hour() {
    for digest in ["SHA1", "SHA256"] {
        let world = World::new().await;
        world.tokens(issued("APP"), 1).await;
        world.key(KID, of_key(digest), 2).await;
        let headers = signature(KID, BODY, digest);
        for _ in 0..3 {
            world.verify(&headers, BODY).await.unwrap();
        }
        world.clock.advance(Duration::from_secs(3601));
        world.verify(&headers, BODY).await.unwrap();
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(&world.requests(TOKEN_PATH).await[0].body).into_owned().collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "https://api.ebay.com/oauth/api_scope");
    }
}

#[tokio::test]
async fn failure_29_only_the_raw_bytes_verify() {
    let world = World::new().await;
    world.tokens(issued("APP"), 1).await;
    world.key(KID, of_key("SHA1"), 1).await;
    let headers = signature(KID, BODY, "SHA1");
    let pretty = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(BODY).unwrap()).unwrap();
    for body in [pretty, [BODY, b"\n"].concat(), b"{}".to_vec(), Vec::new()] {
        assert_eq!(world.verify(&headers, &body).await, Err(SignatureError::Mismatch.into()));
    }
    world.verify(&headers, BODY).await.unwrap();
}

#[tokio::test]
async fn the_hash_is_the_keys_and_not_the_headers() {
    let world = World::new().await;
    world.tokens(issued("APP"), 1).await;
    world.key(KID, of_key("SHA256"), 1).await;
    let signed = signature(KID, BODY, "SHA1");
    assert_eq!(world.verify(&signed, BODY).await, Err(SignatureError::Mismatch.into()));
}

#[tokio::test]
async fn what_has_no_signature_of_the_right_form_costs_no_call() {
    let world = World::new().await;
    world.tokens(issued("APP"), 0).await;
    assert_eq!(world.verify(&http::HeaderMap::new(), BODY).await, Err(SignatureError::Missing.into()));
    let mut bad = http::HeaderMap::new();
    for value in [
        "",
        "%%%",
        "e30=",
        &STANDARD.encode(json!({ "alg": "ecdsa", "kid": "../x", "signature": "MAAw" }).to_string()),
    ] {
        bad.insert("x-ebay-signature", value.parse().unwrap());
        assert_eq!(world.verify(&bad, BODY).await, Err(SignatureError::Malformed.into()), "{value}");
    }
}

#[tokio::test]
async fn ids_that_ebay_does_not_know_are_refused_and_remembered() {
    let world = World::new().await;
    world.tokens(issued("APP"), 1).await;
    world.key(KID, refusal(404, 195_001, "The specified key id is invalid."), 2).await;
    let headers = signature(KID, BODY, "SHA1");
    for _ in 0..20 {
        assert_eq!(world.verify(&headers, BODY).await, Err(SignatureError::Mismatch.into()));
    }
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.verify(&headers, BODY).await, Err(SignatureError::Mismatch.into()));
}

#[tokio::test]
async fn junk_cannot_use_up_the_limit_and_a_known_key_goes_on_serving() {
    let world = World::new().await;
    world.tokens(issued("APP"), 1).await;
    world.key(KID, of_key("SHA1"), 1).await;
    world.verify(&signature(KID, BODY, "SHA1"), BODY).await.unwrap();
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(404)).expect(9).mount(&world.server).await;
    let kid = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let mut not_now = 0;
    for n in 0..100 {
        match world.verify(&signature(&kid(n), BODY, "SHA1"), BODY).await {
            Err(Unverified::NotNow(_)) => not_now += 1,
            other => assert_eq!(other, Err(SignatureError::Mismatch.into())),
        }
    }
    assert_eq!(not_now, 91, "ten in ten minutes, the genuine one among them");
    world.verify(&signature(KID, BODY, "SHA1"), BODY).await.unwrap();
}

#[tokio::test]
async fn keys_that_cannot_be_had_or_used_make_the_sender_try_again() {
    let broken = json!({ "key": "-----BEGIN PUBLIC KEY-----x-----END PUBLIC KEY-----", "algorithm": "ECDSA", "digest": "SHA1" });
    for (name, answer) in [
        ("overload", html(503)),
        ("throttled", refusal(429, 2001, "slow")),
        ("HTML", html(200)),
        ("an empty 200", ResponseTemplate::new(200)),
        (
            "no hash",
            ResponseTemplate::new(200)
                .set_body_json(json!({ "key": key_answer("SHA1")["key"], "algorithm": "ECDSA" })),
        ),
        ("another hash", of_key("MD5")),
        (
            "another algorithm",
            ResponseTemplate::new(200).set_body_json(
                json!({ "key": key_answer("SHA1")["key"], "algorithm": "RSA", "digest": "SHA1" }),
            ),
        ),
        ("no key", ResponseTemplate::new(200).set_body_json(broken)),
        ("the app's token is refused", refusal(401, 1001, "Invalid access token")),
    ] {
        let world = World::new().await;
        world.tokens(issued("APP"), 1).await;
        world.key(KID, answer, 1).await;
        let verified = world.verify(&signature(KID, BODY, "SHA1"), BODY).await;
        assert!(matches!(verified, Err(Unverified::NotNow(_))), "{name}: {verified:?}");
    }
    let world = World::new().await;
    world
        .tokens(
            ResponseTemplate::new(401)
                .set_body_json(json!({ "error": "invalid_client", "error_description": CLIENT_SECRET })),
            1,
        )
        .await;
    let Err(Unverified::NotNow(words)) = world.verify(&signature(KID, BODY, "SHA1"), BODY).await else {
        unreachable!()
    };
    assert!(words.contains("client_secret is wrong") && !words.contains("SECRET"), "{words}");
}
