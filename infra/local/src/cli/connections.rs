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
    // Where there is but one merchant, a narrow terminal has better things to show.
    let merchants = width >= 120 || all.iter().any(|c| Some(&c.merchant) != all.first().map(|c| &c.merchant));
    let row = |c: &ConnectionView| {
        let is_store = c.role == "store";
        // Not every marketplace tells anything by itself, and no store is confirmed to.
        let when = |at: Option<Timestamp>, awaited: bool| match at {
            Some(at) => from_now(at, now),
            None => if awaited { "never" } else { "-" }.to_owned(),
        };
        let mut cells = vec![c.id.clone()];
        cells.extend(merchants.then(|| c.merchant.clone()));
        cells.extend([
            c.kind.clone(),
            c.activity.to_owned(),
            when(c.last_webhook, is_store),
            when(c.last_poll, true),
            when(c.last_confirmation, !is_store),
            notes(c, now),
        ]);
        cells
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let mut headings = vec!["CONNECTION"];
    headings.extend(merchants.then_some("MERCHANT"));
    headings.extend(["KIND", "STATE", "LAST WEBHOOK", "LAST POLL", "LAST CONFIRMED", "NOTES"]);
    table(&headings, &rows, width)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn view(id: &str, merchant: &str, role: &'static str) -> ConnectionView {
        ConnectionView {
            id: id.to_owned(),
            merchant: merchant.to_owned(),
            kind: "k".to_owned(),
            role,
            activity: "active",
            why: None,
            since: None,
            sync: true,
            started_at: None,
            last_webhook: None,
            last_poll: None,
            last_confirmation: None,
            credentials_expire_at: None,
            waiting: 0,
            needs_attention: 0,
            mail_suppressed: Vec::new(),
            time_zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn webhook_and_poll_are_told_apart_of_stores_too() {
        let now = Timestamp::from_second(100_000).unwrap();
        let ago = |seconds: i64| Timestamp::from_second(100_000 - seconds).ok();
        let shop = ConnectionView { last_poll: ago(120), ..view("shop", "m", "store") };
        let silent = ConnectionView { last_webhook: ago(7200), ..view("silent", "m", "store") };
        let there = ConnectionView { last_confirmation: ago(60), ..view("there", "m", "marketplace") };
        let all = [shop, silent, there];
        let text = shown(&all, now, 100);
        let cells = |line: &str| -> Vec<String> {
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
        };
        let lines: Vec<Vec<String>> = text.lines().map(cells).collect();
        let heading = ["CONNECTION", "KIND", "STATE", "LAST WEBHOOK", "LAST POLL", "LAST CONFIRMED", "NOTES"];
        assert_eq!(lines[0], heading, "{text}");
        assert_eq!(lines[1], ["shop", "k", "active", "never", "2 min ago", "-", "-"]);
        assert_eq!(lines[2], ["silent", "k", "active", "2 h 0 min ago", "never", "-", "-"]);
        assert_eq!(lines[3], ["there", "k", "active", "-", "never", "1 min ago", "-"]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        // Whose they are is told where it is not plain, or where there is room.
        assert!(shown(&all, now, 120).contains("MERCHANT"));
        assert!(shown(&[view("a", "m", "store"), view("b", "n", "store")], now, 80).contains("MERCHANT"));
    }
}
