//! `kill -9`, for real: a child process writes and is killed; what it was told is stored must be stored.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ports::{Expect, Ledger, Mail, Queue, QueueName, Table, Write};

use super::{clock, item};
use crate::embedded::DataDir;

const PLACE: &str = "PARCELWIRE_CRASH_TEST";

/// The child: writes until it is killed, and says what was acknowledged.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn child() {
    #[expect(clippy::disallowed_methods, reason = "how a test tells its child process where to work")]
    let place = std::env::var_os(PLACE).expect("started by the parent");
    let dir = DataDir::open(place.as_ref()).unwrap();
    let ledger = dir.database().await.unwrap().ledger();
    let queue = dir.queue(clock(), 3).unwrap();
    let mailbox = dir.mailbox(clock(), None).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..10 {
        let (ledger, queue, mailbox) = (ledger.clone(), queue.clone(), mailbox.clone());
        tasks.spawn(async move {
            for n in 0.. {
                let name = format!("{worker}-{n}");
                queue.send(QueueName::Inbound, &name, Duration::ZERO).await.unwrap();
                println!("\nack queue {name}");
                let writes = vec![Write::Put { item: item("crash", &name, "{}"), expect: Expect::Absent }];
                ledger.commit(writes).await.unwrap();
                println!("\nack ledger {name}");
                mailbox.send(&super::mailbox::mail(&name)).await.unwrap();
                println!("\nack mail {name}");
            }
        });
    }
    tasks.join_next().await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let place = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["embedded::tests::crash::child", "--exact", "--ignored", "--nocapture"])
        .env(PLACE, place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acked = Vec::new();
    let is_ack = |line: String| line.strip_prefix("ack ").map(str::to_owned);
    while acked.len() < 600 {
        acked.extend(is_ack(lines.next().expect("the child writes on").unwrap()));
    }
    // SIGKILL: nothing of the child runs any more. What it said before it died counts too.
    child.kill().unwrap();
    child.wait().unwrap();
    acked.extend(lines.map_while(Result::ok).filter_map(is_ack));

    let dir = DataDir::open(place.path()).unwrap();
    let _lock = dir.lock_for_serving().expect("the dead hold no lock");
    let ledger = dir.database().await.unwrap().ledger();
    let stored = ledger.query(Table::Orders, "crash").await.unwrap();
    let queue = dir.queue(clock(), 3).unwrap();
    let sent = queue.receive(QueueName::Inbound, usize::MAX, Duration::from_secs(1)).await.unwrap();
    let mailbox = dir.mailbox(clock(), None).unwrap();
    let mails = mailbox.list(usize::MAX).await.unwrap();
    for ack in &acked {
        let (kind, name) = ack.split_once(' ').unwrap();
        let found = match kind {
            "queue" => sent.iter().any(|message| message.body == name),
            "ledger" => stored.iter().any(|item| item.key.sk == name),
            _ => mails.iter().any(|kept| kept.mail.id == name),
        };
        assert!(found, "{ack} of {}", acked.len());
    }
    for kind in ["queue ", "ledger ", "mail "] {
        assert!(acked.iter().any(|ack| ack.starts_with(kind)), "{kind}");
    }
}
