//! Many packages at once.

use connector_api::{Bulk, BulkContent, BulkProgress, BulkReport, Failure, Reached};
use domain::confirmation::Confirmation;
use jiff::SignedDuration;
use ports::{Clock as _, TransportError};

use crate::stand::{ANN, Call, Placed};
use crate::wire::{answer, done_then, instead};
use crate::world::{World, each};

/// Orders with one package each that is to be told.
fn packages(world: &World, count: u32) -> Vec<(Placed, Confirmation)> {
    let placed: Vec<Placed> = (1..=count).map(|number| world.order(number, &[2])).collect();
    placed
        .into_iter()
        .zip(1..)
        .map(|(placed, n)| {
            let told = world.whole(&placed, n);
            (placed, told)
        })
        .collect()
}

fn content(packages: &[(Placed, Confirmation)]) -> BulkContent {
    BulkContent::Confirmations(packages.iter().map(|(_, told)| told.clone()).collect())
}

async fn submitted(world: &World, bulk: &dyn Bulk, content: &BulkContent) -> String {
    let connection = world.connection(ANN);
    let document = bulk.upload(world.reach(), &connection, content).await;
    let document = world.looked_at(document).await.unwrap().value;
    let submitted = bulk.submit(world.reach(), &connection, content, &document).await;
    world.looked_at(submitted).await.unwrap().value
}

async fn reported(world: &World, bulk: &dyn Bulk, id: &str) -> BulkReport {
    let connection = world.connection(ANN);
    let progress = bulk.progress(world.reach(), &connection, id).await;
    let progress = world.looked_at(progress).await.unwrap().value;
    let BulkProgress::Done { report: Some(document) } = progress else { panic!("{progress:?}") };
    let report = bulk.report(world.reach(), &connection, &document).await;
    world.looked_at(report).await.unwrap().value
}

fn work_off(world: &World) {
    world.later(120);
    let now = world.wire.their_now();
    world.wire.stand().bulk().unwrap().work_off(now);
}

#[test]
fn a_bulk_is_worked_on_later_and_shows_every_package_once() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let told = packages(&world, 30);
        let id = submitted(&world, bulk, &content(&told)).await;
        let connection = world.connection(ANN);
        let progress = bulk.progress(world.reach(), &connection, &id).await.unwrap().value;
        assert_eq!(progress, BulkProgress::Underway);
        assert!(
            told.iter().all(|(placed, _)| world.packages(placed).is_empty()),
            "not before it is worked on"
        );
        work_off(&world);
        let report = reported(&world, bulk, &id).await;
        assert_eq!((report.processed, report.successful, report.refused.len()), (30, 30, 0));
        for (placed, confirmation) in &told {
            assert_eq!(world.packages(placed).len(), 1);
            let shown = world.shown(placed).await;
            assert_eq!(shown.len(), 1);
            let number = &confirmation.tracking.as_ref().unwrap().number;
            assert!(number.same_as(shown[0].tracking_number.as_deref().unwrap()));
        }
    });
}

#[test]
fn what_is_refused_is_named_by_its_place_and_the_others_go_through() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let mut told = packages(&world, 5);
        let missing = told[2].0.id.as_str().replace('1', "8");
        told[2].1.order = world.connector.order_id(&missing).unwrap();
        let id = submitted(&world, bulk, &content(&told)).await;
        work_off(&world);
        let report = reported(&world, bulk, &id).await;
        let refused: Vec<u32> = report.refused.iter().map(|(message, ..)| *message).collect();
        assert_eq!(refused, [3], "{report:?}");
        assert!(report.refused.iter().all(|(_, code, words)| !code.is_empty() && !words.is_empty()));
        for (at, (placed, _)) in told.iter().enumerate() {
            assert_eq!(world.packages(placed).len(), usize::from(at != 2));
        }
    });
}

#[test]
fn a_bulk_whose_answer_was_lost_is_found_in_the_list() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let told = packages(&world, 3);
        let content = content(&told);
        let connection = world.connection(ANN);
        let since = world.wire.clock.now().checked_sub(SignedDuration::from_secs(60)).unwrap();
        let before = bulk.listed(world.reach(), &connection, &content, since).await.unwrap().value;
        assert_eq!(before, []);
        let document = bulk.upload(world.reach(), &connection, &content).await.unwrap().value;
        world.fault(Call::Other, done_then(Err(TransportError::MaybeSent("cut off".to_owned()))));
        let error = bulk.submit(world.reach(), &connection, &content, &document).await.unwrap_err();
        assert_eq!(error.failure, Failure::Retryable { reached: Reached::Maybe, after: None });
        let listed = bulk.listed(world.reach(), &connection, &content, since).await.unwrap().value;
        assert_eq!(listed.len(), 1, "{listed:?}");
        work_off(&world);
        let report = reported(&world, bulk, &listed[0].id).await;
        assert_eq!((report.successful, report.refused.len()), (3, 0));
    });
}

#[test]
fn a_bulk_takes_texts_that_would_break_its_form() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let mut told = packages(&world, 1);
        let tracking = told[0].1.tracking.as_mut().unwrap();
        tracking.service = Some("<![CDATA[ \"&]]> --> \u{202e} <x/>".to_owned());
        let id = submitted(&world, bulk, &content(&told)).await;
        work_off(&world);
        let report = reported(&world, bulk, &id).await;
        assert_eq!((report.processed, report.refused.len()), (1, 0), "{report:?}");
    });
}

#[test]
fn a_bulk_meets_the_same_troubles_as_any_call() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let told = packages(&world, 2);
        let content = content(&told);
        let connection = world.connection(ANN);
        let id = submitted(&world, bulk, &content).await;
        for (status, body) in
            [(200, "<html>"), (200, ""), (200, "null"), (500, ""), (503, "<html>"), (429, "")]
        {
            let trouble = || instead(answer(status, &[], body));
            let mut failures = Vec::new();
            world.fault(Call::Other, trouble());
            failures
                .push(world.looked_at(bulk.upload(world.reach(), &connection, &content).await).await.err());
            world.fault(Call::Other, trouble());
            let submitted = bulk.submit(world.reach(), &connection, &content, "document").await;
            failures.push(world.looked_at(submitted).await.err());
            world.fault(Call::Other, trouble());
            failures.push(world.looked_at(bulk.progress(world.reach(), &connection, &id).await).await.err());
            world.fault(Call::Other, trouble());
            failures
                .push(world.looked_at(bulk.report(world.reach(), &connection, "document").await).await.err());
            for failure in failures {
                let failure = failure.unwrap_or_else(|| panic!("{status} {body:?} taken")).failure;
                let passes = matches!(failure, Failure::Retryable { .. } | Failure::Throttled { .. });
                assert!(passes, "{status} {body:?}: {failure:?}");
            }
        }
    });
}

#[test]
fn a_report_of_any_text_is_read_or_asked_for_again() {
    each(async |subject| {
        let world = subject.world();
        let Some(bulk) = world.connector.bulk() else { return };
        let told = packages(&world, 2);
        let id = submitted(&world, bulk, &content(&told)).await;
        work_off(&world);
        let connection = world.connection(ANN);
        let progress = bulk.progress(world.reach(), &connection, &id).await.unwrap().value;
        let BulkProgress::Done { report: Some(document) } = progress else { panic!("{progress:?}") };
        for body in ["", "null", "{}", "[1", "<xml/>", "{\"header\":{}}", "\u{feff}{\"issues\":[{}]}"] {
            world.fault(Call::Other, instead(answer(200, &[], body)));
            // Whichever of its calls meets it: no panic, and no message that is said to be fine without a word for it.
            let report = bulk.report(world.reach(), &connection, &document).await;
            if let Ok(report) = world.looked_at(report).await {
                assert!(report.value.successful == 0 || report.value.processed > 0, "{body:?}: {report:?}");
            }
        }
        assert_eq!(reported(&world, bulk, &id).await.successful, 2);
    });
}
