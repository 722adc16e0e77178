//! On records put there by hand. That a dry run tells what then happens is a property test of the stories.

use std::sync::Arc;

use carriers::How;
use domain::confirmation::CarrierCode;
use domain::connection::{Connection, LinkFrom, LinkRule};
use domain::order::{Link, StoreOrder};
use domain::package::Package;
use domain::state::{Cause, NotOurs, State};
use ports::memory::ManualClock;

use super::*;
use crate::admin::testing::{Bench, at};
use crate::admin::{AdminErrorKind, MapTarget, map_import, map_remove, map_set};
use crate::mappings::NewMapping;

const USPS: &str = "9400111899562537866361";

fn of(connection: &str) -> MapTarget {
    MapTarget { connection: Some(connection.into()), ..MapTarget::default() }
}

fn new(text: &str, code: &str) -> NewMapping {
    NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() }
}

/// An order of the shop's own, shipped with this carrier and service.
fn shipped(
    bench: &Bench,
    shop: &Connection,
    id: &str,
    (text, service): (&str, Option<&str>),
    number: &str,
) -> StoreOrder {
    let link = Link::NotOurs { why: NotOurs::NoMarketplaceOrder, rules: String::new() };
    let mut order = bench.store_order(shop, id, number, link);
    for fulfillment in order.fulfillments.values_mut() {
        fulfillment.fact.carrier = Some(text.to_owned()).filter(|text| !text.is_empty());
        fulfillment.fact.service = service.map(str::to_owned);
    }
    bench.put(&order);
    order
}

fn lint(bench: &Bench, target: &MapTarget) -> Lint {
    let lint = bench.run(map_lint(&bench.world, target)).unwrap();
    assert!(bench.looks().is_empty(), "a lint asks nobody to do anything");
    lint
}

/// Account, text, why, seen, held.
fn told(lint: &Lint) -> Vec<(&str, &str, &str, usize, usize)> {
    let row = |row: &'_ HeldText| (row.seen, row.held);
    lint.texts
        .iter()
        .map(|it| {
            let (seen, held) = row(it);
            (it.connection.as_str(), it.text.as_deref().unwrap_or("-"), it.why, seen, held)
        })
        .collect()
}

#[test]
fn texts_of_orders_that_no_marketplace_knows_are_named_before_they_hold_a_parcel() {
    let bench = Bench::new();
    let us = bench.marketplace("m", "us");
    bench.order(&us, "111-1");
    let (shop, stranger) = (bench.store("m", "shop"), bench.store("n", "other"));
    for (id, text, number) in [
        ("1", ("Zephyr Pigeon", None), "A1"),
        ("2", ("ZEPHYR  pigeon", None), "A2"),
        ("3", ("Zephyr Pigeon", Some("Fast")), "A3"),
        ("4", ("UPS", None), "A4"),
        ("5", ("UPS / USPS", None), USPS),
        ("6", ("UPS / USPS", None), "A6"),
        ("7", ("Other", None), USPS),
        ("8", ("", Some("Purolater")), "A8"),
        ("9", ("", None), "A9"),
    ] {
        shipped(&bench, &shop, id, text, number);
    }
    shipped(&bench, &stranger, "1", ("Not yours", None), "B1");
    let found = lint(&bench, &MapTarget::default());
    let want = [
        ("us", "ZEPHYR  pigeon", "no_code", 2, 2),
        ("us", "-", "no_code", 1, 1),
        ("us", "UPS / USPS", "ambiguous", 2, 1),
        ("us", "Zephyr Pigeon", "no_code", 1, 1),
    ];
    assert_eq!(told(&found), want);
    let row = &found.texts[1];
    assert_eq!(row.command, "parcelwire map set Purolater PUROLATOR --account us");
    assert_eq!((row.service.as_deref(), row.suggestions[0].as_str()), (Some("Purolater"), "PUROLATOR"));
    assert_eq!((&row.countries[..], &row.stores[..]), (&["us"][..], &["shop".to_owned()][..]));
    assert_eq!(found.texts[0].command, "parcelwire map set 'ZEPHYR  pigeon' CODE --account us");
    assert_eq!(found.texts[2].command, "parcelwire map set 'UPS / USPS' CODE --account us");
    // What the commands say, done: nothing is left.
    for (text, code) in [("Purolater", "PUROLATOR"), ("Zephyr Pigeon", "UPS"), ("UPS / USPS", "UPS")] {
        bench.run(map_set(&bench.world, &of("us"), new(text, code), "t")).unwrap();
    }
    bench.looks();
    assert_eq!(told(&lint(&bench, &MapTarget::default())), []);
}

#[test]
fn a_store_is_looked_at_for_the_accounts_that_its_orders_may_be_of() {
    let bench = Bench::new();
    for id in ["us", "de"] {
        let account = bench.marketplace("m", id);
        bench.order(&account, "111-1");
    }
    let mut shop = bench.store("m", "shop");
    shipped(&bench, &shop, "1", ("Zephyr", None), "A1");
    let accounts = |target: &MapTarget| {
        let found = lint(&bench, target);
        found.texts.into_iter().map(|row| row.connection).collect::<Vec<_>>()
    };
    assert_eq!(accounts(&MapTarget::default()), ["de", "us"]);
    assert_eq!(accounts(&of("us")), ["us"]);
    assert_eq!(accounts(&MapTarget { merchant: Some("m".into()), ..MapTarget::default() }), ["de", "us"]);
    let nobody = MapTarget { merchant: Some("x".into()), ..MapTarget::default() };
    let error = bench.run(map_lint(&bench.world, &nobody)).unwrap_err();
    assert_eq!(error.kind(), AdminErrorKind::NotFound);
    shop.link = vec![LinkRule {
        from: LinkFrom::SourceIdentifier,
        account: "de".try_into().unwrap(),
        source_name: None,
    }];
    bench.put(&shop);
    assert_eq!(accounts(&MapTarget::default()), ["de"]);
}

#[test]
fn while_no_country_is_known_only_what_none_has_a_code_for_is_named() {
    let bench = Bench::new();
    bench.marketplace("m", "new");
    let shop = bench.store("m", "shop");
    // Yanwen has a code in Singapore and elsewhere, but none in India.
    for (id, text) in [("1", "Yanwen"), ("2", "Zephyr")] {
        shipped(&bench, &shop, id, (text, None), id);
    }
    let found = lint(&bench, &MapTarget::default());
    assert_eq!(told(&found), [("new", "Zephyr", "no_code", 1, 1)]);
    assert!(found.texts[0].countries.is_empty());
}

#[test]
fn a_mapping_whose_code_is_not_accepted_there_is_named_with_the_command_that_replaces_it() {
    let bench = Bench::new();
    let us = bench.marketplace("m", "us");
    bench.order(&us, "111-1");
    let shop = bench.store("m", "shop");
    shipped(&bench, &shop, "1", ("Zephyr", Some("Fast")), "A1");
    // A code of Australia's list, and not of this country's.
    let pattern = NewMapping { how: How::Pattern, ..new("zeph*", "YANWEN") };
    bench.run(map_set(&bench.world, &of("us"), pattern, "t")).unwrap();
    bench.looks();
    let found = lint(&bench, &MapTarget::default());
    assert_eq!(found.texts[0].why, "mapping_refused");
    assert!(found.texts[0].command.ends_with("--pattern --account us"), "{}", found.texts[0].command);
    assert!(found.texts[0].command.contains("'zeph*'"), "{}", found.texts[0].command);
}

/// A package of the order that was sent under `code` and then came to `state`.
fn sent(bench: &Bench, us: &Connection, n: i64, code: &str, state: State) -> Package {
    let order = bench.order(us, &format!("111-{n}"));
    let mut package = bench.package(&order, "p1", &format!("N{n}"), state.clone());
    let version = &mut package.versions[0];
    version.ship_date = Some(at(30));
    version.sent_carrier = Some(CarrierCode { code: code.to_owned(), name: None });
    package.confirmed = Some(1).filter(|_| !matches!(state, State::Rejected { .. }));
    bench.put(&package);
    package
}

#[test]
fn the_share_of_other_and_the_fate_of_unlisted_codes_are_counted() {
    let bench = Bench::new();
    let us = bench.marketplace("m", "us");
    let unlisted = NewMapping { unlisted: true, ..new("Zephyr", "Zephyr Direct") };
    bench.run(map_set(&bench.world, &of("us"), unlisted, "t")).unwrap();
    let visible = || State::Visible { version: 1, at: at(50) };
    let refused = State::Rejected { version: 1, code: "Bad".into(), words: "no".into(), hash: "h".into() };
    let missing = State::Missing { version: 1, since: at(50), next_look: at(60) };
    let accepted = State::Accepted { version: 1, at: at(50), request_id: None, next_look: at(60) };
    for (n, code, state) in [
        (1, "Zephyr Direct", visible()),
        (2, "Zephyr Direct", visible()),
        (3, "Zephyr Direct", missing),
        (4, "Zephyr Direct", accepted),
        (5, "Zephyr Direct", refused),
        (6, "Other", visible()),
        (7, "UPS", visible()),
        (8, "UPS", visible()),
    ] {
        sent(&bench, &us, n, code, state);
    }
    bench.looks();
    let found = lint(&bench, &MapTarget::default());
    let row = &found.unlisted[0];
    assert_eq!((row.shown, row.not_shown, row.awaited, row.refused), (2, 1, 1, 1));
    assert_eq!(
        (row.scope.as_str(), row.text.as_str(), row.code.as_str()),
        ("account:us", "Zephyr", "Zephyr Direct")
    );
    let share = &found.other[0];
    assert_eq!((share.connection.as_str(), share.sent, share.sent_as_other), ("us", 7, 1));
    assert!((share.percent - 14.3).abs() < 1e-9, "{}", share.percent);
    // A month later nothing of it counts, but what became of unlisted codes does.
    let mut later = bench.world.clone();
    later.clock = Arc::new(ManualClock::at(at(1000 + 31 * 24 * 3600)));
    let found = bench.run(map_lint(&later, &MapTarget::default())).unwrap();
    assert_eq!((found.other[0].sent, found.unlisted[0].shown), (0, 2));
}

#[test]
fn a_mapping_whose_code_our_list_has_no_more_is_named() {
    let bench = Bench::new();
    bench.marketplace("m", "us");
    for text in ["Zephyr", "Owl"] {
        bench.run(map_set(&bench.world, &of("us"), new(text, "UPS"), "t")).unwrap();
    }
    // As a record that was stored when the list was another.
    for item in bench.ledger.items().into_iter().filter(|item| item.key.sk.ends_with("zephyr")) {
        let item = ports::Item { body: item.body.replace("\"UPS\"", "\"UPS of old\""), ..item };
        let expect = ports::Expect::Version(item.version);
        bench.run(bench.world.ledger.commit(vec![ports::Write::Put { item, expect }])).unwrap();
    }
    bench.looks();
    let found = lint(&bench, &MapTarget::default());
    assert_eq!(found.outdated.len(), 1, "{found:?}");
    let row = &found.outdated[0];
    assert_eq!((row.text.as_str(), row.code.as_str()), ("Zephyr", "UPS of old"));
    assert!(row.problem.contains("--unlisted"), "{}", row.problem);
    assert!(
        row.command.starts_with("parcelwire map set Zephyr UPS") && row.command.ends_with("--account us")
    );
}

fn held(text: &str) -> State {
    State::Held { cause: Cause::CarrierUnmapped { text: text.into(), suggestions: vec![] }, since: at(50) }
}

fn dry_run(bench: &Bench, file: &str) -> DryRun {
    let before = bench.ledger.items();
    let done = bench.run(map_dry_run(&bench.world, &of("us"), Edit::Import(file.as_bytes()))).unwrap();
    assert!(bench.looks().is_empty() && bench.ledger.items() == before, "a dry run only looks");
    done
}

#[test]
fn a_dry_run_tells_what_goes_what_stays_held_and_what_was_told_already() {
    let bench = Bench::new();
    let us = bench.marketplace("m", "us");
    let shop = bench.store("m", "shop");
    let mut order = bench.order(&us, "111-1");
    bench.linked(&mut order, &shop, "1", "N1");
    bench.package(&order, "p1", "N1", held("Zephyr"));
    // Held for a line first: a code does not help it.
    let mut unclear = bench.order(&us, "111-2");
    unclear.facts.as_mut().unwrap().lines[0].sku = Some("S-9".try_into().unwrap());
    unclear.facts.as_mut().unwrap().lines.push(domain::marketplace_order::OrderLine {
        paid: None,
        ship_by: None,
        id: "A2".try_into().unwrap(),
        sku: Some("S-8".try_into().unwrap()),
        ordered: 2,
        cancelled: 0,
        shipped: Some(0),
    });
    bench.put(&unclear);
    bench.linked(&mut unclear, &shop, "2", "N2");
    let for_line = State::Held { cause: Cause::LineUnclear { lines: vec!["S-1".into()] }, since: at(50) };
    let mut package = bench.package(&unclear, "p1", "N2", for_line);
    package.versions[0].content.lines = None;
    bench.put(&package);
    sent(&bench, &us, 3, "4PX", State::Visible { version: 1, at: at(50) });
    for (n, state) in [
        (4, State::Cancelled { reason: "voided".into() }),
        (5, State::Superseded { by: "p9".into() }),
        (6, State::NotOurs { why: NotOurs::BeforeStart }),
        (7, State::Conflict { theirs: "a".into(), ours: "b".into() }),
    ] {
        let order = bench.order(&us, &format!("111-{n}"));
        bench.package(&order, "p1", &format!("N{n}"), state);
    }
    let done = dry_run(&bench, "text,code\nZephyr,UPS\nOwl,DHL\n");
    assert_eq!((done.shipments, done.changed, done.unchanged), (3, 2, 0));
    assert_eq!(
        (done.next, done.told),
        (Shifts { released: 1, ..Shifts::default() }, Shifts { released: 1, ..Shifts::default() })
    );
    let rows: Vec<_> = done
        .rows
        .iter()
        .map(|r| {
            (
                r.marketplace_order.as_str(),
                r.when,
                r.change,
                r.from.does,
                r.to.code.as_deref(),
                r.sent_code.as_deref(),
            )
        })
        .collect();
    let want = [
        ("111-1", "next", "released", "held", Some("UPS"), None),
        ("111-3", "told", "released", "held", Some("UPS"), Some("4PX")),
    ];
    assert_eq!(rows, want);
    assert_eq!(done.rows[0].from.cause.as_deref(), Some("carrier_unmapped"));
    assert!(done.rows[0].from.reason.as_deref().unwrap().contains("Zephyr"));
    // The import says the same of what it lets go.
    let import = bench.run(map_import(&bench.world, &of("us"), b"text,code\nZephyr,UPS\n", "t")).unwrap();
    assert_eq!(import.released_parcels, Some(1));
    let mut later = bench.world.clone();
    later.clock = Arc::new(ManualClock::at(at(1000 + 31 * 24 * 3600)));
    let old = bench.run(map_dry_run(&later, &of("us"), Edit::Import(b"text,code\nZephyr,DHL\n"))).unwrap();
    assert_eq!((old.shipments, old.rows.len()), (0, 0), "nothing of more than 30 days ago");
}

#[test]
fn a_dry_run_fails_as_the_change_would() {
    let bench = Bench::new();
    bench.marketplace("m", "us");
    let world = &bench.world;
    let wrong = b"text,code\nA,UPS\nB,\nC,nope\n";
    let dry = bench.run(map_dry_run(world, &of("us"), Edit::Import(wrong))).unwrap_err();
    let real = bench.run(map_import(world, &of("us"), wrong, "t")).unwrap_err();
    assert_eq!(dry.to_string(), real.to_string());
    assert!(dry.to_string().contains("line 3") && dry.to_string().contains("line 4"), "{dry}");
    let dry = bench.run(map_dry_run(world, &of("us"), Edit::Remove("Owl", How::Folded))).unwrap_err();
    let real = bench.run(map_remove(world, &of("us"), ("Owl", How::Folded), "t")).unwrap_err();
    assert_eq!((dry.to_string(), dry.kind()), (real.to_string(), AdminErrorKind::NotFound));
}

#[test]
fn suggestions_are_best_first_with_what_the_built_in_names_say() {
    let bench = Bench::new();
    let mut us = bench.marketplace("m", "us");
    us.options.insert("marketplace_id".into(), "US".into());
    bench.put(&us);
    let suggest = |text: &str| bench.run(map_suggest(&bench.world, text, &MapTarget::default())).unwrap();
    for (text, carrier, code, first) in [
        (" UPS Ground ", Some("UPS"), Some("UPS"), Some("UPS")),
        ("Purolater", None, None, Some("PUROLATOR")),
        ("UPS / FedEx", None, None, Some("UPS")),
        ("Zephyr Pigeon", None, None, None),
    ] {
        let found = suggest(text);
        assert_eq!(found.carrier, carrier, "{text}");
        let group = &found.countries[0];
        assert_eq!(
            (&group.countries[..], group.code, group.other),
            (&["us"][..], code, Some("Other")),
            "{text}"
        );
        assert_eq!(group.near.first().copied(), first, "{text}: {:?}", group.near);
        let code = first.filter(|_| found.named.len() < 2).unwrap_or("CODE");
        assert!(found.command.ends_with(&format!(" {code} --account us")), "{}", found.command);
    }
    assert_eq!(suggest("UPS / FedEx").named, ["UPS", "FedEx"]);
    assert_eq!(suggest("UPS Ground").service.as_deref(), Some("Ground"));
    let error = bench.run(map_suggest(&bench.world, " \u{200b}", &MapTarget::default())).unwrap_err();
    assert_eq!(error.kind(), AdminErrorKind::Refused);
    // All countries where none is said, each in one group only.
    let everywhere = MapTarget { marketplace: Some("amazon".into()), ..MapTarget::default() };
    us.options.clear();
    bench.put(&us);
    let found = bench.run(map_suggest(&bench.world, "Yanwen", &everywhere)).unwrap();
    let mut countries: Vec<&str> = found.countries.iter().flat_map(|group| group.countries.clone()).collect();
    countries.sort_unstable();
    assert_eq!(countries, carriers::countries("amazon"));
    assert!(found.countries.len() > 1 && found.countries.len() < 10, "{:?}", found.countries);
}
