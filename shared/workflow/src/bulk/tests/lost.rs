//! Answers that were lost, or that came while somebody else was at work.

use connector_api::BulkListed;

use super::*;

const MAYBE: Failure = Failure::Retryable { reached: Reached::Maybe, after: None };

impl Hall {
    /// Another program's bulk, made just now.
    fn another(&self, id: &str) {
        let created_at = self.bench.world.now();
        self.market.others.lock().unwrap().push(BulkListed { id: id.to_owned(), created_at });
    }

    fn was_in_doubt(&self) -> bool {
        self.bulks()[0].history.events().iter().any(|event| event.what.starts_with("in doubt"))
    }
}

#[test]
fn law_3_among_several_bulks_none_is_taken_for_ours() {
    let hall = Hall::with(20, 0);
    hall.another("another");
    hall.market.refuses.lock().unwrap().push((MAYBE, true));
    hall.market.stand.lock().unwrap().insert("another".into(), BulkProgress::Underway);
    hall.done(&[(2, "8105")], 20);
    hall.consider();
    hall.go_on();
    assert!(matches!(hall.bulks()[0].state, BulkState::Doubt { .. }), "{:?}", hall.bulks()[0]);
    assert_eq!(hall.states(), only(StateName::Intent, 20), "the other may be ours, and is at work");
    assert_eq!(hall.told("bulk_stuck"), 1);
    hall.market.stand.lock().unwrap().clear();
    hall.go_on();
    assert_eq!(hall.bulks()[0].state, BulkState::Over);
    assert_eq!(hall.states(), only(StateName::Doubt, 20), "each is read, and none is refused");
    assert_eq!(hall.market.submits.lock().unwrap().len(), 1);
}

#[test]
fn law_3_a_report_of_another_number_of_messages_refuses_none_of_ours() {
    // Of a bulk that was found in the list, and of one that was not made at all.
    for (processed, made) in [(7, true), (7, false)] {
        let hall = Hall::with(20, 0);
        if !made {
            hall.another("another");
        }
        hall.market.refuses.lock().unwrap().push((MAYBE, made));
        hall.done(&[(2, "8105")], processed);
        hall.consider();
        hall.go_on();
        assert_eq!(hall.states(), only(StateName::Doubt, 20), "{made}");
    }
}

#[test]
fn law_2_a_bulk_from_the_list_that_was_cancelled_proves_nothing_of_ours() {
    let hall = Hall::with(20, 0);
    hall.another("another");
    hall.market.refuses.lock().unwrap().push((MAYBE, false));
    *hall.market.progress.lock().unwrap() = Some(BulkProgress::Cancelled);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Doubt, 20));
}

#[test]
fn a_second_look_during_the_call_leaves_no_doubt() {
    let hall = Hall::with(20, 0);
    let (world, account) = (hall.bench.world.clone(), hall.account.account.clone());
    *hall.market.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        work(&world, &account).await.unwrap();
        let bulk = live(&world, &account).await.unwrap().unwrap();
        assert_eq!(bulk.value.next_look, later(world.now(), Duration::from_secs(60)).unwrap());
    }));
    hall.consider();
    hall.work();
    assert_eq!(hall.bulks()[0].theirs.as_deref(), Some("feed-1"));
    assert!(!hall.was_in_doubt(), "{:?}", hall.bulks()[0].history);
}

#[test]
fn an_answer_is_recorded_though_the_record_was_written_meanwhile() {
    // Somebody writes it as it is; or the answer comes so late that it was put in doubt.
    for late in [false, true] {
        for failure in [None, Some(Failure::Retryable { reached: Reached::No, after: None })] {
            let hall = Hall::with(20, 0);
            let (world, account) = (hall.bench.world.clone(), hall.account.account.clone());
            let clock = hall.bench.clock.clone();
            *hall.market.meanwhile.lock().unwrap() = Some(Box::pin(async move {
                if late {
                    clock.advance(Duration::from_secs(61));
                    return work(&world, &account).await.unwrap();
                }
                let bulk = live(&world, &account).await.unwrap().unwrap();
                world.ledger.commit(vec![bulk.into_write(world.now())]).await.unwrap();
            }));
            let made = failure.is_none();
            hall.market.refuses.lock().unwrap().extend(failure.map(|failure| (failure, false)));
            hall.consider();
            hall.work();
            let bulk = hall.bulks().remove(0);
            let recorded = if made {
                matches!(&bulk.state, BulkState::Submitted { bulk, .. } if bulk == "feed-1")
            } else {
                matches!(&bulk.state, BulkState::Uploaded { .. }) && bulk.failures > 0
            };
            assert!(recorded, "{late} {made}: {bulk:?}");
            assert_eq!(hall.was_in_doubt(), late, "{late} {made}");
        }
    }
}
