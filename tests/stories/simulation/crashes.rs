//! One parcel's journey with a crash at every point: before and after each effect of each port call.

use super::oracle;
use super::run::Run;
use super::sim::Script;
use super::workload::{Fortune, Kind, Order, Parcel, send_once};

/// Pairs of crashes that a normal test run tries, spread evenly over all of them.
const PAIRS: usize = 600;

/// Plays the journey; what is wrong at its end, and how many points it passed.
fn journey(crash_at: Vec<u64>) -> (Vec<String>, u64) {
    let mut run = Run::new(1, None).without_polls();
    run.sim.clock.advance(std::time::Duration::from_secs(60));
    let order = Order {
        id: "111-0000001-0000001".into(),
        seller: "amazon-us".into(),
        kind: Kind::Plain,
        lines: vec![("90000001".into(), "LAMP".into(), "LAMP".into(), 2)],
        parcels: vec![Parcel {
            lines: vec![("LAMP".into(), 2)],
            carrier: "UPS".into(),
            numbers: vec!["SIM1".into()],
            fortune: Fortune::Travels,
        }],
    };
    send_once(&mut run, &order);
    run.sim.follow(Script { crash_at });
    let settled = run.settle(120);
    let mut wrong = oracle::judge(&run, &[order]);
    if !settled {
        wrong.push("not settled".into());
    }
    let calls = run.system.wire.amazon.lock().unwrap().record().effects.len();
    if calls != 1 {
        wrong.push(format!("{calls} confirmations applied"));
    }
    (wrong, run.sim.points())
}

#[test]
fn law_2_one_crash_anywhere_loses_nothing_and_doubles_nothing() {
    let (wrong, points) = journey(vec![]);
    assert!(wrong.is_empty(), "{wrong:?}");
    let failed: Vec<(u64, Vec<String>)> =
        (1..=points).map(|k| (k, journey(vec![k]).0)).filter(|(_, wrong)| !wrong.is_empty()).collect();
    println!("{points} single crashes");
    assert!(points > 60, "a journey of {points} points is no journey");
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn law_2_two_crashes_anywhere_lose_nothing_and_double_nothing() {
    let points = journey(vec![]).1;
    let all: Vec<(u64, u64)> = (1..=points).flat_map(|k| (k + 1..=points).map(move |l| (k, l))).collect();
    let every = (all.len() / PAIRS).max(1);
    let failed: Vec<_> = all
        .iter()
        .step_by(every)
        .map(|(k, l)| ((k, l), journey(vec![*k, *l]).0))
        .filter(|(_, wrong)| !wrong.is_empty())
        .collect();
    println!("{} of {} pairs of crashes", all.len() / every, all.len());
    assert!(failed.is_empty(), "{failed:#?}");
}
