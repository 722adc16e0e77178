//! What went wrong for others, by the numbers of our own list of failures (the connector's README).

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached};
use domain::marketplace_order::OrderStatus;
use sandbox::ebay::{Mishap, OrderChange, Settings};
use sandbox::faults::Fault;

use crate::common::*;

fn maybe() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

#[tokio::test]
async fn failure_17_a_refresh_that_is_refused_is_told_at_once_and_calls_nothing_else() {
    let world = World::new().await;
    world.sandbox().revoke("ann").unwrap();
    let error = world.confirm(&whole()).await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(error.detail.contains("invalid or was issued to another client"), "{}", error.detail);
    assert_eq!(world.sandbox().record().calls.keys().collect::<Vec<_>>(), ["token"]);
}

#[tokio::test]
async fn failure_19_a_scope_that_was_not_granted_fails_the_refresh_and_none_asked_for_does_not() {
    let world = World::new().await;
    let mut greedy = world.ann();
    greedy.options.insert("scopes".into(), "sell.fulfillment sell.inventory".into());
    let order = domain::ids::MarketplaceOrderId::try_from(ORDER).unwrap();
    let read = connector_api::Marketplace::read_order(&world.ebay, world.reach(), &greedy, &order).await;
    let error = read.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(error.detail.contains("option scopes"), "{}", error.detail);
    world.read().await;
}

#[tokio::test]
async fn failure_20_a_missing_scope_stops_confirmations_while_orders_are_still_read() {
    let world = World::new().await;
    world.sandbox().restore("ann", None, Some(vec!["sell.fulfillment.readonly".into()])).unwrap();
    assert_eq!(world.read().await.status, OrderStatus::Open);
    let refused = world.confirm(&whole()).await.unwrap_err();
    assert_eq!(refused.failure, Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere });
    assert!(refused.detail.contains("scope sell.fulfillment"), "{}", refused.detail);
    assert_eq!(world.sandbox().record().calls.get("token"), Some(&2), "a new token was the proof");
    world.read().await;
}

#[tokio::test]
async fn failure_22_cancel_requests_are_found_by_reading_the_order_though_lists_leave_them_out() {
    let world = World::new().await;
    let change = OrderChange { cancel_state: Some("IN_PROGRESS".into()), ..OrderChange::default() };
    world.sandbox().change_order(start(), ORDER, change).unwrap();
    assert!(world.read().await.cancel_requested);
    let cursor = connector_api::Cursor { since: start(), page: None };
    let page =
        connector_api::Marketplace::changed_orders(&world.ebay, world.reach(), &world.ann(), &cursor).await;
    assert!(page.unwrap().value.orders[0].1.cancel_requested, "by its state, which lists do tell");
}

#[tokio::test]
async fn failure_23_a_repeat_makes_a_second_package_so_doubt_is_ended_by_reading() {
    let world = World::new().await;
    world.fault("createShippingFulfillment", Fault::LoseAnswer);
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe());
    let shown = world.read().await.packages.unwrap();
    assert!(whole().tracking.unwrap().number.same_as(shown[0].tracking_number.as_deref().unwrap()));
    // What a blind repeat would have done.
    world.confirm(&whole()).await.unwrap();
    assert_eq!(world.read().await.packages.unwrap().len(), 2);
    assert_eq!(world.sandbox().record().effects.iter().map(|e| e.repeat).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn failure_23_a_conflict_after_an_unseen_success_means_read_it() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { repeats_conflict: true, ..Settings::default() });
    world.fault("createShippingFulfillment", Fault::LoseAnswer);
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe());
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe(), "409 is no refusal");
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages.unwrap().len()), (OrderStatus::Shipped, 1));
    assert_eq!(world.sandbox().record().effects.len(), 1);
}

#[tokio::test]
async fn failure_24_a_system_error_is_doubt_whatever_it_did() {
    let world = World::new().await;
    let system = Mishap::Refuse { status: 500, error_id: 30500, message: "System error".into() };
    world.mishap("createShippingFulfillment", system);
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, maybe());
    assert_eq!(world.read().await.packages.unwrap().len(), 0);
}

#[tokio::test]
async fn failure_25_a_carrier_that_this_site_does_not_know_goes_as_other() {
    let world = World::new().await;
    world.sandbox().set_settings(Settings { refused_carriers: vec!["USPS".into()], ..Settings::default() });
    let refused = world.confirm(&whole()).await.unwrap_err();
    assert_eq!(refused.failure, Failure::CarrierRefused { code: "32300".into() });
    let mut other = whole();
    other.tracking.as_mut().unwrap().carrier.code = "Other".into();
    world.confirm(&other).await.unwrap();
    assert_eq!(world.sandbox().record().effects[0].carrier_code.as_deref(), Some("Other"));
}

#[tokio::test]
async fn failure_26_anothers_number_is_refused_for_good() {
    let world = World::new().await;
    let words = "Tracking number(s) already exists for a different buyer or seller";
    for (error_id, code) in [(32600, "32600"), (32300, "32300")] {
        let taken = Mishap::Refuse { status: 400, error_id, message: words.into() };
        world.mishap("createShippingFulfillment", taken);
        let error = world.confirm(&whole()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected { code: code.into() });
        let catalogue = connector_api::Marketplace::catalogue(&world.ebay);
        let row = connector_api::explain(catalogue, code, &error.detail).unwrap();
        assert!(row.cause.contains("another buyer or seller"), "{}", row.cause);
    }
}

#[tokio::test]
async fn failure_27_success_is_believed_only_when_a_read_shows_it() {
    let world = World::new().await;
    world.fault("createShippingFulfillment", Fault::AcceptAndForget);
    let confirmed = world.confirm(&whole()).await.unwrap();
    assert_eq!(confirmed.kept, connector_api::Kept::Unsaid);
    assert_eq!(world.read().await.packages, Some(Vec::new()));
}

#[tokio::test]
async fn failure_28_only_the_rest_apis_own_ids_are_asked_for() {
    let world = World::new().await;
    let ebay = &world.ebay;
    let read = |text: &str| connector_api::Marketplace::order_id(ebay, text);
    assert!(read(ORDER).is_some());
    assert_eq!(read("230006500123-2103423001"), None, "an item and a transaction");
}

#[tokio::test]
async fn failure_32_the_account_deletion_topic_is_answered_whatever_else_is_switched_off() {
    let world = World::new().await;
    let mut off = world.ann();
    off.sync = false;
    off.options.clear();
    let post = world.sandbox().closed_post(start(), "somebody", "ID-somebody").unwrap();
    let event = crate::notifications::received(&world, &off, &post).await.unwrap();
    assert!(matches!(event, connector_api::MarketplaceEvent::AccountClosed { .. }), "{event:?}");
}

#[tokio::test]
async fn a_throttled_app_waits_as_long_as_it_is_told() {
    let world = World::new().await;
    world.fault("createShippingFulfillment", Fault::Throttle { retry_after: Some(30) });
    let want = Failure::Throttled { after: Some(Duration::from_secs(30)) };
    assert_eq!(world.confirm(&whole()).await.unwrap_err().failure, want);
}
