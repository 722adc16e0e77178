use std::time::Duration;

use domain::alert::{Alert, AlertStage};
use domain::connection::{LinkFrom, LinkRule, MailKind};
use futures::executor::block_on;

use super::*;
use crate::test_shop::{Stage, account, at, connection};

fn wanted(id: &str, fingerprint: &str) -> Applied {
    Applied {
        connection: connection("shop", id),
        credentials_fingerprint: fingerprint.into(),
        expires_at: None,
    }
}

fn previewed(stage: &Stage, all: &[Applied]) -> Vec<What> {
    let before = stage.ledger.inner.items();
    let told = block_on(preview(&stage.world, all)).unwrap();
    assert_eq!(stage.ledger.inner.items(), before, "a preview writes nothing");
    told.into_iter().map(|difference| difference.what).collect()
}

fn applied(stage: &Stage, all: &[Applied]) -> Vec<Change> {
    let told = previewed(stage, all);
    let changes = block_on(apply(&stage.world, all)).unwrap();
    let calls = stage.queue.switch.calls();
    let before = stage.ledger.inner.items();
    assert_eq!(block_on(apply(&stage.world, all)).unwrap(), [], "the same again changes nothing");
    assert_eq!((stage.ledger.inner.items(), stage.queue.switch.calls()), (before, calls));
    assert!(!told.is_empty() || changes.is_empty(), "nothing is changed that was not told: {changes:?}");
    assert_eq!(previewed(stage, all), [], "what was applied is no difference any more");
    changes
}

fn state(stage: &Stage, id: &str) -> ConnectionState {
    block_on(stage.world.connection_state(&account(id))).unwrap().unwrap().value
}

fn change(stage: &Stage, id: &str, with: impl FnMut(&mut ConnectionState)) {
    block_on(stage.world.change_connection(&account(id), with)).unwrap();
}

#[test]
fn a_new_connection_starts_now_and_is_known_by_name() {
    let stage = Stage::new();
    assert_eq!(applied(&stage, &[wanted("shop-1", "f1")]), [Change::Added(account("shop-1"))]);
    let started = state(&stage, "shop-1");
    assert_eq!((started.started_at, started.credentials.as_str()), (at(0), "f1"));
    assert!(started.sync && started.works());
    let owner = block_on(stage.world.account_of(&"shop-1".try_into().unwrap())).unwrap();
    assert_eq!(owner, Some(account("shop-1")));
    stage.clock.advance(Duration::from_secs(60));
    let mut settings = wanted("shop-1", "f1");
    settings.connection.time_zone = "Europe/Berlin".into();
    assert_eq!(applied(&stage, &[settings]), [Change::Updated(account("shop-1"))]);
    assert_eq!(state(&stage, "shop-1").started_at, at(0), "other settings are no new start");
}

#[test]
fn sync_switched_on_again_starts_afresh() {
    let stage = Stage::new();
    let on = wanted("shop-1", "f1");
    let mut off = on.clone();
    off.connection.sync = false;
    applied(&stage, std::slice::from_ref(&on));
    change(&stage, "shop-1", |state| state.cursor = Some("{}".into()));
    stage.clock.advance(Duration::from_secs(60));
    let stopped = applied(&stage, std::slice::from_ref(&off));
    assert!(stopped.contains(&Change::Stopped(account("shop-1"))));
    assert_eq!(state(&stage, "shop-1").started_at, at(0));
    stage.clock.advance(Duration::from_secs(60));
    assert!(applied(&stage, &[on]).contains(&Change::Started(account("shop-1"))));
    let again = state(&stage, "shop-1");
    assert_eq!((again.started_at, again.cursor), (at(120), None));
}

#[test]
fn new_credentials_unpark_and_wake_and_a_person_s_pause_stays() {
    let stage = Stage::new();
    applied(&stage, &[wanted("parked", "f1"), wanted("paused", "f1")]);
    change(&stage, "parked", |state| {
        state.activity = state.activity.park("revoked", at(0));
        state.alerts.raise(Alert {
            kind: MailKind::Reconnect,
            cause: "reconnect".into(),
            version: 1,
            raised_at: at(0),
            stage: AlertStage::Mailed { at: at(0), reminded: false, later: 0 },
            their_words: None,
            request_id: None,
        });
    });
    change(&stage, "paused", |state| state.activity = Activity::Paused { since: at(0) });
    let changes = applied(&stage, &[wanted("parked", "f1"), wanted("paused", "f1")]);
    assert_eq!(changes, [], "the same credentials mend nothing");
    let changes = applied(&stage, &[wanted("parked", "f2"), wanted("paused", "f2")]);
    assert_eq!(changes, [Change::Unparked(account("parked"))]);
    let mended = state(&stage, "parked");
    assert!(mended.works() && mended.credentials == "f2");
    assert_eq!(mended.alerts.all()[0].stage, AlertStage::ResolvedDue);
    assert!(!state(&stage, "paused").works());
    let woken = stage.queue.looks();
    assert!(
        woken.iter().any(|look| matches!(look, Look::Wake { account: a, .. } if *a == account("parked")))
    );
}

#[test]
fn what_a_person_paused_is_paused_still_when_it_was_parked_and_is_connected_again() {
    let stage = Stage::new();
    applied(&stage, &[wanted("shop-1", "f1")]);
    change(&stage, "shop-1", |state| state.activity = Activity::Paused { since: at(0) });
    stage.clock.advance(Duration::from_secs(60));
    let shop = connection("shop", "shop-1");
    block_on(crate::sync::park(&stage.world, &shop, at(60), "the app was removed")).unwrap();
    assert!(matches!(state(&stage, "shop-1").activity, Activity::Parked { .. }));
    assert_eq!(applied(&stage, &[wanted("shop-1", "f2")]), [], "nothing of it works again");
    let mended = state(&stage, "shop-1");
    assert_eq!(mended.activity, Activity::Paused { since: at(0) });
    assert!(!mended.alerts.open(), "it is connected again");
    // A pause of ours, when the settings named it no longer, ends when they name it again.
    applied(&stage, &[wanted("shop-2", "f1")]);
    applied(&stage, &[]);
    change(&stage, "shop-2", |state| state.activity = state.activity.park("the app was removed", at(60)));
    assert_eq!(
        applied(&stage, &[wanted("shop-2", "f2")])[1..],
        [Change::Unparked(account("shop-2")), Change::Started(account("shop-2")),]
    );
    assert!(state(&stage, "shop-2").works());
}

#[test]
fn a_crash_between_unparking_and_waking_is_mended_by_applying_again() {
    let stage = Stage::new();
    applied(&stage, &[wanted("shop-1", "f1")]);
    change(&stage, "shop-1", |state| state.activity = Activity::Active.park("", at(0)));
    // As it stands after the first commit alone.
    block_on(settle(&stage.world, &wanted("shop-1", "f2"))).unwrap();
    assert!(state(&stage, "shop-1").works());
    block_on(apply(&stage.world, &[wanted("shop-1", "f2")])).unwrap();
    assert!(stage.queue.looks().iter().any(|look| matches!(look, Look::Wake { .. })));
    assert_eq!(state(&stage, "shop-1").credentials, "f2");
}

#[test]
fn a_connection_that_vanished_stays_paused_and_starts_afresh_when_it_is_back() {
    let stage = Stage::new();
    applied(&stage, &[wanted("shop-1", "f1"), wanted("shop-2", "f1")]);
    change(&stage, "shop-2", |state| state.activity = Activity::Paused { since: at(0) });
    stage.clock.advance(Duration::from_secs(60));
    let changes = applied(&stage, &[]);
    assert_eq!(changes, [Change::Removed(account("shop-1")), Change::Removed(account("shop-2"))]);
    assert_eq!(block_on(stage.world.connection(&account("shop-1"))).unwrap(), None);
    assert_eq!(block_on(stage.world.account_of(&"shop-1".try_into().unwrap())).unwrap(), None);
    let gone = state(&stage, "shop-1");
    assert_eq!(gone.activity, Activity::Paused { since: at(60) });
    assert!(gone.history.events().last().unwrap().what.contains("removed"));
    stage.clock.advance(Duration::from_secs(60));
    applied(&stage, &[wanted("shop-1", "f1"), wanted("shop-2", "f1")]);
    let back = state(&stage, "shop-1");
    assert_eq!((back.works(), back.started_at), (true, at(120)));
    assert!(!state(&stage, "shop-2").works(), "a person paused it");
}

#[test]
fn a_connection_that_moves_to_another_merchant_keeps_its_name() {
    let stage = Stage::new();
    applied(&stage, &[wanted("shop-1", "f1")]);
    let mut moved = wanted("shop-1", "f1");
    moved.connection.account.merchant = "another".try_into().unwrap();
    applied(&stage, std::slice::from_ref(&moved));
    let owner = block_on(stage.world.account_of(&"shop-1".try_into().unwrap())).unwrap();
    assert_eq!(owner, Some(moved.connection.account));
    assert!(!state(&stage, "shop-1").works());
}

#[test]
fn other_link_rules_decide_again_what_was_unclear() {
    let stage = Stage::new();
    applied(&stage, &[wanted("shop-1", "f1")]);
    let mut ruled = wanted("shop-1", "f1");
    let account_id = "market-1".try_into().unwrap();
    ruled.connection.link =
        vec![LinkRule { from: LinkFrom::SourceIdentifier, account: account_id, source_name: None }];
    applied(&stage, &[ruled]);
    assert_eq!(stage.queue.looks(), [Look::Answered { account: account("shop-1") }]);
}

#[test]
fn other_link_rules_have_the_store_polled_again_as_far_back_as_orders_are_kept() {
    for (days, since) in [(10, None), (200, Some(110))] {
        let stage = Stage::new();
        let mut shop = wanted("shop-1", "f1");
        applied(&stage, std::slice::from_ref(&shop));
        stage.clock.advance(Duration::from_secs(days * 86_400));
        let there = serde_json::to_string(&connector_api::Cursor { since: at(9), page: None }).unwrap();
        change(&stage, "shop-1", |state| {
            (state.cursor, state.next_poll) = (Some(there.clone()), Some(at(999_999_999)));
        });
        shop.connection.time_zone = "Europe/Berlin".into();
        applied(&stage, std::slice::from_ref(&shop));
        assert_eq!(state(&stage, "shop-1").cursor, Some(there), "other settings are no reason");
        let account = "market-1".try_into().unwrap();
        shop.connection.link =
            vec![LinkRule { from: LinkFrom::SourceIdentifier, account, source_name: None }];
        applied(&stage, std::slice::from_ref(&shop));
        let again = state(&stage, "shop-1");
        assert_eq!((again.next_poll, again.started_at), (None, at(0)));
        block_on(crate::poll::poll(&stage.world)).unwrap();
        let asked = stage.mall.shop.asked.lock().unwrap()[0].clone();
        assert_eq!((asked.since, asked.page), (at(since.unwrap_or(0) * 86_400), None), "after {days} days");
    }
}

#[test]
fn a_preview_tells_every_difference_by_name() {
    let stage = Stage::new();
    let mut shop = wanted("shop-1", "f1");
    assert_eq!(previewed(&stage, std::slice::from_ref(&shop)), [What::Added]);
    applied(&stage, &[shop.clone(), wanted("gone", "f1")]);
    change(&stage, "shop-1", |state| {
        state.activity = state.activity.park("revoked", at(0));
    });
    shop.credentials_fingerprint = "f2".into();
    shop.expires_at = Some(at(9));
    shop.connection.time_zone = "Europe/Berlin".into();
    shop.connection.options.insert("extra".into(), "1".into());
    shop.connection.sync = false;
    let setting = |setting: &str, from: Option<&str>, to: Option<&str>| What::Setting {
        setting: setting.into(),
        from: from.map(Into::into),
        to: to.map(Into::into),
    };
    assert_eq!(
        previewed(&stage, &[shop]),
        [
            What::Removed,
            setting("options.extra", None, Some("\"1\"")),
            setting("sync", Some("true"), Some("false")),
            setting("time_zone", Some("\"UTC\""), Some("\"Europe/Berlin\"")),
            What::Credentials,
            setting("secrets_expire_at", None, Some(&at(9).to_string())),
            What::Unparked,
            What::Stopped,
        ]
    );
}
