//! Cancellations and refunds as messages of a feed.
//!
//! Contract: `OrderAcknowledgement.xsd` and `OrderAdjustment.xsd` of release 4.1, read 21 November 2026. Amazon gives
//! no example of either (models issue 4839). A component stands in its own element (`ItemPriceAdjustments` holds
//! `Component`s), and of yen no tax is split off: the gross amount goes as principal, everywhere.

use connector_api::{Cancellation, Refund};
use domain::money::Money;

use super::document::{check_item, check_marketplace, check_order};
use super::xml::Xml;

/// Currencies without a smaller unit, of the marketplaces that there are.
const WHOLE: [&str; 1] = ["JPY"];

/// Whether a cancellation can stand in a feed.
pub(super) fn check_cancellation(cancellation: &Cancellation) -> Result<(), String> {
    check_order(cancellation.order.as_str())?;
    check_marketplace(cancellation.marketplace.as_str())?;
    if cancellation.lines.is_empty() {
        return Err("a cancellation without lines".to_owned());
    }
    cancellation.lines.iter().try_for_each(|line| check_item(line.as_str()))
}

/// Elements in the schema's order. `Failure` is Amazon's word for *cancel*.
pub(super) fn acknowledgement(xml: &mut Xml, cancellation: &Cancellation) -> Result<(), String> {
    let reason = if cancellation.buyer_asked { "BuyerCanceled" } else { "NoInventory" };
    xml.parent("OrderAcknowledgement", |xml| {
        xml.text("AmazonOrderID", cancellation.order.as_str())?;
        xml.text("StatusCode", "Failure")?;
        for line in &cancellation.lines {
            xml.parent("Item", |xml| {
                xml.text("AmazonOrderItemCode", line.as_str())?;
                xml.text("CancelReason", reason)
            })?;
        }
        Ok(())
    })
}

/// Whether a refund can stand in a feed.
pub(super) fn check_refund(refund: &Refund) -> Result<(), String> {
    check_order(refund.order.as_str())?;
    check_marketplace(refund.marketplace.as_str())?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if refund.id.is_empty() || refund.id.len() > 40 || !refund.id.bytes().all(fits) {
        return Err("a refund's id has 1 to 40 letters, digits and dashes".to_owned());
    }
    if refund.lines.is_empty() {
        return Err("a refund without lines".to_owned());
    }
    for line in &refund.lines {
        check_item(line.line.as_str())?;
        amount(&line.principal)?;
    }
    Ok(())
}

/// An amount as Amazon takes it: above nothing, in the currency's units.
fn amount(money: &Money) -> Result<String, String> {
    let currency = &money.currency;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(format!("{currency:?} is no currency"));
    }
    let digits = if WHOLE.contains(&currency.as_str()) { 0 } else { 2 };
    let rounded = money.amount.round_dp(digits);
    if rounded != money.amount {
        return Err(format!("{money} is no amount of whole units of {currency}"));
    }
    if rounded.is_zero() || rounded.is_sign_negative() {
        return Err(format!("a refund of {money}"));
    }
    Ok(format!("{rounded:.prec$}", prec = digits as usize))
}

/// Elements in the schema's order.
pub(super) fn adjustment(xml: &mut Xml, refund: &Refund) -> Result<(), String> {
    xml.parent("OrderAdjustment", |xml| {
        xml.text("AmazonOrderID", refund.order.as_str())?;
        xml.text("ActionType", "Refund")?;
        for line in &refund.lines {
            let amount = amount(&line.principal)?;
            xml.parent("AdjustedItem", |xml| {
                xml.text("AmazonOrderItemCode", line.line.as_str())?;
                xml.text("MerchantAdjustmentItemID", &refund.id)?;
                xml.text("AdjustmentReason", "GeneralAdjustment")?;
                xml.parent("ItemPriceAdjustments", |xml| {
                    xml.parent("Component", |xml| {
                        xml.text("Type", "Principal")?;
                        xml.text_with("Amount", &[("currency", line.principal.currency.as_str())], &amount)
                    })
                })
            })?;
        }
        Ok(())
    })
}
