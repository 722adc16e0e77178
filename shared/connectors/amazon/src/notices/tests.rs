use std::collections::BTreeMap;

use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MerchantId};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SELLER: &str = "A3TH9S8BH6GOGM";

fn connection(options: &[(&str, &str)]) -> Connection {
    let id = |text| ConnectionId::try_from(text).unwrap();
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: Account::new(MerchantId::try_from("m").unwrap(), id("us")),
        kind: "amazon".into(),
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

fn ours() -> Connection {
    connection(&[("region", "na"), ("seller_id", SELLER)])
}

/// In the form of the schema's own example, with other data.
fn changed() -> Value {
    json!({
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-21T10:00:05.109Z",
        "Payload": { "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": SELLER,
            "AmazonOrderId": "702-0000001-0000001",
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": { "TimeOfOrderChange": "2026-11-21T10:00:00.284Z", "ChangeReason": "Paid" },
            "Summary": {
                "MarketplaceId": "ATVPDKIKX0DER",
                "OrderStatus": "Unshipped",
                "PurchaseDate": "2026-11-21T09:42:04.284Z",
                "DestinationPostalCode": "48110",
                "FulfillmentType": "MFN",
                "OrderType": "StandardOrder",
                "NumberOfItemsShipped": 0,
                "NumberOfItemsUnshipped": 3,
                "LatestShipDate": "2026-11-23T07:59:59Z",
                "OrderPrograms": ["Business", "Prime"],
                "ShippingPrograms": ["ShipDateSet"],
                "OrderItems": [
                    { "OrderItemId": "70100000010001", "SellerSKU": "MUG", "SupplySourceId": null,
                      "OrderItemStatus": "Unshipped", "Quantity": 2, "QuantityShipped": 0,
                      "IsBuyerRequestedCancel": false },
                    { "OrderItemId": "70100000010002", "SellerSKU": "TEA", "SupplySourceId": null, "Quantity": 1 },
                ],
            },
        } },
        "NotificationMetadata": {
            "ApplicationId": "app-1", "SubscriptionId": "sub-1",
            "PublishTime": "2026-11-21T10:00:06Z", "NotificationId": "note-1",
        },
    })
}

fn finished() -> Value {
    json!({
        "notificationVersion": "2020-09-04",
        "notificationType": "FEED_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": "2026-11-21T10:00:00.000Z",
        "payload": { "feedProcessingFinishedNotification": {
            "sellerId": SELLER,
            "accountId": format!("amzn1.merchant.o.{SELLER}"),
            "feedId": "53347018456",
            "feedType": "POST_ORDER_FULFILLMENT_DATA",
            "processingStatus": "DONE",
            "resultFeedDocumentId": "amzn1.tortuga.3.x",
        } },
        "notificationMetadata": {
            "applicationId": "app-1", "subscriptionId": "sub-2",
            "publishTime": "2026-11-21T10:00:01Z", "notificationId": "note-2",
        },
    })
}

fn at(pointer: &str, value: Value) -> Value {
    let mut message = changed();
    *message.pointer_mut(pointer).unwrap() = value;
    message
}

const SUMMARY: &str = "/Payload/OrderChangeNotification/Summary";

fn facts_of(message: &Value) -> Option<OrderFacts> {
    let MarketplaceEvent::Orders(news) = Amazon.event(&ours(), &message.to_string()).unwrap() else {
        panic!("no order")
    };
    news.into_iter().next().unwrap().facts
}

#[test]
fn f44_pending_to_unshipped_tells_of_an_order_ahead_of_time() {
    let facts = facts_of(&changed()).unwrap();
    assert_eq!(facts.status, OrderStatus::Open);
    assert_eq!(facts.fulfilled_by, FulfilledBy::Merchant);
    assert_eq!(facts.ship_by, Some("2026-11-23T07:59:59Z".parse().unwrap()));
    assert_eq!(facts.programs, [Program::Prime], "Prime is kept: it goes first");
    let units: Vec<(&str, u32, Option<u32>)> =
        facts.lines.iter().map(|l| (l.id.as_str(), l.ordered, l.shipped)).collect();
    assert_eq!(units, [("70100000010001", 2, Some(0)), ("70100000010002", 1, Some(0))]);
    assert_eq!(facts.read_at, Timestamp::UNIX_EPOCH, "Ship+ is not told: it is read before it is confirmed");
    assert!(facts.updated_at < "2026-11-21T10:00:00Z".parse().unwrap(), "any read of this change is newer");
}

#[test]
fn a_notification_that_cannot_say_everything_only_says_look() {
    for (what, message) in [
        ("one item", at("/Payload/OrderChangeNotification/NotificationLevel", json!("OrderItemLevel"))),
        ("no time", at("/Payload/OrderChangeNotification/OrderChangeTrigger/TimeOfOrderChange", Value::Null)),
        ("no order time", at(&format!("{SUMMARY}/PurchaseDate"), Value::Null)),
        ("shipped", at(&format!("{SUMMARY}/NumberOfItemsShipped"), json!(1))),
        ("shipped, by its item", at(&format!("{SUMMARY}/OrderItems/0/QuantityShipped"), json!(1))),
        ("a status that we do not know", at(&format!("{SUMMARY}/OrderStatus"), json!("InvoiceUnconfirmed"))),
        ("nobody ships it", at(&format!("{SUMMARY}/FulfillmentType"), json!("XFN"))),
        ("no items", at(&format!("{SUMMARY}/OrderItems"), json!([]))),
        ("an item without a count", at(&format!("{SUMMARY}/OrderItems/1/Quantity"), Value::Null)),
        ("no summary", at(SUMMARY, Value::Null)),
    ] {
        assert_eq!(facts_of(&message), None, "{what}");
    }
}

#[test]
fn a_cancel_request_and_a_cancellation_are_told() {
    let asked =
        facts_of(&at(&format!("{SUMMARY}/OrderItems/0/IsBuyerRequestedCancel"), json!(true))).unwrap();
    assert!(asked.cancel_requested);
    let gone = facts_of(&at(&format!("{SUMMARY}/OrderStatus"), json!("Canceled"))).unwrap();
    assert_eq!(gone.status, OrderStatus::Cancelled);
    assert_eq!(gone.lines.iter().map(|l| l.cancelled).collect::<Vec<_>>(), [2, 1]);
    let afn = facts_of(&at(&format!("{SUMMARY}/FulfillmentType"), json!("AFN"))).unwrap();
    assert_eq!(afn.fulfilled_by, FulfilledBy::Marketplace);
}

#[test]
fn a_finished_feed_is_named() {
    let want = MarketplaceEvent::BulkDone { id: "53347018456".into() };
    assert_eq!(Amazon.event(&ours(), &finished().to_string()), Ok(want.clone()));
    let mut by_account = finished();
    let body = by_account.pointer_mut("/payload/feedProcessingFinishedNotification").unwrap();
    body.as_object_mut().unwrap().remove("sellerId");
    assert_eq!(Amazon.event(&ours(), &by_account.to_string()), Ok(want), "by its account's id");
    assert_eq!(Amazon.about(&by_account.to_string()).unwrap().seller, SELLER);
}

#[test]
fn a_notification_names_seller_subscription_and_topic() {
    let about = Amazon.about(&changed().to_string()).unwrap();
    assert_eq!(
        about,
        About { seller: SELLER.into(), subscription: "sub-1".into(), topic: "ORDER_CHANGE".into() }
    );
    assert_eq!(Amazon.about(&finished().to_string()).unwrap().subscription, "sub-2");
}

#[test]
fn what_is_not_ours_is_nothing_and_what_is_broken_is_poison() {
    let nothing = |connection: &Connection, message: &Value, words: &str| match Amazon
        .event(connection, &message.to_string())
    {
        Ok(MarketplaceEvent::Nothing { reason }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("{words}: {other:?}"),
    };
    let another = at("/Payload/OrderChangeNotification/SellerId", json!("A00000000000"));
    nothing(&ours(), &another, "another seller");
    nothing(&connection(&[("region", "na")]), &changed(), "seller_id");
    let ca = connection(&[("seller_id", SELLER), ("marketplace_id", "A2EUQ1WTGCTBG2")]);
    nothing(&ca, &changed(), "another marketplace");
    nothing(&ours(), &at("/NotificationType", json!("ORDER_STATUS_CHANGE")), "none of our topics");
    let mut listing = finished();
    *listing.pointer_mut("/payload/feedProcessingFinishedNotification/feedType").unwrap() =
        json!("JSON_LISTINGS_FEED");
    nothing(&ours(), &listing, "a kind that we do not make");

    for (what, message) in [
        ("no JSON", "<html>".to_owned()),
        ("empty", String::new()),
        ("a list", "[]".to_owned()),
        ("no subscription", at("/NotificationMetadata", json!({})).to_string()),
        ("no seller", at("/Payload/OrderChangeNotification/SellerId", Value::Null).to_string()),
        ("no order", at("/Payload/OrderChangeNotification/AmazonOrderId", json!("x")).to_string()),
    ] {
        let poison = Amazon.about(&message).is_err() || Amazon.event(&ours(), &message).is_err();
        assert!(poison, "{what}");
    }
}

proptest! {
    #[test]
    fn any_message_is_read_without_panic(message in ".{0,300}") {
        let _ = Amazon.about(&message);
        let _ = Amazon.event(&ours(), &message);
    }

    #[test]
    fn any_value_anywhere_is_read_without_panic(spot in 0usize..40, value in "[a-z0-9]{0,4}|null|\\[\\]|\\{\\}|-1|1e99") {
        fn spoil(value: &mut Value, left: &mut usize, by: &Value) {
            if *left == 0 {
                *value = by.clone();
                *left = usize::MAX;
                return;
            }
            *left = left.saturating_sub(1);
            match value {
                Value::Object(fields) => fields.values_mut().for_each(|one| spoil(one, left, by)),
                Value::Array(rows) => rows.iter_mut().for_each(|one| spoil(one, left, by)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let by = serde_json::from_str(&value).unwrap_or(Value::String(value));
        let mut message = changed();
        spoil(&mut message, &mut { spot }, &by);
        let _ = Amazon.event(&ours(), &message.to_string());
    }
}
