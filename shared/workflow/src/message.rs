//! What stands in the queues. Every message means the same: look at this again.

use connector_api::Delivery;
use domain::facts::StoreFacts;
use domain::ids::{Account, MarketplaceOrderRef, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use serde::{Deserialize, Serialize};

use crate::sync::Erasure;
use crate::trace::Trace;

/// The layout written today; see `is_read` for those that are read.
pub const SCHEMA: u16 = 1;

/// Whether a layout is read by code that writes the layout `today`: this one, the one before, and the next one.
///
/// The next one is there while a deploy is half way, or taken back. It is worked on only if it parses, which is
/// safe: layouts add fields, and fields that are not known here are written back as they were. Everything newer
/// is left alone.
pub(crate) fn is_read(found: u64, today: u16) -> bool {
    let today = u64::from(today);
    found.saturating_add(1) >= today && found <= today.saturating_add(1)
}

/// Refuses a layout that is not read.
pub(crate) fn check_layout(found: u16) -> Result<(), WorkError> {
    if is_read(found.into(), SCHEMA) {
        Ok(())
    } else {
        Err(WorkError::Unreadable(format!("layout {found} is not read by code that writes {SCHEMA}")))
    }
}

/// A message of the inbound queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its layout.
    pub schema: u16,
    /// What to look at.
    pub look: Look,
    /// What it came from; older code sends none and passes over it.
    #[serde(default, deserialize_with = "crate::trace::lenient", skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Look {
    /// A verified, reduced delivery of a store or a marketplace.
    Delivery {
        /// Whose.
        account: Account,
        /// The connector that reads it.
        kind: String,
        /// The delivery.
        delivery: Delivery,
    },
    /// Facts that a poll found.
    Facts {
        /// The store order.
        order: StoreOrderRef,
        /// What is known of it.
        facts: StoreFacts,
    },
    /// A store order.
    StoreOrder {
        /// Which.
        order: StoreOrderRef,
    },
    /// A marketplace order.
    Order {
        /// Which.
        order: MarketplaceOrderRef,
    },
    /// The parcels that wait for this account's tokens.
    Wake {
        /// Whose.
        account: Account,
        /// Which arming of it; older ones are void.
        generation: u64,
    },
    /// The bulk of this account that is underway.
    Bulk {
        /// Whose.
        account: Account,
    },
    /// Everything of this account that waits for an answer: one was given.
    Answered {
        /// Whose.
        account: Account,
    },
    /// The rest of that, where there was too much for one message.
    AnsweredFrom {
        /// Whose.
        account: Account,
        /// The page of the attention index to go on with.
        page: String,
    },
    /// What is left to be erased of this account.
    Erase {
        /// Whose.
        account: Account,
        /// What, why, and how far it came.
        erasure: Erasure,
    },
}

impl Look {
    /// The message text.
    #[must_use]
    pub fn to_body(self) -> String {
        // Messages are structs of texts and numbers: they always serialise.
        serde_json::to_string(&Message { schema: SCHEMA, look: self, trace: None }).unwrap_or_default()
    }
}

/// A message of the alert queue: alerts of this record are to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertMessage {
    /// Its layout.
    pub schema: u16,
    /// The record's partition key in table `orders`, or in `connections`.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
    /// Stands in table `connections`.
    #[serde(default)]
    pub connection: bool,
    /// What it came from; older code sends none and passes over it.
    #[serde(default, deserialize_with = "crate::trace::lenient", skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

impl AlertMessage {
    /// A hint that the record at `key` has alerts to tell.
    #[must_use]
    pub fn about(key: &ItemKey) -> Self {
        Self {
            schema: SCHEMA,
            pk: key.pk.clone(),
            sk: key.sk.clone(),
            connection: key.table == Table::Connections,
            trace: None,
        }
    }

    /// The record.
    #[must_use]
    pub fn key(&self) -> ItemKey {
        let table = if self.connection { Table::Connections } else { Table::Orders };
        ItemKey { table, pk: self.pk.clone(), sk: self.sk.clone() }
    }

    /// The message text.
    #[must_use]
    pub fn to_body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a message cannot be worked on now, or at all.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// It is no message of ours, or one of a layout that this code does not know.
    #[error("unreadable message: {0}")]
    Unreadable(String),
    /// The ledger does not answer, or others were always first.
    #[error(transparent)]
    Ledger(#[from] ports::LedgerError),
    /// The queue does not take what follows.
    #[error(transparent)]
    Queue(#[from] ports::QueueError),
    /// A change of state that the ledger forbids: a defect of ours.
    #[error(transparent)]
    Edge(#[from] domain::state::BadEdge),
    /// The connection of the message is not configured (any more).
    #[error("no connection {0} is configured")]
    NoConnection(Account),
    /// The worker panicked.
    #[error("the worker panicked")]
    Panicked,
}

/// Reads a message.
///
/// # Errors
/// [`WorkError::Unreadable`]: it ends in the dead letters, where a person sees it.
pub fn read(body: &str) -> Result<Look, WorkError> {
    Ok(read_traced(body)?.0)
}

/// Reads a message, and what it came from.
///
/// # Errors
/// As [`read`].
pub fn read_traced(body: &str) -> Result<(Look, Option<Trace>), WorkError> {
    #[derive(Deserialize)]
    struct Head {
        schema: u16,
    }
    let head: Head = serde_json::from_str(body).map_err(|error| WorkError::Unreadable(error.to_string()))?;
    check_layout(head.schema)?;
    let message: Message =
        serde_json::from_str(body).map_err(|error| WorkError::Unreadable(error.to_string()))?;
    Ok((message.look, message.trace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_layout_the_one_before_and_the_next_are_read() {
        let read: Vec<u64> = (0..10).filter(|found| is_read(*found, 5)).collect();
        assert_eq!(read, [4, 5, 6]);
        assert!(is_read(0, 1), "before the first one, there was none to write down");
        let message = |schema: u16| {
            let look = r#"{"at":"answered","account":{"merchant":"m","connection":"c"},"new":1}"#;
            super::read(&format!(r#"{{"schema":{schema},"look":{look},"newer":true}}"#))
        };
        assert!(message(SCHEMA).is_ok() && message(SCHEMA - 1).is_ok());
        assert!(message(SCHEMA + 1).is_ok(), "fields that are not known yet do no harm");
        assert!(matches!(message(SCHEMA + 2), Err(WorkError::Unreadable(_))));
        let next = r#"{"schema":2,"look":{"at":"unheard_of"}}"#;
        assert!(matches!(super::read(next), Err(WorkError::Unreadable(_))), "it must parse");
    }

    #[test]
    fn a_message_carries_its_trace_is_read_without_one_and_by_code_that_knows_none() {
        /// How messages were read before there were traces.
        #[derive(Deserialize)]
        struct Before {
            schema: u16,
            look: Look,
        }
        let account = Account::new("m".try_into().unwrap(), "c".try_into().unwrap());
        let look = Look::Answered { account: account.clone() };
        let plain = look.clone().to_body();
        assert_eq!(read_traced(&plain).unwrap(), (look.clone(), None));
        let trace = Trace { id: "1-67891233-abcdef012345678912345678".into(), sampled: true };
        let traced = crate::trace::carry(&plain, &trace);
        assert_eq!(read_traced(&traced).unwrap(), (look.clone(), Some(trace.clone())));
        let before: Before = serde_json::from_str(&traced).unwrap();
        assert_eq!((before.schema, before.look), (SCHEMA, look.clone()));
        // Whatever stands there: the order is looked at.
        for strange in
            ["null", "1", "\"x\"", "{}", r#"{"id":"jane@example.com"}"#, r#"{"id":1,"sampled":"no"}"#]
        {
            let body = format!("{},\"trace\":{strange}}}", plain.strip_suffix('}').unwrap());
            assert_eq!(read_traced(&body).unwrap(), (look.clone(), None), "{strange}");
        }
        let alert = AlertMessage::about(&ItemKey::connection_state(&account));
        let read = |body: &str| serde_json::from_str::<AlertMessage>(body).unwrap();
        assert_eq!(read(&alert.to_body()), alert);
        let traced = read(&crate::trace::carry(&alert.to_body(), &trace));
        assert_eq!(traced, AlertMessage { trace: Some(trace), ..alert });
    }
}
