//! Our clock against the `Date` header of everybody who answers.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use connector_api::Check;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::{Clock, Transport, TransportError};

/// Further off than this is worth a warning.
const WARN: SignedDuration = SignedDuration::from_secs(60);
/// Further off than this breaks signatures, tokens and deadlines.
const BAD: SignedDuration = SignedDuration::from_mins(5);

/// Passes requests on, and compares clocks by the answers.
pub(super) struct ClockWatch<'a> {
    inner: &'a dyn Transport,
    clock: &'a dyn Clock,
    /// How far we are ahead of each who answered.
    ahead: Mutex<Vec<SignedDuration>>,
}

impl<'a> ClockWatch<'a> {
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

/// How far we are ahead of a server that said `date` between these two moments.
///
/// A date is cut to whole seconds, so anything within its second, and within the time the answer took, is no
/// difference. A server's date is never older than its answer, a cache's may be: none of ours is cached.
fn ahead(sent: Timestamp, received: Timestamp, date: Timestamp) -> SignedDuration {
    let end_of_second = date.saturating_add(SignedDuration::from_secs(1)).unwrap_or(date);
    if sent > end_of_second {
        sent.duration_since(end_of_second)
    } else if received < date {
        received.duration_since(date)
    } else {
        SignedDuration::ZERO
    }
}

#[async_trait]
impl Transport for ClockWatch<'_> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let sent = self.clock.now();
        let response = self.inner.send(request).await?;
        let received = self.clock.now();
        let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(read_date) {
            let mut all = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(ahead(sent, received, date));
        }
        Ok(response)
    }
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn read_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::Outcome;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_is_whole_seconds_and_an_answer_takes_its_time() {
        let date = read_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(date, at("2026-11-21T10:00:00Z"));
        assert_eq!(read_date("yesterday"), None);
        for (sent, received, want) in [
            ("2026-11-21T10:00:00.9Z", "2026-11-21T10:00:01.2Z", 0),
            ("2026-11-21T09:59:40Z", "2026-11-21T10:00:10Z", 0),
            ("2026-11-21T10:10:01Z", "2026-11-21T10:10:02Z", 600),
            ("2026-11-21T09:49:59Z", "2026-11-21T09:50:00Z", -600),
        ] {
            assert_eq!(ahead(at(sent), at(received), date).as_secs(), want, "{sent}");
        }
    }

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
