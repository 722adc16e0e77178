//! What a check makes of a call that was not answered well.

use ports::Check;

use crate::{ChannelError, Failure};

/// The finding that a call failed, where the connector has no better words for it.
///
/// `mend` is for a refusal that only a person can mend; what may pass by itself says so instead.
#[must_use]
pub fn unanswered(check: &'static str, error: &ChannelError, mend: &str) -> Check {
    let words = format!("{} said to {}: {}", error.channel, error.operation, error.detail);
    match &error.failure {
        Failure::Throttled { .. } => {
            Check::warning(check, words, "its limit is used up just now: look again in some minutes")
        }
        Failure::Retryable { .. } => Check::bad(
            check,
            words,
            "it may pass by itself: look again in some minutes; if it lasts, look at this machine's network and at \
             the other side's status page",
        ),
        Failure::Rejected { .. }
        | Failure::CarrierRefused { .. }
        | Failure::NotFound
        | Failure::NeedsMerchant { .. } => Check::bad(check, words, mend),
    }
}
