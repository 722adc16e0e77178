//! Every port in memory: for tests and the simulation. Deterministic, and no more lenient than the real ones.

mod clock;
mod credentials;
mod ledger;
mod mail;
mod queue;

pub use clock::{ManualClock, SeededRng};
pub use credentials::MemoryCredentials;
pub use ledger::MemoryLedger;
pub use mail::MemoryMail;
pub use queue::{MemoryQueue, Queued};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, even after a panic elsewhere: the state behind is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
