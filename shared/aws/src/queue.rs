//! Queues in SQS.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use ports::queue::{MAX_DELAY, MAX_MESSAGE};
use ports::{Queue, QueueError, QueueName};

use crate::explain::explain;

/// Sends to standard SQS queues. Receiving is Lambda's: its event source hands the messages over.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    urls: BTreeMap<QueueName, String>,
}

impl SqsQueue {
    /// Knows the queues in `urls`; a function is given only those that it sends to.
    #[must_use]
    pub fn new(client: Client, urls: impl IntoIterator<Item = (QueueName, String)>) -> Self {
        Self { client, urls: urls.into_iter().collect() }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        if body.len() > MAX_MESSAGE {
            return Err(QueueError::TooLarge(body.len()));
        }
        let url = self.urls.get(&queue).ok_or_else(|| {
            QueueError::Unavailable(format!("the address of queue {} is not set", queue.as_str()))
        })?;
        self.client
            .send_message()
            .queue_url(url)
            .message_body(body)
            .delay_seconds(whole_seconds(delay))
            .send()
            .await
            .map(drop)
            .map_err(|e| QueueError::Unavailable(explain("SendMessage", &e)))
    }
}

/// SQS counts whole seconds: rounded up, so that a message is never seen too early.
fn whole_seconds(delay: Duration) -> i32 {
    let delay = delay.min(MAX_DELAY);
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/000000000000/inbound";

    fn queue(fake: &FakeHttp) -> SqsQueue {
        SqsQueue::new(fake.clients().sqs(), [(QueueName::Inbound, URL.to_owned())])
    }

    #[test]
    fn delays_are_rounded_up_and_cut_to_what_sqs_allows() {
        for (millis, want) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (900_000, 900), (86_400_000, 900)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), want, "{millis}");
        }
    }

    #[tokio::test]
    async fn a_message_goes_to_the_queue_it_is_for() {
        let fake = FakeHttp::answering([Answer::json(200, r#"{"MessageId":"1","MD5OfMessageBody":"x"}"#)]);
        queue(&fake)
            .send(QueueName::Inbound, r#"{"look":"again"}"#, Duration::from_millis(1500))
            .await
            .unwrap();
        let [sent] = &fake.seen()[..] else { panic!("one request") };
        let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!(sent.target, "AmazonSQS.SendMessage");
        assert_eq!(body["QueueUrl"], URL);
        assert_eq!(body["MessageBody"], r#"{"look":"again"}"#);
        assert_eq!(body["DelaySeconds"], 2);
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_not_tried() {
        let fake = FakeHttp::answering([]);
        let queue = queue(&fake);
        let large = "x".repeat(MAX_MESSAGE + 1);
        let refused = queue.send(QueueName::Inbound, &large, Duration::ZERO).await;
        assert_eq!(refused, Err(QueueError::TooLarge(large.len())));
        let unknown = queue.send(QueueName::Alerts, "{}", Duration::ZERO).await;
        assert_eq!(unknown, Err(QueueError::Unavailable("the address of queue alerts is not set".into())));
        assert!(fake.seen().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code_and_without_the_message() {
        let gone = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}"#;
        let fake = FakeHttp::answering([Answer::json(400, gone)]);
        let refused = queue(&fake).send(QueueName::Inbound, "{\"canary\":1}", Duration::ZERO).await;
        let Err(QueueError::Unavailable(words)) = refused else { panic!("{refused:?}") };
        assert!(words.contains("QueueDoesNotExist") && words.contains("no such queue"), "{words}");
        assert!(!words.contains("canary"), "{words}");
    }
}
