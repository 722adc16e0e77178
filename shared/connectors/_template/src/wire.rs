//! TEMPLATE's shapes. Unknown fields are ignored; unknown values of enums are kept or refused, never guessed.

use connector_api::{StoreEvent, Subscription};
use domain::facts::{
    FulfilledLine, Fulfillment, FulfillmentStatus, Source, StoreFacts, StoreLine, StoreOrderFact,
};
use domain::ids::{FulfillmentId, Sku, StoreLineId, StoreOrderId};
use jiff::Timestamp;
use serde::Deserialize;

/// TEMPLATE: ids are text here. Where they come as numbers, see how `connector-shopify` reads them.
#[derive(Deserialize)]
pub(crate) struct Order {
    id: String,
    updated_at: Timestamp,
    items: Vec<Item>,
    #[serde(default)]
    shipments: Vec<Shipment>,
}

#[derive(Deserialize)]
pub(crate) struct Orders {
    pub(crate) orders: Vec<Order>,
    pub(crate) more: bool,
}

/// A webhook subscription.
#[derive(Deserialize)]
pub(crate) struct Webhook {
    id: String,
    topic: String,
    address: String,
}

impl From<Webhook> for Subscription {
    fn from(webhook: Webhook) -> Self {
        let Webhook { id, topic, address } = webhook;
        Self { id, topic, address, flaw: None }
    }
}

#[derive(Deserialize)]
struct Item {
    id: String,
    sku: Option<String>,
    quantity: u32,
}

#[derive(Deserialize)]
struct Shipment {
    id: String,
    status: String,
    shipped_at: Timestamp,
    updated_at: Timestamp,
    carrier: Option<String>,
    tracking_number: Option<String>,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct PushedShipment {
    order_id: String,
    #[serde(flatten)]
    shipment: Shipment,
}

/// What is left to go by when a body cannot be understood.
#[derive(Deserialize)]
struct OfOrder {
    order_id: String,
}

impl Item {
    fn line(&self) -> Result<StoreLineId, String> {
        StoreLineId::try_from(self.id.as_str()).map_err(|error| error.to_string())
    }

    fn sku(&self) -> Option<Sku> {
        self.sku.as_deref().and_then(|text| Sku::try_from(text).ok())
    }
}

impl Shipment {
    fn into_fact(self, source: Source) -> Result<Fulfillment, String> {
        let status = match self.status.as_str() {
            "shipped" => FulfillmentStatus::Live,
            "voided" => FulfillmentStatus::Voided,
            _ => return Err("a shipment has an unknown status".to_owned()),
        };
        let lines =
            self.items.iter().filter(|item| item.quantity > 0).map(|item| {
                Ok(FulfilledLine { line: item.line()?, sku: item.sku(), quantity: item.quantity })
            });
        Ok(Fulfillment {
            id: FulfillmentId::try_from(self.id).map_err(|error| error.to_string())?,
            updated_at: self.updated_at,
            source,
            status,
            shipped_at: self.shipped_at,
            lines: lines.collect::<Result<_, String>>()?,
            carrier: self.carrier,
            service: None,
            tracking: self.tracking_number.into_iter().collect(),
            location: None,
            country: None,
        })
    }
}

impl Order {
    /// The order's id, what it is, and what was sent of it.
    pub(crate) fn into_facts(self) -> Result<(StoreOrderId, StoreOrderFact, StoreFacts), String> {
        let id = StoreOrderId::try_from(self.id).map_err(|error| error.to_string())?;
        let lines = self
            .items
            .iter()
            .map(|item| Ok(StoreLine { line: item.line()?, sku: item.sku(), quantity: item.quantity }));
        let order = StoreOrderFact {
            updated_at: self.updated_at,
            lines: lines.collect::<Result<_, String>>()?,
            name: None,
            source_name: None,
            source_identifier: None,
            tags: Vec::new(),
            attributes: std::collections::BTreeMap::new(),
            cancelled_at: None,
            fully_fulfilled: false,
        };
        let shipments = self.shipments.into_iter().map(|shipment| shipment.into_fact(Source::Read));
        let facts = StoreFacts {
            fulfillments: shipments.collect::<Result<_, _>>()?,
            order: Some(order.clone()),
            ..StoreFacts::default()
        };
        Ok((id, order, facts))
    }
}

/// Reads a reduced body. One that cannot be understood, but whose order is known, means *read the store*.
pub(crate) fn event(json: &str) -> Result<StoreEvent, String> {
    let named = |id: String| StoreOrderId::try_from(id).map_err(|error| error.to_string());
    let whole = serde_json::from_str::<PushedShipment>(json).map_err(|_| "it is not as described".to_owned());
    let understood = whole.and_then(|pushed| {
        let fulfillments = vec![pushed.shipment.into_fact(Source::Webhook)?];
        Ok((pushed.order_id, StoreFacts { fulfillments, ..StoreFacts::default() }))
    });
    let (order, facts) = match understood {
        Ok((order, facts)) => (order, facts),
        Err(why) => {
            let of: OfOrder =
                serde_json::from_str(json).map_err(|_| format!("the shipment names no order: {why}"))?;
            (of.order_id, StoreFacts { read_the_store: true, ..StoreFacts::default() })
        }
    };
    Ok(StoreEvent::Order { order: named(order)?, facts: Box::new(facts) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shipment_is_understood_or_the_store_is_read() {
        let whole = r#"{"order_id":"7","id":"1","status":"shipped","shipped_at":"2026-01-02T03:04:05Z",
            "updated_at":"2026-01-02T03:04:05Z","carrier":"UPS","tracking_number":"1Z",
            "items":[{"id":"3","sku":"A","quantity":1}]}"#;
        for (json, fulfillments, read) in [(whole, 1, false), (r#"{"order_id":"7","status":1}"#, 0, true)] {
            let Ok(StoreEvent::Order { order, facts }) = event(json) else { panic!("{json}") };
            assert_eq!(
                (order.as_str(), facts.fulfillments.len(), facts.read_the_store),
                ("7", fulfillments, read)
            );
        }
        assert!(event("{}").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,200}") {
            let _ = event(&text);
        }
    }
}
