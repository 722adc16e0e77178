//! The documents of feeds, and what cannot stand in one.
//!
//! Amazon refuses a whole document for one element in the wrong place ("one or more items are invalid", models issue
//! 1183), so each message is checked before it goes in, and written in the fixed order of the schema:
//! `OrderFulfillment.xsd` of release 4.1, read 21 November 2026. The envelope names `OrderFulfillment` as its message
//! type, never the feed's type (models issue 1758).

use std::collections::BTreeSet;

use connector_api::BulkContent;
use domain::confirmation::Confirmation;

use super::reversals;
use super::xml::Xml;
use crate::confirm::OTHER;
use crate::orders::order_id;
use crate::poll::utc;

/// The longest name of a carrier that is not listed (flat file definition: 1 to 50 characters).
const LONGEST_NAME: usize = 50;
/// The longest code and shipping method that we send: longer than any that Amazon lists.
const LONGEST_WORD: usize = 50;
/// The most bytes of a message: 5,000 of them stay below 10 MiB.
const LARGEST: usize = 2_000;
/// The same of a parcel that can go no other way: there are few.
const LARGEST_UNTRACKED: usize = 20_000;
/// A feed names at most so many marketplaces.
const MOST_MARKETPLACES: usize = 25;

/// What a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Parcels that have left.
    Fulfillment,
    /// Orders that are cancelled.
    Acknowledgement,
    /// Money that goes back.
    Adjustment,
}

impl Kind {
    /// The feed's type.
    pub(super) fn feed_type(self) -> &'static str {
        match self {
            Self::Fulfillment => "POST_ORDER_FULFILLMENT_DATA",
            Self::Acknowledgement => "POST_ORDER_ACKNOWLEDGEMENT_DATA",
            Self::Adjustment => "POST_PAYMENT_ADJUSTMENT_DATA",
        }
    }

    /// The messages' type, which is another word.
    fn message_type(self) -> &'static str {
        match self {
            Self::Fulfillment => "OrderFulfillment",
            Self::Acknowledgement => "OrderAcknowledgement",
            Self::Adjustment => "OrderAdjustment",
        }
    }
}

/// The whole document.
///
/// # Errors
/// What cannot stand in it, and why.
pub(super) fn write(seller: &str, content: &BulkContent) -> Result<Vec<u8>, String> {
    match content {
        BulkContent::Confirmations(all) => {
            for confirmation in all {
                check(confirmation).map_err(|why| format!("order {}: {why}", confirmation.order))?;
            }
            envelope(seller, Kind::Fulfillment, all, fulfillment)
        }
        BulkContent::Cancellations(all) => {
            for cancellation in all {
                reversals::check_cancellation(cancellation)
                    .map_err(|why| format!("order {}: {why}", cancellation.order))?;
            }
            envelope(seller, Kind::Acknowledgement, all, reversals::acknowledgement)
        }
        BulkContent::Refunds(all) => {
            for refund in all {
                reversals::check_refund(refund).map_err(|why| format!("order {}: {why}", refund.order))?;
            }
            envelope(seller, Kind::Adjustment, all, reversals::adjustment)
        }
    }
}

fn envelope<T>(
    seller: &str,
    kind: Kind,
    all: &[T],
    message: fn(&mut Xml, &T) -> Result<(), String>,
) -> Result<Vec<u8>, String> {
    if all.is_empty() {
        return Err("a feed without messages".to_owned());
    }
    let mut xml = Xml::new()?;
    let attributes = [
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:noNamespaceSchemaLocation", "amzn-envelope.xsd"),
    ];
    xml.parent_with("AmazonEnvelope", &attributes, |xml| {
        xml.parent("Header", |xml| {
            xml.text("DocumentVersion", "1.01")?;
            xml.text("MerchantIdentifier", seller)
        })?;
        xml.text("MessageType", kind.message_type())?;
        for (number, one) in (1u64..).zip(all) {
            xml.parent("Message", |xml| {
                xml.text("MessageID", &number.to_string())?;
                xml.text("OperationType", "Update")?;
                message(xml, one)
            })?;
        }
        Ok(())
    })?;
    Ok(xml.bytes())
}

/// Elements in the schema's order: order, date, carrier, items.
fn fulfillment(xml: &mut Xml, confirmation: &Confirmation) -> Result<(), String> {
    xml.parent("OrderFulfillment", |xml| {
        xml.text("AmazonOrderID", confirmation.order.as_str())?;
        xml.text("FulfillmentDate", &utc(confirmation.ship_date))?;
        if let Some(carried) = carried(confirmation) {
            xml.parent("FulfillmentData", |xml| {
                let other = carried.code.eq_ignore_ascii_case(OTHER);
                xml.text("CarrierCode", if other { OTHER } else { carried.code })?;
                // Beside a listed code, a name makes Amazon count the parcel under Other.
                if let Some(name) = carried.name.filter(|_| other) {
                    xml.text("CarrierName", name)?;
                }
                if let Some(method) = carried.method {
                    xml.text("ShippingMethod", method)?;
                }
                match carried.number {
                    Some(number) => xml.text("ShipperTrackingNumber", number),
                    None => Ok(()),
                }
            })?;
        }
        for (line, units) in &confirmation.lines {
            xml.parent("Item", |xml| {
                xml.text("AmazonOrderItemCode", line.as_str())?;
                xml.text("Quantity", &units.to_string())
            })?;
        }
        Ok(())
    })
}

/// Who carries a parcel, as it is told.
struct Carried<'a> {
    code: &'a str,
    name: Option<&'a str>,
    method: Option<&'a str>,
    number: Option<&'a str>,
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn carried(confirmation: &Confirmation) -> Option<Carried<'_>> {
    if let Some(tracking) = &confirmation.tracking {
        return Some(Carried {
            code: tracking.carrier.code.trim(),
            name: filled(tracking.carrier.name.as_deref()),
            method: filled(tracking.service.as_deref()),
            number: Some(tracking.number.as_str()),
        });
    }
    confirmation.untracked.as_ref().map(|by| Carried {
        code: by.carrier.code.trim(),
        name: filled(by.carrier.name.as_deref()),
        method: filled(by.service.as_deref()),
        number: None,
    })
}

/// Whether a parcel can stand in a feed.
///
/// # Errors
/// Why not, in words for the merchant.
pub(super) fn check(confirmation: &Confirmation) -> Result<(), String> {
    check_order(confirmation.order.as_str())?;
    check_marketplace(confirmation.marketplace.as_str())?;
    match carried(confirmation) {
        Some(carried) => check_carried(&carried)?,
        None => {
            return Err(
                "a feed must name who carries a parcel, even one without a number, and the store does not \
                        say, or names nobody that Amazon knows"
                    .to_owned(),
            );
        }
    }
    if confirmation.lines.is_empty() {
        return Err("no units are in the parcel".to_owned());
    }
    for (line, units) in &confirmation.lines {
        check_item(line.as_str())?;
        if *units == 0 {
            return Err(format!("no units of order item {line} are in the parcel"));
        }
    }
    let mut xml = Xml::part();
    fulfillment(&mut xml, confirmation)?;
    let (bytes, most) =
        (xml.bytes().len(), if confirmation.tracking.is_some() { LARGEST } else { LARGEST_UNTRACKED });
    if bytes > most {
        return Err(format!("its message is {bytes} bytes long; a feed takes {most}"));
    }
    Ok(())
}

fn check_carried(carried: &Carried<'_>) -> Result<(), String> {
    if carried.code.is_empty() {
        return Err("the carrier code is empty".to_owned());
    }
    word("carrier code", carried.code, LONGEST_WORD)?;
    if carried.code.eq_ignore_ascii_case(OTHER) {
        match carried.name {
            None => return Err("carrier code Other needs the carrier's name".to_owned()),
            Some(name) => word("carrier's name", name, LONGEST_NAME)?,
        }
    }
    if let Some(method) = carried.method {
        word("shipping method", method, LONGEST_WORD)?;
    }
    let number = carried.number.unwrap_or("1");
    if number.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        Ok(())
    } else {
        Err(format!("the tracking number {number:?} holds characters that a feed does not take"))
    }
}

/// A text that the schema takes as it is: one line, no characters that XML or Amazon's text type refuse.
fn word(what: &str, text: &str, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("the {what} has {length} characters; a feed takes {most}"));
    }
    let bad = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}');
    if text.chars().any(bad) {
        return Err(format!("the {what} holds characters that a feed does not take"));
    }
    Ok(())
}

/// An order id of Amazon's.
pub(super) fn check_order(order: &str) -> Result<(), String> {
    if order_id(order).is_some_and(|id| id.as_str() == order) {
        Ok(())
    } else {
        Err("its id is none of Amazon's (digits in groups of 3, 7 and 7)".to_owned())
    }
}

/// An order item's code.
pub(super) fn check_item(item: &str) -> Result<(), String> {
    if (1..=50).contains(&item.len()) && item.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(format!("order item {item:?} is no code of Amazon's"))
    }
}

/// A marketplace that feeds know: orders of other channels have names instead.
pub(super) fn check_marketplace(marketplace: &str) -> Result<(), String> {
    let formed = (10..=20).contains(&marketplace.len())
        && marketplace.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if formed { Ok(()) } else { Err(format!("{marketplace:?} is no marketplace that feeds know")) }
}

/// The marketplaces that a feed must name: those of its orders.
///
/// # Errors
/// There are none, or more than a feed may name.
pub(super) fn marketplaces(content: &BulkContent) -> Result<Vec<&str>, String> {
    let all: BTreeSet<&str> = match content {
        BulkContent::Confirmations(all) => all.iter().map(|c| c.marketplace.as_str()).collect(),
        BulkContent::Cancellations(all) => all.iter().map(|c| c.marketplace.as_str()).collect(),
        BulkContent::Refunds(all) => all.iter().map(|r| r.marketplace.as_str()).collect(),
    };
    if all.is_empty() || all.len() > MOST_MARKETPLACES {
        return Err(format!("a feed names 1 to {MOST_MARKETPLACES} marketplaces, not {}", all.len()));
    }
    Ok(all.into_iter().collect())
}

#[cfg(test)]
mod tests;
