//! Settings that may stand at three levels: everywhere, for a kind of connection, for one connection.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::carrier_policy::CarrierPolicy;
use domain::connection::{MailKind, MailSettings, Timing};
use domain::shipment_policy::ShipmentPolicy;

use super::carriers::CarriersLevel;
use super::general;
use super::mail::addresses;
use super::shipments::ShipmentsLevel;
use crate::check::shown;
use crate::near::did_you_mean;
use crate::toml_tree::{Node, Section};

/// What one level says; what it leaves open comes from the level above.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    time_zone: Option<String>,
    sync: Option<bool>,
    mail: MailLevel,
    timing: BTreeMap<&'static str, Duration>,
    carriers: CarriersLevel,
    shipments: ShipmentsLevel,
}

/// What one level says about mail.
#[derive(Clone, Debug, Default)]
struct MailLevel {
    to: Option<Vec<String>>,
    digest_hour: Option<i8>,
    weekly_test: Option<bool>,
    kinds: BTreeMap<MailKind, KindLevel>,
}

#[derive(Clone, Debug, Default)]
struct KindLevel {
    to: Option<Vec<String>>,
    off: Option<bool>,
}

/// Where a waiting time is kept.
type Field = fn(&mut Timing) -> &mut Duration;

/// The waiting times by their key.
const TIMES: [(&str, Field); 9] = [
    ("read_back_after", |t| &mut t.read_back_after),
    ("missing_after", |t| &mut t.missing_after),
    ("doubt_settles_after", |t| &mut t.doubt_settles_after),
    ("lease", |t| &mut t.lease),
    ("facts_fresh_for", |t| &mut t.facts_fresh_for),
    ("retry_after", |t| &mut t.retry_after),
    ("remind_before", |t| &mut t.remind_before),
    ("mail_gap", |t| &mut t.mail_gap),
    ("poll_every", |t| &mut t.poll_every),
];

/// The longest waiting time: thirty days.
const LONGEST_S: f64 = 2_592_000.0;

/// The key of a kind of mail.
fn mail_kind_key(kind: MailKind) -> &'static str {
    match kind {
        MailKind::CarrierToMap => "carrier_to_map",
        MailKind::Unclear => "unclear",
        MailKind::Rejected => "rejected",
        MailKind::NotShown => "not_shown",
        MailKind::Conflict => "conflict",
        MailKind::Cancellation => "cancellation",
        MailKind::Reversal => "reversal",
        MailKind::Reconnect => "reconnect",
        MailKind::DeadLetters => "dead_letters",
        MailKind::Digest => "digest",
    }
}

impl Level {
    /// What holds everywhere: from `[mail]`, `[timing]`, `[carriers]` and `[shipments]` at the top of the file.
    pub(super) fn general(root: &Section<'_>, time_zone: String) -> Self {
        // `[mail]` is finished by the reader of the transport, which knows its other keys.
        let mail = MailLevel::read(&root.section("mail"));
        let timing = read_timing(root.section("timing"));
        let carriers = CarriersLevel::read(root.section("carriers"));
        let shipments = ShipmentsLevel::read(root.section("shipments"));
        Self { time_zone: Some(time_zone), sync: None, mail, timing, carriers, shipments }
    }

    /// The keys of a level inside `section`; the caller finishes it.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let mail = section.section("mail");
        let level = Self {
            time_zone: general::time_zone(section),
            sync: section.get("sync").and_then(|node| node.boolean()),
            mail: MailLevel::read(&mail),
            timing: read_timing(section.section("timing")),
            carriers: CarriersLevel::read(section.section("carriers")),
            shipments: ShipmentsLevel::read(section.section("shipments")),
        };
        mail.finish();
        level
    }
}

impl MailLevel {
    fn read(section: &Section<'_>) -> Self {
        let to = section.get("to").map(|node| addresses(&node));
        let digest_hour = section.get("digest_hour").and_then(|node| node.whole(0..24));
        let weekly_test = section.get("weekly_test").and_then(|node| node.boolean());
        let mut kinds = BTreeMap::new();
        let by_kind = section.section("kinds");
        for kind in MailKind::ALL {
            let one = by_kind.section(mail_kind_key(kind));
            if one.is_present() {
                let to = one.get("to").map(|node| addresses(&node));
                let off = one.get("off").and_then(|node| node.boolean());
                kinds.insert(kind, KindLevel { to, off });
            }
            one.finish();
        }
        by_kind.finish();
        let digest_hour = digest_hour.and_then(|hour| i8::try_from(hour).ok());
        Self { to, digest_hour, weekly_test, kinds }
    }
}

fn read_timing(section: Section<'_>) -> BTreeMap<&'static str, Duration> {
    let mut times = BTreeMap::new();
    for (key, _) in TIMES {
        let Some(node) = section.get(key) else { continue };
        match node.number() {
            Some(seconds) if seconds > 0.0 && seconds <= LONGEST_S => {
                times.insert(key, Duration::from_secs_f64(seconds));
            }
            Some(_) => node.problem("must be seconds, above 0 and at most 2592000 (thirty days)"),
            None => {}
        }
    }
    section.finish();
    times
}

/// The levels of kinds of connections, by kind.
pub(super) fn of_kinds(
    section: &Section<'_>,
    what: &str,
    exists: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, Level> {
    let mut levels = BTreeMap::new();
    for (kind, node) in section.others() {
        if exists(kind) {
            let one = node.section();
            levels.insert(kind.to_owned(), Level::read(&one));
            one.finish();
        } else {
            no_such_kind(&node, kind, what, levels.keys().map(String::as_str));
        }
    }
    levels
}

/// Refuses a kind that no connector has.
pub(super) fn no_such_kind<'k>(
    node: &Node<'_>,
    kind: &str,
    what: &str,
    known: impl Iterator<Item = &'k str>,
) {
    let hint = did_you_mean(kind, known);
    node.problem(format!("there is no {what} connector called {}{hint}", shown(kind)));
}

/// What holds for one connection.
pub(super) struct Merged {
    pub(super) time_zone: String,
    pub(super) sync: bool,
    pub(super) mail: MailSettings,
    pub(super) timing: Timing,
    pub(super) carriers: CarrierPolicy,
    pub(super) shipments: ShipmentPolicy,
}

/// Lays levels over what is built in, the farthest first.
pub(super) fn merge(levels: &[&Level]) -> Merged {
    let mut merged = Merged {
        time_zone: "UTC".to_owned(),
        sync: true,
        mail: MailSettings { weekly_test: true, ..MailSettings::default() },
        timing: Timing::default(),
        carriers: CarrierPolicy::default(),
        shipments: ShipmentPolicy::default(),
    };
    let mut off: BTreeMap<MailKind, bool> = BTreeMap::new();
    for level in levels {
        if let Some(zone) = &level.time_zone {
            merged.time_zone.clone_from(zone);
        }
        merged.sync = level.sync.unwrap_or(merged.sync);
        merged.mail.digest_hour = level.mail.digest_hour.or(merged.mail.digest_hour);
        merged.mail.weekly_test = level.mail.weekly_test.unwrap_or(merged.mail.weekly_test);
        if let Some(to) = &level.mail.to {
            // Nearest first also here: whoever is named nearer hears of every kind, even of one that a
            // farther level sends to somebody else. Another merchant's people must not get these mails.
            merged.mail.to.clone_from(to);
            merged.mail.to_by_kind.clear();
        }
        for (kind, said) in &level.mail.kinds {
            if let Some(to) = &said.to {
                merged.mail.to_by_kind.insert(*kind, to.clone());
            }
            if let Some(switch) = said.off {
                off.insert(*kind, switch);
            }
        }
        level.carriers.lay_over(&mut merged.carriers);
        level.shipments.lay_over(&mut merged.shipments);
        for (key, field) in TIMES {
            if let Some(time) = level.timing.get(key) {
                *field(&mut merged.timing) = *time;
            }
        }
    }
    merged.mail.off = off.into_iter().filter_map(|(kind, off)| off.then_some(kind)).collect();
    merged
}

/// The kinds that nobody would hear of although they are not switched off.
pub(super) fn unheard(mail: &MailSettings) -> Vec<&'static str> {
    let silent = |kind: &MailKind| {
        !mail.off.contains(kind)
            && mail.recipients(*kind).is_empty()
            && (*kind != MailKind::Digest || mail.digest_hour.is_some())
    };
    MailKind::ALL.into_iter().filter(silent).map(mail_kind_key).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_waiting_time_of_the_domain_can_be_set() {
        let json = serde_json::to_value(Timing::default()).unwrap();
        let of_domain: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(TIMES.iter().map(|(key, _)| *key).collect::<BTreeSet<_>>(), of_domain);
        for (key, field) in TIMES {
            let mut timing = Timing::default();
            *field(&mut timing) = Duration::from_secs(987);
            assert_eq!(serde_json::to_value(timing).unwrap()[key], 987.0, "{key}");
        }
    }

    #[test]
    fn kinds_of_mail_are_spelled_as_the_domain_spells_them() {
        for kind in MailKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), mail_kind_key(kind));
        }
    }
}
