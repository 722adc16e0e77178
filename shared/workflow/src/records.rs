//! Records ↔ items: versions, indexes, expiry, and fields that a newer version of this code wrote.

use std::time::Duration;

use domain::alert::Deadline;
use domain::bulk::{BulkPart, BulkRecord, BulkRefusals};
use domain::connection::{Connection, Timing};
use domain::connection_state::ConnectionState;
use domain::keys::{ItemKey, attention_lane, bulk_lane, waiting_lane};
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::Package;
use domain::state::{State, Waiting};
use jiff::{SignedDuration, Timestamp};
use ports::ledger::Due;
use ports::{Expect, Item, Ledger, LedgerError, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::message::is_read;

/// How long settled orders are kept.
pub(crate) const KEEP_ORDERS: Duration = Duration::from_secs(90 * 24 * 3600);

/// A record that can be stored.
pub trait Record: Serialize + DeserializeOwned {
    /// The layout this code writes. It reads this one, the one before, and the next one if it parses.
    const SCHEMA: u16;

    /// Where it stands.
    fn key(&self) -> ItemKey;

    /// Its place in the due index.
    fn due(&self, _now: Timestamp) -> Option<Due> {
        None
    }

    /// Its place in the attention index.
    fn attention(&self) -> Option<String> {
        None
    }

    /// How long it is kept after its last change.
    fn keep(&self) -> Option<Duration> {
        None
    }
}

/// A record with what is needed to write it back.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// The record.
    pub value: T,
    expect: Expect,
    /// Top-level fields that this code does not know, written back as they were.
    foreign: Map<String, Value>,
}

/// What a look-up gave.
#[derive(Debug)]
pub enum Loaded<T> {
    /// Nothing there.
    Absent,
    /// A record.
    Known(Box<Stored<T>>),
    /// Something that this code does not understand: left alone.
    Foreign,
}

impl<T: Record> Stored<T> {
    /// A record that is not stored yet.
    pub fn new(value: T) -> Self {
        Self { value, expect: Expect::Absent, foreign: Map::new() }
    }

    /// Reads an item; `None` if this code does not understand it.
    #[must_use]
    pub fn read(item: &Item) -> Option<Self> {
        let raw: Map<String, Value> = serde_json::from_str(&item.body).ok()?;
        let schema = raw.get("schema").and_then(Value::as_u64).unwrap_or(0);
        if !is_read(schema, T::SCHEMA) {
            return None;
        }
        let value: T = serde_json::from_value(Value::Object(raw.clone())).ok()?;
        let known = object(&value);
        // A field that reading and writing again loses is not ours, or is empty now: only the former is kept.
        let foreign =
            raw.into_iter().filter(|(name, value)| !known.contains_key(name) && !is_empty(value)).collect();
        Some(Self { value, expect: Expect::Version(item.version), foreign })
    }

    /// Whether it was read from the ledger.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.expect != Expect::Absent
    }

    /// A write that holds only if nobody else wrote meanwhile.
    #[must_use]
    pub fn into_write(self, now: Timestamp) -> Write {
        let mut body = self.foreign;
        body.extend(object(&self.value));
        let expires_at = self.value.keep().and_then(|keep| later(now, keep));
        Write::Put {
            item: Item {
                key: self.value.key(),
                version: 0,
                body: Value::Object(body).to_string(),
                due: self.value.due(now),
                attention: self.value.attention(),
                expires_at,
            },
            expect: self.expect,
        }
    }

    /// The condition under which it may be written back.
    #[must_use]
    pub fn expectation(&self) -> Expect {
        self.expect
    }

    /// A condition that nobody else wrote meanwhile.
    #[must_use]
    pub fn check(&self) -> Write {
        Write::Check { key: self.value.key(), expect: self.expect }
    }
}

fn object<T: Serialize>(value: &T) -> Map<String, Value> {
    // Records are structs of texts and numbers: they always serialise, to an object.
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(rows) => rows.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(_) | Value::String(_) => false,
    }
}

/// `now` and a span later.
#[must_use]
pub fn later(now: Timestamp, span: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(span).ok()?).ok()
}

/// Loads one record.
///
/// # Errors
/// The ledger does not answer.
pub async fn load<T: Record>(ledger: &dyn Ledger, key: &ItemKey) -> Result<Loaded<T>, LedgerError> {
    Ok(match ledger.get(key).await? {
        None => Loaded::Absent,
        Some(item) => Stored::read(&item).map_or(Loaded::Foreign, |s| Loaded::Known(Box::new(s))),
    })
}

/// By when an order must be shipped; its packages say when an open matter is mailed again.
pub(crate) fn deadline_of(order: &MarketplaceOrder) -> Deadline {
    let ship_by = order.facts.as_ref().and_then(|facts| facts.ship_by);
    Deadline { ship_by, remind_before: Timing::default().remind_before, cancels_at: None }
}

impl Record for StoreOrder {
    const SCHEMA: u16 = StoreOrder::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::store_order(&self.order)
    }

    fn due(&self, now: Timestamp) -> Option<Due> {
        let at = [self.next_look, self.alerts.next_due(now, &Deadline::NONE)];
        at.into_iter().flatten().min().map(|at| Due { lane: self.key().time_lane(), at })
    }

    fn attention(&self) -> Option<String> {
        (matches!(self.link, Link::Unclear { .. }) || self.alerts.open())
            .then(|| attention_lane(&self.order.account))
    }

    fn keep(&self) -> Option<Duration> {
        Some(KEEP_ORDERS)
    }
}

impl Record for MarketplaceOrder {
    const SCHEMA: u16 = MarketplaceOrder::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::marketplace_order(&self.order)
    }

    fn due(&self, now: Timestamp) -> Option<Due> {
        if self.waits_for_tokens {
            let deadline = self.facts.as_ref().and_then(|f| f.ship_by).unwrap_or(now);
            return Some(Due { lane: waiting_lane(&self.order.account), at: deadline });
        }
        let at = [self.next_look, self.reversals_due(), self.alerts.next_due(now, &deadline_of(self))];
        at.into_iter().flatten().min().map(|at| Due { lane: self.key().time_lane(), at })
    }

    fn attention(&self) -> Option<String> {
        self.alerts.open().then(|| attention_lane(&self.order.account))
    }

    fn keep(&self) -> Option<Duration> {
        Some(KEEP_ORDERS)
    }
}

impl Record for Package {
    const SCHEMA: u16 = Package::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::package(&self.order, &self.key)
    }

    fn due(&self, now: Timestamp) -> Option<Due> {
        if let State::Planned { waiting, .. } = &self.state {
            let lane = match waiting {
                Waiting::Tokens | Waiting::Connection => Some(waiting_lane(&self.order.account)),
                Waiting::Bulk => Some(bulk_lane(&self.order.account)),
                Waiting::Nothing
                | Waiting::Pause { .. }
                | Waiting::OtherPackage
                | Waiting::Facts
                | Waiting::LastParcel => None,
            };
            if let Some(lane) = lane {
                return Some(Due { lane, at: self.turn() });
            }
        }
        let at = [
            self.state.next_look(),
            self.alerts.next_due(now, &self.deadline()),
            self.quiet_reminder(),
            self.decided_again_at,
        ];
        at.into_iter().flatten().min().map(|at| Due { lane: self.key().time_lane(), at })
    }

    fn attention(&self) -> Option<String> {
        (self.state.needs_a_person() || self.alerts.open()).then(|| attention_lane(&self.order.account))
    }

    fn keep(&self) -> Option<Duration> {
        self.state.settled().then_some(KEEP_ORDERS)
    }
}

impl Record for BulkRecord {
    const SCHEMA: u16 = Self::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::bulk(&self.account, &self.id)
    }

    fn due(&self, _now: Timestamp) -> Option<Due> {
        self.is_live().then(|| Due { lane: self.key().time_lane(), at: self.next_look })
    }

    fn keep(&self) -> Option<Duration> {
        // Of one that nothing went into, or that the marketplace never had, nothing is to be told.
        let idle = self.messages == 0 || self.released_at.is_some();
        let keep = if idle { KEEP_EMPTY } else { KEEP_ORDERS };
        (!self.is_live()).then_some(keep)
    }
}

/// How long a bulk is kept that nothing went into, or that was never handed over.
const KEEP_EMPTY: Duration = Duration::from_secs(86_400);
/// How long the messages of a bulk are kept: longer than any bulk takes.
const KEEP_PARTS: Duration = Duration::from_secs(28 * 86_400);

impl Record for BulkPart {
    const SCHEMA: u16 = BulkRecord::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::bulk_part(&self.account, &self.bulk, self.part)
    }

    fn keep(&self) -> Option<Duration> {
        Some(KEEP_PARTS)
    }
}

impl Record for BulkRefusals {
    const SCHEMA: u16 = BulkRecord::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::bulk_refusals(&self.account, &self.bulk, self.nth)
    }

    fn keep(&self) -> Option<Duration> {
        Some(KEEP_PARTS)
    }
}

impl Record for Connection {
    const SCHEMA: u16 = Connection::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::connection(&self.account)
    }
}

impl Record for ConnectionState {
    const SCHEMA: u16 = ConnectionState::SCHEMA;

    fn key(&self) -> ItemKey {
        ItemKey::connection_state(&self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_shop::{account, at};

    #[test]
    fn a_record_of_the_next_layout_keeps_its_fields_and_one_beyond_is_left_alone() {
        let state = ConnectionState::starting(account("shop"), at(0));
        let with = |schema: u16| {
            let mut body = object(&state);
            body.insert("schema".into(), schema.into());
            body.insert("unheard_of".into(), "kept".into());
            let body = Value::Object(body).to_string();
            Item { key: state.key(), version: 3, body, due: None, attention: None, expires_at: None }
        };
        let today = ConnectionState::SCHEMA;
        for schema in [today - 1, today, today + 1] {
            let stored = Stored::<ConnectionState>::read(&with(schema)).unwrap();
            let Write::Put { item, .. } = stored.into_write(at(1)) else { panic!("no write") };
            assert!(item.body.contains("unheard_of"), "{schema}");
        }
        assert!(Stored::<ConnectionState>::read(&with(today + 2)).is_none());
    }
}
