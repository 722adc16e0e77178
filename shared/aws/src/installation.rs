//! One installation: every adapter over its tables and queues, each made only when asked for.

use std::sync::Arc;

use ports::{QueueName, SystemClock};

use crate::tables::{CREDENTIALS, WEBHOOK_SECRETS};
use crate::{
    AlarmTopic, AwsKeys, Clients, Concurrency, DynamoClient, DynamoCredentials, DynamoLedger,
    DynamoWebhookSecrets, Envelope, Patience, SesMail, SqsDeadLetters, SqsQueue, Stack, StackError,
    TableNames,
};

/// The adapters of one installation. A function carries only the services that it asks for.
#[derive(Clone, Debug)]
pub struct Installation {
    clients: Clients,
    table_prefix: String,
    envelope: Option<Envelope>,
}

impl Installation {
    /// In a region; `endpoint` replaces every service's address, for a local AWS.
    #[must_use]
    pub fn new(region: &str, endpoint: Option<&str>, keys: &AwsKeys, table_prefix: &str) -> Self {
        let clients = Clients::new(region, endpoint, keys);
        Self { clients, table_prefix: table_prefix.to_owned(), envelope: None }
    }

    /// The same with other timeouts and tries.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.clients = self.clients.with_patience(patience);
        self
    }

    /// The same, with tokens sealed under the KMS key of this ARN. Without, none can be saved and only old ones read.
    #[must_use]
    pub fn sealing_under(mut self, kms_arn: &str) -> Self {
        self.envelope = Some(Envelope::new(self.clients.kms(), kms_arn, Arc::new(SystemClock)));
        self
    }

    /// Its ledger.
    #[must_use]
    pub fn ledger(&self) -> DynamoLedger {
        DynamoLedger::new(self.dynamodb(), self.table_names())
    }

    /// A client of its database, for what the ledger has no word for.
    #[must_use]
    pub fn dynamodb(&self) -> DynamoClient {
        self.clients.dynamodb()
    }

    /// What the ledger's tables are called.
    #[must_use]
    pub fn table_names(&self) -> TableNames {
        TableNames::prefixed(&self.table_prefix)
    }

    /// Its queues, as far as their addresses are given.
    #[must_use]
    pub fn queue(&self, urls: impl IntoIterator<Item = (QueueName, String)>) -> SqsQueue {
        SqsQueue::new(self.clients.sqs(), urls)
    }

    /// Its tokens.
    #[must_use]
    pub fn credentials(&self) -> DynamoCredentials {
        let table = format!("{}{CREDENTIALS}", self.table_prefix);
        DynamoCredentials::new(self.clients.dynamodb(), table, self.envelope.clone())
    }

    /// Its webhook secrets and its route key.
    #[must_use]
    pub fn webhook_secrets(&self) -> DynamoWebhookSecrets {
        DynamoWebhookSecrets::new(self.clients.dynamodb(), format!("{}{WEBHOOK_SECRETS}", self.table_prefix))
    }

    /// What a stack says of itself.
    ///
    /// # Errors
    /// As [`Stack::find`].
    pub async fn stack(&self, name: &str) -> Result<Stack, StackError> {
        Stack::find(&self.clients.cloudformation(), name).await
    }

    /// The dead letters of the queue at `queue`, which lie at `letters`.
    #[must_use]
    pub fn dead_letters(&self, queue: &str, letters: &str) -> SqsDeadLetters {
        SqsDeadLetters::new(self.clients.sqs(), queue, letters)
    }

    /// How many functions of its account may run at once.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        Concurrency(self.clients.lambda())
    }

    /// The topic of this ARN, that its alarms are told to.
    #[must_use]
    pub fn alarm_topic(&self, arn: &str) -> AlarmTopic {
        AlarmTopic { client: self.clients.sns(), arn: arn.to_owned() }
    }

    /// Its mail, sent as `from`; by a configuration set, which tells what became of it, and with a topic that the
    /// operator hears of trouble by.
    #[must_use]
    pub fn mail(
        &self,
        from: impl Into<String>,
        configuration_set: Option<String>,
        operator_topic_arn: Option<String>,
    ) -> SesMail {
        let mail = SesMail::new(self.clients.ses(), from, configuration_set);
        match operator_topic_arn {
            Some(topic) => mail.telling(self.clients.sns(), topic),
            None => mail,
        }
    }
}
