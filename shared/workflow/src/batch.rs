//! Batches: every record stands for itself. An unreadable one, or one that panics, fails alone.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alerts;
use crate::message::WorkError;
use crate::world::World;

/// A batch of queue messages, as Lambda's event source hands it over.
///
/// Contract: Lambda's SQS event, `Records[].messageId` and `.body`; the rest is not needed.
#[derive(Deserialize)]
pub struct SqsEvent {
    /// The messages.
    #[serde(rename = "Records", default)]
    pub records: Vec<SqsRecord>,
}

/// One message of a batch.
#[derive(Deserialize)]
pub struct SqsRecord {
    /// What SQS calls it.
    #[serde(rename = "messageId")]
    pub message_id: String,
    /// Its text. An absent one is as unreadable as an empty one, and fails alone.
    #[serde(default)]
    pub body: String,
    /// What SQS says of it.
    #[serde(default)]
    pub attributes: SqsAttributes,
    /// The ARN of the queue that it stood in.
    #[serde(rename = "eventSourceARN", default)]
    pub queue: String,
}

/// What SQS says of a message.
#[derive(Default, Deserialize)]
pub struct SqsAttributes {
    /// How often it was received, this time included; a number as text.
    #[serde(rename = "ApproximateReceiveCount", default)]
    pub receives: String,
    /// When the queue took it: milliseconds since 1970, as text.
    #[serde(rename = "SentTimestamp", default)]
    pub sent: String,
}

impl SqsAttributes {
    /// When the queue took the message, if that is said.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.sent.parse().ok()?).ok()
    }
}

/// How often a message is received before it is a dead letter: `maxReceiveCount` in `template.yaml`, and what
/// the one-machine queue is opened with.
pub const MAX_RECEIVES: u32 = 5;

/// Which messages of a batch are to be shown again.
///
/// Contract: Lambda's `ReportBatchItemFailures`: `batchItemFailures[].itemIdentifier`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SqsBatchResponse {
    /// Those that failed; the others are deleted.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<SqsFailure>,
}

/// A message that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SqsFailure {
    /// What SQS calls it.
    #[serde(rename = "itemIdentifier")]
    pub message_id: String,
}

impl SqsEvent {
    /// Whether it is of the queue of this ARN. A batch is of one queue: Lambda's event sources do not mix them.
    #[must_use]
    pub fn is_of(&self, queue: &str) -> bool {
        self.records.iter().all(|record| record.queue == queue)
    }
}

/// Works on every message of a Lambda batch of ours; one that fails for the last time is told of.
pub async fn answer<'a, F>(
    world: &World,
    event: &'a SqsEvent,
    mut work: impl FnMut(&'a str) -> F,
) -> SqsBatchResponse
where
    F: Future<Output = Result<(), WorkError>>,
{
    let response = answer_each(event, |record| work(&record.body)).await;
    let failed = |record: &&SqsRecord| response.failures.iter().any(|f| f.message_id == record.message_id);
    for record in event.records.iter().filter(failed) {
        let last = record.attributes.receives.parse::<u32>().is_ok_and(|receives| receives >= MAX_RECEIVES);
        if last && let Err(error) = alerts::dead_letter(world, &record.body).await {
            tracing::error!(message.id = %record.message_id, %error, "dead letter not told of; the alarm will");
        }
    }
    response
}

/// Works on every message of a Lambda batch that others wrote: no merchant can be told of one that says nothing to us.
pub async fn answer_each<'a, F>(event: &'a SqsEvent, work: impl FnMut(&'a SqsRecord) -> F) -> SqsBatchResponse
where
    F: Future<Output = Result<(), WorkError>>,
{
    let records = event.records.iter().map(|record| (record.message_id.clone(), record));
    let failed = each(records, work).await;
    SqsBatchResponse { failures: failed.into_iter().map(|message_id| SqsFailure { message_id }).collect() }
}

/// Works on every record and returns the ids of those that failed: SQS shows these again, and only these.
///
/// The records are worked on side by side, so that a slow account does not spend the others' time.
///
/// Contract: Lambda `ReportBatchItemFailures`: the returned ids are retried, the others deleted.
pub async fn each<T, F>(
    records: impl IntoIterator<Item = (String, T)>,
    mut work: impl FnMut(T) -> F,
) -> Vec<String>
where
    F: Future<Output = Result<(), WorkError>>,
{
    let all = records.into_iter().map(|(id, body)| {
        let work = AssertUnwindSafe(work(body)).catch_unwind();
        async move {
            match work.await.unwrap_or(Err(WorkError::Panicked)) {
                Ok(()) => None,
                Err(error) => {
                    // Logged once, where it ends; the body may be large and is kept in the queue anyway.
                    tracing::warn!(message.id = %id, error = %error, "a record failed and will be shown again");
                    Some(id)
                }
            }
        }
    });
    futures::future::join_all(all).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn exactly_the_failed_records_are_returned_for_every_subset_of_ten() {
        let bodies: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        for subset in 0_u32..1024 {
            let failed = block_on(each(bodies.iter().map(|b| (format!("id{b}"), b.as_str())), |body| {
                let n: u32 = body.parse().unwrap();
                let fails = subset & (1 << n) != 0;
                async move { if fails { Err(WorkError::Unreadable("x".into())) } else { Ok(()) } }
            }));
            let want: Vec<String> =
                (0..10).filter(|n| subset & (1 << n) != 0).map(|n| format!("id{n}")).collect();
            assert_eq!(failed, want);
        }
    }

    #[test]
    fn law_4_a_panic_fails_only_its_own_record() {
        let failed = block_on(each(
            [("a".to_owned(), "1"), ("b".to_owned(), "2"), ("c".to_owned(), "3")],
            |body| async move {
                assert!(body != "2", "poison");
                Ok(())
            },
        ));
        assert_eq!(failed, ["b"]);
    }

    #[test]
    fn lambda_is_told_which_messages_to_show_again() {
        let event = r#"{"Records":[{"messageId":"a","body":"1","eventSource":"aws:sqs","attributes":{}},
            {"messageId":"b","body":"2"},{"messageId":"c"}]}"#;
        let event: SqsEvent = serde_json::from_str(event).unwrap();
        let stage = crate::test_shop::Stage::new();
        let work = |body: &str| {
            let fails = body != "1";
            async move { if fails { Err(WorkError::Panicked) } else { Ok(()) } }
        };
        let response = serde_json::to_string(&block_on(answer(&stage.world, &event, work))).unwrap();
        assert_eq!(response, r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}"#);
        assert!(!event.is_of("arn:aws:sqs:us-east-1:1:other"), "one that names no queue is of none");
        let empty: SqsEvent = serde_json::from_str(r#"{"Records":[]}"#).unwrap();
        assert_eq!(block_on(answer(&stage.world, &empty, work)).failures, []);
    }

    #[test]
    fn what_sqs_says_of_a_message_is_read_leniently() {
        let event = r#"{"Records":[{"messageId":"a","body":"1","eventSourceARN":"arn:aws:sqs:us-east-1:1:q",
            "attributes":{"SentTimestamp":"1700000000123","ApproximateReceiveCount":"2"}}]}"#;
        let event: SqsEvent = serde_json::from_str(event).unwrap();
        assert!(event.is_of("arn:aws:sqs:us-east-1:1:q"));
        assert!(!event.is_of("arn:aws:sqs:us-east-1:1:q2"));
        let sent = event.records[0].attributes.sent_at().unwrap();
        assert_eq!(sent.as_millisecond(), 1_700_000_000_123);
        for strange in ["", "soon", "99999999999999999999"] {
            assert_eq!(
                SqsAttributes { sent: strange.into(), ..Default::default() }.sent_at(),
                None,
                "{strange}"
            );
        }
        let response = block_on(answer_each(&event, |_| async { Err(WorkError::Unreadable("x".into())) }));
        assert_eq!(response.failures.len(), 1);
    }
}
