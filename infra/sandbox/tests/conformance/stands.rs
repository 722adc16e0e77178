//! Who stands opposite which connector.

mod amazon;
mod ebay;
mod etsy;
mod template;

use std::collections::BTreeSet;
use std::sync::Arc;

use connector_api::Marketplace;
use registry::Registry;

use crate::stand::Stand;

/// Every marketplace that the suite runs for.
pub(crate) const MARKETPLACES: &[fn() -> Box<dyn Stand>] = &[
    || Box::new(amazon::Amazon::new()),
    || Box::new(ebay::Ebay::new()),
    || Box::new(etsy::Etsy::new()),
    // Tried as every other, and registered nowhere.
    || Box::new(template::Template::new()),
];

/// The connector opposite a stand.
pub(crate) fn connector(kind: &str) -> Arc<dyn Marketplace> {
    if is_template(kind) {
        return Arc::new(connector_template_marketplace::Template);
    }
    let registry = Registry::default();
    let mut all = registry.marketplaces();
    all.find(|connector| connector.kind() == kind).unwrap_or_else(|| panic!("no connector of kind {kind}"))
}

/// Whether it is the template's, of which merchants know nothing.
pub(crate) fn is_template(kind: &str) -> bool {
    kind == "template"
}

#[test]
fn every_registered_marketplace_has_a_stand() {
    let registered: BTreeSet<_> = Registry::default().marketplaces().map(|m| m.kind()).collect();
    let stands: BTreeSet<_> = MARKETPLACES.iter().map(|stand| stand().kind()).collect();
    let missing: Vec<_> = registered.difference(&stands).collect();
    assert!(missing.is_empty(), "write a Stand in infra/sandbox/tests/conformance/stands/ for {missing:?}");
}
