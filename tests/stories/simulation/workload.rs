//! What happens in the world: orders, parcels, corrections, voids, webhooks late, doubled, lost and forged.

use futures::executor::block_on;
use ports::{Queue as _, QueueName};
use sandbox::amazon::{NewPackage, OrderChange, Party, Status};
use sandbox::shopify::{Delivery, FulfillLine, FulfillSpec, TrackingSpec};

use super::bugs::Bug;
use super::merchant::reconnect;
use super::run::Run;
use crate::harness::SHOP;

/// A carrier that is mapped when the faults are over.
pub(super) const MAPPED_LATER: &str = "Tumbleweed Freight";
/// A carrier that nobody ever maps.
pub(super) const NEVER_MAPPED: &str = "Ghost Couriers";
/// Carriers that are known, and their codes.
pub(super) const KNOWN: [(&str, &str); 3] = [("UPS", "UPS"), ("USPS", "USPS"), ("FedEx", "FedEx")];

/// What is special about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Nothing.
    Plain,
    /// Its carrier is mapped later.
    MappedLater,
    /// Its carrier is never mapped.
    NeverMapped,
    /// Its SKU is mapped later.
    SkuLater,
    /// Its SKU is never mapped.
    SkuNever,
    /// Amazon ships it.
    Fba,
    /// It is no marketplace order.
    StoreOnly,
    /// Confirmed by hand with the same number.
    HandSame,
    /// Confirmed by hand with another number.
    HandOther,
    /// Pending when it ships, released later.
    Pending,
    /// Cancelled at the marketplace.
    CancelledThere,
}

/// What happens to a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fortune {
    /// It travels.
    Travels,
    /// Its number comes later.
    NumberLater,
    /// Its number, perhaps its carrier, is corrected later.
    Corrected,
    /// Voided, and labelled anew with the same units.
    Relabelled,
    /// Voided.
    Voided,
    /// Two numbers at once.
    TwoNumbers,
}

/// A parcel to be.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) lines: Vec<(String, u32)>,
    pub(super) carrier: String,
    /// All numbers it will ever have, in order.
    pub(super) numbers: Vec<String>,
    pub(super) fortune: Fortune,
}

/// An order to be.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) seller: String,
    pub(super) kind: Kind,
    /// Marketplace line id, SKU at the marketplace, SKU at the shop, units.
    pub(super) lines: Vec<(String, String, String, u32)>,
    pub(super) parcels: Vec<Parcel>,
}

impl Order {
    /// Whether a parcel of it is voided at some time.
    pub(super) fn has_voids(&self) -> bool {
        self.parcels.iter().any(|p| matches!(p.fortune, Fortune::Voided | Fortune::Relabelled))
    }
}

fn kind_of(dice: u64) -> Kind {
    match dice {
        0..5 => Kind::MappedLater,
        5..8 => Kind::NeverMapped,
        8..12 => Kind::SkuLater,
        12..15 => Kind::SkuNever,
        15..19 => Kind::Fba,
        19..23 => Kind::StoreOnly,
        23..26 => Kind::HandSame,
        26..29 => Kind::HandOther,
        29..33 => Kind::Pending,
        33..36 => Kind::CancelledThere,
        _ => Kind::Plain,
    }
}

/// Makes up an order.
fn order(run: &Run, seed: u64, index: usize) -> Order {
    let sim = &run.sim;
    let kind = kind_of(sim.below(100));
    let seller = if sim.below(3) == 0 { "amazon-two" } else { "amazon-us" };
    let simple = !matches!(kind, Kind::Plain | Kind::MappedLater);
    let unmatched = matches!(kind, Kind::SkuLater | Kind::SkuNever);
    let lines: Vec<(String, String, String, u32)> = (0..if unmatched { 2 } else { 1 + sim.below(3) })
        .map(|n| {
            let sku = format!("SKU-{index}-{n}");
            let at_shop = if unmatched { format!("SHELF-{index}-{n}") } else { sku.clone() };
            let units = if simple { 2 } else { 1 + sim.below(4) };
            (format!("9{index:06}{n}"), sku, at_shop, u32::try_from(units).unwrap())
        })
        .collect();
    let carrier = match kind {
        Kind::MappedLater => MAPPED_LATER,
        Kind::NeverMapped => NEVER_MAPPED,
        Kind::Plain
        | Kind::SkuLater
        | Kind::SkuNever
        | Kind::Fba
        | Kind::StoreOnly
        | Kind::HandSame
        | Kind::HandOther
        | Kind::Pending
        | Kind::CancelledThere => KNOWN[sim.below(3) as usize].0,
    };
    let mut loads: Vec<Vec<(String, u32)>> = Vec::new();
    if unmatched {
        // Part of it only: all that remains would be matched without asking.
        loads.push(vec![(lines[0].2.clone(), 1)]);
    } else if simple {
        loads.push(lines.iter().map(|(_, _, sku, units)| (sku.clone(), *units)).collect());
    } else {
        let parcels = 1 + sim.below(4) as usize;
        loads.resize(parcels, Vec::new());
        for (_, _, sku, units) in &lines {
            for _ in 0..*units {
                let load = &mut loads[sim.below(parcels as u64) as usize];
                match load.iter_mut().find(|(known, _)| known == sku) {
                    Some((_, units)) => *units += 1,
                    None => load.push((sku.clone(), 1)),
                }
            }
        }
        loads.retain(|load| !load.is_empty());
    }
    let parcels = loads
        .into_iter()
        .enumerate()
        .map(|(n, load)| {
            let units: u32 = load.iter().map(|(_, units)| units).sum();
            let fortune = match sim.below(20) {
                _ if simple => Fortune::Travels,
                0..2 => Fortune::NumberLater,
                2..5 => Fortune::Corrected,
                5 => Fortune::Relabelled,
                6 => Fortune::Voided,
                7 if units > 1 => Fortune::TwoNumbers,
                _ => Fortune::Travels,
            };
            let numbers = if matches!(fortune, Fortune::Corrected | Fortune::Relabelled | Fortune::TwoNumbers)
            {
                2
            } else {
                1
            };
            Parcel {
                lines: load,
                carrier: carrier.to_owned(),
                numbers: (1..=numbers).map(|v| format!("SIM{seed}N{index}P{n}V{v}")).collect(),
                fortune,
            }
        })
        .collect();
    Order {
        id: format!("111-{:07}-{index:07}", seed % 10_000_000),
        seller: seller.into(),
        kind,
        lines,
        parcels,
    }
}

/// Creates so many orders in shop and marketplaces, and plans all that happens to them within `minutes`.
pub(super) fn plan(run: &mut Run, seed: u64, orders: usize, minutes: u64) -> Vec<Order> {
    let all: Vec<Order> = (0..orders).map(|index| order(run, seed, index)).collect();
    for order in &all {
        create(run, order);
        for parcel in &order.parcels {
            let (order, parcel) = (order.clone(), parcel.clone());
            let at = run.sim.below(minutes * 60_000 * 6 / 10);
            run.plan(at, move |run| ship(run, &order, parcel));
        }
    }
    let release: Vec<String> = all.iter().filter(|o| o.kind == Kind::Pending).map(|o| o.id.clone()).collect();
    for id in release {
        let at = run.sim.below(minutes * 60_000);
        run.plan(at, move |run| {
            let change = OrderChange { status: Some(Status::Unshipped), ..OrderChange::default() };
            run.system.wire.amazon.lock().unwrap().change_order(run.now(), &id, change).unwrap();
        });
    }
    odd_deliveries(run, minutes);
    all
}

fn create(run: &Run, order: &Order) {
    let items: Vec<(&str, u32)> =
        order.lines.iter().map(|(_, sku, _, units)| (sku.as_str(), *units)).collect();
    let at_shop: Vec<(&str, u32)> =
        order.lines.iter().map(|(_, _, sku, units)| (sku.as_str(), *units)).collect();
    if order.kind == Kind::StoreOnly {
        run.system.shop_order(&order.id, "web", &at_shop);
        return;
    }
    let shown = |number: &str| NewPackage {
        reference: "1".into(),
        carrier: "UPS".into(),
        service: None,
        tracking_number: number.into(),
        ship_date: None,
        lines: None,
    };
    run.system.amazon_order(&order.seller, &order.id, &items, |new| {
        for (item, (id, ..)) in new.items.iter_mut().zip(&order.lines) {
            item.order_item_id = Some(id.clone());
        }
        match order.kind {
            Kind::Fba => new.fulfilled_by = Party::Amazon,
            Kind::Pending => new.status = Status::Pending,
            Kind::CancelledThere => new.status = Status::Cancelled,
            Kind::HandSame => new.packages = vec![shown(&order.parcels[0].numbers[0])],
            Kind::HandOther => new.packages = vec![shown("BYHAND0001")],
            Kind::Plain
            | Kind::MappedLater
            | Kind::NeverMapped
            | Kind::SkuLater
            | Kind::SkuNever
            | Kind::StoreOnly => {}
        }
    });
    run.system.shop_order(&order.id, &order.seller, &at_shop);
}

fn ship(run: &mut Run, order: &Order, parcel: Parcel) {
    let numbers = match parcel.fortune {
        Fortune::NumberLater => vec![],
        Fortune::TwoNumbers => parcel.numbers.clone(),
        Fortune::Travels | Fortune::Corrected | Fortune::Relabelled | Fortune::Voided => {
            vec![parcel.numbers[0].clone()]
        }
    };
    let id = run.system.shop_id(&order.id);
    let fulfillment = fulfill(run, id, &parcel, numbers);
    let change_at = 1_000 + run.sim.below(12 * 60_000);
    match parcel.fortune {
        Fortune::Travels | Fortune::TwoNumbers => {}
        Fortune::NumberLater | Fortune::Corrected => {
            let other = KNOWN[run.sim.below(3) as usize].0.to_owned();
            let known = KNOWN.iter().any(|(text, _)| *text == parcel.carrier);
            let carrier = if known { other } else { parcel.carrier.clone() };
            let number = parcel.numbers.last().cloned().unwrap();
            run.plan(change_at, move |run| {
                let spec = TrackingSpec { numbers: vec![number], company: Some(carrier) };
                let now = run.now();
                let delivery = run
                    .system
                    .wire
                    .shopify
                    .lock()
                    .unwrap()
                    .update_tracking(now, SHOP, id, fulfillment, spec)
                    .unwrap();
                send(run, delivery);
            });
        }
        Fortune::Relabelled | Fortune::Voided => {
            run.plan(change_at, move |run| {
                let now = run.now();
                let delivery = run
                    .system
                    .wire
                    .shopify
                    .lock()
                    .unwrap()
                    .cancel_fulfillment(now, SHOP, id, fulfillment)
                    .unwrap();
                send(run, delivery);
                if parcel.fortune == Fortune::Relabelled {
                    let wait = run.sim.below(120_000);
                    let number = parcel.numbers[1].clone();
                    run.plan(wait, move |run| {
                        fulfill(run, id, &parcel, vec![number]);
                    });
                }
            });
        }
    }
}

fn fulfill(run: &mut Run, order: u64, parcel: &Parcel, numbers: Vec<String>) -> u64 {
    let lines = parcel.lines.iter().map(|(sku, units)| FulfillLine {
        line: None,
        sku: Some(sku.clone()),
        quantity: *units,
    });
    let spec = FulfillSpec {
        lines: Some(lines.collect()),
        numbers,
        company: Some(parcel.carrier.clone()),
        ..FulfillSpec::default()
    };
    let now = run.now();
    let (id, delivery) = run.system.wire.shopify.lock().unwrap().fulfill(now, SHOP, order, spec).unwrap();
    forge(run, &delivery);
    send(run, delivery);
    id
}

/// Posts a delivery: never, once or up to five times, in time or late.
fn send(run: &mut Run, delivery: Delivery) {
    let copies = match run.sim.below(20) {
        0..2 => 0,
        2..12 => 1,
        12..16 => 2,
        16..18 => 3,
        18 => 4,
        _ => 5,
    };
    for _ in 0..copies {
        let late = if run.sim.chance(150) { 15 * 60_000 } else { 60_000 };
        let at = run.sim.below(late);
        run.post(delivery.clone(), false, at);
    }
}

/// Now and then somebody posts a delivery with another number in it.
fn forge(run: &mut Run, genuine: &Delivery) {
    if !genuine.body.contains("SIM") || !run.sim.chance(60) {
        return;
    }
    let mut forged = genuine.clone();
    forged.body = forged.body.replace("SIM", "FORGED");
    if run.bug == Some(Bug::ForgeriesVerify) {
        let body = serde_json::from_str(&forged.body).unwrap();
        let now = run.now();
        forged = run.system.wire.shopify.lock().unwrap().deliver(now, SHOP, &genuine.topic, &body).unwrap();
    }
    let at = run.sim.below(120_000);
    run.post(forged, true, at);
}

/// Genuine deliveries that make no sense, messages that are none, and an account that loses its authorisation.
fn odd_deliveries(run: &mut Run, minutes: u64) {
    let at = run.sim.below(minutes * 30_000);
    run.plan(at, |run| {
        let now = run.now();
        let body = serde_json::json!({"id": {"not": "an id"}, "order_id": []});
        let delivery =
            run.system.wire.shopify.lock().unwrap().deliver(now, SHOP, "fulfillments/create", &body).unwrap();
        run.post(delivery, false, 0);
        let poison = "{\"schema\":1,\"look\":{\"at\":\"nowhere\"}}".to_owned();
        block_on(run.system.queue.send(QueueName::Inbound, &poison, std::time::Duration::ZERO)).unwrap();
        run.poison.push(poison);
    });
    // Everybody's clock is set forward, past leases and visibility, in the middle of everything.
    let jump = run.sim.below(minutes * 40_000);
    run.plan(jump, |run| {
        let by = 60 + run.sim.below(600);
        run.sim.note(&format!("the clock jumps {by} s ahead"));
        run.sim.clock.advance(std::time::Duration::from_secs(by));
    });
    let revoked = minutes * 20_000 + run.sim.below(minutes * 10_000);
    run.plan(revoked, |run| run.system.wire.amazon.lock().unwrap().revoke("amazon-two").unwrap());
    run.plan(revoked + minutes * 15_000, |run| {
        run.system.wire.amazon.lock().unwrap().restore("amazon-two", Some("refresh-anew".into())).unwrap();
        run.system.set_refresh_token("amazon-two", "refresh-anew");
        reconnect(run, "2");
    });
}

/// Creates one order, ships its first parcel and posts the delivery, once.
pub(super) fn send_once(run: &mut Run, order: &Order) {
    create(run, order);
    let parcel = &order.parcels[0];
    let id = run.system.shop_id(&order.id);
    let lines = parcel.lines.iter().map(|(sku, units)| FulfillLine {
        line: None,
        sku: Some(sku.clone()),
        quantity: *units,
    });
    let spec = FulfillSpec {
        lines: Some(lines.collect()),
        numbers: parcel.numbers.clone(),
        company: Some(parcel.carrier.clone()),
        ..FulfillSpec::default()
    };
    let now = run.now();
    let (_, delivery) = run.system.wire.shopify.lock().unwrap().fulfill(now, SHOP, id, spec).unwrap();
    run.post(delivery, false, 0);
}
