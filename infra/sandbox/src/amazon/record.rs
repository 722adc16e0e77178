//! What was really done: the sandbox's own word, by which stories are judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::orders::{Content, Order};

/// Who made a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A call of `confirmShipment`.
    ConfirmShipment,
    /// A message of a feed.
    Feed,
    /// A person or another tool.
    AnotherTool,
}

/// One accepted call of `confirmShipment`, or one message of a feed.
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
    /// The package reference.
    pub reference: String,
    /// How many different contents the package has had, this one included.
    pub version: usize,
    /// The package was there before.
    pub edit: bool,
    /// What was sent.
    pub content: Content,
}

/// A package as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRecord {
    /// Whose order.
    pub seller: String,
    /// The order.
    pub order: String,
    /// The reference.
    pub reference: String,
    /// Who made it.
    pub by: By,
    /// How many different contents it has had.
    pub versions: usize,
    /// How many calls of `confirmShipment` were applied to it.
    pub confirm_calls: u32,
    /// What it holds now.
    pub content: Content,
}

/// Money that went back to a buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRecord {
    /// Whose order.
    pub seller: String,
    /// The order.
    pub order: String,
    /// The line.
    pub line: String,
    /// `MerchantAdjustmentItemID`.
    pub id: String,
    /// How much, as it was sent.
    pub amount: String,
    /// The currency.
    pub currency: String,
    /// The feed that it came with.
    pub feed: String,
}

/// Everything that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Accepted confirmations, in order.
    pub effects: Vec<Effect>,
    /// Packages as they stand, by order and reference.
    pub packages: Vec<PackageRecord>,
    /// Confirmations answered as accepted of which nothing was kept (a planned fault).
    pub forgotten: u64,
    /// Calls per operation, however they ended.
    pub calls: BTreeMap<String, u64>,
    /// The same, per seller.
    pub calls_by_seller: BTreeMap<String, BTreeMap<String, u64>>,
    /// Reads that asked for the buyer's data.
    pub buyer_reads: u64,
    /// Orders of which every line is cancelled.
    #[serde(default)]
    pub cancelled: Vec<String>,
    /// Money that went back, in order.
    #[serde(default)]
    pub refunds: Vec<RefundRecord>,
    /// Requests to a document's address that carried a token.
    #[serde(default)]
    pub leaks: u64,
}

/// What is counted while it happens.
#[derive(Default)]
pub(super) struct Ledger {
    effects: Vec<Effect>,
    forgotten: u64,
    calls: BTreeMap<String, BTreeMap<String, u64>>,
    buyer_reads: u64,
    refunds: Vec<RefundRecord>,
    leaks: u64,
}

impl Ledger {
    pub(super) fn leak(&mut self) {
        self.leaks += 1;
    }

    pub(super) fn refund(&mut self, all: Vec<RefundRecord>) {
        self.refunds.extend(all);
    }

    pub(super) fn refunds(&self) -> &[RefundRecord] {
        &self.refunds
    }

    pub(super) fn count(&mut self, operation: &str, seller: &str) {
        *self.calls.entry(seller.to_owned()).or_default().entry(operation.to_owned()).or_default() += 1;
    }

    pub(super) fn forget(&mut self) {
        self.forgotten += 1;
    }

    pub(super) fn buyer_read(&mut self) {
        self.buyer_reads += 1;
    }

    /// Keeps an effect; its number is given here.
    pub(super) fn keep(&mut self, effect: Effect) {
        let number = self.effects.last().map_or(1, |last| last.number + 1);
        self.effects.push(Effect { number, ..effect });
    }

    pub(super) fn read<'a>(&self, orders: impl Iterator<Item = &'a Order>) -> Record {
        let mut packages = Vec::new();
        let mut cancelled = Vec::new();
        for order in orders {
            if order.lines.iter().all(|line| line.cancelled) {
                cancelled.push(order.id().to_owned());
            }
            for (reference, package) in &order.packages {
                let Some(content) = package.content() else { continue };
                packages.push(PackageRecord {
                    seller: order.described.seller.clone(),
                    order: order.id().to_owned(),
                    reference: reference.clone(),
                    by: package.by,
                    versions: package.history.len(),
                    confirm_calls: package.confirm_calls,
                    content: content.clone(),
                });
            }
        }
        let mut calls: BTreeMap<String, u64> = BTreeMap::new();
        for (operation, count) in self.calls.values().flatten() {
            *calls.entry(operation.clone()).or_default() += count;
        }
        Record {
            effects: self.effects.clone(),
            packages,
            forgotten: self.forgotten,
            calls,
            calls_by_seller: self.calls.clone(),
            buyer_reads: self.buyer_reads,
            cancelled,
            refunds: self.refunds.clone(),
            leaks: self.leaks,
        }
    }
}
