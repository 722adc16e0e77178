//! What a store posts: verified over every bit, reduced, and understood.

use connector_api::{Delivery, DeliveryBody, StoreEvent};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;

use super::world::each;
use crate::odd::{places, put};
use crate::stand::Post;
use crate::world::without_buyer;

#[test]
fn a_parcel_is_told_with_its_order_its_number_and_its_lines() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[2, 1]);
        let post = world.ship(&order, "1Z999AA10123456784");
        let event = world.event(&post);
        let StoreEvent::Order { order: named, facts } = event else { panic!("{event:?}") };
        assert_eq!(named, order);
        without_buyer(&format!("{facts:?}"));
        // Either all is said, or that the store must be read.
        if !facts.read_the_store {
            let [parcel] = facts.fulfillments.as_slice() else { panic!("{facts:?}") };
            assert_eq!(parcel.tracking, ["1Z999AA10123456784"]);
            assert_eq!(parcel.lines.iter().map(|line| line.quantity).sum::<u32>(), 3);
        }
    });
}

#[test]
fn a_cancelled_order_and_an_app_that_was_removed_are_told() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let cancelled = world.at_shop(|shop, now| shop.cancel(now, &order));
        let event = world.event(&cancelled);
        let StoreEvent::Order { order: named, .. } = event else { panic!("{event:?}") };
        assert_eq!(named, order);
        let removed = world.at_shop(|shop, now| shop.uninstall(now));
        assert_eq!(world.event(&removed), StoreEvent::Uninstalled);
    });
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let good = world.ship(&order, "1Z999AA10123456784");
        assert!(world.verifies(&good));
        for at in 0..good.body.len() {
            let mut body = good.body.clone();
            body[at] ^= 1 << (at % 8);
            assert!(!world.verifies(&Post { headers: good.headers.clone(), body }), "a bit of byte {at}");
        }
        for body in [Vec::new(), good.body[1..].to_vec(), [good.body.as_slice(), b" "].concat()] {
            assert!(!world.verifies(&Post { headers: good.headers.clone(), body }));
        }
        assert!(!world.verifies(&Post { headers: HeaderMap::new(), body: good.body.clone() }));
        let mut carries_proof = 0;
        for name in good.headers.keys() {
            let with = |value: Option<HeaderValue>| {
                let mut headers = good.headers.clone();
                match value {
                    Some(value) => drop(headers.insert(name, value)),
                    None => drop(headers.remove(name)),
                }
                world.verifies(&Post { headers, body: good.body.clone() })
            };
            if with(None) {
                continue;
            }
            carries_proof += 1;
            let value = good.headers[name].as_bytes();
            for at in 0..value.len() {
                let mut spoilt = value.to_vec();
                spoilt[at] ^= 1;
                let Ok(spoilt) = HeaderValue::from_bytes(&spoilt) else { continue };
                // Base64 leaves bits unused at its end.
                assert!(!with(Some(spoilt)) || at + 3 >= value.len(), "byte {at} of {name}");
            }
        }
        assert!(carries_proof > 0);
    });
}

#[test]
fn the_right_secret_among_several_is_found_and_a_wrong_one_proves_nothing() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let post = world.ship(&order, "1Z999AA10123456784");
        let right = world.wire.stand().webhook_secret();
        let wrong = SecretString::from("wrong-secret-of-some-length");
        let verify =
            |secrets: &[SecretString]| world.connector.verify(&post.headers, &post.body, secrets).is_ok();
        assert!(verify(&[wrong.clone(), right]));
        assert!(!verify(&[wrong]));
        assert!(!verify(&[]));
        assert!(!verify(&[SecretString::from("")]));
    });
}

#[test]
fn any_body_is_understood_or_refused_or_means_read_the_store() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[2, 1]);
        let delivery = world.received(&world.ship(&order, "1Z999AA10123456784"));
        let DeliveryBody::Reduced(reduced) = &delivery.body else { panic!("{delivery:?}") };
        let whole: Value = serde_json::from_str(reduced).unwrap();
        let connection = world.connection();
        for place in places(&whole) {
            for value in [
                None,
                Some(Value::Null),
                Some("SOMETHING_NEW".into()),
                Some((-7).into()),
                Some(u64::MAX.into()),
                Some(Value::Array(Vec::new())),
                Some(serde_json::json!({ "a": 1 })),
            ] {
                let mut odd = whole.clone();
                put(&mut odd, &place, value.clone());
                let body = DeliveryBody::Reduced(odd.to_string());
                let event = world.connector.event(&connection, &Delivery { body, ..delivery.clone() });
                let said = format!("{place} := {value:?}");
                match event {
                    Ok(StoreEvent::Order { .. } | StoreEvent::Nothing { .. }) => {}
                    Ok(other) => panic!("{said}: {other:?}"),
                    Err(why) => assert!(why.len() > 5, "{said}: says what was wrong: {why}"),
                }
            }
        }
        for body in ["", "null", "[]", "{", "\"x\"", "[[[[[["] {
            let body = DeliveryBody::Reduced(body.to_owned());
            drop(world.connector.event(&connection, &Delivery { body, ..delivery.clone() }));
        }
        let withheld = DeliveryBody::Withheld {
            bytes: 20_000_000,
            sha256: "0".repeat(64),
            reason: "too large".to_owned(),
            ids: reduced.clone(),
        };
        let event = world.connector.event(&connection, &Delivery { body: withheld, ..delivery }).unwrap();
        let StoreEvent::Order { order: named, facts } = event else { panic!("{event:?}") };
        assert_eq!(named, order);
        assert!(facts.read_the_store || !facts.fulfillments.is_empty());
    });
}

#[test]
fn topics_that_nobody_asked_for_go_no_further() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let post = world.ship(&order, "1Z999AA10123456784");
        assert!(world.connector.topic(&HeaderMap::new()).is_none());
        let (ours, _) = world.connector.topic(&post.headers).unwrap();
        let mut headers = post.headers.clone();
        for value in headers.values_mut() {
            if value.to_str().is_ok_and(|text| text.eq_ignore_ascii_case(&ours)) {
                *value = HeaderValue::from_static("zz/new-topic");
            }
        }
        if let Some((topic, _)) = world.connector.topic(&headers) {
            assert_eq!(topic, ours, "a store that tells the topic elsewhere");
        }
        let unknown = Delivery { topic: "zz/new-topic".to_owned(), ..world.received(&post) };
        let event = world.connector.event(&world.connection(), &unknown);
        assert!(matches!(event, Ok(StoreEvent::Nothing { .. }) | Err(_)), "{event:?}");
    });
}
