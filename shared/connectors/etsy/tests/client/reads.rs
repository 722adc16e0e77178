//! `getShopReceipt`.

use connector_api::{Failure, MerchantAction, Reached};
use domain::marketplace_order::OrderStatus;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::common::*;

#[tokio::test]
async fn an_order_is_read() {
    let world = World::new().await;
    let text = include_str!("../../fixtures/receipt_paid.json");
    let body: Value = serde_json::from_str(text).unwrap();
    world.answers("GET", READ_PATH, ACCESS, ok(&body), 1).await;
    let answer = world.read().await.unwrap();
    assert_eq!((answer.value.status, answer.value.lines.len()), (OrderStatus::Open, 2));
    assert_eq!(answer.value.read_at.to_string(), "2026-11-21T12:00:00Z");
    assert_eq!(answer.value.marketplace.as_str(), "us");
    assert_eq!(answer.request_id.as_deref(), Some("req-1"));
}

#[tokio::test]
async fn refusals_and_bad_answers_are_sorted() {
    let maybe = |after| retryable(Reached::Maybe, after);
    let text = |status: u16, body: &str| ResponseTemplate::new(status).set_body_string(body);
    let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    for (name, answer, want) in [
        ("no such order", refusal(404, "Resource not found"), Failure::NotFound),
        ("HTML", text(200, "<html>"), maybe(None)),
        ("empty", text(200, ""), maybe(None)),
        ("cut short", text(200, r#"{"receipt_id":3700000001,"status":"Pa"#), maybe(None)),
        (
            "another order",
            ok(&{
                let mut other = receipt_with(json!([]), false);
                other["receipt_id"] = json!(1);
                other
            }),
            maybe(None),
        ),
        ("403 in HTML", text(403, "<html>denied"), maybe(Some(60))),
        ("a scope is missing", refusal(403, "requires scope transactions_r"), reconnect.clone()),
        ("failure_14: the shared secret is missing", refusal(403, "Shared secret is required"), reconnect),
    ] {
        let world = World::new().await;
        world.answers("GET", READ_PATH, ACCESS, answer, 1).await;
        assert_eq!(world.read().await.unwrap_err().failure, want, "{name}");
    }
}

#[tokio::test]
async fn a_gigantic_order_is_read() {
    let world = World::new().await;
    let mut receipt = receipt_with(json!([]), false);
    let lines = (1..=20_000).map(|n| json!({ "transaction_id": n, "sku": format!("S{n}"), "quantity": 1 }));
    receipt["transactions"] = Value::Array(lines.collect());
    world.answers("GET", READ_PATH, ACCESS, ok(&receipt), 1).await;
    assert_eq!(world.read().await.unwrap().value.lines.len(), 20_000);
}
