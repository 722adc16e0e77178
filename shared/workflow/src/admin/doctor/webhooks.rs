//! Whether subscriptions are there and point here.

use connector_api::{Check, Outcome};
use domain::connection::Connection;
use jiff::Timestamp;

use super::super::webhooks::{TopicState, TopicView, WebhookView, look_at};
use super::Instruments;
use crate::world::World;

const CHECK: &str = "webhooks";
/// Deliveries this fresh prove that somebody subscribed, wherever that was done.
const FRESH_DAYS: i64 = 7;

/// One finding of all topics; the first that is wrong gives the words, since one command mends them all. `since` is when
/// something could first come.
pub(super) async fn check(
    world: &World,
    with: Instruments<'_>,
    connection: &Connection,
    heard: Option<Timestamp>,
    since: Option<Timestamp>,
) -> Option<Check> {
    let view = look_at(world, connection, with.addresses, with.webhook_secrets).await?;
    let fresh = heard.is_some_and(|at| world.now().duration_since(at).as_secs() <= FRESH_DAYS * 86_400);
    if world.connectors.store(&connection.kind).is_some() {
        return Some(judge(&view, fresh, "store"));
    }
    let check = judge(&view, fresh, "marketplace");
    let serves = check.outcome == Outcome::Good && view.polled.is_none();
    Some(if serves && heard.is_none() { never_heard(world, since, check) } else { check })
}

/// A subscription that is in order says nothing of what is on its way here: a queue's policy or key may refuse it all.
fn never_heard(world: &World, since: Option<Timestamp>, check: Check) -> Check {
    let quiet = since.is_some_and(|at| world.now().duration_since(at).as_secs() > FRESH_DAYS * 86_400);
    if !quiet {
        return Check::good(CHECK, format!("{}; nothing has come yet", check.words));
    }
    Check::by_hand(
        CHECK,
        format!("{}, yet nothing has ever come", check.words),
        "if orders changed since: see that the queue's policy and key let the marketplace in as template.yaml has them, \
         and that nobody else reads that queue",
    )
}

fn judge(view: &WebhookView, fresh: bool, who: &str) -> Check {
    let id = &view.connection;
    let register = match view.address {
        Some(_) => format!("`parcelwire webhooks register {id}`"),
        None => format!(
            "`parcelwire webhooks register {id} --address https://…`, with this system's public address"
        ),
    };
    if let Some(problem) = &view.problem {
        return Check::bad(CHECK, problem.clone(), format!("mend what the {who} says, then look again"));
    }
    if let Some(why) = &view.polled {
        return Check::good(CHECK, why.clone());
    }
    if !view.by_hand.is_empty() {
        let words = format!("this {who}'s webhooks are set by hand, and no API tells of them");
        return Check::by_hand(CHECK, words, view.by_hand.join("; "));
    }
    if view.topics.is_empty() {
        let sent_to = view.address.as_deref().unwrap_or("this system");
        let look = format!("see there that they are sent to {sent_to}");
        return Check::by_hand(
            CHECK,
            "this store's webhooks are set by hand, and no API tells of them",
            look,
        );
    }
    let of = |state: TopicState| -> Vec<&TopicView> {
        view.topics.iter().filter(|topic| topic.state == state).collect()
    };
    let names = |topics: &[&TopicView]| {
        topics.iter().map(|topic| topic.topic.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (missing, elsewhere, flawed) =
        (of(TopicState::Missing), of(TopicState::Elsewhere), of(TopicState::Flawed));
    if let Some(first) = elsewhere.first() {
        let sent_to = first.address.as_deref().unwrap_or_default();
        let words = format!("the {who} sends {} to an address we had before: {sent_to}", names(&elsewhere));
        return Check::bad(CHECK, words, register);
    }
    if let Some(first) = flawed.first() {
        let flaw = first.flaw.as_deref().unwrap_or_default();
        let words = format!("the subscription to {} does not serve: {flaw}", names(&flawed));
        return Check::bad(CHECK, words, register);
    }
    if !missing.is_empty() && missing.len() == view.topics.len() && fresh {
        // An app's configuration file and the shop's own settings subscribe too, and no API tells of those.
        let words = "webhooks come, but none was subscribed to through the store's API: they are set in the app's \
                     configuration or by hand in the shop";
        let look = format!("see there that {} are sent to this system; or {register}", names(&missing));
        return Check::by_hand(CHECK, words, look);
    }
    if !missing.is_empty() {
        return Check::bad(CHECK, format!("the {who} does not send {}", names(&missing)), register);
    }
    if view.address.is_none() {
        return Check::by_hand(
            CHECK,
            format!(
                "the {who} sends to a path of ours, but nobody said at which address this system is reached"
            ),
            "set general.public_url, or give --address, and look again",
        );
    }
    Check::good(CHECK, format!("the {who} sends {} here", names(&of(TopicState::Here))))
}
