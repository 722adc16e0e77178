use connector_api::{Cursor, Failure, Reached};
use domain::marketplace_order::FulfilledBy;
use jiff::Timestamp;
use serde_json::json;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn since(text: &str) -> Cursor {
    Cursor { since: at(text), page: None }
}

fn empty(edge: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "orders": [], "lastUpdatedBefore": edge }))
}

#[tokio::test]
async fn pages_are_asked_for_with_all_parameters_unchanged() {
    let world = World::new().await;
    let question = || {
        Mock::given(method("GET"))
            .and(path(SEARCH_PATH))
            .and(query_param("lastUpdatedAfter", "2026-11-18T08:55:00Z"))
            .and(query_param("fulfilledBy", "MERCHANT"))
            .and(query_param("maxResultsPerPage", "100"))
            .and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
            .and(query_param_is_missing("marketplaceIds"))
    };
    question()
        .and(query_param_is_missing("paginationToken"))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(include_str!("../../fixtures/search_page.json")),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    question()
        .and(query_param("paginationToken", "next/+= token"))
        .respond_with(empty("2026-11-18T10:09:00Z"))
        .expect(1)
        .mount(&world.server)
        .await;
    let start = since("2026-11-18T09:00:00Z");
    let first = world.poll(&start).await.unwrap().value;
    let ids: Vec<&str> = first.orders.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["701-0000010-0000001", "701-0000012-0000001"], "one bad order spoils only itself");
    // The question was for the merchant's orders, so an answer that leaves it out still says it.
    assert!(first.orders.iter().all(|(_, facts)| facts.fulfilled_by == FulfilledBy::Merchant));
    assert_eq!(first.next.since, start.since, "not before the last page is seen");
    assert!(first.next.page.is_some());

    // The cursor survives being kept.
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&first.next).unwrap()).unwrap();
    world.clock.advance(std::time::Duration::from_secs(600));
    let second = world.poll(&kept).await.unwrap().value;
    assert_eq!(second.next, since("2026-11-18T10:00:00Z"), "the first page's edge: the last one's is later");
}

#[tokio::test]
async fn a_403_that_is_about_the_proceeds_starts_the_poll_over_without_them() {
    let mut world = World::new().await;
    world.connection.reversals.refund = true;
    let page = json!({ "after": "2026-11-18T08:00:00Z", "edge": "2026-11-18T09:00:00Z",
        "optional": "with_proceeds", "token": "old" });
    Mock::given(path(SEARCH_PATH))
        .and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION,PROCEEDS"))
        .and(query_param("paginationToken", "old"))
        .respond_with(refusal(403, "Unauthorized", "Access to requested resource is denied.", ""))
        .expect(1)
        .mount(&world.server)
        .await;
    let without = || {
        Mock::given(path(SEARCH_PATH)).and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
    };
    without()
        .and(query_param_is_missing("paginationToken"))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(include_str!("../../fixtures/search_page.json")),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    // Further pages stay without them: the question must not change from page to page.
    without()
        .and(query_param("paginationToken", "next/+= token"))
        .respond_with(empty("2026-11-18T10:00:00Z"))
        .expect(1)
        .mount(&world.server)
        .await;
    let start = Cursor { since: at("2026-11-18T09:00:00Z"), page: Some(page.to_string()) };
    let first = world.poll(&start).await.unwrap().value;
    world.poll(&first.next).await.unwrap();
}

#[tokio::test]
async fn a_restricted_connection_asks_for_its_marketplace_alone() {
    let mut world = World::new().await;
    world.connection.options.insert("marketplace_id".into(), "A2EUQ1WTGCTBG2".into());
    Mock::given(method("GET"))
        .and(path(SEARCH_PATH))
        .and(query_param("marketplaceIds", "A2EUQ1WTGCTBG2"))
        .respond_with(empty("2026-11-18T10:00:00Z"))
        .expect(1)
        .mount(&world.server)
        .await;
    world.poll(&since("2026-11-18T09:00:00Z")).await.unwrap();
}

#[tokio::test]
async fn without_amazons_upper_edge_three_minutes_ago_counts_as_seen() {
    let world = World::new().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "orders": [] }));
    world.answers("GET", SEARCH_PATH, ACCESS, answer, 1).await;
    let page = world.poll(&since("2026-11-18T09:00:00Z")).await.unwrap().value;
    assert_eq!(page.next, since("2026-11-21T11:57:00Z"));
}

#[tokio::test]
async fn a_cursor_ahead_of_the_clock_does_not_ask_for_the_future() {
    let world = World::new().await;
    Mock::given(path(SEARCH_PATH))
        .and(query_param("lastUpdatedAfter", "2026-11-21T11:52:00Z"))
        .respond_with(empty("2026-11-21T11:58:00Z"))
        .expect(1)
        .mount(&world.server)
        .await;
    world.poll(&since("2027-01-01T00:00:00Z")).await.unwrap();
}

#[tokio::test]
async fn a_refused_page_starts_the_poll_over_without_optional_data() {
    let world = World::new().await;
    let page = json!({ "after": "2026-11-18T08:00:00Z", "edge": "2026-11-18T09:00:00Z", "optional": "usual", "token": "old" });
    for (start, name) in [
        (Cursor { since: at("2026-11-18T09:00:00Z"), page: Some(page.to_string()) }, "a token that ran out"),
        (since("2026-11-18T09:00:00Z"), "optional data refused"),
    ] {
        world.server.reset().await;
        Mock::given(path(SEARCH_PATH))
            .and(query_param("includedData", "FULFILLMENT,PACKAGES,CANCELLATION"))
            .respond_with(refusal(400, "InvalidInput", "Invalid Input", ""))
            .expect(1)
            .mount(&world.server)
            .await;
        Mock::given(path(SEARCH_PATH))
            .and(query_param_is_missing("includedData"))
            .and(query_param_is_missing("paginationToken"))
            .and(query_param("lastUpdatedAfter", "2026-11-18T08:55:00Z"))
            .respond_with(
                ResponseTemplate::new(200).set_body_string(include_str!("../../fixtures/search_page.json")),
            )
            .expect(1)
            .mount(&world.server)
            .await;
        let first = world.poll(&start).await.unwrap().value;
        assert_eq!(first.orders.len(), 2, "{name}");
        world.server.verify().await;
        // Further pages stay without it.
        world.server.reset().await;
        Mock::given(path(SEARCH_PATH))
            .and(query_param_is_missing("includedData"))
            .and(query_param("paginationToken", "next/+= token"))
            .respond_with(empty("2026-11-18T10:00:00Z"))
            .expect(1)
            .mount(&world.server)
            .await;
        world.poll(&first.next).await.unwrap();
        world.server.verify().await;
    }
}

#[tokio::test]
async fn a_cursor_of_another_time_is_no_obstacle() {
    let world = World::new().await;
    world.answers("GET", SEARCH_PATH, ACCESS, empty("2026-11-18T10:00:00Z"), 1).await;
    let odd = Cursor { since: at("2026-11-18T09:00:00Z"), page: Some("what an older version wrote".into()) };
    world.poll(&odd).await.unwrap();
}

#[tokio::test]
async fn refusals_are_told() {
    for (name, answer, want, calls) in [
        ("throttled", refusal(429, "QuotaExceeded", "no", ""), Failure::Throttled { after: None }, 1),
        ("bad", refusal(400, "InvalidInput", "no", ""), Failure::Rejected { code: "InvalidInput".into() }, 2),
        ("no orders", ResponseTemplate::new(200).set_body_string("{}"), retryable(Reached::Maybe, None), 1),
        ("down", refusal(500, "InternalFailure", "no", ""), retryable(Reached::Maybe, None), 1),
    ] {
        let world = World::new().await;
        world.answers("GET", SEARCH_PATH, ACCESS, answer, calls).await;
        let error = world.poll(&since("2026-11-18T09:00:00Z")).await.unwrap_err();
        assert_eq!((error.failure, error.operation), (want, "searchOrders"), "{name}");
    }
}
