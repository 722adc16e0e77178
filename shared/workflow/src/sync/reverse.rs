//! Cancellations and refunds of the store, taken to the marketplace: where the merchant switched that on, and never twice.
//!
//! Each goes in a feed of its own. That it is asked for is written into the order's record first; an answer that was lost
//! is looked for in the marketplace's list, and while it may be in doubt no other reversal of the account is asked for, so
//! that what the list shows is its own. Whatever cannot be settled that way is a person's.

mod feed;

use std::time::Duration;

use connector_api::{Bulk, Failure};
use domain::alert::Deadline;
use domain::connection_state::ReversalTurn;
use domain::ids::{Account, MarketplaceOrderRef};
use domain::keys::ItemKey;
use domain::marketplace_order::OrderStatus;
use domain::order::MarketplaceOrder;
use domain::package::Package;
use domain::reversal::{
    REVERSAL, Reversal, ReversalState, Reversed, Seen, anything_left, still_cancellable, wanted,
    within_what_was_paid,
};
use jiff::Timestamp;
use ports::LedgerError;

use super::scene::Scene;
use super::{park, tell};
use crate::limits::{self, Purpose, Taken};
use crate::mappings;
use crate::message::{Look, WorkError};
use crate::records::{Loaded, Record as _, later, load};
use crate::world::World;

/// Steps of one look; more are left to the sweep.
const STEPS: usize = 12;
/// Facts older than this are read again before anything is sent.
const FRESH: Duration = Duration::from_secs(60);
/// How long an account that is parked, or whose turn another reversal has, is left alone.
const NOT_NOW: Duration = Duration::from_secs(60);

/// What became of a step.
enum Step {
    /// Written down: go on at once.
    On,
    /// Nothing more can be done now.
    Rest,
}

impl Scene<'_> {
    /// Whether there is anything to reverse, or may be.
    pub(super) fn reverses(&self) -> bool {
        self.connection.reversals.any() || self.order.value.reversals_due().is_some()
    }
}

/// Takes on what the store reversed, and moves each reversal of an order on as far as it can be moved now.
///
/// # Errors
/// The ledger or the queue does not answer.
pub(super) async fn work(world: &World, reference: &MarketplaceOrderRef) -> Result<(), WorkError> {
    for _ in 0..STEPS {
        let Some(mut scene) = Scene::load(world, reference, None).await? else { return Ok(()) };
        if !scene.reverses() {
            return Ok(());
        }
        scene.sku_map = mappings::sku_map(world.ledger.as_ref(), &reference.account).await?;
        match step(world, scene).await {
            Ok(Step::On) if world.time_is_up() => {
                return super::leave(world, Look::Order { order: reference.clone() }).await;
            }
            Ok(Step::On) => {}
            Ok(Step::Rest) => return Ok(()),
            // Another worker wrote first: what stands there now decides.
            Err(WorkError::Ledger(LedgerError::Conflict)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn step(world: &World, mut scene: Scene<'_>) -> Result<Step, WorkError> {
    let now = world.now();
    if scene.settle_what_was_done(now) {
        scene.save(world).await?;
        return Ok(Step::On);
    }
    if !scene.wanted(now).is_empty() {
        // What is decided here is decided on what the marketplace says now.
        if !scene.is_fresh(now) {
            return scene.read_again(world).await;
        }
        let new = scene.wanted(now);
        scene.order.value.take_on(new, now);
        scene.save(world).await?;
        return Ok(Step::On);
    }
    let due = |one: &Reversal| one.is_live() && one.next_look <= now;
    let Some(index) = scene.order.value.reversals.iter().position(due) else { return Ok(Step::Rest) };
    if !scene.state.works() {
        return scene.rest(world, index, Duration::from_secs(600)).await;
    }
    let Some(reversal) = scene.order.value.reversals.get(index).cloned() else { return Ok(Step::Rest) };
    let Some(api) = scene.marketplace.bulk() else {
        return scene.by_hand(world, index, "this marketplace takes no cancellations and refunds here").await;
    };
    if let Err(why) = api.serves(&scene.connection) {
        return scene.by_hand(world, index, &why).await;
    }
    match reversal.state.clone() {
        ReversalState::Planned => scene.check_and_upload(world, api, index, &reversal).await,
        ReversalState::Uploaded { document } => scene.submit(world, api, index, &document).await,
        ReversalState::Submitting { since, lease_until } if lease_until <= now => {
            let why = "its worker did not come back";
            scene.set(world, index, ReversalState::Doubt { since }, now, why).await
        }
        ReversalState::Submitting { lease_until, .. } => scene.look_at(world, index, lease_until).await,
        ReversalState::Doubt { since } => scene.search(world, api, index, since).await,
        ReversalState::Submitted { feed, since } => scene.ask(world, api, index, &feed, since).await,
        ReversalState::Done | ReversalState::ByHand { .. } => Ok(Step::Rest),
    }
}

/// Whether the reversal that has a turn may have been asked for, without anybody knowing what it is called: what is
/// listed then is its own, however long that lasts.
async fn is_doubtful(world: &World, account: &Account, turn: &ReversalTurn) -> Result<bool, WorkError> {
    let order = MarketplaceOrderRef { account: account.clone(), order: turn.order.clone() };
    let key = ItemKey::marketplace_order(&order);
    Ok(match load::<MarketplaceOrder>(world.ledger.as_ref(), &key).await? {
        Loaded::Known(stored) => stored.value.reversals.iter().any(|one| {
            let doubtful =
                matches!(one.state, ReversalState::Submitting { .. } | ReversalState::Doubt { .. });
            one.id == turn.id && doubtful
        }),
        Loaded::Absent => false,
        // Whoever wrote it knows.
        Loaded::Foreign => true,
    })
}

impl Scene<'_> {
    fn wanted(&self, now: Timestamp) -> Vec<Reversal> {
        let packages: Vec<&Package> = self.packages.iter().map(|stored| &stored.value).collect();
        wanted(Seen {
            order: &self.order.value,
            stores: &self.store_orders,
            packages: &packages,
            sku_map: &self.sku_map,
            switches: self.connection.reversals,
            started_at: self.state.started_at,
            now,
        })
    }

    /// A cancellation that a person was asked for, and that is there now, is settled.
    fn settle_what_was_done(&mut self, now: Timestamp) -> bool {
        let order = &mut self.order.value;
        let cancelled = order.facts.as_ref().is_some_and(|facts| facts.status == OrderStatus::Cancelled);
        let mut settled = false;
        for reversal in &mut order.reversals {
            let asked = matches!(reversal.what, Reversed::Cancellation { .. })
                && matches!(reversal.state, ReversalState::ByHand { .. });
            if cancelled && asked {
                reversal.state = ReversalState::Done;
                order.history.note(now, format!("{}: the marketplace shows it", reversal.id));
                order.alerts.settle_those(|alert| alert.cause == format!("{REVERSAL}{}", reversal.id));
                settled = true;
            }
        }
        settled
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let read_at = self.order.value.facts.as_ref().map(|facts| facts.read_at);
        read_at.and_then(|at| later(at, FRESH)).is_some_and(|until| until > now)
    }

    /// Reads the order at the marketplace, or says when it is looked at again.
    async fn read_again(mut self, world: &World) -> Result<Step, WorkError> {
        let now = world.now();
        let connection = self.connection.clone();
        let needs = self.needs(&connection, self.marketplace.traits().spends.read);
        if let Taken::Empty { until } = limits::take(world, &needs, Purpose::Work).await? {
            return self.look_again(world, until).await;
        }
        let id = self.order.value.order.order.clone();
        match self.marketplace.read_order(world.reach(), &connection, &id).await {
            Ok(answer) => {
                limits::learn(world, &needs, &answer.limits).await?;
                let mut facts = answer.value;
                facts.read_at = now;
                self.order.value.fold(facts);
                // The same description again is as good as a new one.
                if let Some(facts) = &mut self.order.value.facts {
                    facts.read_at = now;
                }
                self.save(world).await?;
                Ok(Step::On)
            }
            Err(error) => {
                self.order.value.history.note(now, error.to_string());
                let wait = match error.failure {
                    Failure::Throttled { after } => {
                        let until = limits::throttled(world, &needs, after).await?;
                        return self.look_again(world, until).await;
                    }
                    Failure::NeedsMerchant { .. } => {
                        park(world, &connection, self.loaded_at, &error.detail).await?;
                        Duration::from_secs(600)
                    }
                    Failure::Retryable { after, .. } => after.unwrap_or(NOT_NOW).max(NOT_NOW),
                    Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::NotFound => {
                        Duration::from_secs(3600)
                    }
                };
                self.look_again(world, later(now, wait).unwrap_or(now)).await
            }
        }
    }

    /// Has the order looked at again, all its reversals with it.
    async fn look_again(mut self, world: &World, at: Timestamp) -> Result<Step, WorkError> {
        let order = &mut self.order.value;
        for reversal in order.reversals.iter_mut().filter(|one| one.is_live()) {
            reversal.next_look = reversal.next_look.max(at);
        }
        order.next_look = Some(order.next_look.map_or(at, |planned| planned.min(at)));
        self.save(world).await?;
        Ok(Step::Rest)
    }

    /// Whether the reversal may still be sent, by what the marketplace says now; `Err` says why not.
    fn may_be_sent(&self, reversal: &Reversal) -> Result<(), String> {
        let order = &self.order.value;
        let Some(facts) = &order.facts else { return Err("the order cannot be read".to_owned()) };
        match &reversal.what {
            Reversed::Cancellation { .. } => {
                let packages: Vec<&Package> = self.packages.iter().map(|stored| &stored.value).collect();
                still_cancellable(facts, anything_left(&self.store_orders, &packages, facts))
            }
            Reversed::Refund { lines } => {
                let others = order.reversals.iter().filter(|other| other.id != reversal.id);
                within_what_was_paid(lines, facts, others)
            }
        }
    }

    /// Writes the order's record.
    async fn save(&mut self, world: &World) -> Result<(), WorkError> {
        let now = world.now();
        world.ledger.commit(vec![self.order.clone().into_write(now)]).await?;
        let order = &self.order.value;
        if order.alerts.next_due(now, &Deadline::NONE).is_some_and(|at| at <= now) {
            tell(world, &order.key()).await?;
        }
        Ok(())
    }

    /// Moves a reversal to a state, to be looked at again at `at`.
    async fn set(
        mut self,
        world: &World,
        index: usize,
        state: ReversalState,
        at: Timestamp,
        note: &str,
    ) -> Result<Step, WorkError> {
        let now = world.now();
        let order = &mut self.order.value;
        let id = order.order.order.clone();
        let Some(reversal) = order.reversals.get_mut(index) else { return Ok(Step::Rest) };
        let feed = match &state {
            ReversalState::Submitted { feed, .. } => Some(feed.clone()),
            ReversalState::Planned
            | ReversalState::Uploaded { .. }
            | ReversalState::Submitting { .. }
            | ReversalState::Doubt { .. }
            | ReversalState::Done
            | ReversalState::ByHand { .. } => None,
        };
        let keeps_turn = matches!(
            state,
            ReversalState::Uploaded { .. } | ReversalState::Submitting { .. } | ReversalState::Doubt { .. }
        );
        reversal.state = state;
        reversal.failures = 0;
        reversal.next_look = at;
        let reversal = reversal.clone();
        tracing::info!(order = %id, reversal = %reversal.id, "{note}");
        order.history.note(now, format!("{}: {note}", reversal.id));
        order.tell_reversal(&reversal, now);
        if reversal.state == ReversalState::Done {
            order.alerts.settle_those(|alert| alert.cause == reversal.cause());
        }
        self.save(world).await?;
        if !keeps_turn {
            let account = self.connection.account.clone();
            world
                .change_connection(&account, |state| state.give_turn_back(&id, &reversal.id, feed.as_deref()))
                .await?;
        }
        Ok(if at > now { Step::Rest } else { Step::On })
    }

    /// Leaves a reversal to a person.
    async fn by_hand(self, world: &World, index: usize, why: &str) -> Result<Step, WorkError> {
        let now = world.now();
        self.set(world, index, ReversalState::ByHand { why: why.to_owned() }, now, "a person's").await
    }

    /// Looks at a reversal again at this time.
    async fn look_at(mut self, world: &World, index: usize, at: Timestamp) -> Result<Step, WorkError> {
        if let Some(reversal) = self.order.value.reversals.get_mut(index) {
            reversal.next_look = at;
        }
        self.save(world).await?;
        Ok(Step::Rest)
    }

    async fn rest(self, world: &World, index: usize, wait: Duration) -> Result<Step, WorkError> {
        let now = world.now();
        self.look_at(world, index, later(now, wait).unwrap_or(now)).await
    }

    /// Takes the account's turn; only with it anything is asked for.
    async fn take_turn(&self, world: &World, reversal: &str) -> Result<bool, WorkError> {
        let (account, order) = (&self.connection.account, &self.order.value.order.order);
        let now = world.now();
        let old = self.state.old_turn(order, reversal, now);
        let left = match old {
            Some(turn) if !is_doubtful(world, account, turn).await? => Some(turn),
            Some(_) | None => None,
        };
        let mut taken = false;
        world.change_connection(account, |state| taken = state.take_turn(order, reversal, left, now)).await?;
        Ok(taken)
    }

    async fn check_and_upload(
        self,
        world: &World,
        api: &dyn Bulk,
        index: usize,
        reversal: &Reversal,
    ) -> Result<Step, WorkError> {
        if !self.take_turn(world, &reversal.id).await? {
            return self.rest(world, index, NOT_NOW).await;
        }
        if !self.is_fresh(world.now()) {
            return self.read_again(world).await;
        }
        if let Err(why) = self.may_be_sent(reversal) {
            let cancelled =
                self.order.value.facts.as_ref().is_some_and(|facts| facts.status == OrderStatus::Cancelled);
            if cancelled && matches!(reversal.what, Reversed::Cancellation { .. }) {
                let now = world.now();
                return self.set(world, index, ReversalState::Done, now, "the marketplace shows it").await;
            }
            return self.by_hand(world, index, &why).await;
        }
        self.upload(world, api, index, reversal).await
    }
}
