//! `doctor` and `webhooks check|register`.

use clap::{Args, Subcommand};
use ports::{Check, CheckUp, Outcome};
use settings::local::LocalSettings;
use signatures::RouteKey;
use workflow::admin::{self, Instruments, Report, TopicState, TopicView, WebhookAddresses, WebhookView};

use super::output::{or_dash, table, wrapped};
use super::{Failure, Global, Out, open, settings};
use crate::examine::{MailCheck, QueueCheck, SettingsCheck};
use crate::system::{self, Local};

/// Columns before a check's words.
const INDENT: &str = "         ";

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Only this connection
    connection: Option<String>,
    #[command(flatten)]
    address: Address,
}

/// Where stores reach this system.
#[derive(Clone, Debug, Args)]
pub(super) struct Address {
    /// Where stores reach this system [default: general.public_url of the settings]
    #[arg(long, value_name = "https://…")]
    address: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// See whether a store's subscriptions are there and point here
    Check {
        /// Only this store
        connection: Option<String>,
        #[command(flatten)]
        address: Address,
    },
    /// Make and mend them; given again it changes nothing
    Register {
        /// Only this store
        connection: Option<String>,
        #[command(flatten)]
        address: Address,
    },
}

/// The system of the settings, without anything being changed by them.
async fn opened(global: &Global) -> Result<(Local, LocalSettings), Failure> {
    let settings = settings(global)?;
    let local = open(&global.data, Some(&settings)).await?;
    local.hold_secrets(&settings);
    Ok((local, settings))
}

fn addresses(local: &Local, settings: &LocalSettings, given: &Address) -> Result<WebhookAddresses, Failure> {
    let key = RouteKey::new(system::route_key(local.data.path())?)
        .map_err(|error| Failure::failed(error.to_string()))?;
    let base = given.address.as_deref().or(settings.general.public_url.as_deref());
    WebhookAddresses::new(base, key, settings.general.allow_base_urls)
        .map_err(|error| Failure::refused(error.to_string()))
}

pub(super) async fn doctor(global: &Global, args: &DoctorArgs, out: &mut Out) -> Result<(), Failure> {
    let (local, settings) = opened(global).await?;
    let addresses = addresses(&local, &settings, &args.address)?;
    let (queue, mail) = (QueueCheck(local.queue.clone()), MailCheck(settings.mail.clone()));
    let taken_over = SettingsCheck { world: &local.world, settings: &settings };
    let further: [&dyn CheckUp; 3] = [&taken_over, &queue, &mail];
    let with =
        Instruments { addresses: &addresses, webhook_secrets: local.credentials.as_ref(), further: &further };
    let report = admin::doctor(&local.world, with, args.connection.as_deref()).await?;
    out.answer(&report, |width| shown(&report, width));
    match report.worst {
        Outcome::Good | Outcome::ByHand => Ok(()),
        Outcome::Warning => Err(Failure::found("something will go wrong; see the warnings above")),
        Outcome::Bad => Err(Failure::wrong("something does not work; see what is wrong above")),
    }
}

fn shown(report: &Report, width: usize) -> String {
    let mut text = section("system", &report.system, width);
    for one in &report.connections {
        let heading = format!("{} ({}, merchant {})", one.connection, one.kind, one.merchant);
        text.push('\n');
        text.push_str(&section(&heading, &one.checks, width));
    }
    let all = || report.system.iter().chain(report.connections.iter().flat_map(|one| &one.checks));
    let count = |outcome| all().filter(|check| check.outcome == outcome).count();
    let (good, by_hand) = (count(Outcome::Good), count(Outcome::ByHand));
    let (warnings, wrong) = (count(Outcome::Warning), count(Outcome::Bad));
    text.push_str(&format!("\n{good} good, {by_hand} to look at, {warnings} warnings, {wrong} wrong"));
    text
}

fn section(heading: &str, checks: &[Check], width: usize) -> String {
    let mut text = format!("{heading}\n");
    for check in checks {
        let mark = match check.outcome {
            Outcome::Good => "  good   ",
            Outcome::ByHand => "  look   ",
            Outcome::Warning => "  warning",
            Outcome::Bad => "  WRONG  ",
        };
        paragraph(&mut text, &format!("{mark} "), &format!("{}: {}", check.check, check.words), width);
        if let Some(mend) = &check.mend {
            paragraph(&mut text, &format!("{INDENT} "), &format!("-> {mend}"), width);
        }
    }
    text
}

fn paragraph(text: &mut String, first: &str, words: &str, width: usize) {
    let room = width.saturating_sub(INDENT.len() + 1).max(20);
    for (n, line) in wrapped(words, room).iter().enumerate() {
        text.push_str(if n == 0 { first } else { INDENT });
        if n > 0 {
            text.push(' ');
        }
        text.push_str(line);
        text.push('\n');
    }
}

pub(super) async fn webhooks(
    global: &Global,
    command: WebhooksCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let (local, settings) = opened(global).await?;
    let (connection, address, register) = match command {
        WebhooksCommand::Check { connection, address } => (connection, address, false),
        WebhooksCommand::Register { connection, address } => (connection, address, true),
    };
    let addresses = addresses(&local, &settings, &address)?;
    let only = connection.as_deref();
    let views = if register {
        admin::webhooks_register(&local.world, only, &addresses).await?
    } else {
        admin::webhooks_check(&local.world, only, &addresses).await?
    };
    out.answer(&views, |width| told(&views, width));
    match views.iter().find(|view| !view.is_good()) {
        None => Ok(()),
        Some(view) => {
            let why = view.problem.clone().unwrap_or_else(|| {
                format!("`parcelwire webhooks register {}` makes and mends what is wrong", view.connection)
            });
            Err(Failure::wrong(format!("{}: {why}", view.connection)))
        }
    }
}

fn told(views: &[WebhookView], width: usize) -> String {
    if views.is_empty() {
        return "No store is connected.".to_owned();
    }
    let mut text = String::new();
    for view in views {
        let row = |topic: &TopicView| {
            let state = match topic.state {
                TopicState::Here => "here",
                TopicState::Elsewhere => "elsewhere",
                TopicState::Flawed => "flawed",
                TopicState::Missing => "missing",
            };
            let sent_to = topic.flaw.as_deref().or(topic.address.as_deref());
            vec![view.connection.clone(), topic.topic.clone(), state.to_owned(), or_dash(sent_to)]
        };
        let mut rows: Vec<Vec<String>> = view.topics.iter().map(row).collect();
        rows.extend(view.others.iter().map(|other| {
            let topic = other.topic.clone();
            vec![view.connection.clone(), topic, "not ours".to_owned(), other.address.clone()]
        }));
        text.push_str(&table(&["STORE", "TOPIC", "STATE", "SENT TO"], &rows, width));
        if view.changed > 0 {
            text.push_str(&format!("{} changed.\n", view.changed));
        }
    }
    text
}
