//! What is peculiar to Amazon, by our connector over sockets. What any connector must do is asked in
//! `tests/conformance`.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached};
use domain::confirmation::CarrierCode;
use domain::marketplace_order::OrderStatus;
use sandbox::amazon::{By, OrderChange, Settings, Status};
use sandbox::faults::Fault;

use crate::common::*;

fn maybe() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

#[tokio::test]
async fn a_package_is_confirmed_and_shown() {
    let world = World::new().await;
    let before = world.read().await;
    assert_eq!((before.status, before.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();

    let after = world.read().await;
    assert_eq!(after.status, OrderStatus::Shipped);
    assert_eq!(after.lines.first().unwrap().shipped, Some(2));
    let packages = after.packages.unwrap();
    let [package] = packages.as_slice() else { panic!("{packages:?}") };
    assert_eq!(package.reference, "421000001");
    assert_eq!(package.carrier.as_deref(), Some("USPS"));
    assert_eq!(package.tracking_number.as_deref(), Some(NUMBER));
    assert_eq!(package.ship_date, Some(confirmation(1, 1).ship_date));
    assert_eq!(package.lines, confirmation(1, 2).lines);

    let record = world.sandbox().record();
    assert_eq!(record.effects.len(), 1);
    assert_eq!(record.calls.get("confirmShipment"), Some(&1));
    assert_eq!(record.calls.get("getOrder"), Some(&2));
    assert_eq!(record.calls.get("token"), Some(&1), "one token serves them all");
    assert_eq!(record.buyer_reads, 0);
}

#[tokio::test]
async fn the_same_reference_edits() {
    let world = World::new().await;
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let mut corrected = confirmation(421_000_001, 2);
    let bike = CarrierCode { code: "Other".to_owned(), name: Some("Bike".to_owned()) };
    corrected.tracking = Some(tracking(bike, "1Z0000000000000000"));
    world.confirm(&corrected).await.unwrap();
    world.confirm(&corrected).await.unwrap();
    let packages = world.read().await.packages.unwrap();
    assert_eq!(packages.len(), 1);
    assert_eq!(packages.first().unwrap().tracking_number.as_deref(), Some("1Z0000000000000000"));
    let record = world.sandbox().record();
    let package = record.packages.first().unwrap();
    assert_eq!((package.versions, package.confirm_calls, package.by), (2, 3, By::ConfirmShipment));
    assert_eq!(record.effects.iter().map(|e| e.edit).collect::<Vec<_>>(), [false, true, true]);
}

#[tokio::test]
async fn a_second_package_of_a_shipped_order_means_read_it_first() {
    let world = World::new().await;
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let error = world.confirm(&confirmation(421_000_002, 2)).await.unwrap_err();
    assert_eq!(error.failure, maybe());
    assert!(error.detail.contains("order already fulfilled"), "{}", error.detail);
    assert!(error.request_id.is_some());
}

#[tokio::test]
async fn faults_are_told_apart() {
    let throttled = |after| Failure::Throttled { after };
    let cases = [
        (Fault::Throttle { retry_after: Some(3) }, throttled(Some(Duration::from_secs(3))), 0),
        (Fault::Throttle { retry_after: None }, throttled(None), 0),
        (Fault::Status { status: 503 }, maybe(), 0),
        (Fault::Status { status: 500 }, maybe(), 0),
        (Fault::Status { status: 400 }, Failure::Rejected { code: "InvalidInput".to_owned() }, 0),
        (Fault::Malformed, maybe(), 1),
        (
            Fault::ExpiredToken,
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(1)) },
            0,
        ),
    ];
    for (fault, want, applied) in cases {
        let world = World::new().await;
        world.fault("confirmShipment", fault.clone());
        let error = world.confirm(&confirmation(421_000_001, 2)).await.unwrap_err();
        assert_eq!(error.failure, want, "{fault:?}");
        assert_eq!(world.sandbox().record().effects.len(), applied, "{fault:?}");
        // It passes.
        world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
        assert_eq!(world.read().await.packages.unwrap().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn accepted_and_forgotten_is_seen_by_reading() {
    let world = World::new().await;
    world.fault("confirmShipment", Fault::AcceptAndForget);
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    assert_eq!(world.sandbox().record().forgotten, 1);
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_and_keeps_nobody_else_waiting() {
    let world = World::new().await;
    world.read().await;
    world.fault("confirmShipment", Fault::Slow { millis: 400 });
    let one = confirmation(421_000_001, 2);
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
async fn a_missing_role_asks_for_the_merchant() {
    let world = World::new().await;
    let mut denied = seller("ann");
    denied.access_denied = true;
    world.sandbox().add_seller(denied);
    let error = world.read_as("ann").await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
}

#[tokio::test]
async fn lists_may_lag_and_nothing_is_lost_by_it() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings::default());
    let (seen, _, next) = world.poll(start()).await;
    assert_eq!(seen.len(), 0);
    assert_eq!(next.since, start() - Duration::from_secs(120));
    world.later(180);
    let (seen, ..) = world.poll(next.since).await;
    assert_eq!(seen, [ORDER]);
}

#[tokio::test]
async fn optional_data_that_is_refused_is_done_without() {
    let world = World::new().await;
    let refuse = vec!["FULFILLMENT".to_owned()];
    world.sandbox().set_settings(Settings {
        refuse_included_data: refuse,
        search_lag_seconds: 0,
        ..Settings::default()
    });
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages), (OrderStatus::Unknown, None));
    let (seen, ..) = world.poll(start()).await;
    assert_eq!(seen, [ORDER]);
}

#[tokio::test]
async fn what_is_accepted_may_show_later() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { shows_after_seconds: 90, ..Settings::default() });
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let before = world.read().await;
    assert_eq!((before.status, before.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    world.later(90);
    let after = world.read().await;
    assert_eq!((after.status, after.packages.map(|p| p.len())), (OrderStatus::Shipped, Some(1)));
    assert!(after.updated_at > before.updated_at);
}

#[tokio::test]
async fn limits_are_those_published() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { limits: true, ..Settings::default() });
    for _ in 0..10 {
        world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    }
    let error = world.confirm(&confirmation(421_000_001, 2)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled { after: None });
    world.later(1);
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
}

#[tokio::test]
async fn cancellations_are_read() {
    let world = World::new().await;
    let asked = OrderChange { cancel_requested: Some(true), ..OrderChange::default() };
    world.sandbox().change_order(start(), ORDER, asked).unwrap();
    assert!(world.read().await.cancel_requested);
    let done = OrderChange { cancel_items: vec![ITEM.to_owned()], ..OrderChange::default() };
    world.sandbox().change_order(start(), ORDER, done).unwrap();
    let facts = world.read().await;
    assert_eq!(facts.status, OrderStatus::Cancelled);
    assert_eq!(facts.lines.first().unwrap().cancelled, 2);
    let pending = OrderChange { status: Some(Status::Pending), ..OrderChange::default() };
    world.sandbox().change_order(start(), ORDER, pending).unwrap();
    assert_eq!(world.read().await.status, OrderStatus::Pending);
}
