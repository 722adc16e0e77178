//! An account of the marketplace was closed: what is kept of it goes, and that this was done is recorded.
//!
//! Nothing of a buyer is ever stored, so there is nothing to be found by a buyer's name. What can be kept is a
//! seller's: all records of a connection whose settings say that it is this account.

use connector_api::{ClosedAccount, Delivery, DeliveryBody, Marketplace};
use domain::connection::Connection;
use domain::ids::Account;
use jiff::Timestamp;
use ports::{Expect, Write};

use super::erase::{self, ErasedFor};
use super::park;
use crate::message::WorkError;
use crate::receive::kept_delivery;
use crate::world::World;

/// Options by which connections say whose account they are: ids, which are never anybody else's.
const ID_OPTIONS: [&str; 3] = ["seller_id", "user_id", "shop_id"];
/// And names, which may be.
const NAME_OPTIONS: [&str; 1] = ["username"];
/// Characters of a notification's id that are recorded.
const MOST_ID: usize = 100;
/// The topic of the record.
const TOPIC: &str = "account-closed";

/// Forgets the account, and records that under the notification's id. The ids are not kept.
pub(super) async fn forget(
    world: &World,
    told: &Connection,
    marketplace: &dyn Marketplace,
    ids: &ClosedAccount,
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

/// Whether a connection is the closed account. A name changes hands, and a setting may hold an old one: where both sides
/// have an id, it alone counts.
fn is_account(connection: &Connection, closed: &ClosedAccount) -> bool {
    let of = |names: &'static [&'static str]| {
        names.iter().filter_map(|name| connection.option(name)).filter(|own| !own.is_empty())
    };
    match &closed.id {
        Some(id) if of(&ID_OPTIONS).next().is_some() => of(&ID_OPTIONS).any(|own| own == id),
        // Since September 2025 an id may stand where a name was, on either side.
        id => of(&ID_OPTIONS)
            .chain(of(&NAME_OPTIONS))
            .any(|own| id.iter().chain(&closed.names).any(|theirs| theirs == own)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_shop::connection;

    #[test]
    fn a_name_that_is_anothers_by_now_closes_nothing_where_ids_are_known() {
        let both = [("user_id", "ID-ann"), ("username", "ann_sells")];
        for (name, ours, id, names, want) in [
            ("its id", &both[..], Some("ID-ann"), vec!["renamed"], true),
            ("another's id under its old name", &both[..], Some("ID-bob"), vec!["ann_sells"], false),
            ("no id is told", &both[..], None, vec!["ann_sells"], true),
            ("no id is set", &both[1..], Some("ID-ann"), vec!["ann_sells"], true),
            ("an id in place of the name", &both[1..], Some("ann_sells"), vec![], true),
            ("nothing fits", &both[..], None, vec!["bob"], false),
            ("nothing is set", &[][..], Some("ID-ann"), vec!["ann_sells"], false),
            ("an empty setting", &[("username", "")][..], Some("ID-ann"), vec![""], false),
        ] {
            let mut connection = connection("market", "shop");
            connection.options = ours.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let names = names.into_iter().map(str::to_owned).collect();
            let closed = ClosedAccount { id: id.map(str::to_owned), names };
            assert_eq!(is_account(&connection, &closed), want, "{name}");
        }
    }
}
