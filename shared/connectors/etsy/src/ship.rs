//! Telling Etsy that a parcel has left.

use connector_api::{Answer, ChannelError, Confirmed, Failure, Kept, Reach};
use domain::confirmation::{Confirmation, Tracking};
use domain::connection::Connection;
use http::Method;

use crate::SHIP;
use crate::client::{Body, Session, bad_settings, unsent};
use crate::options::{Shop, TrackingBody};
use crate::wire::{NewShipment, Receipt, Shipment};

/// Tells Etsy that a parcel of this order has left. Every success mails the buyer, the same one again, too.
///
/// Etsy answers 200 with the whole order. Where that does not show our number, the order is marked as shipped and the
/// number was lost: a body that Etsy could not read, or a carrier that it does not know. That is never repeated.
///
/// # Errors
/// `Throttled` on 429. `Retryable { reached: Maybe }` on timeouts, 5xx, 409 and answers that cannot be read: read the order
/// first. `Rejected` and `CarrierRefused` on 400s. `NeedsMerchant(ConfirmElsewhere)` where Etsy has closed this call to the
/// app; `NeedsMerchant(Reconnect)` where it refuses the refresh token, or a token that was just issued.
///
/// Contract: `createReceiptShipment` (scope `transactions_w`) of the descriptions of January 2024 (form) and May 2026
/// (JSON); `etsy/open-api` issues 135, 157, 201 and 466, read 21 November 2026.
pub(crate) async fn confirm(
    reach: Reach<'_>,
    connection: &Connection,
    confirmation: &Confirmation,
) -> Result<Answer<Confirmed>, ChannelError> {
    let shop = Shop::of(connection).map_err(|problem| bad_settings(SHIP, &problem))?;
    let body = body(confirmation, &shop)
        .map_err(|problem| unsent(SHIP, Failure::Rejected { code: "NotSent".to_owned() }, problem))?;
    let session = Session::open(reach, connection, &shop, SHIP).await?;
    let url = shop.url(&["receipts", confirmation.order.as_str(), "tracking"]);
    let good = session.send(Method::POST, &url, Some(body)).await?;
    let receipt: Receipt = good.read().map_err(|why| good.unreadable(SHIP, why))?;
    let value = judge(confirmation, receipt).map_err(|why| good.unreadable(SHIP, why))?;
    Ok(Answer { value, request_id: good.request_id, limits: good.limits })
}

/// The request's body, or why it is not sent.
fn body(confirmation: &Confirmation, shop: &Shop) -> Result<Body, String> {
    if crate::receipts::order_id(confirmation.order.as_str()).is_none() {
        return Err("the order's number is none of Etsy's".to_owned());
    }
    let carrier = confirmation.tracking.as_ref().map(|tracking| tracking.carrier.code.trim());
    // Without a carrier Etsy keeps no number.
    if carrier.is_some_and(str::is_empty) {
        return Err("the carrier name is empty".to_owned());
    }
    let shipment = NewShipment {
        tracking_code: confirmation.tracking.as_ref().map(|tracking| tracking.number.as_str()),
        carrier_name: carrier,
        send_bcc: shop.send_bcc,
        note_to_buyer: shop.note.as_deref(),
    };
    Ok(match shop.body {
        TrackingBody::Json => Body {
            kind: "application/json",
            bytes: serde_json::to_vec(&shipment).map_err(|error| error.to_string())?,
        },
        TrackingBody::Form => {
            Body { kind: "application/x-www-form-urlencoded", bytes: form(&shipment).into_bytes() }
        }
    })
}

fn form(shipment: &NewShipment<'_>) -> String {
    let bcc = shipment.send_bcc.map(|bcc| bcc.to_string());
    let fields = [
        ("tracking_code", shipment.tracking_code),
        ("carrier_name", shipment.carrier_name),
        ("send_bcc", bcc.as_deref()),
        ("note_to_buyer", shipment.note_to_buyer),
    ];
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
    form.finish()
}

/// What the order that Etsy answered with says of our parcel.
fn judge(confirmation: &Confirmation, receipt: Receipt) -> Result<Confirmed, String> {
    let id =
        receipt.receipt_id.as_deref().and_then(crate::receipts::order_id).ok_or("receipt_id is missing")?;
    if id != confirmation.order {
        // One seller saw the number on another order (issue 466).
        let detail = format!("Etsy answered with order {id}: the number may have gone there");
        return Ok(Confirmed { reference: None, kept: Kept::Dropped { detail } });
    }
    let kept = match &confirmation.tracking {
        Some(tracking) => tracked(tracking, receipt.shipments.as_deref()),
        None => untracked(receipt.is_shipped),
    };
    Ok(Confirmed { reference: None, kept })
}

fn tracked(tracking: &Tracking, rows: Option<&[Shipment]>) -> Kept {
    // An answer that leaves its parcels out says nothing of ours: the order is read.
    let Some(rows) = rows else { return Kept::Unsaid };
    let shown =
        |row: &&Shipment| row.tracking_code.as_deref().is_some_and(|code| tracking.number.same_as(code));
    if rows.iter().any(|row| shown(&row)) {
        return Kept::Shown;
    }
    let parcels = match rows.len() {
        0 => "no parcel".to_owned(),
        n => format!("{n} other parcel(s)"),
    };
    Kept::Dropped {
        detail: format!(
            "Etsy marked the order as shipped and mailed the buyer, but shows {parcels} and not this number: it may not \
             know the carrier name {}",
            tracking.carrier.code
        ),
    }
}

/// Without a number there is no row to look for: only the flag.
fn untracked(is_shipped: Option<bool>) -> Kept {
    match is_shipped {
        Some(true) => Kept::Shown,
        Some(false) => {
            Kept::Dropped { detail: "Etsy took it, but does not show the order as shipped".to_owned() }
        }
        None => Kept::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_what_the_json_would() {
        let full = NewShipment {
            tracking_code: Some("9400 1"),
            carrier_name: Some("usps"),
            send_bcc: Some(true),
            note_to_buyer: Some("Thanks & bye"),
        };
        assert_eq!(
            form(&full),
            "tracking_code=9400+1&carrier_name=usps&send_bcc=true&note_to_buyer=Thanks+%26+bye"
        );
        let none =
            NewShipment { tracking_code: None, carrier_name: None, send_bcc: None, note_to_buyer: None };
        assert_eq!((form(&none).as_str(), serde_json::to_string(&none).unwrap().as_str()), ("", "{}"));
    }
}
