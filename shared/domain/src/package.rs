//! A package: one parcel of one marketplace order, its states, and the edges between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alert::{Alerts, Deadline};
use crate::confirmation::CarrierCode;
use crate::connection::Timing;
use crate::history::History;
use crate::ids::{FulfillmentId, MarketplaceOrderRef, OrderLineId, StoreOrderRef};
use crate::marketplace_order::{OrderFacts, ShownPackage};
use crate::marketplace_rules::KnownBy;
use crate::state::{Cause, State};
use crate::tracking::TrackingNumber;

/// The fulfillment at a store that a package comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The store order.
    pub store_order: StoreOrderRef,
    /// The fulfillment.
    pub fulfillment: FulfillmentId,
}

/// What is inside a package, in the store's words: units per store line.
pub type StoreUnits = BTreeMap<String, u32>;

/// What a package carries, and under which number: carrier and number travel together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The tracking number; absent while the store has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<TrackingNumber>,
    /// The carrier, as somebody wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The service, as somebody wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What is inside, in the store's lines.
    #[serde(default)]
    pub units: StoreUnits,
    /// What is inside, in the marketplace's lines; absent while they cannot be matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<BTreeMap<OrderLineId, u32>>,
    /// When it left, by the store.
    pub shipped_at: Timestamp,
}

impl Content {
    /// Whether telling the marketplace of `other` instead of this would tell it anything new.
    #[must_use]
    pub fn differs_for_marketplace(&self, other: &Self) -> bool {
        let number = |c: &Self| c.number.as_ref().map(TrackingNumber::folded);
        number(self) != number(other)
            || self.carrier != other.carrier
            || self.service != other.service
            || self.lines != other.lines
    }
}

/// One content a package has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Counted from 1.
    pub n: u32,
    /// The content.
    pub content: Content,
    /// The ship date as it was sent; sent again unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_date: Option<Timestamp>,
    /// The carrier as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_carrier: Option<CarrierCode>,
    /// A carrier code that the marketplace refused for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_carrier: Option<String>,
}

impl Version {
    fn new(n: u32, content: Content) -> Self {
        Self { n, content, ship_date: None, sent_carrier: None, refused_carrier: None }
    }
}

/// What a person decided about a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Ruling {
    /// Send it, though it shipped before the connection started, or the quantity looked odd.
    SendOnce,
    /// It was confirmed by hand.
    ConfirmedByHand,
    /// It is none of ours.
    NotOurs,
    /// Leave it, for this reason.
    Ignore {
        /// Why.
        reason: String,
    },
}

/// How many earlier numbers are kept: more corrections of one parcel are no corrections.
const MOST_EARLIER: usize = 8;

fn default_remind_before() -> Duration {
    Timing::default().remind_before
}

/// A package's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Layout of this record.
    pub schema: u16,
    /// Its name inside the order; never changes.
    pub key: String,
    /// The order.
    pub order: MarketplaceOrderRef,
    /// What the marketplace calls it: 100,000,000 to 999,999,999, never changes.
    pub reference: u32,
    /// What the marketplace calls it by itself, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub their_reference: Option<String>,
    /// It was told of in bulk, where packages get no reference of ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_bulk: bool,
    /// Numbers it was told of under before, folded: where nothing is edited, each stays a row of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_numbers: Vec<String>,
    /// Where it comes from.
    pub origins: BTreeSet<Origin>,
    /// Its contents; the last is what is wanted. Only those still spoken of are kept.
    pub versions: Vec<Version>,
    /// The version that the marketplace accepted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<u32>,
    /// Where it stands.
    pub state: State,
    /// Calls made that may have reached the marketplace, of all versions: a try's number never comes again.
    #[serde(default)]
    pub attempts: u32,
    /// Failures in a row; for how long to pause.
    #[serde(default)]
    pub failures: u32,
    /// What a person decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// The order's deadline, copied here so that one read of the package tells how urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Timestamp>,
    /// Its order is one of those that go first (Prime, premium), copied here too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_first: bool,
    /// When the marketplace cancels the order if it hears nothing, copied here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancels_at: Option<Timestamp>,
    /// How long before the deadline an open matter is mailed again, copied from the account's settings.
    #[serde(default = "default_remind_before", with = "crate::connection::seconds")]
    pub remind_before: Duration,
    /// Held: when it is decided again though nobody answered, since the merchant chose a last resort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_again_at: Option<Timestamp>,
    /// When we first knew of it.
    pub created_at: Timestamp,
    /// What the merchant is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// What happened.
    #[serde(default)]
    pub history: History,
}

impl Package {
    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// Its place in its account's lane: by deadline, and of those that go first a day before that.
    #[must_use]
    pub fn turn(&self) -> Timestamp {
        let day = SignedDuration::from_hours(24);
        let deadline =
            self.ship_by.unwrap_or_else(|| self.created_at.saturating_add(day).unwrap_or(self.created_at));
        if self.goes_first { deadline.saturating_sub(day).unwrap_or(deadline) } else { deadline }
    }

    /// By when it must be told of.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline { ship_by: self.ship_by, remind_before: self.remind_before, cancels_at: self.cancels_at }
    }

    /// The wanted version.
    #[must_use]
    pub fn wanted(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// A version by its number.
    #[must_use]
    pub fn version(&self, n: u32) -> Option<&Version> {
        self.versions.iter().find(|v| v.n == n)
    }

    /// The version that the marketplace accepted last.
    #[must_use]
    pub fn confirmed_version(&self) -> Option<&Version> {
        self.confirmed.and_then(|n| self.version(n))
    }

    /// What the marketplace knows it by: its own reference, where it gave one, else ours.
    #[must_use]
    pub fn known_as(&self) -> String {
        self.their_reference.clone().unwrap_or_else(|| self.reference.to_string())
    }

    /// Whether `shown` is this package, where packages are known by `known_by`.
    ///
    /// A package told of in bulk has no reference of ours, so it is known by its number until its own was read.
    #[must_use]
    pub fn is_shown_as(&self, shown: &ShownPackage, known_by: KnownBy) -> bool {
        let by_reference =
            known_by == KnownBy::Reference && (!self.in_bulk || self.their_reference.is_some());
        if by_reference || self.their_reference.as_ref().is_some_and(|theirs| *theirs == shown.reference) {
            return self.known_as() == shown.reference;
        }
        let sent = self
            .confirmed_version()
            .into_iter()
            .chain(self.state.doubtful_version().and_then(|n| self.version(n)));
        sent.into_iter().any(|version| match (&version.content.number, shown.tracking_number.as_deref()) {
            (Some(ours), Some(theirs)) => ours.same_as(theirs),
            (None, None) => version.content.lines.as_ref().is_some_and(|lines| *lines == shown.lines),
            (Some(_), None) | (None, Some(_)) => false,
        }) || self.told_earlier(shown)
    }

    /// The carrier that the marketplace shows for this package, where it shows it.
    #[must_use]
    pub fn shown_carrier<'a>(&self, facts: &'a OrderFacts, known_by: KnownBy) -> Option<&'a str> {
        let mut live = facts.packages.iter().flatten().filter(|shown| !shown.cancelled);
        live.find(|shown| self.is_shown_as(shown, known_by))?.carrier.as_deref()
    }

    /// Whether a row shows a number that this package was told of under before.
    fn told_earlier(&self, shown: &ShownPackage) -> bool {
        let number =
            shown.tracking_number.as_deref().and_then(|number| TrackingNumber::try_from(number).ok());
        number.is_some_and(|number| self.earlier_numbers.contains(&number.folded()))
    }

    /// Notes that the marketplace took a version; what it took before stays known to be ours.
    pub(crate) fn took(&mut self, version: u32) {
        let number =
            |n: u32| self.version(n).and_then(|v| v.content.number.as_ref()).map(TrackingNumber::folded);
        let before = self.confirmed.filter(|n| *n != version).and_then(number);
        let before = before.filter(|before| Some(before) != number(version).as_ref());
        self.earlier_numbers.extend(before.filter(|before| !self.earlier_numbers.contains(before)));
        let surplus = self.earlier_numbers.len().saturating_sub(MOST_EARLIER);
        self.earlier_numbers.drain(..surplus);
        self.confirmed = Some(version);
    }

    /// Takes over what the marketplace calls this package, where it gives it a name of its own.
    pub fn learn_reference(&mut self, facts: &OrderFacts, known_by: KnownBy) {
        if self.their_reference.is_some() || (known_by == KnownBy::Reference && !self.in_bulk) {
            return;
        }
        let shown = facts.packages.iter().flatten().find(|p| !p.cancelled && self.is_shown_as(p, known_by));
        self.their_reference =
            shown.map(|shown| shown.reference.clone()).filter(|reference| !reference.is_empty());
    }

    /// Units that the marketplace counts, or may count, as confirmed by this package.
    ///
    /// The greater of what was confirmed and what is in flight: both may be true.
    #[must_use]
    pub fn units_at_marketplace(&self) -> BTreeMap<OrderLineId, u32> {
        let mut most: BTreeMap<OrderLineId, u32> = BTreeMap::new();
        let in_flight = self.state.doubtful_version().and_then(|n| self.version(n));
        for version in self.confirmed_version().into_iter().chain(in_flight) {
            for (line, units) in version.content.lines.iter().flatten() {
                let most = most.entry(line.clone()).or_default();
                *most = (*most).max(*units);
            }
        }
        most
    }

    /// Wants `content` from now on; true if that is a new version.
    ///
    /// While an intent or a doubt is open the state stays: it leaves only by its own outcome.
    pub fn want(&mut self, content: Content, now: Timestamp) -> bool {
        let Some(wanted) = self.versions.last_mut() else {
            self.versions.push(Version::new(1, content));
            return true;
        };
        if wanted.content == content {
            return false;
        }
        // What nobody was told yet, or what tells nobody anything new, is changed in place.
        let unsent = wanted.ship_date.is_none();
        if unsent || !wanted.content.differs_for_marketplace(&content) {
            wanted.content = content;
            return unsent;
        }
        let n = wanted.n + 1;
        self.versions.push(Version::new(n, content));
        self.failures = 0;
        self.history.note(now, format!("the store changed it: version {n}"));
        self.forget_old_versions();
        true
    }

    fn forget_old_versions(&mut self) {
        let last = self.versions.last().map(|v| v.n);
        let (confirmed, in_flight) = (self.confirmed, self.state.doubtful_version());
        self.versions.retain(|v| Some(v.n) == last || Some(v.n) == confirmed || Some(v.n) == in_flight);
    }

    /// Whether the marketplace shows, or was told, all that is wanted.
    #[must_use]
    pub fn wanted_is_confirmed(&self) -> bool {
        self.confirmed.is_some() && self.confirmed == self.wanted().map(|v| v.n)
    }

    /// The cause of an open hold.
    #[must_use]
    pub fn held_for(&self) -> Option<&Cause> {
        if let State::Held { cause, .. } = &self.state { Some(cause) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prime_goes_before_what_is_due_on_the_same_day() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let account = crate::ids::Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
        let package = |ship_by: Option<i64>, goes_first: bool| Package {
            schema: 1,
            key: "p".into(),
            order: MarketplaceOrderRef { account: account.clone(), order: "1".try_into().unwrap() },
            reference: 1,
            their_reference: None,
            in_bulk: false,
            earlier_numbers: vec![],
            origins: BTreeSet::new(),
            versions: vec![],
            confirmed: None,
            state: State::Planned { not_before: at(0), waiting: crate::state::Waiting::Tokens },
            attempts: 0,
            failures: 0,
            ruling: None,
            ship_by: ship_by.map(at),
            goes_first,
            cancels_at: None,
            remind_before: Duration::ZERO,
            decided_again_at: None,
            created_at: at(0),
            alerts: Alerts::default(),
            history: History::default(),
        };
        let mut lane = [
            package(Some(40), false),
            package(Some(50), true),
            package(Some(20), false),
            package(None, false),
        ];
        lane.sort_by_key(Package::turn);
        let order: Vec<_> = lane.iter().map(|p| p.ship_by.map(|at| at.as_second() / 3600)).collect();
        assert_eq!(order, [Some(20), None, Some(50), Some(40)]);
    }
}
