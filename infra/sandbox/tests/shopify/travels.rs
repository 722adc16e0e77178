//! What a shop does, and what is told of it.

use domain::facts::{FulfillmentStatus, Fulfillments, fold_fulfillment};
use ports::Clock as _;
use sandbox::shopify::{FulfillLine, FulfillSpec, LineSpec, OrderSpec, ShopSpec, TrackingSpec};

use super::world::{Poll, SECRET, SHOP, TOKEN, World, sent, two_mugs};

#[test]
fn a_webhook_a_read_and_a_poll_tell_the_same() {
    let world = World::new();
    let start = world.clock.now();
    let order = world.order(two_mugs());
    assert!(order > 1 << 53, "ids are beyond what a float holds");
    let (_, posted) =
        world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, sent(&["1Z1", "1Z2"])).unwrap());
    let pushed = world.facts(&posted);
    let (fact, read) = world.read(order).unwrap();
    let polled = world.poll(start).unwrap().told;
    assert_eq!(polled.len(), 1);
    assert_eq!(polled[0].1, read);
    let mut all = Fulfillments::new();
    for facts in [pushed, read, polled[0].1.clone()] {
        for fulfillment in facts.fulfillments {
            fold_fulfillment(&mut all, fulfillment);
        }
    }
    let (_, folded) = all.pop_first().unwrap();
    assert!(all.is_empty() && !folded.disputed, "the three disagree: {folded:?}");
    assert_eq!(folded.fact.tracking, ["1Z1", "1Z2"]);
    assert_eq!(folded.fact.lines.len(), 2);
    assert_eq!(fact.source_identifier.as_deref(), Some("113-0000001-0000001"));
    assert_eq!(fact.attributes.len(), 1, "only the attribute that a rule names");
    assert!(fact.fully_fulfilled);
    assert!(world.sandbox.lock().unwrap().calls().iter().all(|call| !call.asked_for_buyer));
}

#[test]
fn a_number_added_later_and_a_void_are_told() {
    let world = World::new();
    let order = world.order(two_mugs());
    let part = FulfillSpec {
        lines: Some(vec![FulfillLine { sku: Some("MUG-RED".to_owned()), quantity: 1, line: None }]),
        ..FulfillSpec::default()
    };
    let (id, created) = world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, part).unwrap());
    let before = world.facts(&created).fulfillments.remove(0);
    assert!(before.tracking.is_empty() && before.carrier.is_none());
    assert_eq!(before.lines[0].quantity, 1);
    let tracking = TrackingSpec { numbers: vec!["9400".to_owned()], company: Some("USPS".to_owned()) };
    let updated = world.at_shop(|shop, now| shop.update_tracking(now, SHOP, order, id, tracking).unwrap());
    let after = world.facts(&updated).fulfillments.remove(0);
    assert_eq!((after.id.clone(), after.tracking.clone()), (before.id, vec!["9400".to_owned()]));
    assert!(after.updated_at > before.updated_at && after.shipped_at == before.shipped_at);
    assert!(!world.read(order).unwrap().0.fully_fulfilled);
    let voided = world.at_shop(|shop, now| shop.cancel_fulfillment(now, SHOP, order, id).unwrap());
    assert_eq!(world.facts(&voided).fulfillments[0].status, FulfillmentStatus::Voided);
    assert_eq!(world.read(order).unwrap().1.fulfillments[0].status, FulfillmentStatus::Voided);
    let cancelled = world.at_shop(|shop, now| shop.cancel_order(now, SHOP, order).unwrap());
    let at = world.facts(&cancelled).cancelled_at.unwrap();
    assert_eq!(world.read(order).unwrap().0.cancelled_at, Some(at));
}

#[test]
fn polls_go_through_many_pages_and_lose_nothing() {
    let world = World::with(ShopSpec { points: 1e9, ..ShopSpec::new(SHOP, TOKEN, SECRET) });
    let start = world.clock.now();
    let mut expected = Vec::new();
    for n in 0..47 {
        let order = world.order(OrderSpec { id: Some((1 << 60) + n), ..two_mugs() });
        // Every third is not sent and not told; some are too long for a page of a poll.
        if n % 3 > 0 {
            let parcels = if n % 10 == 1 { 3 } else { 1 };
            for parcel in 0..parcels {
                let one = FulfillLine {
                    sku: Some(["MUG-RED", "MUG-RED", "MUG-BLUE"][parcel].to_owned()),
                    quantity: 1,
                    line: None,
                };
                let spec = FulfillSpec { lines: Some(vec![one]), ..sent(&[&format!("1Z{n}{parcel}")]) };
                world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, spec).unwrap());
            }
            expected.push((order, parcels));
        }
    }
    let Poll { told, cursor, pages } = world.poll(start).unwrap();
    assert!(pages >= 5, "{pages} pages");
    assert_eq!(told.len(), expected.len());
    for ((id, facts), (order, parcels)) in told.iter().zip(&expected) {
        assert_eq!(id.as_str(), order.to_string());
        assert_eq!(facts.read_the_store, *parcels == 3);
        if facts.read_the_store {
            assert_eq!(world.read(*order).unwrap().1.fulfillments.len(), 3);
        }
    }
    assert!(cursor.since > start);
    // From there on, only the overlap is told again.
    assert!(world.poll(cursor.since).unwrap().told.len() < 6);
}

#[test]
fn orders_longer_than_a_page_are_read_whole() {
    let world = World::with(ShopSpec { points: 1e9, ..ShopSpec::new(SHOP, TOKEN, SECRET) });
    let lines = (0..600).map(|n| LineSpec::new(&format!("S{n}"), 1)).collect();
    let order = world.order(OrderSpec { lines, ..OrderSpec::default() });
    let all = world.at_shop(|shop, _| shop.order(SHOP, order).unwrap().lines.clone());
    for (n, chunk) in all.chunks(20).enumerate() {
        let lines =
            chunk.iter().map(|line| FulfillLine { line: Some(line.id), quantity: 1, sku: None }).collect();
        let spec = FulfillSpec { lines: Some(lines), ..sent(&[&format!("1Z{n}")]) };
        world.at_shop(|shop, now| shop.fulfill(now, SHOP, order, spec).unwrap());
    }
    let (fact, facts) = world.read(order).unwrap();
    assert_eq!((fact.lines.len(), facts.fulfillments.len()), (600, 30));
    assert!(facts.fulfillments.iter().all(|f| f.lines.len() == 20));

    let big = world.order(OrderSpec {
        lines: (0..600).map(|n| LineSpec::new(&format!("S{n}"), 1)).collect(),
        ..OrderSpec::default()
    });
    world.at_shop(|shop, now| shop.fulfill(now, SHOP, big, sent(&["1Z"])).unwrap());
    assert_eq!(world.read(big).unwrap().1.fulfillments[0].lines.len(), 600);
    let dearest = world.sandbox.lock().unwrap().calls().iter().map(|call| call.cost).max().unwrap();
    assert!(dearest < 1_000, "{dearest} points");
}
