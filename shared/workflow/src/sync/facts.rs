//! Order facts that come ahead of parcels, from polls.

use std::time::Duration;

use domain::alert::Deadline;
use domain::ids::MarketplaceOrderRef;
use domain::keys::{ItemKey, Table};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus};
use domain::order::MarketplaceOrder;
use domain::package::Package;
use domain::state::StateName;
use ports::{LedgerError, QueueName};

use super::{load_known, tell};
use crate::message::{Look, WorkError};
use crate::records::Stored;
use crate::world::World;

/// Folds facts into an order's record; if parcels of it are still on their way, the order is looked at.
pub(super) async fn take(
    world: &World,
    order: &MarketplaceOrderRef,
    facts: OrderFacts,
) -> Result<(), WorkError> {
    let key = ItemKey::marketplace_order(order);
    for _ in 0..6 {
        let now = world.now();
        let mut stored = match load_known::<MarketplaceOrder>(world, &key).await? {
            // Only orders that may still be ours to ship are worth a record.
            None if !worth_knowing(&facts) => return Ok(()),
            None => Stored::new(MarketplaceOrder::new(order.clone())),
            Some(Ok(stored)) => stored,
            Some(Err(_)) => return Ok(()),
        };
        let linked = !stored.value.store_orders.is_empty();
        if stored.value.fold(facts.clone()) {
            // Of an order that no store order is linked to nothing has left that we know of.
            if !linked {
                stored.value.note_cancel_request(false, now);
            }
            let due = stored.value.alerts.next_due(now, &Deadline::NONE).is_some_and(|at| at <= now);
            match world.ledger.commit(vec![stored.into_write(now)]).await {
                Ok(()) if due => tell(world, &key).await?,
                Ok(()) => {}
                Err(LedgerError::Conflict) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        if linked && anything_open(world, &key).await? {
            let look = Look::Order { order: order.clone() }.to_body();
            world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
        }
        return Ok(());
    }
    Err(LedgerError::Conflict.into())
}

fn worth_knowing(facts: &OrderFacts) -> bool {
    facts.fulfilled_by != FulfilledBy::Marketplace
        && matches!(facts.status, OrderStatus::Pending | OrderStatus::Open | OrderStatus::PartlyShipped)
}

/// Whether a package of the order is not yet where it is to end, or the order has none yet.
async fn anything_open(world: &World, key: &ItemKey) -> Result<bool, LedgerError> {
    let items = world.ledger.query(Table::Orders, &key.pk).await?;
    let packages: Vec<Package> =
        items.iter().filter_map(Stored::<Package>::read).map(|stored| stored.value).collect();
    Ok(packages.is_empty()
        || packages.iter().any(|p| {
            !matches!(p.state.name(), StateName::Visible | StateName::Cancelled | StateName::Superseded)
        }))
}
