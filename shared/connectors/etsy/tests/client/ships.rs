//! `createReceiptShipment`.

use std::time::Duration;

use connector_api::{Failure, Kept, LimitHint, MerchantAction, Reached, Told};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::common::*;

/// The answer shows our number, whatever its spelling.
#[tokio::test]
async fn a_parcel_is_told_as_json_and_shown_by_the_answer() {
    for spelled in [NUMBER, "9400 1000 0000 0000 0000 00"] {
        let world = World::new().await;
        let answer = ok(&receipt_with(json!([row("OLD-1", "ups"), row(spelled, "usps")]), true));
        world.answers("POST", SHIP_PATH, ACCESS, answer, 1).await;
        let told = world.confirm().await.unwrap();
        assert_eq!((told.value.kept, told.value.reference), (Kept::Shown, None), "{spelled}");
        assert_eq!(told.request_id.as_deref(), Some("req-1"));
        let posted = world.posted(SHIP_PATH).await;
        let [(kind, body)] = posted.as_slice() else { panic!("{posted:?}") };
        assert_eq!(kind, "application/json");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            body,
            json!({ "tracking_code": NUMBER, "carrier_name": "usps" }),
            "a text, and nothing of the buyer"
        );
    }
}

/// A parcel of part of an order is told as any other: Etsy has a field neither for lines nor for a link.
#[tokio::test]
async fn failure_5_neither_lines_nor_a_link_are_sent() {
    let world = World::new().await;
    world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(json!([row(NUMBER, "usps")]), true)), 1).await;
    world.confirm().await.unwrap();
    let body: Value = serde_json::from_str(&world.posted(SHIP_PATH).await[0].1).unwrap();
    let fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["carrier_name", "tracking_code"]);
}

#[tokio::test]
async fn the_note_and_the_copy_go_along_where_the_settings_say_so() {
    let world = World::new().await.with("note_to_buyer", "Thank you!").with("send_bcc", "true");
    world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(json!([row(NUMBER, "usps")]), true)), 1).await;
    world.confirm().await.unwrap();
    let body: Value = serde_json::from_str(&world.posted(SHIP_PATH).await[0].1).unwrap();
    assert_eq!(
        body,
        json!({ "tracking_code": NUMBER, "carrier_name": "usps", "send_bcc": true, "note_to_buyer": "Thank you!" })
    );
}

#[tokio::test]
async fn a_form_is_sent_with_the_header_of_a_form() {
    let world = World::new().await.with("tracking_body", "form");
    world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(json!([row(NUMBER, "usps")]), true)), 1).await;
    world.confirm().await.unwrap();
    let posted = world.posted(SHIP_PATH).await;
    let want = format!("tracking_code={NUMBER}&carrier_name=usps");
    assert_eq!(posted, [("application/x-www-form-urlencoded".to_owned(), want)]);
}

#[tokio::test]
async fn failure_1_shipped_without_our_number_is_dropped_and_never_a_success() {
    for (name, rows) in [
        ("no row", json!([])),
        ("another number", json!([row("1Z999", "ups")])),
        ("a row without a number", json!([row("", "usps")])),
        ("a longer number", json!([row(&format!("{NUMBER}9"), "usps")])),
    ] {
        let world = World::new().await;
        world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(rows, true)), 1).await;
        let kept = world.confirm().await.unwrap().value.kept;
        let Kept::Dropped { detail } = kept else { panic!("{name}: {kept:?}") };
        assert!(detail.contains("usps") && detail.contains("mailed the buyer"), "{name}: {detail}");
    }
}

#[tokio::test]
async fn failure_1_the_number_may_be_on_another_order() {
    let world = World::new().await;
    let mut other = receipt_with(json!([row(NUMBER, "usps")]), true);
    other["receipt_id"] = json!(3_700_000_099_u64);
    world.answers("POST", SHIP_PATH, ACCESS, ok(&other), 1).await;
    let kept = world.confirm().await.unwrap().value.kept;
    let Kept::Dropped { detail } = kept else { panic!("{kept:?}") };
    assert!(detail.contains("3700000099"), "{detail}");
}

#[tokio::test]
async fn an_answer_that_leaves_its_parcels_out_is_read_back() {
    let world = World::new().await;
    world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(json!(null), true)), 1).await;
    assert_eq!(world.confirm().await.unwrap().value.kept, Kept::Unsaid);
}

#[tokio::test]
async fn a_parcel_without_a_number_is_told_without_a_carrier() {
    for (is_shipped, shown) in [(true, true), (false, false)] {
        let world = World::new().await;
        world.answers("POST", SHIP_PATH, ACCESS, ok(&receipt_with(json!([]), is_shipped)), 1).await;
        let mut untracked = confirmation();
        untracked.tracking = None;
        let kept = world.confirm_this(&untracked).await.unwrap().value.kept;
        assert_eq!(kept == Kept::Shown, shown, "{kept:?}");
        assert_eq!(matches!(kept, Kept::Dropped { .. }), !shown);
        assert_eq!(world.posted(SHIP_PATH).await, [("application/json".to_owned(), "{}".to_owned())]);
    }
}

#[tokio::test]
async fn what_etsy_would_surely_lose_is_not_sent() {
    let world = World::new().await;
    let mut empty_carrier = confirmation();
    empty_carrier.tracking = tracked(" ", NUMBER);
    let mut foreign = confirmation();
    foreign.order = "701-0000001-0000001".try_into().unwrap();
    for this in [empty_carrier, foreign] {
        let error = world.confirm_this(&this).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected { code: "NotSent".into() });
    }
    assert!(world.posted(SHIP_PATH).await.is_empty());
}

#[tokio::test]
async fn refusals_are_sorted_and_nothing_is_sent_twice() {
    let rejected = |code: &str| Failure::Rejected { code: code.to_owned() };
    let maybe = |after| retryable(Reached::Maybe, after);
    let elsewhere = Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere };
    let html = |status: u16| ResponseTemplate::new(status).set_body_string("<html>please wait");
    for (name, answer, want) in [
        ("failure_3: a number is required", refusal(400, "A tracking number is required"), rejected("400")),
        ("failure_2: closed access", refusal(403, "Unauthorized"), elsewhere.clone()),
        ("a scope is missing", refusal(403, "insufficient_scope: transactions_w"), elsewhere),
        (
            "failure_6: a carrier",
            refusal(400, "Unknown carrier_name"),
            Failure::CarrierRefused { code: "400".into() },
        ),
        ("no such order", refusal(404, "Resource not found"), Failure::NotFound),
        ("conflict", refusal(409, "Conflict"), maybe(None)),
        ("failure_4: internal", refusal(500, "Server error"), maybe(None)),
        ("failure_4: overload", html(503), maybe(None)),
        ("403 from something in between", html(403), maybe(Some(60))),
        ("failure_4: HTML in a 200", html(200), maybe(None)),
        ("failure_4: an empty 200", ResponseTemplate::new(200), maybe(None)),
        ("failure_4: a 204", ResponseTemplate::new(204), maybe(None)),
        (
            "failure_4: cut short",
            ResponseTemplate::new(200).set_body_string(r#"{"receipt_id":37000"#),
            maybe(None),
        ),
        ("failure_4: no order in it", ok(&json!({ "count": 0 })), maybe(None)),
        ("failure_4: a list", ok(&json!([])), maybe(None)),
        ("failure_4: an error in a 200", refusal(200, "Something"), maybe(None)),
        (
            "failure_11: too many",
            refusal(429, "Exceeded per second rate limit").insert_header("retry-after", "1"),
            Failure::Throttled { after: Some(Duration::from_secs(1)) },
        ),
        (
            "failure_10: the day is used up",
            refusal(429, "Exceeded daily rate limit").insert_header("retry-after", "86400"),
            Failure::Throttled { after: Some(Duration::from_secs(86_400)) },
        ),
    ] {
        let world = World::new().await;
        world.answers("POST", SHIP_PATH, ACCESS, answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, want, "{name}");
        assert_eq!(world.posted(SHIP_PATH).await.len(), 1, "{name}: each repetition would mail the buyer");
        assert_eq!(
            world.stored_token().await.as_deref(),
            Some(ACCESS),
            "{name}: the token is not what is wrong"
        );
    }
}

#[tokio::test]
async fn failure_2_closed_access_says_what_it_means() {
    let world = World::new().await;
    world.answers("POST", SHIP_PATH, ACCESS, refusal(403, "Unauthorized"), 1).await;
    let error = world.confirm().await.unwrap_err();
    assert!(error.detail.contains("Unauthorized") && error.detail.contains("no parcels"), "{}", error.detail);
    assert_eq!(error.request_id.as_deref(), Some("req-1"));
}

#[tokio::test]
async fn answers_tell_what_is_left_of_the_apps_limits() {
    let world = World::new().await;
    let answer = ok(&receipt_with(json!([row(NUMBER, "usps")]), true))
        .insert_header("x-limit-per-second", "25")
        .insert_header("x-remaining-this-second", "24")
        .insert_header("x-limit-per-day", "50000")
        .insert_header("x-remaining-today", "123");
    world.answers("POST", SHIP_PATH, ACCESS, answer, 1).await;
    let hint = |operation, told| LimitHint { operation, told };
    assert_eq!(
        world.confirm().await.unwrap().limits,
        [
            hint("queriesPerSecond", Told::Rate(25.0)),
            hint("queriesPerDay", Told::Window { calls: 50_000, left: 123 }),
        ]
    );
}
