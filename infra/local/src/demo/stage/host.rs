//! What runs the system that the stories are played to: one machine's process, or a deployed stack.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use ports::{Transport as _, WebhookSecrets as _};
use secrecy::SecretString;
use serde::Deserialize;
use settings::local::LocalSettings;
use workflow::world::World;

use crate::cli::Failure;
use crate::deployed::{Deployed, Which};
use crate::serve::Serving;
use crate::system;

/// Where a stack of a local AWS tells the mails it sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elsewhere<'a> {
    /// The stack.
    pub(crate) which: Which<'a>,
    /// The address that answers with the sent mails.
    pub(crate) mailbox: &'a str,
}

/// The system.
pub(crate) enum Host {
    /// In this process.
    Machine(Box<Serving>),
    /// In a stack of a local AWS, whose mails are read back from there.
    Stack {
        /// The stack.
        deployed: Box<Deployed>,
        /// Where its mails are told.
        mailbox: String,
    },
}

impl Host {
    /// Finds a stack that may be played with: a local AWS's, made for base URLs, without connections of its own.
    pub(super) async fn find(elsewhere: Elsewhere<'_>) -> Result<Self, Failure> {
        let deployed = Deployed::open(elsewhere.which).await?;
        let local = deployed.endpoint().is_some_and(|url| {
            let url: Option<http::Uri> = url.parse().ok();
            url.and_then(|url| url.host().map(str::to_owned))
                .is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"))
        });
        if !local || !deployed.world.allow_base_urls {
            return Err(Failure::refused(
                "the demo plays in a stack only where AWS itself stands on this machine (AWS_ENDPOINT_URL) and the \
                 stack was made with AllowBaseUrls=true: its stores and marketplaces are stand-ins here",
            ));
        }
        let known = deployed.world.connections().await.map_err(anyhow::Error::from)?;
        if !known.is_empty() {
            return Err(Failure::refused("the stack has connections: the demo plays in a fresh one only"));
        }
        Ok(Self::Stack { deployed: Box::new(deployed), mailbox: elsewhere.mailbox.to_owned() })
    }

    /// Its records, as the command line sees them.
    pub(crate) fn world(&self) -> &World {
        match self {
            Self::Machine(serving) => &serving.system.world,
            Self::Stack { deployed, .. } => &deployed.world,
        }
    }

    /// Puts settings into force. One machine does it by itself when the file changes.
    pub(super) async fn settings_changed(&self, file: &Path) -> Result<()> {
        let Self::Stack { deployed, .. } = self else { return Ok(()) };
        apply(deployed, &system::load_settings(file)?).await
    }

    /// Where a shop's webhooks go.
    pub(super) async fn webhook_url(&self, connection: &str) -> Result<String> {
        let route_key = self.route_key(connection).await?;
        let path = system::webhook_path(&route_key, connection)?;
        Ok(match self {
            Self::Machine(serving) => format!("http://{}{path}", serving.address),
            Self::Stack { deployed, .. } => format!("{}{path}", deployed.receiver().map_err(failure)?),
        })
    }

    /// Where a marketplace's posts go.
    pub(crate) async fn notification_url(&self, connection: &str) -> Result<String> {
        let route_key = self.route_key(connection).await?;
        let path = system::notification_path(&route_key, &connection.try_into()?)?;
        Ok(match self {
            Self::Machine(serving) => format!("http://{}{path}", serving.address),
            Self::Stack { deployed, .. } => {
                format!("{}{path}", deployed.marketplace_receiver().map_err(failure)?)
            }
        })
    }

    /// The key of the installation's addresses; the connection must have a webhook secret.
    async fn route_key(&self, connection: &str) -> Result<SecretString> {
        match self {
            Self::Machine(serving) => system::route_key(serving.system.data.path()),
            Self::Stack { deployed, .. } => {
                let secrets = deployed.webhook_secrets();
                let known = secrets.webhook_keys(&connection.try_into()?).await?;
                ensure!(known.is_some(), "{connection} has no webhook secret");
                secrets.route_key().await?.context("there is no route key")
            }
        }
    }

    /// The text of every mail that left.
    pub(crate) async fn mails(&self) -> Result<Vec<String>> {
        match self {
            Self::Machine(serving) => {
                let all = serving.system.mailbox.list(1000).await?;
                Ok(all.into_iter().map(|kept| kept.mail.text).collect())
            }
            Self::Stack { mailbox, .. } => told_mails(mailbox).await,
        }
    }

    /// The stack, if it is one.
    pub(crate) fn deployed(&self) -> Option<&Deployed> {
        match self {
            Self::Machine(_) => None,
            Self::Stack { deployed, .. } => Some(deployed),
        }
    }
}

/// What `parcelwire apply --yes` does.
pub(super) async fn apply(deployed: &Deployed, settings: &LocalSettings) -> Result<()> {
    let plan = deployed.plan(settings).await.map_err(failure)?;
    deployed.apply(&plan).await.map_err(failure)
}

fn failure(failure: Failure) -> anyhow::Error {
    anyhow!("{failure:?}")
}

/// The answer of ministack's `/_ministack/ses/messages` (its source, 1.5.33): mails by account.
#[derive(Deserialize)]
struct Told {
    messages: std::collections::BTreeMap<String, Vec<ToldMail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ToldMail {
    body_text: String,
}

async fn told_mails(url: &str) -> Result<Vec<String>> {
    let request = http::Request::get(url).body(Vec::new())?;
    let answer = connector_api::HttpTransport::new()?.send(request).await?;
    ensure!(answer.status() == 200, "the mailbox answered {}", answer.status());
    let told: Told = serde_json::from_slice(answer.body())?;
    Ok(told.messages.into_values().flatten().map(|mail| mail.body_text).collect())
}
