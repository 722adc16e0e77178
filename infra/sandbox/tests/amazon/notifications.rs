//! Subscriptions and what they bring: the connector against the stand-in.

use connector_amazon::Amazon;
use connector_api::{
    ChannelError, Failure, MarketplaceEvent, Pushes as _, Subscribes as _, Subscription, SubscriptionChange,
};
use sandbox::amazon::{OrderChange, Status, seller_id};
use sandbox::faults::Fault;

use crate::common::*;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:parcels";
const OTHER: &str = "arn:aws:sqs:us-east-1:123456789012:other";

async fn change(world: &World, seller: &str, change: SubscriptionChange) -> Result<(), ChannelError> {
    let connection = connection(&world.address, seller);
    Amazon.change_subscription(world.reach(), &connection, &change).await
}

async fn subscribe(world: &World, seller: &str, address: &str) {
    for topic in Amazon.topics().iter().copied() {
        let made = SubscriptionChange::Create { topic, address: address.to_owned() };
        change(world, seller, made).await.unwrap();
    }
}

async fn subscriptions(world: &World, seller: &str) -> Vec<Subscription> {
    let connection = connection(&world.address, seller);
    Amazon.subscriptions(world.reach(), &connection).await.unwrap()
}

#[tokio::test]
async fn f45_subscriptions_are_made_once_per_seller_and_share_a_destination() {
    let world = World::new().await;
    assert!(subscriptions(&world, "ann").await.is_empty());
    subscribe(&world, "ann", QUEUE).await;
    subscribe(&world, "bob", QUEUE).await;
    let all = subscriptions(&world, "ann").await;
    let seen: Vec<_> =
        all.iter().map(|s| (s.topic.as_str(), s.address.as_str(), s.flaw.as_deref())).collect();
    assert_eq!(seen, [("ORDER_CHANGE", QUEUE, None), ("FEED_PROCESSING_FINISHED", QUEUE, None)]);
    // Again: what is there is kept.
    subscribe(&world, "ann", QUEUE).await;
    assert_eq!(subscriptions(&world, "ann").await, all);
    assert_eq!(world.sandbox().record().calls.get("createDestination"), Some(&1));
}

#[tokio::test]
async fn a_subscription_to_another_queue_is_replaced() {
    let world = World::new().await;
    subscribe(&world, "ann", OTHER).await;
    // By what is told of the conflict, and by asking for it.
    let made = SubscriptionChange::Create { topic: "ORDER_CHANGE", address: QUEUE.to_owned() };
    change(&world, "ann", made).await.unwrap();
    let old = subscriptions(&world, "ann").await.into_iter().find(|one| one.address == OTHER).unwrap();
    let redirect = SubscriptionChange::Redirect { id: old.id.clone(), address: QUEUE.to_owned() };
    change(&world, "ann", redirect).await.unwrap();
    let all = subscriptions(&world, "ann").await;
    assert!(all.len() == 2 && all.iter().all(|one| one.address == QUEUE), "{all:?}");

    for one in all {
        change(&world, "ann", SubscriptionChange::Delete { id: one.id.clone() }).await.unwrap();
        change(&world, "ann", SubscriptionChange::Delete { id: one.id }).await.unwrap();
    }
    assert!(subscriptions(&world, "ann").await.is_empty());
}

#[tokio::test]
async fn what_is_no_queue_is_refused_before_anything_is_asked() {
    let world = World::new().await;
    for address in
        ["https://parcels.example/webhooks/marketplaces/us", "arn:aws:sqs:us-east-1:123456789012:a.fifo"]
    {
        let made = SubscriptionChange::Create { topic: "ORDER_CHANGE", address: address.to_owned() };
        let error = change(&world, "ann", made).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected { code: "NotSent".into() }, "{address}");
    }
    assert!(world.sandbox().record().calls.is_empty());
}

#[tokio::test]
async fn a_lost_answer_of_either_call_is_mended_by_asking_again() {
    for operation in ["createDestination", "createSubscription", "deleteSubscriptionById"] {
        let world = World::new().await;
        if operation == "deleteSubscriptionById" {
            subscribe(&world, "ann", OTHER).await;
        }
        world.fault(operation, Fault::LoseAnswer);
        for _ in 0..2 {
            for topic in Amazon.topics().iter().copied() {
                let made = SubscriptionChange::Create { topic, address: QUEUE.to_owned() };
                let _ = change(&world, "ann", made).await;
            }
        }
        let all = subscriptions(&world, "ann").await;
        assert!(all.len() == 2 && all.iter().all(|one| one.address == QUEUE), "{operation}: {all:?}");
        assert!(world.sandbox().record().calls.get("createDestination").copied() <= Some(2), "{operation}");
    }
}

#[tokio::test]
async fn messages_name_the_seller_and_mean_what_happened() {
    let world = World::new().await;
    subscribe(&world, "ann", QUEUE).await;
    let pending = OrderChange { status: Some(Status::Pending), ..OrderChange::default() };
    let paid = OrderChange { status: Some(Status::Unshipped), ..OrderChange::default() };
    for step in [pending, paid] {
        world.sandbox().change_order(start(), ORDER, step).unwrap();
    }
    let messages = world.sandbox().take_messages();
    assert_eq!(messages.len(), 2);
    let message = messages.last().unwrap();
    assert_eq!(message.arn, QUEUE);
    let about = Amazon.about(&message.body).unwrap();
    assert_eq!((about.seller, about.topic.as_str()), (seller_id("ann"), "ORDER_CHANGE"));
    let subscribed = subscriptions(&world, "ann").await;
    assert!(subscribed.iter().any(|one| one.id == about.subscription));
    let MarketplaceEvent::Orders(news) =
        Amazon.event(&connection(&world.address, "ann"), &message.body).unwrap()
    else {
        panic!("an order")
    };
    let told = news.into_iter().next().unwrap();
    let (facts, read) = (told.facts.unwrap(), world.read().await);
    assert_eq!((told.order.as_str(), facts.ship_by, facts.lines), (ORDER, read.ship_by, read.lines));
    assert!(facts.updated_at < read.updated_at, "the read counts as newer");
    // Another seller's connection takes nothing of it.
    let theirs = Amazon.event(&connection(&world.address, "bob"), &message.body).unwrap();
    assert!(matches!(theirs, MarketplaceEvent::Nothing { .. }), "{theirs:?}");
}
