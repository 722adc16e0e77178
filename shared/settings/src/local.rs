//! The one-machine system's settings: one TOML file.
//!
//! Nearest wins: a connection's own setting, then that of its kind (`[stores.shopify]`), then the general
//! one, then what is built in. `docs/settings.md` lists every key.

mod carriers;
mod connections;
mod general;
mod levels;
mod links;
mod mail;
mod notices;
mod reversals;
mod secrets;
mod shipments;

use std::collections::BTreeMap;
use std::path::Path;

use domain::connection::Connection;
use jiff::civil::Date;
use secrecy::SecretString;

pub use general::General;
pub use mail::{MailOut, MailTransport, Ses, Smtp, SmtpTls};
pub use notices::Notice;

use crate::problem::{Problem, SettingsErrors};
use crate::toml_tree::{Findings, Section, parse};
use levels::Level;
use secrets::SecretReader;

/// A settings file with every key and its meaning, valid as it stands.
pub const EXAMPLE: &str = include_str!("../examples/settings.toml");

/// The most a settings file may hold, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// What the system can connect to: asked, so that this crate knows no connector.
pub trait Kinds {
    /// Whether a store connector has this name.
    fn store(&self, kind: &str) -> bool;

    /// Whether a marketplace connector has this name.
    fn marketplace(&self, kind: &str) -> bool;

    /// What is wrong with a connection's options, each sentence beginning with the key.
    ///
    /// `` `shop` is missing ``, `shop: is missing` and `options.shop is missing` are all put to the key `shop`.
    /// Options this connector does not know are its to refuse: nobody else knows their names.
    fn check(&self, connection: &Connection) -> Vec<String>;

    /// Sets of secrets, of which a connection of this kind must bring exactly one, webhook secrets apart.
    fn secret_sets(&self, kind: &str) -> Vec<&'static [&'static str]>;

    /// Whether a connection's webhooks only cause a read of the store, so that it may share its secret.
    fn webhooks_are_hints(&self, connection: &Connection) -> bool;

    /// Why a seller cannot choose this for the marketplace's mails to the buyer; `None` if they can.
    fn refuses_notice(&self, kind: &str, wish: Notice) -> Option<String>;

    /// When an authorisation of this kind ends whatever is done with it, as in "ends 18 months after…"; `None` if it does not.
    fn authorisation_ends(&self, kind: &str) -> Option<&'static str>;

    /// Whether its webhooks are verified with a secret that must be given.
    fn needs_webhook_secret(&self, kind: &str) -> bool;

    /// Whether a marketplace posts to us what is verified with a secret, which need not be given: polls find it too.
    fn takes_webhook_secret(&self, kind: &str) -> bool;

    /// Why it could not use this webhook secret, without quoting it; `None` if it could.
    fn webhook_secret_problem(&self, kind: &str, secret: &SecretString) -> Option<String>;
}

/// All settings of the one-machine system, checked.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// About the system itself.
    pub general: General,
    /// How mail leaves.
    pub mail: MailOut,
    /// Every connection, in the order of the file.
    pub connections: Vec<ConfiguredConnection>,
    /// Worth a look, but no reason not to start.
    pub warnings: Vec<Problem>,
}

/// A connection and its secrets, which are kept apart from it ever after.
#[derive(Clone, Debug)]
pub struct ConfiguredConnection {
    /// Everything that is not secret, overrides applied.
    pub connection: Connection,
    /// Secrets that verify its webhooks; several while they are changed. None is empty.
    pub webhook_secrets: Vec<SecretString>,
    /// Its other secrets, by name.
    pub secrets: BTreeMap<String, SecretString>,
    /// The day its credential stops working, where the merchant told.
    pub secrets_expire_at: Option<Date>,
}

/// Reads and checks a settings file.
///
/// `env` answers `{ env = "NAME" }`; paths in `{ file = "…" }` are relative to the settings file.
///
/// # Errors
/// Everything that is wrong, each problem with its key path or line.
pub fn load(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    kinds: &dyn Kinds,
) -> Result<LocalSettings, SettingsErrors> {
    let source_name = path.display().to_string();
    let text = read_bounded(path, MAX_FILE).map_err(|what| SettingsErrors {
        problems: vec![Problem { at: source_name.clone(), line: None, what }],
        source_name: source_name.clone(),
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut read = read(&text, folder, env, kinds)
        .map_err(|problems| SettingsErrors { source_name: source_name.clone(), problems })?;
    if read.holds_secrets && readable_by_all(path) {
        let what = "holds secrets and every user of this machine can read it; \
                    run chmod 600 on it, or name secrets by env or file"
            .to_owned();
        read.settings.warnings.insert(0, Problem { at: source_name, line: None, what });
    }
    Ok(read.settings)
}

/// Checks settings given as text; `folder` is where relative secret files lie.
///
/// # Errors
/// As [`load`].
pub fn parse_text(
    text: &str,
    folder: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    kinds: &dyn Kinds,
) -> Result<LocalSettings, SettingsErrors> {
    read(text, folder, env, kinds)
        .map(|read| read.settings)
        .map_err(|problems| SettingsErrors { source_name: "the settings".to_owned(), problems })
}

struct Read {
    settings: LocalSettings,
    holds_secrets: bool,
}

fn read(
    text: &str,
    folder: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    kinds: &dyn Kinds,
) -> Result<Read, Vec<Problem>> {
    let findings = Findings::new(text);
    let mut outcome = None;
    if let Some(table) = parse(&findings) {
        let secrets = SecretReader::new(folder, env);
        let root = Section::root(&findings, table.get_ref());
        let general = general::read(root.section("general"));
        let everywhere = Level::general(&root, general.time_zone.clone());
        let mail = mail::read(root.section("mail"), &secrets, general.allow_base_urls);
        let stores = levels::of_kinds(&root.section("stores"), "store", &|kind| kinds.store(kind));
        let markets =
            levels::of_kinds(&root.section("marketplaces"), "marketplace", &|kind| kinds.marketplace(kind));
        let context = connections::Context {
            kinds,
            secrets: &secrets,
            allow_base_urls: general.allow_base_urls,
            everywhere: &everywhere,
            stores: &stores,
            marketplaces: &markets,
        };
        let connections = connections::read(root.sections("connections"), &context);
        root.finish();
        outcome = Some((general, mail, connections, secrets.any_inline()));
    }
    let (problems, warnings) = findings.into_parts();
    match outcome {
        Some((general, mail, connections, holds_secrets)) if problems.is_empty() => {
            Ok(Read { settings: LocalSettings { general, mail, connections, warnings }, holds_secrets })
        }
        _ => Err(problems),
    }
}

/// Reads a file of text, at most `max` bytes of it.
fn read_bounded(path: &Path, max: u64) -> Result<String, String> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| {
        let kind = error.kind();
        if kind == std::io::ErrorKind::NotFound {
            "does not exist".to_owned()
        } else if kind == std::io::ErrorKind::PermissionDenied {
            "is not for this user to read".to_owned()
        } else {
            format!("cannot be read: {error}")
        }
    };
    // Asked before opening: to open a pipe may wait for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > max {
        return Err(format!("is larger than {max} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        format!("is not UTF-8 text (line {})", valid.filter(|b| **b == b'\n').count() + 1)
    })
}

/// Whether any user of the machine may read a file. Unknown counts as no.
#[cfg(unix)]
fn readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0)
}

/// Whether any user of the machine may read a file. Unknown counts as no.
#[cfg(not(unix))]
fn readable_by_all(_path: &Path) -> bool {
    false
}
