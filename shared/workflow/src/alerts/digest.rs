//! Once a day, at the hour the merchant chose: what was confirmed, what is held, what is late.

use domain::connection::{Connection, MailKind};
use domain::connection_state::ConnectionState;
use domain::keys::{ItemKey, Table};
use domain::package::Package;
use domain::state::{State, StateName};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::feedback::{self, Route};
use super::rows::{self, Place};
use super::{group, load_value, title};
use crate::mails::{Digest, Letter};
use crate::message::WorkError;
use crate::records::Stored;
use crate::share::{self, Share};
use crate::world::World;

/// Rows a digest lists.
const MOST_ROWS: usize = 30;

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
    // Tried again only while nobody has it: else whoever has would have it each minute, for another's sake.
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
    loop {
        let part = world.ledger.scan(Table::Orders, page).await?;
        let packages =
            part.rows.iter().filter(|i| i.key.sk.starts_with("P#")).filter_map(Stored::<Package>::read);
        for package in packages.map(|stored| stored.value).filter(|p| p.order.account == connection.account) {
            if matches!(&package.state, State::Visible { at, .. } if *at > since) {
                confirmed += 1;
            }
            share.count(&package, &words, month);
            let open = package.state.needs_a_person() || !package.state.settled();
            if package.state.needs_a_person() {
                held += 1;
                waiting.push(rows::digest_row(connection, &package, Place::of(world, connection)));
            }
            if open
                && package.state.name() != StateName::Conflict
                && package.ship_by.is_some_and(|at| at < now)
            {
                late += 1;
            }
        }
        page = part.next;
        if page.is_none() {
            break;
        }
    }
    waiting.sort_by_key(|row| row.ship_by.unwrap_or(Timestamp::MAX));
    let count_more = waiting.len().saturating_sub(MOST_ROWS);
    waiting.truncate(MOST_ROWS);
    Ok(Digest {
        day: now.to_zoned(zone(connection)).date(),
        confirmed,
        held,
        late,
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
