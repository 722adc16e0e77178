//! Receipts, as the stand-in keeps and shows them: with the buyer in every field that has one.

use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::EtsySandbox;
use super::answer::{self, Refusal};

/// A line of a new receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// Etsy's number of the line; made from the receipt's, if absent.
    #[serde(default)]
    pub transaction_id: Option<u64>,
    /// The seller's SKU; Etsy has lines without.
    #[serde(default)]
    pub sku: Option<String>,
    /// Units.
    pub quantity: u32,
    /// Downloaded, not shipped.
    #[serde(default)]
    pub digital: bool,
}

/// A row of parcels that is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRow {
    /// The number, if it has one.
    #[serde(default)]
    pub tracking_code: Option<String>,
    /// The carrier.
    #[serde(default)]
    pub carrier_name: Option<String>,
}

/// A receipt, described in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReceipt {
    /// Whose it is.
    pub shop: u64,
    /// Its number.
    pub receipt_id: u64,
    /// Its lines.
    pub lines: Vec<NewLine>,
    /// Etsy's word; `paid`, if absent.
    #[serde(default = "paid")]
    pub status: String,
    /// Whether it is paid; yes, if absent.
    #[serde(default = "yes")]
    pub is_paid: bool,
    /// Where it goes; the United States, if absent.
    #[serde(default = "us")]
    pub country_iso: String,
    /// The grand total in cents of a dollar.
    #[serde(default = "cents")]
    pub cents: i64,
    /// When it was placed; now, if absent.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// The latest time to ship; two days after it was placed, if absent.
    #[serde(default)]
    pub ship_by: Option<Timestamp>,
    /// Parcels that are there already.
    #[serde(default)]
    pub rows: Vec<NewRow>,
}

fn paid() -> String {
    "paid".to_owned()
}

fn yes() -> bool {
    true
}

fn us() -> String {
    "US".to_owned()
}

fn cents() -> i64 {
    2_400
}

/// What happened to a receipt; absent means unchanged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptChange {
    /// Etsy's word now.
    pub status: Option<String>,
    /// Whether it is paid now.
    pub is_paid: Option<bool>,
    /// A parcel told by hand or by another tool; it completes the order.
    pub row: Option<NewRow>,
}

/// A row of parcels.
#[derive(Clone, Debug)]
pub(super) struct Row {
    id: u64,
    at: Timestamp,
    pub(super) told: NewRow,
}

/// A receipt as it stands.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) described: NewReceipt,
    pub(super) is_shipped: bool,
    pub(super) rows: Vec<Row>,
    created: Timestamp,
    updated: Timestamp,
}

impl Receipt {
    pub(super) fn new(now: Timestamp, described: NewReceipt) -> Result<Self, String> {
        if described.receipt_id == 0 || described.lines.is_empty() {
            return Err("a receipt has a number and at least one line".to_owned());
        }
        let created = described.created.unwrap_or(now);
        let mut receipt = Self { is_shipped: false, rows: Vec::new(), created, updated: now, described };
        for row in receipt.described.rows.clone() {
            receipt.ship(now, Some(row));
        }
        Ok(receipt)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self.described.status.to_ascii_lowercase().as_str(), "canceled" | "cancelled")
    }

    /// Marks it as shipped, with a row if there is one.
    pub(super) fn ship(&mut self, now: Timestamp, told: Option<NewRow>) {
        self.is_shipped = true;
        self.described.status = "completed".to_owned();
        self.updated = now;
        if let Some(told) = told {
            let place = u64::try_from(self.rows.len()).unwrap_or_default() + 1;
            let id = self.described.receipt_id.saturating_mul(100).saturating_add(place);
            self.rows.push(Row { id, at: now, told });
        }
    }

    pub(super) fn change(&mut self, now: Timestamp, change: ReceiptChange) {
        self.updated = now;
        if let Some(row) = change.row {
            self.ship(now, Some(row));
        }
        if let Some(status) = change.status {
            self.described.status = status;
        }
        self.described.is_paid = change.is_paid.unwrap_or(self.described.is_paid);
    }

    /// As Etsy shows it.
    pub(super) fn shown(&self) -> Value {
        let described = &self.described;
        let ship_by = described.ship_by.unwrap_or_else(|| {
            self.created.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap_or(self.created)
        });
        let (created, updated) = (self.created.as_second(), self.updated.as_second());
        let money = json!({ "amount": described.cents, "divisor": 100, "currency_code": "USD" });
        let lines = described.lines.iter().zip(1_u64..).map(|(line, place)| {
            let id = line.transaction_id.unwrap_or(described.receipt_id.saturating_mul(10).saturating_add(place));
            json!({
                "transaction_id": id, "title": "CANARY engraved for you", "description": "", "seller_user_id": 1,
                "buyer_user_id": 2, "create_timestamp": created, "created_timestamp": created,
                "paid_timestamp": described.is_paid.then_some(created),
                "shipped_timestamp": self.is_shipped.then_some(updated), "quantity": line.quantity,
                "listing_image_id": null, "receipt_id": described.receipt_id, "is_digital": line.digital, "file_data": "",
                "listing_id": 1, "transaction_type": "listing", "product_id": 1, "sku": line.sku, "price": money,
                "shipping_cost": money, "variations": [], "product_data": [], "shipping_profile_id": 1,
                "min_processing_days": 1, "max_processing_days": 2, "shipping_method": null, "shipping_upgrade": null,
                "expected_ship_date": (!line.digital).then(|| ship_by.as_second()), "buyer_coupon": 0, "shop_coupon": 0,
            })
        });
        let rows = self.rows.iter().map(|row| {
            json!({
                "receipt_shipping_id": row.id, "shipment_notification_timestamp": row.at.as_second(),
                "carrier_name": row.told.carrier_name, "tracking_code": row.told.tracking_code,
            })
        });
        json!({
            "receipt_id": described.receipt_id, "receipt_type": 0, "seller_user_id": 1, "seller_email": "seller@example.com",
            "buyer_user_id": 2, "buyer_email": null, "name": "CANARY Buyer", "first_line": "CANARY Street 1",
            "second_line": null, "city": "CANARY City", "state": null, "zip": "40202", "status": capitalised(&described.status),
            "formatted_address": "CANARY Buyer\nCANARY Street 1", "country_iso": described.country_iso,
            "payment_method": "cc", "payment_email": "", "message_from_seller": null, "message_from_payment": null,
            "message_from_buyer": "CANARY please ring", "is_paid": described.is_paid, "is_shipped": self.is_shipped,
            "create_timestamp": created, "created_timestamp": created, "update_timestamp": updated,
            "updated_timestamp": updated, "is_gift": false, "gift_message": "", "gift_sender": "", "grandtotal": money,
            "subtotal": money, "total_price": money, "total_shipping_cost": money, "total_tax_cost": money,
            "total_vat_cost": money, "discount_amt": money, "gift_wrap_price": money,
            "shipments": rows.collect::<Vec<_>>(), "transactions": lines.collect::<Vec<_>>(), "refunds": [],
        })
    }
}

/// Etsy shows states with capital letters, and documents them without.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What `getShopReceipts` is asked with, checked.
struct Asked {
    min_last_modified: i64,
    limit: usize,
    offset: usize,
    by_update: bool,
    ascending: bool,
    was_canceled: Option<bool>,
}

fn asked(request: &Request<Vec<u8>>) -> Result<Asked, Refusal> {
    let mut asked = Asked {
        min_last_modified: 0,
        limit: 25,
        offset: 0,
        by_update: false,
        ascending: false,
        was_canceled: None,
    };
    let bad = |name: &str, value: &str| Refusal::new(400, format!("Invalid value {value} for {name}"));
    let flag = |name: &str, value: &str| match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad(name, value)),
    };
    for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        let (name, value) = (name.as_ref(), value.as_ref());
        match name {
            "min_created" | "max_created" | "min_last_modified" | "max_last_modified" => {
                let at: i64 = value.parse().map_err(|_| bad(name, value))?;
                if at < 946_684_800 {
                    return Err(bad(name, value));
                }
                if name == "min_last_modified" {
                    asked.min_last_modified = at;
                }
            }
            "limit" => {
                asked.limit =
                    value.parse().ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| bad(name, value))?;
            }
            "offset" => asked.offset = value.parse().map_err(|_| bad(name, value))?,
            "sort_on" => match value {
                "created" | "receipt_id" => {}
                "updated" => asked.by_update = true,
                _ => return Err(bad(name, value)),
            },
            "sort_order" => match value {
                "asc" | "ascending" | "up" => asked.ascending = true,
                "desc" | "descending" | "down" => {}
                _ => return Err(bad(name, value)),
            },
            "was_canceled" => asked.was_canceled = Some(flag(name, value)?),
            "was_paid" | "was_shipped" | "was_delivered" | "legacy" => drop(flag(name, value)?),
            _ => {}
        }
    }
    Ok(asked)
}

impl EtsySandbox {
    /// `getShopReceipt`.
    pub(super) fn get_receipt(&self, shop: u64, receipt: &str) -> Result<Response<Vec<u8>>, Refusal> {
        let id: u64 = receipt.parse().map_err(|_| Refusal::new(400, "Invalid receipt_id"))?;
        let receipt = self.receipts.get(&id).filter(|receipt| receipt.described.shop == shop);
        let receipt = receipt.ok_or_else(|| Refusal::new(404, "Resource not found"))?;
        Ok(answer::json(200, &receipt.shown()))
    }

    /// `getShopReceipts`.
    pub(super) fn list(&self, shop: u64, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Refusal> {
        let asked = asked(request)?;
        let hidden = |receipt: &Receipt| match asked.was_canceled {
            Some(wanted) => receipt.is_cancelled() != wanted,
            None => self.settings.lists_hide_cancelled && receipt.is_cancelled(),
        };
        let mut hits: Vec<&Receipt> = self
            .receipts
            .values()
            .filter(|r| {
                r.described.shop == shop && r.updated.as_second() >= asked.min_last_modified && !hidden(r)
            })
            .collect();
        hits.sort_by_key(|receipt| {
            let at = if asked.by_update { receipt.updated } else { receipt.created };
            (at, receipt.described.receipt_id)
        });
        if !asked.ascending {
            hits.reverse();
        }
        let rows: Vec<Value> = hits.iter().skip(asked.offset).take(asked.limit).map(|r| r.shown()).collect();
        Ok(answer::json(200, &json!({ "count": hits.len(), "results": rows })))
    }
}
