//! Privacy requests. Nothing of a buyer is ever stored, so what can be erased is the orders themselves.

use connector_api::PrivacyRequest;
use domain::connection::Connection;
use domain::connection_state::Activity;
use domain::ids::{StoreOrderId, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use domain::order::{Link, StoreOrder};
use domain::state::NotOurs;
use ports::{Expect, Ledger, LedgerError, Write};

use crate::message::WorkError;
use crate::records::{Loaded, Stored, load};
use crate::world::World;

/// Acts on a request and notes that, and what, was done.
pub(super) async fn act(
    world: &World,
    connection: &Connection,
    request: PrivacyRequest,
) -> Result<(), WorkError> {
    let now = world.now();
    let note = match &request {
        PrivacyRequest::CustomerData { orders } => format!(
            "privacy: data asked for {} orders; nothing of a buyer is stored, only order ids, SKUs and parcels",
            orders.len()
        ),
        PrivacyRequest::CustomerErase { orders } => {
            let erased = erase_orders(world, connection, orders).await?;
            format!("privacy: {erased} of {} orders erased; nothing of a buyer was stored", orders.len())
        }
        PrivacyRequest::ShopErase => {
            let erased = erase_shop(world, connection).await?;
            format!("privacy: shop erased, {erased} records")
        }
    };
    tracing::info!(connection = %connection.account, "{note}");
    world
        .change_connection(&connection.account, |state| {
            state.history.note(now, &note);
            if request == PrivacyRequest::ShopErase {
                state.activity = Activity::Paused { since: now };
            }
        })
        .await?;
    Ok(())
}

/// Empties the records of these orders. What a marketplace was told stays with the marketplace order.
async fn erase_orders(
    world: &World,
    connection: &Connection,
    orders: &[StoreOrderId],
) -> Result<usize, LedgerError> {
    let mut erased = 0;
    for order in orders {
        let reference = StoreOrderRef { account: connection.account.clone(), order: order.clone() };
        let key = ItemKey::store_order(&reference);
        for _ in 0..4 {
            let Loaded::Known(stored) = load::<StoreOrder>(world.ledger.as_ref(), &key).await? else { break };
            let now = world.now();
            let mut empty = StoreOrder::new(reference.clone(), stored.value.created_at);
            // Parcels that are on their way stay known by number alone; the order's own texts go.
            empty.fulfillments = stored.value.fulfillments.clone();
            empty.link = match &stored.value.link {
                linked @ Link::Marketplace { .. } => linked.clone(),
                Link::Unknown | Link::NotOurs { .. } | Link::Unclear { .. } => {
                    Link::NotOurs { why: NotOurs::Erased, rules: String::new() }
                }
            };
            empty.history.note(now, "erased on a privacy request");
            let mut next: Stored<StoreOrder> = (*stored).clone();
            next.value = empty;
            match world.ledger.commit(vec![next.into_write(now)]).await {
                Ok(()) => {
                    erased += 1;
                    break;
                }
                Err(LedgerError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(erased)
}

/// Removes every store order and delivery of the shop.
async fn erase_shop(world: &World, connection: &Connection) -> Result<usize, LedgerError> {
    let any = StoreOrderRef {
        account: connection.account.clone(),
        // Only to build the prefix that all orders of this shop share.
        order: StoreOrderId::try_from("0").map_err(|e| LedgerError::Unavailable(e.to_string()))?,
    };
    let orders = ItemKey::store_order(&any).pk;
    let deliveries = ItemKey::delivery(&connection.account, "0").pk;
    let mut erased = 0;
    for (table, prefix) in [(Table::Orders, orders), (Table::Deliveries, deliveries)] {
        let prefix = prefix.trim_end_matches('0');
        erased += erase_below(world.ledger.as_ref(), table, prefix).await?;
    }
    Ok(erased)
}

async fn erase_below(ledger: &dyn Ledger, table: Table, prefix: &str) -> Result<usize, LedgerError> {
    let mut erased = 0;
    let mut page = None;
    loop {
        let part = ledger.scan(table, page).await?;
        let hits: Vec<ItemKey> =
            part.rows.into_iter().map(|item| item.key).filter(|key| key.pk.starts_with(prefix)).collect();
        for key in hits {
            ledger.commit(vec![Write::Delete { key, expect: Expect::Anything }]).await?;
            erased += 1;
        }
        page = part.next;
        if page.is_none() {
            return Ok(erased);
        }
    }
}
