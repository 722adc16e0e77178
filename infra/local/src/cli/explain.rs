//! `explain`: one order, told from the beginning.

use std::fmt::Write as _;

use jiff::Timestamp;
use workflow::admin::{self, Explanation, PackagePart, Step, StoreOrderPart};
use workflow::world::World;

use super::output::{from_now, table, time, wrapped};
use super::{Failure, Out};

pub(super) async fn explain(world: &World, order: &str, out: &mut Out) -> Result<(), Failure> {
    let found = admin::explain(world, order).await?;
    let now = world.now();
    out.answer(&found, |width| told(&found, now, width));
    Ok(())
}

fn told(found: &Explanation, now: Timestamp, width: usize) -> String {
    let zone = found.time_zone.as_str();
    let mut text = String::new();
    if let Some(order) = &found.marketplace_order {
        let kind = order.marketplace.as_deref().unwrap_or("marketplace");
        let mut facts: Vec<String> = Vec::new();
        facts.extend(order.status.as_ref().map(|status| format!("status {status}")));
        facts.extend(order.fulfilled_by.as_ref().map(|by| format!("shipped by the {by}")));
        facts.extend(order.deadline.map(|at| format!("ship by {} ({})", time(at, zone), from_now(at, now))));
        facts.extend(
            order.not_found_since.map(|at| format!("unknown to the account since {}", time(at, zone))),
        );
        facts.push(
            order.read_at.map_or_else(|| "not read yet".into(), |at| format!("read {}", from_now(at, now))),
        );
        push(&mut text, 0, &format!("Order {} at {} ({kind})", order.order, order.connection), width);
        push(&mut text, 2, &facts.join("; "), width);
        for line in &order.lines {
            let sku = line.sku.as_deref().unwrap_or("no SKU");
            let cancelled =
                if line.cancelled > 0 { format!(", {} cancelled", line.cancelled) } else { String::new() };
            let shipped = line
                .shipped
                .map_or_else(String::new, |n| format!(", {n} shipped by the marketplace's count"));
            push(
                &mut text,
                2,
                &format!("line {} ({sku}): {} ordered{cancelled}{shipped}", line.line, line.ordered),
                width,
            );
        }
        for shown in order.shown.iter() {
            let number = shown.tracking_number.as_deref().unwrap_or("no number");
            let carrier = shown.carrier.as_deref().unwrap_or("no carrier");
            let whose = if shown.ours { "ours" } else { "somebody else's" };
            push(
                &mut text,
                2,
                &format!("shown: {carrier} {number} as package {} ({whose})", shown.reference),
                width,
            );
        }
    }
    for store in &found.store_orders {
        tell_store(&mut text, store, zone, width);
    }
    for package in &found.packages {
        tell_package(&mut text, package, zone, now, width);
    }
    if !found.events.is_empty() {
        text.push_str("\nWhat happened\n");
        let rows: Vec<Vec<String>> =
            found.events.iter().map(|e| vec![time(e.at, zone), e.about.clone(), e.what.clone()]).collect();
        let table = table(&["WHEN", "TO", "WHAT"], &rows, width);
        text.push_str(&table);
    }
    text
}

fn tell_store(text: &mut String, store: &StoreOrderPart, zone: &str, width: usize) {
    let name = store.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
    push(text, 0, &format!("Store order{name} ({}) at {}", store.order, store.connection), width);
    push(text, 2, &format!("link: {}: {}", store.link.state, store.link.reason), width);
    if let Some(at) = store.cancelled_at {
        push(text, 2, &format!("cancelled at the store {}", time(at, zone)), width);
    }
    for f in &store.fulfillments {
        let numbers = if f.tracking.is_empty() { "no number".to_owned() } else { f.tracking.join(", ") };
        let carrier = f.carrier.as_deref().unwrap_or("no carrier");
        let voided = if f.voided { ", voided" } else { "" };
        let left = time(f.shipped_at, zone);
        push(
            text,
            2,
            &format!("fulfillment {}: {carrier} {numbers}, {} units, left {left}{voided}", f.id, f.units),
            width,
        );
    }
    tell_steps(text, &store.next, width);
}

fn tell_package(text: &mut String, package: &PackagePart, zone: &str, now: Timestamp, width: usize) {
    let number = package.tracking_number.as_deref().unwrap_or("without a number");
    let carrier = package.carrier.as_deref().unwrap_or("no carrier");
    let sent = package.sent_carrier.as_deref().map_or_else(String::new, |code| format!(", sent as {code}"));
    push(text, 0, &format!("Package {}: {number}, {carrier}{sent}", package.package), width);
    push(text, 2, &format!("{}: {}", package.state, package.reason), width);
    if let Some(meaning) = package.meaning {
        push(text, 2, &format!("that means: {} What to do: {}.", meaning.cause, meaning.fix), width);
    }
    if let Some(what) = &package.waits_for {
        let next =
            package.next_look.map_or_else(String::new, |at| format!(", next look {}", from_now(at, now)));
        push(text, 2, &format!("waits for {what}{next}"), width);
    }
    if let Some(at) = package.deadline.filter(|_| package.waits_for.is_some()) {
        push(text, 2, &format!("ship by {} ({})", time(at, zone), from_now(at, now)), width);
    }
    if let Some(ruling) = package.ruling {
        push(text, 2, &format!("you decided: {ruling}"), width);
    }
    tell_steps(text, &package.next, width);
}

fn tell_steps(text: &mut String, steps: &[Step], width: usize) {
    for (n, step) in steps.iter().enumerate() {
        let lead = if n == 0 { "what you can do: " } else { "" };
        push(
            text,
            2,
            &format!("{lead}{}{}", step.what, if step.command.is_some() { ":" } else { "" }),
            width,
        );
        if let Some(command) = &step.command {
            // Never wrapped: it is there to be copied.
            let command: String = command.chars().filter(|c| !c.is_control()).collect();
            let _infallible = writeln!(text, "      {command}");
        }
    }
}

/// Adds a paragraph; what is not indented begins a new part.
fn push(text: &mut String, indent: usize, paragraph: &str, width: usize) {
    if indent == 0 && !text.is_empty() {
        text.push('\n');
    }
    for (n, line) in wrapped(paragraph, width.saturating_sub(indent + 2)).into_iter().enumerate() {
        let hang = if n == 0 { indent } else { indent + 2 };
        text.push_str(&" ".repeat(hang));
        text.push_str(&line);
        text.push('\n');
    }
}
