//! Once a day, at the hour the merchant chose: what was confirmed, what is held, what is late.

use std::time::Duration;

use domain::connection::{Connection, MailKind};
use domain::connection_state::ConnectionState;
use domain::keys::{ItemKey, Table};
use domain::package::Package;
use domain::state::{State, StateName};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use ports::Item;

use super::feedback::{self, Route};
use super::rows::{self, Place};
use super::{group, load_value, title};
use crate::mails::{Digest, Letter, Row};
use crate::message::WorkError;
use crate::records::Stored;
use crate::share::{self, Share};
use crate::world::World;

/// Rows a digest lists.
const MOST_ROWS: usize = 30;
/// How soon a digest that was begun and not sent is begun again: whoever began it may have been killed over it.
const BEGUN_AGAIN: Duration = Duration::from_secs(900);
/// How long orders are gone through for it: `send-alerts` has 30 seconds for a whole batch.
const GO_THROUGH_FOR: Duration = Duration::from_secs(8);

fn zone(connection: &Connection) -> TimeZone {
    TimeZone::get(&connection.time_zone).unwrap_or(TimeZone::UTC)
}

/// Whether the day's digest of a connection is to be sent.
#[must_use]
pub fn digest_is_due(connection: &Connection, state: &ConnectionState, now: Timestamp) -> bool {
    let Some(hour) = connection.mail.digest_hour else { return false };
    // Parcels are counted where they end: at a marketplace.
    if !connection.link.is_empty() {
        return false;
    }
    if state.digest_begun_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < BEGUN_AGAIN) {
        return false;
    }
    let here = now.to_zoned(zone(connection));
    here.hour() >= hour && state.last_digest.as_deref() != Some(here.date().to_string().as_str())
}

/// Sends the digest of the connection whose state stands at `key`, if it is due.
pub(super) async fn send_if_due(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    let Some(state) = load_value::<ConnectionState>(world, key).await? else { return Ok(()) };
    let Some(connection) = world.connection(&state.account).await? else { return Ok(()) };
    let now = world.now();
    if world.connectors.marketplace(&connection.kind).is_none() || !digest_is_due(&connection, &state, now) {
        return Ok(());
    }
    // Noted before the work: should that end this process, the next one has a quarter of an hour for other mails.
    let mut begun = false;
    world
        .change_connection(&connection.account, |state| {
            begun = digest_is_due(&connection, state, now);
            if begun {
                state.digest_begun_at = Some(now);
            }
        })
        .await?;
    if !begun {
        return Ok(());
    }
    let today = now.to_zoned(zone(&connection)).date();
    let letter = Letter::Digest(digest(world, &connection, now).await?);
    let (mut sent, mut failed) = (0, 0);
    for recipient in connection.mail.recipients(MailKind::Digest) {
        let Route::To(to) = feedback::route(world, &connection, MailKind::Digest, recipient).await? else {
            continue;
        };
        let id = format!("digest-{}-{today}-{recipient}", connection.account);
        if let Err(error) = group::send(world, &to, &letter, id).await {
            tracing::error!(connection = %connection.account, %error, "digest not sent");
            failed += 1;
        } else {
            sent += 1;
        }
    }
    // Tried again only while nobody has it: else whoever has would have it again and again, for another's sake.
    if failed > 0 && sent == 0 {
        return Ok(());
    }
    world.change_connection(&connection.account, |s| s.last_digest = Some(today.to_string())).await?;
    Ok(())
}

async fn digest(world: &World, connection: &Connection, now: Timestamp) -> Result<Digest, WorkError> {
    let since = now.checked_sub(24.hours()).unwrap_or(now);
    let name = title(world, &connection.kind);
    let (mut confirmed, mut held, mut late, mut waiting) = (0, 0, 0, Vec::new());
    let (words, month) = (share::words_for_other(&connection.kind), share::since(now));
    let mut share = Share::default();
    let mut page = None;
    let mut cut = false;
    loop {
        let part = world.ledger.scan(Table::Orders, page).await?;
        // By their keys first: what is another's is not even parsed.
        let theirs = |item: &&Item| {
            item.key.sk.starts_with("P#") && item.key.account().as_ref() == Some(&connection.account)
        };
        let packages = part.rows.iter().filter(theirs).filter_map(Stored::<Package>::read);
        for package in packages.map(|stored| stored.value) {
            if matches!(&package.state, State::Visible { at, .. } if *at > since) {
                confirmed += 1;
            }
            share.count(&package, &words, month);
            let open = package.state.needs_a_person() || !package.state.settled();
            if package.state.needs_a_person() {
                held += 1_usize;
                waiting.push(rows::digest_row(connection, &package, Place::of(world, connection)));
            }
            if open
                && package.state.name() != StateName::Conflict
                && package.ship_by.is_some_and(|at| at < now)
            {
                late += 1;
            }
        }
        most_urgent(&mut waiting);
        page = part.next;
        if page.is_none() {
            break;
        }
        if world.now().duration_since(now).unsigned_abs() >= GO_THROUGH_FOR {
            cut = true;
            tracing::warn!(connection = %connection.account, "not all orders could be gone through for the digest");
            break;
        }
    }
    let count_more = held.saturating_sub(waiting.len());
    Ok(Digest {
        day: now.to_zoned(zone(connection)).date(),
        confirmed,
        held: u64::try_from(held).unwrap_or(u64::MAX),
        late,
        cut,
        sent: share.parcels,
        sent_as_other: share.other,
        rows: waiting,
        count_more,
        connection: connection.account.connection.to_string(),
        marketplace: name.to_owned(),
        merchant_time_zone: connection.time_zone.clone(),
        now,
    })
}

/// Leaves the rows that a digest lists.
fn most_urgent(rows: &mut Vec<Row>) {
    rows.sort_by_key(|row| row.ship_by.unwrap_or(Timestamp::MAX));
    rows.truncate(MOST_ROWS);
}
