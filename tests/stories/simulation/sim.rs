//! The fate of every port call: one seeded chance decides what runs, fails, is lost, waits or crashes.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ports::memory::{ManualClock, SeededRng};
use ports::{Clock, Rng as _};
use sha2::{Digest as _, Sha256};

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done and answered.
    Run,
    /// It fails, and nothing was done.
    FailBefore,
    /// It is done, and its answer is lost.
    FailAfter,
}

/// Which points crash in a scripted run: every call has one before its effect and one after.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) crash_at: Vec<u64>,
}

#[derive(Default)]
struct Core {
    faults: bool,
    script: Option<Script>,
    points: u64,
    calls: u64,
    /// Calls while faults were on, and how many of them went wrong.
    calls_under_faults: u64,
    faulted: u64,
    crashes: u64,
    /// What the task that is being polled asked for.
    wants: Wants,
    hash: Sha256,
    /// The last steps, for looking at a failed run.
    tail: std::collections::VecDeque<String>,
}

/// What a poll ended with, besides being pending.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    /// To be dropped, as if its process were gone.
    pub(super) crash: bool,
    /// Not to be polled before this.
    pub(super) until: Option<Timestamp>,
    /// It only lets others run.
    pub(super) yielded: bool,
}

/// Chance, time and the history of a run.
pub(super) struct Sim {
    core: Mutex<Core>,
    rng: SeededRng,
    pub(super) clock: Arc<ManualClock>,
}

/// Figures of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) calls: u64,
    pub(super) calls_under_faults: u64,
    pub(super) faulted: u64,
    pub(super) crashes: u64,
}

/// Pending once, and woken at once: when it is polled again is the executor's choice.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        // Futures joined within one task are polled again only if they were woken.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// `now` and so many milliseconds later.
pub(super) fn after_millis(now: Timestamp, millis: u64) -> Timestamp {
    now.saturating_add(SignedDuration::from_millis(i64::try_from(millis).unwrap())).unwrap()
}

impl Sim {
    pub(super) fn new(seed: u64, clock: Arc<ManualClock>) -> Self {
        Self { core: Mutex::default(), rng: SeededRng::new(seed), clock }
    }

    /// Crashes at the points of `script` and nowhere else; nothing else goes wrong.
    pub(super) fn follow(&self, script: Script) {
        self.core.lock().unwrap().script = Some(script);
    }

    pub(super) fn scripted(&self) -> bool {
        self.core.lock().unwrap().script.is_some()
    }

    /// Points passed so far in a scripted run.
    pub(super) fn points(&self) -> u64 {
        self.core.lock().unwrap().points
    }

    pub(super) fn set_faults(&self, on: bool) {
        self.core.lock().unwrap().faults = on;
        self.note(if on { "faults on" } else { "faults off" });
    }

    pub(super) fn faults(&self) -> bool {
        self.core.lock().unwrap().faults
    }

    /// A number below `n`.
    pub(super) fn below(&self, n: u64) -> u64 {
        self.rng.next_u64() % n.max(1)
    }

    /// True in `per_mille` of 1,000 cases.
    pub(super) fn chance(&self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// Writes a step into the history.
    pub(super) fn note(&self, what: &str) {
        let line = format!("{} {what}", self.clock.now());
        let mut core = self.core.lock().unwrap();
        core.hash.update(line.as_bytes());
        core.hash.update([0]);
        if core.tail.len() > 400 {
            core.tail.pop_front();
        }
        core.tail.push_back(line);
    }

    /// Puts something into the history's hash alone.
    pub(super) fn remember(&self, what: &str) {
        self.core.lock().unwrap().hash.update(what.as_bytes());
    }

    /// The last steps.
    pub(super) fn tail(&self) -> Vec<String> {
        self.core.lock().unwrap().tail.iter().cloned().collect()
    }

    /// The history so far as one hash.
    pub(super) fn hash(&self) -> String {
        let hash = self.core.lock().unwrap().hash.clone().finalize();
        hash.iter().map(|b| format!("{b:02x}")).collect()
    }

    pub(super) fn figures(&self) -> Figures {
        let core = self.core.lock().unwrap();
        Figures {
            calls: core.calls,
            calls_under_faults: core.calls_under_faults,
            faulted: core.faulted,
            crashes: core.crashes,
        }
    }

    /// Counts a fault that a port or stand-in deals out by itself.
    pub(super) fn count_fault(&self) {
        self.core.lock().unwrap().faulted += 1;
    }

    /// What the poll that just ended asked for.
    pub(super) fn take_wants(&self) -> Wants {
        std::mem::take(&mut self.core.lock().unwrap().wants)
    }

    /// Nobody comes back from here: the executor drops the task.
    async fn crash(&self, at: &str) {
        {
            let mut core = self.core.lock().unwrap();
            core.wants.crash = true;
            core.crashes += 1;
        }
        self.note(&format!("crash {at}"));
        std::future::pending::<()>().await;
    }

    async fn sleep(&self, millis: u64) {
        let until = after_millis(self.clock.now(), millis);
        self.core.lock().unwrap().wants.until = Some(until);
        self.let_others_run().await;
    }

    async fn let_others_run(&self) {
        self.core.lock().unwrap().wants.yielded = true;
        Once(false).await;
    }

    /// Whether a scripted crash is due at this point.
    fn scripted_crash(&self) -> Option<bool> {
        let mut core = self.core.lock().unwrap();
        core.script.as_ref()?;
        core.points += 1;
        let point = core.points;
        Some(core.script.as_ref().is_some_and(|script| script.crash_at.contains(&point)))
    }

    /// Before a call's effect: others may run, time passes, and the call's fate is decided.
    pub(super) async fn before(&self, what: &str) -> Fate {
        self.core.lock().unwrap().calls += 1;
        if let Some(crash) = self.scripted_crash() {
            if crash {
                self.crash(&format!("before {what}")).await;
            }
            return Fate::Run;
        }
        self.clock.advance(Duration::from_millis(1 + self.below(4)));
        if !self.faults() {
            if self.chance(300) {
                self.let_others_run().await;
            }
            return Fate::Run;
        }
        self.core.lock().unwrap().calls_under_faults += 1;
        // In 1,000 calls 40 fail before, 30 after, 15 crash before, 10 after, and 25 are late.
        let dice = self.below(1_000);
        self.note(&format!("{what} {dice}"));
        if dice < 120 {
            self.count_fault();
        }
        match dice {
            0..40 => {
                self.let_others_run().await;
                Fate::FailBefore
            }
            40..70 => {
                self.let_others_run().await;
                Fate::FailAfter
            }
            70..85 => {
                self.crash(&format!("before {what}")).await;
                Fate::FailBefore
            }
            95..120 => {
                let millis =
                    if self.chance(150) { 5_000 + self.below(40_000) } else { 20 + self.below(2_000) };
                self.sleep(millis).await;
                Fate::Run
            }
            120..500 => {
                self.let_others_run().await;
                Fate::Run
            }
            _ => Fate::Run,
        }
    }

    /// After a call's effect, before its answer is seen.
    pub(super) async fn after(&self, what: &str) {
        if let Some(crash) = self.scripted_crash() {
            if crash {
                self.crash(&format!("after {what}")).await;
            }
            return;
        }
        if self.faults() && self.chance(10) {
            self.count_fault();
            self.crash(&format!("after {what}")).await;
        }
    }
}
