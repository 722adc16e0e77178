//! Telling eBay that a package has left.

use carriers::number::{NumberForm, Strength, candidates, for_sending};
use connector_api::hosts::header;
use connector_api::{Answer, ChannelError, Confirmed, Failure, Kept, Reach};
use domain::confirmation::{Confirmation, Tracking};
use domain::connection::Connection;
use domain::tracking::TrackingNumber;
use http::Method;
use percent_encoding::percent_decode_str;

use crate::CONFIRM;
use crate::client::{Good, Session, bad_settings, unsent};
use crate::hosts::Hosts;
use crate::poll::utc;
use crate::wire::{CreateShippingFulfillment, ShippedLine};

/// Fewer letters and digits than this make no number of their own.
const SHORTEST: usize = 8;

/// Tells eBay that a package of this order has shipped. One call is one package; nothing of it can be changed after.
///
/// eBay answers 201 without a body, and names the package in `Location`: its tracking number so far as is known, but
/// that is not promised, so it is read from there.
///
/// # Errors
/// `Throttled` on 429. `CarrierRefused` where eBay knows the carrier or takes the number not. `Retryable { reached:
/// Maybe }` on timeouts, 5xx, 409, "use PUT", and successes that cannot be read: read the order first, since the call is
/// not idempotent. `NeedsMerchant(ConfirmElsewhere)` where the app lacks the scope or the seller is suspended.
/// `Rejected` on other 400s.
///
/// Contract: `createShippingFulfillment`, Fulfillment API 1.20.7 (100,000 calls a day and app), read 21 November 2026.
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
    let url = hosts.fulfillment(&["order", order, "shipping_fulfillment"]);
    let good = match session.try_send(Method::POST, &url, Some(body.clone())).await {
        Ok(good) => good,
        // Nothing was applied. Reads of the same account renew tokens too, so without this the one that proves the
        // scope to be missing might never be one of this call's own.
        Err(refused) if refused.old_token_lacks_scope => {
            let session = Session::open(reach, connection, &hosts, CONFIRM).await?;
            session.send(Method::POST, &url, Some(body)).await?
        }
        Err(refused) => return Err(refused.error),
    };
    let reference = reference(&good, order);
    // Anything but 201 without the package's address is not eBay's way of saying yes.
    if good.status != 201 && reference.is_none() {
        return Err(good.unreadable(CONFIRM, format!("status {} without a package", good.status)));
    }
    let text = !good.is_blank() && serde_json::from_slice::<serde_json::Value>(&good.body).is_err();
    if text && reference.is_none() {
        return Err(good.unreadable(CONFIRM, "a success whose body is no JSON"));
    }
    let value = Confirmed { reference, kept: Kept::Unsaid };
    Ok(Answer { value, request_id: good.request_id, limits: Vec::new() })
}

/// eBay's id of the new package: the last part of `Location`, if that is an address of this order's packages.
fn reference(good: &Good, order: &str) -> Option<String> {
    let location = header(&good.headers, "location")?;
    let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let mut parts = path.rsplit('/').map(|part| percent_decode_str(part).decode_utf8().ok());
    let (id, kind, of) = (parts.next()??, parts.next()??, parts.next()??);
    (kind == "shipping_fulfillment" && of == order && !id.trim().is_empty()).then(|| id.into_owned())
}

/// The request's body, or why eBay would surely refuse it.
fn body(confirmation: &Confirmation) -> Result<Vec<u8>, String> {
    if confirmation.lines.is_empty() || confirmation.lines.values().any(|units| *units == 0) {
        return Err("a package holds at least one unit of each of its lines".to_owned());
    }
    let tracking = confirmation.tracking.as_ref().map(carrier_and_number).transpose()?;
    let (carrier, number) = tracking.unzip();
    let body = CreateShippingFulfillment {
        line_items: confirmation
            .lines
            .iter()
            .map(|(line, units)| ShippedLine { line_item_id: line.as_str(), quantity: *units })
            .collect(),
        shipped_date: utc(confirmation.ship_date),
        shipping_carrier_code: carrier,
        tracking_number: number,
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

/// Carrier and number as eBay takes them: both, and the number in letters and digits alone.
fn carrier_and_number(tracking: &Tracking) -> Result<(&str, String), String> {
    let carrier = tracking.carrier.code.trim();
    if carrier.is_empty() {
        return Err("the carrier code is empty".to_owned());
    }
    let written = tracking.number.as_str();
    if holds_several(written) {
        return Err(
            "the tracking number holds several numbers: taking out what parts them would make one of them"
                .to_owned(),
        );
    }
    let number = for_sending(written, NumberForm::LettersAndDigits);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(
            "eBay takes letters and digits alone in a tracking number, and this one holds others".to_owned()
        );
    }
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if digits(&number) == 0 || digits(carrier) >= SHORTEST {
        return Err("carrier and tracking number look as if they had changed places".to_owned());
    }
    Ok((carrier, number))
}

/// Whether a text holds more than one number: at commas, semicolons and line breaks as everywhere, at other marks where
/// each side could be a number of its own, and at spaces where each is one by its check digit. Spaces mostly part the
/// groups of one number.
fn holds_several(text: &str) -> bool {
    if TrackingNumber::split_all([text]).0.len() > 1 {
        return true;
    }
    let long = |part: &&str| part.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST;
    let proven = |part: &&str| candidates(part).iter().any(|found| found.strength == Strength::Checksum);
    text.split(['/', '|', '&', '+']).filter(long).count() > 1
        || text.split_whitespace().filter(proven).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::confirmation::CarrierCode;

    fn tracking(code: &str, number: &str) -> Tracking {
        let carrier = CarrierCode { code: code.to_owned(), name: None };
        Tracking { carrier, service: None, number: TrackingNumber::try_from(number).unwrap() }
    }

    #[test]
    fn numbers_go_out_in_letters_and_digits() {
        for (written, want) in [
            ("9400 1118-9922.3817", "9400111899223817"),
            ("1z 999 aa1 01", "1z999aa101"),
            ("RB 123456785 GB", "RB123456785GB"),
            ("12/3456", "123456"),
        ] {
            assert_eq!(
                carrier_and_number(&tracking("USPS", written)),
                Ok(("USPS", want.to_owned())),
                "{written}"
            );
        }
    }

    #[test]
    fn several_numbers_are_never_run_together() {
        for written in [
            "1Z1, 1Z2",
            "94001118;94001119",
            "9400111899/9400111900",
            "JD0123456789 & JD9876543210",
            "1Z8VZ1ML0304064589 1ZJBA2YWYW52691345",
            "RB123456785GB\u{3000}RB123456785GB and more",
        ] {
            let error = carrier_and_number(&tracking("USPS", written)).unwrap_err();
            assert!(error.contains("several"), "{written}: {error}");
        }
    }

    #[test]
    fn failure_26_carrier_and_number_that_changed_places_are_not_sent() {
        for (code, number) in [("9400111899223817", "USPS1"), ("USPS", "FedEx")] {
            let error = carrier_and_number(&tracking(code, number)).unwrap_err();
            assert!(error.contains("changed places"), "{code} {number}: {error}");
        }
        for (code, number) in [(" ", "1"), ("USPS", "９４００é")] {
            assert!(carrier_and_number(&tracking(code, number)).is_err(), "{code:?} {number}");
        }
    }

    #[test]
    fn the_packages_id_is_read_from_its_address() {
        let order = "14-12345-67890";
        for (location, want) in [
            (
                Some(
                    "https://api.ebay.com/sell/fulfillment/v1/order/14-12345-67890/shipping_fulfillment/9400111",
                ),
                Some("9400111"),
            ),
            (Some("/sell/fulfillment/v1/order/14-12345-67890/shipping_fulfillment/999/"), Some("999")),
            (Some("/order/14-12345-67890/shipping_fulfillment/A%20B?x=1"), Some("A B")),
            (Some("/order/14-00000-00000/shipping_fulfillment/999"), None),
            (Some("/order/14-12345-67890/shipping_fulfillment/"), None),
            (Some("999"), None),
            (None, None),
        ] {
            let mut headers = http::HeaderMap::new();
            if let Some(location) = location {
                headers.insert("location", location.parse().unwrap());
            }
            let good = Good { status: 201, headers, body: Vec::new(), request_id: None };
            assert_eq!(reference(&good, order).as_deref(), want, "{location:?}");
        }
    }
}
