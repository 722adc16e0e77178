//! What a merchant's tools around mappings do to parcels: named before they hold one, and released once each.

use carriers::How;
use domain::connection::{Connection, MailSettings};
use domain::state::StateName as S;
use futures::executor::block_on;
use workflow::admin::{self, Lint, MapTarget};
use workflow::mappings::NewMapping;

use crate::harness::{System, amazon_connection, shopify_connection};

fn of(account: &str) -> MapTarget {
    MapTarget { connection: Some(account.into()), ..MapTarget::default() }
}

fn new(text: &str, code: &str) -> NewMapping {
    NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() }
}

fn ship(system: &System, order: &str, carrier: &str, number: &str) {
    let (_, delivery) = system.ship(order, carrier, &[number], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
}

fn lint(system: &System) -> Lint {
    let calls = system.wire.amazon.lock().unwrap().record().calls;
    let records = system.ledger.items();
    let lint = block_on(admin::map_lint(&system.world, &MapTarget::default())).unwrap();
    assert_eq!(system.wire.amazon.lock().unwrap().record().calls, calls);
    assert!(system.ledger.items() == records);
    lint
}

/// Account, text, parcels that would be held.
fn told(lint: &Lint) -> Vec<(&str, &str, usize)> {
    lint.texts.iter().map(|t| (t.connection.as_str(), t.text.as_deref().unwrap_or("-"), t.held)).collect()
}

#[test]
fn a_new_carrier_on_an_order_of_the_shop_is_named_before_a_marketplace_order_uses_it() {
    let system = System::start();
    for id in ["own-1", "own-2"] {
        system.shop_order(id, "web", &[("LAMP", 1)]);
        ship(&system, id, "Snail & Sons", &format!("SN-{id}"));
    }
    system.pass(5);
    let found = lint(&system);
    assert_eq!(told(&found), [("amazon-two", "Snail & Sons", 2), ("amazon-us", "Snail & Sons", 2)]);
    assert_eq!(found.texts[1].command, "parcelwire map set 'Snail & Sons' CODE --account amazon-us");
    assert!(system.mail.sent().is_empty(), "nobody was mailed of it: {:?}", system.subjects());
    // The merchant answers before it hurts: the first marketplace order under it goes at once.
    let done =
        block_on(admin::map_set(&system.world, &of("amazon-us"), new("snail & sons", "4PX"), "t")).unwrap();
    assert_eq!(done.released_parcels, Some(0));
    assert_eq!(told(&lint(&system)), [("amazon-two", "Snail & Sons", 2)]);
    system.order("111-2222222-3333333", &[("LAMP", 1)]);
    ship(&system, "111-2222222-3333333", "Snail & Sons", "SN-1");
    system.pass(5);
    assert_eq!(system.at_amazon("111-2222222-3333333"), [("SN-1".into(), "4PX".into(), 1, 1)]);
    assert!(system.mail.sent().is_empty(), "{:?}", system.subjects());
}

#[test]
fn law_3_one_answer_of_any_kind_releases_all_that_waits_for_it_once_each_and_says_how_many() {
    const HELD: usize = 8;
    type Answer = fn(&System) -> Option<usize>;
    let answers: [(&str, Answer, &str); 5] = [
        ("set", |s| set(s, &of("amazon-us"), new("SNAIL & sons", "4PX")), "4PX"),
        (
            "pattern",
            |s| set(s, &of("amazon-us"), NewMapping { how: How::Pattern, ..new("snail*", "4PX") }),
            "4PX",
        ),
        ("profile", |s| set(s, &profile(), new("Snail & Sons", "4PX")), "4PX"),
        ("import", import, "4PX"),
        (
            "unlisted",
            |s| set(s, &of("amazon-us"), NewMapping { unlisted: true, ..new("Snail & Sons", "Snail") }),
            "Snail",
        ),
    ];
    for (way, answer, code) in answers {
        let system = System::start();
        let mut us = amazon_connection("amazon-us");
        us.carriers.profile = Some("east".into());
        system.apply_all(&[shopify_connection(), us, amazon_connection("amazon-two")]);
        let orders: Vec<String> = (0..HELD).map(|n| format!("111-2222222-{n:07}")).collect();
        for (n, id) in orders.iter().enumerate() {
            system.order(id, &[("LAMP", 1)]);
            ship(&system, id, "Snail & Sons", &format!("SN{n}"));
        }
        assert_eq!(told(&lint(&system))[1], ("amazon-us", "Snail & Sons", HELD), "{way}");
        assert_eq!(answer(&system), Some(HELD), "{way}: what the answer says it releases");
        system.settle();
        system.pass(6);
        for (n, id) in orders.iter().enumerate() {
            assert_eq!(system.at_amazon(id), [(format!("SN{n}"), code.into(), 1, 1)], "{way} {id}");
            assert_eq!(system.states(id), [S::Visible], "{way} {id}");
        }
        let found = lint(&system);
        assert_eq!(told(&found), [("amazon-two", "Snail & Sons", HELD)], "{way}");
        let shown: Vec<_> = found.unlisted.iter().map(|m| (m.code.as_str(), m.shown, m.not_shown)).collect();
        assert_eq!(shown, if way == "unlisted" { vec![("Snail", HELD, 0)] } else { vec![] }, "{way}");
    }
}

fn set(system: &System, target: &MapTarget, new: NewMapping) -> Option<usize> {
    block_on(admin::map_set(&system.world, target, new, "a test")).unwrap().released_parcels
}

fn import(system: &System) -> Option<usize> {
    let file = b"text,code,match\nOwl & Sons,UPS,\nSnail & Sons,4PX,exact\n";
    block_on(admin::map_import(&system.world, &of("amazon-us"), file, "a test")).unwrap().released_parcels
}

fn profile() -> MapTarget {
    MapTarget { marketplace: Some("amazon".into()), profile: Some("east".into()), ..MapTarget::default() }
}

#[test]
fn the_digest_tells_the_share_of_parcels_sent_as_other_where_there_are_any() {
    let system = System::start();
    let mail = MailSettings {
        to: vec!["merchant@example.com".into()],
        digest_hour: Some(6),
        ..MailSettings::default()
    };
    let us = Connection { mail, ..amazon_connection("amazon-us") };
    system.apply_all(&[shopify_connection(), us, amazon_connection("amazon-two")]);
    let other = NewMapping { name: Some("Snail & Sons".into()), ..new("Snail & Sons", "Other") };
    set(&system, &of("amazon-us"), other);
    let digests = |system: &System| -> Vec<String> {
        let sent = system.mail.sent().into_iter();
        sent.filter(|mail| mail.subject.contains("confirmed")).map(|mail| mail.text).collect()
    };
    let a_day = || {
        system.clock.advance(std::time::Duration::from_secs(24 * 3600 - 600));
        system.pass(10);
    };
    a_day();
    const LINE: &str = "Sent under the word for other";
    assert_eq!(digests(&system).len(), 1, "{:?}", system.subjects());
    assert!(!digests(&system)[0].contains(LINE), "{}", digests(&system)[0]);
    for (n, carrier) in ["UPS", "Snail & Sons", "UPS", "UPS"].into_iter().enumerate() {
        let id = format!("111-2222222-{n:07}");
        system.order(&id, &[("LAMP", 1)]);
        ship(&system, &id, carrier, &format!("SN{n}"));
    }
    system.pass(5);
    a_day();
    let text = digests(&system).pop().unwrap();
    assert!(text.contains(&format!("{LINE}, last 30 days: 1 of 4 parcels (25 %)")), "{text}");
    let found = lint(&system);
    let shares: Vec<_> =
        found.other.iter().map(|o| (o.connection.as_str(), o.sent, o.sent_as_other)).collect();
    assert_eq!(shares, [("amazon-us", 4, 1)]);
}
