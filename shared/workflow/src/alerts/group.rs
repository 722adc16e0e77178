//! What is to be mailed to one recipient about one cause, and when the next mail may go.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::alert::Alert;
use domain::connection::{Connection, MailKind};
use domain::ids::Account;
use domain::keys::{ItemKey, Table};
use jiff::Timestamp;
use ports::ledger::Due;
use ports::{LedgerError, MailError, OutgoingMail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::feedback::{self, Route};
use super::{path, rows};
use crate::mails::{Letter, Stage, render};
use crate::message::WorkError;
use crate::metrics::{About, Metric, note};
use crate::records::{Loaded, Record, Stored, later, load};
use crate::trace::millis;
use crate::world::World;

/// Mails to one recipient about one cause within an hour, when a deadline is close.
const URGENT_MAILS: usize = 4;
/// How many orders one mail lists; further ones are counted.
const MOST_ROWS: usize = 50;
/// A deadline closer than this passes the cap of one mail an hour.
const URGENT: Duration = Duration::from_secs(4 * 3600);
/// Alerts that a group holds, the most urgent of all; of further ones it knows only marks.
const MOST_WAITING: usize = 200;
/// Marks of further alerts: with those that wait less than half of what an item may hold. Beyond them none is counted.
const MOST_FURTHER: usize = 5_000;
/// Marks of mailed alerts that a group keeps.
const MOST_MARKS: usize = 200;
/// How soon a mail that was not taken is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// How soon a mail that was refused is tried again: somebody has to mend the mail settings first.
const REFUSED: Duration = Duration::from_secs(3600);

/// An alert waiting in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    table_connections: bool,
    pk: String,
    sk: String,
    alert: Alert,
    /// By when it must be done, as known when it was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ship_by: Option<Timestamp>,
}

impl Waiting {
    pub(super) fn key(&self) -> ItemKey {
        let table = if self.table_connections { Table::Connections } else { Table::Orders };
        ItemKey { table, pk: self.pk.clone(), sk: self.sk.clone() }
    }

    pub(super) fn alert(&self) -> &Alert {
        &self.alert
    }

    /// The less, the more urgent.
    pub(super) fn urgency(&self) -> Timestamp {
        self.ship_by.unwrap_or(Timestamp::MAX)
    }

    /// What tells this alert from every other, in short.
    fn mark(&self) -> String {
        let told = (&self.pk, &self.sk, self.alert.version, &self.alert.cause, self.alert.raised_at);
        let hash = Sha256::digest(serde_json::to_vec(&told).unwrap_or_default());
        hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    fn same(&self, other: &Self) -> bool {
        let id = |w: &Self| (w.pk.clone(), w.sk.clone(), w.alert.version, w.alert.cause.clone());
        id(self) == id(other)
    }
}

/// A group's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailGroup {
    schema: u16,
    account: Account,
    cause: String,
    kind: MailKind,
    stage: Stage,
    recipient: String,
    /// Alerts not mailed yet.
    #[serde(default)]
    waiting: Vec<Waiting>,
    /// Marks of further alerts not mailed yet, which the next mail only counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<String>,
    /// The latest mails, newest last.
    #[serde(default)]
    sent: Vec<Timestamp>,
    /// When the next mail may go, if any alert waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Timestamp>,
    /// A worker is sending what waits, until this time at the latest: others leave it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sending_until: Option<Timestamp>,
    /// Marks of the alerts mailed last, newest last: a worker that was overtaken may bring one again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mailed: Vec<String>,
}

impl MailGroup {
    /// Whether nothing waits to be mailed.
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.further.is_empty()
    }

    /// Takes an alert in, once. If there are too many, the least urgent one is only counted from then on.
    fn add(&mut self, waiting: Waiting) {
        if self.waiting.iter().any(|known| known.same(&waiting)) || self.further.contains(&waiting.mark()) {
            return;
        }
        self.waiting.push(waiting);
        if self.waiting.len() > MOST_WAITING {
            let least = self.waiting.iter().enumerate().max_by_key(|(_, waiting)| waiting.urgency());
            let Some((least, mark)) = least.map(|(index, waiting)| (index, waiting.mark())) else { return };
            self.waiting.remove(least);
            if self.further.len() < MOST_FURTHER {
                self.further.push(mark);
            }
        }
    }

    /// Takes an alert out; whether it waited.
    fn take_out(&mut self, waiting: &Waiting) -> bool {
        let before = self.waiting.len() + self.further.len();
        let mark = waiting.mark();
        self.waiting.retain(|known| !known.same(waiting));
        self.further.retain(|known| *known != mark);
        self.waiting.len() + self.further.len() < before
    }

    /// Forgets what was mailed; whatever joined while that mail was on its way stays for the next one.
    fn was_mailed(&mut self, mailed: &Self) {
        let mut marks: Vec<String> = mailed.waiting.iter().map(Waiting::mark).collect();
        self.waiting.retain(|known| !mailed.waiting.iter().any(|told| told.same(known)));
        // One that was listed may have made room meanwhile, and stand among the further ones now.
        let told: BTreeSet<&String> = marks.iter().chain(&mailed.further).collect();
        self.further.retain(|mark| !told.contains(mark));
        self.mailed.extend_from_slice(&mailed.further);
        self.mailed.append(&mut marks);
        let old = self.mailed.len().saturating_sub(MOST_MARKS);
        self.mailed.drain(..old);
    }
}

impl Record for MailGroup {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        key(&self.account, self.stage, &self.cause, &self.recipient)
    }

    fn due(&self, _now: Timestamp) -> Option<Due> {
        self.next.map(|at| Due { lane: self.key().time_lane(), at })
    }

    fn keep(&self) -> Option<Duration> {
        self.is_empty().then_some(Duration::from_secs(2 * 86_400))
    }
}

/// Where a group stands.
pub(super) fn key(account: &Account, stage: Stage, cause: &str, recipient: &str) -> ItemKey {
    let stage = match stage {
        Stage::First => "first",
        Stage::Reminder => "reminder",
        Stage::AtDeadline => "at_deadline",
        Stage::BeforeCancellation => "before_cancellation",
        Stage::Resolved => "resolved",
    };
    ItemKey::mail_group(account, &format!("{stage}:{cause}"), recipient)
}

/// When a group's next mail may go.
fn next_mail(sent: &[Timestamp], urgent: bool, gap: Duration, now: Timestamp) -> Timestamp {
    let Some(last) = sent.last() else { return now };
    let hour_ago = now.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap_or(now);
    let within = sent.iter().filter(|at| **at > hour_ago).count();
    if urgent && within < URGENT_MAILS {
        return now;
    }
    later(*last, gap).unwrap_or(now).max(now)
}

/// Puts an alert into the groups of everybody who hears of its kind.
pub(super) async fn join(
    world: &World,
    connection: &Connection,
    record: &ItemKey,
    stage: Stage,
    alert: &Alert,
    ship_by: Option<Timestamp>,
) -> Result<(), WorkError> {
    for recipient in connection.mail.recipients(alert.kind) {
        let waiting = Waiting {
            table_connections: record.table == Table::Connections,
            pk: record.pk.clone(),
            sk: record.sk.clone(),
            alert: alert.clone(),
            ship_by,
        };
        // Settled before the merchant was mailed at all: then there is nothing to take back.
        if stage == Stage::Resolved && withdraw(world, connection, &waiting, recipient).await? {
            continue;
        }
        change(world, connection, stage, alert, recipient, |group, now| {
            if group.mailed.contains(&waiting.mark()) {
                return;
            }
            group.add(waiting.clone());
            let urgent = ship_by.is_some_and(|at| later(now, URGENT).is_some_and(|soon| at <= soon));
            let next = next_mail(&group.sent, urgent, connection.timing.mail_gap, now);
            let next = next.max(group.sending_until.unwrap_or(next));
            group.next = Some(group.next.map_or(next, |known| known.min(next)));
        })
        .await?;
    }
    Ok(())
}

/// Takes an alert out of the group of first mails; true if it was still waiting there.
async fn withdraw(
    world: &World,
    connection: &Connection,
    waiting: &Waiting,
    recipient: &str,
) -> Result<bool, WorkError> {
    let key = key(&connection.account, Stage::First, &waiting.alert.cause, recipient);
    for _ in 0..6 {
        let Loaded::Known(mut stored) = load::<MailGroup>(world.ledger.as_ref(), &key).await? else {
            return Ok(false);
        };
        if !stored.value.take_out(waiting) {
            return Ok(false);
        }
        if stored.value.is_empty() {
            stored.value.next = None;
        }
        match world.ledger.commit(vec![stored.into_write(world.now())]).await {
            Ok(()) => return Ok(true),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

async fn change(
    world: &World,
    connection: &Connection,
    stage: Stage,
    alert: &Alert,
    recipient: &str,
    with: impl Fn(&mut MailGroup, Timestamp),
) -> Result<(), WorkError> {
    let key = key(&connection.account, stage, &alert.cause, recipient);
    for _ in 0..8 {
        let now = world.now();
        let mut stored = match load::<MailGroup>(world.ledger.as_ref(), &key).await? {
            Loaded::Known(stored) => *stored,
            Loaded::Absent => Stored::new(MailGroup {
                schema: MailGroup::SCHEMA,
                account: connection.account.clone(),
                cause: alert.cause.clone(),
                kind: alert.kind,
                stage,
                recipient: recipient.to_owned(),
                waiting: Vec::new(),
                further: Vec::new(),
                sent: Vec::new(),
                next: None,
                sending_until: None,
                mailed: Vec::new(),
            }),
            Loaded::Foreign => return Ok(()),
        };
        with(&mut stored.value, now);
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => return Ok(()),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Sends a group's mail, if one waits and may go.
pub(super) async fn flush_at(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    let Loaded::Known(stored) = load::<MailGroup>(world.ledger.as_ref(), key).await? else { return Ok(()) };
    let now = world.now();
    let group = stored.value.clone();
    let busy = group.sending_until.is_some_and(|until| until > now);
    if busy || group.is_empty() || group.next.is_none_or(|at| at > now) {
        return Ok(());
    }
    let Some(connection) = world.connection(&group.account).await? else { return Ok(()) };
    // One worker at a time: whoever moves the next mail on sends it. After a crash it goes when that time comes.
    let mut claim = *stored;
    claim.value.sending_until = later(now, TRY_AGAIN);
    claim.value.next = claim.value.sending_until;
    match world.ledger.commit(vec![claim.into_write(now)]).await {
        Ok(()) => {}
        Err(LedgerError::Conflict) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let letter = rows::letter(world, &connection, &group_of(&group)).await?;
    let route = feedback::route(world, &connection, group.kind, &group.recipient).await?;
    let sent = match (letter, route) {
        // Everything in it was settled meanwhile, or others hear it: nothing to say.
        (None, _) | (_, Route::Others) => Ok(String::new()),
        (Some(letter), Route::To(recipient)) => send(world, &recipient, &letter, mail_id(&group)).await,
        (Some(_), Route::Nobody) => {
            feedback::nobody_is_left(world, &connection).await?;
            Err(MailError::Refused("every address is suppressed".to_owned()))
        }
    };
    if let Err(error) = &sent {
        tracing::error!(connection = %group.account, %error, "mail not sent, it will be tried again");
    }
    for _ in 0..8 {
        let Loaded::Known(mut stored) = load::<MailGroup>(world.ledger.as_ref(), key).await? else {
            return Ok(());
        };
        stored.value.sending_until = None;
        match &sent {
            Ok(id) => {
                stored.value.was_mailed(&group);
                if !id.is_empty() {
                    stored.value.sent.push(now);
                    let many = stored.value.sent.len().saturating_sub(URGENT_MAILS);
                    stored.value.sent.drain(..many);
                }
                let gap = connection.timing.mail_gap;
                stored.value.next =
                    (!stored.value.is_empty()).then(|| next_mail(&stored.value.sent, false, gap, now));
            }
            Err(MailError::Refused(_)) => stored.value.next = later(now, REFUSED),
            Err(MailError::TryAgain(_) | MailError::MaybeSent(_)) => {
                stored.value.next = later(now, TRY_AGAIN)
            }
        }
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => return Ok(()),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// What a letter is made of.
pub(super) struct Group<'a> {
    pub(super) kind: MailKind,
    pub(super) stage: Stage,
    pub(super) waiting: &'a [Waiting],
    /// How many more there are, of which nothing is known here.
    pub(super) further: usize,
    pub(super) most_rows: usize,
}

fn group_of(group: &MailGroup) -> Group<'_> {
    let further = group.further.len();
    Group { kind: group.kind, stage: group.stage, waiting: &group.waiting, further, most_rows: MOST_ROWS }
}

/// The same alerts to the same recipient are the same mail: a mailbox that knows its id keeps it once.
fn mail_id(group: &MailGroup) -> String {
    let mut hash = Sha256::new();
    for part in [&group.recipient, &group.cause] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(serde_json::to_vec(&(group.stage, &group.waiting)).unwrap_or_default());
    hash.update(group.further.concat());
    hash.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
}

/// Renders and sends a letter.
pub(super) async fn send(
    world: &World,
    recipient: &str,
    letter: &Letter,
    id: String,
) -> Result<String, MailError> {
    let mail = render(letter).map_err(|error| MailError::Refused(error.to_string()))?;
    let mail = OutgoingMail {
        id,
        to: recipient.to_owned(),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
    };
    let begun = world.now();
    let sent = world.mail.send(&mail).await;
    let outcome = match &sent {
        Ok(_) => "sent",
        Err(MailError::Refused(_)) => "refused",
        Err(MailError::TryAgain(_)) => "not_sent",
        Err(MailError::MaybeSent(_)) => "maybe_sent",
    };
    let duration_ms = Some(millis(world.now().duration_since(begun)));
    note(Metric::Mails, 1, &About { outcome: Some(outcome), duration_ms, ..About::default() });
    path::note(world, &sent).await;
    sent
}
