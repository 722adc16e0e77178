//! What is read of a store, by the order and by the poll.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_api::{Cursor, Failure, Outcome, SubscriptionChange};
use domain::ids::StoreOrderId;
use ports::Clock as _;

use super::world::each;
use crate::stand::{ANN, Call};
use crate::wire::{answer, instead};
use crate::world::{account, start};
use ports::Credential;

#[test]
fn an_order_is_read_with_what_was_sent_of_it() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[2, 1]);
        let (fact, facts) = world.read(&order).await.unwrap();
        let skus: Vec<_> =
            fact.lines.iter().filter_map(|l| l.sku.as_ref()).map(ToString::to_string).collect();
        assert_eq!(skus, ["SKU-1", "SKU-2"]);
        assert_eq!(fact.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [2, 1]);
        assert!(facts.fulfillments.is_empty() && fact.cancelled_at.is_none());
        world.ship(&order, "1Z999AA10123456784");
        let (fact, facts) = world.read(&order).await.unwrap();
        assert!(fact.fully_fulfilled);
        let [parcel] = facts.fulfillments.as_slice() else { panic!("{facts:?}") };
        assert_eq!(parcel.tracking, ["1Z999AA10123456784"]);
        let nobodys = StoreOrderId::try_from("999999999999").unwrap();
        assert_eq!(world.read(&nobodys).await.unwrap_err().failure, Failure::NotFound);
        let odd = StoreOrderId::try_from("../../admin").unwrap();
        world.read(&odd).await.unwrap_err();
    });
}

#[test]
fn a_poll_pages_through_every_parcel() {
    each(async |subject| {
        let world = subject.world();
        let mut sent = BTreeSet::new();
        for n in 0..150 {
            let order = world.order(&[1]);
            world.ship(&order, &format!("1Z999AA1012345{n:04}"));
            sent.insert(order);
        }
        let (named, pages, next) = world.poll(start()).await;
        assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), sent);
        assert!(pages > 1, "150 orders are more than a page");
        assert!(next.since > start() && next.since <= world.wire.their_now());
    });
}

#[test]
fn clocks_that_differ_lose_no_parcel() {
    each(async |subject| {
        for ahead in [0, -240, 240, 600] {
            let world = subject.world();
            world.wire.set_ahead(ahead);
            let (mut sent, mut seen, mut since) = (BTreeSet::new(), BTreeSet::new(), start());
            for round in 0..30 {
                let order = world.order(&[1]);
                world.ship(&order, &format!("1Z999AA1012345{round:04}"));
                sent.insert(order);
                if round % 3 == 0 {
                    let (named, _, next) = world.poll(since).await;
                    seen.extend(named);
                    since = next.since;
                }
            }
            for _ in 0..2 {
                world.wire.clock.advance(Duration::from_secs(900));
                let (named, _, next) = world.poll(since).await;
                seen.extend(named);
                since = next.since;
            }
            let missed: Vec<_> = sent.difference(&seen).collect();
            assert!(missed.is_empty(), "their clock {ahead} s ahead: {missed:?}");
        }
    });
}

#[test]
fn a_poll_that_broke_goes_on_where_it_was() {
    each(async |subject| {
        let world = subject.world();
        let mut sent = BTreeSet::new();
        for n in 0..150 {
            let order = world.order(&[1]);
            world.ship(&order, &format!("1Z999AA1012345{n:04}"));
            sent.insert(order);
        }
        let mut cursor = Cursor { since: start(), page: None };
        let mut seen = BTreeSet::new();
        for turn in 0.. {
            assert!(turn < 100, "the poll never ends");
            if turn % 2 == 1 {
                world.wire.fault(Call::Poll, instead(answer(503, &[], "")));
                world.page(&cursor).await.unwrap_err();
                continue;
            }
            let page = world.page(&cursor).await.unwrap();
            seen.extend(page.orders.into_iter().map(|(order, _)| order));
            cursor = serde_json::from_str(&serde_json::to_string(&page.next).unwrap()).unwrap();
            if cursor.page.is_none() {
                break;
            }
        }
        assert_eq!(seen, sent);
    });
}

#[test]
fn subscriptions_are_made_listed_turned_and_ended() {
    each(async |subject| {
        let world = subject.world();
        let (connector, connection) = (&world.connector, world.connection());
        let listed = async || {
            let listed = connector.subscriptions(world.reach(), &connection).await;
            world.looked_at(listed).unwrap()
        };
        let change = async |change: SubscriptionChange| {
            let done = connector.change_subscription(world.reach(), &connection, &change).await;
            world.looked_at(done).unwrap();
        };
        const HERE: &str = "https://parcels.example/webhooks/stores/shop-0";
        assert_eq!(listed().await, []);
        for topic in connector.webhook_topics() {
            change(SubscriptionChange::Create { topic, address: HERE.to_owned() }).await;
        }
        let made = listed().await;
        let topics: BTreeSet<_> = made.iter().map(|subscription| subscription.topic.as_str()).collect();
        assert_eq!(topics, connector.webhook_topics().iter().copied().collect());
        assert!(made.iter().all(|one| one.address == HERE && one.flaw.is_none()), "{made:?}");
        const THERE: &str = "https://elsewhere.example/x";
        for subscription in made {
            let id = subscription.id;
            change(SubscriptionChange::Redirect { id: id.clone(), address: THERE.to_owned() }).await;
            assert!(listed().await.iter().any(|one| one.address == THERE));
            let turned = listed().await.into_iter().find(|one| one.address == THERE).unwrap();
            change(SubscriptionChange::Delete { id: turned.id }).await;
        }
        assert_eq!(listed().await, []);
    });
}

#[test]
fn options_are_checked_and_every_problem_names_its_key() {
    each(async |subject| {
        let world = subject.world();
        let good = world.connection();
        assert_eq!(world.connector.check_options(&good), Vec::<String>::new());
        let mut surprised = good.clone();
        surprised.options.insert("surprise".to_owned(), "x".to_owned());
        let problems = world.connector.check_options(&surprised);
        assert!(problems.iter().any(|problem| problem.contains("surprise")), "{problems:?}");
        for key in good.options.keys() {
            let mut without = good.clone();
            without.options.remove(key);
            let mut changed = vec![without];
            for odd in ["", " ", "../x", "a b\n", "💡", "evil.example/x"] {
                let mut spoilt = good.clone();
                spoilt.options.insert(key.clone(), odd.to_owned());
                changed.push(spoilt);
            }
            for connection in changed {
                for problem in world.connector.check_options(&connection) {
                    assert!(problem.contains(key.as_str()), "{key}: {problem}");
                }
            }
        }
    });
}

#[test]
fn an_examination_is_good_then_bad() {
    each(async |subject| {
        let world = subject.world();
        world.order(&[1]);
        let checks = world.connector.check_up(world.reach(), &world.connection()).await;
        assert!(!checks.is_empty());
        assert!(checks.iter().all(|check| check.outcome != Outcome::Bad), "{checks:?}");
        world.at_shop(|shop, now| shop.uninstall(now));
        let checks = world.connector.check_up(world.reach(), &world.connection()).await;
        assert!(checks.iter().any(|check| check.outcome == Outcome::Bad), "{checks:?}");
        world.credentials.put(account(ANN), Credential::default());
        let checks = world.connector.check_up(world.reach(), &world.connection()).await;
        assert!(checks.iter().any(|check| check.outcome == Outcome::Bad), "{checks:?}");
        assert!(world.wire.clock.now() > start());
    });
}
