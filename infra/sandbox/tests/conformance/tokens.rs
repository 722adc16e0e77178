//! That tokens are asked for once, kept, and renewed.

use connector_api::{Failure, MerchantAction, Reached};
use futures::future::join_all;

use crate::stand::{ANN, Call};
use crate::world::{account, each};
use ports::{Credential, Credentials as _};

#[test]
fn one_refresh_serves_all_who_wait() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let reads = join_all((0..20).map(|_| world.try_read(&placed))).await;
        assert_eq!(world.wire.made(Call::Token), 1);
        for error in reads.into_iter().filter_map(Result::err) {
            let waits = matches!(error.failure, Failure::Retryable { reached: Reached::No, after: Some(_) });
            assert!(waits, "who comes late is told when to come back: {:?}", error.failure);
        }
        world.later(3);
        for read in join_all((0..20).map(|_| world.try_read(&placed))).await {
            read.unwrap();
        }
        assert_eq!(world.wire.made(Call::Token), 1);
    });
}

#[test]
fn tokens_are_renewed_for_weeks_with_what_was_kept() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        // What is issued may replace the refresh token: only what was saved is known next time.
        for day in 1..=21 {
            world.read(&placed).await;
            assert!(world.wire.made(Call::Token) <= day);
            world.later(86_400);
        }
        assert!(world.wire.made(Call::Token) >= 3, "tokens end");
    });
}

#[test]
fn each_secret_that_is_missing_is_named() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        for name in world.connector.secret_names() {
            let mut kept = world.credentials.load(&account(ANN)).await.unwrap().unwrap();
            kept.secrets.remove(*name).unwrap_or_else(|| panic!("the stand brings no {name}"));
            kept.access = None;
            world.credentials.put(account(ANN), kept);
            let error = world.try_read(&placed).await.unwrap_err();
            assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
            assert!(error.detail.contains(name), "{name} is not named: {}", error.detail);
            world.connect(ANN);
        }
        world.credentials.put(account(ANN), Credential::default());
        let error = world.try_read(&placed).await.unwrap_err();
        assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
        assert_eq!(world.wire.made(Call::Token), 0, "nothing is asked with half of what it takes");
    });
}

#[test]
fn sellers_do_not_get_each_others_tokens() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        world.read(&placed).await;
        let error = world.read_as(crate::stand::BOB, &placed.id).await.unwrap_err();
        assert_eq!(error.failure, Failure::NotFound, "Bob asks with his own token, and has no such order");
        assert_eq!(world.wire.made(Call::Token), 2);
    });
}
