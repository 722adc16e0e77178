use std::sync::atomic::Ordering;
use std::time::Duration;

use connector_api::{Answer, FulfillmentPage, OrderPage, Reached};
use domain::connection_state::Activity;
use domain::facts::{Fulfillment, FulfillmentStatus, Source, StoreFacts};
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::keys::ItemKey;
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus};
use domain::order::MarketplaceOrder;
use futures::executor::block_on;
use ports::QueueName;

use super::*;
use crate::message::Look;
use crate::records::{Record, Stored};
use crate::test_shop::{Stage, account, at, connection};

fn put(stage: &Stage, record: impl Record) {
    let now = stage.world.now();
    block_on(stage.world.ledger.commit(vec![Stored::new(record).into_write(now)])).unwrap();
}

fn connect(stage: &Stage, kind: &str, id: &str) {
    put(stage, connection(kind, id));
    put(stage, ConnectionState::starting(account(id), at(0)));
}

fn state(stage: &Stage, id: &str) -> ConnectionState {
    block_on(stage.world.connection_state(&account(id))).unwrap().unwrap().value
}

fn polled(stage: &Stage) -> Polled {
    block_on(poll(&stage.world)).unwrap()
}

fn cursor(since: i64, page: Option<&str>) -> Cursor {
    Cursor { since: at(since), page: page.map(Into::into) }
}

fn shipped(orders: &[&str], next: Cursor) -> FulfillmentPage {
    let orders = orders.iter().map(|id| ((*id).try_into().unwrap(), StoreFacts::default())).collect();
    FulfillmentPage { orders, next }
}

fn script(stage: &Stage, pages: impl IntoIterator<Item = Result<FulfillmentPage, Failure>>) {
    stage.mall.shop.pages.lock().unwrap().extend(pages);
}

fn asked(stage: &Stage) -> Vec<Cursor> {
    std::mem::take(&mut *stage.mall.shop.asked.lock().unwrap())
}

fn market_page(ids: &[&str], next: Cursor) -> Result<Answer<OrderPage>, Failure> {
    let facts = |id: &&str| {
        let facts = OrderFacts {
            needs_tracking: false,
            updated_at: at(0),
            read_at: at(0),
            marketplace: "US".try_into().unwrap(),
            ordered_at: at(0),
            fulfilled_by: FulfilledBy::Merchant,
            status: OrderStatus::Open,
            ship_by: None,
            cancel_requested: false,
            programs: Default::default(),
            lines: vec![],
            packages: Default::default(),
        };
        ((*id).try_into().unwrap(), facts)
    };
    let value = OrderPage { orders: ids.iter().map(facts).collect(), next };
    Ok(Answer { value, request_id: None, limits: vec![] })
}

#[test]
fn law_2_a_list_does_not_count_as_a_read_where_a_repeat_would_be_a_second_package() {
    for (edits_nothing, want) in [(false, at(0)), (true, Timestamp::UNIX_EPOCH)] {
        let stage = Stage::new();
        connect(&stage, "market", "market-1");
        stage.mall.market.edits_nothing.store(edits_nothing, Ordering::Relaxed);
        stage.mall.market.pages.lock().unwrap().push_back(market_page(&["1"], cursor(5, None)));
        assert_eq!(polled(&stage).orders, 1);
        let order = MarketplaceOrderRef { account: account("market-1"), order: "1".try_into().unwrap() };
        let key = ItemKey::marketplace_order(&order);
        let item = block_on(stage.world.ledger.get(&key)).unwrap().unwrap();
        let facts = Stored::<MarketplaceOrder>::read(&item).unwrap().value.facts.unwrap();
        assert_eq!(facts.read_at, want, "{edits_nothing}");
    }
}

#[test]
fn a_store_is_polled_page_by_page_from_its_start_and_then_from_its_cursor() {
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    stage.clock.advance(Duration::from_secs(10));
    script(&stage, [Ok(shipped(&["1", "2"], cursor(0, Some("p2")))), Ok(shipped(&["3"], cursor(9, None)))]);
    assert_eq!(polled(&stage), Polled { connections: 1, orders: 3, failed: 0 });
    assert_eq!(asked(&stage), [cursor(0, None), cursor(0, Some("p2"))]);
    let orders: Vec<String> = stage
        .queue
        .looks()
        .into_iter()
        .map(|look| if let Look::Facts { order, .. } = look { order.order.to_string() } else { panic!() })
        .collect();
    assert_eq!(orders, ["1", "2", "3"]);
    let after = state(&stage, "shop-1");
    assert_eq!(after.last_poll, Some(at(10)));
    let next = after.next_poll.unwrap();
    assert!((at(118)..=at(142)).contains(&next), "{next}");
    assert_eq!(polled(&stage).connections, 0, "not due");
    stage.clock.advance_to(next);
    assert_eq!(polled(&stage).connections, 1);
    assert_eq!(asked(&stage), [cursor(9, None)]);
}

#[test]
fn law_1_the_cursor_stays_until_the_queue_took_the_page() {
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    script(&stage, [Ok(shipped(&["1"], cursor(5, None)))]);
    stage.queue.switch.down(true);
    assert_eq!(polled(&stage), Polled { connections: 1, orders: 0, failed: 1 });
    assert_eq!(state(&stage, "shop-1").cursor, None);
    stage.queue.switch.down(false);
    stage.clock.advance(Duration::from_secs(200));
    script(&stage, [Ok(shipped(&["1"], cursor(5, None)))]);
    assert_eq!(polled(&stage).orders, 1);
    assert_eq!(asked(&stage), [cursor(0, None), cursor(0, None)]);
}

#[test]
fn law_4_one_connections_failure_never_stops_the_others() {
    let stage = Stage::new();
    for id in ["shop-1", "shop-2", "shop-3", "shop-4"] {
        connect(&stage, "shop", id);
    }
    let after = Some(Duration::from_secs(3600));
    script(
        &stage,
        [
            Err(Failure::NeedsMerchant { action: MerchantAction::Reconnect }),
            Err(Failure::Throttled { after }),
            Err(Failure::Retryable { reached: Reached::Maybe, after: None }),
            Ok(shipped(&["1"], cursor(5, None))),
        ],
    );
    assert_eq!(polled(&stage), Polled { connections: 4, orders: 1, failed: 3 });
    assert!(matches!(state(&stage, "shop-1").activity, Activity::Parked { .. }));
    assert_eq!(state(&stage, "shop-2").next_poll, Some(at(3600)));
    assert!(state(&stage, "shop-2").history.events().is_empty(), "being throttled is no failure");
    let third = state(&stage, "shop-3");
    assert!(third.next_poll > Some(at(100)) && third.works());
    assert!(third.history.events()[0].what.contains("poll failed"));
    assert!(state(&stage, "shop-4").last_poll.is_some());
    stage.clock.advance(Duration::from_secs(7200));
    assert_eq!(polled(&stage).connections, 3, "a parked connection is not polled");
}

#[test]
fn law_4_a_panic_is_the_failure_of_its_connection_alone() {
    let stage = Stage::new();
    for id in ["shop-1", "shop-2"] {
        connect(&stage, "shop", id);
    }
    script(&stage, [Err(Failure::Rejected { code: "panic".into() }), Ok(shipped(&["1"], cursor(5, None)))]);
    assert_eq!(polled(&stage), Polled { connections: 2, orders: 1, failed: 1 });
    assert!(state(&stage, "shop-2").last_poll.is_some());
    let first = state(&stage, "shop-1");
    assert!(first.last_poll.is_none() && first.next_poll > Some(at(100)), "polled again later");
}

#[test]
fn nothing_is_polled_that_is_off_paused_unstarted_or_unknown() {
    let stage = Stage::new();
    put(&stage, connection("shop", "unstarted"));
    connect(&stage, "stall", "unknown-kind");
    connect(&stage, "shop", "paused");
    let pause = |state: &mut ConnectionState| state.activity = Activity::Paused { since: at(0) };
    block_on(stage.world.change_connection(&account("paused"), pause)).unwrap();
    put(&stage, Connection { sync: false, ..connection("shop", "off") });
    put(&stage, ConnectionState::starting(account("off"), at(0)));
    assert_eq!(polled(&stage), Polled::default());
    assert!(asked(&stage).is_empty());
}

#[test]
fn a_page_that_died_is_begun_again_and_a_long_poll_goes_on_in_the_next_run() {
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    let page = |n: usize| Ok(shipped(&["1"], cursor(0, Some(&format!("p{n}")))));
    script(&stage, (0..MOST_PAGES).map(page));
    assert_eq!(polled(&stage).orders as usize, MOST_PAGES);
    assert_eq!(state(&stage, "shop-1").last_poll, None);
    asked(&stage);
    script(&stage, [Err(Failure::Rejected { code: "400".into() })]);
    assert_eq!(polled(&stage).failed, 1, "due at once");
    assert_eq!(asked(&stage), [cursor(0, Some("p9"))]);
    stage.clock.advance(Duration::from_secs(200));
    polled(&stage);
    assert_eq!(asked(&stage), [cursor(0, None)]);
}

#[test]
fn facts_too_large_for_a_message_mean_read_the_store() {
    let fulfillment = Fulfillment {
        id: "1".try_into().unwrap(),
        updated_at: at(0),
        source: Source::Read,
        status: FulfillmentStatus::Live,
        shipped_at: at(0),
        carrier: None,
        service: None,
        tracking: vec!["x".repeat(300_000)],
        lines: vec![],
        location: None,
        country: None,
    };
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    let facts = StoreFacts { fulfillments: vec![fulfillment], ..StoreFacts::default() };
    let orders = vec![("1".try_into().unwrap(), facts)];
    script(&stage, [Ok(FulfillmentPage { orders, next: cursor(1, None) })]);
    polled(&stage);
    let order = StoreOrderRef { account: account("shop-1"), order: "1".try_into().unwrap() };
    let facts = StoreFacts { read_the_store: true, ..StoreFacts::default() };
    assert_eq!(stage.queue.looks(), [Look::Facts { order, facts }]);
}

#[test]
fn a_marketplace_is_polled_as_far_as_its_tokens_go_and_its_facts_are_known_then() {
    let stage = Stage::new();
    connect(&stage, "market", "market-1");
    stage.mall.market.pages.lock().unwrap().extend([
        market_page(&["1"], cursor(0, Some("a"))),
        market_page(&["2"], cursor(0, Some("b"))),
        market_page(&["3"], cursor(7, None)),
    ]);
    assert_eq!(polled(&stage).orders, 2, "two tokens, two pages");
    let waits = state(&stage, "market-1").next_poll.unwrap();
    assert!((at(90)..=at(110)).contains(&waits), "until the next token: {waits}");
    stage.clock.advance_to(waits);
    assert_eq!(polled(&stage), Polled { connections: 1, orders: 1, failed: 0 });
    let kept = stage.ledger.inner.items().into_iter().filter(|item| item.key.pk.starts_with("M#")).count();
    assert_eq!(kept, 3);
    assert!(state(&stage, "market-1").next_poll > Some(at(300)));
}

#[test]
fn a_throttled_marketplace_is_left_alone_for_as_long_as_it_asks() {
    let stage = Stage::new();
    connect(&stage, "market", "market-1");
    let after = Some(Duration::from_secs(900));
    stage.mall.market.pages.lock().unwrap().push_back(Err(Failure::Throttled { after }));
    assert_eq!(polled(&stage).failed, 1);
    assert_eq!(state(&stage, "market-1").next_poll, Some(at(900)));
    assert_eq!(stage.queue.inner.len(QueueName::Inbound), 0);
}

#[test]
fn a_cursor_that_was_moved_meanwhile_is_not_moved_back() {
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    let there = connection("shop", "shop-1");
    assert!(block_on(advance(&stage.world, &there, &cursor(0, None), &cursor(5, None))).unwrap());
    assert!(!block_on(advance(&stage.world, &there, &cursor(0, None), &cursor(3, None))).unwrap());
    assert_eq!(cursor_of(&state(&stage, "shop-1")), cursor(5, None));
}

fn shops(stage: &Stage, many: usize) -> Vec<String> {
    let ids: Vec<String> = (10..10 + many).map(|n| format!("shop-{n}")).collect();
    ids.iter().for_each(|id| connect(stage, "shop", id));
    ids
}

#[test]
fn law_4_stores_that_hang_never_keep_the_end_of_the_list_from_its_turn() {
    let stage = Stage::new();
    let mut never_asked = shops(&stage, 20);
    stage.mall.shop.polls.takes(&stage.clock, Duration::from_secs(20));
    stage.mall.shop.polls.down(true);
    for run in 1..=7 {
        let begun_at = stage.world.now();
        polled(&stage);
        let took = stage.world.now().duration_since(begun_at);
        assert!(took.as_secs() <= 100, "run {run} took {took}: it would have been killed");
        // All are due again by then.
        stage.clock.advance(Duration::from_secs(300));
    }
    let asked = stage.mall.shop.asked_of.lock().unwrap().clone();
    never_asked.retain(|id| !asked.contains(id));
    assert!(never_asked.is_empty(), "{never_asked:?} never came to their turn");
}

#[test]
fn law_4_a_store_that_hangs_keeps_only_its_own_place() {
    let stage = Stage::new();
    let ids = shops(&stage, 20);
    *stage.mall.shop.hangs.lock().unwrap() = Some((ids[0].clone(), 19));
    assert_eq!(polled(&stage), Polled { connections: 20, orders: 0, failed: 0 });
}

#[test]
fn law_4_a_store_with_very_many_pages_is_asked_on_in_the_next_run() {
    let stage = Stage::new();
    connect(&stage, "shop", "shop-1");
    stage.mall.shop.polls.takes(&stage.clock, Duration::from_secs(12));
    script(&stage, (0..5).map(|n| Ok(shipped(&["1"], cursor(0, Some(&format!("p{n}")))))));
    assert_eq!(polled(&stage), Polled { connections: 1, orders: 3, failed: 0 });
    assert_eq!(state(&stage, "shop-1").next_poll, Some(stage.world.now()));
    asked(&stage);
    polled(&stage);
    assert_eq!(asked(&stage)[0], cursor(0, Some("p2")));
}
