//! Orders and their packages, as the stand-in keeps them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A line of a new order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// eBay's id of the line; made from the order id if absent.
    #[serde(default)]
    pub line_item_id: Option<String>,
    /// The seller's SKU.
    pub sku: String,
    /// Units ordered.
    pub quantity: u32,
    /// The latest time to ship it; the order's, if absent.
    #[serde(default)]
    pub ship_by: Option<Timestamp>,
}

/// A package that another tool or a person told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFulfillment {
    /// The carrier shown.
    #[serde(default)]
    pub carrier_code: Option<String>,
    /// The number shown.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// When it left; when it was described, if absent.
    #[serde(default)]
    pub shipped_date: Option<Timestamp>,
    /// Line ids; all lines, if absent.
    #[serde(default)]
    pub lines: Option<Vec<String>>,
}

/// An order, described in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Whose it is.
    pub seller: String,
    /// Its id.
    pub order_id: String,
    /// Where it was listed and placed: `EBAY_US`.
    pub marketplace_id: String,
    /// Its lines.
    pub items: Vec<NewItem>,
    /// `orderPaymentStatus`; paid, if absent.
    #[serde(default = "paid")]
    pub payment_status: String,
    /// `cancelState`; none requested, if absent.
    #[serde(default = "none_requested")]
    pub cancel_state: String,
    /// `program`, as it is shown.
    #[serde(default)]
    pub program: Option<Value>,
    /// `fulfillmentInstructionsType`; `SHIP_TO`, if absent.
    #[serde(default = "ship_to")]
    pub instruction: String,
    /// It goes to a hub: `ebaySupportedFulfillment`.
    #[serde(default)]
    pub to_hub: bool,
    /// When it was placed; now, if absent.
    #[serde(default)]
    pub creation_date: Option<Timestamp>,
    /// The latest time to ship; two days after it was placed, if absent.
    #[serde(default)]
    pub ship_by: Option<Timestamp>,
    /// Packages that are there already.
    #[serde(default)]
    pub fulfillments: Vec<NewFulfillment>,
    /// Shown as `buyer`.
    #[serde(default)]
    pub buyer: Option<Value>,
}

fn paid() -> String {
    "PAID".to_owned()
}

fn none_requested() -> String {
    "NONE_REQUESTED".to_owned()
}

fn ship_to() -> String {
    "SHIP_TO".to_owned()
}

/// What happened to an order; absent means unchanged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderChange {
    /// `orderPaymentStatus`.
    pub payment_status: Option<String>,
    /// `cancelState`.
    pub cancel_state: Option<String>,
    /// The latest time to ship.
    pub ship_by: Option<Timestamp>,
    /// A package told of elsewhere.
    pub fulfillment: Option<NewFulfillment>,
    /// The number of a package that a person took back.
    pub remove: Option<String>,
}

/// A package.
#[derive(Clone, Debug)]
pub(super) struct Fulfillment {
    pub(super) id: String,
    pub(super) carrier_code: Option<String>,
    pub(super) tracking_number: Option<String>,
    pub(super) shipped_date: Timestamp,
    pub(super) lines: BTreeMap<String, u32>,
    pub(super) shows_at: Timestamp,
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) quantity: u32,
    pub(super) ship_by: Option<Timestamp>,
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) described: NewOrder,
    pub(super) created_at: Timestamp,
    pub(super) lines: Vec<Line>,
    pub(super) fulfillments: Vec<Fulfillment>,
    ship_by: Timestamp,
    changed_at: Timestamp,
    untracked: u32,
}

impl Order {
    pub(super) fn new(now: Timestamp, described: NewOrder) -> Result<Self, String> {
        if described.items.is_empty() {
            return Err("an order has at least one item".to_owned());
        }
        if described.order_id.is_empty() || described.order_id.contains('/') {
            return Err(format!("order_id {:?} is no id", described.order_id));
        }
        let stem: String = described.order_id.chars().filter(char::is_ascii_digit).collect();
        let mut lines: Vec<Line> = Vec::new();
        for (at, item) in described.items.iter().enumerate() {
            let id = item.line_item_id.clone().unwrap_or_else(|| format!("{stem}{:02}", at + 1));
            if lines.iter().any(|line| line.id == id) {
                return Err(format!("line_item_id {id} occurs twice"));
            }
            lines.push(Line { id, sku: item.sku.clone(), quantity: item.quantity, ship_by: item.ship_by });
        }
        let created_at = described.creation_date.unwrap_or(now);
        let two_days = Duration::from_secs(2 * 24 * 3600);
        let ship_by = described
            .ship_by
            .unwrap_or_else(|| created_at.saturating_add(two_days).unwrap_or(Timestamp::MAX));
        let there = described.fulfillments.clone();
        let mut order = Self {
            described,
            created_at,
            lines,
            fulfillments: Vec::new(),
            ship_by,
            changed_at: now,
            untracked: 998,
        };
        for fulfillment in there {
            order.told_elsewhere(now, fulfillment)?;
        }
        Ok(order)
    }

    pub(super) fn id(&self) -> &str {
        &self.described.order_id
    }

    pub(super) fn change(&mut self, now: Timestamp, change: OrderChange) -> Result<(), String> {
        if let Some(fulfillment) = change.fulfillment {
            self.told_elsewhere(now, fulfillment)?;
        }
        if let Some(number) = change.remove {
            let before = self.fulfillments.len();
            self.fulfillments.retain(|f| f.tracking_number.as_deref() != Some(number.as_str()));
            if self.fulfillments.len() == before {
                return Err(format!("there is no package {number:?}"));
            }
        }
        let described = &mut self.described;
        described.payment_status = change.payment_status.unwrap_or_else(|| described.payment_status.clone());
        described.cancel_state = change.cancel_state.unwrap_or_else(|| described.cancel_state.clone());
        self.ship_by = change.ship_by.unwrap_or(self.ship_by);
        self.changed_at = now;
        Ok(())
    }

    fn told_elsewhere(&mut self, now: Timestamp, new: NewFulfillment) -> Result<(), String> {
        let mut lines = BTreeMap::new();
        for line in &self.lines {
            if new.lines.as_ref().is_none_or(|ids| ids.contains(&line.id)) {
                lines.insert(line.id.clone(), line.quantity);
            }
        }
        if let Some(unknown) = new.lines.iter().flatten().find(|id| !lines.contains_key(*id)) {
            return Err(format!("there is no item {unknown:?}"));
        }
        let id = self.new_id(new.tracking_number.as_deref());
        self.fulfillments.push(Fulfillment {
            id,
            carrier_code: new.carrier_code,
            tracking_number: new.tracking_number,
            shipped_date: new.shipped_date.unwrap_or(now),
            lines,
            shows_at: now,
        });
        Ok(())
    }

    /// eBay's id of a new package: its number, or some number of eBay's where it has none.
    pub(super) fn new_id(&mut self, number: Option<&str>) -> String {
        number.map(str::to_owned).unwrap_or_else(|| {
            self.untracked += 1;
            self.untracked.to_string()
        })
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.changed_at = now;
    }

    fn shown(&self, now: Timestamp) -> impl Iterator<Item = &Fulfillment> {
        self.fulfillments.iter().filter(move |fulfillment| fulfillment.shows_at <= now)
    }

    /// Whether all units of a line are in packages that reads show.
    fn is_shipped(&self, line: &Line, now: Timestamp) -> bool {
        self.shown(now).filter_map(|f| f.lines.get(&line.id)).sum::<u32>() >= line.quantity
    }

    /// `orderFulfillmentStatus`.
    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if self.lines.iter().all(|line| self.is_shipped(line, now)) {
            "FULFILLED"
        } else if self.shown(now).next().is_some() {
            "IN_PROGRESS"
        } else {
            "NOT_STARTED"
        }
    }

    /// `lastModifiedDate`.
    pub(super) fn modified_at(&self) -> Timestamp {
        self.changed_at
    }

    /// The packages that reads show.
    pub(super) fn packages(&self, now: Timestamp) -> Vec<Value> {
        let one = |f: &Fulfillment| {
            let lines: Vec<Value> =
                f.lines.iter().map(|(id, units)| json!({ "lineItemId": id, "quantity": units })).collect();
            let mut shown = json!({
                "fulfillmentId": f.id, "shippedDate": utc(f.shipped_date), "lineItems": lines,
            });
            for (name, text) in
                [("shippingCarrierCode", &f.carrier_code), ("shipmentTrackingNumber", &f.tracking_number)]
            {
                if let (Some(fields), Some(text)) = (shown.as_object_mut(), text) {
                    fields.insert(name.to_owned(), text.as_str().into());
                }
            }
            shown
        };
        self.shown(now).map(one).collect()
    }

    /// The order as reads show it; in lists the cancel requests are always left out.
    pub(super) fn body(&self, now: Timestamp, in_list: bool) -> Value {
        let described = &self.described;
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "lineItemId": line.id, "sku": line.sku, "quantity": line.quantity, "title": line.sku,
                    "listingMarketplaceId": described.marketplace_id,
                    "purchaseMarketplaceId": described.marketplace_id,
                    "lineItemFulfillmentStatus": if self.is_shipped(line, now) { "FULFILLED" } else { "NOT_STARTED" },
                    "lineItemFulfillmentInstructions": { "shipByDate": utc(line.ship_by.unwrap_or(self.ship_by)) },
                })
            })
            .collect();
        let asked = !in_list && described.cancel_state != "NONE_REQUESTED";
        let requests = if asked {
            let state = if described.cancel_state == "CANCELED" { "COMPLETED" } else { "REQUESTED" };
            json!([{ "cancelRequestId": "5000000001", "cancelInitiator": "BUYER", "cancelRequestState": state }])
        } else {
            json!([])
        };
        let hrefs: Vec<String> = self
            .shown(now)
            .map(|f| {
                format!(
                    "https://api.ebay.com/sell/fulfillment/v1/order/{}/shipping_fulfillment/{}",
                    self.id(),
                    f.id
                )
            })
            .collect();
        let mut instruction = json!({ "fulfillmentInstructionsType": described.instruction });
        if let Some(fields) = instruction.as_object_mut().filter(|_| described.to_hub) {
            fields.insert("ebaySupportedFulfillment".to_owned(), true.into());
        }
        let mut body = json!({
            "orderId": described.order_id, "creationDate": utc(self.created_at),
            "lastModifiedDate": utc(self.modified_at()), "orderFulfillmentStatus": self.status(now),
            "orderPaymentStatus": described.payment_status, "sellerId": described.seller,
            "cancelStatus": { "cancelState": described.cancel_state, "cancelRequests": requests },
            "fulfillmentStartInstructions": [instruction], "fulfillmentHrefs": hrefs, "lineItems": lines,
        });
        for (name, value) in [("program", &described.program), ("buyer", &described.buyer)] {
            if let (Some(fields), Some(value)) = (body.as_object_mut(), value) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        body
    }
}

/// An instant as eBay writes it.
pub(super) fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
