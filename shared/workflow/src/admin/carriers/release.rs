//! How many held parcels a change of mappings lets go: only what is held is looked at.

use std::collections::BTreeMap;

use domain::connection::Connection;
use domain::ids::MarketplaceOrderRef;
use domain::keys::{ItemKey, Table, attention_lane};
use domain::order::MarketplaceOrder;
use domain::package::{Package, Ruling};
use domain::state::Cause;
use ports::LedgerError;

use super::Outcome;
use crate::carrier::{Decider, For, Wording};
use crate::mappings::Overlay;
use crate::records::{self, Loaded};
use crate::world::World;

/// Parcels held for their carrier that would have a code with these mappings.
///
/// The carrier is the last thing that a plan looks at, so that what is held for it lacks nothing else.
///
/// # Errors
/// The ledger does not answer.
pub(in crate::admin) async fn would_release(
    world: &World,
    connections: &[Connection],
    overlay: &Overlay,
) -> Result<usize, LedgerError> {
    let mut decider = Decider::new(world, Some(overlay));
    let mut released = 0;
    for connection in connections {
        let mut countries = BTreeMap::new();
        for package in held_for_carrier(world, connection).await? {
            let country = match countries.get(&package.order) {
                Some(known) => *known,
                None => {
                    let country = country_of(world, connection, &package.order).await?;
                    countries.insert(package.order.clone(), country);
                    country
                }
            };
            let Some(wanted) = package.wanted() else { continue };
            let place = For { connection, country, ship_by: package.ship_by };
            let known = decider.decide(place, &Wording::of(&wanted.content)).await?;
            let send_once = package.ruling == Some(Ruling::SendOnce);
            released += usize::from(Outcome::of_carrier(known, send_once, world.now()).is_sent());
        }
    }
    Ok(released)
}

async fn held_for_carrier(world: &World, connection: &Connection) -> Result<Vec<Package>, LedgerError> {
    let lane = attention_lane(&connection.account);
    let mut held = Vec::new();
    let mut page = None;
    loop {
        let part = world.ledger.attention(Table::Orders, &lane, page).await?;
        for hint in part.rows.iter().filter(|hint| hint.key.sk.starts_with("P#")) {
            let Loaded::Known(stored) = records::load::<Package>(world.ledger.as_ref(), &hint.key).await?
            else {
                continue;
            };
            let for_carrier = matches!(
                stored.value.held_for(),
                Some(Cause::CarrierUnmapped { .. } | Cause::CarrierContradicted { .. } | Cause::NoCarrier)
            );
            held.extend(for_carrier.then_some(stored.value));
        }
        page = part.next;
        if page.is_none() {
            return Ok(held);
        }
    }
}

/// The country whose list applies to an order; empty if that is not known.
async fn country_of(
    world: &World,
    connection: &Connection,
    order: &MarketplaceOrderRef,
) -> Result<&'static str, LedgerError> {
    let key = ItemKey::marketplace_order(order);
    let Loaded::Known(stored) = records::load::<MarketplaceOrder>(world.ledger.as_ref(), &key).await? else {
        return Ok("");
    };
    let marketplace = world.connectors.marketplace(&connection.kind);
    let country = stored.value.facts.and_then(|facts| marketplace?.country(&facts.marketplace));
    Ok(country.unwrap_or(""))
}
