//! Looks at orders, as the messages of the inbound queue say.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{NoMail, QueueName};
use settings::function::WorkerSettings;
use workflow::{batch, sync};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = WorkerSettings::read(&settings::process_env())?;
    let queues =
        [(QueueName::Inbound, settings.inbound_queue_url), (QueueName::Alerts, settings.alerts_queue_url)];
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?.sealing_under(&settings.kms_arn);
    let world = &hosting::world(&aws, &settings.common, queues, Arc::new(NoMail))?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<batch::SqsEvent>| async move {
        Ok::<_, Error>(batch::answer(world, &event.payload, |body| sync::work(world, body)).await)
    }))
    .await
}
