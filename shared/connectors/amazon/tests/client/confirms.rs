use connector_amazon::Amazon;
use connector_api::{Failure, LimitHint, Marketplace, MerchantAction, Reached, Told};
use domain::confirmation::{CarrierCode, Confirmation};
use serde_json::{Value, json};
use wiremock::Mock;
use wiremock::ResponseTemplate;
use wiremock::matchers::{body_json, header, method, path};

use crate::common::*;

#[tokio::test]
async fn a_package_is_sent_as_the_contract_wants_it() {
    let world = World::new().await;
    Mock::given(method("POST"))
        .and(path(CONFIRM_PATH))
        .and(header("x-amz-access-token", ACCESS))
        .and(header("content-type", "application/json"))
        .and(body_json(json!({
            "marketplaceId": "ATVPDKIKX0DER",
            "packageDetail": {
                "packageReferenceId": "421000001",
                "carrierCode": "USPS",
                "shippingMethod": "Ground Advantage",
                "trackingNumber": "9400100000000000000000",
                "shipDate": "2026-11-20T18:00:00Z",
                "orderItems": [
                    { "orderItemId": "70100000010001", "quantity": 2 },
                    { "orderItemId": "70100000010002", "quantity": 1 },
                ],
            },
        })))
        .respond_with(
            ResponseTemplate::new(204)
                .insert_header("x-amzn-RequestId", "req-1")
                .insert_header("x-amzn-RateLimit-Limit", "4.5"),
        )
        .expect(1)
        .mount(&world.server)
        .await;
    let answer = world.confirm().await.unwrap();
    assert_eq!(answer.request_id.as_deref(), Some("req-1"));
    assert_eq!(answer.limits, [LimitHint { operation: "confirmShipment", told: Told::Rate(4.5) }]);
    let requests = world.server.received_requests().await.unwrap();
    let agent = requests[0].headers.get("user-agent").unwrap().to_str().unwrap();
    assert!(agent.starts_with("Parcelwire/") && agent.contains("Language=Rust/"), "{agent}");
    assert!(requests[0].headers.get("authorization").is_none());
}

#[tokio::test]
async fn the_carriers_name_goes_along_only_with_other() {
    for (code, name, sent_code, sent_name) in [
        ("Other", Some("Bike Courier"), "Other", Some("Bike Courier")),
        ("OTHER", Some(" Bike Courier "), "Other", Some("Bike Courier")),
        ("USPS", Some("US Mail"), "USPS", None),
        ("FedEx", None, "FedEx", None),
    ] {
        let world = World::new().await;
        world.answers("POST", CONFIRM_PATH, ACCESS, ResponseTemplate::new(200), 1).await;
        let mut confirmation = confirmation();
        let tracking = confirmation.tracking.as_mut().unwrap();
        tracking.carrier = CarrierCode { code: code.into(), name: name.map(Into::into) };
        tracking.service = None;
        Amazon.confirm(world.reach(), &world.connection, &confirmation).await.unwrap();
        let sent: Value = world.server.received_requests().await.unwrap()[0].body_json().unwrap();
        let package = &sent["packageDetail"];
        assert_eq!(package["carrierCode"], sent_code, "{code}");
        assert_eq!(package.get("carrierName").and_then(Value::as_str), sent_name, "{code}");
        assert!(package.get("shippingMethod").is_none());
    }
}

#[tokio::test]
async fn what_amazon_would_surely_refuse_is_not_sent() {
    let world = World::new().await;
    let mut nameless = confirmation();
    nameless.tracking.as_mut().unwrap().carrier =
        CarrierCode { code: "Other".into(), name: Some("  ".into()) };
    let mut codeless = confirmation();
    codeless.tracking.as_mut().unwrap().carrier.code = " ".into();
    let mut empty = confirmation();
    empty.lines.clear();
    let mut zero = confirmation();
    zero.lines.values_mut().for_each(|units| *units = 0);
    let mut unnumbered = confirmation();
    unnumbered.reference = "0".into();
    let untracked = Confirmation { tracking: None, ..confirmation() };
    for bad in [nameless, codeless, empty, zero, unnumbered, untracked] {
        let error = Amazon.confirm(world.reach(), &world.connection, &bad).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected { code: "NotSent".into() }, "{error}");
    }
    assert!(world.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_refusal_says_what_to_do_next() {
    let rejected = |code: &str| Failure::Rejected { code: code.into() };
    let html = |status: u16| ResponseTemplate::new(status).set_body_raw("<html>no</html>", "text/html");
    let cases = [
        ("bad input", refusal(400, "InvalidInput", "Invalid Input", ""), rejected("InvalidInput")),
        ("400 in HTML", html(400), rejected("400")),
        ("no such order", refusal(404, "NotFound", "gone", ""), Failure::NotFound),
        (
            "already shipped",
            refusal(400, "InvalidInput", "Failed to create package … PackageToUpdateNotFound", ""),
            retryable(Reached::Maybe, None),
        ),
        ("throttled", refusal(429, "QuotaExceeded", "slow", ""), Failure::Throttled { after: None }),
        (
            "throttled with a time",
            refusal(429, "QuotaExceeded", "slow", "").insert_header("retry-after", "7"),
            Failure::Throttled { after: Some(std::time::Duration::from_secs(7)) },
        ),
        ("internal", refusal(500, "InternalFailure", "oops", ""), retryable(Reached::Maybe, None)),
        ("overload", html(503), retryable(Reached::Maybe, None)),
        ("errors inside a 200", refusal(200, "InvalidInput", "no", ""), rejected("InvalidInput")),
        ("a success that is no JSON", html(200), retryable(Reached::Maybe, None)),
        (
            "an old token is no reason to park",
            refusal(403, "Unauthorized", "Access to requested resource is denied.", ""),
            retryable(Reached::No, Some(1)),
        ),
        ("401", refusal(401, "Unauthorized", "no", ""), retryable(Reached::No, Some(1))),
    ];
    for (name, answer, want) in cases {
        let world = World::new().await;
        let has_id = name != "400 in HTML" && name != "overload" && name != "a success that is no JSON";
        world.answers("POST", CONFIRM_PATH, ACCESS, answer, 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, want, "{name}");
        assert_eq!((error.channel, error.operation), ("amazon", "confirmShipment"), "{name}");
        assert_eq!(error.request_id.is_some(), has_id, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_orders_lines_says_that_it_is_one() {
    for (words, want) in [
        ("OrderItemId is invalid, please obtain the value through getOrderItems", true),
        ("PackageReferenceId: is invalid, must be a positive numeric value", false),
    ] {
        let world = World::new().await;
        world.answers("POST", CONFIRM_PATH, ACCESS, refusal(400, "InvalidInput", words, ""), 1).await;
        let error = world.confirm().await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected { code: "InvalidInput".into() });
        assert_eq!(error.about_lines, want, "{words}");
    }
}

#[tokio::test]
async fn a_2xx_with_json_but_no_errors_is_a_success() {
    for answer in [
        ResponseTemplate::new(204),
        ResponseTemplate::new(202),
        ResponseTemplate::new(200).set_body_string("\n"),
        ResponseTemplate::new(200).set_body_json(json!({})),
        ResponseTemplate::new(200).set_body_json(json!({ "errors": [] })),
    ] {
        let world = World::new().await;
        world.answers("POST", CONFIRM_PATH, ACCESS, answer, 1).await;
        world.confirm().await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_a_second_refusal_of_a_new_one_asks_for_the_merchant() {
    let world = World::new().await;
    let denied = || refusal(403, "Unauthorized", "Access to requested resource is denied.", "");
    world.answers("POST", CONFIRM_PATH, ACCESS, denied(), 1).await;
    world.lwa_gives("Atza|second", 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|second", denied(), 1).await;

    let first = world.confirm().await.unwrap_err();
    assert_eq!(first.failure, retryable(Reached::No, Some(1)));
    assert_eq!(world.stored_token().await, None);

    let second = world.confirm().await.unwrap_err();
    assert_eq!(second.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(second.detail.contains("role") && second.detail.contains("authorisation"), "{}", second.detail);
    assert_eq!(second.request_id.as_deref(), Some("req-1"));
}

#[tokio::test]
async fn an_expired_token_is_replaced_and_the_package_confirmed() {
    let world = World::new().await;
    let expired = refusal(403, "Unauthorized", "denied", "The access token you provided has expired.");
    world.answers("POST", CONFIRM_PATH, ACCESS, expired, 1).await;
    world.lwa_gives("Atza|second", 1).await;
    world.answers("POST", CONFIRM_PATH, "Atza|second", ResponseTemplate::new(204), 1).await;
    assert_eq!(world.confirm().await.unwrap_err().failure, retryable(Reached::No, Some(1)));
    world.confirm().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_was_not_reached() {
    let mut world = World::new().await;
    // A port that was just free, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.connection.base_url = Some(format!("http://127.0.0.1:{port}"));
    let error = world.confirm().await.unwrap_err();
    assert_eq!(error.failure, retryable(Reached::No, None));
}
