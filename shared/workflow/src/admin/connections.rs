//! Where every connection stands.

use domain::connection::Connection;
use domain::connection_state::Activity;
use domain::keys::{Table, attention_lane, waiting_lane};
use jiff::Timestamp;
use ports::LedgerError;
use serde::Serialize;

use super::AdminError;
use crate::alerts::{SuppressedAddress, suppressed_addresses};
use crate::world::World;

/// Waiting parcels are counted up to this.
const COUNTED: usize = 1000;

/// A connection, as `connections` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub merchant: String,
    /// The connector that serves it.
    pub kind: String,
    /// `store`, `marketplace`, or `unknown` if this build has no such connector.
    pub role: &'static str,
    /// `active`, `paused` (by a person), `parked` (its authorisation is gone), `off` (sync is switched off) or
    /// `not_started`.
    pub activity: &'static str,
    /// Why it is not active.
    pub why: Option<String>,
    /// Since when it is not active.
    pub since: Option<Timestamp>,
    /// Whether sync is switched on in the settings.
    pub sync: bool,
    /// Older parcels are not sent.
    pub started_at: Option<Timestamp>,
    /// When a webhook last came.
    pub last_webhook: Option<Timestamp>,
    /// When a poll last succeeded.
    pub last_poll: Option<Timestamp>,
    /// When a package was last accepted.
    pub last_confirmation: Option<Timestamp>,
    /// When its credentials stop working, where that is known.
    pub credentials_expire_at: Option<Timestamp>,
    /// Parcels that wait for its limit, or for it to go on; at most 1000 are counted.
    pub waiting: usize,
    /// Orders and parcels that wait for a person; at most 1000 are counted.
    pub needs_attention: usize,
    /// Its recipients that are not mailed any more, since mail to them bounced or was complained of.
    pub mail_suppressed: Vec<SuppressedAddress>,
    /// The merchant's time zone.
    pub time_zone: String,
}

/// Every configured connection, by merchant and id.
///
/// # Errors
/// The ledger does not answer.
pub async fn connections(world: &World) -> Result<Vec<ConnectionView>, AdminError> {
    let mut views = Vec::new();
    for connection in world.connections().await? {
        let account = &connection.account;
        let state = world.connection_state(account).await?.map(|stored| stored.value);
        let (activity, why, since) = match &state {
            None => {
                ("not_started", Some("it has not been started: `parcelwire serve` starts it".into()), None)
            }
            Some(state) => match &state.activity {
                Activity::Parked { why, since, paused } => (
                    "parked",
                    Some(format!(
                        "{why}; connect it again, then `parcelwire resume {}`{}",
                        account.connection,
                        if paused.is_some() { "; a person had paused it before" } else { "" },
                    )),
                    Some(*since),
                ),
                Activity::Paused { since } => (
                    "paused",
                    Some(format!("paused by a person; `parcelwire resume {}`", account.connection)),
                    Some(*since),
                ),
                Activity::Active if !connection.sync => {
                    ("off", Some("sync is switched off in the settings".into()), None)
                }
                Activity::Active => ("active", None, None),
            },
        };
        let role = if world.connectors.store(&connection.kind).is_some() {
            "store"
        } else if world.connectors.marketplace(&connection.kind).is_some() {
            "marketplace"
        } else {
            "unknown"
        };
        let waiting = world.ledger.due(&waiting_lane(account), Timestamp::MAX, COUNTED).await?.len();
        let of = |pick: fn(&domain::connection_state::ConnectionState) -> Option<Timestamp>| {
            state.as_ref().and_then(pick)
        };
        views.push(ConnectionView {
            id: account.connection.to_string(),
            merchant: account.merchant.to_string(),
            role,
            activity,
            why,
            since,
            sync: connection.sync,
            started_at: of(|s| Some(s.started_at)),
            last_webhook: of(|s| s.last_webhook),
            last_poll: of(|s| s.last_poll),
            last_confirmation: of(|s| s.last_confirmation),
            credentials_expire_at: of(|s| s.credentials_expire_at),
            waiting,
            needs_attention: attention(world, &attention_lane(account)).await?,
            mail_suppressed: suppressed_of(world, &connection).await?,
            time_zone: connection.time_zone,
            kind: connection.kind,
        });
    }
    Ok(views)
}

/// Those of the merchant's suppressed addresses that this connection names.
async fn suppressed_of(
    world: &World,
    connection: &Connection,
) -> Result<Vec<SuppressedAddress>, LedgerError> {
    let mut known = suppressed_addresses(world, &connection.account.merchant).await?;
    let mail = &connection.mail;
    known.retain(|k| {
        let mut named = mail.to.iter().chain(mail.to_by_kind.values().flatten());
        named.any(|address| address.eq_ignore_ascii_case(&k.address))
    });
    Ok(known)
}

async fn attention(world: &World, lane: &str) -> Result<usize, LedgerError> {
    let (mut count, mut page) = (0, None);
    loop {
        let part = world.ledger.attention(Table::Orders, lane, page).await?;
        count += part.rows.len();
        page = part.next;
        if page.is_none() || count >= COUNTED {
            return Ok(count.min(COUNTED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{Bench, at, every_state};
    use domain::state::{State, Waiting};

    #[test]
    fn says_of_each_whether_it_works_and_why_not() {
        let bench = Bench::new();
        let us = bench.marketplace("m", "us");
        bench.store("m", "shop");
        let off = Connection { sync: false, ..bench.marketplace("n", "off") };
        bench.put(&off);
        let mut new = off.clone();
        new.account.connection = "new".try_into().unwrap();
        bench.put(&new);
        bench.change_state(&us, |state| {
            state.activity = state.activity.park("invalid_grant", at(7));
            state.last_confirmation = Some(at(6));
        });
        let order = bench.order(&us, "111-1");
        for (n, state) in every_state().into_iter().enumerate() {
            bench.package(&order, &format!("p{n}"), "1Z1", state);
        }
        bench.package(&order, "w", "1Z1", State::Planned { not_before: at(0), waiting: Waiting::Tokens });
        let all = bench.run(connections(&bench.world)).unwrap();
        let seen: Vec<_> = all.iter().map(|c| (c.id.as_str(), c.role, c.activity)).collect();
        assert_eq!(
            seen,
            [
                ("shop", "unknown", "active"),
                ("us", "marketplace", "parked"),
                ("new", "marketplace", "not_started"),
                ("off", "marketplace", "off"),
            ]
        );
        let us = &all[1];
        assert_eq!(us.why.as_deref(), Some("invalid_grant; connect it again, then `parcelwire resume us`"));
        assert_eq!((us.since, us.last_confirmation, us.waiting), (Some(at(7)), Some(at(6)), 1));
        assert_eq!(us.needs_attention, 5, "rejected, needs merchant, held, conflict, missing");
    }
}
