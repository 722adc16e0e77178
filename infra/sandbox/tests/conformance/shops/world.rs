//! A shop, the connector opposite, and time in one hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use connector_api::{
    ChannelError, Cursor, Delivery, DeliveryBody, Failure, FulfillmentPage, Reach, Reached, Store,
    StoreEvent, reduce_json,
};
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use futures::executor::block_on;
use jiff::Timestamp;
use ports::memory::{MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential};
use serde_json::Value;

use super::registered;
use super::shop::Shop;
use crate::stand::{ANN, Post};
use crate::wire::Wire;
use crate::world::{account, connection, start, without_buyer};

/// A store to be tried.
pub(super) struct Subject {
    shop: fn() -> Box<dyn Shop>,
}

impl Subject {
    /// A shop nobody has been to.
    pub(super) fn world(&self) -> World {
        World::new((self.shop)())
    }
}

/// Runs a test for every store; tells of all that failed, not of the first.
pub(super) fn each(test: impl AsyncFn(&Subject)) {
    let mut failed = Vec::new();
    for shop in registered::STORES {
        let name = shop().name();
        println!("-- {name}");
        let subject = Subject { shop: *shop };
        if catch_unwind(AssertUnwindSafe(|| block_on(test(&subject)))).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "does not hold for {failed:?}: see above");
}

/// A shop, the connector opposite, and time in one hand.
pub(super) struct World {
    pub(super) connector: Arc<dyn Store>,
    pub(super) wire: Wire<dyn Shop>,
    pub(super) credentials: MemoryCredentials,
    rng: SeededRng,
}

impl World {
    fn new(shop: Box<dyn Shop>) -> Self {
        let world = Self {
            connector: registered::connector(shop.kind()),
            wire: Wire::new(shop, start()),
            credentials: MemoryCredentials::default(),
            rng: SeededRng::new(1),
        };
        world.connect();
        world
    }

    /// The merchant gives the secrets, as at the first time.
    pub(super) fn connect(&self) {
        let secrets = self.wire.stand().secrets();
        let secrets = secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret.into())).collect();
        self.credentials.put(account(ANN), Credential { secrets, ..Credential::default() });
    }

    pub(super) fn connection(&self) -> Connection {
        let shop = self.wire.stand();
        let options = shop.options().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        connection(shop.kind(), ANN, options)
    }

    pub(super) fn reach(&self) -> Reach<'_> {
        Reach {
            transport: &self.wire,
            credentials: &self.credentials,
            clock: &self.wire.clock,
            rng: &self.rng,
        }
    }

    /// Does something in the shop, a minute later by its own clock.
    pub(super) fn at_shop<T>(&self, act: impl FnOnce(&mut dyn Shop, Timestamp) -> T) -> T {
        self.wire.clock.advance(Duration::from_secs(60));
        let now = self.wire.their_now();
        act(&mut **self.wire.stand(), now)
    }

    pub(super) fn order(&self, lines: &[u32]) -> StoreOrderId {
        self.at_shop(|shop, now| shop.order(now, lines))
    }

    pub(super) fn ship(&self, order: &StoreOrderId, number: &str) -> Post {
        self.at_shop(|shop, now| shop.ship(now, order, number))
    }

    /// No secret, nothing of the buyer in an error.
    pub(super) fn looked_at<T>(&self, done: Result<T, ChannelError>) -> Result<T, ChannelError> {
        if let Err(error) = &done {
            let said = format!("{error}\n{error:?}");
            without_buyer(&said);
            for (name, secret) in self.wire.stand().secrets() {
                assert!(!said.contains(&secret), "{name} in {}", said.replace(&secret, "[secret]"));
            }
        }
        done
    }

    pub(super) async fn read(
        &self,
        order: &StoreOrderId,
    ) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
        let read = self.connector.read_order(self.reach(), &self.connection(), order).await;
        let read = self.looked_at(read)?;
        without_buyer(&format!("{read:?}"));
        Ok(read)
    }

    /// Reads; where a token that was fetched before is not taken any more, once more with a new one.
    pub(super) async fn read_anew(
        &self,
        order: &StoreOrderId,
    ) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
        let lends = self.wire.stand().grants().is_some();
        match self.read(order).await {
            Err(ChannelError { failure: Failure::Retryable { reached: Reached::No, .. }, .. }) if lends => {
                self.read(order).await
            }
            read => read,
        }
    }

    pub(super) async fn page(&self, cursor: &Cursor) -> Result<FulfillmentPage, ChannelError> {
        let page = self.connector.changed_fulfillments(self.reach(), &self.connection(), cursor).await;
        let page = self.looked_at(page)?;
        without_buyer(&format!("{page:?}"));
        Ok(page)
    }

    /// Polls to the end: whom it named, how many pages, where to go on.
    pub(super) async fn poll(&self, since: Timestamp) -> (Vec<StoreOrderId>, usize, Cursor) {
        let mut cursor = Cursor { since, page: None };
        let mut named = Vec::new();
        for pages in 1..10_000 {
            let page = self.page(&cursor).await.unwrap();
            named.extend(page.orders.into_iter().map(|(order, _)| order));
            cursor = page.next;
            if cursor.page.is_none() {
                return (named, pages, cursor);
            }
            assert_eq!(cursor.since, since, "advanced before the poll was complete");
        }
        panic!("the poll never ends")
    }

    pub(super) fn verifies(&self, post: &Post) -> bool {
        let secrets = [self.wire.stand().webhook_secret()];
        self.connector.verify(&post.headers, &post.body, &secrets).is_ok()
    }

    /// What the receiver lets through of a genuine delivery.
    pub(super) fn received(&self, post: &Post) -> Delivery {
        assert!(self.verifies(post));
        let (topic, allowed) = self.connector.topic(&post.headers).expect("a topic of ours");
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        let reduced = reduce_json(&body, allowed).to_string();
        without_buyer(&reduced);
        Delivery {
            id: "d".to_owned(),
            topic,
            headers: Vec::new(),
            received_at: self.wire.clock.now(),
            body: DeliveryBody::Reduced(reduced),
        }
    }

    /// What the connector makes of a genuine delivery.
    pub(super) fn event(&self, post: &Post) -> StoreEvent {
        self.connector.event(&self.connection(), &self.received(post)).unwrap()
    }
}
