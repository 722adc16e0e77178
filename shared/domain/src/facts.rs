//! What a store told us of an order, and how facts of any order and number fold into one truth.
//!
//! Folding is a join: commutative, associative and idempotent. So duplicates, reordering and late
//! deliveries need no code of their own anywhere else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{FulfillmentId, Sku, StoreLineId};
use crate::reversal::StoreRefund;

/// How a fact reached us. A read outranks a webhook of the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Pushed by the store.
    Webhook,
    /// Asked for by us, by poll or by order.
    Read,
}

/// Whether a fulfillment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// The parcel is on its way, or about to be.
    Live,
    /// Cancelled or failed at the store: this parcel does not travel.
    Voided,
}

/// Units of one store line inside a fulfillment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FulfilledLine {
    /// The store's line.
    pub line: StoreLineId,
    /// Absent for a custom line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// Units of the line in this fulfillment.
    pub quantity: u32,
}

/// One fulfillment as the store described it at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfillment {
    /// The store's id of it.
    pub id: FulfillmentId,
    /// When the store says it changed: the store's clock, compared only with itself.
    pub updated_at: Timestamp,
    /// How we know.
    pub source: Source,
    /// Live or voided.
    pub status: FulfillmentStatus,
    /// When it left, by the store.
    pub shipped_at: Timestamp,
    /// The carrier as somebody wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The delivery service as somebody wrote it, where the store keeps it apart from the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Tracking number fields as they came; one field may hold several numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracking: Vec<String>,
    /// What is inside.
    #[serde(default)]
    pub lines: Vec<FulfilledLine>,
    /// Where it left from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The country it left from (ISO 3166, lower case), where the store says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl Fulfillment {
    /// A hash over everything that a change of would matter, but the source and the time.
    fn content_hash(&self) -> [u8; 32] {
        let mut plain = self.clone();
        plain.source = Source::Read;
        plain.updated_at = Timestamp::UNIX_EPOCH;
        plain.lines.sort();
        // A struct of texts and numbers always serialises.
        Sha256::digest(serde_json::to_vec(&plain).unwrap_or_default()).into()
    }

    /// Greater wins: the source's own time, then void over live, a read over a webhook, then the content.
    fn rank(&self) -> (Timestamp, FulfillmentStatus, Source, [u8; 32]) {
        (self.updated_at, self.status, self.source, self.content_hash())
    }
}

/// A fulfillment after folding all that was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedFulfillment {
    /// The greatest fact.
    pub fact: Fulfillment,
    /// Another fact of the very same time said something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disputed: bool,
}

impl FoldedFulfillment {
    /// One fact alone.
    #[must_use]
    pub fn new(fact: Fulfillment) -> Self {
        Self { fact, disputed: false }
    }

    /// Whether only a read of the store can tell what is true.
    #[must_use]
    pub fn contested(&self) -> bool {
        self.disputed && self.fact.source == Source::Webhook
    }

    /// The join of two.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let (less, mut greater) =
            if self.fact.rank() <= other.fact.rank() { (self, other) } else { (other, self) };
        if less.fact.updated_at == greater.fact.updated_at {
            greater.disputed |= less.disputed || less.fact.content_hash() != greater.fact.content_hash();
        }
        greater
    }
}

/// All fulfillments of one store order.
pub type Fulfillments = BTreeMap<FulfillmentId, FoldedFulfillment>;

/// Folds a fact in; true if it changed anything.
pub fn fold_fulfillment(all: &mut Fulfillments, fact: Fulfillment) -> bool {
    let incoming = FoldedFulfillment::new(fact);
    match all.remove(&incoming.fact.id) {
        None => {
            all.insert(incoming.fact.id.clone(), incoming);
            true
        }
        Some(before) => {
            let joined = before.clone().join(incoming);
            let changed = joined != before;
            all.insert(joined.fact.id.clone(), joined);
            changed
        }
    }
}

/// A line of a store order, without anything of the buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreLine {
    /// The store's line.
    pub line: StoreLineId,
    /// Absent for a custom line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// Units ordered, less those removed.
    pub quantity: u32,
}

/// What a read of the store order gave: the texts that link rules look at, and its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOrderFact {
    /// When the store says the order changed.
    pub updated_at: Timestamp,
    /// The number that people use (`#1001`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The channel the store says it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// The id at the platform it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identifier: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Only those note attributes that the connection's link rules name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Its lines.
    #[serde(default)]
    pub lines: Vec<StoreLine>,
    /// When it was cancelled at the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// The store says that nothing is left to fulfil.
    #[serde(default)]
    pub fully_fulfilled: bool,
}

/// Everything one delivery, poll hit or read says of one store order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// Fulfillments it speaks of; others are left as they are.
    #[serde(default)]
    pub fulfillments: Vec<Fulfillment>,
    /// The order itself, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<StoreOrderFact>,
    /// Refunds it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<StoreRefund>,
    /// The order was cancelled at the store at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// The body said too little (too large, numbers without lines): read the store before deciding.
    #[serde(default)]
    pub read_the_store: bool,
    /// With `read_the_store`: when the store says the order changed. Read since then, it is not read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fact(second: i64, voided: bool, read: bool, number: u8) -> FoldedFulfillment {
        FoldedFulfillment::new(Fulfillment {
            id: FulfillmentId::try_from("1").unwrap(),
            updated_at: Timestamp::from_second(second).unwrap(),
            source: if read { Source::Read } else { Source::Webhook },
            status: if voided { FulfillmentStatus::Voided } else { FulfillmentStatus::Live },
            shipped_at: Timestamp::from_second(0).unwrap(),
            carrier: None,
            service: None,
            tracking: vec![format!("N{number}")],
            lines: vec![],
            location: None,
            country: None,
        })
    }

    prop_compose! {
        fn any_fact()(s in 0i64..3, v in any::<bool>(), r in any::<bool>(), n in 0u8..3) -> FoldedFulfillment {
            fact(s, v, r, n)
        }
    }

    proptest! {
        #[test]
        fn the_fold_is_a_join(a in any_fact(), b in any_fact(), c in any_fact()) {
            let left = a.clone().join(b.clone()).join(c.clone());
            prop_assert_eq!(&left, &a.clone().join(b.clone().join(c.clone())), "associative");
            prop_assert_eq!(&left, &c.clone().join(b.clone()).join(a.clone()), "commutative");
            prop_assert_eq!(&left, &left.clone().join(b), "idempotent");
        }
    }

    #[test]
    fn a_void_is_never_undone_by_an_older_fact() {
        let voided = fact(2, true, false, 1);
        assert_eq!(voided.clone().join(fact(1, false, true, 2)).fact.status, FulfillmentStatus::Voided);
        assert_eq!(fact(2, false, true, 2).join(voided).fact.status, FulfillmentStatus::Voided);
    }

    #[test]
    fn equal_time_with_different_content_asks_for_a_read_which_settles_it() {
        let contested = fact(1, false, false, 1).join(fact(1, false, false, 2));
        assert!(contested.contested());
        let read = contested.join(fact(1, false, true, 1));
        assert!(!read.contested());
        assert_eq!(read.fact.tracking, ["N1"]);
    }

    #[test]
    fn folding_says_whether_anything_changed() {
        let mut all = Fulfillments::new();
        let f = fact(1, false, false, 1).fact;
        assert!(fold_fulfillment(&mut all, f.clone()));
        assert!(!fold_fulfillment(&mut all, f.clone()));
        assert!(fold_fulfillment(
            &mut all,
            Fulfillment { updated_at: Timestamp::from_second(5).unwrap(), ..f }
        ));
    }
}
