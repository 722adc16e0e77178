//! What a merchant chose for carriers that are not certain.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state::Cause;

/// What is done with a parcel whose number contradicts its carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnContradiction {
    /// It waits until somebody answers.
    #[default]
    Hold,
    /// It is sent as the store says, and the merchant is told once.
    Warn,
    /// It is sent as the store says; only its history tells of it.
    Ignore,
}

/// What is done with a parcel whose carrier has no code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It waits until somebody maps the carrier.
    #[default]
    Hold,
    /// It is sent under the marketplace's word for *other* with the store's text as name, where that is allowed.
    Other,
}

/// What is done when the marketplace refuses a carrier code that its list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefused {
    /// The merchant is asked.
    #[default]
    Ask,
    /// It is told once more, under the marketplace's word for *other* with the carrier's name.
    Other,
}

/// What a marketplace account does where the carrier is not certain, and whose mappings it shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CarrierPolicy {
    /// The mapping profile that this account uses, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A number that contradicts the carrier.
    pub contradiction: OnContradiction,
    /// A carrier without a code.
    pub unknown: OnUnknown,
    /// How long before ship-by the last resorts below begin to hold.
    #[serde(with = "crate::connection::seconds")]
    pub last_resort_before: Duration,
    /// Near the deadline, for a contradiction that would be held.
    pub last_resort_contradiction: OnContradiction,
    /// Near the deadline, for a carrier without a code.
    pub last_resort_unknown: OnUnknown,
    /// A code that the marketplace refused, where it may stand under *other*.
    pub refused: OnRefused,
}

impl Default for CarrierPolicy {
    fn default() -> Self {
        Self {
            profile: None,
            contradiction: OnContradiction::Hold,
            unknown: OnUnknown::Hold,
            last_resort_before: Duration::from_secs(2 * 3600),
            last_resort_contradiction: OnContradiction::Hold,
            last_resort_unknown: OnUnknown::Hold,
            refused: OnRefused::Ask,
        }
    }
}

impl CarrierPolicy {
    /// What is done with a contradiction at `now`.
    #[must_use]
    pub fn on_contradiction(&self, ship_by: Option<Timestamp>, now: Timestamp) -> OnContradiction {
        if self.contradiction == OnContradiction::Hold && self.is_near(ship_by, now) {
            self.last_resort_contradiction
        } else {
            self.contradiction
        }
    }

    /// What is done with a carrier without a code at `now`.
    #[must_use]
    pub fn on_unknown(&self, ship_by: Option<Timestamp>, now: Timestamp) -> OnUnknown {
        if self.is_near(ship_by, now) && self.last_resort_unknown == OnUnknown::Other {
            OnUnknown::Other
        } else {
            self.unknown
        }
    }

    /// When a parcel held for `cause` is to be decided again by time alone; `None` if time changes nothing.
    #[must_use]
    pub fn decided_again_at(&self, cause: &Cause, ship_by: Option<Timestamp>) -> Option<Timestamp> {
        let waits = match cause {
            Cause::CarrierContradicted { .. } => {
                self.last_resort_contradiction != OnContradiction::Hold
                    && self.contradiction == OnContradiction::Hold
            }
            Cause::CarrierUnmapped { .. } => {
                self.last_resort_unknown != OnUnknown::Hold && self.unknown == OnUnknown::Hold
            }
            Cause::NoTrackingNumber
            | Cause::NumberNeeded
            | Cause::NoCarrier
            | Cause::LineUnclear { .. }
            | Cause::SurplusNumber
            | Cause::TooMany { .. }
            | Cause::OrderUnclear { .. }
            | Cause::InDoubt { .. }
            | Cause::Pending
            | Cause::EditByHand
            | Cause::LineInParts { .. }
            | Cause::AccessClosed => false,
        };
        if waits { self.nears_at(ship_by) } else { None }
    }

    fn nears_at(&self, ship_by: Option<Timestamp>) -> Option<Timestamp> {
        ship_by?.checked_sub(SignedDuration::try_from(self.last_resort_before).ok()?).ok()
    }

    /// From the last resort's beginning on, and past the deadline too: late is no reason to wait longer.
    fn is_near(&self, ship_by: Option<Timestamp>, now: Timestamp) -> bool {
        self.nears_at(ship_by).is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(s).unwrap()
    }

    fn contradicted() -> Cause {
        Cause::CarrierContradicted { text: "UPS".into(), detail: "a USPS number".into() }
    }

    fn unmapped() -> Cause {
        Cause::CarrierUnmapped { text: "Zephyr".into(), suggestions: Vec::new() }
    }

    #[test]
    fn by_default_everything_uncertain_waits_for_ever() {
        let policy = CarrierPolicy::default();
        for now in [at(0), at(9_000), at(90_000)] {
            assert_eq!(policy.on_contradiction(Some(at(10_000)), now), OnContradiction::Hold);
            assert_eq!(policy.on_unknown(Some(at(10_000)), now), OnUnknown::Hold);
        }
        for cause in [contradicted(), unmapped(), Cause::Pending] {
            assert_eq!(policy.decided_again_at(&cause, Some(at(10_000))), None);
        }
    }

    #[test]
    fn near_the_deadline_the_last_resort_holds_and_the_parcel_is_decided_again_then() {
        let policy = CarrierPolicy {
            last_resort_before: Duration::from_secs(1_000),
            last_resort_contradiction: OnContradiction::Warn,
            last_resort_unknown: OnUnknown::Other,
            ..CarrierPolicy::default()
        };
        for (now, contradiction, unknown) in [
            (8_999, OnContradiction::Hold, OnUnknown::Hold),
            (9_000, OnContradiction::Warn, OnUnknown::Other),
            (99_000, OnContradiction::Warn, OnUnknown::Other),
        ] {
            assert_eq!(policy.on_contradiction(Some(at(10_000)), at(now)), contradiction, "{now}");
            assert_eq!(policy.on_unknown(Some(at(10_000)), at(now)), unknown, "{now}");
        }
        assert_eq!(
            policy.on_contradiction(None, at(99_000)),
            OnContradiction::Hold,
            "no deadline is never near"
        );
        for cause in [contradicted(), unmapped()] {
            assert_eq!(policy.decided_again_at(&cause, Some(at(10_000))), Some(at(9_000)));
            assert_eq!(policy.decided_again_at(&cause, None), None);
        }
        assert_eq!(policy.decided_again_at(&Cause::NoCarrier, Some(at(10_000))), None);
    }

    #[test]
    fn who_chose_to_send_at_once_is_not_held_near_the_deadline() {
        let policy = CarrierPolicy {
            contradiction: OnContradiction::Ignore,
            unknown: OnUnknown::Other,
            ..CarrierPolicy::default()
        };
        assert_eq!(policy.on_contradiction(Some(at(10)), at(20)), OnContradiction::Ignore);
        assert_eq!(policy.on_unknown(Some(at(10)), at(20)), OnUnknown::Other);
    }

    #[test]
    fn settings_of_before_are_read_with_the_defaults() {
        assert_eq!(serde_json::from_str::<CarrierPolicy>("{}").unwrap(), CarrierPolicy::default());
        let json = serde_json::to_string(&CarrierPolicy::default()).unwrap();
        assert_eq!(serde_json::from_str::<CarrierPolicy>(&json).unwrap(), CarrierPolicy::default());
    }
}
