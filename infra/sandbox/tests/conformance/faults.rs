//! What each kind of trouble is made of: never a panic, nothing lost, nothing twice.

use std::time::Duration;

use connector_api::{ChannelError, Cursor, Failure, MerchantAction, Reached};
use ports::TransportError;

use crate::stand::{ANN, BOB, Call, Grant, State, Wanted};
use crate::wire::{Fault, answer, body_changed, done_then, echoing, instead};
use crate::world::{World, each, start};

const HTML: &str = "<!DOCTYPE html><html><head><title>Robot Check</title></head><body>Sorry!</body></html>";
const AS_HTML: &[(&str, &str)] = &[("content-type", "text/html; charset=utf-8")];
const AS_JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Stands in a body for what the request carried.
const CARRIED: &str = "{{carried}}";

/// Answers that say nothing of what was asked for, and whether the call was carried out before.
fn nonsense() -> Vec<(&'static str, Fault)> {
    let html = || answer(200, AS_HTML, HTML);
    vec![
        ("HTML, nothing done", instead(html())),
        ("HTML, done", done_then(Ok(html()))),
        ("JSON that is a text", done_then(Ok(answer(200, AS_JSON, "\"ok\"")))),
        ("JSON that is null", done_then(Ok(answer(200, AS_JSON, "null")))),
        ("JSON that is a list", done_then(Ok(answer(200, AS_JSON, "[]")))),
        ("no UTF-8", done_then(Ok(answer(200, AS_JSON, "").map(|_| vec![0xff, 0xfe, 0x00])))),
        ("half of the answer", body_changed(|body| body[..body.len() / 2].to_vec())),
        ("half, and the connection cut", done_then(Err(TransportError::MaybeSent("cut off".to_owned())))),
        ("deep nesting", done_then(Ok(answer(200, AS_JSON, &"[".repeat(100_000))))),
        ("a redirect", instead(answer(302, &[("location", "http://169.254.169.254/")], ""))),
        ("500", instead(answer(500, AS_JSON, ""))),
        ("502 in HTML", instead(answer(502, AS_HTML, HTML))),
        ("503", instead(answer(503, AS_HTML, ""))),
        ("504, done", done_then(Ok(answer(504, AS_HTML, HTML)))),
        ("418", instead(answer(418, AS_HTML, HTML))),
        ("599", instead(answer(599, &[], ""))),
    ]
}

async fn page(world: &World) -> Result<usize, ChannelError> {
    world.page(&Cursor { since: start(), page: None }).await.map(|page| page.orders.len())
}

#[test]
fn nonsense_for_an_answer_is_asked_for_again_or_left_in_doubt() {
    each(async |subject| {
        for at in 0..nonsense().len() {
            let world = subject.world();
            let placed = world.order(1, &[2]);
            world.later(900);
            world.read(&placed).await;
            for call in [Call::Read, Call::Poll, Call::Confirm] {
                let (name, fault) = nonsense().swap_remove(at);
                world.fault(call, fault);
                let failed = match call {
                    Call::Read => world.try_read(&placed).await.err(),
                    Call::Poll => page(&world).await.err(),
                    _ => world.confirm(&world.whole(&placed, 1)).await.err(),
                };
                match failed.map(|error| error.failure) {
                    Some(Failure::Retryable { reached: Reached::Maybe, .. }) => {}
                    // Half of nothing is nothing, and where a success has no body any JSON without an error is one:
                    // what was told is read later all the same.
                    None if name.starts_with("half of") || name.starts_with("JSON") => {}
                    // What has no effect may be asked for again in the same breath.
                    None if call != Call::Confirm => {}
                    other => panic!("{name} for {call:?}: {other:?}"),
                }
            }
            // It passes, and all of it is there, once.
            assert!(world.wire.all_met());
            world.read(&placed).await;
            world.later(900);
            assert_eq!(page(&world).await.unwrap(), 1);
            let confirmation = world.whole(&placed, 1);
            let shown = world.shown(&placed).await;
            if !shown.iter().any(|package| world.is_shown_as(&confirmation, package)) {
                world.tell(&placed, &confirmation).await;
            }
            assert_eq!(world.packages(&placed).len(), 1, "{}", nonsense()[at].0);
        }
    });
}

#[test]
fn an_empty_success_proves_nothing() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.later(900);
        for status in [200, 204] {
            world.fault(Call::Read, instead(answer(status, &[], "")));
            let failed = world.try_read(&placed).await.unwrap_err().failure;
            assert!(matches!(failed, Failure::Retryable { .. }), "{status}: {failed:?}");
            world.fault(Call::Poll, instead(answer(status, &[], "")));
            // Nothing to tell is told with 204 by some; then nothing is passed over.
            match world.page(&Cursor { since: start(), page: None }).await {
                Err(error) => assert!(matches!(error.failure, Failure::Retryable { .. }), "{error:?}"),
                Ok(page) => assert_eq!((page.orders.len(), page.next.since), (0, start())),
            }
        }
        world.fault(Call::Confirm, instead(answer(200, &[], "")));
        let confirmation = world.whole(&placed, 1);
        match world.confirm(&confirmation).await {
            // Where a success has no body, reading tells later that it was none.
            Ok(confirmed) => assert_eq!(confirmed.kept, connector_api::Kept::Unsaid),
            Err(error) => {
                let doubt = Failure::Retryable { reached: Reached::Maybe, after: None };
                assert_eq!(error.failure, doubt);
            }
        }
        assert_eq!(world.shown(&placed).await.len(), 0);
        world.tell(&placed, &confirmation).await;
        assert_eq!(world.packages(&placed).len(), 1);
    });
}

#[test]
fn too_many_requests_are_nobodys_failure() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.read(&placed).await;
        let after = |text: &'static str| answer(429, &[("retry-after", text)], "");
        for (response, want) in [
            (after("7"), Some(Some(Duration::from_secs(7)))),
            (answer(429, &[], ""), None),
            (after("soon"), None),
            (after("Fri, 31 Dec 1999 23:59:59 GMT"), None),
            (after("-3"), None),
            (after("18446744073709551615"), None),
        ] {
            for call in [Call::Read, Call::Poll, Call::Confirm] {
                world.fault(call, instead(response.clone()));
                let error = match call {
                    Call::Read => world.try_read(&placed).await.unwrap_err(),
                    Call::Poll => page(&world).await.unwrap_err(),
                    _ => world.confirm(&world.whole(&placed, 1)).await.unwrap_err(),
                };
                let Failure::Throttled { after } = error.failure else {
                    panic!("{call:?} {:?}: {:?}", response.headers(), error.failure)
                };
                assert!(want.is_none_or(|want| want == after), "{call:?}: {after:?}");
                assert!(after.is_none_or(|after| after <= Duration::from_secs(86_400)), "{after:?}");
            }
        }
        assert_eq!(world.packages(&placed).len(), 0);
        world.confirm(&world.whole(&placed, 1)).await.unwrap();
    });
}

#[test]
fn a_slow_or_broken_token_endpoint_means_that_nothing_was_done() {
    each(async |subject| {
        for at in 0..nonsense().len() {
            let world = subject.world();
            let placed = world.order(1, &[2]);
            let (name, fault) = nonsense().swap_remove(at);
            world.fault(Call::Token, fault);
            let failed = world.confirm(&world.whole(&placed, 1)).await.err().map(|error| error.failure);
            match failed {
                Some(Failure::Retryable { reached: Reached::No, .. } | Failure::Throttled { .. }) => {}
                other => panic!("{name}: {other:?}"),
            }
            assert_eq!(world.wire.made(Call::Confirm), 0, "{name}");
            assert_eq!(world.packages(&placed).len(), 0);
        }
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.fault(Call::Token, instead(answer(429, &[("retry-after", "9")], "")));
        let failure = world.confirm(&world.whole(&placed, 1)).await.unwrap_err().failure;
        assert!(matches!(
            failure,
            Failure::Throttled { .. } | Failure::Retryable { reached: Reached::No, .. }
        ));
        // The lease of whoever asked ends, and the next one asks.
        world.later(60);
        world.tell(&placed, &world.whole(&placed, 1)).await;
        assert_eq!(world.packages(&placed).len(), 1);
    });
}

#[test]
fn an_expired_token_is_replaced_and_nothing_is_lost() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.read(&placed).await;
        world.grant(ANN, Grant::Expired);
        if let Err(error) = world.confirm(&world.whole(&placed, 1)).await {
            let again = matches!(error.failure, Failure::Retryable { reached: Reached::No, .. });
            assert!(again, "refused for its token, so nothing was done: {:?}", error.failure);
            world.later(2);
            world.confirm(&world.whole(&placed, 1)).await.unwrap();
        }
        assert_eq!(world.packages(&placed).len(), 1);
        assert_eq!(world.wire.made(Call::Token), 2);
    });
}

#[test]
fn a_revoked_seller_is_asked_to_reconnect_and_the_others_go_on() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let wanted = Wanted { seller: BOB, number: 9, lines: vec![1], state: State::Ready };
        let bobs = world.ordered(wanted).unwrap();
        world.read(&placed).await;
        world.read(&bobs).await;
        world.grant(ANN, Grant::Revoked);
        // The old token's refusal proves little; asking for a new one does.
        let mut failures = Vec::new();
        for _ in 0..3 {
            failures.push(world.confirm(&world.whole(&placed, 1)).await.unwrap_err().failure);
            world.later(2);
        }
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        assert_eq!(failures[2], reconnect, "{failures:?}");
        assert!(
            failures.iter().all(|failure| *failure == reconnect
                || matches!(failure, Failure::Retryable { reached: Reached::No, .. })),
            "{failures:?}"
        );
        assert_eq!(world.try_read(&placed).await.unwrap_err().failure, reconnect);
        world.read(&bobs).await;

        world.grant(ANN, Grant::Restored);
        world.connect(ANN);
        world.confirm(&world.whole(&placed, 1)).await.unwrap();
        assert_eq!(world.packages(&placed).len(), 1);
    });
}

#[test]
fn a_right_that_is_missing_is_not_retried_for_ever() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.grant(ANN, Grant::Narrow);
        let want = world.wire.stand().narrow();
        let mut failures = Vec::new();
        for _ in 0..2 {
            failures.push(world.confirm(&world.whole(&placed, 1)).await.unwrap_err().failure);
            world.later(2);
        }
        assert_eq!(failures[1], want, "{failures:?}");
        assert_eq!(world.packages(&placed).len(), 0);
        world.grant(ANN, Grant::Restored);
        world.connect(ANN);
        world.confirm(&world.whole(&placed, 1)).await.unwrap();
    });
}

#[test]
fn words_of_the_other_side_bring_no_secret_along() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        world.read(&placed).await;
        // What the request carried, in every text of a refusal and as the whole of a body.
        let mut missing = world.whole(&placed, 1);
        missing.order = world.connector.order_id(&placed.id.as_str().replace('1', "8")).unwrap();
        world.confirm(&missing).await.unwrap_err();
        let mut refusal = world.wire.last_json(Call::Confirm).expect("a refusal in JSON");
        for place in crate::odd::places(&refusal.clone()) {
            if refusal.pointer(&place).is_some_and(serde_json::Value::is_string) {
                crate::odd::put(&mut refusal, &place, Some(CARRIED.into()));
            }
        }
        for body in [refusal.to_string(), CARRIED.to_owned(), format!("<b>{CARRIED}</b>")] {
            for status in [200, 400, 401, 403, 404, 409, 422, 429, 500] {
                let echo = || echoing(answer(status, &[("x-request-id", "r-1")], &body), CARRIED);
                world.fault(Call::Read, echo());
                drop(world.try_read(&placed).await);
                world.fault(Call::Poll, echo());
                drop(page(&world).await);
                world.fault(Call::Confirm, echo());
                drop(world.confirm(&world.whole(&placed, 1)).await);
                world.later(60);
            }
        }
    });
}

#[test]
fn words_of_the_other_side_at_the_token_bring_no_secret_along() {
    each(async |subject| {
        let secrets = subject.world().wire.stand().secrets(ANN);
        let secrets: Vec<String> = secrets.into_iter().map(|(_, secret)| secret).collect();
        let secrets = secrets.join(" ");
        for (status, error) in [(400, "invalid_grant"), (401, "invalid_client"), (500, "server_error")] {
            let world = subject.world();
            let placed = world.order(1, &[2]);
            let body =
                serde_json::json!({ "error": error, "error_description": secrets, "message": secrets });
            world.fault(Call::Token, instead(answer(status, AS_JSON, &body.to_string())));
            world.try_read(&placed).await.unwrap_err();
        }
    });
}
