use std::collections::BTreeMap;

use connector_api::reduce_json;
use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MerchantId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn connection(options: &[(&str, &str)]) -> Connection {
    let account = Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("ebay-1").unwrap());
    Connection {
        reversals: domain::reversal::Reversals::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        schema: Connection::SCHEMA,
        account,
        kind: "ebay".into(),
        sync: true,
        options: options.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<BTreeMap<_, _>>(),
        base_url: None,
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".into(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

fn ann() -> Connection {
    connection(&[("user_id", "ID-ann"), ("username", "ann_sells")])
}

fn post(topic: &str, data: &Value) -> Value {
    json!({
        "metadata": { "topic": topic, "schemaVersion": "1.0", "deprecated": false },
        "notification": { "notificationId": "n-1", "publishAttemptCount": 1, "data": data },
    })
}

/// As the receiver does it: the topic, the reduction, the event.
fn received(connection: &Connection, body: &Value) -> Result<MarketplaceEvent, String> {
    let (topic, allowed) = topic(body.to_string().as_bytes()).expect("a topic of ours");
    let reduced = reduce_json(body, allowed).to_string();
    assert!(!reduced.contains("CANARY"), "{reduced}");
    event(connection, &delivery(&topic, DeliveryBody::Reduced(reduced)))
}

fn delivery(topic: &str, body: DeliveryBody) -> Delivery {
    Delivery {
        id: "d".into(),
        topic: topic.into(),
        headers: Vec::new(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        body,
    }
}

fn order_news(user: &Value) -> Value {
    let line = json!({ "orderLineItemId": "1", "listingId": "CANARY-LISTING", "quantity": 2 });
    let order = json!({ "orderId": "12-34567-89012", "orderLineItems": [line], "buyer": "CANARY-BUYER" });
    post(ORDER_CONFIRMATION, &json!({ "user": user, "order": order }))
}

#[test]
fn a_new_order_is_looked_at_and_each_of_its_lines_says_the_same() {
    let body = order_news(&json!({ "userId": "ID-ann", "username": "ann_sells" }));
    let order = MarketplaceOrderId::try_from("12-34567-89012").unwrap();
    let want = MarketplaceEvent::Orders(vec![OrderNews { order, facts: None }]);
    assert_eq!(received(&ann(), &body), Ok(want.clone()));
    let mut second = body.clone();
    second["notification"]["data"]["order"]["orderLineItems"][0]["orderLineItemId"] = json!("2");
    second["notification"]["notificationId"] = json!("n-2");
    assert_eq!(received(&ann(), &second), Ok(want));
}

#[test]
fn failure_33_a_seller_is_known_by_id_or_by_name_and_a_name_may_have_become_an_id() {
    let ours = |options: &[(&str, &str)], user: Value| {
        matches!(received(&connection(options), &order_news(&user)), Ok(MarketplaceEvent::Orders(_)))
    };
    let both = [("user_id", "ID-ann"), ("username", "ann_sells")];
    for (name, options, user, want) in [
        ("both", &both[..], json!({ "userId": "ID-ann", "username": "ann_sells" }), true),
        ("the id alone", &both[..1], json!({ "userId": "ID-ann", "username": "renamed" }), true),
        ("the name alone", &both[1..], json!({ "userId": "ID-ann", "username": "Ann_Sells" }), true),
        ("a name that became the id", &both[..], json!({ "username": "ID-ann" }), true),
        ("a name given as the id", &both[1..], json!({ "userId": "ann_sells" }), true),
        (
            "the same name with another id",
            &both[..],
            json!({ "userId": "ID-bob", "username": "ann_sells" }),
            false,
        ),
        ("another seller", &both[..], json!({ "userId": "ID-bob", "username": "bob" }), false),
        ("nobody", &both[..], json!({}), false),
        ("settings that name nobody", &[][..], json!({ "userId": "ID-ann", "username": "ann_sells" }), false),
    ] {
        assert_eq!(ours(options, user), want, "{name}");
    }
}

#[test]
fn a_valid_notification_to_another_seller_is_nothing_of_ours() {
    let body = order_news(&json!({ "userId": "ID-bob", "username": "bob" }));
    let reason = "it is about another seller".to_owned();
    assert_eq!(received(&ann(), &body), Ok(MarketplaceEvent::Nothing { reason }));
    let gone = post(REVOCATION, &json!({ "userId": "ID-bob" }));
    assert!(matches!(received(&ann(), &gone), Ok(MarketplaceEvent::Nothing { .. })));
}

#[test]
fn failure_32_a_closed_account_is_told_whoever_it_was() {
    let body =
        post(ACCOUNT_DELETION, &json!({ "username": "u", "userId": "i", "eiasToken": "t", "x": "CANARY" }));
    let want = MarketplaceEvent::AccountClosed {
        ids: ClosedAccount { id: Some("i".into()), names: vec!["u".into(), "t".into()] },
        notification: "n-1".into(),
    };
    assert_eq!(received(&ann(), &body), Ok(want.clone()));
    assert_eq!(received(&connection(&[]), &body), Ok(want), "it concerns every app, whatever its settings");
    assert!(received(&ann(), &post(ACCOUNT_DELETION, &json!({ "x": 1 }))).is_err());
}

#[test]
fn a_withdrawn_authorisation_disconnects_its_seller() {
    let body = post(REVOCATION, &json!({ "userId": "ID-ann", "username": "ann_sells" }));
    assert!(matches!(received(&ann(), &body), Ok(MarketplaceEvent::Disconnected { .. })));
}

#[test]
fn cancel_activity_means_look_at_the_order_in_either_form() {
    for data in [
        json!({ "user": { "userId": "ID-ann" }, "orderId": "12-34567-89012" }),
        json!({ "userId": "ID-ann", "order": { "orderId": "12-34567-89012" } }),
    ] {
        let event = received(&ann(), &post(ORDER_CANCELLATION, &data));
        assert!(matches!(event, Ok(MarketplaceEvent::Orders(_))), "{event:?}");
    }
}

#[test]
fn other_topics_are_not_ours_and_bodies_that_say_nothing_are_poison() {
    for body in [
        post("ITEM_MARKED_SHIPPED", &json!({ "itemMarkedShipped": {} })),
        post("", &json!({})),
        json!({ "metadata": {} }),
        json!([]),
    ] {
        assert!(topic(body.to_string().as_bytes()).is_none(), "{body}");
    }
    assert!(topic(b"<html>").is_none() && topic(b"").is_none());
    let withheld = DeliveryBody::Withheld {
        bytes: 9,
        sha256: "00".into(),
        reason: "too large".into(),
        ids: String::new(),
    };
    for body in [
        withheld,
        DeliveryBody::Reduced("{}".into()),
        DeliveryBody::Reduced("{".into()),
        DeliveryBody::Reduced(r#"{"notification":{"data":{"user":{"userId":"ID-ann"}}}}"#.into()),
    ] {
        assert!(event(&ann(), &delivery(ORDER_CONFIRMATION, body)).is_err());
    }
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
        let _ = topic(&bytes);
        let _ = event(&ann(), &delivery(ORDER_CONFIRMATION, DeliveryBody::Reduced(text)));
    }
}
