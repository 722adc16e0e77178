//! Erasing what is kept of an account: whole tables are walked, each message from where the one before came to.

use domain::ids::{Account, StoreOrderId, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use jiff::Timestamp;
use ports::{Expect, LedgerError, Write};
use serde::{Deserialize, Serialize};

use super::{closed, leave, privacy};
use crate::message::{Look, WorkError};
use crate::world::World;

/// The tables that are walked, in this order.
const TABLES: [Table; 2] = [Table::Orders, Table::Deliveries];

/// What is to be erased of an account, and how far it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Why, which says what.
    why: ErasedFor,
    /// Tables that are done.
    #[serde(default)]
    tables: usize,
    /// The page of the next one to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Records erased so far.
    #[serde(default)]
    erased: usize,
}

/// Why something is erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum ErasedFor {
    /// The shop left: its orders and deliveries go. What a marketplace was told stays.
    ShopLeft,
    /// The account was closed: everything goes.
    AccountClosed {
        /// The connection that was told so: there it is noted.
        told: Account,
        /// Its kind.
        kind: String,
        /// The marketplace's id of the notification.
        notification: String,
        /// When it came.
        heard_at: Timestamp,
    },
}

/// Has everything of the account erased, by messages of its own: nothing new of it must be written any more.
pub(super) async fn begin(world: &World, account: &Account, why: ErasedFor) -> Result<(), WorkError> {
    let erasure = Erasure { why, tables: 0, page: None, erased: 0 };
    leave(world, Look::Erase { account: account.clone(), erasure }).await
}

/// Erases, from where it came to, and notes at the end what was done.
pub(super) async fn work(world: &World, account: Account, mut erasure: Erasure) -> Result<(), WorkError> {
    let is_meant = meant(&account, &erasure.why)?;
    while let Some(table) = TABLES.get(erasure.tables) {
        let part = world.ledger.scan(*table, erasure.page.clone()).await?;
        for key in part.rows.into_iter().map(|item| item.key).filter(&is_meant) {
            world.ledger.commit(vec![Write::Delete { key, expect: Expect::Anything }]).await?;
            erasure.erased += 1;
            // What of this page is gone is not found in it again.
            if world.time_is_up() {
                return leave(world, Look::Erase { account, erasure }).await;
            }
        }
        erasure.page = part.next;
        if erasure.page.is_none() {
            erasure.tables += 1;
        }
        if world.time_is_up() {
            return leave(world, Look::Erase { account, erasure }).await;
        }
    }
    let erased = erasure.erased;
    match erasure.why {
        ErasedFor::ShopLeft => privacy::shop_is_erased(world, &account, erased).await,
        ErasedFor::AccountClosed { told, kind, notification, heard_at } => {
            let done = format!("{erased} records of {} erased", account.connection);
            closed::record(world, &told, &kind, &notification, &done, heard_at).await
        }
    }
}

/// Which records go.
fn meant(account: &Account, why: &ErasedFor) -> Result<impl Fn(&ItemKey) -> bool + use<>, LedgerError> {
    let any = StoreOrderRef {
        account: account.clone(),
        // Only to build the prefix that all orders of this shop share.
        order: StoreOrderId::try_from("0").map_err(|e| LedgerError::Unavailable(e.to_string()))?,
    };
    let of_shop = [ItemKey::store_order(&any), ItemKey::delivery(account, "0")];
    let account = account.clone();
    let all = matches!(why, ErasedFor::AccountClosed { .. });
    Ok(move |key: &ItemKey| {
        let theirs =
            |any: &ItemKey| any.table == key.table && key.pk.starts_with(any.pk.trim_end_matches('0'));
        if all { key.account().as_ref() == Some(&account) } else { of_shop.iter().any(theirs) }
    })
}
