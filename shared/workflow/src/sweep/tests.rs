use std::time::Duration;

use domain::alert::{Alert, AlertStage};
use domain::connection::MailKind;
use domain::state::State;
use futures::executor::block_on;

use super::*;
use crate::receive::kept_delivery;
use crate::records::Record;
use crate::test_shop::{Stage, account, at, connection, package, reference};

fn put(stage: &Stage, record: impl Record) {
    let now = stage.world.now();
    block_on(stage.world.ledger.commit(vec![Stored::new(record).into_write(now)])).unwrap();
}

fn order(id: &str, next_look: Option<Timestamp>) -> MarketplaceOrder {
    MarketplaceOrder { next_look, ..MarketplaceOrder::new(reference(id)) }
}

fn due_alert() -> Alert {
    Alert {
        kind: MailKind::Unclear,
        cause: "cause".into(),
        version: 1,
        raised_at: at(0),
        stage: AlertStage::Due,
        their_words: None,
        request_id: None,
    }
}

fn swept(stage: &Stage) -> Swept {
    block_on(sweep(&stage.world)).unwrap()
}

fn alerts(stage: &Stage) -> Vec<ItemKey> {
    let texts = stage.queue.texts(QueueName::Alerts);
    texts.iter().map(|text| serde_json::from_str::<AlertMessage>(text).unwrap().key()).collect()
}

#[test]
fn what_is_due_is_handed_over_once_and_what_is_not_stays() {
    let stage = Stage::new();
    put(&stage, order("1", Some(at(0))));
    put(&stage, package("1", "a", -5));
    put(&stage, package("1", "b", -3));
    put(&stage, package("2", "a", 3600));
    let shop_order = StoreOrderRef { account: account("shop-1"), order: "77".try_into().unwrap() };
    put(&stage, StoreOrder { next_look: Some(at(-1)), ..StoreOrder::new(shop_order.clone(), at(0)) });
    let counts = swept(&stage);
    assert_eq!(counts, Swept { orders: 2, ..Swept::default() });
    let mut looks = stage.queue.looks();
    looks.sort_by_key(|look| matches!(look, Look::Order { .. }));
    assert_eq!(looks, [Look::StoreOrder { order: shop_order }, Look::Order { order: reference("1") }]);
    assert_eq!(swept(&stage), Swept::default(), "handed over: not again at once");
    // Nobody worked on it: it is handed over again.
    stage.clock.advance(HANDED_OVER);
    assert_eq!(swept(&stage).orders, 2);
}

#[test]
fn alerts_go_to_their_queue_and_cause_no_work_on_the_order() {
    let stage = Stage::new();
    let mut held = package("1", "a", 0);
    held.state = State::Visible { version: 1, at: at(0) };
    held.alerts.raise(due_alert());
    let mut both = package("2", "a", 0);
    both.alerts.raise(due_alert());
    let mut shop =
        StoreOrder::new(StoreOrderRef { account: account("s"), order: "7".try_into().unwrap() }, at(0));
    shop.alerts.raise(due_alert());
    let keys = [held.key(), both.key(), shop.key()];
    put(&stage, held);
    put(&stage, both);
    put(&stage, shop);
    assert_eq!(swept(&stage), Swept { alerts: 3, orders: 1, ..Swept::default() });
    let told = alerts(&stage);
    assert!(
        keys.iter().all(|key| told.contains(&ItemKey { table: Table::Orders, ..key.clone() })),
        "{told:?}"
    );
    assert_eq!(stage.queue.looks(), [Look::Order { order: reference("2") }]);
}

#[test]
fn connections_with_something_to_tell_are_told_of() {
    let stage = Stage::new();
    for id in ["shop-1", "shop-2"] {
        put(&stage, connection("shop", id));
    }
    let mut state = ConnectionState::starting(account("shop-1"), at(0));
    put(&stage, ConnectionState::starting(account("shop-2"), at(0)));
    state.alerts.raise(due_alert());
    put(&stage, state);
    assert_eq!(swept(&stage), Swept { alerts: 1, ..Swept::default() });
    assert_eq!(alerts(&stage), [ItemKey::connection_state(&account("shop-1"))]);
}

#[test]
fn law_1_deliveries_that_the_queue_refused_are_queued_and_stay_for_replay() {
    let stage = Stage::new();
    for n in 0..60 {
        let delivery = connector_api::Delivery {
            id: format!("{n:064}"),
            topic: "shipped".into(),
            headers: vec![],
            received_at: at(0),
            body: connector_api::DeliveryBody::Reduced("{}".into()),
        };
        let item = kept_delivery(&account("shop-1"), "shop", &delivery, n != 7, at(0));
        block_on(stage.world.ledger.commit(vec![Write::Put { item, expect: Expect::Absent }])).unwrap();
    }
    stage.queue.switch.down(true);
    assert!(block_on(sweep(&stage.world)).is_err(), "a queue that is down is said");
    stage.queue.switch.down(false);
    assert_eq!(swept(&stage), Swept { deliveries: 59, ..Swept::default() });
    assert!(stage.queue.looks().iter().all(|look| matches!(look, Look::Delivery { .. })));
    assert_eq!(swept(&stage), Swept::default());
    let items = stage.ledger.inner.items();
    assert_eq!(items.len(), 60);
    assert!(items.iter().all(|item| item.attention.is_none() && item.expires_at.is_some()));
}

#[test]
fn law_4_records_that_nobody_can_move_do_not_hold_up_those_behind_them() {
    let stage = Stage::new();
    // More poison than one sweep takes, older than the one good record.
    for n in 0..(MOST_PER_LANE * 8) {
        let key = ItemKey { table: Table::Orders, pk: format!("M#m/c#{n}"), sk: "O".into() };
        let due = Some(Due { lane: key.time_lane(), at: at(-100) });
        let item = Item { key, version: 0, body: "{}".into(), due, attention: None, expires_at: None };
        block_on(stage.world.ledger.commit(vec![Write::Put { item, expect: Expect::Absent }])).unwrap();
    }
    put(&stage, order("1", Some(at(-1))));
    let sweeps = (1..=20).find(|_| {
        stage.clock.advance(Duration::from_secs(1));
        swept(&stage).orders == 1
    });
    assert!(sweeps.is_some(), "the good one came to its turn");
    assert_eq!(stage.queue.looks(), [Look::Order { order: reference("1") }]);
}

#[test]
fn a_wake_that_was_lost_is_sent_again_and_mail_groups_are_told() {
    let stage = Stage::new();
    block_on(crate::wake::ensure(&stage.world, &account("market-1"), at(0))).unwrap();
    assert_eq!(stage.queue.looks().len(), 1, "and lost");
    stage.clock.advance(Duration::from_secs(120));
    let key = ItemKey::mail_group(&account("market-1"), "cause", "a@example.com");
    let due = Some(Due { lane: key.time_lane(), at: at(0) });
    let item =
        Item { key: key.clone(), version: 0, body: "{}".into(), due, attention: None, expires_at: None };
    block_on(stage.world.ledger.commit(vec![Write::Put { item, expect: Expect::Absent }])).unwrap();
    assert_eq!(swept(&stage), Swept { wakes: 1, alerts: 1, ..Swept::default() });
    assert!(matches!(stage.queue.looks().as_slice(), [Look::Wake { generation: 2, .. }]));
    assert_eq!(alerts(&stage), [key]);
}
