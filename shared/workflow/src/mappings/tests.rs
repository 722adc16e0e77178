//! On the ledger in memory.

use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, Sku};
use futures::executor::block_on;
use ports::memory::MemoryLedger;

use super::*;

fn connection(merchant: &str, id: &str) -> Connection {
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: 1,
        account: Account::new(merchant.try_into().unwrap(), id.try_into().unwrap()),
        kind: "amazon".into(),
        sync: true,
        options: [].into(),
        base_url: None,
        link: vec![],
        mail: MailSettings::default(),
        time_zone: "UTC".into(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

fn of_account(connection: &Connection) -> Place {
    Place {
        merchant: connection.account.merchant.clone(),
        reach: Reach::Account(connection.account.connection.clone()),
        kind: connection.kind.clone(),
        country: Some("us"),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn new(text: &str, code: &str) -> NewMapping {
    NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() }
}

/// Asks with a memory of its own, and with one that has answered before: both say the same.
fn found(ledger: &MemoryLedger, connection: &Connection, text: &str) -> Vec<(carriers::Scope, String)> {
    let cache = MappingCache::default();
    let ask = || {
        let all = block_on(lookup(ledger, &cache, connection, (Some(text), None), None)).unwrap();
        all.into_iter().map(|(scope, mapping)| (scope, mapping.code)).collect::<Vec<_>>()
    };
    let first = ask();
    assert_eq!(ask(), first);
    first
}

#[test]
fn the_account_comes_before_the_marketplace_and_the_particular_before_the_general() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "amazon-us");
    let all = Place::marketplace(us.account.merchant.clone(), "amazon");
    let own = of_account(&us);
    block_on(async {
        for (place, text, code) in [
            (&all, "USPS Priority Mail", "OSM"),
            (&own, "USPS", "UPS"),
            (&own, "usps  PRIORITY-mail", "USPS"),
        ] {
            set(&ledger, place, new(text, code), "test", at(1)).await.unwrap();
        }
    });
    use carriers::Scope::{Account, Marketplace};
    let want = [(Account, "USPS".to_owned()), (Account, "UPS".to_owned()), (Marketplace, "OSM".to_owned())];
    assert_eq!(found(&ledger, &us, "USPS Priority Mail"), want);
    // Another account of the merchant sees what was said for the marketplace only.
    let de = connection("m", "amazon-de");
    assert_eq!(found(&ledger, &de, "USPS Priority Mail"), [(Marketplace, "OSM".to_owned())]);
    assert_eq!(found(&ledger, &us, "no such carrier"), []);
}

#[test]
fn exact_before_folded_before_pattern_and_the_profile_after_the_marketplace() {
    let ledger = MemoryLedger::default();
    let mut us = connection("m", "us");
    us.carriers.profile = Some("east".into());
    let own = of_account(&us);
    let profile = Place::profile(us.account.merchant.clone(), "amazon", "east");
    let other_profile = Place::profile(us.account.merchant.clone(), "amazon", "west");
    let all = Place::marketplace(us.account.merchant.clone(), "amazon");
    let how = |text: &str, how: How, code: &str| NewMapping { how, ..new(text, code) };
    block_on(async {
        for (place, new) in [
            (&profile, new("Zephyr", "GLS")),
            (&other_profile, new("Zephyr", "DHL")),
            (&all, how("Z*r", How::Pattern, "TNT")),
            (&own, how("Zeph*", How::Pattern, "UPS")),
            (&own, how("Ze*", How::Pattern, "DPD")),
            (&own, new("Zephyr", "USPS")),
            (&own, how("ZEPHYR", How::Exact, "FedEx")),
        ] {
            set(&ledger, place, new, "t", at(1)).await.unwrap();
        }
    });
    use carriers::Scope::{Account, Marketplace, Profile};
    let codes = |text: &str| found(&ledger, &us, text);
    let rest = [(Account, "UPS"), (Account, "DPD"), (Marketplace, "TNT"), (Profile, "GLS")];
    let want = |first: &[(carriers::Scope, &str)]| {
        first.iter().chain(&rest).map(|(scope, code)| (*scope, (*code).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(codes("ZEPHYR"), want(&[(Account, "FedEx"), (Account, "USPS")]));
    assert_eq!(codes("zephyr"), want(&[(Account, "USPS")]));
    block_on(async {
        for (text, how) in [("Zeph*", How::Pattern), ("zephyr", How::Folded)] {
            assert!(remove(&ledger, &own, (text, how), "t", at(2)).await.unwrap().is_some(), "{text}");
        }
    });
    assert_eq!(codes("zephyr"), want(&[])[1..]);
}

#[test]
fn a_worker_that_remembers_sees_every_change_at_once() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "us");
    let place = of_account(&us);
    let cache = MappingCache::default();
    let ask = || {
        let found = block_on(lookup(&ledger, &cache, &us, (Some("Zephyr"), None), None)).unwrap();
        found.first().map(|(_, mapping)| mapping.code.clone())
    };
    assert_eq!(ask(), None);
    for code in ["UPS", "USPS", "UPS"] {
        block_on(set(&ledger, &place, new("Zephyr", code), "t", at(1))).unwrap();
        assert_eq!(ask().as_deref(), Some(code));
        assert_eq!(ask().as_deref(), Some(code));
    }
    block_on(import(&ledger, &place, b"text,code\nzephyr,DHL\n", "t", at(2))).unwrap();
    assert_eq!(ask().as_deref(), Some("DHL"));
    block_on(remove(&ledger, &place, ("zephyr", How::Folded), "t", at(3))).unwrap();
    assert_eq!(ask(), None);
}

#[test]
fn an_overlay_shows_what_a_file_would_do_and_changes_nothing() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "us");
    let place = of_account(&us);
    let cache = MappingCache::default();
    block_on(set(&ledger, &place, new("Zephyr", "UPS"), "t", at(1))).unwrap();
    let over = |text: &str, how: How, code: &str| {
        let new = NewMapping { how, ..new(text, code) };
        Overlay::new(place.reach.clone(), [mapping_of(new, "t", at(2))])
    };
    let ask = |text: &str, overlay: Option<&Overlay>| {
        let found = block_on(lookup(&ledger, &cache, &us, (Some(text), None), overlay)).unwrap();
        found.first().map(|(_, mapping)| mapping.code.clone())
    };
    for (text, overlay, want) in [
        ("zephyr", over("ZEPHYR", How::Folded, "DHL"), Some("DHL")),
        ("owl", over("owl", How::Folded, "DHL"), Some("DHL")),
        ("owl", over("o*l", How::Pattern, "DHL"), Some("DHL")),
        ("big owl", over("big*", How::Pattern, "GLS"), Some("GLS")),
        ("zephyr", over("zeph*", How::Pattern, "GLS"), Some("UPS")),
        ("Owl", over("Owl", How::Exact, "GLS"), Some("GLS")),
        ("owl", over("Owl", How::Exact, "GLS"), None),
    ] {
        let before = ask(text, None);
        assert_eq!(ask(text, Some(&overlay)).as_deref(), want, "{text}");
        assert_eq!(ask(text, None), before, "{text}");
    }
    block_on(set(&ledger, &place, NewMapping { how: How::Pattern, ..new("ze*", "GLS") }, "t", at(1)))
        .unwrap();
    for (gone, how, want) in [
        ("ZEPHYR", How::Folded, Some("GLS")),
        ("Ze*", How::Pattern, Some("UPS")),
        ("owl", How::Folded, Some("UPS")),
    ] {
        let without = Overlay::without(place.reach.clone(), gone, how);
        assert_eq!(ask("zephyr", Some(&without)).as_deref(), want, "without {gone}");
    }
    let elsewhere = Overlay::new(Reach::Marketplace("ebay".into()), []);
    assert_eq!(ask("zephyr", Some(&elsewhere)).as_deref(), Some("UPS"));
}

#[test]
fn patterns_of_one_scope_are_bounded_with_a_clear_word() {
    let ledger = MemoryLedger::default();
    let place = of_account(&connection("m", "us"));
    let pattern = |n: usize| NewMapping { how: How::Pattern, ..new(&format!("zephyr {n} *"), "UPS") };
    block_on(async {
        for n in 0..head::MOST_PATTERNS {
            set(&ledger, &place, pattern(n), "t", at(1)).await.unwrap();
        }
        let refused = set(&ledger, &place, pattern(999), "t", at(1)).await.unwrap_err();
        assert!(refused.to_string().contains("200 patterns"), "{refused}");
        // One that is there already may change.
        let changed = NewMapping { code: "USPS".into(), ..pattern(5) };
        set(&ledger, &place, changed, "t", at(1)).await.unwrap();
    });
}

#[test]
fn a_file_with_patterns_too_many_is_refused_as_a_whole() {
    let ledger = MemoryLedger::default();
    let place = of_account(&connection("m", "us"));
    let file = |range: std::ops::Range<usize>| {
        let rows = range.map(|n| format!("zephyr {n} *,UPS,pattern\n"));
        format!("text,code,match\nOwl,UPS,\n{}", rows.collect::<String>())
    };
    block_on(async {
        let most = head::MOST_PATTERNS;
        let refused = import(&ledger, &place, file(0..most + 1).as_bytes(), "t", at(1)).await.unwrap_err();
        assert!(refused.to_string().contains("200 patterns"), "{refused}");
        assert!(ledger.items().is_empty(), "not even the first hundred lines are stored");
        let done = import(&ledger, &place, file(0..most).as_bytes(), "t", at(1)).await.unwrap();
        assert_eq!(done.changed, most + 1);
        // The same patterns again take no more room; one that is new does.
        import(&ledger, &place, file(0..most).as_bytes(), "t", at(1)).await.unwrap();
        import(&ledger, &place, file(most..most + 1).as_bytes(), "t", at(1)).await.unwrap_err();
    });
}

#[test]
fn tenants_never_see_each_others_mappings() {
    let ledger = MemoryLedger::default();
    let (a, b) = (connection("a", "shop-a"), connection("b", "shop-b"));
    let sku = |text: &str| Sku::try_from(text).unwrap();
    block_on(async {
        set(&ledger, &of_account(&a), new("Zephyr", "UPS"), "a", at(1)).await.unwrap();
        let all = Place::marketplace(a.account.merchant.clone(), "amazon");
        set(&ledger, &all, new("Zephyr", "UPS"), "a", at(1)).await.unwrap();
        sku_set(&ledger, &a.account, &sku("S"), &sku("M"), "a", at(1)).await.unwrap();
        assert!(sku_map(&ledger, &b.account).await.unwrap().is_empty());
        assert_eq!(sku_map(&ledger, &a.account).await.unwrap(), [(sku("S"), sku("M"))].into());
        assert!(list(&ledger, &b.account.merchant, None).await.unwrap().is_empty());
        assert_eq!(list(&ledger, &a.account.merchant, None).await.unwrap().len(), 2);
    });
    assert_eq!(found(&ledger, &b, "Zephyr"), []);
}

#[test]
fn versions_count_up_over_removal_and_who_and_when_are_kept() {
    let ledger = MemoryLedger::default();
    let place = of_account(&connection("m", "us"));
    const FOLDED: (&str, How) = ("zephyr", How::Folded);
    block_on(async {
        let first = set(&ledger, &place, new("Zephyr", "UPS"), "ann", at(1)).await.unwrap().mapping;
        assert_eq!((first.version, first.set_by.as_str(), first.set_at), (1, "ann", Some(at(1))));
        let same = set(&ledger, &place, new("Zephyr", "UPS"), "bob", at(2)).await.unwrap().mapping;
        assert_eq!((same.version, same.set_by.as_str()), (1, "ann"), "the same again is no change");
        let second = set(&ledger, &place, new("ZEPHYR", "USPS"), "bob", at(3)).await.unwrap().mapping;
        assert_eq!((second.version, second.set_by.as_str(), second.text.as_str()), (2, "bob", "ZEPHYR"));
        let removed = remove(&ledger, &place, FOLDED, "cleo", at(4)).await.unwrap().unwrap().mapping;
        assert_eq!((removed.version, removed.set_by.as_str()), (3, "cleo"));
        assert!(remove(&ledger, &place, FOLDED, "cleo", at(4)).await.unwrap().is_none());
        assert!(list(&ledger, &place.merchant, None).await.unwrap().is_empty());
        let back = set(&ledger, &place, new("zephyr", "UPS"), "ann", at(5)).await.unwrap();
        assert_eq!(back.mapping.version, 4);
        let past: Vec<_> =
            back.past.iter().map(|p| (p.version, p.code.as_str(), p.set_by.as_str())).collect();
        assert_eq!(past, [(1, "UPS", "ann"), (2, "USPS", "bob"), (3, "", "cleo")]);
    });
}

#[test]
fn law_3_a_mapping_that_cannot_be_read_decides_nothing_and_lets_no_other_rule_decide() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "us");
    let key = ItemKey::carrier_mapping(&us.account.merchant, "account:us", "usps");
    let item = ports::Item {
        key,
        version: 1,
        body: r#"{"schema":9,"text":{"new":"form"}}"#.into(),
        due: None,
        attention: None,
        expires_at: None,
    };
    let place = of_account(&us);
    block_on(async {
        ledger.commit(vec![Write::Put { item, expect: ports::Expect::Absent }]).await.unwrap();
        // Its head was written with it, by a version that this one can read no mapping of.
        set(&ledger, &place, new("other", "UPS"), "t", at(1)).await.unwrap();
        let cache = MappingCache::default();
        let mappings = lookup(&ledger, &cache, &us, (Some("USPS"), None), None).await.unwrap();
        let question = carriers::Question {
            text: Some("USPS"),
            service: None,
            number: None,
            marketplace: "amazon",
            country: "us",
            mappings: &mappings,
            other_for_unknown: true,
        };
        assert!(matches!(carriers::resolve(question), carriers::Decision::Unknown { .. }));
        let refused = set(&ledger, &place, new("USPS", "USPS"), "t", at(1)).await;
        assert!(matches!(refused, Err(MappingError::Newer(_))), "{refused:?}");
    });
}

#[test]
fn an_import_with_a_wrong_line_names_every_one_and_stores_nothing() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "us");
    let place = of_account(&us);
    let file = b"text,code\nZephyr,UPS\nPigeon,Fedex\n,USPS\nOwl,USPS\nowl,USPS\n";
    let Err(MappingError::BadLines(bad)) = block_on(import(&ledger, &place, file, "t", at(1))) else {
        panic!("taken")
    };
    assert_eq!(bad.iter().map(|b| b.line).collect::<Vec<_>>(), [3, 4, 6]);
    let said = MappingError::BadLines(bad).to_string();
    assert!(said.contains("line 3") && said.contains("line 4") && said.contains("line 6"), "{said}");

    let skus = b"store_sku,marketplace_sku\nA,1\n,2\nB,\nA,3\nC,1,2\n";
    let Err(MappingError::BadSkuLines(bad)) = block_on(sku_import(&ledger, &us.account, skus, "t", at(1)))
    else {
        panic!("taken")
    };
    assert_eq!(bad.iter().map(|b| b.line).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert!(ledger.items().is_empty(), "nothing is stored");
    for (file, says) in
        [("", "first line"), ("sku,other\n", "first line"), ("store_sku,marketplace_sku\n\u{fffd}", "cells")]
    {
        let error = block_on(sku_import(&ledger, &us.account, file.as_bytes(), "t", at(1))).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn what_is_exported_can_be_imported_and_changes_nothing_then() {
    let ledger = MemoryLedger::default();
    let us = connection("m", "us");
    let place = of_account(&us);
    let other = of_account(&connection("m", "de"));
    block_on(async {
        let mut file = String::from("text;code;unlisted\n");
        for n in 0..250 {
            file.push_str(&format!("=Carrier {n};Code {n};yes\n"));
        }
        let done = import(&ledger, &place, file.as_bytes(), "t", at(1)).await.unwrap();
        assert_eq!(done, Imported { changed: 250, unchanged: 0 });
        let csv = export(&ledger, &place).await.unwrap();
        let done = import(&ledger, &place, csv.as_bytes(), "t", at(2)).await.unwrap();
        assert_eq!(done, Imported { changed: 0, unchanged: 250 });
        let done = import(&ledger, &other, csv.as_bytes(), "t", at(2)).await.unwrap();
        assert_eq!(done.changed, 250);
        let text = |rows: Vec<InForce>| rows.into_iter().map(|r| r.mapping.text).collect::<Vec<_>>();
        let here = text(list(&ledger, &place.merchant, Some(&place.reach)).await.unwrap());
        assert_eq!(here, text(list(&ledger, &place.merchant, Some(&other.reach)).await.unwrap()));
        assert!(here.contains(&"=Carrier 7".to_owned()));

        let skus = "store_sku;marketplace_sku\r\n'=a;b c\r\n\"q\"\"x\";y\r\n";
        let done = sku_import(&ledger, &us.account, skus.as_bytes(), "t", at(1)).await.unwrap();
        assert_eq!(done, Imported { changed: 2, unchanged: 0 });
        let map = sku_map(&ledger, &us.account).await.unwrap();
        assert_eq!(map.get(&Sku::try_from("=a").unwrap()).unwrap().as_str(), "b c");
    });
}
