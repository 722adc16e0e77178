//! What the merchant does, at the shop and with us.

use std::time::Duration;

use futures::executor::block_on;
use jiff::Timestamp;
use ports::{Clock as _, QueueName};
use sandbox::shopify::{Delivery, FulfillLine, FulfillSpec, TrackingSpec};

use super::{SHOP, System, account, amazon_connection};

impl System {
    /// The shop ships at another time than now.
    pub(crate) fn ship_at(
        &self,
        id: &str,
        carrier: &str,
        numbers: &[&str],
        lines: &[(&str, u32)],
        at: Timestamp,
    ) -> Delivery {
        let lines = lines
            .iter()
            .map(|(sku, quantity)| FulfillLine { line: None, sku: Some((*sku).into()), quantity: *quantity })
            .collect();
        let spec = FulfillSpec {
            lines: Some(lines),
            numbers: numbers.iter().map(|n| (*n).to_owned()).collect(),
            company: Some(carrier.into()),
            at: Some(at),
            ..FulfillSpec::default()
        };
        self.wire.shopify.lock().unwrap().fulfill(at, SHOP, self.shop_id(id), spec).unwrap().1
    }

    /// The shop changes a fulfillment's numbers.
    pub(crate) fn retrack(&self, id: &str, fulfillment: u64, carrier: &str, numbers: &[&str]) -> Delivery {
        let spec = TrackingSpec {
            numbers: numbers.iter().map(|n| (*n).to_owned()).collect(),
            company: Some(carrier.into()),
        };
        let now = self.clock.now();
        self.wire
            .shopify
            .lock()
            .unwrap()
            .update_tracking(now, SHOP, self.shop_id(id), fulfillment, spec)
            .unwrap()
    }

    /// The merchant maps a carrier text for the account `amazon-us`.
    pub(crate) fn map(&self, text: &str, code: &str) {
        use workflow::mappings::{NewMapping, Place, set};
        let place = Place::account(&self.world, &amazon_connection("amazon-us"));
        let new = NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() };
        block_on(set(self.world.ledger.as_ref(), &place, new, "a test", self.now())).unwrap();
        self.answered();
    }

    /// The merchant maps a SKU of the shop to one of the account `amazon-us`.
    pub(crate) fn map_sku(&self, store: &str, marketplace: &str) {
        let account = account("amazon-us");
        let sku = |text: &str| domain::ids::Sku::try_from(text).unwrap();
        let (store, marketplace) = (sku(store), sku(marketplace));
        block_on(workflow::mappings::sku_set(
            self.world.ledger.as_ref(),
            &account,
            &store,
            &marketplace,
            "a test",
            self.now(),
        ))
        .unwrap();
        self.answered();
    }

    pub(crate) fn answered(&self) {
        let look = workflow::message::Look::Answered { account: account("amazon-us") }.to_body();
        block_on(self.world.queue.send(QueueName::Inbound, &look, Duration::ZERO)).unwrap();
    }

    /// The merchant connected the account again.
    pub(crate) fn resume(&self, id: &str) {
        block_on(self.world.change_connection(&account(id), |state| {
            state.activity = domain::connection_state::Activity::Active;
            state.connected_at = Some(self.now());
            state.alerts.settle(None);
        }))
        .unwrap();
        block_on(workflow::wake::ensure(&self.world, &account(id), self.now())).unwrap();
    }
}
