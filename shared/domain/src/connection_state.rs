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
mod tests;
