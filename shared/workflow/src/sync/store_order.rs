//! A store order: facts folded, the store read where it must be, the link decided.

use std::time::Duration;

use connector_api::{Failure, Store};
use domain::alert::{Alert, AlertStage, Deadline};
use domain::connection::{Connection, LinkRule, MailKind};
use domain::facts::StoreFacts;
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use domain::keys::ItemKey;
use domain::order::{Link, Linked, StoreOrder, apply_link_rules};
use domain::outcome::pause;
use domain::state::NotOurs;
use jiff::Timestamp;
use ports::LedgerError;
use sha2::{Digest, Sha256};

use super::{load_known, look_at_order, park, tell};
use crate::alerts::store_causes::{NOT_FOUND, READ_REFUSED, TOO_MANY_LINES, UNCLEAR, UNREACHABLE};
use crate::message::WorkError;
use crate::records::{Stored, later};
use crate::world::World;

/// How often a conflicting write is tried again within one look.
const ROUNDS: usize = 8;
/// So many reads that fail in a row are told.
const TELL_FAILURES: u32 = 10;
/// Reads that fail for so long are told.
const TELL_AFTER: Duration = Duration::from_secs(3600);
/// How long an order that the store does not know is looked for before a person is asked.
const NOT_FOUND_GRACE: Duration = Duration::from_secs(300);
/// How long it is looked for after that, hourly; later only when there is news of it, or somebody asks.
const LOOKED_FOR: Duration = Duration::from_secs(7 * 86_400);
/// How soon an order with news is looked at once more, in case its message died.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// How soon an order of a parked shop is looked at again.
const PARKED_LOOK: Duration = Duration::from_secs(600);
/// More lines than this in one order are not kept: the record would outgrow its item.
const MOST_LINES: usize = 1_500;

/// Folds `facts` into a store order, decides its link, and looks at its marketplace order.
///
/// # Errors
/// [`WorkError`]: to be tried again.
pub async fn look_at_store_order(
    world: &World,
    reference: &StoreOrderRef,
    facts: Option<StoreFacts>,
) -> Result<(), WorkError> {
    let key = ItemKey::store_order(reference);
    for _ in 0..ROUNDS {
        let now = world.now();
        let mut stored = match load_known::<StoreOrder>(world, &key).await? {
            None => Stored::new(StoreOrder::new(reference.clone(), now)),
            Some(Ok(stored)) => stored,
            Some(Err(_)) => return Ok(()),
        };
        let Some(connection) = world.connection(&reference.account).await? else {
            tracing::debug!(connection = %reference.account, "no such connection: its orders are left alone");
            return Ok(());
        };
        let Some(store) = world.connectors.store(&connection.kind) else {
            return Err(WorkError::Unreadable(format!("no store connector of kind {:?}", connection.kind)));
        };
        let before = stored.value.clone();
        fold(&mut stored.value, facts.clone(), now);
        read_if_needed(world, store, &connection, &mut stored.value).await?;
        decide_link(world, &connection, &mut stored.value).await?;
        // Should this message die before the marketplace order knows of the news, the sweep looks again.
        let news = StoreOrder { next_look: before.next_look, ..stored.value.clone() } != before;
        if news && matches!(stored.value.link, Link::Marketplace { .. }) {
            let again = later(now, LOOK_AGAIN).unwrap_or(now);
            stored.value.next_look = Some(stored.value.next_look.map_or(again, |at| at.min(again)));
        }
        let alerts_due = stored.value.alerts.next_due(now, &Deadline::NONE).is_some();
        let order = stored.value.clone();
        if stored.value != before || !stored.is_stored() {
            match world.ledger.commit(vec![stored.into_write(now)]).await {
                Ok(()) => {}
                Err(LedgerError::Conflict) => continue,
                Err(LedgerError::TooLarge(bytes)) => return too_large(world, reference, bytes).await,
                Err(error) => return Err(error.into()),
            }
        }
        if alerts_due {
            tell(world, &key).await?;
        }
        if let Link::Marketplace { order } = &order.link {
            look_at_order(world, order, Some(reference)).await?;
        }
        return Ok(());
    }
    Err(LedgerError::Conflict.into())
}

fn fold(order: &mut StoreOrder, facts: Option<StoreFacts>, now: Timestamp) {
    let Some(facts) = facts else { return };
    let told: Vec<String> = facts
        .fulfillments
        .iter()
        .map(|f| format!("fulfillment {}: {} number(s), {} line(s)", f.id, f.tracking.len(), f.lines.len()))
        .collect();
    if order.fold(facts) {
        for line in told {
            order.history.note(now, format!("the store says {line}"));
        }
    }
}

/// The record outgrew its item: it is not stored, and a person is asked.
async fn too_large(world: &World, reference: &StoreOrderRef, bytes: usize) -> Result<(), WorkError> {
    let words = format!("store order {} has too many lines to be kept ({bytes} bytes)", reference.order);
    super::tell_of_connection(world, &reference.account, super::ORDER_TOO_LARGE, words).await
}

async fn read_if_needed(
    world: &World,
    store: &dyn Store,
    connection: &Connection,
    order: &mut StoreOrder,
) -> Result<(), WorkError> {
    let now = world.now();
    let undecided = link_is_open(order, &rules_hash(&connection.link));
    // A fact holds no more than the rules of its day asked for: other rules decide from a fact of their own.
    order.must_read |= undecided && order.link != Link::Unknown;
    let needed = order.must_read || (undecided && order.fact.is_none());
    if !needed {
        order.next_look = None;
        return Ok(());
    }
    // Only a failure is waited for: that somebody looks again later is no reason to leave news unread now.
    if order.not_before.is_some_and(|at| at > now) {
        let planned = order.next_look.filter(|at| *at > now);
        order.next_look = planned.min(order.not_before).or(order.not_before);
        return Ok(());
    }
    let works = world.connection_state(&connection.account).await?.is_some_and(|s| s.value.works());
    order.not_before = None;
    if !works {
        order.next_look = later(now, PARKED_LOOK);
        return Ok(());
    }
    match store.read_order(world.reach(), connection, &order.order.order).await {
        Ok((fact, facts)) => {
            store_answered(order);
            found(order);
            let lines = fact.lines.len() + facts.fulfillments.iter().map(|f| f.lines.len()).sum::<usize>();
            if lines > MOST_LINES {
                order.must_read = false;
                order.next_look = None;
                let rules = rules_hash(&connection.link);
                let detail = format!("the order has {lines} lines, more than {MOST_LINES} that can be kept");
                unclear(order, TOO_MANY_LINES, detail, rules, now);
                return Ok(());
            }
            order.fold(facts);
            order.fold(StoreFacts { order: Some(fact), ..StoreFacts::default() });
            order.must_read = false;
            order.next_look = None;
            order.read_at = Some(now);
            order.history.note(now, "read at the store");
        }
        Err(error) => {
            order.history.note(now, error.to_string());
            match error.failure {
                Failure::NotFound => not_found(order, error.detail, rules_hash(&connection.link), now),
                Failure::Throttled { after } => {
                    order.next_look =
                        later(now, pause(connection.timing.retry_after, 0, after, world.rng.fraction()));
                }
                Failure::Retryable { after, .. } => {
                    let wait =
                        pause(connection.timing.retry_after, order.failures, after, world.rng.fraction());
                    order.next_look = later(now, wait);
                    store_is_silent(order, &error.detail, now);
                }
                Failure::NeedsMerchant { .. } => {
                    order.next_look = later(now, PARKED_LOOK);
                    park(world, connection, now, &error.detail).await?;
                }
                Failure::Rejected { .. } | Failure::CarrierRefused { .. } => {
                    // Understood and refused: a person must look, and so do we, rarely.
                    order.failures = order.failures.saturating_add(1);
                    order.next_look = later(now, PARKED_LOOK);
                    raise(order, READ_REFUSED, Some(error.detail.clone()), now);
                }
            }
            order.not_before = order.next_look;
        }
    }
    Ok(())
}

/// What was told of a store that cannot be read is settled: it answered.
fn store_answered(order: &mut StoreOrder) {
    order.failures = 0;
    order.failing_since = None;
    order.alerts.settle_those(|alert| [UNREACHABLE, READ_REFUSED].contains(&alert.cause.as_str()));
}

/// The store shows an order that it did not show before: whatever was asked of a person meanwhile is open again.
fn found(order: &mut StoreOrder) {
    order.alerts.settle_those(|alert| alert.cause == NOT_FOUND);
    if order.not_found_since.take().is_some() && matches!(order.link, Link::Unclear { .. }) {
        order.link = Link::Unknown;
    }
}

/// The store knows no such order, or does not show it to us. What is known of it stays, its link above all.
///
/// Stores tell of orders before every copy of theirs knows them, and show old ones only to apps that may see all: so
/// one answer proves nothing, and in the end a person is asked.
fn not_found(order: &mut StoreOrder, words: String, rules: String, now: Timestamp) {
    store_answered(order);
    let decided = !link_is_open(order, &rules);
    order.must_read = !(decided && matches!(order.link, Link::NotOurs { .. }));
    order.next_look = None;
    if !order.must_read {
        order.not_found_since = None;
        return;
    }
    let since = *order.not_found_since.get_or_insert(now);
    let is_over = |span: Duration| later(since, span).is_none_or(|at| at <= now);
    if !is_over(NOT_FOUND_GRACE) {
        order.next_look = later(now, Duration::from_secs(60));
        return;
    }
    if decided {
        raise(order, NOT_FOUND, Some(words), now);
    } else {
        unclear(order, NOT_FOUND, words, rules, now);
    }
    if !is_over(LOOKED_FOR) {
        order.next_look = later(now, Duration::from_secs(3600));
    } else if matches!(order.link, Link::Marketplace { .. }) {
        order.must_read = false;
    }
}

/// Counts a read that failed; the merchant hears of it before an hour of it is over.
fn store_is_silent(order: &mut StoreOrder, words: &str, now: Timestamp) {
    order.failures = order.failures.saturating_add(1);
    let since = *order.failing_since.get_or_insert(now);
    let tell_at = later(since, TELL_AFTER);
    if order.failures >= TELL_FAILURES || tell_at.is_none_or(|at| at <= now) {
        raise(order, UNREACHABLE, Some(words.to_owned()), now);
    } else {
        // The pauses grow: none goes beyond the moment at which it is to be told.
        order.next_look = order.next_look.min(tell_at);
    }
}

fn link_is_open(order: &StoreOrder, rules_now: &str) -> bool {
    match &order.link {
        Link::Unknown => true,
        Link::Marketplace { .. } => false,
        // Erased orders stay so, whatever the rules.
        Link::NotOurs { why: NotOurs::Erased, .. } => false,
        // Code of before ended an order so when the store did not show it once.
        Link::NotOurs { why: NotOurs::UnknownToStore, .. } => true,
        Link::NotOurs { rules, .. } | Link::Unclear { rules, .. } => rules != rules_now,
    }
}

fn raise(order: &mut StoreOrder, cause: &str, words: Option<String>, now: Timestamp) {
    order.alerts.raise(Alert {
        kind: MailKind::Unclear,
        cause: cause.to_owned(),
        version: 1,
        raised_at: now,
        stage: AlertStage::Due,
        their_words: words,
        request_id: None,
    });
}

fn unclear(order: &mut StoreOrder, cause: &str, detail: String, rules: String, now: Timestamp) {
    order.history.note(now, format!("unclear: {detail}"));
    raise(order, cause, Some(detail.clone()), now);
    order.link = Link::Unclear { detail, rules };
}

/// Decides which marketplace order this is, if that is open and the order is known.
async fn decide_link(
    world: &World,
    connection: &Connection,
    order: &mut StoreOrder,
) -> Result<(), WorkError> {
    let now = world.now();
    let rules = rules_hash(&connection.link);
    if order.must_read || !link_is_open(order, &rules) {
        return Ok(());
    }
    let Some(fact) = order.fact.clone() else { return Ok(()) };
    let mut accounts = Vec::new();
    for rule in &connection.link {
        let account = domain::ids::Account::new(connection.account.merchant.clone(), rule.account.clone());
        if let Some(target) = world.connection(&account).await? {
            accounts.push(target);
        }
    }
    let linked = apply_link_rules(&fact, &connection.link, |id, text| {
        let target = accounts.iter().find(|c| c.account.connection == *id)?;
        world.connectors.marketplace(&target.kind)?.order_id(text)
    });
    match linked {
        Linked::Order(id, marketplace_order) => {
            let account = domain::ids::Account::new(connection.account.merchant.clone(), id);
            order.history.note(now, format!("is order {marketplace_order} of {}", account.connection));
            order.link =
                Link::Marketplace { order: MarketplaceOrderRef { account, order: marketplace_order } };
            order.alerts.settle(None);
        }
        Linked::Malformed(detail) => unclear(order, UNCLEAR, detail, rules, now),
        Linked::Nothing => {
            let why = NotOurs::NoMarketplaceOrder;
            order.history.note(now, format!("not ours: {}", why.reason()));
            order.link = Link::NotOurs { why, rules };
            order.alerts.settle(None);
        }
    }
    Ok(())
}

/// A short hash of the rules: other rules decide again.
fn rules_hash(rules: &[LinkRule]) -> String {
    let digest = Sha256::digest(serde_json::to_vec(rules).unwrap_or_default());
    digest.iter().take(4).map(|b| format!("{b:02x}")).collect()
}
