//! The command line. `docs/cli.md` lists commands, JSON fields and exit codes.

mod answers;
mod apply;
mod carriers;
mod connections;
mod doctor;
mod explain;
mod mail;
mod orders;
mod output;
mod place;
mod track;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use domain::state::StateName;
use settings::SettingsErrors;
use settings::local::LocalSettings;

use crate::system::{self, Local};
pub(crate) use output::{Failure, Out};
use place::Place;

/// Tells marketplaces that parcels have left: right order, right items, right carrier, once.
#[derive(Debug, Parser)]
#[command(name = "parcelwire", version, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do; `serve` if nothing is said.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The settings file [default: parcelwire.toml here, else settings.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE", env = "PARCELWIRE_SETTINGS")]
    pub(crate) settings: Option<PathBuf>,
    /// Where ledger, queue and mailbox are kept
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PARCELWIRE_DATA",
        default_value = "parcelwire-data"
    )]
    pub(crate) data: PathBuf,
    /// Work on this deployed stack instead of a data directory, with your own AWS credentials
    #[arg(long, global = true, value_name = "NAME", env = "PARCELWIRE_STACK")]
    pub(crate) stack: Option<String>,
    /// The AWS profile to reach the stack with [default: as for every AWS tool]
    #[arg(long, global = true, value_name = "PROFILE", requires = "stack")]
    pub(crate) profile: Option<String>,
    /// The stack's AWS region [default: as for every AWS tool]
    #[arg(long, global = true, value_name = "REGION", requires = "stack")]
    pub(crate) region: Option<String>,
    /// The port to listen on, instead of the settings'
    #[arg(long, global = true)]
    pub(crate) port: Option<u16>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What runs until it is stopped, or plays a whole system: started by `main`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Long {
    /// The system.
    Serve,
    /// The stories; in a stack, with the address where its mails are read back.
    Demo(Option<String>),
    /// The stand-ins alone.
    Sandbox,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the system (the default)
    Serve,
    /// Play the demo's stories against the sandbox, and judge them by what the sandbox recorded
    Demo {
        /// With --stack, of a local AWS: the address that tells the mails it sent
        #[arg(long, value_name = "URL", requires = "stack")]
        mailbox: Option<String>,
    },
    /// Run the stand-in stores and marketplaces alone
    Sandbox,
    /// Put a settings file into force on a stack, after showing what it changes
    Apply(apply::ApplyArgs),
    /// Check a webhook's signature, and say why it does not fit
    Verify(verify::VerifyArgs),
    /// Say which marketplace code a carrier text means
    #[command(subcommand)]
    Map(answers::MapCommand),
    /// Say what a store's SKU is called at a marketplace
    #[command(subcommand)]
    Sku(answers::SkuCommand),
    /// Show every connection: active or not and why, when it was last heard of
    Connections,
    /// List orders and parcels, soonest deadline first
    Orders {
        /// Only those in this state
        #[arg(long, value_parser = state_parser())]
        state: Option<StateName>,
        /// Only those of this connection (store or marketplace)
        #[arg(long, visible_alias = "account", value_name = "CONNECTION")]
        connection: Option<String>,
    },
    /// Tell what happened to an order, what it waits for, and what to do
    Explain {
        /// A marketplace order id, a store order id or name (#1001), or a tracking number
        #[arg(value_name = "ORDER")]
        order: String,
    },
    /// Decide about parcels that wait for you
    Hold(orders::HoldArgs),
    /// Stop all calls for a connection
    Pause {
        /// Its id
        connection: String,
    },
    /// Let a paused or parked connection work again
    Resume {
        /// Its id
        connection: String,
    },
    /// Try an order again now
    Retry(orders::RetryArgs),
    /// Say whose a tracking number may be
    Track {
        /// The number, in any spelling
        #[arg(required = true, value_name = "NUMBER")]
        number: Vec<String>,
    },
    /// Put every message that could not be worked on back into its queue, after what kept it was mended
    Redrive,
    /// Say exactly which step is wrong, and how to mend it
    Doctor(doctor::DoctorArgs),
    /// See to the stores' webhook subscriptions
    #[command(subcommand)]
    Webhooks(doctor::WebhooksCommand),
    /// Read the mailbox, or send a test mail
    #[command(subcommand)]
    Mail(mail::MailCommand),
}

fn state_parser() -> impl clap::builder::TypedValueParser<Value = StateName> {
    PossibleValuesParser::new(StateName::ALL.map(StateName::as_str)).map(|text| {
        // The parser before lets only these names through.
        StateName::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(StateName::Held)
    })
}

impl Cli {
    /// Reads the command line; prints help or what is wrong with it, and ends the process, by itself.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            // Who asked for JSON reads no usage text, and nothing else says that it was asked for yet.
            if error.use_stderr() && std::env::args_os().any(|arg| arg == "--json") {
                let text = error.render().to_string();
                let text = text.strip_prefix("error: ").unwrap_or(&text).trim();
                let _code = Out::new(true).end(Err(Failure::usage(text)));
            } else {
                let _unheard = error.print();
            }
            std::process::exit(error.exit_code())
        })
    }

    /// What runs for long, if that is what was asked for.
    pub(crate) fn long(&self) -> Option<Long> {
        match &self.command {
            None | Some(Command::Serve) => Some(Long::Serve),
            Some(Command::Demo { mailbox }) => Some(Long::Demo(mailbox.clone())),
            Some(Command::Sandbox) => Some(Long::Sandbox),
            Some(
                Command::Apply(_)
                | Command::Verify(_)
                | Command::Map(_)
                | Command::Sku(_)
                | Command::Connections
                | Command::Orders { .. }
                | Command::Explain { .. }
                | Command::Hold(_)
                | Command::Pause { .. }
                | Command::Resume { .. }
                | Command::Retry(_)
                | Command::Track { .. }
                | Command::Redrive
                | Command::Doctor(_)
                | Command::Webhooks(_)
                | Command::Mail(_),
            ) => None,
        }
    }

    /// Carries out a command that does not run for long, and prints what came of it.
    pub(crate) async fn run(self) -> ExitCode {
        let mut out = Out::new(self.global.json);
        let outcome = carry_out(self, &mut out).await;
        out.end(outcome)
    }
}

async fn carry_out(cli: Cli, out: &mut Out) -> Result<(), Failure> {
    let global = cli.global;
    let Some(command) = cli.command else { return Ok(()) };
    match command {
        Command::Serve | Command::Demo { .. } | Command::Sandbox => Ok(()),
        Command::Apply(args) => apply::apply(&global, args, out).await,
        Command::Verify(args) => verify::verify(&global, &args, out).await,
        Command::Track { number } => {
            track::track(&number.join(" "), out);
            Ok(())
        }
        Command::Doctor(args) => doctor::doctor(&global, &args, out).await,
        Command::Webhooks(command) => doctor::webhooks(&global, command, out).await,
        Command::Mail(command) => mail::mail(&global, command, out).await,
        Command::Map(command) => answers::map(opened(&global).await?.world(), command, out).await,
        Command::Sku(command) => answers::sku(opened(&global).await?.world(), command, out).await,
        Command::Connections => connections::list(opened(&global).await?.world(), out).await,
        Command::Orders { state, connection } => {
            orders::list(opened(&global).await?.world(), state, connection.as_deref(), out).await
        }
        Command::Explain { order } => explain::explain(opened(&global).await?.world(), &order, out).await,
        Command::Hold(args) => orders::hold(opened(&global).await?.world(), &args, out).await,
        Command::Retry(args) => orders::retry(&opened(&global).await?, &args, out).await,
        Command::Redrive => orders::redrive(&opened(&global).await?, out).await,
        Command::Pause { connection } => {
            connections::pause(opened(&global).await?.world(), &connection, out).await
        }
        Command::Resume { connection } => {
            connections::resume(opened(&global).await?.world(), &connection, out).await
        }
    }
}

/// Opens what is there already: a command makes neither directory nor stack.
async fn opened(global: &Global) -> Result<Place, Failure> {
    Place::open(global).await
}

async fn open(data: &Path, settings: Option<&LocalSettings>) -> Result<Local, Failure> {
    if !data.join("ledger.db").is_file() {
        return Err(Failure::not_found(format!(
            "there is no data in {}: `parcelwire serve` makes it, and --data names another directory",
            data.display()
        )));
    }
    Ok(system::open(data, settings).await?)
}

/// The settings of a command that needs them.
fn settings(global: &Global) -> Result<LocalSettings, Failure> {
    let Some(path) = system::settings_path(global.settings.as_deref(), &global.data) else {
        return Err(Failure::not_found(format!(
            "there is no settings file: neither parcelwire.toml here nor settings.toml in {}; name one with --settings",
            global.data.display()
        )));
    };
    if !path.exists() {
        return Err(Failure::not_found(format!("there is no settings file {}", path.display())));
    }
    system::load_settings(&path).map_err(|errors: SettingsErrors| Failure::usage(errors.to_string()))
}

/// Who gives the command, for the records of what they change.
fn who() -> String {
    let env = settings::process_env();
    match env("USER").or_else(|| env("USERNAME")).filter(|name| !name.trim().is_empty()) {
        Some(user) => format!("{} (command line)", user.trim()),
        None => "command line".to_owned(),
    }
}

/// The bytes of a file, or of the standard input for `-`.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    /// More than any file these commands take.
    const MOST: u64 = 32 * 1024 * 1024;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::not_found(format!("there is no file {}", path.display())))
        }
        Err(error) => Err(Failure::failed(format!("{} cannot be read: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests;
