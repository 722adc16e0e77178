use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use domain::connection_state::{Activity, ConnectionState};
use domain::facts::{FoldedFulfillment, Fulfillment, FulfillmentStatus, Source};
use domain::ids::StoreOrderRef;
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus};
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::package::Package;
use domain::state::{State, Waiting};
use futures::executor::block_on;

use super::*;
use crate::message::AlertMessage;
use crate::test_shop::{Stage, account, at, connection, package, reference};

fn put(stage: &Stage, record: impl Record) {
    let now = stage.world.now();
    block_on(stage.world.ledger.commit(vec![Stored::new(record).into_write(now)])).unwrap();
}

fn stage(activity: Activity) -> Stage {
    let stage = Stage::new();
    put(&stage, connection("market", "market-1"));
    put(&stage, ConnectionState { activity, ..ConnectionState::starting(account("market-1"), at(0)) });
    stage
}

fn armed(stage: &Stage) -> Option<WakeRecord> {
    let key = ItemKey::wake(&account("market-1"));
    match block_on(load::<WakeRecord>(stage.world.ledger.as_ref(), &key)).unwrap() {
        Loaded::Known(stored) => Some(stored.value),
        Loaded::Absent | Loaded::Foreign => None,
    }
}

fn ensured(stage: &Stage, second: i64) {
    block_on(ensure(&stage.world, &account("market-1"), at(second))).unwrap();
}

/// Waits for the wake that is armed, and works on it.
fn woken(stage: &Stage) {
    let record = armed(stage).expect("a wake is armed");
    stage.clock.advance_to(record.at);
    block_on(work(&stage.world, &account("market-1"), record.generation)).unwrap();
}

fn waits(id: &str, waiting: Waiting, ship_by: i64) -> Package {
    let state = State::Planned { not_before: at(0), waiting };
    let remind_before = Duration::from_secs(4 * 3600);
    Package { state, remind_before, ship_by: Some(at(ship_by)), ..package(id, "a", 0) }
}

fn told(stage: &Stage) -> BTreeSet<ItemKey> {
    let texts = stage.queue.texts(QueueName::Alerts);
    texts.iter().map(|text| serde_json::from_str::<AlertMessage>(text).unwrap().key()).collect()
}

#[test]
fn law_5_whatever_waits_for_a_parked_account_is_told_of_before_its_deadline_be_it_hundreds() {
    let stage = stage(Activity::Paused { since: at(0) });
    let hour = 3600;
    for n in 0..130 {
        // Some are late already, and stay in front whatever they were told.
        put(&stage, waits(&format!("111-{n:04}"), Waiting::Connection, (n - 20) * 40));
    }
    put(&stage, waits("222-1", Waiting::Bulk, hour));
    put(&stage, waits("333-1", Waiting::Connection, 30 * hour));
    ensured(&stage, 0);
    for _ in 0..12 {
        woken(&stage);
    }
    let about = told(&stage);
    assert_eq!(about.len(), 131, "all but the one whose deadline is far");
    let far = waits("333-1", Waiting::Connection, 30 * hour).key();
    assert!(!about.contains(&far));
    while stage.world.now() < at(30 * hour) {
        woken(&stage);
    }
    assert!(told(&stage).contains(&far), "when its time comes it is told");
}

#[test]
fn law_5_what_an_active_account_has_to_leave_waiting_is_told_of_too() {
    let stage = stage(Activity::Active);
    for n in 0..3 {
        put(&stage, waits(&format!("111-{n}"), Waiting::Tokens, 3600 + n));
    }
    ensured(&stage, 0);
    // Its window is used up for a day.
    ensured(&stage, 86_400);
    woken(&stage);
    // What may go is given some minutes before anybody is told.
    stage.clock.advance(Duration::from_secs(600));
    woken(&stage);
    assert!(stage.world.now() <= at(1200), "deadlines are looked for meanwhile");
    let about = told(&stage);
    assert_eq!(about.len(), 3, "{about:?}");
}

#[test]
fn an_alert_of_a_waiting_parcel_whose_hint_was_lost_is_told_by_the_next_wake() {
    let stage = stage(Activity::Paused { since: at(0) });
    let mut parcel = waits("111-1", Waiting::Connection, 30);
    assert!(parcel.raise_if_at_risk(at(0)));
    put(&stage, parcel.clone());
    ensured(&stage, 0);
    woken(&stage);
    assert_eq!(told(&stage), BTreeSet::from([parcel.key()]));
}

fn facts(ship_by: i64) -> OrderFacts {
    OrderFacts {
        needs_tracking: false,
        updated_at: at(0),
        read_at: at(0),
        marketplace: "US".try_into().unwrap(),
        ordered_at: at(0),
        fulfilled_by: FulfilledBy::Merchant,
        status: OrderStatus::Open,
        ship_by: Some(at(ship_by)),
        cancel_requested: false,
        programs: Default::default(),
        lines: vec![],
        packages: Default::default(),
    }
}

/// An order that waits to be read, linked to a store order of which this left.
fn to_read(stage: &Stage, id: &str, facts: Option<OrderFacts>, status: Option<FulfillmentStatus>) -> ItemKey {
    let shop_order = StoreOrderRef { account: account("shop-1"), order: id.try_into().unwrap() };
    let mut store_order = StoreOrder::new(shop_order.clone(), at(0));
    let fulfillment = |status| Fulfillment {
        id: "1".try_into().unwrap(),
        updated_at: at(0),
        source: Source::Read,
        status,
        shipped_at: at(0),
        carrier: None,
        service: None,
        tracking: vec![],
        lines: vec![],
        location: None,
        country: None,
    };
    let folded = status.map(fulfillment).map(FoldedFulfillment::new);
    store_order.fulfillments.extend(folded.map(|folded| (folded.fact.id.clone(), folded)));
    put(stage, store_order);
    let mut order = MarketplaceOrder { facts, ..MarketplaceOrder::new(reference(id)) };
    order.waits_for_tokens = true;
    order.store_orders.insert(shop_order);
    let key = order.key();
    put(stage, order);
    key
}

#[test]
fn law_5_an_order_that_waits_to_be_read_is_told_of_once_if_a_parcel_of_it_left() {
    let stage = stage(Activity::Paused { since: at(0) });
    let live = Some(FulfillmentStatus::Live);
    let near = to_read(&stage, "111-1", Some(facts(3600)), live);
    let unknown = to_read(&stage, "111-2", None, live);
    to_read(&stage, "222-1", Some(facts(3600)), None);
    to_read(&stage, "222-2", Some(facts(3600)), Some(FulfillmentStatus::Voided));
    to_read(&stage, "222-3", Some(facts(90_000)), live);
    let shipped = OrderFacts { status: OrderStatus::Shipped, ..facts(3600) };
    to_read(&stage, "222-4", Some(shipped), live);
    ensured(&stage, 0);
    woken(&stage);
    assert_eq!(told(&stage), BTreeSet::from([near.clone()]));
    while stage.world.now() < at(2 * 3600) {
        woken(&stage);
    }
    assert!(told(&stage).contains(&unknown), "nobody knows its deadline: after an hour");
    let Loaded::Known(order) =
        block_on(load::<MarketplaceOrder>(stage.world.ledger.as_ref(), &near)).unwrap()
    else {
        panic!("gone")
    };
    assert_eq!(order.value.alerts.all().len(), 1, "told once");
}

#[test]
fn law_5_reminders_go_on_where_the_time_of_a_wake_was_up() {
    let stage = stage(Activity::Paused { since: at(0) });
    for n in 0..60 {
        put(&stage, waits(&format!("111-{n:04}"), Waiting::Connection, 3600));
    }
    ensured(&stage, 0);
    stage.ledger.switch.takes(&stage.clock, Duration::from_secs(1));
    let (mut wakes, mut about) = (0, BTreeSet::new());
    while about.len() < 60 && wakes < 10 {
        let record = armed(&stage).unwrap();
        stage.clock.advance_to(record.at);
        let begun_at = stage.world.now();
        let world = stage.world.for_work_of(sync::WORKS_FOR);
        block_on(work(&world, &account("market-1"), record.generation)).unwrap();
        let took = stage.world.now().duration_since(begun_at).as_secs();
        assert!(took < 60, "a wake took {took} s");
        wakes += 1;
        about.extend(told(&stage));
    }
    assert_eq!(about.len(), 60, "after {wakes} wakes");
}

#[test]
fn law_5_a_lane_that_looks_empty_keeps_its_wake_until_the_index_cannot_lag_any_more() {
    let stage = stage(Activity::Active);
    ensured(&stage, 0);
    // Somebody puts a parcel in and finds a wake armed; the index does not show it yet.
    stage.ledger.lags.store(true, Ordering::SeqCst);
    put(&stage, waits("111-1", Waiting::Tokens, 86_400 * 9));
    ensured(&stage, 0);
    woken(&stage);
    stage.ledger.lags.store(false, Ordering::SeqCst);
    woken(&stage);
    woken(&stage);
    assert!(armed(&stage).is_some(), "a parcel waits, and nobody would look at it");
}

#[test]
fn law_5_a_parcel_that_comes_while_its_wake_is_about_to_go_keeps_it() {
    let stage = stage(Activity::Active);
    ensured(&stage, 0);
    woken(&stage);
    let going = armed(&stage).unwrap();
    stage.ledger.lags.store(true, Ordering::SeqCst);
    put(&stage, waits("111-1", Waiting::Tokens, 86_400 * 9));
    ensured(&stage, 3600);
    block_on(work(&stage.world, &account("market-1"), going.generation)).unwrap();
    woken(&stage);
    stage.ledger.lags.store(false, Ordering::SeqCst);
    woken(&stage);
    assert!(armed(&stage).is_some_and(|record| !record.empty));
}

#[test]
fn the_record_of_an_empty_lane_goes_at_the_second_look() {
    for activity in [Activity::Active, Activity::Paused { since: at(0) }] {
        let stage = stage(activity);
        ensured(&stage, 0);
        woken(&stage);
        assert!(armed(&stage).is_some());
        woken(&stage);
        assert_eq!(armed(&stage), None);
    }
}
