//! What every implementation of a port must do, as functions that panic where one does not.
//!
//! Run by the tests of each implementation: in memory here, DynamoDB and the one-machine queue in
//! `infra/local`. Production code never calls them. They need keys that nothing else uses, so hand them fresh
//! stores. Nothing here sleeps: where time must pass, the caller says how.

mod credentials;
mod ledger;
mod ledger_indexes;
mod ledger_limits;
mod queue;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

pub use credentials::{credentials, webhook_secrets};
pub use queue::{QueueProbe, Received, queue};

use crate::Ledger;

/// Checks a ledger: conditions, versions, all or nothing, order, paging, indexes, limits, concurrency.
///
/// The ledger must be empty. It stores about 3 MB. An index that follows late (DynamoDB's do, by about a
/// second) is not waited for: run it where indexes are immediate.
///
/// # Panics
/// Where the ledger breaks its contract.
pub async fn ledger(tested: &dyn Ledger) {
    ledger::run(tested).await;
    ledger_indexes::run(tested).await;
    ledger_limits::run(tested).await;
}

/// Something to be done, any time.
type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs all tasks at once and waits for every one; answers in the order of the tasks.
async fn together<T: Unpin>(tasks: Vec<Task<'_, T>>) -> Vec<T> {
    let mut slots: Vec<Result<T, Task<'_, T>>> = tasks.into_iter().map(Err).collect();
    poll_fn(|context| {
        for slot in &mut slots {
            if let Err(task) = slot
                && let Poll::Ready(value) = task.as_mut().poll(context)
            {
                *slot = Ok(value);
            }
        }
        if slots.iter().all(Result::is_ok) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    slots.into_iter().filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests;
