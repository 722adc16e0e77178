//! One reversal's feed: laid down, asked for once, looked for when its answer was lost, its report read.

use std::time::Duration;

use connector_api::{
    Bulk, BulkContent, BulkProgress, BulkReport, Cancellation, ChannelError, Failure, MerchantAction,
    Reached, Refund, RefundLine,
};
use domain::outcome::pause;
use domain::reversal::{Reversal, ReversalState, Reversed};
use jiff::{SignedDuration, Timestamp};

use super::super::park;
use super::super::scene::Scene;
use super::Step;
use crate::limits::{self, Needs, Purpose, Taken};
use crate::message::WorkError;
use crate::records::later;
use crate::world::World;

/// How long the call may take before whoever made it is taken to have crashed.
const LEASE: Duration = Duration::from_secs(60);
/// A listed feed may be older than our call by this much: clocks are not the same.
const SKEW: SignedDuration = SignedDuration::from_secs(120);
/// A feed that is not listed by then was never made.
const LISTED_AFTER: Duration = Duration::from_secs(600);
/// A feed that is worked on for longer is a person's.
const STUCK_AFTER: Duration = Duration::from_secs(24 * 3600);
/// The longest pause between two looks.
const LONGEST_LOOK: Duration = Duration::from_secs(600);
/// How often a cancellation is asked for that was certainly not made before.
const MOST_ATTEMPTS: u32 = 3;
/// So many failures in a row are a person's: about half a day.
const MOST_FAILURES: u32 = 12;

impl Scene<'_> {
    /// What is sent of a reversal.
    fn content(&self, reversal: &Reversal) -> Option<BulkContent> {
        let order = self.order.value.order.order.clone();
        let marketplace = self.order.value.facts.as_ref()?.marketplace.clone();
        Some(match &reversal.what {
            Reversed::Cancellation { lines, buyer_asked } => BulkContent::Cancellations(vec![Cancellation {
                order,
                marketplace,
                lines: lines.clone(),
                buyer_asked: *buyer_asked,
            }]),
            Reversed::Refund { lines } => {
                let lines = lines.iter();
                let lines = lines
                    .map(|(line, principal)| RefundLine { line: line.clone(), principal: principal.clone() });
                let id = reversal.sent_id();
                BulkContent::Refunds(vec![Refund { order, marketplace, id, lines: lines.collect() }])
            }
        })
    }

    /// Takes what a call needs; `Some` says until when nothing can be called.
    async fn spend(
        &self,
        world: &World,
        spends: &'static [&'static str],
    ) -> Result<Option<Timestamp>, WorkError> {
        let needs = Needs::of(&self.connection, self.marketplace.traits().limits, spends);
        Ok(match limits::take(world, &needs, Purpose::Work).await? {
            Taken::All => None,
            Taken::Empty { until } => Some(until),
        })
    }

    /// What follows a call that was not answered well, and had no effect.
    async fn failed(
        mut self,
        world: &World,
        index: usize,
        error: ChannelError,
        spends: &'static [&'static str],
    ) -> Result<Step, WorkError> {
        let now = world.now();
        self.order.value.history.note(now, error.to_string());
        let retry_after = self.connection.timing.retry_after;
        let Some(reversal) = self.order.value.reversals.get_mut(index) else { return Ok(Step::Rest) };
        let wait = match &error.failure {
            Failure::Throttled { after } => {
                let needs = Needs::of(&self.connection, self.marketplace.traits().limits, spends);
                let until = limits::throttled(world, &needs, *after).await?;
                return self.look_at(world, index, until).await;
            }
            Failure::Retryable { after, .. } if reversal.failures < MOST_FAILURES => {
                let wait = pause(retry_after, reversal.failures, *after, world.rng.fraction());
                reversal.failures += 1;
                wait
            }
            // A feed that is refused may want a role that nothing else does: the account is gone only when it gets no token.
            Failure::NeedsMerchant { action: MerchantAction::Reconnect } if error.is_of_tokens() => {
                park(world, &self.connection, now, &error.detail).await?;
                LONGEST_LOOK
            }
            Failure::Retryable { .. }
            | Failure::NeedsMerchant { .. }
            | Failure::Rejected { .. }
            | Failure::CarrierRefused { .. }
            | Failure::NotFound => return self.by_hand(world, index, &error.to_string()).await,
        };
        self.rest(world, index, wait).await
    }

    /// Lays the document down: nothing happens by that.
    pub(super) async fn upload(
        self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        reversal: &Reversal,
    ) -> Result<Step, WorkError> {
        let spends = api.spends().upload;
        if let Some(until) = self.spend(world, spends).await? {
            return self.look_at(world, index, until).await;
        }
        let Some(content) = self.content(reversal) else {
            return self.by_hand(world, index, "the order cannot be read").await;
        };
        match api.upload(world.reach(), &self.connection, &content).await {
            Ok(answer) => {
                let state = ReversalState::Uploaded { document: answer.value };
                let now = world.now();
                self.set(world, index, state, now, "its document is laid down").await
            }
            Err(error) => self.failed(world, index, error, spends).await,
        }
    }

    /// Asks for it, once: that is written down first.
    pub(super) async fn submit(
        mut self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        document: &str,
    ) -> Result<Step, WorkError> {
        let now = world.now();
        let Some(reversal) = self.order.value.reversals.get(index).cloned() else { return Ok(Step::Rest) };
        if !self.take_turn(world, &reversal.id).await? {
            return self.rest(world, index, super::NOT_NOW).await;
        }
        // A document laid down a while ago: what was checked then may not hold any more.
        if !self.is_fresh(now) || self.may_be_sent(&reversal).is_err() {
            return self.set(world, index, ReversalState::Planned, now, "checked once more").await;
        }
        let spends = api.spends().submit;
        if let Some(until) = self.spend(world, spends).await? {
            return self.look_at(world, index, until).await;
        }
        let Some(content) = self.content(&reversal) else {
            return self.by_hand(world, index, "the order cannot be read").await;
        };
        let lease_until = later(now, LEASE).unwrap_or(now);
        let asking = ReversalState::Submitting { since: now, lease_until };
        if let Some(reversal) = self.order.value.reversals.get_mut(index) {
            reversal.attempts += 1;
        }
        let (connection, reference) = (self.connection.clone(), self.order.value.order.clone());
        self.set(world, index, asking.clone(), lease_until, "the marketplace is asked").await?;
        let answer = api.submit(world.reach(), &connection, &content, document).await;
        // What was just written has another version. Whoever took it over meanwhile has put it in doubt.
        let Some(scene) = Scene::load(world, &reference, None).await? else { return Ok(Step::Rest) };
        let ours = scene.order.value.reversals.get(index).is_some_and(|one| one.state == asking);
        if !ours {
            return Ok(Step::Rest);
        }
        match answer {
            Ok(answer) => {
                let note = format!("the marketplace has it as {}", answer.value);
                let state = ReversalState::Submitted { feed: answer.value, since: now };
                let at = later(now, Duration::from_secs(60)).unwrap_or(now);
                scene.set(world, index, state, at, &note).await
            }
            Err(error) if matches!(error.failure, Failure::Retryable { reached: Reached::Maybe, .. }) => {
                let at = later(now, Duration::from_secs(60)).unwrap_or(now);
                let note = format!("in doubt whether it was asked: {error}");
                scene.set(world, index, ReversalState::Doubt { since: now }, at, &note).await
            }
            Err(error) => scene.not_asked(world, index, document, error, spends).await,
        }
    }

    /// The marketplace was certainly not asked.
    async fn not_asked(
        mut self,
        world: &World,
        index: usize,
        document: &str,
        error: ChannelError,
        spends: &'static [&'static str],
    ) -> Result<Step, WorkError> {
        if let Some(reversal) = self.order.value.reversals.get_mut(index) {
            reversal.attempts = reversal.attempts.saturating_sub(1);
            reversal.state = ReversalState::Uploaded { document: document.to_owned() };
        }
        self.failed(world, index, error, spends).await
    }

    /// Looks whether the marketplace was asked after all.
    pub(super) async fn search(
        self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        since: Timestamp,
    ) -> Result<Step, WorkError> {
        let spends = api.spends().listed;
        if let Some(until) = self.spend(world, spends).await? {
            return self.look_at(world, index, until).await;
        }
        let now = world.now();
        let Some(reversal) = self.order.value.reversals.get(index).cloned() else { return Ok(Step::Rest) };
        let after = since.checked_sub(SKEW).unwrap_or(since);
        // The kind alone matters for a list.
        let kind = match reversal.what {
            Reversed::Cancellation { .. } => BulkContent::Cancellations(Vec::new()),
            Reversed::Refund { .. } => BulkContent::Refunds(Vec::new()),
        };
        let listed = match api.listed(world.reach(), &self.connection, &kind, after).await {
            Ok(answer) => answer.value,
            Err(error) => return self.failed(world, index, error, spends).await,
        };
        let mut unknown = listed.into_iter().filter(|found| !self.state.reversal_feeds.contains(&found.id));
        match (unknown.next(), unknown.next()) {
            (Some(found), None) => {
                let note = format!("the marketplace has it as {}: its answer was lost", found.id);
                let state = ReversalState::Submitted { feed: found.id, since: now };
                self.set(world, index, state, now, &note).await
            }
            (Some(_), Some(_)) => {
                let why = "whether it was carried out is not certain: several feeds of that time are listed";
                self.by_hand(world, index, why).await
            }
            (None, _) if later(since, LISTED_AFTER).is_some_and(|at| now < at) => {
                self.rest(world, index, Duration::from_secs(60)).await
            }
            (None, _) => match reversal.what {
                Reversed::Cancellation { .. } if reversal.attempts < MOST_ATTEMPTS => {
                    let note = "the marketplace was never asked: it is sent anew";
                    self.set(world, index, ReversalState::Planned, now, note).await
                }
                Reversed::Cancellation { .. } | Reversed::Refund { .. } => {
                    let why = "its answer was lost, and the marketplace lists no such feed: nothing is sent a second time";
                    self.by_hand(world, index, why).await
                }
            },
        }
    }

    /// Asks where it stands.
    pub(super) async fn ask(
        self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        feed: &str,
        since: Timestamp,
    ) -> Result<Step, WorkError> {
        let spends = api.spends().progress;
        if let Some(until) = self.spend(world, spends).await? {
            return self.look_at(world, index, until).await;
        }
        let now = world.now();
        let progress = match api.progress(world.reach(), &self.connection, feed).await {
            Ok(answer) => answer.value,
            Err(error) => return self.failed(world, index, error, spends).await,
        };
        match progress {
            BulkProgress::Underway if later(since, STUCK_AFTER).is_some_and(|at| at <= now) => {
                let why = format!("the marketplace has been working on it as {feed} for a day");
                self.by_hand(world, index, &why).await
            }
            BulkProgress::Underway => {
                let waited = now.duration_since(since).unsigned_abs();
                self.rest(world, index, (waited / 2).clamp(Duration::from_secs(60), LONGEST_LOOK)).await
            }
            BulkProgress::Done { report: Some(report) } => {
                self.read_report(world, api, index, feed, &report).await
            }
            BulkProgress::Done { report: None } | BulkProgress::Broken { .. } => {
                let why = format!("the marketplace ended it as {feed} without saying what became of it");
                self.by_hand(world, index, &why).await
            }
            BulkProgress::Cancelled => {
                let why = format!("the marketplace cancelled {feed} before it worked on it");
                self.by_hand(world, index, &why).await
            }
        }
    }

    async fn read_report(
        self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        feed: &str,
        document: &str,
    ) -> Result<Step, WorkError> {
        let spends = api.spends().report;
        if let Some(until) = self.spend(world, spends).await? {
            return self.look_at(world, index, until).await;
        }
        match api.report(world.reach(), &self.connection, document).await {
            Ok(answer) => match verdict(&answer.value) {
                Ok(()) => {
                    let now = world.now();
                    self.set(world, index, ReversalState::Done, now, "the marketplace carried it out").await
                }
                Err(why) => self.by_hand(world, index, &format!("{why} ({feed})")).await,
            },
            Err(error) => self.failed(world, index, error, spends).await,
        }
    }
}

/// What a report of one message says.
fn verdict(report: &BulkReport) -> Result<(), String> {
    if let Some((_, code, words)) = report.refused.first() {
        return Err(format!("the marketplace refused it: {code}: {words}"));
    }
    if (report.processed, report.successful) == (1, 1) {
        Ok(())
    } else {
        Err("the marketplace's report does not say what became of it".to_owned())
    }
}
