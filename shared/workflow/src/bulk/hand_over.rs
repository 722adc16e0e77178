//! Handing the document over: laid down, asked for once, let go where that cannot be done.

use std::time::Duration;

use connector_api::{BulkContent, BulkProgress, ChannelError, Failure, LimitHint, Reached};
use domain::bulk::{BulkOutcome, BulkRecord, BulkState};
use jiff::Timestamp;
use ports::LedgerError;

use super::gather::DUE_SOON;
use super::settle::Ended;
use super::{Step, Work};
use crate::limits::{self, Needs, Purpose, Taken};
use crate::message::WorkError;
use crate::records::{Loaded, Record as _, later, load};
use crate::sync;

/// How long the call may take before whoever made it is taken to have crashed.
const LEASE: Duration = Duration::from_secs(60);
/// The longest pause between two looks at a bulk underway: a notification comes sooner.
pub(super) const LONGEST_LOOK: Duration = Duration::from_secs(600);
/// After so many failures in a row it is not handed over: about a quarter of an hour, what a bulk takes.
const MOST_FAILURES: u32 = 7;
/// After so many failures in a row a refusal is taken at its word.
const MOST_REFUSALS: u32 = 3;
/// A bulk that takes longer is told to the merchant.
const STUCK_AFTER: Duration = Duration::from_secs(4 * 3600);

impl Work<'_> {
    /// Takes what a call needs; `Some` says until when nothing can be called.
    pub(super) async fn spend(
        &self,
        spends: &'static [&'static str],
    ) -> Result<Option<Timestamp>, WorkError> {
        let all = self.limits();
        let needs = Needs::of(self.connection, all, spends);
        Ok(match limits::take(self.world, &needs, Purpose::Work).await? {
            Taken::All => None,
            Taken::Empty { until } => Some(until),
        })
    }

    /// Notes what an answer said of limits. What the answer is about matters more: it goes on without.
    pub(super) async fn learn(&self, spends: &'static [&'static str], hints: &[LimitHint]) {
        let needs = Needs::of(self.connection, self.limits(), spends);
        if let Err(error) = limits::learn(self.world, &needs, hints).await {
            tracing::warn!(bulk = %self.stored.value.id, %error, "limits of the account not noted");
        }
    }

    fn limits(&self) -> &'static [connector_api::Limit] {
        let marketplace = self.world.connectors.marketplace(&self.connection.kind);
        marketplace.map_or(&[], |marketplace| marketplace.traits().limits)
    }

    /// What follows a call that was not answered well, where nothing is in doubt.
    ///
    /// A refusal for want of access parks nobody: it may be about bulks alone. If it is about the whole account, the
    /// usual calls learn it.
    pub(super) async fn failed(
        &mut self,
        error: ChannelError,
        spends: &'static [&'static str],
    ) -> Result<Step, WorkError> {
        let now = self.now();
        self.stored.value.history.note(now, error.to_string());
        match &error.failure {
            Failure::Throttled { after } => {
                let needs = Needs::of(self.connection, self.limits(), spends);
                Ok(Step::Later(limits::throttled(self.world, &needs, *after).await?))
            }
            Failure::Retryable { after, .. } => Ok(self.pause(*after)),
            Failure::NeedsMerchant { .. }
            | Failure::Rejected { .. }
            | Failure::CarrierRefused { .. }
            | Failure::NotFound => {
                let words = format!("bulk {}: {error}", self.id());
                sync::tell_of_connection(self.world, &self.connection.account, sync::BULK_REFUSED, words)
                    .await?;
                Ok(self.pause(Some(LONGEST_LOOK)))
            }
        }
    }

    /// What follows a call of handing it over that was not answered well: nothing is applied by that.
    async fn not_handed_over(
        &mut self,
        error: ChannelError,
        spends: &'static [&'static str],
    ) -> Result<Step, WorkError> {
        let most = match &error.failure {
            Failure::Throttled { .. } | Failure::Retryable { .. } => MOST_FAILURES,
            Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::NotFound => MOST_REFUSALS,
            Failure::NeedsMerchant { .. } => 1,
        };
        let why = error.to_string();
        let step = self.failed(error, spends).await?;
        match step {
            Step::Later(_) if self.stored.value.failures >= most => self.release(&why).await,
            Step::Later(at) => self.wait_until(at).await,
            Step::On | Step::Over => Ok(step),
        }
    }

    /// Waits to be handed over, for as long as none of its parcels is due soon that could go by the usual call.
    async fn wait_until(&mut self, at: Timestamp) -> Result<Step, WorkError> {
        let soon = jiff::SignedDuration::try_from(DUE_SOON).unwrap_or_default();
        let leave_at = self.stored.value.call_by.and_then(|by| by.checked_sub(soon).ok());
        match leave_at {
            Some(leave_at) if leave_at <= self.now() => {
                self.release("some of its parcels are due soon").await
            }
            Some(leave_at) => Ok(Step::Later(at.min(leave_at))),
            None => Ok(Step::Later(at)),
        }
    }

    /// The marketplace was certainly not asked: handed over again, unless that failed too often.
    pub(super) async fn again(&mut self, note: &str) -> Result<Step, WorkError> {
        if self.stored.value.failures >= MOST_FAILURES {
            return self.release(note).await;
        }
        if let Step::Later(_) = self.wait_until(Timestamp::MAX).await? {
            self.go(BulkState::Gathered, note).await?;
        }
        Ok(Step::On)
    }

    /// Lets its packages go: the marketplace was never asked, so nothing was applied.
    async fn release(&mut self, why: &str) -> Result<Step, WorkError> {
        self.stored.value.released_at = Some(self.now());
        let settling =
            BulkState::Settling { bulk: String::new(), outcome: BulkOutcome::NothingApplied, settled: 0 };
        self.go(settling, &format!("not handed over, its parcels are let go: {why}")).await?;
        Ok(Step::On)
    }

    async fn content(&self) -> Result<BulkContent, WorkError> {
        let mut confirmations = Vec::with_capacity(self.stored.value.messages as usize);
        for nth in 0..self.stored.value.parts {
            confirmations.extend(self.part(nth).await?.messages.into_iter().map(|m| m.confirmation));
        }
        Ok(BulkContent::Confirmations(confirmations))
    }

    /// Lays the document down: nothing happens by that, so it may be done again.
    pub(super) async fn upload(&mut self) -> Result<Step, WorkError> {
        let spends = self.api.spends().upload;
        if let Some(until) = self.spend(spends).await? {
            return self.wait_until(until).await;
        }
        let content = self.content().await?;
        match self.api.upload(self.world.reach(), self.connection, &content).await {
            Ok(answer) => {
                let document = answer.value;
                self.go(BulkState::Uploaded { document }, "the document is laid down").await?;
                self.learn(spends, &answer.limits).await;
                Ok(Step::On)
            }
            Err(error) => self.not_handed_over(error, spends).await,
        }
    }

    /// Asks the marketplace to work on it: recorded first, like every call that has an effect.
    pub(super) async fn submit(&mut self, document: String) -> Result<Step, WorkError> {
        let spends = self.api.spends().submit;
        if let Some(until) = self.spend(spends).await? {
            return self.wait_until(until).await;
        }
        let content = self.content().await?;
        let now = self.now();
        let lease_until = later(now, LEASE).unwrap_or(now);
        let asking = BulkState::Submitting { document: document.clone(), since: now, lease_until };
        self.go(asking, "asking the marketplace to work on it").await?;
        match self.api.submit(self.world.reach(), self.connection, &content, &document).await {
            Ok(answer) => {
                let note = format!("the marketplace has it as {}", answer.value);
                self.asked(now, BulkState::Submitted { bulk: answer.value, since: now }, &note).await?;
                self.learn(spends, &answer.limits).await;
                Ok(self.look_soon(now))
            }
            Err(error) if in_doubt(&error) => {
                let note = format!("in doubt whether it was asked: {error}");
                self.asked(now, BulkState::Doubt { document, since: now }, &note).await?;
                Ok(Step::Later(later(self.now(), Duration::from_secs(30)).unwrap_or(now)))
            }
            Err(error) => {
                // A document that is refused, or not there any more, is of no use a second time.
                let refused = matches!(error.failure, Failure::Rejected { .. } | Failure::NotFound);
                let next = if refused { BulkState::Gathered } else { BulkState::Uploaded { document } };
                self.asked(now, next, "not asked: to be tried again").await?;
                self.not_handed_over(error, spends).await
            }
        }
    }

    /// Records what became of asking, whatever else was written meanwhile: nobody else knows it.
    async fn asked(&mut self, asked_at: Timestamp, next: BulkState, note: &str) -> Result<(), WorkError> {
        for _ in 0..6 {
            match self.go(next.clone(), note).await {
                Err(WorkError::Ledger(LedgerError::Conflict)) => {}
                other => return other,
            }
            let stored = load::<BulkRecord>(self.world.ledger.as_ref(), &self.stored.value.key()).await?;
            let Loaded::Known(stored) = stored else { break };
            // It may have been put in doubt meanwhile, for want of just this answer.
            let ours = matches!(&stored.value.state,
                BulkState::Submitting { since, .. } | BulkState::Doubt { since, .. } if *since == asked_at);
            if !ours {
                tracing::warn!(bulk = %stored.value.id, note, "outcome dropped: the bulk was taken over");
                break;
            }
            self.stored = *stored;
        }
        Err(LedgerError::Conflict.into())
    }

    /// Whoever asked did not come back: nobody knows whether the marketplace was asked.
    pub(super) async fn expire(
        &mut self,
        document: String,
        since: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Step, WorkError> {
        if self.now() < lease_until {
            return Ok(Step::Later(lease_until));
        }
        self.go(BulkState::Doubt { document, since }, "in doubt: its worker did not come back").await?;
        Ok(Step::On)
    }

    /// Asks where it stands.
    pub(super) async fn ask(&mut self, bulk: String, since: Timestamp) -> Result<Step, WorkError> {
        let spends = self.api.spends().progress;
        if let Some(until) = self.spend(spends).await? {
            return Ok(Step::Later(until));
        }
        let progress = match self.api.progress(self.world.reach(), self.connection, &bulk).await {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, spends).await,
        };
        self.learn(spends, &progress.limits).await;
        let outcome = match progress.value {
            BulkProgress::Underway => {
                self.stored.value.failures = 0;
                self.tell_if_stuck(&bulk, since).await?;
                return Ok(self.look_soon(since));
            }
            BulkProgress::Done { report: Some(report) } => {
                return self.read_report(bulk, &report, Ended::Whole).await;
            }
            BulkProgress::Broken { report: Some(report) } => {
                return self.read_report(bulk, &report, Ended::Broken).await;
            }
            BulkProgress::Done { report: None } | BulkProgress::Broken { report: None } => {
                BulkOutcome::Unknown
            }
            // If it is another program's, ours may be at work.
            BulkProgress::Cancelled if self.stored.value.adopted => BulkOutcome::Unknown,
            BulkProgress::Cancelled => BulkOutcome::NothingApplied,
        };
        let note = match outcome {
            BulkOutcome::NothingApplied => "the marketplace cancelled it: nothing of it was applied",
            BulkOutcome::Unknown | BulkOutcome::AsReported | BulkOutcome::PartlyReported => {
                "the marketplace ended it without a report: each package is read"
            }
        };
        self.go(BulkState::Settling { bulk, outcome, settled: 0 }, note).await?;
        Ok(Step::On)
    }

    /// Soon at first, then ever rarer.
    pub(super) fn look_soon(&self, since: Timestamp) -> Step {
        let now = self.now();
        let waited = now.duration_since(since).unsigned_abs();
        let wait = (waited / 2).clamp(self.connection.timing.retry_after, LONGEST_LOOK);
        Step::Later(later(now, wait).unwrap_or(now))
    }

    pub(super) async fn tell_if_stuck(&self, bulk: &str, since: Timestamp) -> Result<(), WorkError> {
        let now = self.now();
        let soon = later(now, self.connection.timing.remind_before);
        let urgent = self.stored.value.ship_by.is_some_and(|at| soon.is_none_or(|soon| at <= soon));
        let stuck = later(since, STUCK_AFTER).is_some_and(|at| at <= now);
        let usual = later(since, LONGEST_LOOK).is_none_or(|at| now < at);
        if !(stuck || urgent && !usual) {
            return Ok(());
        }
        let words = format!(
            "the marketplace has been working on {bulk} with {} parcels since {}; nothing is sent a second time",
            self.stored.value.messages,
            since.strftime("%Y-%m-%d %H:%M UTC")
        );
        sync::tell_of_connection(self.world, &self.connection.account, sync::BULK_STUCK, words).await
    }
}

fn in_doubt(error: &ChannelError) -> bool {
    matches!(error.failure, Failure::Retryable { reached: Reached::Maybe, .. })
}
