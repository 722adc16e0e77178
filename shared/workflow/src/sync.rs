//! Look at an order again: fold what is new, compare what the store shipped with what the marketplace knows,
//! and do the one next thing. The one place where anything is decided.

mod act;
mod closed;
mod delivery;
mod erase;
mod facts;
mod for_bulk;
mod look;
mod notification;
mod order;
mod preview;
mod privacy;
mod pushed;
mod reconcile;
mod reverse;
mod scene;
mod store_order;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::alert::{Alert, AlertStage};
use domain::connection::{Connection, MailKind};
use domain::connection_state::Activity;
use domain::ids::{Account, MarketplaceOrderRef, StoreOrderRef};
use domain::keys::{ItemKey, Table, attention_lane};
use domain::marketplace_order::OrderFacts;
use jiff::Timestamp;
use ports::{LedgerError, QueueName};
use serde::Deserialize;
use tracing::Span;
use tracing::field::Empty;

pub use erase::{ErasedFor, Erasure};
pub(crate) use for_bulk::{FACTS_SERVE, ForBulk, for_bulk};
pub use order::look_at_order;
pub(crate) use preview::{Fate, preview};
pub use pushed::pushed;
pub use store_order::look_at_store_order;

use crate::bulk;
use crate::message::{self, AlertMessage, Look, WorkError};
use crate::records::{Loaded, Stored, load};
use crate::trace;
use crate::wake;
use crate::world::World;

/// How far a look at an order came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As far as it can.
    Done,
    /// The account's limit is used up: the rest waits in its lane.
    OutOfTokens {
        /// Until when.
        until: Timestamp,
        /// The limit of what.
        of: Scarce,
    },
}

/// What an account has no tokens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// Reading orders.
    Reads,
    /// Confirming parcels.
    Confirmations,
}

/// How long one message is worked on at most.
///
/// What is left of the function's 60 s (`SyncOrder` in `template.yaml`) is for a call that was begun before, so that no
/// batch mate loses a receive to a long walk.
pub const WORKS_FOR: Duration = Duration::from_secs(40);

/// Works on one message of the inbound queue.
///
/// What takes longer than [`WORKS_FOR`] leaves the rest to another message, or to the wake that it arms.
///
/// # Errors
/// [`WorkError`]: the message is shown again, and ends in the dead letters if it always fails.
pub async fn work(world: &World, body: &str) -> Result<(), WorkError> {
    let (look, trace) = message::read_traced(body)?;
    // A wake is about all that waits for an account, and each arms the next: it is of no one event any more.
    let trace = trace.filter(|_| !matches!(look, Look::Wake { .. } | Look::Bulk { .. }));
    let about = span(&look);
    let world = &world.for_work_of(WORKS_FOR);
    trace::follow(world, trace, about, |world| async move { look_at(&world, look).await }).await
}

async fn look_at(world: &World, look: Look) -> Result<(), WorkError> {
    match look {
        Look::Delivery { account, kind, delivery } => delivery::take(world, &account, &kind, delivery).await,
        Look::Facts { order, facts } => look_at_store_order(world, &order, Some(facts)).await,
        Look::StoreOrder { order } => look_at_store_order(world, &order, None).await,
        Look::Order { order } => look_at_order(world, &order, None).await.map(drop),
        Look::Wake { account, generation } => wake::work(world, &account, generation).await,
        Look::Bulk { account } => bulk::work(world, &account).await,
        Look::Answered { account } => answered(world, &account, None).await,
        Look::AnsweredFrom { account, page } => answered(world, &account, Some(page)).await,
        Look::Erase { account, erasure } => erase::work(world, account, erasure).await,
    }
}

/// The span of a look. Of the level of errors, so that it is there whatever is logged.
fn span(look: &Look) -> Span {
    let (at, account, order) = match look {
        Look::Delivery { account, .. } => ("delivery", account, None),
        Look::Facts { order, .. } => ("facts", &order.account, Some(order.order.to_string())),
        Look::StoreOrder { order } => ("store_order", &order.account, Some(order.order.to_string())),
        Look::Order { order } => ("order", &order.account, Some(order.order.to_string())),
        Look::Wake { account, .. } => ("wake", account, None),
        Look::Bulk { account } => ("bulk", account, None),
        Look::Answered { account } | Look::AnsweredFrom { account, .. } => ("answered", account, None),
        Look::Erase { account, .. } => ("erase", account, None),
    };
    tracing::error_span!("look", at, connection = %account, order, trace_id = Empty)
}

/// Leaves the rest to another message: the time of this one is up.
pub(crate) async fn leave(world: &World, look: Look) -> Result<(), WorkError> {
    world.queue.send(QueueName::Inbound, &look.to_body(), Duration::ZERO).await.map_err(WorkError::from)
}

/// Looks at everything of an account that waits for an answer, from this page on.
async fn answered(world: &World, account: &Account, mut page: Option<String>) -> Result<(), WorkError> {
    let lane = attention_lane(account);
    let mut sent: BTreeSet<String> = BTreeSet::new();
    loop {
        let part = world.ledger.attention(Table::Orders, &lane, page).await?;
        for hint in part.rows {
            if sent.contains(&hint.key.pk) {
                continue;
            }
            let look = match order_of(world, &hint.key).await? {
                Some(order) => Some(Look::Order { order }),
                None => store_order_of(world, &hint.key).await?.map(|order| Look::StoreOrder { order }),
            };
            if let Some(look) = look {
                world.queue.send(QueueName::Inbound, &look.to_body(), Duration::ZERO).await?;
                sent.insert(hint.key.pk);
            }
        }
        match part.next {
            None => return Ok(()),
            Some(page) if world.time_is_up() => {
                return leave(world, Look::AnsweredFrom { account: account.clone(), page }).await;
            }
            next => page = next,
        }
    }
}

/// The marketplace order that the record at `key` belongs to; `None` if it belongs to none.
///
/// # Errors
/// The ledger does not answer.
pub async fn order_of(world: &World, key: &ItemKey) -> Result<Option<MarketplaceOrderRef>, LedgerError> {
    #[derive(Deserialize)]
    struct OfOrder {
        order: MarketplaceOrderRef,
    }
    if !key.pk.starts_with("M#") {
        return Ok(None);
    }
    let item = world.ledger.get(key).await?;
    Ok(item.and_then(|item| serde_json::from_str::<OfOrder>(&item.body).ok()).map(|o| o.order))
}

/// The store order whose record stands at `key`; `None` if it is no store order's.
async fn store_order_of(world: &World, key: &ItemKey) -> Result<Option<StoreOrderRef>, LedgerError> {
    #[derive(Deserialize)]
    struct OfStore {
        order: StoreOrderRef,
    }
    if !key.pk.starts_with("S#") {
        return Ok(None);
    }
    let item = world.ledger.get(key).await?;
    Ok(item.and_then(|item| serde_json::from_str::<OfStore>(&item.body).ok()).map(|o| o.order))
}

/// Takes in what a poll or a notification said of an order, ahead of any parcel.
///
/// # Errors
/// The ledger or the queue does not answer.
pub async fn order_facts(
    world: &World,
    order: &MarketplaceOrderRef,
    facts: OrderFacts,
) -> Result<(), WorkError> {
    facts::take(world, order, facts).await
}

/// Parks a connection: its authorisation is gone. One alert, and no call is made for it until it is mended.
///
/// `learned_at` is when that was learned at the latest: when the call was made or the delivery came. If the merchant
/// connected it again meanwhile it means the authorisation of before, and nothing happens.
///
/// # Errors
/// The ledger or the queue does not answer.
pub async fn park(
    world: &World,
    connection: &Connection,
    learned_at: Timestamp,
    why: &str,
) -> Result<(), WorkError> {
    let now = world.now();
    world
        .change_connection(&connection.account, |state| {
            let stale = state.connected_at.is_some_and(|connected_at| learned_at <= connected_at);
            if stale || matches!(state.activity, Activity::Parked { .. }) {
                return;
            }
            state.activity = state.activity.park(why, now);
            state.history.note(now, format!("parked: {why}"));
            state.alerts.raise(Alert {
                kind: MailKind::Reconnect,
                cause: format!("reconnect:{}", now.as_second()),
                version: 1,
                raised_at: now,
                stage: AlertStage::Due,
                their_words: Some(why.to_owned()),
                request_id: None,
            });
        })
        .await?;
    tell(world, &ItemKey::connection_state(&connection.account)).await
}

/// Sends the hint that the record at `key` has alerts to tell.
pub(crate) async fn tell(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    // If the queue does not take it, the record is in the due index: the sweep tells.
    if let Err(error) =
        world.queue.send(QueueName::Alerts, &AlertMessage::about(key).to_body(), Duration::ZERO).await
    {
        tracing::warn!(record = %key.pk, %error, "alert not queued, the sweep will");
    }
    Ok(())
}

/// Loads a record; a record that this code does not understand is left alone, counted and told.
async fn load_known<T: crate::records::Record>(
    world: &World,
    key: &ItemKey,
) -> Result<Option<Result<Stored<T>, Foreign>>, LedgerError> {
    Ok(match load::<T>(world.ledger.as_ref(), key).await? {
        Loaded::Absent => None,
        Loaded::Known(stored) => Some(Ok(*stored)),
        Loaded::Foreign => {
            tracing::error!(record = %key.pk, part = %key.sk, counted = NEWER_RECORD,
                "record of an unknown layout left alone");
            if let Some(account) = key.account() {
                let words = format!("{} {} was left alone", key.pk, key.sk);
                // The look goes on without: it is told with the next one.
                if let Err(error) = tell_of_connection(world, &account, NEWER_RECORD, words).await {
                    tracing::warn!(connection = %account, %error, "record left alone and not told of");
                }
            }
            Some(Err(Foreign))
        }
    })
}

/// A record that a newer version of this code wrote.
#[derive(Clone, Copy, Debug)]
struct Foreign;

/// A delivery that is genuine, and says what this code cannot read.
pub(crate) const UNREADABLE_DELIVERY: &str = "unreadable_delivery";
/// A bulk that the marketplace will not work on.
pub(crate) const BULK_REFUSED: &str = "bulk_refused";
/// A bulk that the marketplace has been working on for hours.
pub(crate) const BULK_STUCK: &str = "bulk_stuck";
/// An order that is too large to be kept.
pub(crate) const ORDER_TOO_LARGE: &str = "order_too_large";
/// A record that a newer version of this code wrote.
pub(crate) const NEWER_RECORD: &str = "newer_record";

/// Tells of the connection as a whole what belongs to no order that could be kept: `matter` once a day.
///
/// Nothing settles such a matter, so the day stands in its cause: tomorrow it is told again.
pub(crate) async fn tell_of_connection(
    world: &World,
    account: &Account,
    matter: &str,
    words: String,
) -> Result<(), WorkError> {
    let now = world.now();
    let cause = format!("{matter}:{}", now.strftime("%Y-%m-%d"));
    let note = format!("{}: {words}", matter.replace('_', " "));
    world
        .change_connection(account, |state| {
            // The same record is looked at again and again: said once, it is said.
            if !state.history.events().iter().any(|event| event.what == note) {
                state.history.note(now, &note);
            }
            state.alerts.raise_daily(Alert {
                kind: MailKind::Unclear,
                cause: cause.clone(),
                version: 1,
                raised_at: now,
                stage: AlertStage::Due,
                their_words: Some(words.clone()),
                request_id: None,
            });
        })
        .await?;
    tell(world, &ItemKey::connection_state(account)).await
}

#[cfg(test)]
mod tests;
