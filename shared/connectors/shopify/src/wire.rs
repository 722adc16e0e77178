//! Shopify's shapes, read as loosely as they come.

pub(crate) mod admin;
mod loose;
pub(crate) mod queries;

use domain::facts::FulfillmentStatus;
use domain::ids::Sku;

pub(crate) use loose::{Count, Id, Instant, Text, Texts};

/// What a fulfillment's status means, in REST's lower case or GraphQL's upper case; `None` if it is new to us.
pub(crate) fn status(text: &str) -> Option<FulfillmentStatus> {
    match text.to_ascii_lowercase().as_str() {
        "pending" | "open" | "success" => Some(FulfillmentStatus::Live),
        "cancelled" | "error" | "failure" => Some(FulfillmentStatus::Voided),
        _ => None,
    }
}

/// A SKU, if the text can be one; a line without one is matched by other means, or asked about.
pub(crate) fn sku(text: Option<Text>) -> Option<Sku> {
    text.and_then(Text::filled).and_then(|text| Sku::try_from(text).ok())
}
