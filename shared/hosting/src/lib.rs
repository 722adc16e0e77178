//! What every function does before its handler: the log, the adapters, the world.
//!
//! Here, and not in five mains, is decided how a function on Lambda is put together. A main says which queues it
//! knows and which mail it sends, and what it does with an event.

mod log;

use std::sync::Arc;

use aws::{AwsKeys, Installation};
use connector_api::HttpTransport;
use ports::{Clock, Mail, QueueName, SystemClock, SystemRng};
use registry::Registry;
use settings::function::Common;
use workflow::clock_watch::ClockWatch;
use workflow::world::World;

/// Starts the log of `function`; returns the adapters of the installation that the settings name.
///
/// # Errors
/// A log level that is none.
pub fn start(function: &'static str, common: &Common) -> anyhow::Result<Installation> {
    log::start(function, common)?;
    let access = &common.aws;
    let keys = AwsKeys {
        access_key_id: access.access_key_id.clone(),
        secret_access_key: access.secret_access_key.clone(),
        session_token: access.session_token.clone(),
    };
    Ok(Installation::new(&access.region, access.endpoint_url.as_deref(), &keys, &common.table_prefix))
}

/// Puts together all that a handler may reach.
///
/// # Errors
/// No TLS roots.
pub fn world(
    aws: &Installation,
    common: &Common,
    queues: impl IntoIterator<Item = (QueueName, String)>,
    mail: Arc<dyn Mail>,
) -> anyhow::Result<World> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(World {
        ledger: Arc::new(aws.ledger()),
        queue: Arc::new(aws.queue(queues)),
        transport: Arc::new(ClockWatch::new(Arc::new(HttpTransport::new()?), clock.clone())),
        mail,
        credentials: Arc::new(aws.credentials()),
        clock,
        rng: Arc::new(SystemRng),
        connectors: Arc::new(Registry::default()),
        memo: Arc::default(),
        allow_base_urls: common.allow_base_urls,
        work_until: None,
    })
}
