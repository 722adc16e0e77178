//! The tables as they must be: the single source for the embedded database, tests and `template.yaml`.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use ports::{LedgerError, Table};

use crate::explain::{code, explain};

/// The logical name of the table that [`DynamoCredentials`](crate::DynamoCredentials) keeps.
pub const CREDENTIALS: &str = "credentials";
/// The logical name of the table that [`DynamoWebhookSecrets`](crate::DynamoWebhookSecrets) keeps.
pub const WEBHOOK_SECRETS: &str = "webhook-secrets";

/// The index of items with something to do, by lane and time.
pub const DUE_INDEX: &str = "due";
/// The index of items that need a person, by lane.
pub const ATTENTION_INDEX: &str = "attention";

/// What a table is made of. Every key attribute is a string; every table is billed on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its logical name, [`Table::as_str`] for the ledger's.
    pub name: &'static str,
    /// The partition key's attribute.
    pub partition_key: &'static str,
    /// The sort key's attribute, if it has one.
    pub sort_key: Option<&'static str>,
    /// Its global secondary indexes, all keys only: a hit is a hint.
    pub indexes: Vec<IndexDefinition>,
    /// The attribute, in seconds since 1970, after which an item may be forgotten.
    pub ttl: Option<&'static str>,
    /// Whether it is to be restorable to any moment: all but the deliveries, which senders and polls repeat.
    pub point_in_time_recovery: bool,
}

/// A global secondary index that projects keys only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// Its name.
    pub name: &'static str,
    /// The partition key's attribute.
    pub partition_key: &'static str,
    /// The sort key's attribute.
    pub sort_key: &'static str,
}

/// Every table: the ledger's five, `credentials` and `webhook-secrets`.
#[must_use]
pub fn table_definitions() -> Vec<TableDefinition> {
    let ledger = Table::ALL.into_iter().map(|table| TableDefinition {
        name: table.as_str(),
        partition_key: "pk",
        sort_key: Some("sk"),
        indexes: indexes(table),
        ttl: Some("expires_at"),
        point_in_time_recovery: table != Table::Deliveries,
    });
    let secret = [CREDENTIALS, WEBHOOK_SECRETS].into_iter().map(|name| TableDefinition {
        name,
        partition_key: "pk",
        sort_key: None,
        indexes: Vec::new(),
        ttl: None,
        point_in_time_recovery: true,
    });
    ledger.chain(secret).collect()
}

fn indexes(table: Table) -> Vec<IndexDefinition> {
    let due = IndexDefinition { name: DUE_INDEX, partition_key: "due_lane", sort_key: "due_at" };
    let attention = IndexDefinition { name: ATTENTION_INDEX, partition_key: "attention", sort_key: "pk" };
    match table {
        Table::Orders => vec![due, attention],
        Table::Deliveries => vec![attention],
        Table::Connections | Table::CarrierMappings | Table::RateLimits => Vec::new(),
    }
}

/// What the ledger's tables are called in this installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    prefix: String,
    named: BTreeMap<Table, String>,
}

impl TableNames {
    /// Every table is called `prefix` and its logical name.
    #[must_use]
    pub fn prefixed(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), named: BTreeMap::new() }
    }

    /// One table is called otherwise.
    #[must_use]
    pub fn with(mut self, table: Table, name: impl Into<String>) -> Self {
        self.named.insert(table, name.into());
        self
    }

    /// What `table` is called.
    #[must_use]
    pub fn of(&self, table: Table) -> String {
        self.named.get(&table).cloned().unwrap_or_else(|| format!("{}{}", self.prefix, table.as_str()))
    }
}

/// Creates the ledger's tables that are not there yet; safe to repeat, and after being cut off half-way.
///
/// For embedded and local databases, which are ready at once. On AWS `template.yaml` creates the tables.
///
/// # Errors
/// [`LedgerError::Unavailable`] in the database's words.
pub async fn create_missing_tables(client: &Client, names: &TableNames) -> Result<(), LedgerError> {
    let definitions = table_definitions();
    for table in Table::ALL {
        if let Some(definition) = definitions.iter().find(|d| d.name == table.as_str()) {
            create_if_missing(client, definition, &names.of(table)).await?;
        }
    }
    Ok(())
}

/// Creates one table as `definition` says, called `name`, unless there is one.
///
/// # Errors
/// [`LedgerError::Unavailable`] in the database's words.
pub async fn create_if_missing(
    client: &Client,
    definition: &TableDefinition,
    name: &str,
) -> Result<(), LedgerError> {
    if let Err(error) = client.describe_table().table_name(name).send().await {
        if code(&error) != Some("ResourceNotFoundException") {
            return Err(LedgerError::Unavailable(explain("DescribeTable", &error)));
        }
        let create = create_input(client, definition, name)
            .map_err(|e| LedgerError::Unavailable(format!("CreateTable {name}: {e}")))?;
        match create.send().await {
            // Another process was faster.
            Err(error) if code(&error) == Some("ResourceInUseException") => {}
            Err(error) => return Err(LedgerError::Unavailable(explain("CreateTable", &error))),
            Ok(_) => {}
        }
    }
    let Some(attribute) = definition.ttl else { return Ok(()) };
    // Asked every time: a crash may have come between creating the table and this.
    let ttl = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .map_err(|e| LedgerError::Unavailable(explain("DescribeTimeToLive", &e)))?;
    let status = ttl.time_to_live_description().and_then(|d| d.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let wanted = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(true)
        .build()
        .map_err(|e| LedgerError::Unavailable(format!("UpdateTimeToLive {name}: {e}")))?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(wanted)
        .send()
        .await
        .map(drop)
        .map_err(|e| LedgerError::Unavailable(explain("UpdateTimeToLive", &e)))
}

type CreateTable = aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;

fn create_input(
    client: &Client,
    definition: &TableDefinition,
    name: &str,
) -> Result<CreateTable, BuildError> {
    let mut keys: Vec<&str> = vec![definition.partition_key];
    keys.extend(definition.sort_key);
    keys.extend(definition.indexes.iter().flat_map(|index| [index.partition_key, index.sort_key]));
    keys.sort_unstable();
    keys.dedup();
    let attributes = keys
        .into_iter()
        .map(|key| {
            AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S).build()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(schema(definition.partition_key, definition.sort_key)?));
    for index in &definition.indexes {
        create = create.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .set_key_schema(Some(schema(index.partition_key, Some(index.sort_key))?))
                .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                .build()?,
        );
    }
    Ok(create)
}

fn schema(partition: &str, sort: Option<&str>) -> Result<Vec<KeySchemaElement>, BuildError> {
    let mut keys =
        vec![KeySchemaElement::builder().attribute_name(partition).key_type(KeyType::Hash).build()?];
    if let Some(sort) = sort {
        keys.push(KeySchemaElement::builder().attribute_name(sort).key_type(KeyType::Range).build()?);
    }
    Ok(keys)
}
