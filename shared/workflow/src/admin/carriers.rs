//! What a merchant may ask about carriers before it hurts: which texts would hold parcels, and what a change of
//! mappings would do.

mod dry_run;
mod lint;
mod release;
mod seen;
mod suggest;
mod unlisted;

use carriers::How;
use domain::carrier_policy::OnContradiction;
use domain::confirmation::CarrierCode;
use domain::plan::{CarrierKnown, Objection};
use domain::state::{Cause, State};
use jiff::Timestamp;
use serde::Serialize;

use super::words::{self, quoted};
use crate::mappings::Reach;
use crate::sync::Fate;

pub use dry_run::{DryRun, Edit, Shift, Shifts, map_dry_run};
pub use lint::{HeldText, Lint, OtherShare, OutdatedMapping, map_lint};
pub(super) use release::would_release;
pub use suggest::{Suggested, SuggestedIn, map_suggest};
pub use unlisted::UnlistedMapping;

/// What becomes, or would become, of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `sent`; `held` until somebody answers; `waits` for something that passes; `stays` as it is.
    pub does: &'static str,
    /// The marketplace's code, if it is sent.
    pub code: Option<String>,
    /// The carrier's name, only with the marketplace's word for *other*.
    pub name: Option<String>,
    /// The service that goes along.
    pub service: Option<String>,
    /// The stable name of why it is not sent, as in `orders`.
    pub cause: Option<String>,
    /// Why it is not sent, in a sentence.
    pub reason: Option<String>,
}

impl Outcome {
    fn sent(carrier: CarrierCode, service: Option<String>) -> Self {
        let CarrierCode { code, name } = carrier;
        Self { does: "sent", code: Some(code), name, service, cause: None, reason: None }
    }

    /// Of a state in which nothing is sent.
    fn standing(state: &State) -> Self {
        let does = match state {
            State::Held { .. } => "held",
            State::Planned { .. } => "waits",
            State::Intent { .. }
            | State::Accepted { .. }
            | State::Visible { .. }
            | State::Missing { .. }
            | State::Doubt { .. }
            | State::Rejected { .. }
            | State::NeedsMerchant { .. }
            | State::Conflict { .. }
            | State::Cancelled { .. }
            | State::Superseded { .. }
            | State::NotOurs { .. } => "stays",
        };
        let cause = words::cause(state).or_else(|| Some(state.name().as_str().to_owned()));
        Self { does, code: None, name: None, service: None, cause, reason: Some(words::reason(state)) }
    }

    fn held(cause: Cause, since: Timestamp) -> Self {
        Self::standing(&State::Held { cause, since })
    }

    fn of_fate(fate: Fate) -> Self {
        match fate {
            Fate::Told(carrier, service) => Self::sent(carrier, service),
            Fate::Stands(state) => Self::standing(&state),
        }
    }

    /// What a decision alone makes of a parcel. A person who said *send once* has answered its objection.
    fn of_carrier(known: CarrierKnown, send_once: bool, now: Timestamp) -> Self {
        match known {
            CarrierKnown::Code {
                objection: Some(Objection { text, detail, then: OnContradiction::Hold }),
                ..
            } if !send_once => Self::held(Cause::CarrierContradicted { text, detail }, now),
            CarrierKnown::Code { carrier, service, .. } => Self::sent(carrier, service),
            CarrierKnown::Unmapped { text, suggestions } => {
                Self::held(Cause::CarrierUnmapped { text, suggestions }, now)
            }
            CarrierKnown::Missing => Self::held(Cause::NoCarrier, now),
        }
    }

    /// Whether a merchant would see a difference; which codes are suggested makes none.
    fn differs(&self, other: &Self) -> bool {
        let seen = |outcome: &Self| {
            let Self { does, code, name, service, cause, .. } = outcome.clone();
            (does, code, name, service, cause)
        };
        seen(self) != seen(other)
    }

    fn is_sent(&self) -> bool {
        self.does == "sent"
    }

    fn is_held(&self) -> bool {
        self.does == "held"
    }
}

/// The command that maps a text; without a code, `CODE` stands in its place.
fn set_command(text: &str, how: How, code: Option<&str>, reach: &Reach) -> String {
    let code = code.map_or_else(|| "CODE".to_owned(), quoted);
    let how = match how {
        How::Folded => "",
        How::Exact => " --exact",
        How::Pattern => " --pattern",
    };
    let target = match reach {
        Reach::Account(connection) => format!("--account {}", quoted(connection.as_str())),
        Reach::Marketplace(kind) => format!("--marketplace {}", quoted(kind)),
        Reach::Profile { kind, name } => format!("--marketplace {} --profile {}", quoted(kind), quoted(name)),
    };
    format!("parcelwire map set {} {code}{how} {target}", quoted(text))
}

/// Codes of a marketplace near any of the hints, best first; without a country, of its first list that has any.
fn near(kind: &str, country: Option<&str>, hints: &[&str]) -> Vec<&'static str> {
    let countries = country.map_or_else(|| carriers::countries(kind), |_| Vec::new());
    let lists = country.into_iter().chain(countries).filter_map(|country| carriers::accepted(kind, country));
    lists
        .map(|list| hints.iter().flat_map(|hint| list.suggest(hint)).collect::<Vec<_>>())
        .find(|near| !near.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
