//! Alert intents: stored with the state change that raises them, so that none is lost and none is doubled.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::connection::MailKind;
use crate::connection_state::CREDENTIAL_EXPIRES;
use crate::outcome::{CARRIER_DOUBTED, CARRIER_NOT_KEPT, SEVERAL_ORIGINS};

/// How far an alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum AlertStage {
    /// To be mailed.
    Due,
    /// Mailed; the matter is open.
    Mailed {
        /// When first.
        at: Timestamp,
        /// The reminder before the deadline went out.
        #[serde(default)]
        reminded: bool,
        /// Later ones went out: 1 at the deadline, 2 before the marketplace cancels.
        #[serde(default, skip_serializing_if = "is_zero")]
        later: u8,
    },
    /// The matter is settled and the merchant had been mailed: a *resolved* mail is due.
    ResolvedDue,
    /// Nothing more to tell.
    Closed,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// By when a matter must be done, and when that is brought to mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// The deadline, if there is one.
    pub ship_by: Option<Timestamp>,
    /// How long before it an open matter is mailed again.
    pub remind_before: Duration,
    /// When the marketplace cancels what it heard nothing of, if it does.
    pub cancels_at: Option<Timestamp>,
}

/// How long before a marketplace cancels an order the merchant is told so.
const BEFORE_CANCELLATION: SignedDuration = SignedDuration::from_hours(24);

/// Why an open matter is mailed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reminder {
    /// The deadline nears: it can still be done by hand.
    Before,
    /// The deadline is there.
    AtDeadline,
    /// The marketplace is about to cancel the order.
    BeforeCancellation,
}

impl Deadline {
    /// A matter without one.
    pub const NONE: Self = Self { ship_by: None, remind_before: Duration::ZERO, cancels_at: None };

    /// The times at which an open matter is mailed again, soonest first.
    fn reminders(&self) -> impl Iterator<Item = (Timestamp, Reminder)> {
        let before = SignedDuration::try_from(self.remind_before).unwrap_or(SignedDuration::MAX);
        let times = [
            (self.ship_by.and_then(|at| at.checked_sub(before).ok()), Reminder::Before),
            (self.ship_by, Reminder::AtDeadline),
            (
                self.cancels_at.and_then(|at| at.checked_sub(BEFORE_CANCELLATION).ok()),
                Reminder::BeforeCancellation,
            ),
        ];
        times.into_iter().filter_map(|(at, why)| Some((at?, why)))
    }
}

/// Something the merchant must hear of, once per version and cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Which kind of mail.
    pub kind: MailKind,
    /// What it is about: alerts of one cause and account are grouped into one mail.
    pub cause: String,
    /// The version of the package it is about.
    pub version: u32,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// How far it has come.
    pub stage: AlertStage,
    /// The other side's own words, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub their_words: Option<String>,
    /// The other side's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Alert {
    /// When it is mailed again, and why; `None` if it is not open, or never again.
    fn next_reminder(&self, deadline: &Deadline) -> Option<(Timestamp, Reminder)> {
        let AlertStage::Mailed { at: mailed_at, reminded, later } = self.stage else { return None };
        let told = match (later, reminded) {
            (2.., _) => return None,
            (1, _) => Some(Reminder::AtDeadline),
            (0, true) => Some(Reminder::Before),
            (0, false) => None,
        };
        // Mailed when that time had come already: that mail was the reminder.
        deadline.reminders().find(|(at, why)| Some(*why) > told && *at > mailed_at)
    }

    /// Why it is to be mailed again now: of several reasons that have come, the latest.
    #[must_use]
    pub fn reminder_due(&self, deadline: &Deadline, now: Timestamp) -> Option<Reminder> {
        let (at, first) = self.next_reminder(deadline)?;
        let due = deadline.reminders().filter(|(at, why)| *at <= now && *why >= first);
        if at > now { None } else { due.map(|(_, why)| why).max() }
    }

    /// It was mailed again.
    pub fn was_reminded(&mut self, why: Reminder) {
        if let AlertStage::Mailed { reminded, later, .. } = &mut self.stage {
            *reminded = true;
            *later = match why {
                Reminder::Before => *later,
                Reminder::AtDeadline => 1,
                Reminder::BeforeCancellation => 2,
            };
        }
    }

    /// Whether it only tells: it asks for no answer, so that mailing it closes it and nothing else does.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        matches!(self.cause.as_str(), CARRIER_DOUBTED | CARRIER_NOT_KEPT | SEVERAL_ORIGINS)
    }

    /// Whether it asks the merchant to connect an account again, rather than tells that this will be due.
    #[must_use]
    pub fn asks_to_reconnect(&self) -> bool {
        self.kind == MailKind::Reconnect && !self.cause.starts_with(CREDENTIAL_EXPIRES)
    }
}

/// The alerts of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Alerts(Vec<Alert>);

impl Alerts {
    /// Raises an alert, unless this version and cause has one that is not closed.
    pub fn raise(&mut self, alert: Alert) {
        let same = |a: &&mut Alert| a.version == alert.version && a.cause == alert.cause;
        match self.0.iter_mut().find(same) {
            None => self.0.push(alert),
            // The matter came back before the merchant heard that it was gone: still the same matter.
            Some(known) if known.stage == AlertStage::ResolvedDue => {
                known.stage = AlertStage::Mailed { at: known.raised_at, reminded: false, later: 0 };
            }
            // It was over, and is back: a new matter.
            Some(known) if known.stage == AlertStage::Closed => *known = alert,
            Some(_) => {}
        }
        // Closed ones are kept only as the latest few, to tell a matter that comes back from a new one.
        while self.0.len() > 8 {
            match self.0.iter().position(|a| a.stage == AlertStage::Closed) {
                Some(closed) => self.0.remove(closed),
                None => break,
            };
        }
    }

    /// The matter is settled: whoever was mailed hears of it, whoever was not never does.
    ///
    /// `but` names a cause that stays open.
    pub fn settle(&mut self, but: Option<&str>) {
        for alert in &mut self.0 {
            if but.is_some_and(|open| open == alert.cause) || alert.is_notice() {
                continue;
            }
            alert.stage = match alert.stage {
                AlertStage::Due | AlertStage::Closed => AlertStage::Closed,
                AlertStage::Mailed { .. } | AlertStage::ResolvedDue => AlertStage::ResolvedDue,
            };
        }
    }

    /// These matters are settled, as in [`settle`](Self::settle); the others stay as they are.
    pub fn settle_those(&mut self, which: impl Fn(&Alert) -> bool) {
        for alert in self.0.iter_mut().filter(|alert| which(alert)) {
            alert.stage = match alert.stage {
                AlertStage::Due | AlertStage::Closed => AlertStage::Closed,
                AlertStage::Mailed { .. } | AlertStage::ResolvedDue => AlertStage::ResolvedDue,
            };
        }
    }

    /// Raises an alert of a matter that nothing settles, `name:day`: told once a day.
    ///
    /// What was mailed of it on other days is closed without another word, so that they never pile up.
    pub fn raise_daily(&mut self, alert: Alert) {
        let name = |cause: &str| cause.split(':').next().unwrap_or_default().to_owned();
        for known in &mut self.0 {
            let same_matter = name(&known.cause) == name(&alert.cause) && known.cause != alert.cause;
            if same_matter && matches!(known.stage, AlertStage::Mailed { .. }) {
                known.stage = AlertStage::Closed;
            }
        }
        self.raise(alert);
    }

    /// All alerts.
    #[must_use]
    pub fn all(&self) -> &[Alert] {
        &self.0
    }

    /// All alerts, to move their stages.
    pub fn all_mut(&mut self) -> &mut [Alert] {
        &mut self.0
    }

    /// Whether the merchant is still to act.
    #[must_use]
    pub fn open(&self) -> bool {
        self.0.iter().any(|a| matches!(a.stage, AlertStage::Due | AlertStage::Mailed { .. }))
    }

    /// When the next mail is due, if the matter must be done by this deadline.
    #[must_use]
    pub fn next_due(&self, now: Timestamp, deadline: &Deadline) -> Option<Timestamp> {
        let due = |alert: &Alert| match alert.stage {
            AlertStage::Due | AlertStage::ResolvedDue => Some(now),
            AlertStage::Mailed { .. } => alert.next_reminder(deadline).map(|(at, _)| at),
            AlertStage::Closed => None,
        };
        self.0.iter().filter_map(due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(cause: &str) -> Alert {
        Alert {
            kind: MailKind::CarrierToMap,
            cause: cause.into(),
            version: 1,
            raised_at: Timestamp::UNIX_EPOCH,
            stage: AlertStage::Due,
            their_words: None,
            request_id: None,
        }
    }

    #[test]
    fn one_alert_per_version_and_cause() {
        let mut alerts = Alerts::default();
        alerts.raise(alert("a"));
        alerts.raise(alert("a"));
        alerts.raise(alert("b"));
        alerts.raise(Alert { version: 2, ..alert("a") });
        assert_eq!(alerts.all().len(), 3);
    }

    #[test]
    fn law_5_a_matter_that_comes_back_after_it_was_closed_is_told_again() {
        let mut alerts = Alerts::default();
        alerts.raise(alert("a"));
        alerts.settle(None);
        assert!(!alerts.open());
        alerts.raise(alert("a"));
        assert_eq!(alerts.all().len(), 1);
        assert_eq!(alerts.all()[0].stage, AlertStage::Due);
    }

    #[test]
    fn what_nothing_settles_is_told_once_a_day_and_never_piles_up() {
        let mut alerts = Alerts::default();
        for day in 1..=30 {
            let today = alert(&format!("unreadable:2026-11-{day:02}"));
            alerts.raise_daily(today.clone());
            alerts.raise_daily(today.clone());
            let due = alerts.all_mut().iter_mut().filter(|a| a.stage == AlertStage::Due);
            let told: Vec<_> = due
                .map(|a| a.stage = AlertStage::Mailed { at: a.raised_at, reminded: false, later: 0 })
                .collect();
            assert_eq!(told.len(), 1, "day {day}");
        }
        assert!(alerts.all().len() <= 8);
        assert_eq!(alerts.all().iter().filter(|a| a.stage != AlertStage::Closed).count(), 1);
        alerts.settle_those(|alert| alert.cause.starts_with("other"));
        assert!(alerts.open());
    }

    #[test]
    fn law_5_a_matter_that_comes_back_after_it_was_settled_is_told_again() {
        let mut alerts = Alerts::default();
        alerts.raise(alert("a"));
        alerts.settle(None);
        assert!(!alerts.open());
        alerts.raise(alert("a"));
        assert_eq!(alerts.all().len(), 1);
        assert_eq!(alerts.all()[0].stage, AlertStage::Due);
    }

    #[test]
    fn who_was_not_mailed_hears_nothing_of_the_end() {
        let mut alerts = Alerts::default();
        alerts.raise(alert("a"));
        alerts.settle(None);
        assert_eq!(alerts.all()[0].stage, AlertStage::Closed);
        alerts.raise(alert("b"));
        alerts.all_mut()[1].stage =
            AlertStage::Mailed { at: Timestamp::UNIX_EPOCH, reminded: false, later: 0 };
        alerts.settle(None);
        assert_eq!(alerts.all()[1].stage, AlertStage::ResolvedDue);
    }

    #[test]
    fn law_5_a_notice_is_not_closed_by_what_becomes_of_the_parcel() {
        let mut alerts = Alerts::default();
        alerts.raise(alert(CARRIER_DOUBTED));
        alerts.raise(alert("a"));
        alerts.settle(None);
        let stages: Vec<_> = alerts.all().iter().map(|a| a.stage).collect();
        assert_eq!(stages, [AlertStage::Due, AlertStage::Closed]);
    }

    #[test]
    fn a_reminder_is_due_before_the_deadline_unless_the_first_mail_was_that_late() {
        let mut alerts = Alerts::default();
        alerts.raise(alert("a"));
        let at = |s: i64| Timestamp::from_second(s).unwrap();
        let due = |alerts: &Alerts, now: i64| {
            let deadline = Deadline {
                ship_by: Some(at(9000)),
                remind_before: Duration::from_secs(3600),
                cancels_at: Some(at(9000 + 7 * 86_400)),
            };
            (alerts.next_due(at(now), &deadline), alerts.all()[0].reminder_due(&deadline, at(now)))
        };
        assert_eq!(due(&alerts, 5), (Some(at(5)), None));
        let last_call = at(9000 + 6 * 86_400);
        alerts.all_mut()[0].stage = AlertStage::Mailed { at: at(10), reminded: false, later: 0 };
        assert_eq!(due(&alerts, 10), (Some(at(5400)), None));
        assert_eq!(due(&alerts, 5400), (Some(at(5400)), Some(Reminder::Before)));
        alerts.all_mut()[0].was_reminded(Reminder::Before);
        assert_eq!(due(&alerts, 5400), (Some(at(9000)), None));
        assert_eq!(due(&alerts, 9000).1, Some(Reminder::AtDeadline));
        alerts.all_mut()[0].was_reminded(Reminder::AtDeadline);
        assert_eq!(due(&alerts, 9000), (Some(last_call), None));
        alerts.all_mut()[0].was_reminded(Reminder::BeforeCancellation);
        assert_eq!(due(&alerts, 9_000_000), (None, None));
        // First mailed inside the window, and a long silence: one mail, for the latest reason.
        alerts.all_mut()[0].stage = AlertStage::Mailed { at: at(6000), reminded: false, later: 0 };
        assert_eq!(due(&alerts, 6000), (Some(at(9000)), None));
        assert_eq!(due(&alerts, 9_000_000).1, Some(Reminder::BeforeCancellation));
    }
}
