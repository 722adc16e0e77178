//! `orders`, `hold` and `retry`.

use clap::{Args, ValueEnum};
use domain::state::StateName;
use ports::QueueName;
use serde::Serialize;
use workflow::admin::{self, HoldAction, OrderRow, Retried, Ruled};
use workflow::world::World;

use super::output::{from_now, or_dash, table};
use super::{Failure, Out, Place};
use crate::deployed::AMAZON_QUEUE;

pub(super) async fn list(
    world: &World,
    state: Option<StateName>,
    connection: Option<&str>,
    out: &mut Out,
) -> Result<(), Failure> {
    let all = admin::orders(world, state, connection).await?;
    let now = world.now();
    out.answer(&all, |width| {
        if all.is_empty() {
            return "No order.".to_owned();
        }
        // A narrow terminal shows what tells orders apart and what is to be done; the rest is in `explain`.
        let (names, numbers) = (width >= 120, width >= 100);
        let row = |row: &OrderRow| {
            let store_order = or_dash(row.store_order_name.as_deref().or(row.store_order.as_deref()));
            let order = row.marketplace_order.as_deref().or((!names).then_some(store_order.as_str()));
            let mut cells =
                vec![or_dash(row.connection.as_deref().or(row.store_connection.as_deref())), or_dash(order)];
            cells.extend(names.then_some(store_order.clone()));
            cells.extend(numbers.then(|| or_dash(row.tracking_number.as_deref())));
            cells.push(row.state.to_owned());
            cells.push(row.deadline.map_or_else(|| "-".to_owned(), |at| from_now(at, now)));
            cells.push(row.reason.clone());
            cells
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        let mut headings = vec!["ACCOUNT", "ORDER"];
        headings.extend(names.then_some("STORE ORDER"));
        headings.extend(numbers.then_some("NUMBER"));
        headings.extend(["STATE", "SHIP BY", "WHY"]);
        table(&headings, &rows, width)
    });
    Ok(())
}

/// What is decided.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    /// Send it, though it shipped before the connection started
    SendOnce,
    /// It was confirmed in the seller account: stand down
    ConfirmedByHand,
    /// It is none of ours
    NotOurs,
    /// Leave it, with --reason
    Ignore,
}

#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    /// A marketplace order id, a store order id or name, or a tracking number
    order: String,
    /// What you decide
    action: Action,
    /// Why, for the history; needed to ignore
    #[arg(long, required_if_eq("action", "ignore"))]
    reason: Option<String>,
    /// Only this package, by key or tracking number
    #[arg(long)]
    package: Option<String>,
}

pub(super) async fn hold(world: &World, args: &HoldArgs, out: &mut Out) -> Result<(), Failure> {
    let action = match args.action {
        Action::SendOnce => HoldAction::SendOnce,
        Action::ConfirmedByHand => HoldAction::ConfirmedByHand,
        Action::NotOurs => HoldAction::NotOurs,
        Action::Ignore => HoldAction::Ignore { reason: args.reason.clone().unwrap_or_default() },
    };
    let done = admin::hold(world, &args.order, args.package.as_deref(), &action).await?;
    out.answer(&done, |width| {
        let row = |ruled: &Ruled| {
            let order = ruled.marketplace_order.as_deref().or(ruled.store_order.as_deref());
            let package = or_dash(ruled.package.as_deref());
            vec![or_dash(order), package, ruled.state.to_owned(), format!("decided: {}", ruled.action)]
        };
        let rows: Vec<Vec<String>> = done.iter().map(row).collect();
        table(&["ORDER", "PACKAGE", "WAS", "NOW"], &rows, width)
    });
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// A marketplace order id, a store order id or name, or a tracking number
    #[arg(required_unless_present = "dead_letters", conflicts_with = "dead_letters")]
    order: Option<String>,
    /// Have every message that could not be worked on tried again
    #[arg(long)]
    dead_letters: bool,
}

/// What `redrive` did.
#[derive(Debug, Serialize)]
struct Redriven {
    /// The queue.
    queue: &'static str,
    /// Messages put back into it.
    messages: usize,
}

pub(super) async fn retry(place: &Place, args: &RetryArgs, out: &mut Out) -> Result<(), Failure> {
    let Some(order) = &args.order else { return redrive(place, out).await };
    let done = admin::retry(place.world(), order).await?;
    out.answer(&done, |width| {
        let row = |retried: &Retried| {
            let what = match (&retried.package, &retried.store_order) {
                (Some(package), _) => format!("package {package}"),
                (None, Some(order)) => format!("store order {order}"),
                (None, None) => "order".to_owned(),
            };
            vec![what, or_dash(retried.before), or_dash(retried.after), retried.what.clone()]
        };
        let rows: Vec<Vec<String>> = done.iter().map(row).collect();
        table(&["WHAT", "WAS", "IS", "DONE"], &rows, width)
    });
    Ok(())
}

pub(super) async fn redrive(place: &Place, out: &mut Out) -> Result<(), Failure> {
    let mut done = Vec::new();
    for queue in QueueName::ALL {
        let messages = place.redrive(queue).await?;
        done.push(Redriven { queue: queue.as_str(), messages });
    }
    if let Some(messages) = place.redrive_amazon().await? {
        done.push(Redriven { queue: AMAZON_QUEUE, messages });
    }
    out.answer(&done, |_| {
        let each =
            done.iter().map(|row| format!("{}: {} put back into the queue\n", row.queue, row.messages));
        each.collect()
    });
    Ok(())
}
