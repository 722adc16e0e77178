//! One message never works longer than its worker lives, and nothing of a long walk is left out for that.

use domain::keys::waiting_lane;
use domain::package::Package;
use domain::state::{Cause, State, Waiting};
use jiff::Timestamp;

use super::*;
use crate::message::{self, Look};
use crate::receive::kept_delivery;
use crate::test_shop::package;

/// Works on whatever is queued; the looks that came by, and how long the longest message took.
fn work_off(stage: &Stage, is_walk: impl Fn(&Look) -> bool) -> (Vec<Look>, i64) {
    let (mut looks, mut longest) = (Vec::new(), 0);
    for _ in 0..100 {
        for body in stage.queue.texts(QueueName::Inbound) {
            let look = message::read(&body).unwrap();
            if is_walk(&look) {
                let begun_at = stage.world.now();
                block_on(work(&stage.world, &body)).unwrap();
                longest = longest.max(stage.world.now().duration_since(begun_at).as_secs());
            }
            looks.push(look);
        }
    }
    (looks, longest)
}

fn queue(stage: &Stage, look: Look) {
    block_on(stage.world.queue.send(QueueName::Inbound, &look.to_body(), Duration::ZERO)).unwrap();
}

fn put(stage: &Stage, record: impl crate::records::Record) {
    block_on(stage.world.ledger.commit(vec![Stored::new(record).into_write(at(0))])).unwrap();
}

fn order_id(n: u32) -> String {
    format!("111-{n:04}")
}

#[test]
fn law_4_a_wake_stops_in_time_and_arms_the_next() {
    let stage = Stage::new();
    put(&stage, connection("market", "market-1"));
    put(&stage, ConnectionState::starting(account("market-1"), at(0)));
    for n in 0..40 {
        // Not yet: a look finds nothing to do, and it stays in the lane.
        let state = State::Planned { not_before: at(86_400), waiting: Waiting::Tokens };
        put(&stage, Package { state, ..package(&order_id(n), "a", 0) });
    }
    let lane = waiting_lane(&account("market-1"));
    assert_eq!(block_on(stage.world.ledger.due(&lane, Timestamp::MAX, 99)).unwrap().len(), 40);
    block_on(crate::wake::ensure(&stage.world, &account("market-1"), at(0))).unwrap();
    let body = stage.queue.texts(QueueName::Inbound).remove(0);
    stage.ledger.switch.takes(&stage.clock, Duration::from_secs(1));
    block_on(work(&stage.world, &body)).unwrap();
    let took = stage.world.now().duration_since(at(0)).as_secs();
    assert!(took < 60, "it took {took} s");
    stage.clock.advance(Duration::from_secs(60));
    let next = stage.queue.looks();
    assert!(matches!(next.as_slice(), [Look::Wake { generation: 2, .. }]), "{next:?}");
}

#[test]
fn law_3_an_answer_releases_all_that_waits_for_it_though_one_message_is_too_short() {
    let stage = Stage::new();
    for n in 0..170 {
        let cause = Cause::NoCarrier;
        let state = State::Held { cause, since: at(0) };
        put(&stage, Package { state, ..package(&order_id(n), "a", 0) });
    }
    queue(&stage, Look::Answered { account: account("market-1") });
    stage.ledger.switch.takes(&stage.clock, Duration::from_millis(500));
    let is_walk = |look: &Look| matches!(look, Look::Answered { .. } | Look::AnsweredFrom { .. });
    let (looks, longest) = work_off(&stage, is_walk);
    assert!(longest < 70, "a message took {longest} s");
    let orders: BTreeSet<String> = looks
        .iter()
        .filter_map(
            |look| if let Look::Order { order } = look { Some(order.order.to_string()) } else { None },
        )
        .collect();
    assert_eq!(orders.len(), 170);
    assert!(looks.iter().any(|look| matches!(look, Look::AnsweredFrom { .. })));
}

#[test]
fn law_6_a_shop_that_left_is_erased_to_the_end_though_one_message_is_too_short() {
    let stage = stage();
    put(&stage, connection("shop", "shop-2"));
    for n in 0..150 {
        for shop in ["shop-1", "shop-2"] {
            let order =
                StoreOrderRef { account: account(shop), order: n.to_string().as_str().try_into().unwrap() };
            put(&stage, StoreOrder::new(order, at(0)));
        }
        let delivery = connector_api::Delivery {
            id: format!("{n:064}"),
            topic: "shipped".into(),
            headers: vec![],
            received_at: at(0),
            body: connector_api::DeliveryBody::Reduced("{}".into()),
        };
        let item = kept_delivery(&account("shop-1"), "shop", &delivery, false, at(0));
        block_on(stage.world.ledger.commit(vec![Write::Put { item, expect: Expect::Absent }])).unwrap();
    }
    let shop = block_on(stage.world.connection(&account("shop-1"))).unwrap().unwrap();
    stage.ledger.switch.takes(&stage.clock, Duration::from_secs(1));
    block_on(privacy::act(&stage.world, &shop, connector_api::PrivacyRequest::ShopErase)).unwrap();
    let (looks, longest) = work_off(&stage, |_| true);
    assert!(looks.len() > 5 && longest < 50, "{} messages, the longest took {longest} s", looks.len());
    let left = |table: Table| stage.ledger.inner.items().into_iter().filter(|i| i.key.table == table).count();
    assert_eq!((left(Table::Orders), left(Table::Deliveries)), (150, 0), "the other shop's stay");
    let state = block_on(stage.world.connection_state(&account("shop-1"))).unwrap().unwrap().value;
    assert!(!state.works());
    assert!(state.history.events().iter().any(|event| event.what.contains("shop erased, 300 records")));
}
