//! Receives stores' webhooks: verifies, reduces, queues, and only then answers 200.

use std::sync::Arc;

use anyhow::Context as _;
use aws::Patience;
use lambda_http::{Body, Error, Request, RequestExt as _, Response, service_fn};
use ports::{QueueName, SystemClock};
use registry::Registry;
use settings::function::ReceiverSettings;
use workflow::receive::{Inbound, KeyCache, Receiver, RouteKey};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = ReceiverSettings::read(&settings::process_env())?;
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?.with_patience(Patience::RECEIVER);
    let secrets = aws.webhook_secrets();
    let route_key = secrets.route_key().await?.context("the installation has no route key yet")?;
    let receiver = &Receiver {
        queue: Arc::new(aws.queue([(QueueName::Inbound, settings.inbound_queue_url)])),
        ledger: Arc::new(aws.ledger()),
        webhook_secrets: Arc::new(secrets),
        clock: Arc::new(SystemClock),
        connectors: Arc::new(Registry::default()),
        route_key: RouteKey::new(route_key)?,
        cache: KeyCache::default(),
    };
    lambda_http::run(service_fn(|request: Request| async move {
        let (method, path, headers) = (request.method(), request.raw_http_path(), request.headers());
        let reply =
            receiver.receive(Inbound { method, path, query: "", headers, body: request.body() }).await;
        Ok::<_, Error>(Response::builder().status(reply.status).body(Body::Empty)?)
    }))
    .await
}
