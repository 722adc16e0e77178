//! What is wrong with a file or the disk below it, and what to do about it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

/// How long an opening is tried again while another process is at the file.
const OPENING: Duration = Duration::from_secs(10);
/// How long to wait between two tries.
const BETWEEN: Duration = Duration::from_millis(20);

/// Opens a file, and tries again while another process holds it, for ten seconds.
///
/// SQLite's own waiting does not cover an opening: two processes that make a file at once both read it, both
/// want to write the change to WAL mode, and the second is refused at once, since waiting could never end
/// well for it. It has to begin anew. Blocks the thread.
#[expect(
    clippy::disallowed_methods,
    reason = "bounds a wait of this machine's; no decision of the product hangs on it"
)]
pub(crate) fn opened<T, E>(open: impl Fn() -> Result<T, E>, locked: impl Fn(&E) -> bool) -> Result<T, E> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(error) if locked(&error) && begun.elapsed() < OPENING => std::thread::sleep(BETWEEN),
            other => return other,
        }
    }
}

/// Whether another process holds the file.
pub(crate) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// The same, from the embedded database's text.
pub(crate) fn tells_locked(text: &str) -> bool {
    matches!(cause_told(text), Some(Cause::Locked))
}

/// Words for a failure of SQLite at `path`.
pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> String {
    let causes = [
        (ErrorCode::DatabaseBusy, Cause::Locked),
        (ErrorCode::DatabaseLocked, Cause::Locked),
        (ErrorCode::DiskFull, Cause::Full),
        (ErrorCode::ReadOnly, Cause::Unwritable),
        (ErrorCode::PermissionDenied, Cause::Unwritable),
        (ErrorCode::CannotOpen, Cause::Unwritable),
        (ErrorCode::NotADatabase, Cause::Broken),
        (ErrorCode::DatabaseCorrupt, Cause::Broken),
        (ErrorCode::SystemIoFailure, Cause::Disk),
    ];
    let code = error.sqlite_error_code();
    let cause = causes.into_iter().find(|(of, _)| Some(*of) == code).map(|(_, cause)| cause);
    words(path, cause, &error.to_string())
}

/// Words for a failure that the embedded database tells as text only.
///
/// Its engine turns SQLite's codes into texts on the way; these are SQLite's own words, stable for decades.
pub(crate) fn told(path: &Path, text: &str) -> String {
    words(path, cause_told(text), text)
}

fn cause_told(text: &str) -> Option<Cause> {
    [
        ("locked", Cause::Locked),
        ("busy", Cause::Locked),
        ("is full", Cause::Full),
        ("readonly", Cause::Unwritable),
        ("unable to open", Cause::Unwritable),
        ("not a database", Cause::Broken),
        ("not a valid", Cause::Broken),
        ("malformed", Cause::Broken),
        ("I/O error", Cause::Disk),
    ]
    .into_iter()
    .find(|(sign, _)| text.contains(sign))
    .map(|(_, cause)| cause)
}

enum Cause {
    Locked,
    Full,
    Unwritable,
    Broken,
    Disk,
}

fn words(path: &Path, cause: Option<Cause>, text: &str) -> String {
    let path = path.display();
    match cause {
        Some(Cause::Locked) => {
            format!("{path} is locked by another process that has not let go of it ({text})")
        }
        Some(Cause::Full) => {
            format!("the disk of {path} is full: make room, nothing stored is lost ({text})")
        }
        Some(Cause::Unwritable) => {
            format!("{path} cannot be written: check its owner and permissions ({text})")
        }
        Some(Cause::Broken) => {
            format!("{path} is damaged or no file of ours: restore it from a backup ({text})")
        }
        Some(Cause::Disk) => format!("the disk of {path} fails ({text})"),
        None => format!("{path}: {text}"),
    }
}
