//! `getOrder` and `searchOrders`.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::AmazonSandbox;
use super::answer::{self, Refusal};
use super::orders::{Order, Party, Status};

const DATA_SETS: [&str; 11] = [
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];
/// A page token is good for a day.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Lists under way.
#[derive(Default)]
pub(super) struct Pages(BTreeMap<String, PageState>);

/// What a page token stands for.
struct PageState {
    seller: String,
    /// Every parameter but the token: they must stay the same.
    query: BTreeMap<String, String>,
    rest: Vec<String>,
    edge: Timestamp,
    until: Timestamp,
}

pub(super) type Query = BTreeMap<String, String>;

pub(super) fn query_of(request: &Request<Vec<u8>>) -> Query {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect()
}

pub(super) fn list(query: &Query, name: &str) -> Vec<String> {
    let text = query.get(name).map_or("", String::as_str);
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

pub(super) fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let read = text.parse().ok().filter(|_| text.ends_with('Z'));
    read.map(Some).ok_or_else(|| {
        Refusal::invalid(format!("{name} is invalid, the timestamp must follow ISO8601"))
            .with_details(text.clone())
    })
}

impl AmazonSandbox {
    fn included(&mut self, query: &Query) -> Result<Vec<String>, Refusal> {
        let asked = list(query, "includedData");
        for set in &asked {
            if !DATA_SETS.contains(&set.as_str()) || self.settings.refuse_included_data.contains(set) {
                return Err(Refusal::invalid("Invalid Input").with_details(format!("includedData: {set}")));
            }
        }
        if asked.iter().any(|set| set == "BUYER" || set == "RECIPIENT") {
            self.record.buyer_read();
        }
        Ok(asked)
    }

    pub(super) fn get_order(
        &mut self,
        now: Timestamp,
        seller: &str,
        order: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let included = self.included(&query_of(request))?;
        let order = self
            .orders
            .get(order)
            .filter(|order| order.described.seller == seller)
            .ok_or_else(|| Refusal::new(404, "NotFound", "The resource specified does not exist."))?;
        Ok(answer::json(200, &json!({ "order": self.describe(order, now, &included) })))
    }

    pub(super) fn search_orders(
        &mut self,
        now: Timestamp,
        seller: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let mut query = query_of(request);
        let token = query.remove("paginationToken");
        let included = self.included(&query)?;
        let size: usize = match query.get("maxResultsPerPage").map(|size| size.parse()) {
            None => 100,
            Some(Ok(size)) if (1..=100).contains(&size) => size,
            Some(_) => return Err(Refusal::invalid("maxResultsPerPage is invalid, must be from 1 to 100")),
        };
        let (mut ids, edge) = match token {
            Some(token) => {
                let state = self.pages.0.get(&token).filter(|s| s.seller == seller && s.until > now);
                let state = state.ok_or_else(|| Refusal::invalid("paginationToken is invalid or expired"))?;
                if state.query != query {
                    return Err(Refusal::invalid(
                        "With a paginationToken, all other parameters must stay the same",
                    ));
                }
                (state.rest.clone(), state.edge)
            }
            None => self.matching(now, seller, &query)?,
        };
        let rest = ids.split_off(size.min(ids.len()));
        let orders: Vec<Value> = ids
            .iter()
            .filter_map(|id| self.orders.get(id))
            .map(|order| self.describe(order, now, &included))
            .collect();
        let mut body = json!({ "orders": orders });
        if !rest.is_empty() {
            // The token tells where the list stands, so asking twice for one page gives the same answer.
            let token = format!("page-{}-{}", self.pages.0.len() + 1, rest.len());
            put(&mut body, "pagination", json!({ "nextToken": token }));
            let until = now.saturating_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
            let state = PageState { seller: seller.to_owned(), query: query.clone(), rest, edge, until };
            self.pages.0.insert(token, state);
        }
        let edge_name =
            if query.contains_key("createdAfter") { "createdBefore" } else { "lastUpdatedBefore" };
        put(&mut body, edge_name, json!(edge.to_string()));
        Ok(answer::json(200, &body))
    }

    /// An order with what was paid for it, where that is asked for and known.
    fn describe(&self, order: &Order, now: Timestamp, included: &[String]) -> Value {
        let mut body = describe(order, now, included);
        let Some((currency, prices)) =
            self.prices.get(order.id()).filter(|_| included.iter().any(|set| set == "PROCEEDS"))
        else {
            return body;
        };
        for item in body.get_mut("orderItems").and_then(Value::as_array_mut).into_iter().flatten() {
            let id = item.get("orderItemId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(price) = prices.get(&id) else { continue };
            let ordered = item.get("quantityOrdered").and_then(Value::as_u64).unwrap_or(0);
            let money = |amount: Decimal| json!({ "amount": amount.to_string(), "currencyCode": currency });
            let total = money(price * Decimal::from(ordered));
            put(item, "proceeds", json!({ "proceedsTotal": total }));
            if let Some(product) = item.get_mut("product") {
                put(product, "price", json!({ "unitPrice": money(*price) }));
            }
        }
        body
    }

    /// The orders that a first page's parameters choose, oldest change first, and the upper edge used.
    fn matching(
        &self,
        now: Timestamp,
        seller: &str,
        query: &Query,
    ) -> Result<(Vec<String>, Timestamp), Refusal> {
        let (created, updated) = (time(query, "createdAfter")?, time(query, "lastUpdatedAfter")?);
        let (created_before, updated_before) =
            (time(query, "createdBefore")?, time(query, "lastUpdatedBefore")?);
        let (after, before, by_creation) = match (created, updated) {
            (Some(after), None) if updated_before.is_none() => (after, created_before, true),
            (None, Some(after)) if created_before.is_none() => (after, updated_before, false),
            _ => {
                return Err(Refusal::invalid(
                    "Exactly one of createdAfter and lastUpdatedAfter must be given, and only its own Before",
                ));
            }
        };
        let two_minutes_ago = now.saturating_sub(Duration::from_secs(120)).unwrap_or(now);
        if before.is_some_and(|before| before < after || before > two_minutes_ago) {
            return Err(Refusal::invalid(
                "The Before date must not be earlier than the After date, and at least two minutes before now",
            ));
        }
        let lag = Duration::from_secs(self.settings.search_lag_seconds);
        let edge = before.unwrap_or_else(|| now.saturating_sub(lag).unwrap_or(now));
        let fulfilled_by = list(query, "fulfilledBy");
        let statuses = list(query, "fulfillmentStatuses");
        let marketplaces = list(query, "marketplaceIds");
        if marketplaces.len() > 50 || fulfilled_by.iter().any(|by| by != "MERCHANT" && by != "AMAZON") {
            return Err(Refusal::invalid("Invalid Input"));
        }
        let chosen = |list: &[String], value: &str| list.is_empty() || list.iter().any(|one| one == value);
        let mut hits: Vec<(Timestamp, String)> = self
            .orders
            .values()
            .filter(|order| order.described.seller == seller)
            .filter(|order| chosen(&fulfilled_by, party(order.described.fulfilled_by)))
            .filter(|order| chosen(&statuses, &word(order.shown_status(now))))
            .filter(|order| chosen(&marketplaces, &order.described.marketplace_id))
            .map(|order| {
                let at = if by_creation { order.purchased_at } else { order.updated_at(now) };
                (at, order.id().to_owned())
            })
            .filter(|(at, _)| *at >= after && *at <= edge)
            .collect();
        hits.sort();
        Ok((hits.into_iter().map(|(_, id)| id).collect(), edge))
    }
}

fn party(party: Party) -> &'static str {
    match party {
        Party::Merchant => "MERCHANT",
        Party::Amazon => "AMAZON",
    }
}

fn word(status: Status) -> String {
    // The names on the wire are the serialised ones.
    json!(status).as_str().unwrap_or_default().to_owned()
}

/// Sets a field of an object.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// An order as `getOrder` and `searchOrders` show it, with the optional data asked for.
fn describe(order: &Order, now: Timestamp, included: &[String]) -> Value {
    let has = |set: &str| included.iter().any(|one| one == set);
    let described = &order.described;
    let items: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            let mut item = json!({
                "orderItemId": line.id,
                "quantityOrdered": line.ordered,
                "product": { "sellerSku": line.sku },
            });
            if has("FULFILLMENT") {
                let shown = order.shown_units(&line.id, now);
                let open = if line.cancelled { 0 } else { line.ordered.saturating_sub(shown) };
                put(
                    &mut item,
                    "fulfillment",
                    json!({ "quantityFulfilled": shown, "quantityUnfulfilled": open }),
                );
            }
            let mut cancellation = json!({});
            if line.cancelled {
                put(&mut cancellation, "cancellationExecution", json!({ "cancelledBy": "MERCHANT" }));
            }
            if described.cancel_requested {
                put(&mut cancellation, "cancellationRequest", json!({ "requester": "BUYER" }));
            }
            if has("CANCELLATION") && cancellation != json!({}) {
                put(&mut item, "cancellation", cancellation);
            }
            item
        })
        .collect();
    let mut body = json!({
        "orderId": order.id(),
        "createdTime": order.purchased_at.to_string(),
        "lastUpdatedTime": order.updated_at(now).to_string(),
        "programs": described.programs,
        "salesChannel": { "channelName": "AMAZON", "marketplaceId": described.marketplace_id },
        "orderItems": items,
    });
    if has("FULFILLMENT") {
        let fulfillment = json!({
            "fulfillmentStatus": order.shown_status(now),
            "fulfilledBy": party(described.fulfilled_by),
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": {
                "earliestDateTime": order.purchased_at.to_string(),
                "latestDateTime": order.ship_by.to_string(),
            },
        });
        put(&mut body, "fulfillment", fulfillment);
    }
    // Packages are shown for orders that the merchant ships, and only where there are any.
    let packages: Vec<Value> = packages(order, now);
    if has("PACKAGES") && described.fulfilled_by == Party::Merchant && !packages.is_empty() {
        put(&mut body, "packages", json!(packages));
    }
    for (set, name, value) in
        [("BUYER", "buyer", &described.buyer), ("RECIPIENT", "recipient", &described.recipient)]
    {
        if let Some(value) = value.as_ref().filter(|_| has(set)) {
            put(&mut body, name, value.clone());
        }
    }
    body
}

fn packages(order: &Order, now: Timestamp) -> Vec<Value> {
    let mut shown = Vec::new();
    for (reference, package) in &order.packages {
        let Some(content) = package.shown(now) else { continue };
        let items: Vec<Value> = content
            .lines
            .iter()
            .map(|(line, units)| json!({ "orderItemId": line, "quantity": units }))
            .collect();
        let carrier = match &content.carrier_name {
            Some(name) if content.carrier_code == "Other" => name,
            Some(_) | None => &content.carrier_code,
        };
        let mut one = json!({
            "packageReferenceId": reference,
            "createdTime": package.created_at.to_string(),
            "packageStatus": { "status": package.status },
            "carrier": carrier,
            "shipTime": content.ship_date.to_string(),
            "packageItems": items,
        });
        if !content.tracking_number.is_empty() {
            put(&mut one, "trackingNumber", json!(content.tracking_number));
        }
        if let Some(service) = &content.shipping_method {
            put(&mut one, "shippingService", json!(service));
        }
        shown.push(one);
    }
    shown
}
