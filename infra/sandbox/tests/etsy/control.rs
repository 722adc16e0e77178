//! The stand-in by itself: its control requests, over HTTP.

use http::Request;
use ports::Transport as _;
use serde_json::{Value, json};

use crate::common::*;

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/_sandbox/{path}", world.address);
    let request = Request::post(url).body(body.to_string().into_bytes()).unwrap();
    let answer = world.transport.send(request).await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

#[tokio::test]
async fn a_world_is_made_and_changed_by_requests() {
    let world = World::new().await;
    let shop = json!({
        "shop": 99, "user": 990, "country": "de", "keystring": "k", "shared_secret": "s", "refresh_token": "990.a",
        "webhook_secrets": [WEBHOOK],
    });
    let receipt = json!({ "shop": 99, "receipt_id": 5, "lines": [{ "quantity": 1 }] });
    for (path, body) in [
        ("shops", shop),
        ("receipts", json!([receipt])),
        ("receipts/5", json!({ "row": { "tracking_code": "1Z", "carrier_name": "ups" } })),
        ("faults", json!({ "operation": "token", "fault": "throttle" })),
        ("spoil", json!({ "operation": "getShopReceipt", "how": "truncated" })),
        ("expire", json!({ "shop": 99 })),
        ("revoke", json!({ "shop": 99 })),
        ("restore", json!({ "shop": 99, "refresh_token": "990.b" })),
        ("access", json!({ "shop": 99, "closed": true })),
        ("settings", json!({ "per_day": 100 })),
        ("clear", json!({ "what": "faults" })),
    ] {
        assert_eq!(post(&world, path, &body).await, (200, json!({ "ok": true })), "{path}");
    }
    let (status, delivery) =
        post(&world, "webhooks", &json!({ "shop": 99, "event": "order.paid", "receipt": 5 })).await;
    assert_eq!(status, 200);
    assert!(delivery["body"].as_str().unwrap().contains("/shops/99/receipts/5"), "{delivery}");
    assert_eq!(world.sandbox().settings().per_day, 100);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let world = World::new().await;
    for (path, body) in [
        ("nothing", json!({})),
        ("receipts", json!({ "shop": 1, "receipt_id": 5, "lines": [{ "quantity": 1 }] })),
        ("receipts", json!({ "shop": 77, "receipt_id": 0, "lines": [] })),
        ("receipts/9", json!({})),
        ("receipts/x", json!({})),
        ("revoke", json!({ "shop": 1 })),
        ("settings", json!({ "per_dai": 1 })),
        ("shops", json!({ "shop": "x" })),
    ] {
        let (status, words) = post(&world, path, &body).await;
        assert_eq!(status, 400, "{path} {body}");
        assert!(words["error"].is_string(), "{words}");
    }
}
