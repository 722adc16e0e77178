//! Whether our clock is right: every answer from outside says what time it is there.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header;
use jiff::{SignedDuration, Timestamp};
use ports::{Clock, Transport, TransportError};

use crate::metrics::{About, Metric, note};

/// A difference above this is told: a header names whole seconds, and an answer may travel for twenty.
const TOO_MUCH: SignedDuration = SignedDuration::from_secs(60);
/// How often it is told, while it lasts.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A transport that compares the `Date` of each answer with our clock, and changes nothing.
pub struct ClockWatch {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    told_at: Mutex<Option<Timestamp>>,
}

impl ClockWatch {
    /// Watches the answers of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, told_at: Mutex::new(None) }
    }

    fn tell(&self, skew: SignedDuration, now: Timestamp, host: &str) {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_some_and(|at| now.duration_since(at) < EVERY) {
            return;
        }
        *told_at = Some(now);
        note(
            Metric::ClockSkew,
            skew.unsigned_abs().as_secs(),
            &About { detail: Some(host), ..About::default() },
        );
    }
}

impl std::fmt::Debug for ClockWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockWatch")
    }
}

#[async_trait]
impl Transport for ClockWatch {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let sent = self.clock.now();
        let answer = self.inner.send(request).await?;
        let now = self.clock.now();
        if let Some(skew) = ahead(&answer, sent, now).filter(|skew| skew.abs() > TOO_MUCH) {
            self.tell(skew, now, &host);
        }
        Ok(answer)
    }
}

/// How far we are ahead of whoever gave this answer between these two moments; `None` if it does not say the time.
///
/// A date is cut to whole seconds, so anything within its second, and within the time the answer took, is no
/// difference. A server's date is never older than its answer, a cache's may be: none of ours is cached.
pub(crate) fn ahead(
    answer: &http::Response<Vec<u8>>,
    sent: Timestamp,
    received: Timestamp,
) -> Option<SignedDuration> {
    // `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
    let said = answer.headers().get(header::DATE)?.to_str().ok()?;
    let said = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(said.trim()).ok()?;
    let end_of_second = said.saturating_add(SignedDuration::from_secs(1)).unwrap_or(said);
    Some(if sent > end_of_second {
        sent.duration_since(end_of_second)
    } else if received < said {
        received.duration_since(said)
    } else {
        SignedDuration::ZERO
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use futures::executor::block_on;
    use ports::memory::ManualClock;

    struct Says(&'static str);

    #[async_trait]
    impl Transport for Says {
        async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
            let mut answer = http::Response::new(b"same".to_vec());
            if !self.0.is_empty() {
                answer.headers_mut().insert(header::DATE, self.0.parse().unwrap());
            }
            Ok(answer)
        }
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_a_minute_is_told_once_a_minute() {
        for (date, told) in [
            ("Sat, 21 Nov 2026 10:00:00 GMT", false),
            ("Sat, 21 Nov 2026 10:01:00 GMT", false),
            ("Sat, 21 Nov 2026 10:01:01 GMT", true),
            ("Sat, 21 Nov 2026 09:58:58 GMT", true),
            ("Sat, 21 Nov 2026 09:58:59 GMT", false),
            ("", false),
            ("yesterday", false),
        ] {
            let clock = Arc::new(ManualClock::at("2026-11-21T10:00:00Z".parse().unwrap()));
            let watch = ClockWatch::new(Arc::new(Says(date)), clock.clone());
            let send = || block_on(watch.send(http::Request::new(Vec::new()))).unwrap();
            assert_eq!(send().body(), b"same");
            let first = *watch.told_at.lock().unwrap();
            assert_eq!(first.is_some(), told, "{date:?}");
            clock.advance(Duration::from_secs(30));
            if told && date.contains("10:01") {
                // Half a minute later it is told already, whatever the difference is now.
                send();
                assert_eq!(*watch.told_at.lock().unwrap(), first);
            }
        }
    }

    #[test]
    fn a_date_is_whole_seconds_and_an_answer_takes_its_time() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut answer = http::Response::new(Vec::new());
        assert_eq!(ahead(&answer, at("2026-11-21T10:00:00Z"), at("2026-11-21T10:00:00Z")), None);
        answer.headers_mut().insert(header::DATE, "Sat, 21 Nov 2026 10:00:00 GMT".parse().unwrap());
        for (sent, received, want) in [
            ("2026-11-21T10:00:00.9Z", "2026-11-21T10:00:01.2Z", 0),
            ("2026-11-21T09:59:40Z", "2026-11-21T10:00:10Z", 0),
            ("2026-11-21T10:10:01Z", "2026-11-21T10:10:02Z", 600),
            ("2026-11-21T09:49:59Z", "2026-11-21T09:50:00Z", -600),
        ] {
            let seconds = ahead(&answer, at(sent), at(received)).map(|by| by.as_secs());
            assert_eq!(seconds, Some(want), "{sent}");
        }
    }
}
