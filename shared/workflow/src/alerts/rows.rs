//! What is said of a record: from its state as it is now, not as it was when the alert was raised.

use connector_api::{Explained, explain};
use domain::alert::{Alert, AlertStage};
use domain::connection::{Connection, MailKind};
use domain::connection_state::ConnectionState;
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::outcome::{AT_RISK, CARRIER_DOUBTED, CARRIER_NOT_KEPT, SEVERAL_ORIGINS};
use domain::package::Package;
use domain::state::{Cause, State, Waiting as WaitsFor};
use jiff::Timestamp;
use ports::LedgerError;

use super::group::{Group, Waiting};
use super::{accounts, load_value, title};
use crate::mails::{Letter, Notice, Row, Stage, shell_quoted};
use crate::world::World;

mod orders;

use orders::{order_row, store_row};

/// The letter of a group; `None` if all of it was settled meanwhile.
pub(super) async fn letter(
    world: &World,
    connection: &Connection,
    group: &Group<'_>,
) -> Result<Option<Letter>, LedgerError> {
    let place = Place::of(world, connection);
    let title = place.title.to_owned();
    let now = world.now();
    let mut rows = Vec::new();
    let mut heading = None;
    // The most urgent first; as soon as the mail is full, no more are loaded.
    let mut all: Vec<&Waiting> = group.waiting.iter().collect();
    all.sort_by_key(|waiting| waiting.urgency());
    let mut count_more = all.len().saturating_add(group.further);
    for waiting in all {
        if rows.len() >= group.most_rows {
            break;
        }
        count_more = count_more.saturating_sub(1);
        if waiting.key().pk.starts_with("C#") {
            let state = load_value::<ConnectionState>(world, &waiting.key()).await?;
            let Some(state) = state.filter(|s| still(waiting.alert(), s.alerts.all(), group.stage)) else {
                continue;
            };
            return Ok(Some(accounts::letter(connection, &title, group, waiting.alert(), &state, now)));
        }
        if let Some((what, row)) = row(world, connection, place, group.stage, waiting).await? {
            heading.get_or_insert(what);
            rows.push(row);
        }
    }
    // All that is known was settled: those that were only counted are told all the same.
    let Some(cause_title) = heading.or_else(|| (group.further > 0).then(String::new)) else {
        return Ok(None);
    };
    rows.sort_by_key(|row| row.ship_by.unwrap_or(Timestamp::MAX));
    Ok(Some(Letter::Notice(Notice {
        kind: group.kind,
        stage: group.stage,
        cause_title,
        rows,
        count_more,
        connection: connection.account.connection.to_string(),
        marketplace: title,
        merchant_time_zone: connection.time_zone.clone(),
        now,
    })))
}

/// Whether the matter is still as the mail would say it.
fn still(alert: &Alert, known: &[Alert], stage: Stage) -> bool {
    if alert.is_notice() {
        return true;
    }
    let same = known.iter().find(|a| a.version == alert.version && a.cause == alert.cause);
    match stage {
        Stage::Resolved => true,
        Stage::First | Stage::Reminder | Stage::AtDeadline | Stage::BeforeCancellation => {
            same.is_none_or(|a| matches!(a.stage, AlertStage::Due | AlertStage::Mailed { .. }))
        }
    }
}

/// The marketplace, as mails speak of it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Its name for people.
    pub(super) title: &'a str,
    /// Its error codes in plain words.
    pub(super) catalogue: &'static [Explained],
}

impl<'a> Place<'a> {
    /// The place of an account.
    pub(super) fn of(world: &'a World, connection: &'a Connection) -> Self {
        let marketplace = world.connectors.marketplace(&connection.kind);
        Self {
            title: title(world, &connection.kind),
            catalogue: marketplace.map_or(&[], |marketplace| marketplace.catalogue()),
        }
    }
}

async fn row(
    world: &World,
    connection: &Connection,
    place: Place<'_>,
    stage: Stage,
    waiting: &Waiting,
) -> Result<Option<(String, Row)>, LedgerError> {
    let key = waiting.key();
    let alert = waiting.alert();
    if key.pk.starts_with("S#") {
        let order = load_value::<StoreOrder>(world, &key).await?;
        return Ok(order
            .filter(|o| still(alert, o.alerts.all(), stage))
            .map(|o| store_row(&o, place.title, stage, alert)));
    }
    if key.sk == "O" {
        let order = load_value::<MarketplaceOrder>(world, &key).await?;
        return Ok(order
            .filter(|o| still(alert, o.alerts.all(), stage))
            .map(|o| order_row(&o, place.title, stage, alert)));
    }
    let Some(package) = load_value::<Package>(world, &key).await? else { return Ok(None) };
    if !still(alert, package.alerts.all(), stage) {
        return Ok(None);
    }
    let mut row = package_row(connection, &package, place, stage, alert);
    if let Some(origin) = package.origins.iter().next() {
        let key = domain::keys::ItemKey::store_order(&origin.store_order);
        let order = load_value::<StoreOrder>(world, &key).await?;
        row.1.store_order = order.map(|o| o.title().to_owned());
    }
    Ok(Some(row))
}

fn package_row(
    connection: &Connection,
    package: &Package,
    place: Place<'_>,
    stage: Stage,
    alert: &Alert,
) -> (String, Row) {
    let title = place.title;
    let content = package.wanted().map(|v| &v.content);
    let number = content.and_then(|c| c.number.as_ref()).map(ToString::to_string);
    let carrier = content.and_then(|c| c.carrier.clone());
    let id = package.order.order.to_string();
    let (what, cause, fix) = if stage == Stage::Resolved {
        ("Settled".to_owned(), settled_by(&package.state, title), String::new())
    } else {
        trouble(connection, package, place, &id, alert)
    };
    let evidence = package
        .history
        .events()
        .iter()
        .rev()
        .take(3)
        .rev()
        .map(|e| format!("{}: {}", e.at.strftime("%d %b %H:%M UTC"), e.what));
    let row = Row {
        order: id,
        store_order: None,
        marketplace: title.to_owned(),
        carrier_text: carrier,
        tracking_number: number,
        their_words: alert
            .their_words
            .clone()
            .filter(|_| !alert.is_notice())
            .or_else(|| their_words(&package.state)),
        request_id: alert.request_id.clone(),
        cause,
        fix,
        ship_by: package.ship_by,
        evidence: evidence.collect(),
    };
    (what, row)
}

fn their_words(state: &State) -> Option<String> {
    if let State::Rejected { words, .. } = state { Some(words.clone()) } else { None }
}

fn settled_by(state: &State, title: &str) -> String {
    if let State::Visible { .. } = state {
        format!("{title} shows this parcel now.")
    } else if let State::NotOurs { why } = state {
        format!("Nothing is left to do: {}.", why.reason())
    } else if let State::Cancelled { reason } = state {
        format!("Nothing is left to do: {reason}.")
    } else {
        "The cause is gone; the parcel is on its way to the marketplace.".into()
    }
}

/// Heading, plain cause and exact fix.
fn trouble(
    connection: &Connection,
    package: &Package,
    place: Place<'_>,
    id: &str,
    alert: &Alert,
) -> (String, String, String) {
    let title = place.title;
    let account = connection.account.connection.as_str();
    let order = shell_quoted(id);
    let said = |what: &str, cause: String, fix: String| (what.to_owned(), cause, fix);
    if alert.cause == CARRIER_DOUBTED {
        let why = alert.their_words.clone().unwrap_or_default();
        return said(
            "A parcel was sent although its number speaks against its carrier",
            format!("{why}. It was sent as the store says, as you chose in the settings."),
            "look at the label; if the carrier or the number is wrong, correct it in the store: we send the change"
                .to_owned(),
        );
    }
    if alert.cause == CARRIER_NOT_KEPT {
        let why = alert.their_words.clone().unwrap_or_default();
        return said(
            &format!("{title} files a parcel under another carrier"),
            format!("{why}. {title} may count such a parcel as not tracked."),
            format!(
                "look at the parcel in your seller account; another code for this carrier: parcelwire map set; as it was \
                 decided: parcelwire explain {order}"
            ),
        );
    }
    if alert.cause == SEVERAL_ORIGINS {
        let why = alert.their_words.clone().unwrap_or_default();
        return said(
            "An order leaves from several countries",
            format!(
                "{why}. For orders from abroad {title} wants one shipment, or at least all of them from one country. \
                 It is confirmed all the same."
            ),
            "nothing for this order; in the store, let one location pack all of an order of this marketplace"
                .to_owned(),
        );
    }
    if let State::Held { cause, .. } = &package.state {
        let (what, why, fix) = held(cause, account, &order, title);
        let by_hand = matches!(cause, Cause::EditByHand | Cause::LineInParts { .. });
        // Where exactly a person does it, the marketplace's own rows know.
        let steps = by_hand.then(|| explain(place.catalogue, cause.name(), "")).flatten();
        let then = |row: &Explained| format!("{}; then: parcelwire hold {order} confirmed-by-hand", row.fix);
        return (what, why, steps.map_or(fix, then));
    }
    if let State::Rejected { code, words, .. } = &package.state {
        if let Some(known) = explain(place.catalogue, code, words) {
            return said(
                &format!("{title} refused a confirmation ({code})"),
                known.cause.to_owned(),
                format!("{}; then: parcelwire retry {order}", known.fix),
            );
        }
        return said(
            &format!("{title} refused a confirmation ({code})"),
            format!("{title} understood the confirmation and said no; repeating it cannot help."),
            format!(
                "mend what it says in the store, or: parcelwire explain {order}, then parcelwire retry {order}"
            ),
        );
    }
    if let State::Missing { .. } = &package.state {
        return said(
            &format!("{title} accepted a confirmation but does not show it"),
            format!(
                "{title} answered that it took the confirmation, but its order does not show the parcel."
            ),
            format!("look at the order in your seller account; if it is not there: parcelwire retry {order}"),
        );
    }
    if let State::Conflict { theirs, ours } = &package.state {
        return said(
            &format!("{title} shows something else than the store"),
            format!("{title} shows: {theirs}. The store says: {ours}. Nothing was overwritten."),
            format!(
                "if the marketplace is right: parcelwire hold {order} confirmed-by-hand; if the store is right, \
                 correct it in your seller account"
            ),
        );
    }
    if alert.cause == "cancelled_there" {
        return said(
            "A parcel left, but its order is cancelled",
            format!(
                "{title} says that the order is cancelled, and the store shipped it. It is not confirmed."
            ),
            format!("stop the parcel or settle it with the buyer, then: parcelwire hold {order} not-ours"),
        );
    }
    let waits = if let State::Planned { waiting: WaitsFor::Connection, .. } = &package.state {
        "the account is paused or must be connected again".to_owned()
    } else if let State::Planned { waiting: WaitsFor::Tokens, .. } = &package.state {
        format!("{title}'s limit for this account is used up, it is in line")
    } else if let State::Planned { waiting: WaitsFor::Pause { why }, .. } = &package.state {
        format!("the last try failed: {why}")
    } else if let State::Doubt { .. } = &package.state {
        "it is unclear whether the last call was applied, we are reading".to_owned()
    } else {
        "it has not gone through yet".to_owned()
    };
    let what = if alert.cause == AT_RISK { "A parcel may miss its deadline" } else { "A parcel needs you" };
    said(what, format!("It is not confirmed yet: {waits}."), format!("parcelwire explain {order}"))
}

fn held(cause: &Cause, account: &str, order: &str, title: &str) -> (String, String, String) {
    let (what, why, fix) = match cause {
        Cause::CarrierUnmapped { text, suggestions } => {
            let like = if suggestions.is_empty() {
                "CODE".to_owned()
            } else {
                shell_quoted(suggestions.first().map_or("CODE", String::as_str))
            };
            let near = if suggestions.is_empty() {
                String::new()
            } else {
                format!(" Codes that look alike: {}.", suggestions.join(", "))
            };
            (
                format!("No {title} carrier code for {text:?}"),
                format!("The store wrote the carrier as {text:?}, and no {title} code is known for it.{near}"),
                format!("parcelwire map set {} {like} --account {account}", shell_quoted(text)),
            )
        }
        Cause::CarrierContradicted { text, detail } => (
            "Tracking number and carrier contradict each other".to_owned(),
            format!("The store says {text:?}, but {detail}. {title} would refuse it or count it as not tracked."),
            format!(
                "look at the label and correct the carrier or the number in the store; if the store is right: \
                 parcelwire hold {order} send-once"
            ),
        ),
        Cause::NoCarrier => (
            "The store names no carrier".to_owned(),
            format!("The fulfillment has a tracking number but no carrier, and {title} wants one."),
            "add the carrier to the fulfillment in the store; we send it then".to_owned(),
        ),
        Cause::NoTrackingNumber => (
            "No tracking number yet".to_owned(),
            "The store says that it shipped, but has no tracking number.".to_owned(),
            "add the tracking number to the fulfillment in the store; we send it then".to_owned(),
        ),
        Cause::NumberNeeded => (
            "A parcel without a tracking number".to_owned(),
            format!("You let parcels go without a number, but {title} takes none of those."),
            format!(
                "add the tracking number to the fulfillment in the store; we send it then; if there is none, confirm the \
                 order in your seller account, then: parcelwire hold {order} confirmed-by-hand"
            ),
        ),
        Cause::LineUnclear { lines } => {
            let first = lines.first().and_then(|l| l.strip_prefix("SKU ")).unwrap_or("STORE-SKU");
            (
                "A line of the store order matches no line of the marketplace order".to_owned(),
                format!("Not on the {title} order: {}.", lines.join(", ")),
                format!("parcelwire sku set {} MARKETPLACE-SKU --account {account}", shell_quoted(first)),
            )
        }
        Cause::SurplusNumber => (
            "More tracking numbers than units".to_owned(),
            "The fulfillment has more tracking numbers than units; this one has no unit left and is not sent."
                .to_owned(),
            format!("correct the fulfillment in the store, or: parcelwire hold {order} ignore --reason \"extra label\""),
        ),
        Cause::TooMany { detail } => (
            "More units shipped than ordered".to_owned(),
            format!("{detail}."),
            format!("correct the fulfillments in the store, or: parcelwire hold {order} confirmed-by-hand"),
        ),
        Cause::InDoubt { detail, .. } => (
            format!("It is unclear whether {title} took a confirmation"),
            format!("The answer was lost, and {title} does not show enough to tell: {detail}."),
            format!("look at the order in your seller account; if it shows the parcel: parcelwire hold {order} confirmed-by-hand; if not: parcelwire retry {order}"),
        ),
        Cause::OrderUnclear { detail } => (
            format!("What {title} shows cannot be explained"),
            format!("{detail}."),
            format!("look at the order in your seller account, then: parcelwire hold {order} confirmed-by-hand, or parcelwire retry {order}"),
        ),
        Cause::Pending => (
            format!("The order is still pending on {title}"),
            format!("The parcel left, but {title} says the order is not paid or not released yet; it takes no confirmation now."),
            "nothing: we confirm it as soon as the order is released".to_owned(),
        ),
        Cause::EditByHand => (
            "A confirmed parcel was changed in the store".to_owned(),
            format!("{title} takes no change of a confirmed parcel from us."),
            format!("change it in your seller account, then: parcelwire hold {order} confirmed-by-hand"),
        ),
        Cause::LineInParts { lines } => (
            format!("{title} takes a line only in one parcel"),
            format!("This parcel holds {}; {title} has no way to tell of a part of a line.", lines.join(", ")),
            format!(
                "in your seller account, mark the order as shipped and enter every tracking number of the line, then: \
                 parcelwire hold {order} confirmed-by-hand"
            ),
        ),
        Cause::AccessClosed => (
            format!("{title} lets your app confirm no parcels any more"),
            format!("{title} refused it for good, so nothing more is sent for this account; orders are still read."),
            format!(
                "confirm this order in your seller account, then: parcelwire hold {order} confirmed-by-hand; once the \
                 app may confirm again: parcelwire resume {account}"
            ),
        ),
    };
    (what, why, fix)
}

/// A row for the digest: what waits for the merchant.
pub(super) fn digest_row(connection: &Connection, package: &Package, place: Place<'_>) -> Row {
    let alert = package.alerts.all().last().cloned().unwrap_or(Alert {
        kind: MailKind::Unclear,
        cause: String::new(),
        version: 1,
        raised_at: package.created_at,
        stage: AlertStage::Due,
        their_words: None,
        request_id: None,
    });
    package_row(connection, package, place, Stage::First, &alert).1
}

#[cfg(test)]
mod tests;
