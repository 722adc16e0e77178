//! What Amazon writes and reads, field by field.
//!
//! Everything that we can do without is optional and forgiving: unknown fields are ignored, a value of an
//! unexpected type counts as absent, and enum values are texts until `orders` reads them. Buyer fields have
//! no place here at all: what is not declared is not kept.
//!
//! Contract: the models `orders_2026-01-01` and `ordersV0` of 5 August 2026, read 21 November 2026.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::error::Category;

/// Reads a value if it has the wanted type, else takes it as absent.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

/// Reads the elements of a list that have the wanted type; absent, null or no list is `None`.
fn lenient_list<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let Value::Array(rows) = Value::deserialize(from)? else { return Ok(None) };
    Ok(Some(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect()))
}

/// Reads a text, or a whole number that lost no digit on the way: a large one must not become another id.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        Value::Number(_)
        | Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    })
}

/// Reads a count, also when it is written as text.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Reads an instant with any offset.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// `getOrder`'s answer.
#[derive(Debug, Deserialize)]
pub(crate) struct GetOrder {
    pub(crate) order: Order,
}

/// `searchOrders`' answer. Orders stay untyped, so that one bad order does not spoil its page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchOrders {
    pub(crate) orders: Vec<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) pagination: Option<Pagination>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) last_updated_before: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    #[serde(default, deserialize_with = "text")]
    pub(crate) next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Order {
    #[serde(deserialize_with = "text")]
    pub(crate) order_id: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(crate) created_time: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) last_updated_time: Option<Timestamp>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) programs: Option<Vec<String>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) sales_channel: Option<SalesChannel>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) fulfillment: Option<OrderFulfillment>,
    /// Not forgiving: a line that cannot be read must not vanish from its order.
    pub(crate) order_items: Vec<OrderItem>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) packages: Option<Vec<Package>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SalesChannel {
    #[serde(deserialize_with = "text")]
    pub(crate) channel_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) marketplace_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OrderFulfillment {
    #[serde(deserialize_with = "text")]
    pub(crate) fulfillment_status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) fulfilled_by: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) ship_by_window: Option<Window>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Window {
    #[serde(deserialize_with = "time")]
    pub(crate) latest_date_time: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OrderItem {
    #[serde(deserialize_with = "text")]
    pub(crate) order_item_id: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity_ordered: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) product: Option<Product>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) programs: Option<Vec<String>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) cancellation: Option<Cancellation>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) fulfillment: Option<ItemFulfillment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Product {
    #[serde(deserialize_with = "text")]
    pub(crate) seller_sku: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Cancellation {
    /// Only whether it is there matters.
    #[serde(deserialize_with = "lenient")]
    pub(crate) cancellation_request: Option<BTreeMap<String, Value>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) cancellation_execution: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ItemFulfillment {
    #[serde(deserialize_with = "count")]
    pub(crate) quantity_fulfilled: Option<u32>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity_unfulfilled: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Package {
    #[serde(deserialize_with = "text")]
    pub(crate) package_reference_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) package_status: Option<PackageStatus>,
    #[serde(deserialize_with = "text")]
    pub(crate) carrier: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(crate) ship_time: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(crate) tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) package_items: Option<Vec<PackageItem>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PackageStatus {
    #[serde(deserialize_with = "text")]
    pub(crate) status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PackageItem {
    #[serde(deserialize_with = "text")]
    pub(crate) order_item_id: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity: Option<u32>,
}

/// The body of every refusal, and now and then of a 200.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Errors {
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) errors: Option<Vec<WireError>>,
}

/// One refusal in Amazon's words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireError {
    #[serde(deserialize_with = "text")]
    pub(crate) code: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) details: Option<String>,
}

/// Reads a list of refusals out of any body: none if it is not JSON or names none.
pub(crate) fn errors_of(body: &[u8]) -> Vec<WireError> {
    serde_json::from_slice::<Errors>(body).ok().and_then(|e| e.errors).unwrap_or_default()
}

/// What is wrong with JSON, without quoting it: the full words may hold what a buyer wrote.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Io => "unreadable",
        Category::Syntax => "no JSON",
        Category::Data => "not of the documented form",
        Category::Eof => "cut short",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

/// Login with Amazon's answer, good or bad. No `Debug`: it holds tokens.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenAnswer {
    #[serde(deserialize_with = "text")]
    pub(crate) access_token: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) expires_in: Option<u32>,
    #[serde(deserialize_with = "text")]
    pub(crate) refresh_token: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) error: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) error_description: Option<String>,
}

/// `confirmShipment`'s body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfirmShipment<'a> {
    pub(crate) marketplace_id: &'a str,
    pub(crate) package_detail: PackageDetail<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageDetail<'a> {
    /// A positive number as text: since January 2026 a JSON number is refused.
    pub(crate) package_reference_id: String,
    pub(crate) carrier_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_method: Option<&'a str>,
    pub(crate) tracking_number: &'a str,
    pub(crate) ship_date: String,
    pub(crate) order_items: Vec<ConfirmItem<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfirmItem<'a> {
    pub(crate) order_item_id: &'a str,
    pub(crate) quantity: u32,
}
