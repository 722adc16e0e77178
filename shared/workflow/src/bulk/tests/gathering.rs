//! What goes in, and how much of it.

use domain::carrier_policy::OnContradiction;
use domain::outcome::CARRIER_DOUBTED;

use super::*;

/// A number with the check digit of the United States Postal Service.
const USPS: &str = "9400111899562537866361";

#[test]
fn a_full_bulk_is_sent_and_the_rest_goes_with_the_next() {
    let hall = Hall::with(60, 0);
    *hall.market.most.lock().unwrap() = Some(40);
    hall.done(&[], 40);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), [(StateName::Accepted, 40), (StateName::Planned, 20)].into());
    hall.bench.clock.advance(Duration::from_secs(120));
    hall.done(&[], 20);
    hall.consider();
    hall.go_on();
    assert_eq!(hall.states(), only(StateName::Accepted, 60));
    assert_eq!(hall.market.submits.lock().unwrap().len(), 2);
}

#[test]
fn a_parcel_whose_number_speaks_against_its_carrier_is_told_of_in_bulk_too() {
    let hall = Hall::with(20, 0);
    let mut account = hall.account.clone();
    account.carriers.contradiction = OnContradiction::Warn;
    hall.bench.put(&account);
    let shop = hall.bench.store("m", "shop");
    let doubted = hall.parcel(&shop, 77, 86_400, Some(USPS.to_owned()));
    hall.done(&[], 21);
    hall.consider();
    hall.go_on();
    for (package, notices) in [(&hall.packages[0], 0), (&doubted, 1)] {
        let package = hall.bench.reload(package);
        assert_eq!((package.state.name(), package.in_bulk), (StateName::Accepted, true));
        let said = |text: &str| package.history.events().iter().any(|event| event.what.starts_with(text));
        assert!(said("carrier UPS: "), "{:?}", package.history);
        assert_eq!(said("sent all the same: "), notices == 1, "{:?}", package.history);
        let told = package.alerts.all().iter().filter(|alert| alert.cause == CARRIER_DOUBTED).count();
        assert_eq!(told, notices, "{:?}", package.alerts);
    }
}
