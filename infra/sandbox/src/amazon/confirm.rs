//! `confirmShipment`, with the refusals and words that the real one has been seen to use.
//!
//! Where the real answer is not known (too many units, a pending order), the words are ours and the form is
//! Amazon's.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;

use super::AmazonSandbox;
use super::answer::{Refusal, no_content};
use super::orders::{Content, Order, Party, Status};
use super::record::{By, Effect};

/// What was asked for, well-formed.
pub(super) struct Asked {
    pub(super) marketplace: String,
    pub(super) reference: String,
    pub(super) content: Content,
}

impl AmazonSandbox {
    /// Confirms a package; without `keep`, answers as if.
    pub(super) fn confirm(
        &mut self,
        now: Timestamp,
        seller: &str,
        order: &str,
        request: &Request<Vec<u8>>,
        keep: bool,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(Refusal::new(
                415,
                "UnsupportedMediaType",
                "The request payload is in an unsupported format.",
            ));
        }
        let body: Value = serde_json::from_slice(request.body()).map_err(|_| {
            Refusal::invalid("Request has missing or invalid parameters and cannot be parsed.")
        })?;
        let asked = asked(&body, now)?;
        let order = self
            .orders
            .get_mut(order)
            .filter(|order| order.described.seller == seller)
            .ok_or_else(|| Refusal::new(404, "NotFound", "The resource specified does not exist."))?;
        check(order, &asked)?;
        if !keep {
            self.record.forget();
            return Ok(no_content());
        }
        let lag = Duration::from_secs(self.settings.shows_after_seconds);
        let shows_at = now.saturating_add(lag).unwrap_or(Timestamp::MAX);
        let edit = order.packages.contains_key(&asked.reference);
        let version =
            order.put(now, shows_at, asked.reference.clone(), asked.content.clone(), By::ConfirmShipment);
        self.record.keep(Effect {
            number: 0,
            at: now,
            seller: seller.to_owned(),
            order: order.id().to_owned(),
            reference: asked.reference,
            version,
            edit,
            content: asked.content,
        });
        Ok(no_content())
    }
}

/// A field, or null.
fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Fields of a wrong type, as paths.
fn wrong_types(body: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |path: &str, value: &Value, fits: fn(&Value) -> bool| {
        if !value.is_null() && !fits(value) {
            wrong.push(path.to_owned());
        }
    };
    check("marketplaceId", at(body, "marketplaceId"), Value::is_string);
    let package = at(body, "packageDetail");
    check("packageDetail", package, Value::is_object);
    for name in [
        "packageReferenceId",
        "carrierCode",
        "carrierName",
        "shippingMethod",
        "trackingNumber",
        "shipDate",
        "shipFromSupplySourceId",
    ] {
        check(&format!("packageDetail.{name}"), at(package, name), Value::is_string);
    }
    for item in at(package, "orderItems").as_array().into_iter().flatten() {
        check("packageDetail.orderItems", item, Value::is_object);
        check("packageDetail.orderItems.orderItemId", at(item, "orderItemId"), Value::is_string);
        check("packageDetail.orderItems.quantity", at(item, "quantity"), Value::is_i64);
        check("packageDetail.orderItems.transparencyCodes", at(item, "transparencyCodes"), Value::is_array);
    }
    wrong.dedup();
    wrong
}

/// Reads the body, refusing it in the order in which the real service was seen to.
fn asked(body: &Value, now: Timestamp) -> Result<Asked, Refusal> {
    let wrong = wrong_types(body);
    if !wrong.is_empty() {
        let fields = wrong.join(", ");
        return Err(Refusal::invalid(format!(
            "Request parameters are invalid, please check the fields with invalid type [{fields}]"
        )));
    }
    let package = at(body, "packageDetail");
    let text =
        |name: &str| at(package, name).as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let required = |value: Option<String>, name: &str| {
        value.ok_or_else(|| Refusal::invalid(format!("{name}: is required, must not be empty")))
    };
    let marketplace = required(
        at(body, "marketplaceId").as_str().filter(|m| !m.is_empty()).map(str::to_owned),
        "MarketplaceId",
    )?;
    let reference = text("packageReferenceId")
        .filter(|r| r.bytes().all(|b| b.is_ascii_digit()) && r.bytes().any(|b| b != b'0'))
        .ok_or_else(|| {
            Refusal::invalid("PackageReferenceId: is invalid, must be a positive numeric value")
        })?;
    let ship_date = required(text("shipDate"), "ShipDate")?;
    let ship_date: Timestamp =
        ship_date.parse().ok().filter(|_| ship_date.ends_with('Z') && ship_date.contains('T')).ok_or_else(
            || {
                Refusal::invalid(format!(
                    "Date time: {ship_date} is invalid, must be formatted by ISO 8601 standards"
                ))
            },
        )?;
    if ship_date > now {
        return Err(Refusal::invalid("ShipDate: is invalid, must not be in the future"));
    }
    let carrier_code = required(text("carrierCode"), "CarrierCode")?;
    let carrier_name = text("carrierName");
    if carrier_code == "Other" && carrier_name.is_none() {
        return Err(Refusal::invalid("CarrierName: is required when carrierCode is Other"));
    }
    let content = Content {
        tracking_number: required(text("trackingNumber"), "TrackingNumber")?,
        carrier_code,
        carrier_name,
        shipping_method: text("shippingMethod"),
        ship_date,
        lines: lines(at(package, "orderItems"))?,
    };
    Ok(Asked { marketplace, reference, content })
}

fn lines(items: &Value) -> Result<BTreeMap<String, u32>, Refusal> {
    // An object in place of the list is refused in these words too.
    let bad_item =
        || Refusal::invalid("OrderItemId is invalid, please obtain the value through the getOrderItems API");
    let items = items.as_array().filter(|items| !items.is_empty()).ok_or_else(bad_item)?;
    let mut lines: BTreeMap<String, u32> = BTreeMap::new();
    for item in items {
        let id = at(item, "orderItemId").as_str().ok_or_else(bad_item)?;
        let quantity = at(item, "quantity").as_u64().and_then(|q| u32::try_from(q).ok()).filter(|q| *q > 0);
        let quantity =
            quantity.ok_or_else(|| Refusal::invalid("Quantity: is invalid, must be a positive number"))?;
        *lines.entry(id.to_owned()).or_default() += quantity;
    }
    Ok(lines)
}

/// Whether the order takes the package.
pub(super) fn check(order: &Order, asked: &Asked) -> Result<(), Refusal> {
    let described = &order.described;
    if described.marketplace_id != asked.marketplace {
        return Err(Refusal::invalid("MarketplaceId: is invalid, the order was placed elsewhere"));
    }
    if described.fulfilled_by == Party::Amazon {
        return Err(Refusal::invalid(
            "The order is fulfilled by Amazon and cannot be confirmed by the seller",
        ));
    }
    for (program, words) in [
        ("FBM_SHIP_PLUS", "FBM Ship+ orders cannot be confirmed, they are confirmed automatically"),
        ("IN_STORE_PICK_UP", "Pick-up orders cannot be confirmed as shipped"),
    ] {
        if described.programs.iter().any(|p| p == program) {
            return Err(Refusal::invalid(words));
        }
    }
    match described.status {
        Status::Unshipped | Status::PartiallyShipped | Status::Shipped => {}
        Status::Pending | Status::PendingAvailability => {
            return Err(Refusal::invalid("The order is pending and cannot be confirmed yet"));
        }
        Status::Cancelled | Status::Unfulfillable => {
            return Err(Refusal::invalid("The order is cancelled and cannot be confirmed"));
        }
    }
    let edit = order.packages.contains_key(&asked.reference);
    for id in asked.content.lines.keys() {
        if order.lines.iter().all(|line| line.id != *id) {
            return Err(Refusal::invalid(
                "OrderItemId is invalid, please obtain the value through the getOrderItems API",
            ));
        }
    }
    if !edit && order.complete() {
        return Err(Refusal::invalid(
            "Failed to create package due to not finding a matching package or order already fulfilled",
        )
        .with_details("PackageToUpdateNotFound"));
    }
    for line in &order.lines {
        let Some(units) = asked.content.lines.get(&line.id) else { continue };
        let confirmable = if line.cancelled { 0 } else { line.ordered };
        if order.packed(&line.id, Some(&asked.reference)).saturating_add(*units) > confirmable {
            return Err(Refusal::invalid(format!(
                "Quantity: is invalid, more units of order item {} than are left to be shipped",
                line.id
            )));
        }
    }
    Ok(())
}
