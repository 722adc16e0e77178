//! Messages of a marketplace in a queue of ours.

use connector_api::{MarketplaceEvent, SubscriptionChange};
use serde_json::Value;

use crate::stand::{ANN, BOB, Placed, State, Wanted};
use crate::world::{World, each, without_buyer};

/// Subscribes both sellers, if that is done through the API: else nobody is told.
async fn subscribed(world: &World) {
    let Some(subscribes) = world.connector.subscribes() else { return };
    let address = world.wire.stand().subscribes().unwrap();
    for seller in [ANN, BOB] {
        let connection = world.connection(seller);
        for topic in subscribes.topics() {
            let change = SubscriptionChange::Create { topic, address: address.clone() };
            let done = subscribes.change_subscription(world.reach(), &connection, &change).await;
            world.looked_at(done).await.unwrap();
        }
    }
}

fn message(world: &World, placed: &Placed) -> String {
    let now = world.wire.their_now();
    world.wire.stand().pushes().unwrap().message(now, placed)
}

#[test]
fn a_message_says_which_order_to_look_at_and_whose() {
    each(async |subject| {
        let world = subject.world();
        let Some(pushes) = world.connector.pushes() else { return };
        subscribed(&world).await;
        let placed = world.order(1, &[2, 1]);
        let message = message(&world, &placed);
        let about = pushes.about(&message).unwrap();
        assert!(!about.seller.is_empty() && !about.topic.is_empty(), "{about:?}");
        let event = pushes.event(&world.connection(ANN), &message).unwrap();
        let MarketplaceEvent::Orders(news) = event else { panic!("{event:?}") };
        assert!(news.iter().any(|news| news.order == placed.id), "{news:?}");
        without_buyer(&format!("{news:?}"));
        for news in &news {
            if let Some(facts) = &news.facts {
                assert_eq!(facts.marketplace, placed.marketplace);
            }
        }
    });
}

#[test]
fn a_message_to_another_seller_names_that_one() {
    each(async |subject| {
        let world = subject.world();
        let Some(pushes) = world.connector.pushes() else { return };
        subscribed(&world).await;
        let placed = world.order(1, &[1]);
        let theirs = Wanted { seller: BOB, number: 2, lines: vec![1], state: State::Ready };
        let theirs = world.ordered(theirs).unwrap();
        let (ours, theirs) = (message(&world, &placed), message(&world, &theirs));
        assert_ne!(pushes.about(&ours).unwrap().seller, pushes.about(&theirs).unwrap().seller);
    });
}

#[test]
fn an_odd_message_is_poison_or_read_and_never_a_panic() {
    each(async |subject| {
        let world = subject.world();
        let Some(pushes) = world.connector.pushes() else { return };
        subscribed(&world).await;
        let placed = world.order(1, &[1]);
        let message = message(&world, &placed);
        let connection = world.connection(ANN);
        let whole: Value = serde_json::from_str(&message).unwrap();
        for place in crate::odd::places(&whole) {
            for value in [
                None,
                Some(Value::Null),
                Some("SOMETHING_NEW".into()),
                Some(7.into()),
                Some(Value::Array(Vec::new())),
            ] {
                let mut odd = whole.clone();
                crate::odd::put(&mut odd, &place, value);
                drop(pushes.about(&odd.to_string()));
                match pushes.event(&connection, &odd.to_string()) {
                    Ok(event) => without_buyer(&format!("{event:?}")),
                    Err(why) => without_buyer(&why),
                }
            }
        }
        for junk in ["", "null", "[]", "{", "\"x\"", "<xml/>", "\u{feff}{}"] {
            assert!(pushes.about(junk).is_err(), "{junk:?}");
            drop(pushes.event(&connection, junk));
        }
    });
}
