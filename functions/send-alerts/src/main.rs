//! Mails what merchants must hear, as the messages of the alert queue say.
use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::QueueName;
use settings::function::MailerSettings;
use workflow::alerts;
use workflow::batch::{self, SqsEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = MailerSettings::read(&settings::process_env())?;
    let queues = [(QueueName::Alerts, settings.alerts_queue_url)];
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?;
    let mail =
        Arc::new(aws.mail(settings.mail_from, settings.configuration_set, settings.operator_topic_arn));
    let world = &hosting::world(&aws, &settings.common, queues, mail)?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(batch::answer(world, &event.payload, |body| alerts::tell(world, body)).await)
    }))
    .await
}
