//! `mail list|show|test`.

use clap::Subcommand;
use domain::connection::Connection;
use jiff::Timestamp;
use serde::Serialize;
use workflow::world::World;
use workflow::{admin, alerts};

use super::output::{or_dash, table, time};
use super::{Failure, Global, Out, Place, open, opened, settings};
use crate::deployed::{Deployed, Which};
use crate::embedded::KeptMail;
use crate::system::Local;

#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    /// List the newest mails, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 30)]
        limit: usize,
    },
    /// Show one mail
    Show {
        /// Its number or id
        mail: String,
    },
    /// Let an address be mailed again that bounced or complained
    Allow {
        /// The address
        address: String,
    },
    /// Send a test mail to everybody who hears of a connection
    Test {
        /// Only this connection's
        #[arg(long, visible_alias = "account", value_name = "CONNECTION")]
        connection: Option<String>,
    },
}

/// A mail, as `mail list` shows it.
#[derive(Debug, Serialize)]
struct MailRow {
    number: i64,
    id: String,
    kept_at: Timestamp,
    to: String,
    subject: String,
    handed_on: Option<String>,
}

impl From<KeptMail> for MailRow {
    fn from(kept: KeptMail) -> Self {
        let KeptMail { number, kept_at, mail, handed_on } = kept;
        Self { number, id: mail.id, kept_at, to: mail.to, subject: mail.subject, handed_on }
    }
}

/// A mail, as `mail show` shows it.
#[derive(Debug, Serialize)]
struct WholeMail {
    #[serde(flatten)]
    row: MailRow,
    text: String,
    html: String,
}

/// Who was sent a test mail for which connection.
#[derive(Debug, Serialize)]
struct Tested {
    connection: String,
    to: Vec<String>,
}

pub(super) async fn mail(global: &Global, command: MailCommand, out: &mut Out) -> Result<(), Failure> {
    match command {
        MailCommand::List { limit } => list(global, limit, out).await,
        MailCommand::Show { mail } => show(global, &mail, out).await,
        MailCommand::Allow { address } => allow(global, &address, out).await,
        MailCommand::Test { connection } => test(global, connection.as_deref(), out).await,
    }
}

/// The place whose mailbox keeps every mail: a stack has none.
async fn kept_mail(global: &Global) -> Result<Box<Local>, Failure> {
    match opened(global).await? {
        Place::Machine(local) => Ok(local),
        Place::Stack(deployed) => Err(Failure::refused(format!(
            "stack {} keeps no copy of its mails, and neither does SES: `parcelwire connections` and `parcelwire \
             orders --state held` show what they ask for, `parcelwire explain ORDER` what was told when",
            deployed.name()
        ))),
    }
}

async fn list(global: &Global, limit: usize, out: &mut Out) -> Result<(), Failure> {
    let local = kept_mail(global).await?;
    let all: Vec<MailRow> = local.mailbox.list(limit).await?.into_iter().map(MailRow::from).collect();
    out.answer(&all, |width| {
        if all.is_empty() {
            return "The mailbox is empty.".to_owned();
        }
        let row = |mail: &MailRow| {
            let sent = if mail.handed_on.is_some() { "sent" } else { "kept" };
            vec![
                mail.number.to_string(),
                time(mail.kept_at, "UTC"),
                sent.to_owned(),
                mail.to.clone(),
                mail.subject.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        table(&["NO", "WHEN", "", "TO", "SUBJECT"], &rows, width)
    });
    Ok(())
}

async fn show(global: &Global, asked: &str, out: &mut Out) -> Result<(), Failure> {
    let local = kept_mail(global).await?;
    let kept = local.mailbox.show(asked).await?.ok_or_else(|| {
        Failure::not_found(format!("there is no mail {asked}: `parcelwire mail list` shows those there are"))
    })?;
    let (text, html) = (kept.mail.text.clone(), kept.mail.html.clone());
    let whole = WholeMail { row: kept.into(), text, html };
    out.answer(&whole, |_| {
        let WholeMail { row, text, .. } = &whole;
        let kept = time(row.kept_at, "UTC");
        let handed_on = or_dash(row.handed_on.as_deref());
        let head =
            format!("To: {}\nSubject: {}\nKept: {kept}\nHanded on as: {handed_on}\n", row.to, row.subject);
        let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        format!("{head}\n{text}")
    });
    Ok(())
}

/// For whom an address is mailed again.
#[derive(Debug, Serialize)]
struct AllowedAddress {
    address: String,
    merchants: Vec<String>,
}

async fn allow(global: &Global, address: &str, out: &mut Out) -> Result<(), Failure> {
    let local = opened(global).await?;
    let merchants = alerts::allow_address(local.world(), address).await.map_err(admin::AdminError::from)?;
    if merchants.is_empty() {
        return Err(Failure::not_found(format!(
            "{address:?} is not stopped for anybody: `parcelwire connections` shows those that are"
        )));
    }
    let merchants = merchants.iter().map(ToString::to_string).collect();
    let done = AllowedAddress { address: address.to_owned(), merchants };
    out.answer(&done, |_| format!("{} is mailed again, for {}.", done.address, done.merchants.join(", ")));
    Ok(())
}

async fn test(global: &Global, only: Option<&str>, out: &mut Out) -> Result<(), Failure> {
    let (world, connections, from) = match global.which() {
        Some(which) => of_stack(which).await?,
        None => of_settings(global).await?,
    };
    let known: Vec<&str> = connections.iter().map(|c| c.account.connection.as_str()).collect();
    if let Some(name) = only
        && !known.contains(&name)
    {
        let message = format!("there is no connection {name:?}; there are {}", known.join(", "));
        return Err(Failure::not_found(message));
    }
    let mut tested = Vec::new();
    for connection in &connections {
        let id = connection.account.connection.to_string();
        if only.is_some_and(|name| name != id) {
            continue;
        }
        let to = alerts::send_test(&world, connection).await.map_err(|error| {
            Failure::failed(format!("the test mail of {id} was not taken: {error}; check {from}"))
        })?;
        tested.push(Tested { connection: id, to });
    }
    if tested.iter().all(|row| row.to.is_empty()) {
        return Err(Failure::refused("nobody is mailed: the settings name no recipient (mail.to)"));
    }
    out.answer(&tested, |width| {
        let row = |row: &Tested| vec![row.connection.clone(), or_dash(Some(&row.to.join(", ")))];
        let rows: Vec<Vec<String>> = tested.iter().map(row).collect();
        table(&["CONNECTION", "SENT TO"], &rows, width)
    });
    Ok(())
}

/// What mails are sent with, about which connections, and what to check if one is not taken.
type Sender = (World, Vec<Connection>, String);

/// One machine sends as its settings say, of the connections that they name.
async fn of_settings(global: &Global) -> Result<Sender, Failure> {
    let settings = settings(global)?;
    let local = open(&global.data, Some(&settings)).await?;
    let connections = settings.connections.into_iter().map(|c| c.connection).collect();
    Ok((local.world, connections, "[mail] in the settings".to_owned()))
}

/// A stack sends by SES, of the connections that were applied to it.
async fn of_stack(which: Which<'_>) -> Result<Sender, Failure> {
    let deployed = Deployed::open(which).await?;
    let connections = deployed.world.connections().await.map_err(anyhow::Error::from)?;
    let check = format!("that {} is verified in SES and your credentials may send", deployed.mail_from()?);
    Ok((deployed.world, connections, check))
}
