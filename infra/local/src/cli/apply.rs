//! `apply`: a settings file into a stack, its differences first.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use settings::local::{LocalSettings, MailTransport};
use workflow::apply::{Difference, What};

use super::output::{or_dash, table};
use super::{Failure, Global, Out, settings};
use crate::deployed::{Deployed, Plan, WebhookAddress};

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The settings file, instead of --settings
    file: Option<PathBuf>,
    /// Apply without asking
    #[arg(long, short)]
    yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// What `apply` did, or would do.
#[derive(Debug, Serialize)]
struct Told<'a> {
    stack: &'a str,
    applied: bool,
    differences: &'a [Difference],
    webhooks: Vec<WebhookAddress>,
}

pub(super) async fn apply(global: &Global, args: ApplyArgs, out: &mut Out) -> Result<(), Failure> {
    let Some(which) = global.which() else {
        return Err(Failure::usage(
            "name the stack with --stack: the one-machine system takes its settings file by itself, as it changes",
        ));
    };
    let global = &Global { settings: args.file.or_else(|| global.settings.clone()), ..global.clone() };
    let settings = settings(global)?;
    let deployed = Deployed::open(which).await?;
    let plan = deployed.plan(&settings).await?;
    let (yes, dry_run) = (args.yes, args.dry_run);
    if out.is_json() {
        let applied = yes && !dry_run;
        if applied {
            deployed.apply(&plan).await?;
        }
        out.answer(&told(&deployed, &plan, applied)?, |_| String::new());
        return if applied || dry_run || plan.is_empty() { Ok(()) } else { Err(not_asked()) };
    }
    out.part(|width| differences(&deployed, &settings, &plan, width));
    if !dry_run && !plan.is_empty() {
        if !yes {
            ask(out)?;
        }
        deployed.apply(&plan).await?;
        out.raw("Applied.\n");
    }
    let addresses = told(&deployed, &plan, !dry_run)?.webhooks;
    // Before the first apply there is no route key yet, so no address holds.
    let known = !dry_run || !plan.is_first();
    if known && !addresses.is_empty() {
        out.part(|width| {
            let row = |a: &WebhookAddress| vec![a.connection.clone(), a.url.clone()];
            let rows: Vec<Vec<String>> = addresses.iter().map(row).collect();
            format!(
                "\nStores and marketplaces send to:\n{}",
                table(&["CONNECTION", "ADDRESS"], &rows, width.max(200))
            )
        });
    }
    Ok(())
}

fn told<'a>(deployed: &'a Deployed, plan: &'a Plan, applied: bool) -> Result<Told<'a>, Failure> {
    let webhooks = if plan.is_first() && !applied { Vec::new() } else { deployed.webhook_addresses(plan)? };
    Ok(Told { stack: deployed.name(), applied, differences: &plan.differences, webhooks })
}

fn not_asked() -> Failure {
    Failure::refused("nothing was changed: say --yes to apply this without being asked")
}

/// Asks at a terminal; elsewhere nobody could answer.
fn ask(out: &mut Out) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(not_asked());
    }
    out.raw("Apply this? [y/N] ");
    let _shown = std::io::stdout().flush();
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(anyhow::Error::from)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was changed")),
    }
}

fn differences(deployed: &Deployed, settings: &LocalSettings, plan: &Plan, width: usize) -> String {
    let mut text = String::new();
    for warning in &settings.warnings {
        text.push_str(&format!("Note: {}: {}\n", warning.at, warning.what));
    }
    if !matches!(settings.mail.transport, MailTransport::Mailbox) {
        text.push_str(
            "Note: how mail leaves is the one-machine system's; a stack's is sent by its own SES\n",
        );
    }
    if plan.is_empty() {
        text.push_str(&format!("Stack {} has these settings already.", deployed.name()));
        return text;
    }
    let rows: Vec<Vec<String>> = plan.differences.iter().map(row).collect();
    text.push_str(&table(&["CONNECTION", "CHANGE", "FROM", "TO"], &rows, width));
    text
}

fn row(difference: &Difference) -> Vec<String> {
    let none = String::new;
    let (what, from, to) = match &difference.what {
        What::Added => ("new: starts now".to_owned(), none(), none()),
        What::Setting { setting, from, to } => {
            (setting.clone(), or_dash(from.as_deref()), or_dash(to.as_deref()))
        }
        What::Started => ("switched on: starts afresh".to_owned(), none(), none()),
        What::Stopped => ("switched off".to_owned(), none(), none()),
        What::Credentials => ("other credentials".to_owned(), none(), none()),
        What::WebhookSecrets => ("other webhook secrets".to_owned(), none(), none()),
        What::Unparked => ("was parked: works again".to_owned(), none(), none()),
        What::Removed => ("removed: stops, secrets forgotten".to_owned(), none(), none()),
        What::LeftAlone => ("left alone: newer settings".to_owned(), none(), none()),
    };
    vec![difference.connection.clone(), what, from, to]
}
