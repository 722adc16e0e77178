use std::collections::BTreeSet;

use super::*;

#[test]
fn lists_are_whole_sorted_and_without_repeats() {
    for (kind, country, size, other) in [
        ("amazon", "us", 377, true),
        ("amazon", "jp", 377, true),
        ("amazon", "it", 376, true),
        ("amazon", "sg", 37, true),
        ("amazon", "au", 19, true),
        ("amazon", "in", 10, false),
        ("ebay", "us", 99, true),
        ("ebay", "gb", 69, true),
        ("ebay", "de", 57, true),
        ("ebay", "ph", 1, true),
        ("etsy", "us", 248, true),
    ] {
        let list = accepted(kind, country).unwrap();
        assert_eq!(list.codes().len(), size, "{kind} {country}");
        assert!(list.codes().is_sorted_by(|a, b| a < b), "{kind} {country}");
        assert_eq!(list.allows_other, other, "{kind} {country}");
        let word = if kind == "etsy" { "other" } else { "Other" };
        assert_eq!(list.contains(word), other, "{kind} {country}");
        assert_eq!(list.other(), other.then_some(word), "{kind} {country}");
        assert!(!list.source.is_empty() && !list.date.is_empty());
    }
    for loaded in LOADED.iter() {
        let written: Vec<_> = lines(loaded.list.text).map(|(code, _)| code).collect();
        assert!(
            written.is_sorted_by(|a, b| a < b),
            "the file of {} is not in byte order",
            loaded.list.source
        );
        for without in loaded.list.without {
            assert!(written.contains(without), "{without:?} is not there to be left out");
        }
    }
}

#[test]
fn each_country_has_one_list_and_unknown_places_have_none() {
    for (kind, count) in [("amazon", 23), ("ebay", 21), ("etsy", 249)] {
        let all = countries(kind);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{kind}");
        assert_eq!(all.len(), count, "{kind}");
        for country in &all {
            assert!(iso_3166::COUNTRIES.contains(country), "{country}");
        }
        for country in ["US", "uk", "", "xx"] {
            assert!(accepted(kind, country).is_none(), "{kind} {country:?}");
        }
    }
    assert!(iso_3166::COUNTRIES.is_sorted_by(|a, b| a < b));
    assert!(accepted("nowhere", "us").is_none());
    assert!(countries("nowhere").is_empty());
}

#[test]
fn fields_name_countries_or_never_and_only_ebay_has_them() {
    for marketplace in MARKETPLACES {
        for list in marketplace.lists {
            for (code, field) in lines(list.text) {
                let Some(field) = field else { continue };
                assert!(matches!(list.countries, Countries::Each(_)), "{code}");
                assert!(
                    field == "never" || field.split(' ').all(|c| iso_3166::COUNTRIES.contains(&c)),
                    "{code}: {field:?}"
                );
            }
        }
    }
}

#[test]
fn ebay_codes_stand_only_in_the_lists_of_their_countries() {
    let list = |country| accepted("ebay", country).unwrap();
    for (code, countries) in [
        ("USPS", &["de", "gb", "us"][..]),
        ("Yodel", &["gb"]),
        ("FASTWAYCOURIERS", &["au"]),
        ("Exapaq", &["fr"]),
        ("BELGIANPOST", &["be", "de", "gb", "us"]),
        ("DPXThailand", &["th", "us"]),
        // Not supported, reserved, replaced.
        ("TNT", &[]),
        ("SFC", &[]),
        ("Seur", &[]),
        ("DHLG", &[]),
        ("HomeDeliveryNetwork", &[]),
        ("CustomCode", &[]),
    ] {
        let there: Vec<_> = countries_of("ebay").filter(|c| list(c).contains(code)).collect();
        assert_eq!(there, countries, "{code}");
    }
    for country in countries_of("ebay") {
        assert!(list(country).contains("Other"), "{country}");
        assert!(list(country).unverified.is_some(), "{country}");
        let only_other = list(country).codes() == ["Other"];
        assert_eq!(only_other, ["ph", "vn"].contains(&country), "{country}");
    }
}

fn countries_of(kind: &str) -> impl Iterator<Item = &'static str> {
    countries(kind).into_iter()
}

#[test]
fn a_name_goes_with_other_only_where_there_is_a_field() {
    for (kind, most) in [("amazon", Some(50)), ("ebay", None), ("etsy", None)] {
        assert_eq!(accepted(kind, "us").unwrap().takes_name_with_other, most, "{kind}");
    }
}

#[test]
fn look_alikes_are_told_apart() {
    let world = accepted("amazon", "gb").unwrap();
    for (listed, not) in [
        ("Royal Mail", "royal mail"),
        ("Fedex Freight", "FedEx Freight"),
        ("Swiss post", "Swiss Post"),
        ("PUROLATOR", "Purolator"),
        ("BlueDart", "Blue Dart"),
        ("Transaragonés", "Transaragones"),
        ("UPS", " UPS"),
    ] {
        assert!(world.contains(listed), "{listed:?}");
        assert!(!world.contains(not), "{not:?}");
    }
}

#[test]
fn the_documentation_names_every_list() {
    let docs = include_str!("../../../../docs/carriers.md");
    for loaded in LOADED.iter() {
        let title = loaded.marketplace.title;
        let all = matches!(loaded.list.countries, Countries::All);
        let named = |cell: &str| {
            all && cell.starts_with("all")
                || loaded.countries.iter().all(|country| cell.split(", ").any(|named| named == *country))
        };
        let rows = docs.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            Some([cells.next()?, cells.next()?, cells.next()?, cells.next()?])
        });
        let mut rows = rows.filter(|[marketplace, countries, ..]| *marketplace == title && named(countries));
        let Some([_, countries, codes, date]) = rows.next() else {
            panic!("no row for {title} in {:?}", loaded.countries)
        };
        assert_eq!(date, loaded.list.date, "{title} {countries}");
        let (least, most) = codes.split_once(" to ").unwrap_or((codes, codes));
        let range = least.parse::<usize>().unwrap()..=most.parse().unwrap();
        assert!(range.contains(&loaded.codes.len()), "{title} {countries}: {codes}");
    }
}
