use std::collections::{BTreeMap, BTreeSet};

use super::lookalikes::LOOKALIKES;
use super::*;

/// Every name as it is written, with what it means.
fn names() -> Vec<(&'static str, Meaning)> {
    let rows = |table: &'static [Names], meaning: fn(Carrier) -> Meaning| {
        table
            .iter()
            .flat_map(move |(carrier, names)| names.iter().map(move |name| (*name, meaning(*carrier))))
    };
    let carriers = TABLES.iter().flat_map(move |table| rows(table, Meaning::Carrier));
    let lookalikes = LOOKALIKES.iter().map(|name| (*name, Meaning::Lookalike));
    carriers.chain(rows(products::NAMES, Meaning::Product)).chain(lookalikes).collect()
}

#[test]
fn no_name_means_two_carriers() {
    let mut seen: BTreeMap<String, (&str, Meaning)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, meaning) in names() {
        assert!(compact(name).chars().count() >= 2, "{name:?} is too short to be sure of");
        if let Some((other, was)) = seen.insert(compact(name), (name, meaning))
            && was != meaning
        {
            wrong.push((name, meaning, other, was));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_table_holds_a_name_or_a_carrier_twice() {
    let mut twice: Vec<&&str> = Vec::new();
    for table in TABLES.iter().chain(&[products::NAMES]) {
        let mut seen = BTreeSet::new();
        let mut carriers = BTreeSet::new();
        for (carrier, names) in *table {
            assert!(carriers.insert(*carrier), "{carrier:?} has two rows in one table");
            twice.extend(names.iter().filter(|name| !seen.insert(compact(name))));
        }
    }
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_carrier_has_names_and_its_title_means_it() {
    let named: BTreeSet<Carrier> = TABLES.iter().copied().flatten().map(|(carrier, _)| *carrier).collect();
    for carrier in Carrier::ALL {
        assert!(named.contains(carrier), "{carrier:?} has no names");
        let meant = crate::recognise(carrier.title(), None).carrier;
        assert_eq!(meant, Some(*carrier), "{:?}", carrier.title());
    }
}

#[test]
fn there_are_at_least_600_spellings_and_each_means_what_its_table_says() {
    let names: BTreeMap<String, (&str, Meaning)> =
        names().into_iter().map(|(name, meaning)| (compact(name), (name, meaning))).collect();
    let spellings = names.values().filter(|(_, meaning)| meaning.carrier().is_some()).count();
    let carriers: BTreeSet<_> = names.values().filter_map(|(_, meaning)| meaning.carrier()).collect();
    println!(
        "{spellings} distinct spellings of {} carriers, {} look-alikes",
        carriers.len(),
        LOOKALIKES.len()
    );
    assert!(spellings >= 600, "{spellings}");
    for (name, meaning) in names.values() {
        let read = crate::recognise(name, None);
        assert_eq!(read.carrier, meaning.carrier(), "{name:?}");
        match meaning {
            Meaning::Carrier(_) => assert_eq!(read.service, None, "{name:?}: all of it is the name"),
            Meaning::Product(_) => assert_eq!(read.service.as_deref(), Some(*name), "{name:?}"),
            Meaning::Lookalike => {}
        }
    }
}

#[test]
fn words_that_could_be_anybody_are_no_names() {
    for word in [
        "amazon",
        "apc",
        "collect",
        "correo",
        "courier",
        "custom",
        "dispatch",
        "eagle",
        "economy",
        "ems",
        "epacket",
        "express",
        "first line",
        "freight",
        "go",
        "ground",
        "jt",
        "landmark",
        "logistics",
        "mail",
        "mpl",
        "next day",
        "other",
        "parcel",
        "passport",
        "pilot",
        "pin",
        "post",
        "poste",
        "posten",
        "priority",
        "rm",
        "sameday",
        "spring",
        "speedy",
        "sprint",
        "standard",
        "target",
        "tracked",
        "we post",
        "宅配便",
        "快递",
    ] {
        assert_eq!(find(&compact(word)), None, "{word}");
    }
}

#[test]
fn a_beginning_is_told_from_what_no_name_begins_with() {
    for (start, begins) in
        [("", true), ("u", true), ("usps", true), ("uspsx", false), ("ヤマ", true), ("zzz", false)]
    {
        assert_eq!(begins_a_name(start), begins, "{start:?}");
    }
}
