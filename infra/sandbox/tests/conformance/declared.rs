//! What a connector says of itself.

use std::collections::BTreeSet;

use connector_api::{Allows, BuyerNotice, Outcome, explain};
use domain::ids::MarketplaceId;

use crate::stand::{ANN, Grant, State, Wanted};
use crate::world::{account, each};
use ports::{Credential, Credentials as _};

#[test]
fn kinds_and_titles_are_of_the_usual_form() {
    each(async |subject| {
        let world = subject.world();
        let kind = world.connector.kind();
        assert!(!kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{kind}");
        let title = world.connector.title();
        assert!(title.starts_with(|c: char| c.is_alphanumeric()) && title.trim() == title, "{title}");
    });
}

#[test]
fn what_calls_spend_is_a_limit_that_is_declared() {
    each(async |subject| {
        let world = subject.world();
        let traits = world.connector.traits();
        let limits: BTreeSet<_> = traits.limits.iter().map(|limit| limit.operation).collect();
        for call in [traits.spends.confirm, traits.spends.read, traits.spends.poll] {
            assert!(!call.is_empty(), "every call spends something");
            for name in call {
                assert!(limits.contains(name), "{name} is no limit: {limits:?}");
            }
        }
        for limit in traits.limits {
            let some = match limit.allows {
                Allows::Rate { per_second, burst } => per_second > 0.0 && per_second.is_finite() && burst > 0,
                Allows::Day { calls, zone } => calls > 0 && !zone.is_empty(),
                Allows::Rolling { calls, span } => calls > 0 && !span.is_zero(),
            };
            assert!(some, "{limit:?}");
        }
        assert!(traits.poll_every.as_secs() >= 10, "{:?}", traits.poll_every);
        let (BuyerNotice::MarketplaceDecides(words) | BuyerNotice::Always(words)) = traits.buyer_notice;
        assert!(words.len() > 10, "said to the merchant: {words:?}");
    });
}

#[test]
fn options_are_checked_and_every_problem_names_its_key() {
    each(async |subject| {
        let world = subject.world();
        let good = world.connection(ANN);
        assert_eq!(world.connector.check_options(&good), Vec::<String>::new());
        let mut surprised = good.clone();
        surprised.options.insert("surprise".to_owned(), "x".to_owned());
        let problems = world.connector.check_options(&surprised);
        assert!(problems.iter().any(|problem| problem.contains("surprise")), "{problems:?}");

        let mut bare = good.clone();
        bare.base_url = None;
        assert_eq!(world.connector.check_options(&bare), Vec::<String>::new(), "the usual address serves");
        for key in good.options.keys() {
            for odd in ["", " ", "../x", "a b\n", "💡", "ZZ-nonsense-ZZ"] {
                let mut spoilt = bare.clone();
                spoilt.options.insert(key.clone(), odd.to_owned());
                for problem in world.connector.check_options(&spoilt) {
                    assert!(problem.contains(key.as_str()), "{key} = {odd:?}: {problem}");
                }
            }
        }
        for odd in ["", "x", "ftp://a", "https://u:p@a", "file:///etc/passwd", "https://a?b"] {
            let mut spoilt = good.clone();
            spoilt.base_url = Some(odd.to_owned());
            let problems = world.connector.check_options(&spoilt);
            assert!(problems.iter().any(|problem| problem.contains("base_url")), "{odd:?}: {problems:?}");
        }
    });
}

#[test]
fn options_that_are_wrong_are_no_panic_when_calling() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let mut spoilt = world.connection(ANN);
        spoilt.base_url = Some("ftp://a b".to_owned());
        spoilt.options.clear();
        let read = world.connector.read_order(world.reach(), &spoilt, &placed.id).await;
        let read = world.looked_at(read).await;
        assert!(read.is_err());
    });
}

#[test]
fn countries_are_known_and_their_carriers_too() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let facts = world.read(&placed).await;
        assert_eq!(world.connector.country(&facts.marketplace), Some(placed.country));
        let nowhere = MarketplaceId::try_from("ZZ-nowhere-ZZ").unwrap();
        if let Some(country) = world.connector.country(&nowhere) {
            assert_eq!(country.len(), 2, "{country}");
        }
        let kind = world.connector.kind();
        if crate::stands::is_template(kind) {
            return;
        }
        // The mapping seed: without it no parcel finds its carrier's code.
        let Some(codes) = carriers::accepted(kind, placed.country) else {
            panic!("shared/carriers/src/codes/ knows no {kind} in {}", placed.country)
        };
        let carrier = world.wire.stand().carrier();
        assert!(codes.contains(&carrier.code), "{carrier:?}");
        assert!(carriers::service_field(kind).is_some());
    });
}

#[test]
fn every_code_of_the_catalogue_is_explained_and_found() {
    each(async |subject| {
        let world = subject.world();
        let catalogue = world.connector.catalogue();
        assert!(!catalogue.is_empty(), "the vendor's error codes, in plain words");
        // A fix may be that there is nothing to do.
        let said = |text: &str| text.len() >= "nothing".len() && text.trim() == text;
        for (at, row) in catalogue.iter().enumerate() {
            assert!(!row.code.trim().is_empty());
            assert!(said(row.cause) && said(row.fix), "{row:?}");
            let found = explain(catalogue, &row.code.to_lowercase(), row.words);
            assert_eq!(found, Some(row), "row {at} is hidden by one before it");
        }
        assert_eq!(explain(catalogue, "ZZ_NEW_WORD", "whatever it says"), None);
    });
}

#[test]
fn an_examination_is_good_then_bad_and_changes_nothing() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let wanted = Wanted { seller: ANN, number: 2, lines: vec![1], state: State::Ready };
        world.ordered(wanted).unwrap();
        let connection = world.connection(ANN);
        let checks = world.connector.check_up(world.reach(), &connection).await;
        assert!(!checks.is_empty());
        for check in &checks {
            assert_ne!(check.outcome, Outcome::Bad, "{check:?}");
        }
        assert_eq!(world.packages(&placed).len(), 0);

        world.grant(ANN, Grant::Revoked);
        for _ in 0..2 {
            let checks = world.connector.check_up(world.reach(), &connection).await;
            world.later(2);
            let said = format!("{checks:?}");
            for secret in world.every_secret().await {
                assert!(!said.contains(&secret), "{}", said.replace(&secret, "[secret]"));
            }
        }
        let checks = world.connector.check_up(world.reach(), &connection).await;
        assert!(checks.iter().any(|check| check.outcome == Outcome::Bad), "{checks:?}");

        let before = world.credentials.load(&account(ANN)).await.unwrap().unwrap().version;
        world.credentials.put(account(ANN), Credential { version: before, ..Credential::default() });
        let checks = world.connector.check_up(world.reach(), &connection).await;
        assert!(checks.iter().any(|check| check.outcome == Outcome::Bad), "{checks:?}");
    });
}
