//! Posts of a marketplace to our address.

use std::collections::BTreeMap;

use connector_api::{Allowed, Delivery, DeliveryBody, MarketplaceEvent, Notifies, Unverified, reduce_json};
use domain::connection::Connection;
use http::{HeaderMap, HeaderName, HeaderValue};
use ports::{Clock as _, WebhookKeys};
use secrecy::SecretString;
use serde_json::Value;

use crate::stand::{ANN, BOB, Placed, Post};
use crate::world::{World, account, each, without_buyer};

const ADDRESS: &str = "https://hooks.example.com/webhooks/marketplaces/ann-0123";

fn keys(world: &World, secrets: Vec<SecretString>) -> WebhookKeys {
    let app = world.wire.stand().notifies().unwrap().app_secrets();
    WebhookKeys {
        account: account(ANN),
        kind: world.connector.kind().to_owned(),
        secrets,
        app: app
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), secret.into()))
            .collect::<BTreeMap<_, _>>(),
        address: Some(ADDRESS.to_owned()),
    }
}

fn secret(world: &World) -> SecretString {
    world.wire.stand().notifies().unwrap().secret()
}

fn post(world: &World, placed: &Placed) -> Post {
    let now = world.wire.their_now();
    world.wire.stand().notifies().unwrap().post(now, placed)
}

/// Verifies, reduces, reads: as the receiver and then the worker do.
async fn received(
    world: &World,
    notifies: &dyn Notifies,
    post: &Post,
    connection: &Connection,
) -> Result<MarketplaceEvent, Unverified> {
    let keys = keys(world, vec![secret(world)]);
    let verified = notifies.verify(world.reach(), &post.headers, &post.body, &keys).await?;
    let Some((topic, allowed)) = notifies.topic(&post.headers, &verified) else {
        return Ok(MarketplaceEvent::Nothing { reason: "no topic of ours".to_owned() });
    };
    let delivery = delivery(world, topic, allowed, &post.body);
    Ok(notifies.event(connection, &delivery).unwrap())
}

fn delivery(world: &World, topic: String, allowed: Allowed, body: &[u8]) -> Delivery {
    let reduced = match serde_json::from_slice::<Value>(body) {
        Ok(value) => DeliveryBody::Reduced(reduce_json(&value, allowed).to_string()),
        Err(_) => DeliveryBody::Withheld {
            bytes: body.len(),
            sha256: String::new(),
            reason: "no JSON".to_owned(),
            ids: String::new(),
        },
    };
    without_buyer(&format!("{reduced:?}"));
    Delivery {
        id: "d".to_owned(),
        topic,
        headers: Vec::new(),
        received_at: world.wire.clock.now(),
        body: reduced,
    }
}

#[test]
fn a_genuine_post_says_which_order_to_look_at() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let placed = world.order(1, &[2, 1]);
        let post = post(&world, &placed);
        let event = received(&world, notifies, &post, &world.connection(ANN)).await.unwrap();
        let MarketplaceEvent::Orders(news) = event else { panic!("{event:?}") };
        assert!(news.iter().any(|news| news.order == placed.id), "{news:?}");
        for facts in news.into_iter().filter_map(|news| news.facts) {
            without_buyer(&format!("{facts:?}"));
        }
    });
}

#[test]
fn what_concerns_another_seller_is_nothing() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let placed = world.order(1, &[1]);
        let post = post(&world, &placed);
        let event = received(&world, notifies, &post, &world.connection(BOB)).await.unwrap();
        assert!(matches!(event, MarketplaceEvent::Nothing { .. }), "{event:?}");
    });
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let placed = world.order(1, &[1]);
        let good = post(&world, &placed);
        let keys = keys(&world, vec![secret(&world)]);
        let verifies = async |headers: &HeaderMap, body: &[u8]| {
            notifies.verify(world.reach(), headers, body, &keys).await.is_ok()
        };
        assert!(verifies(&good.headers, &good.body).await);
        for at in 0..good.body.len() {
            let mut body = good.body.clone();
            body[at] ^= 1 << (at % 8);
            assert!(!verifies(&good.headers, &body).await, "a bit of byte {at}");
        }
        for body in [&good.body[1..], &[good.body.as_slice(), b" "].concat(), b""] {
            assert!(!verifies(&good.headers, body).await);
        }
        // Some header carries the proof: without any of them, or with a spoilt one, there is none.
        assert!(!verifies(&HeaderMap::new(), &good.body).await);
        // What is proven is the body. A header of several parts has bits that prove nothing (Base64 leaves some unused, a
        // name of a hash may be the sender's word alone), so not each of its bits is asked for: but most are, and one
        // header at least.
        let (mut flips, mut refused) = (0, 0);
        for (name, value) in &good.headers {
            let mut without = good.headers.clone();
            without.remove(name);
            if verifies(&without, &good.body).await {
                continue;
            }
            for at in 0..value.len() {
                let mut bytes = value.as_bytes().to_vec();
                bytes[at] ^= 0b1;
                let Ok(spoilt) = HeaderValue::from_bytes(&bytes) else { continue };
                let mut headers = good.headers.clone();
                headers.insert(HeaderName::from(name), spoilt);
                flips += 1;
                refused += usize::from(!verifies(&headers, &good.body).await);
            }
        }
        assert!(refused > 0 && refused * 2 > flips, "{refused} of {flips} flipped bits of headers refused");
    });
}

#[test]
fn secrets_take_turns_and_wrong_ones_are_refused() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let good = secret(&world);
        assert_eq!(notifies.secret_problem(&good), None);
        let problem = notifies.secret_problem(&SecretString::from(""));
        assert!(problem.is_some(), "an empty secret is none");
        let app: Vec<_> = world.wire.stand().notifies().unwrap().app_secrets();
        let names: Vec<_> = app.iter().map(|(name, _)| *name).collect();
        assert_eq!(notifies.app_secrets(), names);
        let placed = world.order(1, &[1]);
        let post = post(&world, &placed);
        let other = SecretString::from("whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlcg==");
        let two = keys(&world, vec![other, good]);
        notifies.verify(world.reach(), &post.headers, &post.body, &two).await.unwrap();
    });
}

#[test]
fn the_question_whether_an_address_is_ours_is_answered() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let secrets = [secret(&world)];
        for query in ["", "x=y", "challenge", "&&&=%ZZ"] {
            if let Some(answer) = notifies.challenge(query, ADDRESS, &secrets) {
                serde_json::from_str::<Value>(&answer).unwrap();
            }
        }
        let Some(query) = world.wire.stand().notifies().unwrap().challenge() else {
            assert_eq!(notifies.challenge("challenge_code=abc", ADDRESS, &secrets), None, "it does not ask");
            return;
        };
        let answer = notifies.challenge(&query, ADDRESS, &secrets).expect("answered");
        serde_json::from_str::<Value>(&answer).expect("as JSON");
        let elsewhere = notifies.challenge(&query, "https://elsewhere.example/", &secrets);
        assert_ne!(elsewhere.as_ref(), Some(&answer), "it proves the address");
    });
}

#[test]
fn any_text_that_is_verified_is_read_or_refused() {
    each(async |subject| {
        let world = subject.world();
        let Some(notifies) = world.connector.notifies() else { return };
        let placed = world.order(1, &[1]);
        let good = post(&world, &placed);
        let keys = keys(&world, vec![secret(&world)]);
        let verified = notifies.verify(world.reach(), &good.headers, &good.body, &keys).await.unwrap();
        let (topic, allowed) = notifies.topic(&good.headers, &verified).unwrap();
        let whole: Value = serde_json::from_slice(&good.body).unwrap();
        for place in crate::odd::places(&whole) {
            for value in [
                None,
                Some(Value::Null),
                Some("SOMETHING_NEW".into()),
                Some(7.into()),
                Some(Value::Array(Vec::new())),
            ] {
                let mut odd = whole.clone();
                crate::odd::put(&mut odd, &place, value.clone());
                let delivery = delivery(&world, topic.clone(), allowed, odd.to_string().as_bytes());
                if let Err(why) = notifies.event(&world.connection(ANN), &delivery) {
                    assert!(why.len() > 5, "says what was wrong: {why}");
                    without_buyer(&why);
                }
            }
        }
        for body in ["", "null", "[]", "{", "\"x\"", "[[[[[[[["] {
            let delivery = delivery(&world, topic.clone(), allowed, body.as_bytes());
            drop(notifies.event(&world.connection(ANN), &delivery));
        }
        let unknown =
            Delivery { topic: "ZZ_NEW_TOPIC".to_owned(), ..delivery(&world, topic, allowed, &good.body) };
        let event = notifies.event(&world.connection(ANN), &unknown);
        assert!(!matches!(
            event,
            Ok(MarketplaceEvent::Disconnected { .. } | MarketplaceEvent::AccountClosed { .. })
        ));
    });
}
