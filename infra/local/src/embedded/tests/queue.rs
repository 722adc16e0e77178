//! What the local queue does beyond the contract.

use std::time::Duration;

use ports::{Queue, QueueName};

use super::clock;
use crate::embedded::{Counts, DataDir};

const INBOUND: QueueName = QueueName::Inbound;
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn dead_letters_are_listed_counted_and_redriven() {
    let place = tempfile::tempdir().unwrap();
    let clock = clock();
    let queue = DataDir::open(place.path()).unwrap().queue(clock.clone(), 1).unwrap();
    for body in ["a", "b", "c"] {
        queue.send(INBOUND, body, Duration::ZERO).await.unwrap();
    }
    queue.send(INBOUND, "later", MINUTE * 10).await.unwrap();
    assert_eq!(queue.counts(INBOUND).await.unwrap(), Counts { visible: 3, hidden: 1, dead: 0 });
    assert_eq!(queue.receive(INBOUND, 10, MINUTE).await.unwrap().len(), 3);
    assert_eq!(queue.counts(INBOUND).await.unwrap(), Counts { visible: 0, hidden: 4, dead: 0 });
    clock.advance(MINUTE);
    assert_eq!(queue.receive(INBOUND, 10, MINUTE).await.unwrap(), []);
    assert_eq!(queue.counts(INBOUND).await.unwrap(), Counts { visible: 0, hidden: 1, dead: 3 });
    assert_eq!(queue.counts(QueueName::Alerts).await.unwrap(), Counts::default());

    let dead = queue.dead_letters(INBOUND, 2).await.unwrap();
    let told: Vec<_> = dead.iter().map(|letter| (letter.body.as_str(), letter.receives)).collect();
    assert_eq!(told, [("a", 1), ("b", 1)]);
    assert_eq!(dead[0].buried_at.duration_since(dead[0].sent_at).as_secs(), 60);

    assert_eq!(queue.redrive(QueueName::Alerts, None).await.unwrap(), 0, "each queue has its own");
    assert_eq!(queue.redrive(INBOUND, Some(dead[1].id)).await.unwrap(), 1);
    assert_eq!(queue.redrive(INBOUND, Some(dead[1].id)).await.unwrap(), 0, "not twice");
    let again = queue.receive(INBOUND, 10, MINUTE).await.unwrap();
    let again: Vec<_> = again.iter().map(|m| (m.body.as_str(), m.receipt.receives)).collect();
    assert_eq!(again, [("b", 1)], "as if just sent");
    assert_eq!(queue.redrive(INBOUND, None).await.unwrap(), 2);
    assert_eq!(queue.counts(INBOUND).await.unwrap(), Counts { visible: 2, hidden: 2, dead: 0 });
}

#[tokio::test]
async fn a_receipt_of_a_buried_message_fits_no_other() {
    let place = tempfile::tempdir().unwrap();
    let clock = clock();
    let queue = DataDir::open(place.path()).unwrap().queue(clock.clone(), 1).unwrap();
    queue.send(INBOUND, "poison", Duration::ZERO).await.unwrap();
    let old = queue.receive(INBOUND, 1, MINUTE).await.unwrap().remove(0).receipt;
    clock.advance(MINUTE);
    assert_eq!(queue.receive(INBOUND, 1, MINUTE).await.unwrap(), []);
    queue.send(INBOUND, "good", Duration::ZERO).await.unwrap();
    let good = queue.receive(INBOUND, 1, MINUTE).await.unwrap().remove(0).receipt;
    assert!(!queue.delete(INBOUND, old).await.unwrap());
    assert!(!queue.change_visibility(INBOUND, old, Duration::ZERO).await.unwrap());
    assert!(queue.change_visibility(INBOUND, good, MINUTE * 5).await.unwrap());
    clock.advance(MINUTE * 2);
    assert_eq!(queue.receive(INBOUND, 1, MINUTE).await.unwrap(), [], "hidden for longer");
    assert!(queue.delete(INBOUND, good).await.unwrap());
}

#[tokio::test]
async fn whoever_waits_is_woken_by_a_send() {
    let place = tempfile::tempdir().unwrap();
    let queue = DataDir::open(place.path()).unwrap().queue(clock(), 3).unwrap();
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.wait(INBOUND, Duration::from_secs(600)).await }
    });
    tokio::task::yield_now().await;
    queue.send(INBOUND, "{}", Duration::ZERO).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("woken").unwrap();
    // Sent while nobody was waiting: the next one does not wait.
    queue.send(INBOUND, "{}", Duration::ZERO).await.unwrap();
    let soon = queue.wait(INBOUND, Duration::from_secs(600));
    tokio::time::timeout(Duration::from_secs(30), soon).await.expect("not kept waiting");
    queue.wait(QueueName::Alerts, Duration::from_millis(1)).await;
}
