//! Etsy's signed posts, verified over their raw bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_api::{Marketplace as _, Notifies, Unverified};
use connector_etsy::Etsy;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use ports::Clock as _;
use ports::credentials::WebhookKeys;
use sha2::Sha256;
use signatures::SignatureError;

use crate::common::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_bm90aGluZyBvZiB0aGUga2luZA==";
const BODY: &[u8] = br#"{"event_type":"order.paid","resource_url":"https://openapi.etsy.com/v3/application/shops/12345678/receipts/3700000001","shop_id":12345678}"#;

fn notifies() -> &'static dyn Notifies {
    static ETSY: Etsy = Etsy;
    ETSY.notifies().unwrap()
}

fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    STANDARD.encode(mac.chain_update(format!("msg_1.{at}.")).chain_update(body).finalize().into_bytes())
}

fn headers(at: i64, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
    headers.insert("webhook-signature", signature.parse().unwrap());
    headers
}

fn keys(world: &World, secrets: &[&str]) -> WebhookKeys {
    WebhookKeys {
        account: world.connection.account.clone(),
        kind: "etsy".into(),
        secrets: secrets.iter().map(|secret| (*secret).into()).collect(),
        app: std::collections::BTreeMap::new(),
        address: None,
    }
}

#[tokio::test]
async fn failure_13_signatures_with_and_without_their_version_are_taken() {
    let world = World::new().await;
    let now = world.clock.now().as_second();
    let bare = sign(SECRET, now, BODY);
    for signature in [bare.clone(), format!("v1,{bare}"), format!("v1,{} v1,{bare}", sign(OTHER, now, BODY))]
    {
        let headers = headers(now, &signature);
        let verified =
            notifies().verify(world.reach(), &headers, BODY, &keys(&world, &[SECRET])).await.unwrap();
        let (topic, _) = notifies().topic(&headers, &verified).unwrap();
        assert_eq!(topic, "order.paid");
    }
    assert!(world.server.received_requests().await.unwrap().is_empty(), "nobody is asked for a key");
}

#[tokio::test]
async fn while_keys_rotate_both_are_taken_and_an_old_post_is_not() {
    let world = World::new().await;
    let now = world.clock.now().as_second();
    let both = keys(&world, &[OTHER, SECRET]);
    for secret in [OTHER, SECRET] {
        let headers = headers(now - 299, &sign(secret, now - 299, BODY));
        assert!(notifies().verify(world.reach(), &headers, BODY, &both).await.is_ok());
    }
    let refused = |error| Unverified::Signature(error);
    for (name, at, body, secrets, want) in [
        ("replayed", now - 301, BODY, &[SECRET][..], SignatureError::OutOfTime),
        ("of the future", now + 301, BODY, &[SECRET], SignatureError::OutOfTime),
        ("another body", now, &b"{}"[..], &[SECRET], SignatureError::Mismatch),
        ("another key", now, BODY, &[OTHER], SignatureError::Mismatch),
        ("no key", now, BODY, &[], SignatureError::NoSecret),
    ] {
        let headers = headers(at, &sign(SECRET, at, BODY));
        let got = notifies().verify(world.reach(), &headers, body, &keys(&world, secrets)).await;
        assert_eq!(got.map(drop).unwrap_err(), refused(want), "{name}");
    }
    let none = notifies().verify(world.reach(), &HeaderMap::new(), BODY, &both).await;
    assert_eq!(none.map(drop).unwrap_err(), refused(SignatureError::Missing));
}

#[tokio::test]
async fn topics_that_are_not_ours_are_none_and_no_question_is_answered() {
    let world = World::new().await;
    let now = world.clock.now().as_second();
    for body in [
        &br#"{"event_type":"listing.created","shop_id":1}"#[..],
        br#"{"event_type":"inventory.updated"}"#,
        br#"{"event_type":7}"#,
        b"{}",
        b"no JSON",
    ] {
        let headers = headers(now, &sign(SECRET, now, body));
        let verified =
            notifies().verify(world.reach(), &headers, body, &keys(&world, &[SECRET])).await.unwrap();
        assert!(notifies().topic(&headers, &verified).is_none(), "{:?}", std::str::from_utf8(body));
    }
    assert_eq!(notifies().challenge("challenge_code=1", "https://x.example", &[SECRET.into()]), None);
    assert!(notifies().app_secrets().is_empty());
}
