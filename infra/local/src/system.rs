//! The system on one machine: the same handlers as on AWS, behind adapters that live in one directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use aws::{AwsKeys, Clients, SesMail};
use connector_api::{BuyerNotice, Connectors, HttpTransport, Marketplace};
use domain::connection::Connection;
use domain::ids::ConnectionId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ports::credentials::WebhookKeys;
use ports::{Clock, Mail, Rng as _, SystemClock, SystemRng};
use registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use settings::SettingsErrors;
use settings::local::{ConfiguredConnection, Kinds, LocalSettings, MailTransport, Notice, Ses, SmtpTls};
use sha2::{Digest, Sha256};
use signatures::RouteKey;
use workflow::apply::Applied;
use workflow::batch::MAX_RECEIVES;
use workflow::clock_watch::ClockWatch;
use workflow::world::World;

use crate::embedded::{
    DataDir, Database, Encryption, LocalCredentials, LocalQueue, Mailbox, SmtpMail, SmtpSettings,
};

/// Everything open.
pub(crate) struct Local {
    pub(crate) data: DataDir,
    pub(crate) world: World,
    pub(crate) queue: Arc<LocalQueue>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) database: Database,
    /// The settings' secrets stay in memory; tokens that took their place are kept in the data directory.
    pub(crate) credentials: Arc<LocalCredentials>,
}

/// The connectors, as settings ask for them.
pub(crate) struct KnownKinds(pub(crate) Registry);

impl Kinds for KnownKinds {
    fn store(&self, kind: &str) -> bool {
        self.0.store(kind).is_some()
    }

    fn marketplace(&self, kind: &str) -> bool {
        self.0.marketplace(kind).is_some()
    }

    fn check(&self, connection: &Connection) -> Vec<String> {
        let store = self.0.store(&connection.kind).map(|s| s.check_options(connection));
        let marketplace = || self.0.marketplace(&connection.kind).map(|m| m.check_options(connection));
        store.or_else(marketplace).unwrap_or_default()
    }

    fn secret_sets(&self, kind: &str) -> Vec<&'static [&'static str]> {
        let store = self.0.store(kind).map(|s| s.secret_sets().to_vec());
        store.or_else(|| self.0.marketplace(kind).map(|m| vec![m.secret_names()])).unwrap_or_default()
    }

    fn webhooks_are_hints(&self, connection: &Connection) -> bool {
        self.0.store(&connection.kind).is_some_and(|s| s.webhooks_are_hints(connection))
    }

    fn refuses_notice(&self, kind: &str, wish: Notice) -> Option<String> {
        let rule = match self.0.marketplace(kind) {
            Some(marketplace) => marketplace.traits().buyer_notice,
            // Nothing is ever written to a store, so nothing is mailed by one on our account.
            None => BuyerNotice::MarketplaceDecides("a store mails its buyers as it is set up there"),
        };
        let refused = match (rule, wish) {
            (_, Notice::Default) | (BuyerNotice::Always(_), Notice::Send) => None,
            (BuyerNotice::Always(why), Notice::Suppress)
            | (BuyerNotice::MarketplaceDecides(why), Notice::Send | Notice::Suppress) => Some(why),
        };
        refused.map(str::to_owned)
    }

    fn authorisation_ends(&self, kind: &str) -> Option<&'static str> {
        self.0.marketplace(kind)?.traits().authorisation_ends
    }

    fn needs_webhook_secret(&self, kind: &str) -> bool {
        self.0.store(kind).is_some()
    }

    fn takes_webhook_secret(&self, kind: &str) -> bool {
        self.0.marketplace(kind).is_some_and(|m| m.notifies().is_some())
    }

    fn webhook_secret_problem(&self, kind: &str, secret: &SecretString) -> Option<String> {
        self.0.marketplace(kind)?.notifies()?.secret_problem(secret)
    }
}

/// Reads and checks a settings file against the connectors of this build.
///
/// # Errors
/// Every problem at once, each naming its key.
pub(crate) fn load_settings(path: &Path) -> Result<LocalSettings, SettingsErrors> {
    settings::local::load(path, &settings::process_env(), &KnownKinds(Registry::default()))
}

/// The settings file that is meant: the one named, else `parcelwire.toml` here, else the one in the data directory.
pub(crate) fn settings_path(named: Option<&Path>, data: &Path) -> Option<PathBuf> {
    let usual = [PathBuf::from("parcelwire.toml"), data.join("settings.toml")];
    named.map(Path::to_owned).or_else(|| usual.into_iter().find(|path| path.is_file()))
}

/// Opens the data directory. With settings, calls can be made and mail leaves; without, only records are seen.
pub(crate) async fn open(data: &Path, settings: Option<&LocalSettings>) -> Result<Local> {
    let data = DataDir::open(data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = data.database().await?;
    let queue = Arc::new(data.queue(clock.clone(), MAX_RECEIVES)?);
    let forward = settings.map(|s| outgoing(s, clock.clone())).transpose()?.flatten();
    let mailbox = Arc::new(data.mailbox(clock.clone(), forward)?);
    let credentials = Arc::new(data.credentials()?);
    let connectors: Arc<dyn Connectors> = Arc::new(Registry::default());
    let world = World {
        ledger: Arc::new(database.ledger()),
        queue: queue.clone(),
        transport: Arc::new(ClockWatch::new(Arc::new(HttpTransport::new()?), clock.clone())),
        mail: mailbox.clone(),
        credentials: credentials.clone(),
        clock,
        rng: Arc::new(SystemRng),
        connectors,
        memo: Arc::default(),
        allow_base_urls: settings.is_none_or(|s| s.general.allow_base_urls),
        work_until: None,
    };
    Ok(Local { data, world, queue, mailbox, database, credentials })
}

/// Where mail goes besides the mailbox.
fn outgoing(settings: &LocalSettings, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Mail>>> {
    let from = settings.mail.from.clone();
    Ok(match &settings.mail.transport {
        MailTransport::Mailbox => None,
        MailTransport::Smtp(smtp) => {
            let (user, password) = smtp.login.clone().map_or((None, None), |(u, p)| (Some(u), Some(p)));
            let encryption = match smtp.tls {
                SmtpTls::StartTls => Encryption::StartTls,
                SmtpTls::Implicit => Encryption::Tls,
                SmtpTls::None => Encryption::None,
            };
            let (host, port) = (smtp.host.clone(), smtp.port);
            let smtp = SmtpSettings { host, port, user, password, from, encryption };
            Some(Arc::new(SmtpMail::new(&smtp, clock)?))
        }
        MailTransport::Ses(ses) => Some(Arc::new(ses_mail(ses, from))),
    })
}

/// Mail through SES, by the keys of the settings.
pub(crate) fn ses_mail(ses: &Ses, from: String) -> SesMail {
    let keys = AwsKeys {
        access_key_id: ses.access_key_id.expose_secret().to_owned(),
        secret_access_key: ses.secret_access_key.clone(),
        session_token: ses.session_token.clone(),
    };
    let clients = Clients::new(&ses.region, ses.base_url.as_deref(), &keys);
    SesMail::new(clients.ses(), from, None)
}

impl Local {
    /// Takes the secrets of the settings into memory and changes nothing else: enough to ask, not to serve.
    pub(crate) async fn hold_secrets(&self, settings: &LocalSettings) -> Result<()> {
        let route_key = route_key(self.data.path())?;
        for configured in &settings.connections {
            self.hold_credential(configured).await?;
            self.hold_webhook_secrets(configured, settings, &route_key)?;
        }
        Ok(())
    }

    async fn hold_credential(&self, configured: &ConfiguredConnection) -> Result<()> {
        self.credentials.put(&configured.connection.account, configured.secrets.clone()).await
    }

    fn hold_webhook_secrets(
        &self,
        configured: &ConfiguredConnection,
        settings: &LocalSettings,
        route_key: &SecretString,
    ) -> Result<()> {
        let base = settings.general.public_url.as_deref();
        match webhook_keys(self.world.connectors.as_ref(), configured, base, route_key)? {
            Some(keys) => self.credentials.put_webhook_keys(keys),
            None => self.credentials.forget_webhook_keys(&configured.connection.account.connection),
        }
        Ok(())
    }

    /// Takes the settings in force: connections into the ledger, secrets into memory.
    pub(crate) async fn apply(&self, settings: &LocalSettings, route_key: &SecretString) -> Result<()> {
        let mut applied = Vec::new();
        for configured in &settings.connections {
            let account = configured.connection.account.clone();
            let fingerprint = fingerprint(configured, route_key);
            let known = self.world.connection_state(&account).await?.map(|s| s.value.credentials);
            let loaded = ports::Credentials::load(self.credentials.as_ref(), &account).await?.is_some();
            // The same secrets again would only throw the access token away.
            if !loaded || known.as_ref() != Some(&fingerprint) {
                self.hold_credential(configured).await?;
            }
            self.hold_webhook_secrets(configured, settings, route_key)?;
            applied.push(applied_as(configured, fingerprint));
        }
        let accounts: Vec<_> = settings.connections.iter().map(|c| c.connection.account.clone()).collect();
        self.credentials.keep_only(&accounts).await?;
        for change in workflow::apply::apply(&self.world, &applied).await? {
            tracing::info!(?change, "settings applied");
        }
        Ok(())
    }
}

/// What verifies the posts to a connection, as its settings say; `None` if nothing is posted to it, or nothing of that
/// can be verified. `base` is where marketplaces reach the system: what proves that an address is ours needs it.
pub(crate) fn webhook_keys(
    connectors: &dyn Connectors,
    configured: &ConfiguredConnection,
    base: Option<&str>,
    route_key: &SecretString,
) -> Result<Option<WebhookKeys>> {
    let connection = &configured.connection;
    let keys = WebhookKeys {
        account: connection.account.clone(),
        kind: connection.kind.clone(),
        secrets: configured.webhook_secrets.clone(),
        app: BTreeMap::new(),
        address: None,
    };
    if connectors.store(&connection.kind).is_some() {
        return Ok(Some(keys));
    }
    let marketplace = connectors.marketplace(&connection.kind);
    let Some(notifies) = marketplace.and_then(Marketplace::notifies) else { return Ok(None) };
    if configured.webhook_secrets.is_empty() {
        return Ok(None);
    }
    // Of the connection's secrets the app's own alone: a receiver must open no seller's account.
    let named = |name: &str| {
        let secret = configured.secrets.get(name).cloned();
        secret.or_else(|| connection.option(name).map(|option| SecretString::from(option.to_owned())))
    };
    let wanted = notifies.app_secrets().iter();
    let mut app: BTreeMap<String, SecretString> =
        wanted.filter_map(|name| Some(((*name).to_owned(), named(name)?))).collect();
    // Where the system was started for stand-ins, keys that verify are fetched from one of them.
    app.extend(connection.base_url.clone().map(|url| ("base_url".to_owned(), SecretString::from(url))));
    let path = notification_path(route_key, &connection.account.connection)?;
    let address = base.map(|base| format!("{}{path}", base.trim_end_matches('/')));
    Ok(Some(WebhookKeys { app, address, ..keys }))
}

/// A connection as the settings say it, its credentials by their fingerprint only.
pub(crate) fn applied(configured: &ConfiguredConnection, route_key: &SecretString) -> Applied {
    applied_as(configured, fingerprint(configured, route_key))
}

fn applied_as(configured: &ConfiguredConnection, fingerprint: String) -> Applied {
    Applied {
        connection: configured.connection.clone(),
        credentials_fingerprint: fingerprint,
        expires_at: configured.secrets_expire_at.and_then(end_of_day),
    }
}

fn end_of_day(day: jiff::civil::Date) -> Option<Timestamp> {
    day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Tells other secrets from the same ones, and nothing else: keyed, so that it cannot be tried out.
fn fingerprint(configured: &ConfiguredConnection, route_key: &SecretString) -> String {
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(route_key.expose_secret().as_bytes()));
    for (name, secret) in &configured.secrets {
        for part in [name.as_bytes(), secret.expose_secret().as_bytes()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// The file of the route key, which the tags in webhook addresses are made of.
fn route_key_file(data: &Path) -> PathBuf {
    data.join("route.key")
}

/// Reads the installation's route key, or makes one. It opens no account: a tag is a cheap gate before the
/// signature, and only has to stay the same, since stores keep the addresses.
pub(crate) fn route_key(data: &Path) -> Result<SecretString> {
    let path = route_key_file(data);
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 32 => return Ok(SecretString::from(text.trim().to_owned())),
        Ok(_) => bail!(
            "{} is damaged: restore it, or delete it and register the webhook addresses anew",
            path.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
    let key = new_route_key();
    write_private(&path, key.expose_secret())?;
    Ok(key)
}

/// A route key by chance.
pub(crate) fn new_route_key() -> SecretString {
    SecretString::from((0..4).map(|_| format!("{:016x}", SystemRng.next_u64())).collect::<String>())
}

/// Writes a file that only its owner can read; an existing one is not touched.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// The path that a store posts its webhooks to.
pub(crate) fn webhook_path(route_key: &SecretString, connection: &str) -> Result<String> {
    let key = RouteKey::new(route_key.clone())?;
    Ok(format!("/webhooks/stores/{connection}-{}", signatures::route_tag(&key, connection)))
}

/// The path that a marketplace posts to.
pub(crate) fn notification_path(route_key: &SecretString, connection: &ConnectionId) -> Result<String> {
    Ok(workflow::receive::marketplace_path(&RouteKey::new(route_key.clone())?, connection))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[mail]
to = ["ops@example.com"]
[[connections]]
id = "crafts"
kind = "etsy"
shop_id = "12345678"
country = "us"
[connections.secrets]
keystring = "app-key"
shared_secret = "app-secret"
refresh_token = "12345678.seller"
"#;

    fn keys(webhook: &str, base: Option<&str>) -> Option<WebhookKeys> {
        let kinds = KnownKinds(Registry::default());
        let text = format!("{FILE}{webhook}");
        let settings = settings::local::parse_text(&text, Path::new("/nowhere"), &|_| None, &kinds).unwrap();
        let key = SecretString::from("a route key that is long enough".to_owned());
        webhook_keys(&kinds.0, &settings.connections[0], base, &key).unwrap()
    }

    #[test]
    fn what_verifies_posts_holds_the_address_word_for_word_and_no_token_of_a_seller() {
        let webhook = "webhook = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"";
        let known = keys(webhook, Some("https://parcels.example/")).unwrap();
        let address = known.address.unwrap();
        assert!(address.starts_with("https://parcels.example/webhooks/marketplaces/crafts-"), "{address}");
        assert_eq!(known.secrets.len(), 1);
        let of_sellers = known.app.values().any(|secret| secret.expose_secret().contains("seller"));
        assert!(!of_sellers, "{:?}", known.app.keys());
        assert_eq!(keys(webhook, None).unwrap().address, None);
        assert!(keys("", Some("https://parcels.example")).is_none(), "without one nothing is posted");
    }

    #[test]
    fn a_webhook_secret_that_a_marketplace_could_not_use_is_refused_by_its_key() {
        let kinds = KnownKinds(Registry::default());
        let text = format!("{FILE}webhook = \"canary, which is no key\"");
        let errors =
            settings::local::parse_text(&text, Path::new("/nowhere"), &|_| None, &kinds).unwrap_err();
        assert_eq!(errors.problems[0].at, "connections[0].secrets.webhook");
        assert!(!errors.to_string().contains("canary"), "{errors}");
    }
}
