//! What was really done: the sandbox's own word, by which stories are judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One successful call of `createReceiptShipment`: the buyer was mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// When.
    pub at: Timestamp,
    /// Whose order.
    pub shop: u64,
    /// The order.
    pub receipt: u64,
    /// The number that was kept; absent: none was sent, or it was lost.
    pub tracking_code: Option<String>,
    /// The carrier that was kept.
    pub carrier_name: Option<String>,
    /// A number was sent, and lost.
    pub lost: bool,
    /// The note that went into the mail.
    pub note_to_buyer: Option<String>,
    /// The seller got a copy.
    pub send_bcc: bool,
}

/// Everything that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Successful tellings, in order; each is one mail to the buyer.
    pub effects: Vec<Effect>,
    /// Mails to the buyer by order.
    pub buyer_mails: BTreeMap<u64, u32>,
    /// Calls per operation, however they ended.
    pub calls: BTreeMap<String, u64>,
    /// The same, per shop.
    pub calls_by_shop: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Record {
    pub(super) fn count(&mut self, operation: &str, shop: &str) {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let by_shop = self.calls_by_shop.entry(shop.to_owned()).or_default();
        *by_shop.entry(operation.to_owned()).or_default() += 1;
    }

    pub(super) fn keep(&mut self, effect: Effect) {
        *self.buyer_mails.entry(effect.receipt).or_default() += 1;
        self.effects.push(effect);
    }
}
