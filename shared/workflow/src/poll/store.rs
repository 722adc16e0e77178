//! Polls of a store: fulfillments that changed.

use std::time::Duration;

use connector_api::{Cursor, Store};
use domain::connection::Connection;
use domain::facts::StoreFacts;
use domain::ids::StoreOrderRef;
use ports::QueueName;

use super::{Ended, MOST_PAGES, PollError, advance, page_is_dead};
use crate::message::{Look, WorkError};
use crate::world::World;

/// The largest message of facts, bytes; beyond it the worker reads the store itself.
const MOST_FACTS: usize = 200 * 1024;

pub(super) async fn poll(
    world: &World,
    store: &dyn Store,
    connection: &Connection,
    mut cursor: Cursor,
    orders: &mut u32,
) -> Result<Ended, PollError> {
    for _ in 0..MOST_PAGES {
        let page = match store.changed_fulfillments(world.reach(), connection, &cursor).await {
            Ok(page) => page,
            Err(error) if page_is_dead(&cursor, &error.failure) => {
                // Pages die; what they began with does not. Seen again is folded again, to no effect.
                let again = Cursor { since: cursor.since, page: None };
                advance(world, connection, &cursor, &again).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        for (order, facts) in page.orders {
            let order = StoreOrderRef { account: connection.account.clone(), order };
            let body = message(order, facts);
            // Any refusal ends the page before its cursor is kept: nothing is skipped.
            world.queue.send(QueueName::Inbound, &body, Duration::ZERO).await.map_err(WorkError::from)?;
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

fn message(order: StoreOrderRef, facts: StoreFacts) -> String {
    let body = Look::Facts { order: order.clone(), facts }.to_body();
    if body.len() <= MOST_FACTS {
        return body;
    }
    let facts = StoreFacts { read_the_store: true, ..StoreFacts::default() };
    Look::Facts { order, facts }.to_body()
}
