//! Polls stores and marketplaces for what webhooks missed.
use std::sync::Arc;

use aws::{AwsKeys, Installation};
use connector_api::HttpTransport;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{NoMail, QueueName, SystemClock, SystemRng};
use registry::Registry;
use settings::function::PollerSettings;
use workflow::{poll, world::World};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = PollerSettings::read(&settings::process_env())?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.common.log)?;
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let access = settings.common.aws;
    let (access_key_id, secret_access_key) = (access.access_key_id, access.secret_access_key);
    let keys = AwsKeys { access_key_id, secret_access_key, session_token: access.session_token };
    let prefix = &settings.common.table_prefix;
    let aws = Installation::new(&access.region, access.endpoint_url.as_deref(), &keys, prefix);
    let (inbound, alerts) = (settings.inbound_queue_url, settings.alerts_queue_url);
    let world = &World {
        ledger: Arc::new(aws.ledger()),
        queue: Arc::new(aws.queue([(QueueName::Inbound, inbound), (QueueName::Alerts, alerts)])),
        transport: Arc::new(HttpTransport::new()?),
        mail: Arc::new(NoMail),
        credentials: Arc::new(aws.sealing_under(&settings.kms_arn).credentials()),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        connectors: Arc::new(Registry::default()),
        memo: Arc::default(),
        allow_base_urls: settings.common.allow_base_urls,
    };
    lambda_runtime::run(service_fn(|_: LambdaEvent<serde_json::Value>| async move {
        let done = poll::poll(world).await?;
        Ok::<_, Error>(serde_json::Value::from(format!("{done:?}")))
    }))
    .await
}
