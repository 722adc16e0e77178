//! Control requests, and queries that nobody should send.

use std::time::Duration;

use futures::executor::block_on;
use ports::Transport as _;
use sandbox::shopify::Delivery as Posted;
use serde_json::{Value, json};

use super::world::{SHOP, TOKEN, World, two_mugs};

#[test]
fn everything_can_be_done_by_control_requests() {
    let world = World::new();
    let orders = format!("shops/{SHOP}/orders");
    let spec = json!({"id": 4_611_686_018_427_387_905_u64, "lines": [{"sku": "A", "quantity": 2}], "source_name": "amazon-us"});
    let (status, order) = world.control("POST", &orders, &spec);
    assert_eq!((status, order["id"].as_u64()), (200, Some(4_611_686_018_427_387_905)));
    let order = format!("{orders}/4611686018427387905");
    world.clock.advance(Duration::from_secs(5));
    let (_, made) =
        world.control("POST", &format!("{order}/fulfillments"), &json!({"numbers": [], "company": null}));
    let id = made["fulfillment"].as_u64().unwrap();
    world.clock.advance(Duration::from_secs(5));
    let tracking = format!("{order}/fulfillments/{id}/tracking");
    let (status, delivery) = world.control("POST", &tracking, &json!({"numbers": ["1Z"], "company": "UPS"}));
    assert_eq!((status, delivery["topic"].as_str()), (200, Some("fulfillments/update")));
    let posted = Posted {
        topic: "fulfillments/update".to_owned(),
        headers: serde_json::from_value(delivery["headers"].clone()).unwrap(),
        body: delivery["body"].as_str().unwrap().to_owned(),
    };
    assert_eq!(world.facts(&posted).fulfillments[0].tracking, ["1Z"]);
    let (_, shown) = world.control("GET", &order, &Value::Null);
    assert_eq!(shown["fulfillments"][0]["numbers"][0], "1Z");
    assert_eq!(world.control("POST", &format!("{order}/fulfillments/{id}/cancel"), &Value::Null).0, 200);
    assert_eq!(world.control("POST", &format!("{order}/cancel"), &Value::Null).0, 200);
    for topic in ["customers/data_request", "customers/redact", "shop/redact"] {
        let (status, delivery) =
            world.control("POST", &format!("shops/{SHOP}/privacy"), &json!({"topic": topic, "orders": [1]}));
        assert_eq!((status, delivery["topic"].as_str()), (200, Some(topic)));
    }
    let fault = json!({"operation": "readOrder", "fault": "status", "status": 500});
    assert_eq!(world.control("POST", "faults", &fault).0, 200);
    assert!(world.read(4_611_686_018_427_387_905).is_err());
    assert_eq!(world.control("POST", "faults", &fault).0, 200);
    assert_eq!(world.control("DELETE", "faults", &Value::Null).0, 200);
    assert!(world.read(4_611_686_018_427_387_905).is_ok());
    let (_, calls) = world.control("GET", "calls", &Value::Null);
    assert_eq!(calls.as_array().unwrap().len(), 2);
    assert_eq!((calls[0]["what"].as_str(), calls[1]["what"].as_str()), (Some("failed"), Some("answered")));
    assert_eq!(world.control("DELETE", "calls", &Value::Null).0, 200);
    assert_eq!(world.control("GET", "calls", &Value::Null).1, json!([]));

    for (method, path, body, want) in [
        ("POST", "shops", json!({"domain": SHOP, "access_token": "t", "webhook_secret": "s"}), 400),
        (
            "POST",
            "shops",
            json!({"domain": "b.myshopify.com", "access_token": TOKEN, "webhook_secret": "s"}),
            400,
        ),
        (
            "POST",
            "shops",
            json!({"domain": "b.myshopify.com", "access_token": "t", "webhook_secret": "s"}),
            200,
        ),
        ("POST", "shops", json!({"colour": 1}), 400),
        ("POST", "shops/none/orders", json!({}), 404),
        ("POST", &orders, spec, 400),
        ("GET", &format!("{orders}/12"), Value::Null, 404),
        ("GET", &format!("{orders}/x"), Value::Null, 404),
        ("POST", &tracking, json!({"numbers": []}), 400),
        ("POST", &format!("{order}/fulfillments"), json!({"lines": [{"sku": "A", "quantity": 3}]}), 400),
        ("POST", &format!("{order}/fulfillments"), json!({"lines": [{"sku": "B", "quantity": 1}]}), 404),
        ("POST", &format!("shops/{SHOP}/privacy"), json!({"topic": "orders/create"}), 400),
        ("GET", "nothing", Value::Null, 404),
    ] {
        let (status, answer) = world.control(method, path, &body);
        assert_eq!(status, want, "{method} {path} {body}: {answer}");
    }
}

#[test]
fn queries_that_shopify_would_refuse_are_refused_and_buyers_fields_are_recorded() {
    let world = World::new();
    let order = world.order(two_mugs());
    let ask = |query: &str| -> Value {
        let body = json!({"query": query, "variables": {"id": format!("gid://shopify/Order/{order}")}});
        let request = http::Request::post("/admin/api/2026-10/graphql.json")
            .header("X-Shopify-Access-Token", TOKEN)
            .body(body.to_string().into_bytes())
            .unwrap();
        serde_json::from_slice(block_on(world.send(request)).unwrap().body()).unwrap()
    };
    for (query, code) in [
        ("{ order(id: $id) { email } }", "BUYER_FIELD_ASKED"),
        (
            "{ order(id: $id) { fulfillments { id ... on Fulfillment { destination { id } } } } }",
            "BUYER_FIELD_ASKED",
        ),
        ("{ order(id: $id) { colour } }", "undefinedField"),
        ("{ order(id: $id) { id(size: 3) } }", "argumentNotAccepted"),
        ("{ order(id: $id) }", "selectionMismatch"),
        ("{ order(id: $id) { lineItems { nodes { id } } } }", "BAD_REQUEST"),
        ("{ order(id: $id) { lineItems(first: 251) { nodes { id } } } }", "BAD_REQUEST"),
        ("{ orders(first: 100) { nodes { lineItems(first: 100) { nodes { id } } } } }", "MAX_COST_EXCEEDED"),
        ("mutation { orderCancel { id } }", "undefinedField"),
        ("{ order(id: $id) { ...Gone } }", "useAndDefineFragment"),
        ("{ ...A } fragment A on QueryRoot { ...A }", "fragmentCycle"),
    ] {
        let answer = ask(query);
        let told = answer["errors"][0]["extensions"]["code"].as_str();
        let buyer = world.sandbox.lock().unwrap().calls().last().unwrap().asked_for_buyer;
        assert_eq!(told, Some(code), "{query}: {answer}");
        assert_eq!(buyer, code == "BUYER_FIELD_ASKED", "{query}");
    }
    let answer =
        ask("{ a: order(id: $id) { id name ... on Order { displayFulfillmentStatus } __typename } }");
    assert_eq!(answer["data"]["a"]["displayFulfillmentStatus"], "UNFULFILLED");
    assert_eq!(answer["data"]["a"]["__typename"], "Order");
    let refused = ask("{ orders(first: 1, query: \"colour:red\") { nodes { id } } }");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("colour"));
}
