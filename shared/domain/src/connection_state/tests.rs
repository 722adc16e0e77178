use super::*;

fn day(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().unwrap()
}

/// Mails what is due: the causes, and whether each is an end.
fn mail(state: &mut ConnectionState) -> Vec<(String, bool)> {
    let mut told = Vec::new();
    for alert in state.alerts.all_mut() {
        match alert.stage {
            AlertStage::Due => {
                told.push((alert.cause.clone(), false));
                alert.stage = AlertStage::Mailed { at: alert.raised_at, reminded: false, later: 0 };
            }
            AlertStage::ResolvedDue => {
                told.push((alert.cause.clone(), true));
                alert.stage = AlertStage::Closed;
            }
            AlertStage::Mailed { .. } | AlertStage::Closed => {}
        }
    }
    told
}

#[test]
fn a_store_is_silent_when_it_says_nothing_for_thrice_its_longest_silence() {
    let account = Account::new("m".try_into().unwrap(), "shop".try_into().unwrap());
    let hours = jiff::SignedDuration::from_hours;
    let mut state = ConnectionState::starting(account, day("2027-01-01"));
    let mut now = day("2027-01-01");
    assert!(!state.is_silent(now + hours(10_000)), "one that never spoke has nothing to fall silent from");
    state.heard_webhook(now);
    assert!(!state.is_silent(now + hours(12)));
    assert!(state.is_silent(now + hours(13)), "thrice an evening, at the least");
    // Each hour by day, nothing for ten at night.
    for _ in 0..7 {
        for pause in [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10] {
            now += hours(pause);
            assert!(!state.is_silent(now));
            state.heard_webhook(now);
        }
    }
    assert!(!state.is_silent(now + hours(30)) && state.is_silent(now + hours(31)));
    // Busy day and night for two months: that nights were quiet once is forgotten.
    for _ in 0..60 * 24 {
        now += hours(1);
        state.heard_webhook(now);
    }
    assert!(state.is_silent(now + hours(13)));
    // A message that was late, or a clock that was set back, makes no silence.
    let gap = state.webhook_gap_s;
    state.heard_webhook(now - hours(50));
    assert_eq!((state.webhook_gap_s, state.last_webhook), (gap, Some(now)));
}

#[test]
fn a_marketplace_is_silent_only_where_we_subscribed_and_know_its_usual_gap() {
    let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
    let hours = jiff::SignedDuration::from_hours;
    let now = day("2027-01-01");
    let mut state = ConnectionState::starting(account, now);
    state.heard_webhook(now);
    state.heard_webhook(now + hours(1));
    assert!(!state.subscriptions_are_silent(now + hours(100)), "nobody subscribed through us");
    state.subscribed_at = Some(now);
    assert!(!state.subscriptions_are_silent(now + hours(13)));
    assert!(state.subscriptions_are_silent(now + hours(14)));
    state.subscribed_at = Some(now + hours(20));
    assert!(!state.subscriptions_are_silent(now + hours(32)), "made anew");
    assert!(state.subscriptions_are_silent(now + hours(33)));
    state.webhook_gap_s = None;
    assert!(!state.subscriptions_are_silent(now + hours(33)), "one alone says nothing of what is usual");
}

#[test]
fn a_turn_is_anothers_only_when_it_was_given_back_or_seen_to_be_left() {
    let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
    let (one, two) = (MarketplaceOrderId::try_from("1").unwrap(), MarketplaceOrderId::try_from("2").unwrap());
    let begun = day("2027-01-01");
    let mut state = ConnectionState::starting(account, begun);
    assert!(state.take_turn(&one, "cancel", None, begun));
    let days_later = day("2027-01-03");
    assert_eq!(state.old_turn(&two, "cancel", begun), None, "it is not old");
    assert!(!state.take_turn(&two, "cancel", None, days_later), "time alone ends no turn");
    let left = state.old_turn(&two, "cancel", days_later).cloned();
    assert_eq!(left.as_ref().map(|turn| turn.since), Some(begun));
    assert_eq!(state.old_turn(&one, "cancel", days_later), None, "its own");
    // Used again meanwhile: what was seen of it holds no more.
    let mut used = state.clone();
    assert!(used.take_turn(&one, "cancel", None, days_later));
    assert!(!used.take_turn(&two, "cancel", left.as_ref(), days_later));
    assert!(state.take_turn(&two, "cancel", left.as_ref(), days_later));
    state.give_turn_back(&one, "cancel", None);
    assert!(!state.take_turn(&one, "cancel", None, days_later), "what one lost, it cannot give back");
    state.give_turn_back(&two, "cancel", None);
    assert!(state.take_turn(&one, "cancel", None, days_later));
}

#[test]
fn credentials_fail_when_they_are_gone_or_end_within_a_week() {
    let account = Account::new("m".try_into().unwrap(), "us".try_into().unwrap());
    let now = day("2027-01-01");
    let mut state = ConnectionState::starting(account, now);
    for (ends, fail) in
        [(None, false), (Some("2027-01-09"), false), (Some("2027-01-08"), true), (Some("2026-12-01"), true)]
    {
        state.credentials_expire_at = ends.map(day);
        assert_eq!(state.credentials_fail(now), fail, "{ends:?}");
    }
    state.credentials_expire_at = None;
    state.activity = Activity::Paused { since: now };
    assert!(!state.credentials_fail(now), "a person did that");
    state.activity = Activity::Parked { why: "revoked".into(), since: now, paused: None };
    assert!(state.credentials_fail(now));
}

#[test]
fn parking_remembers_a_person_s_pause_and_records_of_before_read_as_they_were() {
    let (paused_at, now) = (day("2027-01-01"), day("2027-01-02"));
    let paused = Activity::Paused { since: paused_at };
    for (before, after) in [(Activity::Active, Activity::Active), (paused.clone(), paused.clone())] {
        let parked = before.park("revoked", now);
        assert!(matches!(&parked, Activity::Parked { why, since, .. } if why == "revoked" && *since == now));
        assert_eq!(parked.park("again", now).unpark(), after);
    }
    let old = r#"{"is":"parked","why":"revoked","since":"2027-01-02T12:00:00Z"}"#;
    let read: Activity = serde_json::from_str(old).unwrap();
    assert_eq!(read, Activity::Active.park("revoked", now));
    assert_eq!(serde_json::to_string(&read).unwrap(), old, "and code of before reads what is written now");
}

#[test]
fn a_credential_that_ends_is_told_30_15_7_and_1_days_before_and_once_when_it_was_renewed() {
    let account = Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap());
    let mut state = ConnectionState::starting(account, day("2027-01-01"));
    assert!(!state.remind_of_expiry(day("2027-01-01")), "none is known");
    state.credentials_expire_at = Some(day("2027-05-01"));
    let mut told = Vec::new();
    let mut now = day("2027-01-01");
    while now < day("2027-05-20") {
        state.remind_of_expiry(now);
        assert!(!state.remind_of_expiry(now), "once is enough");
        told.extend(mail(&mut state).into_iter().map(|(cause, _)| (now, cause)));
        now += jiff::SignedDuration::from_hours(6);
    }
    let steps = [("04-01", 30), ("04-16", 15), ("04-24", 7), ("04-30", 1)];
    let want =
        steps.map(|(at, days)| (day(&format!("2027-{at}")), format!("credential_expires:2027-05-01:{days}")));
    assert_eq!(told, want);
    // Renewed: one mail says so, though four were sent.
    state.credentials_expire_at = Some(day("2027-11-01"));
    assert!(state.remind_of_expiry(now));
    assert_eq!(mail(&mut state), [("credential_expires:2027-05-01:1".to_owned(), true)]);
    // Close to its end when it is first told: the nearest step alone.
    state.credentials_expire_at = Some(day("2027-05-23"));
    state.remind_of_expiry(now);
    assert_eq!(mail(&mut state), [("credential_expires:2027-05-23:7".to_owned(), false)]);
    state.credentials_expire_at = None;
    state.remind_of_expiry(now);
    assert_eq!(mail(&mut state), [("credential_expires:2027-05-23:7".to_owned(), true)]);
}
