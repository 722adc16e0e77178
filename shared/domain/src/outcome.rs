//! How a package moves: every change of state goes through here, guarded by the edges.

mod notices;
mod words;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::alert::{Alert, AlertStage};
use crate::confirmation::Confirmation;
use crate::connection::{MailKind, Timing};
use crate::package::{Package, Ruling};
use crate::plan::Verdict;
use crate::state::{BadEdge, Cause, NotOurs, State, Waiting};

pub use notices::{AT_RISK, CARRIER_DOUBTED, CARRIER_NOT_KEPT, SEVERAL_ORIGINS};
use words::describe;
pub use words::{cause_group, cause_kind};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// After this a bulk that the marketplace never ends is given up as lost: each of its packages is read.
const LONGEST_BULK: Duration = Duration::from_secs(7 * 86_400);

/// `now` and a span later, at most the end of time.
fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|s| now.checked_add(s).ok()).unwrap_or(Timestamp::MAX)
}

/// The pause before try number `failures` + 1: doubling from `first` to an hour, ± 20 % by `chance` in [0, 1).
///
/// A wait that the other side asked for is kept, up to twice the planned one.
#[must_use]
pub fn pause(first: Duration, failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX));
    let planned = doubled.min(LONGEST_PAUSE).mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0));
    asked.map_or(planned, |asked| asked.clamp(planned, planned.saturating_mul(2)))
}

/// What the merchant is told about a package, besides its state.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The other side's own words.
    pub theirs: Option<String>,
    /// The other side's id of the request.
    pub request_id: Option<String>,
}

impl Package {
    /// Moves to `state`.
    ///
    /// # Errors
    /// [`BadEdge`] if the ledger forbids it: a defect of ours, and nothing is changed.
    pub fn go(&mut self, state: State, now: Timestamp) -> Result<(), BadEdge> {
        let (from, to) = (self.state.name(), state.name());
        if !from.may_become(to) {
            return Err(BadEdge { from, to });
        }
        if from != to {
            self.history.note(now, describe(&state));
        }
        self.state = state;
        Ok(())
    }

    /// Records that a call is about to be made: the only gate before it.
    ///
    /// # Errors
    /// [`BadEdge`] unless the package is planned.
    pub fn begin(
        &mut self,
        confirmation: &Confirmation,
        lease: Duration,
        now: Timestamp,
    ) -> Result<u32, BadEdge> {
        let Some(version) = self.versions.last_mut() else {
            return Err(BadEdge { from: self.state.name(), to: crate::state::StateName::Intent });
        };
        let n = version.n;
        let date = confirmation.ship_date;
        let carrier = confirmation.tracking.as_ref().map(|tracking| tracking.carrier.clone());
        let attempt = self.attempts + 1;
        let state = State::Intent {
            version: n,
            attempt,
            hash: confirmation.hash(),
            lease_until: after(now, lease),
            bulk: None,
        };
        self.go(state, now)?;
        self.attempts = attempt;
        self.in_bulk = false;
        if let Some(version) = self.versions.last_mut() {
            version.ship_date = Some(date);
            version.sent_carrier = carrier;
        }
        Ok(attempt)
    }

    /// Records that a bulk is about to carry it: as [`begin`](Self::begin), but only the bulk's outcome ends it.
    ///
    /// # Errors
    /// [`BadEdge`] unless the package is planned and was never told of.
    pub fn begin_in_bulk(
        &mut self,
        confirmation: &Confirmation,
        bulk: &str,
        now: Timestamp,
    ) -> Result<u32, BadEdge> {
        if self.confirmed.is_some() {
            return Err(BadEdge { from: self.state.name(), to: crate::state::StateName::Intent });
        }
        let attempt = self.begin(confirmation, LONGEST_BULK, now)?;
        if let State::Intent { bulk: carried_by, .. } = &mut self.state {
            *carried_by = Some(bulk.to_owned());
        }
        self.in_bulk = true;
        self.history.note(now, format!("goes with bulk {bulk}"));
        Ok(attempt)
    }

    /// The marketplace took the version in flight.
    ///
    /// # Errors
    /// [`BadEdge`] if nothing is in flight.
    pub fn accept(
        &mut self,
        request_id: Option<String>,
        timing: &Timing,
        now: Timestamp,
    ) -> Result<(), BadEdge> {
        let bad = BadEdge { from: self.state.name(), to: crate::state::StateName::Accepted };
        let version = self.state.in_flight_version().ok_or(bad)?;
        self.go(
            State::Accepted { version, at: now, request_id, next_look: after(now, timing.read_back_after) },
            now,
        )?;
        self.took(version);
        self.failures = 0;
        // It is told: whether it is kept is another matter.
        self.alerts.settle_those(|alert| alert.cause == AT_RISK);
        Ok(())
    }

    /// The call may or may not have been applied.
    ///
    /// # Errors
    /// [`BadEdge`] if nothing is in flight.
    pub fn doubt(&mut self, why: &str, timing: &Timing, now: Timestamp) -> Result<(), BadEdge> {
        let bad = BadEdge { from: self.state.name(), to: crate::state::StateName::Doubt };
        let version = self.state.in_flight_version().ok_or(bad)?;
        let first = timing.read_back_after.min(Duration::from_secs(5));
        self.go(State::Doubt { version, since: now, reads: 0, next_look: after(now, first) }, now)?;
        self.history.note(now, format!("in doubt: {why}"));
        Ok(())
    }

    /// Certainly nothing was applied; try again, not before `not_before`.
    ///
    /// A limit that is used up spends no attempt.
    ///
    /// # Errors
    /// [`BadEdge`] unless it was in flight or planned.
    pub fn nothing_applied(
        &mut self,
        not_before: Timestamp,
        waiting: Waiting,
        now: Timestamp,
    ) -> Result<(), BadEdge> {
        match waiting {
            Waiting::Pause { .. } => self.failures = self.failures.saturating_add(1),
            Waiting::Tokens | Waiting::Connection => self.attempts = self.attempts.saturating_sub(1),
            Waiting::Nothing
            | Waiting::OtherPackage
            | Waiting::Facts
            | Waiting::LastParcel
            | Waiting::Bulk => {}
        }
        self.go(State::Planned { not_before, waiting }, now)
    }

    /// The marketplace refused the version in flight.
    ///
    /// # Errors
    /// [`BadEdge`] if nothing is in flight.
    pub fn reject(&mut self, code: String, words: Words, now: Timestamp) -> Result<(), BadEdge> {
        let bad = BadEdge { from: self.state.name(), to: crate::state::StateName::Rejected };
        let version = self.state.in_flight_version().ok_or(bad)?;
        let hash = if let State::Intent { hash, .. } = &self.state { hash.clone() } else { String::new() };
        let said = words.theirs.clone().unwrap_or_default();
        self.go(State::Rejected { version, code: code.clone(), words: said, hash }, now)?;
        self.alert(MailKind::Rejected, format!("rejected:{code}"), words, now);
        Ok(())
    }

    /// The marketplace shows `version`.
    ///
    /// # Errors
    /// [`BadEdge`] from states that were never sent.
    pub fn shown(&mut self, version: u32, now: Timestamp) -> Result<(), BadEdge> {
        self.took(version);
        self.failures = 0;
        self.go(State::Visible { version, at: now }, now)?;
        self.alerts.settle(None);
        Ok(())
    }

    /// The very answer that took it shows the order without it: it was not kept.
    ///
    /// # Errors
    /// [`BadEdge`] from states that were never sent.
    pub fn dropped(
        &mut self,
        detail: &str,
        request_id: Option<String>,
        timing: &Timing,
        now: Timestamp,
    ) -> Result<(), BadEdge> {
        let bad = BadEdge { from: self.state.name(), to: crate::state::StateName::Missing };
        let version = self.confirmed.ok_or(bad)?;
        let next_look = after(now, timing.missing_after);
        self.go(State::Missing { version, since: now, next_look }, now)?;
        let words = Words { theirs: Some(detail.to_owned()), request_id };
        self.alert(MailKind::NotShown, "not_shown".into(), words, now);
        Ok(())
    }

    /// A look found the accepted version not shown yet.
    ///
    /// # Errors
    /// [`BadEdge`] from other states.
    pub fn not_shown_yet(&mut self, timing: &Timing, now: Timestamp) -> Result<(), BadEdge> {
        let state = self.state.clone();
        match state {
            State::Accepted { version, at, request_id, .. } => {
                let missing_at = after(at, timing.missing_after);
                if now >= missing_at {
                    self.go(
                        State::Missing {
                            version,
                            since: now,
                            next_look: after(now, timing.missing_after.max(timing.read_back_after)),
                        },
                        now,
                    )?;
                    self.alert(
                        MailKind::NotShown,
                        "not_shown".into(),
                        Words { theirs: None, request_id },
                        now,
                    );
                    return Ok(());
                }
                // Ever rarer, but never past the moment it counts as missing.
                let waited = now.duration_since(at).unsigned_abs().max(timing.read_back_after);
                let next_look = after(now, waited).min(missing_at);
                self.go(State::Accepted { version, at, request_id, next_look }, now)
            }
            State::Missing { version, since, .. } => {
                let waited = now.duration_since(since).unsigned_abs().max(timing.missing_after);
                let next_look = after(now, waited.min(Duration::from_secs(6 * 3600)));
                self.go(State::Missing { version, since, next_look }, now)
            }
            State::Planned { .. }
            | State::Intent { .. }
            | State::Visible { .. }
            | State::Doubt { .. }
            | State::Rejected { .. }
            | State::NeedsMerchant { .. }
            | State::Held { .. }
            | State::Conflict { .. }
            | State::Cancelled { .. }
            | State::Superseded { .. }
            | State::NotOurs { .. } => {
                Err(BadEdge { from: self.state.name(), to: crate::state::StateName::Accepted })
            }
        }
    }

    /// Follows a verdict that needs no call; true if anything changed.
    ///
    /// # Errors
    /// [`BadEdge`] if asked while an intent or a doubt is open.
    pub fn follow(&mut self, verdict: &Verdict, now: Timestamp) -> Result<bool, BadEdge> {
        let before = self.state.clone();
        if self.keeps_its_doubt(verdict) {
            return Ok(false);
        }
        match verdict {
            Verdict::Confirm(confirmation) => {
                if self.stands_against(confirmation) {
                    return Ok(false);
                }
                if !matches!(self.state, State::Planned { .. }) {
                    self.alerts.settle(None);
                    self.failures = 0;
                    self.go(State::Planned { not_before: now, waiting: Waiting::Nothing }, now)?;
                } else if let State::Planned { waiting: Waiting::Bulk, .. } = &self.state
                    && confirmation.tracking.is_some()
                {
                    // The number has come: it needs no bulk any more.
                    self.go(State::Planned { not_before: now, waiting: Waiting::Nothing }, now)?;
                } else if let State::Planned {
                    not_before,
                    waiting: Waiting::OtherPackage | Waiting::Facts | Waiting::LastParcel,
                } = &self.state
                {
                    let state =
                        State::Planned { not_before: *not_before.min(&now), waiting: Waiting::Nothing };
                    self.go(state, now)?;
                }
            }
            Verdict::Wait { not_before, waiting } => {
                // A wait for a while has begun already; that for the deadline moves with it.
                let moves = *waiting == Waiting::LastParcel;
                let waits = matches!(&self.state, State::Planned { not_before: until, waiting: known }
                    if known == waiting && (!moves || until == not_before));
                if !waits {
                    self.go(State::Planned { not_before: *not_before, waiting: waiting.clone() }, now)?;
                }
            }
            Verdict::Hold(cause) => {
                if self.held_for() != Some(cause) {
                    self.go(State::Held { cause: cause.clone(), since: now }, now)?;
                    let group = cause_group(cause);
                    self.alerts.settle(Some(&group));
                    // A missing number is the usual way of things: only the deadline makes it a matter.
                    if *cause != Cause::NoTrackingNumber {
                        self.alert(cause_kind(cause), group, Words::default(), now);
                    }
                }
            }
            Verdict::NotOurs(why) => {
                let same = matches!(&self.state, State::NotOurs { why: known } if known == why);
                if !same {
                    self.go(State::NotOurs { why: why.clone() }, now)?;
                    if *why == NotOurs::CancelledThere {
                        self.alerts.settle(Some("cancelled_there"));
                        self.alert(MailKind::Conflict, "cancelled_there".into(), Words::default(), now);
                    } else {
                        self.alerts.settle(None);
                    }
                }
            }
            Verdict::Conflict { theirs, ours } => {
                let state = State::Conflict { theirs: theirs.clone(), ours: ours.clone() };
                if self.state != state {
                    self.go(state, now)?;
                    self.alerts.settle(Some("conflict"));
                    self.alert(MailKind::Conflict, "conflict".into(), Words::default(), now);
                }
            }
            Verdict::Shown => {
                if let Some(n) = self.wanted().map(|v| v.n)
                    && !matches!(self.state, State::Visible { version, .. } if version == n)
                {
                    self.shown(n, now)?;
                }
            }
            Verdict::Told => {
                let told = matches!(
                    self.state,
                    State::Accepted { .. } | State::Missing { .. } | State::Visible { .. }
                );
                if !told && let Some(version) = self.confirmed {
                    // Held for an edit that is not wanted any more, or the like: look whether it shows.
                    self.go(State::Accepted { version, at: now, request_id: None, next_look: now }, now)?;
                    self.alerts.settle(None);
                }
            }
        }
        Ok(self.state != before)
    }

    /// Whether a person is asked if a call was applied, and this verdict says nothing of that: it is not forgotten for
    /// another cause, or what may have been applied would be told again once that one is gone.
    fn keeps_its_doubt(&self, verdict: &Verdict) -> bool {
        if !matches!(self.held_for(), Some(Cause::InDoubt { .. })) {
            return false;
        }
        match verdict {
            Verdict::Hold(cause) => !matches!(cause, Cause::InDoubt { .. }),
            Verdict::Wait { .. } | Verdict::Conflict { .. } | Verdict::Told => true,
            Verdict::NotOurs(why) => {
                matches!(why, NotOurs::SyncOff | NotOurs::BeforeStart | NotOurs::FirstParcelTold)
            }
            // Whether it may be sent again is asked below.
            Verdict::Confirm(_) | Verdict::Shown => false,
        }
    }

    /// Whether sending this again is for a person to decide.
    fn stands_against(&self, confirmation: &Confirmation) -> bool {
        match &self.state {
            // What was refused is not sent again unchanged: repeating cannot help.
            State::Rejected { hash, .. } => *hash == confirmation.hash(),
            State::NeedsMerchant { version, .. } => self.wanted().is_some_and(|v| v.n == *version),
            // It may have been applied: never repeated blindly.
            State::Held { cause: Cause::InDoubt { .. }, .. } => self.ruling != Some(Ruling::SendOnce),
            State::Planned { .. }
            | State::Intent { .. }
            | State::Accepted { .. }
            | State::Visible { .. }
            | State::Missing { .. }
            | State::Doubt { .. }
            | State::Held { .. }
            | State::Conflict { .. }
            | State::Cancelled { .. }
            | State::Superseded { .. }
            | State::NotOurs { .. } => false,
        }
    }

    /// Has the version in doubt decided by a person: no read could tell.
    ///
    /// # Errors
    /// [`BadEdge`] unless it is in doubt.
    pub fn ask_about_doubt(&mut self, detail: String, now: Timestamp) -> Result<(), BadEdge> {
        let bad = BadEdge { from: self.state.name(), to: crate::state::StateName::Held };
        let version = self.state.in_flight_version().ok_or(bad)?;
        let cause = Cause::InDoubt { version, detail };
        let (kind, group) = (cause_kind(&cause), cause_group(&cause));
        self.go(State::Held { cause, since: now }, now)?;
        self.alert(kind, group, Words::default(), now);
        Ok(())
    }

    /// The parcel of this package does not travel any more.
    ///
    /// # Errors
    /// [`BadEdge`] while an intent or a doubt is open.
    pub fn void(&mut self, now: Timestamp) -> Result<(), BadEdge> {
        if self.confirmed.is_some() {
            let wanted = self.confirmed_version().and_then(|v| v.content.number.clone());
            let theirs = wanted.map_or_else(String::new, |n| n.to_string());
            let state = State::Conflict { theirs, ours: "voided at the store after it was confirmed".into() };
            if self.state != state {
                self.go(state, now)?;
                self.alert(MailKind::Conflict, "voided_after_confirmation".into(), Words::default(), now);
            }
            return Ok(());
        }
        if !matches!(self.state, State::Cancelled { .. }) {
            self.go(State::Cancelled { reason: "voided at the store".into() }, now)?;
            self.alerts.settle(None);
        }
        Ok(())
    }

    /// Raises an alert about the wanted version.
    pub fn alert(&mut self, kind: MailKind, cause: String, words: Words, now: Timestamp) {
        self.alerts.raise(Alert {
            kind,
            cause,
            version: self.wanted().map_or(1, |v| v.n),
            raised_at: now,
            stage: AlertStage::Due,
            their_words: words.theirs,
            request_id: words.request_id,
        });
    }
}
