//! What is said of an order as a whole, at the store and at the marketplace.

use domain::alert::Alert;
use domain::connection::MailKind;
use domain::order::{
    CANCEL_AFTER_LEAVING, CANCEL_BEFORE_LEAVING, Link, MarketplaceOrder, ORDER_AT_RISK, StoreOrder,
};
use domain::reversal::REVERSAL;

use crate::alerts::store_causes;
use crate::mails::{Row, Stage, shell_quoted};

pub(super) fn store_row(order: &StoreOrder, title: &str, stage: Stage, alert: &Alert) -> (String, Row) {
    let name = order.title().to_owned();
    let quoted = shell_quoted(&name);
    let (what, fix, settled) = match alert.cause.as_str() {
        store_causes::READ_REFUSED => (
            "The store refused to show an order",
            format!("check the store app's permissions, then: parcelwire retry {quoted}"),
            "The store shows the order now.",
        ),
        store_causes::NOT_FOUND => {
            let retry = format!(
                "orders older than 60 days are shown only to an app with the scope read_all_orders: give it that, put \
                 the new token into the settings, then: parcelwire retry {quoted}"
            );
            let ruled_out = format!("   (or, if it is gone for good: parcelwire hold {quoted} not-ours)");
            let open = matches!(order.link, Link::Unclear { .. });
            (
                "The store does not show an order that it told us of",
                if open { retry + &ruled_out } else { retry },
                "The store shows the order now, or you decided about it.",
            )
        }
        store_causes::UNREACHABLE => (
            "The store cannot be asked about an order",
            format!(
                "we keep asking; if the store works for you, check its address and its token in the settings, then: \
                 parcelwire retry {quoted}"
            ),
            "The store answers again.",
        ),
        store_causes::TOO_MANY_LINES => (
            "A store order has more lines than can be kept",
            format!(
                "if it is a marketplace order, confirm its parcels by hand; then: parcelwire hold {quoted} ignore \
                 --reason \"too many lines\""
            ),
            "You decided about the order.",
        ),
        _ => (
            "A store order names a marketplace order that does not exist in that form",
            format!(
                "correct the order's marketplace id in the store, then: parcelwire retry {quoted}   (or, if it is no \
                 marketplace order: parcelwire hold {quoted} not-ours)"
            ),
            "It is clear now which order this is.",
        ),
    };
    let resolved = stage == Stage::Resolved;
    let row = Row {
        order: name.clone(),
        store_order: Some(name),
        marketplace: title.to_owned(),
        their_words: alert.their_words.clone(),
        request_id: alert.request_id.clone(),
        cause: if resolved { settled.into() } else { format!("{what}.") },
        fix: if resolved { String::new() } else { fix },
        ..Row::default()
    };
    (what.to_owned(), row)
}

pub(super) fn order_row(order: &MarketplaceOrder, title: &str, stage: Stage, alert: &Alert) -> (String, Row) {
    let id = order.order.order.to_string();
    let quoted = shell_quoted(&id);
    let (what, cause, fix, settled) = match alert.cause.as_str() {
        CANCEL_BEFORE_LEAVING => (
            "The buyer asked to cancel, and nothing has left",
            format!(
                "{title} says that the buyer asked to cancel the order. No parcel of it has left that we know of."
            ),
            "stop the order in the store before it ships, and grant the request in your seller account"
                .to_owned(),
            "The request is gone, or the order is cancelled.",
        ),
        CANCEL_AFTER_LEAVING => (
            "The buyer asked to cancel, but a parcel has left",
            format!(
                "{title} says that the buyer asked to cancel the order, and the store shipped it. It is confirmed all \
                 the same: a parcel that has left and is not confirmed counts as late."
            ),
            "refuse the request in your seller account, or stop the parcel and settle it with the buyer"
                .to_owned(),
            "The request is gone, or the order is cancelled.",
        ),
        "reversal:cancel" => (
            "A cancellation of the store is yours to take to the marketplace",
            format!("The store cancelled the order, and that was not taken to {title}: see why below."),
            "look at the order in your seller account, and cancel or refund there what is not yet".to_owned(),
            "The order is cancelled.",
        ),
        cause if cause.starts_with(REVERSAL) => (
            "A refund of the store is yours to take to the marketplace",
            format!("A refund of the store was not taken to {title} for certain: see why below."),
            "look at the order in your seller account, and refund there what is not refunded yet".to_owned(),
            "The refund is settled.",
        ),
        ORDER_AT_RISK => (
            "An order may miss its deadline",
            format!(
                "A parcel of it has left, and is not confirmed yet: {title}'s limit for this account is used up, or the \
                 account is paused or must be connected again, so that the order could not be read."
            ),
            format!(
                "parcelwire explain {quoted}; if it cannot wait, confirm it in your seller account, then: \
                 parcelwire hold {quoted} confirmed-by-hand"
            ),
            "The order was read: its parcels go on.",
        ),
        "order_not_found" => (
            "The account has no such order",
            "The account has no such order: it may belong to another account or region.".to_owned(),
            format!("check the order id in the store and the account, then: parcelwire retry {quoted}"),
            "The marketplace shows the order now.",
        ),
        _ => (
            "The marketplace refuses to show an order",
            "The marketplace refuses to show an order: it may belong to another account or region."
                .to_owned(),
            format!("check the order id in the store and the account, then: parcelwire retry {quoted}"),
            "The marketplace shows the order now.",
        ),
    };
    let resolved = stage == Stage::Resolved;
    let row = Row {
        order: id,
        store_order: order.store_orders.iter().next().map(|s| s.order.to_string()),
        marketplace: title.to_owned(),
        their_words: alert.their_words.clone(),
        request_id: alert.request_id.clone(),
        cause: if resolved { settled.into() } else { cause },
        fix: if resolved { String::new() } else { fix },
        // Money has no time to ship by.
        ship_by: order.facts.as_ref().and_then(|f| f.ship_by).filter(|_| alert.kind != MailKind::Reversal),
        ..Row::default()
    };
    (what.to_owned(), row)
}
