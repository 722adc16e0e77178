//! What eBay writes and reads, field by field.
//!
//! Everything that we can do without is optional and forgiving: unknown fields are ignored, a value of an unexpected
//! type counts as absent, and enum values are texts until `orders` reads them. Buyer fields have no place here at all:
//! what is not declared is not kept.
//!
//! Contract: Fulfillment API 1.20.7 and Notification API 1.5.1, read 21 November 2026.

use connector_api::loose::{count, lenient, lenient_list, text, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `getOrders`' answer. Orders stay untyped, so that one bad order does not spoil its page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Orders {
    pub(crate) orders: Vec<Value>,
    #[serde(default, deserialize_with = "count")]
    pub(crate) total: Option<u32>,
    /// The next page's address: only whether there is one counts, no address from an answer is ever called.
    #[serde(default, deserialize_with = "text")]
    pub(crate) next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Order {
    #[serde(deserialize_with = "text")]
    pub(crate) order_id: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(crate) creation_date: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) last_modified_date: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(crate) order_fulfillment_status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) order_payment_status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) cancel_status: Option<CancelStatus>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) fulfillment_start_instructions: Option<Vec<Instruction>>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) fulfillment_hrefs: Option<Vec<String>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) program: Option<Program>,
    /// Not forgiving: a line that cannot be read must not vanish from its order.
    pub(crate) line_items: Vec<LineItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CancelStatus {
    #[serde(deserialize_with = "text")]
    pub(crate) cancel_state: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) cancel_requests: Option<Vec<CancelRequest>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CancelRequest {
    #[serde(deserialize_with = "text")]
    pub(crate) cancel_request_state: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) cancel_completed_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Instruction {
    #[serde(deserialize_with = "text")]
    pub(crate) fulfillment_instructions_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Program {
    #[serde(deserialize_with = "lenient")]
    pub(crate) ebay_shipping: Option<EbayShipping>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) fulfillment_program: Option<FulfillmentProgram>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) ebay_vault: Option<Vault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EbayShipping {
    #[serde(deserialize_with = "text")]
    pub(crate) shipping_label_provided_by: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FulfillmentProgram {
    #[serde(deserialize_with = "text")]
    pub(crate) fulfilled_by: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Vault {
    #[serde(deserialize_with = "text")]
    pub(crate) fulfillment_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LineItem {
    #[serde(deserialize_with = "text")]
    pub(crate) line_item_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) sku: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity: Option<u32>,
    #[serde(deserialize_with = "text")]
    pub(crate) line_item_fulfillment_status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) line_item_fulfillment_instructions: Option<LineInstructions>,
    #[serde(deserialize_with = "text")]
    pub(crate) listing_marketplace_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) purchase_marketplace_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LineInstructions {
    #[serde(deserialize_with = "time")]
    pub(crate) ship_by_date: Option<Timestamp>,
}

/// `getShippingFulfillments`' answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Fulfillments {
    /// Absent is not none: an answer that does not name the list says nothing.
    pub(crate) fulfillments: Vec<Fulfillment>,
    #[serde(default, deserialize_with = "count")]
    pub(crate) total: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Fulfillment {
    #[serde(deserialize_with = "text")]
    pub(crate) fulfillment_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) shipment_tracking_number: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) shipping_carrier_code: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(crate) shipped_date: Option<Timestamp>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) line_items: Option<Vec<FulfilledLine>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FulfilledLine {
    #[serde(deserialize_with = "text")]
    pub(crate) line_item_id: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity: Option<u32>,
}

/// The body of every refusal of a REST API, and now and then of a 200.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Errors {
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) errors: Option<Vec<WireError>>,
}

/// One refusal in eBay's words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WireError {
    #[serde(deserialize_with = "text")]
    pub(crate) error_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) category: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) long_message: Option<String>,
}

/// Reads a list of refusals out of any body: none if it is not JSON or names none.
pub(crate) fn errors_of(body: &[u8]) -> Vec<WireError> {
    serde_json::from_slice::<Errors>(body).ok().and_then(|e| e.errors).unwrap_or_default()
}

/// The token endpoint's answer, good or bad. No `Debug`: it holds tokens.
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

/// `createShippingFulfillment`'s body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateShippingFulfillment<'a> {
    pub(crate) line_items: Vec<ShippedLine<'a>>,
    pub(crate) shipped_date: String,
    /// Both or neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_carrier_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShippedLine<'a> {
    pub(crate) line_item_id: &'a str,
    pub(crate) quantity: u32,
}
