//! TEMPLATE's shapes. Unknown fields are ignored; unknown words are kept as unknown, never guessed.

use std::collections::BTreeMap;

use connector_api::loose::{lenient, text};
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId, Sku};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus, ShownPackage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A page of orders. Read strictly: a page that is not understood must not move the cursor.
#[derive(Deserialize)]
pub(crate) struct Page {
    /// Each read alone, so that an odd one does not hold up the others.
    pub(crate) orders: Vec<Value>,
    /// The next page's token.
    #[serde(default)]
    pub(crate) next_page: Option<String>,
    /// Up to when the list is complete, by the vendor's clock.
    pub(crate) as_of: Timestamp,
}

/// An order. Nothing of the buyer is named here, so nothing of the buyer is read.
#[derive(Deserialize)]
pub(crate) struct Order {
    id: String,
    site: String,
    placed_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    fulfilled_by: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    cancel_requested: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    ship_by: Option<Timestamp>,
    items: Vec<Item>,
    /// Absent is not the same as none.
    #[serde(default)]
    packages: Option<Vec<Package>>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(default, deserialize_with = "text")]
    sku: Option<String>,
    quantity: u32,
    #[serde(default, deserialize_with = "lenient")]
    shipped: Option<u32>,
    #[serde(default)]
    cancelled: u32,
}

/// A package, as the order shows it and as the answer to a new one shows it.
#[derive(Deserialize)]
pub(crate) struct Package {
    id: String,
    #[serde(default, deserialize_with = "text")]
    carrier: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) tracking_number: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    shipped_at: Option<Timestamp>,
    #[serde(default)]
    items: Vec<PackageItem>,
}

/// Units of a line in a package.
#[derive(Serialize, Deserialize)]
pub(crate) struct PackageItem {
    pub(crate) id: String,
    pub(crate) quantity: u32,
}

/// The body that tells of a package.
#[derive(Serialize)]
pub(crate) struct NewPackage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<&'a str>,
    pub(crate) shipped_at: Timestamp,
    pub(crate) items: Vec<PackageItem>,
}

fn said(what: &str) -> impl Fn(domain::ids::BadId) -> String {
    let what = what.to_owned();
    move |error| format!("{what}: {error}")
}

impl Order {
    /// The order's id and what it is.
    pub(crate) fn into_facts(self, read_at: Timestamp) -> Result<(MarketplaceOrderId, OrderFacts), String> {
        let id = crate::orders::order_id(&self.id).ok_or("an order's id has not the form of one")?;
        let lines = self.items.into_iter().map(Item::into_line).collect::<Result<_, _>>()?;
        let packages = self.packages.map(|all| all.into_iter().map(Package::into_shown).collect());
        let facts = OrderFacts {
            updated_at: self.updated_at,
            read_at,
            marketplace: MarketplaceId::try_from(self.site).map_err(said("site"))?,
            ordered_at: self.placed_at,
            fulfilled_by: match self.fulfilled_by.as_deref() {
                Some("seller") => FulfilledBy::Merchant,
                Some("template") => FulfilledBy::Marketplace,
                _ => FulfilledBy::Unknown,
            },
            status: match self.status.as_deref() {
                Some("unpaid") => OrderStatus::Pending,
                Some("ready") => OrderStatus::Open,
                Some("partly_shipped") => OrderStatus::PartlyShipped,
                Some("shipped") => OrderStatus::Shipped,
                Some("cancelled") => OrderStatus::Cancelled,
                _ => OrderStatus::Unknown,
            },
            ship_by: self.ship_by,
            cancel_requested: self.cancel_requested.unwrap_or_default(),
            needs_tracking: false,
            programs: Vec::new(),
            lines,
            packages: packages.transpose()?,
        };
        Ok((id, facts))
    }
}

impl Item {
    fn into_line(self) -> Result<OrderLine, String> {
        Ok(OrderLine {
            id: OrderLineId::try_from(self.id).map_err(said("an item's id"))?,
            sku: self.sku.and_then(|text| Sku::try_from(text).ok()),
            ordered: self.quantity,
            cancelled: self.cancelled,
            shipped: self.shipped,
            ship_by: None,
            paid: None,
        })
    }
}

impl Package {
    fn into_shown(self) -> Result<ShownPackage, String> {
        let line = |item: PackageItem| {
            Ok((OrderLineId::try_from(item.id).map_err(said("a package's item"))?, item.quantity))
        };
        Ok(ShownPackage {
            reference: self.id,
            carrier: self.carrier,
            tracking_number: self.tracking_number,
            ship_date: self.shipped_at,
            lines: self.items.into_iter().map(line).collect::<Result<BTreeMap<_, _>, String>>()?,
            cancelled: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_open_order_becomes_facts_without_its_buyer() {
        let order: Order = serde_json::from_str(include_str!("../fixtures/order_open.json")).unwrap();
        let (id, facts) = order.into_facts("2026-11-21T10:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((id.as_str(), facts.status), ("T-0000001", OrderStatus::Open));
        assert_eq!(facts.lines.iter().map(|line| line.ordered).collect::<Vec<_>>(), [2, 1]);
        assert!(!format!("{facts:?}").to_lowercase().contains("canary"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,200}") {
            if let Ok(order) = serde_json::from_str::<Order>(&text) {
                let _ = order.into_facts(Timestamp::UNIX_EPOCH);
            }
        }
    }
}
