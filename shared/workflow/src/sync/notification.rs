//! What a marketplace told by itself: each thing means *look at this again*, and nothing is believed beyond that but
//! facts that are plausible.

use std::time::Duration;

use connector_api::{
    ChannelError, Delivery, Failure, Marketplace, MarketplaceEvent, MerchantAction, Notifies, OrderNews,
};
use domain::connection::Connection;
use domain::ids::{Account, MarketplaceOrderRef};
use domain::keys::ItemKey;
use domain::marketplace_order::{OrderFacts, OrderStatus};
use domain::order::MarketplaceOrder;
use jiff::Timestamp;
use ports::{Expect, LedgerError, QueueName, Write};

use super::{UNREADABLE_DELIVERY, closed, facts, load_known, park, tell_of_connection};
use crate::bulk;
use crate::limits::{self, Needs, Purpose, Taken};
use crate::message::{Look, WorkError};
use crate::receive::kept_delivery;
use crate::records::later;
use crate::world::World;

/// No clock is wrong by more.
const MOST_SKEW: Duration = Duration::from_secs(86_400);

/// Works on a notification that was posted to our address.
///
/// It is kept for replay only once it is known not to name an account that must be forgotten; for the same reason what
/// cannot be read is not kept.
pub(super) async fn delivered(
    world: &World,
    account: &Account,
    marketplace: &dyn Marketplace,
    notifies: &dyn Notifies,
    delivery: Delivery,
) -> Result<(), WorkError> {
    let now = world.now();
    heard(world, account, now).await?;
    let Some(connection) = world.connection(account).await? else {
        return Err(WorkError::NoConnection(account.clone()));
    };
    let event = match notifies.event(&connection, &delivery) {
        Ok(event) => event,
        Err(problem) => {
            let words = format!("{}: {problem}", delivery.topic);
            return tell_of_connection(world, account, UNREADABLE_DELIVERY, words).await;
        }
    };
    if !matches!(event, MarketplaceEvent::AccountClosed { .. }) {
        let item = kept_delivery(account, marketplace.kind(), &delivery, false, now);
        world.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }]).await?;
    }
    act(world, &connection, marketplace, event, delivery.received_at).await
}

/// Notes that something came, once a minute at most.
pub(super) async fn heard(world: &World, account: &Account, now: Timestamp) -> Result<(), LedgerError> {
    if world.memo.once_a_minute(account, "webhook", now) {
        world.change_connection(account, |state| state.heard_webhook(now)).await?;
    }
    Ok(())
}

/// Does what an event says; `heard_at` is when it came.
pub(super) async fn act(
    world: &World,
    connection: &Connection,
    marketplace: &dyn Marketplace,
    event: MarketplaceEvent,
    heard_at: Timestamp,
) -> Result<(), WorkError> {
    match event {
        MarketplaceEvent::Orders(all) => {
            for news in all {
                take_in(world, connection, marketplace, news, heard_at).await?;
            }
            Ok(())
        }
        MarketplaceEvent::BulkDone { id } => bulk::told(world, &connection.account, &id).await,
        MarketplaceEvent::Disconnected { why } => park(world, connection, heard_at, &why).await,
        MarketplaceEvent::AccountClosed { ids, notification } => {
            closed::forget(world, connection, marketplace, &ids, &notification, heard_at).await
        }
        MarketplaceEvent::Nothing { reason } => {
            tracing::debug!(connection = %connection.account, %reason, "notification without anything for us");
            Ok(())
        }
    }
}

/// Folds what is told of an order if it can be right, else reads the order.
async fn take_in(
    world: &World,
    connection: &Connection,
    marketplace: &dyn Marketplace,
    news: OrderNews,
    heard_at: Timestamp,
) -> Result<(), WorkError> {
    let order = MarketplaceOrderRef { account: connection.account.clone(), order: news.order };
    match news.facts.filter(|told| is_plausible(marketplace, told, heard_at)) {
        Some(told) => facts::take(world, &order, told).await,
        None => read(world, connection, marketplace, &order, heard_at).await,
    }
}

/// Whether facts can be right: facts of a far future would win over everything that is ever read.
fn is_plausible(marketplace: &dyn Marketplace, told: &OrderFacts, heard_at: Timestamp) -> bool {
    let latest = later(heard_at, MOST_SKEW).unwrap_or(heard_at);
    told.updated_at <= latest
        && told.ordered_at <= latest
        && told.status != OrderStatus::Unknown
        && !told.lines.is_empty()
        && marketplace.country(&told.marketplace).is_some()
}

/// Reads an order that has news, if that may be done now. If not, the poll finds it; an order with parcels has its
/// own way to wait.
async fn read(
    world: &World,
    connection: &Connection,
    marketplace: &dyn Marketplace,
    order: &MarketplaceOrderRef,
    heard_at: Timestamp,
) -> Result<(), WorkError> {
    let known = match load_known::<MarketplaceOrder>(world, &ItemKey::marketplace_order(order)).await? {
        None => None,
        Some(Ok(stored)) => Some(stored.value),
        Some(Err(_)) => return Ok(()),
    };
    let read_at = known.as_ref().and_then(|known| known.facts.as_ref()).map(|facts| facts.read_at);
    // It was read since: the same news once more, as eBay tells of an order once per line.
    if read_at.is_some_and(|at| at >= heard_at) {
        return Ok(());
    }
    let works = world.connection_state(&connection.account).await?.is_some_and(|s| s.value.works());
    if !(works && connection.sync) {
        return Ok(());
    }
    let linked = known.is_some_and(|known| !known.store_orders.is_empty());
    let traits = marketplace.traits();
    let needs = Needs::of(connection, traits.limits, traits.spends.read);
    let purpose = if linked { Purpose::Work } else { Purpose::Poll };
    if let Taken::Empty { .. } = limits::take(world, &needs, purpose).await? {
        return leave(world, order, linked).await;
    }
    // What changed while the answer travels is not in it: it is as old as the question.
    let asked_at = world.now();
    match marketplace.read_order(world.reach(), connection, &order.order).await {
        Ok(answer) => {
            limits::learn(world, &needs, &answer.limits).await?;
            facts::take(world, order, OrderFacts { read_at: asked_at, ..answer.value }).await
        }
        Err(error) => {
            tracing::warn!(order.id = %order.order, connection = %order.account, %error,
                "an order with news could not be read");
            after_failure(world, connection, &needs, &error, asked_at).await?;
            leave(world, order, linked).await
        }
    }
}

async fn after_failure(
    world: &World,
    connection: &Connection,
    needs: &Needs<'_>,
    error: &ChannelError,
    asked_at: Timestamp,
) -> Result<(), WorkError> {
    match &error.failure {
        Failure::Throttled { after } => {
            limits::throttled(world, needs, *after).await?;
            Ok(())
        }
        Failure::NeedsMerchant { action: MerchantAction::Reconnect } => {
            park(world, connection, asked_at, &error.detail).await
        }
        Failure::NeedsMerchant { .. }
        | Failure::Retryable { .. }
        | Failure::Rejected { .. }
        | Failure::CarrierRefused { .. }
        | Failure::NotFound => Ok(()),
    }
}

/// Leaves an order to whoever looks next: nothing waits in the queue.
async fn leave(world: &World, order: &MarketplaceOrderRef, linked: bool) -> Result<(), WorkError> {
    if linked {
        let look = Look::Order { order: order.clone() }.to_body();
        world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
    }
    Ok(())
}
