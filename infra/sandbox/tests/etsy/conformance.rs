//! What any marketplace connector must make of its marketplace, good days and bad.

use std::time::Duration;

use connector_api::{Failure, Kept, Marketplace as _, MerchantAction, Outcome, Reached};
use connector_etsy::Etsy;
use domain::marketplace_order::OrderStatus;
use sandbox::etsy::{NewRow, ReceiptChange, Settings, Shop, Spoil};
use sandbox::faults::Fault;

use crate::common::*;

fn maybe() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

#[tokio::test]
async fn a_parcel_is_told_and_shown() {
    let world = World::new().await;
    let before = world.read().await;
    assert_eq!((before.status, before.packages.map(|p| p.len())), (OrderStatus::Open, Some(0)));
    let told = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap();
    assert_eq!(told.kept, Kept::Shown, "the answer itself shows it");

    let after = world.read().await;
    assert_eq!((after.status, after.lines[0].shipped), (OrderStatus::Shipped, Some(2)));
    let rows = after.packages.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.carrier.as_deref(), row.tracking_number.as_deref()), (Some("usps"), Some(NUMBER)));
    assert!(row.lines.is_empty() && !row.reference.is_empty());

    let record = world.sandbox().record();
    assert_eq!(record.buyer_mails.get(&ORDER), Some(&1));
    assert_eq!(record.calls.get("createReceiptShipment"), Some(&1));
    assert_eq!(record.calls.get("token"), Some(&1), "one token serves them all");
}

#[tokio::test]
async fn each_further_parcel_is_a_row_and_a_mail() {
    let world = World::new().await;
    for number in [NUMBER, "1Z0000000000000001"] {
        let carrier = if number == NUMBER { "usps" } else { "ups" };
        assert_eq!(world.confirm(&confirmation(number, carrier)).await.unwrap().kept, Kept::Shown);
    }
    assert_eq!(world.shown().await, [NUMBER, "1Z0000000000000001"]);
    assert_eq!(world.sandbox().record().buyer_mails.get(&ORDER), Some(&2));
}

#[tokio::test]
async fn notes_and_copies_are_asked_for_in_json_and_as_a_form() {
    for (kind, json_bodies) in [("json", true), ("form", false)] {
        let world = World::new().await.option("tracking_body", kind).option("send_bcc", "true");
        let world = world.option("note_to_buyer", "Thank you & enjoy!");
        let settings = Settings { json_bodies, ..world.sandbox().settings().clone() };
        world.sandbox().set_settings(settings);
        assert_eq!(world.confirm(&confirmation(NUMBER, "usps")).await.unwrap().kept, Kept::Shown, "{kind}");
        let record = world.sandbox().record();
        let effect = &record.effects[0];
        assert_eq!(effect.note_to_buyer.as_deref(), Some("Thank you & enjoy!"), "{kind}");
        assert!(effect.send_bcc && !effect.lost, "{kind}");
    }
}

#[tokio::test]
async fn failure_1_a_body_that_etsy_reads_otherwise_loses_the_number_and_is_seen() {
    for (kind, json_bodies) in [("json", false), ("form", true)] {
        let world = World::new().await.option("tracking_body", kind);
        let settings = Settings { json_bodies, ..world.sandbox().settings().clone() };
        world.sandbox().set_settings(settings);
        let told = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap();
        assert!(matches!(told.kept, Kept::Dropped { .. }), "{kind}: {told:?}");
        let facts = world.read().await;
        assert_eq!((facts.status, facts.packages.map(|p| p.len())), (OrderStatus::Shipped, Some(0)));
        assert_eq!(world.sandbox().record().buyer_mails.get(&ORDER), Some(&1), "the buyer was mailed");
    }
}

#[tokio::test]
async fn failure_1_and_6_an_unknown_carrier_loses_the_number_and_is_named() {
    let world = World::new().await;
    let told = world.confirm(&confirmation(NUMBER, "courier-express")).await.unwrap();
    let Kept::Dropped { detail } = told.kept else { panic!("{told:?}") };
    assert!(detail.contains("courier-express"), "{detail}");
    // The same under Etsy's word for other is kept.
    let world = World::new().await;
    assert_eq!(world.confirm(&confirmation(NUMBER, "other")).await.unwrap().kept, Kept::Shown);
}

#[tokio::test]
async fn failure_4_a_lost_answer_leaves_doubt_and_one_mail() {
    let world = World::new().await;
    world.read().await;
    world.fault("createReceiptShipment", Fault::LoseAnswer);
    assert_eq!(world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err().failure, maybe());
    assert_eq!(world.shown().await, [NUMBER], "reading shows it");
    let record = world.sandbox().record();
    assert_eq!(record.buyer_mails.get(&ORDER), Some(&1), "and nothing between sent it twice");
}

#[tokio::test]
async fn failure_4_answers_that_are_no_good_leave_doubt() {
    for how in [Spoil::Empty, Spoil::Truncated, Spoil::Html] {
        let world = World::new().await;
        world.spoil("createReceiptShipment", how);
        assert_eq!(
            world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err().failure,
            maybe(),
            "{how:?}"
        );
        assert_eq!(world.shown().await, [NUMBER], "{how:?}");
        let world = World::new().await;
        world.spoil("getShopReceipt", how);
        assert_eq!(world.read_as(ANN).await.unwrap_err().failure, maybe(), "{how:?}");
    }
    let world = World::new().await;
    world.spoil("createReceiptShipment", Spoil::NoShipments);
    assert_eq!(world.confirm(&confirmation(NUMBER, "usps")).await.unwrap().kept, Kept::Unsaid);
    let world = World::new().await;
    world.spoil("createReceiptShipment", Spoil::OtherOrder);
    let told = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap();
    assert!(matches!(told.kept, Kept::Dropped { .. }), "{told:?}");
}

#[tokio::test]
async fn faults_are_told_apart() {
    let throttled = |after| Failure::Throttled { after };
    let cases = [
        (Fault::Throttle { retry_after: Some(3) }, throttled(Some(Duration::from_secs(3))), 0),
        (Fault::Throttle { retry_after: None }, throttled(None), 0),
        (Fault::Status { status: 503 }, maybe(), 0),
        (Fault::Status { status: 500 }, maybe(), 0),
        (Fault::Status { status: 409 }, maybe(), 0),
        (Fault::Status { status: 400 }, Failure::Rejected { code: "400".to_owned() }, 0),
        (Fault::Malformed, maybe(), 1),
        (Fault::CutBefore, maybe(), 0),
        (
            Fault::ExpiredToken,
            Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(1)) },
            0,
        ),
    ];
    for (fault, want, mails) in cases {
        let world = World::new().await;
        world.fault("createReceiptShipment", fault.clone());
        let error = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err();
        assert_eq!(error.failure, want, "{fault:?}");
        let mailed = world.sandbox().record().buyer_mails.get(&ORDER).copied().unwrap_or_default();
        assert_eq!(mailed, mails, "{fault:?}");
    }
    let world = World::new().await;
    world.spoil("createReceiptShipment", Spoil::Forbidden);
    let error = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err();
    let minute = Some(Duration::from_secs(60));
    assert_eq!(
        error.failure,
        Failure::Retryable { reached: Reached::Maybe, after: minute },
        "none of Etsy's words"
    );
}

#[tokio::test]
async fn failure_2_closed_access_stops_telling_and_not_reading() {
    let world = World::new().await;
    world.sandbox().set_access(ANN, true).unwrap();
    let error = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere });
    assert_eq!(world.read().await.status, OrderStatus::Open);
    world.sandbox().set_access(ANN, false).unwrap();
    assert_eq!(world.confirm(&confirmation(NUMBER, "usps")).await.unwrap().kept, Kept::Shown);
}

#[tokio::test]
async fn a_missing_scope_is_no_dead_connection() {
    let world = World::new().await;
    let reads_only = Shop { scopes: vec!["transactions_r".to_owned()], ..shop(ANN) };
    world.sandbox().add_shop(start(), reads_only);
    let error = world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere });
    assert!(error.detail.contains("transactions_w"), "{}", error.detail);
    assert_eq!(world.read().await.status, OrderStatus::Open);
}

#[tokio::test]
async fn failure_3_a_number_is_known_to_be_required() {
    let world = World::new().await;
    assert!(world.read().await.needs_tracking);
    let untracked = domain::confirmation::Confirmation { tracking: None, ..confirmation(NUMBER, "usps") };
    let error = world.confirm(&untracked).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected { code: "400".to_owned() });
    let said = connector_api::explain(Etsy.catalogue(), "400", &error.detail).unwrap();
    assert!(said.cause.contains("10 dollars"), "{}", said.cause);

    let mut small = order(ORDER);
    small.cents = 900;
    world.sandbox().add_receipt(start(), small).unwrap();
    assert!(!world.read().await.needs_tracking);
    assert_eq!(world.confirm(&untracked).await.unwrap().kept, Kept::Shown);
    let facts = world.read().await;
    assert_eq!((facts.status, facts.packages.map(|p| p.len())), (OrderStatus::Shipped, Some(0)));
}

#[tokio::test]
async fn a_parcel_without_a_number_and_a_copy_that_nobody_wants_go_in_either_body() {
    for (body, json_bodies) in [("json", true), ("form", false)] {
        let world = World::new().await.option("tracking_body", body).option("send_bcc", "false");
        let settings = Settings { json_bodies, ..world.sandbox().settings().clone() };
        world.sandbox().set_settings(settings);
        let mut small = order(ORDER);
        small.cents = 900;
        world.sandbox().add_receipt(start(), small).unwrap();
        let tracked = confirmation(NUMBER, "usps");
        let untracked = domain::confirmation::Confirmation { tracking: None, ..tracked.clone() };
        for one in [untracked, tracked] {
            assert_eq!(world.confirm(&one).await.unwrap().kept, Kept::Shown, "{body}");
        }
        assert_eq!(world.shown().await, [NUMBER], "{body}");
    }
}

#[tokio::test]
async fn orders_of_one_second_are_read_over_pages_by_their_number() {
    let world = World::new().await;
    for n in 1..=120 {
        world.sandbox().add_receipt(start(), order(ORDER + n)).unwrap();
    }
    let (mut seen, ..) = world.poll(start()).await;
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 121);
}

#[tokio::test]
async fn failure_10_the_apps_calls_are_one_pool_by_second_and_by_day() {
    let world = World::new().await;
    let settings = Settings { limits: true, per_second: 3, per_day: 5, ..world.sandbox().settings().clone() };
    world.sandbox().set_settings(settings);
    for _ in 0..3 {
        world.read().await;
    }
    let error = world.read_as(ANN).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled { after: Some(Duration::from_secs(1)) });
    world.later(1);
    // Bob's calls are of the same app.
    assert_eq!(world.read_as(BOB).await.unwrap_err().failure, Failure::NotFound);
    world.read().await;
    let error = world.read_as(BOB).await.unwrap_err();
    let Failure::Throttled { after: Some(after) } = error.failure else { panic!("{error:?}") };
    assert!(after > Duration::from_secs(60), "a day's end is no second's: {after:?}");
    world.later(86_400);
    world.read().await;
}

#[tokio::test]
async fn polls_see_what_changed_over_pages_and_what_was_cancelled() {
    let world = World::new().await;
    for n in 1..=150 {
        world.later(if n % 10 == 0 { 1 } else { 0 });
        let now = ports::Clock::now(&*world.clock);
        world.sandbox().add_receipt(now, order(ORDER + n)).unwrap();
    }
    let cancel = ReceiptChange { status: Some("canceled".to_owned()), ..ReceiptChange::default() };
    let now = ports::Clock::now(&*world.clock);
    world.sandbox().change_receipt(now, ORDER + 7, cancel).unwrap();
    let (mut seen, pages, next) = world.poll(start()).await;
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 151, "every one, the cancelled one among them");
    assert!(pages >= 3, "{pages}");
    // What changes after the poll is in the next one.
    world.later(60);
    let now = ports::Clock::now(&*world.clock);
    world.sandbox().change_receipt(now, ORDER, ReceiptChange::default()).unwrap();
    let (seen, ..) = world.poll(next.since).await;
    assert!(seen.contains(&ORDER.to_string()));
}

#[tokio::test]
async fn failure_12_cancellations_are_read_and_refused() {
    let world = World::new().await;
    let cancel = ReceiptChange { status: Some("canceled".to_owned()), ..ReceiptChange::default() };
    world.sandbox().change_receipt(start(), ORDER, cancel).unwrap();
    let facts = world.read().await;
    assert_eq!((facts.status, facts.lines[0].cancelled), (OrderStatus::Cancelled, 2));
    assert_eq!(
        world.confirm(&confirmation(NUMBER, "usps")).await.unwrap_err().failure,
        maybe(),
        "read it again"
    );
    let unpaid = ReceiptChange { status: Some("open".to_owned()), is_paid: Some(false), row: None };
    world.sandbox().change_receipt(start(), ORDER, unpaid).unwrap();
    assert_eq!(world.read().await.status, OrderStatus::Pending);
}

#[tokio::test]
async fn what_another_tool_told_is_seen() {
    let world = World::new().await;
    let told = NewRow { tracking_code: Some("1Z9".to_owned()), carrier_name: Some("ups".to_owned()) };
    let by_hand = ReceiptChange { row: Some(told), ..ReceiptChange::default() };
    world.sandbox().change_receipt(start(), ORDER, by_hand).unwrap();
    assert_eq!(world.shown().await, ["1Z9"]);
    assert_eq!(world.read().await.status, OrderStatus::Shipped);
}

#[tokio::test]
async fn another_shops_order_is_not_found_here() {
    let world = World::new().await;
    assert_eq!(world.read_as(BOB).await.unwrap_err().failure, Failure::NotFound);
}

#[tokio::test]
async fn a_check_up_finds_a_shop_that_is_well() {
    let world = World::new().await;
    let checks = world.check_up().await;
    assert!(checks.iter().all(|check| check.outcome <= Outcome::ByHand), "{checks:?}");
    let names: Vec<_> = checks.iter().map(|check| check.check).collect();
    assert_eq!(names, ["credentials", "scopes", "shop", "tracking"]);
}

#[tokio::test]
async fn nothing_of_the_buyer_is_kept() {
    let world = World::new().await;
    let facts = world.read().await;
    assert!(!format!("{facts:?}").contains("CANARY"));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let world = World::new().await;
    world.fault("createReceiptShipment", Fault::Slow { millis: 200 });
    assert_eq!(world.confirm(&confirmation(NUMBER, "usps")).await.unwrap().kept, Kept::Shown);
}
