//! What a person asks of the system and tells it: one function per command.
//!
//! The answers are structs whose field names are the `--json` of the command line (`docs/cli.md`): a name, once
//! given, stays. Only `doctor` and `webhooks` call a store or a marketplace: the other commands change records and
//! ask `sync` to look.

mod activity;
mod answers;
mod carriers;
mod connections;
mod doctor;
mod explain;
mod find;
mod hold;
mod orders;
mod retry;
mod target;
mod webhooks;
mod words;

#[cfg(test)]
pub(crate) mod testing;

use std::time::Duration;

use ::carriers::How;
use domain::connection::Connection;
use domain::ids::ConnectionId;
use domain::keys::ItemKey;
use ports::{LedgerError, QueueError, QueueName};

use crate::mappings::{MappingError, Reach};
use crate::message::{AlertMessage, Look, WorkError};
use crate::records::{self, Loaded, Record};
use crate::world::World;

pub use activity::{ActivityChange, pause, resume};
pub use answers::{
    Answered, ImportView, MapView, SkuView, answered, map_export, map_import, map_list, map_remove, map_set,
    sku_import, sku_list, sku_remove, sku_set,
};
pub use carriers::{
    DryRun, Edit, HeldText, Lint, OtherShare, Outcome, OutdatedMapping, Shift, Shifts, Suggested,
    SuggestedIn, UnlistedMapping, map_dry_run, map_lint, map_suggest,
};
pub use connections::{ConnectionView, connections};
pub use doctor::{ConnectionReport, Instruments, Report, doctor};
pub use explain::{
    EventPart, Explanation, FulfillmentPart, LinePart, LinkPart, MarketplaceOrderPart, PackagePart,
    ShownPart, Step, StoreOrderPart, explain,
};
pub use hold::{HoldAction, Ruled, hold};
pub use orders::{OrderRow, orders};
pub use retry::{Retried, retry};
pub use target::MapTarget;
pub use webhooks::{
    BadAddress, OtherSubscription, TopicState, TopicView, WebhookAddress, WebhookAddresses, WebhookView,
    webhooks_check, webhooks_register,
};

/// Why a command was not carried out. Each says what was wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nothing of ours is called that.
    #[error("nothing is known of order {asked:?}{}", near_words(near))]
    UnknownOrder {
        /// What was asked for.
        asked: String,
        /// What is known and looks alike.
        near: Vec<String>,
    },
    /// No such connection.
    #[error("there is no connection {asked:?}{}", known_words(known))]
    UnknownConnection {
        /// What was asked for.
        asked: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The order has no such package.
    #[error("the order has no package {asked:?}{}", known_words(known))]
    UnknownPackage {
        /// What was asked for.
        asked: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// Nothing of this name is stored.
    #[error("{0}")]
    NotFound(String),
    /// Several things are called that.
    #[error("{asked:?} means more than one order: say which, as one of {}", choices.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// How to name each.
        choices: Vec<String>,
    },
    /// It cannot be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// A mapping or an import was not taken.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The ledger does not answer, or others were always first.
    #[error("{0}; nothing is lost, try again")]
    Ledger(#[from] LedgerError),
    /// The queue did not take the request to look again.
    #[error(
        "it is stored, but the queue did not take the request to look again: {0}; give the command again"
    )]
    Queue(#[from] QueueError),
    /// Something else of ours did not work.
    #[error("{0}; give the command again, it is safe")]
    Work(#[from] WorkError),
}

impl AdminError {
    fn no_mapping(text: &str, how: How, reach: &Reach) -> Self {
        Self::NotFound(format!(
            "there is no mapping of {text:?} ({}) for {reach}: `map list` shows all",
            how.as_str()
        ))
    }
}

/// What kind of ending a command had, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminErrorKind {
    /// What was named is not there.
    NotFound,
    /// What was asked cannot be done as things stand, or is wrong in itself.
    Refused,
    /// Something of ours did not work.
    Failed,
}

impl AdminError {
    /// What kind of ending this is.
    #[must_use]
    pub fn kind(&self) -> AdminErrorKind {
        match self {
            Self::UnknownOrder { .. }
            | Self::UnknownConnection { .. }
            | Self::UnknownPackage { .. }
            | Self::NotFound(_) => AdminErrorKind::NotFound,
            Self::Ambiguous { .. } | Self::Refused(_) => AdminErrorKind::Refused,
            Self::Mapping(MappingError::Ledger(_)) | Self::Ledger(_) | Self::Queue(_) | Self::Work(_) => {
                AdminErrorKind::Failed
            }
            Self::Mapping(_) => AdminErrorKind::Refused,
        }
    }
}

fn near_words(near: &[String]) -> String {
    if near.is_empty() {
        return ": it may not have been received yet; `orders` lists what is known".into();
    }
    format!("; near it: {}", near.join(", "))
}

fn known_words(known: &[String]) -> String {
    if known.is_empty() {
        "; there is none at all".into()
    } else {
        format!("; there are {}", known.join(", "))
    }
}

/// How often a change is tried again when others write the same record.
const TRIES: usize = 8;

/// Asks `sync` to look.
async fn look(world: &World, look: Look) -> Result<(), QueueError> {
    world.queue.send(QueueName::Inbound, &look.to_body(), Duration::ZERO).await
}

/// Has the alerts of a record told now, instead of when the sweep finds them.
async fn tell(world: &World, alerts: &AlertMessage) -> Result<(), QueueError> {
    world.queue.send(QueueName::Alerts, &alerts.to_body(), Duration::ZERO).await
}

/// Changes one record, again if somebody else was first; `None` if it is not there or not understood.
///
/// `decide` says what came of it, or that nothing is to be written.
async fn change<T: Record, R>(
    world: &World,
    key: &ItemKey,
    mut decide: impl FnMut(&mut T) -> (bool, R),
) -> Result<Option<R>, LedgerError> {
    for _ in 0..TRIES {
        let Loaded::Known(mut stored) = records::load::<T>(world.ledger.as_ref(), key).await? else {
            return Ok(None);
        };
        let (write, outcome) = decide(&mut stored.value);
        if !write {
            return Ok(Some(outcome));
        }
        match world.ledger.commit(vec![stored.into_write(world.now())]).await {
            Ok(()) => return Ok(Some(outcome)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Conflict)
}

/// The settings of the connection that a person named.
async fn connection_named(world: &World, name: &str) -> Result<Connection, AdminError> {
    let wanted = ConnectionId::try_from(name).ok();
    let all = world.connections().await?;
    let known = all.iter().map(|c| c.account.connection.to_string()).collect();
    all.into_iter()
        .find(|c| wanted.as_ref() == Some(&c.account.connection))
        .ok_or_else(|| AdminError::UnknownConnection { asked: name.to_owned(), known })
}
