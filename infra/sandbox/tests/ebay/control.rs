//! The control requests, as a stranger would use them.

use http::Request;
use sandbox::ebay::{EbaySandbox, Record, Settings, SignedPost};
use sandbox::{Outcome, Standin as _};
use serde_json::{Value, json};

use crate::common::*;
use crate::contract::{answer, body};

fn post(sandbox: &mut EbaySandbox, path: &str, sent: &Value) -> (u16, Value) {
    let request = Request::post(format!("/_sandbox/{path}")).body(serde_json::to_vec(sent).unwrap()).unwrap();
    let response = answer(sandbox.handle(start(), &request));
    (response.status().as_u16(), body(&response))
}

#[test]
fn a_world_can_be_described_in_json() {
    let mut sandbox = EbaySandbox::new();
    let seller =
        |name: &str| json!({ "seller": name, "client_id": "c", "client_secret": "s", "refresh_token": name });
    let described = json!({
        "seller": "ann", "order_id": ORDER, "marketplace_id": MARKETPLACE, "payment_status": "PAID", "to_hub": true,
        "items": [{ "sku": "MUG", "quantity": 2, "ship_by": "2026-11-22T12:00:00Z" }, { "line_item_id": "77", "sku": "TEA", "quantity": 1 }],
        "program": { "ebayInternationalShipping": {} }, "creation_date": "2026-11-20T12:00:00Z",
        "fulfillments": [{ "carrier_code": "UPS", "tracking_number": "1Z1", "lines": ["77"] }],
    });
    for (path, sent) in [
        ("sellers", seller("ann")),
        ("sellers", json!([seller("bob")])),
        ("orders", described),
        ("faults", json!({ "operation": "getOrder", "account": "ann", "fault": "status", "status": 503 })),
        (
            "mishaps",
            json!([{ "operation": "*", "mishap": "empty" }, { "operation": "getOrder", "times": 2, "mishap": "refuse", "status": 400, "error_id": 32300, "message": "no" }]),
        ),
        ("settings", json!({ "shows_after_seconds": 4 })),
        ("settings", json!({ "digest": "SHA256" })),
        ("revoke", json!({ "seller": "ann" })),
        ("restore", json!({ "seller": "ann", "refresh_token": "x", "scopes": ["sell.fulfillment"] })),
        ("expire", json!({ "seller": "bob" })),
        (&format!("orders/{ORDER}"), json!({ "cancel_state": "IN_PROGRESS", "remove": "1Z1" })),
        (&format!("orders/{ORDER}"), json!({ "fulfillment": { "lines": [LINE] } })),
        ("clear", json!({ "what": "faults" })),
    ] {
        assert_eq!(post(&mut sandbox, path, &sent), (200, json!({ "ok": true })), "{path} {sent}");
    }
    assert_eq!(
        sandbox.settings(),
        &Settings { shows_after_seconds: 4, digest: "SHA256".into(), ..Settings::default() }
    );
    for sent in [json!({ "order": ORDER }), json!({ "closed": { "username": "u", "user_id": "i" } })] {
        let (status, answered) = post(&mut sandbox, "posts", &sent);
        assert_eq!(status, 200, "{answered}");
        let posts: Vec<SignedPost> = serde_json::from_value(answered["posts"].clone()).unwrap();
        assert!(posts.iter().all(|post| post.headers.contains_key("x-ebay-signature")));
    }
    assert_eq!(post(&mut sandbox, "clear", &json!({})).0, 200);
    assert_eq!(sandbox.record(), Record::default());
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut sandbox = EbaySandbox::new();
    sandbox.add_seller(seller("ann"));
    let order = |id: &str, seller: &str, items: Value| json!({ "seller": seller, "order_id": id, "marketplace_id": MARKETPLACE, "items": items });
    let mug = json!([{ "sku": "MUG", "quantity": 1 }]);
    for (path, sent, words) in [
        ("sellers", json!({ "seller": "x" }), "client_id"),
        ("orders", order("1/2", "ann", mug.clone()), "no id"),
        ("orders", order(ORDER, "zoe", mug.clone()), "no seller"),
        ("orders", order(ORDER, "ann", json!([])), "at least one item"),
        (
            "orders",
            order(
                ORDER,
                "ann",
                json!([{ "sku": "A", "quantity": 1, "line_item_id": "1" }, { "sku": "A", "quantity": 1, "line_item_id": "1" }]),
            ),
            "twice",
        ),
        ("orders", json!({ "seller": "ann", "typo": 1 }), "typo"),
        ("orders/14-9", json!({}), "no order"),
        ("mishaps", json!({ "operation": "getOrder", "mishap": "explode" }), "explode"),
        ("posts", json!({ "order": "14-9" }), "no order"),
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
    let mut sandbox = EbaySandbox::new();
    for (verb, path) in [
        ("GET", "/"),
        ("PUT", "/_sandbox/"),
        ("POST", "/identity/v1/oauth2/token"),
        ("GET", "/sell/fulfillment/v1/order/%00"),
        ("PATCH", "/commerce/notification/v1/destination"),
    ] {
        let request = Request::builder().method(verb).uri(path).body(vec![0xff, b'{']).unwrap();
        assert!(matches!(sandbox.handle(start(), &request), Outcome::Answer(_)), "{verb} {path}");
    }
}

#[test]
fn secrets_stay_out_of_debug() {
    let words = format!("{:?} {:?}", seller("ann"), EbaySandbox::new());
    assert!(!words.contains("v^1.1") && !words.contains("the-key"), "{words}");
}
