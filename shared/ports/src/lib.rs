//! Ports: the only ways by which the workflow and the connectors reach the outside.
//!
//! Each has an implementation in [`memory`] for tests and the simulation; the real ones are in
//! `shared/aws`, `shared/connector-api` (HTTP) and `infra/local`.

pub mod check_up;
pub mod clock;
pub mod contract;
pub mod credentials;
pub mod ledger;
pub mod mail;
pub mod memory;
pub mod queue;
pub mod transport;

pub use check_up::{Check, CheckUp, Outcome};
pub use clock::{Clock, Rng, SystemClock, SystemRng};
pub use credentials::{
    AccessToken, Credential, CredentialError, Credentials, NoCredentials, WebhookKeys, WebhookSecrets,
};
pub use ledger::{Expect, Item, ItemKey, Ledger, LedgerError, Page, Table, Write};
pub use mail::{Mail, MailError, NoMail, OperatorNotice, OutgoingMail, without_addresses};
pub use queue::{Queue, QueueError, QueueName};
pub use transport::{Transport, TransportError};
