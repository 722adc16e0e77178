//! What bodies mean.

use connector_api::{DeliveryBody, Store as _, StoreEvent, reduce_json};
use connector_shopify::Shopify;
use domain::facts::{FulfillmentStatus, StoreFacts};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{delivery, event, fixture, fixture_json, headers, receive, withhold};

fn facts(topic: &str, body: &Value) -> Result<(String, StoreFacts), String> {
    let told = event(&receive(topic, body.to_string().as_bytes()))?;
    let StoreEvent::Order { order, facts } = told else { return Err(format!("{told:?}")) };
    Ok((order.to_string(), *facts))
}

/// The fixture with some keys changed, or taken away by `null` under `without`.
fn changed(name: &str, changes: Value, without: &[&str]) -> Value {
    let mut body = fixture_json(name);
    let map = body.as_object_mut().unwrap();
    map.extend(changes.as_object().unwrap().clone());
    for key in without {
        map.remove(*key);
    }
    body
}

#[test]
fn fulfillments_become_facts() {
    for name in ["two_numbers", "no_number", "cancelled", "custom_line"] {
        let told =
            match event(&receive("fulfillments/create", &fixture(&format!("webhook.fulfillment_{name}")))) {
                Ok(StoreEvent::Order { order, facts }) => json!({ "order": order, "facts": facts }),
                other => json!(format!("{other:?}")),
            };
        insta::assert_json_snapshot!(format!("fulfillment_{name}"), told);
    }
}

#[test]
fn odd_bodies_are_understood_or_the_store_is_read() {
    let name = "webhook.fulfillment_two_numbers";
    let understood = [
        ("quantity as text", json!({"line_items": [{"id": "1", "quantity": "2"}]})),
        ("numbers are null", json!({"tracking_number": null, "tracking_numbers": null})),
        ("one number for the list", json!({"tracking_numbers": "1Z0000000000000001"})),
        ("a whole number as tracking number", json!({"tracking_numbers": [9_400_100_000_000_000_001_u64]})),
        ("company is null", json!({"tracking_company": null})),
        ("company is a number", json!({"tracking_company": 4})),
        ("upper-case status", json!({"status": "SUCCESS"})),
        ("unknown fields", json!({"brand_new": {"a": [1]}})),
        ("a voided one without lines", json!({"status": "failure", "line_items": []})),
    ];
    for (what, changes) in understood {
        let (order, facts) = facts("fulfillments/update", &changed(name, changes, &[])).unwrap();
        assert_eq!(order, "9007199254741993", "{what}");
        assert!(!facts.read_the_store && facts.fulfillments.len() == 1, "{what}");
    }
    let to_be_read = [
        ("unknown status", json!({"status": "teleported"}), None),
        ("status is null", json!({"status": null}), None),
        ("a time that is none", json!({"updated_at": "yesterday"}), None),
        ("no time", json!({}), Some("created_at")),
        ("lines are an object", json!({"line_items": {"id": 1}}), None),
        ("no lines", json!({}), Some("line_items")),
        ("empty lines", json!({"line_items": []}), None),
        ("a line without id", json!({"line_items": [{"quantity": 1}]}), None),
        ("a line without quantity", json!({"line_items": [{"id": 1}]}), None),
        ("a negative quantity", json!({"line_items": [{"id": 1, "quantity": -1}]}), None),
        ("a broken quantity", json!({"line_items": [{"id": 1, "quantity": 1.5}]}), None),
        ("a tracking number beyond whole numbers", json!({"tracking_number": 1e30}), None),
        ("the id is missing", json!({}), Some("id")),
        ("the id is a fraction", json!({"id": 1.5}), None),
    ];
    for (what, changes, without) in to_be_read {
        let without: Vec<&str> = without.into_iter().collect();
        let (order, facts) = facts("fulfillments/update", &changed(name, changes, &without)).unwrap();
        assert_eq!(order, "9007199254741993", "{what}");
        assert!(facts.read_the_store && facts.fulfillments.is_empty(), "{what}");
    }
    let poison = [
        ("no order", json!({"order_id": null})),
        ("the order is a fraction", json!({"order_id": 9.5e17})),
        ("the order is a list", json!({"order_id": [1]})),
        ("the order is odd text", json!({"order_id": "12; drop"})),
    ];
    for (what, changes) in poison {
        let error = facts("fulfillments/update", &changed(name, changes, &[])).unwrap_err();
        assert!(error.contains("order"), "{what}: {error}");
        assert!(!error.contains("drop"), "{what}: the body is quoted: {error}");
    }
}

#[test]
fn a_repeated_id_is_never_taken() {
    let twice = |json: &str| event(&delivery("fulfillments/create", DeliveryBody::Reduced(json.to_owned())));
    assert!(twice(r#"{"order_id": 1, "order_id": 2, "id": 3}"#).is_err());
    let facts = match twice(
        r#"{"order_id":1,"id":3,"id":4,"status":"success","created_at":"2026-01-01T00:00:00Z",
            "updated_at":"2026-01-01T00:00:00Z","line_items":[{"id":5,"quantity":1}]}"#,
    ) {
        Ok(StoreEvent::Order { facts, .. }) => facts,
        other => panic!("{other:?}"),
    };
    assert!(facts.read_the_store && facts.fulfillments.is_empty());
}

#[test]
fn withheld_bodies_mean_read_the_store_or_are_poison() {
    let told =
        event(&withhold("fulfillments/create", &fixture_json("webhook.fulfillment_two_numbers"))).unwrap();
    let StoreEvent::Order { order, facts } = told else { panic!("{told:?}") };
    assert_eq!(order.as_str(), "9007199254741993");
    assert!(facts.read_the_store && facts.fulfillments.is_empty());

    let no_json = DeliveryBody::Withheld {
        bytes: 9,
        sha256: String::new(),
        reason: "not JSON".to_owned(),
        ids: String::new(),
    };
    let error = event(&delivery("fulfillments/create", no_json)).unwrap_err();
    assert!(error.contains("not JSON"), "{error}");
    assert!(event(&withhold("fulfillments/create", &json!([1, 2]))).is_err());
}

#[test]
fn a_hundred_thousand_lines_are_read_like_one() {
    let lines: Vec<Value> = (0..100_000_u64)
        .map(|n| json!({"id": 9_007_199_254_740_993 + 2 * n, "sku": format!("S{n}"), "quantity": 1}))
        .collect();
    let body = changed("webhook.fulfillment_two_numbers", json!({ "line_items": lines }), &[]);
    let (_, facts) = facts("fulfillments/create", &body).unwrap();
    let read = &facts.fulfillments[0].lines;
    assert_eq!(read.len(), 100_000);
    assert_eq!(read[99_999].line.as_str(), (9_007_199_254_740_993_u64 + 199_998).to_string());

    let StoreEvent::Order { facts, .. } = event(&withhold("fulfillments/create", &body)).unwrap() else {
        panic!("no order");
    };
    assert!(facts.read_the_store, "too large to queue, and still not lost");
}

#[test]
fn statuses_are_live_or_voided() {
    for (status, want) in [
        ("pending", FulfillmentStatus::Live),
        ("open", FulfillmentStatus::Live),
        ("success", FulfillmentStatus::Live),
        ("cancelled", FulfillmentStatus::Voided),
        ("error", FulfillmentStatus::Voided),
        ("failure", FulfillmentStatus::Voided),
    ] {
        let body = changed("webhook.fulfillment_two_numbers", json!({ "status": status }), &[]);
        let (_, facts) = facts("fulfillments/update", &body).unwrap();
        assert_eq!(facts.fulfillments[0].status, want, "{status}");
    }
}

#[test]
fn nothing_of_the_buyer_is_let_through() {
    let all = [
        ("fulfillments/create", "fulfillment_two_numbers"),
        ("fulfillments/update", "fulfillment_no_number"),
        ("fulfillments/update", "fulfillment_cancelled"),
        ("fulfillments/create", "fulfillment_custom_line"),
        ("orders/cancelled", "order_cancelled"),
        ("app/uninstalled", "app_uninstalled"),
        ("customers/data_request", "customers_data_request"),
        ("customers/redact", "customers_redact"),
        ("shop/redact", "shop_redact"),
    ];
    for (topic, name) in all {
        let body = fixture(&format!("webhook.{name}"));
        let planted = String::from_utf8(body.clone()).unwrap().to_lowercase().contains("canary");
        assert!(planted || name == "shop_redact", "{name}: no canary to look for");
        let delivery = receive(topic, &body);
        let told = event(&delivery).unwrap();
        for seen in [format!("{delivery:?}"), format!("{told:?}")] {
            let seen = seen.to_lowercase();
            for trace in ["canary", "birdsong", "555-0100", "192.0.2.77", "example.com", "60000000000001"] {
                assert!(!seen.contains(trace), "{name}: {trace} in {seen}");
            }
        }
    }
}

/// JSON of any shape, whose every key is a buyer's field or one that we read.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just("CANARY".to_owned()), "[a-z0-9:T-]{0,25}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "id",
        "order_id",
        "status",
        "created_at",
        "updated_at",
        "line_items",
        "tracking_number",
        "tracking_numbers",
        "tracking_company",
        "quantity",
        "sku",
        "cancelled_at",
        "shop_domain",
        "orders_to_redact",
        "orders_requested",
        "myshopify_domain",
        "location_id",
        "email",
        "destination",
        "receipt",
        "title",
        "properties",
        "customer",
    ]);
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_topic() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "fulfillments/create",
        "fulfillments/update",
        "orders/cancelled",
        "app/uninstalled",
        "customers/data_request",
        "customers/redact",
        "shop/redact",
    ])
}

/// Whether a buyer's field is left anywhere.
fn holds_a_buyers_field(value: &Value) -> bool {
    const FIELDS: [&str; 6] = ["email", "destination", "receipt", "title", "properties", "customer"];
    match value {
        Value::Array(rows) => rows.iter().any(holds_a_buyers_field),
        Value::Object(map) => {
            map.keys().any(|key| FIELDS.contains(&key.as_str())) || map.values().any(holds_a_buyers_field)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

proptest! {
    #[test]
    fn any_json_reduces_without_buyer_fields_and_never_panics(topic in any_topic(), body in any_json()) {
        let (topic, allowed) = Shopify.topic(&headers(topic, b"", "s")).unwrap();
        let reduced = reduce_json(&body, allowed);
        prop_assert!(!holds_a_buyers_field(&reduced), "{reduced}");
        let _ = event(&delivery(&topic, DeliveryBody::Reduced(reduced.to_string())));
        let _ = event(&withhold(&topic, &body));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(topic in any_topic(), text in ".{0,200}") {
        let _ = event(&delivery(topic, DeliveryBody::Reduced(text.clone())));
        let _ = event(&receive(topic, text.as_bytes()));
    }

    #[test]
    fn every_id_of_an_order_survives_exactly(order in any::<u64>(), line in any::<u64>(), number in any::<u64>()) {
        let body = changed(
            "webhook.fulfillment_two_numbers",
            json!({"order_id": order, "id": number, "line_items": [{"id": line, "quantity": 1}]}),
            &[],
        );
        let (read, facts) = facts("fulfillments/create", &body).unwrap();
        prop_assert_eq!(read, order.to_string());
        prop_assert_eq!(facts.fulfillments[0].id.to_string(), number.to_string());
        prop_assert_eq!(facts.fulfillments[0].lines[0].line.to_string(), line.to_string());
    }
}

/// The official samples, where they lie beside the repository.
#[test]
fn the_official_samples_are_understood() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    let folder = format!("{root}/../shared/payloads");
    if !std::path::Path::new(&folder).is_dir() {
        println!("skipped: there are no sample deliveries beside the repository");
        return;
    }
    for (topic, name) in [
        ("fulfillments/create", "webhook_sample.fulfillments_create"),
        ("fulfillments/update", "webhook_sample.fulfillments_update"),
        ("orders/cancelled", "orders_cancelled"),
        ("app/uninstalled", "app_uninstalled"),
        ("customers/data_request", "gdpr.customers_data_request"),
        ("customers/redact", "gdpr.customers_redact"),
        ("shop/redact", "gdpr.shop_redact"),
    ] {
        let body = std::fs::read(format!("{folder}/shopify.{name}.json")).unwrap();
        let delivery = receive(topic, &body);
        let told = event(&delivery).unwrap();
        match &told {
            StoreEvent::Order { order, facts } => {
                assert!(!facts.read_the_store, "{name} of order {order} was not understood");
                assert!(facts.fulfillments.len() == 1 || facts.cancelled_at.is_some(), "{name}");
            }
            StoreEvent::Uninstalled | StoreEvent::Privacy(_) => {}
            StoreEvent::Nothing { reason } => panic!("{name}: {reason}"),
        }
        let seen = format!("{delivery:?} {told:?}");
        for trace in ["example.com", "Steve", "Shipping Street", "Bob", "555", "Norman", "John"] {
            assert!(!seen.contains(trace), "{name}: {trace} in {seen}");
        }
    }
}
