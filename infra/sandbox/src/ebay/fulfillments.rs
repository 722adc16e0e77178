//! `getOrder`, `getShippingFulfillments` and `createShippingFulfillment`.
//!
//! Which id goes with which flaw is documented; where it is not (an order that is not paid, a line in parts), it is
//! *invalid input* here.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::EbaySandbox;
use super::answer::{self, Refusal, blank, created};
use super::orders::{Fulfillment, Order};
use super::record::Effect;
use super::tokens::Holder;

/// Codes that eBay's own list calls "not currently supported".
const UNSUPPORTED: [&str; 9] =
    ["SFC", "SFCExpress", "TNT", "TNTEXPRESS", "TNTPost", "UPSC", "DHLG", "EMF", "Wise"];
/// Tracking numbers that an order takes here; eBay does not say how many.
const MOST_NUMBERS: usize = 100;

/// What was asked for, well-formed.
struct Asked {
    lines: BTreeMap<String, u32>,
    shipped_date: Timestamp,
    carrier_code: Option<String>,
    tracking_number: Option<String>,
}

fn order_id<'a>(segments: &[&'a str]) -> &'a str {
    segments.first().copied().unwrap_or_default()
}

impl EbaySandbox {
    fn order_of(&mut self, holder: &Holder, id: &str, status: u16) -> Result<&mut Order, Refusal> {
        let order = self.orders.get_mut(id);
        let theirs = order.filter(|order| holder.seller.as_deref() == Some(order.described.seller.as_str()));
        theirs.ok_or_else(|| Refusal::new(status, 32100, format!("Invalid order ID: {id}")))
    }

    pub(super) fn get_order(
        &mut self,
        now: Timestamp,
        holder: &Holder,
        segments: &[&str],
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let order = self.order_of(holder, order_id(segments), 404)?;
        Ok(answer::json(200, &order.body(now, false)))
    }

    pub(super) fn packages(
        &mut self,
        now: Timestamp,
        holder: &Holder,
        segments: &[&str],
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let packages = self.order_of(holder, order_id(segments), 400)?.packages(now);
        Ok(answer::json(200, &json!({ "total": packages.len(), "fulfillments": packages })))
    }

    /// Takes a package; without `keep`, answers as if.
    pub(super) fn confirm(
        &mut self,
        now: Timestamp,
        holder: &Holder,
        segments: &[&str],
        request: &Request<Vec<u8>>,
        keep: bool,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Ok(blank(415));
        }
        let seller = holder.seller.clone().unwrap_or_default();
        if self.tokens.seller(&seller).is_some_and(|seller| seller.suspended) {
            return Err(Refusal::new(400, 32400, "Requested user is suspended"));
        }
        let settings = self.settings.clone();
        let order = self.order_of(holder, order_id(segments), 400)?;
        let asked = asked(now, order, request.body())?;
        let refused =
            |code: &String| UNSUPPORTED.contains(&code.as_str()) || settings.refused_carriers.contains(code);
        if asked.carrier_code.as_ref().is_some_and(refused) {
            return Err(invalid_tracking());
        }
        takes(order, &asked)?;
        let same =
            |f: &Fulfillment| f.tracking_number.is_some() && f.tracking_number == asked.tracking_number;
        let repeat = order.fulfillments.iter().any(same);
        if repeat && settings.repeats_conflict {
            return Ok(answer::status(409));
        }
        let id = order.new_id(asked.tracking_number.as_deref());
        let location = format!("/sell/fulfillment/v1/order/{}/shipping_fulfillment/{id}", order.id());
        if !keep {
            self.record.forget();
            return Ok(created(&location));
        }
        let lag = Duration::from_secs(settings.shows_after_seconds);
        let effect = Effect {
            number: 0,
            at: now,
            seller,
            order: order.id().to_owned(),
            fulfillment_id: id.clone(),
            carrier_code: asked.carrier_code.clone(),
            tracking_number: asked.tracking_number.clone(),
            shipped_date: asked.shipped_date,
            lines: asked.lines.clone(),
            repeat,
        };
        order.fulfillments.push(Fulfillment {
            id,
            carrier_code: asked.carrier_code,
            tracking_number: asked.tracking_number,
            shipped_date: asked.shipped_date,
            lines: asked.lines,
            shows_at: now.saturating_add(lag).unwrap_or(Timestamp::MAX),
        });
        if settings.packages_move_date {
            order.touch(now);
        }
        self.record.keep(effect);
        Ok(created(&location))
    }
}

fn invalid_tracking() -> Refusal {
    Refusal::new(400, 32300, "Invalid shipment tracking number or carrier")
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, 32600, format!("Invalid input data: {what}"))
}

/// Reads the body.
fn asked(now: Timestamp, order: &Order, body: &[u8]) -> Result<Asked, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| invalid("no JSON"))?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name)),
    };
    let (carrier_code, tracking_number) = (text("shippingCarrierCode")?, text("trackingNumber")?);
    let blank = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    if carrier_code.is_some() != tracking_number.is_some() || blank(&carrier_code) {
        return Err(invalid_tracking());
    }
    let plain = |number: &String| !number.is_empty() && number.bytes().all(|b| b.is_ascii_alphanumeric());
    if !tracking_number.iter().all(plain) {
        return Err(invalid_tracking());
    }
    let shipped_date = match text("shippedDate")? {
        None => now,
        Some(date) => date
            .parse::<Timestamp>()
            .ok()
            .filter(|at| date.ends_with('Z') && *at <= now)
            .ok_or_else(|| Refusal::new(400, 32500, "Invalid shipped date"))?,
    };
    Ok(Asked { lines: lines(order, body.get("lineItems"))?, shipped_date, carrier_code, tracking_number })
}

fn lines(order: &Order, items: Option<&Value>) -> Result<BTreeMap<String, u32>, Refusal> {
    let items = items.and_then(Value::as_array).filter(|items| !items.is_empty());
    let mut lines = BTreeMap::new();
    for item in items.ok_or_else(|| invalid("lineItems"))? {
        let id = item.get("lineItemId").and_then(Value::as_str).unwrap_or_default();
        let Some(line) = order.lines.iter().find(|line| line.id == id) else {
            return Err(Refusal::new(400, 32200, format!("Invalid line item id: {id}")));
        };
        let units = match item.get("quantity") {
            None => Some(1),
            Some(units) => {
                units.as_u64().and_then(|units| u32::try_from(units).ok()).filter(|units| *units > 0)
            }
        };
        let units = units.ok_or_else(|| invalid("quantity"))?;
        // "All parts of one line item must be in the same package."
        if units != line.quantity {
            return Err(invalid("a line in parts"));
        }
        if lines.insert(id.to_owned(), units).is_some() {
            return Err(Refusal::new(400, 32210, "Duplicate line item in the request"));
        }
    }
    Ok(lines)
}

/// Whether the order takes the package.
fn takes(order: &Order, asked: &Asked) -> Result<(), Refusal> {
    let described = &order.described;
    if described.payment_status != "PAID" && described.payment_status != "PARTIALLY_REFUNDED" {
        return Err(invalid("the order is not paid"));
    }
    if described.cancel_state == "CANCELED" {
        return Err(invalid("the order is cancelled"));
    }
    let by_ebay = described
        .program
        .as_ref()
        .and_then(|program| program.pointer("/fulfillmentProgram/fulfilledBy"))
        .is_some_and(|by| by == "EBAY");
    if by_ebay || described.instruction == "FULFILLED_BY_EBAY" {
        return Err(invalid("eBay ships this order"));
    }
    if described.to_hub && asked.lines.len() > 1 {
        return Err(Refusal::new(
            400,
            34300,
            "Mark As Shipped for multiple Global Shipping Program line items is not supported",
        ));
    }
    if order.fulfillments.len() >= MOST_NUMBERS {
        return Err(Refusal::new(400, 34100, "Maximum tracking number for order is exceeded"));
    }
    Ok(())
}
