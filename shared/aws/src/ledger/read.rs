//! Reading: items consistently, indexes as hints.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::{Item, ItemKey, LedgerError, Page, Table};

use super::DynamoLedger;
use super::attributes::{self, Attributes, sortable, string};
use crate::explain::explain;
use crate::tables::{ATTENTION_INDEX, DUE_INDEX};

/// Hints of one page: whoever works on each can stop between two pages.
const MOST_HINTS: i32 = 500;

impl DynamoLedger {
    pub(super) async fn read_item(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.names.of(key.table))
            .set_key(Some(attributes::key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| LedgerError::Unavailable(explain("GetItem", &e)))?;
        answer.item.map(|item| attributes::parse(key.table, item)).transpose()
    }

    pub(super) async fn read_partition(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(self.names.of(table))
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", string(pk))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| LedgerError::Unavailable(explain("Query", &e)))?;
            for item in answer.items.unwrap_or_default() {
                items.push(attributes::parse(table, item)?);
            }
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    pub(super) async fn read_due(
        &self,
        lane: &str,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Hint>, LedgerError> {
        let mut hints = Vec::new();
        let mut from = None;
        while hints.len() < limit {
            let wanted = limit - hints.len();
            let answer = self
                .client
                .query()
                .table_name(self.names.of(Table::Orders))
                .index_name(DUE_INDEX)
                .key_condition_expression("due_lane = :lane AND due_at <= :until")
                .expression_attribute_values(":lane", string(lane))
                .expression_attribute_values(":until", string(&sortable(until)))
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| LedgerError::Unavailable(explain("Query due", &e)))?;
            for mut hit in answer.items.unwrap_or_default() {
                let at = match hit.get("due_at") {
                    Some(AttributeValue::S(at)) => at.parse().ok(),
                    _ => None,
                };
                let key = attributes::parse_key(Table::Orders, &mut hit)?;
                let unreadable =
                    || LedgerError::Unavailable(format!("{} has an unreadable due time", key.pk));
                hints.push(Hint { at: at.ok_or_else(unreadable)?, key });
            }
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                break;
            }
        }
        Ok(hints)
    }

    pub(super) async fn read_attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        let answer = self
            .client
            .query()
            .table_name(self.names.of(table))
            .index_name(ATTENTION_INDEX)
            .key_condition_expression("attention = :lane")
            .expression_attribute_values(":lane", string(lane))
            .limit(MOST_HINTS)
            .set_exclusive_start_key(start(page)?)
            .send()
            .await
            .map_err(|e| LedgerError::Unavailable(explain("Query attention", &e)))?;
        let mut rows = Vec::new();
        for mut hit in answer.items.unwrap_or_default() {
            rows.push(Hint { key: attributes::parse_key(table, &mut hit)?, at: Timestamp::UNIX_EPOCH });
        }
        Ok(Page { rows, next: next(answer.last_evaluated_key) })
    }

    pub(super) async fn read_table(
        &self,
        table: Table,
        page: Option<String>,
    ) -> Result<Page<Item>, LedgerError> {
        let answer = self
            .client
            .scan()
            .table_name(self.names.of(table))
            .consistent_read(true)
            .set_exclusive_start_key(start(page)?)
            .send()
            .await
            .map_err(|e| LedgerError::Unavailable(explain("Scan", &e)))?;
        let mut rows = Vec::new();
        for item in answer.items.unwrap_or_default() {
            rows.push(attributes::parse(table, item)?);
        }
        Ok(Page { rows, next: next(answer.last_evaluated_key) })
    }
}

/// Where a page begins. All our keys are strings, so a page is named by a JSON object of strings.
fn start(page: Option<String>) -> Result<Option<Attributes>, LedgerError> {
    let Some(page) = page else { return Ok(None) };
    let key: BTreeMap<String, String> = serde_json::from_str(&page)
        .map_err(|_| LedgerError::Unavailable("there is no such page: begin at the first".into()))?;
    Ok(Some(key.into_iter().map(|(name, text)| (name, AttributeValue::S(text))).collect()))
}

/// The name of the page after the one that ended at `last`.
fn next(last: Option<Attributes>) -> Option<String> {
    let key: BTreeMap<String, String> = last?
        .into_iter()
        .filter_map(
            |(name, value)| if let AttributeValue::S(text) = value { Some((name, text)) } else { None },
        )
        .collect();
    if key.is_empty() { None } else { serde_json::to_string(&key).ok() }
}
