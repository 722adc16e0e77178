//! Processes of the binary: started in directories of their own, heard out, and killed at the end.

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// Longer than anything here may take; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// Waits until `look` gives something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited {PATIENCE:?} for {what}");
}

/// The binary, with nothing of this machine's own settings.
pub(crate) fn parcelwire(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parcelwire"));
    command.current_dir(folder).env_remove("PARCELWIRE_SETTINGS").env_remove("PARCELWIRE_DATA");
    command.stdin(Stdio::null());
    command
}

/// What a command that ended has said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {:?}; standard error: {}", self.out, self.err))
    }
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(mut command: Command) -> Said {
    let mut running = Running::start(command.stdin(Stdio::null()));
    let code = until("the command's end", || running.ended()).code();
    let (out, err) = running.all();
    Said { code, out, err }
}

/// A process; killed when dropped.
pub(crate) struct Running {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

fn hear(mut from: impl Read + Send + 'static) -> (Arc<Mutex<Vec<u8>>>, JoinHandle<()>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = heard.clone();
    let reader = std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut some) {
            into.lock().unwrap().extend_from_slice(&some[..n]);
        }
    });
    (heard, reader)
}

fn text(heard: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&heard.lock().unwrap()).into_owned()
}

impl Running {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, first) = hear(child.stdout.take().unwrap());
        let (err, second) = hear(child.stderr.take().unwrap());
        Self { child, out, err, readers: vec![first, second] }
    }

    /// What it has said on its standard output so far.
    pub(crate) fn out(&self) -> String {
        text(&self.out)
    }

    /// What it has said on its standard error so far.
    pub(crate) fn err(&self) -> String {
        text(&self.err)
    }

    /// Everything, once it has ended.
    pub(crate) fn all(&mut self) -> (String, String) {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (self.out(), self.err())
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for a line on the standard output and returns what follows the words in it.
    #[track_caller]
    pub(crate) fn says(&mut self, words: &str) -> String {
        until(words, || {
            let out = self.out();
            let found = out
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .find_map(|line| line.split_once(words).map(|(_, after)| after.trim().to_owned()));
            if found.is_none() {
                assert!(self.ended().is_none(), "it ended: {out}\n{}", self.err());
            }
            found
        })
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    #[track_caller]
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        until("its end", || self.ended())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// The first address of a text.
#[track_caller]
pub(crate) fn address_in(text: &str) -> SocketAddr {
    let (_, after) = text.split_once("http://").unwrap();
    let end = after.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().unwrap()
}
