//! Queues: what SQS means by visibility, delay, receive count and dead letters.

use std::time::Duration;

use async_trait::async_trait;

use super::{Task, together};
use crate::queue::{MAX_DELAY, MAX_MESSAGE};
use crate::{Queue, QueueError, QueueName};

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What to delete it by; another one with every receive.
    pub receipt: String,
    /// What was sent.
    pub body: String,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// A queue together with the other end of it, which each implementation has in its own way.
#[async_trait]
pub trait QueueProbe: Send + Sync {
    /// The end that sends.
    fn queue(&self) -> &dyn Queue;
    /// After how many receives a message becomes a dead letter; at least 2.
    fn max_receives(&self) -> u32;
    /// Takes up to `max` visible messages and hides them for `visibility`.
    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Vec<Received>;
    /// Deletes a received message.
    async fn delete(&self, queue: QueueName, receipt: &str);
    /// Shows a received message again at once.
    async fn give_back(&self, queue: QueueName, receipt: &str);
    /// The bodies of the dead letters.
    async fn dead(&self, queue: QueueName) -> Vec<String>;
    /// Lets time go by.
    async fn pass(&self, time: Duration);
}

const HIDDEN: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// Checks a queue; it must be empty.
///
/// # Panics
/// Where the queue breaks its contract.
pub async fn queue(probe: &dyn QueueProbe) {
    for queue in QueueName::ALL {
        hides_what_was_received(probe, queue).await;
        delays(probe, queue).await;
        obeys_only_the_last_receipt(probe, queue).await;
        buries_what_keeps_failing(probe, queue).await;
        takes_messages_up_to_the_limit(probe, queue).await;
    }
    keeps_queues_apart(probe).await;
    loses_nothing_sent_at_once(probe).await;
}

async fn send(probe: &dyn QueueProbe, queue: QueueName, body: &str, delay: Duration) {
    assert_eq!(probe.queue().send(queue, body, delay).await, Ok(()), "{body:.40}");
}

async fn bodies(probe: &dyn QueueProbe, queue: QueueName) -> Vec<(String, u32)> {
    let seen = probe.receive(queue, 10, HIDDEN).await;
    seen.into_iter().map(|message| (message.body, message.receives)).collect()
}

/// The one message that is to be seen now.
async fn only(probe: &dyn QueueProbe, queue: QueueName) -> Received {
    let mut seen = probe.receive(queue, 10, HIDDEN).await;
    assert_eq!(seen.len(), 1, "one message is to be seen: {seen:?}");
    seen.remove(0)
}

async fn hides_what_was_received(probe: &dyn QueueProbe, queue: QueueName) {
    assert_eq!(bodies(probe, queue).await, [], "empty at first");
    send(probe, queue, r#"{"text":"é ✓ \" \u0001"}"#, Duration::ZERO).await;
    let first = only(probe, queue).await;
    assert_eq!((first.body.as_str(), first.receives), (r#"{"text":"é ✓ \" \u0001"}"#, 1));
    assert_eq!(bodies(probe, queue).await, [], "hidden while it is worked on");
    probe.pass(HIDDEN + SECOND).await;
    let second = only(probe, queue).await;
    assert_eq!((second.body, second.receives), (first.body, 2), "seen again, and counted");
    probe.delete(queue, &second.receipt).await;
    probe.pass(HIDDEN + SECOND).await;
    assert_eq!(bodies(probe, queue).await, [], "deleted is gone");
    probe.delete(queue, &second.receipt).await;

    for n in 0..3 {
        send(probe, queue, &format!("{{\"n\":{n}}}"), Duration::ZERO).await;
    }
    let two = probe.receive(queue, 2, HIDDEN).await;
    assert_eq!(two.len(), 2, "no more than asked for");
    let third = only(probe, queue).await;
    for message in two.iter().chain([&third]) {
        probe.delete(queue, &message.receipt).await;
    }
}

async fn delays(probe: &dyn QueueProbe, queue: QueueName) {
    send(probe, queue, "{\"late\":1}", Duration::from_secs(10)).await;
    assert_eq!(bodies(probe, queue).await, [], "not to be seen yet");
    probe.pass(Duration::from_secs(8)).await;
    assert_eq!(bodies(probe, queue).await, [], "nor a little later");
    probe.pass(Duration::from_secs(3)).await;
    let seen = only(probe, queue).await;
    assert_eq!(seen.receives, 1, "waiting is no receive");
    probe.delete(queue, &seen.receipt).await;

    send(probe, queue, "{\"late\":2}", MAX_DELAY * 1000).await;
    probe.pass(MAX_DELAY + SECOND).await;
    let seen = only(probe, queue).await;
    assert_eq!(seen.body, "{\"late\":2}", "a delay is cut to the longest");
    probe.delete(queue, &seen.receipt).await;
}

async fn obeys_only_the_last_receipt(probe: &dyn QueueProbe, queue: QueueName) {
    send(probe, queue, "{}", Duration::ZERO).await;
    let old = only(probe, queue).await;
    probe.give_back(queue, &old.receipt).await;
    let new = only(probe, queue).await;
    assert_eq!(new.receives, 2, "given back is seen again at once");
    assert_ne!(old.receipt, new.receipt, "another receipt with every receive");
    probe.delete(queue, &old.receipt).await;
    probe.give_back(queue, &old.receipt).await;
    assert_eq!(bodies(probe, queue).await, [], "an old receipt shows nothing");
    probe.give_back(queue, &new.receipt).await;
    // Two receives may be all that a message has; then what is left of it is a dead letter.
    if probe.max_receives() > 2 {
        let last = only(probe, queue).await;
        assert_eq!(last.receives, 3, "an old receipt deletes nothing");
        probe.delete(queue, &last.receipt).await;
    } else {
        assert_eq!(bodies(probe, queue).await, []);
    }
}

async fn buries_what_keeps_failing(probe: &dyn QueueProbe, queue: QueueName) {
    let before = probe.dead(queue).await;
    send(probe, queue, "{\"poison\":true}", Duration::ZERO).await;
    for n in 1..=probe.max_receives() {
        assert_eq!(probe.dead(queue).await, before, "not before its last receive ends");
        assert_eq!(only(probe, queue).await.receives, n);
        probe.pass(HIDDEN + SECOND).await;
    }
    send(probe, queue, "{\"good\":true}", Duration::ZERO).await;
    let good = only(probe, queue).await;
    assert_eq!(good.body, "{\"good\":true}", "a dead letter is seen no more and holds up no other");
    probe.delete(queue, &good.receipt).await;
    let mut after = before;
    after.push("{\"poison\":true}".to_owned());
    assert_eq!(probe.dead(queue).await, after, "and is kept, once");
    probe.pass(HIDDEN + SECOND).await;
    assert_eq!(bodies(probe, queue).await, []);
    assert_eq!(probe.dead(queue).await, after);
}

async fn takes_messages_up_to_the_limit(probe: &dyn QueueProbe, queue: QueueName) {
    let large = "x".repeat(MAX_MESSAGE + 1);
    let refused = probe.queue().send(queue, &large, Duration::ZERO).await;
    assert_eq!(refused, Err(QueueError::TooLarge(MAX_MESSAGE + 1)));
    let fits = "x".repeat(MAX_MESSAGE);
    send(probe, queue, &fits, Duration::ZERO).await;
    let seen = only(probe, queue).await;
    assert!(seen.body == fits, "the largest message arrives whole");
    probe.delete(queue, &seen.receipt).await;
}

async fn keeps_queues_apart(probe: &dyn QueueProbe) {
    let [one, other] = QueueName::ALL;
    send(probe, one, "{\"for\":\"one\"}", Duration::ZERO).await;
    assert_eq!(bodies(probe, other).await, [], "each queue has its own messages");
    let seen = only(probe, one).await;
    probe.delete(other, &seen.receipt).await;
    probe.give_back(one, &seen.receipt).await;
    let again = only(probe, one).await;
    assert_eq!(again.body, "{\"for\":\"one\"}", "a receipt is good for its own queue only");
    probe.delete(one, &again.receipt).await;
}

async fn loses_nothing_sent_at_once(probe: &dyn QueueProbe) {
    const SENDS: usize = 40;
    let queue = QueueName::Inbound;
    let texts: Vec<String> = (0..SENDS).map(|n| format!("{{\"n\":{n:02}}}")).collect();
    let sends = texts.iter().map(|text| -> Task<'_, Result<(), QueueError>> {
        Box::pin(probe.queue().send(queue, text, Duration::ZERO))
    });
    let sent = together(sends.collect()).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let mut seen = Vec::new();
    loop {
        let some = probe.receive(queue, 10, HIDDEN).await;
        if some.is_empty() {
            break;
        }
        for message in some {
            probe.delete(queue, &message.receipt).await;
            seen.push(message.body);
        }
    }
    seen.sort();
    assert_eq!(seen, texts, "each of them once");
}
