//! Orders and their packages, as the stand-in keeps them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::By;

/// Who ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Party {
    /// The merchant.
    Merchant,
    /// Amazon (FBA).
    Amazon,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// A pre-order.
    PendingAvailability,
    /// Not paid yet.
    Pending,
    /// Ready: what reads show follows from the packages.
    Unshipped,
    /// Stays so whatever the packages say.
    PartiallyShipped,
    /// Stays so whatever the packages say.
    Shipped,
    /// Cancelled.
    Cancelled,
    /// Cannot be fulfilled.
    Unfulfillable,
}

/// A line of a new order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Amazon's id of the line; made from the order id if absent.
    #[serde(default)]
    pub order_item_id: Option<String>,
    /// The seller's SKU.
    pub sku: String,
    /// Units ordered.
    pub quantity: u32,
    /// The line was cancelled.
    #[serde(default)]
    pub cancelled: bool,
}

/// A package that another tool or a person confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPackage {
    /// Its reference.
    pub reference: String,
    /// The carrier shown.
    pub carrier: String,
    /// The service shown.
    #[serde(default)]
    pub service: Option<String>,
    /// The number shown.
    pub tracking_number: String,
    /// When it left; when it was described, if absent.
    #[serde(default)]
    pub ship_date: Option<Timestamp>,
    /// Units per line id; all units of all lines, if absent.
    #[serde(default)]
    pub lines: Option<BTreeMap<String, u32>>,
}

/// An order, described in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Whose it is.
    pub seller: String,
    /// Its id, digits in groups of 3, 7 and 7.
    pub order_id: String,
    /// Where it was placed.
    pub marketplace_id: String,
    /// Its lines.
    pub items: Vec<NewItem>,
    /// Who ships; the merchant, if absent.
    #[serde(default = "merchant")]
    pub fulfilled_by: Party,
    /// Where it stands; ready, if absent.
    #[serde(default = "unshipped")]
    pub status: Status,
    /// Amazon's program names.
    #[serde(default)]
    pub programs: Vec<String>,
    /// When it was placed; now, if absent.
    #[serde(default)]
    pub purchase_date: Option<Timestamp>,
    /// The latest time to ship; two days after it was placed, if absent.
    #[serde(default)]
    pub ship_by: Option<Timestamp>,
    /// The buyer asked to cancel.
    #[serde(default)]
    pub cancel_requested: bool,
    /// Packages that are there already.
    #[serde(default)]
    pub packages: Vec<NewPackage>,
    /// Shown as `buyer`, to whoever asks for `BUYER`.
    #[serde(default)]
    pub buyer: Option<Value>,
    /// Shown as `recipient`, to whoever asks for `RECIPIENT`.
    #[serde(default)]
    pub recipient: Option<Value>,
}

fn merchant() -> Party {
    Party::Merchant
}

fn unshipped() -> Status {
    Status::Unshipped
}

/// What happened to an order; absent means unchanged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderChange {
    /// Where it stands now.
    pub status: Option<Status>,
    /// The latest time to ship.
    pub ship_by: Option<Timestamp>,
    /// The buyer asked to cancel, or took it back.
    pub cancel_requested: Option<bool>,
    /// Lines cancelled now.
    pub cancel_items: Vec<String>,
    /// A package confirmed elsewhere; one of the same reference is edited.
    pub package: Option<NewPackage>,
    /// A package whose status changed.
    pub package_status: Option<ChangedPackage>,
}

/// A package's new status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedPackage {
    /// Which.
    pub reference: String,
    /// Amazon's word: `CANCELLED`, `DELIVERED`, …
    pub status: String,
}

/// What a package was confirmed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// `carrierCode`.
    pub carrier_code: String,
    /// `carrierName`.
    pub carrier_name: Option<String>,
    /// `shippingMethod`.
    pub shipping_method: Option<String>,
    /// `trackingNumber`; empty for one that a feed left out.
    pub tracking_number: String,
    /// `shipDate`.
    pub ship_date: Timestamp,
    /// Units per line id.
    pub lines: BTreeMap<String, u32>,
}

/// A package: every content it had, and from when reads show it.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) by: By,
    pub(super) created_at: Timestamp,
    pub(super) status: String,
    pub(super) confirm_calls: u32,
    pub(super) history: Vec<(Timestamp, Content)>,
}

impl Package {
    /// The content in force, shown or not.
    pub(super) fn content(&self) -> Option<&Content> {
        self.history.last().map(|(_, content)| content)
    }

    /// The content that reads show.
    pub(super) fn shown(&self, now: Timestamp) -> Option<&Content> {
        self.history.iter().rev().find(|(from, _)| *from <= now).map(|(_, content)| content)
    }

    pub(super) fn counts(&self) -> bool {
        self.status != "CANCELLED"
    }
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) ordered: u32,
    pub(super) cancelled: bool,
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) described: NewOrder,
    pub(super) purchased_at: Timestamp,
    pub(super) ship_by: Timestamp,
    pub(super) lines: Vec<Line>,
    pub(super) packages: BTreeMap<String, Package>,
    changed_at: Timestamp,
}

impl Order {
    pub(super) fn new(now: Timestamp, described: NewOrder) -> Result<Self, String> {
        let groups: Vec<&str> = described.order_id.split('-').collect();
        let digits = |group: &&str| group.bytes().all(|b| b.is_ascii_digit());
        if !groups.iter().map(|g| g.len()).eq([3, 7, 7]) || !groups.iter().all(digits) {
            return Err(format!("order_id {:?} must be digits in groups of 3, 7 and 7", described.order_id));
        }
        if described.items.is_empty() {
            return Err("an order has at least one item".to_owned());
        }
        let stem = groups.concat();
        let mut lines: Vec<Line> = Vec::new();
        for (at, item) in described.items.iter().enumerate() {
            let id = item
                .order_item_id
                .clone()
                .unwrap_or_else(|| format!("{}{:02}", stem.trim_start_matches('0'), at + 1));
            if lines.iter().any(|line| line.id == id) {
                return Err(format!("order_item_id {id} occurs twice"));
            }
            lines.push(Line { id, sku: item.sku.clone(), ordered: item.quantity, cancelled: item.cancelled });
        }
        let purchased_at = described.purchase_date.unwrap_or(now);
        let two_days = Duration::from_secs(2 * 24 * 3600);
        let ship_by = described
            .ship_by
            .unwrap_or_else(|| purchased_at.saturating_add(two_days).unwrap_or(Timestamp::MAX));
        let packages = described.packages.clone();
        let mut order =
            Self { described, purchased_at, ship_by, lines, packages: BTreeMap::new(), changed_at: now };
        for package in packages {
            order.confirmed_elsewhere(now, package)?;
        }
        Ok(order)
    }

    pub(super) fn id(&self) -> &str {
        &self.described.order_id
    }

    pub(super) fn change(&mut self, now: Timestamp, change: OrderChange) -> Result<(), String> {
        for id in &change.cancel_items {
            let line = self.lines.iter_mut().find(|line| line.id == *id);
            line.ok_or_else(|| format!("there is no item {id:?}"))?.cancelled = true;
        }
        if let Some(changed) = change.package_status {
            let package = self.packages.get_mut(&changed.reference);
            package.ok_or_else(|| format!("there is no package {:?}", changed.reference))?.status =
                changed.status;
        }
        if let Some(package) = change.package {
            self.confirmed_elsewhere(now, package)?;
        }
        self.described.status = change.status.unwrap_or(self.described.status);
        self.ship_by = change.ship_by.unwrap_or(self.ship_by);
        self.described.cancel_requested = change.cancel_requested.unwrap_or(self.described.cancel_requested);
        self.changed_at = now;
        Ok(())
    }

    fn confirmed_elsewhere(&mut self, now: Timestamp, package: NewPackage) -> Result<(), String> {
        let lines = package
            .lines
            .unwrap_or_else(|| self.lines.iter().map(|line| (line.id.clone(), line.ordered)).collect());
        if let Some(unknown) = lines.keys().find(|id| self.lines.iter().all(|line| line.id != **id)) {
            return Err(format!(
                "package {:?} holds item {unknown:?}, which the order has not",
                package.reference
            ));
        }
        let content = Content {
            carrier_code: package.carrier,
            carrier_name: None,
            shipping_method: package.service,
            tracking_number: package.tracking_number,
            ship_date: package.ship_date.unwrap_or(now),
            lines,
        };
        self.put(now, now, package.reference, content, By::AnotherTool);
        Ok(())
    }

    /// Puts a content into a package, which is made if it is not there. Gives the package's version count.
    pub(super) fn put(
        &mut self,
        now: Timestamp,
        shows_at: Timestamp,
        reference: String,
        content: Content,
        by: By,
    ) -> usize {
        let package = self.packages.entry(reference).or_insert_with(|| Package {
            by,
            created_at: now,
            status: "SHIPPED".to_owned(),
            confirm_calls: 0,
            history: Vec::new(),
        });
        if by == By::ConfirmShipment {
            package.confirm_calls += 1;
        }
        if package.content() != Some(&content) {
            package.history.push((shows_at, content));
        }
        package.history.len()
    }

    /// Units of a line in packages, but for the one of this reference.
    pub(super) fn packed(&self, line: &str, but: Option<&str>) -> u32 {
        let others =
            self.packages.iter().filter(|(reference, p)| p.counts() && but != Some(reference.as_str()));
        others.filter_map(|(_, p)| p.content()).filter_map(|content| content.lines.get(line)).sum()
    }

    /// Units of a line in packages that reads show.
    pub(super) fn shown_units(&self, line: &str, now: Timestamp) -> u32 {
        let counting = self.packages.values().filter(|package| package.counts());
        counting.filter_map(|p| p.shown(now)).filter_map(|content| content.lines.get(line)).sum()
    }

    /// The status that reads show.
    pub(super) fn shown_status(&self, now: Timestamp) -> Status {
        if self.described.status != Status::Unshipped {
            return self.described.status;
        }
        let open: Vec<&Line> = self.lines.iter().filter(|line| !line.cancelled).collect();
        if open.is_empty() {
            return Status::Cancelled;
        }
        if open.iter().all(|line| self.shown_units(&line.id, now) >= line.ordered) {
            Status::Shipped
        } else if open.iter().any(|line| self.shown_units(&line.id, now) > 0) {
            Status::PartiallyShipped
        } else {
            Status::Unshipped
        }
    }

    /// Whether nothing is left to be confirmed.
    pub(super) fn complete(&self) -> bool {
        self.described.status == Status::Shipped
            || self.lines.iter().all(|line| line.cancelled || self.packed(&line.id, None) >= line.ordered)
    }

    /// The last change that reads show.
    pub(super) fn updated_at(&self, now: Timestamp) -> Timestamp {
        let shown = self.packages.values().flat_map(|p| p.history.iter().map(|(at, _)| *at));
        shown.filter(|at| *at <= now).fold(self.changed_at, Timestamp::max)
    }
}
