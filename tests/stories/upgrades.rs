//! Old and new code side by side: whatever was written on the day schema 1 was frozen is read by today's code, as it
//! was written, as the schema before, and as a newer one with fields that nobody here knows; it is worked on, and
//! nothing of it is lost. The rule for changes: `docs/operations/upgrades.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use domain::connection_state::Activity;
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use futures::executor::block_on;
use ports::{Expect, Item, Ledger as _, Queue as _, QueueName, Write};
use serde_json::{Value, json};
use workflow::message::{AlertMessage, Look};

use crate::harness::{System, account, amazon_connection, shopify_connection};
use crate::template::load::workspace;

const NUMBERS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

fn order_id(n: &str) -> String {
    format!("111-0000000-000000{n}")
}

/// A tracking number of the order of this number.
fn number(n: &str) -> String {
    format!("FROZEN{n}{n}{n}{n}")
}

/// A morning in which every kind of record and of message comes about; what stands in the queue at its end.
fn morning() -> (System, Vec<(QueueName, String)>) {
    let system = System::start();
    system.map("Harbour Post", "USPS");
    system.map_sku("SHOP-LAMP", "LAMP");
    for n in NUMBERS {
        system.order(&order_id(n), &[("LAMP", 1)]);
    }
    let ship = |n: &str, carrier: &str| system.ship(&order_id(n), carrier, &[&number(n)], &[("LAMP", 1)]).1;
    // Told, and not looked at yet; held for its carrier, and mailed.
    for (n, carrier) in [("1", "Harbour Post"), ("2", "Zephyr Pigeon")] {
        assert_eq!(system.post(&ship(n, carrier)), 200);
        system.settle();
    }
    // Waits for its account, in the account's lane, with a wake.
    let pause = |activity: Activity| {
        let us = account("amazon-us");
        block_on(system.world.change_connection(&us, |state| state.activity = activity.clone())).unwrap();
    };
    pause(Activity::Paused { since: system.now() });
    assert_eq!(system.post(&ship("3", "Harbour Post")), 200);
    system.settle();
    // On its way: heard of, found by a poll, and every other message that there is.
    assert_eq!(system.post(&ship("4", "Harbour Post")), 200);
    ship("5", "Harbour Post");
    system.clock.advance(Duration::from_secs(180));
    system.grants.as_function("poll-channels", || block_on(workflow::poll::poll(&system.world))).unwrap();
    let mut waiting = Vec::new();
    for queue in QueueName::ALL {
        for message in system.queue.receive(queue, usize::MAX, Duration::ZERO) {
            system.queue.delete(queue, message.receipt);
            waiting.push((queue, message.body));
        }
    }
    let us = account("amazon-us");
    let order =
        MarketplaceOrderRef { account: us.clone(), order: order_id("3").as_str().try_into().unwrap() };
    let shop = system.shop_id(&order_id("5")).to_string();
    let store = StoreOrderRef { account: account("shop"), order: shop.as_str().try_into().unwrap() };
    for look in [
        Look::Order { order: order.clone() },
        Look::StoreOrder { order: store.clone() },
        Look::Wake { account: us.clone(), generation: 1 },
        Look::Answered { account: us.clone() },
    ] {
        waiting.push((QueueName::Inbound, look.to_body()));
    }
    for key in
        [ItemKey::marketplace_order(&order), ItemKey::store_order(&store), ItemKey::connection_state(&us)]
    {
        waiting.push((QueueName::Alerts, AlertMessage::about(&key).to_body()));
    }
    (system, waiting)
}

/// What kind of record stands at a key.
fn kind(key: &ItemKey) -> String {
    let table = key.table.as_str();
    let part = key.sk.split(['#', ':']).next().unwrap_or_default();
    let (lead, _) = key.pk.split_once('#').unwrap();
    match (key.table, lead) {
        (Table::Orders, "M" | "S") => format!("{table}-{lead}-{part}").to_lowercase(),
        (Table::Connections, _) => format!("{table}-{part}"),
        _ => format!("{table}-{lead}").to_lowercase(),
    }
}

fn message_kind(queue: QueueName, body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    match body["look"]["at"].as_str() {
        Some(at) => format!("message-{}-{at}", queue.as_str()),
        None => format!("message-{}", queue.as_str()),
    }
}

fn folder() -> PathBuf {
    workspace().join("tests/fixtures/schema-1")
}

/// Writes what is written today. Run by hand when a schema begins, and for a kind that has no file yet; a file that is
/// there is never written again.
#[test]
#[ignore = "writes fixtures: cargo test -p stories freeze -- --ignored"]
fn freeze() {
    let (system, waiting) = morning();
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for item in system.ledger.items() {
        let body: Value = serde_json::from_str(&item.body).unwrap();
        let due = item.due.as_ref().map(|due| json!({ "lane": due.lane, "at": due.at }));
        files.entry(kind(&item.key)).or_default().push(json!({
            "table": item.key.table.as_str(), "pk": item.key.pk, "sk": item.key.sk, "body": body,
            "due": due, "attention": item.attention, "expires_at": item.expires_at,
        }));
    }
    for (queue, body) in waiting {
        let text: Value = serde_json::from_str(&body).unwrap();
        let entry = json!({ "queue": queue.as_str(), "body": text });
        files.entry(message_kind(queue, &body)).or_default().push(entry);
    }
    std::fs::create_dir_all(folder()).unwrap();
    for (name, entries) in files {
        let path = folder().join(format!("{name}.json"));
        if !path.exists() {
            std::fs::write(path, serde_json::to_string_pretty(&entries).unwrap() + "\n").unwrap();
        }
    }
}

/// The frozen entries, by kind.
fn frozen() -> BTreeMap<String, Vec<Value>> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
    };
    files.map(read).collect()
}

/// As another version would have written it: another schema, and a field that nobody here knows.
fn rewritten(body: &Value, schema: i64) -> Value {
    let mut body = body.clone();
    if body["schema"].is_number() {
        body["schema"] = (body["schema"].as_i64().unwrap() + schema).into();
        body["unheard_of"] = json!({ "by": "another version" });
    }
    body
}

fn item(entry: &Value, schema: i64) -> Item {
    let text = |name: &str| entry[name].as_str().unwrap().to_owned();
    let table = Table::ALL.into_iter().find(|table| table.as_str() == entry["table"]).unwrap();
    let due = &entry["due"];
    Item {
        key: ItemKey { table, pk: text("pk"), sk: text("sk") },
        version: 0,
        body: rewritten(&entry["body"], schema).to_string(),
        due: due["lane"].as_str().map(|lane| ports::ledger::Due {
            lane: lane.to_owned(),
            at: due["at"].as_str().unwrap().parse().unwrap(),
        }),
        attention: entry["attention"].as_str().map(str::to_owned),
        expires_at: entry["expires_at"].as_str().map(|at| at.parse().unwrap()),
    }
}

/// Puts what was frozen in the place of what today's code wrote.
fn thaw(system: &System, schema: i64) {
    for (name, entries) in frozen() {
        for entry in &entries {
            if name.starts_with("message-") {
                let queue = QueueName::ALL.into_iter().find(|q| q.as_str() == entry["queue"]).unwrap();
                let body = rewritten(&entry["body"], schema).to_string();
                block_on(system.queue.send(queue, &body, Duration::ZERO)).unwrap();
            } else {
                let item = item(entry, schema);
                let put = Write::Put { item, expect: Expect::Anything };
                block_on(system.ledger.commit(vec![put])).unwrap();
            }
        }
    }
}

#[test]
fn every_kind_of_record_and_message_that_is_written_today_is_frozen() {
    let (system, waiting) = morning();
    let records = system.ledger.items().into_iter().map(|item| kind(&item.key));
    let messages = waiting.iter().map(|(queue, body)| message_kind(*queue, body));
    let today: BTreeSet<String> = records.chain(messages).collect();
    let frozen: BTreeSet<String> = frozen().into_keys().collect();
    assert_eq!(today.difference(&frozen).collect::<Vec<_>>(), Vec::<&String>::new(), "run `freeze`");
}

#[test]
fn what_other_versions_wrote_is_read_changed_and_not_lost() {
    for schema in [-1, 0, 1] {
        let (system, _) = morning();
        thaw(&system, schema);
        // The day goes on: the account works again, the merchant answers, settings change, everything is told.
        let mut us = amazon_connection("amazon-us");
        us.timing.mail_gap = Duration::from_secs(1800);
        system.apply_all(&[shopify_connection(), us, amazon_connection("amazon-two")]);
        system.resume("amazon-us");
        // Joins the mail about the one that was held in the morning.
        let (_, delivery) = system.ship(&order_id("6"), "Zephyr Pigeon", &[&number("6")], &[("LAMP", 1)]);
        assert_eq!(system.post(&delivery), 200);
        system.pass(40);
        system.map("Zephyr Pigeon", "USPS");
        system.map("Harbour Post", "UPS");
        system.map_sku("SHOP-LAMP", "LAMP-2");
        system.settle();
        system.pass(120);
        assert_eq!(system.queue.dead(QueueName::Inbound), Vec::<String>::new(), "{schema}");
        assert_eq!(system.queue.dead(QueueName::Alerts), Vec::<String>::new(), "{schema}");
        for n in NUMBERS {
            let told = system.at_amazon(&order_id(n));
            let [(tracking, _, 1, 1)] = told.as_slice() else { panic!("{schema}: 111-{n}: {told:?}") };
            assert_eq!(*tracking, number(n), "{schema}");
        }
        let alone: Vec<Value> =
            system.log.lines().into_iter().filter(|l| l.to_string().contains("left alone")).collect();
        assert_eq!(alone, Vec::<Value>::new(), "{schema}");
        let mut changed = BTreeSet::new();
        for (name, entries) in frozen().into_iter().filter(|(name, _)| !name.starts_with("message-")) {
            for entry in &entries {
                let before = item(entry, schema);
                let Some(now) = block_on(system.ledger.get(&before.key)).unwrap() else { continue };
                let body: Value = serde_json::from_str(&now.body).unwrap();
                if body != rewritten(&entry["body"], schema) {
                    changed.insert(name.clone());
                    // A delivery is the sender's, and kept as it came: it is written whole, by whoever works on it.
                    if before.body.contains("unheard_of") && !name.starts_with("deliveries") {
                        assert_eq!(body["unheard_of"]["by"], "another version", "{schema}: {:?}", now.key);
                    }
                }
            }
        }
        for name in [
            "orders-m-o",
            "orders-m-p",
            "orders-s-o",
            "orders-g",
            "connections-settings",
            "connections-state",
        ] {
            assert!(changed.contains(name), "{schema}: no {name} was changed, only {changed:?}");
        }
    }
}
