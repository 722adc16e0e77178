//! `doctor` and `webhooks`, by the binary alone: while the system runs, and when it does not.

use serde_json::{Value, json};

use crate::http;
use crate::world::{Link, SHOP, World};

const UPS: &str = "1Z999AA10123456784";

fn subscriptions(world: &World) -> Vec<Value> {
    let all = http::json(world.at, "GET", &format!("/shopify/_sandbox/shops/{SHOP}/webhooks"), &Value::Null);
    all.as_array().unwrap().clone()
}

/// The checks of a report that are worse than good: whose and which.
fn findings(report: &Value) -> Vec<String> {
    let of = |whose: &str, checks: &Value| -> Vec<String> {
        let checks = checks.as_array().unwrap().iter().filter(|check| check["outcome"] != "good");
        checks
            .map(|c| format!("{whose} {} {}", c["check"].as_str().unwrap(), c["outcome"].as_str().unwrap()))
            .collect()
    };
    let mut all = of("system", &report["system"]);
    for one in report["connections"].as_array().unwrap() {
        all.extend(of(one["connection"].as_str().unwrap(), &one["checks"]));
    }
    all
}

#[test]
fn webhooks_are_registered_once_and_doctor_sees_what_is_wrong() {
    let mut world = World::served();
    let order = world.order(Link::Source, &[("JUG", 1)]);
    world.post(&world.ship(&order, "UPS", UPS));
    world.wait(&order, &["visible"]);
    let base = format!("http://{}", world.address.unwrap());

    // Nothing is subscribed to: the last webhook came by hand, as far as anybody can tell.
    let said = world.run(&["--json", "webhooks", "check", "--address", &base]);
    assert_eq!(said.code, Some(6), "{}{}", said.out, said.err);
    assert_eq!(said.json()[0]["topics"][0]["state"], "missing");
    assert!(said.err.contains("\"wrong\"") && said.err.contains("webhooks register kiln"), "{}", said.err);

    let made = world.ask(&["webhooks", "register", "kiln", "--address", &base]);
    assert_eq!(made[0]["changed"], 5, "{made}");
    let held = subscriptions(&world);
    assert_eq!(held.len(), 5);
    let url = format!("{base}{}", world.webhook);
    assert!(held.iter().all(|one| one["uri"] == url.as_str()), "where serve said that it listens: {held:?}");
    assert_eq!(world.ask(&["webhooks", "register", "--address", &base])[0]["changed"], 0);
    assert_eq!(subscriptions(&world), held);
    assert_eq!(world.run(&["webhooks", "check", "--address", &base]).code, Some(0));

    let healthy = world.ask(&["doctor", "--address", &base]);
    assert_eq!(findings(&healthy), ["system mail by_hand"], "{healthy}");
    assert_eq!(healthy["worst"], "by_hand");
    let one = world.ask(&["doctor", "kiln", "--address", &base]);
    assert_eq!(one["connections"].as_array().unwrap().len(), 1);

    // It needs no running system, and each code is the documented one.
    world.kill();
    world.shopify(&format!("shops/{SHOP}/token"), &json!({"access_token": null}));
    let said = world.run(&["--json", "doctor", "--address", &base]);
    assert_eq!(said.code, Some(6), "{}{}", said.out, said.err);
    assert!(findings(&said.json()).contains(&"kiln credentials bad".to_owned()), "{}", said.out);
    let plain = world.run(&["doctor", "--address", &base]);
    assert!(plain.out.contains("WRONG") && plain.out.contains("-> "), "{}", plain.out);
    for said in [&said, &plain] {
        for (name, secret) in &world.secrets {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{name} is printed");
        }
    }
    world.shopify(&format!("shops/{SHOP}/token"), &json!({"access_token": world.secrets["shop-token"]}));
    let paused = world.run(&["pause", "nord"]);
    assert_eq!(paused.code, Some(0), "{}", paused.err);
    let said = world.run(&["--json", "doctor", "--address", &base]);
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    assert!(findings(&said.json()).contains(&"nord state warning".to_owned()), "{}", said.out);
}

#[test]
fn what_cannot_be_looked_at_is_said_plainly() {
    let world = World::served();
    for (args, code, words) in [
        (&["webhooks", "register"][..], 4, "general.public_url"),
        (&["webhooks", "register", "--address", "http://parcels.example"], 4, "https only"),
        (&["webhooks", "register", "--address", "parcels"], 4, "cannot be where stores reach"),
        (&["webhooks", "check", "nobody"], 3, "kiln"),
        (&["doctor", "nobody"], 3, "kiln"),
    ] {
        let said = world.run(args);
        assert_eq!(said.code, Some(code), "{args:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(words), "{args:?}: {}", said.err);
    }
    assert!(subscriptions(&world).is_empty(), "nothing was made");
}
