//! The secret part of a credential: as the text that is sealed, and as it stood in the plain before.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::{AccessToken, Credential};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What is secret about a connection. Without `Debug`.
pub(super) struct SecretPart {
    pub(super) secrets: BTreeMap<String, SecretString>,
    pub(super) access: Option<AccessToken>,
}

/// The text, as JSON. Fields may be added: what is not known is ignored.
#[derive(Serialize, Deserialize)]
struct Text<S> {
    secrets: BTreeMap<String, S>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<Access<S>>,
}

#[derive(Serialize, Deserialize)]
struct Access<S> {
    token: S,
    until: Timestamp,
}

/// The text of a credential's secret part, wiped when dropped.
pub(super) fn to_text(credential: &Credential) -> Option<Zeroizing<Vec<u8>>> {
    let secrets = credential.secrets.iter().map(|(name, s)| (name.clone(), s.expose_secret())).collect();
    let access = credential.access.as_ref();
    let access = access.map(|a| Access { token: a.token.expose_secret(), until: a.expires_at });
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *text, &Text { secrets, access }).ok()?;
    Some(text)
}

impl SecretPart {
    pub(super) fn from_text(text: &[u8]) -> Result<Self, &'static str> {
        // The error is not told: it may quote what it could not read.
        let Text { secrets, access } =
            serde_json::from_slice::<Text<String>>(text).map_err(|_| "what was sealed cannot be read")?;
        Ok(Self {
            secrets: secrets.into_iter().map(|(name, secret)| (name, secret.into())).collect(),
            access: access.map(|a| AccessToken { token: a.token.into(), expires_at: a.until }),
        })
    }

    /// Of an item that was written before tokens were sealed.
    pub(super) fn from_plain(mut item: HashMap<String, AttributeValue>) -> Result<Self, &'static str> {
        let Some(AttributeValue::M(stored)) = item.remove("secrets") else { return Err("it has no secrets") };
        let mut secrets = BTreeMap::new();
        for (name, value) in stored {
            let AttributeValue::S(text) = value else { return Err("a secret is no text") };
            secrets.insert(name, SecretString::from(text));
        }
        let until = super::text(&mut item, "access_until").map(|t| t.parse()).transpose();
        let until = until.map_err(|_| "it has an unreadable time")?;
        let access = match (super::text(&mut item, "access_token"), until) {
            (Some(token), Some(expires_at)) => Some(AccessToken { token: token.into(), expires_at }),
            _ => None,
        };
        Ok(Self { secrets, access })
    }
}
