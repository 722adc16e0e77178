//! What the merchant does: connects again, and answers what was asked.

use futures::executor::block_on;
use ports::QueueName;
use workflow::apply::{Applied, apply};
use workflow::mappings::{self, NewMapping, Place};
use workflow::message::Look;

use super::bugs::Bug;
use super::run::Run;
use super::workload::{Kind, MAPPED_LATER, Order};
use crate::harness::account;

/// The merchant gives new credentials, or says that the old ones serve.
pub(super) fn reconnect(run: &Run, fingerprint: &str) {
    let world = &run.system.world;
    let all: Vec<Applied> = block_on(world.connections())
        .unwrap()
        .into_iter()
        .map(|mut connection| {
            if run.bug == Some(Bug::DoubtSettlesAtOnce) {
                connection.timing.doubt_settles_after = std::time::Duration::ZERO;
            }
            Applied { connection, credentials_fingerprint: fingerprint.into(), expires_at: None }
        })
        .collect();
    block_on(apply(world, &all)).unwrap();
}

/// The merchant answers what was asked: carriers and SKUs that are to be mapped.
pub(super) fn answer(run: &Run, orders: &[Order]) {
    let world = &run.system.world;
    let now = run.now();
    for connection in block_on(world.connections()).unwrap().iter().filter(|c| c.kind == "amazon") {
        let place = Place::account(world, connection);
        let new = NewMapping { text: MAPPED_LATER.into(), code: "UPS".into(), ..NewMapping::default() };
        block_on(mappings::set(world.ledger.as_ref(), &place, new, "the merchant", now)).unwrap();
        for order in
            orders.iter().filter(|o| o.kind == Kind::SkuLater && account(&o.seller) == connection.account)
        {
            for (_, sku, at_shop, _) in &order.lines {
                let (at_shop, sku) = (at_shop.as_str().try_into().unwrap(), sku.as_str().try_into().unwrap());
                block_on(mappings::sku_set(
                    world.ledger.as_ref(),
                    &connection.account,
                    &at_shop,
                    &sku,
                    "the merchant",
                    now,
                ))
                .unwrap();
            }
        }
        let look = Look::Answered { account: connection.account.clone() }.to_body();
        block_on(world.queue.send(QueueName::Inbound, &look, std::time::Duration::ZERO)).unwrap();
    }
}
