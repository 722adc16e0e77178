use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MerchantId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn shop_in(country: &str) -> Shop {
    let options = [("shop_id", "12345678"), ("country", country)];
    let connection = Connection {
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("e").unwrap()),
        kind: "etsy".to_owned(),
        sync: true,
        options: options.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        base_url: None,
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
    };
    Shop::of(&connection).unwrap()
}

fn read(json: &str) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let receipt: Receipt = serde_json::from_str(json).map_err(|error| error.to_string())?;
    facts(receipt, &shop_in("us"), "2026-11-21T12:00:00Z".parse().unwrap())
}

#[test]
fn orders_mean_what_etsy_describes() {
    macro_rules! fixture {
        ($name:literal) => {
            let (_, facts) = read(include_str!(concat!("../../fixtures/", $name, ".json"))).unwrap();
            insta::assert_json_snapshot!($name, facts);
        };
    }
    fixture!("receipt_paid");
    fixture!("receipt_two_parcels");
    fixture!("receipt_shipped_without_number");
    fixture!("receipt_canceled");
    fixture!("receipt_unpaid");
    fixture!("receipt_digital");
    fixture!("receipt_odd");
    fixture!("receipt_without_address");
}

#[test]
fn failure_16_nothing_of_the_buyer_is_kept() {
    let json = include_str!("../../fixtures/receipt_paid.json");
    assert!(json.contains("CANARY"), "the fixture has a buyer");
    let (_, facts) = read(json).unwrap();
    let kept = format!("{facts:?}{}", serde_json::to_string(&facts).unwrap());
    assert!(!kept.to_lowercase().contains("canary"), "{kept}");
}

/// A receipt of one mug; `with` replaces fields.
fn receipt(with: Value) -> Value {
    let mut all = json!({
        "receipt_id": 1, "status": "paid", "is_paid": true, "is_shipped": false, "created_timestamp": 1_763_000_000,
        "updated_timestamp": 1_763_000_100, "country_iso": "US", "shipments": [],
        "grandtotal": { "amount": 2_500, "divisor": 100, "currency_code": "USD" },
        "transactions": [{ "transaction_id": 9, "sku": "MUG", "quantity": 1, "is_digital": false }],
    });
    if let (Value::Object(all), Value::Object(with)) = (&mut all, with) {
        all.extend(with);
    }
    all
}

fn facts_of(with: Value) -> OrderFacts {
    read(&receipt(with).to_string()).unwrap().1
}

#[test]
fn states_are_told_apart() {
    use OrderStatus::{Cancelled, Open, Pending, Shipped, Unknown};
    for (status, paid, shipped, want) in [
        ("paid", json!(true), json!(false), Open),
        ("Paid", json!(true), json!(null), Open),
        ("paid", json!(true), json!(true), Shipped),
        ("completed", json!(true), json!(true), Shipped),
        ("completed", json!(true), json!(null), Shipped),
        ("completed", json!(true), json!(false), Unknown),
        ("open", json!(false), json!(false), Pending),
        ("open", json!(true), json!(false), Open),
        ("payment processing", json!(false), json!(false), Pending),
        ("payment_processing", json!(null), json!(false), Pending),
        ("canceled", json!(true), json!(false), Cancelled),
        ("Cancelled", json!(true), json!(true), Cancelled),
        ("partially refunded", json!(true), json!(false), Open),
        ("fully refunded", json!(true), json!(false), Unknown),
        ("fully refunded", json!(true), json!(true), Shipped),
        ("brand new", json!(true), json!(false), Unknown),
        ("brand new", json!(false), json!(false), Pending),
    ] {
        let facts = facts_of(json!({ "status": status, "is_paid": paid, "is_shipped": shipped }));
        assert_eq!(facts.status, want, "{status} {paid} {shipped}");
    }
}

#[test]
fn failure_3_a_number_is_required_where_etsy_says_so() {
    let total =
        |amount: i64, currency: &str| json!({ "amount": amount, "divisor": 100, "currency_code": currency });
    for (shop, to, total, want) in [
        ("us", json!("US"), total(1_001, "USD"), true),
        ("us", json!("US"), total(1_000, "USD"), false),
        ("us", json!("CA"), total(9_900, "USD"), false),
        ("us", json!(null), total(9_900, "USD"), true),
        ("us", json!(""), total(1_000, "USD"), false),
        ("us", json!("US"), json!(null), true),
        ("us", json!("US"), total(500, "EUR"), true),
        ("de", json!("DE"), total(9_900, "EUR"), false),
        ("de", json!("US"), total(9_900, "EUR"), false),
        ("de", json!("IN"), total(100, "EUR"), true),
        ("in", json!("in"), total(100, "INR"), true),
        ("de", json!(null), total(9_900, "EUR"), false),
    ] {
        let json = receipt(json!({ "country_iso": to, "grandtotal": total })).to_string();
        let receipt: Receipt = serde_json::from_str(&json).unwrap();
        let (_, facts) = facts(receipt, &shop_in(shop), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(facts.needs_tracking, want, "{shop} {to} {total}");
    }
}

#[test]
fn failure_15_the_deadline_is_the_soonest_expected_ship_date() {
    let line = |id: u32, digital: bool, by: Value| json!({ "transaction_id": id, "quantity": 1, "is_digital": digital, "expected_ship_date": by });
    let lines = json!([
        line(1, false, json!(1_763_300_000)),
        line(2, false, json!(1_763_200_000)),
        line(3, true, json!(1_763_100_000)),
        line(4, false, json!(null)),
    ]);
    let facts = facts_of(json!({ "transactions": lines }));
    assert_eq!(
        facts.ship_by.map(|at| at.as_second()),
        Some(1_763_200_000),
        "what is downloaded has no parcel"
    );
    assert_eq!(facts.lines.len(), 3);
}

#[test]
fn what_an_order_cannot_lack_is_missed_by_name() {
    for (field, word) in [
        ("receipt_id", "receipt_id"),
        ("updated_timestamp", "updated_timestamp"),
        ("created_timestamp", "created_timestamp"),
        ("transactions", "transactions"),
    ] {
        let words = read(&receipt(json!({ field: null })).to_string()).unwrap_err();
        assert!(words.contains(word), "{words}");
    }
    for lines in
        [json!([{ "quantity": 1 }]), json!([{ "transaction_id": 1 }]), json!(["x"]), json!({ "a": 1 })]
    {
        assert!(
            read(&receipt(json!({ "transactions": lines })).to_string()).is_err(),
            "{lines}: no line vanishes"
        );
    }
}

#[test]
fn parcels_left_out_are_not_taken_for_none() {
    assert_eq!(facts_of(json!({ "shipments": null })).packages, None);
    assert_eq!(facts_of(json!({ "shipments": [] })).packages, Some(vec![]));
    assert_eq!(facts_of(json!({ "shipments": "x" })).packages, None);
}

#[test]
fn order_ids_are_numbers() {
    for (text, want) in [
        ("1234567890", Some("1234567890")),
        (" #1234567890 ", Some("1234567890")),
        ("0123", None),
        ("", None),
        ("#", None),
        ("12-34567-89012", None),
        ("701-0000001-0000001", None),
        ("1e5", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(order_id(text).as_ref().map(MarketplaceOrderId::as_str), want, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_json_never_panics(text in ".{0,200}", status in ".{0,20}", amount in any::<i64>(), divisor in any::<i64>()) {
        let _ = read(&text);
        let total = json!({ "amount": amount, "divisor": divisor, "currency_code": "USD" });
        let _ = read(&receipt(json!({ "status": status, "grandtotal": total })).to_string());
    }
}
