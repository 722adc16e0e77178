//! Serves: the receiver behind HTTP, workers on the queues, the schedules.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connector_api::HttpTransport;
use ports::QueueName;
use secrecy::SecretString;
use settings::local::LocalSettings;
use signatures::RouteKey;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use workflow::receive::{Inbound, KeyCache, MarketplaceReceiver, Receiver};
use workflow::{alerts, batch, poll, sweep, sync};

use crate::embedded::{Received, ServeLock};
use crate::system::{self, Local};

/// Workers per queue: enough to keep several accounts busy, few enough for a small machine.
const WORKERS: usize = 4;
/// How long a received message is hidden: longer than a call and its lease.
const VISIBILITY: Duration = Duration::from_secs(90);
/// How long a worker waits for a send before it looks by itself.
const LOOK: Duration = Duration::from_millis(250);
/// How long keys that verify may take to come: senders hang up after a few seconds.
const KEYS_WITHIN: Duration = Duration::from_secs(2);
/// One more byte than the receiver takes: it says 413 itself.
const MAX_BODY: usize = 6 * 1024 * 1024 + 1;
/// How often the schedules run. On AWS: each minute; here it costs next to nothing.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
const POLL_EVERY: Duration = Duration::from_secs(5);
const DEAD_LETTERS_EVERY: Duration = Duration::from_secs(2);
const FORGET_EVERY: Duration = Duration::from_secs(3600);
const SETTINGS_EVERY: Duration = Duration::from_secs(2);

/// A system that serves until it is dropped or stopped.
pub(crate) struct Serving {
    /// What it serves from.
    pub(crate) system: Arc<Local>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    tasks: JoinSet<()>,
    _lock: ServeLock,
}

impl Serving {
    /// Starts everything. `watch` is the settings file, read again when it changes.
    pub(crate) async fn start(
        system: Local,
        settings: &LocalSettings,
        address: SocketAddr,
        watch: Option<PathBuf>,
    ) -> Result<Self> {
        let lock = system.data.lock_for_serving()?;
        let route_key = system::route_key(system.data.path())?;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}: another program has it; choose another by --port")
        })?;
        let address = listener.local_addr()?;
        system.apply(settings, &route_key).await?;
        system.queue.take_over().await?;
        let system = Arc::new(system);
        let mut tasks = JoinSet::new();
        let doors = Arc::new(Doors::of(&system, &route_key)?);
        let app =
            Router::new().route("/health", get(|| async { "ok\n" })).fallback(receive).with_state(doors);
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the listener ended");
            }
        });
        for queue in QueueName::ALL {
            for _ in 0..WORKERS {
                tasks.spawn(work(system.clone(), queue));
            }
        }
        tasks.spawn(sweeps(system.clone()));
        tasks.spawn(polls(system.clone()));
        tasks.spawn(forgetting(system.clone()));
        tasks.spawn(dead_letters(system.clone()));
        if let Some(path) = watch {
            tasks.spawn(watch_settings(system.clone(), path, route_key));
        }
        Ok(Self { system, address, tasks, _lock: lock })
    }

    /// Waits until a task ends, which only a defect makes happen.
    pub(crate) async fn ended(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(%error, "a task of the system ended");
        }
    }
}

/// What stands open to the world: one door for stores, one for marketplaces.
struct Doors {
    stores: Receiver,
    marketplaces: MarketplaceReceiver,
}

impl Doors {
    fn of(system: &Local, route_key: &SecretString) -> Result<Self> {
        let world = &system.world;
        let stores = Receiver {
            queue: system.queue.clone(),
            ledger: world.ledger.clone(),
            webhook_secrets: system.credentials.clone(),
            clock: world.clock.clone(),
            connectors: world.connectors.clone(),
            route_key: RouteKey::new(route_key.clone())?,
            cache: KeyCache::default(),
        };
        let marketplaces = MarketplaceReceiver {
            queue: system.queue.clone(),
            webhook_secrets: system.credentials.clone(),
            clock: world.clock.clone(),
            rng: world.rng.clone(),
            transport: Arc::new(HttpTransport::within(KEYS_WITHIN)?),
            connectors: world.connectors.clone(),
            route_key: RouteKey::new(route_key.clone())?,
            cache: KeyCache::default(),
        };
        Ok(Self { stores, marketplaces })
    }
}

/// Any request but the health check: a receiver decides, and says nothing but a status and the answer to a question.
async fn receive(State(doors): State<Arc<Doors>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        // Too long, or cut off: the former is told, the latter hears nothing anyway.
        Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let inbound = Inbound { method: &parts.method, path, query, headers: &parts.headers, body: &body };
    let Doors { stores: receiver, marketplaces } = doors.as_ref();
    if !path.starts_with("/webhooks/marketplaces/") {
        return status(receiver.receive(inbound).await.status).into_response();
    }
    let done = marketplaces.receive(inbound).await;
    match done.json {
        Some(json) => (status(done.status), [(CONTENT_TYPE, "application/json")], json).into_response(),
        None => status(done.status).into_response(),
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// One worker: takes messages and works on them, until the process ends.
async fn work(system: Arc<Local>, queue: QueueName) {
    loop {
        let messages = match system.queue.receive(queue, 10, VISIBILITY).await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!(queue = queue.as_str(), %error, "the queue cannot be read");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        if messages.is_empty() {
            system.queue.wait(queue, LOOK).await;
            continue;
        }
        let records: Vec<(String, &str)> =
            messages.iter().map(|m| (m.receipt.id.to_string(), m.body.as_str())).collect();
        let world = &system.world;
        let failed = match queue {
            QueueName::Inbound => batch::each(records, |body| sync::work(world, body)).await,
            QueueName::Alerts => batch::each(records, |body| alerts::tell(world, body)).await,
        };
        for message in &messages {
            let outcome = if failed.contains(&message.receipt.id.to_string()) {
                put_back(&system, queue, message).await
            } else {
                system.queue.delete(queue, message.receipt).await.map(drop)
            };
            if let Err(error) = outcome {
                tracing::warn!(queue = queue.as_str(), %error, "a message will be seen once more");
            }
        }
    }
}

/// Shows a failed message again after a pause that grows.
async fn put_back(system: &Local, queue: QueueName, message: &Received) -> Result<()> {
    let pause = Duration::from_secs(1 << message.receipt.receives.min(6));
    system.queue.change_visibility(queue, message.receipt, pause).await?;
    Ok(())
}

/// Runs `work` again and again, never twice at once; a slow run only delays its own next one.
async fn every<F>(period: Duration, what: &'static str, mut work: impl FnMut() -> F)
where
    F: Future<Output = Result<()>>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = work().await {
            tracing::warn!(%error, "{what} failed, the next one goes on");
        }
    }
}

async fn sweeps(system: Arc<Local>) {
    every(SWEEP_EVERY, "sweep", || async { Ok(sweep::sweep(&system.world).await.map(drop)?) }).await;
}

async fn polls(system: Arc<Local>) {
    every(POLL_EVERY, "poll", || async { Ok(poll::poll(&system.world).await.map(drop)?) }).await;
}

/// Tells of messages that were put aside, however their workers ended.
async fn dead_letters(system: Arc<Local>) {
    every(DEAD_LETTERS_EVERY, "telling of dead letters", || async {
        for (id, body) in system.queue.untold_dead_letters().await? {
            alerts::dead_letter(&system.world, &body).await?;
            system.queue.dead_letter_told(id).await?;
        }
        Ok(())
    })
    .await;
}

async fn forgetting(system: Arc<Local>) {
    every(FORGET_EVERY, "forgetting what expired", || async { system.database.sweep_ttl().await.map(drop) })
        .await;
}

/// Reads the settings again when their file changes. Wrong ones are told and the old ones stay in force.
async fn watch_settings(system: Arc<Local>, path: PathBuf, route_key: SecretString) {
    let changed_at = |path: &PathBuf| -> Option<SystemTime> { std::fs::metadata(path).ok()?.modified().ok() };
    let mut seen = changed_at(&path);
    loop {
        tokio::time::sleep(SETTINGS_EVERY).await;
        let now = changed_at(&path);
        if now == seen {
            continue;
        }
        seen = now;
        match system::load_settings(&path) {
            Ok(settings) => match system.apply(&settings, &route_key).await {
                Ok(()) => tracing::info!(path = %path.display(), "settings read again"),
                Err(error) => tracing::error!(%error, "new settings could not be applied"),
            },
            Err(error) => tracing::error!("new settings are not taken, the old ones stay in force: {error}"),
        }
    }
}
