//! Stories in the form that eBay and Etsy allow.

use anyhow::Result;
use sandbox::faults::Fault;
use serde_json::json;

use super::{UPS, USPS, said};
use crate::demo::stage::{ETSY, Pair, Stage};
use crate::quickstart;

async fn at_ebay(stage: &Stage, pair: &Pair, state: &str) -> Result<String> {
    let states = stage.wait_for_state(pair, state).await?;
    Ok(format!("{}, {states}", stage.shown_at_ebay(pair)?))
}

async fn at_etsy(stage: &Stage, pair: &Pair, state: &str) -> Result<String> {
    let states = stage.wait_for_state(pair, state).await?;
    Ok(format!("{}, {states}", stage.shown_at_etsy(pair)?))
}

pub(super) async fn ebay_two_parcels(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.ebay_order(1, &[("LAMP", 2), ("SHADE", 1)], None)?;
    let (_, first) = stage.ship(&pair, "UPS", &[UPS], Some(&[("LAMP", 2)]))?;
    stage.post(&pair, &first).await?;
    stage.wait_for_state(&pair, "visible").await?;
    let (_, second) = stage.ship(&pair, "USPS", &[USPS], Some(&[("SHADE", 1)]))?;
    stage.post(&pair, &second).await?;
    let told = at_ebay(stage, &pair, "visible, visible").await?;
    said(format!("{UPS} UPS 2 unit(s); {USPS} USPS 1 unit(s), visible, visible"), told)
}

pub(super) async fn ebay_line_in_parts(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.ebay_order(2, &[("LAMP", 2)], None)?;
    let (_, first) = stage.ship(&pair, "UPS", &[UPS], Some(&[("LAMP", 1)]))?;
    stage.post(&pair, &first).await?;
    let held = at_ebay(stage, &pair, "held").await?;
    let mails = stage.wait_for_mails(&pair.there, 1).await?;
    said("nothing, held, 1 mail", format!("{held}, {mails} mail"))
}

pub(super) async fn ebay_lost_answer(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.ebay_order(3, &[("LAMP", 1)], None)?;
    stage.fault_at_ebay("createShippingFulfillment", Fault::LoseAnswer)?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    said(format!("{UPS} UPS 1 unit(s), visible"), at_ebay(stage, &pair, "visible").await?)
}

pub(super) async fn ebay_programs(stage: &Stage) -> Result<(String, String)> {
    let hub = json!({ "ebayInternationalShipping": { "returnsManagedBy": "EBAY" } });
    let to_hub = stage.ebay_order(4, &[("LAMP", 1)], Some(hub))?;
    stage.ship_and_post(&to_hub, "UPS", UPS).await?;
    let by_ebay = json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } });
    let theirs = stage.ebay_order(5, &[("LAMP", 1)], Some(by_ebay))?;
    stage.ship_and_post(&theirs, "UPS", UPS).await?;
    let to_hub = at_ebay(stage, &to_hub, "visible").await?;
    let theirs = at_ebay(stage, &theirs, "not_ours").await?;
    said(
        format!("hub: {UPS} UPS 1 unit(s), visible; eBay's: nothing, not_ours"),
        format!("hub: {to_hub}; eBay's: {theirs}"),
    )
}

pub(super) async fn etsy_two_parcels(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.etsy_order(1, &[("LAMP", 2), ("SHADE", 1)], true)?;
    let (_, first) = stage.ship(&pair, "UPS", &[UPS], Some(&[("LAMP", 2)]))?;
    stage.post(&pair, &first).await?;
    stage.wait_for_state(&pair, "visible").await?;
    let (_, second) = stage.ship(&pair, "USPS", &[USPS], Some(&[("SHADE", 1)]))?;
    stage.post(&pair, &second).await?;
    let told = at_etsy(stage, &pair, "visible, visible").await?;
    said(format!("{UPS} ups; {USPS} usps, 2 mail(s) to the buyer, visible, visible"), told)
}

pub(super) async fn etsy_number_lost(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.etsy_order(2, &[("LAMP", 1)], true)?;
    stage.fault_at_etsy("createReceiptShipment", Fault::AcceptAndForget)?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    let told = at_etsy(stage, &pair, "missing").await?;
    let mails = stage.wait_for_mails(&pair.there, 1).await?;
    said("a number lost, 1 mail(s) to the buyer, missing, 1 mail", format!("{told}, {mails} mail"))
}

pub(super) async fn etsy_posts(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.etsy_order(3, &[("LAMP", 1)], false)?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    let held = at_etsy(stage, &pair, "held").await?;
    let url = stage.host.notification_url(ETSY).await?;
    let genuine = stage.etsy_paid(&pair)?;
    let mut forged = genuine.clone();
    forged.body = forged.body.replacen("order.paid", "order.gone", 1);
    let refused = quickstart::send(forged.request(&url)?).await?;
    let taken = quickstart::send(genuine.request(&url)?).await?;
    // Etsy is polled each five minutes: only the post can have told of it by now.
    let told = at_etsy(stage, &pair, "visible").await?;
    said(
        format!(
            "nothing, 0 mail(s) to the buyer, held; 401, 200; then {UPS} ups, 1 mail(s) to the buyer, visible"
        ),
        format!("{held}; {refused}, {taken}; then {told}"),
    )
}
