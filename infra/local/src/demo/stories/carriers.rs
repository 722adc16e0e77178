//! Stories of carriers: numbers that speak against them, brands of one house, codes that we have no list of.

use std::time::Duration;

use anyhow::Result;
use workflow::mappings::NewMapping;

use super::{once, said, told};
use crate::demo::stage::Stage;

/// Amazon's UK marketplace.
const UK: &str = "A1F83G8C2ARO7P";
/// A number with USPS's check digit.
const USPS: &str = "9400111899562537866361";
/// A SmartPost number: FedEx's, with USPS's check digit, since USPS brings it.
const SMART_POST: &str = "61299998820821171811";
const EVRI: &str = "H01QPA0012345678";

pub(super) async fn contradicted(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 15, &[("LAMP", 1)])?;
    let id = stage.ship_and_post(&pair, "UPS", USPS).await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    let mails = stage.wait_for_mails(&pair.there, 1).await?;
    let before = stage.shown(&pair)?;
    // A shop's times have whole seconds: an update is a later one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let updated = stage.retrack(&pair, id, "USPS", USPS)?;
    stage.post(&pair, &updated).await?;
    let after = told(stage, &pair, "visible").await?;
    said(
        format!("held, 1 mail, nothing; then {}", once(USPS, "USPS")),
        format!("{held}, {mails} mail, {before}; then {after}"),
    )
}

pub(super) async fn smart_post(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 16, &[("LAMP", 1)])?;
    stage.ship_and_post(&pair, "FedEx", SMART_POST).await?;
    let after = told(stage, &pair, "visible").await?;
    let mails = stage.mails(&pair.there).await?.len();
    said(format!("{}, 0 mails", once(SMART_POST, "FedEx")), format!("{after}, {mails} mails"))
}

pub(super) async fn unlisted(stage: &Stage) -> Result<(String, String)> {
    let lamp = [("LAMP", 1)];
    let pair =
        stage.order_with("amazon-us", 17, &lamp, &lamp, |order| order.marketplace_id = UK.to_owned())?;
    stage.ship_and_post(&pair, "Evri", EVRI).await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    let mails = stage.wait_for_mails(&pair.there, 1).await?;
    let new = |unlisted| NewMapping {
        text: "Evri".to_owned(),
        code: "Evri".to_owned(),
        unlisted,
        ..NewMapping::default()
    };
    let refused = if stage.map_as(new(false)).await.is_err() { "refused" } else { "taken" };
    stage.map_as(new(true)).await?;
    let after = told(stage, &pair, "visible").await?;
    said(
        format!("held, 1 mail; a code outside the list refused; with --unlisted {}", once(EVRI, "Evri")),
        format!("{held}, {mails} mail; a code outside the list {refused}; with --unlisted {after}"),
    )
}

pub(super) async fn tried_first(stage: &Stage) -> Result<(String, String)> {
    let pair = stage.order("amazon-us", 18, &[("LAMP", 1)])?;
    stage.ship_and_post(&pair, "Owl Freight", "OWL18").await?;
    let held = stage.wait_for_state(&pair, "held").await?;
    let file = b"text,code,match\nOwl *,4PX,pattern\n";
    let tried = stage.dry_run(file).await?;
    let foretold = tried.rows.iter().find(|row| row.marketplace_order == pair.there);
    let foretold = foretold.and_then(|row| Some((row.change, row.to.code.clone()?)));
    let before = format!("{}, {}", stage.shown(&pair)?, stage.states(&pair).await?);
    stage.import(file).await?;
    let after = told(stage, &pair, "visible").await?;
    said(
        format!("held; released as 4PX; still nothing, held; then {}", once("OWL18", "4PX")),
        format!(
            "{held}; {}; still {before}; then {after}",
            foretold
                .map_or_else(|| "not foretold".to_owned(), |(change, code)| format!("{change} as {code}"))
        ),
    )
}
