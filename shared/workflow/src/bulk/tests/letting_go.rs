//! A bulk that cannot be handed over lets its parcels go.

use connector_api::MerchantAction;
use domain::keys::waiting_lane;

use super::*;

const NOT_SENT: Failure = Failure::Retryable { reached: Reached::No, after: None };

impl Hall {
    /// How long after it was begun the first bulk was let go.
    fn let_go_after(&self) -> Option<SignedDuration> {
        let bulk = self.bulks().remove(0);
        bulk.released_at.map(|at| at.duration_since(bulk.created_at))
    }

    /// Its parcels wait for the usual call, and somebody comes by.
    fn wait_for_the_usual_call(&self, what: &str) {
        for package in &self.packages {
            let package = self.bench.reload(package);
            let waits = matches!(package.state, State::Planned { waiting: Waiting::Tokens, .. });
            assert!(waits && !package.in_bulk && package.attempts == 0, "{what}: {package:?}");
        }
        let (ledger, account) = (&self.bench.ledger, &self.account.account);
        let waiting = self.bench.run(ledger.due(&waiting_lane(account), Timestamp::MAX, 100)).unwrap();
        assert_eq!(waiting.len(), self.packages.len(), "{what}");
        let wake = self.bench.run(ledger.get(&ItemKey::wake(account))).unwrap();
        assert!(wake.is_some(), "{what}");
    }
}

#[test]
fn a_bulk_that_cannot_be_handed_over_lets_its_parcels_go_and_parks_nobody() {
    let refused = Failure::Rejected { code: "InvalidInput".into() };
    let no_role = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    for (upload, submit, told) in [
        (Some(NOT_SENT), None, 0),
        (Some(refused.clone()), None, 1),
        (Some(no_role.clone()), None, 1),
        (None, Some(NOT_SENT), 0),
        (None, Some(refused), 1),
        (None, Some(no_role), 1),
    ] {
        let what = format!("{upload:?} {submit:?}");
        let hall = Hall::with(20, 0);
        *hall.market.no_upload.lock().unwrap() = upload;
        *hall.market.no_submit.lock().unwrap() = submit;
        hall.consider();
        hall.go_on();
        let after = hall.let_go_after().unwrap_or(SignedDuration::MAX);
        assert!(after < SignedDuration::from_mins(25), "{what}: {after:?}");
        hall.wait_for_the_usual_call(&what);
        assert!(hall.bench.state(&hall.account).works(), "{what}");
        assert_eq!(hall.told("bulk_refused"), told, "{what}");

        // For a while they are left to the usual call.
        for (minutes, bulks) in [(50, 1), (11, 2)] {
            hall.bench.clock.advance(Duration::from_secs(minutes * 60));
            hall.consider();
            assert_eq!(hall.bulks().len(), bulks, "{what}");
        }
    }
}

#[test]
fn law_2_a_bulk_whose_answer_is_lost_again_and_again_is_let_go_once_the_list_has_shown_that_there_is_none() {
    let hall = Hall::with(20, 0);
    *hall.market.no_submit.lock().unwrap() =
        Some(Failure::Retryable { reached: Reached::Maybe, after: None });
    hall.consider();
    for _ in 0..4 {
        hall.go_on();
    }
    let after = hall.let_go_after().unwrap_or(SignedDuration::MAX);
    assert!(after < SignedDuration::from_hours(3), "{after:?}");
    hall.wait_for_the_usual_call("lost");
}

#[test]
fn a_bulk_that_is_kept_waiting_lets_its_parcels_go_before_they_are_due_soon() {
    let mut hall = Hall::with(0, 0);
    let shop = hall.bench.store("m", "shop");
    for n in 0..20 {
        let package = hall.parcel(&shop, n, 2 * 3600 + 1200, Some(format!("T{n}")));
        hall.packages.push(package);
    }
    // A limit that is used up is no failure, however often.
    let throttled = Failure::Throttled { after: Some(Duration::from_secs(50)) };
    *hall.market.limited.lock().unwrap() = true;
    *hall.market.no_submit.lock().unwrap() = Some(throttled);
    hall.consider();
    for _ in 0..2 {
        hall.go_on();
    }
    let after = hall.let_go_after().unwrap_or(SignedDuration::MAX);
    assert!(SignedDuration::from_mins(19) < after && after < SignedDuration::from_mins(22), "{after:?}");
    hall.wait_for_the_usual_call("throttled");
}

#[test]
fn after_one_that_was_let_go_only_what_can_go_no_other_way_goes_in_the_next() {
    let hall = Hall::with(20, 0);
    let mut account = hall.account.clone();
    account.shipments.without_number = WithoutNumber::Send;
    hall.bench.put(&account);
    let shop = hall.bench.store("m", "shop");
    let without = hall.parcel(&shop, 77, 86_400, None);
    *hall.market.no_upload.lock().unwrap() = Some(NOT_SENT);
    hall.consider();
    hall.go_on();
    hall.wait_for_the_usual_call("with a number");
    let state = hall.bench.reload(&without).state;
    assert!(matches!(state, State::Planned { waiting: Waiting::Bulk, .. }), "{state:?}");

    *hall.market.no_upload.lock().unwrap() = None;
    hall.bench.clock.advance(GATHERS_FOR + Duration::from_secs(61));
    hall.done(&[], 1);
    hall.consider();
    hall.go_on();
    let BulkContent::Confirmations(sent) = hall.market.uploads.lock().unwrap()[0].clone() else { panic!() };
    assert_eq!((sent.len(), &sent[0].tracking), (1, &None));
    assert_eq!(hall.bench.reload(&without).state.name(), StateName::Accepted);
    assert_eq!(hall.states(), only(StateName::Planned, 20));
}
