//! The command line against a running system, from processes of its own.

use serde_json::{Value, json};

use crate::http;
use crate::world::{Link, World};

const UPS: &str = "1Z999AA10123456784";

/// That every row of a list, or the object itself, has these fields.
#[track_caller]
fn has(what: &str, answer: &Value, fields: &str) {
    let rows: Vec<&Value> = answer.as_array().map_or_else(|| vec![answer], |rows| rows.iter().collect());
    assert!(!rows.is_empty(), "{what}: nothing to look at");
    for row in rows {
        for field in fields.split(' ') {
            assert!(row.get(field).is_some(), "{what}: no {field} in {row}");
        }
    }
}

#[track_caller]
fn ends(world: &World, args: &[&str], code: i32, error: &str) {
    let said = world.run(&[&["--json"], args].concat());
    assert_eq!(said.code, Some(code), "{args:?}: {}{}", said.out, said.err);
    let told: Value =
        serde_json::from_str(said.err.trim()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", said.err));
    assert_eq!(told["error"], error, "{args:?}");
    assert!(told["message"].as_str().is_some_and(|m| !m.is_empty()), "{args:?}: {told}");
    assert_eq!(said.out, "", "{args:?}");
    let plain = world.run(args);
    assert_eq!(plain.code, Some(code), "{args:?}: {}", plain.err);
    assert!(!plain.err.trim().is_empty(), "{args:?}");
}

#[test]
fn answers_release_what_was_held_for_them() {
    let world = World::served();
    let carrier = world.order(Link::Source, &[("JUG", 1)]);
    world.post(&world.ship(&carrier, "Goose Post", "GP-1"));
    let line = world.order_with(
        Link::Tag,
        &[("JUG-X", 1), ("JUG-Y", 1)],
        &json!({
            "lines": [{"sku": "JUG-A", "quantity": 1}, {"sku": "JUG-Y", "quantity": 1}],
        }),
    );
    let part = json!({"company": "UPS", "numbers": [UPS], "lines": [{"sku": "JUG-A", "quantity": 1}]});
    world.post(&world.ship_with(&line, &part).1);
    world.wait(&carrier, &["held"]);
    world.wait(&line, &["held"]);
    let held = world.ask(&["orders", "--state", "held"]);
    has(
        "orders",
        &held,
        "merchant marketplace connection marketplace_order store_connection store_order \
        store_order_name package tracking_number carrier state cause reason deadline",
    );
    let mut causes: Vec<&str> =
        held.as_array().unwrap().iter().map(|r| r["cause"].as_str().unwrap()).collect();
    causes.sort_unstable();
    assert_eq!(causes, ["carrier_unmapped", "line_unclear"]);
    world.mails("Goose Post", 1);

    ends(&world, &["map", "set", "Goose Post", "NOT-A-CODE", "--account", "south-7"], 4, "refused");
    ends(&world, &["map", "set", "Goose Post", "UPS", "--account", "nobody"], 3, "not_found");
    let set = world.ask(&["map", "set", "goose  POST", "4PX", "--account", "south-7"]);
    has(
        "map set",
        &set,
        "merchant scope text code name service unlisted version set_at set_by warning released",
    );
    assert_eq!(set["scope"], "account:south-7");
    let set = world.ask(&["sku", "set", "JUG-A", "JUG-X", "--account", "nord"]);
    has("sku set", &set, "merchant connection store_sku marketplace_sku version set_at set_by released");
    world.wait(&carrier, &["visible"]);
    world.wait(&line, &["visible"]);
    assert_eq!(world.shown(&carrier), ["GP-1 4PX 1 in 1"]);
    assert_eq!(world.shown(&line), [format!("{UPS} UPS 1 in 1")]);
    has("map list", &world.ask(&["map", "list"]), "merchant scope text code");
    has("sku list", &world.ask(&["sku", "list"]), "merchant connection store_sku marketplace_sku");
    // Asked once, and told once that it is settled.
    let mails = world.mails("Goose Post", 2);
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert!(world.run(&["map", "remove", "Goose Post", "--account", "south-7"]).code == Some(0));
    ends(&world, &["map", "remove", "Goose Post", "--account", "south-7"], 3, "not_found");
}

#[test]
fn decisions_pauses_and_retries_are_heard_by_the_running_system() {
    let world = World::served();
    let paused = world.ask(&["pause", "south-7"]);
    has("pause", &paused, "connection merchant before now changed");
    let waiting = world.order(Link::Source, &[("JUG", 1)]);
    world.post(&world.ship(&waiting, "UPS", UPS));
    let going = world.order(Link::Tag, &[("JUG", 1)]);
    world.post(&world.ship(&going, "USPS", "9400111899223197428490"));
    world.wait(&going, &["visible"]);
    assert!(world.shown(&waiting).is_empty(), "nothing goes to a paused account");
    let connections = world.ask(&["connections"]);
    has(
        "connections",
        &connections,
        "id merchant kind role activity why since sync started_at last_webhook \
        last_poll last_confirmation credentials_expire_at waiting needs_attention time_zone",
    );
    let of = |id: &str| connections.as_array().unwrap().iter().find(|c| c["id"] == id).unwrap().clone();
    assert_eq!(of("south-7")["activity"], "paused");
    assert!(of("kiln")["last_webhook"].is_string() && of("nord")["last_confirmation"].is_string());
    let again = world.ask(&["pause", "south-7"]);
    assert_eq!(again["changed"], false);
    assert_eq!(world.ask(&["resume", "south-7"])["now"], "active");
    world.wait(&waiting, &["visible"]);
    ends(&world, &["pause", "atlantis"], 3, "not_found");

    // One order by its store name, its store id, its Amazon id and its number, however written.
    for spelling in [&waiting.name, &waiting.shop.to_string(), &waiting.amazon, "1z 999aa1 0123456784"] {
        let told = world.ask(&["explain", spelling]);
        has("explain", &told, "asked merchant time_zone marketplace_order store_orders packages events");
        assert_eq!(told["marketplace_order"]["order"], waiting.amazon.as_str(), "{spelling}");
        has(
            "explain's order",
            &told["marketplace_order"],
            "connection marketplace order status fulfilled_by \
            ordered_at deadline read_at not_found_since lines shown",
        );
        has(
            "explain's store orders",
            &told["store_orders"],
            "connection order name link to_be_read cancelled_at fulfillments next",
        );
        has(
            "explain's packages",
            &told["packages"],
            "package reference tracking_number carrier sent_carrier \
            lines version confirmed_version state cause reason waits_for next_look ruling attempts failures \
            deadline alert_open next",
        );
        has("explain's events", &told["events"], "at about what");
    }
    ends(&world, &["explain", "no-such-order"], 3, "not_found");

    // Four held parcels, four decisions.
    let held: Vec<_> = (0..4_u8)
        .map(|n| {
            let order = world.order(Link::Name, &[("JUG", 1)]);
            world.post(&world.ship(&order, "Goose Post", &format!("GP-10{n}")));
            order
        })
        .collect();
    for order in &held {
        world.wait(order, &["held"]);
    }
    ends(&world, &["hold", &held[0].amazon, "ignore"], 2, "usage");
    ends(&world, &["hold", "nothing", "not-ours"], 3, "not_found");
    let done = world.ask(&["hold", &held[0].amazon, "ignore", "--reason", "a gift"]);
    has("hold", &done, "marketplace_order store_order package state action");
    world.ask(&["hold", &held[1].amazon, "not-ours"]);
    world.ask(&["hold", &held[2].amazon, "confirmed-by-hand"]);
    for order in &held[..3] {
        world.wait(order, &["not_ours"]);
        assert!(world.shown(order).is_empty());
    }
    // The last one is mapped behind its back, then tried again by hand: to no harm.
    world.ask(&["map", "set", "Goose Post", "4PX", "--account", "south-7"]);
    let tried = world.ask(&["retry", &held[3].amazon]);
    has("retry", &tried, "package store_order before after what");
    world.wait(&held[3], &["visible"]);
    assert_eq!(world.shown(&held[3]), ["GP-103 4PX 1 in 1"]);
    for order in &held[..3] {
        assert!(world.shown(order).is_empty(), "decided is decided");
    }
    has("retry", &world.ask(&["retry", "--dead-letters"]), "queue messages");

    let tested = world.ask(&["mail", "test"]);
    has("mail test", &tested, "connection to");
    has("mail list", &world.ask(&["mail", "list"]), "number id kept_at to subject handed_on");
    has("mail show", &world.ask(&["mail", "show", "1"]), "number id kept_at to subject text html");
    ends(&world, &["mail", "show", "9999"], 3, "not_found");
    ends(&world, &["orders", "--state", "lost"], 2, "usage");
    ends(&world, &["frobnicate"], 2, "usage");
}

#[test]
fn verify_says_whether_a_signature_fits_and_why_not() {
    let world = World::new();
    let body = br#"{"id":9007199254740995, "note":"caf\u00e9"}"#;
    let file = world.settings_path().with_file_name("body.json");
    std::fs::write(&file, body).unwrap();
    let file = file.to_str().unwrap();
    let good = http::signature(&world.secrets["webhook"], body);
    let verify = |file: &str, signature: &str| {
        let said = world.run(&[
            "--json",
            "verify",
            "--connection",
            "kiln",
            "--body",
            file,
            "--signature",
            signature,
        ]);
        let told = if said.out.is_empty() { panic!("{}", said.err) } else { said.json() };
        has("verify", &told, "genuine diagnosis sentence body_bytes secrets_tried topic");
        for secret in world.secrets.values() {
            assert!(!said.out.contains(secret.as_str()) && !said.err.contains(secret.as_str()));
        }
        (said.code, told["diagnosis"].as_str().unwrap().to_owned())
    };
    assert_eq!(verify(file, &good), (Some(0), "genuine".to_owned()));
    let old = http::signature(&world.secrets["old-webhook"], body);
    assert_eq!(verify(file, &old), (Some(0), "genuine".to_owned()));
    let hex = {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(&good).unwrap();
        bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    assert_eq!(verify(file, &hex).0, Some(4));
    assert_eq!(verify(file, &hex).1, "hex_instead_of_base64");
    assert_eq!(verify(file, &http::signature("another", body)), (Some(4), "no_match".to_owned()));
    // Parsed and written anew: the commonest mistake of all.
    let anew = serde_json::from_slice::<Value>(body).unwrap().to_string();
    let other = world.settings_path().with_file_name("anew.json");
    std::fs::write(&other, &anew).unwrap();
    let (code, diagnosis) = verify(other.to_str().unwrap(), &good);
    assert_eq!(code, Some(4), "{diagnosis}");
    ends(&world, &["verify", "--connection", "nobody", "--body", file, "--signature", &good], 3, "not_found");
    ends(
        &world,
        &["verify", "--connection", "kiln", "--body", "/no/such/file", "--signature", &good],
        3,
        "not_found",
    );
}
