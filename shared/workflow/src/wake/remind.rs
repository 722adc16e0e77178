//! Reminders of what waits in an account's lanes.
//!
//! A record that waits for its account stands in no time lane, so the sweep finds neither its reminder nor an alert of
//! it whose hint was lost. Here the lanes are walked for both, whatever keeps the account from going on.

use std::time::Duration;

use domain::connection::Connection;
use domain::facts::FulfillmentStatus;
use domain::keys::{ItemKey, Table, bulk_lane, waiting_lane};
use domain::marketplace_order::{FulfilledBy, OrderStatus};
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::package::Package;
use jiff::Timestamp;
use ports::LedgerError;
use ports::ledger::Hint;
use serde::{Deserialize, Serialize};

use crate::message::WorkError;
use crate::records::{Loaded, Record, Stored, deadline_of, later, load};
use crate::sync::tell;
use crate::world::World;

/// How often the lanes of an account are walked at most: its wakes may be seconds apart.
const EACH: Duration = Duration::from_secs(300);
/// How long an order waits of which nothing is known, not even its deadline, before it is told of.
const UNKNOWN_FOR: Duration = Duration::from_secs(3600);

/// How far the walks came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reminded {
    /// When the last walk began that came to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// Where a walk stands whose time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Place>,
}

/// A place in the lanes of an account. Many records have the same deadline: the key tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    lane: usize,
    at: Timestamp,
    pk: String,
    sk: String,
}

impl Place {
    fn of(lane: usize, hint: &Hint) -> Self {
        Self { lane, at: hint.at, pk: hint.key.pk.clone(), sk: hint.key.sk.clone() }
    }
}

/// Tells of whatever waits for the account and whose deadline nears; false if the time was up before the end.
///
/// Those told already stay where they are, in front: all of them are passed.
pub(super) async fn remind(
    world: &World,
    connection: &Connection,
    reminded: &mut Reminded,
) -> Result<bool, WorkError> {
    let now = world.now();
    let is_recent = |at: Timestamp| later(at, EACH).is_some_and(|next| next > now);
    if reminded.to.is_none() && reminded.at.is_some_and(is_recent) {
        return Ok(true);
    }
    let nears = later(now, connection.timing.remind_before).unwrap_or(now);
    for (lane, name) in [waiting_lane, bulk_lane].map(|lane| lane(&connection.account)).iter().enumerate() {
        let mut hints = world.ledger.due(name, nears, usize::MAX).await?;
        hints.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        for hint in hints {
            let place = Place::of(lane, &hint);
            if reminded.to.as_ref().is_some_and(|to| place <= *to) {
                continue;
            }
            of_one(world, connection, &hint, now).await?;
            if world.time_is_up() {
                reminded.to = Some(place);
                return Ok(false);
            }
        }
    }
    *reminded = Reminded { at: Some(now), to: None };
    Ok(true)
}

async fn of_one(
    world: &World,
    connection: &Connection,
    hint: &Hint,
    now: Timestamp,
) -> Result<(), WorkError> {
    if hint.key.sk == "O" {
        return of_order(world, connection, hint, now).await;
    }
    match load::<Package>(world.ledger.as_ref(), &hint.key).await? {
        Loaded::Known(stored) => of_package(world, *stored, now).await,
        Loaded::Absent | Loaded::Foreign => Ok(()),
    }
}

async fn of_package(world: &World, mut stored: Stored<Package>, now: Timestamp) -> Result<(), WorkError> {
    let raised = stored.value.raise_if_at_risk(now);
    let due = stored.value.alerts.next_due(now, &stored.value.deadline());
    save_and_tell(world, stored, raised, due, now).await
}

/// An order that waits to be read: its packages are told of, as of any; where it has none yet though a parcel left, the
/// order is.
async fn of_order(
    world: &World,
    connection: &Connection,
    hint: &Hint,
    now: Timestamp,
) -> Result<(), WorkError> {
    let mut order = None;
    let mut packages = Vec::new();
    for item in world.ledger.query(Table::Orders, &hint.key.pk).await? {
        if item.key.sk == hint.key.sk {
            order = Stored::<MarketplaceOrder>::read(&item);
        } else {
            packages.push(Stored::<Package>::read(&item));
        }
    }
    let Some(mut order) = order.filter(|order| order.value.waits_for_tokens) else { return Ok(()) };
    let has_none = packages.is_empty();
    for package in packages.into_iter().flatten() {
        of_package(world, package, now).await?;
    }
    let nears = reminder(&order.value, connection, hint.at).is_some_and(|at| at <= now);
    let raised = has_none && nears && has_left(world, &order.value).await? && order.value.raise_at_risk(now);
    let due = order.value.alerts.next_due(now, &deadline_of(&order.value));
    save_and_tell(world, order, raised, due, now).await
}

/// When an order is told of that waits since then.
fn reminder(order: &MarketplaceOrder, connection: &Connection, since: Timestamp) -> Option<Timestamp> {
    let Some(facts) = &order.facts else { return later(since, UNKNOWN_FOR) };
    let is_over = matches!(facts.status, OrderStatus::Cancelled | OrderStatus::Shipped);
    let is_ours = facts.fulfilled_by != FulfilledBy::Marketplace && !is_over;
    facts.ship_by.filter(|_| is_ours)?.saturating_sub(connection.timing.remind_before).ok()
}

/// Whether a parcel of the order left, says a store.
async fn has_left(world: &World, order: &MarketplaceOrder) -> Result<bool, LedgerError> {
    for reference in &order.store_orders {
        let key = ItemKey::store_order(reference);
        let Loaded::Known(stored) = load::<StoreOrder>(world.ledger.as_ref(), &key).await? else { continue };
        let mut fulfillments = stored.value.fulfillments.values();
        if fulfillments.any(|fulfillment| fulfillment.fact.status == FulfillmentStatus::Live) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Stores what was raised, and sends the hint if something is to be told.
async fn save_and_tell<T: Record>(
    world: &World,
    stored: Stored<T>,
    raised: bool,
    due: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), WorkError> {
    let key = stored.value.key();
    if raised {
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => {}
            // Somebody works on it: the next walk sees what became of it.
            Err(LedgerError::Conflict) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    if due.is_some_and(|at| at <= now) { tell(world, &key).await } else { Ok(()) }
}
