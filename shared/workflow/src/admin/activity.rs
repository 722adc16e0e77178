//! Pausing a connection, and letting it go on.

use domain::alert::Alert;
use domain::connection_state::Activity;
use domain::keys::ItemKey;
use serde::Serialize;

use super::{AdminError, TRIES, connection_named, look, tell};
use crate::message::{AlertMessage, Look};
use crate::wake;
use crate::world::World;

/// What `pause` and `resume` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActivityChange {
    /// Which connection.
    pub connection: String,
    /// Whose.
    pub merchant: String,
    /// How it was: `active`, `paused` or `parked`.
    pub before: &'static str,
    /// How it is now.
    pub now: &'static str,
    /// Whether that is a change.
    pub changed: bool,
}

/// The stable name of an activity.
pub(super) fn name(activity: &Activity) -> &'static str {
    match activity {
        Activity::Active => "active",
        Activity::Paused { .. } => "paused",
        Activity::Parked { .. } => "parked",
    }
}

/// Stops all calls for a connection, until it is resumed. What is on its way is still brought to its end.
///
/// # Errors
/// Unknown, or not started yet.
pub async fn pause(world: &World, connection: &str) -> Result<ActivityChange, AdminError> {
    let now = world.now();
    change(world, connection, |state| {
        if !matches!(state, Activity::Paused { .. }) {
            *state = Activity::Paused { since: now };
        }
    })
    .await
}

/// Lets a paused or parked connection work again, and everything that waits for it go.
///
/// If its authorisation is still gone, the next call parks it again and the merchant hears of it again.
///
/// # Errors
/// Unknown, or not started yet.
pub async fn resume(world: &World, connection: &str) -> Result<ActivityChange, AdminError> {
    let account = connection_named(world, connection).await?.account;
    let state = world.connection_state(&account).await?;
    let was_closed = state.is_some_and(|stored| stored.value.access_closed.is_some());
    let done = change(world, connection, |state| *state = Activity::Active).await?;
    // Also when nothing changed: an earlier resume may have stopped half-way.
    wake::ensure(world, &account, world.now()).await?;
    if was_closed {
        // What is held because confirmations were not taken is decided again.
        look(world, Look::Answered { account }).await?;
    }
    Ok(done)
}

async fn change(
    world: &World,
    name_given: &str,
    change: impl Fn(&mut Activity),
) -> Result<ActivityChange, AdminError> {
    let account = connection_named(world, name_given).await?.account;
    for _ in 0..TRIES {
        let Some(mut stored) = world.connection_state(&account).await? else {
            return Err(AdminError::Refused(format!(
                "connection {name_given} has not been started yet: `parcelwire serve` starts it"
            )));
        };
        let before = stored.value.activity.clone();
        let state = &mut stored.value;
        change(&mut state.activity);
        let opened = state.activity == Activity::Active && state.access_closed.take().is_some();
        let outcome = ActivityChange {
            connection: account.connection.to_string(),
            merchant: account.merchant.to_string(),
            before: name(&before),
            now: name(&state.activity),
            changed: before != state.activity || opened,
        };
        if !outcome.changed {
            return Ok(outcome);
        }
        state.history.note(world.now(), format!("you set it from {} to {}", outcome.before, outcome.now));
        if state.activity == Activity::Active {
            state.connected_at = Some(world.now());
            state.alerts.settle_those(Alert::asks_to_reconnect);
        }
        let alerts = AlertMessage::about(&ItemKey::connection_state(&account));
        match world.ledger.commit(vec![stored.into_write(world.now())]).await {
            Ok(()) => {
                tell(world, &alerts).await?;
                return Ok(outcome);
            }
            Err(ports::LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ports::LedgerError::Conflict.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{Bench, at};
    use crate::message::Look;
    use domain::alert::{Alert, AlertStage};
    use domain::connection::MailKind;

    #[test]
    fn resume_unparks_settles_the_reconnect_mail_and_wakes_only_this_account() {
        let bench = Bench::new();
        let (us, _de) = (bench.marketplace("m", "us"), bench.marketplace("m", "de"));
        bench.change_state(&us, |state| {
            state.activity = state.activity.park("token revoked", at(5));
            state.alerts.raise(Alert {
                kind: MailKind::Reconnect,
                cause: "reconnect".into(),
                version: 1,
                raised_at: at(5),
                stage: AlertStage::Mailed { at: at(6), reminded: false, later: 0 },
                their_words: None,
                request_id: None,
            });
        });
        let done = bench.run(resume(&bench.world, "us")).unwrap();
        assert_eq!((done.before, done.now, done.changed), ("parked", "active", true));
        let state = bench.state(&us);
        assert_eq!(state.activity, Activity::Active);
        assert_eq!(state.alerts.all()[0].stage, AlertStage::ResolvedDue);
        assert_eq!(bench.looks(), [Look::Wake { account: us.account.clone(), generation: 1 }]);
        let again = bench.run(resume(&bench.world, "us")).unwrap();
        assert!(!again.changed);
    }

    #[test]
    fn pause_stops_one_account_and_names_what_it_does_not_know() {
        let bench = Bench::new();
        let (us, de) = (bench.marketplace("m", "us"), bench.marketplace("n", "de"));
        let done = bench.run(pause(&bench.world, "us")).unwrap();
        assert_eq!((done.before, done.now), ("active", "paused"));
        assert!(!bench.state(&us).works() && bench.state(&de).works());
        let unknown = bench.run(pause(&bench.world, "Shop 1")).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no connection \"Shop 1\"; there are us, de");
        assert_eq!(unknown.kind(), crate::admin::AdminErrorKind::NotFound);
    }
}
