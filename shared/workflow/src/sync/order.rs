//! A marketplace order: loaded, read where it must be, reconciled, acted upon, until nothing is left to do.

use std::time::Duration;

use connector_api::{Failure, MerchantAction};
use domain::alert::Deadline;
use domain::connection::MailKind;
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::order::ORDER_AT_RISK;
use domain::outcome::pause;
use domain::state::{State, Waiting};
use ports::LedgerError;

use super::scene::Scene;
use super::{Progress, Scarce, leave, park, tell};
use crate::limits::{self, Purpose, Taken};
use crate::mappings;
use crate::message::{Look, WorkError};
use crate::records::{Record, later};
use crate::wake;
use crate::world::World;

/// Rounds of one look: each ends with something written. More are left to the next message.
const ROUNDS: usize = 24;
/// Facts younger than this are not read again before a write.
const FRESH: Duration = Duration::from_secs(60);
/// How long an order that the account does not know is looked for before a person is asked.
const NOT_FOUND_GRACE: Duration = Duration::from_secs(300);

/// After so many failed reads in a row (about half an hour) a person hears of it.
const MANY_FAILURES: u32 = 7;

/// Whether the order's facts serve.
enum Reading {
    /// They do, or could not be had but old ones serve.
    Serves,
    /// They do not: what is to follow is written down, nothing more can be done now.
    Waits(Progress),
}

/// Looks at a marketplace order and does what is to be done; `joined` is a store order just linked to it.
///
/// # Errors
/// [`WorkError`]: to be tried again. Whatever was done before is recorded.
pub async fn look_at_order(
    world: &World,
    reference: &MarketplaceOrderRef,
    joined: Option<&StoreOrderRef>,
) -> Result<Progress, WorkError> {
    let mut read = None;
    for _ in 0..ROUNDS {
        let Some(mut scene) = Scene::load(world, reference, joined).await? else {
            return Ok(Progress::Done);
        };
        // What was read in a round that another worker's write undid is still what was read.
        if let Some(facts) = read.take() {
            scene.order.value.fold(facts);
        }
        scene.expire_leases(world)?;
        scene.sku_map = mappings::sku_map(world.ledger.as_ref(), &reference.account).await?;
        let reading = scene.read_if_needed(world).await?;
        if matches!(reading, Reading::Serves) {
            scene.order.value.alerts.settle_those(|alert| alert.cause == ORDER_AT_RISK);
            scene.reconcile(world).await?;
        }
        let now = world.now();
        let writes = scene.changes(now);
        if !writes.is_empty() {
            match world.ledger.commit(writes).await {
                Ok(()) => {
                    scene.count_moves(now);
                    scene.tell(world).await?;
                }
                Err(LedgerError::Conflict) => {
                    read = scene.order.value.facts.take();
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Reading::Waits(progress) = reading {
            return Ok(progress);
        }
        match scene.next_to_confirm(world.now()) {
            None => {
                let reverses = scene.reverses();
                drop(scene);
                if reverses {
                    super::reverse::work(world, reference).await?;
                }
                return Ok(Progress::Done);
            }
            // A call that is begun now might not end in time, and would leave doubt.
            Some(_) if world.time_is_up() => {
                leave(world, Look::Order { order: reference.clone() }).await?;
                return Ok(Progress::Done);
            }
            Some(index) => {
                if let Some(progress) = scene_act(world, reference, index, scene).await? {
                    return Ok(progress);
                }
            }
        }
    }
    // Others were first, over and over, or there is very much to do: the rest is another message.
    Err(LedgerError::Conflict.into())
}

/// Acts on one package; a progress ends the look, none means another round.
async fn scene_act(
    world: &World,
    reference: &MarketplaceOrderRef,
    index: usize,
    scene: Scene<'_>,
) -> Result<Option<Progress>, WorkError> {
    // What was just written has another version: act on what stands there now.
    drop(scene);
    let Some(scene) = Scene::load(world, reference, None).await? else { return Ok(Some(Progress::Done)) };
    scene.act(world, index).await
}

impl Scene<'_> {
    /// An intent whose lease is over: whoever made the call crashed, and nobody knows how far it came.
    fn expire_leases(&mut self, world: &World) -> Result<(), WorkError> {
        let now = world.now();
        let timing = self.connection.timing;
        for stored in &mut self.packages {
            if matches!(&stored.value.state, State::Intent { lease_until, .. } if *lease_until <= now) {
                stored.value.doubt("its worker did not come back", &timing, now)?;
            }
        }
        Ok(())
    }

    /// The first package that may be told of now.
    fn next_to_confirm(&self, now: jiff::Timestamp) -> Option<usize> {
        self.in_order_of_dispatch().into_iter().find(|index| {
            let state = self.packages.get(*index).map(|p| &p.value.state);
            matches!(
                state,
                Some(State::Planned {
                    not_before,
                    waiting: Waiting::Nothing | Waiting::Tokens | Waiting::Connection | Waiting::Pause { .. },
                }) if *not_before <= now
            )
        })
    }

    /// Tells of alerts that are due, and of waiting parcels.
    async fn tell(&self, world: &World) -> Result<(), WorkError> {
        let now = world.now();
        for stored in &self.packages {
            let package = &stored.value;
            if package.alerts.next_due(now, &package.deadline()).is_some_and(|at| at <= now) {
                tell(world, &package.key()).await?;
            }
        }
        let order = &self.order.value;
        if order.alerts.next_due(now, &Deadline::NONE).is_some_and(|at| at <= now) {
            tell(world, &order.key()).await?;
        }
        Ok(())
    }

    /// Reads the order at the marketplace, where what is known does not serve.
    async fn read_if_needed(&mut self, world: &World) -> Result<Reading, WorkError> {
        let now = world.now();
        let order = &self.order.value;
        let age = order.facts.as_ref().map(|f| now.duration_since(f.read_at).unsigned_abs());
        // A look is due, and what is known is older than that.
        let read_at = order.facts.as_ref().map(|f| f.read_at);
        let to_see = self.packages.iter().any(|p| {
            matches!(
                &p.value.state,
                State::Doubt { next_look, .. }
                | State::Accepted { next_look, .. }
                | State::Missing { next_look, .. } if *next_look <= now && read_at < Some(*next_look)
            )
        });
        let new = !self.store_orders.is_empty() && !self.all_before_start();
        let to_confirm = new && self.anything_to_confirm();
        let unknown = order.facts.is_none() && new;
        let must = unknown
            || to_see
            || to_confirm && age.is_none_or(|age| age > self.connection.timing.facts_fresh_for);
        let want = must || to_confirm && age.is_none_or(|age| age > FRESH);
        if !want {
            self.order.value.next_look = None;
            self.order.value.waits_for_tokens = false;
            return Ok(Reading::Serves);
        }
        if must && order.next_look.is_some_and(|at| at > now) && order.failures > 0 {
            return Ok(Reading::Waits(Progress::Done));
        }
        if !self.state.works() {
            return self.wait_for_connection(world, must).await;
        }
        let connection = self.connection.clone();
        let needs = self.needs(&connection, self.marketplace.traits().spends.read);
        match limits::take(world, &needs, Purpose::Work).await? {
            Taken::All => {}
            Taken::Empty { until } if must => {
                if order.facts.is_some() && !unknown && !to_confirm {
                    self.look_later(until);
                } else {
                    self.order.value.waits_for_tokens = true;
                    wake::ensure(world, &self.connection.account, until).await?;
                }
                return Ok(Reading::Waits(Progress::OutOfTokens { until, of: Scarce::Reads }));
            }
            Taken::Empty { .. } => {
                self.order.value.waits_for_tokens = false;
                return Ok(Reading::Serves);
            }
        }
        let answer =
            self.marketplace.read_order(world.reach(), &self.connection, &self.order.value.order.order).await;
        match answer {
            Ok(answer) => {
                limits::learn(world, &needs, &answer.limits).await?;
                let mut facts = answer.value;
                // What changed while the answer travelled is not in it: it is as old as the question.
                facts.read_at = now;
                let order = &mut self.order.value;
                order.fold(facts);
                order.failures = 0;
                order.next_look = None;
                order.waits_for_tokens = false;
                // What a read settles; what it tells is raised below.
                order.alerts.settle_those(|alert| alert.kind == MailKind::Unclear);
                Ok(Reading::Serves)
            }
            Err(error) => self.reading_failed(world, error, must).await,
        }
    }

    /// Packages whose look is due are looked at later.
    fn look_later(&mut self, until: jiff::Timestamp) {
        for stored in &mut self.packages {
            if let State::Doubt { next_look, .. }
            | State::Accepted { next_look, .. }
            | State::Missing { next_look, .. } = &mut stored.value.state
            {
                *next_look = (*next_look).max(until);
            }
        }
    }

    async fn wait_for_connection(&mut self, world: &World, must: bool) -> Result<Reading, WorkError> {
        if !must {
            return Ok(Reading::Serves);
        }
        let now = world.now();
        let later_look = later(now, Duration::from_secs(600)).unwrap_or(now);
        self.look_later(later_look);
        self.order.value.waits_for_tokens = self.order.value.facts.is_none() || self.anything_to_confirm();
        wake::ensure(world, &self.connection.account, later_look).await?;
        Ok(Reading::Waits(Progress::Done))
    }

    async fn reading_failed(
        &mut self,
        world: &World,
        error: connector_api::ChannelError,
        must: bool,
    ) -> Result<Reading, WorkError> {
        let now = world.now();
        let timing = self.connection.timing;
        let account = self.connection.account.clone();
        self.order.value.history.note(now, error.to_string());
        match error.failure {
            Failure::Throttled { after } => {
                let connection = self.connection.clone();
                let needs = self.needs(&connection, self.marketplace.traits().spends.read);
                let until = limits::throttled(world, &needs, after).await?;
                self.look_later(until);
                self.order.value.waits_for_tokens = self.order.value.facts.is_none() || must;
                wake::ensure(world, &account, until).await?;
            }
            Failure::Retryable { after, .. } => {
                let wait = pause(timing.retry_after, self.order.value.failures, after, world.rng.fraction());
                let at = later(now, wait).unwrap_or(now);
                self.order.value.failures = self.order.value.failures.saturating_add(1);
                self.order.value.next_look = Some(at);
                self.look_later(at);
                if self.order.value.failures >= MANY_FAILURES {
                    self.raise("order_unreachable", Some(error.detail), error.request_id, now);
                }
            }
            Failure::NeedsMerchant { action: MerchantAction::Reconnect } => {
                park(world, &self.connection, self.loaded_at, &error.detail).await?;
                return self.wait_for_connection(world, true).await;
            }
            Failure::NotFound => {
                let order = &mut self.order.value;
                let since = *order.not_found_since.get_or_insert(now);
                order.failures = order.failures.saturating_add(1);
                let patient = later(since, NOT_FOUND_GRACE).is_none_or(|at| now < at);
                let wait = if patient { Duration::from_secs(60) } else { Duration::from_secs(3600) };
                order.next_look = later(now, wait);
                if !patient {
                    self.raise("order_not_found", Some(error.detail), error.request_id, now);
                }
            }
            Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::NeedsMerchant { .. } => {
                self.order.value.failures = self.order.value.failures.saturating_add(1);
                self.order.value.next_look = later(now, Duration::from_secs(3600));
                self.raise("order_read_refused", Some(error.detail), error.request_id, now);
            }
        }
        Ok(Reading::Waits(Progress::Done))
    }

    fn raise(
        &mut self,
        cause: &str,
        words: Option<String>,
        request_id: Option<String>,
        now: jiff::Timestamp,
    ) {
        self.order.value.alerts.raise(domain::alert::Alert {
            kind: MailKind::Unclear,
            cause: cause.to_owned(),
            version: 1,
            raised_at: now,
            stage: domain::alert::AlertStage::Due,
            their_words: words,
            request_id,
        });
    }
}
