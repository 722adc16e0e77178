//! What the records tell of carriers, gathered in one pass over them.

use std::collections::{BTreeMap, BTreeSet};

use domain::connection::Connection;
use domain::ids::{Account, ConnectionId, MarketplaceId, MerchantId};
use domain::order::StoreOrder;
use domain::package::Package;
use domain::shipments::{Parcel, Shipped, parcels};
use domain::state::State;
use jiff::Timestamp;
use ports::LedgerError;

use crate::admin::find::{Row, each_row};
use crate::carrier::Wording;
use crate::share::{Share, words_for_other};
use crate::world::World;

/// A carrier text with its service, as stores wrote them for parcels of any order, also of such that no marketplace knows.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The number of each parcel.
    pub(super) numbers: Vec<Option<String>>,
    pub(super) last: Timestamp,
}

/// What came of a parcel that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Shown,
    NotShown,
    Awaited,
    Refused,
}

/// A parcel that was sent under a code of interest.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) account: Account,
    pub(super) wording: Wording,
    pub(super) code: String,
    pub(super) seen: Seen,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By store, then by text and service.
    pub(super) texts: BTreeMap<Account, BTreeMap<Wording, Said>>,
    /// The countries from which each marketplace account has orders.
    pub(super) countries: BTreeMap<Account, BTreeSet<&'static str>>,
    /// By marketplace account.
    pub(super) shares: BTreeMap<Account, Share>,
    pub(super) sent: Vec<Sent>,
}

/// Gathers what concerns these marketplace accounts; of parcels that were sent those under one of `codes`.
pub(super) async fn gather(
    world: &World,
    marketplaces: &[Connection],
    codes: &BTreeSet<(MerchantId, String)>,
    since: Timestamp,
) -> Result<Gathered, LedgerError> {
    let merchants: BTreeSet<&MerchantId> = marketplaces.iter().map(|c| &c.account.merchant).collect();
    let known: BTreeMap<&Account, (&Connection, Vec<&'static str>)> =
        marketplaces.iter().map(|c| (&c.account, (c, words_for_other(&c.kind)))).collect();
    let mut all = Gathered::default();
    each_row(world, |row| match row {
        Row::Store(stored) if merchants.contains(&stored.value.order.account.merchant) => {
            all.hear(&stored.value);
        }
        Row::Marketplace(stored) => {
            let account = &stored.value.order.account;
            let marketplace =
                known.get(account).and_then(|(connection, _)| world.connectors.marketplace(&connection.kind));
            let facts = stored.value.facts.as_ref();
            if let Some(country) = marketplace.zip(facts).and_then(|(m, facts)| m.country(&facts.marketplace))
            {
                all.countries.entry(account.clone()).or_default().insert(country);
            }
        }
        Row::Package(stored) => {
            let package = &stored.value;
            let account = &package.order.account;
            if let Some((_, words)) = known.get(account) {
                all.shares.entry(account.clone()).or_default().count(package, words, since);
                all.sent.extend(
                    sent(package)
                        .filter(|sent| codes.contains(&(account.merchant.clone(), sent.code.clone()))),
                );
            }
        }
        Row::Store(_) | Row::Other => {}
    })
    .await?;
    Ok(all)
}

impl Gathered {
    fn hear(&mut self, order: &StoreOrder) {
        let shipped =
            order.fulfillments.values().map(|fulfillment| Shipped { store_order: &order.order, fulfillment });
        for Parcel { carrier, service, number, shipped_at, .. } in parcels(shipped) {
            if carrier.is_none() && service.is_none() {
                continue;
            }
            let wording = Wording { text: carrier, service, number: None, refused: None };
            let of_store = self.texts.entry(order.order.account.clone()).or_default();
            let said =
                of_store.entry(wording).or_insert_with(|| Said { numbers: Vec::new(), last: shipped_at });
            said.numbers.push(number.map(|number| number.to_string()));
            said.last = said.last.max(shipped_at);
        }
    }
}

/// What was sent of a package, if anything, and what came of it.
fn sent(package: &Package) -> Option<Sent> {
    let (version, seen) = match &package.state {
        State::Visible { version, .. } => (*version, Seen::Shown),
        State::Missing { version, .. } => (*version, Seen::NotShown),
        State::Accepted { version, .. } | State::Intent { version, .. } | State::Doubt { version, .. } => {
            (*version, Seen::Awaited)
        }
        State::Rejected { version, .. } => (*version, Seen::Refused),
        State::Planned { .. }
        | State::NeedsMerchant { .. }
        | State::Held { .. }
        | State::Conflict { .. }
        | State::Cancelled { .. }
        | State::Superseded { .. }
        | State::NotOurs { .. } => return None,
    };
    let version = package.version(version)?;
    Some(Sent {
        account: package.order.account.clone(),
        wording: Wording { number: None, ..Wording::of(&version.content) },
        code: version.sent_carrier.as_ref()?.code.clone(),
        seen,
    })
}

/// The countries whose lists apply to an account: as its settings say, else as its orders do, else unknown.
pub(super) fn countries_of(
    world: &World,
    connection: &Connection,
    seen: Option<&BTreeSet<&'static str>>,
) -> Vec<&'static str> {
    let marketplace = world.connectors.marketplace(&connection.kind);
    let named = connection.option("marketplace_id").and_then(|id| MarketplaceId::try_from(id).ok());
    match named.and_then(|id| marketplace?.country(&id)) {
        Some(country) => vec![country],
        None => seen.into_iter().flatten().copied().collect(),
    }
}

/// Whether what a store ships may be an order of this account: its link rules name the account, or none at all.
pub(super) fn may_reach(store: &Connection, marketplace: &ConnectionId) -> bool {
    store.link.is_empty() || store.link.iter().any(|rule| rule.account == *marketplace)
}
