//! The commands that run for long: the system, the demo, the sandbox alone.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use settings::local::LocalSettings;
use tracing_subscriber::EnvFilter;

use crate::cli::{Failure, Global, Long};
use crate::demo::Elsewhere;
use crate::quickstart;
use crate::sandbox_host::SandboxHost;
use crate::serve::Serving;
use crate::{demo, system};

/// Where the sandbox listens when it runs alone.
const SANDBOX_PORT: u16 = 8090;
/// Where the system listens at its first start.
const FIRST_PORT: u16 = 8080;

/// Runs one of them.
pub(crate) async fn run(what: Long, global: &Global) -> Result<(), Failure> {
    match what {
        Long::Demo(mailbox) => play(global, mailbox.as_deref()).await,
        Long::Serve | Long::Sandbox if global.stack.is_some() => Err(Failure::usage(
            "a stack runs by itself: --stack is for commands that ask about it or change it",
        )),
        Long::Serve => serve(global).await,
        Long::Sandbox => Ok(sandbox_alone(global).await?),
    }
}

/// Logs to standard error: lines for a person at a terminal, JSON for everything else.
fn log(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Logging was set up already only in tests, which have their own.
    let _set =
        if std::io::stderr().is_terminal() { base.compact().try_init() } else { base.json().try_init() };
}

async fn play(global: &Global, mailbox: Option<&str>) -> Result<(), Failure> {
    log("error");
    let elsewhere = match (global.which(), mailbox) {
        (None, _) => None,
        (Some(which), Some(mailbox)) => Some(Elsewhere { which, mailbox }),
        (Some(_), None) => {
            return Err(Failure::usage("the demo in a stack needs --mailbox: it reads the mails back"));
        }
    };
    if demo::run(elsewhere, global.json, &mut std::io::stdout()).await? {
        Ok(())
    } else {
        Err(Failure::failed("a story did not end as it should"))
    }
}

async fn sandbox_alone(global: &Global) -> Result<()> {
    log("info");
    let stopped = stopped()?;
    let address = SocketAddr::from(([127, 0, 0, 1], global.port.unwrap_or(SANDBOX_PORT)));
    let mut sandbox = SandboxHost::start(address).await?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "Amazon   {}   (control: POST {0}/_sandbox/sellers, /orders, /faults …)",
        sandbox.amazon_url()
    )?;
    writeln!(
        out,
        "eBay     {}   (control: POST {0}/_sandbox/sellers, /orders, /faults …)",
        sandbox.ebay_url()
    )?;
    writeln!(
        out,
        "Etsy     {}   (control: POST {0}/_sandbox/shops, /receipts, /faults …)",
        sandbox.etsy_url()
    )?;
    writeln!(out, "Shopify  {}   (control: POST {0}/_sandbox/shops …)", sandbox.shopify_url())?;
    writeln!(out, "Use these as base_url of connections, with allow_base_urls = true. Ctrl-C stops it.")?;
    out.flush()?;
    tokio::select! {
        () = stopped => Ok(()),
        () = sandbox.ended() => Err(anyhow!("the sandbox ended by itself")),
    }
}

/// The file that says where the sandbox of the first start listens.
fn sandbox_mark(data: &Path) -> PathBuf {
    data.join("sandbox-address")
}

/// Writes the first start's settings, for a sandbox beside the system.
fn first_start(data: &Path, global: &Global) -> Result<PathBuf> {
    crate::embedded::DataDir::open(data)?;
    let port = global.port.unwrap_or(FIRST_PORT);
    let sandbox = SocketAddr::from(([127, 0, 0, 1], if port == 0 { 0 } else { port.saturating_add(1) }));
    // Settings that name a port which is taken would stand in the way of every later start.
    std::net::TcpListener::bind(("127.0.0.1", port)).with_context(|| {
        format!("cannot listen on 127.0.0.1:{port}: another program has it; choose another by --port")
    })?;
    // Port 0 takes any that is free: it is chosen here, as settings need to name it.
    let sandbox = std::net::TcpListener::bind(sandbox)
        .and_then(|listener| listener.local_addr())
        .with_context(|| format!("the sandbox cannot listen on {sandbox}: choose another by --port"))?;
    let path = data.join("settings.toml");
    quickstart::write_settings(&path, port, sandbox)?;
    system::write_private(&sandbox_mark(data), &sandbox.to_string())?;
    Ok(path)
}

async fn serve(global: &Global) -> Result<(), Failure> {
    // Heard from the beginning: a stop during the first parcel is as clean as any other.
    let stopped = stopped()?;
    let data = global.data.as_path();
    let named = system::settings_path(global.settings.as_deref(), data);
    let first = named.is_none();
    let path = match named {
        Some(path) if !path.exists() => return Err(Failure::not_found(no_settings(&path))),
        Some(path) => path,
        None => first_start(data, global)?,
    };
    let settings = system::load_settings(&path).map_err(|errors| Failure::usage(errors.to_string()))?;
    log(&settings.general.log);
    for warning in &settings.warnings {
        tracing::warn!("{}: {}: {}", path.display(), warning.at, warning.what);
    }
    let local = system::open(data, Some(&settings)).await?;
    let sandbox = start_sandbox(data, &path, &settings).await?;
    let port = global.port.unwrap_or(settings.general.port);
    let address = SocketAddr::new(settings.general.listen, port);
    let mut serving = Serving::start(local, &settings, address, Some(path.clone())).await?;
    announce(&serving, &settings, &path, sandbox.as_ref())?;
    let lasting = async {
        if let (true, Some(sandbox)) = (first, &sandbox) {
            first_parcel(&serving, sandbox).await?;
        }
        serving.ended().await;
        Err(Failure::failed("the system ended by itself; the log says why"))
    };
    tokio::select! {
        () = stopped => {}
        ended = lasting => return ended,
    }
    tracing::info!("stopped: everything accepted is on disk and goes on at the next start");
    Ok(())
}

/// Words for a settings file that was named and is not there.
fn no_settings(path: &Path) -> String {
    format!("there is no settings file {}: nothing is started in its place", path.display())
}

/// The sandbox of the first start, for as long as its settings are in use.
async fn start_sandbox(data: &Path, path: &Path, settings: &LocalSettings) -> Result<Option<SandboxHost>> {
    let ours = path == data.join("settings.toml");
    let Ok(mark) = std::fs::read_to_string(sandbox_mark(data)) else { return Ok(None) };
    let address = quickstart::sandbox_address(settings).filter(|a| ours && a.to_string() == mark.trim());
    let Some(address) = address else { return Ok(None) };
    let sandbox = SandboxHost::start(address).await?;
    quickstart::populate(&sandbox, settings)?;
    Ok(Some(sandbox))
}

fn announce(
    serving: &Serving,
    settings: &LocalSettings,
    path: &Path,
    sandbox: Option<&SandboxHost>,
) -> Result<()> {
    let mut out = std::io::stdout();
    let here = format!("http://{}", serving.address);
    let base = settings.general.public_url.as_deref().unwrap_or(&here).trim_end_matches('/');
    writeln!(out, "Parcelwire listens on {here}")?;
    writeln!(out, "  settings   {}", path.display())?;
    writeln!(out, "  data       {}", serving.system.data.path().display())?;
    let key = system::route_key(serving.system.data.path())?;
    for configured in &settings.connections {
        let connection = &configured.connection;
        if serving.system.world.connectors.store(&connection.kind).is_some() {
            let id = connection.account.connection.as_str();
            writeln!(out, "  webhooks   {base}{}   ({id})", system::webhook_path(&key, id)?)?;
        } else if !configured.webhook_secrets.is_empty() {
            let id = &connection.account.connection;
            writeln!(out, "  webhooks   {base}{}   ({id})", system::notification_path(&key, id)?)?;
        }
    }
    if let Some(sandbox) = sandbox {
        writeln!(out, "  sandbox    {} and {}", sandbox.shopify_url(), sandbox.amazon_url())?;
    }
    Ok(out.flush()?)
}

async fn first_parcel(serving: &Serving, sandbox: &SandboxHost) -> Result<()> {
    let key = system::route_key(serving.system.data.path())?;
    let url = format!("http://{}{}", serving.address, system::webhook_path(&key, "shop")?);
    let mut out = std::io::stdout();
    writeln!(out, "\nA first parcel: the sandbox shop ships a lamp and posts its signed webhook …")?;
    out.flush()?;
    let order = quickstart::first_parcel(sandbox, &url).await?;
    writeln!(out, "… and Amazon's stand-in shows it: order {order}, UPS 1Z999AA10123456784.\n")?;
    writeln!(out, "Next, in another terminal (cargo run -q -- in place of parcelwire):")?;
    writeln!(out, "  parcelwire orders                  what there is, and where it stands")?;
    writeln!(out, "  parcelwire explain {order}   what happened, step by step")?;
    writeln!(out, "  parcelwire demo                    stories with faults, judged by the sandbox")?;
    writeln!(
        out,
        "  docs/settings.md                   your own shop and account in the settings file above"
    )?;
    writeln!(out, "Ctrl-C stops it; everything is kept.")?;
    Ok(out.flush()?)
}

/// Listens from now on; what is returned ends when somebody asks the process to stop.
fn stopped() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let deaf = "the system lets no signals be heard";
        let mut terminate = signal(SignalKind::terminate()).context(deaf)?;
        let mut interrupt = signal(SignalKind::interrupt()).context(deaf)?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _interrupted = tokio::signal::ctrl_c().await;
    })
}
