//! `connections`, `pause` and `resume`.

use jiff::Timestamp;
use workflow::admin::{self, ActivityChange, ConnectionView};
use workflow::world::World;

use super::output::{from_now, table, time};
use super::{Failure, Out};

pub(super) async fn list(world: &World, out: &mut Out) -> Result<(), Failure> {
    let all = admin::connections(world).await?;
    let now = world.now();
    out.answer(&all, |width| shown(&all, now, width));
    Ok(())
}

fn shown(all: &[ConnectionView], now: Timestamp, width: usize) -> String {
    if all.is_empty() {
        return "No connection is configured.".to_owned();
    }
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| from_now(at, now));
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|c| {
            let heard = if c.role == "store" { c.last_webhook } else { c.last_poll };
            vec![
                c.id.clone(),
                c.merchant.clone(),
                c.kind.clone(),
                c.activity.to_owned(),
                when(heard),
                when(c.last_confirmation),
                notes(c, now),
            ]
        })
        .collect();
    table(&["CONNECTION", "MERCHANT", "KIND", "STATE", "LAST HEARD", "LAST CONFIRMED", "NOTES"], &rows, width)
}

fn notes(c: &ConnectionView, now: Timestamp) -> String {
    let mut notes: Vec<String> = Vec::new();
    notes.extend(c.why.clone());
    if c.needs_attention > 0 {
        notes.push(format!("{} wait for you", c.needs_attention));
    }
    if c.waiting > 0 {
        notes.push(format!("{} wait for its limit", c.waiting));
    }
    if let Some(at) = c.credentials_expire_at {
        let word = if at > now { "expire" } else { "expired" };
        notes.push(format!("credentials {word} {} ({})", time(at, &c.time_zone), from_now(at, now)));
    }
    for stopped in &c.mail_suppressed {
        let since = time(stopped.at, &c.time_zone);
        notes.push(format!(
            "no mail to {} since {since}: parcelwire mail allow {}",
            stopped.address, stopped.address
        ));
    }
    if notes.is_empty() { "-".to_owned() } else { notes.join("; ") }
}

pub(super) async fn pause(world: &World, connection: &str, out: &mut Out) -> Result<(), Failure> {
    let done = admin::pause(world, connection).await?;
    out.answer(&done, |_| {
        told(&done, "Nothing new is sent; what is on its way is still brought to its end.")
    });
    Ok(())
}

pub(super) async fn resume(world: &World, connection: &str, out: &mut Out) -> Result<(), Failure> {
    let done = admin::resume(world, connection).await?;
    out.answer(&done, |_| told(&done, "What waits for it goes, most urgent first."));
    Ok(())
}

fn told(done: &ActivityChange, effect: &str) -> String {
    let ActivityChange { connection, before, now, changed, .. } = done;
    if *changed {
        format!("{connection}: {before} -> {now}. {effect}")
    } else {
        format!("{connection} is {now} already. {effect}")
    }
}
