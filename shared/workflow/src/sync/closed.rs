//! An account of the marketplace was closed: what is kept of it goes, and that this was done is recorded.
//!
//! Nothing of a buyer is ever stored, so there is nothing to be found by a buyer's name. What can be kept is a
//! seller's: all records of a connection whose settings say that it is this account.

use connector_api::{Delivery, DeliveryBody, Marketplace};
use domain::connection::Connection;
use domain::ids::Account;
use jiff::Timestamp;
use ports::{Expect, Write};

use super::erase::{self, ErasedFor};
use super::park;
use crate::message::WorkError;
use crate::receive::kept_delivery;
use crate::world::World;

/// Options by which connections say whose account they are.
const ACCOUNT_OPTIONS: [&str; 4] = ["seller_id", "user_id", "username", "shop_id"];
/// Characters of a notification's id that are recorded.
const MOST_ID: usize = 100;
/// The topic of the record.
const TOPIC: &str = "account-closed";

/// Forgets the account with one of these ids, and records that under the notification's id. The ids are not kept.
pub(super) async fn forget(
    world: &World,
    told: &Connection,
    marketplace: &dyn Marketplace,
    ids: &[String],
    notification: &str,
    heard_at: Timestamp,
) -> Result<(), WorkError> {
    let notification: String = notification.chars().filter(char::is_ascii_graphic).take(MOST_ID).collect();
    let mut is_ours = false;
    // Told once per app, at one address: the account may be another connection's.
    for connection in world.connections().await?.iter().filter(|other| is_of_same_app(told, other)) {
        if !is_account(connection, ids) {
            continue;
        }
        is_ours = true;
        // First, so that nothing new is written behind the erasing.
        let why = format!(
            "{} says that this account was closed; all that was kept of it is erased. Take it out of the settings",
            marketplace.title()
        );
        park(world, connection, heard_at, &why).await?;
        let closed = ErasedFor::AccountClosed {
            told: told.account.clone(),
            kind: marketplace.kind().to_owned(),
            notification: notification.clone(),
            heard_at,
        };
        erase::begin(world, &connection.account, closed).await?;
    }
    if is_ours {
        return Ok(());
    }
    let done = "nothing of a buyer is stored, so nothing was to be erased";
    record(world, &told.account, marketplace.kind(), &notification, done, heard_at).await
}

/// Whether two connections are accounts of one app at one place: what one is told concerns the other, too.
fn is_of_same_app(one: &Connection, other: &Connection) -> bool {
    one.kind == other.kind
        && one.base_url == other.base_url
        && ["app", "sandbox", "environment"].iter().all(|name| one.option(name) == other.option(name))
}

fn is_account(connection: &Connection, ids: &[String]) -> bool {
    let named = |option: &&str| connection.option(option);
    ACCOUNT_OPTIONS.iter().filter_map(named).any(|own| !own.is_empty() && ids.iter().any(|id| id == own))
}

/// Notes in place of the delivery that it was acted upon: the same one again is the same note.
pub(super) async fn record(
    world: &World,
    told: &Account,
    kind: &str,
    notification: &str,
    done: &str,
    heard_at: Timestamp,
) -> Result<(), WorkError> {
    tracing::info!(connection = %told, notification, done, "account closed");
    let body = DeliveryBody::Withheld {
        bytes: 0,
        sha256: String::new(),
        reason: format!("account closed, notification {notification}: {done}"),
        ids: String::new(),
    };
    let id = format!("{TOPIC}-{notification}");
    let delivery = Delivery { id, topic: TOPIC.to_owned(), headers: Vec::new(), received_at: heard_at, body };
    let item = kept_delivery(told, kind, &delivery, false, world.now());
    Ok(world.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }]).await?)
}
