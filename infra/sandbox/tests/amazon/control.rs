//! The control requests, as a stranger would use them.

use http::Request;
use sandbox::amazon::{AmazonSandbox, Record, Settings};
use sandbox::{Outcome, Standin as _};
use serde_json::{Value, json};

use crate::common::*;
use crate::contract::{answer, body};

fn post(sandbox: &mut AmazonSandbox, path: &str, sent: &Value) -> (u16, Value) {
    let request = Request::post(format!("/_sandbox/{path}")).body(serde_json::to_vec(sent).unwrap()).unwrap();
    let response = answer(sandbox.handle(start(), &request));
    (response.status().as_u16(), body(&response))
}

fn record(sandbox: &mut AmazonSandbox) -> Record {
    let request = Request::get("/_sandbox/record").body(Vec::new()).unwrap();
    serde_json::from_slice(answer(sandbox.handle(start(), &request)).body()).unwrap()
}

#[test]
fn a_world_can_be_described_in_json() {
    let mut sandbox = AmazonSandbox::new();
    let seller =
        json!({ "seller": "ann", "client_id": "c", "client_secret": "s", "refresh_token": "Atzr|1" });
    let order = json!({
        "seller": "ann",
        "order_id": ORDER,
        "marketplace_id": MARKETPLACE,
        "items": [{ "sku": "MUG", "quantity": 2 }, { "order_item_id": "77", "sku": "TEA", "quantity": 1 }],
        "fulfilled_by": "MERCHANT",
        "status": "UNSHIPPED",
        "programs": ["PRIME"],
        "purchase_date": "2026-11-20T12:00:00Z",
        "ship_by": "2026-11-22T12:00:00Z",
        "packages": [{ "reference": "1", "carrier": "UPS", "tracking_number": "1Z1", "lines": { "77": 1 } }],
    });
    let fault =
        json!({ "operation": "getOrder", "account": "ann", "times": 2, "fault": "status", "status": 503 });
    for (path, sent) in [
        ("sellers", &seller),
        (
            "sellers",
            &json!([{ "seller": "bob", "client_id": "c", "client_secret": "s", "refresh_token": "Atzr|2" }]),
        ),
        ("orders", &order),
        ("faults", &fault),
        (
            "faults",
            &json!([{ "operation": "*", "fault": "lose_answer" }, { "operation": "token", "fault": "slow", "millis": 5 }]),
        ),
        ("settings", &json!({ "shows_after_seconds": 4 })),
        ("settings", &json!({ "limits": true })),
        ("revoke", &json!({ "seller": "ann" })),
        ("restore", &json!({ "seller": "ann", "refresh_token": "Atzr|3" })),
        ("expire", &json!({ "seller": "bob" })),
        (&format!("orders/{ORDER}"), &json!({ "cancel_items": ["77"], "cancel_requested": true })),
        (
            &format!("orders/{ORDER}"),
            &json!({ "package": { "reference": "2", "carrier": "UPS", "tracking_number": "1Z2", "lines": { ITEM: 1 } } }),
        ),
    ] {
        assert_eq!(post(&mut sandbox, path, sent), (200, json!({ "ok": true })), "{path} {sent}");
    }
    assert_eq!(sandbox.settings(), &Settings { shows_after_seconds: 4, limits: true, ..Settings::default() });
    let packages = record(&mut sandbox).packages;
    assert_eq!(packages.iter().map(|p| p.reference.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(post(&mut sandbox, "clear", &json!({})).0, 200);
    assert_eq!(record(&mut sandbox), Record::default());
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut sandbox = AmazonSandbox::new();
    sandbox.add_seller(seller("ann"));
    let order = |id: &str, seller: &str, items: Value| json!({ "seller": seller, "order_id": id, "marketplace_id": MARKETPLACE, "items": items });
    let mug = json!([{ "sku": "MUG", "quantity": 1 }]);
    for (path, sent, words) in [
        ("sellers", json!({ "seller": "x" }), "client_id"),
        ("orders", order("12", "ann", mug.clone()), "3, 7 and 7"),
        ("orders", order(ORDER, "zoe", mug.clone()), "no seller"),
        ("orders", order(ORDER, "ann", json!([])), "at least one item"),
        (
            "orders",
            order(
                ORDER,
                "ann",
                json!([{ "sku": "A", "quantity": 1, "order_item_id": "1" }, { "sku": "A", "quantity": 1, "order_item_id": "1" }]),
            ),
            "twice",
        ),
        ("orders", json!({ "seller": "ann", "typo": 1 }), "typo"),
        ("orders/702-0000009-0000009", json!({}), "no order"),
        ("faults", json!({ "operation": "getOrder", "fault": "explode" }), "explode"),
        ("settings", json!({ "speed": 1 }), "speed"),
        ("revoke", json!({ "seller": "zoe" }), "no seller"),
        ("dance", json!({}), "no control request"),
    ] {
        let (status, body) = post(&mut sandbox, path, &sent);
        assert_eq!(status, 400, "{path} {sent}");
        assert!(body["error"].as_str().unwrap().contains(words), "{path}: {body}");
    }
}

#[test]
fn any_request_gets_an_answer() {
    let mut sandbox = AmazonSandbox::new();
    for (verb, path) in [
        ("GET", "/"),
        ("PUT", "/_sandbox/"),
        ("POST", "/auth/o2/token"),
        ("GET", "/orders/2026-01-01/orders/%00"),
    ] {
        let request = Request::builder().method(verb).uri(path).body(vec![0xff, b'{']).unwrap();
        assert!(matches!(sandbox.handle(start(), &request), Outcome::Answer(_)), "{verb} {path}");
    }
}

#[test]
fn secrets_stay_out_of_debug() {
    let words = format!("{:?} {:?}", seller("ann"), AmazonSandbox::new());
    assert!(!words.contains("Atzr") && !words.contains("secret"), "{words}");
}
