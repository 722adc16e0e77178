//! `verify`: does a webhook's signature fit, and if not, why.

use std::path::PathBuf;

use clap::Args;
use connector_api::Connectors as _;
use domain::ids::ConnectionId;
use ports::WebhookSecrets as _;
use registry::Registry;
use secrecy::SecretString;
use serde::Serialize;
use signatures::{Diagnosis, diagnose_hmac_base64};

use super::{Failure, Global, Out, bytes_of, settings};
use crate::deployed::Deployed;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Check with this connection's webhook secrets, from the settings or the stack
    #[arg(
        long,
        visible_alias = "account",
        value_name = "CONNECTION",
        required_unless_present = "secret_file"
    )]
    connection: Option<String>,
    /// Check with the secret in this file; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "connection")]
    secret_file: Vec<PathBuf>,
    /// The raw body, exactly as it was sent; - is the standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// The signature, as it stood in its header
    #[arg(long, value_name = "SIGNATURE", allow_hyphen_values = true)]
    signature: Option<String>,
    /// A header as it came, "Name: value"; the signature is found among them
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
}

/// What `verify` found.
#[derive(Debug, Serialize)]
struct Verdict {
    /// The delivery would be accepted.
    genuine: bool,
    /// What was found, by its stable name, with its details.
    #[serde(flatten)]
    diagnosis: Diagnosis,
    /// The same in a sentence.
    sentence: String,
    /// Bytes of the body.
    body_bytes: usize,
    /// Secrets that there were to try.
    secrets_tried: usize,
    /// The delivery's topic, where the headers tell it and the connection's store takes it.
    topic: Option<String>,
}

pub(super) async fn verify(global: &Global, args: &VerifyArgs, out: &mut Out) -> Result<(), Failure> {
    let headers = headers_of(&args.headers)?;
    let (secrets, kind) = match &args.connection {
        Some(name) => secrets_of(global, name).await?,
        None => (secrets_in(&args.secret_file)?, None),
    };
    let registry = Registry::default();
    if let Some(marketplace) = kind.as_deref().and_then(|kind| registry.marketplace(kind)) {
        let title = marketplace.title();
        return Err(Failure::refused(format!(
            "this reads what stores sign; {title} signs in a way of its own"
        )));
    }
    let body = bytes_of(&args.body)?;
    let signature = args.signature.clone().or_else(|| {
        let of_signature = |name: &str| ["hmac", "signature"].iter().any(|word| name.contains(word));
        let found = headers.iter().find(|(name, _)| of_signature(name.as_str()));
        found.and_then(|(_, value)| value.to_str().ok()).map(str::to_owned)
    });
    let diagnosis = diagnose_hmac_base64(&body, signature.as_deref(), &secrets);
    let store = kind.as_deref().and_then(|kind| registry.store(kind));
    let verdict = Verdict {
        genuine: diagnosis.is_genuine(),
        sentence: diagnosis.to_string(),
        diagnosis,
        body_bytes: body.len(),
        secrets_tried: secrets.len(),
        topic: store.and_then(|store| store.topic(&headers)).map(|(topic, _)| topic),
    };
    out.answer(&verdict, |_| {
        let topic = verdict.topic.as_deref().map_or_else(String::new, |topic| format!(" Topic: {topic}."));
        format!(
            "{} ({} bytes, {} secret(s)){topic}",
            verdict.sentence, verdict.body_bytes, verdict.secrets_tried
        )
    });
    if verdict.genuine { Ok(()) } else { Err(Failure::refused("the delivery would be refused")) }
}

fn headers_of(lines: &[String]) -> Result<http::HeaderMap, Failure> {
    let mut headers = http::HeaderMap::new();
    for line in lines {
        let pair = line.split_once(':').and_then(|(name, value)| {
            let name = http::HeaderName::try_from(name.trim()).ok()?;
            Some((name, http::HeaderValue::try_from(value.trim()).ok()?))
        });
        let (name, value) =
            pair.ok_or_else(|| Failure::usage(format!("{line:?} is no header: write \"Name: value\"")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The webhook secrets of a connection, and its kind.
async fn secrets_of(global: &Global, name: &str) -> Result<(Vec<SecretString>, Option<String>), Failure> {
    if let Some(which) = global.which() {
        let none = || Failure::not_found(format!("stack {} has no store {name:?}", which.stack));
        let deployed = Deployed::open(which).await?;
        let connection = ConnectionId::try_from(name).map_err(|_| none())?;
        let stored = deployed.webhook_secrets().webhook_keys(&connection).await;
        let stored = stored.map_err(anyhow::Error::from)?.ok_or_else(none)?;
        return Ok((stored.secrets, Some(stored.kind)));
    }
    let settings = settings(global)?;
    let mut known = Vec::new();
    for configured in settings.connections {
        let connection = configured.connection;
        if connection.account.connection.as_str() == name {
            return Ok((configured.webhook_secrets, Some(connection.kind)));
        }
        known.push(connection.account.connection.to_string());
    }
    let known = known.join(", ");
    Err(Failure::not_found(format!("the settings have no connection {name:?}; there are {known}")))
}

fn secrets_in(files: &[PathBuf]) -> Result<Vec<SecretString>, Failure> {
    let mut secrets = Vec::new();
    for file in files {
        let text = String::from_utf8(bytes_of(file)?)
            .map_err(|_| Failure::refused(format!("{} is not text: it holds no secret", file.display())))?;
        // Editors end a file with a line break that is no part of the secret.
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        secrets.push(SecretString::from(secret.strip_suffix('\r').unwrap_or(secret)));
    }
    Ok(secrets)
}
