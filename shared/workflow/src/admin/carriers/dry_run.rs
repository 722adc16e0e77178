//! What a change of mappings would do to the parcels of the last days, before it is made.

use std::collections::BTreeMap;

use carriers::How;
use domain::connection::Connection;
use domain::ids::{Account, MarketplaceOrderRef};
use domain::package::{Package, Ruling};
use domain::state::StateName;
use jiff::Timestamp;
use serde::Serialize;

use super::Outcome;
use crate::admin::AdminError;
use crate::admin::find::{Row, each_row};
use crate::admin::target::{MapTarget, Reached, reached};
use crate::carrier::{Decider, For, Wording};
use crate::mappings::{self, Imported, Overlay};
use crate::share::since;
use crate::sync::{Fate, preview};
use crate::world::World;

/// A change of mappings that is not made yet.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    /// `map import` of this file.
    Import(&'a [u8]),
    /// `map remove` of this text.
    Remove(&'a str, How),
}

/// A parcel that would fare otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// Whose.
    pub merchant: String,
    /// The marketplace connection.
    pub connection: String,
    /// The order at the marketplace.
    pub marketplace_order: String,
    /// The package.
    pub package: String,
    /// Its number.
    pub tracking_number: Option<String>,
    /// The country of the order (ISO 3166, lower case); empty if it is not known.
    pub country: &'static str,
    /// The carrier, as the store wrote it.
    pub text: Option<String>,
    /// The service, as the store wrote it.
    pub service: Option<String>,
    /// `next`: this happens when the change is made. `told`: the marketplace was told already and is not told
    /// again; another parcel like it would go so.
    pub when: &'static str,
    /// `released`: held before, sent then. `held`: sent before, held then. `changed`: anything else.
    pub change: &'static str,
    /// As things stand.
    pub from: Outcome,
    /// After the change.
    pub to: Outcome,
    /// The code that the marketplace was told, if it was.
    pub sent_code: Option<String>,
}

/// Counts of parcels that would fare otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shifts {
    /// Held before, sent then.
    pub released: usize,
    /// Sent before, held then.
    pub held: usize,
    /// Sent otherwise, or held otherwise.
    pub changed: usize,
}

impl Shifts {
    /// All of them.
    #[must_use]
    pub fn total(self) -> usize {
        self.released + self.held + self.changed
    }

    fn count<'a>(shifts: impl Iterator<Item = &'a Shift>) -> Self {
        shifts.fold(Self::default(), |mut sum, shift| {
            match shift.change {
                "released" => sum.released += 1,
                "held" => sum.held += 1,
                _ => sum.changed += 1,
            }
            sum
        })
    }
}

/// What a change of mappings would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// Whose mappings.
    pub merchant: String,
    /// What they reach, as in `map list`.
    pub scope: String,
    /// Mappings that it changes.
    pub changed: usize,
    /// Mappings that it leaves as they are.
    pub unchanged: usize,
    /// Since when parcels are looked at.
    pub since: Timestamp,
    /// Parcels looked at.
    pub shipments: usize,
    /// Those to be told of that would fare otherwise.
    pub next: Shifts,
    /// Those told already whose like would fare otherwise.
    pub told: Shifts,
    /// Each of them: those to be told first, by order.
    pub rows: Vec<Shift>,
}

/// A parcel of the last days whose carrier still matters, or did.
struct Shipment {
    order: MarketplaceOrderRef,
    key: String,
    wording: Wording,
    ship_by: Option<Timestamp>,
    send_once: bool,
    /// The marketplace was told, or is being told.
    told: bool,
    sent_code: Option<String>,
}

impl Shipment {
    /// `None` for parcels of before, and where no carrier matters: not ours, cancelled, superseded, in conflict.
    fn of(package: &Package, since: Timestamp) -> Option<Self> {
        let wanted = package.wanted()?;
        let told = match package.state.name() {
            StateName::Planned | StateName::Held | StateName::Rejected | StateName::NeedsMerchant => false,
            StateName::Intent
            | StateName::Accepted
            | StateName::Visible
            | StateName::Missing
            | StateName::Doubt => true,
            StateName::Conflict | StateName::Cancelled | StateName::Superseded | StateName::NotOurs => {
                return None;
            }
        };
        (package.created_at.max(wanted.content.shipped_at) >= since).then(|| Self {
            order: package.order.clone(),
            key: package.key.clone(),
            wording: Wording::of(&wanted.content),
            ship_by: package.ship_by,
            send_once: package.ruling == Some(Ruling::SendOnce),
            told,
            sent_code: wanted.sent_carrier.as_ref().map(|carrier| carrier.code.clone()),
        })
    }
}

/// Says which parcels of the last 30 days would fare otherwise after a change of mappings.
///
/// Decided with today's time, policy and facts, by the code of a real look. Nothing is written, nobody is called.
///
/// # Errors
/// As the change itself would meet them: every wrong line of a file, no such mapping to remove.
pub async fn map_dry_run(world: &World, target: &MapTarget, edit: Edit<'_>) -> Result<DryRun, AdminError> {
    let world = &world.looking_only();
    let reached = reached(world, target).await?;
    let (overlay, effect) = laid_over(world, &reached, edit).await?;
    let now = world.now();
    let since = since(now);
    let connections: BTreeMap<&Account, &Connection> =
        reached.connections.iter().map(|connection| (&connection.account, connection)).collect();
    let mut shipments: Vec<Shipment> = Vec::new();
    let mut countries: BTreeMap<MarketplaceOrderRef, &'static str> = BTreeMap::new();
    each_row(world, |row| match row {
        Row::Package(stored) if connections.contains_key(&stored.value.order.account) => {
            shipments.extend(Shipment::of(&stored.value, since));
        }
        Row::Marketplace(stored) => {
            let order = stored.value;
            let connection = connections.get(&order.order.account);
            let marketplace = connection.and_then(|c| world.connectors.marketplace(&c.kind));
            let country = order.facts.and_then(|facts| marketplace?.country(&facts.marketplace));
            countries.extend(country.map(|country| (order.order, country)));
        }
        Row::Package(_) | Row::Store(_) | Row::Other => {}
    })
    .await?;
    shipments.sort_by(|a, b| (a.told, &a.order, &a.key).cmp(&(b.told, &b.order, &b.key)));
    let (mut before, mut after) = (Decider::new(world, None), Decider::new(world, Some(&overlay)));
    let mut looks = Looks { world, overlay: &overlay, order: None };
    let mut rows = Vec::new();
    for shipment in &shipments {
        let Some(connection) = connections.get(&shipment.order.account) else { continue };
        let country = countries.get(&shipment.order).copied().unwrap_or("");
        let place = For { connection, country, ship_by: shipment.ship_by };
        let from = before.decide(place, &shipment.wording).await?;
        let to = after.decide(place, &shipment.wording).await?;
        let outcome = |known| Outcome::of_carrier(known, shipment.send_once, now);
        let (mut from, mut to) = (outcome(from), outcome(to));
        if from.differs(&to) && !shipment.told {
            (from, to) = looks.at(shipment).await?.unwrap_or((from, to));
        }
        if from.differs(&to) {
            rows.push(shift(shipment, country, from, to));
        }
    }
    Ok(DryRun {
        merchant: reached.place.merchant.to_string(),
        scope: reached.place.reach.to_string(),
        changed: effect.changed,
        unchanged: effect.unchanged,
        since,
        shipments: shipments.len(),
        next: Shifts::count(rows.iter().filter(|row| row.when == "next")),
        told: Shifts::count(rows.iter().filter(|row| row.when == "told")),
        rows,
    })
}

/// The change as an overlay, and what it does to the mappings themselves.
async fn laid_over(
    world: &World,
    reached: &Reached,
    edit: Edit<'_>,
) -> Result<(Overlay, Imported), AdminError> {
    let (place, ledger) = (&reached.place, world.ledger.as_ref());
    match edit {
        Edit::Import(file) => {
            let now = world.now();
            let mappings = mappings::read_file(ledger, place, file, "", now).await?;
            let effect = mappings::changes_of(ledger, place, &mappings, now).await?;
            Ok((Overlay::new(place.reach.clone(), mappings), effect))
        }
        Edit::Remove(text, how) => {
            if !mappings::is_set(ledger, place, (text, how)).await? {
                return Err(AdminError::no_mapping(text, how, &place.reach));
            }
            let effect = Imported { changed: 1, unchanged: 0 };
            Ok((Overlay::without(place.reach.clone(), text, how), effect))
        }
    }
}

/// The fates of each package of an order, as things stand and after the change.
type Fates = (BTreeMap<String, Fate>, BTreeMap<String, Fate>);

/// Looks at whole orders: a carrier that would be known helps no parcel that is held for something else.
struct Looks<'a> {
    world: &'a World,
    overlay: &'a Overlay,
    /// The order looked at last: its parcels come one after the other.
    order: Option<(MarketplaceOrderRef, Fates)>,
}

impl Looks<'_> {
    /// What becomes of a shipment now and after the change; `None` if its order cannot be looked at.
    async fn at(&mut self, shipment: &Shipment) -> Result<Option<(Outcome, Outcome)>, AdminError> {
        if self.order.as_ref().is_none_or(|(order, _)| *order != shipment.order) {
            let now = preview(self.world, &shipment.order, None).await?;
            let then = preview(self.world, &shipment.order, Some(self.overlay)).await?;
            self.order = Some((shipment.order.clone(), (now, then)));
        }
        let Some((_, (now, then))) = &self.order else { return Ok(None) };
        let of = |fates: &BTreeMap<String, Fate>| fates.get(&shipment.key).cloned().map(Outcome::of_fate);
        Ok(of(now).zip(of(then)))
    }
}

fn shift(shipment: &Shipment, country: &'static str, from: Outcome, to: Outcome) -> Shift {
    let change = match () {
        () if from.is_held() && to.is_sent() => "released",
        () if from.is_sent() && to.is_held() => "held",
        () => "changed",
    };
    let account = &shipment.order.account;
    let Wording { text, service, number, refused: _ } = shipment.wording.clone();
    Shift {
        merchant: account.merchant.to_string(),
        connection: account.connection.to_string(),
        marketplace_order: shipment.order.order.to_string(),
        package: shipment.key.clone(),
        tracking_number: number,
        country,
        text,
        service,
        when: if shipment.told { "told" } else { "next" },
        change,
        from,
        to,
        sent_code: shipment.sent_code.clone(),
    }
}
