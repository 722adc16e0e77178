//! The list of orders and parcels.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::Package;
use domain::state::StateName;
use jiff::Timestamp;
use serde::Serialize;

use super::find::{Row, all_rows};
use super::{AdminError, connection_named, words};
use crate::world::World;

/// One row of `orders`: a package; or an order without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Whose.
    pub merchant: String,
    /// The marketplace's kind; absent while the marketplace order is not known.
    pub marketplace: Option<String>,
    /// The marketplace connection; absent as above.
    pub connection: Option<String>,
    /// The order at the marketplace.
    pub marketplace_order: Option<String>,
    /// The store connection.
    pub store_connection: Option<String>,
    /// The order at the store.
    pub store_order: Option<String>,
    /// What people call it there.
    pub store_order_name: Option<String>,
    /// The package.
    pub package: Option<String>,
    /// Its number.
    pub tracking_number: Option<String>,
    /// Its carrier, as the store wrote it.
    pub carrier: Option<String>,
    /// A package's state; `no_package` for a marketplace order that nothing was shipped for yet; for a store order
    /// without a link `planned` (to be read), `held` (unclear) or `not_ours`.
    pub state: &'static str,
    /// The stable name of why, where there is one.
    pub cause: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// The latest time to ship.
    pub deadline: Option<Timestamp>,
}

/// Every order, soonest deadline first; only those in a state, only those of a connection (store or marketplace).
///
/// # Errors
/// Unknown connection; or the ledger.
pub async fn orders(
    world: &World,
    state: Option<StateName>,
    connection: Option<&str>,
) -> Result<Vec<OrderRow>, AdminError> {
    if let Some(name) = connection {
        connection_named(world, name).await?;
    }
    let kinds: BTreeMap<String, String> =
        world.connections().await?.into_iter().map(|c| (c.account.connection.to_string(), c.kind)).collect();
    let mut rows = list(all_rows(world).await?, &kinds);
    rows.retain(|row| {
        let here = |of: &Option<String>| of.as_deref() == connection;
        state.is_none_or(|s| s.as_str() == row.state)
            && (connection.is_none() || here(&row.connection) || here(&row.store_connection))
    });
    rows.sort_by(|a, b| order_of(a).cmp(&order_of(b)));
    Ok(rows)
}

type Rank<'a> = (bool, Option<Timestamp>, [Option<&'a str>; 5]);

/// Those with a deadline first.
fn order_of(row: &OrderRow) -> Rank<'_> {
    let names =
        [&row.connection, &row.marketplace_order, &row.store_connection, &row.store_order, &row.package];
    (row.deadline.is_none(), row.deadline, names.map(Option::as_deref))
}

fn list(records: Vec<Row>, kinds: &BTreeMap<String, String>) -> Vec<OrderRow> {
    let mut stores: BTreeMap<StoreOrderRef, StoreOrder> = BTreeMap::new();
    let mut orders: Vec<MarketplaceOrder> = Vec::new();
    let mut packages: Vec<Package> = Vec::new();
    for record in records {
        match record {
            Row::Store(stored) => {
                stores.insert(stored.value.order.clone(), stored.value);
            }
            Row::Marketplace(stored) => orders.push(stored.value),
            Row::Package(stored) => packages.push(stored.value),
            Row::Other => {}
        }
    }
    let with_package: BTreeSet<&MarketplaceOrderRef> = packages.iter().map(|p| &p.order).collect();
    let known: BTreeSet<&MarketplaceOrderRef> = orders.iter().map(|o| &o.order).collect();
    let mut rows: Vec<OrderRow> = Vec::new();
    for package in &packages {
        let store = package.origins.first().map(|o| &o.store_order);
        let wanted = package.wanted().map(|v| &v.content);
        rows.push(OrderRow {
            package: Some(package.key.clone()),
            tracking_number: wanted.and_then(|c| c.number.as_ref()).map(ToString::to_string),
            carrier: wanted.and_then(|c| c.carrier.clone()),
            state: package.state.name().as_str(),
            cause: words::cause(&package.state),
            reason: words::reason(&package.state),
            deadline: package.ship_by,
            ..of_marketplace(&package.order, store.map(|s| (s, stores.get(s))), kinds)
        });
    }
    for order in orders.iter().filter(|o| !with_package.contains(&o.order)) {
        let store = order.store_orders.first();
        let reason = if order.not_found_since.is_some() {
            "the account says that it has no such order"
        } else if store.is_some() {
            "its parcels are about to be worked out"
        } else {
            "no store has shipped anything for it yet"
        };
        rows.push(OrderRow {
            state: "no_package",
            reason: reason.into(),
            deadline: order.facts.as_ref().and_then(|f| f.ship_by),
            ..of_marketplace(&order.order, store.map(|s| (s, stores.get(s))), kinds)
        });
    }
    for store in stores.values() {
        match &store.link {
            Link::Marketplace { order } if known.contains(order) || with_package.contains(order) => {}
            Link::Marketplace { order } => rows.push(OrderRow {
                state: "no_package",
                reason: "its parcels are about to be worked out".into(),
                ..of_marketplace(order, Some((&store.order, Some(store))), kinds)
            }),
            Link::Unknown | Link::NotOurs { .. } | Link::Unclear { .. } => rows.push(of_store(store)),
        }
    }
    rows
}

/// A row about a marketplace order, without what its state says.
fn of_marketplace(
    order: &MarketplaceOrderRef,
    store: Option<(&StoreOrderRef, Option<&StoreOrder>)>,
    kinds: &BTreeMap<String, String>,
) -> OrderRow {
    let connection = order.account.connection.to_string();
    OrderRow {
        merchant: order.account.merchant.to_string(),
        marketplace: kinds.get(&connection).cloned(),
        connection: Some(connection),
        marketplace_order: Some(order.order.to_string()),
        store_connection: store.map(|(s, _)| s.account.connection.to_string()),
        store_order: store.map(|(s, _)| s.order.to_string()),
        store_order_name: store.and_then(|(_, s)| s?.fact.as_ref()?.name.clone()),
        package: None,
        tracking_number: None,
        carrier: None,
        state: "",
        cause: None,
        reason: String::new(),
        deadline: None,
    }
}

/// How the link of a store order stands: state, cause, and why in a sentence.
pub(super) fn link_state(link: &Link) -> (&'static str, Option<String>, String) {
    match link {
        Link::Unknown => (
            StateName::Planned.as_str(),
            Some("link_unknown".into()),
            "the store is read to learn which marketplace order it is".into(),
        ),
        Link::Marketplace { order } => {
            ("linked", None, format!("it is order {} of {}", order.order, order.account.connection))
        }
        Link::NotOurs { why, .. } => {
            (StateName::NotOurs.as_str(), Some(words::not_ours(why).into()), why.reason())
        }
        Link::Unclear { detail, .. } => {
            (StateName::Held.as_str(), Some("link_unclear".into()), detail.clone())
        }
    }
}

/// A row about a store order that is no known marketplace order.
fn of_store(store: &StoreOrder) -> OrderRow {
    let (state, cause, reason) = link_state(&store.link);
    let mut live = store.fulfillments.values();
    let first = live.next().map(|f| &f.fact);
    OrderRow {
        merchant: store.order.account.merchant.to_string(),
        marketplace: None,
        connection: None,
        marketplace_order: None,
        store_connection: Some(store.order.account.connection.to_string()),
        store_order: Some(store.order.order.to_string()),
        store_order_name: store.fact.as_ref().and_then(|f| f.name.clone()),
        package: None,
        tracking_number: first.and_then(|f| f.tracking.first().cloned()),
        carrier: first.and_then(|f| f.carrier.clone()),
        state,
        cause,
        reason,
        deadline: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{Bench, at, every_state};
    use domain::state::NotOurs;

    fn not_ours() -> Link {
        Link::NotOurs { why: NotOurs::NoMarketplaceOrder, rules: "r".into() }
    }

    #[test]
    fn every_package_and_every_order_without_one_has_a_row() {
        let bench = Bench::new();
        let (us, shop) = (bench.marketplace("m", "us"), bench.store("m", "shop"));
        let mut order = bench.order(&us, "111-1");
        bench.linked(&mut order, &shop, "1001", "1Z1");
        for (n, state) in every_state().into_iter().enumerate() {
            bench.package(&order, &format!("p{n:02}"), "1Z1", state);
        }
        bench.order(&us, "111-2");
        bench.store_order(&shop, "1002", "1Z2", not_ours());
        bench.store_order(
            &shop,
            "1003",
            "1Z3",
            Link::Unclear { detail: "\"x\" is no order id".into(), rules: "r".into() },
        );
        bench.store_order(&shop, "1004", "1Z4", Link::Unknown);
        let rows = bench.run(orders(&bench.world, None, None)).unwrap();
        assert_eq!(rows.len(), 13 + 1 + 3);
        let held: Vec<_> = bench.run(orders(&bench.world, Some(StateName::Held), None)).unwrap();
        let seen: Vec<_> =
            held.iter().map(|r| (r.store_order_name.as_deref(), r.cause.as_deref(), r.deadline)).collect();
        assert_eq!(
            seen,
            [
                (Some("#1001"), Some("carrier_unmapped"), Some(at(9000))),
                (Some("#1003"), Some("link_unclear"), None)
            ]
        );
        for name in StateName::ALL {
            let some = bench.run(orders(&bench.world, Some(name), None)).unwrap();
            assert!(
                !some.is_empty() && some.iter().all(|r| r.state == name.as_str() && !r.reason.is_empty())
            );
        }
        let row = &rows[0];
        assert_eq!((row.marketplace.as_deref(), row.connection.as_deref()), (Some("amazon"), Some("us")));
        assert_eq!(
            (row.marketplace_order.as_deref(), row.store_order.as_deref()),
            (Some("111-1"), Some("1001"))
        );
    }

    #[test]
    fn tenants_and_connections_are_kept_apart() {
        let bench = Bench::new();
        for (merchant, connection) in [("m", "us"), ("n", "de")] {
            let account = bench.marketplace(merchant, connection);
            let order = bench.order(&account, "111-1");
            bench.package(&order, "p", "1Z1", every_state().remove(0));
        }
        let rows = bench.run(orders(&bench.world, None, Some("de"))).unwrap();
        assert_eq!(rows.iter().map(|r| r.merchant.as_str()).collect::<Vec<_>>(), ["n"]);
        assert!(bench.run(orders(&bench.world, None, Some("fr"))).is_err());
    }
}
