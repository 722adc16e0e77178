//! What is done where a carrier is not certain: `[carriers]`, at any level.

use std::time::Duration;

use domain::carrier_policy::{CarrierPolicy, OnContradiction, OnRefused, OnUnknown};

use crate::check::shown;
use crate::near::did_you_mean;
use crate::toml_tree::{Node, Section};

/// The longest a last resort may begin before the deadline: thirty days.
const LONGEST_S: f64 = 2_592_000.0;

/// What one level says; what it leaves open comes from the level above.
#[derive(Clone, Debug, Default)]
pub(super) struct CarriersLevel {
    profile: Option<String>,
    contradiction: Option<OnContradiction>,
    unknown: Option<OnUnknown>,
    last_resort_before: Option<Duration>,
    last_resort_contradiction: Option<OnContradiction>,
    last_resort_unknown: Option<OnUnknown>,
    refused: Option<OnRefused>,
}

const CONTRADICTION: [(&str, OnContradiction); 3] =
    [("hold", OnContradiction::Hold), ("warn", OnContradiction::Warn), ("ignore", OnContradiction::Ignore)];
const UNKNOWN: [(&str, OnUnknown); 2] = [("hold", OnUnknown::Hold), ("other", OnUnknown::Other)];

const REFUSED: [(&str, OnRefused); 2] = [("ask", OnRefused::Ask), ("other", OnRefused::Other)];

impl CarriersLevel {
    pub(super) fn read(section: Section<'_>) -> Self {
        let level = Self {
            profile: section.get("profile").and_then(|node| profile(&node)),
            contradiction: section.get("contradiction").and_then(|node| one_of(&node, &CONTRADICTION)),
            unknown: section.get("unknown").and_then(|node| one_of(&node, &UNKNOWN)),
            last_resort_before: section.get("last_resort_before").and_then(|node| seconds(&node)),
            last_resort_contradiction: section
                .get("last_resort_contradiction")
                .and_then(|node| one_of(&node, &CONTRADICTION)),
            last_resort_unknown: section.get("last_resort_unknown").and_then(|node| one_of(&node, &UNKNOWN)),
            refused: section.get("refused").and_then(|node| one_of(&node, &REFUSED)),
        };
        section.finish();
        level
    }

    /// Lays it over what farther levels say.
    pub(super) fn lay_over(&self, policy: &mut CarrierPolicy) {
        if self.profile.is_some() {
            policy.profile.clone_from(&self.profile);
        }
        policy.contradiction = self.contradiction.unwrap_or(policy.contradiction);
        policy.unknown = self.unknown.unwrap_or(policy.unknown);
        policy.last_resort_before = self.last_resort_before.unwrap_or(policy.last_resort_before);
        policy.last_resort_contradiction =
            self.last_resort_contradiction.unwrap_or(policy.last_resort_contradiction);
        policy.last_resort_unknown = self.last_resort_unknown.unwrap_or(policy.last_resort_unknown);
        policy.refused = self.refused.unwrap_or(policy.refused);
    }
}

/// A profile's name: it stands in keys and on command lines.
fn profile(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let fits = (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        node.problem(format!("{} is no name of a profile: use 1 to 40 of a-z, 0-9 and -", shown(text)));
    }
    fits.then(|| text.to_owned())
}

pub(super) fn one_of<T: Copy>(node: &Node<'_>, all: &[(&'static str, T)]) -> Option<T> {
    let text = node.text()?;
    let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    if found.is_none() {
        let names = || all.iter().map(|(name, _)| *name);
        let hint = did_you_mean(text, names());
        let known = names().collect::<Vec<_>>().join(", ");
        node.problem(format!("must be one of {known}, not {}{hint}", shown(text)));
    }
    found
}

pub(super) fn seconds(node: &Node<'_>) -> Option<Duration> {
    let seconds = node.number()?;
    if (0.0..=LONGEST_S).contains(&seconds) {
        return Some(Duration::from_secs_f64(seconds));
    }
    node.problem("must be seconds, 0 to 2592000 (thirty days)");
    None
}
