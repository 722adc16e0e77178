//! What each kind of trouble is made of when a store is read.

use std::time::Duration;

use connector_api::{Cursor, Failure, MerchantAction};
use ports::{Credential, TransportError};
use serde_json::{Value, json};

use super::world::each;
use crate::odd::{places, put};
use crate::stand::{ANN, Call};
use crate::wire::{Fault, answer, body_changed, done_then, echoing, instead, json_changed};
use crate::world::{account, start};

const HTML: &str = "<!DOCTYPE html><html><body>Something went wrong</body></html>";

fn troubles() -> Vec<(&'static str, Fault)> {
    vec![
        ("HTML", instead(answer(200, &[("content-type", "text/html")], HTML))),
        ("empty", instead(answer(200, &[], ""))),
        ("null", instead(answer(200, &[], "null"))),
        ("a list", instead(answer(200, &[], "[]"))),
        ("half", body_changed(|body| body[..body.len() / 2].to_vec())),
        ("deep nesting", instead(answer(200, &[], &"[".repeat(100_000)))),
        ("cut off", done_then(Err(TransportError::MaybeSent("cut off".to_owned())))),
        ("not sent", Box::new(|_, _| Err(TransportError::NothingSent("dns".to_owned())))),
        ("500", instead(answer(500, &[], ""))),
        ("502", instead(answer(502, &[], HTML))),
        ("503", instead(answer(503, &[], HTML))),
        ("418", instead(answer(418, &[], HTML))),
    ]
}

#[test]
fn what_may_pass_is_asked_for_again() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        world.ship(&order, "1Z999AA10123456784");
        let cursor = Cursor { since: start(), page: None };
        for call in [Call::Read, Call::Poll] {
            for (name, fault) in troubles() {
                world.wire.fault(call, fault);
                let failed = match call {
                    Call::Read => world.read(&order).await.map(drop),
                    _ => world.page(&cursor).await.map(drop),
                };
                let failure = failed.expect_err(name).failure;
                assert!(matches!(failure, Failure::Retryable { .. }), "{name} for {call:?}: {failure:?}");
            }
            let throttled = instead(answer(429, &[("retry-after", "7")], ""));
            world.wire.fault(call, throttled);
            let failed = match call {
                Call::Read => world.read(&order).await.map(drop),
                _ => world.page(&cursor).await.map(drop),
            };
            let after = Some(Duration::from_secs(7));
            assert_eq!(failed.unwrap_err().failure, Failure::Throttled { after });
        }
        // Not followed; what it means is the vendor's to say: some stores answer so when they have moved.
        world.wire.fault(Call::Read, instead(answer(302, &[("location", "http://169.254.169.254/")], "")));
        let failure = world.read(&order).await.unwrap_err().failure;
        let moved = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        assert!(failure == moved || matches!(failure, Failure::Retryable { .. }), "{failure:?}");
        world.read(&order).await.unwrap();
        assert_eq!(world.page(&cursor).await.unwrap().orders.len(), 1);
    });
}

#[test]
fn an_odd_answer_is_understood_or_read_again() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[2, 1]);
        world.ship(&order, "1Z999AA10123456784");
        world.read(&order).await.unwrap();
        let cursor = Cursor { since: start(), page: None };
        world.page(&cursor).await.unwrap();
        for call in [Call::Read, Call::Poll] {
            let whole = world.wire.last_json(call).unwrap();
            for place in places(&whole) {
                for value in [
                    None,
                    Some(Value::Null),
                    Some(json!("SOMETHING_NEW")),
                    Some(json!(-1)),
                    Some(json!(u64::MAX)),
                    Some(json!([])),
                    Some(json!({})),
                ] {
                    let (at, new) = (place.clone(), value.clone());
                    world.wire.fault(call, json_changed(move |whole| put(whole, &at, new)));
                    let failed = match call {
                        Call::Read => world.read(&order).await.map(drop).err(),
                        _ => world.page(&cursor).await.map(drop).err(),
                    };
                    let said = format!("{place} := {value:?} in {call:?}");
                    match failed.map(|error| error.failure) {
                        None | Some(Failure::Retryable { .. } | Failure::Throttled { .. }) => {}
                        // An answer that says that there is no such order.
                        Some(Failure::NotFound) if call == Call::Read && value == Some(Value::Null) => {}
                        other => panic!("{said}: {other:?}"),
                    }
                }
            }
        }
    });
}

#[test]
fn a_dead_or_a_missing_token_asks_for_the_merchant() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        world.read(&order).await.unwrap();
        world.at_shop(|shop, now| shop.uninstall(now));
        let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
        assert_eq!(world.read_anew(&order).await.unwrap_err().failure, reconnect);
        world.credentials.put(account(ANN), Credential::default());
        assert_eq!(world.read(&order).await.unwrap_err().failure, reconnect);
    });
}

#[test]
fn words_of_the_other_side_bring_no_secret_along() {
    const CARRIED: &str = "{{carried}}";
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let cursor = Cursor { since: start(), page: None };
        for body in [
            CARRIED.to_owned(),
            json!({ "errors": CARRIED }).to_string(),
            json!({ "errors": [{ "message": CARRIED, "extensions": { "code": CARRIED } }] }).to_string(),
            json!({ "error": CARRIED, "message": CARRIED }).to_string(),
        ] {
            for status in [200, 400, 401, 402, 403, 404, 423, 429, 500] {
                world.wire.fault(Call::Read, echoing(answer(status, &[], &body), CARRIED));
                drop(world.read(&order).await);
                world.wire.fault(Call::Poll, echoing(answer(status, &[], &body), CARRIED));
                drop(world.page(&cursor).await);
            }
        }
    });
}
