//! Which parcels go in bulk, and putting them in.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_api::{Allows, Marketplace};
use domain::bulk::{BulkMessage, BulkPart, BulkRecord, BulkState};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::{ItemKey, bulk_lane, waiting_lane};
use domain::order::MarketplaceOrder;
use domain::outcome::Words;
use domain::package::Package;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{LedgerError, QueueName};

use super::{Step, Work, live, of_account};
use crate::message::{Look, WorkError};
use crate::records::{Loaded, Record as _, Stored, later, load};
use crate::sync::{self, ForBulk};
use crate::world::World;

/// How long a bulk takes, as a rule: where the waiting parcels need longer one by one, it is sooner.
const BULK_TAKES: Duration = Duration::from_secs(15 * 60);
/// A parcel that is due sooner never goes in bulk, unless it can go no other way.
pub(super) const DUE_SOON: Duration = Duration::from_secs(2 * 3600);
/// How long parcels that can only go in bulk wait for others of their kind.
pub(crate) const GATHERS_FOR: Duration = Duration::from_secs(10 * 60);
/// Packages in one part: with the part and the bulk itself as many writes as one transaction takes.
const PART: usize = 96;
/// Orders looked at for one part at most: some may have nothing to give.
const MOST_ORDERS: usize = 300;
/// How far into a lane is looked.
const MOST_HINTS: usize = 2_000;

/// How soon after one that nothing could go in, or that could not be handed over, another is begun for what can go no
/// other way.
const TRIED_AGAIN: Duration = Duration::from_secs(5 * 60);
/// How long after one that could not be handed over everything else goes by the usual call.
const LEFT_ALONE: Duration = Duration::from_secs(3600);
/// Orders that are looked at to learn how many of all have to be read first.
const SAMPLE: usize = 10;

/// The code of a refusal that is our own: nothing was sent.
const NOT_SENT: &str = "NotSent";

/// Begins a bulk for the account, if its waiting parcels are sooner told in one.
///
/// # Errors
/// The ledger or the queue does not answer.
pub(crate) async fn consider(
    world: &World,
    connection: &Connection,
    marketplace: &dyn Marketplace,
) -> Result<(), WorkError> {
    let Some(api) = marketplace.bulk() else { return Ok(()) };
    let account = &connection.account;
    let now = world.now();
    if !world.memo.once_a_minute(account, "bulk", now) {
        return Ok(());
    }
    let rates = Rates::of(marketplace);
    // Those due soon stand in front and do not count.
    let far = rates.most_in(BULK_TAKES).and_then(|most| most.checked_add(MOST_HINTS));
    let waiting = match far {
        Some(far) => world.ledger.due(&waiting_lane(account), Timestamp::MAX, far).await?,
        None => Vec::new(),
    };
    let far: Vec<&Hint> = waiting.iter().filter(|hint| !is_due_soon(hint.at, now)).collect();
    // Where the settings lack something, only those come that can go no other way: to be told so.
    let many = api.serves(connection).is_ok() && takes_longer(world, connection, &rates, &far).await?;
    let must = waits_long_enough(world, account, now).await?;
    if !(many || must) {
        return Ok(());
    }
    let bulks = of_account(world, account).await?;
    let mut bulks = bulks.iter().map(|stored| &stored.value);
    if bulks.clone().any(|bulk| bulk.is_live() || is_too_recent(bulk, must, now)) {
        return Ok(());
    }
    let id = format!("{:x}-{:08x}", now.as_second(), world.rng.next_u64() >> 32);
    let mut record = BulkRecord::new(account.clone(), id, now);
    record.only_so = bulks.any(|bulk| was_released(bulk, LEFT_ALONE, now));
    tracing::info!(connection = %account, bulk = %record.id, waiting = waiting.len(), "a bulk is begun");
    match world.ledger.commit(vec![Stored::new(record).into_write(now)]).await {
        Ok(()) => {}
        Err(LedgerError::Conflict) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let look = Look::Bulk { account: account.clone() }.to_body();
    world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
    Ok(())
}

fn is_due_soon(turn: Timestamp, now: Timestamp) -> bool {
    later(now, DUE_SOON).is_none_or(|soon| turn <= soon)
}

/// Whether a parcel that can only go in bulk has waited for others of its kind, or is due soon.
async fn waits_long_enough(world: &World, account: &Account, now: Timestamp) -> Result<bool, WorkError> {
    for hint in world.ledger.due(&bulk_lane(account), Timestamp::MAX, 10).await? {
        if is_due_soon(hint.at, now) {
            return Ok(true);
        }
        let Loaded::Known(stored) = load::<Package>(world.ledger.as_ref(), &hint.key).await? else {
            continue;
        };
        if stored.value.state.next_look().is_some_and(|at| at <= now) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether this one was begun a moment ago and nothing could go in, or was let go since it could not be handed over.
/// Where one `must` be begun, because something can go no other way, that moment is shorter.
fn is_too_recent(bulk: &BulkRecord, must: bool, now: Timestamp) -> bool {
    let (empty, released) = if must { (TRIED_AGAIN, TRIED_AGAIN) } else { (BULK_TAKES, LEFT_ALONE) };
    let was_empty = bulk.messages == 0 && later(bulk.created_at, empty).is_none_or(|until| until > now);
    was_empty || was_released(bulk, released, now)
}

/// Whether it was let go less than `span` ago.
fn was_released(bulk: &BulkRecord, span: Duration, now: Timestamp) -> bool {
    bulk.released_at.is_some_and(|at| later(at, span).is_none_or(|until| until > now))
}

/// How many calls a second the marketplace allows.
pub(super) struct Rates {
    pub(super) confirm: f64,
    pub(super) read: f64,
}

impl Rates {
    fn of(marketplace: &dyn Marketplace) -> Self {
        let traits = marketplace.traits();
        let slowest = |spends: &[&str]| {
            let rates = traits.limits.iter().filter(|limit| spends.contains(&limit.operation));
            let rates = rates.filter_map(|limit| match limit.allows {
                Allows::Rate { per_second, .. } => Some(per_second),
                Allows::Day { .. } | Allows::Rolling { .. } => None,
            });
            rates.fold(f64::INFINITY, f64::min)
        };
        Self { confirm: slowest(traits.spends.confirm), read: slowest(traits.spends.read) }
    }

    /// How many can be told within `span`; none where the rate makes no sense of that.
    fn most_in(&self, span: Duration) -> Option<usize> {
        let most = self.confirm * span.as_secs_f64();
        most.is_finite().then_some((most as usize).max(1))
    }

    /// How long it takes to tell these one by one, where a share of their orders has to be read first.
    pub(super) fn one_by_one(&self, parcels: usize, orders: usize, to_read: f64) -> Duration {
        let telling = parcels as f64 / self.confirm;
        let reading = to_read * orders as f64 / self.read;
        // A rate of nothing, or none at all, makes no sense of this: then never.
        Duration::try_from_secs_f64(reading.max(telling)).unwrap_or_default()
    }
}

/// Whether these take longer one by one than in bulk: told at one rate, and read before that at a slower one, if what is
/// known of their orders does not serve any more.
async fn takes_longer(
    world: &World,
    connection: &Connection,
    rates: &Rates,
    waiting: &[&Hint],
) -> Result<bool, LedgerError> {
    let orders: BTreeSet<&str> = waiting.iter().map(|hint| hint.key.pk.as_str()).collect();
    let takes = |to_read| rates.one_by_one(waiting.len(), orders.len(), to_read);
    if takes(0.0) >= BULK_TAKES || takes(1.0) < BULK_TAKES {
        return Ok(takes(0.0) >= BULK_TAKES);
    }
    let (mut looked_at, mut to_read) = (0_u32, 0_u32);
    for hint in waiting.iter().step_by((waiting.len() / SAMPLE).max(1)) {
        let Some(order) = sync::order_of(world, &hint.key).await? else { continue };
        let Loaded::Known(stored) =
            load::<MarketplaceOrder>(world.ledger.as_ref(), &ItemKey::marketplace_order(&order)).await?
        else {
            continue;
        };
        let Some(facts) = stored.value.facts else { continue };
        let serves = |span| later(facts.read_at, span).is_some_and(|until| until >= world.now());
        looked_at += 1;
        // What is known too little of for a bulk is not helped by one.
        to_read += u32::from(!serves(connection.timing.facts_fresh_for) && serves(sync::FACTS_SERVE));
    }
    Ok(takes(f64::from(to_read) / f64::from(looked_at.max(1))) >= BULK_TAKES)
}

/// What may go into a bulk.
struct Candidate {
    key: ItemKey,
    /// It can go no other way.
    only_so: bool,
}

impl Work<'_> {
    /// What may go in, most urgent first: what can go no other way, and what is not due soon.
    async fn candidates(&self, now: Timestamp) -> Result<Vec<Candidate>, WorkError> {
        let account = &self.connection.account;
        let only = self.world.ledger.due(&bulk_lane(account), Timestamp::MAX, MOST_HINTS).await?;
        let waiting = if self.stored.value.only_so {
            Vec::new()
        } else {
            self.world.ledger.due(&waiting_lane(account), Timestamp::MAX, MOST_HINTS).await?
        };
        let waiting = waiting.into_iter().filter(|hint| !is_due_soon(hint.at, now));
        let only = only.into_iter().map(|hint| Candidate { key: hint.key, only_so: true });
        Ok(only.chain(waiting.map(|hint| Candidate { key: hint.key, only_so: false })).collect())
    }

    /// Puts the next part of packages into the bulk; when there are no more, it is gathered.
    pub(super) async fn gather(&mut self) -> Result<Step, WorkError> {
        let now = self.now();
        let room = self.api.most_messages().saturating_sub(self.stored.value.messages as usize).min(PART);
        if room == 0 {
            // Whoever still waits goes with the next.
            return self.gathered().await;
        }
        let mut messages: Vec<BulkMessage> = Vec::new();
        let mut writes = Vec::new();
        let (mut looked_at, mut more) = (0, false);
        for hint in self.candidates(now).await? {
            if messages.len() >= room || looked_at >= MOST_ORDERS {
                more = true;
                break;
            }
            if !self.seen.insert(hint.key.pk.clone()) {
                continue;
            }
            looked_at += 1;
            let Some(order) = sync::order_of(self.world, &hint.key).await? else { continue };
            let fit = sync::for_bulk(self.world, &order).await?;
            if fit.is_empty() && hint.only_so {
                // It can go no other way, and nobody else comes by: what keeps it out may be read or told.
                let look = Look::Order { order: order.clone() }.to_body();
                self.world.queue.send(QueueName::Inbound, &look, Duration::ZERO).await?;
            }
            for ForBulk { mut package, confirmation } in fit {
                if messages.len() >= room {
                    self.seen.remove(&hint.key.pk);
                    break;
                }
                // Others of its order may bring it along, though it goes better by the usual call.
                let turn = confirmation.tracking.is_some().then(|| package.value.turn());
                if turn.is_some_and(|turn| self.stored.value.only_so || is_due_soon(turn, now)) {
                    continue;
                }
                if let Some(why) = self.api.unfit(self.connection, &confirmation) {
                    self.leave_out(package, &confirmation, why).await?;
                    continue;
                }
                let attempt = package.value.begin_in_bulk(&confirmation, &self.stored.value.id, now)?;
                let Some(version) = package.value.state.in_flight_version() else { continue };
                let record = &mut self.stored.value;
                record.ship_by = record.ship_by.into_iter().chain(package.value.ship_by).min();
                record.call_by = record.call_by.into_iter().chain(turn).min();
                messages.push(BulkMessage {
                    order: order.clone(),
                    package: package.value.key.clone(),
                    version,
                    attempt,
                    confirmation,
                });
                writes.push(package.into_write(now));
            }
        }
        if messages.is_empty() {
            return if more { Ok(Step::On) } else { self.gathered().await };
        }
        let record = &mut self.stored.value;
        let part = BulkPart {
            schema: BulkRecord::SCHEMA,
            account: record.account.clone(),
            bulk: record.id.clone(),
            part: record.parts,
            first: record.messages + 1,
            messages,
        };
        record.parts += 1;
        record.messages += u32::try_from(part.messages.len()).unwrap_or(u32::MAX);
        writes.push(Stored::new(part).into_write(now));
        match self.save(writes).await {
            // A package changed meanwhile, or another worker gathers: what stands there now decides.
            Err(WorkError::Ledger(LedgerError::Conflict)) => {
                let Some(stored) = live(self.world, &self.connection.account).await? else {
                    return Ok(Step::Over);
                };
                self.stored = stored;
                self.seen.clear();
                self.stored.value.failures += 1;
                if self.stored.value.failures > 8 {
                    return Ok(self.pause(None));
                }
                Ok(Step::On)
            }
            other => other.map(|()| Step::On),
        }
    }

    /// Leaves out what cannot stand in a bulk: it goes by the usual call. Without a number there is none for it, so the
    /// merchant is told, as of any other refusal.
    async fn leave_out(
        &self,
        mut package: Stored<Package>,
        confirmation: &Confirmation,
        why: String,
    ) -> Result<(), WorkError> {
        if confirmation.tracking.is_some() {
            tracing::info!(order = %confirmation.order, why, "left out of the bulk");
            return Ok(());
        }
        let now = self.now();
        package.value.begin_in_bulk(confirmation, &self.stored.value.id, now)?;
        package.value.reject(NOT_SENT.to_owned(), Words { theirs: Some(why), request_id: None }, now)?;
        let key = package.value.key();
        match self.world.ledger.commit(vec![package.into_write(now)]).await {
            Ok(()) => sync::tell(self.world, &key).await,
            // Somebody else changed it: the next bulk looks again.
            Err(LedgerError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn gathered(&mut self) -> Result<Step, WorkError> {
        let messages = self.stored.value.messages;
        if messages == 0 {
            self.go(BulkState::Over, "nothing goes in bulk after all").await?;
            return Ok(Step::Over);
        }
        self.go(BulkState::Gathered, &format!("{messages} packages are in it")).await?;
        Ok(Step::On)
    }
}
