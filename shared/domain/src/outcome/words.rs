//! Causes and states in words: for grouping alerts, and for the history.

use crate::connection::MailKind;
use crate::state::{Cause, State, Waiting};

/// What alerts of this cause are grouped by.
#[must_use]
pub fn cause_group(cause: &Cause) -> String {
    if let Cause::CarrierUnmapped { text, .. } = cause {
        return format!("carrier_unmapped:{}", text.to_lowercase());
    }
    cause.name().to_owned()
}

/// Which kind of mail tells of this cause.
#[must_use]
pub fn cause_kind(cause: &Cause) -> MailKind {
    match cause {
        Cause::CarrierUnmapped { .. } | Cause::NoCarrier => MailKind::CarrierToMap,
        // Nothing is to be mapped: the store's carrier or its number is to be corrected.
        Cause::CarrierContradicted { .. } => MailKind::Unclear,
        Cause::NoTrackingNumber
        | Cause::NumberNeeded
        | Cause::LineUnclear { .. }
        | Cause::SurplusNumber
        | Cause::TooMany { .. }
        | Cause::OrderUnclear { .. }
        | Cause::InDoubt { .. }
        | Cause::Pending => MailKind::Unclear,
        Cause::EditByHand | Cause::LineInParts { .. } => MailKind::Conflict,
        Cause::AccessClosed => MailKind::Rejected,
    }
}

/// A state in words for the history.
pub(super) fn describe(state: &State) -> String {
    match state {
        State::Planned { waiting, .. } => match waiting {
            Waiting::Nothing => "planned".into(),
            Waiting::Tokens => "planned: the account's limit is used up".into(),
            Waiting::Connection => "planned: the account is paused or must be connected again".into(),
            Waiting::Pause { why } => format!("planned again: {why}"),
            Waiting::OtherPackage => "planned: another package of the order goes first".into(),
            Waiting::Facts => "planned: the order must be read first".into(),
            Waiting::Bulk => "planned: goes with the next bulk".into(),
            Waiting::LastParcel => "planned: waits for the order's last parcel, or the deadline".into(),
        },
        State::Intent { version, attempt, .. } => {
            format!("telling the marketplace: version {version}, try {attempt}")
        }
        State::Accepted { request_id, .. } => {
            format!("accepted, request {}", request_id.as_deref().unwrap_or("without an id"))
        }
        State::Visible { .. } => "the marketplace shows it".into(),
        State::Missing { .. } => "accepted, but not shown".into(),
        State::Doubt { .. } => "in doubt: it may have been applied, reading before anything else".into(),
        State::Rejected { code, words, .. } => format!("rejected: {code} {words}"),
        State::NeedsMerchant { action, .. } => format!("needs the merchant: {action}"),
        State::Held { cause, .. } => {
            if let Cause::CarrierUnmapped { text, .. } = cause {
                format!("held: no carrier code for {text:?}")
            } else if let Cause::CarrierContradicted { text, detail } = cause {
                format!("held: the store says {text:?}, but {detail}")
            } else {
                format!("held: {}", cause.name().replace('_', " "))
            }
        }
        State::Conflict { theirs, ours } => {
            format!("conflict: the marketplace shows {theirs}, the store says {ours}")
        }
        State::Cancelled { reason } => format!("cancelled: {reason}"),
        State::Superseded { by } => format!("superseded by {by}"),
        State::NotOurs { why } => format!("not ours: {}", why.reason()),
    }
}
