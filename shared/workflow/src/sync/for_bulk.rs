//! Which packages of an order may go in bulk, and what is told of them.

use std::time::Duration;

use domain::confirmation::Confirmation;
use domain::ids::MarketplaceOrderRef;
use domain::package::Package;
use domain::plan::Verdict;
use domain::state::{State, StateName, Waiting};
use jiff::Timestamp;
use ports::LedgerError;

use super::act::note_carrier;
use super::scene::Scene;
use crate::mappings;
use crate::message::WorkError;
use crate::records::{Stored, later};
use crate::world::World;

/// Facts older than this do not serve for a bulk: what changed since would only show in its report.
pub(crate) const FACTS_SERVE: Duration = Duration::from_secs(6 * 3600);

/// A package that may go in bulk.
pub(crate) struct ForBulk {
    /// The package.
    pub(crate) package: Stored<Package>,
    /// What is told of it.
    pub(crate) confirmation: Confirmation,
}

/// Looks at an order without reading it at the marketplace; returns what may go in bulk now.
///
/// Only what was never confirmed: a bulk knows no edits.
///
/// # Errors
/// The ledger does not answer.
pub(crate) async fn for_bulk(
    world: &World,
    reference: &MarketplaceOrderRef,
) -> Result<Vec<ForBulk>, WorkError> {
    let Some(mut scene) = Scene::load(world, reference, None).await? else { return Ok(Vec::new()) };
    let now = world.now();
    let fresh = scene.order.value.facts.as_ref().and_then(|facts| later(facts.read_at, FACTS_SERVE));
    if !scene.state.works() || fresh.is_none_or(|until| until < now) {
        return Ok(Vec::new());
    }
    scene.sku_map = mappings::sku_map(world.ledger.as_ref(), &reference.account).await?;
    scene.reconcile(world).await?;
    leave_the_lane(&mut scene, now)?;
    let writes = scene.changes(now);
    if !writes.is_empty() {
        match world.ledger.commit(writes).await {
            Ok(()) => scene.count_moves(now),
            Err(LedgerError::Conflict) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        // What was just written has another version.
        let Some(loaded) = Scene::load(world, reference, None).await? else { return Ok(Vec::new()) };
        scene = loaded;
    }
    let mut some = Vec::new();
    for index in scene.in_order_of_dispatch() {
        let waits = scene.packages.get(index).is_some_and(|stored| {
            let state = &stored.value.state;
            stored.value.confirmed.is_none()
                && matches!(
                    state,
                    State::Planned { waiting: Waiting::Nothing | Waiting::Tokens | Waiting::Bulk, .. }
                )
        });
        if !waits {
            continue;
        }
        let Some((Verdict::Confirm(confirmation), carrier)) = scene.verdict_on(world, index).await? else {
            continue;
        };
        if let Some(stored) = scene.packages.get(index) {
            // Written down only with the intent of whoever takes it.
            let mut package = stored.clone();
            note_carrier(&mut package.value, carrier, now);
            some.push(ForBulk { package, confirmation: *confirmation });
        }
    }
    Ok(some)
}

/// An order that need not be read first leaves the front of the lane to others; its parcels stand there instead, should
/// they not get in. Where something is unclear, reading it is what helps: that goes on waiting.
fn leave_the_lane(scene: &mut Scene, now: Timestamp) -> Result<(), WorkError> {
    let unclear = |stored: &Stored<Package>| {
        matches!(stored.value.state.name(), StateName::Held | StateName::Conflict | StateName::NotOurs)
    };
    if !scene.order.value.waits_for_tokens || scene.packages.iter().any(unclear) {
        return Ok(());
    }
    scene.order.value.waits_for_tokens = false;
    for stored in &mut scene.packages {
        if let State::Planned { not_before, waiting: Waiting::Nothing } = stored.value.state {
            stored.value.go(State::Planned { not_before, waiting: Waiting::Tokens }, now)?;
        }
    }
    Ok(())
}
