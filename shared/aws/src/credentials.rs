//! Marketplace and store tokens in DynamoDB.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::Account;
use domain::keys::credential_partition;
use jiff::Timestamp;
use ports::{AccessToken, Credential, CredentialError, Credentials};
use secrecy::{ExposeSecret, SecretString};

use crate::explain::{code, explain};

/// Keeps credentials in the table `credentials`, one item per connection.
///
/// An item holds `pk` (merchant and connection), `v` (the version), `secrets` (a map of texts),
/// `access_token` and `access_until`, `refreshing_until`.
///
/// **Encryption.** Values are encrypted at rest by the table's own key (KMS), as `template.yaml` sets it:
/// whoever may read the table through DynamoDB reads the tokens. Encrypting each connection's values under a
/// data key of its own comes with a later issue and is not done here.
///
/// **A lost answer.** As with the ledger, a save that the SDK repeated after a lost answer can find its own
/// doing and report [`CredentialError::Changed`]; whoever loads again finds what they saved.
#[derive(Clone)]
pub struct DynamoCredentials {
    client: Client,
    table: String,
}

impl DynamoCredentials {
    /// Over a table that is there.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Takes a connection's credential away; none there is as good.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    pub async fn delete(&self, account: &Account) -> Result<(), CredentialError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(credential_partition(account)))
            .send()
            .await
            .map(drop)
            .map_err(|e| CredentialError::Unavailable(explain("DeleteItem", &e)))
    }
}

impl fmt::Debug for DynamoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoCredentials").field("table", &self.table).finish_non_exhaustive()
    }
}

#[async_trait]
impl Credentials for DynamoCredentials {
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(credential_partition(account)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| CredentialError::Unavailable(explain("GetItem", &e)))?;
        let parsed = answer.item.map(parse).transpose();
        parsed.map_err(|what| CredentialError::Unavailable(format!("credential of {account}: {what}")))
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let version = credential.version.saturating_add(1);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(attributes(account, credential, version)));
        let put = if credential.version == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("v = :v")
                .expression_attribute_values(":v", AttributeValue::N(credential.version.to_string()))
        };
        match put.send().await {
            Ok(_) => Ok(version),
            Err(e) if code(&e) == Some("ConditionalCheckFailedException") => Err(CredentialError::Changed),
            Err(e) => Err(CredentialError::Unavailable(explain("PutItem", &e))),
        }
    }
}

fn attributes(account: &Account, credential: &Credential, version: u64) -> HashMap<String, AttributeValue> {
    let secrets = credential
        .secrets
        .iter()
        .map(|(name, secret)| (name.clone(), AttributeValue::S(secret.expose_secret().to_owned())))
        .collect();
    let mut item = HashMap::from([
        ("pk".to_owned(), AttributeValue::S(credential_partition(account))),
        ("v".to_owned(), AttributeValue::N(version.to_string())),
        ("secrets".to_owned(), AttributeValue::M(secrets)),
    ]);
    if let Some(access) = &credential.access {
        item.insert("access_token".to_owned(), AttributeValue::S(access.token.expose_secret().to_owned()));
        item.insert("access_until".to_owned(), AttributeValue::S(access.expires_at.to_string()));
    }
    if let Some(until) = credential.refreshing_until {
        item.insert("refreshing_until".to_owned(), AttributeValue::S(until.to_string()));
    }
    item
}

/// What an item holds, or what is wrong with it, in words without values.
fn parse(mut item: HashMap<String, AttributeValue>) -> Result<Credential, &'static str> {
    let mut secrets = BTreeMap::new();
    match item.remove("secrets") {
        Some(AttributeValue::M(stored)) => {
            for (name, value) in stored {
                let AttributeValue::S(text) = value else { return Err("a secret is no text") };
                secrets.insert(name, SecretString::from(text));
            }
        }
        _ => return Err("has no secrets"),
    }
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
        _ => None,
    };
    let version = text("v").and_then(|v| v.parse().ok()).ok_or("has no version")?;
    let time = |text: Option<String>| -> Result<Option<Timestamp>, &'static str> {
        text.map(|t| t.parse().map_err(|_| "has an unreadable time")).transpose()
    };
    let access = match (text("access_token"), time(text("access_until"))?) {
        (Some(token), Some(expires_at)) => Some(AccessToken { token: token.into(), expires_at }),
        _ => None,
    };
    let refreshing_until = time(text("refreshing_until"))?;
    Ok(Credential { version, secrets, access, refreshing_until })
}
