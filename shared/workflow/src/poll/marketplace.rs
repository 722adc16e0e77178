//! Polls of a marketplace: orders that changed, so that facts are there before their parcels.

use std::time::Duration;

use connector_api::{Cursor, Failure, Marketplace};
use domain::connection::Connection;
use domain::ids::{MarketplaceOrderId, MarketplaceOrderRef};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::Edits;
use jiff::Timestamp;
use ports::QueueName;

use super::{Ended, MOST_PAGES, PollError, advance, page_is_dead};
use crate::limits::{self, Needs, Purpose, Taken};
use crate::message::{Look, WorkError};
use crate::sync;
use crate::world::World;

pub(super) async fn poll(
    world: &World,
    marketplace: &dyn Marketplace,
    connection: &Connection,
    mut cursor: Cursor,
    orders: &mut u32,
) -> Result<Ended, PollError> {
    let traits = marketplace.traits();
    let needs = Needs::of(connection, traits.limits, traits.spends.poll);
    for _ in 0..MOST_PAGES {
        if let Taken::Empty { until } = limits::take(world, &needs, Purpose::Poll).await? {
            return Ok(Ended::More(Some(until)));
        }
        let answer = match marketplace.changed_orders(world.reach(), connection, &cursor).await {
            Ok(answer) => answer,
            Err(error) => {
                if let Failure::Throttled { after } = &error.failure {
                    limits::throttled(world, &needs, *after).await?;
                }
                if page_is_dead(&cursor, &error.failure) {
                    // Pages die; what they began with does not. Seen again is folded again, to no effect.
                    let again = Cursor { since: cursor.since, page: None };
                    advance(world, connection, &cursor, &again).await?;
                }
                return Err(error.into());
            }
        };
        limits::learn(world, &needs, &answer.limits).await?;
        let page = answer.value;
        // A list may be older than the orders in it. Where a repeat is no edit, only an order's own read serves to write.
        let only_heard = traits.rules.edits != Edits::SameReference;
        for (order, facts) in page.orders {
            let read_at = if only_heard { Timestamp::UNIX_EPOCH } else { facts.read_at };
            take_in(world, connection, order, OrderFacts { read_at, ..facts }).await?;
            *orders += 1;
        }
        let complete = page.next.page.is_none();
        if !advance(world, connection, &cursor, &page.next).await? {
            return Ok(Ended::Overtaken);
        }
        if complete {
            return Ok(Ended::Complete);
        }
        cursor = page.next;
        if world.time_is_up() {
            break;
        }
    }
    Ok(Ended::More(None))
}

/// Folds one order's facts; an order that cannot be folded now is queued, so that it holds up no other.
async fn take_in(
    world: &World,
    connection: &Connection,
    order: MarketplaceOrderId,
    facts: OrderFacts,
) -> Result<(), WorkError> {
    let order = MarketplaceOrderRef { account: connection.account.clone(), order };
    let Err(error) = sync::order_facts(world, &order, facts).await else { return Ok(()) };
    tracing::warn!(order.id = %order.order, connection = %order.account, %error, "facts not taken in: queued");
    world.queue.send(QueueName::Inbound, &Look::Order { order }.to_body(), Duration::ZERO).await?;
    Ok(())
}
