//! What stands behind the ports on one machine: a database, a queue and a mailbox in one directory.
//!
//! Everything is SQLite in WAL mode, flushed to the disk before a call is answered, so it survives a crash of
//! the process and of the machine. The command line may open the same files while the system serves.

mod data_dir;
mod database;
mod mailbox;
mod queue;
mod smtp;
mod tokens;
mod trouble;
mod wire;
mod writer;

pub(crate) use data_dir::{DataDir, ServeLock};
pub(crate) use database::Database;
pub(crate) use mailbox::{KeptMail, Mailbox};
#[cfg(test)]
pub(crate) use queue::{Counts, Receipt};
pub(crate) use queue::{LocalQueue, Received};
pub(crate) use smtp::{Encryption, SmtpMail, SmtpSettings};
pub(crate) use tokens::LocalCredentials;

#[cfg(test)]
mod tests;
