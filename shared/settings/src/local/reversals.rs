//! Which of a store's cancellations and refunds are taken to a marketplace: `[connections.reversals]`, of one connection
//! alone, since it is about money.

use domain::reversal::Reversals;

use super::connections::Side;
use crate::toml_tree::Section;

/// Reads the switches; both are off unless said otherwise.
pub(super) fn read(section: Section<'_>, side: Option<Side>) -> Reversals {
    let switch = |name: &'static str| {
        let Some(node) = section.get(name) else { return false };
        if side == Some(Side::Store) {
            node.problem("belongs to the marketplace connection that the money is at");
        }
        node.boolean().unwrap_or(false)
    };
    let reversals = Reversals { cancel: switch("cancel"), refund: switch("refund") };
    section.finish();
    reversals
}
