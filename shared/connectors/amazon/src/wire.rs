//! What Amazon writes and reads, field by field.
//!
//! Everything that we can do without is optional and forgiving: unknown fields are ignored, a value of an
//! unexpected type counts as absent, and enum values are texts until `orders` reads them. Buyer fields have
//! no place here at all: what is not declared is not kept.
//!
//! Contract: the models `orders_2026-01-01` and `ordersV0` of 5 August 2026, read 21 November 2026.

use std::collections::BTreeMap;

use connector_api::loose::{count, lenient, lenient_list, text, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    pub(crate) proceeds: Option<Proceeds>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) fulfillment: Option<ItemFulfillment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Product {
    #[serde(deserialize_with = "text")]
    pub(crate) seller_sku: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) price: Option<Price>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Price {
    #[serde(deserialize_with = "lenient")]
    pub(crate) unit_price: Option<WireMoney>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Proceeds {
    #[serde(deserialize_with = "lenient")]
    pub(crate) proceeds_total: Option<WireMoney>,
}

/// An amount: text, by the model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WireMoney {
    #[serde(deserialize_with = "text")]
    pub(crate) amount: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) currency_code: Option<String>,
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

/// A feed's document: what `createFeedDocument` and `getFeedDocument` answer. No `Debug`: the address opens it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Document {
    #[serde(deserialize_with = "text")]
    pub(crate) feed_document_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) compression_algorithm: Option<String>,
}

/// A feed, as `createFeed`, `getFeed` and `getFeeds` tell of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Feed {
    #[serde(deserialize_with = "text")]
    pub(crate) feed_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) feed_type: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(crate) created_time: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(crate) processing_status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) result_feed_document_id: Option<String>,
}

/// `getFeeds`' answer. One feed that cannot be read makes the list say nothing: it could be the one looked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Feeds {
    pub(crate) feeds: Vec<Value>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) next_token: Option<String>,
}

/// `createFeedDocument`'s body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateDocument<'a> {
    pub(crate) content_type: &'a str,
}

/// `createFeed`'s body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateFeed<'a> {
    pub(crate) feed_type: &'a str,
    pub(crate) marketplace_ids: Vec<&'a str>,
    pub(crate) input_feed_document_id: &'a str,
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
