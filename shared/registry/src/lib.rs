//! The only list of connectors: kind → connector.

use std::sync::Arc;

use connector_api::{Connectors, Marketplace, Store};

/// Every connector there is.
#[derive(Clone)]
pub struct Registry {
    stores: Vec<Arc<dyn Store>>,
    marketplaces: Vec<Arc<dyn Marketplace>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.stores.iter().map(|s| s.kind()))
            .entries(self.marketplaces.iter().map(|m| m.kind()))
            .finish()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            stores: vec![Arc::new(connector_shopify::Shopify)],
            marketplaces: vec![Arc::new(connector_amazon::Amazon), Arc::new(connector_etsy::Etsy)],
        }
    }
}

impl Connectors for Registry {
    fn store(&self, kind: &str) -> Option<&dyn Store> {
        self.stores.iter().find(|s| s.kind() == kind).map(AsRef::as_ref)
    }

    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace> {
        self.marketplaces.iter().find(|m| m.kind() == kind).map(AsRef::as_ref)
    }
}
