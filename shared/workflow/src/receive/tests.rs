use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_api::DeliveryBody;
use futures::executor::block_on;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ports::credentials::WebhookKeys;
use ports::memory::MemoryCredentials;
use ports::{CredentialError, Table};

use super::*;
use crate::test_shop::{Stage, Switch, account, at};

const CANARY: &str = "Canary Buyer, canary@example.com";

/// Webhook secrets with a switch.
#[derive(Default)]
struct Secrets {
    switch: Switch,
    inner: MemoryCredentials,
}

#[async_trait::async_trait]
impl WebhookSecrets for Secrets {
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError> {
        self.switch.call().map_err(CredentialError::Unavailable)?;
        self.inner.webhook_keys(connection).await
    }
}

struct Door {
    stage: Stage,
    secrets: Arc<Secrets>,
    receiver: Receiver,
}

fn door() -> Door {
    let stage = Stage::new();
    let secrets = Arc::new(Secrets::default());
    let receiver = Receiver {
        queue: stage.queue.clone(),
        ledger: stage.ledger.clone(),
        webhook_secrets: secrets.clone(),
        clock: stage.clock.clone(),
        connectors: stage.mall.clone(),
        route_key: RouteKey::new("route key".to_owned().into()).unwrap(),
        cache: KeyCache::default(),
    };
    let door = Door { stage, secrets, receiver };
    door.put_keys("shop", "shop-1", &["old secret", "new secret"]);
    door
}

impl Door {
    fn put_keys(&self, kind: &str, connection: &str, secrets: &[&str]) {
        self.secrets.inner.put_webhook_keys(WebhookKeys {
            app: std::collections::BTreeMap::new(),
            address: None,
            account: account(connection),
            kind: kind.into(),
            secrets: secrets.iter().map(|s| (*s).to_owned().into()).collect(),
        });
    }

    fn path(&self, connection: &str) -> String {
        store_path(&self.receiver.route_key, &connection.try_into().unwrap())
    }

    fn send(&self, method: &Method, path: &str, headers: &[(&'static str, &str)], body: &[u8]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        block_on(self.receiver.receive(Inbound { method, path, query: "", headers: &map, body })).status
    }

    fn post(&self, connection: &str, secret: &str, body: &[u8]) -> u16 {
        let headers = [("x-signature", &*sign(secret, body)), ("x-topic", "shipped"), ("x-event", "e1")];
        self.send(&Method::POST, &self.path(connection), &headers, body)
    }

    fn calls(&self) -> (usize, usize, usize) {
        (self.stage.queue.switch.calls(), self.stage.ledger.switch.calls(), self.secrets.switch.calls())
    }

    fn delivery(&self) -> Delivery {
        let look = self.stage.queue.looks().pop();
        let Some(Look::Delivery { delivery, account, kind }) = look else { panic!("{look:?}") };
        assert_eq!((account, kind.as_str()), (crate::test_shop::account("shop-1"), "shop"));
        delivery
    }
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn law_1_a_genuine_delivery_is_queued_reduced_before_it_is_accepted() {
    let door = door();
    let body = format!(
        r#"{{"order_id":9007199254740993,"email":"{CANARY}","lines":[{{"sku":"S","name":"{CANARY}"}}]}}"#
    );
    for secret in ["old secret", "new secret"] {
        assert_eq!(door.post("shop-1", secret, body.as_bytes()), 200);
        let delivery = door.delivery();
        let want = r#"{"order_id":9007199254740993,"lines":[{"sku":"S"}]}"#;
        assert_eq!(delivery.body, DeliveryBody::Reduced(want.into()));
        assert_eq!(delivery.topic, "shipped");
        assert_eq!(delivery.headers, [("x-event".to_owned(), "e1".to_owned())]);
        assert_eq!(delivery.received_at, at(0));
    }
    assert_eq!(door.calls(), (2, 0, 1), "one send each, and the secrets read once");
}

#[test]
fn law_1_what_the_queue_refuses_is_kept_and_what_nobody_takes_is_not_accepted() {
    let door = door();
    let body = format!(r#"{{"id":1,"email":"{CANARY}"}}"#);
    door.stage.queue.switch.down(true);
    assert_eq!(door.post("shop-1", "new secret", body.as_bytes()), 200);
    let items = door.stage.ledger.inner.items();
    let [item] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(item.key.table, Table::Deliveries);
    assert_eq!(item.attention.as_deref(), Some(PENDING));
    assert_eq!(item.expires_at, Some(at(28 * 86_400)));
    assert!(matches!(replay(&item.body), Ok(Look::Delivery { .. })));
    door.stage.ledger.switch.down(true);
    assert_eq!(door.post("shop-1", "new secret", body.as_bytes()), 503);
}

#[test]
fn law_6_nothing_of_the_buyer_is_queued_kept_or_shown() {
    let door = door();
    let bodies = [
        format!(r#"{{"id":{{"name":"{CANARY}"}},"order_id":1,"customer":"{CANARY}"}}"#),
        format!(r#"{{"id":1,"{CANARY}":1,"numbers":[{{"n":"{CANARY}"}}]}}"#),
        // A text where only parts of objects are allowed.
        format!(r#"{{"id":1,"lines":"{CANARY}"}}"#),
        format!(r#"{{"id":1,"lines":["{CANARY}"]}}"#),
        format!(r#"{{"id":1,"name":"{CANARY}""#),
        format!(r#"{{"id":1,"name":"{CANARY}","numbers":["{}"]}}"#, "n".repeat(300_000)),
        format!("name={CANARY}"),
    ];
    for (n, body) in bodies.iter().enumerate() {
        door.stage.queue.switch.down(n % 2 == 1);
        assert_eq!(door.post("shop-1", "new secret", body.as_bytes()), 200, "{n}");
        let (method, headers) = (Method::POST, HeaderMap::new());
        let inbound =
            Inbound { method: &method, path: "/", query: "", headers: &headers, body: body.as_bytes() };
        assert!(!format!("{inbound:?}{:?}", door.receiver).contains("anary"));
    }
    door.stage.queue.switch.down(false);
    let stored: String = door.stage.ledger.inner.items().iter().map(|item| format!("{item:?}")).collect();
    let queued = door.stage.queue.texts(QueueName::Inbound).concat();
    assert!(stored.len() > 100 && queued.len() > 100);
    assert!(!stored.contains("anary") && !queued.contains("anary"));
    let shown = format!("{:?}", door.receiver.cache);
    assert!(!shown.contains("secret"));
}

#[test]
fn law_7_a_flood_of_forgeries_costs_no_call() {
    let door = door();
    let wrong = format!("/webhooks/stores/shop-1-{}", "0".repeat(32));
    let unknown = door.path("shop-9");
    for n in 0..500 {
        let body = format!("{{\"id\":{n}}}");
        assert_eq!(door.send(&Method::POST, &wrong, &[("x-signature", "AAAA")], body.as_bytes()), 401);
    }
    assert_eq!(door.calls(), (0, 0, 0));
    for n in 0..500 {
        let body = format!("{{\"id\":{n}}}");
        assert_eq!(door.post("shop-1", "guessed", body.as_bytes()), 401);
        assert_eq!(door.send(&Method::POST, &unknown, &[("x-signature", "AAAA")], body.as_bytes()), 401);
    }
    assert_eq!(door.calls(), (0, 0, 2), "one look-up of each connection, the unknown one included");
}

#[test]
fn law_7_a_flood_at_the_marketplaces_door_costs_one_look_up_for_each_address() {
    let door = door();
    let receiver = MarketplaceReceiver {
        queue: door.stage.queue.clone(),
        webhook_secrets: door.secrets.clone(),
        clock: door.stage.clock.clone(),
        rng: door.stage.world.rng.clone(),
        transport: door.stage.world.transport.clone(),
        connectors: door.stage.mall.clone(),
        route_key: RouteKey::new("route key".to_owned().into()).unwrap(),
        cache: KeyCache::default(),
    };
    door.put_keys("market", "market-1", &["a secret"]);
    let headers = HeaderMap::new();
    let send = |method: &Method, path: &str| {
        let inbound = Inbound { method, path, query: "challenge_code=1", headers: &headers, body: b"{}" };
        block_on(receiver.receive(inbound)).status
    };
    let wrong = format!("/webhooks/marketplaces/market-1-{}", "0".repeat(32));
    let of = |id: &str| marketplace_path(&receiver.route_key, &id.try_into().unwrap());
    for method in [Method::GET, Method::POST] {
        for _ in 0..200 {
            assert_eq!(send(&method, &wrong), 401);
        }
        assert_eq!(send(&method, &door.path("market-1")), 404, "a store's address");
    }
    assert_eq!(door.calls(), (0, 0, 0));
    for _ in 0..200 {
        assert_eq!(send(&Method::POST, &of("nobody")), 401);
        assert_eq!(send(&Method::GET, &of("nobody")), 401);
        assert_eq!(send(&Method::POST, &of("market-1")), 503, "code of before its settings");
        assert_eq!(send(&Method::POST, &of("shop-1")), 401, "a store's id at the marketplaces' door");
    }
    assert_eq!(door.calls(), (0, 0, 3));
    door.secrets.switch.down(true);
    assert_eq!(send(&Method::POST, &of("market-9")), 503, "it cannot be told whether there is one");
}

#[test]
fn requests_that_are_no_deliveries_are_refused_each_with_its_status() {
    let door = door();
    let good = door.path("shop-1");
    let tag = good.rsplit_once('-').unwrap().1.to_owned();
    let large = vec![b' '; MAX_BODY + 1];
    let post = Method::POST;
    type Case<'a> = (&'a str, &'a Method, String, &'a [(&'static str, &'a str)], &'a [u8], u16);
    let cases: [Case<'_>; 15] = [
        ("another path", &post, "/".into(), &[], b"", 404),
        ("another prefix", &post, good.replace("stores", "store"), &[], b"", 404),
        ("something below", &post, format!("{good}/x"), &[], b"", 404),
        ("nobody", &post, "/webhooks/stores/".into(), &[], b"", 404),
        ("another method", &Method::GET, good.clone(), &[], b"", 405),
        ("no tag", &post, "/webhooks/stores/shop".into(), &[], b"", 401),
        ("an empty tag", &post, "/webhooks/stores/shop-1-".into(), &[], b"", 401),
        ("a tag of another", &post, format!("/webhooks/stores/shop-2-{tag}"), &[], b"", 401),
        ("half a tag", &post, good[..good.len() - 2].to_owned(), &[], b"", 401),
        ("an odd id", &post, format!("/webhooks/stores/SHOP-1-{tag}"), &[], b"", 401),
        ("compressed", &post, good.clone(), &[("content-encoding", "gzip")], b"", 415),
        ("too large", &post, good.clone(), &[], &large, 413),
        ("unsigned", &post, good.clone(), &[("x-topic", "shipped")], b"{}", 401),
        ("malformed signature", &post, good.clone(), &[("x-signature", "?")], b"{}", 401),
        (
            "forged topic and signature",
            &post,
            good.clone(),
            &[("x-topic", "shipped"), ("x-signature", "AAAA")],
            b"{}",
            401,
        ),
    ];
    for (name, method, path, headers, body, want) in cases {
        assert_eq!(door.send(method, &path, headers, body), want, "{name}");
    }
    assert_eq!((door.calls().0, door.calls().1), (0, 0));
    let headers = [
        ("content-encoding", "identity"),
        ("x-signature", &*sign("new secret", b"{}")),
        ("x-topic", "shipped"),
    ];
    assert_eq!(door.send(&post, &good, &headers, b"{}"), 200);
}

#[test]
fn an_unknown_topic_is_accepted_and_goes_nowhere() {
    let door = door();
    let signature = sign("new secret", b"{}");
    for topic in ["products/create", ""] {
        let headers = [("x-signature", signature.as_str()), ("x-topic", topic)];
        assert_eq!(door.send(&Method::POST, &door.path("shop-1"), &headers, b"{}"), 200);
    }
    assert_eq!((door.calls().0, door.calls().1), (0, 0));
}

#[test]
fn secrets_are_read_again_after_minutes_and_stale_ones_serve_while_they_cannot_be() {
    let door = door();
    let (post, minutes) = (|| door.post("shop-1", "new secret", b"{}"), |m: u64| Duration::from_secs(60 * m));
    assert_eq!(post(), 200);
    door.put_keys("shop", "shop-1", &["newest secret"]);
    door.stage.clock.advance(minutes(4));
    assert_eq!((post(), door.calls().2), (200, 1), "kept");
    door.secrets.switch.down(true);
    door.stage.clock.advance(minutes(2));
    assert_eq!((post(), post(), door.calls().2), (200, 200, 2), "stale, and asked once only for a while");
    door.secrets.switch.down(false);
    door.stage.clock.advance(minutes(1));
    assert_eq!((post(), door.calls().2), (401, 3), "a secret taken back verifies nothing any more");
    assert_eq!(door.post("shop-1", "newest secret", b"{}"), 200);
}

#[test]
fn without_any_secret_nothing_is_said_about_a_delivery() {
    let door = door();
    door.secrets.switch.down(true);
    assert_eq!(door.post("shop-1", "new secret", b"{}"), 503);
    assert_eq!(door.post("shop-1", "new secret", b"{}"), 503);
    assert_eq!(door.calls(), (0, 0, 1));
    // A connection that was missing and cannot be looked up again may exist by now.
    door.secrets.switch.down(false);
    assert_eq!(door.post("shop-9", "x", b"{}"), 401);
    door.secrets.switch.down(true);
    door.stage.clock.advance(Duration::from_secs(301));
    assert_eq!(door.post("shop-9", "x", b"{}"), 503);
}

#[test]
fn t2_an_empty_secret_opens_nothing_and_an_unknown_kind_is_not_guessed() {
    let door = door();
    door.put_keys("shop", "empty", &[""]);
    door.put_keys("shop", "none", &[]);
    door.put_keys("stall", "stall", &["new secret"]);
    assert_eq!(door.post("empty", "", b"{}"), 401);
    assert_eq!(door.post("none", "", b"{}"), 401);
    assert_eq!(door.post("stall", "new secret", b"{}"), 503);
    assert_eq!((door.calls().0, door.calls().1), (0, 0));
}

#[test]
fn t5_the_same_delivery_has_the_same_id_whatever_its_unsigned_headers_say() {
    let door = door();
    let id = |connection: &str, event: &str, body: &[u8]| {
        let headers =
            [("x-signature", &*sign("new secret", body)), ("x-topic", "shipped"), ("x-event", event)];
        assert_eq!(door.send(&Method::POST, &door.path(connection), &headers, body), 200);
        match door.stage.queue.looks().pop() {
            Some(Look::Delivery { delivery, .. }) => delivery.id,
            other => panic!("{other:?}"),
        }
    };
    door.put_keys("shop", "shop-2", &["new secret"]);
    let first = id("shop-1", "1", b"{\"id\":1}");
    assert_eq!(first.len(), 64);
    assert_eq!(first, id("shop-1", "2", b"{\"id\":1}"));
    assert_ne!(first, id("shop-1", "1", b"{\"id\":2}"));
    assert_ne!(first, id("shop-2", "1", b"{\"id\":1}"));
}

#[test]
fn t4_the_raw_bytes_are_what_is_verified() {
    let door = door();
    for body in ["{\"id\":1}\r\n", "\u{feff}{\"id\": 1}", "{\"\\u0069d\":1}", "{\"z\":0,\"id\":1}"] {
        assert_eq!(door.post("shop-1", "new secret", body.as_bytes()), 200);
        assert_eq!(door.delivery().body, DeliveryBody::Reduced("{\"id\":1}".into()), "{body:?}");
        // Signed as if it had been written afresh: not what was sent.
        let headers = [("x-signature", &*sign("new secret", b"{\"id\":1}")), ("x-topic", "shipped")];
        assert_eq!(door.send(&Method::POST, &door.path("shop-1"), &headers, body.as_bytes()), 401);
    }
}

#[test]
fn the_largest_bodies_are_accepted_and_what_is_too_large_to_queue_says_read_the_store() {
    let door = door();
    let padded = |numbers: &str, pad: usize| {
        format!(r#"{{"order_id":18446744073709551616,"numbers":["{numbers}"],"note":"{}"}}"#, "x".repeat(pad))
    };
    let full = padded("n", MAX_BODY - 62);
    assert!(full.len() <= MAX_BODY && full.len() > MAX_BODY - 10, "{}", full.len());
    assert_eq!(door.post("shop-1", "new secret", full.as_bytes()), 200);
    assert!(matches!(door.delivery().body, DeliveryBody::Reduced(_)));
    // Too large reduced, and small enough reduced but not once quoted.
    for body in [padded(&"n".repeat(210_000), 0), padded(&r"\\".repeat(90_000), 0)] {
        assert_eq!(door.post("shop-1", "new secret", body.as_bytes()), 200);
        match door.delivery().body {
            DeliveryBody::Withheld { ids, bytes, .. } => {
                assert_eq!((ids.as_str(), bytes), (r#"{"order_id":18446744073709551616}"#, body.len()));
            }
            DeliveryBody::Reduced(_) => panic!("not withheld"),
        }
    }
}

#[test]
fn what_the_worker_keeps_of_a_delivery_is_what_a_replay_sends() {
    let door = door();
    assert_eq!(door.post("shop-1", "new secret", b"{\"id\":1}"), 200);
    let [message] = <[String; 1]>::try_from(door.stage.queue.texts(QueueName::Inbound)).unwrap();
    // No such connection is configured: kept all the same, before anything else.
    assert!(block_on(crate::sync::work(&door.stage.world, &message)).is_err());
    let items = door.stage.ledger.inner.items();
    let item = items.iter().find(|item| item.key.table == Table::Deliveries).unwrap();
    assert_eq!(replay(&item.body).unwrap(), crate::message::read(&message).unwrap());
    assert!(matches!(replay("{}"), Err(crate::message::WorkError::Unreadable(_))));
}
