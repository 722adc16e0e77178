//! Receives what marketplaces post: verifies, reduces, queues, and only then answers 200.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws::Patience;
use connector_api::HttpTransport;
use lambda_http::{Body, Error, Request, RequestExt as _, Response, service_fn};
use ports::{QueueName, SystemClock, SystemRng};
use registry::Registry;
use settings::function::ReceiverSettings;
use workflow::receive::{Inbound, KeyCache, MarketplaceReceiver, RouteKey};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = ReceiverSettings::read(&settings::process_env())?;
    let aws = hosting::start(env!("CARGO_PKG_NAME"), &settings.common)?.with_patience(Patience::RECEIVER);
    let secrets = aws.webhook_secrets();
    let route_key = secrets.route_key().await?.context("the installation has no route key yet")?;
    let marketplaces = &MarketplaceReceiver {
        queue: Arc::new(aws.queue([(QueueName::Inbound, settings.inbound_queue_url)])),
        webhook_secrets: Arc::new(secrets),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        transport: Arc::new(HttpTransport::within(Duration::from_secs(2))?),
        connectors: Arc::new(Registry::default()),
        route_key: RouteKey::new(route_key)?,
        cache: KeyCache::default(),
    };
    lambda_http::run(service_fn(|request: Request| async move {
        let (method, path, headers) = (request.method(), request.raw_http_path(), request.headers());
        let (query, body) = (request.uri().query().unwrap_or_default(), request.body());
        let done = marketplaces.receive(Inbound { method, path, query, headers, body }).await;
        let answer = Response::builder().status(done.status).header("content-type", "application/json");
        Ok::<_, Error>(answer.body(done.json.map_or(Body::Empty, Body::Text))?)
    }))
    .await
}
