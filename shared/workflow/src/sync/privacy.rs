//! Privacy requests. Nothing of a buyer is ever stored, so what can be erased is the orders themselves.

use connector_api::PrivacyRequest;
use domain::connection::Connection;
use domain::connection_state::Activity;
use domain::ids::{Account, StoreOrderId, StoreOrderRef};
use domain::keys::ItemKey;
use domain::order::{Link, StoreOrder};
use domain::state::NotOurs;
use ports::LedgerError;

use super::erase::{self, ErasedFor};
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
    let note = match request {
        PrivacyRequest::CustomerData { orders } => format!(
            "privacy: data asked for {} orders; nothing of a buyer is stored, only order ids, SKUs and parcels",
            orders.len()
        ),
        PrivacyRequest::CustomerErase { orders } => {
            let erased = erase_orders(world, connection, &orders).await?;
            format!("privacy: {erased} of {} orders erased; nothing of a buyer was stored", orders.len())
        }
        PrivacyRequest::ShopErase => {
            // First, so that nothing new is written behind the erasing.
            world
                .change_connection(&connection.account, |state| {
                    state.activity = Activity::Paused { since: now };
                })
                .await?;
            return erase::begin(world, &connection.account, ErasedFor::ShopLeft).await;
        }
    };
    noted(world, &connection.account, &note).await
}

/// Notes that everything of a shop is erased.
pub(super) async fn shop_is_erased(world: &World, account: &Account, erased: usize) -> Result<(), WorkError> {
    noted(world, account, &format!("privacy: shop erased, {erased} records")).await
}

async fn noted(world: &World, account: &Account, note: &str) -> Result<(), WorkError> {
    let now = world.now();
    tracing::info!(connection = %account, "{note}");
    world.change_connection(account, |state| state.history.note(now, note)).await?;
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
