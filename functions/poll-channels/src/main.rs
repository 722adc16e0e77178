//! Polls stores and marketplaces for what webhooks missed.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{NoMail, QueueName};
use settings::function::PollerSettings;
use workflow::poll;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = PollerSettings::read(&settings::process_env())?;
    let queues =
        [(QueueName::Inbound, settings.inbound_queue_url), (QueueName::Alerts, settings.alerts_queue_url)];
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?.sealing_under(&settings.kms_arn);
    let world = &hosting::world(&aws, &settings.common, queues, Arc::new(NoMail))?;
    lambda_runtime::run(service_fn(|_: LambdaEvent<serde_json::Value>| async move {
        let done = poll::poll(world).await?;
        Ok::<_, Error>(serde_json::Value::from(format!("{done:?}")))
    }))
    .await
}
