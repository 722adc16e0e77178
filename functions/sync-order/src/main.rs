//! Looks at orders, as the messages of the inbound queue say, and those that Amazon puts into its own.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{NoMail, QueueName};
use settings::function::WorkerSettings;
use workflow::{batch, sync};

/// Whose the messages of the other queue are.
const AMAZON: &str = "amazon";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = WorkerSettings::read(&settings::process_env())?;
    let queues =
        [(QueueName::Inbound, settings.inbound_queue_url), (QueueName::Alerts, settings.alerts_queue_url)];
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?.sealing_under(&settings.kms_arn);
    let world = &hosting::world(&aws, &settings.common, queues, Arc::new(NoMail))?;
    let amazon = &settings.amazon_queue_arn;
    lambda_runtime::run(service_fn(|event: LambdaEvent<batch::SqsEvent>| async move {
        if event.payload.is_of(amazon) {
            let done = batch::answer_each(&event.payload, |message| {
                sync::pushed(world, AMAZON, &message.body, message.attributes.sent_at())
            });
            return Ok(done.await);
        }
        Ok::<_, Error>(batch::answer(world, &event.payload, |body| sync::work(world, body)).await)
    }))
    .await
}
