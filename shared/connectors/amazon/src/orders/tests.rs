use proptest::prelude::*;

use super::*;

fn context(asked: bool) -> Context {
    Context {
        read_at: "2026-11-21T12:00:00Z".parse().unwrap(),
        asked,
        fulfilled_by: FulfilledBy::Unknown,
        marketplace: None,
    }
}

fn read(json: &str, asked: bool) -> Result<(MarketplaceOrderId, OrderFacts), String> {
    let answer: wire::GetOrder = serde_json::from_str(json).map_err(|error| error.to_string())?;
    facts(answer.order, &context(asked))
}

#[test]
fn orders_mean_what_amazon_describes() {
    macro_rules! fixture {
        ($name:literal, $asked:expr) => {
            let (_, facts) = read(include_str!(concat!("../../fixtures/", $name, ".json")), $asked).unwrap();
            insta::assert_json_snapshot!($name, facts);
        };
    }
    fixture!("order_open", true);
    fixture!("order_partly_shipped", true);
    fixture!("order_cancelled_line", true);
    fixture!("order_pending", true);
    fixture!("order_fba", true);
    fixture!("order_ship_plus", true);
    fixture!("order_plain", false);
    fixture!("order_odd", true);
    fixture!("order_with_buyer", true);
}

#[test]
fn nothing_of_the_buyer_is_kept() {
    let json = include_str!("../../fixtures/order_with_buyer.json");
    let answer: wire::GetOrder = serde_json::from_str(json).unwrap();
    // The reason of a cancellation is only ever looked at for being there.
    let (_, facts) = facts(answer.order, &context(true)).unwrap();
    let kept = format!("{facts:?}{}", serde_json::to_string(&facts).unwrap());
    assert!(!kept.to_lowercase().contains("canary"), "{kept}");
}

#[test]
fn packages_left_out_are_not_taken_for_none() {
    let order = |status: &str, shipped: u32| {
        format!(
            r#"{{"order":{{"orderId":"701-1-1","createdTime":"2026-11-10T09:15:00Z","lastUpdatedTime":"2026-11-10T09:15:00Z",
            "salesChannel":{{"marketplaceId":"ATVPDKIKX0DER"}},"fulfillment":{{"fulfillmentStatus":"{status}"}},
            "orderItems":[{{"orderItemId":"1","quantityOrdered":2,"fulfillment":{{"quantityFulfilled":{shipped}}}}}]}}}}"#
        )
    };
    for (status, shipped, asked, want) in [
        ("UNSHIPPED", 0, true, Some(0)),
        ("PENDING", 0, true, Some(0)),
        ("UNSHIPPED", 0, false, None),
        ("PARTIALLY_SHIPPED", 0, true, None),
        ("SHIPPED", 2, true, None),
        ("UNSHIPPED", 1, true, None),
        ("SOMETHING_NEW", 0, true, None),
    ] {
        let (_, facts) = read(&order(status, shipped), asked).unwrap();
        assert_eq!(facts.packages.map(|p| p.len()), want, "{status} {shipped} {asked}");
    }
}

#[test]
fn what_an_order_cannot_do_without_is_missed_aloud() {
    let whole = include_str!("../../fixtures/order_open.json");
    for (name, from, to) in [
        ("orderId", "\"orderId\"", "\"x\""),
        ("createdTime", "\"createdTime\"", "\"x\""),
        ("lastUpdatedTime", "2026-11-18T09:45:10Z", "yesterday"),
        ("salesChannel", "\"salesChannel\"", "\"x\""),
        ("orderItemId", "\"orderItemId\":\"70100000010002\"", "\"orderItemId\":{}"),
        ("quantityOrdered", "\"quantityOrdered\":1", "\"quantityOrdered\":-1"),
    ] {
        assert!(whole.contains(from), "{name}");
        let error = read(&whole.replace(from, to), true).unwrap_err();
        assert!(error.contains(name), "{name}: {error}");
    }
}

#[test]
fn order_ids_are_digits_in_groups() {
    for (text, want) in [
        ("701-0000001-0000001", Some("701-0000001-0000001")),
        ("  701-0000001-0000001\n", Some("701-0000001-0000001")),
        ("701-0000001-000001", None),
        ("7010-000001-0000001", None),
        ("701-0000001-0000001-1", None),
        ("#701-0000001-0000001", None),
        ("D01-0000001-0000001", None),
        ("٧٠١-0000001-0000001", None),
        ("", None),
    ] {
        assert_eq!(order_id(text).as_ref().map(MarketplaceOrderId::as_str), want, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_as_an_answer_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = serde_json::from_slice::<wire::GetOrder>(&bytes).map(|answer| facts(answer.order, &context(true)));
        let _ = serde_json::from_slice::<wire::SearchOrders>(&bytes);
        let _ = serde_json::from_slice::<wire::TokenAnswer>(&bytes);
        let _ = wire::errors_of(&bytes);
    }

    /// Bytes are rarely JSON, so spoil good answers too: any value anywhere may be of any type.
    #[test]
    fn any_change_of_a_good_answer_never_panics(at in 0_usize..900, with in "[\\[\\]{}\",:0-9a-z-]{0,4}", cut in 0_usize..4) {
        let good = include_str!("../../fixtures/order_partly_shipped.json");
        let at = at.min(good.len());
        let end = (at + cut).min(good.len());
        let text = format!("{}{with}{}", &good[..at], &good[end..]);
        let _ = read(&text, true);
    }

    #[test]
    fn cancelled_units_never_exceed_what_was_not_shipped(ordered: u32, shipped: Option<u32>, open: Option<u32>) {
        let cancelled = cancelled(ordered, shipped, open);
        prop_assert!(cancelled <= ordered.saturating_sub(shipped.unwrap_or(0)));
    }
}

#[test]
fn what_was_paid_is_never_said_too_high() {
    let of = |product: &str, proceeds: &str| {
        let json = format!(
            r#"{{"order":{{"orderId":"701-1-1","createdTime":"2026-11-10T09:15:00Z","lastUpdatedTime":"2026-11-10T09:15:00Z",
            "salesChannel":{{"marketplaceId":"ATVPDKIKX0DER"}},
            "orderItems":[{{"orderItemId":"1","quantityOrdered":2,"product":{{{product}}},"proceeds":{proceeds}}}]}}}}"#
        );
        let (_, facts) = read(&json, true).unwrap();
        facts.lines.into_iter().next().unwrap().paid.map(|money| money.to_string())
    };
    let price =
        |amount: &str| format!(r#""price":{{"unitPrice":{{"amount":"{amount}","currencyCode":"EUR"}}}}"#);
    let total = |amount: &str| format!(r#"{{"proceedsTotal":{{"amount":"{amount}","currencyCode":"EUR"}}}}"#);
    for (product, proceeds, want) in [
        (price("10.00"), total("25.00"), Some("20.00 EUR")),
        (price("10.00"), total("15.50"), Some("15.50 EUR")),
        (price("10.00"), "null".to_owned(), None),
        (String::new(), total("15.50"), Some("15.50 EUR")),
        (price("-1"), total("15.50"), Some("15.50 EUR")),
        (price("10.00"), total("much"), None),
        (price("10.00"), r#"{"proceedsTotal":{"amount":"5","currencyCode":"USD"}}"#.to_owned(), None),
        (String::new(), "[]".to_owned(), None),
        // Two of these are more than a decimal holds.
        (price("79228162514264337593543950335"), total("15.50"), None),
    ] {
        assert_eq!(of(&product, &proceeds).as_deref(), want, "{product} {proceeds}");
    }
}
