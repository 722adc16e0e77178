//! Admin GraphQL answers.

use std::collections::BTreeMap;

use domain::facts::{FulfilledLine, Fulfillment, Source, StoreFacts, StoreLine, StoreOrderFact};
use domain::ids::{FulfillmentId, StoreLineId};
use serde::Deserialize;

use super::{Count, Id, Instant, Text, sku, status};

/// An answer's envelope: data, errors, or both.
#[derive(Deserialize)]
pub(crate) struct Envelope<T> {
    #[serde(default = "Option::default")]
    pub(crate) data: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) has_next_page: bool,
    #[serde(default)]
    pub(crate) end_cursor: Option<String>,
}

/// A list of which there may be more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    pub(crate) nodes: Vec<T>,
    pub(crate) page_info: PageInfo,
}

impl<T> Page<T> {
    /// Where to go on, if there is more.
    ///
    /// # Errors
    /// There is more, but the answer does not say where: a part must never pass for the whole.
    pub(crate) fn more(&self) -> Result<Option<&str>, &'static str> {
        match (self.page_info.has_next_page, self.page_info.end_cursor.as_deref()) {
            (false, _) => Ok(None),
            (true, Some(after)) => Ok(Some(after)),
            (true, None) => Err("a list goes on, but the answer does not say where"),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct OneOrder<T> {
    /// `null` if there is no such order. An answer without the field says nothing of the order.
    #[serde(deserialize_with = "Option::deserialize", bound(deserialize = "T: Deserialize<'de>"))]
    pub(crate) order: Option<T>,
}

#[derive(Deserialize)]
pub(crate) struct OneFulfillment<T> {
    pub(crate) fulfillment: Option<T>,
}

#[derive(Deserialize)]
pub(crate) struct Nodes<T> {
    pub(crate) nodes: Vec<Option<T>>,
}

#[derive(Deserialize)]
pub(crate) struct Orders {
    /// Each is read for itself, so that one odd order does not hold up the others.
    pub(crate) orders: Page<serde_json::Value>,
}

/// Only the id of a thing.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) id: Id,
}

/// Where a fulfillment left from: a place of the merchant's, never the buyer's.
#[derive(Deserialize)]
struct Location {
    id: Id,
    #[serde(default)]
    address: Option<LocationAddress>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocationAddress {
    #[serde(default)]
    country_code: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinesOfOrder {
    pub(crate) line_items: Page<LineItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinesOfFulfillment {
    pub(crate) fulfillment_line_items: Page<FulfillmentLine>,
}

#[derive(Deserialize)]
pub(crate) struct FulfillmentsOfOrder {
    pub(crate) fulfillments: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: Id,
    name: Option<Text>,
    pub(crate) updated_at: Instant,
    pub(crate) cancelled_at: Option<Instant>,
    source_name: Option<Text>,
    source_identifier: Option<Text>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    custom_attributes: Vec<Attribute>,
    display_fulfillment_status: Option<String>,
    pub(crate) line_items: Page<LineItem>,
    #[serde(default)]
    pub(crate) fulfillments: Vec<FulfillmentNode>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    id: Id,
    sku: Option<Text>,
    current_quantity: Count,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfillmentNode {
    pub(crate) id: Id,
    status: String,
    created_at: Instant,
    updated_at: Instant,
    #[serde(default)]
    tracking_info: Vec<Tracking>,
    location: Option<Location>,
    pub(crate) fulfillment_line_items: Page<FulfillmentLine>,
}

#[derive(Deserialize)]
struct Tracking {
    company: Option<Text>,
    number: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfillmentLine {
    quantity: Option<Count>,
    line_item: LineOf,
}

#[derive(Deserialize)]
struct LineOf {
    id: Id,
    #[serde(default)]
    sku: Option<Text>,
}

fn line_id(id: &Id) -> Result<StoreLineId, String> {
    StoreLineId::try_from(id.as_str()).map_err(|error| error.to_string())
}

impl FulfillmentNode {
    /// The fact that it tells. All its lines must have been read on before.
    pub(crate) fn into_fact(self) -> Result<Fulfillment, String> {
        let status = status(&self.status).ok_or_else(|| {
            let shown: String = self.status.chars().take(40).collect();
            format!("fulfillment {} has the unknown status {shown:?}", self.id.as_str())
        })?;
        let mut carrier = None;
        let mut tracking = Vec::new();
        for row in self.tracking_info {
            // Shopify keeps one company per fulfillment and repeats it with every number.
            carrier = carrier.or(row.company.and_then(Text::filled));
            tracking.extend(row.number.and_then(Text::filled).filter(|number| !tracking.contains(number)));
        }
        let lines = self.fulfillment_line_items.nodes;
        let (location, address) = self.location.map(|from| (from.id.into(), from.address)).unzip();
        let country = address.flatten().and_then(|address| address.country_code).and_then(Text::filled);
        Ok(Fulfillment {
            id: FulfillmentId::try_from(self.id.as_str()).map_err(|error| error.to_string())?,
            updated_at: self.updated_at.0,
            source: Source::Read,
            status,
            shipped_at: self.created_at.0,
            carrier,
            service: None,
            tracking,
            lines: lines
                .into_iter()
                .filter_map(|line| line.into_fact().transpose())
                .collect::<Result<_, _>>()?,
            location,
            country: country.map(|code| code.to_ascii_lowercase()),
        })
    }
}

impl FulfillmentLine {
    fn into_fact(self) -> Result<Option<FulfilledLine>, String> {
        let line = line_id(&self.line_item.id)?;
        let quantity =
            self.quantity.ok_or_else(|| format!("line {line} of a fulfillment has no quantity"))?.0;
        Ok((quantity > 0).then(|| FulfilledLine { line, sku: sku(self.line_item.sku), quantity }))
    }
}

impl Order {
    /// The order's and its fulfillments' facts, with those attributes only that are `wanted`.
    ///
    /// All lists must have been read on before.
    pub(crate) fn into_facts(self, wanted: &[&str]) -> Result<(StoreOrderFact, StoreFacts), String> {
        let cancelled_at = self.cancelled_at.map(|at| at.0);
        let attributes: BTreeMap<_, _> = self
            .custom_attributes
            .into_iter()
            .filter(|row| wanted.contains(&row.key.as_str()))
            .filter_map(|row| Some((row.key, row.value.and_then(Text::filled)?)))
            .collect();
        let lines = self
            .line_items
            .nodes
            .into_iter()
            .map(|row| {
                Ok(StoreLine { line: line_id(&row.id)?, sku: sku(row.sku), quantity: row.current_quantity.0 })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let order = StoreOrderFact {
            updated_at: self.updated_at.0,
            name: self.name.and_then(Text::filled),
            source_name: self.source_name.and_then(Text::filled),
            source_identifier: self.source_identifier.and_then(Text::filled),
            tags: self.tags,
            attributes,
            lines,
            cancelled_at,
            fully_fulfilled: self.display_fulfillment_status.as_deref() == Some("FULFILLED"),
        };
        let fulfillments =
            self.fulfillments.into_iter().map(FulfillmentNode::into_fact).collect::<Result<_, _>>()?;
        let facts =
            StoreFacts { fulfillments, order: Some(order.clone()), cancelled_at, ..StoreFacts::default() };
        Ok((order, facts))
    }
}
