//! createShippingFulfillment: what is sent, and what each answer means.

use std::time::Duration;

use connector_api::{Failure, Kept, Reached};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::common::*;

#[tokio::test]
async fn a_package_goes_out_whole_and_comes_back_with_ebays_id() {
    let world = World::new().await;
    world.answers("POST", CONFIRM_PATH, ACCESS, created(NUMBER), 1).await;
    let answer = world.confirm().await.unwrap();
    assert_eq!(answer.value.reference.as_deref(), Some(NUMBER));
    assert_eq!(answer.value.kept, Kept::Unsaid, "only a read shows it");
    let [sent] = &world.requests(CONFIRM_PATH).await[..] else { unreachable!() };
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(sent.headers["accept"], "application/json");
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({
            "lineItems": [{ "lineItemId": "10021000000001", "quantity": 2 }, { "lineItemId": "10021000000002", "quantity": 1 }],
            "shippedDate": "2026-11-21T10:00:00.123Z",
            "shippingCarrierCode": "USPS",
            "trackingNumber": "9400100000000000000000",
        })
    );
}

#[tokio::test]
async fn a_package_without_a_number_names_no_carrier_either() {
    let world = World::new().await;
    world.answers("POST", CONFIRM_PATH, ACCESS, created("999"), 1).await;
    let mut untracked = confirmation();
    untracked.tracking = None;
    assert_eq!(world.confirm_this(&untracked).await.unwrap().value.reference.as_deref(), Some("999"));
    let sent: Value = serde_json::from_slice(&world.requests(CONFIRM_PATH).await[0].body).unwrap();
    assert!(sent.get("trackingNumber").is_none() && sent.get("shippingCarrierCode").is_none(), "{sent}");
}

#[tokio::test]
async fn the_carriers_name_stays_home_and_other_goes_as_it_is() {
    let world = World::new().await;
    world.answers("POST", CONFIRM_PATH, ACCESS, created("1"), 1).await;
    let mut other = confirmation();
    let tracking = other.tracking.as_mut().unwrap();
    tracking.carrier.code = "Other".into();
    tracking.carrier.name = Some("Bike Couriers".into());
    world.confirm_this(&other).await.unwrap();
    let sent = String::from_utf8(world.requests(CONFIRM_PATH).await[0].body.clone()).unwrap();
    assert!(sent.contains(r#""shippingCarrierCode":"Other""#) && !sent.contains("Bike"), "{sent}");
}

#[tokio::test]
async fn failure_24_what_ebay_would_choke_on_is_not_sent() {
    let world = World::new().await;
    let mut cases = Vec::new();
    let mut empty = confirmation();
    empty.lines.clear();
    cases.push(("no line", empty));
    let mut zero = confirmation();
    zero.lines.values_mut().for_each(|units| *units = 0);
    cases.push(("no unit", zero));
    let mut no_carrier = confirmation();
    no_carrier.tracking.as_mut().unwrap().carrier.code = " ".into();
    cases.push(("a number without a carrier", no_carrier));
    let mut several = confirmation();
    several.tracking.as_mut().unwrap().number = "94001001, 94001002".to_owned().try_into().unwrap();
    cases.push(("several numbers", several));
    let mut swapped = confirmation();
    swapped.tracking.as_mut().unwrap().number = "USPS".to_owned().try_into().unwrap();
    cases.push(("a carrier in place of the number", swapped));
    for (name, confirmation) in cases {
        let error = world.confirm_this(&confirmation).await.unwrap_err();
        assert_eq!(error.failure, rejected("NotSent"), "{name}");
    }
    assert!(world.requests(CONFIRM_PATH).await.is_empty());
}

#[tokio::test]
async fn refusals_say_what_to_do_next() {
    let carrier = |code: &str| Failure::CarrierRefused { code: code.to_owned() };
    let cases = [
        // Failure 25: the workflow tries it once more as `Other`, if the merchant lets it.
        (
            "carrier or number",
            refusal(400, 32300, "Invalid shipment tracking number or carrier"),
            carrier("32300"),
        ),
        ("order id", refusal(400, 32100, "Invalid Order Id"), rejected("32100")),
        ("line", refusal(400, 32200, "Invalid line item id"), rejected("32200")),
        ("line twice", refusal(400, 32210, "Duplicate"), rejected("32210")),
        ("suspended", refusal(400, 32400, "Requested user is suspended"), CLOSED),
        ("ship date", refusal(400, 32500, "Invalid shipped date"), rejected("32500")),
        ("input", refusal(400, 32600, "Invalid input data"), rejected("32600")),
        ("too many numbers", refusal(400, 34100, "Maximum tracking number"), rejected("34100")),
        ("hub and not", refusal(400, 34200, "GSP"), rejected("34200")),
        ("several to the hub", refusal(400, 34300, "GSP"), rejected("34300")),
        ("use PUT", refusal(400, 34500, "Please use PUT operation"), maybe()),
        // Failure 26: never repeated.
        (
            "another's number",
            refusal(400, 32600, "Tracking number(s) already exists for a different buyer or seller"),
            rejected("32600"),
        ),
        ("conflict after an unseen success", refusal(409, 0, "Conflict"), maybe()),
        ("conflict without words", ResponseTemplate::new(409), maybe()),
        // Failure 23: "may succeed if reissued", which is not to say that it did not.
        ("system error", refusal(500, 30500, "System error"), maybe()),
        ("overload", html(503), maybe()),
        ("400 in HTML", html(400), rejected("400")),
        ("no such order", refusal(404, 32100, "gone"), Failure::NotFound),
        ("throttled", refusal(429, 2001, "slow"), Failure::Throttled { after: None }),
        (
            "throttled with a time",
            html(429).insert_header("retry-after", "7"),
            Failure::Throttled { after: Some(Duration::from_secs(7)) },
        ),
        ("an old token", refusal(401, 1001, "Invalid access token"), again(1)),
        ("refused in a 200", refusal(200, 32600, "no"), rejected("32600")),
        ("HTML for a success", html(200), maybe()),
        ("HTML for a creation", html(201), maybe()),
        ("an empty 200", ResponseTemplate::new(200), maybe()),
        ("no content", ResponseTemplate::new(204), maybe()),
        ("JSON that says nothing", ResponseTemplate::new(200).set_body_json(json!({})), maybe()),
        (
            "a redirect",
            ResponseTemplate::new(302).insert_header("location", "https://thief.example"),
            maybe(),
        ),
    ];
    for (name, answer, want) in cases {
        let world = World::new().await;
        world.answers("POST", CONFIRM_PATH, ACCESS, answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, want, "{name}");
        assert_eq!((error.channel, error.operation), ("ebay", "createShippingFulfillment"), "{name}");
        assert!(!error.detail.contains("CANARY"), "{name}: {}", error.detail);
    }
}

#[tokio::test]
async fn a_creation_without_an_address_is_taken_and_nameless() {
    for answer in [
        ResponseTemplate::new(201),
        ResponseTemplate::new(201).set_body_json(json!({ "warnings": [{ "errorId": 1 }] })),
        ResponseTemplate::new(201).insert_header("location", "https://api.ebay.com/somewhere/else"),
    ] {
        let world = World::new().await;
        world.answers("POST", CONFIRM_PATH, ACCESS, answer, 1).await;
        assert_eq!(world.confirm().await.unwrap().value.reference, None);
    }
}

#[tokio::test]
async fn failure_20_a_missing_scope_stops_confirmations_and_leaves_the_account_connected() {
    let world = World::new().await;
    let denied = || refusal(403, 1100, "Insufficient permissions to fulfill the request.");
    world.answers("POST", CONFIRM_PATH, ACCESS, denied(), 1).await;
    world.tokens(issued("second"), 1).await;
    world.answers("POST", CONFIRM_PATH, "second", denied(), 1).await;
    // It may be a token from before the grant: a new one is asked for within the same call, since nothing was applied.
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, CLOSED);
    assert!(error.detail.contains("scope sell.fulfillment"), "{}", error.detail);
    assert_eq!(error.request_id.as_deref(), Some("req-1"));
}

#[tokio::test]
async fn an_expired_token_is_replaced_and_the_package_confirmed() {
    let world = World::new().await;
    world.answers("POST", CONFIRM_PATH, ACCESS, refusal(401, 1001, "Expired"), 1).await;
    world.tokens(issued("second"), 1).await;
    world.answers("POST", CONFIRM_PATH, "second", created(NUMBER), 1).await;
    assert_eq!(world.confirm().await.unwrap_err().failure, again(1));
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn a_new_token_that_is_refused_asks_for_the_merchant() {
    let world = World::without_token().await;
    world.tokens(issued("second"), 1).await;
    world.answers("POST", CONFIRM_PATH, "second", refusal(401, 1001, "Invalid access token"), 1).await;
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, RECONNECT);
    assert!(error.detail.contains("authorise the app again"), "{}", error.detail);
}

#[tokio::test]
async fn a_server_that_is_not_there_was_not_reached() {
    let mut world = World::new().await;
    // A port that was just free, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.connection.base_url = Some(format!("http://127.0.0.1:{port}"));
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, Failure::Retryable { reached: Reached::No, after: None });
}
