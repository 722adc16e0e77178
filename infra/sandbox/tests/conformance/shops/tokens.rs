//! That tokens are asked for once, kept, and renewed: for shops whose connector fetches them.

use std::time::Duration;

use connector_api::{Failure, MerchantAction, Reached};
use futures::future::join_all;
use ports::Credentials as _;

use super::world::{Subject, World, each};
use crate::stand::{ANN, Call};
use crate::wire::{answer, instead};
use crate::world::account;

/// The same for every store whose connector fetches tokens.
fn each_granted(test: impl AsyncFn(World)) {
    each(async |subject: &Subject| {
        let world = subject.world();
        let grants = world.wire.stand().grants().is_some();
        if grants {
            test(world).await;
        }
    });
}

#[test]
fn one_request_serves_all_who_wait() {
    each_granted(async |world| {
        let order = world.order(&[1]);
        let reads = join_all((0..20).map(|_| world.read(&order))).await;
        assert_eq!(world.wire.made(Call::Token), 1);
        for error in reads.into_iter().filter_map(Result::err) {
            let waits = matches!(error.failure, Failure::Retryable { reached: Reached::No, after: Some(_) });
            assert!(waits, "who comes late is told when to come back: {:?}", error.failure);
        }
        world.wire.clock.advance(Duration::from_secs(3));
        for read in join_all((0..20).map(|_| world.read(&order))).await {
            read.unwrap();
        }
        assert_eq!(world.wire.made(Call::Token), 1);
    });
}

#[test]
fn tokens_are_renewed_for_weeks_and_when_they_end_before_their_time() {
    each_granted(async |world| {
        let order = world.order(&[1]);
        for day in 1..=21 {
            world.read(&order).await.unwrap();
            assert!(world.wire.made(Call::Token) <= day);
            world.wire.clock.advance(Duration::from_secs(86_400));
        }
        assert!(world.wire.made(Call::Token) >= 3, "tokens end");
        world.read(&order).await.unwrap();
        let before = world.wire.made(Call::Token);
        world.at_shop(|shop, now| shop.grants().unwrap().end_tokens(now));
        let failure = world.read(&order).await.unwrap_err().failure;
        assert_eq!(failure, Failure::Retryable { reached: Reached::No, after: None }, "no person is needed");
        world.read(&order).await.unwrap();
        assert_eq!(world.wire.made(Call::Token), before + 1);
    });
}

#[test]
fn each_secret_that_is_missing_is_named() {
    each(async |subject| {
        let world = subject.world();
        let order = world.order(&[1]);
        let brought: Vec<_> = world.wire.stand().secrets().into_iter().map(|(name, _)| name).collect();
        assert!(
            world.connector.secret_sets().iter().any(|set| *set == brought),
            "{brought:?} is a whole set"
        );
        for name in brought {
            let mut kept = world.credentials.load(&account(ANN)).await.unwrap().unwrap();
            kept.secrets.remove(name).unwrap();
            world.credentials.put(account(ANN), kept);
            let error = world.read(&order).await.unwrap_err();
            assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
            assert!(error.detail.contains(name), "{name} is not named: {}", error.detail);
            world.connect();
        }
        assert_eq!(world.wire.made(Call::Token), 0, "nothing is asked with half of what it takes");
        world.read(&order).await.unwrap();
    });
}

#[test]
fn trouble_with_a_token_reaches_nothing_and_passes() {
    each_granted(async |world| {
        let order = world.order(&[1]);
        let html = "<!DOCTYPE html><html><body>Something went wrong</body></html>";
        for (name, response) in [
            ("HTML", answer(200, &[], html)),
            ("empty", answer(200, &[], "")),
            ("null", answer(200, &[], "null")),
            ("deep nesting", answer(200, &[], &"[".repeat(100_000))),
            ("500", answer(500, &[], "")),
            ("502", answer(502, &[], html)),
            ("503", answer(503, &[], html)),
        ] {
            world.wire.fault(Call::Token, instead(response));
            let failure = world.read(&order).await.unwrap_err().failure;
            assert_eq!(failure, Failure::Retryable { reached: Reached::No, after: None }, "{name}");
        }
        world.wire.fault(Call::Token, instead(answer(429, &[("retry-after", "7")], "")));
        let seven = Duration::from_secs(7);
        let throttled = Failure::Retryable { reached: Reached::No, after: Some(seven) };
        assert_eq!(world.read(&order).await.unwrap_err().failure, throttled);
        assert_eq!(world.wire.made_but_tokens(), 0);
        world.wire.clock.advance(seven);
        world.read(&order).await.unwrap();
    });
}
