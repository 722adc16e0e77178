//! A deployed stack, as the command line works on it: the same world over AWS, as the person who gives the command.

mod apply;
mod check_up;

use std::sync::Arc;

use aws::{Installation, Stack, StackError, UserAccess, UserAccessError};
use connector_api::HttpTransport;
use ports::{QueueName, SystemClock, SystemRng};
use registry::Registry;
use workflow::world::World;

use crate::cli::Failure;
pub(crate) use apply::{Plan, WebhookAddress};

/// What the queue that Amazon writes to is called here.
pub(crate) const AMAZON_QUEUE: &str = "amazon";

/// Which stack, and as whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// The AWS profile, if not the usual one.
    pub(crate) profile: Option<&'a str>,
    /// The region, if not the usual one.
    pub(crate) region: Option<&'a str>,
}

/// A stack, found and ready to be worked on.
pub(crate) struct Deployed {
    pub(crate) world: World,
    stack: Stack,
    installation: Installation,
    endpoint: Option<String>,
}

impl Deployed {
    /// Finds the stack with the person's own credentials.
    pub(crate) async fn open(which: Which<'_>) -> Result<Self, Failure> {
        let access = UserAccess::find(which.profile, which.region).await?;
        let UserAccess { keys, region, endpoint } = access;
        let finder = Installation::new(&region, endpoint.as_deref(), &keys, "");
        let stack = finder.stack(which.stack).await.map_err(|error| told(&error, &region))?;
        let prefix = stack.output("TablePrefix")?.to_owned();
        let installation = Installation::new(&region, endpoint.as_deref(), &keys, &prefix)
            .sealing_under(stack.output("KmsArn")?);
        let queues = [
            (QueueName::Inbound, stack.output("InboundQueue")?.to_owned()),
            (QueueName::Alerts, stack.output("AlertsQueue")?.to_owned()),
        ];
        let world = World {
            ledger: Arc::new(installation.ledger()),
            queue: Arc::new(installation.queue(queues)),
            transport: Arc::new(HttpTransport::new().map_err(anyhow::Error::from)?),
            mail: Arc::new(installation.mail(
                stack.parameter("MailFrom")?,
                Some(stack.output("MailConfigurationSet")?.to_owned()),
                None,
            )),
            credentials: Arc::new(installation.credentials()),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            connectors: Arc::new(Registry::default()),
            memo: Arc::default(),
            allow_base_urls: stack.parameter("AllowBaseUrls")? == "true",
            work_until: None,
        };
        Ok(Self { world, stack, installation, endpoint })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.stack.name
    }

    /// The sender of its mails.
    pub(crate) fn mail_from(&self) -> Result<&str, Failure> {
        Ok(self.stack.parameter("MailFrom")?)
    }

    /// Another address than Amazon's, if it stands on a local AWS.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Where stores send to: the address before the path.
    pub(crate) fn receiver(&self) -> Result<String, Failure> {
        self.door("WebhookUrl")
    }

    /// Where marketplaces send to: the address before the path.
    pub(crate) fn marketplace_receiver(&self) -> Result<String, Failure> {
        self.door("NotificationUrl")
    }

    /// The queue that Amazon writes to, by its ARN.
    pub(crate) fn amazon_queue_arn(&self) -> Result<&str, Failure> {
        Ok(self.stack.output("AmazonNotificationsArn")?)
    }

    /// A Function URL.
    ///
    /// A local AWS answers for a Function URL's host at its own address, below `/_aws/lambda-url/` and the URL's id.
    fn door(&self, output: &str) -> Result<String, Failure> {
        let url = self.stack.output(output)?.trim_end_matches('/');
        let Some(endpoint) = &self.endpoint else { return Ok(url.to_owned()) };
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        let id = host.split('.').next().unwrap_or(host);
        Ok(format!("{}/_aws/lambda-url/{id}", endpoint.trim_end_matches('/')))
    }

    /// The webhook secrets and the route key.
    pub(crate) fn webhook_secrets(&self) -> aws::DynamoWebhookSecrets {
        self.installation.webhook_secrets()
    }

    /// Its database, and what its tables are called.
    pub(crate) fn dynamodb(&self) -> (aws::DynamoClient, aws::TableNames) {
        (self.installation.dynamodb(), self.installation.table_names())
    }

    /// The dead letters of a queue.
    pub(crate) fn dead_letters(&self, queue: QueueName) -> Result<aws::SqsDeadLetters, Failure> {
        let (queue, letters) = match queue {
            QueueName::Inbound => ("InboundQueue", "InboundDeadLetters"),
            QueueName::Alerts => ("AlertsQueue", "AlertsDeadLetters"),
        };
        Ok(self.installation.dead_letters(self.stack.output(queue)?, self.stack.output(letters)?))
    }

    /// The dead letters of the queue that Amazon writes to.
    pub(crate) fn amazon_letters(&self) -> Result<aws::SqsDeadLetters, Failure> {
        let (queue, letters) = ("AmazonNotifications", "AmazonNotificationsDeadLetters");
        Ok(self.installation.dead_letters(self.stack.output(queue)?, self.stack.output(letters)?))
    }
}

fn told(error: &StackError, region: &str) -> Failure {
    match error {
        StackError::NotFound(_) => {
            Failure::not_found(format!("{error} ({region}): is it the right --region and --profile?"))
        }
        StackError::Unfinished { .. } | StackError::Foreign { .. } => Failure::refused(error.to_string()),
        StackError::Unavailable(_) => Failure::failed(format!("{error} ({region})")),
    }
}

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<UserAccessError> for Failure {
    fn from(error: UserAccessError) -> Self {
        Self::usage(error.to_string())
    }
}
