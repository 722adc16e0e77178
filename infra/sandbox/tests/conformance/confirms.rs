//! That a package told is shown exactly once.

use connector_api::{Failure, Kept, Reached};
use domain::confirmation::CarrierCode;
use domain::marketplace_order::OrderStatus;
use domain::marketplace_rules::{Edits, Parts, Untracked};
use domain::tracking::TrackingNumber;
use ports::TransportError;

use crate::stand::{Call, Package, Placed};
use crate::wire::done_then;
use crate::world::{World, calls, each};

const MAYBE: Failure = Failure::Retryable { reached: Reached::Maybe, after: None };

/// The numbers that the marketplace has, compared as the domain does.
fn numbers(world: &World, placed: &Placed) -> Vec<String> {
    let numbers = world.packages(placed).into_iter().filter_map(|Package { number }| number);
    numbers.map(|number| TrackingNumber::try_from(number).unwrap().folded()).collect()
}

#[test]
fn a_package_is_told_and_shown_once() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        let confirmation = world.whole(&placed, 1);
        let confirmed = world.confirm(&confirmation).await.unwrap();
        assert!(!matches!(confirmed.kept, Kept::Dropped { .. }), "{confirmed:?}");
        assert_eq!(world.wire.made(Call::Confirm), 1);

        let facts = world.read(&placed).await;
        assert_eq!(facts.status, OrderStatus::Shipped);
        let packages = facts.packages.unwrap();
        let [shown] = packages.as_slice() else { panic!("{packages:?}") };
        assert!(world.is_shown_as(&confirmation, shown), "{shown:?}");
        assert!(!shown.cancelled);
        let number = &confirmation.tracking.as_ref().unwrap().number;
        assert!(number.same_as(shown.tracking_number.as_deref().unwrap()));
        // Where the marketplace shows them, carrier, lines and date are those that were told.
        assert!(shown.lines.is_empty() || shown.lines == confirmation.lines, "{shown:?}");
        if let Some(date) = shown.ship_date {
            let apart = date.duration_since(confirmation.ship_date).abs();
            assert!(apart.as_hours() < 24, "{date} for {}", confirmation.ship_date);
        }
        assert_eq!(numbers(&world, &placed), [number.folded()]);
    });
}

#[test]
fn confirming_spends_what_it_says() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        world.read(&placed).await;
        world.wire.forget();
        world.confirm(&world.whole(&placed, 1)).await.unwrap();
        let made = world.wire.made_but_tokens();
        assert!(calls(world.connector.traits().spends.confirm, 1).contains(&made), "{made} calls");
    });
}

#[test]
fn an_order_goes_in_parts_as_fine_as_its_marketplace_allows() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        let [first, second] = world.in_two(&placed);
        world.confirm(&first).await.unwrap();
        let between = world.read(&placed).await;
        let want = match world.rules().parts {
            Parts::Units | Parts::Lines => OrderStatus::PartlyShipped,
            // The first row marks the whole order.
            Parts::Order => OrderStatus::Shipped,
        };
        assert_eq!(between.status, want);
        world.confirm(&second).await.unwrap();
        let facts = world.read(&placed).await;
        assert_eq!(facts.status, OrderStatus::Shipped);
        let shown = facts.packages.unwrap();
        assert_eq!(shown.len(), 2);
        for told in [&first, &second] {
            assert_eq!(shown.iter().filter(|package| world.is_shown_as(told, package)).count(), 1);
        }
        assert_eq!(numbers(&world, &placed).len(), 2);
    });
}

#[test]
fn the_same_again_is_no_second_package() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let confirmation = world.whole(&placed, 1);
        world.confirm(&confirmation).await.unwrap();
        let again = world.confirm(&confirmation).await;
        match world.rules().edits {
            Edits::SameReference => {
                again.unwrap();
            }
            // It cannot be taken back, and some have then two: so one call tells once, no more. That there is no second
            // call is the workflow's care, which reads first; who finds it there says so.
            Edits::AnotherRow | Edits::ByHand => {
                assert!(again.is_ok() || again.is_err_and(|error| error.failure == MAYBE));
                assert!(world.packages(&placed).len() <= 2, "one package a call");
                return;
            }
        }
        assert_eq!(world.packages(&placed).len(), 1);
        assert_eq!(world.shown(&placed).await.len(), 1);
    });
}

#[test]
fn a_corrected_number_replaces_or_is_said_to_need_a_person() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let confirmation = world.whole(&placed, 1);
        world.confirm(&confirmation).await.unwrap();
        let mut corrected = confirmation.clone();
        corrected.tracking = world.whole(&placed, 7).tracking;
        let new = corrected.tracking.as_ref().unwrap().number.clone();
        match world.rules().edits {
            Edits::SameReference => {
                world.confirm(&corrected).await.unwrap();
                assert_eq!(numbers(&world, &placed), [new.folded()]);
                let shown = world.shown(&placed).await;
                assert!(new.same_as(shown[0].tracking_number.as_deref().unwrap()));
            }
            Edits::AnotherRow => {
                world.confirm(&corrected).await.unwrap();
                let shown = world.shown(&placed).await;
                assert_eq!(shown.iter().filter(|package| world.is_shown_as(&corrected, package)).count(), 1);
                assert_eq!(shown.len(), 2);
            }
            // The workflow does not try; a connector that is asked all the same must not lose the first number.
            Edits::ByHand => {
                let _ = world.confirm(&corrected).await;
                assert!(!world.shown(&placed).await.is_empty());
            }
        }
    });
}

#[test]
fn a_lost_answer_is_read_before_it_is_repeated() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let confirmation = world.whole(&placed, 1);
        world.fault(Call::Confirm, done_then(Err(TransportError::MaybeSent("cut off".to_owned()))));
        let error = world.confirm(&confirmation).await.unwrap_err();
        assert_eq!(error.failure, MAYBE);
        assert_eq!(world.wire.made(Call::Confirm), 1, "nothing between sent it twice");
        let shown = world.shown(&placed).await;
        assert_eq!(shown.iter().filter(|package| world.is_shown_as(&confirmation, package)).count(), 1);
        // As the workflow goes on: no second call.
        assert_eq!(world.packages(&placed).len(), 1);
    });
}

#[test]
fn what_was_cut_off_before_is_told_after_reading() {
    each(async |subject| {
        for error in
            [TransportError::MaybeSent("cut off".to_owned()), TransportError::NothingSent("dns".to_owned())]
        {
            let world = subject.world();
            let placed = world.order(1, &[2]);
            let confirmation = world.whole(&placed, 1);
            let reached = match error {
                TransportError::MaybeSent(_) => Reached::Maybe,
                TransportError::NothingSent(_) => Reached::No,
            };
            world.fault(Call::Confirm, Box::new(move |_, _| Err(error)));
            let failure = world.confirm(&confirmation).await.unwrap_err().failure;
            assert_eq!(failure, Failure::Retryable { reached, after: None });
            assert_eq!(world.wire.made(Call::Confirm), 1, "not repeated");
            assert_eq!(world.shown(&placed).await.len(), 0);
            world.tell(&placed, &confirmation).await;
            assert_eq!(world.packages(&placed).len(), 1);
        }
    });
}

#[test]
fn many_answers_lost_in_a_row_leave_one_package() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        for told in world.in_two(&placed) {
            let lost = || TransportError::MaybeSent("cut off".to_owned());
            world.fault(Call::Confirm, Box::new(move |_, _| Err(lost())));
            world.fault(Call::Confirm, done_then(Err(lost())));
            world.tell(&placed, &told).await;
        }
        assert!(world.wire.all_met());
        assert_eq!(world.packages(&placed).len(), 2);
        assert_eq!(world.shown(&placed).await.len(), 2);
    });
}

#[test]
fn a_parcel_without_a_number_goes_the_way_that_is_declared() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let mut untracked = world.whole(&placed, 1);
        untracked.tracking = None;
        match world.rules().untracked {
            Untracked::Plain => {
                world.confirm(&untracked).await.unwrap();
                assert_eq!(world.read(&placed).await.status, OrderStatus::Shipped);
                assert_eq!(numbers(&world, &placed), Vec::<String>::new());
            }
            Untracked::InBulk | Untracked::Never => {
                let failure = world.confirm(&untracked).await.unwrap_err().failure;
                assert!(matches!(failure, Failure::Rejected { .. }), "{failure:?}");
                assert_eq!(world.wire.made(Call::Confirm), 0, "not even tried");
            }
        }
    });
}

#[test]
fn a_carrier_and_a_number_that_no_marketplace_knows_are_no_panic_and_no_loss() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        for code in ["", " ", "Zustelldienst 💡", "a\u{0}b", "\"}{", "Other"] {
            let mut odd = world.whole(&placed, 1);
            odd.tracking.as_mut().unwrap().carrier = CarrierCode { code: code.to_owned(), name: None };
            if let Err(error) = world.confirm(&odd).await {
                let held = matches!(
                    error.failure,
                    Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::Retryable { .. }
                );
                assert!(held, "{code:?}: {:?}", error.failure);
            }
        }
    });
}

#[test]
fn an_order_that_is_not_there_is_said_to_be_missing() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let mut elsewhere = world.whole(&placed, 1);
        // An id of the same form that nobody has.
        let text = placed.id.as_str().replace('1', "8");
        elsewhere.order = world.connector.order_id(&text).unwrap();
        let failure = world.confirm(&elsewhere).await.unwrap_err().failure;
        assert!(matches!(failure, Failure::NotFound | Failure::Rejected { .. }), "{failure:?}");
        assert_eq!(
            world.read_as(placed.seller, &elsewhere.order).await.unwrap_err().failure,
            Failure::NotFound
        );
    });
}
