//! Once a week a mail that says nothing is wrong: the way that every alert takes is walked while nothing depends on it.
//!
//! It goes through sweep, queue and sender like any alert. A refusal is told to the operator as for every mail; a
//! recipient who misses it knows that alerts would be missed, too.

use std::collections::BTreeSet;

use domain::connection::{Connection, MailKind};
use domain::connection_state::ConnectionState;
use domain::keys::ItemKey;
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{accounts, feedback, group, load_value, title};
use crate::message::WorkError;
use crate::world::World;

/// The hour of Monday, where the merchant is, from which it is sent.
const HOUR: i8 = 9;

/// The Monday whose test mail is to be sent, if one is: the latest one that has come to its hour, unless it was
/// sent or is from before the connection.
#[must_use]
pub fn weekly_test_due(connection: &Connection, state: &ConnectionState, now: Timestamp) -> Option<String> {
    if !connection.mail.weekly_test {
        return None;
    }
    let zone = TimeZone::get(&connection.time_zone).unwrap_or(TimeZone::UTC);
    let here = now.to_zoned(zone.clone());
    // From the hour on, today counts; before it, yesterday is the last day that can.
    let day = if here.hour() >= HOUR { here.date() } else { here.date().yesterday().ok()? };
    let back = day.weekday().since(Weekday::Monday);
    let monday = day.checked_sub(i64::from(back).days()).ok()?;
    let slot = monday.to_datetime(time(HOUR, 0, 0, 0)).to_zoned(zone).ok()?.timestamp();
    let name = monday.to_string();
    (slot > state.started_at && state.last_weekly_test.as_ref() != Some(&name)).then_some(name)
}

/// Sends the week's test mail of the connection whose state stands at `key`, if it is due.
///
/// Noted before it is sent: once at most for each recipient. One that is refused is told to the operator, and one
/// that a crash swallowed is missed, which is what it is for.
pub(super) async fn send_if_due(world: &World, key: &ItemKey) -> Result<(), WorkError> {
    let Some(state) = load_value::<ConnectionState>(world, key).await? else { return Ok(()) };
    let all = world.connections().await?;
    let Some(connection) = all.iter().find(|c| c.account == state.account) else { return Ok(()) };
    let Some(monday) = weekly_test_due(connection, &state, world.now()) else { return Ok(()) };
    let stopped = feedback::suppressed(world, &connection.account.merchant).await?;
    world.change_connection(&connection.account, |s| s.last_weekly_test = Some(monday.clone())).await?;
    let letter = accounts::weekly_test_letter(connection, title(world, &connection.kind), world.now());
    for recipient in heard_of_first(connection, &all) {
        if stopped.contains(&recipient.to_lowercase()) {
            continue;
        }
        let id = format!("weekly-{}-{monday}-{recipient}", connection.account);
        if let Err(error) = group::send(world, recipient, &letter, id).await {
            tracing::error!(connection = %connection.account, %error, "the weekly test mail was not sent");
        }
    }
    Ok(())
}

/// Everybody whom this connection would mail about anything, but those whom an earlier connection of the merchant
/// tests already: one mail a week for each.
fn heard_of_first<'a>(connection: &'a Connection, all: &[Connection]) -> BTreeSet<&'a str> {
    let earlier = |other: &&Connection| {
        other.account.merchant == connection.account.merchant
            && other.mail.weekly_test
            && other.account.connection < connection.account.connection
    };
    let tested: BTreeSet<&str> = all.iter().filter(earlier).flat_map(everybody).collect();
    everybody(connection).filter(|recipient| !tested.contains(recipient)).collect()
}

fn everybody(connection: &Connection) -> impl Iterator<Item = &str> {
    MailKind::ALL.into_iter().flat_map(|kind| connection.mail.recipients(kind)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_shop::connection;

    #[test]
    fn the_latest_monday_at_nine_counts_once() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut berlin = connection("market", "market-1");
        berlin.time_zone = "Europe/Berlin".into();
        berlin.mail.weekly_test = true;
        let started = ConnectionState::starting(berlin.account.clone(), at("2026-10-21T12:00:00Z"));
        // Berlin leaves summer time on Sunday, 25 October 2026.
        for (now, sent, want) in [
            ("2026-10-21T12:01:00Z", None, None),
            ("2026-10-26T07:59:59Z", None, None),
            ("2026-10-26T08:00:00Z", None, Some("2026-10-26")),
            ("2026-10-26T08:00:00Z", Some("2026-10-26"), None),
            ("2026-10-28T03:00:00Z", None, Some("2026-10-26")),
            ("2026-11-02T07:30:00Z", Some("2026-10-26"), None),
            ("2026-11-02T08:30:00Z", Some("2026-10-26"), Some("2026-11-02")),
            ("2026-11-15T23:30:00Z", Some("2026-11-02"), Some("2026-11-09")),
        ] {
            let state = ConnectionState { last_weekly_test: sent.map(str::to_owned), ..started.clone() };
            assert_eq!(weekly_test_due(&berlin, &state, at(now)).as_deref(), want, "{now} {sent:?}");
        }
        berlin.mail.weekly_test = false;
        assert_eq!(weekly_test_due(&berlin, &started, at("2026-10-28T03:00:00Z")), None);
    }
}
