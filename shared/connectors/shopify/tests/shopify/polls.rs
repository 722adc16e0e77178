//! Reading what changed.

use connector_api::{Cursor, FulfillmentPage, Store as _};
use connector_shopify::Shopify;
use domain::connection::Connection;
use serde_json::{Value, json};
use wiremock::matchers::body_partial_json;
use wiremock::{MockServer, ResponseTemplate};

use super::reads::{asks, at, ok};
use super::support::{Ports, fixture, fixture_json};

fn cursor(since: &str, page: Option<&str>) -> Cursor {
    Cursor { since: since.parse().unwrap(), page: page.map(str::to_owned) }
}

async fn poll(connection: &Connection, cursor: &Cursor) -> FulfillmentPage {
    Shopify.changed_fulfillments(Ports::new().reach(), connection, cursor).await.unwrap()
}

fn page(nodes: Value, after: Option<&str>) -> ResponseTemplate {
    let info = json!({"hasNextPage": after.is_some(), "endCursor": after});
    ok(json!({"data": {"orders": {"nodes": nodes, "pageInfo": info}}}))
}

#[tokio::test]
async fn what_changed_is_told_and_what_is_cut_short_or_odd_is_to_be_read() {
    let server = MockServer::start().await;
    asks("ChangedFulfillments")
        .and(body_partial_json(
            json!({"variables": {"query": "updated_at:>='2026-11-18T07:55:00Z'", "after": null}}),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(fixture("admin.changed")))
        .expect(1)
        .mount(&server)
        .await;
    let told = poll(&at(&server), &cursor("2026-11-18T08:00:00.75Z", None)).await;
    assert_eq!(told.next, cursor("2026-11-18T08:00:00.75Z", Some("2026-11-18T08:19:00Z|cGFnZTI")));
    insta::assert_json_snapshot!("changed", told.orders);
}

#[tokio::test]
async fn the_cursor_advances_only_when_the_poll_is_complete() {
    let server = MockServer::start().await;
    let node = fixture_json("admin.changed")["data"]["orders"]["nodes"][0].clone();
    for (after, answer) in [
        (json!(null), page(json!([node]), Some("p2"))),
        (json!("p2"), page(json!([]), Some("p3"))),
        (json!("p3"), page(json!([]), None)),
    ] {
        asks("ChangedFulfillments")
            .and(body_partial_json(
                json!({"variables": {"after": after, "query": "updated_at:>='2026-11-18T06:55:00Z'"}}),
            ))
            .respond_with(answer)
            .expect(1)
            .mount(&server)
            .await;
    }
    let start = cursor("2026-11-18T07:00:00Z", None);
    let one = poll(&at(&server), &start).await;
    assert_eq!(one.next.since, start.since);
    let two = poll(&at(&server), &one.next).await;
    assert_eq!(two.next.since, start.since);
    let three = poll(&at(&server), &two.next).await;
    assert_eq!(three.next, cursor("2026-11-18T08:15:00Z", None), "the latest change that any page told");
}

#[tokio::test]
async fn nothing_new_moves_nothing_and_never_back() {
    let server = MockServer::start().await;
    let mut old = fixture_json("admin.changed")["data"]["orders"]["nodes"][0].clone();
    old["updatedAt"] = json!("2026-11-18T08:56:00Z");
    asks("ChangedFulfillments").respond_with(page(json!([old]), None)).mount(&server).await;
    let start = cursor("2026-11-18T09:00:00Z", None);
    let told = poll(&at(&server), &start).await;
    assert_eq!(told.next, start);
    assert_eq!(told.orders.len(), 1, "the overlap is told again");
}

#[tokio::test]
async fn a_cursor_that_shopify_no_longer_takes_starts_over_from_the_latest_change() {
    let server = MockServer::start().await;
    asks("ChangedFulfillments")
        .respond_with(ok(json!({"errors": [{"message": "Invalid cursor for current pagination sort."}]})))
        .mount(&server)
        .await;
    let told = poll(&at(&server), &cursor("2026-11-18T09:00:00Z", Some("2026-11-18T09:30:00Z|old"))).await;
    assert_eq!(told.next, cursor("2026-11-18T09:30:00Z", None));
    let start = cursor("2026-11-18T09:00:00Z", None);
    assert!(Shopify.changed_fulfillments(Ports::new().reach(), &at(&server), &start).await.is_err());
}

#[tokio::test]
async fn an_order_without_an_id_fails_the_page_instead_of_being_dropped() {
    let server = MockServer::start().await;
    asks("ChangedFulfillments").respond_with(page(json!([{"name": "#1"}]), None)).mount(&server).await;
    let start = cursor("2026-11-18T09:00:00Z", None);
    let told = Shopify.changed_fulfillments(Ports::new().reach(), &at(&server), &start).await;
    assert!(told.unwrap_err().detail.contains("no id"));
}
