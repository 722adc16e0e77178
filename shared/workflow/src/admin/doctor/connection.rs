//! One connection: settings, secrets, state, what the other side says of it.

use std::time::Duration;

use connector_api::{Check, Outcome, Reach};
use domain::connection::Connection;
use domain::connection_state::{Activity, ConnectionState};
use domain::secret_sets;
use jiff::{SignedDuration, Timestamp};
use ports::CredentialError;
use secrecy::ExposeSecret as _;

use super::{Instruments, webhooks};
use crate::world::World;

/// A poll may be this many times its interval old.
const POLLS_MISSED: u32 = 10;
/// And at least this old, before anything is said.
const POLL_AGE: Duration = Duration::from_secs(30 * 60);
/// How often a store is polled where its settings say nothing.
const STORE_EVERY: Duration = Duration::from_secs(120);
/// Days before a credential's end at which it is told, as in the mails.
const EXPIRY_DAYS: [i64; 4] = [1, 7, 15, 30];
/// The check of the day on which a credential ends.
const EXPIRY: &str = "expiry";
/// A quiet shop is no fault; after so many days without a webhook a person should look.
const QUIET_DAYS: i64 = 7;

/// Everything about one connection.
pub(super) async fn examine(
    world: &World,
    reach: Reach<'_>,
    with: Instruments<'_>,
    connection: &Connection,
) -> Vec<Check> {
    let store = world.connectors.store(&connection.kind);
    let marketplace = world.connectors.marketplace(&connection.kind);
    let (secret_sets, problems) = match (store, marketplace) {
        (Some(store), _) => (store.secret_sets().to_vec(), store.check_options(connection)),
        (None, Some(marketplace)) => {
            (vec![marketplace.secret_names()], marketplace.check_options(connection))
        }
        (None, None) => {
            let words = format!("this build knows no connector {:?}", connection.kind);
            return vec![Check::bad(
                "connector",
                words,
                "set `kind` to one of docs/settings.md, or upgrade Parcelwire",
            )];
        }
    };
    let mut checks: Vec<Check> = problems
        .into_iter()
        .map(|problem| Check::bad("settings", problem, "put it right in the settings"))
        .collect();
    checks.push(secrets(world, connection, &secret_sets).await);
    let tells = super::super::webhooks::tells(world, &connection.kind);
    if store.is_some() {
        checks.push(webhook_secret(with, connection).await);
    }
    let state = match world.connection_state(&connection.account).await {
        Ok(state) => state.map(|stored| stored.value),
        Err(error) => {
            checks.push(Check::bad("state", error.to_string(), "see that the ledger can be read"));
            return checks;
        }
    };
    checks.extend(standing(world, connection, state.as_ref(), marketplace.is_some(), tells));
    // What cannot be right any more is not asked of the other side: one cause, one finding.
    let ready = checks
        .iter()
        .all(|check| check.outcome < Outcome::Bad || !["settings", "secrets"].contains(&check.check));
    if !ready {
        return checks;
    }
    let mut of_the_other_side = match (store, marketplace) {
        (Some(store), _) => store.check_up(reach, connection).await,
        (None, Some(marketplace)) => marketplace.check_up(reach, connection).await,
        (None, None) => Vec::new(),
    };
    // That somebody should name the day is answered where the settings do: it has been looked at above.
    if state.as_ref().is_some_and(|state| state.credentials_expire_at.is_some()) {
        of_the_other_side.retain(|check| check.check != EXPIRY);
    }
    let taken = of_the_other_side.iter().any(|c| c.check == "credentials" && c.outcome == Outcome::Good);
    checks.extend(of_the_other_side);
    // Who does not take the token tells nothing of its subscriptions either.
    if tells && taken {
        let heard = state.as_ref().and_then(|state| state.last_webhook);
        let since = state.as_ref().map(|state| state.subscribed_at.unwrap_or(state.started_at));
        checks.extend(webhooks::check(world, with, connection, heard, since).await);
    }
    checks
}

async fn secrets(world: &World, connection: &Connection, sets: &[&[&'static str]]) -> Check {
    const CHECK: &str = "secrets";
    let id = &connection.account.connection;
    let credential = match world.credentials.load(&connection.account).await {
        Ok(credential) => credential.unwrap_or_default(),
        Err(error) => return unreadable(CHECK, &error),
    };
    let given =
        |name: &str| credential.secret(name).is_some_and(|secret| !secret.expose_secret().trim().is_empty());
    let problems = secret_sets::problems(&connection.kind, sets, given);
    if problems.is_empty() {
        return Check::good(CHECK, "every secret it needs is there");
    }
    let words: Vec<String> =
        problems.into_iter().map(|problem| format!("`{}` {}", problem.name, problem.words)).collect();
    Check::bad(
        CHECK,
        words.join("; "),
        format!("put the secrets of {id} right ([connections.secrets], docs/settings.md) and apply them"),
    )
}

async fn webhook_secret(with: Instruments<'_>, connection: &Connection) -> Check {
    const CHECK: &str = "webhook_secret";
    let id = &connection.account.connection;
    match with.webhook_secrets.webhook_keys(id).await {
        Err(error) => unreadable(CHECK, &error),
        Ok(Some(keys)) if keys.secrets.iter().any(|secret| !secret.expose_secret().is_empty()) => {
            Check::good(CHECK, "there is a secret to verify its webhooks with")
        }
        Ok(_) => Check::bad(
            CHECK,
            "there is no secret to verify its webhooks with: every delivery is refused",
            format!("put the store's signing secret into the secrets of {id} as `webhook` and apply them"),
        ),
    }
}

fn unreadable(check: &'static str, error: &CredentialError) -> Check {
    Check::bad(
        check,
        error.to_string(),
        "see that the store of secrets is there and that this user may read it",
    )
}

/// What our own records say of it.
fn standing(
    world: &World,
    connection: &Connection,
    state: Option<&ConnectionState>,
    is_marketplace: bool,
    tells: bool,
) -> Vec<Check> {
    let id = &connection.account.connection;
    let Some(state) = state else {
        let mend = "start the system (`parcelwire serve`), or apply the settings to the stack";
        return vec![Check::warning("state", "it has never been started", mend)];
    };
    let now = world.now();
    let mut checks = vec![match &state.activity {
        Activity::Parked { why, since, .. } => Check::bad(
            "state",
            format!("it is parked since {since}: {why}"),
            format!(
                "authorise it again and put the new secrets in; if the old ones work again: `parcelwire resume {id}`"
            ),
        ),
        Activity::Paused { since } => Check::warning(
            "state",
            format!("a person paused it at {since}: nothing is sent for it"),
            format!("`parcelwire resume {id}`"),
        ),
        Activity::Active if !connection.sync => Check::by_hand(
            "state",
            "sync is switched off in the settings: nothing is sent for it",
            "if that is not meant, set `sync = true`",
        ),
        Activity::Active => Check::good("state", "it works"),
    }];
    checks.extend(state.credentials_expire_at.map(|ends| expiry(ends, now, id.as_str())));
    if state.works() && connection.sync {
        checks.push(polled(world, connection, state, is_marketplace));
    }
    // A marketplace need not tell anything: of one that never did, its subscriptions say enough.
    if tells && (!is_marketplace || state.last_webhook.is_some()) {
        checks.push(heard(state, now));
    }
    checks
}

fn expiry(ends: Timestamp, now: Timestamp, id: &str) -> Check {
    const CHECK: &str = EXPIRY;
    let left = ends.duration_since(now);
    let mend =
        format!("renew the credential, put it into the secrets of {id}, and set `expires` to its new day");
    if left <= SignedDuration::ZERO {
        return Check::bad(CHECK, format!("its credential ended at {ends}"), mend);
    }
    match EXPIRY_DAYS.into_iter().find(|days| left.as_secs() <= days * 86_400) {
        Some(1) => Check::warning(CHECK, format!("its credential ends within a day, at {ends}"), mend),
        Some(days) => {
            Check::warning(CHECK, format!("its credential ends within {days} days, at {ends}"), mend)
        }
        None => Check::good(CHECK, format!("its credential ends at {ends}")),
    }
}

/// Whether polls still happen: they find what webhooks missed.
fn polled(world: &World, connection: &Connection, state: &ConnectionState, is_marketplace: bool) -> Check {
    const CHECK: &str = "poll";
    let usual = if is_marketplace {
        world.connectors.marketplace(&connection.kind).map_or(STORE_EVERY, |m| m.traits().poll_every)
    } else {
        STORE_EVERY
    };
    let every = if connection.timing.poll_every.is_zero() { usual } else { connection.timing.poll_every };
    let allowed = POLL_AGE.max(every * POLLS_MISSED);
    let since = state.last_poll.unwrap_or(state.started_at);
    let age = Duration::try_from(world.now().duration_since(since)).unwrap_or_default();
    if age <= allowed {
        return Check::good(CHECK, "it was polled lately");
    }
    let words = match state.last_poll {
        Some(at) => format!("no poll has succeeded since {at}"),
        None => format!("no poll has succeeded since it was started at {}", state.started_at),
    };
    let mend = "see that the system runs (`parcelwire serve`; in AWS the schedule of poll-channels), and what its log \
                says of this connection";
    Check::warning(CHECK, words, mend)
}

fn heard(state: &ConnectionState, now: Timestamp) -> Check {
    const CHECK: &str = "heard";
    let look = "if parcels were shipped since, see whether the store shows failed deliveries";
    let quiet = |since: Timestamp| now.duration_since(since).as_secs() > QUIET_DAYS * 86_400;
    match state.last_webhook {
        Some(at) if quiet(at) => Check::by_hand(CHECK, format!("no webhook has come since {at}"), look),
        Some(at) => Check::good(CHECK, format!("a webhook came at {at}")),
        None if quiet(state.started_at) => Check::by_hand(CHECK, "no webhook has ever come", look),
        None => Check::good(CHECK, "it started lately, and no webhook has come yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_at_the_steps_of_the_mails() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (hours, want, words) in [
            (31 * 24, Outcome::Good, "ends at"),
            (30 * 24, Outcome::Warning, "within 30 days"),
            (15 * 24, Outcome::Warning, "within 15 days"),
            (7 * 24, Outcome::Warning, "within 7 days"),
            (24, Outcome::Warning, "within a day"),
            (0, Outcome::Bad, "ended at"),
            (-5, Outcome::Bad, "ended at"),
        ] {
            let check = expiry(now + SignedDuration::from_hours(hours), now, "shop");
            assert_eq!(check.outcome, want, "{hours}");
            assert!(check.words.contains(words), "{hours}: {}", check.words);
        }
    }
}
