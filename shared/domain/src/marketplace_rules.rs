//! What a marketplace allows of a package: the plan obeys it, connectors declare it.

use std::time::Duration;

/// What becomes of a package that was confirmed and then changed at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edits {
    /// The same reference again edits it (Amazon).
    SameReference,
    /// Nothing is edited; another row can be added, and the buyer is mailed again (Etsy).
    AnotherRow,
    /// Only a person can change it in the seller's account (eBay's REST API).
    ByHand,
}

/// By what a package that the marketplace shows is known to be one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// By the reference that we gave it, or that the marketplace told us.
    Reference,
    /// By its tracking number: the marketplace keeps no reference of ours.
    Number,
}

/// How finely an order may be told of in packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Any units of any lines.
    Units,
    /// Lines as a whole: all units of a line are in one package (eBay).
    Lines,
    /// A package names no lines: the first one marks the whole order as shipped (Etsy).
    Order,
}

/// Whether a package may be told of without a tracking number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untracked {
    /// By the usual call, without carrier and number.
    Plain,
    /// In bulk only (Amazon: the feed takes what `confirmShipment` does not).
    InBulk,
    /// In no way: a parcel without one is held, whatever the merchant lets go.
    Never,
}

/// What a marketplace allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketplaceRules {
    /// What becomes of changes after the confirmation.
    pub edits: Edits,
    /// By what ours is told from others'.
    pub known_by: KnownBy,
    /// What one package may hold.
    pub parts: Parts,
    /// Parcels without a number.
    pub untracked: Untracked,
    /// How long after its deadline the marketplace cancels an order of which it heard nothing, where it does.
    pub cancels_after: Option<Duration>,
    /// Its countries (ISO 3166, lower case) where the parcels of an order from abroad should leave from one country.
    pub one_origin: &'static [&'static str],
}
