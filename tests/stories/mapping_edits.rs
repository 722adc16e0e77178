//! A dry run of a change of mappings tells exactly what then happens, for a thousand changes of any kind.
//!
//! `EDITS` says how many; seeds go on counting from 1, and a failure names the seed that shows it. A seed is a small
//! world in memory, in which a few changes follow one another: what costs time is the number of records.

mod shop;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::carrier_policy::{OnContradiction, OnUnknown};
use domain::package::Package;
use domain::state::StateName;
use futures::executor::block_on;
use ports::{Transport, TransportError};
use sandbox::amazon::{Content, Record};
use workflow::admin::{self, AdminError, DryRun, Edit, MapTarget, Outcome, Shift};
use workflow::mappings::{MappingCache, lookup};
use workflow::world::World;

use shop::{Change, Merchant};

use crate::template::load::Template;

/// Changes in a normal test run.
const EDITS: usize = 1_000;
/// Changes in one world.
const EDITS_PER_SEED: usize = 10;
/// Parcels in one world: some are there before the first change, others come between them.
const PARCELS_PER_SEED: usize = 10;

/// Counts who calls.
#[derive(Default)]
struct Nobody(AtomicUsize);

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(TransportError::NothingSent("nobody is to be called".into()))
    }
}

/// All records, and how many messages wait.
fn everything(merchant: &Merchant) -> (Vec<ports::Item>, usize) {
    let system = &merchant.system;
    let messages = ports::QueueName::ALL.map(|queue| system.queue.len(queue)).iter().sum();
    (system.ledger.items(), messages)
}

/// A dry run that calls nobody and writes nothing.
fn dry_run(merchant: &Merchant, target: &MapTarget, change: &Change) -> Result<DryRun, AdminError> {
    let before = everything(merchant);
    let transport = Arc::new(Nobody::default());
    let world = World { transport: transport.clone(), ..merchant.system.world.clone() };
    let edit = match change {
        Change::File(file) => Edit::Import(file.as_bytes()),
        Change::Remove(text, how) => Edit::Remove(text, *how),
    };
    let done = block_on(admin::map_dry_run(&world, target, edit));
    assert_eq!(transport.0.load(Ordering::SeqCst), 0, "a dry run called somebody");
    assert!(everything(merchant) == before, "a dry run wrote something");
    done
}

/// Makes the change; how many held parcels were said to have a code now.
fn apply(merchant: &Merchant, target: &MapTarget, change: &Change) -> Result<Option<usize>, AdminError> {
    let world = &merchant.system.world;
    block_on(async {
        match change {
            Change::File(file) => {
                let done = admin::map_import(world, target, file.as_bytes(), "a test").await?;
                Ok(Some(done.released_parcels.unwrap()))
            }
            Change::Remove(text, how) => {
                admin::map_remove(world, target, (text, *how), "a test").await?;
                Ok(None)
            }
        }
    })
}

/// Every parcel by its order: each order has one.
fn parcels(merchant: &Merchant) -> BTreeMap<String, Package> {
    let items = merchant.system.ledger.items();
    let packages = items.iter().filter(|i| i.key.pk.starts_with("M#") && i.key.sk.starts_with("P#"));
    let packages = packages.map(|item| serde_json::from_str::<Package>(&item.body).unwrap());
    packages.map(|package| (package.order.order.to_string(), package)).collect()
}

/// Those that are held or not confirmed yet.
fn open(merchant: &Merchant) -> BTreeMap<String, Package> {
    let is_open = |package: &Package| matches!(package.state.name(), StateName::Held | StateName::Planned);
    parcels(merchant).into_iter().filter(|(_, package)| is_open(package)).collect()
}

/// Lets the world run until no parcel is about to be told of.
fn run(merchant: &Merchant) {
    let system = &merchant.system;
    system.settle();
    for _ in 0..20 {
        if !open(merchant).values().any(|package| package.state.name() == StateName::Planned) {
            return;
        }
        system.clock.advance(std::time::Duration::from_secs(30));
        system.grants.as_function("sweep", || block_on(workflow::sweep::sweep(&system.world))).unwrap();
        system.settle();
    }
    panic!("the world never becomes quiet");
}

const NOTHING: Outcome =
    Outcome { does: "", code: None, name: None, service: None, cause: None, reason: None };

/// What became of an order's parcel, as the marketplace and the record have it, in the words of a dry run.
fn outcome(package: &Package, record: &Record) -> Outcome {
    let order = package.order.order.as_str();
    let mut at_amazon = record.packages.iter().filter(|p| p.order == order);
    match (at_amazon.next(), package.held_for()) {
        (Some(there), None) => {
            assert_eq!((there.confirm_calls, at_amazon.count()), (1, 0), "{order} was not told once");
            let Content { carrier_code, carrier_name, shipping_method, .. } = there.content.clone();
            let name = carrier_name.filter(|_| carrier_code == "Other");
            Outcome { does: "sent", code: Some(carrier_code), name, service: shipping_method, ..NOTHING }
        }
        (None, Some(cause)) => Outcome { does: "held", cause: Some(cause.name().to_owned()), ..NOTHING },
        (there, held) => panic!("{order}: {held:?}, {:?}, {there:?}", package.state),
    }
}

/// Nothing but what tells outcomes apart.
fn plain(outcome: &Outcome) -> Outcome {
    Outcome { reason: None, ..outcome.clone() }
}

#[derive(Default, Debug)]
struct Tally {
    edits: usize,
    refused: usize,
    /// Parcels whose fate was compared, those among them that a change let go, stopped, or made go otherwise.
    compared: usize,
    released: usize,
    stopped: usize,
    changed: usize,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            edits: self.edits + other.edits,
            refused: self.refused + other.refused,
            compared: self.compared + other.compared,
            released: self.released + other.released,
            stopped: self.stopped + other.stopped,
            changed: self.changed + other.changed,
        }
    }

    fn count(&mut self, change: &str) {
        match change {
            "released" => self.released += 1,
            "held" => self.stopped += 1,
            _ => self.changed += 1,
        }
    }
}

/// One change: tried, made, and compared.
fn play(merchant: &mut Merchant, tally: &mut Tally) {
    let world = merchant.system.world.clone();
    // What is shipped while its account is paused is planned and not told: a change may yet stop it.
    let paused = merchant.dice.one(&shop::ACCOUNTS);
    block_on(admin::pause(&world, paused)).unwrap();
    if merchant.dice.in_ten(7) {
        merchant.ship();
    }
    let open = open(merchant);
    let (target, change) = merchant.change(&open);
    let before = before(merchant, &open);
    let told = dry_run(merchant, &target, &change);
    let done = apply(merchant, &target, &change);
    tally.edits += 1;
    let rows = match (told, done) {
        (Ok(told), Ok(count)) => {
            let held = |row: &&Shift| {
                row.when == "next" && open[&row.marketplace_order].state.name() == StateName::Held
            };
            let released = told.rows.iter().filter(held).filter(|row| row.change == "released").count();
            assert!(count.is_none_or(|count| count == released), "{count:?} released, foretold {released}");
            merchant.remember(&target, &change);
            told.rows
        }
        (Err(told), Err(done)) => {
            tally.refused += 1;
            assert_eq!(told.to_string(), done.to_string());
            Vec::new()
        }
        (told, done) => panic!("the dry run said {told:?}, the change {done:?}"),
    };
    block_on(admin::resume(&world, paused)).unwrap();
    run(merchant);
    let next: BTreeMap<&str, &Shift> =
        rows.iter().filter(|r| r.when == "next").map(|r| (r.marketplace_order.as_str(), r)).collect();
    assert!(next.keys().all(|order| open.contains_key(*order)), "foretold for what is told already");
    let record = merchant.system.wire.amazon.lock().unwrap().record();
    let seed = merchant.seed;
    for (order, package) in parcels(merchant).iter().filter(|(order, _)| open.contains_key(*order)) {
        let row = next.get(order.as_str());
        let what = format!("seed {seed}, {order}, {target:?}, {change:?}, foretold: {}", row.is_some());
        if let Some(row) = row {
            assert_eq!(plain(&row.from), before[order], "as things stood: {what}");
            tally.count(row.change);
        }
        let want = row.map_or_else(|| before[order].clone(), |row| plain(&row.to));
        assert_eq!(outcome(package, &record), want, "{what}");
        tally.compared += 1;
    }
}

/// What becomes of each without a change: worked out here once more, from the mappings that are stored.
fn before(merchant: &Merchant, open: &BTreeMap<String, Package>) -> BTreeMap<String, Outcome> {
    let world = &merchant.system.world;
    let now = merchant.system.now();
    let fate = |package: &Package| {
        let account = block_on(world.connection(&package.order.account)).unwrap().unwrap();
        let content = &package.wanted().unwrap().content;
        let texts = (content.carrier.as_deref(), content.service.as_deref());
        let cache = MappingCache::default();
        let said = lookup(world.ledger.as_ref(), &cache, &account, texts, None);
        let mappings = block_on(said).unwrap();
        let number = content.number.as_ref().map(ToString::to_string);
        let decision = carriers::resolve(carriers::Question {
            text: texts.0,
            service: texts.1,
            number: number.as_deref(),
            marketplace: "amazon",
            country: merchant.country(package.order.order.as_str()),
            mappings: &mappings,
            other_for_unknown: account.carriers.on_unknown(package.ship_by, now) == OnUnknown::Other,
        });
        let held = |cause: &str| Outcome { does: "held", cause: Some(cause.to_owned()), ..NOTHING };
        match decision {
            carriers::Decision::Code { contradiction: Some(_), .. }
                if account.carriers.on_contradiction(package.ship_by, now) == OnContradiction::Hold =>
            {
                held("carrier_contradicted")
            }
            carriers::Decision::Code { carrier, service, .. } => {
                Outcome { does: "sent", code: Some(carrier.code), name: carrier.name, service, ..NOTHING }
            }
            carriers::Decision::Unknown { .. } => held("carrier_unmapped"),
            carriers::Decision::Missing => held("no_carrier"),
        }
    };
    open.iter().map(|(order, package)| (order.clone(), fate(package))).collect()
}

/// Plays the worlds of every second seed, until so many changes are made.
fn play_seeds(first: u64, edits: usize, template: &Template) -> Tally {
    let mut tally = Tally::default();
    for seed in (first..).step_by(2) {
        if tally.edits >= edits {
            break;
        }
        let mut merchant = Merchant::new(seed, PARCELS_PER_SEED, template);
        for _ in 0..PARCELS_PER_SEED / 3 {
            merchant.ship();
        }
        for _ in 0..EDITS_PER_SEED {
            play(&mut merchant, &mut tally);
        }
    }
    tally
}

#[test]
#[expect(clippy::disallowed_methods, reason = "measures the machine, not the system")]
fn a_thousand_changes_do_what_their_dry_run_said() {
    let started = std::time::Instant::now();
    let template = Template::deployed();
    // Worlds know nothing of each other: two at a time take half as long.
    let tally = std::thread::scope(|scope| {
        let other = scope.spawn(|| play_seeds(2, EDITS / 2, &template));
        play_seeds(1, EDITS / 2, &template).and(other.join().unwrap())
    });
    println!("{tally:?} in {:.1} s", started.elapsed().as_secs_f64());
    // Enough of everything, or the property says little.
    let Tally { edits, refused, compared, released, stopped, changed } = tally;
    assert!(edits >= EDITS && refused > EDITS / 50 && refused < EDITS / 5, "{tally:?}");
    assert!(compared > 2 * EDITS, "{tally:?}");
    assert!(released > EDITS / 8 && stopped > EDITS / 50 && changed > EDITS / 20, "{tally:?}");
}
