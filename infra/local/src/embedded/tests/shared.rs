//! Two processes on one file, as when the command line is used while the system serves.
//!
//! Two adapters in one process stand for them: SQLite locks between connections, not between processes.

use std::sync::Arc;
use std::time::Duration;

use ports::{Expect, Ledger, LedgerError, Queue, QueueName, Table, Write};

use super::{clock, item};
use crate::embedded::{DataDir, Mailbox};

#[tokio::test]
async fn writers_in_two_processes_lose_no_increment() {
    const EACH: u64 = 25;
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for process in 0..2 {
        let ledger = Arc::new(dir.database().await.unwrap().ledger());
        for worker in 0..4 {
            let ledger = ledger.clone();
            tasks.spawn(async move {
                let mut done = 0;
                while done < EACH {
                    let key = item("count", "O", "").key;
                    let (expect, count) = ledger.get(&key).await.unwrap().map_or((Expect::Absent, 0), |i| {
                        (Expect::Version(i.version), i.body.parse::<u64>().unwrap())
                    });
                    let counted = item("count", "O", &(count + 1).to_string());
                    let own = item(&format!("own-{process}-{worker}"), &done.to_string(), "{}");
                    let writes = vec![
                        Write::Put { item: counted, expect },
                        Write::Put { item: own, expect: Expect::Absent },
                    ];
                    match ledger.commit(writes).await {
                        Ok(()) => done += 1,
                        Err(LedgerError::Conflict) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let ledger = dir.database().await.unwrap().ledger();
    let count = ledger.get(&item("count", "O", "").key).await.unwrap().unwrap();
    assert_eq!((count.version, count.body.as_str()), (8 * EACH, "200"));
    for (process, worker) in (0..2).flat_map(|p| (0..4).map(move |w| (p, w))) {
        let own = ledger.query(Table::Orders, &format!("own-{process}-{worker}")).await.unwrap();
        assert_eq!(own.len() as u64, EACH, "{process} {worker}");
    }
}

#[tokio::test]
async fn a_write_waits_for_another_process() {
    let place = tempfile::tempdir().unwrap();
    let ledger = DataDir::open(place.path()).unwrap().database().await.unwrap().ledger();
    let other = rusqlite::Connection::open(place.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write = tokio::spawn(async move {
        ledger.commit(vec![Write::Put { item: item("p", "s", "{}"), expect: Expect::Absent }]).await
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!write.is_finished(), "the other process holds the file");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(write.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn one_process_receives_what_another_sends() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let (serve, cli) = (dir.queue(clock(), 3).unwrap(), dir.queue(clock(), 3).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let queue = if n % 2 == 0 { serve.clone() } else { cli.clone() };
        tasks.spawn(async move { queue.send(QueueName::Alerts, &n.to_string(), Duration::ZERO).await });
    }
    while let Some(sent) = tasks.join_next().await {
        sent.unwrap().unwrap();
    }
    let mut seen = Vec::new();
    for queue in [&serve, &cli].into_iter().cycle().take(10) {
        for message in queue.receive(QueueName::Alerts, 7, Duration::from_secs(60)).await.unwrap() {
            assert!(cli.delete(QueueName::Alerts, message.receipt).await.unwrap());
            seen.push(message.body.parse::<u32>().unwrap());
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_command_line_reads_the_mailbox_of_a_running_system() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let serve: Mailbox = dir.mailbox(clock(), None).unwrap();
    let cli = dir.mailbox(clock(), None).unwrap();
    let mail = super::mailbox::mail("m-1");
    ports::Mail::send(&serve, &mail).await.unwrap();
    assert_eq!(cli.show("m-1").await.unwrap().unwrap().mail, mail);
}

#[tokio::test]
async fn files_that_many_make_at_the_same_moment_open_for_all() {
    const MAKERS: usize = 8;
    for _ in 0..20 {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let start = Arc::new(std::sync::Barrier::new(MAKERS));
        let makers: Vec<_> = (0..MAKERS)
            .map(|_| {
                let (dir, start) = (dir.clone(), start.clone());
                std::thread::spawn(move || {
                    start.wait();
                    // Kept open until all have one: the first to close would make the others wait for it.
                    (dir.queue(clock(), 3).unwrap(), dir.mailbox(clock(), None).unwrap())
                })
            })
            .collect();
        let opened: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
        for (queue, mailbox) in &opened {
            queue.send(QueueName::Inbound, "made", Duration::ZERO).await.unwrap();
            assert_eq!(mailbox.count().await.unwrap(), 0);
        }
        let all = u64::try_from(MAKERS).unwrap();
        assert_eq!(opened[0].0.counts(QueueName::Inbound).await.unwrap().visible, all);
    }
}

#[tokio::test]
async fn two_processes_may_make_the_files_at_once() {
    for _ in 0..10 {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let opened = (0..4).map(|n| {
            let dir = dir.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let queue = dir.queue(clock(), 3).unwrap();
                    queue.send(QueueName::Inbound, &n.to_string(), Duration::ZERO).await.unwrap();
                    let ledger = dir.database().await.unwrap().ledger();
                    let made =
                        Write::Put { item: item("made", &n.to_string(), "{}"), expect: Expect::Absent };
                    ledger.commit(vec![made]).await.unwrap();
                });
            })
        });
        for thread in opened.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        let made = dir.database().await.unwrap().ledger().query(Table::Orders, "made").await.unwrap();
        assert_eq!(made.len(), 4);
        let queue = dir.queue(clock(), 3).unwrap();
        assert_eq!(queue.counts(QueueName::Inbound).await.unwrap().visible, 4);
    }
}
