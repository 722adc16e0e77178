//! Settings of the Lambda functions: one struct each, from variables.
//!
//! What is required and missing is a problem by its name; nothing falls back. Every problem is told at once.
//! The same variables are set by `template.yaml`.

mod variables;

use secrecy::SecretString;

use crate::problem::SettingsErrors;
use variables::Variables;

/// How a function reaches AWS. Lambda itself sets all but the last.
#[derive(Clone, Debug)]
pub struct AwsAccess {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`; not secret.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`; comes with temporary keys.
    pub session_token: Option<SecretString>,
    /// `AWS_ENDPOINT_URL`: another address than Amazon's, refused unless `ALLOW_BASE_URLS` is true.
    pub endpoint_url: Option<String>,
}

/// What every function is told.
#[derive(Clone, Debug)]
pub struct Common {
    /// How it reaches AWS.
    pub aws: AwsAccess,
    /// `TABLE_PREFIX`: what stands before every table's logical name.
    pub table_prefix: String,
    /// `ALLOW_BASE_URLS`: whether other hosts than the built-in ones are taken. Absent: no.
    pub allow_base_urls: bool,
    /// `LOG_LEVEL`: a level or a filter such as `info,workflow=debug`. Absent: `info`.
    pub log: String,
}

/// Settings of `receive-store-webhook` and `receive-marketplace-notification`.
#[derive(Clone, Debug)]
pub struct ReceiverSettings {
    /// As for every function.
    pub common: Common,
    /// `INBOUND_QUEUE_URL`: where deliveries go.
    pub inbound_queue_url: String,
}

/// Settings of `sync-order`.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// As for every function.
    pub common: Common,
    /// `INBOUND_QUEUE_URL`: where it asks for another look.
    pub inbound_queue_url: String,
    /// `ALERTS_QUEUE_URL`: where it asks for mail.
    pub alerts_queue_url: String,
    /// `KMS_ARN`: the key that tokens are sealed under. No secret.
    pub kms_arn: String,
    /// `AMAZON_QUEUE_ARN`: the queue that Amazon writes to; what came from there is Amazon's word, not ours.
    pub amazon_queue_arn: String,
}

/// Settings of `poll-channels`.
#[derive(Clone, Debug)]
pub struct PollerSettings {
    /// As for every function.
    pub common: Common,
    /// `INBOUND_QUEUE_URL`: where what it finds goes.
    pub inbound_queue_url: String,
    /// `ALERTS_QUEUE_URL`: where it asks for mail.
    pub alerts_queue_url: String,
    /// `KMS_ARN`: the key that tokens are sealed under. No secret.
    pub kms_arn: String,
}

/// Settings of `sweep`.
#[derive(Clone, Debug)]
pub struct SweeperSettings {
    /// As for every function.
    pub common: Common,
    /// `INBOUND_QUEUE_URL`: where it asks for another look.
    pub inbound_queue_url: String,
    /// `ALERTS_QUEUE_URL`: where it asks for mail.
    pub alerts_queue_url: String,
}

/// Settings of `send-alerts`.
#[derive(Clone, Debug)]
pub struct MailerSettings {
    /// As for every function.
    pub common: Common,
    /// `ALERTS_QUEUE_URL`: where it asks for mail about a message that it could not work on itself.
    pub alerts_queue_url: String,
    /// `MAIL_FROM`: the sender's address, verified with SES.
    pub mail_from: String,
    /// `MAIL_CONFIGURATION_SET`: by which SES tells of bounces. Absent: it does not.
    pub configuration_set: Option<String>,
    /// `OPERATOR_TOPIC_ARN`: where the operator hears that mail does not get through. Absent: in the log.
    pub operator_topic_arn: Option<String>,
}

impl ReceiverSettings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsErrors> {
        let mut variables = Variables::new(env);
        let common = common(&mut variables);
        let inbound = variables.queue("INBOUND_QUEUE_URL");
        variables
            .finish(common.zip(inbound), |(common, inbound_queue_url)| Self { common, inbound_queue_url })
    }
}

impl WorkerSettings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsErrors> {
        let mut variables = Variables::new(env);
        let common = common(&mut variables);
        let queues = variables.queues(["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL"]);
        let kms_arn = variables.checked("KMS_ARN", kms_arn);
        let amazon = variables.checked("AMAZON_QUEUE_ARN", queue_arn);
        variables.finish(
            common.zip(queues.zip(kms_arn)).zip(amazon),
            |((common, ([inbound_queue_url, alerts_queue_url], kms_arn)), amazon_queue_arn)| Self {
                common,
                inbound_queue_url,
                alerts_queue_url,
                kms_arn,
                amazon_queue_arn,
            },
        )
    }
}

impl PollerSettings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsErrors> {
        let mut variables = Variables::new(env);
        let common = common(&mut variables);
        let queues = variables.queues(["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL"]);
        let kms_arn = variables.checked("KMS_ARN", kms_arn);
        variables.finish(
            common.zip(queues.zip(kms_arn)),
            |(common, ([inbound_queue_url, alerts_queue_url], kms_arn))| Self {
                common,
                inbound_queue_url,
                alerts_queue_url,
                kms_arn,
            },
        )
    }
}

impl SweeperSettings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsErrors> {
        let mut variables = Variables::new(env);
        let common = common(&mut variables);
        let queues = variables.queues(["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL"]);
        variables.finish(common.zip(queues), |(common, [inbound_queue_url, alerts_queue_url])| Self {
            common,
            inbound_queue_url,
            alerts_queue_url,
        })
    }
}

impl MailerSettings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsErrors> {
        let mut variables = Variables::new(env);
        let common = common(&mut variables);
        let alerts = variables.queue("ALERTS_QUEUE_URL");
        let from = variables.checked("MAIL_FROM", crate::check::address);
        let configuration_set = variables.optional("MAIL_CONFIGURATION_SET");
        let topic = variables.optional("OPERATOR_TOPIC_ARN");
        let operator_topic_arn =
            topic.and_then(|text| variables.judge("OPERATOR_TOPIC_ARN", topic_arn(&text)));
        variables.finish(common.zip(alerts.zip(from)), |(common, (alerts_queue_url, mail_from))| Self {
            common,
            alerts_queue_url,
            mail_from,
            configuration_set,
            operator_topic_arn,
        })
    }
}

fn common(variables: &mut Variables<'_>) -> Option<Common> {
    let allow_base_urls = variables.switch("ALLOW_BASE_URLS");
    variables.allow_base_urls(allow_base_urls == Some(true));
    let aws = aws_access(variables);
    let table_prefix = variables.checked("TABLE_PREFIX", table_prefix);
    let log = match variables.optional("LOG_LEVEL") {
        None => Some("info".to_owned()),
        Some(text) => variables.judge("LOG_LEVEL", crate::check::log_filter(&text).map(|()| text)),
    };
    Some(Common { aws: aws?, table_prefix: table_prefix?, allow_base_urls: allow_base_urls?, log: log? })
}

fn aws_access(variables: &mut Variables<'_>) -> Option<AwsAccess> {
    let region = variables.checked("AWS_REGION", |text| {
        let fits = crate::check::is_region(text).then(|| text.to_owned());
        fits.ok_or_else(|| "must be an AWS region such as eu-central-1".to_owned())
    });
    let access_key_id = variables.required("AWS_ACCESS_KEY_ID");
    let secret_access_key = variables.required("AWS_SECRET_ACCESS_KEY").map(SecretString::from);
    let session_token = variables.optional("AWS_SESSION_TOKEN").map(SecretString::from);
    // Keys of a role begin so, and AWS takes them only with their token.
    if session_token.is_none() && access_key_id.as_ref().is_some_and(|id| id.starts_with("ASIA")) {
        variables.problem("AWS_SESSION_TOKEN", "is not set, but AWS_ACCESS_KEY_ID is a temporary key");
    }
    let endpoint_url = variables.optional("AWS_ENDPOINT_URL").and_then(|text| variables.endpoint(&text));
    Some(AwsAccess {
        region: region?,
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        session_token,
        endpoint_url,
    })
}

fn table_prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.len() <= 200 && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("must be at most 200 of a-z, A-Z, 0-9, -, _ and ., as in the names of tables".to_owned())
    }
}

fn topic_arn(text: &str) -> Result<String, String> {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sns", region, account, name] if ![region, account, name].iter().any(|p| p.is_empty()) => {
            Ok(text.to_owned())
        }
        _ => Err("must be the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME".to_owned()),
    }
}

fn queue_arn(text: &str) -> Result<String, String> {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sqs", region, account, name] if ![region, account, name].iter().any(|p| p.is_empty()) => {
            Ok(text.to_owned())
        }
        _ => Err("must be the ARN of an SQS queue: arn:aws:sqs:REGION:ACCOUNT:NAME".to_owned()),
    }
}

/// The ARN of one KMS key: an alias could be pointed at another key by whoever may change aliases.
fn kms_arn(text: &str) -> Result<String, String> {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "kms", region, account, key]
            if !region.is_empty() && !account.is_empty() && key.len() > 4 && key.starts_with("key/") =>
        {
            Ok(text.to_owned())
        }
        _ => Err("must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID".to_owned()),
    }
}
