//! From what a person typed to the order they mean.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{MarketplaceOrderId, MarketplaceOrderRef, StoreOrderId, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::Package;
use domain::tracking::TrackingNumber;
use ports::{Item, LedgerError};

use super::AdminError;
use crate::records::{self, Loaded, Stored};
use crate::world::World;

/// Orders named in an error at most.
const SHOWN: usize = 5;

/// What one record of table `orders` is.
pub(super) enum Row {
    Store(Box<Stored<StoreOrder>>),
    Marketplace(Box<Stored<MarketplaceOrder>>),
    Package(Box<Stored<Package>>),
    /// Something that no person asks about, or that this code does not understand.
    Other,
}

/// Reads an item of table `orders`.
pub(super) fn row(item: &Item) -> Row {
    // Keys say what stands there: `S#` store orders, `M#` marketplace orders with their packages `P#`.
    let known = match (item.key.pk.get(..2), item.key.sk.get(..2)) {
        (Some("S#"), _) => Stored::read(item).map(|s| Row::Store(Box::new(s))),
        (Some("M#"), Some("P#")) => Stored::read(item).map(|p| Row::Package(Box::new(p))),
        (Some("M#"), _) => Stored::read(item).map(|m| Row::Marketplace(Box::new(m))),
        _ => None,
    };
    known.unwrap_or(Row::Other)
}

/// Every record of table `orders`, for lists and searches.
pub(super) async fn all_rows(world: &World) -> Result<Vec<Row>, LedgerError> {
    let mut rows = Vec::new();
    each_row(world, |row| rows.push(row)).await?;
    Ok(rows)
}

/// Shows every record of table `orders`, one after the other.
pub(super) async fn each_row(world: &World, mut show: impl FnMut(Row)) -> Result<(), LedgerError> {
    let mut page = None;
    loop {
        let part = world.ledger.scan(Table::Orders, page).await?;
        part.rows.iter().map(row).for_each(&mut show);
        page = part.next;
        if page.is_none() {
            return Ok(());
        }
    }
}

/// All that is known of one order: at the marketplace, at the stores, and its packages.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// The marketplace order that it is, if that is known.
    pub(super) order: Option<MarketplaceOrderRef>,
    /// Its record.
    pub(super) marketplace: Option<Stored<MarketplaceOrder>>,
    /// The store orders linked to it, or the one that is not linked.
    pub(super) stores: Vec<Stored<StoreOrder>>,
    /// Its packages.
    pub(super) packages: Vec<Stored<Package>>,
}

/// One order, by its marketplace id where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Order(MarketplaceOrderRef),
    Store(StoreOrderRef),
}

impl Target {
    /// How to name it so that it means nothing else.
    fn name(&self) -> String {
        match self {
            Self::Order(order) => format!("{}/{}", order.account.connection, order.order),
            Self::Store(order) => format!("{}/{}", order.account.connection, order.order),
        }
    }
}

/// Where a text was found: the order, and the store orders it was found through.
type Hits = BTreeMap<Target, BTreeSet<StoreOrderRef>>;

/// Finds the one order that `asked` means: a marketplace order id, a store order id or name, or a tracking
/// number; `connection/id` says of which connection.
///
/// # Errors
/// Unknown, or more than one.
pub(super) async fn find(world: &World, asked: &str) -> Result<Case, AdminError> {
    let asked = asked.trim();
    let connections = world.connections().await?;
    let (only, text) = match asked.split_once('/') {
        Some((name, rest)) if connections.iter().any(|c| c.account.connection.as_str() == name) => {
            (Some(name), rest)
        }
        _ => (None, asked),
    };
    let mut hits = Hits::new();
    for connection in connections.iter().filter(|c| only.is_none_or(|o| o == c.account.connection.as_str())) {
        let account = &connection.account;
        if let Ok(order) = MarketplaceOrderId::try_from(text) {
            let order = MarketplaceOrderRef { account: account.clone(), order };
            if world.ledger.get(&ItemKey::marketplace_order(&order)).await?.is_some() {
                hits.entry(Target::Order(order)).or_default();
            }
        }
        if let Ok(order) = StoreOrderId::try_from(text) {
            let order = StoreOrderRef { account: account.clone(), order };
            if let Some(stored) = load_store(world, &order).await? {
                hit_store(&mut hits, &stored.value);
            }
        }
    }
    if !hits.is_empty() {
        return one(world, asked, hits).await;
    }
    // Names and numbers stand in no key: only a look at everything finds them.
    let rows = all_rows(world).await?;
    for row in &rows {
        search(row, text, only, &mut hits);
    }
    if hits.is_empty() {
        return Err(AdminError::UnknownOrder { asked: asked.to_owned(), near: near(&rows, text) });
    }
    one(world, asked, hits).await
}

fn hit_store(hits: &mut Hits, store: &StoreOrder) {
    let target = match &store.link {
        Link::Marketplace { order } => Target::Order(order.clone()),
        Link::Unknown | Link::NotOurs { .. } | Link::Unclear { .. } => Target::Store(store.order.clone()),
    };
    hits.entry(target).or_default().insert(store.order.clone());
}

/// Adds what of `row` is called `text`.
fn search(row: &Row, text: &str, only: Option<&str>, hits: &mut Hits) {
    let here = |connection: &str| only.is_none_or(|o| o == connection);
    match row {
        Row::Store(stored) => {
            let store = &stored.value;
            let named = store.fact.as_ref().and_then(|f| f.name.as_deref());
            // Shopify shows "#1001": who types 1001 means the same.
            let same_name = named.is_some_and(|n| {
                n.eq_ignore_ascii_case(text) || n.trim_start_matches('#').eq_ignore_ascii_case(text)
            });
            let numbers = store.fulfillments.values().flat_map(|f| f.fact.tracking.iter());
            let (numbers, _) = TrackingNumber::split_all(numbers.map(String::as_str));
            let by_link = matches!(&store.link, Link::Marketplace { order } if order.order.as_str() == text);
            if here(store.order.account.connection.as_str())
                && (same_name || by_link || numbers.iter().any(|n| is_number(n, text)))
            {
                hit_store(hits, store);
            }
        }
        Row::Package(stored) => {
            let package = &stored.value;
            let mut numbers = package.versions.iter().filter_map(|v| v.content.number.as_ref());
            let named = package.order.order.as_str() == text;
            if here(package.order.account.connection.as_str())
                && (named || numbers.any(|n| is_number(n, text)))
            {
                hits.entry(Target::Order(package.order.clone())).or_default();
            }
        }
        Row::Marketplace(_) | Row::Other => {}
    }
}

/// Whether `text` is this tracking number; a text without a letter or digit is none.
fn is_number(number: &TrackingNumber, text: &str) -> bool {
    TrackingNumber::try_from(text).is_ok() && number.same_as(text)
}

async fn load_store(world: &World, order: &StoreOrderRef) -> Result<Option<Stored<StoreOrder>>, LedgerError> {
    match records::load(world.ledger.as_ref(), &ItemKey::store_order(order)).await? {
        Loaded::Known(stored) => Ok(Some(*stored)),
        Loaded::Absent | Loaded::Foreign => Ok(None),
    }
}

/// Loads the one order that was hit.
async fn one(world: &World, asked: &str, hits: Hits) -> Result<Case, AdminError> {
    if hits.len() > 1 {
        let choices = hits.keys().map(Target::name).collect();
        return Err(AdminError::Ambiguous { asked: asked.to_owned(), choices });
    }
    let Some((target, seeds)) = hits.into_iter().next() else { return Ok(Case::default()) };
    load_case(world, target, seeds).await.map_err(AdminError::Ledger)
}

async fn load_case(
    world: &World,
    target: Target,
    seeds: BTreeSet<StoreOrderRef>,
) -> Result<Case, LedgerError> {
    let mut case = Case::default();
    let mut store_orders = seeds;
    if let Target::Order(order) = target {
        let pk = ItemKey::marketplace_order(&order).pk;
        for item in world.ledger.query(Table::Orders, &pk).await? {
            match row(&item) {
                Row::Marketplace(stored) => {
                    store_orders.extend(stored.value.store_orders.iter().cloned());
                    case.marketplace = Some(*stored);
                }
                Row::Package(stored) => {
                    store_orders.extend(stored.value.origins.iter().map(|o| o.store_order.clone()));
                    case.packages.push(*stored);
                }
                Row::Store(_) | Row::Other => {}
            }
        }
        case.order = Some(order);
    }
    for order in &store_orders {
        // A store order of another tenant is never shown, whatever a record says.
        let same_merchant = case.order.as_ref().is_none_or(|o| o.account.merchant == order.account.merchant);
        if same_merchant && let Some(stored) = load_store(world, order).await? {
            case.stores.push(stored);
        }
    }
    Ok(case)
}

/// Known names that look like `text`.
fn near(rows: &[Row], text: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    for row in rows {
        match row {
            Row::Store(s) => {
                names.insert(s.value.order.order.to_string());
                names.extend(s.value.fact.as_ref().and_then(|f| f.name.clone()));
            }
            Row::Marketplace(m) => {
                names.insert(m.value.order.order.to_string());
            }
            Row::Package(p) => {
                names.extend(
                    p.value.wanted().and_then(|v| v.content.number.as_ref()).map(ToString::to_string),
                );
            }
            Row::Other => {}
        }
    }
    let wanted = fold(text);
    let mut ranked: Vec<(usize, String)> = names
        .into_iter()
        .map(|name| (distance(&wanted, &fold(&name)), name))
        .filter(|(distance, name)| *distance <= 1 + fold(name).chars().count() / 4)
        .collect();
    ranked.sort();
    ranked.into_iter().take(SHOWN).map(|(_, name)| name).collect()
}

fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// Edits (insert, delete, replace) from one text to the other; none if one holds the other.
fn distance(a: &str, b: &str) -> usize {
    if a.len() >= 4 && b.contains(a) {
        return 0;
    }
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = (0..=b.len()).collect();
    for (row, from) in a.chars().enumerate() {
        let mut now = vec![row + 1];
        for (to, (diagonal, above)) in b.iter().zip(before.iter().zip(before.iter().skip(1))) {
            let left = now.last().copied().unwrap_or(row + 1);
            let replace = diagonal + usize::from(from != *to);
            now.push(replace.min(above + 1).min(left + 1));
        }
        before = now;
    }
    before.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_few_edits_away_or_hold_what_was_typed() {
        let cases =
            [("1001", "1002", 1), ("1234", "111-1234567", 0), ("", "abc", 3), ("kitten", "sitting", 3)];
        for (a, b, want) in cases {
            assert_eq!(distance(&fold(a), &fold(b)), want, "{a} {b}");
        }
    }
}
