//! What would become of an order's parcels under other mappings: a real look, up to its call.

use std::collections::BTreeMap;

use domain::confirmation::CarrierCode;
use domain::ids::MarketplaceOrderRef;
use domain::plan::Verdict;
use domain::state::State;

use super::scene::Scene;
use crate::mappings::{self, Overlay};
use crate::message::WorkError;
use crate::world::World;

/// What the next look would make of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The marketplace is told, with this carrier and service.
    Told(CarrierCode, Option<String>),
    /// It stands so, and nothing is sent.
    Stands(State),
}

/// The fate of each stored package of an order, by its key, with what is known of the order now.
///
/// What a fresh read of the marketplace would change is not seen. Give it a [`World::looking_only`]: a look that
/// meets a record of a newer layout would note that.
///
/// # Errors
/// The ledger does not answer.
pub(crate) async fn preview(
    world: &World,
    order: &MarketplaceOrderRef,
    overlay: Option<&Overlay>,
) -> Result<BTreeMap<String, Fate>, WorkError> {
    let Some(mut scene) = Scene::load(world, order, None).await? else { return Ok(BTreeMap::new()) };
    scene.overlay = overlay;
    scene.sku_map = mappings::sku_map(world.ledger.as_ref(), &order.account).await?;
    scene.reconcile(world).await?;
    let mut fates = BTreeMap::new();
    for (index, stored) in scene.packages.iter().enumerate().filter(|(_, stored)| stored.is_stored()) {
        let package = &stored.value;
        let told = match &package.state {
            State::Planned { .. } => scene.verdict_on(world, index).await?,
            State::Intent { .. }
            | State::Accepted { .. }
            | State::Visible { .. }
            | State::Missing { .. }
            | State::Doubt { .. }
            | State::Rejected { .. }
            | State::NeedsMerchant { .. }
            | State::Held { .. }
            | State::Conflict { .. }
            | State::Cancelled { .. }
            | State::Superseded { .. }
            | State::NotOurs { .. } => None,
        };
        let fate = match told {
            Some((Verdict::Confirm(it), _)) => match it.tracking {
                Some(tracking) => Fate::Told(tracking.carrier, tracking.service),
                None => Fate::Stands(package.state.clone()),
            },
            Some(_) | None => Fate::Stands(package.state.clone()),
        };
        fates.insert(package.key.clone(), fate);
    }
    Ok(fates)
}
