//! The records of orders: one at the store, one at the marketplace.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertStage, Alerts};
use crate::connection::{LinkFrom, LinkRule, MailKind};
use crate::facts::{Fulfillments, StoreFacts, StoreOrderFact, fold_fulfillment};
use crate::history::History;
use crate::ids::{ConnectionId, MarketplaceOrderId, MarketplaceOrderRef, StoreOrderRef};
use crate::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus};
use crate::reversal::{MOST_REFUNDS, Reversal, ReversalState, StoreRefund};
use crate::state::NotOurs;

/// Which marketplace order a store order is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Link {
    /// Not decided yet.
    Unknown,
    /// This one.
    Marketplace {
        /// Which.
        order: MarketplaceOrderRef,
    },
    /// None.
    NotOurs {
        /// Why.
        why: NotOurs,
        /// The rules that were in force, by hash: other rules decide again.
        rules: String,
    },
    /// A rule found something that is no order id of its marketplace.
    Unclear {
        /// What was found, and where.
        detail: String,
        /// As above.
        rules: String,
    },
}

/// A store order's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOrder {
    /// Layout of this record.
    pub schema: u16,
    /// Which order.
    pub order: StoreOrderRef,
    /// Its fulfillments, folded.
    #[serde(default)]
    pub fulfillments: Fulfillments,
    /// What the last read gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<StoreOrderFact>,
    /// Cancelled at the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Its refunds, by the store's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refunds: BTreeMap<String, StoreRefund>,
    /// Its marketplace order.
    pub link: Link,
    /// Read the store before deciding anything.
    #[serde(default)]
    pub must_read: bool,
    /// Reads that failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// When the first of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The store says it has no such order, or shows it to us no more, since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found_since: Option<Timestamp>,
    /// When it was last read at the store: when the question went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// After a read that failed: not to be read before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When to look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// What the merchant is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// What happened.
    #[serde(default)]
    pub history: History,
}

impl StoreOrder {
    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// A record of an order nothing is known of.
    #[must_use]
    pub fn new(order: StoreOrderRef, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA,
            order,
            fulfillments: Fulfillments::new(),
            fact: None,
            cancelled_at: None,
            refunds: BTreeMap::new(),
            link: Link::Unknown,
            must_read: false,
            failures: 0,
            failing_since: None,
            not_found_since: None,
            read_at: None,
            not_before: None,
            next_look: None,
            created_at: now,
            alerts: Alerts::default(),
            history: History::default(),
        }
    }

    /// Folds facts in; true if they changed anything.
    pub fn fold(&mut self, facts: StoreFacts) -> bool {
        let mut changed = false;
        for fulfillment in facts.fulfillments {
            changed |= fold_fulfillment(&mut self.fulfillments, fulfillment);
        }
        if let Some(fact) = facts.order {
            let newer = self.fact.as_ref().is_none_or(|known| fact.updated_at >= known.updated_at);
            if newer && self.fact.as_ref() != Some(&fact) {
                self.cancelled_at = self.cancelled_at.max(fact.cancelled_at);
                self.fact = Some(fact);
                changed = true;
            }
        }
        for refund in facts.refunds {
            // One that is there stays as it was: refunds never change.
            if self.refunds.len() < MOST_REFUNDS && !self.refunds.contains_key(&refund.id) {
                self.refunds.insert(refund.id.clone(), refund);
                changed = true;
            }
        }
        if facts.cancelled_at > self.cancelled_at {
            self.cancelled_at = facts.cancelled_at;
            changed = true;
        }
        // Two webhooks of one time that disagree, or a body that said too little: only a read can tell.
        let must_read = (facts.read_the_store && !self.was_read_since(facts.changed_at))
            || self.fulfillments.values().any(|f| f.contested());
        if must_read && !self.must_read {
            self.must_read = true;
            changed = true;
        }
        changed
    }

    /// Whether it was read so long after a change that the read holds it.
    ///
    /// Stores tell whole seconds and their clocks are not ours: a read within two minutes proves nothing.
    fn was_read_since(&self, changed_at: Option<Timestamp>) -> bool {
        let Some(changed_at) = changed_at else { return false };
        let holds = self.fact.as_ref().is_some_and(|fact| fact.updated_at >= changed_at);
        let after = self.read_at.is_some_and(|at| at.duration_since(changed_at).as_secs() >= 120);
        holds && after
    }

    /// The order's name for people: `#1001`, else its id.
    #[must_use]
    pub fn title(&self) -> &str {
        self.fact.as_ref().and_then(|f| f.name.as_deref()).unwrap_or_else(|| self.order.order.as_str())
    }
}

/// What the link rules make of a store order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// This order of this connection.
    Order(ConnectionId, MarketplaceOrderId),
    /// A rule found a text that is no order id of its marketplace.
    Malformed(String),
    /// No rule found anything.
    Nothing,
}

/// Applies the rules in order: the first that yields a well-formed id wins.
///
/// `order_id` reads a text as an order id of a connection's marketplace. A text found where only an order id
/// can stand (source identifier, note attribute, prefixed tag) but not well formed is malformed, not nothing.
pub fn apply_link_rules(
    fact: &StoreOrderFact,
    rules: &[LinkRule],
    order_id: impl Fn(&ConnectionId, &str) -> Option<MarketplaceOrderId>,
) -> Linked {
    let mut malformed = None;
    for rule in rules {
        if rule.source_name.as_ref().is_some_and(|wanted| fact.source_name.as_ref() != Some(wanted)) {
            continue;
        }
        let (texts, says_so): (Vec<&str>, bool) = match &rule.from {
            LinkFrom::SourceIdentifier => {
                // Other channels use the source identifier too: only a source name makes it say so.
                (fact.source_identifier.as_deref().into_iter().collect(), rule.source_name.is_some())
            }
            LinkFrom::NoteAttribute { name } => {
                (fact.attributes.get(name).map(String::as_str).into_iter().collect(), true)
            }
            LinkFrom::Tag { prefix } => (
                fact.tags.iter().filter_map(|t| t.trim().strip_prefix(prefix.as_str())).collect(),
                !prefix.is_empty(),
            ),
            LinkFrom::Name { prefix } => (
                fact.name.as_deref().and_then(|n| n.strip_prefix(prefix.as_str())).into_iter().collect(),
                false,
            ),
        };
        for text in texts.into_iter().map(str::trim).filter(|t| !t.is_empty()) {
            if let Some(id) = order_id(&rule.account, text) {
                return Linked::Order(rule.account.clone(), id);
            }
            if says_so && malformed.is_none() {
                let shown: String = text.chars().take(60).collect();
                malformed = Some(format!("{shown:?} is no order id of {}", rule.account));
            }
        }
    }
    malformed.map_or(Linked::Nothing, Linked::Malformed)
}

/// The cause of the alert that the buyer asked to cancel, and nothing has left.
pub const CANCEL_BEFORE_LEAVING: &str = "cancel_requested";
/// The cause of the alert that the buyer asked to cancel, though a parcel has left.
pub const CANCEL_AFTER_LEAVING: &str = "cancel_requested_after_leaving";

/// The cause of the alert that an order of which a parcel left may miss its deadline before it could be read.
pub const ORDER_AT_RISK: &str = "order_at_risk";

/// A marketplace order's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketplaceOrder {
    /// Layout of this record.
    pub schema: u16,
    /// Which order.
    pub order: MarketplaceOrderRef,
    /// What the marketplace last said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<OrderFacts>,
    /// The store orders linked to it.
    #[serde(default)]
    pub store_orders: BTreeSet<StoreOrderRef>,
    /// Reads that failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// When to look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
    /// Waits for tokens of the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_tokens: bool,
    /// The account says it has no such order, since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found_since: Option<Timestamp>,
    /// Cancellations and refunds of the store that are taken to the marketplace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reversals: Vec<Reversal>,
    /// What the merchant is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// What happened.
    #[serde(default)]
    pub history: History,
}

impl MarketplaceOrder {
    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// A record of an order nothing is known of.
    #[must_use]
    pub fn new(order: MarketplaceOrderRef) -> Self {
        Self {
            schema: Self::SCHEMA,
            order,
            facts: None,
            store_orders: BTreeSet::new(),
            failures: 0,
            next_look: None,
            waits_for_tokens: false,
            not_found_since: None,
            reversals: Vec::new(),
            alerts: Alerts::default(),
            history: History::default(),
        }
    }

    /// Has the merchant told that the buyer asked to cancel, once before anything left and once after; and that the
    /// matter is over, when the request is gone or the order is cancelled.
    pub fn note_cancel_request(&mut self, has_left: bool, now: Timestamp) {
        let Some(facts) = &self.facts else { return };
        let ours = facts.fulfilled_by != FulfilledBy::Marketplace;
        let asked = facts.cancel_requested && ours && facts.status != OrderStatus::Cancelled;
        let cause = if has_left { CANCEL_AFTER_LEAVING } else { CANCEL_BEFORE_LEAVING };
        self.alerts
            .settle_those(|alert| alert.kind == MailKind::Cancellation && (!asked || alert.cause != cause));
        if asked {
            self.alerts.raise(Alert {
                kind: MailKind::Cancellation,
                cause: cause.to_owned(),
                version: 1,
                raised_at: now,
                stage: AlertStage::Due,
                their_words: None,
                request_id: None,
            });
        }
    }

    /// Has the merchant told, once, that the order could not be read so far; false if they were.
    pub fn raise_at_risk(&mut self, now: Timestamp) -> bool {
        let before = self.alerts.clone();
        self.alerts.raise(Alert {
            kind: MailKind::Unclear,
            cause: ORDER_AT_RISK.to_owned(),
            version: 1,
            raised_at: now,
            stage: AlertStage::Due,
            their_words: None,
            request_id: None,
        });
        self.alerts != before
    }

    /// When the next of its reversals is to be looked at.
    #[must_use]
    pub fn reversals_due(&self) -> Option<Timestamp> {
        self.reversals.iter().filter(|one| one.is_live()).map(|one| one.next_look).min()
    }

    /// Takes reversals on; those that are a person's are told.
    pub fn take_on(&mut self, reversals: Vec<Reversal>, now: Timestamp) {
        for reversal in reversals {
            self.history.note(
                now,
                format!("a {} of the store is taken on as {}", reversal.what.title(), reversal.id),
            );
            self.tell_reversal(&reversal, now);
            self.reversals.push(reversal);
        }
    }

    /// Has the merchant told of a reversal that is theirs.
    pub fn tell_reversal(&mut self, reversal: &Reversal, now: Timestamp) {
        let ReversalState::ByHand { why } = &reversal.state else { return };
        self.history.note(now, format!("{} is a person's: {why}", reversal.id));
        self.alerts.raise(Alert {
            kind: MailKind::Reversal,
            cause: reversal.cause(),
            version: 1,
            raised_at: now,
            stage: AlertStage::Due,
            their_words: Some(why.clone()),
            request_id: None,
        });
    }

    /// Folds what the marketplace said; true if that is news.
    pub fn fold(&mut self, facts: OrderFacts) -> bool {
        let joined = match self.facts.take() {
            None => facts,
            Some(known) => {
                let joined = known.clone().join(facts).with_what_never_changes(&known);
                if joined == known {
                    self.facts = Some(known);
                    return false;
                }
                joined
            }
        };
        self.not_found_since = None;
        self.facts = Some(joined);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(from: LinkFrom, account: &str, source_name: Option<&str>) -> LinkRule {
        LinkRule { from, account: account.try_into().unwrap(), source_name: source_name.map(Into::into) }
    }

    #[test]
    fn the_first_rule_with_a_well_formed_id_wins() {
        let fact = StoreOrderFact {
            updated_at: Timestamp::UNIX_EPOCH,
            name: Some("AMZ-111-1".into()),
            source_name: Some("amazon-de".into()),
            source_identifier: Some("222-2".into()),
            tags: vec!["vip".into(), "amazon:333-3".into(), "amazon:x".into()],
            attributes: [("amazon-order-id".to_owned(), "oops".to_owned())].into(),
            lines: vec![],
            cancelled_at: None,
            fully_fulfilled: false,
        };
        let id = |_: &ConnectionId, text: &str| {
            text.contains('-').then(|| MarketplaceOrderId::try_from(text).unwrap())
        };
        let of = |rules: &[LinkRule]| apply_link_rules(&fact, rules, id);
        let order = |c: &str, o: &str| Linked::Order(c.try_into().unwrap(), o.try_into().unwrap());
        let attribute = || LinkFrom::NoteAttribute { name: "amazon-order-id".into() };
        assert_eq!(
            of(&[
                rule(LinkFrom::SourceIdentifier, "us", Some("amazon-us")),
                rule(LinkFrom::SourceIdentifier, "de", Some("amazon-de"))
            ]),
            order("de", "222-2")
        );
        assert_eq!(
            of(&[
                rule(attribute(), "us", None),
                rule(LinkFrom::Tag { prefix: "amazon:".into() }, "us", None)
            ]),
            order("us", "333-3")
        );
        assert_eq!(of(&[rule(LinkFrom::Name { prefix: "AMZ-".into() }, "us", None)]), order("us", "111-1"));
        assert_eq!(
            of(&[rule(attribute(), "us", None)]),
            Linked::Malformed("\"oops\" is no order id of us".into())
        );
        assert_eq!(
            of(&[rule(LinkFrom::NoteAttribute { name: "other".into() }, "us", None)]),
            Linked::Nothing
        );
        assert_eq!(of(&[]), Linked::Nothing);
    }

    #[test]
    fn law_5_a_cancel_request_is_told_at_once_again_when_a_parcel_left_and_when_it_is_over() {
        let at = |s: i64| Timestamp::from_second(s).unwrap();
        let facts = |asked: bool, status: OrderStatus, updated: i64| OrderFacts {
            updated_at: at(updated),
            read_at: at(updated),
            marketplace: "US".try_into().unwrap(),
            ordered_at: at(0),
            fulfilled_by: FulfilledBy::Merchant,
            status,
            ship_by: None,
            cancel_requested: asked,
            needs_tracking: false,
            programs: vec![],
            lines: vec![],
            packages: None,
        };
        let account = crate::ids::Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
        let mut order =
            MarketplaceOrder::new(MarketplaceOrderRef { account, order: "1".try_into().unwrap() });
        let stages = |order: &MarketplaceOrder| {
            order.alerts.all().iter().map(|a| (a.cause.clone(), a.stage)).collect::<Vec<_>>()
        };
        order.fold(facts(false, OrderStatus::Open, 1));
        order.note_cancel_request(false, at(1));
        assert!(stages(&order).is_empty());
        order.fold(facts(true, OrderStatus::Open, 2));
        order.note_cancel_request(false, at(2));
        order.note_cancel_request(false, at(3));
        assert_eq!(stages(&order), [(CANCEL_BEFORE_LEAVING.to_owned(), AlertStage::Due)]);
        order.alerts.all_mut()[0].stage = AlertStage::Mailed { at: at(3), reminded: false, later: 0 };
        order.note_cancel_request(true, at(4));
        assert_eq!(
            stages(&order),
            [
                (CANCEL_BEFORE_LEAVING.to_owned(), AlertStage::ResolvedDue),
                (CANCEL_AFTER_LEAVING.to_owned(), AlertStage::Due)
            ]
        );
        for over in [facts(false, OrderStatus::Open, 5), facts(true, OrderStatus::Cancelled, 5)] {
            let mut order = order.clone();
            order.fold(over);
            order.note_cancel_request(true, at(5));
            assert!(!order.alerts.open());
        }
    }
}
