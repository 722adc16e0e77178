//! Reading one order.

use connector_api::{ChannelError, Failure, Store as _};
use connector_shopify::Shopify;
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

use super::support::{Ports, TOKEN, connection, fixture, fixture_json};

pub(crate) const ORDER: &str = "9007199254741993";

/// A request of `operation` as the contract has it.
pub(crate) fn asks(operation: &str) -> MockBuilder {
    Mock::given(method("POST"))
        .and(path("/admin/api/2026-10/graphql.json"))
        .and(header("x-shopify-access-token", TOKEN))
        .and(header("content-type", "application/json"))
        .and(body_partial_json(json!({ "operationName": operation })))
}

pub(crate) fn at(server: &MockServer) -> Connection {
    Connection { base_url: Some(server.uri()), ..connection(&[]) }
}

pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) async fn read(
    connection: &Connection,
    order: &str,
) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
    let order = StoreOrderId::try_from(order).unwrap();
    Shopify.read_order(Ports::new().reach(), connection, &order).await
}

#[tokio::test]
async fn one_query_reads_an_order_without_its_buyer() {
    let server = MockServer::start().await;
    asks("ReadOrder")
        .and(body_partial_json(
            json!({"variables": {"id": format!("gid://shopify/Order/{ORDER}"), "attributes": true}}),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(fixture("admin.order")))
        .expect(1)
        .mount(&server)
        .await;
    let (order, facts) = read(&at(&server), ORDER).await.unwrap();
    assert_eq!(facts.order.as_ref(), Some(&order));
    insta::assert_json_snapshot!("order", facts);
    assert!(!format!("{facts:?}").contains("Canary"), "an attribute that no rule names");
    let sent = String::from_utf8(server.received_requests().await.unwrap()[0].body.clone()).unwrap();
    let sent = sent.replace("location { id address { countryCode } }", "");
    for field in ["email", "phone", "ddress", "customer ", "customer{", "note ", "firstName", "lastName"] {
        assert!(!sent.contains(field), "{field} is asked for: {sent}");
    }
}

#[tokio::test]
async fn attributes_are_not_even_asked_for_without_a_rule() {
    let server = MockServer::start().await;
    asks("ReadOrder")
        .and(body_partial_json(json!({"variables": {"attributes": false}})))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(fixture("admin.order")))
        .expect(1)
        .mount(&server)
        .await;
    let plain = Connection { link: Vec::new(), ..at(&server) };
    assert!(read(&plain, ORDER).await.unwrap().0.attributes.is_empty());
}

#[tokio::test]
async fn a_location_that_may_not_be_seen_is_left_out() {
    let server = MockServer::start().await;
    asks("ReadOrder")
        .respond_with(ResponseTemplate::new(200).set_body_bytes(fixture("admin.access_denied_location")))
        .mount(&server)
        .await;
    let (order, facts) = read(&at(&server), ORDER).await.unwrap();
    assert!(order.fully_fulfilled);
    assert_eq!(facts.fulfillments[0].location, None);
}

fn lines(from: u64, to: u64, after: Option<&str>) -> Value {
    let nodes: Vec<Value> = (from..to)
        .map(|n| json!({"id": format!("gid://shopify/LineItem/{n}"), "sku": format!("S{n}"), "currentQuantity": 1}))
        .collect();
    json!({"nodes": nodes, "pageInfo": {"hasNextPage": after.is_some(), "endCursor": after}})
}

fn fulfillment(id: u64, lines: u64, after: Option<&str>) -> Value {
    let nodes: Vec<Value> = (0..lines)
        .map(|n| json!({"quantity": 1, "lineItem": {"id": format!("gid://shopify/LineItem/{n}"), "sku": null}}))
        .collect();
    json!({
        "id": format!("gid://shopify/Fulfillment/{id}"), "status": "SUCCESS", "location": null,
        "createdAt": "2026-11-17T16:02:11Z", "updatedAt": "2026-11-17T16:02:11Z",
        "trackingInfo": [{"company": "UPS", "number": format!("1Z{id}")}],
        "fulfillmentLineItems": {"nodes": nodes, "pageInfo": {"hasNextPage": after.is_some(), "endCursor": after}},
    })
}

#[tokio::test]
async fn long_lists_are_read_to_their_end() {
    let server = MockServer::start().await;
    let mut order = fixture_json("admin.order");
    order["data"]["order"]["lineItems"] = lines(0, 100, Some("l1"));
    order["data"]["order"]["fulfillments"] =
        (0..10).map(|n| fulfillment(n, 2, (n == 3).then_some("f1"))).collect();
    asks("ReadOrder").respond_with(ok(order)).expect(1).mount(&server).await;
    for (after, page) in [("l1", lines(100, 350, Some("l2"))), ("l2", lines(350, 360, None))] {
        asks("OrderLines")
            .and(body_partial_json(json!({"variables": {"after": after}})))
            .respond_with(ok(json!({"data": {"order": {"lineItems": page}}})))
            .expect(1)
            .mount(&server)
            .await;
    }
    let ids: Vec<Value> = (0..25).map(|n| json!({"id": format!("gid://shopify/Fulfillment/{n}")})).collect();
    asks("FulfillmentIds")
        .respond_with(ok(json!({"data": {"order": {"fulfillments": ids}}})))
        .expect(1)
        .mount(&server)
        .await;
    for (first, batch) in [(10, 10..20), (20, 20..25)] {
        let nodes: Vec<Value> = batch.map(|n| fulfillment(n, 1, None)).collect();
        let named = format!("gid://shopify/Fulfillment/{first}");
        asks("FulfillmentsById")
            .and(move |request: &wiremock::Request| {
                request.body_json::<Value>().unwrap()["variables"]["ids"][0] == json!(named)
            })
            .respond_with(ok(json!({"data": {"nodes": nodes}})))
            .expect(1)
            .mount(&server)
            .await;
    }
    asks("FulfillmentLines")
        .and(body_partial_json(json!({"variables": {"id": "gid://shopify/Fulfillment/3", "after": "f1"}})))
        .respond_with(ok(json!({"data": {"fulfillment": {"fulfillmentLineItems": fulfillment(3, 5, None)["fulfillmentLineItems"]}}})))
        .expect(1)
        .mount(&server)
        .await;
    let (order, facts) = read(&at(&server), ORDER).await.unwrap();
    assert_eq!(order.lines.len(), 360);
    assert_eq!(facts.fulfillments.len(), 25);
    assert_eq!(facts.fulfillments[3].lines.len(), 7);
}

type Change = fn(&mut Value);

#[tokio::test]
async fn a_part_never_passes_for_the_whole() {
    let lost = |value: &mut Value| {
        value["data"]["order"]["lineItems"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": null})
    };
    let odd_status =
        |value: &mut Value| value["data"]["order"]["fulfillments"][0]["status"] = json!("TELEPORTED");
    let other = |value: &mut Value| value["data"]["order"]["id"] = json!("gid://shopify/Order/1");
    let no_quantity = |value: &mut Value| {
        value["data"]["order"]["fulfillments"][0]["fulfillmentLineItems"]["nodes"][0]["quantity"] =
            Value::Null;
    };
    let cases: [(&str, Change); 4] = [
        ("lost cursor", lost),
        ("unknown status", odd_status),
        ("another order", other),
        ("no quantity", no_quantity),
    ];
    for (name, change) in cases {
        let server = MockServer::start().await;
        let mut body = fixture_json("admin.order");
        change(&mut body);
        asks("ReadOrder").respond_with(ok(body)).mount(&server).await;
        let error = read(&at(&server), ORDER).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Retryable { .. }), "{name}: {error}");
    }
}

#[tokio::test]
async fn lists_without_end_are_refused() {
    let server = MockServer::start().await;
    let mut order = fixture_json("admin.order");
    order["data"]["order"]["lineItems"] = lines(0, 1, Some("again"));
    asks("ReadOrder").respond_with(ok(order)).mount(&server).await;
    asks("OrderLines")
        .respond_with(ok(json!({"data": {"order": {"lineItems": lines(1, 2, Some("again"))}}})))
        .expect(40)
        .mount(&server)
        .await;
    let error = read(&at(&server), ORDER).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected { code: "TOO_LONG".to_owned() });
}

#[tokio::test]
async fn ids_that_shopify_cannot_have_are_not_sent() {
    let server = MockServer::start().await;
    for odd in ["1\" }", "gid://shopify/Order/1", "#4711", "٣"] {
        assert_eq!(read(&at(&server), odd).await.unwrap_err().failure, Failure::NotFound, "{odd}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}
