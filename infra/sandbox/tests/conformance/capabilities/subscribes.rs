//! Subscriptions that are made through a marketplace's API.

use connector_api::{Failure, Subscribes, Subscription, SubscriptionChange};
use ports::Credentials as _;
use secrecy::SecretString;

use crate::stand::{ANN, Call};
use crate::wire::{answer, instead};
use crate::world::{World, account, each};

/// Lends the connection's secret `webhook` for the call, as `webhooks register` does.
async fn lend_secret(world: &World) {
    let secret = world.wire.stand().notifies().map(|stand| stand.secret());
    let secret = secret.unwrap_or_else(|| SecretString::from("verification-token-for-the-conformance-suite"));
    let mut credential = world.credentials.load(&account(ANN)).await.unwrap().unwrap();
    credential.secrets.insert(connector_api::VERIFICATION_TOKEN.to_owned(), secret);
    world.credentials.put(account(ANN), credential);
}

async fn listed(world: &World, subscribes: &dyn Subscribes) -> Vec<Subscription> {
    let connection = world.connection(ANN);
    let listed = subscribes.subscriptions(world.reach(), &connection).await;
    world.looked_at(listed).await.unwrap()
}

async fn change(world: &World, subscribes: &dyn Subscribes, change: SubscriptionChange) {
    let connection = world.connection(ANN);
    let done = subscribes.change_subscription(world.reach(), &connection, &change).await;
    world.looked_at(done).await.unwrap();
}

#[test]
fn subscriptions_are_made_listed_and_ended() {
    each(async |subject| {
        let world = subject.world();
        let Some(subscribes) = world.connector.subscribes() else { return };
        let address = world.wire.stand().subscribes().unwrap();
        lend_secret(&world).await;
        assert_eq!(listed(&world, subscribes).await, []);
        assert!(!subscribes.topics().is_empty());
        for topic in subscribes.topics() {
            change(&world, subscribes, SubscriptionChange::Create { topic, address: address.clone() }).await;
        }
        let all = listed(&world, subscribes).await;
        let mut topics: Vec<_> = all.iter().map(|subscription| subscription.topic.as_str()).collect();
        topics.sort_unstable();
        let mut want = subscribes.topics().to_vec();
        want.sort_unstable();
        assert_eq!(topics, want);
        for subscription in &all {
            assert_eq!((subscription.address.as_str(), &subscription.flaw), (address.as_str(), &None));
        }
        for subscription in all {
            change(&world, subscribes, SubscriptionChange::Delete { id: subscription.id }).await;
        }
        assert_eq!(listed(&world, subscribes).await, []);
    });
}

#[test]
fn subscriptions_meet_the_same_troubles_as_any_call() {
    each(async |subject| {
        let world = subject.world();
        let Some(subscribes) = world.connector.subscribes() else { return };
        let connection = world.connection(ANN);
        lend_secret(&world).await;
        listed(&world, subscribes).await;
        for (status, body) in [(200, "<html>"), (200, "null"), (500, ""), (503, "<html>"), (429, "")] {
            world.fault(Call::Other, instead(answer(status, &[], body)));
            let done = subscribes.subscriptions(world.reach(), &connection).await;
            let failure = world.looked_at(done).await.unwrap_err().failure;
            let passes = matches!(failure, Failure::Retryable { .. } | Failure::Throttled { .. });
            assert!(passes, "{status} {body:?}: {failure:?}");
        }
    });
}
