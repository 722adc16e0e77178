use super::*;
use crate::mapping::tests::mapping;

fn ask<'a>(text: &'a str, country: &'a str, mappings: &'a [(Scope, Mapping)]) -> Question<'a> {
    Question {
        text: Some(text),
        service: None,
        number: None,
        marketplace: "amazon",
        country,
        mappings,
        other_for_unknown: false,
    }
}

fn code_of(decision: &Decision) -> Option<(&str, Option<&str>, Option<&str>)> {
    match decision {
        Decision::Code { carrier, service, .. } => {
            Some((&carrier.code, carrier.name.as_deref(), service.as_deref()))
        }
        Decision::Unknown { .. } | Decision::Missing => None,
    }
}

#[test]
fn the_merchants_word_comes_before_ours() {
    let mappings = [
        (Scope::Account, Mapping { version: 3, ..mapping("usps", "OSM") }),
        (Scope::Marketplace, mapping("usps", "UPS")),
    ];
    let decision = resolve(ask("USPS Priority Mail", "us", &mappings));
    assert_eq!(code_of(&decision), Some(("OSM", None, Some("Priority Mail"))));
    let Decision::Code { because, .. } = decision else { panic!("no code") };
    assert_eq!(because.to_string(), "your mapping of \"usps\" for this account (version 3)");
}

#[test]
fn a_mapping_decides_the_service_too() {
    for (service, want) in [(None, Some("Priority")), (Some(""), None), (Some("Fast"), Some("Fast"))] {
        let mappings =
            [(Scope::Account, Mapping { service: service.map(str::to_owned), ..mapping("USPS", "USPS") })];
        let decision = resolve(ask("USPS Priority", "us", &mappings));
        assert_eq!(code_of(&decision), Some(("USPS", None, want)), "{service:?}");
    }
    let mappings = [(Scope::Account, mapping("Zephyr", "UPS"))];
    let decision = resolve(Question { service: Some(" Fast "), ..ask("Zephyr", "us", &mappings) });
    assert_eq!(code_of(&decision), Some(("UPS", None, Some("Fast"))));
}

#[test]
fn a_service_is_told_only_where_there_is_a_field() {
    for (marketplace, want) in [
        ("amazon", ("USPS", None, Some("Priority Mail"))),
        ("ebay", ("USPS", None, None)),
        ("etsy", ("usps", None, Some("Priority Mail"))),
    ] {
        let question = Question { marketplace, ..ask("USPS Priority Mail", "us", &[]) };
        assert_eq!(code_of(&resolve(question)), Some(want), "{marketplace}");
    }
    let mappings = [(Scope::Account, Mapping { service: Some("Fast".into()), ..mapping("Zephyr", "UPS") })];
    let question = Question { marketplace: "ebay", ..ask("Zephyr", "us", &mappings) };
    assert_eq!(code_of(&resolve(question)), Some(("UPS", None, None)));
}

#[test]
fn the_house_that_the_text_names_decides_before_the_country() {
    for (text, service, country, want) in [
        ("DPD", None, "gb", Some("dpd-uk")),
        ("DPD Next Day", None, "gb", Some("dpd-uk")),
        ("DPD Germany", None, "gb", Some("dpd-de")),
        ("DPD (UK)", None, "de", Some("dpd-uk")),
        ("DPD", Some("Germany"), "gb", Some("dpd-de")),
        ("DPD Ireland", None, "gb", Some("dpd")),
        ("TNT Australia", None, "us", Some("tnt-au")),
        ("Asendia USA", None, "gb", Some("asendia-usa")),
        ("Asendia France", None, "gb", None),
        ("Asendia", None, "fr", None),
    ] {
        let question = Question { marketplace: "etsy", service, ..ask(text, country, &[]) };
        let decision = resolve(question);
        assert_eq!(code_of(&decision).map(|(code, ..)| code), want, "{text} in {country}");
    }
}

#[test]
fn other_goes_out_only_by_the_merchants_choice_with_its_name() {
    let other = Mapping { name: Some("Zephyr Pigeon".into()), ..mapping("Zephyr", "Other") };
    let mappings = [(Scope::Account, other)];
    assert_eq!(
        code_of(&resolve(ask("Zephyr", "us", &mappings))),
        Some(("Other", Some("Zephyr Pigeon"), None))
    );
    assert_eq!(code_of(&resolve(ask("Zephyr", "in", &mappings))), None, "India takes no Other");
}

#[test]
fn a_mapping_this_country_refuses_is_asked_again_not_passed_over() {
    let mappings = [(Scope::Marketplace, mapping("Yanwen", "Yanwen"))];
    assert_eq!(code_of(&resolve(ask("Yanwen", "sg", &mappings))), Some(("Yanwen", None, None)));
    let decision = resolve(ask("Yanwen", "au", &mappings));
    assert_eq!(decision, Decision::Unknown { text: "Yanwen".into(), suggestions: vec!["YANWEN".into()] },);
    let newer = [(Scope::Account, Mapping { schema: 9, ..mapping("USPS", "USPS") })];
    assert_eq!(code_of(&resolve(ask("USPS", "us", &newer))), None, "a record we cannot read decides nothing");
}

#[test]
fn what_nobody_knows_is_asked_as_the_store_wrote_it() {
    for (text, service, country, asked, hint) in [
        (" Zephyr Pigeon ", None, "us", "Zephyr Pigeon", None),
        ("Zephyr", Some("Fast"), "us", "Zephyr", None),
        ("Australia Post", None, "au", "Australia Post", Some("Australia Post-ArticleId")),
        ("auspost", Some("Express Post"), "au", "auspost", Some("Australia Post-ArticleId")),
        ("UPS", Some("USPS Priority"), "us", "UPS USPS Priority", Some("UPS")),
        ("DHL", Some("Parcel UK"), "gb", "DHL Parcel UK", Some("DHL")),
        ("Purolater", None, "ca", "Purolater", Some("PUROLATOR")),
        ("USPS", None, "xx", "USPS", None),
    ] {
        let decision = resolve(Question { service, ..ask(text, country, &[]) });
        let Decision::Unknown { text, suggestions } = decision else { panic!("{text}: {decision:?}") };
        assert_eq!(text, asked);
        assert_eq!(suggestions.first().map(String::as_str), hint, "{asked}");
    }
}

#[test]
fn no_text_at_all_is_missing_and_a_carrier_in_the_service_is_found() {
    for (text, service) in [(None, None), (Some(" "), None), (Some("\u{200b}"), Some("®")), (None, Some(""))]
    {
        let question = Question { text, service, ..ask("", "us", &[]) };
        assert_eq!(resolve(question), Decision::Missing, "{text:?} {service:?}");
    }
    let question = Question { text: None, service: Some("USPS Priority Mail"), ..ask("", "us", &[]) };
    assert_eq!(code_of(&resolve(question)), Some(("USPS", None, Some("Priority Mail"))));
}

/// A USPS number (20 digits, IMpb) and a UPS one, with right check digits, in the public formats' shapes.
const USPS: &str = "9400111899562537866361";
const UPS: &str = "1Z999AA10123456784";

#[test]
fn a_number_never_overrules_a_name_but_is_held_against_it() {
    for (text, number, objects) in [
        ("UPS", USPS, true),
        ("UPS Ground", USPS, true),
        ("USPS", UPS, true),
        ("USPS", USPS, false),
        ("UPS Mail Innovations", USPS, false),
        ("FedEx SmartPost", USPS, false),
        ("DHL eCommerce", USPS, false),
        ("UPS", "no number of anybody", false),
    ] {
        let question = Question { number: Some(number), ..ask(text, "us", &[]) };
        let Decision::Code { carrier, contradiction, .. } = resolve(question) else { panic!("{text}") };
        assert!(carrier.code.starts_with(text.get(..3).unwrap()), "{text}: {carrier:?}");
        assert_eq!(contradiction.is_some(), objects, "{text} {number}: {contradiction:?}");
    }
}

#[test]
fn a_mapping_is_held_against_the_number_unless_text_code_or_name_may_be_right() {
    for (text, code, name, objects) in [
        ("UPS", "UPS", None, true),
        ("UPS", "USPS", None, false),
        ("USPS", "OSM", None, false),
        ("Zephyr", "UPS", None, true),
        ("Zephyr", "Spring GDS", None, false),
        ("Zephyr", "Other", Some("Zephyr Pigeon"), false),
        ("UPS", "Other", Some("USPS"), false),
    ] {
        let mapping = Mapping { name: name.map(str::to_owned), ..mapping(text, code) };
        let mappings = [(Scope::Account, mapping)];
        let question = Question { number: Some(USPS), ..ask(text, "us", &mappings) };
        let Decision::Code { contradiction, .. } = resolve(question) else { panic!("{text} {code}") };
        assert_eq!(contradiction.is_some(), objects, "{text} {code} {name:?}");
    }
}

#[test]
fn a_number_settles_only_what_the_text_leaves_open() {
    for (text, service, number, want) in [
        (None, None, USPS, Some("USPS")),
        (None, None, UPS, Some("UPS")),
        (None, None, "123456789012", None),
        (Some("Other"), None, USPS, Some("USPS")),
        (Some("UPS / USPS"), None, USPS, Some("USPS")),
        (Some("UPS"), Some("USPS Priority"), UPS, Some("UPS")),
        (Some("UPS / FedEx"), None, USPS, None),
        (Some("Zephyr Pigeon"), None, USPS, None),
        (Some("Zephyr UPS"), None, UPS, None),
        (Some("DHL Parcel"), None, USPS, None),
    ] {
        let question = Question { text, service, number: Some(number), ..ask("", "us", &[]) };
        let decision = resolve(question);
        assert_eq!(code_of(&decision).map(|(code, ..)| code), want, "{text:?} {service:?} {number}");
        if let Decision::Code { because, .. } = decision {
            assert!(because.to_string().contains("tracking number"), "{because}");
        }
    }
    // A code that the country does not have is not put on it.
    let question = Question { text: None, number: Some(USPS), ..ask("", "in", &[]) };
    assert_eq!(resolve(question), Decision::Missing);
}

#[test]
fn unknown_carriers_go_as_other_only_where_that_was_chosen_and_is_taken() {
    for (text, country, chosen, want) in [
        ("Zephyr Pigeon", "us", true, Some(("Other", Some("Zephyr Pigeon"), None))),
        (" Zephyr\n Pigeon ", "us", true, Some(("Other", Some("Zephyr Pigeon"), None))),
        ("Zephyr Pigeon", "us", false, None),
        ("Zephyr Pigeon", "in", true, None),
        ("Zephyr Pigeon", "xx", true, None),
        ("USPS", "us", true, Some(("USPS", None, None))),
    ] {
        let decision = resolve(Question { other_for_unknown: chosen, ..ask(text, country, &[]) });
        assert_eq!(code_of(&decision), want, "{text:?} {country}");
    }
    let long = "é".repeat(80);
    let decision = resolve(Question { other_for_unknown: true, ..ask(&long, "us", &[]) });
    assert_eq!(code_of(&decision).unwrap().1.unwrap().chars().count(), 50);
    // A mapping that decides nothing here is asked about, not passed over.
    let mappings = [(Scope::Account, mapping("Zephyr", "YANWEN"))];
    let question = Question { other_for_unknown: true, ..ask("Zephyr", "sg", &mappings) };
    assert_eq!(code_of(&resolve(question)), None);
}

#[test]
fn reasons_survive_storage() {
    for because in [
        Because::Alias { carrier: Carrier::Usps },
        Because::Number { carrier: Carrier::Usps, format: "usps_20".into() },
        Because::Other,
        Because::Mapping { scope: Scope::Marketplace, text: "x".into(), version: 2, unlisted: true },
    ] {
        let json = serde_json::to_string(&because).unwrap();
        assert_eq!(serde_json::from_str::<Because>(&json).unwrap(), because);
    }
}
