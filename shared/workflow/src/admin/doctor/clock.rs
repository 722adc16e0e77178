//! Our clock against the `Date` header of everybody who answers.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use connector_api::Check;
use http::{Request, Response};
use jiff::SignedDuration;
use ports::{Clock, Transport, TransportError};

use crate::clock_watch;

/// Further off than this is worth a warning.
const WARN: SignedDuration = SignedDuration::from_secs(60);
/// Further off than this breaks signatures, tokens and deadlines.
const BAD: SignedDuration = SignedDuration::from_mins(5);

/// Passes requests on, and compares clocks by the answers.
pub(super) struct ClockComparison<'a> {
    inner: &'a dyn Transport,
    clock: &'a dyn Clock,
    /// How far we are ahead of each who answered.
    ahead: Mutex<Vec<SignedDuration>>,
}

impl<'a> ClockComparison<'a> {
    pub(super) fn new(inner: &'a dyn Transport, clock: &'a dyn Clock) -> Self {
        Self { inner, clock, ahead: Mutex::default() }
    }

    /// What the answers say; nothing if nobody told the time.
    ///
    /// The nearest to us counts: one server with a wrong clock proves nothing while another agrees with us.
    pub(super) fn check(&self) -> Option<Check> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.iter().min_by_key(|ahead| ahead.abs()).map(|ahead| judge(*ahead))
    }
}

fn judge(ahead: SignedDuration) -> Check {
    const MEND: &str = "set this machine's clock by the network's time (NTP), then look again";
    let off = ahead.abs();
    if off <= WARN {
        return Check::good("clock", "the clock agrees with the others'");
    }
    let direction = if ahead.is_positive() { "fast" } else { "slow" };
    let words = format!("this machine's clock is {} s {direction} of those it talks to", off.as_secs());
    if off <= BAD { Check::warning("clock", words, MEND) } else { Check::bad("clock", words, MEND) }
}

#[async_trait]
impl Transport for ClockComparison<'_> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let sent = self.clock.now();
        let response = self.inner.send(request).await?;
        let received = self.clock.now();
        if let Some(ahead) = clock_watch::ahead(&response, sent, received) {
            self.ahead.lock().unwrap_or_else(PoisonError::into_inner).push(ahead);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::Outcome;

    #[test]
    fn a_minute_is_let_go_and_five_are_too_many() {
        for (seconds, want) in [
            (0, Outcome::Good),
            (60, Outcome::Good),
            (-60, Outcome::Good),
            (61, Outcome::Warning),
            (-300, Outcome::Warning),
            (301, Outcome::Bad),
            (-301, Outcome::Bad),
        ] {
            let check = judge(SignedDuration::from_secs(seconds));
            assert_eq!((check.outcome, check.mend.is_some()), (want, want > Outcome::Good), "{seconds}");
            assert!(want == Outcome::Good || check.words.contains(if seconds > 0 { "fast" } else { "slow" }));
        }
    }
}
