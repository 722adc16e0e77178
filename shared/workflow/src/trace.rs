//! The trace of an event: one id from the webhook to the confirmation and the mail, through both queues.
//!
//! Every message carries the id of what caused it, so that a log can be searched by it. For a few, the *sampled* ones,
//! each step is a line of its own; of the others only what counts and what went wrong is told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use ports::{Queue, QueueError, QueueName};
use serde::{Deserialize, Deserializer, Serialize};
use tracing::{Instrument as _, Span};

use crate::message::WorkError;
use crate::world::World;

/// Of how many events one is sampled.
const ONE_IN: u32 = 20;

/// What a message came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// `1-<eight hex digits>-<twenty-four hex digits>`, as AWS writes it.
    pub id: String,
    /// Whether each step is told.
    #[serde(default)]
    pub sampled: bool,
}

impl Trace {
    /// The trace of a delivery: the request's own where it names one, else one made of the delivery's id (a hash).
    ///
    /// Contract: AWS X-Ray, header `X-Amzn-Trace-Id: Root=1-…-…;Parent=…;Sampled=0|1` (developer guide, read
    /// 2026-11-21). Lambda says `Sampled=0` wherever tracing is off, so that a no decides nothing here.
    #[must_use]
    pub fn of_delivery(headers: &HeaderMap, delivery_id: &str, now: Timestamp) -> Self {
        let header = headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let field = |name: &str| {
            let fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let own = || {
            let hash: String = delivery_id.chars().filter(char::is_ascii_hexdigit).take(24).collect();
            format!("1-{:08x}-{hash:0>24}", now.as_second())
        };
        let id = field("Root").filter(|id| is_id(id)).map_or_else(own, str::to_owned);
        let sampled = field("Sampled") == Some("1") || is_drawn(&id);
        Self { id, sampled }
    }
}

/// Whether `text` is an id; nothing else of a stranger's gets into our messages and logs.
fn is_id(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(parts, (Some("1"), Some(time), Some(rest), None) if hex(time, 8) && hex(rest, 24))
}

/// Decides by the id itself, so that everybody who sees it decides alike.
fn is_drawn(id: &str) -> bool {
    let tail = id.get(id.len().saturating_sub(6)..).and_then(|tail| u32::from_str_radix(tail, 16).ok());
    tail.is_some_and(|number| number % ONE_IN == 0)
}

/// Reads a trace as leniently as it can be: a message is worked on, whatever its trace looks like.
pub(crate) fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Trace>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    let trace: Option<Trace> = serde_json::from_value(value).unwrap_or_default();
    Ok(trace.filter(|trace| is_id(&trace.id)))
}

/// A message's text with a trace in it.
#[must_use]
pub fn carry(body: &str, trace: &Trace) -> String {
    match (body.strip_suffix('}'), serde_json::to_string(trace)) {
        // Our messages are objects with a schema, so that something stands before the comma.
        (Some(rest), Ok(trace)) if body.starts_with("{\"schema\"") => {
            format!("{rest},\"trace\":{trace}}}")
        }
        _ => body.to_owned(),
    }
}

/// Works on one message inside a span that names its trace and what it is about, and says how long it took.
///
/// Whatever `work` sends through the world that it is given carries the trace on.
pub(crate) async fn follow<F>(
    world: &World,
    trace: Option<Trace>,
    about: Span,
    work: impl FnOnce(World) -> F,
) -> Result<(), WorkError>
where
    F: Future<Output = Result<(), WorkError>>,
{
    let begun = world.now();
    let mut inside = world.clone();
    let sampled = trace.as_ref().is_some_and(|trace| trace.sampled);
    if let Some(trace) = trace {
        about.record("trace_id", trace.id.as_str());
        inside.queue = Arc::new(Carrying { inner: world.queue.clone(), trace });
    }
    let done = work(inside).instrument(about.clone()).await;
    let duration_ms = millis(world.now().duration_since(begun));
    about.in_scope(|| match &done {
        Err(error) => tracing::info!(duration_ms, outcome = "failed", %error, "looked"),
        Ok(()) if sampled => tracing::info!(duration_ms, outcome = "done", "looked"),
        Ok(()) => tracing::debug!(duration_ms, outcome = "done", "looked"),
    });
    done
}

/// A duration as logs tell it.
pub(crate) fn millis(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or_default()
}

/// A queue that marks whatever is sent with the trace of what is being worked on.
pub(crate) struct Carrying {
    pub(crate) inner: Arc<dyn Queue>,
    pub(crate) trace: Trace,
}

#[async_trait]
impl Queue for Carrying {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        self.inner.send(queue, &carry(body, &self.trace), delay).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-67891233-abcdef012345678912345678";

    fn of(header: Option<&str>, delivery: &str) -> Trace {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-trace-id", header.parse().unwrap());
        }
        Trace::of_delivery(&headers, delivery, Timestamp::from_second(0x6543_2100).unwrap())
    }

    #[test]
    fn the_requests_own_id_is_taken_and_nothing_else_of_a_stranger() {
        let hash = "00112233445566778899aabbccddeeff0011223344556677";
        let ours = "1-65432100-00112233445566778899aabb";
        for (header, id) in [
            (None, ours),
            (Some(""), ours),
            (Some(&*format!("Root={ROOT}")), ROOT),
            (Some(&*format!("Self=1-2; Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0")), ROOT),
            (Some("Root=1-67891233-abcdef01234567891234567"), ours),
            (Some("Root=1-67891233-abcdef012345678912345678-9"), ours),
            (Some("Root=1-67891233-ABCDEF012345678912345678"), ours),
            (Some("Root=jane@example.com;Sampled=0"), ours),
        ] {
            assert_eq!(of(header, hash).id, id, "{header:?}");
        }
        assert!(is_id(&of(None, "").id), "whatever a delivery is called");
    }

    #[test]
    fn one_in_twenty_is_sampled_and_whoever_is_asked_to_be() {
        assert!(of(Some(&format!("Root={ROOT};Sampled=1")), "").sampled);
        let sampled = (0..20_000_u32).filter(|n| of(None, &format!("{n:024x}")).sampled).count();
        assert_eq!(sampled, 1000);
        let off = of(Some(&format!("Root={ROOT};Sampled=0")), "").sampled;
        assert_eq!(off, of(Some(&format!("Root={ROOT}")), "").sampled, "a no decides nothing");
    }

    #[test]
    fn a_text_that_is_no_message_of_ours_is_sent_as_it_is() {
        let trace = of(None, "ab");
        for text in ["", "{}", "[1]", "\"}\"", "{\"other\":1}"] {
            assert_eq!(carry(text, &trace), text);
        }
    }
}
