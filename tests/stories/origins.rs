//! Where parcels leave from: told of where a marketplace minds that the parcels of an order come from several countries.

use domain::state::StateName as S;
use sandbox::shopify::{FulfillLine, FulfillSpec};

use crate::harness::{LEEDS, LYON, SHOP, System};

const ORDER: &str = "026-2222222-3333333";
const UK: &str = "A1F83G8C2ARO7P";
const US: &str = "ATVPDKIKX0DER";
const NUMBERS: [&str; 3] = ["1Z999AA10123456784", "1Z999AA10000000003", "1Z999AA10000000012"];

/// An order of three lamps, each shipped from its place by a webhook, and the polls of a quarter of an hour.
fn shipped_from(marketplace: &str, places: [u64; 3]) -> System {
    let system = System::start();
    system
        .amazon_order("amazon-us", ORDER, &[("LAMP", 3)], |order| order.marketplace_id = marketplace.into());
    system.shop_order(ORDER, "amazon-us", &[("LAMP", 3)]);
    for (number, place) in NUMBERS.into_iter().zip(places) {
        let spec = FulfillSpec {
            lines: Some(vec![FulfillLine { line: None, sku: Some("LAMP".into()), quantity: 1 }]),
            numbers: vec![number.to_owned()],
            company: Some("UPS".into()),
            location: Some(place),
            ..FulfillSpec::default()
        };
        let order = system.shop_id(ORDER);
        let (_, delivery) =
            system.wire.shopify.lock().unwrap().fulfill(system.now(), SHOP, order, spec).unwrap();
        assert_eq!(system.post(&delivery), 200);
        system.settle();
        system.pass(5);
    }
    system.pass(15);
    system
}

#[test]
fn failure_25_an_order_from_abroad_that_is_split_over_countries_is_told_of_and_confirmed_all_the_same() {
    let system = shipped_from(UK, [LEEDS, LYON, LEEDS]);
    assert_eq!(system.at_amazon(ORDER).len(), 3, "nothing is held back for it");
    assert_eq!(system.states(ORDER), [S::Visible; 3]);
    let mails = system.mail.sent();
    assert_eq!(mails.len(), 1, "only of the parcel from elsewhere, and once: {:?}", system.subjects());
    for words in
        [ORDER, NUMBERS[1], "several countries", "left from FR", "first parcel from GB", "one location pack"]
    {
        assert!(mails[0].text.contains(words), "{words} is missing in\n{}", mails[0].text);
    }
}

#[test]
fn failure_25_an_order_from_one_country_or_of_a_marketplace_that_does_not_mind_is_no_matter() {
    for (marketplace, places) in [(UK, [LYON; 3]), (UK, [LEEDS; 3]), (US, [LEEDS, LYON, LEEDS])] {
        let system = shipped_from(marketplace, places);
        assert_eq!(system.at_amazon(ORDER).len(), 3);
        assert_eq!(system.subjects(), [""; 0], "{marketplace} {places:?}");
    }
}
