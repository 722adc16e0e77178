//! States in words: why a package stands where it stands, what it waits for, and what the merchant can do next.

use domain::package::Package;
use domain::state::{Cause, NotOurs, State, Waiting};
use jiff::Timestamp;
use serde::Serialize;

/// What a person can do next, with the command for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does, or what to do first.
    pub what: String,
    /// The command; absent where something is to be done elsewhere.
    pub command: Option<String>,
}

impl Step {
    pub(super) fn elsewhere(what: impl Into<String>) -> Self {
        Self { what: what.into(), command: None }
    }

    pub(super) fn command(what: impl Into<String>, command: String) -> Self {
        Self { what: what.into(), command: Some(format!("parcelwire {command}")) }
    }
}

/// A text as one word of a shell's command line.
pub(super) fn quoted(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | ':' | '/' | '@' | '+');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The stable name of why a package stands where it stands.
pub(super) fn cause(state: &State) -> Option<String> {
    Some(match state {
        State::Planned { waiting, .. } => match waiting {
            Waiting::Nothing => return None,
            Waiting::Tokens => "limit".into(),
            Waiting::Connection => "connection".into(),
            Waiting::Pause { .. } => "pause".into(),
            Waiting::OtherPackage => "other_package".into(),
            Waiting::Facts => "facts".into(),
            Waiting::LastParcel => "last_parcel".into(),
            Waiting::Bulk => "bulk".into(),
        },
        State::Held { cause, .. } => cause.name().into(),
        State::Rejected { code, .. } => code.clone(),
        State::NotOurs { why } => not_ours(why).into(),
        State::Intent { .. }
        | State::Accepted { .. }
        | State::Visible { .. }
        | State::Missing { .. }
        | State::Doubt { .. }
        | State::NeedsMerchant { .. }
        | State::Conflict { .. }
        | State::Cancelled { .. }
        | State::Superseded { .. } => return None,
    })
}

/// The stable name of a reason why something is not ours.
pub(super) fn not_ours(why: &NotOurs) -> &'static str {
    match why {
        NotOurs::NoMarketplaceOrder => "no_marketplace_order",
        NotOurs::FulfilledByMarketplace => "fulfilled_by_marketplace",
        NotOurs::ConfirmsItself => "confirms_itself",
        NotOurs::PickUp => "pick_up",
        NotOurs::CancelledThere => "cancelled_there",
        NotOurs::AlreadyShown => "already_shown",
        NotOurs::BeforeStart => "before_start",
        NotOurs::SyncOff => "sync_off",
        NotOurs::ByRuling { .. } => "by_ruling",
        NotOurs::UnknownToStore => "unknown_to_store",
        NotOurs::Erased => "erased",
        NotOurs::FirstParcelTold => "first_parcel_told",
    }
}

/// The state in a sentence.
pub(super) fn reason(state: &State) -> String {
    match state {
        State::Planned { waiting, .. } => match waiting {
            Waiting::Nothing => "about to be confirmed".into(),
            Waiting::Tokens => "waits for its turn: the account's limit is used up".into(),
            Waiting::Connection => {
                "waits until the connection works again: it is paused or must be connected again".into()
            }
            Waiting::Pause { why } => format!("pauses after a failure: {why}"),
            Waiting::OtherPackage => "another package of the order must be changed first".into(),
            Waiting::Facts => "the marketplace order must be read first".into(),
            Waiting::Bulk => "waits for the next bulk: without a number it can only go in one".into(),
            Waiting::LastParcel => {
                "waits until the order's last parcel has left or its deadline nears, as you chose".into()
            }
        },
        State::Intent { attempt, .. } => format!("being told to the marketplace, try {attempt}"),
        State::Accepted { .. } => "accepted; not seen on the marketplace yet".into(),
        State::Visible { .. } => "the marketplace shows it".into(),
        State::Missing { .. } => "accepted, but the marketplace does not show it".into(),
        State::Doubt { .. } => {
            "it may have been confirmed: the marketplace is read before anything else".into()
        }
        State::Rejected { code, words, .. } => {
            format!("the marketplace refused it: {code} {words}").trim_end().into()
        }
        State::NeedsMerchant { action, .. } => format!("only you can mend it: {action}"),
        State::Held { cause, .. } => held(cause),
        State::Conflict { theirs, ours } => {
            format!("the marketplace shows {theirs}; the store says {ours}; nothing is overwritten")
        }
        State::Cancelled { reason } => reason.clone(),
        State::Superseded { by } => format!("package {by} took its place"),
        State::NotOurs { why } => why.reason(),
    }
}

fn held(cause: &Cause) -> String {
    match cause {
        Cause::NoTrackingNumber => "the store has no tracking number for it yet".into(),
        Cause::NumberNeeded => {
            "it has no tracking number, and this marketplace takes no parcel without one".into()
        }
        Cause::NoCarrier => "the store named no carrier".into(),
        Cause::CarrierUnmapped { text, suggestions } if suggestions.is_empty() => {
            format!("no carrier code is known for {text:?}")
        }
        Cause::CarrierUnmapped { text, suggestions } => {
            format!("no carrier code is known for {text:?}; near it: {}", suggestions.join(", "))
        }
        Cause::CarrierContradicted { text, detail } => format!("the store says {text:?}, but {detail}"),
        Cause::LineUnclear { lines } => {
            format!("matches no line of the marketplace order: {}", lines.join(", "))
        }
        Cause::SurplusNumber => {
            "the fulfillment has more tracking numbers than units: none is left for this one".into()
        }
        Cause::TooMany { detail } | Cause::OrderUnclear { detail } | Cause::InDoubt { detail, .. } => {
            detail.clone()
        }
        Cause::Pending => "the marketplace has not released the order yet (not paid)".into(),
        Cause::EditByHand => {
            "it was changed at the store after it was confirmed, and this marketplace takes no change".into()
        }
        Cause::LineInParts { lines } => {
            format!(
                "this marketplace takes a line only in one parcel, and this one holds {}",
                lines.join(", ")
            )
        }
        Cause::AccessClosed => "the marketplace lets this account's app confirm no parcels any more".into(),
    }
}

/// What has to happen before it moves by itself, and when that is looked at.
pub(super) fn waits_for(package: &Package) -> (Option<String>, Option<Timestamp>) {
    let what = match &package.state {
        State::Planned { waiting: Waiting::Nothing, .. } => "the next look",
        State::Planned { waiting: Waiting::Tokens, .. } => "the account's limit",
        State::Planned { waiting: Waiting::Connection, .. } => "the connection",
        State::Planned { waiting: Waiting::Pause { .. }, .. } => "the end of the pause",
        State::Planned { waiting: Waiting::OtherPackage, .. } => "another package of the order",
        State::Planned { waiting: Waiting::Facts, .. } => "a read of the marketplace order",
        State::Planned { waiting: Waiting::LastParcel, .. } => "the order's last parcel",
        State::Planned { waiting: Waiting::Bulk, .. } => "the next bulk",
        State::Intent { .. } => "the marketplace's answer",
        State::Accepted { .. } | State::Missing { .. } => "the marketplace to show it",
        State::Doubt { .. } => "a read of the marketplace order",
        State::Held { cause: Cause::NoTrackingNumber | Cause::NumberNeeded, .. } => {
            "the store's tracking number"
        }
        State::Held { cause: Cause::Pending, .. } => "the marketplace to release the order",
        State::Held { .. }
        | State::Rejected { .. }
        | State::NeedsMerchant { .. }
        | State::Conflict { .. } => "you",
        State::Visible { .. }
        | State::Cancelled { .. }
        | State::Superseded { .. }
        | State::NotOurs { .. } => {
            return (None, None);
        }
    };
    (Some(what.to_owned()), package.state.next_look())
}

/// What the merchant can do about a package.
///
/// `order` is how commands name its order; `several`: the order has more packages than this one.
pub(super) fn steps(package: &Package, order: &str, several: bool) -> Vec<Step> {
    let connection = package.order.account.connection.as_str();
    let order = quoted(order);
    let which = if several { format!(" --package {}", quoted(&package.key)) } else { String::new() };
    let hold = |action: &str| format!("hold {order} {action}{which}");
    let retry = |what: &str| Step::command(what, format!("retry {order}"));
    let by_hand =
        || Step::command("or confirm it in your seller account, then say so", hold("confirmed-by-hand"));
    let ignore = || Step::command("or leave it for good", hold("ignore --reason WHY"));
    let send = |what: &str| Step::command(what, hold("send-once"));
    match &package.state {
        State::Planned { waiting: Waiting::Connection, .. } => {
            vec![Step::command("once it is connected again", format!("resume {connection}")), by_hand()]
        }
        State::Planned { waiting: Waiting::Pause { .. }, .. } => {
            vec![retry("it goes on by itself; to try at once"), by_hand()]
        }
        State::Planned { .. } | State::Intent { .. } | State::Doubt { .. } | State::Accepted { .. } => {
            Vec::new()
        }
        State::Held { cause, .. } => {
            let mut steps = held_steps(cause, connection, &retry);
            match cause {
                Cause::CarrierContradicted { .. } => {
                    steps.push(send("or, if the store is right all the same"));
                }
                Cause::LineInParts { .. } => {
                    steps.push(send("or have this part told all the same, which the marketplace may refuse"));
                }
                Cause::NoTrackingNumber
                | Cause::NumberNeeded
                | Cause::NoCarrier
                | Cause::CarrierUnmapped { .. }
                | Cause::LineUnclear { .. }
                | Cause::SurplusNumber
                | Cause::TooMany { .. }
                | Cause::OrderUnclear { .. }
                | Cause::InDoubt { .. }
                | Cause::Pending
                | Cause::EditByHand
                | Cause::AccessClosed => {}
            }
            steps.extend([by_hand(), ignore()]);
            steps
        }
        State::Rejected { .. } | State::NeedsMerchant { .. } => vec![
            Step::elsewhere("put right what it says"),
            retry("then have it tried again"),
            by_hand(),
            ignore(),
        ],
        State::Missing { .. } => vec![
            Step::elsewhere("look in your seller account whether the order shows the parcel"),
            retry("have the marketplace read again at once"),
            by_hand(),
        ],
        State::Conflict { .. } => vec![
            Step::elsewhere("look in your seller account which number is right; if ours is, change it there"),
            Step::command("then say that it is done", hold("confirmed-by-hand")),
            ignore(),
        ],
        State::NotOurs { why } => match why {
            NotOurs::BeforeStart => vec![send("if it is to be sent all the same")],
            NotOurs::SyncOff => vec![
                Step::elsewhere("switch sync on in the settings: parcels that leave from then on are sent"),
                send("if this one is to be sent all the same"),
            ],
            NotOurs::ByRuling { .. } => vec![send("to take that back")],
            NotOurs::NoMarketplaceOrder
            | NotOurs::FulfilledByMarketplace
            | NotOurs::ConfirmsItself
            | NotOurs::PickUp
            | NotOurs::CancelledThere
            | NotOurs::AlreadyShown
            | NotOurs::UnknownToStore
            | NotOurs::Erased
            | NotOurs::FirstParcelTold => Vec::new(),
        },
        State::Visible { .. } | State::Cancelled { .. } | State::Superseded { .. } => Vec::new(),
    }
}

fn held_steps(cause: &Cause, connection: &str, retry: &dyn Fn(&str) -> Step) -> Vec<Step> {
    match cause {
        Cause::CarrierUnmapped { text, suggestions } => {
            let set = |code: &str| format!("map set {} {code} --account {connection}", quoted(text));
            let first = Step::command("say which code of the marketplace it is", set("CODE"));
            let near =
                suggestions.iter().map(|code| Step::command(format!("if it is {code}"), set(&quoted(code))));
            std::iter::once(first).chain(near).collect()
        }
        Cause::LineUnclear { lines } => {
            let skus = lines.iter().filter_map(|line| line.strip_prefix("SKU "));
            let mut steps: Vec<Step> = skus
                .map(|sku| {
                    let set = format!("sku set {} MARKETPLACE-SKU --account {connection}", quoted(sku));
                    Step::command(format!("say what {sku} is called at the marketplace"), set)
                })
                .collect();
            if steps.is_empty() {
                steps.push(Step::elsewhere("give the store's line the SKU that the marketplace knows"));
                steps.push(retry("then have the store read again"));
            }
            steps
        }
        Cause::NoTrackingNumber | Cause::NumberNeeded => {
            vec![Step::elsewhere("enter the tracking number at the store: it goes on by itself")]
        }
        Cause::CarrierContradicted { .. } => vec![Step::elsewhere(
            "look at the label, and correct the carrier or the number at the store: it goes on by itself",
        )],
        Cause::NoCarrier => {
            vec![Step::elsewhere("enter the carrier at the store: it goes on by itself")]
        }
        Cause::SurplusNumber => {
            vec![Step::elsewhere("enter at the store which items travel under this number, if any do")]
        }
        Cause::TooMany { .. } | Cause::OrderUnclear { .. } | Cause::InDoubt { .. } => {
            vec![
                Step::elsewhere("correct the fulfillments at the store"),
                retry("then have everything read again"),
            ]
        }
        Cause::Pending => vec![retry("it goes on by itself once released; to look at once")],
        Cause::EditByHand => vec![Step::elsewhere("change it in your seller account")],
        Cause::LineInParts { .. } => vec![Step::elsewhere(
            "in your seller account, mark the order as shipped and enter every tracking number of the line",
        )],
        Cause::AccessClosed => vec![
            Step::elsewhere(
                "confirm it in your seller account, or by a shipping service that the marketplace lists",
            ),
            Step::command("once the app may confirm again", format!("resume {connection}")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_stay_one_word_of_a_command() {
        for (text, want) in [
            ("111-2223334", "111-2223334"),
            ("Zephyr Pigeon", "'Zephyr Pigeon'"),
            ("#1001", "'#1001'"),
            ("", "''"),
            ("-rf", "'-rf'"),
            ("a'; rm b", r"'a'\''; rm b'"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(quoted(text), want);
        }
    }
}
