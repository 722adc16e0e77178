use proptest::prelude::*;

use super::*;

fn read_at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn shown() -> Shown {
    let good = Good {
        status: 200,
        headers: http::HeaderMap::new(),
        body: include_bytes!("../../fixtures/fulfillments.json").to_vec(),
        request_id: None,
    };
    Shown::Read(listed(&good).unwrap())
}

fn read(json: &str, shown: Shown) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let order: wire::Order = serde_json::from_str(json).map_err(|error| error.to_string())?;
    facts(order, read_at(), shown)
}

fn open() -> serde_json::Value {
    serde_json::from_str(include_str!("../../fixtures/order_open.json")).unwrap()
}

/// The open order with one field replaced.
fn with(path: &str, value: serde_json::Value) -> String {
    let mut order = open();
    *order.pointer_mut(path).unwrap() = value;
    order.to_string()
}

#[test]
fn orders_mean_what_ebay_describes() {
    macro_rules! fixture {
        ($name:literal, $shown:expr) => {
            let (_, facts) = read(include_str!(concat!("../../fixtures/", $name, ".json")), $shown).unwrap();
            insta::assert_json_snapshot!($name, facts);
        };
    }
    fixture!("order_open", Shown::Read(Some(Vec::new())));
    fixture!("order_pending", Shown::NotAsked);
    fixture!("order_to_hub", Shown::NotAsked);
    fixture!("order_by_ebay", Shown::NotAsked);
    fixture!("order_ebay_label", Shown::NotAsked);
    fixture!("order_cancel_asked", Shown::NotAsked);
    fixture!("order_cancelled", Shown::NotAsked);
    fixture!("order_partly_shipped", shown());
    fixture!("order_odd", Shown::NotAsked);
}

#[test]
fn nothing_of_the_buyer_is_kept() {
    for json in [
        include_str!("../../fixtures/order_to_hub.json"),
        include_str!("../../fixtures/order_cancel_asked.json"),
    ] {
        assert!(json.contains("CANARY"));
        let (_, facts) = read(json, Shown::NotAsked).unwrap();
        let kept = format!("{facts:?}{}", serde_json::to_string(&facts).unwrap());
        assert!(!kept.to_lowercase().contains("canary"), "{kept}");
    }
}

#[test]
fn only_paid_orders_are_ready_whatever_else_their_payment_is_called() {
    for (payment, want) in [
        ("PAID", OrderStatus::Open),
        ("PARTIALLY_REFUNDED", OrderStatus::Open),
        ("PENDING", OrderStatus::Pending),
        ("FAILED", OrderStatus::Pending),
        ("FULLY_REFUNDED", OrderStatus::Pending),
        ("SOMETHING_NEW", OrderStatus::Pending),
    ] {
        let (_, facts) = read(&with("/orderPaymentStatus", payment.into()), Shown::NotAsked).unwrap();
        assert_eq!(facts.status, want, "{payment}");
    }
    for (fulfilled, want) in [
        ("NOT_STARTED", OrderStatus::Open),
        ("IN_PROGRESS", OrderStatus::PartlyShipped),
        ("FULFILLED", OrderStatus::Shipped),
        ("SOMETHING_NEW", OrderStatus::Unknown),
    ] {
        let (_, facts) = read(&with("/orderFulfillmentStatus", fulfilled.into()), Shown::NotAsked).unwrap();
        assert_eq!(facts.status, want, "{fulfilled}");
    }
}

#[test]
fn a_cancel_request_is_open_until_somebody_decides() {
    let requests = |state: &str, request: Option<&str>| {
        let request = request.map(|state| serde_json::json!([{ "cancelRequestState": state }]));
        with(
            "/cancelStatus",
            serde_json::json!({ "cancelState": state, "cancelRequests": request.unwrap_or_default() }),
        )
    };
    for (state, request, want) in [
        ("NONE_REQUESTED", None, false),
        ("NONE_REQUESTED", Some("REJECTED"), false),
        ("IN_PROGRESS", None, true),
        ("IN_PROGRESS", Some("REQUESTED"), true),
        ("IN_PROGRESS", Some("REJECTED"), false),
        ("SOMETHING_NEW", None, true),
        ("CANCELED", Some("COMPLETED"), false),
        ("CANCELLED", None, false),
    ] {
        let (_, facts) = read(&requests(state, request), Shown::NotAsked).unwrap();
        assert_eq!(facts.cancel_requested, want, "{state} {request:?}");
        assert_eq!(facts.status == OrderStatus::Cancelled, state.starts_with("CANCEL"), "{state}");
    }
}

#[test]
fn parcels_to_a_hub_are_ours_and_what_ebay_ships_is_not() {
    use serde_json::json;
    let with_program = |program: serde_json::Value, kinds: &[&str]| {
        let mut order = open();
        order["program"] = program;
        order["fulfillmentStartInstructions"] =
            kinds.iter().map(|kind| json!({ "fulfillmentInstructionsType": kind })).collect();
        read(&order.to_string(), Shown::NotAsked).unwrap().1
    };
    let (ours, theirs, unknown) = (FulfilledBy::Merchant, FulfilledBy::Marketplace, FulfilledBy::Unknown);
    let vault = |kind: &str| json!({ "ebayVault": { "fulfillmentType": kind } });
    for (name, program, kinds, want, flags) in [
        ("plain", json!(null), &["SHIP_TO"][..], ours, vec![]),
        ("international", json!({ "ebayInternationalShipping": {} }), &["SHIP_TO"], ours, vec![]),
        ("authenticator", json!({ "authenticityVerification": {} }), &["SHIP_TO"], ours, vec![]),
        ("to the vault", vault("SELLER_TO_VAULT"), &["SHIP_TO"], ours, vec![]),
        ("out of the vault", vault("VAULT_TO_BUYER"), &["SHIP_TO"], theirs, vec![]),
        ("within the vault", vault("VAULT_TO_VAULT"), &["SHIP_TO"], theirs, vec![]),
        ("a new way with the vault", vault("NEW"), &["SHIP_TO"], unknown, vec![]),
        ("by eBay", json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } }), &["SHIP_TO"], theirs, vec![]),
        ("by eBay, as an instruction", json!(null), &["FULFILLED_BY_EBAY"], theirs, vec![]),
        (
            "by somebody new",
            json!({ "fulfillmentProgram": { "fulfilledBy": "MOON" } }),
            &["SHIP_TO"],
            unknown,
            vec![],
        ),
        (
            "eBay's label",
            json!({ "ebayShipping": { "shippingLabelProvidedBy": "EBAY" } }),
            &["SHIP_TO"],
            ours,
            vec![Program::ConfirmsItself],
        ),
        (
            "the seller's label",
            json!({ "ebayShipping": { "shippingLabelProvidedBy": "SELLER" } }),
            &["SHIP_TO"],
            ours,
            vec![],
        ),
        ("a download", json!(null), &["DIGITAL"], ours, vec![Program::PickUp]),
        ("fetched", json!(null), &["PREPARE_FOR_PICKUP"], ours, vec![Program::PickUp]),
        ("a download and a parcel", json!(null), &["DIGITAL", "SHIP_TO"], ours, vec![]),
        ("a new way", json!(null), &["BY_DRONE"], unknown, vec![]),
        ("no word of it", json!(null), &[], unknown, vec![]),
    ] {
        let facts = with_program(program, kinds);
        assert_eq!((facts.fulfilled_by, facts.programs), (want, flags), "{name}");
    }
}

#[test]
fn packages_that_were_not_read_are_not_taken_for_none() {
    let untouched = open().to_string();
    let hrefs = with("/fulfillmentHrefs", serde_json::json!(["https://api.ebay.com/x"]));
    let begun = with("/orderFulfillmentStatus", "IN_PROGRESS".into());
    for (name, json, want) in
        [("untouched", untouched, Some(0)), ("one is named", hrefs, None), ("begun", begun, None)]
    {
        let (_, facts) = read(&json, Shown::NotAsked).unwrap();
        assert_eq!(facts.packages.map(|p| p.len()), want, "{name}");
    }
}

#[test]
fn a_list_of_packages_that_is_not_whole_says_nothing() {
    let list = |status: u16, body: &str| {
        let good = Good { status, headers: http::HeaderMap::new(), body: body.into(), request_id: None };
        listed(&good).map(|packages| packages.map(|p| p.len())).ok()
    };
    for (name, status, body, want) in [
        ("none", 200, r#"{"fulfillments":[],"total":0}"#, Some(Some(0))),
        ("no content", 204, "", Some(Some(0))),
        ("more than listed", 200, r#"{"fulfillments":[{"fulfillmentId":"1"}],"total":2}"#, Some(None)),
        ("no count", 200, r#"{"fulfillments":[{"fulfillmentId":"1"}]}"#, Some(Some(1))),
        ("no list", 200, r#"{"total":0}"#, None),
        ("empty", 200, "", None),
        ("cut short", 200, r#"{"fulfillments":[{"fulfill"#, None),
        ("HTML", 200, "<html>", None),
    ] {
        assert_eq!(list(status, body), want, "{name}");
    }
}

#[test]
fn what_an_order_cannot_do_without_is_missed_aloud() {
    let whole = open().to_string();
    for (name, from, to) in [
        ("orderId", "\"orderId\"", "\"x\""),
        ("creationDate", "\"creationDate\"", "\"x\""),
        ("lastModifiedDate", "2026-11-18T09:45:10.250Z", "yesterday"),
        ("listingMarketplaceId", "MarketplaceId\"", "\""),
        ("lineItemId", "\"lineItemId\":\"10021000000002\"", "\"lineItemId\":{}"),
        ("quantity", "\"quantity\":1", "\"quantity\":-1"),
    ] {
        assert!(whole.contains(from), "{name}");
        let error = read(&whole.replace(from, to), Shown::NotAsked).unwrap_err();
        assert!(error.contains(name), "{name}: {error}");
    }
}

#[test]
fn failure_28_order_ids_are_the_rest_apis_own() {
    for (text, want) in [
        ("14-12345-67890", Some("14-12345-67890")),
        ("  14-12345-67890\n", Some("14-12345-67890")),
        ("14-123456-678901", Some("14-123456-678901")),
        // The old form of the Trading API: an item and a transaction.
        ("230006500123-2103423001", None),
        // Amazon's.
        ("701-0000001-0000001", None),
        ("14-12345", None),
        ("14-12345-67890-1", None),
        ("#14-12345-67890", None),
        ("١٤-12345-67890", None),
        ("", None),
    ] {
        assert_eq!(order_id(text).as_ref().map(MarketplaceOrderId::as_str), want, "{text:?}");
    }
}

#[test]
fn a_gigantic_order_is_read() {
    let mut order = open();
    let line = order["lineItems"][0].clone();
    let lines: Vec<_> = (0..5000)
        .map(|n| {
            let mut line = line.clone();
            line["lineItemId"] = format!("L{n}").into();
            line["quantity"] = u32::MAX.into();
            line
        })
        .collect();
    order["lineItems"] = lines.into();
    let (_, facts) = read(&order.to_string(), shown()).unwrap();
    assert_eq!(facts.lines.len(), 5000);
}

proptest! {
    #[test]
    fn any_bytes_as_an_answer_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = serde_json::from_slice::<wire::Order>(&bytes).map(|order| facts(order, read_at(), Shown::NotAsked));
        let _ = serde_json::from_slice::<wire::Orders>(&bytes);
        let _ = serde_json::from_slice::<wire::Fulfillments>(&bytes);
        let _ = serde_json::from_slice::<wire::TokenAnswer>(&bytes);
        let _ = wire::errors_of(&bytes);
    }

    /// Bytes are rarely JSON, so spoil good answers too: any value anywhere may be of any type.
    #[test]
    fn any_change_of_a_good_answer_never_panics(at in 0_usize..2000, with in "[\\[\\]{}\",:0-9a-z-]{0,4}", cut in 0_usize..4) {
        let good = include_str!("../../fixtures/order_partly_shipped.json");
        let at = at.min(good.len());
        let end = (at + cut).min(good.len());
        let text = format!("{}{with}{}", &good[..at], &good[end..]);
        let _ = read(&text, shown());
    }
}
