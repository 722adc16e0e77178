//! Writing: one item by itself, several all or nothing.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use ports::{Expect, ItemKey, LedgerError, Write};

use super::DynamoLedger;
use super::attributes::{self, Attributes, MAX_ITEM};
use crate::explain::{code, explain};

/// The most writes in one transaction.
const MAX_WRITES: usize = 100;
/// The most that all items of one transaction may hold together, bytes.
const MAX_TOGETHER: usize = 4 * 1024 * 1024;

/// A write as DynamoDB wants it.
enum Prepared {
    Put { table: String, item: Attributes, condition: Condition },
    Delete { table: String, key: Attributes, condition: Condition },
    Check { key: ItemKey, expect: Expect },
}

/// A condition expression and its values.
struct Condition {
    expression: Option<&'static str>,
    values: Option<Attributes>,
}

impl From<Expect> for Condition {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Anything => Self { expression: None, values: None },
            Expect::Absent => Self { expression: Some("attribute_not_exists(pk)"), values: None },
            Expect::Version(version) => {
                let value = AttributeValue::N(version.to_string());
                Self { expression: Some("v = :v"), values: Some([(":v".to_owned(), value)].into()) }
            }
        }
    }
}

impl DynamoLedger {
    pub(super) async fn write(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        if writes.len() > MAX_WRITES {
            return Err(LedgerError::Unavailable(format!(
                "{} writes at once, and no more than {MAX_WRITES} can be",
                writes.len()
            )));
        }
        let mut together = 0;
        let mut prepared = Vec::with_capacity(writes.len());
        for write in writes {
            let write = self.prepare(write);
            if let Prepared::Put { item, .. } = &write {
                let size = attributes::size(item);
                together += size;
                if size > MAX_ITEM {
                    return Err(LedgerError::TooLarge(size));
                }
            }
            prepared.push(write);
        }
        if together > MAX_TOGETHER {
            return Err(LedgerError::TooLarge(together));
        }
        match <[Prepared; 1]>::try_from(prepared) {
            Ok([write]) => self.write_one(write).await,
            Err(prepared) if prepared.is_empty() => Ok(()),
            Err(prepared) => self.write_together(prepared).await,
        }
    }

    fn prepare(&self, write: Write) -> Prepared {
        match write {
            Write::Put { item, expect } => {
                let version = match expect {
                    Expect::Version(version) => version.saturating_add(1),
                    Expect::Absent | Expect::Anything => 1,
                };
                Prepared::Put {
                    table: self.names.of(item.key.table),
                    item: attributes::item(item, version),
                    condition: expect.into(),
                }
            }
            Write::Delete { key, expect } => Prepared::Delete {
                table: self.names.of(key.table),
                key: attributes::key(&key),
                condition: expect.into(),
            },
            Write::Check { key, expect } => Prepared::Check { key, expect },
        }
    }

    async fn write_one(&self, write: Prepared) -> Result<(), LedgerError> {
        match write {
            Prepared::Put { table, item, condition } => self
                .client
                .put_item()
                .table_name(table)
                .set_item(Some(item))
                .set_condition_expression(condition.expression.map(str::to_owned))
                .set_expression_attribute_values(condition.values)
                .send()
                .await
                .map(drop)
                .map_err(|e| refused(code(&e), || explain("PutItem", &e))),
            Prepared::Delete { table, key, condition } => self
                .client
                .delete_item()
                .table_name(table)
                .set_key(Some(key))
                .set_condition_expression(condition.expression.map(str::to_owned))
                .set_expression_attribute_values(condition.values)
                .send()
                .await
                .map(drop)
                .map_err(|e| refused(code(&e), || explain("DeleteItem", &e))),
            // Alone, a check is a look: half the price of a transaction of one.
            Prepared::Check { key, expect } => {
                let stored = self.read_item(&key).await?.map(|item| item.version);
                let holds = match expect {
                    Expect::Anything => true,
                    Expect::Absent => stored.is_none(),
                    Expect::Version(version) => stored == Some(version),
                };
                if holds { Ok(()) } else { Err(LedgerError::Conflict) }
            }
        }
    }

    async fn write_together(&self, writes: Vec<Prepared>) -> Result<(), LedgerError> {
        let items = writes
            .into_iter()
            .filter_map(|write| self.transact(write).transpose())
            .collect::<Result<Vec<_>, BuildError>>()
            .map_err(|e| LedgerError::Unavailable(format!("TransactWriteItems: {e}")))?;
        if items.is_empty() {
            return Ok(());
        }
        self.client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
            .map(drop)
            .map_err(|e| cancelled(&e))
    }

    /// One part of a transaction; nothing for a check of nothing, which DynamoDB does not take.
    fn transact(&self, write: Prepared) -> Result<Option<TransactWriteItem>, BuildError> {
        let part = TransactWriteItem::builder();
        let part = match write {
            Prepared::Put { table, item, condition } => part.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(item))
                    .set_condition_expression(condition.expression.map(str::to_owned))
                    .set_expression_attribute_values(condition.values)
                    .build()?,
            ),
            Prepared::Delete { table, key, condition } => part.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition.expression.map(str::to_owned))
                    .set_expression_attribute_values(condition.values)
                    .build()?,
            ),
            Prepared::Check { key, expect } => {
                let condition = Condition::from(expect);
                let Some(expression) = condition.expression else { return Ok(None) };
                part.condition_check(
                    ConditionCheck::builder()
                        .table_name(self.names.of(key.table))
                        .set_key(Some(attributes::key(&key)))
                        .condition_expression(expression)
                        .set_expression_attribute_values(condition.values)
                        .build()?,
                )
            }
        };
        Ok(Some(part.build()))
    }
}

/// The failure of a single write.
fn refused(code: Option<&str>, words: impl FnOnce() -> String) -> LedgerError {
    match code {
        Some("ConditionalCheckFailedException") => LedgerError::Conflict,
        _ => LedgerError::Unavailable(words()),
    }
}

/// The failure of a transaction: a conflict only if a condition of ours did not hold.
///
/// `TransactionConflict` (somebody writes one of the items at this moment), throttling and the rest say
/// nothing about our conditions, so they are worth another try.
fn cancelled(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> LedgerError {
    let words = explain("TransactWriteItems", error);
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return LedgerError::Unavailable(words);
    };
    let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|r| r.code()).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        LedgerError::Conflict
    } else {
        LedgerError::Unavailable(words)
    }
}
