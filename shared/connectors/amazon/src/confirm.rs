//! Telling Amazon that a package has left.

use connector_api::{Answer, ChannelError, Confirmed, Failure, Reach};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use http::Method;

use crate::CONFIRM;
use crate::client::{Session, bad_settings, unsent};
use crate::errors::says_unknown_line;
use crate::poll::utc;
use crate::regions::Hosts;
use crate::wire::{ConfirmItem, ConfirmShipment, PackageDetail};

/// Amazon's word for a carrier that is not in its list.
pub(crate) const OTHER: &str = "Other";

/// Tells Amazon that a package of this order has shipped.
///
/// The reference is a positive number unique within the order; the same again edits that package. Amazon
/// answers 204 without a body, and a 204 does not prove that the package will be shown.
///
/// # Errors
/// `Throttled` on 429. `Retryable { reached: Maybe }` on timeouts, 5xx, answers that cannot be read, and when
/// Amazon says that the order is already fulfilled: read the order first. `Rejected` on other 400s.
/// `NeedsMerchant(Reconnect)` when Login with Amazon refuses the refresh token, or the API a token that was
/// just issued.
///
/// Contract: `confirmShipment` (2 requests a second, burst 10), ordersV0 of 5 August 2026, read 21 November 2026.
pub(crate) async fn confirm(
    reach: Reach<'_>,
    connection: &Connection,
    confirmation: &Confirmation,
) -> Result<Answer<Confirmed>, ChannelError> {
    let body = body(confirmation)
        .map_err(|problem| unsent(CONFIRM, Failure::Rejected { code: "NotSent".to_owned() }, problem))?;
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(CONFIRM, &problem))?;
    let session = Session::open(reach, connection, &hosts, CONFIRM).await?;
    let order = confirmation.order.as_str();
    let url = hosts.api_url(&["orders", "v0", "orders", order, "shipmentConfirmation"]);
    let good = session.send(Method::POST, &url, Some(body)).await.map_err(|refused| {
        let about_lines = says_unknown_line(&refused.error.detail);
        refused.error.about_lines(about_lines)
    })?;
    // The contract knows no body. JSON without errors is let pass; anything else is not Amazon speaking.
    let blank = good.body.iter().all(u8::is_ascii_whitespace);
    if !blank && serde_json::from_slice::<serde_json::Value>(&good.body).is_err() {
        return Err(good.unreadable(CONFIRM, "a success whose body is no JSON"));
    }
    Ok(Answer { value: Confirmed::default(), request_id: good.request_id, limits: good.limits })
}

/// The request's body, or why Amazon would surely refuse it.
fn body(confirmation: &Confirmation) -> Result<Vec<u8>, String> {
    let Some(tracking) = &confirmation.tracking else {
        return Err("a parcel without a number goes in a feed, not by this call".to_owned());
    };
    let carrier = &tracking.carrier;
    let other = carrier.code.eq_ignore_ascii_case(OTHER);
    let name = carrier.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    if carrier.code.trim().is_empty() {
        return Err("the carrier code is empty".to_owned());
    }
    if other && name.is_none() {
        return Err("carrier code Other needs the carrier's name".to_owned());
    }
    if !confirmation.reference.parse::<u64>().is_ok_and(|reference| reference > 0) {
        return Err("the package reference must be positive".to_owned());
    }
    if confirmation.lines.is_empty() || confirmation.lines.values().any(|units| *units == 0) {
        return Err("a package holds at least one unit of each of its lines".to_owned());
    }
    let body = ConfirmShipment {
        marketplace_id: confirmation.marketplace.as_str(),
        package_detail: PackageDetail {
            package_reference_id: confirmation.reference.clone(),
            carrier_code: if other { OTHER } else { &carrier.code },
            // Beside a listed code, a name makes Amazon count the parcel under Other.
            carrier_name: if other { name } else { None },
            shipping_method: tracking.service.as_deref().map(str::trim).filter(|service| !service.is_empty()),
            tracking_number: tracking.number.as_str(),
            // Offsets like +00:00 are refused, so is nothing else; fractions are not needed.
            ship_date: utc(confirmation.ship_date),
            order_items: confirmation
                .lines
                .iter()
                .map(|(line, units)| ConfirmItem { order_item_id: line.as_str(), quantity: *units })
                .collect(),
        },
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}
