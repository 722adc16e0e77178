//! From what a store wrote to what the marketplace is told; or to a question for the merchant.

use std::fmt;

use domain::confirmation::CarrierCode;
use serde::{Deserialize, Serialize};

use crate::accepted::accepted;
use crate::carrier::Carrier;
use crate::codes::{ServiceField, code_of_house, service_field};
use crate::fold::says_something;
use crate::house;
use crate::mapping::{Mapping, suggestions};
use crate::recognise::{Reading, read, tidy_service};

/// How far a mapping reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One marketplace account.
    Account,
    /// Every account of the merchant at one marketplace.
    Marketplace,
}

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The carrier as somebody wrote it.
    pub text: Option<&'a str>,
    /// The service, where the store keeps it apart.
    pub service: Option<&'a str>,
    /// The marketplace's kind: `amazon`, `ebay`, `etsy`.
    pub marketplace: &'a str,
    /// The country (ISO 3166, lower case) of the marketplace where the order was placed; at Etsy of the shop.
    pub country: &'a str,
    /// The merchant's mappings found under [`crate::lookup_keys`], in order of precedence: the first counts.
    pub mappings: &'a [(Scope, Mapping)],
}

/// Which rule decided.
///
/// For records that older versions read, keep its sentence (`to_string`): they do not know newer rules or carriers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Because {
    /// The merchant said so.
    Mapping {
        /// How far it reaches.
        scope: Scope,
        /// The text they mapped.
        text: String,
        /// Which version of it.
        version: u32,
        /// The code is outside our list: watch whether the marketplace shows it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unlisted: bool,
    },
    /// A built-in name.
    Alias {
        /// Whom it means.
        carrier: Carrier,
    },
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapping { scope, text, version, unlisted } => {
                let reach = match scope {
                    Scope::Account => "this account",
                    Scope::Marketplace => "this marketplace",
                };
                let mark = if *unlisted { ", a code outside our list" } else { "" };
                write!(f, "your mapping of {text:?} for {reach} (version {version}{mark})")
            }
            Self::Alias { carrier } => write!(f, "the built-in names of {carrier}"),
        }
    }
}

/// What is to be told to the marketplace, if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This.
    Code {
        /// The carrier.
        carrier: CarrierCode,
        /// The service; `None` too where the marketplace has no field for it.
        service: Option<String>,
        /// Which rule decided, for the history.
        because: Because,
    },
    /// Nobody knows: hold the package and ask the merchant to map `text`.
    Unknown {
        /// What to map, as the store wrote it.
        text: String,
        /// Codes they may mean.
        suggestions: Vec<String>,
    },
    /// The store named no carrier at all.
    Missing,
}

/// Decides what the marketplace is told about a carrier. Never a guess, and never *other* by itself.
///
/// The merchant's first mapping decides if there is one; a code that this country does not accept is not sent, and
/// no other rule is tried behind the merchant's back. Else the built-in names decide.
#[must_use]
pub fn resolve(question: Question<'_>) -> Decision {
    let Some((text, service)) = stated(question) else { return Decision::Missing };
    let reading = read(text, service);
    if let Some((scope, mapping)) = question.mappings.first() {
        return by_mapping(question, *scope, mapping, text, reading.named.service);
    }
    if let Some(decision) = by_names(question, &reading) {
        return decision;
    }
    let asked = match service {
        Some(service) if reading.service_decided => format!("{text} {}", service.trim()),
        Some(_) | None => text.to_owned(),
    };
    let hints = [reading.named.carrier.map_or("", Carrier::title), asked.as_str()];
    Decision::Unknown { suggestions: suggest(question, &hints), text: asked }
}

/// The carrier's text and the service, as far as the store wrote any.
fn stated(question: Question<'_>) -> Option<(&str, Option<&str>)> {
    let says = |text: &&str| says_something(text);
    match (question.text.filter(says), question.service.filter(says)) {
        (Some(text), service) => Some((text.trim(), service)),
        // Some stores write the carrier into the service and leave its own field empty.
        (None, Some(service)) => Some((service.trim(), None)),
        (None, None) => None,
    }
}

/// What the built-in names say, if they tell one code.
fn by_names(question: Question<'_>, reading: &Reading) -> Option<Decision> {
    let (text, service) = stated(question)?;
    let carrier = reading.named.carrier?;
    let house = || house::named_in(text, service, reading.name.as_deref()?);
    let code = code_of_house(carrier, house, question.marketplace, question.country)?;
    Some(Decision::Code {
        carrier: CarrierCode { code: code.to_owned(), name: None },
        service: reading.named.service.clone().filter(|_| takes_service(question)),
        because: Because::Alias { carrier },
    })
}

/// [`resolve`] without mappings, and without a search for what an unknown text may mean.
#[cfg(test)]
pub(crate) fn resolve_by_names(question: Question<'_>) -> Option<Decision> {
    let (text, service) = stated(question)?;
    by_names(question, &read(text, service))
}

fn by_mapping(
    question: Question<'_>,
    scope: Scope,
    mapping: &Mapping,
    text: &str,
    written: Option<String>,
) -> Decision {
    if mapping.check(question.marketplace, Some(question.country)).is_err() {
        return Decision::Unknown {
            text: text.to_owned(),
            suggestions: suggest(question, &[&mapping.code, text]),
        };
    }
    let service = match mapping.service.as_deref() {
        Some(service) => Some(service.to_owned()).filter(|service| !service.is_empty()),
        None => written.or_else(|| question.service.and_then(tidy_service)),
    };
    Decision::Code {
        carrier: CarrierCode { code: mapping.code.clone(), name: mapping.name.clone() },
        service: service.filter(|_| takes_service(question)),
        because: Because::Mapping {
            scope,
            text: mapping.text.clone(),
            version: mapping.version,
            unlisted: mapping.unlisted,
        },
    }
}

/// Whether there is a field for the service: what is never told must not look like a change.
fn takes_service(question: Question<'_>) -> bool {
    service_field(question.marketplace) != Some(ServiceField::Absent)
}

/// Codes near any of the hints, best first.
fn suggest(question: Question<'_>, hints: &[&str]) -> Vec<String> {
    let list: Vec<_> = accepted(question.marketplace, question.country).into_iter().collect();
    let mut near: Vec<String> = Vec::new();
    for code in hints.iter().flat_map(|hint| suggestions(&list, hint)) {
        if near.len() < 5 && !near.contains(&code) {
            near.push(code);
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::mapping;

    fn ask<'a>(text: &'a str, country: &'a str, mappings: &'a [(Scope, Mapping)]) -> Question<'a> {
        Question { text: Some(text), service: None, marketplace: "amazon", country, mappings }
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
            let mappings = [(
                Scope::Account,
                Mapping { service: service.map(str::to_owned), ..mapping("USPS", "USPS") },
            )];
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
        let mappings =
            [(Scope::Account, Mapping { service: Some("Fast".into()), ..mapping("Zephyr", "UPS") })];
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
        assert_eq!(
            code_of(&resolve(ask("USPS", "us", &newer))),
            None,
            "a record we cannot read decides nothing"
        );
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
        for (text, service) in
            [(None, None), (Some(" "), None), (Some("\u{200b}"), Some("®")), (None, Some(""))]
        {
            let question = Question { text, service, ..ask("", "us", &[]) };
            assert_eq!(resolve(question), Decision::Missing, "{text:?} {service:?}");
        }
        let question = Question { text: None, service: Some("USPS Priority Mail"), ..ask("", "us", &[]) };
        assert_eq!(code_of(&resolve(question)), Some(("USPS", None, Some("Priority Mail"))));
    }

    #[test]
    fn reasons_survive_storage() {
        for because in [
            Because::Alias { carrier: Carrier::Usps },
            Because::Mapping { scope: Scope::Marketplace, text: "x".into(), version: 2, unlisted: true },
        ] {
            let json = serde_json::to_string(&because).unwrap();
            assert_eq!(serde_json::from_str::<Because>(&json).unwrap(), because);
        }
    }
}
