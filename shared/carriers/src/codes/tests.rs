use super::*;
use crate::accepted::countries;

#[test]
fn every_code_that_comes_out_is_accepted_there_and_never_means_other() {
    for (marketplace, least) in MARKETPLACES.iter().zip([4000, 300, 40_000]) {
        let mut seen = 0;
        for country in countries(marketplace.kind) {
            let list = accepted(marketplace.kind, country).unwrap();
            for carrier in Carrier::ALL {
                let houses = [None, Some("us"), Some("gb"), Some("de"), Some("fr"), Some("it"), Some("xx")];
                for house in houses {
                    let Some(code) = code_of_house(*carrier, || house, marketplace.kind, country) else {
                        continue;
                    };
                    assert!(list.codes().contains(&code), "{code:?} for {carrier:?} in {country}");
                    assert!(!marketplace.other.contains(&code), "{carrier:?} became other in {country}");
                    seen += usize::from(house.is_none());
                }
            }
        }
        assert!(seen > least, "{}: only {seen}", marketplace.kind);
    }
}

#[test]
fn every_code_in_the_tables_stands_in_a_list_and_every_carrier_has_one_row() {
    for marketplace in MARKETPLACES {
        let listed_in = |code: &str, country: &str| {
            accepted(marketplace.kind, country).is_some_and(|list| list.contains(code))
        };
        let mut carriers = std::collections::BTreeSet::new();
        for row in marketplace.rows {
            assert!(carriers.insert(row.carrier), "{:?} has two rows", row.carrier);
            assert!(row.all_codes().next().is_some(), "{:?} has a row without a code", row.carrier);
            for code in row.all_codes() {
                let listed = countries(marketplace.kind).iter().any(|country| listed_in(code, country));
                assert!(listed, "{code:?} of {} stands in no list: misspelt?", marketplace.kind);
            }
            for (country, code) in row.first_in.iter().chain(row.houses) {
                assert!(listed_in(code, country), "{code:?} in {country}");
            }
        }
    }
}

#[test]
fn codes_that_must_never_be_sent_stand_in_no_row() {
    for row in marketplace("ebay").unwrap().rows {
        for code in row.all_codes() {
            assert!(!["TNT", "SFC", "Seur", "DHLG", "LTL", "Wise", "CustomCode", "Other"].contains(&code));
        }
    }
}

#[test]
fn a_house_that_the_text_names_comes_before_the_country() {
    for (carrier, house, kind, country, want) in [
        (Carrier::Dpd, None, "etsy", "gb", Some("dpd-uk")),
        (Carrier::Dpd, Some("de"), "etsy", "gb", Some("dpd-de")),
        (Carrier::Dpd, Some("ie"), "etsy", "gb", Some("dpd")),
        (Carrier::Dpd, None, "etsy", "ie", Some("dpd")),
        (Carrier::Dpd, None, "ebay", "pl", Some("Siodemka")),
        (Carrier::Dpd, None, "ebay", "fr", Some("Exapaq")),
        (Carrier::Dpd, Some("gb"), "ebay", "fr", None),
        (Carrier::Dpd, Some("fr"), "ebay", "de", Some("DPD")),
        (Carrier::Asendia, Some("de"), "etsy", "us", None),
        (Carrier::AmazonLogistics, Some("gb"), "amazon", "us", Some("AMZL_UK")),
        (Carrier::Dhl, None, "etsy", "de", None),
        (Carrier::Dhl, Some("us"), "etsy", "de", None),
        (Carrier::Dhl, Some("es"), "etsy", "us", None),
        (Carrier::Dhl, Some("gb"), "etsy", "us", Some("dhl")),
    ] {
        assert_eq!(
            code_of_house(carrier, || house, kind, country),
            want,
            "{carrier:?} {house:?} {kind} {country}"
        );
    }
}

#[test]
fn each_marketplace_says_where_it_takes_a_service() {
    assert_eq!(service_field("amazon"), Some(ServiceField::Named("shippingMethod")));
    assert_eq!(service_field("etsy"), Some(ServiceField::Named("mail_class")));
    assert_eq!(service_field("ebay"), Some(ServiceField::Absent));
    assert_eq!(service_field("nowhere"), None);
}
