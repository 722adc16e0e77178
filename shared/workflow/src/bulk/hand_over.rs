//! Handing the document over: laid down, asked for once, looked for when the answer was lost.

use std::time::Duration;

use connector_api::{BulkContent, BulkProgress, ChannelError, Failure, MerchantAction, Reached};
use domain::bulk::{BulkOutcome, BulkState};
use jiff::Timestamp;

use super::settle::Ended;
use super::{Step, Work};
use crate::limits::{self, Needs, Purpose, Taken};
use crate::message::WorkError;
use crate::records::later;
use crate::sync;

/// How long the call may take before whoever made it is taken to have crashed.
const LEASE: Duration = Duration::from_secs(60);
/// A listed bulk may be older than our call by this much: clocks are not the same.
const SKEW: Duration = Duration::from_secs(120);
/// A bulk that is not listed by then was never made.
const LISTED_AFTER: Duration = Duration::from_secs(600);
/// The longest pause between two looks at a bulk underway: a notification comes sooner.
const LONGEST_LOOK: Duration = Duration::from_secs(600);
/// A bulk that takes longer is told to the merchant.
const STUCK_AFTER: Duration = Duration::from_secs(4 * 3600);

impl Work<'_> {
    /// Takes what a call needs; `Some` says until when nothing can be called.
    async fn spend(&self, spends: &'static [&'static str]) -> Result<Option<Timestamp>, WorkError> {
        let all = self.limits();
        let needs = Needs::of(self.connection, all, spends);
        Ok(match limits::take(self.world, &needs, Purpose::Work).await? {
            Taken::All => None,
            Taken::Empty { until } => Some(until),
        })
    }

    fn limits(&self) -> &'static [connector_api::Limit] {
        let marketplace = self.world.connectors.marketplace(&self.connection.kind);
        marketplace.map_or(&[], |marketplace| marketplace.traits().limits)
    }

    /// What follows a call that was not answered well, where nothing is in doubt.
    async fn failed(
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
            Failure::NeedsMerchant { action: MerchantAction::Reconnect } => {
                sync::park(self.world, self.connection, now, &error.detail).await?;
                Ok(Step::Later(later(now, LONGEST_LOOK).unwrap_or(now)))
            }
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
            return Ok(Step::Later(until));
        }
        let content = self.content().await?;
        match self.api.upload(self.world.reach(), self.connection, &content).await {
            Ok(answer) => {
                let document = answer.value;
                self.go(BulkState::Uploaded { document }, "the document is laid down").await?;
                Ok(Step::On)
            }
            Err(error) => self.failed(error, spends).await,
        }
    }

    /// Asks the marketplace to work on it: recorded first, like every call that has an effect.
    pub(super) async fn submit(&mut self, document: String) -> Result<Step, WorkError> {
        let spends = self.api.spends().submit;
        if let Some(until) = self.spend(spends).await? {
            return Ok(Step::Later(until));
        }
        let content = self.content().await?;
        let now = self.now();
        let lease_until = later(now, LEASE).unwrap_or(now);
        let asking = BulkState::Submitting { document: document.clone(), since: now, lease_until };
        self.go(asking, "asking the marketplace to work on it").await?;
        match self.api.submit(self.world.reach(), self.connection, &content, &document).await {
            Ok(answer) => {
                let note = format!("the marketplace has it as {}", answer.value);
                self.go(BulkState::Submitted { bulk: answer.value, since: now }, &note).await?;
                Ok(self.look_soon(now))
            }
            Err(error) if in_doubt(&error) => {
                let note = format!("in doubt whether it was asked: {error}");
                self.go(BulkState::Doubt { document, since: now }, &note).await?;
                Ok(Step::Later(later(self.now(), Duration::from_secs(30)).unwrap_or(now)))
            }
            Err(error) => {
                // A document that is refused, or not there any more, is of no use a second time.
                let refused = matches!(error.failure, Failure::Rejected { .. } | Failure::NotFound);
                let next = if refused { BulkState::Gathered } else { BulkState::Uploaded { document } };
                self.go(next, "not asked: to be tried again").await?;
                self.failed(error, spends).await
            }
        }
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

    /// Looks whether the marketplace was asked after all.
    pub(super) async fn search(&mut self, document: String, since: Timestamp) -> Result<Step, WorkError> {
        let spends = self.api.spends().listed;
        if let Some(until) = self.spend(spends).await? {
            return Ok(Step::Later(until));
        }
        let asked_at = self.now();
        let after = since.saturating_sub(jiff::SignedDuration::try_from(SKEW).unwrap_or_default());
        let after = after.unwrap_or(since);
        // The kind alone matters for a list.
        let kind = BulkContent::Confirmations(Vec::new());
        let listed = match self.api.listed(self.world.reach(), self.connection, &kind, after).await {
            Ok(answer) => answer.value,
            Err(error) => return self.failed(error, spends).await,
        };
        let known = super::known_to_us(self.world, &self.connection.account).await?;
        let mut ours: Vec<_> = listed.into_iter().filter(|found| !known.contains(&found.id)).collect();
        ours.sort_by_key(|found| found.created_at);
        if let Some(found) = ours.into_iter().next() {
            let note = format!("the marketplace has it as {}: its answer was lost", found.id);
            self.go(BulkState::Submitted { bulk: found.id, since: asked_at }, &note).await?;
            return Ok(self.look_soon(asked_at));
        }
        if later(since, LISTED_AFTER).is_some_and(|at| asked_at < at) {
            return Ok(self.pause(Some(Duration::from_secs(60))));
        }
        let note = format!("the marketplace was never asked about document {document}: it is laid down anew");
        self.go(BulkState::Gathered, &note).await?;
        Ok(Step::On)
    }

    /// Asks where it stands.
    pub(super) async fn ask(&mut self, bulk: String, since: Timestamp) -> Result<Step, WorkError> {
        let spends = self.api.spends().progress;
        if let Some(until) = self.spend(spends).await? {
            return Ok(Step::Later(until));
        }
        let progress = match self.api.progress(self.world.reach(), self.connection, &bulk).await {
            Ok(answer) => answer.value,
            Err(error) => return self.failed(error, spends).await,
        };
        let outcome = match progress {
            BulkProgress::Underway => {
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
    fn look_soon(&self, since: Timestamp) -> Step {
        let now = self.now();
        let waited = now.duration_since(since).unsigned_abs();
        let wait = (waited / 2).clamp(self.connection.timing.retry_after, LONGEST_LOOK);
        Step::Later(later(now, wait).unwrap_or(now))
    }

    async fn tell_if_stuck(&self, bulk: &str, since: Timestamp) -> Result<(), WorkError> {
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
