//! What a read of the marketplace says about packages that were, or may have been, confirmed.

use std::time::Duration;

use domain::connection::Timing;
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::MarketplaceRules;
use domain::outcome::pause;
use domain::package::Package;
use domain::plan::{Seen, see};
use domain::state::{BadEdge, State, Waiting};
use jiff::Timestamp;

use super::scene::Scene;
use crate::metrics::{About, Metric, note};
use crate::records::{Record as _, later};
use crate::trace::millis;

/// After so many failures in a row an answer that leaves doubt is not tried again without a person, where no deadline
/// brings it to anybody's mind.
const MOST_REPEATS: u32 = 5;

/// After this many reads that cannot tell, a person is asked about a package in doubt.
const MOST_DOUBTFUL_READS: u32 = 8;

impl Scene<'_> {
    /// What a fresh read says about packages that were, or may have been, confirmed.
    pub(super) fn look(&mut self, facts: &OrderFacts, now: Timestamp) -> Result<(), BadEdge> {
        let all: Vec<Package> = self.packages.iter().map(|p| p.value.clone()).collect();
        let timing = self.connection.timing;
        let rules = self.marketplace.traits().rules;
        for (index, stored) in self.packages.iter_mut().enumerate() {
            let others: Vec<&Package> =
                all.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, p)| p).collect();
            let package = &mut stored.value;
            match (package.state.in_flight_version(), at_marketplace(&package.state)) {
                (_, Some((version, told_at, next_look))) if facts.read_at >= told_at => {
                    if see(package, version, facts, &others, &rules) == Seen::Shown {
                        package.shown(version, now)?;
                    } else if next_look <= now {
                        package.not_shown_yet(&timing, now)?;
                    }
                }
                // Its bulk is underway, and here it is already.
                (Some(version), _) if matches!(package.state, State::Intent { bulk: Some(_), .. }) => {
                    if see(package, version, facts, &others, &rules) == Seen::Shown {
                        package.accept(None, &timing, now)?;
                        package.shown(version, now)?;
                    }
                }
                (Some(_), _) => settle_doubt(package, facts, (&others, &rules), &timing, now)?,
                // A person is asked whether it was applied, and now it is seen to be.
                (None, None) => {
                    if let Some(version) = package.state.doubtful_version()
                        && see(package, version, facts, &others, &rules) == Seen::Shown
                    {
                        package.shown(version, now)?;
                    }
                }
                (None, Some(_)) => {}
            }
            package.learn_reference(facts, rules.known_by);
            note_carrier(package, facts, &rules, &self.connection.kind, now);
        }
        Ok(())
    }
}

impl Scene<'_> {
    /// Counts what became of packages by the changes just written: held, or shown at last.
    pub(super) fn count_moves(&self, now: Timestamp) {
        for (index, package) in self.packages.iter().map(|stored| &stored.value).enumerate() {
            let before = self.packages_before.get(index).map(|package| &package.state);
            if before.is_some_and(|before| before.name() == package.state.name()) {
                continue;
            }
            let key = package.key();
            let about = About {
                marketplace: Some(&self.connection.kind),
                connection: Some(&self.connection.account),
                order: Some(package.order.order.as_str()),
                package: Some(&key.sk),
                ..About::default()
            };
            match (&package.state, before.and_then(at_marketplace)) {
                (State::Held { cause, .. }, _) => {
                    note(Metric::Held, 1, &About { detail: Some(cause.name()), ..about });
                }
                (State::Visible { .. }, Some((_, told_at, _))) => {
                    note(Metric::ReadBackLag, millis(now.duration_since(told_at)), &about);
                }
                _ => {}
            }
        }
    }
}

/// The version that the marketplace took and that is not seen yet, since when, and when to look.
fn at_marketplace(state: &State) -> Option<(u32, Timestamp, Timestamp)> {
    if let State::Accepted { version, at, next_look, .. } | State::Missing { version, since: at, next_look } =
        state
    {
        return Some((*version, *at, *next_look));
    }
    None
}

/// What a read says of a package in doubt. Not being shown proves nothing until the read is late enough.
fn settle_doubt(
    package: &mut Package,
    facts: &OrderFacts,
    (others, rules): (&[&Package], &MarketplaceRules),
    timing: &Timing,
    now: Timestamp,
) -> Result<(), BadEdge> {
    let State::Doubt { version, since, reads, next_look } = package.state else { return Ok(()) };
    if facts.read_at < since {
        return Ok(());
    }
    let settled = later(since, timing.doubt_settles_after).is_some_and(|at| facts.read_at >= at);
    match see(package, version, facts, others, rules) {
        Seen::Shown => package.shown(version, now),
        // With a deadline it is tried as long as it takes, ever rarer: as that nears, the merchant hears of it.
        Seen::Absent | Seen::Older
            if settled && package.failures >= MOST_REPEATS && package.ship_by.is_none() =>
        {
            let detail = format!("told several times, each answer left doubt; {}", figures(package, facts));
            package.ask_about_doubt(detail, now)
        }
        Seen::Absent | Seen::Older if settled => {
            package.history.note(now, "read: the marketplace does not show it, nothing was applied");
            let why = "the last answer left doubt, and a read showed that nothing was applied".to_owned();
            let at = later(now, pause(timing.retry_after, package.failures, None, 0.5)).unwrap_or(now);
            package.nothing_applied(at, Waiting::Pause { why }, now)
        }
        Seen::Unclear if settled && reads >= MOST_DOUBTFUL_READS => {
            package.ask_about_doubt(figures(package, facts), now)
        }
        Seen::Absent | Seen::Older | Seen::Unclear if next_look <= now => {
            let next_look = doubt_look(since, now, timing.doubt_settles_after);
            package.go(State::Doubt { version, since, reads: reads + 1, next_look }, now)
        }
        Seen::Absent | Seen::Older | Seen::Unclear => Ok(()),
    }
}

/// A package that has just been seen at the marketplace, but under *other* though it was told a carrier of its list:
/// such parcels count as not tracked there.
fn note_carrier(
    package: &mut Package,
    facts: &OrderFacts,
    rules: &MarketplaceRules,
    kind: &str,
    now: Timestamp,
) {
    if !matches!(package.state, State::Visible { at, .. } if at == now) {
        return;
    }
    let Some(shown) = package.shown_carrier(facts, rules.known_by).filter(|c| carriers::is_other(kind, c))
    else {
        return;
    };
    let sent = package.confirmed_version().and_then(|version| version.sent_carrier.as_ref());
    if let Some(sent) = sent.filter(|sent| !carriers::is_other(kind, &sent.code)) {
        let words = format!("It was told as {}, and is shown as {shown}", sent.code);
        package.notice_of_carrier_not_kept(words, now);
    }
}

/// When to read a package in doubt again: soon at first, then ever rarer, and once when a read can settle it.
fn doubt_look(since: Timestamp, now: Timestamp, settles_after: Duration) -> Timestamp {
    let settles = later(since, settles_after).unwrap_or(now);
    let waited = now.duration_since(since).unsigned_abs();
    let wait = waited.clamp(Duration::from_secs(2), Duration::from_secs(600));
    let next = later(now, wait).unwrap_or(now);
    if now < settles { next.min(settles) } else { next }
}

/// Both figures, for a person.
fn figures(package: &Package, facts: &OrderFacts) -> String {
    let wanted = package.wanted().and_then(|v| v.content.lines.clone()).unwrap_or_default();
    let counts: Vec<String> = facts
        .lines
        .iter()
        .filter(|l| wanted.contains_key(&l.id))
        .map(|l| {
            let shipped = l.shipped.map_or_else(|| "an unknown number".into(), |s| s.to_string());
            format!(
                "line {}: we sent {}, the marketplace counts {shipped} shipped of {}",
                l.id,
                wanted.get(&l.id).copied().unwrap_or(0),
                l.ordered
            )
        })
        .collect();
    counts.join("; ")
}
