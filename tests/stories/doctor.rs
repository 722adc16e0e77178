//! `doctor` and `webhooks` over the production connectors and the stateful stand-ins: each broken thing is found
//! under its own name with its own mend, and nothing else is.

mod closed;
mod place;

use connector_api::{Check, Outcome};
use domain::connection_state::Activity;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use ports::Table;
use ports::credentials::WebhookKeys;
use sandbox::amazon::Participation;
use sandbox::shopify::{LineSpec, OrderSpec, Subscription};
use workflow::admin::{Report, TopicState, webhooks_register};

use crate::harness::{SHOP, account};
use place::{HERE, Place, addresses};

/// Whatever is not good: whose, what, how bad, and the mend.
fn findings(report: &Report) -> Vec<(String, Check)> {
    let system = report.system.iter().map(|check| ("system".to_owned(), check.clone()));
    let others = report
        .connections
        .iter()
        .flat_map(|one| one.checks.iter().map(|check| (one.connection.clone(), check.clone())));
    system.chain(others).filter(|(_, check)| check.outcome > Outcome::Good).collect()
}

/// A broken thing: its name, how it is broken, and the one finding: whose, what, how bad, words of it and its mend.
type Row = (&'static str, fn(&mut Place), &'static str, &'static str, Outcome, &'static str, &'static str);

const BROKEN: &[Row] = &[
    (
        "a carrier that nobody knows",
        |p| {
            let order = "111-1111111-1111111";
            p.system.order(order, &[("LAMP", 1)]);
            p.system.shop_order(order, "amazon-us", &[("LAMP", 1)]);
            let (_, delivery) = p.system.ship(order, "Ghost Couriers", &["GC-1"], &[("LAMP", 1)]);
            assert_eq!(p.system.post(&delivery), 200);
            p.system.settle();
        },
        "system",
        "mappings",
        Outcome::Warning,
        "would hold parcels: \"Ghost Couriers\"",
        "parcelwire map lint",
    ),
    (
        "the shop's token is revoked",
        |p| p.system.wire.shopify.lock().unwrap().set_token(SHOP, None).unwrap(),
        "shop",
        "credentials",
        Outcome::Bad,
        "the access token is refused",
        "Admin API access token",
    ),
    (
        "the seller's authorisation is revoked",
        |p| p.system.wire.amazon.lock().unwrap().revoke("amazon-us").unwrap(),
        "amazon-us",
        "credentials",
        Outcome::Bad,
        "refresh_token",
        "authorise the app again in Seller Central",
    ),
    (
        "a role is missing",
        |p| {
            p.system.wire.amazon.lock().unwrap().add_seller(sandbox::amazon::Seller {
                seller: "amazon-two".into(),
                client_id: "client-amazon-two".into(),
                client_secret: "client-secret-amazon-two".into(),
                refresh_token: "refresh-amazon-two".into(),
                access_denied: true,
            });
        },
        "amazon-two",
        "roles",
        Outcome::Bad,
        "Access to requested resource is denied",
        "Inventory and Order Tracking",
    ),
    (
        "the account sells elsewhere",
        |p| {
            let elsewhere = vec![Participation::active("A1PA6795UKMFR9")];
            p.system.wire.amazon.lock().unwrap().set_participations("amazon-us", elsewhere).unwrap();
            p.settings(|connection| {
                if connection.account.connection.as_str() == "amazon-us" {
                    connection.options.insert("marketplace_id".into(), "ATVPDKIKX0DER".into());
                }
            });
        },
        "amazon-us",
        "marketplaces",
        Outcome::Bad,
        "does not sell in marketplace ATVPDKIKX0DER, but in: A1PA6795UKMFR9",
        "marketplace_id",
    ),
    (
        "a scope is missing",
        |p| {
            let scopes = vec!["read_orders".to_owned()];
            p.system.wire.shopify.lock().unwrap().set_scopes(SHOP, scopes).unwrap();
        },
        "shop",
        "scopes",
        Outcome::Bad,
        "no read_merchant_managed_fulfillment_orders",
        "install it anew",
    ),
    (
        "no subscription, and nothing comes",
        |p| {
            p.end_subscriptions();
            p.state("shop", |state| state.last_webhook = None);
        },
        "shop",
        "webhooks",
        Outcome::Bad,
        "does not send fulfillments/create, fulfillments/update, orders/cancelled, refunds/create, app/uninstalled",
        "`parcelwire webhooks register shop`",
    ),
    (
        "no subscription that the API tells of, and yet webhooks come",
        |p| p.end_subscriptions(),
        "shop",
        "webhooks",
        Outcome::ByHand,
        "in the app's configuration or by hand",
        "`parcelwire webhooks register shop`",
    ),
    (
        "subscribed to at an old address",
        |p| {
            let old: Vec<Subscription> = p.subscriptions();
            p.end_subscriptions();
            for one in old {
                p.add_subscription(&one.topic, &one.uri.replace(HERE, "https://old-tunnel.example"));
            }
        },
        "shop",
        "webhooks",
        Outcome::Bad,
        "an address we had before: https://old-tunnel.example/webhooks/stores/shop-",
        "`parcelwire webhooks register shop`",
    ),
    (
        "the clock is ten minutes fast",
        |p| p.ours_is_ahead = SignedDuration::from_mins(10),
        "system",
        "clock",
        Outcome::Bad,
        "s fast",
        "NTP",
    ),
    (
        "the clock is two minutes slow",
        |p| p.ours_is_ahead = SignedDuration::from_mins(-2),
        "system",
        "clock",
        Outcome::Warning,
        "s slow",
        "NTP",
    ),
    (
        "parked",
        |p| {
            p.state("amazon-us", |state| {
                state.activity = Activity::Active.park("invalid_grant", Timestamp::UNIX_EPOCH);
            });
        },
        "amazon-us",
        "state",
        Outcome::Bad,
        "parked since 1970-01-01T00:00:00Z: invalid_grant",
        "`parcelwire resume amazon-us`",
    ),
    (
        "paused",
        |p| {
            p.state("shop", |state| state.activity = Activity::Paused { since: Timestamp::UNIX_EPOCH });
        },
        "shop",
        "state",
        Outcome::Warning,
        "a person paused it",
        "`parcelwire resume shop`",
    ),
    (
        "a secret is missing",
        |p| p.secret("amazon-us", "client_id", "client-amazon-us"),
        "amazon-us",
        "secrets",
        Outcome::Bad,
        "`client_secret` is missing: a amazon connection needs it; `refresh_token` is missing",
        "[connections.secrets]",
    ),
    (
        "the webhook secret is missing",
        |p| {
            p.system.credentials.put_webhook_keys(WebhookKeys {
                app: std::collections::BTreeMap::new(),
                address: None,
                account: account("shop"),
                kind: "shopify".into(),
                secrets: vec![],
            });
        },
        "shop",
        "webhook_secret",
        Outcome::Bad,
        "every delivery is refused",
        "as `webhook`",
    ),
    (
        "the shop fulfills orders by itself",
        |p| {
            let now = p.system.now();
            let mut shop = p.system.wire.shopify.lock().unwrap();
            shop.set_automatic_fulfillment(SHOP, true).unwrap();
            let lines = vec![LineSpec::new("LAMP", 1)];
            shop.create_order(now, SHOP, OrderSpec { lines, ..OrderSpec::default() }).unwrap();
        },
        "shop",
        "automatic_fulfillment",
        Outcome::Warning,
        "fulfill orders by itself",
        "do not fulfill orders automatically",
    ),
    (
        "a credential ends soon",
        |p| {
            let ends = p.system.now() + SignedDuration::from_hours(24 * 6);
            p.state("amazon-us", |state| state.credentials_expire_at = Some(ends));
        },
        "amazon-us",
        "expiry",
        Outcome::Warning,
        "within 7 days",
        "renew the credential",
    ),
    (
        "polls have stopped",
        |p| {
            let long_ago = p.system.now() - SignedDuration::from_hours(2);
            p.state("amazon-two", |state| state.last_poll = Some(long_ago));
        },
        "amazon-two",
        "poll",
        Outcome::Warning,
        "no poll has succeeded since",
        "parcelwire serve",
    ),
    (
        "a wrong option",
        |p| {
            p.settings(|connection| {
                if connection.kind == "shopify" {
                    connection.options.insert("shop".into(), "harbour-lamps.com".into());
                }
            });
        },
        "shop",
        "settings",
        Outcome::Bad,
        "`shop` must be the shop's own address",
        "in the settings",
    ),
];

#[test]
fn a_healthy_system_has_no_finding() {
    let report = Place::healthy().report();
    assert_eq!(findings(&report), []);
    assert_eq!(report.worst, Outcome::Good);
    let looked_at: Vec<&str> = report.connections.iter().flat_map(|c| &c.checks).map(|c| c.check).collect();
    for check in
        ["credentials", "scopes", "api_version", "automatic_fulfillment", "webhooks", "roles", "poll"]
    {
        assert!(looked_at.contains(&check), "{check} is not looked at: {looked_at:?}");
    }
}

#[test]
fn each_broken_thing_is_the_one_finding_and_says_how_it_is_mended() {
    for (name, break_it, whose, check, outcome, words, mend) in BROKEN {
        let mut place = Place::healthy();
        break_it(&mut place);
        let report = place.report();
        let found = findings(&report);
        let [(found_at, finding)] = &found[..] else { panic!("{name}: {found:#?}") };
        assert_eq!((found_at.as_str(), finding.check, finding.outcome), (*whose, *check, *outcome), "{name}");
        assert!(finding.words.contains(words), "{name}: {}", finding.words);
        let told = finding.mend.as_deref().unwrap();
        assert!(told.contains(mend), "{name}: {told}");
        assert_eq!(report.worst, *outcome, "{name}");
        // Whatever is printed of it holds no secret.
        let printed = serde_json::to_string(&report).unwrap();
        for secret in ["shop-token", "shop-secret", "client-secret-amazon", "refresh-amazon", "Atza|"] {
            assert!(!printed.contains(secret), "{name} prints {secret}");
        }
    }
}

#[test]
fn each_table_that_cannot_be_read_is_named() {
    for table in Table::ALL {
        let mut place = Place::healthy();
        place.closed = Some(table);
        let report = place.report();
        let ledger = report.system.iter().find(|check| check.check == "ledger").unwrap();
        let why = format!("not every table can be read: {}: ", table.as_str());
        assert!(ledger.words.starts_with(&why) && ledger.words.contains("AccessDenied"), "{ledger:?}");
        assert_eq!((ledger.outcome, report.worst), (Outcome::Bad, Outcome::Bad), "{table:?}");
    }
}

#[test]
fn looking_changes_nothing() {
    let place = Place::healthy();
    let (before, subscriptions) = (place.system.world.clone(), place.subscriptions());
    let states = || {
        ["shop", "amazon-us", "amazon-two"]
            .map(|id| block_on(before.connection_state(&account(id))).unwrap().unwrap().value)
    };
    let state = states();
    place.report();
    place.check();
    assert_eq!(states(), state);
    assert_eq!(place.subscriptions(), subscriptions);
    let record = place.system.wire.amazon.lock().unwrap().record();
    assert!(record.packages.is_empty(), "nothing was confirmed");
}

#[test]
fn registering_twice_changes_nothing_the_second_time_and_leaves_others_alone() {
    let place = Place::healthy();
    place.end_subscriptions();
    let another = "https://erp.example/shopify/fulfillments";
    let tag = "0".repeat(32);
    let staging = format!("https://stage.example/webhooks/stores/shop-{tag}");
    place.add_subscription("FULFILLMENTS_CREATE", another);
    place.add_subscription("FULFILLMENTS_CREATE", &staging);
    place.add_subscription("ORDERS_EDITED", another);

    let view = place.register();
    assert!(view.is_good() && view.changed == 5, "{view:?}");
    let after = place.subscriptions();
    let url = view.address.clone().unwrap();
    assert!(url.starts_with("https://parcels.example/webhooks/stores/shop-"), "{url}");
    let sent: Vec<(&str, &str)> = after.iter().map(|one| (one.topic.as_str(), one.uri.as_str())).collect();
    assert_eq!(
        sent,
        [
            ("FULFILLMENTS_CREATE", another),
            ("FULFILLMENTS_CREATE", staging.as_str()),
            ("ORDERS_EDITED", another),
            ("FULFILLMENTS_CREATE", &url),
            ("FULFILLMENTS_UPDATE", &url),
            ("ORDERS_CANCELLED", &url),
            ("REFUNDS_CREATE", &url),
            ("APP_UNINSTALLED", &url),
        ]
    );
    assert_eq!(view.others.len(), 3);

    let again = place.register();
    assert!(again.is_good() && again.changed == 0, "{again:?}");
    assert_eq!(place.subscriptions(), after);
}

#[test]
fn an_old_address_of_ours_is_redirected_and_a_flawed_one_made_anew() {
    let place = Place::healthy();
    let url = place.check().address.unwrap();
    place.end_subscriptions();
    place.add_subscription("FULFILLMENTS_CREATE", &url.replace(HERE, "https://old-tunnel.example"));
    let filtered = Subscription {
        id: String::new(),
        topic: "ORDERS_CANCELLED".into(),
        uri: url.clone(),
        format: "JSON".into(),
        filter: Some("id:1".into()),
    };
    place.system.wire.shopify.lock().unwrap().add_subscription(SHOP, filtered).unwrap();
    let states: Vec<TopicState> = place.check().topics.iter().map(|topic| topic.state).collect();
    let missing = TopicState::Missing;
    assert_eq!(states, [TopicState::Elsewhere, missing, TopicState::Flawed, missing, missing]);

    let view = place.register();
    assert!(view.is_good(), "{view:?}");
    let after = place.subscriptions();
    assert_eq!(after.len(), 5);
    assert!(after.iter().all(|one| one.uri == url && one.filter.is_none()), "{after:?}");
}

#[test]
fn a_delivery_to_a_registered_address_is_taken() {
    let place = Place::healthy();
    let url = place.check().address.unwrap();
    let path = url.strip_prefix(HERE).unwrap().to_owned();
    assert_eq!(
        path,
        workflow::receive::store_path(&place.system.receiver.route_key, &"shop".try_into().unwrap()),
        "stores are told the very path that the receiver listens on"
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let place = Place::healthy();
    let world = place.world();
    let unknown =
        block_on(webhooks_register(&world, Some("shop"), &addresses(None), place.secrets())).unwrap_err();
    assert!(unknown.to_string().contains("--address"), "{unknown}");
    // A shop that refuses: told in its view, and nothing was made.
    place.end_subscriptions();
    place.system.wire.shopify.lock().unwrap().set_scopes(SHOP, vec!["read_orders".into()]).unwrap();
    let view = place.register();
    assert!(!view.is_good() && view.problem.is_some(), "{view:?}");
    assert_eq!(place.subscriptions().len(), 3, "what needs no such scope is subscribed to all the same");
}
