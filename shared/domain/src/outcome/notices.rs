//! What is told of a package besides its state: that its deadline nears, that it was sent against what its number says.

use jiff::{SignedDuration, Timestamp};

use super::Words;
use crate::alert::AlertStage;
use crate::connection::MailKind;
use crate::package::Package;
use crate::state::{Cause, State, Waiting};

impl Package {
    /// When a matter that raises no alert of its own (no number yet, still waiting) becomes one: `before` its
    /// deadline, but not in the very minutes in which it goes. `None` if there is no deadline, or the merchant was told
    /// already.
    #[must_use]
    pub fn quiet_reminder(&self) -> Option<Timestamp> {
        let not_before = match &self.state {
            State::Held { cause: Cause::NoTrackingNumber, .. } | State::Intent { bulk: Some(_), .. } => None,
            State::Planned { waiting: Waiting::Pause { .. } | Waiting::Connection, .. } => None,
            State::Planned { not_before, .. } => Some(*not_before),
            State::Doubt { since, .. } => Some(*since),
            State::Held { .. }
            | State::Intent { bulk: None, .. }
            | State::Accepted { .. }
            | State::Visible { .. }
            | State::Missing { .. }
            | State::Rejected { .. }
            | State::NeedsMerchant { .. }
            | State::Conflict { .. }
            | State::Cancelled { .. }
            | State::Superseded { .. }
            | State::NotOurs { .. } => return None,
        };
        let told = self.alerts.all().iter().any(|a| a.cause == AT_RISK && a.stage != AlertStage::Closed);
        if told {
            return None;
        }
        let nears_at = self.ship_by?.saturating_sub(self.remind_before).ok()?;
        let goes = not_before.and_then(|at| at.checked_add(GOES_WITHIN).ok());
        Some(goes.map_or(nears_at, |goes| nears_at.max(goes)))
    }

    /// Raises the alert that the deadline nears, if it is time.
    pub fn raise_if_at_risk(&mut self, now: Timestamp) -> bool {
        if self.quiet_reminder().is_none_or(|at| at > now) {
            return false;
        }
        self.alert(MailKind::Unclear, AT_RISK.to_owned(), Words::default(), now);
        true
    }
}

/// How long a parcel that may go, or whose call is being settled, usually takes to be told.
const GOES_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// The cause of the notice that a parcel was sent although its number speaks against its carrier.
pub const CARRIER_DOUBTED: &str = "carrier_doubted";

impl Package {
    /// Has the merchant told, once per version, that this was sent against what its number says.
    ///
    /// A notice asks for no answer: it is closed once it was mailed, and what becomes of the parcel does not close it.
    pub fn notice_of_doubted_carrier(&mut self, words: String, now: Timestamp) {
        let version = self.wanted().map_or(1, |v| v.n);
        if self.alerts.all().iter().any(|a| a.version == version && a.cause == CARRIER_DOUBTED) {
            return;
        }
        let words = Words { theirs: Some(words), request_id: None };
        self.alert(MailKind::Unclear, CARRIER_DOUBTED.to_owned(), words, now);
    }
}

/// The cause of the notice that the marketplace shows a parcel under another carrier than it was told.
pub const CARRIER_NOT_KEPT: &str = "carrier_not_kept";

impl Package {
    /// Has the merchant told, once per version, that the marketplace files this under *other*, though it was told a
    /// carrier of its list.
    pub fn notice_of_carrier_not_kept(&mut self, words: String, now: Timestamp) {
        let version = self.wanted().map_or(1, |v| v.n);
        if self.alerts.all().iter().any(|a| a.version == version && a.cause == CARRIER_NOT_KEPT) {
            return;
        }
        self.history.note(now, words.clone());
        let words = Words { theirs: Some(words), request_id: None };
        self.alert(MailKind::Unclear, CARRIER_NOT_KEPT.to_owned(), words, now);
    }
}

/// The cause of the notice that the parcels of an order leave from several countries where they should not.
pub const SEVERAL_ORIGINS: &str = "several_origins";

impl Package {
    /// Has the merchant told, once, that this leaves from another country than the order's first parcel.
    ///
    /// A notice, like that of a doubted carrier: the parcel is told of all the same.
    pub fn notice_of_origins(&mut self, words: String, now: Timestamp) {
        if self.alerts.all().iter().any(|a| a.cause == SEVERAL_ORIGINS) {
            return;
        }
        self.history.note(now, words.clone());
        let words = Words { theirs: Some(words), request_id: None };
        self.alert(MailKind::Unclear, SEVERAL_ORIGINS.to_owned(), words, now);
    }
}

/// The cause of the alert that a parcel may miss its deadline.
pub const AT_RISK: &str = "at_risk";
