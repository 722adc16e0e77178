//! Alerts become mails: grouped by cause, capped, each in at least one mail and at most two.
//!
//! An alert is stored with the state change that raises it. Here it moves into the group of its account,
//! cause and recipient; the group says when the next mail may go. A mail is sent before the group forgets
//! what was in it: a lost answer sends it a second time, never not at all.

mod accounts;
mod digest;
mod feedback;
mod group;
mod path;
mod rows;
mod weekly;

use std::collections::BTreeSet;

use domain::alert::{Alert, AlertStage, Deadline, Reminder};
use domain::connection::{Connection, MailKind};
use domain::connection_state::ConnectionState;
use domain::ids::Account;
use domain::keys::{ItemKey, Table};
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::package::Package;
use jiff::Timestamp;
use ports::{LedgerError, QueueName};

use crate::mails::Stage;
use crate::message::{AlertMessage, WorkError, check_layout};
use crate::records::{Loaded, Record, Stored, deadline_of, load};
use crate::trace;
use crate::world::World;

pub use digest::digest_is_due;
pub use feedback::{SuppressedAddress, Suppression, allow_address, suppressed_addresses};
pub use group::MailGroup;
pub use path::{MailPath, mail_path};
pub use weekly::weekly_test_due;

/// The causes of alerts on a store order.
pub(crate) mod store_causes {
    /// A link rule found what is no order id.
    pub(crate) const UNCLEAR: &str = "order_unclear";
    /// It has more lines than can be kept.
    pub(crate) const TOO_MANY_LINES: &str = "order_too_many_lines";
    /// The store understood and refused to show it.
    pub(crate) const READ_REFUSED: &str = "store_read_refused";
    /// The store has no such order, or does not show it to us.
    pub(crate) const NOT_FOUND: &str = "store_order_not_found";
    /// The store cannot be asked, again and again.
    pub(crate) const UNREACHABLE: &str = "store_unreachable";
}

/// Works on one message of the alert queue.
///
/// # Errors
/// [`WorkError`]: to be tried again.
pub async fn tell(world: &World, body: &str) -> Result<(), WorkError> {
    if feedback::is_event(body) {
        return feedback::work(world, body).await;
    }
    let message: AlertMessage =
        serde_json::from_str(body).map_err(|error| WorkError::Unreadable(error.to_string()))?;
    check_layout(message.schema)?;
    let key = message.key();
    let connection = key.account().map(|account| account.to_string());
    let about = tracing::error_span!("tell", connection, trace_id = tracing::field::Empty);
    trace::follow(world, message.trace, about, |world| async move { tell_of(&world, key).await }).await
}

/// Tells of the record, or sends the group of mails, at `key`.
async fn tell_of(world: &World, key: ItemKey) -> Result<(), WorkError> {
    if key.pk.starts_with("G#") {
        return group::flush_at(world, &key).await;
    }
    match (key.table, key.pk.get(..2), key.sk.as_str()) {
        (Table::Connections, ..) => {
            move_alerts::<ConnectionState>(world, &key).await?;
            digest::send_if_due(world, &key).await?;
            weekly::send_if_due(world, &key).await
        }
        (_, Some("S#"), _) => move_alerts::<StoreOrder>(world, &key).await,
        (_, Some("M#"), "O") => move_alerts::<MarketplaceOrder>(world, &key).await,
        (_, Some("M#"), _) => move_alerts::<Package>(world, &key).await,
        _ => Err(WorkError::Unreadable(format!("no alerts at {}", key.pk))),
    }
}

/// A record that may have something to tell.
trait Tells: Record + Clone {
    /// The connection whose settings say who hears.
    fn account(&self) -> &Account;
    /// Its alerts.
    fn alerts(&self) -> &[Alert];
    /// Its alerts, to move on.
    fn alerts_mut(&mut self) -> &mut [Alert];
    /// Its deadline.
    fn deadline(&self) -> Deadline;
}

macro_rules! tells {
    ($record:ty, $($account:ident).+, $deadline:expr) => {
        impl Tells for $record {
            fn account(&self) -> &Account {
                &self.$($account).+
            }
            fn alerts(&self) -> &[Alert] {
                self.alerts.all()
            }
            fn alerts_mut(&mut self) -> &mut [Alert] {
                self.alerts.all_mut()
            }
            fn deadline(&self) -> Deadline {
                let deadline: fn(&Self) -> Deadline = $deadline;
                deadline(self)
            }
        }
    };
}

tells!(Package, order.account, Package::deadline);
tells!(MarketplaceOrder, order.account, deadline_of);
tells!(StoreOrder, order.account, |_| Deadline::NONE);
tells!(ConnectionState, account, |_| Deadline::NONE);

/// Which mail an alert wants now.
fn wanted_stage(alert: &Alert, deadline: &Deadline, now: Timestamp) -> Option<Stage> {
    match alert.stage {
        AlertStage::Due => Some(Stage::First),
        AlertStage::ResolvedDue => Some(Stage::Resolved),
        AlertStage::Mailed { .. } => alert.reminder_due(deadline, now).map(|why| match why {
            Reminder::Before => Stage::Reminder,
            Reminder::AtDeadline => Stage::AtDeadline,
            Reminder::BeforeCancellation => Stage::BeforeCancellation,
        }),
        AlertStage::Closed => None,
    }
}

/// Moves a record's alerts into their groups, and sends what may go now.
async fn move_alerts<T: Tells>(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    for _ in 0..6 {
        let Loaded::Known(mut stored) = load::<T>(world.ledger.as_ref(), key).await? else { return Ok(()) };
        let now = world.now();
        let Some(connection) = world.connection(stored.value.account()).await? else { return Ok(()) };
        let deadline = stored.value.deadline();
        let wanted: Vec<(usize, Stage, Alert)> = stored
            .value
            .alerts()
            .iter()
            .enumerate()
            .filter_map(|(i, a)| wanted_stage(a, &deadline, now).map(|stage| (i, stage, a.clone())))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        // First into the groups, which are as durable as the record: a crash in between does it again, and a
        // group takes each alert once.
        for (_, stage, alert) in &wanted {
            group::join(world, &connection, key, *stage, alert, deadline.ship_by).await?;
        }
        for (index, stage, _) in &wanted {
            if let Some(alert) = stored.value.alerts_mut().get_mut(*index) {
                match stage {
                    Stage::First if alert.is_notice() => alert.stage = AlertStage::Closed,
                    Stage::First => {
                        alert.stage = AlertStage::Mailed { at: now, reminded: false, later: 0 };
                    }
                    Stage::Reminder => alert.was_reminded(Reminder::Before),
                    Stage::AtDeadline => alert.was_reminded(Reminder::AtDeadline),
                    Stage::BeforeCancellation => alert.was_reminded(Reminder::BeforeCancellation),
                    Stage::Resolved => alert.stage = AlertStage::Closed,
                }
            }
        }
        match world.ledger.commit(vec![(*stored).into_write(now)]).await {
            Ok(()) => {
                for (_, stage, alert) in &wanted {
                    for recipient in connection.mail.recipients(alert.kind) {
                        let key = group::key(&connection.account, *stage, &alert.cause, recipient);
                        group::flush_at(world, &key).await?;
                    }
                }
                return Ok(());
            }
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Tells of a message that could not be worked on and is put aside: once a day and connection.
///
/// Whom it names hears of it, and nobody else. If no connection of that name is configured any more, that
/// merchant's other connections hear; if it names nobody, all do: somebody must look at it.
///
/// # Errors
/// The ledger or the queue does not answer for one of them, or more: the first error. The others were told.
pub async fn dead_letter(world: &World, body: &str) -> Result<(), WorkError> {
    let mut failed = Ok(());
    for connection in whom_it_concerns(world, &accounts_named(body)).await? {
        if let Err(error) = tell_of_dead_letter(world, &connection).await {
            tracing::warn!(connection = %connection.account, %error, "dead letter not told of");
            failed = failed.and(Err(error));
        }
    }
    failed
}

async fn whom_it_concerns(world: &World, named: &[Account]) -> Result<Vec<Connection>, LedgerError> {
    let mut concerned = Vec::new();
    for account in named {
        concerned.extend(world.connection(account).await?);
    }
    if concerned.is_empty() {
        let same_merchant =
            |c: &Connection| named.is_empty() || named.iter().any(|n| n.merchant == c.account.merchant);
        concerned = world.connections().await?.into_iter().filter(same_merchant).collect();
    }
    Ok(concerned)
}

async fn tell_of_dead_letter(world: &World, connection: &Connection) -> Result<(), WorkError> {
    let now = world.now();
    world
        .change_connection(&connection.account, |state| {
            state.history.note(now, "a message could not be worked on and was put aside");
            state.alerts.raise_daily(Alert {
                kind: MailKind::DeadLetters,
                cause: format!("dead_letters:{}", now.strftime("%Y-%m-%d")),
                version: 1,
                raised_at: now,
                stage: AlertStage::Due,
                their_words: None,
                request_id: None,
            });
        })
        .await?;
    let message = AlertMessage::about(&ItemKey::connection_state(&connection.account)).to_body();
    world.queue.send(QueueName::Alerts, &message, std::time::Duration::ZERO).await?;
    Ok(())
}

/// The accounts that a message names, wherever in it, or by the key of the record it is about; none if it is
/// not even JSON.
fn accounts_named(body: &str) -> Vec<Account> {
    fn walk(value: &serde_json::Value, found: &mut BTreeSet<Account>) {
        if let serde_json::Value::Object(map) = value {
            found.extend(serde_json::from_value::<Account>(value.clone()).ok());
            map.values().for_each(|inner| walk(inner, found));
        }
    }
    let mut found = BTreeSet::new();
    if let Ok(value) = serde_json::from_str(body) {
        walk(&value, &mut found);
        let alert = serde_json::from_value::<AlertMessage>(value).ok();
        found.extend(alert.and_then(|message| message.key().account()));
    }
    found.into_iter().collect()
}

/// Sends a test mail to everybody who hears of anything on a connection; returns to whom.
///
/// # Errors
/// The first recipient whose mail is refused, with the reason.
pub async fn send_test(world: &World, connection: &Connection) -> Result<Vec<String>, ports::MailError> {
    let mut to: Vec<String> =
        MailKind::ALL.iter().flat_map(|kind| connection.mail.recipients(*kind)).cloned().collect();
    to.sort();
    to.dedup();
    for recipient in &to {
        let letter = accounts::test_letter(connection, title(world, &connection.kind), world.now());
        let id = format!("test-{}-{}", world.now().as_nanosecond(), world.rng.next_u64());
        group::send(world, recipient, &letter, id).await?;
    }
    Ok(to)
}

/// A connector's name for people.
fn title<'a>(world: &'a World, kind: &'a str) -> &'a str {
    let marketplace = world.connectors.marketplace(kind).map(connector_api::Marketplace::title);
    marketplace.or_else(|| world.connectors.store(kind).map(connector_api::Store::title)).unwrap_or(kind)
}

/// Loads a record that may be gone or of another layout.
async fn load_value<T: Record>(world: &World, key: &ItemKey) -> Result<Option<T>, LedgerError> {
    Ok(match load::<T>(world.ledger.as_ref(), key).await? {
        Loaded::Known(stored) => {
            let Stored { value, .. } = *stored;
            Some(value)
        }
        Loaded::Absent | Loaded::Foreign => None,
    })
}

#[cfg(test)]
mod tests;
