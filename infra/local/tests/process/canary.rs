//! A canary buyer and canary secrets, planted in everything: found nowhere.

use std::path::Path;

use serde_json::{Value, json};

use crate::http;
use crate::running::until;
use crate::world::{Link, World};

/// Words that only the buyer has; `zqx` is in no language.
const BUYER: [&str; 9] = [
    "Zqxfirst",
    "Zqxlast",
    "zqxbuyer@mail.example",
    "+49-555-0199-771",
    "77 Zqxstreet",
    "Zqxcity",
    "ZQX-99417",
    "Zqxgift",
    "Zqxnote",
];

fn plant() -> Value {
    json!({
        "buyer": {
            "first_name": "Zqxfirst", "last_name": "Zqxlast", "email": "zqxbuyer@mail.example",
            "phone": "+49-555-0199-771", "address1": "77 Zqxstreet", "city": "Zqxcity", "zip": "ZQX-99417",
        },
        "attributes": [["gift message", "Zqxgift from Zqxfirst"], ["ring at", "Zqxnote 77 Zqxstreet"]],
    })
}

/// Also in places where a buyer has no business to be: titles, properties, receipts, keys we never heard of.
fn planted_deeper(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body["note"] = json!("Zqxnote for zqxbuyer@mail.example");
    body["shipping_contact"] = json!({"name": "Zqxfirst Zqxlast", "tel": "+49-555-0199-771"});
    body["name"] = json!("#9 Zqxlast");
    for line in body["line_items"].as_array_mut().into_iter().flatten() {
        line["title"] = json!("Engraved: Zqxgift");
        line["properties"] = json!([{"name": "Zqxnote", "value": "77 Zqxstreet"}]);
        line["sku_of"] = json!("Zqxlast");
    }
    body.to_string().into_bytes()
}

fn every_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, look) } else { look(&path, &std::fs::read(&path).unwrap()) }
    }
}

fn holds(place: &[u8], word: &str) -> bool {
    let fold = |bytes: &[u8]| bytes.to_ascii_lowercase();
    let (place, word) = (fold(place), fold(word.as_bytes()));
    place.windows(word.len()).any(|window| window == word)
}

#[test]
fn law_6_neither_buyer_nor_secret_is_found_in_files_log_or_answers() {
    let mut world = World::new();
    world.log = "trace";
    world.write_settings(&world.settings());
    world.start();

    let post = |order: &crate::world::Order, company: &str, number: &str| {
        let mut delivery = world.ship(order, company, number);
        delivery.body = planted_deeper(&delivery.body);
        assert_eq!(world.post_body("fulfillments/create", &delivery.body), 200);
        delivery
    };
    let items = [("BOWL", 1)];
    let [sent, held, refused, forged, asked] = [Link::Tag, Link::Name, Link::Source, Link::Source, Link::Tag]
        .map(|l| world.order_with(l, &items, &plant()));
    let delivery = post(&sent, "UPS", "1Z999AA10123456784");
    post(&held, "Goose Post", "GP-8817261");
    world.amazon(
        "faults",
        &json!({"operation": "confirmShipment", "account": "south", "fault": "status", "status": 400}),
    );
    post(&refused, "USPS", "9400111899223197428490");
    let mut fake = world.ship(&forged, "UPS", "1Z999AA10123456784");
    fake.body = planted_deeper(&fake.body);
    assert_eq!(world.post(&fake), 401);
    for topic in ["customers/data_request", "customers/redact"] {
        let delivery = world.delivery("privacy", &json!({"topic": topic, "orders": [asked.shop]}));
        assert_eq!(world.post_body(topic, &planted_deeper(&delivery.body)), 200);
    }
    // What is no JSON, what is too large: kept by its hash, not by its text.
    assert_eq!(
        world.post_body("fulfillments/create", b"{\"order_id\": 5, \"email\": \"zqxbuyer@mail.example\""),
        200
    );
    let cancelled = world.order_with(Link::Source, &items, &plant());
    let body = world.delivery(&format!("orders/{}/cancel", cancelled.shop), &json!({})).body;
    assert_eq!(world.post_body("orders/cancelled", &planted_deeper(&body)), 200);
    // A revoked token: Amazon's own words about it go into a mail.
    world.wait(&sent, &["visible"]);
    world.wait(&held, &["held"]);
    until("what Amazon said", || world.states(&refused).iter().any(|s| s != "planned").then_some(()));
    world.amazon("revoke", &json!({"seller": "nord"}));
    let last = world.order_with(Link::Tag, &items, &plant());
    post(&last, "UPS", "1Z12345E0205271688");
    world.mails("nord", 1);
    world.mails("Goose Post", 1);

    let mut said = Vec::new();
    for args in [
        vec!["orders"],
        vec!["connections"],
        vec!["mail", "list"],
        vec!["map", "list"],
        vec!["sku", "list"],
        vec!["mail", "test"],
    ] {
        for json in [&["--json"][..], &[]] {
            let told = world.run(&[json, &args].concat());
            assert_eq!(told.code, Some(0), "{args:?}: {}", told.err);
            said.push((format!("{args:?}"), told.out + &told.err));
        }
    }
    for order in [&sent, &held, &refused, &cancelled] {
        let told = world.run(&["explain", &order.shop.to_string(), "--json"]);
        said.push((format!("explain {order:?}"), told.out + &told.err));
    }
    for mail in world.ask(&["mail", "list"]).as_array().unwrap() {
        let told = world.run(&["--json", "mail", "show", &mail["number"].to_string()]);
        said.push(("mail show".to_owned(), told.out));
    }
    // As a killed process leaves it: the write-ahead logs are there as well.
    let (out, err) = world.kill();
    assert!(err.len() > 10_000, "at level trace there is a lot to look through: {}", err.len());
    said.extend([("standard output".to_owned(), out), ("standard error".to_owned(), err)]);

    let issued = http::json(world.at, "GET", "/amazon/_sandbox/record", &Value::Null);
    assert!(issued["calls"]["token"].as_u64().unwrap() >= 2);
    let mut words: Vec<&str> = BUYER.to_vec();
    words.extend(world.secrets.values().map(String::as_str));
    // Access tokens as the stand-in, like Amazon, begins them.
    words.push("Atza|");
    let signature = &delivery.headers.iter().find(|(n, _)| n == "X-Shopify-Hmac-Sha256").unwrap().1;
    words.push(signature);

    let mut found = Vec::new();
    let mut files = 0;
    every_file(&world.data(), &mut |path, bytes| {
        files += 1;
        found.extend(words.iter().filter(|w| holds(bytes, w)).map(|w| format!("{w} in {}", path.display())));
    });
    assert!(files >= 4, "{files}");
    for (place, text) in &said {
        for word in &words {
            if holds(text.as_bytes(), word) {
                let line = text.lines().find(|line| holds(line.as_bytes(), word)).unwrap_or_default();
                found.push(format!("{word} in {place}: {}", line.chars().take(300).collect::<String>()));
            }
        }
    }
    assert!(found.is_empty(), "{} finds:\n{}", found.len(), found.join("\n"));
    // The sweep is not blind: what it looks through does hold what it should.
    assert!(said.iter().any(|(_, text)| text.contains("Goose Post")));
}
