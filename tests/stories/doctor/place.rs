//! A healthy system, and hands that break one thing of it.

use std::sync::Arc;

use async_trait::async_trait;
use domain::connection::Connection;
use domain::connection_state::ConnectionState;
use futures::executor::block_on;
use jiff::SignedDuration;
use ports::memory::MemoryCredentials;
use ports::{Clock, Credential, Table, Transport, TransportError};
use sandbox::shopify::{FulfillSpec, LineSpec, OrderSpec, Subscription};
use secrecy::SecretString;
use signatures::RouteKey;
use workflow::admin::{
    Instruments, Report, WebhookAddresses, WebhookView, doctor, webhooks_check, webhooks_register,
};
use workflow::world::World;

use super::closed::Closed;
use crate::harness::{SHOP, System, Wire, account, amazon_connection, shopify_connection};

pub(super) const HERE: &str = "https://parcels.example";

/// Answers tell the time, as servers do, by a clock that need not be ours.
struct Dated {
    wire: Arc<Wire>,
    clock: Arc<dyn Clock>,
    ours_is_ahead: SignedDuration,
}

#[async_trait]
impl Transport for Dated {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let mut response = self.wire.send(request).await?;
        let date = self.clock.now().saturating_sub(self.ours_is_ahead).unwrap();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
        response.headers_mut().insert("date", date.parse().unwrap());
        Ok(response)
    }
}

pub(super) struct Place {
    pub(super) system: System,
    pub(super) ours_is_ahead: SignedDuration,
    /// The table that may not be read.
    pub(super) closed: Option<Table>,
}

pub(super) fn addresses(base: Option<&str>) -> WebhookAddresses {
    let key = SecretString::from("route key of the tests, long enough".to_owned());
    WebhookAddresses::new(base, RouteKey::new(key).unwrap(), false).unwrap()
}

impl Place {
    /// Everything in order: subscribed, polled, one parcel shipped as it should be.
    pub(super) fn healthy() -> Self {
        let system = System::start();
        let place = Self { system, ours_is_ahead: SignedDuration::ZERO, closed: None };
        let now = place.system.now();
        {
            let mut shop = place.system.wire.shopify.lock().unwrap();
            let lines = vec![LineSpec::new("LAMP", 1)];
            let order = shop.create_order(now, SHOP, OrderSpec { lines, ..OrderSpec::default() }).unwrap().id;
            let parcel = FulfillSpec { numbers: vec!["1Z999AA10123456784".into()], ..FulfillSpec::default() };
            shop.fulfill(now, SHOP, order, parcel).unwrap();
        }
        for id in ["shop", "amazon-us", "amazon-two"] {
            place.state(id, |state| {
                state.last_poll = Some(now);
                state.last_webhook = Some(now);
            });
        }
        place.register();
        place
    }

    pub(super) fn world(&self) -> World {
        let transport = Dated {
            wire: self.system.wire.clone(),
            clock: self.system.clock.clone(),
            ours_is_ahead: self.ours_is_ahead,
        };
        let mut world = World { transport: Arc::new(transport), ..self.system.world.clone() };
        if let Some(table) = self.closed {
            world.ledger = Arc::new(Closed { table, inner: world.ledger });
        }
        world
    }

    pub(super) fn state(&self, id: &str, change: impl FnMut(&mut ConnectionState)) {
        block_on(self.system.world.change_connection(&account(id), change)).unwrap();
    }

    pub(super) fn register(&self) -> WebhookView {
        let views =
            block_on(webhooks_register(&self.world(), Some("shop"), &addresses(Some(HERE)), self.secrets()))
                .unwrap();
        views.into_iter().next().unwrap()
    }

    pub(super) fn check(&self) -> WebhookView {
        let views =
            block_on(webhooks_check(&self.world(), Some("shop"), &addresses(Some(HERE)), self.secrets()))
                .unwrap();
        assert_eq!(views.len(), 1);
        views.into_iter().next().unwrap()
    }

    pub(super) fn secrets(&self) -> &MemoryCredentials {
        &self.system.credentials
    }

    pub(super) fn report(&self) -> Report {
        let addresses = addresses(Some(HERE));
        let webhook_secrets = self.system.credentials.as_ref();
        let with = Instruments { addresses: &addresses, webhook_secrets, further: &[] };
        block_on(doctor(&self.world(), with, None)).unwrap()
    }

    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        self.system.wire.shopify.lock().unwrap().subscriptions(SHOP).unwrap().to_vec()
    }

    pub(super) fn end_subscriptions(&self) {
        self.system.wire.shopify.lock().unwrap().end_subscriptions(SHOP).unwrap();
    }

    pub(super) fn add_subscription(&self, topic: &str, uri: &str) {
        let one = Subscription {
            id: String::new(),
            topic: topic.to_owned(),
            uri: uri.to_owned(),
            format: "JSON".to_owned(),
            filter: None,
        };
        self.system.wire.shopify.lock().unwrap().add_subscription(SHOP, one).unwrap();
    }

    pub(super) fn secret(&self, id: &str, name: &str, secret: &str) {
        let secrets = [(name.to_owned(), SecretString::from(secret.to_owned()))].into();
        self.system.credentials.put(account(id), Credential { secrets, ..Credential::default() });
    }

    pub(super) fn settings(&self, change: impl Fn(&mut Connection)) {
        let mut all =
            vec![shopify_connection(), amazon_connection("amazon-us"), amazon_connection("amazon-two")];
        all.iter_mut().for_each(change);
        self.system.apply_all(&all);
    }
}
