//! A message that a marketplace put into a queue of ours: whose it is, then what it means.

use connector_api::Marketplace;
use jiff::Timestamp;
use tracing::field::Empty;

use super::notification::{act, heard};
use super::{UNREADABLE_DELIVERY, tell_of_connection};
use crate::message::WorkError;
use crate::metrics::{self, Metric, note};
use crate::trace;
use crate::world::World;

/// The option by which a connection says which seller it is.
const SELLER: &str = "seller_id";

/// Works on one message of the queue that the marketplace `kind` writes to. `sent_at` is when the queue took it.
///
/// Only a subscription that `webhooks register` noted is listened to, and only about its own connection's seller:
/// anybody may have the marketplace send to a queue whose address they know. Such a message is no poison: it is
/// counted, and gone. Nothing of a message is kept: it may name a buyer's place.
///
/// # Errors
/// [`WorkError`]: the message is shown again; one that cannot be read ends in the dead letters.
pub async fn pushed(
    world: &World,
    kind: &str,
    body: &str,
    sent_at: Option<Timestamp>,
) -> Result<(), WorkError> {
    let span = tracing::error_span!("pushed", at = "queue", kind, connection = Empty, trace_id = Empty);
    let about = span.clone();
    let world = &world.for_work_of(super::WORKS_FOR);
    trace::follow(world, None, span, |world| async move {
        let marketplace = world.connectors.marketplace(kind);
        let marketplace = marketplace
            .ok_or_else(|| WorkError::Unreadable(format!("no marketplace connector of kind {kind:?}")))?;
        take(&world, marketplace, body, sent_at, &about).await
    })
    .await
}

async fn take(
    world: &World,
    marketplace: &dyn Marketplace,
    body: &str,
    sent_at: Option<Timestamp>,
    span: &tracing::Span,
) -> Result<(), WorkError> {
    let kind = marketplace.kind();
    let pushes = marketplace
        .pushes()
        .ok_or_else(|| WorkError::Unreadable(format!("{kind} puts no messages into queues")))?;
    let about = pushes.about(body).map_err(WorkError::Unreadable)?;
    let Some(account) = world.subscriber(kind, &about.subscription).await? else {
        return not_ours("it came by a subscription of nobody here");
    };
    span.record("connection", tracing::field::display(&account));
    let Some(connection) = world.connection(&account).await?.filter(|c| c.kind == kind) else {
        return not_ours("its connection is not configured any more");
    };
    if connection.option(SELLER).is_some_and(|seller| seller != about.seller) {
        return not_ours("it is about another seller");
    }
    let now = world.now();
    heard(world, &account, now).await?;
    // What it says is as old as the message, however long that stood in the queue.
    let heard_at = sent_at.map_or(now, |at| at.min(now));
    match pushes.event(&connection, body) {
        Ok(event) => act(world, &connection, marketplace, event, heard_at).await,
        Err(problem) => {
            let words = format!("{}: {problem}", about.topic);
            tell_of_connection(world, &account, UNREADABLE_DELIVERY, words).await
        }
    }
}

fn not_ours(why: &str) -> Result<(), WorkError> {
    let about = metrics::About { outcome: Some("not_ours"), detail: Some(why), ..metrics::About::default() };
    note(Metric::Webhooks, 1, &about);
    Ok(())
}
