//! Where a connection stands: what changes by itself, apart from its settings.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertStage, Alerts};
use crate::connection::MailKind;
use crate::history::History;
use crate::ids::{Account, MarketplaceOrderId};

/// Whether anything is sent for a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Activity {
    /// Working.
    Active,
    /// A person paused it.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// Its authorisation is gone: only the merchant can mend it.
    Parked {
        /// Why, in the other side's words.
        why: String,
        /// Since when.
        since: Timestamp,
        /// A person had paused it before, since then: mended, it is paused again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paused: Option<Timestamp>,
    },
}

impl Activity {
    /// Parked from now on; a person's pause is remembered in it.
    #[must_use]
    pub fn park(&self, why: &str, now: Timestamp) -> Self {
        Self::Parked { why: why.to_owned(), since: now, paused: self.paused_since() }
    }

    /// With its authorisation mended: it works, unless a person had paused it.
    #[must_use]
    pub fn unpark(&self) -> Self {
        self.paused_since().map_or(Self::Active, |since| Self::Paused { since })
    }

    /// Since when it is paused, by itself or below its parking.
    #[must_use]
    pub fn paused_since(&self) -> Option<Timestamp> {
        match self {
            Self::Active => None,
            Self::Paused { since } => Some(*since),
            Self::Parked { paused, .. } => *paused,
        }
    }
}

/// That the marketplace takes confirmations from this account's app no more, though reads go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClosed {
    /// Its words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// Whose turn it is to have a reversal carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalTurn {
    /// The order.
    pub order: MarketplaceOrderId,
    /// The reversal's id in it.
    pub id: String,
    /// Since when.
    pub since: Timestamp,
}

impl ReversalTurn {
    fn is_of(&self, order: &MarketplaceOrderId, id: &str) -> bool {
        self.order == *order && self.id == id
    }
}

/// A turn that was not given back for so long may be over: whoever had it may not be there any more.
const TURN: Duration = Duration::from_secs(3600);
/// Feeds of reversals that are remembered.
const REVERSAL_FEEDS: usize = 20;

/// What the cause of a reminder that a credential ends begins with; `<date>:<days>` follows.
pub const CREDENTIAL_EXPIRES: &str = "credential_expires:";
/// How many days before a credential ends the merchant is mailed.
const REMIND_DAYS: [i64; 4] = [1, 7, 15, 30];

/// In how many seconds the memory of a silence fades to about a third: ten days, so to a half in a week.
const GAP_FADES_IN_S: u64 = 10 * 86_400;
/// A silence that is no news even for a busy shop, seconds: an evening.
const SHORTEST_GAP_S: u64 = 4 * 3600;
/// How many times its usual longest silence a store must be silent to be suspected.
const SILENT_TIMES: u64 = 3;

/// A connection's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionState {
    /// Layout of this record.
    pub schema: u16,
    /// Which connection.
    pub account: Account,
    /// Whether anything is sent.
    pub activity: Activity,
    /// Since when it works: older parcels are not sent by surprise. Set anew when sync is switched on again.
    pub started_at: Timestamp,
    /// Whether sync was on when settings were last applied.
    #[serde(default)]
    pub sync: bool,
    /// A fingerprint of its credentials: new ones un-park it.
    #[serde(default)]
    pub credentials: String,
    /// When it was last connected again: what was learned before that says nothing of it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
    /// Where the poll stands: a connector's cursor, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Since when the marketplace lets this account's app confirm no parcels, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_closed: Option<AccessClosed>,
    /// When to poll next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_poll: Option<Timestamp>,
    /// When a poll last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_poll: Option<Timestamp>,
    /// When a webhook last came (noted once a minute at most).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_webhook: Option<Timestamp>,
    /// When our subscriptions last changed: what they bring can be expected only since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribed_at: Option<Timestamp>,
    /// The longest silence between two webhooks, seconds; halved each week, so that a shop may change its ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_gap_s: Option<u64>,
    /// The reversal that may be in doubt: one of an account at a time, so that what is listed then is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversing: Option<ReversalTurn>,
    /// What the marketplace called the last reversals: those are none that is looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reversal_feeds: Vec<String>,
    /// When a package was last accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_confirmation: Option<Timestamp>,
    /// When its credentials stop working, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_expire_at: Option<Timestamp>,
    /// The day (in the merchant's zone) of the last digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_digest: Option<String>,
    /// When a digest was last begun, whatever came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_begun_at: Option<Timestamp>,
    /// The Monday of the last weekly test mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_weekly_test: Option<String>,
    /// What the merchant is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// What happened.
    #[serde(default)]
    pub history: History,
}

impl ConnectionState {
    /// The turn that keeps this reversal from its own, and has stood for so long that it may have been left behind.
    #[must_use]
    pub fn old_turn(&self, order: &MarketplaceOrderId, id: &str, now: Timestamp) -> Option<&ReversalTurn> {
        let over = |turn: &&ReversalTurn| turn.since.saturating_add(TURN).is_ok_and(|at| at <= now);
        self.reversing.as_ref().filter(|turn| !turn.is_of(order, id)).filter(over)
    }

    /// Takes the turn for a reversal; whether it has it now.
    ///
    /// Another's turn is taken only if it is `left`: an old one whose reversal was seen not to be in doubt since. Each
    /// use of a turn renews it, so one that was used meanwhile is not the same any more.
    pub fn take_turn(
        &mut self,
        order: &MarketplaceOrderId,
        id: &str,
        left: Option<&ReversalTurn>,
        now: Timestamp,
    ) -> bool {
        let free = self.reversing.as_ref().is_none_or(|turn| turn.is_of(order, id) || Some(turn) == left);
        if free {
            self.reversing = Some(ReversalTurn { order: order.clone(), id: id.to_owned(), since: now });
        }
        free
    }

    /// Gives the turn back, if this reversal has it; `feed` is what the marketplace calls it.
    pub fn give_turn_back(&mut self, order: &MarketplaceOrderId, id: &str, feed: Option<&str>) {
        if self.reversing.as_ref().is_some_and(|turn| turn.is_of(order, id)) {
            self.reversing = None;
        }
        if let Some(feed) = feed.filter(|feed| self.reversal_feeds.iter().all(|known| known != feed)) {
            self.reversal_feeds.push(feed.to_owned());
            let many = self.reversal_feeds.len().saturating_sub(REVERSAL_FEEDS);
            self.reversal_feeds.drain(..many);
        }
    }

    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// A connection that starts now. Stores tell whole seconds: a parcel of this very second is not an old one.
    #[must_use]
    pub fn starting(account: Account, now: Timestamp) -> Self {
        let started_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self {
            schema: Self::SCHEMA,
            account,
            activity: Activity::Active,
            started_at,
            sync: true,
            credentials: String::new(),
            connected_at: None,
            cursor: None,
            access_closed: None,
            next_poll: None,
            last_poll: None,
            last_webhook: None,
            subscribed_at: None,
            webhook_gap_s: None,
            reversing: None,
            reversal_feeds: Vec::new(),
            last_confirmation: None,
            credentials_expire_at: None,
            last_digest: None,
            digest_begun_at: None,
            last_weekly_test: None,
            alerts: Alerts::default(),
            history: History::default(),
        }
    }

    /// Raises the reminder that its credential ends soon, and settles those of an end that holds no more; true
    /// if that changed anything.
    ///
    /// One reminder per step of 30, 15, 7 and 1 days; a later one takes the place of the one before.
    pub fn remind_of_expiry(&mut self, now: Timestamp) -> bool {
        let before = self.alerts.clone();
        let ends = self.credentials_expire_at.map(|at| (at, at.to_zoned(jiff::tz::TimeZone::UTC).date()));
        let this_end = ends.map(|(_, date)| format!("{CREDENTIAL_EXPIRES}{date}:"));
        self.alerts.settle_those(|alert| {
            alert.cause.starts_with(CREDENTIAL_EXPIRES)
                && this_end.as_ref().is_none_or(|this| !alert.cause.starts_with(this))
        });
        if let (Some((at, _)), Some(this)) = (ends, this_end) {
            let left = at.duration_since(now).as_secs();
            if let Some(step) = REMIND_DAYS.into_iter().find(|days| left <= days * 86_400) {
                let cause = format!("{this}{step}");
                if self.alerts.all().iter().all(|alert| alert.cause != cause) {
                    for earlier in self.alerts.all_mut().iter_mut().filter(|a| a.cause.starts_with(&this)) {
                        earlier.stage = AlertStage::Closed;
                    }
                    self.alerts.raise(Alert {
                        kind: MailKind::Reconnect,
                        cause,
                        version: 1,
                        raised_at: now,
                        stage: AlertStage::Due,
                        their_words: None,
                        request_id: None,
                    });
                }
            }
        }
        self.alerts != before
    }

    /// A webhook came.
    pub fn heard_webhook(&mut self, now: Timestamp) {
        if let Some(last) = self.last_webhook.filter(|last| *last <= now) {
            let silence = u64::try_from(now.duration_since(last).as_secs()).unwrap_or_default();
            let known = self.webhook_gap_s.unwrap_or_default();
            let faded = known.saturating_mul(GAP_FADES_IN_S) / GAP_FADES_IN_S.saturating_add(silence);
            self.webhook_gap_s = Some(silence.max(faded));
        }
        self.last_webhook = self.last_webhook.max(Some(now));
    }

    /// Whether a store that sends webhooks has been silent far longer than it ever is.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.is_silent_since(self.last_webhook, now)
    }

    fn is_silent_since(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        let usual = self.webhook_gap_s.unwrap_or_default().max(SHORTEST_GAP_S);
        let silence = last.map_or(0, |last| now.duration_since(last).as_secs());
        u64::try_from(silence).is_ok_and(|silence| silence > usual.saturating_mul(SILENT_TIMES))
    }

    /// Whether a marketplace whose subscriptions we made has told nothing for far longer than is usual for it.
    ///
    /// Unlike a store it need not tell anything, so it takes two notifications to know what is usual; and subscriptions
    /// that were made anew are given their time.
    #[must_use]
    pub fn subscriptions_are_silent(&self, now: Timestamp) -> bool {
        self.subscribed_at.is_some()
            && self.webhook_gap_s.is_some()
            && self.is_silent_since(self.last_webhook.max(self.subscribed_at), now)
    }

    /// Whether its authorisation is gone, or ends within a week.
    #[must_use]
    pub fn credentials_fail(&self, now: Timestamp) -> bool {
        let ends = self.credentials_expire_at.map(|at| at.duration_since(now).as_secs());
        matches!(self.activity, Activity::Parked { .. }) || ends.is_some_and(|left| left <= 7 * 86_400)
    }

    /// Whether calls may be made for it.
    #[must_use]
    pub fn works(&self) -> bool {
        self.activity == Activity::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Timestamp {
        format!("{text}T12:00:00Z").parse().unwrap()
    }

    /// Mails what is due: the causes, and whether each is an end.
    fn mail(state: &mut ConnectionState) -> Vec<(String, bool)> {
        let mut told = Vec::new();
        for alert in state.alerts.all_mut() {
            match alert.stage {
                AlertStage::Due => {
                    told.push((alert.cause.clone(), false));
                    alert.stage = AlertStage::Mailed { at: alert.raised_at, reminded: false, later: 0 };
                }
                AlertStage::ResolvedDue => {
                    told.push((alert.cause.clone(), true));
                    alert.stage = AlertStage::Closed;
                }
                AlertStage::Mailed { .. } | AlertStage::Closed => {}
            }
        }
        told
    }

    #[test]
    fn a_store_is_silent_when_it_says_nothing_for_thrice_its_longest_silence() {
        let account = Account::new("m".try_into().unwrap(), "shop".try_into().unwrap());
        let hours = jiff::SignedDuration::from_hours;
        let mut state = ConnectionState::starting(account, day("2027-01-01"));
        let mut now = day("2027-01-01");
        assert!(
            !state.is_silent(now + hours(10_000)),
            "one that never spoke has nothing to fall silent from"
        );
        state.heard_webhook(now);
        assert!(!state.is_silent(now + hours(12)));
        assert!(state.is_silent(now + hours(13)), "thrice an evening, at the least");
        // Each hour by day, nothing for ten at night.
        for _ in 0..7 {
            for pause in [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10] {
                now += hours(pause);
                assert!(!state.is_silent(now));
                state.heard_webhook(now);
            }
        }
        assert!(!state.is_silent(now + hours(30)) && state.is_silent(now + hours(31)));
        // Busy day and night for two months: that nights were quiet once is forgotten.
        for _ in 0..60 * 24 {
            now += hours(1);
            state.heard_webhook(now);
        }
        assert!(state.is_silent(now + hours(13)));
        // A message that was late, or a clock that was set back, makes no silence.
        let gap = state.webhook_gap_s;
        state.heard_webhook(now - hours(50));
        assert_eq!((state.webhook_gap_s, state.last_webhook), (gap, Some(now)));
    }

    #[test]
    fn a_marketplace_is_silent_only_where_we_subscribed_and_know_its_usual_gap() {
        let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
        let hours = jiff::SignedDuration::from_hours;
        let now = day("2027-01-01");
        let mut state = ConnectionState::starting(account, now);
        state.heard_webhook(now);
        state.heard_webhook(now + hours(1));
        assert!(!state.subscriptions_are_silent(now + hours(100)), "nobody subscribed through us");
        state.subscribed_at = Some(now);
        assert!(!state.subscriptions_are_silent(now + hours(13)));
        assert!(state.subscriptions_are_silent(now + hours(14)));
        state.subscribed_at = Some(now + hours(20));
        assert!(!state.subscriptions_are_silent(now + hours(32)), "made anew");
        assert!(state.subscriptions_are_silent(now + hours(33)));
        state.webhook_gap_s = None;
        assert!(!state.subscriptions_are_silent(now + hours(33)), "one alone says nothing of what is usual");
    }

    #[test]
    fn a_turn_is_anothers_only_when_it_was_given_back_or_seen_to_be_left() {
        let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
        let (one, two) =
            (MarketplaceOrderId::try_from("1").unwrap(), MarketplaceOrderId::try_from("2").unwrap());
        let begun = day("2027-01-01");
        let mut state = ConnectionState::starting(account, begun);
        assert!(state.take_turn(&one, "cancel", None, begun));
        let days_later = day("2027-01-03");
        assert_eq!(state.old_turn(&two, "cancel", begun), None, "it is not old");
        assert!(!state.take_turn(&two, "cancel", None, days_later), "time alone ends no turn");
        let left = state.old_turn(&two, "cancel", days_later).cloned();
        assert_eq!(left.as_ref().map(|turn| turn.since), Some(begun));
        assert_eq!(state.old_turn(&one, "cancel", days_later), None, "its own");
        // Used again meanwhile: what was seen of it holds no more.
        let mut used = state.clone();
        assert!(used.take_turn(&one, "cancel", None, days_later));
        assert!(!used.take_turn(&two, "cancel", left.as_ref(), days_later));
        assert!(state.take_turn(&two, "cancel", left.as_ref(), days_later));
        state.give_turn_back(&one, "cancel", None);
        assert!(!state.take_turn(&one, "cancel", None, days_later), "what one lost, it cannot give back");
        state.give_turn_back(&two, "cancel", None);
        assert!(state.take_turn(&one, "cancel", None, days_later));
    }

    #[test]
    fn credentials_fail_when_they_are_gone_or_end_within_a_week() {
        let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
        let now = day("2027-01-01");
        let mut state = ConnectionState::starting(account, now);
        for (ends, fail) in [
            (None, false),
            (Some("2027-01-09"), false),
            (Some("2027-01-08"), true),
            (Some("2026-12-01"), true),
        ] {
            state.credentials_expire_at = ends.map(day);
            assert_eq!(state.credentials_fail(now), fail, "{ends:?}");
        }
        state.credentials_expire_at = None;
        state.activity = Activity::Paused { since: now };
        assert!(!state.credentials_fail(now), "a person did that");
        state.activity = Activity::Parked { why: "revoked".into(), since: now, paused: None };
        assert!(state.credentials_fail(now));
    }

    #[test]
    fn parking_remembers_a_person_s_pause_and_records_of_before_read_as_they_were() {
        let (paused_at, now) = (day("2027-01-01"), day("2027-01-02"));
        let paused = Activity::Paused { since: paused_at };
        for (before, after) in [(Activity::Active, Activity::Active), (paused.clone(), paused.clone())] {
            let parked = before.park("revoked", now);
            assert!(
                matches!(&parked, Activity::Parked { why, since, .. } if why == "revoked" && *since == now)
            );
            assert_eq!(parked.park("again", now).unpark(), after);
        }
        let old = r#"{"is":"parked","why":"revoked","since":"2027-01-02T12:00:00Z"}"#;
        let read: Activity = serde_json::from_str(old).unwrap();
        assert_eq!(read, Activity::Active.park("revoked", now));
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            old,
            "and code of before reads what is written now"
        );
    }

    #[test]
    fn a_credential_that_ends_is_told_30_15_7_and_1_days_before_and_once_when_it_was_renewed() {
        let account = Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap());
        let mut state = ConnectionState::starting(account, day("2027-01-01"));
        assert!(!state.remind_of_expiry(day("2027-01-01")), "none is known");
        state.credentials_expire_at = Some(day("2027-05-01"));
        let mut told = Vec::new();
        let mut now = day("2027-01-01");
        while now < day("2027-05-20") {
            state.remind_of_expiry(now);
            assert!(!state.remind_of_expiry(now), "once is enough");
            told.extend(mail(&mut state).into_iter().map(|(cause, _)| (now, cause)));
            now += jiff::SignedDuration::from_hours(6);
        }
        let steps = [("04-01", 30), ("04-16", 15), ("04-24", 7), ("04-30", 1)];
        let want = steps
            .map(|(at, days)| (day(&format!("2027-{at}")), format!("credential_expires:2027-05-01:{days}")));
        assert_eq!(told, want);
        // Renewed: one mail says so, though four were sent.
        state.credentials_expire_at = Some(day("2027-11-01"));
        assert!(state.remind_of_expiry(now));
        assert_eq!(mail(&mut state), [("credential_expires:2027-05-01:1".to_owned(), true)]);
        // Close to its end when it is first told: the nearest step alone.
        state.credentials_expire_at = Some(day("2027-05-23"));
        state.remind_of_expiry(now);
        assert_eq!(mail(&mut state), [("credential_expires:2027-05-23:7".to_owned(), false)]);
        state.credentials_expire_at = None;
        state.remind_of_expiry(now);
        assert_eq!(mail(&mut state), [("credential_expires:2027-05-23:7".to_owned(), true)]);
    }
}
