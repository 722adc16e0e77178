//! A delivery that was posted to us: kept for replay, read, and folded.

use connector_api::{Delivery, StoreEvent};
use domain::ids::{Account, StoreOrderRef};
use ports::{Expect, Write};

use super::{UNREADABLE_DELIVERY, look_at_store_order, notification, park, privacy, tell_of_connection};
use crate::message::WorkError;
use crate::receive::kept_delivery;
use crate::world::World;

/// Works on a delivery.
pub(super) async fn take(
    world: &World,
    account: &Account,
    kind: &str,
    delivery: Delivery,
) -> Result<(), WorkError> {
    if let Some(marketplace) = world.connectors.marketplace(kind)
        && let Some(notifies) = marketplace.notifies()
    {
        return notification::delivered(world, account, marketplace, notifies, delivery).await;
    }
    let now = world.now();
    // The same bytes that the receiver keeps when the queue refuses: the mark of that goes.
    let item = kept_delivery(account, kind, &delivery, false, now);
    world.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }]).await?;
    notification::heard(world, account, now).await?;
    let Some(store) = world.connectors.store(kind) else {
        return Err(WorkError::Unreadable(format!("no store connector of kind {kind:?}")));
    };
    let Some(connection) = world.connection(account).await? else {
        return Err(WorkError::NoConnection(account.clone()));
    };
    match store.event(&connection, &delivery) {
        Ok(StoreEvent::Order { order, mut facts }) => {
            if store.webhooks_are_hints(&connection) {
                facts.fulfillments.clear();
                facts.cancelled_at = None;
                // Nothing else tells of refunds: from such a shop they are not taken on.
                facts.refunds.clear();
                facts.read_the_store = true;
            }
            let order = StoreOrderRef { account: account.clone(), order };
            look_at_store_order(world, &order, Some(*facts)).await
        }
        Ok(StoreEvent::Uninstalled) => {
            park(world, &connection, delivery.received_at, "the app was removed from the shop").await
        }
        Ok(StoreEvent::Privacy(request)) => privacy::act(world, &connection, request).await,
        Ok(StoreEvent::Nothing { reason }) => {
            tracing::debug!(connection = %account, %reason, "delivery without anything for us");
            Ok(())
        }
        // Genuine, but not to be understood: it is kept, the poll finds what it meant, and a person hears of it.
        Err(problem) => {
            let words = format!("{}: {problem} (kept as {})", delivery.topic, delivery.id);
            tell_of_connection(world, account, UNREADABLE_DELIVERY, words).await
        }
    }
}
