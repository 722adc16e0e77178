//! Marketplace and store tokens in DynamoDB.

mod sealed;

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::Account;
use domain::keys::credential_partition;
use jiff::Timestamp;
use ports::{Credential, CredentialError, Credentials};

use crate::envelope::Envelope;
use crate::explain::{code, explain};
use sealed::SecretPart;

/// Keeps credentials in the table `credentials`, one item per connection.
///
/// An item holds `pk` (merchant and connection), `v` (the version), `refreshing_until`, and `sealed`: the secrets
/// and the token in use, as an [`Envelope`] sealed them for this connection. Whoever may read the table, but not
/// use the key for this connection, reads nothing.
///
/// **Written before.** Items that hold `secrets`, `access_token` and `access_until` in the plain, encrypted by the
/// table's own key only, are read as they are and sealed by the next save.
///
/// **No key, no secret.** Where KMS refuses, is throttled or does not answer, nothing is read or saved, and never
/// anything in the plain: [`CredentialError::Unavailable`], so the work waits and the connection is not parked.
///
/// **A lost answer.** As with the ledger, a save that the SDK repeated after a lost answer can find its own
/// doing and report [`CredentialError::Changed`]; whoever loads again finds what they saved.
#[derive(Clone)]
pub struct DynamoCredentials {
    client: Client,
    table: String,
    envelope: Option<Envelope>,
}

impl DynamoCredentials {
    /// Over a table that is there. Without an envelope, only what was written in the plain can be read, and
    /// nothing be saved.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, envelope: Option<Envelope>) -> Self {
        Self { client, table: table.into(), envelope }
    }

    fn envelope(&self) -> Result<&Envelope, String> {
        self.envelope.as_ref().ok_or_else(|| "this process was given no key to seal tokens with".to_owned())
    }

    /// The credential that an item holds; else what is wrong with it, in words without values.
    async fn read(
        &self,
        account: &Account,
        mut item: HashMap<String, AttributeValue>,
    ) -> Result<Credential, String> {
        let (version, refreshing_until) = open_part(&mut item)?;
        let secret = match item.remove("sealed") {
            Some(AttributeValue::B(blob)) => {
                let text = self.envelope()?.open(account, blob.as_ref()).await?;
                SecretPart::from_text(&text)?
            }
            Some(_) => return Err("what is sealed is no bytes".to_owned()),
            None => SecretPart::from_plain(item)?,
        };
        Ok(Credential { version, secrets: secret.secrets, access: secret.access, refreshing_until })
    }

    /// The item that holds a credential at a version.
    async fn item(
        &self,
        account: &Account,
        credential: &Credential,
        version: u64,
    ) -> Result<HashMap<String, AttributeValue>, String> {
        let text = sealed::to_text(credential).ok_or("its secrets cannot be written as JSON")?;
        let blob = self.envelope()?.seal(account, text).await?;
        let mut item = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(credential_partition(account))),
            ("v".to_owned(), AttributeValue::N(version.to_string())),
            ("sealed".to_owned(), AttributeValue::B(Blob::new(blob))),
        ]);
        if let Some(until) = credential.refreshing_until {
            item.insert("refreshing_until".to_owned(), AttributeValue::S(until.to_string()));
        }
        Ok(item)
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
        let Some(item) = answer.item else { return Ok(None) };
        self.read(account, item).await.map(Some).map_err(|what| unavailable(account, &what))
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let version = credential.version.saturating_add(1);
        let item = self.item(account, credential, version).await;
        let item = item.map_err(|what| unavailable(account, &what))?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
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

fn unavailable(account: &Account, what: &str) -> CredentialError {
    CredentialError::Unavailable(format!("credential of {account}: {what}"))
}

/// What an item says in the open: its version, and until when somebody is refreshing.
fn open_part(item: &mut HashMap<String, AttributeValue>) -> Result<(u64, Option<Timestamp>), &'static str> {
    let version = text(item, "v").and_then(|v| v.parse().ok()).ok_or("it has no version")?;
    let until = text(item, "refreshing_until").map(|t| t.parse().map_err(|_| "it has an unreadable time"));
    Ok((version, until.transpose()?))
}

fn text(item: &mut HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    match item.remove(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
