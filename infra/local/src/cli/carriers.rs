//! `map lint`, `map dry-run` and `map suggest`: what would hold parcels, and what a change would do.

use std::path::PathBuf;

use ::carriers::How;
use clap::Args;
use workflow::admin::{
    self, DryRun, Edit, HeldText, Lint, MapTarget, Outcome, Shift, Shifts, Suggested, SuggestedIn,
};

use super::answers::{Matching, Target};
use super::output::{from_now, or_dash, table};
use super::{Failure, Out, bytes_of};
use crate::system::Local;

/// Rows of a table at most; the rest is in the JSON.
const MOST_ROWS: usize = 30;
/// Countries that are named before the others are only counted.
const MOST_COUNTRIES: usize = 6;

/// Which change to try.
#[derive(Debug, Args)]
pub(super) struct DryRunArgs {
    /// The file as for `map import`; - is the standard input
    #[arg(required_unless_present = "remove", conflicts_with = "remove")]
    file: Option<PathBuf>,
    /// Instead: what taking this text's mapping out of force would do
    #[arg(long, value_name = "TEXT")]
    remove: Option<String>,
    #[command(flatten)]
    matching: Matching,
    #[command(flatten)]
    target: Target,
}

pub(super) async fn lint(local: &Local, target: MapTarget, out: &mut Out) -> Result<(), Failure> {
    let lint = admin::map_lint(&local.world, &target).await?;
    let now = local.world.now();
    out.answer(&lint, |width| told_lint(&lint, now, width));
    match lint.texts.len() {
        0 => Ok(()),
        1 => Err(Failure::found("one carrier text would hold parcels")),
        many => Err(Failure::found(format!("{many} carrier texts would hold parcels"))),
    }
}

pub(super) async fn dry_run(local: &Local, args: DryRunArgs, out: &mut Out) -> Result<(), Failure> {
    let DryRunArgs { file, remove, matching, target } = args;
    let how = How::from(matching);
    let target = target.into();
    let done = match (&file, &remove) {
        (Some(_), _) if how != How::Folded => {
            return Err(Failure::usage(
                "--exact and --pattern go with --remove: a file has a column for them",
            ));
        }
        (Some(file), _) => {
            let bytes = bytes_of(file)?;
            admin::map_dry_run(&local.world, &target, Edit::Import(&bytes)).await?
        }
        (None, text) => {
            let text = text.as_deref().unwrap_or_default();
            admin::map_dry_run(&local.world, &target, Edit::Remove(text, how)).await?
        }
    };
    out.answer(&done, |width| told_dry_run(&done, width));
    Ok(())
}

pub(super) async fn suggest(
    local: &Local,
    text: &str,
    target: MapTarget,
    out: &mut Out,
) -> Result<(), Failure> {
    let found = admin::map_suggest(&local.world, text, &target).await?;
    out.answer(&found, |width| told_suggested(&found, width));
    Ok(())
}

/// `1 parcel`, `2 parcels`.
fn parcels(count: usize) -> String {
    format!("{count} {}", if count == 1 { "parcel" } else { "parcels" })
}

fn countries(names: &[&'static str]) -> String {
    match names.len() {
        0 => "all".to_owned(),
        many if many > MOST_COUNTRIES => {
            let first: Vec<&str> = names.iter().take(MOST_COUNTRIES).copied().collect();
            format!("{} and {} more", first.join(", "), many - MOST_COUNTRIES)
        }
        _ => names.join(", "),
    }
}

fn told_lint(lint: &Lint, now: jiff::Timestamp, width: usize) -> String {
    let mut text = match lint.texts.len() {
        0 => "No carrier text that the stores have written would hold a parcel.\n".to_owned(),
        _ => held_texts(&lint.texts, now, width),
    };
    if !lint.other.is_empty() {
        text.push_str("\nSent under the word for other in the last 30 days:\n");
        let rows: Vec<Vec<String>> = lint
            .other
            .iter()
            .map(|row| {
                let share = format!("{} %", row.percent);
                vec![row.connection.clone(), row.sent.to_string(), row.sent_as_other.to_string(), share]
            })
            .collect();
        text.push_str(&table(&["ACCOUNT", "SENT", "AS OTHER", "SHARE"], &rows, width));
    }
    if !lint.unlisted.is_empty() {
        text.push_str("\nMappings to codes outside our lists, and what became of their parcels:\n");
        let rows: Vec<Vec<String>> = lint
            .unlisted
            .iter()
            .map(|row| {
                let counts = [row.shown, row.not_shown, row.awaited, row.refused].map(|n| n.to_string());
                let mut cells = vec![row.scope.clone(), row.text.clone(), row.code.clone()];
                cells.extend(counts);
                cells
            })
            .collect();
        let headings = ["FOR", "TEXT", "CODE", "SHOWN", "NOT SHOWN", "NOT SEEN YET", "REFUSED"];
        text.push_str(&table(&headings, &rows, width));
    }
    if !lint.outdated.is_empty() {
        text.push_str("\nMappings that decide nothing any more:\n");
        let row = |m: &admin::OutdatedMapping| vec![m.scope.clone(), m.text.clone(), m.problem.clone()];
        let rows: Vec<Vec<String>> = lint.outdated.iter().map(row).collect();
        text.push_str(&table(&["FOR", "TEXT", "WHY"], &rows, width));
        text.push_str(&commands(lint.outdated.iter().map(|row| row.command.as_str())));
    }
    text
}

fn held_texts(texts: &[HeldText], now: jiff::Timestamp, width: usize) -> String {
    let row = |held: &HeldText| {
        let why = match held.why {
            "ambiguous" => "names several carriers",
            "mapping_refused" => "its mapping's code is not accepted there",
            _ => "no code",
        };
        let near = match held.suggestions.is_empty() {
            true => String::new(),
            false => format!("; near it: {}", held.suggestions.join(", ")),
        };
        vec![
            held.connection.clone(),
            countries(&held.countries),
            or_dash(held.text.as_deref()),
            or_dash(held.service.as_deref()),
            held.held.to_string(),
            from_now(held.last_seen, now),
            format!("{why}{near}"),
        ]
    };
    let rows: Vec<Vec<String>> = texts.iter().take(MOST_ROWS).map(row).collect();
    let headings = ["ACCOUNT", "COUNTRY", "TEXT", "SERVICE", "PARCELS", "LAST", "WHY"];
    let mut text = "Parcels under these carrier texts would be held:\n".to_owned();
    text.push_str(&table(&headings, &rows, width));
    text.push_str(&and_more(texts.len()));
    text.push_str(&commands(texts.iter().take(MOST_ROWS).map(|held| held.command.as_str())));
    text
}

fn and_more(all: usize) -> String {
    match all.saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => format!("and {more} more; --json tells all\n"),
    }
}

/// Commands on lines of their own, to be copied.
fn commands<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let lines: String = all.map(|command| format!("  {command}\n")).collect();
    format!("To map them:\n{lines}")
}

fn shifts(counts: Shifts) -> String {
    let Shifts { released, held, changed } = counts;
    format!("{released} held now would go, {held} would be held, {changed} would change otherwise")
}

fn told_dry_run(done: &DryRun, width: usize) -> String {
    let mut text = format!("Of {} of the last 30 days: {}.", parcels(done.shipments), shifts(done.next));
    if done.told.total() > 0 {
        text.push_str(&format!(
            " {} told of already would have fared otherwise; that is not sent again.",
            parcels(done.told.total())
        ));
    }
    text.push_str(&format!(
        "\n{} mapping(s) of {} would change, {} would stay. Nothing was written, nobody was called.\n",
        done.changed, done.scope, done.unchanged
    ));
    if done.rows.is_empty() {
        return text;
    }
    let rows: Vec<Vec<String>> = done.rows.iter().take(MOST_ROWS).map(|row| shift_row(row, width)).collect();
    let mut headings = vec!["ACCOUNT", "ORDER"];
    headings.extend((width >= 120).then_some("NUMBER"));
    headings.extend(["TEXT", "NOW", "THEN"]);
    text.push('\n');
    text.push_str(&table(&headings, &rows, width));
    text.push_str(&and_more(done.rows.len()));
    text
}

fn shift_row(row: &Shift, width: usize) -> Vec<String> {
    let said = [row.text.as_deref(), row.service.as_deref()].into_iter().flatten();
    let told = if row.when == "told" { " (told already)" } else { "" };
    let mut cells = vec![row.connection.clone(), row.marketplace_order.clone()];
    cells.extend((width >= 120).then(|| or_dash(row.tracking_number.as_deref())));
    cells.extend([
        or_dash(Some(&said.collect::<Vec<_>>().join(", "))),
        outcome(&row.from),
        format!("{}{told}", outcome(&row.to)),
    ]);
    cells
}

fn outcome(outcome: &Outcome) -> String {
    let Outcome { does, code, name, service, cause, .. } = outcome;
    let Some(code) = code else {
        let cause = cause.as_deref().unwrap_or_default().replace('_', " ");
        return format!("{does}: {cause}");
    };
    let name = name.as_deref().map_or_else(String::new, |name| format!(" {name:?}"));
    let service = service.as_deref().map_or_else(String::new, |service| format!(", {service}"));
    format!("{code}{name}{service}")
}

fn told_suggested(found: &Suggested, width: usize) -> String {
    let Suggested { text, carrier, service, named, .. } = found;
    let mut told = match (carrier, named.len()) {
        (Some(carrier), _) => {
            let service = service.as_deref().map_or_else(String::new, |s| format!(", service {s:?}"));
            format!("The built-in names take {text:?} for {carrier}{service}.\n")
        }
        (None, many) if many > 1 => {
            format!("{text:?} names several carriers ({}): nobody but you can tell.\n", named.join(", "))
        }
        (None, _) => format!("The built-in names do not know {text:?}.\n"),
    };
    if found.countries.is_empty() {
        told.push_str("We have no list of codes for this marketplace.\n");
    } else {
        let row = |group: &SuggestedIn| {
            let near = if group.near.is_empty() { "-".to_owned() } else { group.near.join(", ") };
            vec![countries(&group.countries), or_dash(group.code), or_dash(group.other), near]
        };
        let rows: Vec<Vec<String>> = found.countries.iter().map(row).collect();
        told.push_str(&table(&["COUNTRY", "SENT BY ITSELF", "OTHER", "NEAR, BEST FIRST"], &rows, width));
    }
    told.push_str(&format!("To map it:\n  {}\n", found.command));
    told
}
