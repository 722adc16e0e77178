//! What is peculiar to one machine, as `doctor` looks at it: its settings, queue and mail.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Check, CheckUp, QueueName};
use settings::local::{LocalSettings, MailOut, MailTransport};
use workflow::world::World;

use crate::embedded::LocalQueue;
use crate::system::ses_mail;

/// Whether the settings in force are those of the file.
pub(crate) struct SettingsCheck<'a> {
    pub(crate) world: &'a World,
    pub(crate) settings: &'a LocalSettings,
}

#[async_trait]
impl CheckUp for SettingsCheck<'_> {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "settings";
        let mut checks: Vec<Check> = self
            .settings
            .warnings
            .iter()
            .map(|warning| {
                Check::warning(CHECK, format!("{}: {}", warning.at, warning.what), "change the settings")
            })
            .collect();
        // That the ledger cannot be read is said by who reads it.
        let Ok(in_force) = self.world.connections().await else { return checks };
        let differs = |id: &str| {
            Check::warning(
                CHECK,
                format!("what the settings say of {id} is not in force"),
                "start `parcelwire serve`; one that runs reads the file again when it changes, and its log says why not",
            )
        };
        for configured in &self.settings.connections {
            if !in_force.contains(&configured.connection) {
                checks.push(differs(configured.connection.account.connection.as_str()));
            }
        }
        let named = |id: &str| {
            self.settings.connections.iter().any(|c| c.connection.account.connection.as_str() == id)
        };
        let gone = in_force.iter().map(|c| c.account.connection.as_str()).filter(|id| !named(id));
        checks.extend(gone.map(differs));
        if checks.is_empty() {
            checks.push(Check::good(CHECK, "what the settings say is in force"));
        }
        checks
    }
}

/// Whether the queue's file can be read, and what lies in it.
pub(crate) struct QueueCheck(pub(crate) Arc<LocalQueue>);

#[async_trait]
impl CheckUp for QueueCheck {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "queue";
        let mut checks = Vec::new();
        for queue in QueueName::ALL {
            let name = queue.as_str();
            checks.push(match self.0.counts(queue).await {
                Err(error) => Check::bad(
                    CHECK,
                    format!("queue {name} cannot be read: {error}"),
                    "see that queue.db of the data directory is there, and that this user may read and write it",
                ),
                Ok(counts) if counts.dead > 0 => Check::warning(
                    CHECK,
                    format!("{} messages of queue {name} could not be worked on", counts.dead),
                    "see what the log says of them, then `parcelwire retry --dead-letters`",
                ),
                Ok(counts) => Check::good(
                    CHECK,
                    format!("queue {name} can be read; {} messages wait", counts.visible + counts.hidden),
                ),
            });
        }
        checks
    }
}

/// How mail leaves, and whether it can.
pub(crate) struct MailCheck(pub(crate) MailOut);

#[async_trait]
impl CheckUp for MailCheck {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "mail";
        const TEST: &str = "`parcelwire mail test` shows whether it arrives";
        match &self.0.transport {
            MailTransport::Mailbox => vec![Check::by_hand(
                CHECK,
                "mail stays in the local mailbox: nobody is reached",
                "read it with `parcelwire mail list`, or set [mail.smtp] or [mail.ses] in the settings",
            )],
            MailTransport::Smtp(smtp) => {
                vec![Check::by_hand(CHECK, format!("mail leaves through {}:{}", smtp.host, smtp.port), TEST)]
            }
            MailTransport::Ses(ses) => ses_mail(ses, self.0.from.clone()).check_up().await,
        }
    }
}
