//! Bulks against a marketplace that counts what it is asked.

mod gathering;
mod letting_go;
mod limited;
mod lost;
mod market;
mod report;
mod worth;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_api::{BulkContent, BulkProgress, BulkReport, Failure, Reached};
use domain::bulk::BulkState;
use domain::connection::Connection;
use domain::keys::{Table, bulks_of};
use domain::package::Package;
use domain::shipment_policy::WithoutNumber;
use domain::state::{State, StateName, Waiting};
use jiff::{SignedDuration, Timestamp};
use ports::Ledger as _;

use super::*;
use crate::admin::testing::{Bench, at};
use crate::wake;
use market::{Market, Only};

/// An account with parcels that wait for its limit.
struct Hall {
    bench: Bench,
    market: Arc<Market>,
    account: Connection,
    packages: Vec<Package>,
}

impl Hall {
    /// `late` parcels that are due in a day, `soon` ones that are due in an hour.
    fn with(late: usize, soon: usize) -> Self {
        let market = Arc::new(Market::default());
        let bench = Bench::with(Arc::new(Only(market.clone())));
        let account = bench.marketplace("m", "us");
        let shop = bench.store("m", "shop");
        let mut hall = Self { bench, market, account, packages: Vec::new() };
        for n in 0..late + soon {
            let due = if n < late { 86_400 } else { 3_600 };
            let package = hall.parcel(&shop, n, due, Some(format!("T{n:06}")));
            hall.packages.push(package);
        }
        hall
    }

    fn parcel(&self, shop: &Connection, n: usize, due: i64, number: Option<String>) -> Package {
        let id = format!("111-{n:07}-0000000");
        let mut order = self.bench.order(&self.account, &id);
        let facts = order.facts.as_mut().unwrap();
        facts.ship_by = Some(at(1000 + due));
        facts.read_at = at(990);
        let mut store = self.bench.linked(&mut order, shop, &format!("{n}"), "T");
        for fulfillment in store.fulfillments.values_mut() {
            fulfillment.fact.carrier = Some("UPS".into());
            fulfillment.fact.tracking = number.clone().into_iter().collect();
        }
        self.bench.put(&store);
        self.bench.put(&order);
        let waiting = State::Planned { not_before: at(1000), waiting: Waiting::Tokens };
        let mut package = self.bench.package(&order, &format!("p{n}"), "T", waiting);
        package.origins = [domain::package::Origin {
            store_order: store.order.clone(),
            fulfillment: format!("F{n}").as_str().try_into().unwrap(),
        }]
        .into();
        let content = &mut package.versions[0].content;
        content.number = number.and_then(|n| n.as_str().try_into().ok());
        content.carrier = Some("UPS".into());
        package.ship_by = Some(at(1000 + due));
        self.bench.put(&package);
        package
    }

    fn consider(&self) {
        let market = self.market.as_ref();
        self.bench.run(consider(&self.bench.world, &self.account, market)).unwrap();
    }

    fn bulks(&self) -> Vec<BulkRecord> {
        let items = self.bench.run(self.bench.ledger.query(Table::Orders, &bulks_of(&self.account.account)));
        items.unwrap().iter().map(|item| Stored::<BulkRecord>::read(item).unwrap().value).collect()
    }

    /// Alerts of the account about this matter.
    fn told(&self, matter: &str) -> usize {
        let state = self.bench.state(&self.account);
        state.alerts.all().iter().filter(|alert| alert.cause.starts_with(matter)).count()
    }

    /// Works on the bulk until it rests or is over; a look left in the queue is worked on, too.
    fn work(&self) {
        for _ in 0..100 {
            self.bench.run(work(&self.bench.world, &self.account.account)).unwrap();
            let again = self.bench.looks().iter().any(|look| matches!(look, Look::Bulk { .. }));
            if !again {
                return;
            }
        }
        panic!("it never rests");
    }

    /// Goes on for as long as anything moves, an hour at most at a time.
    fn go_on(&self) {
        for _ in 0..40 {
            self.work();
            let Some(next) = self.bulks().into_iter().find(BulkRecord::is_live).map(|b| b.next_look) else {
                return;
            };
            self.bench.clock.advance_to(next.max(self.bench.world.now() + SignedDuration::from_secs(1)));
        }
    }

    fn states(&self) -> BTreeMap<StateName, usize> {
        let mut counts = BTreeMap::new();
        for package in &self.packages {
            *counts.entry(self.bench.reload(package).state.name()).or_default() += 1;
        }
        counts
    }

    fn done(&self, refused: &[(u32, &str)], processed: u32) {
        *self.market.progress.lock().unwrap() = Some(BulkProgress::Done { report: Some("doc".into()) });
        let count = u32::try_from(refused.len()).unwrap();
        *self.market.report.lock().unwrap() = BulkReport {
            processed,
            successful: processed.saturating_sub(count),
            refused: refused.iter().map(|(n, code)| (*n, (*code).to_owned(), "no".to_owned())).collect(),
            warned: vec![],
        };
    }
}

/// A ledger whose nth commit fails, before or after it was done: as a crash just there would look.
struct FailsAt {
    inner: Arc<ports::memory::MemoryLedger>,
    left: Mutex<usize>,
    after: bool,
}

#[async_trait]
impl ports::Ledger for FailsAt {
    async fn get(&self, key: &ports::ItemKey) -> Result<Option<ports::Item>, LedgerError> {
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<ports::Item>, LedgerError> {
        self.inner.query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        let fails = {
            let mut left = self.left.lock().unwrap();
            *left = left.wrapping_sub(1);
            *left == 0
        };
        if fails && !self.after {
            return Err(LedgerError::Unavailable("as scripted".into()));
        }
        self.inner.commit(writes).await?;
        if fails { Err(LedgerError::Unavailable("as scripted".into())) } else { Ok(()) }
    }
    async fn due(
        &self,
        lane: &str,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ports::ledger::Hint>, LedgerError> {
        self.inner.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<ports::Page<ports::ledger::Hint>, LedgerError> {
        self.inner.attention(table, lane, page).await
    }
    async fn scan(
        &self,
        table: Table,
        page: Option<String>,
    ) -> Result<ports::Page<ports::Item>, LedgerError> {
        self.inner.scan(table, page).await
    }
}

#[test]
fn law_2_a_crash_at_any_write_of_a_bulk_leaves_each_parcel_told_once() {
    let mut crashed = 0;
    for nth in 1..20 {
        for after in [false, true] {
            let mut hall = Hall::with(98, 0);
            hall.done(&[(7, "8105")], 98);
            let inner = hall.bench.ledger.clone();
            hall.bench.world.ledger = Arc::new(FailsAt { inner, left: Mutex::new(nth), after });
            let mut begun = false;
            for _ in 0..200 {
                if !begun {
                    let market = hall.market.as_ref();
                    let _ = hall.bench.run(consider(&hall.bench.world, &hall.account, market));
                    begun = !hall.bulks().is_empty();
                    hall.bench.clock.advance(Duration::from_secs(61));
                    continue;
                }
                if hall.bench.run(work(&hall.bench.world, &hall.account.account)).is_err() {
                    crashed += 1;
                }
                let Some(next) = hall.bulks().into_iter().find(BulkRecord::is_live).map(|b| b.next_look)
                else {
                    break;
                };
                hall.bench.clock.advance_to(next.max(hall.bench.world.now() + SignedDuration::from_secs(1)));
            }
            let what = format!("commit {nth}, failing {}", if after { "after" } else { "before" });
            assert_eq!(hall.market.submits.lock().unwrap().len(), 1, "{what}");
            let want = [(StateName::Accepted, 97), (StateName::Rejected, 1)];
            assert_eq!(hall.states(), want.into(), "{what}");
        }
    }
    assert!(crashed > 10, "{crashed}");
}

fn only(name: StateName, count: usize) -> BTreeMap<StateName, usize> {
    [(name, count)].into()
}

#[test]
fn what_waits_longer_than_a_bulk_takes_goes_in_one_and_each_line_of_its_report_is_an_outcome() {
    let hall = Hall::with(250, 4);
    hall.consider();
    hall.done(&[(3, "8105"), (100, "8105"), (250, "1")], 250);
    hall.work();
    assert_eq!(hall.market.uploads.lock().unwrap().len(), 1, "{:?}", hall.bulks());
    assert_eq!(hall.market.submits.lock().unwrap().len(), 1);
    let BulkContent::Confirmations(sent) = hall.market.uploads.lock().unwrap()[0].clone() else { panic!() };
    let numbers: BTreeSet<String> =
        sent.iter().map(|c| c.tracking.as_ref().unwrap().number.to_string()).collect();
    assert_eq!((sent.len(), numbers.len()), (250, 250), "each once");
    hall.go_on();
    let want = [(StateName::Accepted, 247), (StateName::Rejected, 3), (StateName::Planned, 4)];
    assert_eq!(hall.states(), want.into(), "those due soon stay for the usual call");
    assert_eq!(hall.bulks()[0].state, BulkState::Over);
    for package in &hall.packages {
        let package = hall.bench.reload(package);
        let alerts = package.alerts.all().iter().filter(|a| a.cause.starts_with("rejected:")).count();
        assert_eq!(alerts, usize::from(package.state.name() == StateName::Rejected));
        assert_eq!(package.in_bulk, package.state.name() != StateName::Planned);
    }
    assert_eq!(*hall.market.confirms.lock().unwrap(), 0);
}

#[test]
fn a_bulk_that_is_told_to_be_done_is_looked_at_if_it_is_ours() {
    let hall = Hall::with(30, 0);
    hall.consider();
    hall.work();
    let theirs = hall.bulks()[0].theirs.clone().unwrap();
    for (id, looks) in [("another program's", 0), (theirs.as_str(), 1)] {
        hall.bench.run(told(&hall.bench.world, &hall.account.account, id)).unwrap();
        assert_eq!(hall.bench.looks().len(), looks, "{id}");
    }
}

#[test]
fn one_bulk_at_a_time() {
    let hall = Hall::with(30, 0);
    hall.consider();
    hall.work();
    hall.bench.clock.advance(Duration::from_secs(120));
    hall.consider();
    assert_eq!(hall.bulks().len(), 1);
}

#[test]
fn law_2_a_bulk_whose_answer_was_lost_is_looked_for_and_never_asked_for_twice() {
    let hall = Hall::with(20, 0);
    let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
    hall.market.refuses.lock().unwrap().push((maybe, true));
    hall.done(&[], 20);
    hall.consider();
    hall.work();
    assert!(matches!(hall.bulks()[0].state, BulkState::Doubt { .. }), "{:?}", hall.bulks()[0].state);
    assert_eq!(hall.states(), only(StateName::Intent, 20));
    hall.go_on();
    assert_eq!(hall.market.submits.lock().unwrap().len(), 1);
    assert_eq!(hall.states(), only(StateName::Accepted, 20));
    assert_eq!(hall.bulks()[0].theirs.as_deref(), Some("feed-1"));
}

#[test]
fn law_2_a_bulk_that_was_never_made_is_made_only_after_the_list_has_shown_that() {
    let hall = Hall::with(20, 0);
    let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
    hall.market.refuses.lock().unwrap().push((maybe, false));
    hall.done(&[], 20);
    hall.consider();
    hall.work();
    hall.bench.clock.advance(Duration::from_secs(300));
    hall.work();
    assert!(hall.market.submits.lock().unwrap().is_empty(), "five minutes prove nothing");
    hall.go_on();
    assert_eq!(hall.market.submits.lock().unwrap().len(), 1);
    assert_eq!(hall.states(), only(StateName::Accepted, 20));
}

#[test]
fn a_bulk_that_was_surely_not_made_is_tried_again() {
    for failure in [
        Failure::Throttled { after: Some(Duration::from_secs(30)) },
        Failure::Retryable { reached: Reached::No, after: None },
        Failure::Rejected { code: "InvalidInput".into() },
    ] {
        let hall = Hall::with(12, 0);
        hall.market.refuses.lock().unwrap().push((failure.clone(), false));
        hall.done(&[], 12);
        hall.consider();
        hall.go_on();
        assert_eq!(hall.market.submits.lock().unwrap().len(), 1, "{failure:?}");
        assert_eq!(hall.states(), only(StateName::Accepted, 12), "{failure:?}");
    }
}

#[test]
fn what_a_report_leaves_out_is_in_doubt_and_a_cancelled_bulk_applied_nothing() {
    let hall = Hall::with(20, 0);
    hall.done(&[(2, "8105")], 19);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), [(StateName::Doubt, 19), (StateName::Rejected, 1)].into());
    for (progress, name) in [
        (BulkProgress::Cancelled, StateName::Planned),
        (BulkProgress::Broken { report: None }, StateName::Doubt),
        (BulkProgress::Done { report: None }, StateName::Doubt),
    ] {
        let hall = Hall::with(20, 0);
        *hall.market.progress.lock().unwrap() = Some(progress.clone());
        hall.consider();
        hall.go_on();
        assert_eq!(hall.states(), only(name, 20), "{progress:?}");
    }
}

#[test]
fn a_report_about_other_messages_than_ours_proves_nothing() {
    for (refused, processed) in [(vec![(21, "x")], 20), (vec![(0, "x")], 20), (vec![], 21)] {
        let hall = Hall::with(20, 0);
        hall.done(&refused, processed);
        hall.consider();
        hall.go_on();
        assert_eq!(hall.states(), only(StateName::Doubt, 20), "{refused:?} of {processed}");
    }
}

#[test]
fn a_bulk_that_never_ends_is_told_once_a_day_and_its_parcels_before_their_deadline() {
    let hall = Hall::with(20, 0);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Intent, 20), "nothing is sent a second time");
    assert_eq!(hall.told("bulk_stuck"), 1);
    let package = hall.bench.reload(&hall.packages[0]);
    assert!(package.quiet_reminder().is_some(), "the deadline is watched");
}

#[test]
fn a_parcel_without_a_number_goes_in_bulk_alone_if_need_be() {
    let hall = Hall::with(0, 0);
    let mut account = hall.account.clone();
    account.shipments.without_number = WithoutNumber::Send;
    hall.bench.put(&account);
    let shop = hall.bench.store("m", "shop");
    let package = hall.parcel(&shop, 7, 86_400, None);
    let order = package.order.clone();
    hall.bench.run(crate::sync::look_at_order(&hall.bench.world, &order, None)).unwrap();
    let waits = hall.bench.reload(&package);
    assert!(matches!(waits.state, State::Planned { waiting: Waiting::Bulk, .. }), "{:?}", waits.state);
    hall.consider();
    assert!(hall.bulks().is_empty(), "others have time to come along");
    hall.bench.clock.advance(GATHERS_FOR + Duration::from_secs(61));
    hall.done(&[], 1);
    hall.bench.run(wake::ensure(&hall.bench.world, &account.account, hall.bench.world.now())).unwrap();
    for look in hall.bench.looks() {
        if let Look::Wake { account, generation } = look {
            hall.bench.run(wake::work(&hall.bench.world, &account, generation)).unwrap();
        }
    }
    hall.go_on();
    let BulkContent::Confirmations(sent) = hall.market.uploads.lock().unwrap()[0].clone() else { panic!() };
    assert_eq!((sent.len(), &sent[0].tracking), (1, &None));
    assert_eq!(hall.bench.reload(&package).state.name(), StateName::Accepted);
    assert_eq!(*hall.market.confirms.lock().unwrap(), 0);
}

#[test]
fn what_cannot_stand_in_a_bulk_is_left_out_and_holds_nobody_else_up() {
    let hall = Hall::with(20, 0);
    let odd = hall.packages[3].order.order.as_str().to_owned();
    hall.market.unfit.lock().unwrap().insert(odd);
    hall.done(&[], 19);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), [(StateName::Accepted, 19), (StateName::Planned, 1)].into());
    let left = hall.bench.reload(&hall.packages[3]);
    assert!(!left.in_bulk && left.alerts.all().is_empty(), "it goes by the usual call");
}

#[test]
fn without_a_number_what_cannot_stand_in_a_bulk_is_told_with_the_reason() {
    let hall = Hall::with(0, 0);
    let mut account = hall.account.clone();
    account.shipments.without_number = WithoutNumber::Send;
    hall.bench.put(&account);
    let shop = hall.bench.store("m", "shop");
    let (good, odd) = (hall.parcel(&shop, 7, 86_400, None), hall.parcel(&shop, 8, 86_400, None));
    hall.market.unfit.lock().unwrap().insert(odd.order.order.as_str().to_owned());
    for package in [&good, &odd] {
        hall.bench.run(crate::sync::look_at_order(&hall.bench.world, &package.order, None)).unwrap();
    }
    hall.bench.clock.advance(GATHERS_FOR + Duration::from_secs(61));
    hall.done(&[], 1);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.bench.reload(&good).state.name(), StateName::Accepted);
    let told = hall.bench.reload(&odd);
    assert!(matches!(&told.state, State::Rejected { code, .. } if code == "NotSent"), "{:?}", told.state);
    assert_eq!(told.alerts.all().len(), 1);
    hall.bench.clock.advance(Duration::from_secs(120));
    hall.consider();
    assert!(hall.bulks().iter().all(|bulk| !bulk.is_live()), "it is not tried again and again");
}

#[test]
fn a_broken_bulk_proves_no_success_and_one_refused_as_a_whole_is_told() {
    let hall = Hall::with(20, 0);
    hall.done(&[(2, "8105")], 20);
    *hall.market.progress.lock().unwrap() = Some(BulkProgress::Broken { report: Some("doc".into()) });
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), [(StateName::Doubt, 19), (StateName::Rejected, 1)].into());

    let hall = Hall::with(20, 0);
    hall.done(&[(0, "90061")], 0);
    hall.market.report.lock().unwrap().successful = 0;
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Doubt, 20));
    assert_eq!(hall.told("bulk_refused"), 1);
}

#[test]
fn f40_a_report_that_cannot_be_had_leaves_doubt_and_nothing_is_sent_again() {
    let again = Failure::Retryable { reached: Reached::No, after: None };
    for failure in [Failure::NotFound, again] {
        let hall = Hall::with(20, 0);
        hall.done(&[], 20);
        *hall.market.no_report.lock().unwrap() = Some(failure.clone());
        hall.consider();
        hall.go_on();
        assert_eq!(hall.states(), only(StateName::Doubt, 20), "{failure:?}");
        assert_eq!(hall.market.submits.lock().unwrap().len(), 1, "{failure:?}");
    }
}
