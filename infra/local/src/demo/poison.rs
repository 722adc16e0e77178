//! The story that only a stack plays: a poison record among ten, through SQS, its dead letters and back.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{Account, StoreOrderRef};
use domain::keys::ItemKey;
use ports::QueueName;
use tokio::time::Instant;

use super::stage::{Pair, QUIET_SHOP, Stage};
use super::stories::{UPS, said};
use crate::deployed::Deployed;

/// How long the fifth receive may take: five times the visibility that the test gives the queue, and more.
const FIVE_RECEIVES: Duration = Duration::from_secs(180);
/// Orders, one of which is spoilt.
const ORDERS: u32 = 10;

/// Ten parcels leave, and the record of one order is damaged: nine are confirmed, one message becomes a dead letter
/// and is told of; once the record is mended, redriving twice confirms it once.
pub(super) async fn among_ten(stage: &Stage) -> Result<(String, String)> {
    let deployed = stage.host.deployed().context("this story is a stack's")?;
    let letters = deployed.dead_letters(QueueName::Inbound).map_err(|f| anyhow::anyhow!("{f:?}"))?;
    let lamp = [("LAMP", 1)];
    let mut pairs = Vec::new();
    for n in 0..ORDERS {
        pairs.push(stage.order_at(QUIET_SHOP, "amazon-us", 101 + n, (&lamp, &lamp), |_| {})?);
    }
    let spoilt = pairs.last().context("ten orders")?.clone();
    let key = record_of(deployed, &spoilt).await?;
    damage(deployed, &key).await?;
    for pair in &pairs {
        stage.ship_and_post(pair, "UPS", UPS).await?;
    }
    let until = Instant::now() + FIVE_RECEIVES;
    let mut dead = 0;
    while dead == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(500)).await;
        dead = letters.depth().await?.dead;
    }
    let confirmed = shown(stage, &pairs)?;
    let mails = stage.wait_for_mails("quiet-shop", 1).await?;
    mend(deployed, &key).await?;
    let first = letters.redrive().await?;
    let after = stage.wait_for_state(&spoilt, "visible").await?;
    let second = letters.redrive().await?;
    let then = stage.shown(&spoilt)?;
    said(
        format!(
            "9 confirmed, 1 dead letter, 1 mail; redriven 1, visible; redriven 0, {UPS} UPS 1 unit(s) by 1 call(s)"
        ),
        format!(
            "{confirmed} confirmed, {dead} dead letter, {mails} mail; redriven {first}, {after}; redriven {second}, \
             {then}"
        ),
    )
}

/// How many of these orders Amazon shows a parcel of.
fn shown(stage: &Stage, pairs: &[Pair]) -> Result<usize> {
    let record = stage.record()?;
    let of = |pair: &&Pair| record.packages.iter().any(|package| package.order == pair.there);
    Ok(pairs.iter().filter(of).count())
}

/// Where the store order's record is kept.
async fn record_of(deployed: &Deployed, pair: &Pair) -> Result<ItemKey> {
    let connection = "quiet-shop".try_into()?;
    let account: Account =
        deployed.world.account_of(&connection).await?.context("the quiet shop is not connected")?;
    let order = pair.shop.to_string().as_str().try_into()?;
    Ok(ItemKey::store_order(&StoreOrderRef { account, order }))
}

/// Leaves an item there without the attributes that make it a record, as an edit by hand would.
async fn damage(deployed: &Deployed, key: &ItemKey) -> Result<()> {
    let (client, names) = deployed.dynamodb();
    client
        .put_item()
        .table_name(names.of(key.table))
        .item("pk", AttributeValue::S(key.pk.clone()))
        .item("sk", AttributeValue::S(key.sk.clone()))
        .send()
        .await?;
    Ok(())
}

/// Takes the damaged item away: the store tells its order again.
async fn mend(deployed: &Deployed, key: &ItemKey) -> Result<()> {
    let (client, names) = deployed.dynamodb();
    client
        .delete_item()
        .table_name(names.of(key.table))
        .key("pk", AttributeValue::S(key.pk.clone()))
        .key("sk", AttributeValue::S(key.sk.clone()))
        .send()
        .await?;
    Ok(())
}
