//! The data directory: all that the one-machine system keeps.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ports::{Clock, Mail};

use super::{Database, LocalCredentials, LocalQueue, Mailbox};

/// A directory with `ledger.db`, `queue.db`, `mail.db`, `tokens.db` and `serve.lock`, readable by its owner alone.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// Held while `serve` runs; freed when dropped, and by the system when the process dies however it dies.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl DataDir {
    /// Creates the directory and its parents where they are missing, for the owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).with_context(|| {
            format!("the data directory {} cannot be made: choose another by --data", path.display())
        })?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes this process the only one that serves from here.
    pub(crate) fn lock_for_serving(&self) -> Result<ServeLock> {
        let path = self.path.join("serve.lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).with_context(
                || format!("{} cannot be written: check its owner and permissions", path.display()),
            )?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message: without it the message is still clear.
                let _unknown = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
                bail!(
                    "another parcelwire{holder} serves from {}: stop it, or choose another directory by --data",
                    self.path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(ServeLock { _file: file })
    }

    /// The ledger's database.
    pub(crate) async fn database(&self) -> Result<Database> {
        Database::open(&self.path.join("ledger.db")).await
    }

    /// The queues.
    pub(crate) fn queue(&self, clock: Arc<dyn Clock>, max_receives: u32) -> Result<LocalQueue> {
        LocalQueue::open(&self.path.join("queue.db"), clock, max_receives)
    }

    /// Credentials; tokens that a marketplace replaced are kept.
    pub(crate) fn credentials(&self) -> Result<LocalCredentials> {
        LocalCredentials::open(&self.path.join("tokens.db"))
    }

    /// The mailbox; mails are handed on to `forward` if there is one.
    pub(crate) fn mailbox(&self, clock: Arc<dyn Clock>, forward: Option<Arc<dyn Mail>>) -> Result<Mailbox> {
        Mailbox::open(&self.path.join("mail.db"), clock, forward)
    }
}
