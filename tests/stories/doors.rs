//! What marketplaces tell by themselves: by a post to our address, or by a message in a queue of ours.

mod bazaar;
mod etsy;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::connection::Connection;
use domain::connection_state::Activity;
use domain::ids::MarketplaceOrderRef;
use domain::keys::ItemKey;
use domain::marketplace_order::OrderFacts;
use domain::order::MarketplaceOrder;
use futures::executor::block_on;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use ports::{Credential, Ledger as _, QueueName, WebhookKeys};
use registry::Registry;
use serde_json::{Value, json};
use workflow::admin::{Instruments, WebhookAddresses, doctor, webhooks_check, webhooks_register};
use workflow::receive::{Answered, Inbound, marketplace_path};

use crate::harness::{System, account, amazon_connection};
use crate::template::load::Template;
use bazaar::{Bazaar, Street};

const SECRET: &str = "the token that Bazaar signs with";
const HERE: &str = "https://parcels.example";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:p-amazon";

struct Place {
    system: System,
    bazaar: Bazaar,
}

fn seller(id: &str, seller: &str) -> Connection {
    Connection {
        kind: "bazaar".into(),
        base_url: None,
        options: [("seller_id".to_owned(), seller.to_owned())].into(),
        ..amazon_connection(id)
    }
}

impl Place {
    /// Two sellers at the marketplace.
    fn with(bazaar: Bazaar) -> Self {
        let street = Street { registry: Registry::default(), bazaar: bazaar.clone() };
        let place = Self { system: System::on(1, &Template::deployed(), Arc::new(street)), bazaar };
        for id in ["one", "two"] {
            place.system.credentials.put(account(id), Credential::default());
        }
        place.system.apply_all(&[seller("one", "seller-1"), seller("two", "seller-2")]);
        place.keys(Some(format!("{HERE}{}", place.path())));
        place
    }

    fn posting() -> Self {
        Self::with(Bazaar::default())
    }

    fn keys(&self, address: Option<String>) {
        self.system.credentials.put_webhook_keys(WebhookKeys {
            account: account("one"),
            kind: "bazaar".into(),
            secrets: vec![SECRET.to_owned().into()],
            app: Default::default(),
            address,
        });
    }

    fn path(&self) -> String {
        marketplace_path(&self.system.receiver.route_key, &"one".try_into().unwrap())
    }

    fn send(&self, method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &str) -> Answered {
        self.system.notify(Inbound { method, path, query, headers, body: body.as_bytes() })
    }

    fn post(&self, told: &Value, secret: &str) -> u16 {
        let body = told.to_string();
        let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&body);
        let mut headers = HeaderMap::new();
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        headers.insert("x-bazaar-signature", signature.parse().unwrap());
        self.send(&Method::POST, &self.path(), "", &headers, &body).status
    }

    /// Posts what is genuine, and lets it be worked on.
    fn tell(&self, told: &Value) {
        assert_eq!(self.post(told, SECRET), 200);
        self.system.settle();
    }

    /// Puts a message into the queue; whether it was worked on.
    fn push(&self, told: &str) -> bool {
        let done = self.system.push("bazaar", told);
        self.system.settle();
        done
    }

    fn facts(&self, id: &str, order: &str) -> Option<OrderFacts> {
        let order = MarketplaceOrderRef { account: account(id), order: order.try_into().unwrap() };
        let item = block_on(self.system.ledger.get(&ItemKey::marketplace_order(&order))).unwrap()?;
        serde_json::from_str::<MarketplaceOrder>(&item.body).unwrap().facts
    }

    fn kept(&self) -> Vec<String> {
        let items = self.system.ledger.items();
        items.iter().filter(|item| item.key.pk.starts_with("D#")).map(|item| item.body.clone()).collect()
    }

    fn activity(&self, id: &str) -> Activity {
        block_on(self.system.world.connection_state(&account(id))).unwrap().unwrap().value.activity
    }

    fn addresses(&self, queue: bool) -> WebhookAddresses {
        let key = "route key of the tests, long enough".to_owned();
        let key = signatures::RouteKey::new(key.into()).unwrap();
        let addresses = WebhookAddresses::new(Some(HERE), key, false).unwrap();
        if queue { addresses.with_queue(QUEUE) } else { addresses }
    }
}

fn orders(seller: &str, orders: &[&str]) -> Value {
    json!({ "topic": "orders", "seller": seller, "orders": orders, "buyer": "Canary Buyer", "id": "n-1" })
}

#[test]
fn a_question_whether_the_address_is_ours_is_answered_with_the_address_as_it_was_registered() {
    let place = Place::posting();
    let none = HeaderMap::new();
    let ask = |path: &str, query: &str| place.send(&Method::GET, path, query, &none, "");
    let path = place.path();
    let answer = ask(&path, "challenge_code=abc");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json.unwrap(), format!("{{\"is\":\"abc {} {HERE}{path}\"}}", SECRET.len()));
    assert_eq!(ask(&path, "hello").status, 405, "no question");
    assert_eq!(ask(&path, &"x".repeat(5000)).status, 414);
    assert_eq!(ask(&path.replace("one", "two"), "challenge_code=abc").status, 401, "another's tag");
    assert_eq!(ask(&path.replace("marketplaces", "stores"), "challenge_code=abc").status, 404);
    assert_eq!(place.send(&Method::PUT, &path, "", &none, "").status, 405);
    let unknown = marketplace_path(&place.system.receiver.route_key, &"nobody".try_into().unwrap());
    assert_eq!(ask(&unknown, "challenge_code=abc").status, 401);
    // Where nobody said at which address it is reached, nothing can be proven.
    let place = Place::posting();
    place.keys(None);
    assert_eq!(place.send(&Method::GET, &place.path(), "challenge_code=abc", &none, "").status, 503);
}

#[test]
fn law_7_what_is_not_proven_genuine_is_refused_as_the_marketplace_expects_and_has_no_effect() {
    let place = Place::posting();
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    let told = orders("seller-1", &["B-1"]);
    assert_eq!(place.post(&told, "guessed"), 412);
    let none = HeaderMap::new();
    assert_eq!(place.send(&Method::POST, &place.path(), "", &none, &told.to_string()).status, 412);
    // A key that cannot be fetched proves nothing either way: the sender tries again.
    let mut away = HeaderMap::new();
    away.insert("x-bazaar-key-is-away", "yes".parse().unwrap());
    assert_eq!(place.send(&Method::POST, &place.path(), "", &away, &told.to_string()).status, 503);
    let mut packed = HeaderMap::new();
    packed.insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(place.send(&Method::POST, &place.path(), "", &packed, "").status, 415);
    place.system.settle();
    assert!(place.bazaar.reads().is_empty() && place.kept().is_empty());
}

#[test]
fn law_1_what_cannot_be_queued_is_not_accepted() {
    let place = Place::posting();
    place.system.grants.queues_are_down(true);
    assert_eq!(place.post(&orders("seller-1", &["B-1"]), SECRET), 503);
    assert!(place.kept().is_empty(), "it may name somebody who must be forgotten");
    place.system.grants.queues_are_down(false);
    assert_eq!(place.post(&json!({ "hello": 1 }), SECRET), 200, "no topic of ours");
}

#[test]
fn news_of_an_order_are_read_at_once_and_once() {
    let place = Place::posting();
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    // Told once per line, and then again.
    for line in 0..3 {
        let mut told = orders("seller-1", &["B-1"]);
        told["line"] = line.into();
        place.tell(&told);
    }
    assert_eq!(place.bazaar.reads(), ["B-1"]);
    assert_eq!(place.facts("one", "B-1").unwrap().lines[0].sku.as_ref().unwrap().as_str(), "LAMP");
    place.tell(&orders("seller-1", &["B-1"]));
    place.tell(&orders("seller-1", &["B-1"]));
    assert_eq!(place.kept().len(), 4, "the same bytes are the same delivery");
    assert!(place.kept()[0].contains("n-1") && !place.kept().concat().contains("anary"));
    // Half a minute later it changed.
    place.system.clock.advance(std::time::Duration::from_secs(30));
    place.tell(&orders("seller-1", &["B-1", "B-2"]));
    assert_eq!(place.bazaar.reads(), ["B-1", "B-1", "B-2"], "one that cannot be read stops nobody");
}

#[test]
fn facts_that_are_told_are_folded_unread_unless_they_cannot_be_right() {
    let place = Place::posting();
    let now = place.system.now();
    let told = |order: &str, updated_at: &str| {
        let mut told = orders("seller-1", &[order]);
        (told["sku"], told["updated_at"]) = ("TOLD".into(), updated_at.into());
        told
    };
    place.tell(&told("B-1", "2026-11-20T09:59:00Z"));
    assert!(place.bazaar.reads().is_empty());
    let facts = place.facts("one", "B-1").unwrap();
    assert_eq!(facts.lines[0].sku.as_ref().unwrap().as_str(), "TOLD");
    assert_eq!(
        facts.read_at,
        Timestamp::UNIX_EPOCH,
        "heard, not read: it is read before anything is told of it"
    );
    // Of a far future they would win over everything that is ever read.
    place.bazaar.sell("B-2", "LAMP", now);
    place.tell(&told("B-2", "2099-01-01T00:00:00Z"));
    assert_eq!(place.facts("one", "B-2").unwrap().updated_at, now);
}

#[test]
fn what_is_about_another_seller_is_not_ours_however_genuine() {
    let place = Place::posting();
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    for other in ["seller-2", "seller-9", ""] {
        place.tell(&orders(other, &["B-1"]));
        place.tell(&json!({ "topic": "revoked", "seller": other, "why": "gone" }));
    }
    assert!(place.bazaar.reads().is_empty());
    assert_eq!([place.activity("one"), place.activity("two")], [Activity::Active, Activity::Active]);
}

#[test]
fn an_authorisation_that_ended_parks_its_connection_alone_and_is_mailed() {
    let place = Place::posting();
    place.tell(&json!({ "topic": "revoked", "seller": "seller-1", "why": "the seller removed the app" }));
    assert!(matches!(place.activity("one"), Activity::Parked { .. }));
    assert_eq!(place.activity("two"), Activity::Active);
    assert_eq!(place.system.subjects().len(), 1, "{:?}", place.system.subjects());
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    place.tell(&orders("seller-1", &["B-1"]));
    assert!(place.bazaar.reads().is_empty(), "no call is made for it");
}

fn closed(id: &str, name: &str) -> Value {
    json!({ "topic": "closed", "id": "note-77", "user": { "id": id, "name": name } })
}

#[test]
fn a_closed_account_is_forgotten_recorded_and_its_ids_are_kept_nowhere() {
    let place = Place::posting();
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    place.tell(&orders("seller-1", &["B-1"]));
    // A buyer: nothing of one is stored.
    for _ in 0..2 {
        place.tell(&closed("buyer-4711", "sandbuyer"));
    }
    let everything = || format!("{:?}", place.system.ledger.items());
    assert!(place.facts("one", "B-1").is_some() && place.activity("one") == Activity::Active);
    assert!(!everything().contains("buyer-4711") && !everything().contains("sandbuyer"));
    let notes: Vec<String> = place.kept().into_iter().filter(|body| body.contains("note-77")).collect();
    assert_eq!(notes.len(), 1, "the same notification is the same note");
    assert!(notes[0].contains("nothing was to be erased"), "{notes:?}");
    // The seller of the other connection, told at this one's address: one app, one address.
    place.bazaar.sell("B-2", "LAMP", place.system.now());
    let second = MarketplaceOrderRef { account: account("two"), order: "B-2".try_into().unwrap() };
    let sold = OrderFacts { updated_at: place.system.now(), ..place.facts("one", "B-1").unwrap() };
    block_on(workflow::sync::order_facts(&place.system.world, &second, sold)).unwrap();
    assert!(place.facts("two", "B-2").is_some());
    place.tell(&closed("seller-2", "somebody"));
    assert!(place.facts("two", "B-2").is_none() && place.facts("one", "B-1").is_some());
    assert!(matches!(place.activity("two"), Activity::Parked { .. }));
    assert_eq!(place.activity("one"), Activity::Active);
    assert!(!everything().contains("somebody"));
    assert_eq!(place.system.subjects().len(), 1, "{:?}", place.system.subjects());
}

#[test]
fn what_cannot_be_read_is_told_and_not_kept() {
    let place = Place::posting();
    place.tell(&json!({ "topic": "orders", "seller": "seller-1" }));
    assert!(place.kept().is_empty());
    assert_eq!(place.system.subjects().len(), 1, "{:?}", place.system.subjects());
}

#[test]
fn a_queue_is_listened_to_by_the_subscriptions_that_were_made_here_alone() {
    let place = Place::with(Bazaar::queued());
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    let told = |subscription: &str, seller: &str, order: &str| {
        let mut told = orders(seller, &[order]);
        told["subscription"] = subscription.into();
        told.to_string()
    };
    for order in ["B-1", "B-2", "B-3"] {
        place.bazaar.sell(order, "LAMP", place.system.now());
    }
    // Anybody may have the marketplace send to a queue whose name they know.
    assert!(place.push(&told("sub-1", "seller-1", "B-1")), "no poison: it is gone");
    assert!(place.bazaar.reads().is_empty());
    let views = block_on(webhooks_register(world, Some("one"), &place.addresses(true), secrets)).unwrap();
    assert!(views[0].is_good() && views[0].changed == 1, "{views:?}");
    assert_eq!(place.bazaar.subscriptions()[0].address, QUEUE);
    assert!(place.push(&told("sub-1", "seller-1", "B-1")));
    assert_eq!(place.bazaar.reads(), ["B-1"]);
    assert!(place.push(&told("sub-1", "seller-2", "B-2")), "another seller by our subscription");
    assert!(place.push(&told("sub-9", "seller-1", "B-3")), "our seller by another subscription");
    assert_eq!(place.bazaar.reads(), ["B-1"]);
    for poison in ["", "{}", "[1]", "{\"seller\":1}"] {
        assert!(!place.push(poison), "{poison}: shown again, until it is a dead letter");
    }
    assert!(place.system.subjects().is_empty(), "no merchant can do anything about it");
    assert!(place.kept().is_empty());
    // The same subscriptions are seen to be unnoted where they were not made.
    let two = block_on(webhooks_check(world, Some("two"), &place.addresses(true), secrets)).unwrap();
    assert!(two[0].topics[0].flaw.as_ref().unwrap().contains("not noted"), "{two:?}");
}

#[test]
fn f46_subscribed_yet_an_empty_queue_is_named_by_doctor() {
    let place = Place::with(Bazaar::queued());
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    let addresses = place.addresses(true);
    block_on(webhooks_register(world, Some("one"), &addresses, secrets)).unwrap();
    let says = || {
        let with = Instruments { addresses: &addresses, webhook_secrets: secrets, further: &[] };
        let report = block_on(doctor(world, with, Some("one"))).unwrap();
        let check = report.connections[0].checks.iter().find(|check| check.check == "webhooks").unwrap();
        (check.outcome, check.words.clone())
    };
    let (outcome, found) = says();
    assert_eq!(outcome, connector_api::Outcome::Good);
    assert!(found.contains("nothing has come yet"), "{found}");
    place.system.clock.advance(std::time::Duration::from_secs(8 * 86_400));
    let (outcome, found) = says();
    assert_eq!(outcome, connector_api::Outcome::ByHand);
    assert!(found.contains("nothing has ever come"), "{found}");
    place.bazaar.sell("B-1", "LAMP", place.system.now());
    let mut told = orders("seller-1", &["B-1"]);
    told["subscription"] = "sub-1".into();
    assert!(place.push(&told.to_string()));
    assert_eq!(says().0, connector_api::Outcome::Good);
}

#[test]
fn f48_messages_that_come_twice_late_or_out_of_order_change_nothing() {
    let place = Place::with(Bazaar::queued());
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    block_on(webhooks_register(world, Some("one"), &place.addresses(true), secrets)).unwrap();
    let told = |sku: &str, updated_at: &str| {
        let mut told = orders("seller-1", &["B-1"]);
        told["subscription"] = "sub-1".into();
        (told["sku"], told["updated_at"]) = (sku.into(), updated_at.into());
        told.to_string()
    };
    let sku = || place.facts("one", "B-1").unwrap().lines[0].sku.clone().unwrap().as_str().to_owned();
    assert!(place.push(&told("SECOND", "2026-11-20T09:59:00Z")));
    let stood = place.system.ledger.items();
    assert!(place.push(&told("FIRST", "2026-11-20T09:30:00Z")), "late, and older");
    assert_eq!(sku(), "SECOND");
    assert!(place.push(&told("SECOND", "2026-11-20T09:59:00Z")), "once more");
    place.system.clock.advance(std::time::Duration::from_secs(3_600));
    assert!(place.push(&told("SECOND", "2026-11-20T09:59:00Z")), "an hour late");
    assert_eq!(sku(), "SECOND");
    let order = |items: &[ports::Item]| items.iter().find(|item| item.key.sk == "O").unwrap().body.clone();
    let facts =
        |body: &str| serde_json::from_str::<MarketplaceOrder>(body).unwrap().facts.unwrap().updated_at;
    assert_eq!(facts(&order(&place.system.ledger.items())), facts(&order(&stood)));
}

#[test]
fn of_a_marketplace_that_tells_nothing_no_webhooks_are_asked_for() {
    let place = Place::with(Bazaar::silent());
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    let refused = block_on(webhooks_check(world, Some("one"), &place.addresses(true), secrets)).unwrap_err();
    assert!(refused.to_string().contains("no store"), "{refused}");
    assert_eq!(block_on(webhooks_check(world, None, &place.addresses(true), secrets)).unwrap(), []);
    assert_eq!(place.post(&orders("seller-1", &["B-1"]), SECRET), 503, "nothing can be said of it");
}

#[test]
fn on_one_machine_polling_covers_what_goes_into_queues() {
    let place = Place::with(Bazaar::queued());
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    let addresses = place.addresses(false);
    let views = block_on(webhooks_register(world, Some("one"), &addresses, secrets)).unwrap();
    assert!(views[0].is_good() && views[0].polled.as_ref().unwrap().contains("polling covers"), "{views:?}");
    let with = Instruments { addresses: &addresses, webhook_secrets: secrets, further: &[] };
    let report = block_on(doctor(world, with, Some("one"))).unwrap();
    let check = report.connections[0].checks.iter().find(|check| check.check == "webhooks").unwrap();
    assert_eq!(check.outcome, connector_api::Outcome::Good, "{check:?}");
}

#[test]
fn only_an_address_that_the_receiver_can_prove_is_registered_with_the_proof_lent() {
    let place = Place::posting();
    let (world, secrets) = (&place.system.world, place.system.credentials.as_ref());
    let register = |id: &str| {
        let views = block_on(webhooks_register(world, Some(id), &place.addresses(false), secrets)).unwrap();
        views.into_iter().next().unwrap()
    };
    place.keys(Some("https://elsewhere.example/webhooks/marketplaces/one-0".into()));
    let refused = register("one");
    assert!(refused.problem.as_ref().unwrap().contains("cannot answer for"), "{refused:?}");
    assert!(place.bazaar.subscriptions().is_empty());
    // Without any secret there is nothing to be posted: polls find it all.
    let two = register("two");
    assert!(two.is_good() && two.polled.is_some(), "{two:?}");
    place.keys(Some(format!("{HERE}{}", place.path())));
    let made = register("one");
    assert!(made.is_good() && made.changed == 1, "{made:?}");
    assert_eq!(place.bazaar.subscriptions()[0].address, format!("{HERE}{}", place.path()));
    assert_eq!(place.bazaar.proofs(), [SECRET]);
    assert_eq!(register("one").changed, 0, "given again it changes nothing");
    let kept = block_on(ports::Credentials::load(secrets, &account("one"))).unwrap().unwrap();
    assert!(kept.secrets.is_empty(), "lent, not given");
}

#[test]
fn nothing_waits_in_the_queue_when_reads_are_used_up() {
    let place = Place::posting();
    let all: Vec<String> = (0..6).map(|n| format!("B-{n}")).collect();
    for order in &all {
        place.bazaar.sell(order, "LAMP", place.system.now());
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    place.tell(&orders("seller-1", &all));
    assert_eq!(place.bazaar.reads().len(), 3, "as many as may be read; the poll finds the others");
    let left = place.system.queue.receive(QueueName::Inbound, 10, std::time::Duration::from_secs(1));
    assert!(left.is_empty());
}
