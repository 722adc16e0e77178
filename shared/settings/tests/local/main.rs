//! The settings file, as a stranger may write it.
#![expect(clippy::panic, reason = "test helpers fail loudly")]

mod errors;
mod files;
mod hostile;
mod precedence;
mod reversals;

use std::path::Path;

use domain::connection::Connection;
use secrecy::{ExposeSecret as _, SecretString};
use settings::SettingsErrors;
use settings::local::{Kinds, LocalSettings, Notice, parse_text};

/// A store with webhooks, marketplaces without and with, and a store without either secret.
struct Fakes;

impl Kinds for Fakes {
    fn store(&self, kind: &str) -> bool {
        matches!(kind, "shopify" | "plainshop")
    }

    fn marketplace(&self, kind: &str) -> bool {
        matches!(kind, "amazon" | "ebay")
    }

    fn check(&self, connection: &Connection) -> Vec<String> {
        let known: &[&str] = match connection.kind.as_str() {
            "shopify" => &["shop", "shared_secret"],
            "amazon" => &["region", "marketplace_id", "token_base_url"],
            _ => &[],
        };
        let mut problems: Vec<String> = known
            .iter()
            .filter(|key| {
                !matches!(**key, "shared_secret" | "token_base_url")
                    && connection.option(key).is_none_or(str::is_empty)
            })
            .map(|key| format!("{key}: is missing"))
            .collect();
        for key in connection.options.keys().filter(|key| !known.contains(&key.as_str())) {
            problems.push(format!("{key}: {} has no such option", connection.kind));
        }
        if connection.option("shop") == Some("elsewhere") {
            problems.push("The shop is elsewhere".to_owned());
            problems.push("`shop` is `far` off".to_owned());
            problems.push("options.region is of no use".to_owned());
        }
        problems
    }

    fn webhooks_are_hints(&self, connection: &Connection) -> bool {
        connection.option("shared_secret") == Some("true")
    }

    fn secret_sets(&self, kind: &str) -> Vec<&'static [&'static str]> {
        match kind {
            "shopify" => vec![&["client_id", "client_secret"], &["access_token"]],
            "amazon" => vec![&["client_id", "client_secret", "refresh_token"]],
            _ => vec![],
        }
    }

    fn refuses_notice(&self, kind: &str, wish: Notice) -> Option<String> {
        (kind == "amazon" && wish != Notice::Default).then(|| "Amazon decides".to_owned())
    }

    fn authorisation_ends(&self, kind: &str) -> Option<&'static str> {
        (kind == "ebay").then_some("18 months after the seller gave it")
    }

    fn needs_webhook_secret(&self, kind: &str) -> bool {
        kind == "shopify"
    }

    fn takes_webhook_secret(&self, kind: &str) -> bool {
        kind == "ebay"
    }

    fn webhook_secret_problem(&self, kind: &str, secret: &SecretString) -> Option<String> {
        let short = kind == "ebay" && secret.expose_secret().len() < 12;
        short.then(|| "must be at least 12 characters".to_owned())
    }
}

/// A file in which everything is right, line by line, for tests to break.
const GOOD: &str = r#"[general]
port = 8081
allow_base_urls = true
[mail]
to = ["ops@example.com"]
[timing]
lease = 30
[marketplaces.amazon]
sync = true
[[connections]]
id = "amazon-us"
kind = "amazon"
region = "na"
marketplace_id = "ATVPDKIKX0DER"
expires = 2027-05-01
[connections.secrets]
client_id = "canary-client-id"
client_secret = "canary-client-secret"
refresh_token = "canary-refresh-token"
[[connections]]
id = "shop"
kind = "shopify"
shop = "example.myshopify.com"
base_url = "http://127.0.0.1:9000/"
link = [{ from = "note_attribute", name = "Amazon Id", account = "amazon-us" }]
[connections.secrets]
webhook = ["canary-new", "canary-old"]
access_token = "canary-access-token"
"#;

/// Every secret in [`GOOD`] holds this.
const CANARY: &str = "canary";

fn no_env(_: &str) -> Option<String> {
    None
}

fn parse(text: &str) -> Result<LocalSettings, SettingsErrors> {
    parse_text(text, Path::new("/nowhere"), &no_env, &Fakes)
}

/// [`GOOD`] with one text put for another, which must stand in it.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from:?} is not in the file");
    GOOD.replacen(from, to, 1)
}
