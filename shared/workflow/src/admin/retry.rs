//! Trying again, now.

use domain::keys::ItemKey;
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::Package;
use domain::state::{NotOurs, State, Waiting};
use jiff::Timestamp;
use serde::Serialize;

use super::find::find;
use super::{AdminError, change, look, words};
use crate::message::Look;
use crate::world::World;

/// What `retry` did with one package or store order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// The package, if it is about one.
    pub package: Option<String>,
    /// The store order, if it is about one.
    pub store_order: Option<String>,
    /// The state before.
    pub before: Option<&'static str>,
    /// The state after.
    pub after: Option<&'static str>,
    /// What was done, or why nothing was.
    pub what: String,
}

/// Has an order looked at again from the ground up: its stores read, what was refused or held planned again.
///
/// A package whose call may be on its way is never touched: it leaves that state by its own outcome alone.
///
/// # Errors
/// See [`AdminError`].
pub async fn retry(world: &World, asked: &str) -> Result<Vec<Retried>, AdminError> {
    let case = find(world, asked).await?;
    let now = world.now();
    let mut done = Vec::new();
    for stored in &case.packages {
        let package = &stored.value;
        let key = ItemKey::package(&package.order, &package.key);
        let outcome = change::<Package, _>(world, &key, |package| {
            let before = package.state.name().as_str();
            let (write, what) = again(package, now);
            (write, (before, package.state.name().as_str(), what))
        });
        if let Some((before, after, what)) = outcome.await? {
            let (before, after) = (Some(before), Some(after));
            done.push(Retried { package: Some(package.key.clone()), store_order: None, before, after, what });
        }
    }
    // The account knows no such order: the id at the store may have been mended meanwhile.
    let not_there = case.packages.is_empty()
        && case.marketplace.as_ref().is_some_and(|m| m.value.not_found_since.is_some());
    for stored in &case.stores {
        let order = &stored.value.order;
        change::<StoreOrder, _>(world, &ItemKey::store_order(order), |store| {
            (store.must_read, store.failures, store.next_look) = (true, 0, Some(now));
            store.not_before = None;
            decide_again(store, not_there);
            store.history.note(now, "you asked to try again");
            (true, ())
        })
        .await?;
        let what = "the store is read again".to_owned();
        let store_order = Some(order.order.to_string());
        done.push(Retried { package: None, store_order, before: None, after: None, what });
        look(world, Look::StoreOrder { order: order.clone() }).await?;
    }
    if let Some(order) = case.order {
        change::<MarketplaceOrder, _>(world, &ItemKey::marketplace_order(&order), |record| {
            record.failures = 0;
            if not_there {
                // Whichever store order still means it links itself again, and asks again.
                (record.next_look, record.store_orders) = (None, std::collections::BTreeSet::new());
                record.alerts.settle(None);
            } else {
                record.next_look = Some(now);
            }
            (true, ())
        })
        .await?;
        if !not_there {
            look(world, Look::Order { order }).await?;
        }
    }
    Ok(done)
}

/// Has the link decided again from what the store says now: a link once found is else never questioned.
fn decide_again(store: &mut StoreOrder, not_there: bool) {
    match &mut store.link {
        Link::NotOurs { why: NotOurs::Erased, .. } | Link::Unknown => {}
        // Decided under no rules at all: any rules decide again.
        Link::NotOurs { rules, .. } | Link::Unclear { rules, .. } => rules.clear(),
        Link::Marketplace { .. } => {
            if not_there {
                store.link = Link::Unknown;
            }
        }
    }
}

/// Plans a package again, if its state allows; whether it changed, and what was done in words.
fn again(package: &mut Package, now: Timestamp) -> (bool, String) {
    let waiting = match &package.state {
        // The marketplace took it and does not show it: told once more, under the same reference.
        State::Missing { .. } => {
            package.confirmed = None;
            Waiting::Nothing
        }
        State::Rejected { .. }
        | State::NeedsMerchant { .. }
        | State::Held { .. }
        | State::Planned { waiting: Waiting::Nothing | Waiting::Pause { .. }, .. } => Waiting::Nothing,
        State::Planned { waiting: Waiting::OtherPackage, .. } => Waiting::OtherPackage,
        State::Planned { waiting: Waiting::Facts, .. } => Waiting::Facts,
        State::Planned { waiting: Waiting::LastParcel, .. } => Waiting::LastParcel,
        // It stands in its account's lane, by deadline: to take it out would cost it its place.
        State::Planned { waiting: Waiting::Tokens | Waiting::Connection | Waiting::Bulk, .. } => {
            return (false, format!("left as it is: {}", words::reason(&package.state)));
        }
        State::Intent { .. } | State::Doubt { .. } => {
            return (
                false,
                "left alone: it may have been confirmed, and is read before anything else".into(),
            );
        }
        State::Accepted { .. }
        | State::Visible { .. }
        | State::Conflict { .. }
        | State::Cancelled { .. }
        | State::Superseded { .. }
        | State::NotOurs { .. } => {
            return (false, format!("looked at again: {}", words::reason(&package.state)));
        }
    };
    match package.go(State::Planned { not_before: now, waiting }, now) {
        Ok(()) => {
            package.failures = 0;
            package.history.note(now, "you asked to try again");
            (true, "planned again".into())
        }
        // The ledger forbids it: then it is none of a person's business either.
        Err(error) => (false, format!("left alone: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{Bench, at, every_state};

    #[test]
    fn law_2_retry_plans_what_may_be_planned_and_never_touches_intent_or_doubt() {
        let bench = Bench::new();
        let (us, shop) = (bench.marketplace("m", "us"), bench.store("m", "shop"));
        let mut order = bench.order(&us, "111-1");
        let store = bench.linked(&mut order, &shop, "1001", "1Z1");
        let mut packages = Vec::new();
        for (n, state) in every_state().into_iter().enumerate() {
            packages.push(bench.package(&order, &format!("p{n:02}"), "1Z1", state));
        }
        for waiting in [Waiting::Tokens, Waiting::Connection] {
            let key = format!("{waiting:?}").to_lowercase();
            packages.push(bench.package(
                &order,
                &key,
                "1Z1",
                State::Planned { not_before: at(5000), waiting },
            ));
        }
        let done = bench.run(retry(&bench.world, "#1001")).unwrap();
        assert_eq!(done.len(), packages.len() + 1);
        for before in &packages {
            let after = bench.reload(before);
            let planned = matches!(
                before.state,
                State::Planned { waiting: Waiting::Pause { .. }, .. }
                    | State::Missing { .. }
                    | State::Rejected { .. }
                    | State::NeedsMerchant { .. }
                    | State::Held { .. }
            );
            if planned {
                assert_eq!(after.state, State::Planned { not_before: at(1000), waiting: Waiting::Nothing });
                assert_eq!(after.failures, 0);
            } else {
                assert_eq!(&after, before, "untouched");
            }
        }
        let store_after = bench.reload_store(&store);
        assert!(store_after.must_read && store_after.next_look == Some(at(1000)));
        assert_eq!(
            bench.looks(),
            [Look::StoreOrder { order: store.order }, Look::Order { order: order.order }]
        );
    }

    #[test]
    fn retry_has_an_undecided_or_wrong_link_decided_again_but_never_an_erased_one() {
        let bench = Bench::new();
        let (us, shop) = (bench.marketplace("m", "us"), bench.store("m", "shop"));
        let not_ours = |why| Link::NotOurs { why, rules: "r".into() };
        let mut order = bench.order(&us, "111-1");
        (order.facts, order.not_found_since) = (None, Some(at(9)));
        let wrong = bench.linked(&mut order, &shop, "1001", "1Z1");
        let nothing = bench.store_order(&shop, "1002", "1Z2", not_ours(NotOurs::NoMarketplaceOrder));
        let erased = bench.store_order(&shop, "1003", "1Z3", not_ours(NotOurs::Erased));
        for id in ["1001", "1002", "1003"] {
            bench.run(retry(&bench.world, id)).unwrap();
        }
        assert_eq!(bench.reload_store(&wrong).link, Link::Unknown);
        assert!(matches!(bench.reload_store(&nothing).link, Link::NotOurs { rules, .. } if rules.is_empty()));
        assert_eq!(bench.reload_store(&erased).link, erased.link);
        assert_eq!(bench.looks().len(), 3, "each store order, and no marketplace order that is not there");
    }

    #[test]
    fn an_unknown_order_is_answered_with_what_looks_like_it() {
        let bench = Bench::new();
        let us = bench.marketplace("m", "us");
        let order = bench.order(&us, "111-2223334-5556667");
        bench.package(&order, "p", "1Z999AA10123456784", every_state().remove(3));
        for (asked, near) in [
            ("111-2223334-5556668", "111-2223334-5556667"),
            ("2223334", "111-2223334"),
            ("1Z999AA10123456783", "1Z999AA10123456784"),
        ] {
            let error = bench.run(retry(&bench.world, asked)).unwrap_err();
            assert!(error.to_string().contains(near), "{error}");
        }
        let error = bench.run(retry(&bench.world, "zzz")).unwrap_err();
        assert!(error.to_string().contains("`orders` lists"), "{error}");
    }
}
