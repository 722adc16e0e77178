//! `doctor` and `webhooks check|register`.

use clap::{Args, Subcommand};
use ports::{Check, CheckUp, Outcome, WebhookSecrets};
use secrecy::SecretString;
use settings::local::LocalSettings;
use signatures::RouteKey;
use workflow::admin::{self, Instruments, Report, TopicState, TopicView, WebhookAddresses, WebhookView};
use workflow::world::World;

use super::output::{or_dash, table, wrapped};
use super::{Failure, Global, Out, open, settings};
use crate::deployed::{Deployed, Which};
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

/// Where stores and marketplaces reach this system.
#[derive(Clone, Debug, Args)]
pub(super) struct Address {
    /// Where stores and marketplaces reach this system [default: `general.public_url` of the settings, or the stack's]
    #[arg(long, value_name = "https://…")]
    address: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// See whether subscriptions at stores and marketplaces are there and point here
    Check {
        /// Only this connection
        connection: Option<String>,
        #[command(flatten)]
        address: Address,
    },
    /// Make and mend them; given again it changes nothing
    Register {
        /// Only this connection
        connection: Option<String>,
        #[command(flatten)]
        address: Address,
    },
}

/// What is looked at, and where stores reach it.
struct Looked {
    at: Subject,
    addresses: WebhookAddresses,
}

enum Subject {
    /// One machine, as its settings say.
    Machine { local: Box<Local>, settings: Box<LocalSettings> },
    /// A stack; its settings are those that were applied.
    Stack(Box<Deployed>),
}

impl Looked {
    async fn open(global: &Global, given: &Address) -> Result<Self, Failure> {
        match global.which() {
            Some(which) => Self::at_stack(which, given).await,
            None => Self::at_machine(global, given).await,
        }
    }

    /// The system of the settings, without anything being changed by them.
    async fn at_machine(global: &Global, given: &Address) -> Result<Self, Failure> {
        let settings = settings(global)?;
        let local = open(&global.data, Some(&settings)).await?;
        local.hold_secrets(&settings).await?;
        let base = given.address.as_deref().or(settings.general.public_url.as_deref());
        let key = system::route_key(local.data.path())?;
        let addresses = addresses(base, key, settings.general.allow_base_urls)?;
        Ok(Self { at: Subject::Machine { local: Box::new(local), settings: Box::new(settings) }, addresses })
    }

    async fn at_stack(which: Which<'_>, given: &Address) -> Result<Self, Failure> {
        let deployed = Deployed::open(which).await?;
        let stored = deployed.webhook_secrets().route_key().await;
        let key = stored.map_err(|error| Failure::failed(error.to_string()))?.ok_or_else(|| {
            let name = deployed.name();
            Failure::refused(format!(
                "stack {name} has no settings yet: `parcelwire apply --stack {name} FILE`"
            ))
        })?;
        let (stores, marketplaces) = (deployed.receiver()?, deployed.marketplace_receiver()?);
        let base = given.address.as_deref();
        let loopback = deployed.world.allow_base_urls;
        let addresses = addresses(Some(base.unwrap_or(&stores)), key, loopback)?
            .with_marketplaces(base.unwrap_or(&marketplaces), loopback)
            .map_err(|error| Failure::refused(error.to_string()))?
            .with_queue(deployed.amazon_queue_arn()?);
        Ok(Self { at: Subject::Stack(Box::new(deployed)), addresses })
    }

    fn world(&self) -> &World {
        match &self.at {
            Subject::Machine { local, .. } => &local.world,
            Subject::Stack(deployed) => &deployed.world,
        }
    }

    /// The webhooks, looked at or mended.
    async fn webhooks(&self, only: Option<&str>, register: bool) -> Result<Vec<WebhookView>, Failure> {
        let of_stack;
        let secrets: &dyn WebhookSecrets = match &self.at {
            Subject::Machine { local, .. } => local.credentials.as_ref(),
            Subject::Stack(deployed) => {
                of_stack = deployed.webhook_secrets();
                &of_stack
            }
        };
        Ok(if register {
            admin::webhooks_register(self.world(), only, &self.addresses, secrets).await?
        } else {
            admin::webhooks_check(self.world(), only, &self.addresses, secrets).await?
        })
    }

    async fn report(&self, only: Option<&str>) -> Result<Report, Failure> {
        let addresses = &self.addresses;
        Ok(match &self.at {
            Subject::Machine { local, settings } => {
                let (queue, mail) = (QueueCheck(local.queue.clone()), MailCheck(settings.mail.clone()));
                let taken_over = SettingsCheck { world: &local.world, settings };
                let further: [&dyn CheckUp; 3] = [&taken_over, &queue, &mail];
                let webhook_secrets = local.credentials.as_ref();
                let with = Instruments { addresses, webhook_secrets, further: &further };
                admin::doctor(&local.world, with, only).await?
            }
            Subject::Stack(deployed) => {
                let all = deployed.check_ups()?;
                let further: Vec<&dyn CheckUp> = all.iter().map(AsRef::as_ref).collect();
                let webhook_secrets = &deployed.webhook_secrets();
                let with = Instruments { addresses, webhook_secrets, further: &further };
                admin::doctor(&deployed.world, with, only).await?
            }
        })
    }
}

fn addresses(base: Option<&str>, key: SecretString, loopback: bool) -> Result<WebhookAddresses, Failure> {
    let key = RouteKey::new(key).map_err(|error| Failure::failed(error.to_string()))?;
    WebhookAddresses::new(base, key, loopback).map_err(|error| Failure::refused(error.to_string()))
}

pub(super) async fn doctor(global: &Global, args: &DoctorArgs, out: &mut Out) -> Result<(), Failure> {
    let report = Looked::open(global, &args.address).await?.report(args.connection.as_deref()).await?;
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
    let (connection, address, register) = match command {
        WebhooksCommand::Check { connection, address } => (connection, address, false),
        WebhooksCommand::Register { connection, address } => (connection, address, true),
    };
    let looked = Looked::open(global, &address).await?;
    let views = looked.webhooks(connection.as_deref(), register).await?;
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
        return "Nothing is connected that tells anything by itself.".to_owned();
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
        if !rows.is_empty() {
            text.push_str(&table(&["CONNECTION", "TOPIC", "STATE", "SENT TO"], &rows, width));
        }
        for step in view.by_hand.iter().chain(&view.polled) {
            paragraph(&mut text, &format!("{}: ", view.connection), step, width);
        }
        if view.changed > 0 {
            text.push_str(&format!("{} changed.\n", view.changed));
        }
    }
    text
}
