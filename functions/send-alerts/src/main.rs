//! Mails what merchants must hear, as the messages of the alert queue say.
use std::sync::Arc;

use aws::{AwsKeys, Installation};
use connector_api::HttpTransport;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{QueueName, SystemClock, SystemRng};
use registry::Registry;
use settings::function::MailerSettings;
use workflow::batch::{self, SqsEvent};
use workflow::{alerts, world::World};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = MailerSettings::read(&settings::process_env())?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.common.log)?;
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let (from, set, topic) = (settings.mail_from, settings.configuration_set, settings.operator_topic_arn);
    let access = settings.common.aws;
    let (access_key_id, session_token) = (access.access_key_id, access.session_token);
    let keys = AwsKeys { access_key_id, secret_access_key: access.secret_access_key, session_token };
    let (endpoint, prefix) = (access.endpoint_url.as_deref(), &settings.common.table_prefix);
    let aws = Installation::new(&access.region, endpoint, &keys, prefix);
    let world = &World {
        ledger: Arc::new(aws.ledger()),
        queue: Arc::new(aws.queue([(QueueName::Alerts, settings.alerts_queue_url)])),
        transport: Arc::new(HttpTransport::new()?),
        mail: Arc::new(aws.mail(from, set, topic)),
        credentials: Arc::new(aws.credentials()),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        connectors: Arc::new(Registry::default()),
        memo: Arc::default(),
        allow_base_urls: settings.common.allow_base_urls,
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(batch::answer(world, &event.payload, |body| alerts::tell(world, body)).await)
    }))
    .await
}
