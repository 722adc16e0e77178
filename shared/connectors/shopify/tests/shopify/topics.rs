//! Signatures, topics, and bodies that do not look like their topic.

use connector_api::{PrivacyRequest, Store as _, StoreEvent};
use connector_shopify::Shopify;
use domain::ids::StoreOrderId;
use http::HeaderMap;
use proptest::prelude::*;
use secrecy::SecretString;
use signatures::SignatureError;

use super::support::{SECRET, connection, event, fixture, headers, receive};

#[test]
fn genuine_deliveries_verify_under_both_header_names_and_any_valid_secret() {
    let body = fixture("webhook.fulfillment_two_numbers");
    let signed = headers("fulfillments/create", &body, SECRET);
    let signature = signed.get("x-shopify-hmac-sha256").unwrap().clone();
    let mut bare = HeaderMap::new();
    bare.insert("shopify-hmac-sha256", signature.clone());
    let mut padded = HeaderMap::new();
    padded.insert("X-SHOPIFY-HMAC-SHA256", format!(" {}", signature.to_str().unwrap()).parse().unwrap());
    let old_and_new = [SecretString::from("new"), SecretString::from(SECRET)];
    for (name, headers) in [("x-", &signed), ("bare", &bare), ("padded", &padded)] {
        assert_eq!(Shopify.verify(headers, &body, &old_and_new).unwrap().bytes(), body, "{name}");
    }
    let cases: [(&str, HeaderMap, Vec<SecretString>, SignatureError); 4] = [
        ("no header", HeaderMap::new(), vec![SECRET.into()], SignatureError::Missing),
        ("no secret", signed.clone(), vec![], SignatureError::NoSecret),
        ("empty secret", signed.clone(), vec!["".into()], SignatureError::NoSecret),
        ("other secret", signed.clone(), vec!["other".into()], SignatureError::Mismatch),
    ];
    for (name, headers, secrets, want) in cases {
        assert_eq!(Shopify.verify(&headers, &body, &secrets).unwrap_err(), want, "{name}");
    }
}

/// Published vector: Shopify/shopify-app-js @ef2043d4c8c4, `packages/apps/shopify-api/lib/webhooks/__tests__/
/// validate.test.ts` and its test configuration, read 2026-11-21.
#[test]
fn the_published_signature_verifies() {
    let mut headers = HeaderMap::new();
    let published = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=";
    headers.insert("x-shopify-hmac-sha256", published.parse().unwrap());
    let secret = [SecretString::from("test_secret_key")];
    assert!(Shopify.verify(&headers, br#"{"foo": "bar"}"#, &secret).is_ok());
    assert!(Shopify.verify(&headers, br#"{"foo":"bar"}"#, &secret).is_err(), "raw bytes, not their meaning");
}

proptest! {
    #[test]
    fn any_flipped_bit_fails(at in 0_usize..10_000, bit in 0_u8..8) {
        let mut body = fixture("webhook.fulfillment_no_number");
        let headers = headers("fulfillments/create", &body, SECRET);
        let at = at % body.len();
        body[at] ^= 1 << bit;
        prop_assert_eq!(
            Shopify.verify(&headers, &body, &[SecretString::from(SECRET)]).unwrap_err(),
            SignatureError::Mismatch
        );
    }
}

#[test]
fn only_our_topics_are_taken_under_both_header_names() {
    for (text, ours) in [
        ("fulfillments/create", true),
        ("fulfillments/update", true),
        (" orders/cancelled ", true),
        ("app/uninstalled", true),
        ("customers/data_request", true),
        ("customers/redact", true),
        ("shop/redact", true),
        ("orders/create", false),
        ("orders/updated", false),
        ("Fulfillments/Create", false),
        ("", false),
    ] {
        for name in ["x-shopify-topic", "shopify-topic"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, text.parse().unwrap());
            let topic = Shopify.topic(&headers).map(|(topic, _)| topic);
            assert_eq!(topic, ours.then(|| text.trim().to_owned()), "{name}: {text:?}");
        }
    }
    assert!(Shopify.topic(&HeaderMap::new()).is_none());
    let mut odd = HeaderMap::new();
    odd.insert("x-shopify-topic", http::HeaderValue::from_bytes(b"\xff").unwrap());
    assert!(Shopify.topic(&odd).is_none());
}

#[test]
fn apps_and_privacy_are_told() {
    let told = |topic, name: &str| event(&receive(topic, &fixture(&format!("webhook.{name}")))).unwrap();
    let ids = |all: &[&str]| all.iter().map(|id| StoreOrderId::try_from(*id).unwrap()).collect::<Vec<_>>();
    let orders = ids(&["9007199254741993", "9007199254741995"]);
    assert_eq!(
        told("customers/data_request", "customers_data_request"),
        StoreEvent::Privacy(PrivacyRequest::CustomerData { orders })
    );
    let orders = ids(&["9007199254741993"]);
    assert_eq!(
        told("customers/redact", "customers_redact"),
        StoreEvent::Privacy(PrivacyRequest::CustomerErase { orders })
    );
    assert_eq!(told("shop/redact", "shop_redact"), StoreEvent::Privacy(PrivacyRequest::ShopErase));
    assert_eq!(told("app/uninstalled", "app_uninstalled"), StoreEvent::Uninstalled);
    let StoreEvent::Order { order, facts } = told("orders/cancelled", "order_cancelled") else {
        panic!("no order")
    };
    assert_eq!(order.as_str(), "9007199254741993");
    assert_eq!(facts.cancelled_at.unwrap().to_string(), "2026-11-18T08:00:00Z");
    assert!(facts.fulfillments.is_empty() && !facts.read_the_store);
}

/// Topics are not signed: a genuine body sent again under any other topic neither erases nor parks anything.
#[test]
fn a_body_under_another_topic_does_no_harm() {
    let bodies = [
        ("fulfillments/create", "fulfillment_two_numbers"),
        ("orders/cancelled", "order_cancelled"),
        ("app/uninstalled", "app_uninstalled"),
        ("customers/data_request", "customers_data_request"),
        ("customers/redact", "customers_redact"),
        ("shop/redact", "shop_redact"),
    ];
    for (own, name) in bodies {
        for (topic, _) in bodies.iter().filter(|(topic, _)| *topic != own) {
            let told = event(&receive(topic, &fixture(&format!("webhook.{name}"))));
            match told {
                Err(_) => {}
                // A shop's own number taken for an order's: the read finds no such order.
                Ok(StoreEvent::Order { ref facts, .. }) => {
                    assert!(
                        facts.read_the_store && facts.fulfillments.is_empty(),
                        "{name} as {topic}: {told:?}"
                    );
                }
                Ok(other) => panic!("{name} as {topic}: {other:?}"),
            }
        }
    }
}

#[test]
fn with_a_shared_secret_another_shops_events_are_not_ours() {
    let shared = connection(&[("shared_secret", "true")]);
    let mut other = connection(&[("shared_secret", "true")]);
    other.options.insert("shop".to_owned(), "weavers-row.myshopify.com".to_owned());
    assert!(Shopify.webhooks_are_hints(&shared));
    assert!(!Shopify.webhooks_are_hints(&connection(&[])));
    assert!(!Shopify.webhooks_are_hints(&connection(&[("shared_secret", "false")])));
    for (topic, name) in [
        ("app/uninstalled", "app_uninstalled"),
        ("customers/data_request", "customers_data_request"),
        ("customers/redact", "customers_redact"),
        ("shop/redact", "shop_redact"),
    ] {
        let delivery = receive(topic, &fixture(&format!("webhook.{name}")));
        let ours = Shopify.event(&shared, &delivery).unwrap();
        assert!(matches!(ours, StoreEvent::Uninstalled | StoreEvent::Privacy(_)), "{name}: {ours:?}");
        let theirs = Shopify.event(&other, &delivery).unwrap();
        assert!(matches!(theirs, StoreEvent::Nothing { .. }), "{name}: {theirs:?}");
    }
}

#[test]
fn options_are_checked_by_name() {
    assert_eq!(Shopify.check_options(&connection(&[])), Vec::<String>::new());
    assert_eq!(Shopify.check_options(&connection(&[("shared_secret", "true")])), Vec::<String>::new());
    for (options, key) in [
        (vec![("shop", "https://potters-row.myshopify.com")], "`shop`"),
        (vec![("shared_secret", "yes")], "`shared_secret`"),
        (vec![("colour", "red")], "`colour`"),
    ] {
        let problems = Shopify.check_options(&connection(&options));
        assert!(problems.len() == 1 && problems[0].contains(key), "{options:?}: {problems:?}");
    }
    let mut none = connection(&[]);
    none.options.clear();
    assert!(Shopify.check_options(&none)[0].contains("`shop`"));
    assert_eq!(Shopify.secret_sets(), [&["client_id", "client_secret"][..], &["access_token"]]);
    assert!(Shopify.kept_headers().iter().all(|name| *name == name.to_lowercase()));
}
