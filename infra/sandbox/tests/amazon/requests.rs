//! Forms of requests that no other test sends. `.ci/run contracts` asks for each in `shared/connectors/amazon/requests.toml`.

use connector_amazon::Amazon;
use connector_api::{Cursor, Marketplace as _, Outcome};
use domain::marketplace_order::OrderStatus;
use domain::money::Money;
use domain::reversal::Reversals;

use crate::common::*;

#[tokio::test]
async fn what_was_paid_is_asked_for_only_where_refunds_are_taken_on() {
    let world = World::new().await;
    world.sandbox().set_prices(ORDER, "USD", &[(ITEM.to_owned(), "9.50".to_owned())].into()).unwrap();
    let mut connection = connection(&world.address, "ann");
    let id = confirmation(1, 2).order;
    let cursor = Cursor { since: start(), page: None };
    for (refund, want) in [(false, None), (true, Some("19.00"))] {
        connection.reversals = Reversals { refund, ..Reversals::default() };
        let read = Amazon.read_order(world.reach(), &connection, &id).await.unwrap().value;
        let page = Amazon.changed_orders(world.reach(), &connection, &cursor).await.unwrap().value;
        let [(_, listed)] = page.orders.as_slice() else { panic!("{page:?}") };
        for facts in [&read, listed] {
            let want =
                want.map(|amount| Money { amount: amount.parse().unwrap(), currency: "USD".to_owned() });
            assert_eq!(facts.lines[0].paid, want, "{refund}");
        }
    }
}

#[tokio::test]
async fn a_poll_of_one_marketplace_goes_over_pages() {
    let world = World::new().await;
    for n in 0..100 {
        world.sandbox().add_order(start(), order(&format!("703-{n:07}-0000001"))).unwrap();
    }
    let mut elsewhere = order("704-0000001-0000001");
    elsewhere.marketplace_id = "A2EUQ1WTGCTBG2".to_owned();
    world.sandbox().add_order(start(), elsewhere).unwrap();
    let mut connection = connection(&world.address, "ann");
    connection.options.insert("marketplace_id".to_owned(), MARKETPLACE.to_owned());
    let mut cursor = Cursor { since: start(), page: None };
    let mut pages = Vec::new();
    while pages.is_empty() || cursor.page.is_some() {
        let page = Amazon.changed_orders(world.reach(), &connection, &cursor).await.unwrap().value;
        pages.push(page.orders.len());
        cursor = page.next;
    }
    assert_eq!(pages, [100, 1], "and nothing of another marketplace");
}

#[tokio::test]
async fn a_parcel_whose_service_nobody_named_is_told_without_one() {
    let world = World::new().await;
    let mut plain = confirmation(421_000_001, 2);
    plain.tracking.as_mut().unwrap().service = None;
    world.confirm(&plain).await.unwrap();
    assert_eq!(world.read().await.status, OrderStatus::Shipped);
    assert_eq!(world.sandbox().record().packages[0].content.shipping_method, None);
}

#[tokio::test]
async fn a_check_up_finds_an_account_that_is_well() {
    let world = World::new().await;
    let checks = Amazon.check_up(world.reach(), &connection(&world.address, "ann")).await;
    assert!(checks.iter().all(|check| check.outcome == Outcome::Good), "{checks:?}");
    let names: Vec<_> = checks.iter().map(|check| check.check).collect();
    assert_eq!(names, ["credentials", "roles", "marketplaces", "feeds"]);
}
