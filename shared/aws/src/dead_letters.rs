//! Dead letters in SQS: how many there are, and putting them back.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use ports::QueueError;

use crate::explain::explain;

/// Seconds that a letter is hidden while it is put back: longer than the two calls this takes.
const HIDDEN: i32 = 60;
/// Seconds to wait for letters: above zero SQS asks all its servers, so that an empty answer means none are left.
const WAIT: i32 = 1;
/// The most that SQS hands over at once.
const AT_ONCE: i32 = 10;

/// A queue and the one its dead letters go to.
#[derive(Clone, Debug)]
pub struct SqsDeadLetters {
    client: Client,
    queue: String,
    letters: String,
}

/// What a queue holds, as near as SQS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait or are being worked on.
    pub waiting: u64,
    /// Messages that are not to be seen yet.
    pub delayed: u64,
    /// Dead letters.
    pub dead: u64,
}

impl SqsDeadLetters {
    /// Of the queue at `queue`, whose dead letters lie at `letters`.
    #[must_use]
    pub fn new(client: Client, queue: impl Into<String>, letters: impl Into<String>) -> Self {
        Self { client, queue: queue.into(), letters: letters.into() }
    }

    /// Puts every dead letter back into its queue; returns how many.
    ///
    /// Each is sent before it is taken away, so a crash between repeats one and loses none: a message only means
    /// *look at this order again*.
    ///
    /// # Errors
    /// SQS does not answer. What was put back until then stays; the rest is still there.
    pub async fn redrive(&self) -> Result<usize, QueueError> {
        let mut done = 0;
        loop {
            let taken = self
                .client
                .receive_message()
                .queue_url(&self.letters)
                .max_number_of_messages(AT_ONCE)
                .visibility_timeout(HIDDEN)
                .wait_time_seconds(WAIT)
                .send()
                .await
                .map_err(|e| QueueError::Unavailable(explain("ReceiveMessage", &e)))?;
            let messages = taken.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(done);
            }
            for message in messages {
                let body = message.body.unwrap_or_default();
                self.client
                    .send_message()
                    .queue_url(&self.queue)
                    .message_body(body)
                    .send()
                    .await
                    .map_err(|e| QueueError::Unavailable(explain("SendMessage", &e)))?;
                self.client
                    .delete_message()
                    .queue_url(&self.letters)
                    .receipt_handle(message.receipt_handle.unwrap_or_default())
                    .send()
                    .await
                    .map_err(|e| QueueError::Unavailable(explain("DeleteMessage", &e)))?;
                done += 1;
            }
        }
    }

    /// What both queues hold.
    ///
    /// # Errors
    /// SQS does not answer.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let (waiting, delayed) = self.count(&self.queue).await?;
        let (dead, late) = self.count(&self.letters).await?;
        Ok(Depth { waiting, delayed, dead: dead + late })
    }

    /// Messages at an address: those that wait or are worked on, and those that are delayed.
    async fn count(&self, url: &str) -> Result<(u64, u64), QueueError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .send()
            .await
            .map_err(|e| QueueError::Unavailable(explain("GetQueueAttributes", &e)))?;
        let counts = answer.attributes.unwrap_or_default();
        let count = |name| counts.get(&name).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        let hidden = count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let waiting = count(QueueAttributeName::ApproximateNumberOfMessages) + hidden;
        Ok((waiting, count(QueueAttributeName::ApproximateNumberOfMessagesDelayed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/000000000000/p-inbound";
    const LETTERS: &str = "https://sqs.eu-central-1.amazonaws.com/000000000000/p-inbound-dlq";

    fn letters(fake: &FakeHttp) -> SqsDeadLetters {
        SqsDeadLetters::new(fake.clients().sqs(), QUEUE, LETTERS)
    }

    fn two() -> Answer {
        Answer::json(
            200,
            r#"{"Messages":[{"Body":"a","ReceiptHandle":"ra","MessageId":"1"},
                            {"Body":"b","ReceiptHandle":"rb","MessageId":"2"}]}"#,
        )
    }

    fn sent() -> Answer {
        Answer::json(200, r#"{"MessageId":"9"}"#)
    }

    #[tokio::test]
    async fn each_letter_is_sent_before_it_is_taken_away_until_none_is_left() {
        let gone = || Answer::json(200, "{}");
        let fake = FakeHttp::answering([two(), sent(), gone(), sent(), gone(), Answer::json(200, "{}")]);
        assert_eq!(letters(&fake).redrive().await, Ok(2));
        let seen: Vec<(String, String)> = fake.seen().into_iter().map(|s| (s.target, s.body)).collect();
        let targets: Vec<&str> = seen.iter().map(|(t, _)| t.trim_start_matches("AmazonSQS.")).collect();
        let each = ["SendMessage", "DeleteMessage"];
        assert_eq!(targets, [&["ReceiveMessage"][..], &each, &each, &["ReceiveMessage"]].concat());
        for (index, (place, text)) in
            [(0, LETTERS), (1, QUEUE), (2, LETTERS), (3, QUEUE), (4, LETTERS)].into_iter().enumerate()
        {
            assert!(seen[place].1.contains(&format!("\"{text}\"")), "{index}: {}", seen[place].1);
        }
        assert!(seen[1].1.contains(r#""MessageBody":"a""#) && seen[2].1.contains(r#""ra""#));
    }

    #[tokio::test]
    async fn a_letter_that_cannot_be_sent_stays_where_it_is() {
        let down =
            Answer::json(400, r#"{"__type":"AWS.SimpleQueueService.NonExistentQueue","message":"none"}"#);
        let fake = FakeHttp::answering([two(), down]);
        let Err(QueueError::Unavailable(words)) = letters(&fake).redrive().await else { panic!("redriven") };
        assert!(words.contains("SendMessage") && words.contains("none"), "{words}");
        assert!(fake.seen().iter().all(|seen| !seen.target.contains("Delete")));
    }

    #[tokio::test]
    async fn what_waits_or_is_worked_on_is_told_apart_from_what_is_delayed() {
        let counts = |a: u8, b: u8, c: u8| {
            Answer::json(
                200,
                &format!(
                    r#"{{"Attributes":{{"ApproximateNumberOfMessages":"{a}",
                       "ApproximateNumberOfMessagesNotVisible":"{b}","ApproximateNumberOfMessagesDelayed":"{c}"}}}}"#
                ),
            )
        };
        let fake = FakeHttp::answering([counts(1, 2, 4), counts(8, 0, 0)]);
        assert_eq!(letters(&fake).depth().await, Ok(Depth { waiting: 3, delayed: 4, dead: 8 }));
    }
}
