//! What a marketplace is told of one package.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use crate::tracking::TrackingNumber;

/// A carrier as one marketplace takes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CarrierCode {
    /// The marketplace's exact code.
    pub code: String,
    /// The carrier's name, only where the code is the marketplace's word for *other*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl CarrierCode {
    /// Whether a marketplace that writes `text` means this carrier by it.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        let same = |ours: &str| ours.trim().eq_ignore_ascii_case(text.trim());
        same(&self.code) || self.name.as_deref().is_some_and(same)
    }
}

/// Who carries a package, and under which number: the two travel together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// Who carries it.
    pub carrier: CarrierCode,
    /// The delivery service, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its number.
    pub number: TrackingNumber,
}

/// Who carries a parcel that has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carriage {
    /// Who carries it.
    pub carrier: CarrierCode,
    /// The delivery service, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// One package to be confirmed, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The order.
    pub order: MarketplaceOrderId,
    /// The marketplace it was placed in.
    pub marketplace: MarketplaceId,
    /// Stable per package: ours, or the one that the marketplace gave it. The same again means: edit this package.
    pub reference: String,
    /// Of an edit: the number that the package was last told under, where it had one. Some marketplaces want it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_as: Option<TrackingNumber>,
    /// Carrier and number; absent only where the merchant lets parcels go without a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<Tracking>,
    /// Without a number: who carries it, where the marketplace wants to know that all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untracked: Option<Carriage>,
    /// When it left, within [order time, now − 1 min].
    pub ship_date: Timestamp,
    /// Units per line; never empty, never zero.
    pub lines: BTreeMap<OrderLineId, u32>,
}

impl Confirmation {
    /// A hash of all that is sent, to tell requests apart without keeping them.
    #[must_use]
    pub fn hash(&self) -> String {
        // A struct of texts and numbers always serialises.
        let digest = Sha256::digest(serde_json::to_vec(self).unwrap_or_default());
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}
