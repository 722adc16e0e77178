//! Webhook secrets in DynamoDB: the one table of secrets that receivers may read.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{Account, ConnectionId, MerchantId};
use domain::keys::{INSTALLATION_PARTITION, webhook_secrets_partition};
use ports::credentials::WebhookKeys;
use ports::{CredentialError, WebhookSecrets};
use secrecy::{ExposeSecret, SecretString};

use crate::explain::explain;

/// The attribute that holds the route key.
const ROUTE_KEY: &str = "route_key";

/// Keeps webhook secrets in the table `webhook-secrets`, one item per connection.
///
/// An item holds `pk` (the connection), `merchant`, `kind` (the connector) and `secrets` (a list of texts).
/// Encrypted at rest by the table's key, as [`DynamoCredentials`](crate::DynamoCredentials) says.
#[derive(Clone)]
pub struct DynamoWebhookSecrets {
    client: Client,
    table: String,
}

impl DynamoWebhookSecrets {
    /// Over a table that is there.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Stores a connection's secrets in place of those it had; an empty secret is never stored.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    pub async fn put(&self, keys: &WebhookKeys) -> Result<(), CredentialError> {
        let secrets = keys
            .secrets
            .iter()
            .filter(|secret| !secret.expose_secret().is_empty())
            .map(|secret| AttributeValue::S(secret.expose_secret().to_owned()))
            .collect();
        let app = keys
            .app
            .iter()
            .map(|(name, secret)| (name.clone(), AttributeValue::S(secret.expose_secret().to_owned())))
            .collect();
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(webhook_secrets_partition(&keys.account.connection)))
            .item("merchant", AttributeValue::S(keys.account.merchant.as_str().to_owned()))
            .item("kind", AttributeValue::S(keys.kind.clone()))
            .item("secrets", AttributeValue::L(secrets))
            .item("app", AttributeValue::M(app))
            .item("address", keys.address.clone().map_or(AttributeValue::Null(true), AttributeValue::S))
            .send()
            .await
            .map(drop)
            .map_err(|e| CredentialError::Unavailable(explain("PutItem", &e)))
    }

    /// Takes a connection's secrets away; none there is as good.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    pub async fn delete(&self, connection: &ConnectionId) -> Result<(), CredentialError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(webhook_secrets_partition(connection)))
            .send()
            .await
            .map(drop)
            .map_err(|e| CredentialError::Unavailable(explain("DeleteItem", &e)))
    }

    /// Reads the installation's route key; `None` if none was stored yet.
    ///
    /// # Errors
    /// [`CredentialError::Unavailable`] only.
    pub async fn route_key(&self) -> Result<Option<SecretString>, CredentialError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(INSTALLATION_PARTITION.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| CredentialError::Unavailable(explain("GetItem", &e)))?;
        match answer.item.and_then(|mut item| item.remove(ROUTE_KEY)) {
            None => Ok(None),
            Some(AttributeValue::S(key)) if !key.trim().is_empty() => Ok(Some(SecretString::from(key))),
            Some(_) => Err(CredentialError::Unavailable("the stored route key is no text, or empty".into())),
        }
    }

    /// Stores the installation's route key, if there is none yet: another one would void every address given out.
    ///
    /// # Errors
    /// [`CredentialError::Changed`] if there is one already.
    pub async fn put_route_key(&self, key: &SecretString) -> Result<(), CredentialError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(INSTALLATION_PARTITION.to_owned()))
            .item(ROUTE_KEY, AttributeValue::S(key.expose_secret().to_owned()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await
            .map(drop)
            .map_err(|e| match e.as_service_error() {
                Some(error) if error.is_conditional_check_failed_exception() => CredentialError::Changed,
                Some(_) | None => CredentialError::Unavailable(explain("PutItem", &e)),
            })
    }
}

impl fmt::Debug for DynamoWebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoWebhookSecrets").field("table", &self.table).finish_non_exhaustive()
    }
}

#[async_trait]
impl WebhookSecrets for DynamoWebhookSecrets {
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(webhook_secrets_partition(connection)))
            // Consistent, so that a secret taken back is not served by a lagging copy.
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| CredentialError::Unavailable(explain("GetItem", &e)))?;
        let parsed = answer.item.map(|item| parse(connection, item)).transpose();
        parsed
            .map_err(|what| CredentialError::Unavailable(format!("webhook secrets of {connection}: {what}")))
    }
}

fn parse(
    connection: &ConnectionId,
    mut item: HashMap<String, AttributeValue>,
) -> Result<WebhookKeys, &'static str> {
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    let merchant = text("merchant").and_then(|m| MerchantId::try_from(m).ok()).ok_or("has no merchant")?;
    let kind = text("kind").ok_or("has no kind")?;
    let address = text("address");
    let Some(AttributeValue::L(stored)) = item.remove("secrets") else { return Err("has no secrets") };
    let secrets = stored
        .into_iter()
        .map(|value| {
            if let AttributeValue::S(text) = value {
                Ok(SecretString::from(text))
            } else {
                Err("a secret is no text")
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let app = match item.remove("app") {
        None => BTreeMap::new(),
        Some(AttributeValue::M(stored)) => stored
            .into_iter()
            .map(|(name, value)| {
                let AttributeValue::S(text) = value else { return Err("a secret of the app is no text") };
                Ok((name, SecretString::from(text)))
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("the app's secrets are no map"),
    };
    Ok(WebhookKeys { account: Account::new(merchant, connection.clone()), kind, secrets, app, address })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    fn secrets(fake: &FakeHttp) -> DynamoWebhookSecrets {
        DynamoWebhookSecrets::new(fake.clients().dynamodb(), "p-webhook-secrets")
    }

    #[tokio::test]
    async fn the_route_key_is_read_from_a_place_that_no_connection_can_take() {
        assert!(ConnectionId::try_from(INSTALLATION_PARTITION).is_err());
        let fake = FakeHttp::answering([
            Answer::json(200, r#"{"Item":{"pk":{"S":"_installation"},"route_key":{"S":"canary key"}}}"#),
            Answer::json(200, "{}"),
            Answer::json(200, r#"{"Item":{"route_key":{"S":" "}}}"#),
        ]);
        let secrets = secrets(&fake);
        let key = secrets.route_key().await.unwrap().unwrap();
        assert_eq!(key.expose_secret(), "canary key");
        assert!(secrets.route_key().await.unwrap().is_none());
        assert!(
            matches!(secrets.route_key().await, Err(CredentialError::Unavailable(_))),
            "never an empty key"
        );
        let asked = fake.seen().swap_remove(0).body;
        assert!(asked.contains(r#"{"S":"_installation"}"#), "{asked}");
    }

    #[tokio::test]
    async fn a_route_key_is_never_replaced() {
        let there =
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"m"}"#;
        let fake = FakeHttp::answering([Answer::json(200, "{}"), Answer::json(400, there)]);
        let (secrets, key) = (secrets(&fake), SecretString::from("key".to_owned()));
        assert_eq!(secrets.put_route_key(&key).await, Ok(()));
        assert_eq!(secrets.put_route_key(&key).await, Err(CredentialError::Changed));
        assert!(fake.seen().iter().all(|seen| seen.body.contains("attribute_not_exists(pk)")));
    }
}
