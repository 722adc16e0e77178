use super::*;
use crate::admin::testing::{Bench, at, every_state};
use domain::state::NotOurs;

#[test]
fn every_name_of_an_order_leads_to_the_same_explanation() {
    let bench = Bench::new();
    let (us, shop) = (bench.marketplace("m", "us"), bench.store("m", "shop"));
    let mut order = bench.order(&us, "111-1");
    bench.linked(&mut order, &shop, "1001", "1Z 9");
    bench.package(&order, "p1", "1Z 9", every_state()[8].clone());
    // Others that must not be mixed in.
    bench.order(&us, "111-2");
    bench.store_order(
        &shop,
        "2001",
        "1Z8",
        Link::NotOurs { why: NotOurs::NoMarketplaceOrder, rules: "r".into() },
    );
    for asked in ["111-1", "us/111-1", "1001", "#1001", "shop/#1001", "1z9", " 1Z-9 "] {
        let found = bench.run(explain(&bench.world, asked)).unwrap();
        assert_eq!(found.marketplace_order.as_ref().unwrap().order, "111-1", "{asked}");
        assert_eq!(found.store_orders.len(), 1, "{asked}");
        assert_eq!(found.time_zone, "Europe/Berlin");
        let told: Vec<_> = found.events.iter().map(|e| (e.at, e.about.as_str(), e.what.as_str())).collect();
        assert_eq!(
            told,
            [
                (at(15), "store order 1001", "received"),
                (at(30), "order 111-1", "read"),
                (at(40), "package p1", "first seen"),
            ]
        );
    }
    let package = &bench.run(explain(&bench.world, "111-1")).unwrap().packages[0];
    assert_eq!((package.state, package.cause.as_deref()), ("held", Some("carrier_unmapped")));
    assert_eq!(package.waits_for.as_deref(), Some("you"));
    assert_eq!(package.next[0].command.as_deref(), Some("parcelwire map set Zephyr CODE --account us"));
    let none = bench.run(explain(&bench.world, "us/#1001"));
    assert!(matches!(none, Err(AdminError::UnknownOrder { .. })), "of another connection: {none:?}");
}

#[test]
fn law_5_whatever_waits_for_a_person_says_what_to_do_with_a_command() {
    let bench = Bench::new();
    let us = bench.marketplace("m", "us");
    let order = bench.order(&us, "111-1");
    for (n, state) in every_state().into_iter().enumerate() {
        bench.package(&order, &format!("p{n:02}"), "1Z1", state);
    }
    let found = bench.run(explain(&bench.world, "111-1")).unwrap();
    for (package, state) in found.packages.iter().zip(every_state()) {
        assert!(!package.reason.is_empty());
        if state.needs_a_person() {
            assert!(package.next.iter().any(|s| s.command.is_some()), "{}", package.state);
        }
        for step in &package.next {
            let Some(command) = &step.command else { continue };
            assert!(!command.contains("hold") || command.contains("--package p"), "{command}");
        }
    }
}

#[test]
fn a_store_order_without_a_link_is_explained_too() {
    let bench = Bench::new();
    let shop = bench.store("m", "shop");
    let link = Link::Unclear { detail: "\"x\" is no order id of us".into(), rules: "r".into() };
    bench.store_order(&shop, "1001", "1Z1", link);
    let found = bench.run(explain(&bench.world, "1Z1")).unwrap();
    assert!(found.marketplace_order.is_none() && found.packages.is_empty());
    let store = &found.store_orders[0];
    assert_eq!((store.link.state, store.link.cause.as_deref()), ("held", Some("link_unclear")));
    assert_eq!(store.next[2].command.as_deref(), Some("parcelwire hold 1001 not-ours"));
}
