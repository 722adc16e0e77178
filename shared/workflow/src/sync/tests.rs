use std::sync::Arc;

use connector_api::Failure;
use domain::connection::{LinkFrom, LinkRule};
use domain::connection_state::ConnectionState;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::order::{Link, StoreOrder};
use domain::state::NotOurs;
use futures::executor::block_on;
use ports::memory::MemoryMail;
use ports::{Expect, Item, Write};

use super::*;
use crate::records::Record as _;
use crate::test_shop::{Stage, account, at, connection};

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.world.mail = Arc::new(MemoryMail::default());
    let mut shop = connection("shop", "shop-1");
    shop.mail.to = vec!["merchant@example.com".into()];
    let state = ConnectionState::starting(shop.account.clone(), at(0));
    let writes = vec![Stored::new(shop).into_write(at(0)), Stored::new(state).into_write(at(0))];
    block_on(stage.world.ledger.commit(writes)).unwrap();
    stage
}

/// Works on the alert queue; the mails, each as a person reads it.
fn mails(stage: &mut Stage) -> Vec<String> {
    let mail = Arc::new(MemoryMail::default());
    stage.world.mail = mail.clone();
    for text in stage.queue.texts(QueueName::Alerts) {
        block_on(crate::alerts::tell(&stage.world, &text)).unwrap();
    }
    mail.sent().iter().map(|mail| format!("Subject: {}\n\n{}", mail.subject, mail.text)).collect()
}

fn shop_order() -> StoreOrderRef {
    StoreOrderRef { account: account("shop-1"), order: "77".try_into().unwrap() }
}

fn stored(stage: &Stage) -> StoreOrder {
    let key = ItemKey::store_order(&shop_order());
    match block_on(load::<StoreOrder>(stage.world.ledger.as_ref(), &key)).unwrap() {
        Loaded::Known(stored) => stored.value,
        Loaded::Absent | Loaded::Foreign => panic!("no record"),
    }
}

#[test]
fn law_5_what_nothing_settles_is_told_every_day_and_once_a_day() {
    let mut stage = stage();
    let mut letters = Vec::new();
    for matter in [UNREADABLE_DELIVERY, ORDER_TOO_LARGE, NEWER_RECORD] {
        for day in 0..3 {
            for n in 0..3 {
                let words = format!("{matter} number {n}");
                block_on(tell_of_connection(&stage.world, &account("shop-1"), matter, words)).unwrap();
                let told = mails(&mut stage);
                assert_eq!(told.len(), usize::from(n == 0), "{matter} on day {day}: {told:?}");
                if day == 0 {
                    letters.extend(told);
                }
            }
            stage.clock.advance(Duration::from_secs(86_400));
        }
    }
    insta::assert_snapshot!(letters.join("\n\n"));
    let state = block_on(stage.world.connection_state(&account("shop-1"))).unwrap().unwrap().value;
    let open = state.alerts.all().iter().filter(|a| a.stage != AlertStage::Closed).count();
    assert_eq!(open, 3, "one of each matter");
}

#[test]
fn law_5_a_record_of_a_newer_layout_is_left_alone_and_told_of() {
    let mut stage = stage();
    let key = ItemKey::store_order(&shop_order());
    let body = r#"{"schema":9,"of":"tomorrow"}"#.to_owned();
    let item = Item {
        key: key.clone(),
        version: 0,
        body: body.clone(),
        due: None,
        attention: None,
        expires_at: None,
    };
    block_on(stage.world.ledger.commit(vec![Write::Put { item, expect: Expect::Absent }])).unwrap();
    for _ in 0..3 {
        block_on(look_at_store_order(&stage.world, &shop_order(), Some(StoreFacts::default()))).unwrap();
    }
    let told = mails(&mut stage);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("newer version"), "{}", told[0]);
    assert!(told[0].contains(&key.pk), "{}", told[0]);
    assert_eq!(block_on(stage.world.ledger.get(&key)).unwrap().unwrap().body, body);
}

fn silent() -> Failure {
    Failure::Retryable { reached: connector_api::Reached::No, after: None }
}

#[test]
fn law_5_a_store_that_cannot_be_read_is_told_within_an_hour_and_when_it_answers() {
    for quick in [true, false] {
        let mut stage = stage();
        stage.mall.shop.reads.lock().unwrap().extend((0..40).map(|_| Err(silent())));
        block_on(look_at_store_order(&stage.world, &shop_order(), None)).unwrap();
        let mut looks = 1;
        let told = loop {
            let told = mails(&mut stage);
            if !told.is_empty() {
                break told;
            }
            let next = stored(&stage).next_look.unwrap();
            if quick {
                // Somebody has it read at once, again and again.
                block_on(stage.world.ledger.commit(vec![{
                    let mut asked = stored(&stage);
                    (asked.next_look, asked.not_before) = (None, None);
                    let item = block_on(stage.world.ledger.get(&asked.key())).unwrap().unwrap();
                    let mut write = Stored::new(asked).into_write(stage.world.now());
                    if let Write::Put { expect, .. } = &mut write {
                        *expect = Expect::Version(item.version);
                    }
                    write
                }]))
                .unwrap();
            } else {
                let wait = next.duration_since(stage.world.now());
                stage.clock.advance(wait.try_into().unwrap());
            }
            block_on(look_at_store_order(&stage.world, &shop_order(), None)).unwrap();
            looks += 1;
        };
        let hour = stage.world.now().duration_since(at(0)).as_secs();
        if quick {
            assert_eq!((looks, hour), (10, 0));
        } else {
            assert_eq!(hour, 3600, "after {looks} looks");
        }
        assert!(told[0].contains("The store cannot be asked about an order"), "{}", told[0]);
        assert!(told[0].contains("parcelwire retry 77"), "{}", told[0]);
        // It answers: settled, and said.
        let fact = StoreOrderFact {
            updated_at: at(0),
            name: None,
            source_name: None,
            source_identifier: None,
            tags: vec![],
            attributes: Default::default(),
            lines: vec![],
            cancelled_at: None,
            fully_fulfilled: true,
        };
        {
            let mut reads = stage.mall.shop.reads.lock().unwrap();
            reads.clear();
            reads.push_back(Ok(fact));
        }
        stage.clock.advance(Duration::from_secs(7200));
        block_on(look_at_store_order(&stage.world, &shop_order(), None)).unwrap();
        let order = stored(&stage);
        assert_eq!((order.failures, order.failing_since), (0, None));
        let told = mails(&mut stage);
        assert!(told.len() == 1 && told[0].contains("The store answers again"), "{told:?}");
    }
}

#[test]
fn what_was_learned_before_it_was_connected_again_does_not_park_it() {
    let mut stage = stage();
    let shop = connection("shop", "shop-1");
    block_on(stage.world.change_connection(&shop.account, |s| s.connected_at = Some(at(100)))).unwrap();
    for (learned_at, parked) in [(at(99), false), (at(100), false), (at(101), true)] {
        block_on(park(&stage.world, &shop, learned_at, "refused")).unwrap();
        let state = block_on(stage.world.connection_state(&shop.account)).unwrap().unwrap().value;
        assert_eq!(matches!(state.activity, Activity::Parked { .. }), parked, "{learned_at}");
        assert_eq!(mails(&mut stage).len(), usize::from(parked), "{learned_at}");
    }
}

#[test]
fn law_5_an_order_that_the_store_does_not_show_is_looked_for_then_told_of_and_goes_on_when_it_is_shown() {
    let mut stage = stage();
    let look = |stage: &Stage, answer: Result<StoreOrderFact, Failure>| {
        *stage.mall.shop.reads.lock().unwrap() = [answer].into();
        block_on(look_at_store_order(&stage.world, &shop_order(), None)).unwrap();
        stored(stage)
    };
    let missing = |stage: &Stage| look(stage, Err(Failure::NotFound));
    let to_next_look = |stage: &Stage, order: &StoreOrder| {
        let at = order.next_look.unwrap();
        stage.clock.advance(at.duration_since(stage.world.now()).try_into().unwrap());
        at
    };
    // One answer proves nothing: the store's copies lag.
    let mut order = missing(&stage);
    while to_next_look(&stage, &order) < at(300) {
        order = missing(&stage);
        assert_eq!((&order.link, order.alerts.open()), (&Link::Unknown, false));
    }
    order = missing(&stage);
    assert!(matches!(order.link, Link::Unclear { .. }), "a person can decide about it: {:?}", order.link);
    let told = mails(&mut stage);
    assert!(told.len() == 1 && told[0].contains("read_all_orders"), "{told:?}");
    assert!(
        told[0].contains("parcelwire retry 77") && told[0].contains("parcelwire hold 77 not-ours"),
        "{told:?}"
    );
    // Hourly for a week, without another word; then only when there is news.
    let mut looks = 0;
    while order.next_look.is_some() {
        to_next_look(&stage, &order);
        order = missing(&stage);
        looks += 1;
    }
    assert!((160..=170).contains(&looks), "{looks}");
    assert!(order.must_read && mails(&mut stage).is_empty());
    // Shown: it is decided, and said.
    let order = look(&stage, Ok(with_attributes(&[])));
    assert!(matches!(order.link, Link::NotOurs { why: NotOurs::NoMarketplaceOrder, .. }), "{:?}", order.link);
    assert_eq!((order.not_found_since, order.must_read), (None, false));
    let told = mails(&mut stage);
    assert!(told.len() == 1 && told[0].contains("Resolved"), "{told:?}");
    // One of the store's own that is gone is nobody's business.
    *stage.mall.shop.reads.lock().unwrap() = [Err(Failure::NotFound)].into();
    block_on(look_at_store_order(&stage.world, &shop_order(), Some(changed(999_999)))).unwrap();
    let order = stored(&stage);
    assert!(matches!(order.link, Link::NotOurs { why: NotOurs::NoMarketplaceOrder, .. }), "{:?}", order.link);
    assert_eq!((order.must_read, order.next_look, order.alerts.open()), (false, None, false));
}

#[test]
fn law_5_a_link_outlives_a_store_that_does_not_show_the_order_any_more() {
    let mut stage = stage();
    let linked = Link::Marketplace {
        order: MarketplaceOrderRef { account: account("market-1"), order: "111-1".try_into().unwrap() },
    };
    let order = StoreOrder { link: linked.clone(), must_read: true, ..StoreOrder::new(shop_order(), at(0)) };
    block_on(stage.world.ledger.commit(vec![Stored::new(order).into_write(at(0))])).unwrap();
    let mut told = Vec::new();
    for _ in 0..2_000 {
        *stage.mall.shop.reads.lock().unwrap() = [Err(Failure::NotFound)].into();
        block_on(look_at_store_order(&stage.world, &shop_order(), None)).unwrap();
        let order = stored(&stage);
        assert_eq!(order.link, linked);
        told.extend(mails(&mut stage));
        let Some(next) = order.next_look else { break };
        assert!(next > stage.world.now(), "it would be looked at without end");
        stage.clock.advance(next.duration_since(stage.world.now()).try_into().unwrap());
    }
    let order = stored(&stage);
    assert_eq!((order.next_look, order.must_read), (None, false), "it ends by itself");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("parcelwire retry 77") && !told[0].contains("hold 77"), "{}", told[0]);
}

/// Gives the shop these link rules: each looks for an attribute of this name.
fn rule(stage: &Stage, names: &[&str]) {
    let key = ItemKey::connection(&account("shop-1"));
    let Ok(Loaded::Known(mut stored)) = block_on(load::<Connection>(stage.world.ledger.as_ref(), &key))
    else {
        panic!("no connection")
    };
    let rule = |name: &&str| LinkRule {
        from: LinkFrom::NoteAttribute { name: (*name).to_owned() },
        account: "market-1".try_into().unwrap(),
        source_name: None,
    };
    stored.value.link = names.iter().map(rule).collect();
    block_on(stage.world.ledger.commit(vec![stored.into_write(at(0))])).unwrap();
}

/// What the store says of the order: these attributes alone, as it says no others than the rules name.
fn with_attributes(attributes: &[(&str, &str)]) -> StoreOrderFact {
    let attributes = attributes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    StoreOrderFact {
        updated_at: at(0),
        name: None,
        source_name: None,
        source_identifier: None,
        tags: vec![],
        attributes,
        lines: vec![],
        cancelled_at: None,
        fully_fulfilled: true,
    }
}

#[test]
fn law_3_other_link_rules_decide_from_what_the_store_says_when_asked_for_what_they_name() {
    let mut stage = stage();
    let market = connection("market", "market-1");
    let state = ConnectionState::starting(market.account.clone(), at(0));
    let writes = vec![Stored::new(market).into_write(at(0)), Stored::new(state).into_write(at(0))];
    block_on(stage.world.ledger.commit(writes)).unwrap();
    let look = |answers: Vec<Result<StoreOrderFact, Failure>>| {
        *stage.mall.shop.reads.lock().unwrap() = answers.into();
        block_on(look_at_store_order(&stage.world, &shop_order(), Some(StoreFacts::default()))).unwrap();
        assert!(stage.mall.shop.reads.lock().unwrap().is_empty(), "it is read");
        stored(&stage).link
    };
    // Taken for none of ours, since the rule named another attribute.
    rule(&stage, &["wrong"]);
    assert!(matches!(look(vec![Ok(with_attributes(&[]))]), Link::NotOurs { .. }));
    // As long as the store does not answer, what it said to another question decides nothing.
    rule(&stage, &["order-id"]);
    assert!(matches!(look(vec![Err(silent())]), Link::NotOurs { .. }));
    stage.clock.advance(Duration::from_secs(3600));
    let linked = look(vec![Ok(with_attributes(&[("order-id", "111-1")]))]);
    assert!(matches!(&linked, Link::Marketplace { order } if order.order.as_str() == "111-1"), "{linked:?}");
    assert_eq!(mails(&mut stage).len(), 0);
}

/// A poll's word that the order changed at this second, without what.
fn changed(second: i64) -> StoreFacts {
    StoreFacts { read_the_store: true, changed_at: Some(at(second)), ..StoreFacts::default() }
}

#[test]
fn news_is_read_at_once_whatever_is_planned_and_a_change_is_read_only_until_a_read_holds_it() {
    let stage = stage();
    let fact = |second: i64| StoreOrderFact {
        updated_at: at(second),
        name: None,
        source_name: None,
        source_identifier: None,
        tags: vec![],
        attributes: Default::default(),
        lines: vec![],
        cancelled_at: None,
        fully_fulfilled: true,
    };
    for (pass, told, answer, read, what) in [
        (0, 0, Ok(fact(0)), true, "heard of for the first time"),
        (30, 0, Ok(fact(0)), true, "a read so soon proves nothing: the second may hold another change"),
        (100, 0, Ok(fact(0)), true, "as before"),
        (60, 0, Ok(fact(0)), false, "read two minutes after the change"),
        (1, 191, Err(silent()), true, "another change, and the store is silent"),
        (1, 191, Ok(fact(191)), false, "a failure is waited for"),
        (60, 191, Ok(fact(191)), true, "and over"),
        (300, 191, Ok(fact(191)), true, "read only one minute after the change until now"),
        (300, 191, Ok(fact(191)), false, "read"),
    ] {
        stage.clock.advance(Duration::from_secs(pass));
        *stage.mall.shop.reads.lock().unwrap() = [answer].into();
        let now = stage.world.now();
        block_on(look_at_store_order(&stage.world, &shop_order(), Some(changed(told)))).unwrap();
        let was_read = stage.mall.shop.reads.lock().unwrap().is_empty();
        assert_eq!(was_read, read, "{now}: {what}");
        // Whatever else is planned for this order, it does not stand in the way.
        let mut planned =
            block_on(load::<StoreOrder>(stage.world.ledger.as_ref(), &ItemKey::store_order(&shop_order())));
        if let Ok(Loaded::Known(stored)) = &mut planned {
            let mut stored = stored.clone();
            stored.value.next_look = Some(at(9_999));
            block_on(stage.world.ledger.commit(vec![stored.into_write(now)])).unwrap();
        }
    }
}

mod time;
