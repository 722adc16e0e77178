//! One thread that owns an SQLite file and commits many jobs together.
//!
//! Flushing is what a durable write costs, and it costs the same for one row as for hundreds. While one
//! transaction is flushed the next jobs gather, then share the next; nobody is answered before their own
//! transaction is on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::trouble;

/// The most jobs of one transaction: bounds how long the first waits for the last.
const TOGETHER: usize = 512;
/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_millis(1500);

/// Hands jobs to the thread. Dropped, the thread ends after the jobs it has.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: Sender<Box<dyn Job>>,
    path: Arc<Path>,
}

trait Job: Send {
    /// Does the work, within a transaction of many.
    fn work(&mut self, file: &Connection) -> rusqlite::Result<()>;
    /// Tells whoever waits, once it is known whether the transaction is on the disk.
    fn tell(self: Box<Self>, committed: Result<(), String>);
}

struct Asked<T, W> {
    work: Option<W>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, String>>,
}

impl<T: Send, W> Job for Asked<T, W>
where
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn work(&mut self, file: &Connection) -> rusqlite::Result<()> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(file)?);
        }
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), String>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err("the work was not done".to_owned()),
            (Err(words), _) => Err(words),
        };
        // Whoever asked may have stopped waiting.
        let _gone = self.reply.send(result);
    }
}

impl Writer {
    /// Opens the file, or creates it, in WAL mode with full flushing, and runs `schema` (safe to repeat).
    pub(crate) fn open(path: &Path, schema: &'static str) -> anyhow::Result<Self> {
        let file = trouble::opened(|| open(path, schema), trouble::is_locked)
            .map_err(|e| anyhow::anyhow!(trouble::sqlite(path, &e)))?;
        let (jobs, gathered) = mpsc::channel();
        let place: PathBuf = path.to_owned();
        std::thread::Builder::new().name("writer".into()).spawn(move || serve(&place, file, &gathered))?;
        Ok(Self { jobs, path: path.into() })
    }

    /// Does `work` in a transaction shared with others; answers when it is on the disk.
    ///
    /// Where any job of a transaction fails, all of it is undone and all are told: a failure here is the disk's
    /// or the file's, and so everybody's. A caller that stops waiting does not undo its job.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, String>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let stopped = || format!("{} is written to no more: its thread has stopped", self.path.display());
        let job = Box::new(Asked { work: Some(work), result: None, reply });
        self.jobs.send(job).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn open(path: &Path, schema: &str) -> rusqlite::Result<Connection> {
    let file = Connection::open(path)?;
    // First, since another process may be at the very same statements.
    file.busy_timeout(BUSY)?;
    file.pragma_update(None, "journal_mode", "WAL")?;
    file.pragma_update(None, "synchronous", "FULL")?;
    file.execute_batch(&format!("BEGIN IMMEDIATE; {schema} COMMIT;"))?;
    Ok(file)
}

fn serve(path: &Path, mut file: Connection, gathered: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = gathered.recv() {
        let mut jobs = vec![first];
        jobs.extend(gathered.try_iter().take(TOGETHER - 1));
        let committed = commit(&mut file, &mut jobs).map_err(|e| {
            let words = trouble::sqlite(path, &e);
            tracing::warn!(jobs = jobs.len(), "not written: {words}");
            words
        });
        for job in jobs {
            job.tell(committed.clone());
        }
    }
}

fn commit(file: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    // Takes the write lock at once. Dropped without a commit, it undoes everything.
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        job.work(&transaction)?;
    }
    transaction.commit()
}
