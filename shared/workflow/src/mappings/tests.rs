//! On the ledger in memory.

use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, Sku};
use futures::executor::block_on;
use ports::memory::MemoryLedger;

use super::*;

fn connection(merchant: &str, id: &str) -> Connection {
    Connection {
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

fn keys(text: &str) -> Vec<String> {
    carriers::lookup_keys(text, None)
}

fn found(ledger: &MemoryLedger, connection: &Connection, text: &str) -> Vec<(carriers::Scope, String)> {
    let all = block_on(lookup(ledger, connection, &keys(text))).unwrap();
    all.into_iter().map(|(scope, mapping)| (scope, mapping.code)).collect()
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
    block_on(async {
        let first = set(&ledger, &place, new("Zephyr", "UPS"), "ann", at(1)).await.unwrap();
        assert_eq!((first.version, first.set_by.as_str(), first.set_at), (1, "ann", Some(at(1))));
        let same = set(&ledger, &place, new("Zephyr", "UPS"), "bob", at(2)).await.unwrap();
        assert_eq!((same.version, same.set_by.as_str()), (1, "ann"), "the same again is no change");
        let second = set(&ledger, &place, new("ZEPHYR", "USPS"), "bob", at(3)).await.unwrap();
        assert_eq!((second.version, second.set_by.as_str(), second.text.as_str()), (2, "bob", "ZEPHYR"));
        let removed = remove(&ledger, &place, "zephyr", "cleo", at(4)).await.unwrap().unwrap();
        assert_eq!((removed.version, removed.set_by.as_str()), (3, "cleo"));
        assert!(remove(&ledger, &place, "zephyr", "cleo", at(4)).await.unwrap().is_none());
        assert!(list(&ledger, &place.merchant, None).await.unwrap().is_empty());
        let back = set(&ledger, &place, new("zephyr", "UPS"), "ann", at(5)).await.unwrap();
        assert_eq!(back.version, 4);
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
        let mappings = lookup(&ledger, &us, &keys("USPS")).await.unwrap();
        let question = carriers::Question {
            text: Some("USPS"),
            service: None,
            marketplace: "amazon",
            country: "us",
            mappings: &mappings,
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
