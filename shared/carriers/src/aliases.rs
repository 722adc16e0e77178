//! The built-in names: what stores and shipping tools write, and whom they mean.
//!
//! Names are compared by [`crate::fold::compact`], so case, spaces and punctuation need no rows of their own.
//! A row here is a promise that the words, at the beginning of a text, can mean nobody else.

mod americas;
mod british_isles;
mod east_asia;
mod europe;
mod europe_north_east;
mod express;
mod lookalikes;
mod oceania;
mod of_lists;
mod places;
mod products;
mod shopify;
mod slugs;
mod south_asia_africa;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::carrier::Carrier;
use crate::fold::compact;

pub(crate) use places::NOT_A_SERVICE;

/// The names of one carrier.
type Names = (Carrier, &'static [&'static str]);

/// Every table of names. A new region or source is a new file and a line here.
const TABLES: &[&[Names]] = &[
    express::NAMES,
    americas::NAMES,
    british_isles::NAMES,
    europe::NAMES,
    europe_north_east::NAMES,
    east_asia::NAMES,
    south_asia_africa::NAMES,
    oceania::NAMES,
    shopify::NAMES,
    slugs::NAMES,
    of_lists::NAMES,
];

/// What the words at the beginning of a text say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Who carries it; what follows is the service.
    Carrier(Carrier),
    /// Who carries it, named by one of its products: the name belongs to the service.
    Product(Carrier),
    /// They look like a carrier's name and are not.
    Lookalike,
}

impl Meaning {
    pub(crate) fn carrier(self) -> Option<Carrier> {
        match self {
            Self::Carrier(carrier) | Self::Product(carrier) => Some(carrier),
            Self::Lookalike => None,
        }
    }
}

/// Every name, compact. Built at the first question, then only read.
static INDEX: LazyLock<BTreeMap<String, Meaning>> = LazyLock::new(|| {
    let tables = TABLES.iter().map(|table| (*table, Meaning::Carrier as fn(Carrier) -> Meaning));
    let named = tables.chain([(products::NAMES, Meaning::Product as fn(Carrier) -> Meaning)]);
    let named = named
        .flat_map(|(table, meaning)| table.iter().map(move |(carrier, names)| (meaning(*carrier), names)));
    let named = named.flat_map(|(meaning, names)| names.iter().map(move |name| (compact(name), meaning)));
    named.chain(lookalikes::LOOKALIKES.iter().map(|name| (compact(name), Meaning::Lookalike))).collect()
});

/// What the compact text `name` means, if it is a name.
pub(crate) fn find(name: &str) -> Option<Meaning> {
    INDEX.get(name).copied()
}

/// Whether any name is `start` or begins with it: else more words cannot make it one.
pub(crate) fn begins_a_name(start: &str) -> bool {
    let from = INDEX.range::<str, _>((std::ops::Bound::Included(start), std::ops::Bound::Unbounded)).next();
    from.is_some_and(|(name, _)| name.starts_with(start))
}

/// Whether the compact text begins with a name of the carrier and goes on: DHL, and DHL eCommerce.
pub(crate) fn extends(text: &str, carrier: Carrier) -> bool {
    // Every beginning of the text, at character boundaries, but the whole.
    text.char_indices()
        .skip(1)
        .filter_map(|(end, _)| text.get(..end))
        .take_while(|start| begins_a_name(start))
        .any(|start| find(start) == Some(Meaning::Carrier(carrier)))
}

/// Every name and every look-alike, as they are written.
#[cfg(test)]
pub(crate) fn spellings() -> impl Iterator<Item = &'static str> {
    let tables = TABLES.iter().chain([&products::NAMES]).copied().flatten();
    let names = tables.flat_map(|(_, names)| names.iter().copied());
    names.chain(lookalikes::LOOKALIKES.iter().copied())
}
