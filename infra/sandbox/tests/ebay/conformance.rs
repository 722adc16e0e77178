//! What any marketplace connector must make of its marketplace, good days and bad.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached};
use domain::marketplace_order::{FulfilledBy, OrderStatus, Program};
use sandbox::ebay::{Mishap, NewFulfillment, OrderChange, Settings};
use sandbox::faults::Fault;
use serde_json::json;

use crate::common::*;

fn maybe() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

#[tokio::test]
async fn a_package_is_confirmed_and_shown() {
    let world = World::new().await;
    let before = world.read().await;
    assert_eq!((before.status, before.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    let confirmed = world.confirm(&whole()).await.unwrap();
    assert_eq!(confirmed.reference.as_deref(), Some(NUMBER));

    let after = world.read().await;
    assert_eq!(after.status, OrderStatus::Shipped);
    assert_eq!(after.lines.iter().map(|l| l.shipped).collect::<Vec<_>>(), [Some(2), Some(1)]);
    let packages = after.packages.unwrap();
    let [package] = packages.as_slice() else { panic!("{packages:?}") };
    assert_eq!(package.reference, NUMBER);
    assert_eq!(package.carrier.as_deref(), Some("USPS"));
    assert_eq!(package.tracking_number.as_deref(), Some(NUMBER));
    assert_eq!(package.ship_date, Some(whole().ship_date));
    assert_eq!(package.lines, whole().lines);

    let record = world.sandbox().record();
    assert_eq!(record.effects.len(), 1);
    let calls = |name: &str| record.calls.get(name).copied().unwrap_or(0);
    assert_eq!((calls("createShippingFulfillment"), calls("getOrder"), calls("token")), (1, 2, 1));
    assert_eq!(calls("getShippingFulfillments"), 2, "every read looks for the packages");
}

#[tokio::test]
async fn lines_go_in_packages_of_their_own_and_never_in_parts() {
    let world = World::new().await;
    world.confirm(&confirmation(NUMBER, &[(LINE, 2)])).await.unwrap();
    assert_eq!(world.read().await.status, OrderStatus::PartlyShipped);
    let parts = world.confirm(&confirmation("9400100000000000000001", &[(LINE, 1)])).await.unwrap_err();
    assert_eq!(parts.failure, Failure::Rejected { code: "32600".to_owned() });
    world.confirm(&confirmation("9400100000000000000002", &[(OTHER_LINE, 1)])).await.unwrap();
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages.map(|p| p.len())), (OrderStatus::Shipped, Some(2)));
}

#[tokio::test]
async fn a_package_without_a_number_is_named_by_ebay() {
    let world = World::new().await;
    let mut untracked = whole();
    untracked.tracking = None;
    assert_eq!(world.confirm(&untracked).await.unwrap().reference.as_deref(), Some("999"));
    let packages = world.read().await.packages.unwrap();
    assert_eq!((packages[0].reference.as_str(), packages[0].tracking_number.as_deref()), ("999", None));
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_and_one_package() {
    let world = World::new().await;
    world.fault("createShippingFulfillment", Fault::LoseAnswer);
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe());
    assert_eq!(world.read().await.packages.unwrap().len(), 1);
    assert_eq!(world.sandbox().record().effects.len(), 1, "and nothing between sent it twice");
}

#[tokio::test]
async fn a_connection_cut_before_leaves_doubt_and_no_package() {
    let world = World::new().await;
    world.read().await;
    world.fault("createShippingFulfillment", Fault::CutBefore);
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe());
    assert_eq!(world.read().await.packages.unwrap().len(), 0);
}

#[tokio::test]
async fn faults_are_told_apart() {
    let throttled = |after| Failure::Throttled { after };
    let refuse = |status, error_id| Mishap::Refuse { status, error_id, message: "no".to_owned() };
    let fault = Ok::<Fault, Mishap>;
    let cases = [
        (fault(Fault::Throttle { retry_after: Some(3) }), throttled(Some(Duration::from_secs(3))), 0),
        (fault(Fault::Throttle { retry_after: None }), throttled(None), 0),
        (fault(Fault::Status { status: 503 }), maybe(), 0),
        (fault(Fault::Status { status: 500 }), maybe(), 0),
        (fault(Fault::Status { status: 409 }), maybe(), 0),
        (fault(Fault::Status { status: 400 }), Failure::Rejected { code: "32600".to_owned() }, 0),
        (fault(Fault::Malformed), maybe(), 1),
        (
            fault(Fault::ExpiredToken),
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(1)) },
            0,
        ),
        (Err(refuse(400, 32300)), Failure::CarrierRefused { code: "32300".to_owned() }, 0),
        (Err(refuse(400, 34500)), maybe(), 0),
        (Err(refuse(400, 32400)), Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere }, 0),
        (Err(Mishap::Empty), maybe(), 1),
    ];
    for (planned, want, applied) in cases {
        let world = World::new().await;
        // A token that is not new.
        world.read().await;
        match &planned {
            Ok(fault) => world.fault("createShippingFulfillment", fault.clone()),
            Err(mishap) => world.mishap("createShippingFulfillment", mishap.clone()),
        }
        let error = world.confirm(&whole()).await.unwrap_err();
        assert_eq!(error.failure, want, "{planned:?}");
        assert_eq!(world.sandbox().record().effects.len(), applied, "{planned:?}");
        assert_eq!(world.read().await.packages.unwrap().len(), applied, "{planned:?}");
    }
}

#[tokio::test]
async fn reads_that_come_spoilt_are_told_apart() {
    for operation in ["getOrder", "getShippingFulfillments"] {
        for mishap in [Mishap::Empty, Mishap::Truncated, Mishap::Html] {
            let world = World::new().await;
            world.mishap(operation, mishap.clone());
            let error = world.read_as("ann").await.unwrap_err();
            assert_eq!(error.failure, maybe(), "{operation} {mishap:?}");
            world.read().await;
        }
    }
}

#[tokio::test]
async fn accepted_and_forgotten_is_seen_by_reading() {
    let world = World::new().await;
    world.fault("createShippingFulfillment", Fault::AcceptAndForget);
    world.confirm(&whole()).await.unwrap();
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    assert_eq!(world.sandbox().record().forgotten, 1);
}

#[tokio::test]
async fn a_package_that_shows_late_is_absent_until_then() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { shows_after_seconds: 60, ..Settings::default() });
    world.confirm(&whole()).await.unwrap();
    assert_eq!(world.read().await.packages.unwrap().len(), 0);
    world.later(60);
    assert_eq!(world.read().await.packages.unwrap().len(), 1);
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_and_keeps_nobody_else_waiting() {
    let world = World::new().await;
    world.read().await;
    world.fault("createShippingFulfillment", Fault::Slow { millis: 400 });
    let one = whole();
    let slow = world.confirm(&one);
    let quick = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::time::timeout(Duration::from_millis(300), world.read()).await.expect("not held up")
    };
    let (slow, facts) = tokio::join!(slow, quick);
    slow.unwrap();
    assert_eq!(facts.packages.unwrap().len(), 1, "applied at once, answered late");
}

#[tokio::test]
async fn a_revoked_seller_is_told_so_and_the_others_go_on() {
    let world = World::new().await;
    world.read().await;
    world.sandbox().revoke("ann").unwrap();
    // The old token first proves nothing; asking for a new one does.
    let first = world.confirm(&whole()).await.unwrap_err();
    assert!(matches!(first.failure, Failure::Retryable { reached: Reached::No, .. }), "{first}");
    let second = world.confirm(&whole()).await.unwrap_err();
    assert_eq!(second.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(second.detail.contains("18 months"), "{}", second.detail);
    // Bob's token serves; the order is not his.
    assert_eq!(world.read_as("bob").await.unwrap_err().failure, Failure::NotFound);
    world.sandbox().restore("ann", None, None).unwrap();
    world.confirm(&whole()).await.unwrap();
}

#[tokio::test]
async fn polls_see_every_order_once_or_more_and_go_on_from_where_they_were() {
    let world = World::new().await;
    {
        let mut sandbox = world.sandbox();
        for n in 2..=451 {
            sandbox.add_order(start(), order(&format!("14-00001-{n:05}"))).unwrap();
        }
    }
    let (mut seen, pages, next) = world.poll(start()).await;
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (451, 3), "pages of 200 that overlap by 50");
    assert_eq!(next.since, start());
    world.later(3600);
    assert_eq!(world.poll(start() + Duration::from_secs(3600)).await.0, Vec::<String>::new());
    let change = OrderChange { cancel_state: Some("IN_PROGRESS".into()), ..OrderChange::default() };
    world.sandbox().change_order(start() + Duration::from_secs(3600), ORDER, change).unwrap();
    assert_eq!(world.poll(start() + Duration::from_secs(3600)).await.0, [ORDER]);
    assert!(world.read().await.cancel_requested);
}

#[tokio::test]
async fn what_became_of_an_order_is_read() {
    let world = World::new().await;
    let change = |change: OrderChange| world.sandbox().change_order(start(), ORDER, change).unwrap();
    change(OrderChange { payment_status: Some("PENDING".into()), ..OrderChange::default() });
    assert_eq!(world.read().await.status, OrderStatus::Pending);
    assert!(world.confirm(&whole()).await.is_err());
    change(OrderChange { payment_status: Some("PAID".into()), ..OrderChange::default() });
    assert_eq!(world.read().await.status, OrderStatus::Open);
    let package = NewFulfillment {
        carrier_code: Some("UPS".into()),
        tracking_number: Some("1Z1".into()),
        shipped_date: None,
        lines: Some(vec![LINE.into()]),
    };
    change(OrderChange { fulfillment: Some(package), ..OrderChange::default() });
    let facts = world.read().await;
    assert_eq!(facts.status, OrderStatus::PartlyShipped);
    assert_eq!(facts.packages.unwrap()[0].tracking_number.as_deref(), Some("1Z1"));
    change(OrderChange { cancel_state: Some("CANCELED".into()), ..OrderChange::default() });
    let facts = world.read().await;
    assert_eq!((facts.status, facts.cancel_requested), (OrderStatus::Cancelled, false));
}

#[tokio::test]
async fn parcels_to_a_hub_are_confirmed_and_what_ebay_ships_is_not_ours() {
    let world = World::new().await;
    let mut hub = order(ORDER);
    (hub.to_hub, hub.program) =
        (true, Some(json!({ "ebayInternationalShipping": { "returnsManagedBy": "EBAY" } })));
    world.sandbox().add_order(start(), hub).unwrap();
    assert_eq!(world.read().await.fulfilled_by, FulfilledBy::Merchant);
    let both = world.confirm(&whole()).await.unwrap_err();
    assert_eq!(both.failure, Failure::Rejected { code: "34300".to_owned() }, "one line at a time");
    world.confirm(&confirmation(NUMBER, &[(LINE, 2)])).await.unwrap();

    let mut by_ebay = order(ORDER);
    by_ebay.program = Some(json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } }));
    world.sandbox().add_order(start(), by_ebay).unwrap();
    assert_eq!(world.read().await.fulfilled_by, FulfilledBy::Marketplace);

    let mut labelled = order(ORDER);
    labelled.program = Some(json!({ "ebayShipping": { "shippingLabelProvidedBy": "EBAY" } }));
    world.sandbox().add_order(start(), labelled).unwrap();
    assert_eq!(world.read().await.programs, [Program::ConfirmsItself]);
}

#[tokio::test]
async fn an_apps_day_ends_for_all_its_sellers_and_begins_at_midnight_in_california() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { daily_calls: Some(3), ..Settings::default() });
    world.read().await;
    assert_eq!(world.read_as("bob").await.unwrap_err().failure, Failure::NotFound);
    assert_eq!(world.read_as("bob").await.unwrap_err().failure, Failure::Throttled { after: None });
    // 12:00 UTC is four in the morning there.
    world.later(20 * 3600 - 1);
    assert_eq!(world.read_as("ann").await.unwrap_err().failure, Failure::Throttled { after: None });
    world.later(1);
    world.read().await;
}
