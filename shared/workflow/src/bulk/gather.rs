//! Which parcels go in bulk, and putting them in.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_api::{Allows, Marketplace};
use domain::bulk::{BulkMessage, BulkPart, BulkRecord, BulkState};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::Account;
use domain::keys::{bulk_lane, waiting_lane};
use domain::outcome::Words;
use domain::package::Package;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{LedgerError, QueueName};

use super::{Step, Work, live};
use crate::message::{Look, WorkError};
use crate::records::{Loaded, Record as _, Stored, later, load};
use crate::sync::{self, ForBulk};
use crate::world::World;

/// How long a bulk takes, as a rule: where the waiting parcels need longer one by one, it is sooner.
const BULK_TAKES: Duration = Duration::from_secs(15 * 60);
/// A parcel that is due sooner never goes in bulk, unless it can go no other way.
const DUE_SOON: Duration = Duration::from_secs(2 * 3600);
/// How long parcels that can only go in bulk wait for others of their kind.
pub(crate) const GATHERS_FOR: Duration = Duration::from_secs(10 * 60);
/// Packages in one part: with the part and the bulk itself as many writes as one transaction takes.
const PART: usize = 96;
/// Orders looked at for one part at most: some may have nothing to give.
const MOST_ORDERS: usize = 300;
/// How far into a lane is looked.
const MOST_HINTS: usize = 2_000;

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
    let worth = worth_a_bulk(marketplace);
    // Those due soon stand in front and do not count.
    let far = worth.checked_add(MOST_HINTS);
    let waiting = match far {
        Some(far) => world.ledger.due(&waiting_lane(account), Timestamp::MAX, far).await?,
        None => Vec::new(),
    };
    // Where the settings lack something, only those come that can go no other way: to be told so.
    let many = api.serves(connection).is_ok()
        && waiting.iter().filter(|hint| !is_due_soon(hint, now)).count() >= worth;
    let any = many || waits_long_enough(world, account, now).await?;
    if !any || live(world, account).await?.is_some() {
        return Ok(());
    }
    let id = format!("{:x}-{:08x}", now.as_second(), world.rng.next_u64() >> 32);
    let record = BulkRecord::new(account.clone(), id, now);
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

fn is_due_soon(hint: &Hint, now: Timestamp) -> bool {
    later(now, DUE_SOON).is_none_or(|soon| hint.at <= soon)
}

/// Whether a parcel that can only go in bulk has waited for others of its kind, or is due soon.
async fn waits_long_enough(world: &World, account: &Account, now: Timestamp) -> Result<bool, WorkError> {
    for hint in world.ledger.due(&bulk_lane(account), Timestamp::MAX, 10).await? {
        if is_due_soon(&hint, now) {
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

/// How many waiting parcels take longer one by one than in bulk.
fn worth_a_bulk(marketplace: &dyn Marketplace) -> usize {
    let traits = marketplace.traits();
    let rates = traits.limits.iter().filter(|limit| traits.spends.confirm.contains(&limit.operation));
    let slowest = rates.filter_map(|limit| match limit.allows {
        Allows::Rate { per_second, .. } => Some(per_second),
        Allows::Day { .. } | Allows::Rolling { .. } => None,
    });
    let rate = slowest.fold(f64::INFINITY, f64::min);
    let worth = rate * BULK_TAKES.as_secs_f64();
    // A rate of nothing, or none at all, makes no sense of this: then never.
    if worth.is_finite() { (worth as usize).max(1) } else { usize::MAX }
}

impl Work<'_> {
    /// What may go in, most urgent first: what can go no other way, and what is not due soon.
    async fn candidates(&self, now: Timestamp) -> Result<Vec<Hint>, WorkError> {
        let account = &self.connection.account;
        let mut hints = self.world.ledger.due(&bulk_lane(account), Timestamp::MAX, MOST_HINTS).await?;
        let waiting = self.world.ledger.due(&waiting_lane(account), Timestamp::MAX, MOST_HINTS).await?;
        hints.extend(waiting.into_iter().filter(|hint| !is_due_soon(hint, now)));
        Ok(hints)
    }

    /// Puts the next part of packages into the bulk; when there are no more, it is gathered.
    pub(super) async fn gather(&mut self) -> Result<Step, WorkError> {
        let now = self.now();
        let room = self.api.most_messages().saturating_sub(self.stored.value.messages as usize).min(PART);
        let mut messages: Vec<BulkMessage> = Vec::new();
        let mut writes = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for hint in self.candidates(now).await? {
            if messages.len() >= room || seen.len() >= MOST_ORDERS {
                break;
            }
            if !seen.insert(hint.key.pk.clone()) {
                continue;
            }
            let Some(order) = sync::order_of(self.world, &hint.key).await? else { continue };
            for ForBulk { mut package, confirmation } in sync::for_bulk(self.world, &order).await? {
                if messages.len() >= room {
                    break;
                }
                if let Some(why) = self.api.unfit(self.connection, &confirmation) {
                    self.leave_out(package, &confirmation, why).await?;
                    continue;
                }
                let attempt = package.value.begin_in_bulk(&confirmation, &self.stored.value.id, now)?;
                let Some(version) = package.value.state.in_flight_version() else { continue };
                let record = &mut self.stored.value;
                record.ship_by = record.ship_by.into_iter().chain(package.value.ship_by).min();
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
            return self.gathered().await;
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
