//! Etsy's JSON, as far as we read it. Nothing of the buyer has a field here but the country a parcel goes to.

use connector_api::loose::{count, lenient, lenient_list, text};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Reads an instant in Unix seconds, also as text; nothing before 1970 and not its first second.
///
/// # Errors
/// Only those of the format.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let seconds = match Value::deserialize(from)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(seconds.filter(|s| *s > 0).and_then(|s| Timestamp::from_second(s).ok()))
}

/// `getShopReceipts`.
#[derive(Debug, Deserialize)]
pub(crate) struct Receipts {
    #[serde(default, deserialize_with = "count")]
    pub(crate) count: Option<u32>,
    pub(crate) results: Vec<Value>,
}

/// An order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Receipt {
    #[serde(deserialize_with = "text")]
    pub(crate) receipt_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) is_paid: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) is_shipped: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) created_timestamp: Option<Timestamp>,
    /// The former name.
    #[serde(deserialize_with = "seconds")]
    pub(crate) create_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) updated_timestamp: Option<Timestamp>,
    /// The former name.
    #[serde(deserialize_with = "seconds")]
    pub(crate) update_timestamp: Option<Timestamp>,
    /// Where it goes: only to know whether a number is required. Blank where the app may see no addresses.
    #[serde(deserialize_with = "text")]
    pub(crate) country_iso: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) grandtotal: Option<Money>,
    /// Not forgiving: a line that cannot be read must not vanish from its order.
    pub(crate) transactions: Option<Vec<Transaction>>,
    #[serde(deserialize_with = "lenient_list")]
    pub(crate) shipments: Option<Vec<Shipment>>,
}

impl Receipt {
    /// When it last changed.
    pub(crate) fn updated(&self) -> Option<Timestamp> {
        self.updated_timestamp.or(self.update_timestamp)
    }

    /// When it was placed.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        self.created_timestamp.or(self.create_timestamp)
    }
}

/// An amount: `amount` divided by `divisor`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Money {
    pub(crate) amount: i64,
    pub(crate) divisor: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) currency_code: Option<String>,
}

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Transaction {
    #[serde(deserialize_with = "text")]
    pub(crate) transaction_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) sku: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(crate) quantity: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) is_digital: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) shipped_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) expected_ship_date: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(crate) shipping_upgrade: Option<String>,
}

/// A parcel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shipment {
    #[serde(deserialize_with = "text")]
    pub(crate) receipt_shipping_id: Option<String>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) shipment_notification_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(crate) carrier_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) tracking_code: Option<String>,
}

/// `getShop`, as far as a check looks at it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ShopAnswer {
    #[serde(deserialize_with = "text")]
    pub(crate) shop_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) shop_location_country_iso: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) is_vacation: Option<bool>,
}

/// A refusal in Etsy's words: it has no codes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Words {
    #[serde(deserialize_with = "text")]
    pub(crate) error: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) error_description: Option<String>,
}

impl Words {
    /// Reads them out of any body; `None` if it is not JSON or says none.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let words: Self = serde_json::from_slice(body).ok()?;
        (words.error.is_some() || words.error_description.is_some()).then_some(words)
    }

    /// All of them, as they came.
    pub(crate) fn all(&self) -> String {
        [self.error.as_deref(), self.error_description.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": ")
    }
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

/// `createReceiptShipment`'s body. What is absent is left out.
#[derive(Debug, Serialize)]
pub(crate) struct NewShipment<'a> {
    /// A text, also where it is all digits: 20 of them fit in no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) send_bcc: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note_to_buyer: Option<&'a str>,
}
