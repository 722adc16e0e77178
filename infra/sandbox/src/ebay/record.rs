//! What was really done: the sandbox's own word, by which stories are judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One accepted call of `createShippingFulfillment`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Whose order.
    pub seller: String,
    /// The order.
    pub order: String,
    /// eBay's id of the package.
    pub fulfillment_id: String,
    /// `shippingCarrierCode`.
    pub carrier_code: Option<String>,
    /// `trackingNumber`.
    pub tracking_number: Option<String>,
    /// `shippedDate`.
    pub shipped_date: Timestamp,
    /// Units per line id.
    pub lines: BTreeMap<String, u32>,
    /// The order had a package of this number already: the call was a repeat.
    pub repeat: bool,
}

/// Everything that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Accepted packages, in order.
    pub effects: Vec<Effect>,
    /// Packages answered as accepted of which nothing was kept (a planned fault).
    pub forgotten: u64,
    /// Calls per operation, however they ended.
    pub calls: BTreeMap<String, u64>,
    /// The same, per seller; calls of an app itself count for the app.
    pub calls_by_seller: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What is counted while it happens.
#[derive(Default)]
pub(super) struct Ledger {
    effects: Vec<Effect>,
    forgotten: u64,
    calls: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Ledger {
    pub(super) fn count(&mut self, operation: &str, account: &str) {
        *self.calls.entry(account.to_owned()).or_default().entry(operation.to_owned()).or_default() += 1;
    }

    pub(super) fn forget(&mut self) {
        self.forgotten += 1;
    }

    /// Keeps an effect; its number is given here.
    pub(super) fn keep(&mut self, effect: Effect) {
        let number = self.effects.last().map_or(1, |last| last.number + 1);
        self.effects.push(Effect { number, ..effect });
    }

    pub(super) fn read(&self) -> Record {
        let mut calls: BTreeMap<String, u64> = BTreeMap::new();
        for (operation, count) in self.calls.values().flatten() {
            *calls.entry(operation.clone()).or_default() += count;
        }
        Record {
            effects: self.effects.clone(),
            forgotten: self.forgotten,
            calls,
            calls_by_seller: self.calls.clone(),
        }
    }
}
