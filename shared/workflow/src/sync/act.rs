//! The call: a token, the intent, the call, its outcome. Nothing else ever tells a marketplace anything.

use std::time::Duration;

use connector_api::{Answer, ChannelError, Confirmed, Failure, Kept, MerchantAction, Reached};
use domain::alert::Deadline;
use domain::carrier_policy::{OnContradiction, OnRefused};
use domain::connection::{MailKind, Timing};
use domain::connection_state::{AccessClosed, ConnectionState};
use domain::marketplace_rules::Untracked;
use domain::order::MarketplaceOrder;
use domain::outcome::{Words, pause};
use domain::package::Package;
use domain::plan::{CarrierKnown, Objection, Verdict};
use domain::state::{BadEdge, State, Waiting};
use jiff::{SignedDuration, Timestamp};
use ports::LedgerError;

use super::scene::Scene;
use super::{Progress, Scarce, park, tell};
use crate::bulk;
use crate::limits::{self, Purpose, Taken};
use crate::message::WorkError;
use crate::metrics::{About, Metric, note};
use crate::records::{Loaded, Record, Stored, later, load};
use crate::trace::millis;
use crate::wake;
use crate::world::World;

/// A refusal of the order's lines holds on facts that were read so lately.
const JUST_READ: Duration = Duration::from_secs(60);

impl Scene<'_> {
    /// Tells the marketplace of the package at `index`. `None` means: look at the order again.
    pub(super) async fn act(mut self, world: &World, index: usize) -> Result<Option<Progress>, WorkError> {
        let Some((verdict, carrier)) = self.verdict_on(world, index).await? else { return Ok(None) };
        let Verdict::Confirm(confirmation) = verdict else {
            // The world changed since it was planned: the next round follows the new verdict.
            return Ok(None);
        };
        if index >= self.packages.len() {
            return Ok(None);
        }
        let stored = self.packages.swap_remove(index);
        let State::Planned { .. } = stored.value.state else { return Ok(None) };
        let account = self.connection.account.clone();
        if !self.state.works() {
            put_off(world, stored, Waiting::Connection).await?;
            let at = later(world.now(), Duration::from_secs(600)).unwrap_or(world.now());
            wake::ensure(world, &account, at).await?;
            return Ok(Some(Progress::Done));
        }
        if confirmation.tracking.is_none() && self.marketplace.traits().rules.untracked == Untracked::InBulk {
            put_off(world, stored, Waiting::Bulk).await?;
            let at = later(world.now(), bulk::GATHERS_FOR).unwrap_or(world.now());
            wake::ensure(world, &account, at).await?;
            // The others of the order go on.
            return Ok(None);
        }
        let connection = self.connection.clone();
        let needs = self.needs(&connection, self.marketplace.traits().spends.confirm);
        if let Taken::Empty { until } = limits::take(world, &needs, Purpose::Work).await? {
            put_off(world, stored, Waiting::Tokens).await?;
            wake::ensure(world, &account, until).await?;
            return Ok(Some(Progress::OutOfTokens { until, of: Scarce::Confirmations }));
        }
        let now = world.now();
        let mut stored = stored;
        note_carrier(&mut stored.value, carrier, now);
        let attempt = stored.value.begin(&confirmation, self.connection.timing.lease, now)?;
        let version = stored.value.state.in_flight_version();
        let first = stored.value.failures == 0;
        let key = stored.value.key();
        match world.ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => {}
            // Somebody else acts on it, or changed it: nothing was called.
            Err(LedgerError::Conflict) => return Ok(None),
            // It may have been written: then its lease runs out and it is read before anything else.
            Err(error) => return Err(error.into()),
        }
        let asked_at = world.now();
        let mut answer = self.marketplace.confirm(world.reach(), &self.connection, &confirmation).await;
        if let Err(error) = &mut answer {
            // Facts that were just read are no worse than the refusal, and once is enough.
            error.about_lines &= first && self.facts_are_old(asked_at) && self.doubt_facts(world).await;
        }
        let took = world.now().duration_since(asked_at);
        self.record(world, &key, (version, attempt), answer, took).await
    }

    /// Whether the order may have changed since what we know of it was read.
    fn facts_are_old(&self, now: Timestamp) -> bool {
        let read_at = self.order.value.facts.as_ref().map(|facts| facts.read_at);
        read_at.and_then(|at| later(at, JUST_READ)).is_none_or(|until| until < now)
    }

    /// Has the order read before anything is told of it again; whether that is written down.
    async fn doubt_facts(&self, world: &World) -> bool {
        let key = self.order.value.key();
        for _ in 0..6 {
            let Ok(Loaded::Known(mut stored)) = load::<MarketplaceOrder>(world.ledger.as_ref(), &key).await
            else {
                return false;
            };
            let Some(facts) = &mut stored.value.facts else { return true };
            facts.read_at = Timestamp::UNIX_EPOCH;
            match world.ledger.commit(vec![stored.into_write(world.now())]).await {
                Ok(()) => return true,
                Err(LedgerError::Conflict) => {}
                Err(_) => return false,
            }
        }
        false
    }

    /// Records the outcome of one try of one version. A zombie's outcome is dropped: its lease was taken over.
    async fn record(
        &self,
        world: &World,
        key: &ports::ItemKey,
        (version, attempt): (Option<u32>, u32),
        answer: Result<Answer<Confirmed>, ChannelError>,
        took: SignedDuration,
    ) -> Result<Option<Progress>, WorkError> {
        let mut progress = None;
        if let Err(error) = self.learn_from(world, &answer, &mut progress).await {
            // The outcome matters more than what else the answer taught.
            tracing::warn!(package = %key.sk, %error, "limits or state of the account not noted");
        }
        for _ in 0..6 {
            let Loaded::Known(mut stored) = load::<Package>(world.ledger.as_ref(), key).await? else {
                return Ok(progress);
            };
            let ours = matches!(stored.value.state, State::Intent { attempt: a, .. } if a == attempt)
                && stored.value.state.in_flight_version() == version;
            if !ours {
                tracing::warn!(package = %key.sk, attempt, "outcome dropped: the intent was taken over");
                return Ok(progress);
            }
            self.apply(world, &mut stored.value, &answer)?;
            let now = world.now();
            let due = stored.value.alerts.next_due(now, &Deadline::NONE).is_some();
            match world.ledger.commit(vec![stored.into_write(now)]).await {
                Ok(()) => {
                    self.count_outcome(key, &answer, took);
                    if due {
                        tell(world, key).await?;
                    }
                    self.afterwards(world, &answer, progress).await?;
                    return Ok(progress);
                }
                // An admin's ruling or an alert's stage came in between: the outcome still holds.
                Err(LedgerError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Conflict.into())
    }

    /// Counts an outcome that is written down, with the line that tells of it.
    fn count_outcome(
        &self,
        key: &ports::ItemKey,
        answer: &Result<Answer<Confirmed>, ChannelError>,
        took: SignedDuration,
    ) {
        let request_id = match answer {
            Ok(answer) => answer.request_id.as_deref(),
            Err(error) => error.request_id.as_deref(),
        };
        let about = About {
            marketplace: Some(&self.connection.kind),
            outcome: Some(outcome(answer)),
            connection: Some(&self.connection.account),
            order: Some(self.order.value.order.order.as_str()),
            package: Some(&key.sk),
            detail: request_id,
            duration_ms: Some(millis(took)),
        };
        note(Metric::Confirmations, 1, &about);
    }

    /// What an answer says of the account: its limit, or that its authorisation is gone.
    async fn learn_from(
        &self,
        world: &World,
        answer: &Result<Answer<Confirmed>, ChannelError>,
        progress: &mut Option<Progress>,
    ) -> Result<(), WorkError> {
        let needs = self.needs(&self.connection, self.marketplace.traits().spends.confirm);
        match answer {
            Ok(answer) => limits::learn(world, &needs, &answer.limits).await?,
            Err(ChannelError { failure: Failure::Throttled { after }, .. }) => {
                let until = limits::throttled(world, &needs, *after).await?;
                *progress = Some(Progress::OutOfTokens { until, of: Scarce::Confirmations });
            }
            Err(error) if parks(error) => {
                park(world, &self.connection, self.loaded_at, &error.detail).await?;
            }
            Err(error) if error.failure == CONFIRM_ELSEWHERE => {
                self.close_access(world, &error.detail).await?
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// Notes that the marketplace takes no confirmations from this account's app: what waits is held, and no call made.
    async fn close_access(&self, world: &World, why: &str) -> Result<(), WorkError> {
        let now = world.now();
        let changed = |state: &mut ConnectionState| {
            let stale = state.connected_at.is_some_and(|at| self.loaded_at <= at);
            if !stale && state.access_closed.is_none() {
                state.access_closed = Some(AccessClosed { why: why.to_owned(), since: now });
                state.history.note(now, format!("confirmations are not taken any more: {why}"));
            }
        };
        world.change_connection(&self.connection.account, changed).await?;
        Ok(())
    }

    async fn afterwards(
        &self,
        world: &World,
        answer: &Result<Answer<Confirmed>, ChannelError>,
        progress: Option<Progress>,
    ) -> Result<(), WorkError> {
        let account = &self.connection.account;
        let now = world.now();
        match answer {
            Ok(_) if world.memo.once_a_minute(account, "confirmation", now) => {
                world
                    .change_connection(account, |s| s.last_confirmation = s.last_confirmation.max(Some(now)))
                    .await?;
            }
            Ok(_) => {}
            Err(error) => {
                if let Some(Progress::OutOfTokens { until, .. }) = progress {
                    wake::ensure(world, account, until).await?;
                } else if parks(error) {
                    let at = later(now, Duration::from_secs(600)).unwrap_or(now);
                    wake::ensure(world, account, at).await?;
                }
            }
        }
        Ok(())
    }

    fn apply(
        &self,
        world: &World,
        package: &mut Package,
        answer: &Result<Answer<Confirmed>, ChannelError>,
    ) -> Result<(), WorkError> {
        let now = world.now();
        let timing = &self.connection.timing;
        let error = match answer {
            Ok(answer) => return Ok(taken(package, answer, timing, now)?),
            Err(error) => error,
        };
        let words = Words { theirs: Some(error.detail.clone()), request_id: error.request_id.clone() };
        match &error.failure {
            Failure::Throttled { .. } => package.nothing_applied(now, Waiting::Tokens, now)?,
            Failure::Retryable { reached: Reached::No, after } => {
                let wait = pause(timing.retry_after, package.failures, *after, world.rng.fraction());
                let at = later(now, wait).unwrap_or(now);
                package.nothing_applied(at, Waiting::Pause { why: error.to_string() }, now)?;
            }
            Failure::Retryable { reached: Reached::Maybe, .. } => {
                package.doubt(&error.to_string(), timing, now)?;
            }
            // The order is read before it is planned again.
            Failure::Rejected { .. } if error.about_lines => {
                package.nothing_applied(now, Waiting::Pause { why: error.to_string() }, now)?;
            }
            Failure::Rejected { code } => package.reject(code.clone(), words, now)?,
            Failure::CarrierRefused { code } => {
                self.carrier_refused(package, code, words, now)?;
            }
            Failure::NotFound => package.reject("not_found".into(), words, now)?,
            // The next round sees that the account is closed, and holds it.
            Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere } => {
                package.nothing_applied(now, Waiting::Nothing, now)?;
            }
            Failure::NeedsMerchant { action: MerchantAction::Reconnect } => {
                package.nothing_applied(now, Waiting::Connection, now)?;
            }
            Failure::NeedsMerchant { action: MerchantAction::FixOrder } => {
                let version = package.wanted().map_or(1, |v| v.n);
                package.go(State::NeedsMerchant { version, action: error.detail.clone() }, now)?;
                package.alert(MailKind::Rejected, "needs_merchant".into(), words, now);
            }
        }
        Ok(())
    }
}

impl Scene<'_> {
    /// The marketplace refused the carrier: it goes once more as *other* where the merchant chose that, else a
    /// person is asked.
    fn carrier_refused(
        &self,
        package: &mut Package,
        code: &str,
        words: Words,
        now: Timestamp,
    ) -> Result<(), BadEdge> {
        let sent = package.wanted().and_then(|v| v.sent_carrier.as_ref()).map(|carrier| carrier.code.clone());
        let first = package.wanted().is_some_and(|v| v.refused_carrier.is_none());
        if let Some(version) = package.versions.last_mut() {
            version.refused_carrier = sent;
        }
        if first && self.connection.carriers.refused == OnRefused::Other {
            package.history.note(now, format!("the carrier was refused: {code}"));
            return package.nothing_applied(now, Waiting::Nothing, now);
        }
        package.reject(code.to_owned(), words, now)
    }
}

/// The marketplace took a package; its answer may even show it, or show that it was not kept.
fn taken(
    package: &mut Package,
    answer: &Answer<Confirmed>,
    timing: &Timing,
    now: Timestamp,
) -> Result<(), BadEdge> {
    package.accept(answer.request_id.clone(), timing, now)?;
    if answer.value.reference.is_some() {
        package.their_reference.clone_from(&answer.value.reference);
    }
    match &answer.value.kept {
        Kept::Unsaid => Ok(()),
        Kept::Shown => match package.confirmed {
            Some(version) => package.shown(version, now),
            None => Ok(()),
        },
        Kept::Dropped { detail } => package.dropped(detail, answer.request_id.clone(), timing, now),
    }
}

/// The failure that closes an account's confirmations.
const CONFIRM_ELSEWHERE: Failure = Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere };

/// Notes under which carrier a parcel is about to be told of, and why; where its number speaks against that, it is told.
pub(super) fn note_carrier(package: &mut Package, carrier: CarrierKnown, now: Timestamp) {
    if let CarrierKnown::Code { carrier, because, objection, .. } = carrier {
        package.history.note(now, format!("carrier {}: {because}", carrier.code));
        note_objection(package, objection, now);
    }
}

/// A parcel is sent although its number speaks against its carrier, as the merchant chose.
fn note_objection(package: &mut Package, objection: Option<Objection>, now: Timestamp) {
    let Some(Objection { text, detail, then }) = objection else { return };
    let said = format!("The store says {text:?}, but {detail}");
    package.history.note(now, format!("sent all the same: {said}"));
    if then == OnContradiction::Warn {
        package.notice_of_doubted_carrier(said, now);
    }
}

/// What came of a call, in one word.
fn outcome(answer: &Result<Answer<Confirmed>, ChannelError>) -> &'static str {
    match answer.as_ref().map_err(|error| &error.failure) {
        Ok(_) => "accepted",
        Err(Failure::Throttled { .. }) => "throttled",
        Err(Failure::Retryable { reached: Reached::No, .. }) => "not_sent",
        Err(Failure::Retryable { reached: Reached::Maybe, .. }) => "doubt",
        Err(Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::NotFound) => "rejected",
        Err(Failure::NeedsMerchant { .. }) => "needs_merchant",
    }
}

fn parks(error: &ChannelError) -> bool {
    error.failure == Failure::NeedsMerchant { action: MerchantAction::Reconnect }
}

/// Puts a planned package off, into its account's lane.
async fn put_off(world: &World, mut stored: Stored<Package>, waiting: Waiting) -> Result<(), WorkError> {
    let now = world.now();
    let State::Planned { not_before, waiting: before } = &stored.value.state else { return Ok(()) };
    if *before == waiting {
        return Ok(());
    }
    // Others of its kind have time to come along.
    let not_before = if waiting == Waiting::Bulk { later(now, bulk::GATHERS_FOR) } else { Some(*not_before) };
    let state = State::Planned { not_before: not_before.unwrap_or(now), waiting };
    stored.value.go(state, now)?;
    match world.ledger.commit(vec![stored.into_write(now)]).await {
        Ok(()) | Err(LedgerError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
