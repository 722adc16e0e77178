//! getOrders: one filter, pages that overlap, clocks that differ.

use connector_api::{Cursor, Failure};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::common::*;

fn page(orders: &[Value], total: u32, next: bool) -> ResponseTemplate {
    let mut body = json!({ "orders": orders, "total": total, "limit": 200, "offset": 0 });
    if next {
        body["next"] = json!("https://thief.example/next");
    }
    ResponseTemplate::new(200).set_body_json(body)
}

fn query(request: &wiremock::Request) -> Vec<(String, String)> {
    request.url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}

#[tokio::test]
async fn failures_21_and_22_one_filter_by_the_date_of_change_encoded_and_nothing_else() {
    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, page(&[order()], 1, false), 1).await;
    let answer = world.poll(&since("2026-11-21T11:00:00Z")).await.unwrap().value;
    assert_eq!(answer.orders.len(), 1);
    assert_eq!(answer.next, since("2026-11-21T12:00:00Z"));
    let [sent] = &world.requests(LIST_PATH).await[..] else { unreachable!() };
    assert_eq!(
        query(sent),
        [("filter", "lastmodifieddate:[2026-11-21T10:30:00.000Z..]"), ("limit", "200"), ("offset", "0"),]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    let raw = sent.url.query().unwrap();
    assert!(
        raw.contains("%5B2026-11-21T10%3A30%3A00.000Z..%5D") && !raw.contains(['[', ']', '{', '|']),
        "{raw}"
    );
}

#[tokio::test]
async fn failure_22_pages_overlap_so_that_orders_which_move_are_not_stepped_over() {
    let world = World::new().await;
    let body: Value = serde_json::from_str(include_str!("../../fixtures/list_page.json")).unwrap();
    let answer = ResponseTemplate::new(200).set_body_json(&body);
    world.answers("GET", LIST_PATH, ACCESS, answer, 1).await;
    let first = world.poll(&since("2026-11-21T11:00:00Z")).await.unwrap().value;
    let ids: Vec<&str> = first.orders.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["12-00000-00010", "12-00000-00012"], "the broken one between them spoils nothing");
    assert_eq!(first.next.since, since("2026-11-21T11:00:00Z").since, "not before all pages are read");

    world.server.reset().await;
    world.clock.advance(std::time::Duration::from_secs(60));
    let many: Vec<Value> = (0..200).map(|_| order()).collect();
    world.answers("GET", LIST_PATH, ACCESS, page(&many, 453, true), 1).await;
    let second = world.poll(&first.next).await.unwrap().value;
    let sent = world.requests(LIST_PATH).await;
    assert_eq!(query(&sent[0])[2].1, "3", "no further than the page was long");
    assert_eq!(query(&sent[0])[0].1, "lastmodifieddate:[2026-11-21T10:30:00.000Z..]", "the same question");

    world.server.reset().await;
    world.answers("GET", LIST_PATH, ACCESS, page(&[order()], 154, false), 1).await;
    let third = world.poll(&second.next).await.unwrap().value;
    let sent = world.requests(LIST_PATH).await;
    assert_eq!(query(&sent[0])[2].1, "153", "a quarter of a page is read twice");
    assert_eq!(third.next, since("2026-11-21T12:00:00Z"), "the first page's time, not the last's");
}

#[tokio::test]
async fn an_empty_page_ends_a_poll_whatever_it_says() {
    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, page(&[], 900, true), 1).await;
    assert_eq!(world.poll(&since("2026-11-21T11:00:00Z")).await.unwrap().value.next.page, None);
}

#[tokio::test]
async fn a_page_that_is_refused_starts_the_poll_over_once() {
    let world = World::new().await;
    let going_on = r#"{"after":"2026-11-21T10:30:00Z","edge":"2026-11-21T11:59:00Z","offset":150}"#;
    let cursor = Cursor { page: Some(going_on.to_owned()), ..since("2026-11-21T11:00:00Z") };
    world.answers("GET", LIST_PATH, ACCESS, refusal(400, 31000, "Invalid offset"), 2).await;
    let error = world.poll(&cursor).await.unwrap_err();
    assert_eq!(error.failure, rejected("31000"));
    let sent = world.requests(LIST_PATH).await;
    assert_eq!(sent.iter().map(|r| query(r)[2].1.clone()).collect::<Vec<_>>(), ["150", "0"]);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_starts_over() {
    let world = World::new().await;
    world.answers("GET", LIST_PATH, ACCESS, page(&[order()], 1, false), 1).await;
    let cursor = Cursor { page: Some("{".to_owned()), ..since("2026-11-21T11:00:00Z") };
    assert_eq!(world.poll(&cursor).await.unwrap().value.orders.len(), 1);
}

#[tokio::test]
async fn orders_of_other_sites_are_left_out_where_the_connection_is_for_one() {
    let mut world = World::new().await;
    world.option("marketplace_id", "EBAY_DE");
    let body = ResponseTemplate::new(200).set_body_raw(
        include_str!("../../fixtures/list_page.json").replace("\"next\"", "\"x\"").replace("450", "3"),
        "application/json",
    );
    world.answers("GET", LIST_PATH, ACCESS, body, 1).await;
    let found = world.poll(&since("2026-11-21T11:00:00Z")).await.unwrap().value;
    assert_eq!(found.orders.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["12-00000-00012"]);
    assert_eq!(found.next.page, None);
}

#[tokio::test]
async fn bad_lists_are_told_apart() {
    for (name, answer, want) in [
        ("HTML", html(200), maybe()),
        ("an empty 200", ResponseTemplate::new(200), maybe()),
        ("no list", ResponseTemplate::new(200).set_body_json(json!({ "total": 0 })), maybe()),
        ("refused", refusal(400, 30830, "Time range"), rejected("30830")),
        ("throttled", refusal(429, 2001, "slow"), Failure::Throttled { after: None }),
        ("overload", html(502), maybe()),
    ] {
        let world = World::new().await;
        world.answers("GET", LIST_PATH, ACCESS, answer, 1).await;
        assert_eq!(world.poll(&since("2026-11-21T11:00:00Z")).await.unwrap_err().failure, want, "{name}");
    }
}
