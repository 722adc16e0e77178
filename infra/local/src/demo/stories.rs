//! The stories: what happens, what should come of it, what came of it.

mod carriers;
mod marketplaces;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;
use sandbox::amazon::{NewPackage, Party};
use sandbox::faults::Fault;

use super::WATCH;
use super::stage::{OLD_SHOP, Pair, Stage};
use crate::quickstart::{self, locked};

/// Expected and actual.
pub(super) type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(String, String)>> + 'a>>;
/// How a story is played.
pub(super) type Play = for<'a> fn(&'a Stage) -> Outcome<'a>;

/// All of them, in order.
pub(crate) const ALL: [(&str, Play); 25] = [
    ("One parcel, one order", |s| Box::pin(one_parcel(s))),
    ("Two parcels with split quantities, sent apart", |s| Box::pin(two_parcels(s))),
    ("The same webhook five times at once, and again through the poll", |s| Box::pin(duplicates(s))),
    ("Unknown carrier: held, mapped, released, resolved", |s| Box::pin(unknown_carrier(s))),
    ("Line that matches no SKU: held, mailed, released by a SKU mapping", |s| Box::pin(unknown_sku(s))),
    ("Answer lost after Amazon applied it", |s| Box::pin(lost_answer(s))),
    ("Amazon says 204 and stores nothing", |s| Box::pin(stored_nothing(s))),
    ("Throttled for a while", |s| Box::pin(throttled(s))),
    ("Token revoked: one account parked, the other unaffected", |s| Box::pin(revoked(s))),
    ("Fulfillment first without a number, number added by update", |s| Box::pin(number_later(s))),
    ("Forged signature and wrong tag", |s| Box::pin(forged(s))),
    ("FBA, no marketplace order, confirmed by hand (same and other number)", |s| Box::pin(not_ours(s))),
    ("Number corrected after confirmation", |s| Box::pin(corrected(s))),
    ("A new connection to a shop with a year of shipped orders", |s| Box::pin(old_backlog(s))),
    ("\"UPS\" over a number of USPS: held, corrected at the store", |s| Box::pin(carriers::contradicted(s))),
    ("\"FedEx\" over a SmartPost number passes", |s| Box::pin(carriers::smart_post(s))),
    ("\"Evri\" in the UK: held, mapped to a code outside the list", |s| Box::pin(carriers::unlisted(s))),
    ("A change of mappings tried first, then made: as foretold", |s| Box::pin(carriers::tried_first(s))),
    ("eBay: two parcels, each with whole lines", |s| Box::pin(marketplaces::ebay_two_parcels(s))),
    ("eBay: a line in two parcels is held", |s| Box::pin(marketplaces::ebay_line_in_parts(s))),
    ("eBay: answer lost after it was applied", |s| Box::pin(marketplaces::ebay_lost_answer(s))),
    ("eBay: to its hub, and what it ships itself", |s| Box::pin(marketplaces::ebay_programs(s))),
    ("Etsy: two parcels, two rows without items", |s| Box::pin(marketplaces::etsy_two_parcels(s))),
    ("Etsy posts that an order was paid; a forged post", |s| Box::pin(marketplaces::etsy_posts(s))),
    ("Etsy says 200 and loses the number", |s| Box::pin(marketplaces::etsy_number_lost(s))),
];

pub(super) const UPS: &str = "1Z999AA10123456784";
const USPS: &str = "9400111899223197428490";

pub(super) fn said(expected: impl Into<String>, actual: impl Into<String>) -> Result<(String, String)> {
    Ok((expected.into(), actual.into()))
}

fn once(number: &str, carrier: &str) -> String {
    format!("{number} {carrier} 1 unit(s) by 1 call(s), visible")
}

async fn told(stage: &Stage, pair: &Pair, state: &str) -> Result<String> {
    let states = stage.wait_for_state(pair, state).await?;
    Ok(format!("{}, {states}", stage.shown(pair)?))
}

async fn one_parcel(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 1, &[("LAMP", 1)])?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    said(once(UPS, "UPS"), told(stage, &pair, "visible").await?)
}

async fn two_parcels(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 2, &[("LAMP", 3), ("SHADE", 2)])?;
    let (_, first) = stage.ship(&pair, "UPS", &[UPS], Some(&[("LAMP", 2)]))?;
    stage.post(&pair, &first).await?;
    stage.wait_for_state(&pair, "visible").await?;
    let (_, second) = stage.ship(&pair, "USPS", &[USPS], Some(&[("LAMP", 1), ("SHADE", 2)]))?;
    stage.post(&pair, &second).await?;
    let expected =
        format!("{UPS} UPS 2 unit(s) by 1 call(s); {USPS} USPS 3 unit(s) by 1 call(s), visible, visible");
    said(expected, told(stage, &pair, "visible, visible").await?)
}

async fn duplicates(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 3, &[("LAMP", 1)])?;
    let (_, delivery) = stage.ship(&pair, "UPS", &[UPS], None)?;
    let post = || stage.post(&pair, &delivery);
    let all = tokio::join!(post(), post(), post(), post(), post());
    for posted in [all.0, all.1, all.2, all.3, all.4] {
        posted?;
    }
    stage.wait_for_state(&pair, "visible").await?;
    // The shop's next poll tells of it once more.
    tokio::time::sleep(WATCH * 2).await;
    said(once(UPS, "UPS"), told(stage, &pair, "visible").await?)
}

async fn unknown_carrier(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 4, &[("LAMP", 1)])?;
    stage.ship_and_post(&pair, "Snail & Sons", "SN123456789").await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    let asked = stage.wait_for_mails(&pair.there, 1).await?;
    stage.map("Snail & Sons", "4PX").await?;
    let after = told(stage, &pair, "visible").await?;
    let mails = stage.wait_for_mails(&pair.there, 2).await?;
    said(
        format!("held, 1 mail; then {}, 2 mails", once("SN123456789", "4PX")),
        format!("{held}, {asked} mail; then {after}, {mails} mails"),
    )
}

async fn unknown_sku(stage: &Stage) -> Result<(String, String)> {
    let there = [("LAMP-A", 1), ("SHADE", 1)];
    let here = [("LAMP-S", 1), ("SHADE", 1)];
    let pair = stage.order_with("amazon-us", 5, &there, &here, |_| {})?;
    let (_, delivery) = stage.ship(&pair, "UPS", &[UPS], Some(&[("LAMP-S", 1)]))?;
    stage.post(&pair, &delivery).await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    let asked = stage.wait_for_mails(&pair.there, 1).await?;
    stage.map_sku("LAMP-S", "LAMP-A").await?;
    let after = told(stage, &pair, "visible").await?;
    said(format!("held, 1 mail; then {}", once(UPS, "UPS")), format!("{held}, {asked} mail; then {after}"))
}

async fn lost_answer(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 6, &[("LAMP", 1)])?;
    stage.fault("amazon-us", "confirmShipment", 1, Fault::LoseAnswer)?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    said(once(UPS, "UPS"), told(stage, &pair, "visible").await?)
}

async fn stored_nothing(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 7, &[("LAMP", 1)])?;
    stage.fault("amazon-us", "confirmShipment", 1, Fault::AcceptAndForget)?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    let after = told(stage, &pair, "missing").await?;
    let mails = stage.wait_for_mails(&pair.there, 1).await?;
    said("nothing, missing, 1 mail", format!("{after}, {mails} mail"))
}

async fn throttled(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 8, &[("LAMP", 1)])?;
    stage.fault("amazon-us", "confirmShipment", 2, Fault::Throttle { retry_after: None })?;
    stage.ship_and_post(&pair, "UPS", UPS).await?;
    let after = told(stage, &pair, "visible").await?;
    let mails = stage.mails(&pair.there).await?.len();
    said(format!("{}, 0 mails", once(UPS, "UPS")), format!("{after}, {mails} mails"))
}

async fn revoked(stage: &Stage) -> Result<(String, String)> {
    let parked = stage.order("amazon-two", 9, &[("LAMP", 1)])?;
    let other = stage.order("amazon-us", 19, &[("LAMP", 1)])?;
    locked(&stage.sandbox.amazon)?.revoke("amazon-two").map_err(anyhow::Error::msg)?;
    stage.ship_and_post(&parked, "UPS", UPS).await?;
    stage.ship_and_post(&other, "UPS", USPS).await?;
    let unaffected = stage.wait_for_state(&other, "visible").await?;
    let mails = stage.wait_for_mails("amazon-two", 1).await?;
    let before = stage.shown(&parked)?;
    let token = Some("r2-new".to_owned());
    locked(&stage.sandbox.amazon)?.restore("amazon-two", token).map_err(anyhow::Error::msg)?;
    stage.reconnect_second("r2-new").await?;
    let after = told(stage, &parked, "visible").await?;
    said(
        format!("other visible, 1 mail, nothing; then {}", once(UPS, "UPS")),
        format!("other {unaffected}, {mails} mail, {before}; then {after}"),
    )
}

async fn number_later(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 10, &[("LAMP", 1)])?;
    let (id, created) = stage.ship(&pair, "UPS", &[], None)?;
    stage.post(&pair, &created).await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    // A shop's times have whole seconds: an update is a later one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let updated = stage.retrack(&pair, id, "UPS", UPS)?;
    stage.post(&pair, &updated).await?;
    let after = told(stage, &pair, "visible").await?;
    said(format!("held; then {}", once(UPS, "UPS")), format!("{held}; then {after}"))
}

async fn forged(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 11, &[("LAMP", 1)])?;
    let (_, genuine) = stage.ship(&pair, "UPS", &[UPS], None)?;
    let mut forged = genuine.clone();
    forged.body = forged.body.replacen("UPS", "USP", 1);
    let url = stage.url(pair.domain)?;
    let bad_signature = quickstart::post(url, &forged).await?;
    let mut wrong_tag = url.to_owned();
    let last = if wrong_tag.pop() == Some('0') { '1' } else { '0' };
    wrong_tag.push(last);
    let bad_tag = quickstart::post(&wrong_tag, &genuine).await?;
    let stored = stage.states(&pair).await?;
    said("401, 401, stored: no_package", format!("{bad_signature}, {bad_tag}, stored: {}", nothing(&stored)))
}

/// An order that only the marketplace's own poll knows has no package; one nobody told of is not there at all.
fn nothing(states: &str) -> &str {
    if states.is_empty() { "no_package" } else { states }
}

async fn not_ours(stage: &Stage) -> Result<(String, String)> {
    let lamp = [("LAMP", 1)];
    let fba = stage.order_with("amazon-us", 12, &lamp, &lamp, |o| o.fulfilled_by = Party::Amazon)?;
    stage.ship_and_post(&fba, "UPS", UPS).await?;
    let own = stage.own_order(&lamp)?;
    stage.ship_and_post(&own, "UPS", UPS).await?;
    let by_hand = |number: &str| NewPackage {
        reference: "1".to_owned(),
        carrier: "UPS".to_owned(),
        service: None,
        tracking_number: number.to_owned(),
        ship_date: None,
        lines: None,
    };
    let same = stage.order_with("amazon-us", 22, &lamp, &lamp, |o| o.packages = vec![by_hand(UPS)])?;
    stage.ship_and_post(&same, "UPS", UPS).await?;
    let other = stage.order_with("amazon-us", 32, &lamp, &lamp, |o| o.packages = vec![by_hand(USPS)])?;
    stage.ship_and_post(&other, "UPS", UPS).await?;
    let fba = told(stage, &fba, "not_ours").await?;
    let own = stage.wait_for_state(&own, "not_ours").await?;
    let same = told(stage, &same, "not_ours").await?;
    let conflict = told(stage, &other, "conflict").await?;
    let mails = stage.wait_for_mails(&other.there, 1).await?;
    said(
        format!(
            "FBA: nothing, not_ours; own: not_ours; same: {UPS} UPS 1 unit(s) by 0 call(s), not_ours; other: \
             {USPS} UPS 1 unit(s) by 0 call(s), conflict, 1 mail"
        ),
        format!("FBA: {fba}; own: {own}; same: {same}; other: {conflict}, {mails} mail"),
    )
}

async fn corrected(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 13, &[("LAMP", 1)])?;
    let id = stage.ship_and_post(&pair, "UPS", UPS).await?;
    stage.wait_for_state(&pair, "visible").await?;
    let of_pair = |record: sandbox::amazon::Record| {
        let all: Vec<_> = record.packages.into_iter().filter(|p| p.order == pair.there).collect();
        all.into_iter().map(|p| (p.reference, p.content.ship_date)).collect::<Vec<_>>()
    };
    let before = of_pair(stage.record()?);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let updated = stage.retrack(&pair, id, "USPS", USPS)?;
    stage.post(&pair, &updated).await?;
    for _ in 0..100 {
        if stage.shown(&pair)?.contains(USPS) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = told(stage, &pair, "visible").await?;
    let same =
        if of_pair(stage.record()?) == before { "same package and ship date" } else { "another package" };
    said(
        format!("{USPS} USPS 1 unit(s) by 2 call(s), visible, same package and ship date"),
        format!("{shown}, {same}"),
    )
}

async fn old_backlog(stage: &Stage) -> Result<(String, String)> {
    // The old shop was polled several times by now.
    tokio::time::sleep(WATCH).await;
    let old = stage.record()?.effects.iter().filter(|e| e.order.ends_with("-9999999")).count();
    let calls = locked(&stage.sandbox.shopify)?
        .calls()
        .iter()
        .filter(|c| c.shop.as_deref() == Some(OLD_SHOP) && c.operation == "changedFulfillments")
        .count();
    let polled = if calls > 0 { "polled" } else { "never polled" };
    said("polled, 0 old parcels sent", format!("{polled}, {old} old parcels sent"))
}
