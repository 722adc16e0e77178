//! Who stands opposite which store connector.

use std::collections::BTreeSet;
use std::sync::Arc;

use connector_api::Store;
use registry::Registry;

use super::shop::Shop;
use super::shopify;

/// Every store that the suite runs for.
pub(super) const STORES: &[fn() -> Box<dyn Shop>] =
    &[|| Box::new(shopify::Shopify::new()), || Box::new(shopify::Shopify::with_lasting_token())];

/// The connector opposite a shop.
pub(super) fn connector(kind: &str) -> Arc<dyn Store> {
    let registry = Registry::default();
    let mut all = registry.stores();
    all.find(|connector| connector.kind() == kind).unwrap_or_else(|| panic!("no connector of kind {kind}"))
}

#[test]
fn every_registered_store_has_a_shop() {
    let registered: BTreeSet<_> = Registry::default().stores().map(|store| store.kind()).collect();
    let shops: BTreeSet<_> = STORES.iter().map(|shop| shop().kind()).collect();
    let missing: Vec<_> = registered.difference(&shops).collect();
    assert!(missing.is_empty(), "write a Shop in infra/sandbox/tests/conformance/shops/ for {missing:?}");
}
