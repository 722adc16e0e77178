//! Everything that is known of one marketplace order, loaded at once.

use std::collections::BTreeMap;

use connector_api::Marketplace;
use domain::connection::Connection;
use domain::connection_state::ConnectionState;
use domain::ids::{Account, MarketplaceOrderRef, Sku, StoreOrderRef};
use domain::keys::{ItemKey, Table};
use domain::order::{MarketplaceOrder, StoreOrder};
use domain::package::Package;
use jiff::Timestamp;
use ports::{LedgerError, Write};

use super::load_known;
use crate::limits::Needs;
use crate::mappings::Overlay;
use crate::message::WorkError;
use crate::records::Stored;
use crate::world::World;

/// One order and all around it.
pub(super) struct Scene<'a> {
    pub(super) marketplace: &'a dyn Marketplace,
    pub(super) connection: Connection,
    /// When all this was loaded: before any call that is made with it.
    pub(super) loaded_at: Timestamp,
    pub(super) state: ConnectionState,
    pub(super) order: Stored<MarketplaceOrder>,
    pub(super) packages: Vec<Stored<Package>>,
    pub(super) store_orders: Vec<StoreOrder>,
    /// Since when each store connection is started, and whether its sync is on.
    pub(super) stores: BTreeMap<Account, (Timestamp, bool)>,
    pub(super) sku_map: BTreeMap<Sku, Sku>,
    /// A linked store order is gone (erased on a privacy request): what it shipped is not voided by that.
    pub(super) incomplete: bool,
    /// Mappings that are not stored, to see what they would do.
    pub(super) overlay: Option<&'a Overlay>,
    order_before: MarketplaceOrder,
    pub(super) packages_before: Vec<Package>,
}

impl<'a> Scene<'a> {
    /// Loads it; `None` if a record is of a layout that this code must leave alone.
    pub(super) async fn load(
        world: &'a World,
        reference: &MarketplaceOrderRef,
        joined: Option<&StoreOrderRef>,
    ) -> Result<Option<Self>, WorkError> {
        let loaded_at = world.now();
        let connection = world.connection(&reference.account).await?;
        let state = world.connection_state(&reference.account).await?;
        let (Some(connection), Some(state)) = (connection, state) else {
            // Removed from the settings: its records wait, in case it comes back.
            tracing::debug!(connection = %reference.account, "no such connection: its orders are left alone");
            return Ok(None);
        };
        let Some(marketplace) = world.connectors.marketplace(&connection.kind) else {
            return Err(WorkError::Unreadable(format!("no marketplace connector {:?}", connection.kind)));
        };
        let key = ItemKey::marketplace_order(reference);
        let mut order = None;
        let mut packages = Vec::new();
        for item in world.ledger.query(Table::Orders, &key.pk).await? {
            let known = if item.key.sk == key.sk {
                Stored::<MarketplaceOrder>::read(&item).map(|stored| order = Some(stored)).is_some()
            } else {
                Stored::<Package>::read(&item).map(|stored| packages.push(stored)).is_some()
            };
            if !known {
                tracing::error!(order = %reference.order, part = %item.key.sk, "record of an unknown layout left alone");
                return Ok(None);
            }
        }
        let order = order.unwrap_or_else(|| Stored::new(MarketplaceOrder::new(reference.clone())));
        let order_before = order.value.clone();
        let packages_before = packages.iter().map(|p| p.value.clone()).collect();
        let mut scene = Self {
            marketplace,
            connection,
            loaded_at,
            state: state.value,
            order,
            packages,
            store_orders: Vec::new(),
            stores: BTreeMap::new(),
            sku_map: BTreeMap::new(),
            incomplete: false,
            overlay: None,
            order_before,
            packages_before,
        };
        if let Some(joined) = joined {
            scene.order.value.store_orders.insert(joined.clone());
        }
        let known = scene.load_stores(world).await?;
        Ok(known.then_some(scene))
    }

    /// Loads the store orders; false if one is of a layout that this code must leave alone.
    async fn load_stores(&mut self, world: &World) -> Result<bool, LedgerError> {
        for reference in self.order.value.store_orders.clone() {
            let key = ItemKey::store_order(&reference);
            match load_known::<StoreOrder>(world, &key).await? {
                Some(Ok(stored)) => self.store_orders.push(stored.value),
                Some(Err(_)) => return Ok(false),
                None => self.incomplete = true,
            }
            if !self.stores.contains_key(&reference.account) {
                let state = world.connection_state(&reference.account).await?;
                let sync = world.connection(&reference.account).await?.is_some_and(|c| c.sync);
                let started = state.map_or(Timestamp::MAX, |s| s.value.started_at);
                self.stores.insert(reference.account.clone(), (started, sync));
            }
        }
        Ok(true)
    }

    /// What a kind of call of this marketplace needs, for its account.
    pub(super) fn needs<'b>(&self, connection: &'b Connection, spends: &[&str]) -> Needs<'b> {
        Needs::of(connection, self.marketplace.traits().limits, spends)
    }

    /// The writes that make what changed durable, all or nothing.
    ///
    /// The order's record is the fence: packages are created, or get another content, only as long as nobody
    /// else changed the order meanwhile. A mere change of state needs no fence but the package's own version.
    pub(super) fn changes(&self, now: Timestamp) -> Vec<Write> {
        let mut writes = Vec::new();
        let mut fence = false;
        for (index, package) in self.packages.iter().enumerate() {
            let before = self.packages_before.get(index);
            if before != Some(&package.value) {
                fence |= before.is_none_or(|b| b.versions != package.value.versions);
                writes.push(package.clone().into_write(now));
            }
        }
        // What does not fit into one transaction goes in the next round.
        writes.truncate(MOST_WRITES);
        if self.order.value != self.order_before || !self.order.is_stored() {
            writes.push(self.order.clone().into_write(now));
        } else if fence {
            writes.push(self.order.check());
        }
        writes
    }
}

/// Packages written at once: DynamoDB takes 100 writes in a transaction, and the order's own is one.
const MOST_WRITES: usize = 98;
