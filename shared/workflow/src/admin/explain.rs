//! Everything about one order: what happened, in order; what it waits for; what to do.

use connector_api::Marketplace;
use domain::facts::FulfillmentStatus;
use domain::history::History;
use domain::marketplace_order::{OrderFacts, ShownPackage};
use domain::marketplace_rules::KnownBy;
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::{Package, Ruling};
use domain::state::State;
use jiff::Timestamp;
use serde::Serialize;

use super::find::{Case, find};
use super::orders::link_state;
use super::{AdminError, words};
use crate::world::World;

pub use super::words::Step;

/// All that is known of an order, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked for.
    pub asked: String,
    /// Whose order it is.
    pub merchant: String,
    /// The merchant's time zone.
    pub time_zone: String,
    /// The marketplace order, if it is known.
    pub marketplace_order: Option<MarketplaceOrderPart>,
    /// The store orders.
    pub store_orders: Vec<StoreOrderPart>,
    /// The packages.
    pub packages: Vec<PackagePart>,
    /// What happened to all of them, oldest first.
    pub events: Vec<EventPart>,
}

/// An order at the marketplace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarketplaceOrderPart {
    /// The marketplace connection.
    pub connection: String,
    /// The marketplace's kind.
    pub marketplace: Option<String>,
    /// Its id there.
    pub order: String,
    /// Where the marketplace sees it: `pending`, `open`, `partly_shipped`, `shipped`, `cancelled`, `unknown`;
    /// absent while it was not read.
    pub status: Option<String>,
    /// Who ships it: `merchant`, `marketplace` or `unknown`.
    pub fulfilled_by: Option<String>,
    /// When it was placed.
    pub ordered_at: Option<Timestamp>,
    /// The latest time to ship.
    pub deadline: Option<Timestamp>,
    /// When we last read it.
    pub read_at: Option<Timestamp>,
    /// Since when the account says that it has no such order.
    pub not_found_since: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<LinePart>,
    /// The parcels that the marketplace shows, whoever confirmed them.
    pub shown: Vec<ShownPart>,
}

/// A line of the marketplace order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinePart {
    /// The marketplace's id of it.
    pub line: String,
    /// Its SKU there.
    pub sku: Option<String>,
    /// Units ordered.
    pub ordered: u32,
    /// Units cancelled.
    pub cancelled: u32,
    /// Units the marketplace counts as shipped.
    pub shipped: Option<u32>,
}

/// A parcel that the marketplace shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownPart {
    /// The reference it was confirmed with.
    pub reference: String,
    /// The carrier it shows.
    pub carrier: Option<String>,
    /// The number it shows.
    pub tracking_number: Option<String>,
    /// It is one of our packages.
    pub ours: bool,
}

/// An order at a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreOrderPart {
    /// The store connection.
    pub connection: String,
    /// Its id there.
    pub order: String,
    /// What people call it.
    pub name: Option<String>,
    /// Which marketplace order it is.
    pub link: LinkPart,
    /// The store is to be read before anything is decided.
    pub to_be_read: bool,
    /// Cancelled at the store.
    pub cancelled_at: Option<Timestamp>,
    /// What it shipped.
    pub fulfillments: Vec<FulfillmentPart>,
    /// What can be done.
    pub next: Vec<Step>,
}

/// Which marketplace order a store order is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkPart {
    /// `linked`, `planned` (not decided), `held` (unclear) or `not_ours`.
    pub state: &'static str,
    /// The stable name of why.
    pub cause: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

/// A fulfillment of a store order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FulfillmentPart {
    /// The store's id of it.
    pub id: String,
    /// It was voided: its parcel does not travel.
    pub voided: bool,
    /// When it left, by the store.
    pub shipped_at: Timestamp,
    /// The carrier, as somebody wrote it.
    pub carrier: Option<String>,
    /// Its numbers, as they came.
    pub tracking: Vec<String>,
    /// Units in it.
    pub units: u32,
}

/// A refusal in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// What it means.
    pub cause: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

impl Meaning {
    fn of(state: &State, market: Option<&dyn Marketplace>) -> Option<Self> {
        let State::Rejected { code, words, .. } = state else { return None };
        let known = connector_api::explain(market?.catalogue(), code, words)?;
        Some(Self { cause: known.cause, fix: known.fix })
    }
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackagePart {
    /// Its key inside the order.
    pub package: String,
    /// What the marketplace calls it.
    pub reference: u32,
    /// Its number.
    pub tracking_number: Option<String>,
    /// The carrier and service, as the store wrote them.
    pub carrier: Option<String>,
    /// The carrier code it was sent with.
    pub sent_carrier: Option<String>,
    /// Units per marketplace line; absent while they cannot be matched.
    pub lines: Option<Vec<(String, u32)>>,
    /// The version wanted now.
    pub version: Option<u32>,
    /// The version that the marketplace accepted last.
    pub confirmed_version: Option<u32>,
    /// Its state.
    pub state: &'static str,
    /// The stable name of why.
    pub cause: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// What the marketplace's refusal means and what to do about it, where its code is known.
    pub meaning: Option<Meaning>,
    /// What it waits for.
    pub waits_for: Option<String>,
    /// When that is looked at next.
    pub next_look: Option<Timestamp>,
    /// What a person decided about it.
    pub ruling: Option<&'static str>,
    /// Calls made for the wanted version.
    pub attempts: u32,
    /// Failures in a row.
    pub failures: u32,
    /// The latest time to ship.
    pub deadline: Option<Timestamp>,
    /// Whether the merchant was told of an open matter.
    pub alert_open: bool,
    /// What can be done.
    pub next: Vec<Step>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventPart {
    /// When.
    pub at: Timestamp,
    /// To what: `store order ID`, `order ID` or `package KEY`.
    pub about: String,
    /// What.
    pub what: String,
}

/// Explains the order that `asked` means: a marketplace order id, a store order's id or name, a tracking number.
///
/// # Errors
/// See [`AdminError`]: unknown, or more than one.
pub async fn explain(world: &World, asked: &str) -> Result<Explanation, AdminError> {
    let case = find(world, asked).await?;
    let marketplace = match &case.order {
        Some(order) => world.connection(&order.account).await?,
        None => None,
    };
    let account = case
        .order
        .as_ref()
        .map(|o| o.account.clone())
        .or_else(|| case.stores.first().map(|s| s.value.order.account.clone()));
    let zone = match (&marketplace, &account) {
        (Some(connection), _) => Some(connection.time_zone.clone()),
        (None, Some(account)) => world.connection(account).await?.map(|c| c.time_zone),
        (None, None) => None,
    };
    let market = marketplace.as_ref().and_then(|c| world.connectors.marketplace(&c.kind));
    let several = case.packages.len() > 1;
    let name = case.order.as_ref().map(|o| o.order.to_string());
    let packages = case.packages.iter().map(|p| package_part(&p.value, several, market)).collect();
    let stores = case.stores.iter().map(|s| store_part(&s.value)).collect();
    Ok(Explanation {
        asked: asked.trim().to_owned(),
        merchant: account.map_or_else(String::new, |a| a.merchant.to_string()),
        time_zone: zone.unwrap_or_else(|| "UTC".into()),
        marketplace_order: case.order.as_ref().map(|order| {
            let record = case.marketplace.as_ref().map(|m| &m.value);
            MarketplaceOrderPart {
                connection: order.account.connection.to_string(),
                marketplace: marketplace.map(|c| c.kind),
                order: name.unwrap_or_default(),
                not_found_since: record.and_then(|r| r.not_found_since),
                ..order_part(record, &case, market)
            }
        }),
        store_orders: stores,
        packages,
        events: events(&case),
    })
}

/// What is known of a marketplace order but its name.
fn order_part(
    record: Option<&MarketplaceOrder>,
    case: &Case,
    market: Option<&dyn Marketplace>,
) -> MarketplaceOrderPart {
    let facts = record.and_then(|r| r.facts.as_ref());
    let of = |pick: fn(&OrderFacts) -> Option<Timestamp>| facts.and_then(pick);
    let known_by = market.map_or(KnownBy::Reference, |market| market.traits().rules.known_by);
    let ours = |shown: &ShownPackage| case.packages.iter().any(|p| p.value.is_shown_as(shown, known_by));
    MarketplaceOrderPart {
        connection: String::new(),
        marketplace: None,
        order: String::new(),
        status: facts.and_then(|f| stable_name(&f.status)),
        fulfilled_by: facts.and_then(|f| stable_name(&f.fulfilled_by)),
        ordered_at: of(|f| Some(f.ordered_at)),
        deadline: of(|f| f.ship_by),
        // What was only heard of was never read.
        read_at: of(|f| Some(f.read_at).filter(|at| *at > Timestamp::UNIX_EPOCH)),
        not_found_since: None,
        lines: facts
            .into_iter()
            .flat_map(|f| &f.lines)
            .map(|line| LinePart {
                line: line.id.to_string(),
                sku: line.sku.as_ref().map(ToString::to_string),
                ordered: line.ordered,
                cancelled: line.cancelled,
                shipped: line.shipped,
            })
            .collect(),
        shown: facts
            .and_then(|f| f.packages.as_ref())
            .into_iter()
            .flatten()
            .filter(|p| !p.cancelled)
            .map(|p| ShownPart {
                reference: p.reference.clone(),
                carrier: p.carrier.clone(),
                tracking_number: p.tracking_number.clone(),
                ours: ours(p),
            })
            .collect(),
    }
}

/// The name that an enum of the domain has in JSON.
fn stable_name<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn store_part(store: &StoreOrder) -> StoreOrderPart {
    let (state, cause, reason) = link_state(&store.link);
    let id = words::quoted(store.order.order.as_str());
    let retry = |what: &str| Step::command(what, format!("retry {id}"));
    let next = match &store.link {
        Link::Unclear { .. } => vec![
            Step::elsewhere(
                "correct the marketplace order id at the store, or the link rule in the settings",
            ),
            retry("then have it looked at again"),
            Step::command("or, if it is no marketplace order", format!("hold {id} not-ours")),
        ],
        Link::NotOurs { .. } => {
            vec![retry(
                "if it is a marketplace order after all: correct it at the store or in the link rule, then",
            )]
        }
        Link::Unknown => vec![retry("it goes on by itself; to look at once")],
        Link::Marketplace { .. } => Vec::new(),
    };
    StoreOrderPart {
        connection: store.order.account.connection.to_string(),
        order: store.order.order.to_string(),
        name: store.fact.as_ref().and_then(|f| f.name.clone()),
        link: LinkPart { state, cause, reason },
        to_be_read: store.must_read,
        cancelled_at: store.cancelled_at,
        fulfillments: store
            .fulfillments
            .values()
            .map(|folded| FulfillmentPart {
                id: folded.fact.id.to_string(),
                voided: folded.fact.status == FulfillmentStatus::Voided,
                shipped_at: folded.fact.shipped_at,
                carrier: folded.fact.carrier.clone(),
                tracking: folded.fact.tracking.clone(),
                units: folded.fact.lines.iter().map(|l| l.quantity).fold(0, u32::saturating_add),
            })
            .collect(),
        next,
    }
}

fn package_part(package: &Package, several: bool, market: Option<&dyn Marketplace>) -> PackagePart {
    let wanted = package.wanted();
    let content = wanted.map(|v| &v.content);
    let (waits_for, next_look) = words::waits_for(package);
    let sent = package.confirmed_version().or(wanted).and_then(|v| v.sent_carrier.as_ref());
    PackagePart {
        package: package.key.clone(),
        reference: package.reference,
        tracking_number: content.and_then(|c| c.number.as_ref()).map(ToString::to_string),
        carrier: content.and_then(|c| match (&c.carrier, &c.service) {
            (Some(carrier), Some(service)) => Some(format!("{carrier}, {service}")),
            (carrier, service) => carrier.clone().or_else(|| service.clone()),
        }),
        sent_carrier: sent.map(|c| match &c.name {
            Some(name) => format!("{} ({name})", c.code),
            None => c.code.clone(),
        }),
        lines: content
            .and_then(|c| c.lines.as_ref())
            .map(|lines| lines.iter().map(|(line, units)| (line.to_string(), *units)).collect()),
        version: wanted.map(|v| v.n),
        confirmed_version: package.confirmed,
        state: package.state.name().as_str(),
        cause: words::cause(&package.state),
        meaning: Meaning::of(&package.state, market),
        reason: words::reason(&package.state),
        waits_for,
        next_look,
        ruling: package.ruling.as_ref().map(|ruling| match ruling {
            Ruling::SendOnce => "send-once",
            Ruling::ConfirmedByHand => "confirmed-by-hand",
            Ruling::NotOurs => "not-ours",
            Ruling::Ignore { .. } => "ignore",
        }),
        attempts: package.attempts,
        failures: package.failures,
        deadline: package.ship_by,
        alert_open: package.alerts.open(),
        next: words::steps(package, package.order.order.as_str(), several),
    }
}

/// All histories as one, by time; at the same time in the order in which a parcel travels.
fn events(case: &Case) -> Vec<EventPart> {
    let mut all = Vec::new();
    let mut add = |about: String, history: &History| {
        all.extend(history.events().iter().map(|event| EventPart {
            at: event.at,
            about: about.clone(),
            what: event.what.clone(),
        }));
    };
    for store in &case.stores {
        add(format!("store order {}", store.value.order.order), &store.value.history);
    }
    if let Some(record) = &case.marketplace {
        add(format!("order {}", record.value.order.order), &record.value.history);
    }
    for package in &case.packages {
        add(format!("package {}", package.value.key), &package.value.history);
    }
    all.sort_by_key(|event| event.at);
    all
}

#[cfg(test)]
mod tests;
