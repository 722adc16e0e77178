//! What a person decides about an order's packages.

use domain::ids::StoreOrderRef;
use domain::keys::ItemKey;
use domain::order::{Link, StoreOrder};
use domain::package::{Package, Ruling};
use domain::state::{NotOurs, State, StateName, Waiting};
use serde::Serialize;

use super::find::{Case, find};
use super::{AdminError, change, look, tell, words};
use crate::message::{AlertMessage, Look};
use crate::world::World;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldAction {
    /// Send it, though it shipped before the connection started, or was ruled out before.
    SendOnce,
    /// It was confirmed by hand: stand down.
    ConfirmedByHand,
    /// It is none of ours.
    NotOurs,
    /// Leave it, for this reason.
    Ignore {
        /// Why; kept in the history.
        reason: String,
    },
}

impl HoldAction {
    fn ruling(&self) -> Ruling {
        match self {
            Self::SendOnce => Ruling::SendOnce,
            Self::ConfirmedByHand => Ruling::ConfirmedByHand,
            Self::NotOurs => Ruling::NotOurs,
            Self::Ignore { reason } => Ruling::Ignore { reason: reason.clone() },
        }
    }

    /// As on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SendOnce => "send-once",
            Self::ConfirmedByHand => "confirmed-by-hand",
            Self::NotOurs => "not-ours",
            Self::Ignore { .. } => "ignore",
        }
    }
}

/// A package, or a store order, that was decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ruled {
    /// The marketplace order, if it is known.
    pub marketplace_order: Option<String>,
    /// The store order, where it is what was decided about.
    pub store_order: Option<String>,
    /// The package.
    pub package: Option<String>,
    /// Its state before.
    pub state: &'static str,
    /// What was decided.
    pub action: &'static str,
}

/// Records a decision about the packages of an order that wait for one, or about the one that is named.
///
/// Nothing is sent here: `sync` is asked to look, and plans with the decision. A package whose call may be on its
/// way keeps its state; the decision counts once that is settled.
///
/// # Errors
/// See [`AdminError`]: refused, if nothing of the order waits for a decision.
pub async fn hold(
    world: &World,
    asked: &str,
    package: Option<&str>,
    action: &HoldAction,
) -> Result<Vec<Ruled>, AdminError> {
    if matches!(action, HoldAction::Ignore { reason } if reason.trim().is_empty()) {
        return Err(AdminError::Refused(
            "say why it is to be ignored, with --reason: the history keeps it".into(),
        ));
    }
    let case = find(world, asked).await?;
    if case.order.is_none() {
        return rule_on_store_order(world, asked, &case, action).await;
    }
    let chosen = choose(&case, asked, package, action)?;
    let mut ruled = Vec::new();
    for chosen in chosen {
        let key = ItemKey::package(&chosen.order, &chosen.key);
        let now = world.now();
        let state = change::<Package, _>(world, &key, |package| {
            let state = package.state.name().as_str();
            package.ruling = Some(action.ruling());
            package.history.note(now, said(action));
            (true, state)
        });
        if let Some(state) = state.await? {
            ruled.push(Ruled {
                marketplace_order: Some(chosen.order.order.to_string()),
                store_order: None,
                package: Some(chosen.key.clone()),
                state,
                action: action.name(),
            });
        }
    }
    if let Some(order) = case.order {
        look(world, Look::Order { order }).await?;
    }
    Ok(ruled)
}

fn said(action: &HoldAction) -> String {
    match action {
        HoldAction::SendOnce => "you said: send it once".into(),
        HoldAction::ConfirmedByHand => "you said: it was confirmed by hand".into(),
        HoldAction::NotOurs => "you said: it is not ours".into(),
        HoldAction::Ignore { reason } => format!("you said: ignore it, {reason}"),
    }
}

/// The packages a decision is about.
fn choose<'a>(
    case: &'a Case,
    asked: &str,
    named: Option<&str>,
    action: &HoldAction,
) -> Result<Vec<&'a Package>, AdminError> {
    let all: Vec<&Package> = case.packages.iter().map(|p| &p.value).collect();
    if let Some(named) = named {
        let known = || all.iter().map(|p| p.key.clone()).collect();
        let package =
            all.iter()
                .find(|p| p.key == named || number_of(p).is_some_and(|n| n.same_as(named)))
                .ok_or_else(|| AdminError::UnknownPackage { asked: named.to_owned(), known: known() })?;
        if done(&package.state) {
            return Err(AdminError::Refused(format!(
                "package {named} is {}: {}; there is nothing to decide",
                package.state.name().as_str(),
                words::reason(&package.state),
            )));
        }
        return Ok(vec![package]);
    }
    let asks: Vec<&Package> = all.iter().copied().filter(|p| asks_a_person(&p.state)).collect();
    if !asks.is_empty() {
        return Ok(asks);
    }
    // Nothing asks, but a parcel that is stuck may have been confirmed by hand meanwhile, as the mails suggest.
    let stuck: Vec<&Package> = all.iter().copied().filter(|p| stuck(&p.state)).collect();
    if !stuck.is_empty() && *action != HoldAction::SendOnce {
        return Ok(stuck);
    }
    let states: Vec<String> =
        all.iter().map(|p| format!("{} is {}", p.key, p.state.name().as_str())).collect();
    Err(AdminError::Refused(if states.is_empty() {
        format!("order {asked} has no package yet: there is nothing to decide")
    } else {
        format!(
            "nothing of order {asked} waits for a decision: {}; name one with --package to decide all the same",
            states.join(", ")
        )
    }))
}

fn number_of(package: &Package) -> Option<&domain::tracking::TrackingNumber> {
    package.wanted().and_then(|v| v.content.number.as_ref())
}

/// Nothing that a person says can change these.
fn done(state: &State) -> bool {
    matches!(
        state.name(),
        StateName::Visible | StateName::Accepted | StateName::Cancelled | StateName::Superseded
    )
}

fn asks_a_person(state: &State) -> bool {
    state.needs_a_person()
        || matches!(
            state,
            // A parcel whose order was cancelled is mailed, and stays the merchant's to settle.
            State::NotOurs {
                why: NotOurs::BeforeStart
                    | NotOurs::SyncOff
                    | NotOurs::CancelledThere
                    | NotOurs::ByRuling { .. }
            }
        )
}

fn stuck(state: &State) -> bool {
    matches!(state, State::Planned { waiting: Waiting::Pause { .. } | Waiting::Connection, .. })
}

/// A store order whose marketplace order is unclear can only be none of ours.
async fn rule_on_store_order(
    world: &World,
    asked: &str,
    case: &Case,
    action: &HoldAction,
) -> Result<Vec<Ruled>, AdminError> {
    let reason = match action {
        HoldAction::NotOurs => "you said it is not ours".to_owned(),
        HoldAction::ConfirmedByHand => "you confirmed it by hand".to_owned(),
        HoldAction::Ignore { reason } => format!("you said to ignore it: {reason}"),
        HoldAction::SendOnce => {
            return Err(AdminError::Refused(format!(
                "store order {asked} cannot be sent: it is not known which marketplace order it is; correct the link rule or the order at the store, then `parcelwire retry {}`",
                words::quoted(asked)
            )));
        }
    };
    let mut ruled = Vec::new();
    for store in &case.stores {
        if let Some(row) = rule_out(world, &store.value.order, &reason, action).await? {
            ruled.push(row);
        }
    }
    if ruled.is_empty() {
        return Err(AdminError::Refused(format!(
            "store order {asked} waits for no decision: `parcelwire explain {}` shows how it stands",
            words::quoted(asked)
        )));
    }
    Ok(ruled)
}

async fn rule_out(
    world: &World,
    order: &StoreOrderRef,
    reason: &str,
    action: &HoldAction,
) -> Result<Option<Ruled>, AdminError> {
    let key = ItemKey::store_order(order);
    let now = world.now();
    let changed = change::<StoreOrder, _>(world, &key, |store| {
        let Link::Unclear { rules, .. } = &store.link else { return (false, false) };
        let why = NotOurs::ByRuling { reason: reason.to_owned() };
        store.link = Link::NotOurs { why, rules: rules.clone() };
        // Nothing that the store may still say of it is waited for.
        (store.must_read, store.not_found_since, store.next_look) = (false, None, None);
        store.alerts.settle(None);
        store.history.note(now, said(action));
        (true, true)
    });
    if !changed.await?.unwrap_or(false) {
        return Ok(None);
    }
    tell(world, &AlertMessage::about(&key)).await?;
    look(world, Look::StoreOrder { order: order.clone() }).await?;
    Ok(Some(Ruled {
        marketplace_order: None,
        store_order: Some(order.order.to_string()),
        package: None,
        state: StateName::Held.as_str(),
        action: action.name(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::AdminErrorKind;
    use crate::admin::testing::{Bench, every_state};

    #[test]
    fn a_decision_reaches_what_asks_for_one_and_moves_no_state_itself() {
        let bench = Bench::new();
        let us = bench.marketplace("m", "us");
        let order = bench.order(&us, "111-1");
        let packages: Vec<Package> = every_state()
            .into_iter()
            .enumerate()
            .map(|(n, state)| bench.package(&order, &format!("p{n:02}"), &format!("1Z{n}"), state))
            .collect();
        let ruled = bench.run(hold(&bench.world, "111-1", None, &HoldAction::ConfirmedByHand)).unwrap();
        let states: Vec<_> = ruled.iter().map(|r| r.state).collect();
        assert_eq!(states, ["missing", "rejected", "needs_merchant", "held", "conflict", "not_ours"]);
        for before in &packages {
            let after = bench.reload(before);
            assert_eq!(after.state, before.state, "law 2: a state moves by sync alone");
            let decided = ruled.iter().any(|r| r.package.as_deref() == Some(after.key.as_str()));
            assert_eq!(after.ruling.is_some(), decided, "{:?}", after.state);
        }
        assert_eq!(bench.looks(), [Look::Order { order: order.order }]);
    }

    #[test]
    fn one_package_can_be_named_by_key_or_number_and_a_shown_one_is_refused() {
        let bench = Bench::new();
        let us = bench.marketplace("m", "us");
        let order = bench.order(&us, "111-1");
        let states = every_state();
        let held = bench.package(&order, "held", "1Z 9", states[8].clone());
        let doubt = bench.package(&order, "doubt", "1Z8", states[5].clone());
        bench.package(&order, "shown", "1Z7", states[3].clone());
        let ignore = HoldAction::Ignore { reason: "sample".into() };
        bench.run(hold(&bench.world, "us/111-1", Some("1z9"), &ignore)).unwrap();
        assert_eq!(bench.reload(&held).ruling, Some(Ruling::Ignore { reason: "sample".into() }));
        bench.run(hold(&bench.world, "1Z8", Some("doubt"), &HoldAction::NotOurs)).unwrap();
        assert_eq!(bench.reload(&doubt).ruling, Some(Ruling::NotOurs));
        assert_eq!(bench.reload(&doubt).state, doubt.state);
        let hold =
            |package, action| bench.run(super::hold(&bench.world, "111-1", package, action)).unwrap_err();
        assert_eq!(hold(Some("shown"), &ignore).kind(), AdminErrorKind::Refused);
        let unknown = hold(Some("p9"), &ignore);
        assert_eq!(unknown.kind(), AdminErrorKind::NotFound);
        assert!(unknown.to_string().contains("doubt, held, shown"), "{unknown}");
        let empty = HoldAction::Ignore { reason: " ".into() };
        assert!(hold(None, &empty).to_string().contains("--reason"));
    }

    #[test]
    fn an_unclear_store_order_can_be_ruled_out_but_not_sent() {
        let bench = Bench::new();
        bench.marketplace("m", "us");
        let shop = bench.store("m", "shop");
        let link = Link::Unclear { detail: "\"x\" is no order id of us".into(), rules: "r1".into() };
        let store = bench.store_order(&shop, "1001", "1Z1", link);
        let refused = bench.run(hold(&bench.world, "#1001", None, &HoldAction::SendOnce)).unwrap_err();
        assert_eq!(refused.kind(), AdminErrorKind::Refused);
        let ruled = bench.run(hold(&bench.world, "#1001", None, &HoldAction::NotOurs)).unwrap();
        assert_eq!(ruled[0].store_order.as_deref(), Some("1001"));
        let Link::NotOurs { why: NotOurs::ByRuling { .. }, rules } = bench.reload_store(&store).link else {
            panic!("still linked")
        };
        assert_eq!(rules, "r1", "other rules decide again");
        assert_eq!(bench.looks(), [Look::StoreOrder { order: store.order }]);
        let again = bench.run(hold(&bench.world, "1001", None, &HoldAction::NotOurs)).unwrap_err();
        assert!(again.to_string().contains("waits for no decision"), "{again}");
    }

    #[test]
    fn tenants_are_kept_apart_even_with_the_same_order_id() {
        let bench = Bench::new();
        let held = every_state()[8].clone();
        let mut packages = Vec::new();
        for (merchant, connection) in [("m", "us"), ("n", "de")] {
            let order = bench.order(&bench.marketplace(merchant, connection), "111-1");
            packages.push(bench.package(&order, "p", "1Z1", held.clone()));
        }
        let ambiguous = bench.run(hold(&bench.world, "111-1", None, &HoldAction::NotOurs)).unwrap_err();
        assert!(ambiguous.to_string().ends_with("as one of us/111-1, de/111-1"), "{ambiguous}");
        bench.run(hold(&bench.world, "de/111-1", None, &HoldAction::NotOurs)).unwrap();
        assert_eq!(bench.reload(&packages[0]).ruling, None);
        assert_eq!(bench.reload(&packages[1]).ruling, Some(Ruling::NotOurs));
    }
}
