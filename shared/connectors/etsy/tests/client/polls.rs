//! `getShopReceipts`.

use connector_api::{Cursor, Failure};
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

fn since() -> Cursor {
    Cursor { since: "2026-11-21T11:00:00Z".parse().unwrap(), page: None }
}

fn page(rows: impl IntoIterator<Item = Value>) -> ResponseTemplate {
    let rows: Vec<Value> = rows.into_iter().collect();
    ok(&json!({ "count": rows.len(), "results": rows }))
}

/// A receipt that changed then.
fn changed(id: u64, at: i64) -> Value {
    let mut receipt = receipt_with(json!([]), false);
    receipt["receipt_id"] = json!(id);
    receipt["updated_timestamp"] = json!(at);
    receipt
}

/// The end of a poll is the earlier of both clocks; the next one looks ten minutes further back.
#[tokio::test]
async fn a_poll_looks_at_what_changed_and_then_at_what_was_cancelled() {
    let world = World::new().await;
    let from = since().since.as_second() - 600;
    let plain = Mock::given(method("GET"))
        .and(path(LIST_PATH))
        .and(query_param("min_last_modified", from.to_string()))
        .and(query_param("sort_on", "updated"))
        .and(query_param("sort_order", "asc"))
        .and(query_param("limit", "100"))
        .and(query_param("offset", "0"))
        .and(query_param_is_missing("was_canceled"));
    let text = include_str!("../../fixtures/page.json");
    let body: Value = serde_json::from_str(text).unwrap();
    let dated = ok(&body).insert_header("date", "Sat, 21 Nov 2026 11:58:00 GMT");
    plain.respond_with(dated).expect(1).mount(&world.server).await;
    let cancelled = Mock::given(method("GET"))
        .and(path(LIST_PATH))
        .and(query_param("min_last_modified", from.to_string()))
        .and(query_param("was_canceled", "true"));
    let mut gone = changed(3_700_000_004, from + 5);
    gone["status"] = json!("Canceled");
    cancelled.respond_with(page([gone])).expect(1).mount(&world.server).await;

    let first = world.poll(&since()).await.unwrap().value;
    let ids = |orders: &[(domain::ids::MarketplaceOrderId, _)]| {
        orders.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first.orders), ["3700000001", "3700000002"], "the broken one stops no other");
    assert!(first.next.page.is_some() && first.next.since == since().since);
    let second = world.poll(&first.next).await.unwrap().value;
    assert_eq!(ids(&second.orders), ["3700000004"]);
    let theirs: Timestamp = "2026-11-21T11:58:00Z".parse().unwrap();
    assert_eq!(second.next, Cursor { since: theirs, page: None });
}

#[tokio::test]
async fn a_full_page_goes_on_from_its_last_second() {
    let world = World::new().await;
    let from = since().since.as_second() - 600;
    let rows = (0..100).map(|n| changed(3_700_000_000 + n, from + 1 + i64::try_from(n).unwrap()));
    let first = Mock::given(path(LIST_PATH)).and(query_param("min_last_modified", from.to_string()));
    first.respond_with(page(rows)).expect(1).mount(&world.server).await;
    let next = Mock::given(path(LIST_PATH)).and(query_param("min_last_modified", (from + 100).to_string()));
    next.and(query_param("offset", "0")).respond_with(page([])).expect(1).mount(&world.server).await;
    let one = world.poll(&since()).await.unwrap().value;
    assert_eq!(one.orders.len(), 100);
    let two = world.poll(&one.next).await.unwrap().value;
    assert!(two.orders.is_empty() && two.next.page.is_some(), "cancelled ones are still to come");
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_starts_over_and_an_answer_that_cannot_is_no_end() {
    let world = World::new().await;
    let lost = Cursor { page: Some("nonsense".into()), ..since() };
    world.answers("GET", LIST_PATH, ACCESS, page([]), 1).await;
    assert!(world.poll(&lost).await.unwrap().value.next.page.is_some());
    for body in ["", "<html>", "{}", r#"{"count":1}"#, r#"{"count":1,"results":"#] {
        let world = World::new().await;
        let answer = ResponseTemplate::new(200).set_body_string(body);
        world.answers("GET", LIST_PATH, ACCESS, answer, 1).await;
        let error = world.poll(&since()).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Retryable { .. }), "{body:?}: {error}");
    }
}
