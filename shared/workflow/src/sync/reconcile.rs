//! What the store shipped against what the ledger knows and the marketplace shows.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::connection::Connection;
use domain::ids::{OrderLineId, StoreOrderRef};
use domain::marketplace_order::OrderFacts;
use domain::matching::{Known, Matched, ToMatch, match_lines};
use domain::package::{Content, Package, Ruling};
use domain::plan::{Around, CarrierKnown, Verdict, plan};
use domain::recognise::{new_key, new_reference, recognise};
use domain::shipment_policy::WithoutNumber;
use domain::shipments::{LineSkus, Parcel, Shipped, parcels};
use domain::state::{Cause, NotOurs, State, StateName, Waiting};
use jiff::Timestamp;

use super::scene::Scene;
use crate::carrier::{self, For, Wording};
use crate::message::WorkError;
use crate::records::{Stored, later};
use crate::world::World;

/// What is known of one package besides its record.
#[derive(Clone, Debug, Default)]
struct Beside {
    unmatched: Vec<String>,
    surplus: bool,
    country: Option<String>,
}

impl Scene<'_> {
    /// Whether the stores tell of a parcel that is not, or not as it is wanted, at the marketplace.
    pub(super) fn anything_to_confirm(&self) -> bool {
        let all = self.parcels();
        let packages: Vec<Package> = self.packages.iter().map(|p| p.value.clone()).collect();
        let new = recognise(&packages, &all).packages.iter().any(Option::is_none);
        new || packages.iter().any(|p| {
            let open = matches!(
                p.state.name(),
                StateName::Planned | StateName::Held | StateName::Rejected | StateName::NeedsMerchant
            );
            let asked_for = p.ruling == Some(Ruling::SendOnce) && p.confirmed.is_none();
            open || asked_for || (!p.wanted_is_confirmed() && p.confirmed.is_some())
        })
    }

    /// Whether all that the stores tell of left before the connections were started, and nobody asked for it:
    /// then not even a read of the marketplace is spent on it.
    pub(super) fn all_before_start(&self) -> bool {
        let asked_for = self.packages.iter().any(|p| p.value.ruling == Some(Ruling::SendOnce));
        let parcels = self.parcels();
        !asked_for && !parcels.is_empty() && parcels.iter().all(|p| self.before_start(p))
    }

    fn before_start(&self, parcel: &Parcel) -> bool {
        let accounts = parcel.origins.iter().map(|o| &o.store_order.account);
        let started = accounts.filter_map(|a| self.stores.get(a)).map(|(at, _)| *at);
        started.chain([self.state.started_at]).max().is_some_and(|started| parcel.shipped_at < started)
    }

    fn parcels(&self) -> Vec<Parcel> {
        parcels(self.store_orders.iter().flat_map(|order| {
            order.fulfillments.values().map(|fulfillment| Shipped { store_order: &order.order, fulfillment })
        }))
    }

    /// Whether the stores say that all of the order has left.
    fn all_left(&self) -> bool {
        !self.store_orders.is_empty()
            && self.store_orders.iter().all(|o| o.fact.as_ref().is_some_and(|f| f.fully_fulfilled))
    }

    fn line_skus(&self) -> LineSkus {
        let mut skus = LineSkus::new();
        for order in &self.store_orders {
            let named = order.fulfillments.values().flat_map(|f| &f.fact.lines);
            for line in named {
                let known = skus.entry(line.line.clone()).or_default();
                if known.is_none() {
                    known.clone_from(&line.sku);
                }
            }
            for line in order.fact.iter().flat_map(|f| &f.lines) {
                let known = skus.entry(line.line.clone()).or_default();
                if known.is_none() {
                    known.clone_from(&line.sku);
                }
            }
        }
        skus
    }

    /// Brings every package in line with the facts; nothing is called and nothing is written here.
    pub(super) async fn reconcile(&mut self, world: &World) -> Result<(), WorkError> {
        let now = world.now();
        let Some(facts) = self.order.value.facts.clone() else {
            if self.all_before_start() {
                self.note_old_parcels(now)?;
            }
            return Ok(());
        };
        self.look(&facts, now)?;
        let gone = |p: &Package| matches!(p.state.name(), StateName::Cancelled | StateName::Superseded);
        let has_left = !self.parcels().is_empty() || self.packages.iter().any(|p| !gone(&p.value));
        self.order.value.note_cancel_request(has_left, now);
        let beside = self.want_parcels(&facts, now)?;
        let carriers = self.resolve_carriers(world, &facts).await?;
        for index in self.in_order_of_dispatch() {
            let Some(stored) = self.packages.get(index) else { continue };
            let package = &stored.value;
            if package.state.in_flight_version().is_some() {
                continue;
            }
            if !beside.contains_key(&package.key) && !has_final_ruling(package) {
                continue;
            }
            let verdict = self.verdict(package, &facts, &carriers, &beside, now);
            if let Some(stored) = self.packages.get_mut(index) {
                stored.value.follow(&verdict, now)?;
                stored.value.raise_if_at_risk(now);
                let held = stored.value.held_for();
                let again = held.and_then(|cause| decided_again_at(&self.connection, &stored.value, cause));
                // A time that has come changed nothing, or it would not be held any more.
                stored.value.decided_again_at = again.filter(|at| *at > now);
            }
        }
        self.note_origins(&facts, &beside, now);
        Ok(())
    }

    /// Has the merchant told of parcels that leave from another country than the first, where that is minded.
    fn note_origins(&mut self, facts: &OrderFacts, beside: &BTreeMap<String, Beside>, now: Timestamp) {
        let country = self.marketplace.country(&facts.marketplace).unwrap_or("");
        if !self.marketplace.traits().rules.one_origin.contains(&country) {
            return;
        }
        let mut first: Option<&str> = None;
        for index in self.in_order_of_dispatch() {
            let Some(package) = self.packages.get_mut(index).map(|stored| &mut stored.value) else {
                continue;
            };
            let from = beside.get(&package.key).and_then(|beside| beside.country.as_deref());
            let Some(from) = from.filter(|_| package.state.name() != StateName::NotOurs) else { continue };
            let first = *first.get_or_insert(from);
            if from != first {
                let (from, first) = (from.to_ascii_uppercase(), first.to_ascii_uppercase());
                package.notice_of_origins(
                    format!("It left from {from}, the order's first parcel from {first}"),
                    now,
                );
            }
        }
    }

    /// Package indexes, first dispatched first.
    pub(super) fn in_order_of_dispatch(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.packages.len()).collect();
        order.sort_by_key(|index| {
            self.packages.get(*index).map(|p| {
                let left = p.value.wanted().map(|v| v.content.shipped_at);
                (left, p.value.key.clone())
            })
        });
        order
    }

    /// Makes the packages want what the stores ship; returns what else is known of each that travels.
    fn want_parcels(
        &mut self,
        facts: &OrderFacts,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Beside>, WorkError> {
        let parcels = self.parcels();
        let skus = self.line_skus();
        let known_packages: Vec<Package> = self.packages.iter().map(|p| p.value.clone()).collect();
        let recognised = recognise(&known_packages, &parcels);
        let to_match: Vec<ToMatch<'_>> = parcels
            .iter()
            .zip(&recognised.packages)
            .map(|(parcel, known)| ToMatch {
                units: &parcel.units,
                before: known.and_then(|index| lines_before(known_packages.get(index)?, parcel, facts)),
            })
            .collect();
        let store_lines: usize =
            self.store_orders.iter().map(|o| o.fact.as_ref().map_or(0, |f| f.lines.len())).sum();
        let known = Known {
            lines: &facts.lines,
            skus: &skus,
            sku_map: &self.sku_map,
            closes_the_order: self.all_left(),
            store_lines: (store_lines > 0).then_some(store_lines),
        };
        let matched = match_lines(&to_match, known);
        let mut beside = BTreeMap::new();
        for ((parcel, known), matched) in parcels.iter().zip(&recognised.packages).zip(matched) {
            let unmatched = matched.as_ref().err().cloned().unwrap_or_default();
            let content = content_of(parcel, matched);
            let key = match known {
                Some(index) => self.want(*index, parcel, content, facts, now),
                None => Some(self.create(parcel, content, Some(facts), now)),
            };
            if let Some(key) = key {
                beside.insert(
                    key,
                    Beside { unmatched, surplus: parcel.surplus, country: parcel.country.clone() },
                );
            }
        }
        for (young, heir) in recognised.superseded {
            let by = known_packages.get(heir).map(|p| p.key.clone()).unwrap_or_default();
            if let Some(stored) = self.packages.get_mut(young)
                && stored.value.state.doubtful_version().is_none()
            {
                stored.value.alerts.settle(None);
                stored.value.go(State::Superseded { by }, now)?;
            }
        }
        for index in recognised.left_over {
            let Some(stored) = self.packages.get_mut(index) else { continue };
            let package = &mut stored.value;
            let gone = matches!(package.state.name(), StateName::Superseded | StateName::Cancelled);
            // What may have been applied is not taken for voided: a person is asked about it.
            let free = package.state.doubtful_version().is_none() && package.ruling.is_none();
            if !gone && free && !self.incomplete {
                package.void(now)?;
            }
        }
        Ok(beside)
    }

    fn want(
        &mut self,
        index: usize,
        parcel: &Parcel,
        mut content: Content,
        facts: &OrderFacts,
        now: Timestamp,
    ) -> Option<String> {
        let remind_before = self.connection.timing.remind_before;
        let cancels_after = self.marketplace.traits().rules.cancels_after;
        let package = &mut self.packages.get_mut(index)?.value;
        if let Some(wanted) = package.wanted() {
            // The parcel left when it left: a corrected number or a second telling does not move that.
            content.shipped_at = wanted.content.shipped_at.min(content.shipped_at);
        }
        package.origins.extend(parcel.origins.iter().cloned());
        package.ship_by = deadline(&content, facts);
        package.cancels_at = cancels_at(package.ship_by, cancels_after);
        package.goes_first = facts.goes_first();
        package.remind_before = remind_before;
        if package.want(content, now) && package.state.in_flight_version().is_none() {
            // Another content is another question: old answers of the marketplace do not hold for it.
            package.ruling = None;
        }
        Some(package.key.clone())
    }

    /// Records parcels from before the start as what they are, without a word to or from the marketplace.
    fn note_old_parcels(&mut self, now: Timestamp) -> Result<(), WorkError> {
        let parcels = self.parcels();
        let known: Vec<Package> = self.packages.iter().map(|p| p.value.clone()).collect();
        for (parcel, package) in parcels.iter().zip(recognise(&known, &parcels).packages) {
            if package.is_some() {
                continue;
            }
            let key = self.create(parcel, content_of(parcel, Err(Vec::new())), None, now);
            if let Some(stored) = self.packages.iter_mut().find(|p| p.value.key == key) {
                stored.value.follow(&Verdict::NotOurs(NotOurs::BeforeStart), now)?;
            }
        }
        Ok(())
    }

    fn create(
        &mut self,
        parcel: &Parcel,
        content: Content,
        facts: Option<&OrderFacts>,
        now: Timestamp,
    ) -> String {
        let packages: Vec<Package> = self.packages.iter().map(|p| p.value.clone()).collect();
        let key = new_key(parcel, &packages);
        let reference = new_reference(&key, |candidate| {
            let text = candidate.to_string();
            packages.iter().any(|p| p.reference == candidate)
                || facts
                    .and_then(|f| f.packages.as_ref())
                    .is_some_and(|all| all.iter().any(|p| p.reference == text))
        });
        let ship_by = facts.and_then(|facts| deadline(&content, facts));
        let cancels_after = self.marketplace.traits().rules.cancels_after;
        let mut package = Package {
            cancels_at: cancels_at(ship_by, cancels_after),
            goes_first: facts.is_some_and(OrderFacts::goes_first),
            schema: Package::SCHEMA,
            key: key.clone(),
            order: self.order.value.order.clone(),
            reference,
            origins: parcel.origins.clone(),
            versions: Vec::new(),
            confirmed: None,
            state: State::Planned { not_before: now, waiting: Waiting::Nothing },
            attempts: 0,
            failures: 0,
            ruling: None,
            ship_by,
            remind_before: self.connection.timing.remind_before,
            decided_again_at: None,
            their_reference: None,
            in_bulk: false,
            earlier_numbers: Vec::new(),
            created_at: now,
            alerts: domain::alert::Alerts::default(),
            history: domain::history::History::default(),
        };
        let number = content.number.as_ref().map_or_else(|| "no number yet".to_owned(), ToString::to_string);
        let carrier = content.carrier.clone().unwrap_or_else(|| "no carrier".into());
        package.history.note(now, format!("parcel: {carrier}, {number}"));
        package.want(content, now);
        self.packages.push(Stored::new(package));
        key
    }

    /// The carrier of every wanted content, by what the store wrote.
    async fn resolve_carriers(&self, world: &World, facts: &OrderFacts) -> Result<Carriers, WorkError> {
        let mut carriers = Carriers::new();
        let country = self.marketplace.country(&facts.marketplace).unwrap_or("");
        let place = For { connection: &self.connection, country, ship_by: facts.ship_by };
        for stored in &self.packages {
            let Some(wanted) = stored.value.wanted() else { continue };
            if let Entry::Vacant(free) = carriers.entry(Wording::of_version(wanted)) {
                let known = carrier::decide(world, place, free.key(), self.overlay).await?;
                free.insert(known);
            }
        }
        Ok(carriers)
    }

    fn verdict(
        &self,
        package: &Package,
        facts: &OrderFacts,
        carriers: &Carriers,
        beside: &BTreeMap<String, Beside>,
        now: Timestamp,
    ) -> Verdict {
        let others: Vec<&Package> =
            self.packages.iter().map(|p| &p.value).filter(|p| p.key != package.key).collect();
        let wording = package.wanted().map(Wording::of_version);
        let carrier = wording.and_then(|w| carriers.get(&w)).cloned().unwrap_or(CarrierKnown::Missing);
        let (started_at, sync) = self.started(package);
        let none = Beside::default();
        let beside = beside.get(&package.key).unwrap_or(&none);
        plan(
            package,
            Around {
                facts,
                others: &others,
                carrier: &carrier,
                unmatched: &beside.unmatched,
                surplus: beside.surplus,
                started_at,
                sync,
                rules: self.marketplace.traits().rules,
                policy: &self.connection.shipments,
                all_left: self.all_left(),
                access_closed: self.state.access_closed.is_some(),
                now,
            },
        )
    }

    /// The verdict on one package and its carrier, as reconciling reached them, for acting upon.
    pub(super) async fn verdict_on(
        &self,
        world: &World,
        index: usize,
    ) -> Result<Option<(Verdict, CarrierKnown)>, WorkError> {
        let (Some(facts), Some(stored)) = (&self.order.value.facts, self.packages.get(index)) else {
            return Ok(None);
        };
        let carriers = self.resolve_carriers(world, facts).await?;
        let verdict = self.verdict(&stored.value, facts, &carriers, &BTreeMap::new(), world.now());
        let wording = stored.value.wanted().map(Wording::of_version);
        let carrier = wording.and_then(|w| carriers.get(&w)).cloned().unwrap_or(CarrierKnown::Missing);
        Ok(Some((verdict, carrier)))
    }

    /// Since when all connections of this package are started, and whether sync is on for all of them.
    fn started(&self, package: &Package) -> (Timestamp, bool) {
        let stores: BTreeSet<&StoreOrderRef> = package.origins.iter().map(|o| &o.store_order).collect();
        let mut started = self.state.started_at;
        let mut sync = self.connection.sync;
        for store in stores {
            if let Some((at, on)) = self.stores.get(&store.account) {
                started = started.max(*at);
                sync &= on;
            }
        }
        (started, sync)
    }
}

/// Whether a person said that nothing is to be sent of it, whatever the store says.
fn has_final_ruling(package: &Package) -> bool {
    matches!(package.ruling, Some(Ruling::ConfirmedByHand | Ruling::NotOurs | Ruling::Ignore { .. }))
}

/// The latest time to ship what is in a parcel.
fn deadline(content: &Content, facts: &OrderFacts) -> Option<Timestamp> {
    content.lines.as_ref().map_or(facts.ship_by, |lines| facts.ship_by_of(lines))
}

/// When the marketplace cancels what it heard nothing of.
fn cancels_at(ship_by: Option<Timestamp>, after: Option<Duration>) -> Option<Timestamp> {
    later(ship_by?, after?)
}

/// When a held package is decided again by time alone, as the merchant chose.
fn decided_again_at(connection: &Connection, package: &Package, cause: &Cause) -> Option<Timestamp> {
    if *cause == Cause::NoTrackingNumber
        && connection.shipments.without_number == WithoutNumber::SendNearDeadline
    {
        let left = package.wanted()?.content.shipped_at;
        return Some(connection.shipments.nears_at(package.ship_by, left));
    }
    connection.carriers.decided_again_at(cause, package.ship_by)
}

type Carriers = BTreeMap<Wording, CarrierKnown>;

fn content_of(parcel: &Parcel, matched: Matched) -> Content {
    Content {
        number: parcel.number.clone(),
        carrier: parcel.carrier.clone(),
        service: parcel.service.clone(),
        units: parcel.units.clone(),
        lines: matched.ok(),
        shipped_at: parcel.shipped_at,
    }
}

/// The lines as they were matched before, if these very units were, and the order still has those lines.
fn lines_before<'a>(
    package: &'a Package,
    parcel: &Parcel,
    facts: &OrderFacts,
) -> Option<&'a BTreeMap<OrderLineId, u32>> {
    let content = &package.wanted()?.content;
    let lines = content.lines.as_ref().filter(|_| content.units == parcel.units)?;
    lines.keys().all(|line| facts.lines.iter().any(|l| &l.id == line)).then_some(lines)
}
