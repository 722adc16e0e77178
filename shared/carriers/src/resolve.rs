//! From what a store wrote to what the marketplace is told; or to a question for the merchant.

use std::fmt;

use domain::confirmation::CarrierCode;
use serde::{Deserialize, Serialize};

use crate::accepted::accepted;
use crate::carrier::Carrier;
use crate::codes::{ServiceField, code, code_of_house, service_field};
use crate::fold::says_something;
use crate::house;
use crate::mapping::{Mapping, suggestions};
use crate::nothing::says_nothing;
use crate::number::{Contradiction, contradicts, same_house, settles};
use crate::recognise::{Reading, all_named, read, tidy_service};

/// How far a mapping reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One marketplace account.
    Account,
    /// Every account of the merchant at one marketplace.
    Marketplace,
    /// Every account that was given this named set of mappings.
    Profile,
}

/// What is to be decided.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// The carrier as somebody wrote it.
    pub text: Option<&'a str>,
    /// The service, where the store keeps it apart.
    pub service: Option<&'a str>,
    /// The tracking number.
    pub number: Option<&'a str>,
    /// The marketplace's kind: `amazon`, `ebay`, `etsy`.
    pub marketplace: &'a str,
    /// The country (ISO 3166, lower case) of the marketplace where the order was placed; at Etsy of the shop.
    pub country: &'a str,
    /// The merchant's mappings found under [`crate::lookup_keys`], in order of precedence: the first counts.
    pub mappings: &'a [(Scope, Mapping)],
    /// The merchant chose to send a carrier without a code as *other*, where the marketplace takes that.
    pub other_for_unknown: bool,
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
    /// The store named nobody, or several, and the number can only be this carrier's.
    Number {
        /// Whose.
        carrier: Carrier,
        /// The format that it has.
        format: String,
    },
    /// Nobody knows the carrier, and the merchant chose to send such parcels as *other*.
    Other,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapping { scope, text, version, unlisted } => {
                let reach = match scope {
                    Scope::Account => "this account",
                    Scope::Marketplace => "this marketplace",
                    Scope::Profile => "this account's profile",
                };
                let mark = if *unlisted { ", a code outside our list" } else { "" };
                write!(f, "your mapping of {text:?} for {reach} (version {version}{mark})")
            }
            Self::Alias { carrier } => write!(f, "the built-in names of {carrier}"),
            Self::Number { carrier, format } => {
                write!(
                    f,
                    "the tracking number, which has the form and the check digit of {carrier} ({format})"
                )
            }
            Self::Other => f.write_str("your setting to send unknown carriers under the word for other"),
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
        /// What the number says against it.
        contradiction: Option<Contradiction>,
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
/// no other rule is tried behind the merchant's back. Else the built-in names decide. The number decides only where
/// the store named nobody, or several of whom it can be one's; it never overrules a name.
#[must_use]
pub fn resolve(question: Question<'_>) -> Decision {
    let Some((text, service)) = stated(question) else {
        return by_number(question, |_| true, None).unwrap_or(Decision::Missing);
    };
    let reading = read(text, service);
    if let Some((scope, mapping)) = question.mappings.first() {
        return by_mapping(question, *scope, mapping, text, &reading);
    }
    if let Some(decision) = by_names(question, &reading) {
        return decision;
    }
    let whole = service.map_or_else(|| text.to_owned(), |service| format!("{text} {}", service.trim()));
    if let Some(decision) = left_open(question, text, &whole, &reading) {
        return decision;
    }
    if let Some(decision) = as_other(question, text, reading.named.service.as_deref()) {
        return decision;
    }
    let asked = if reading.service_decided { whole } else { text.to_owned() };
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
        contradiction: objection(question, &[carrier]),
    })
}

/// [`resolve`] without mappings, and without a search for what an unknown text may mean.
#[cfg(test)]
pub(crate) fn resolve_by_names(question: Question<'_>) -> Option<Decision> {
    let (text, service) = stated(question)?;
    by_names(question, &read(text, service))
}

/// What the number says where the text names nobody, or several of whom it can be one's.
fn left_open(question: Question<'_>, text: &str, whole: &str, reading: &Reading) -> Option<Decision> {
    if reading.named.carrier.is_some() {
        return None;
    }
    let named = all_named(whole);
    if named.len() > 1 {
        return by_number(question, |carrier| named.contains(&carrier), None);
    }
    let service = reading.named.service.clone();
    (named.is_empty() && says_nothing(text)).then(|| by_number(question, |_| true, service))?
}

fn by_mapping(
    question: Question<'_>,
    scope: Scope,
    mapping: &Mapping,
    text: &str,
    reading: &Reading,
) -> Decision {
    if mapping.check(question.marketplace, Some(question.country)).is_err() {
        return Decision::Unknown {
            text: text.to_owned(),
            suggestions: suggest(question, &[&mapping.code, text]),
        };
    }
    let service = match mapping.service.as_deref() {
        Some(service) => Some(service.to_owned()).filter(|service| !service.is_empty()),
        None => reading.named.service.clone().or_else(|| question.service.and_then(tidy_service)),
    };
    // Whom the merchant may mean: the store's words, the code they chose, the name they gave.
    let spoken = [Some(mapping.code.as_str()), mapping.name.as_deref()];
    let mut meant: Vec<Carrier> =
        spoken.into_iter().flatten().filter_map(|text| read(text, None).named.carrier).collect();
    meant.extend(reading.named.carrier);
    Decision::Code {
        carrier: CarrierCode { code: mapping.code.clone(), name: mapping.name.clone() },
        service: service.filter(|_| takes_service(question)),
        because: Because::Mapping {
            scope,
            text: mapping.text.clone(),
            version: mapping.version,
            unlisted: mapping.unlisted,
        },
        contradiction: objection(question, &meant),
    }
}

/// What the number says against all of these carriers; nothing, if it may be one's of them or none is known.
fn objection(question: Question<'_>, meant: &[Carrier]) -> Option<Contradiction> {
    let number = question.number?;
    let mut first = None;
    for carrier in meant {
        let contradiction = contradicts(*carrier, number)?;
        first.get_or_insert(contradiction);
    }
    first
}

/// The carrier by its number alone, if it can be only one, that one is allowed, and its code is known.
fn by_number(
    question: Question<'_>,
    allowed: impl Fn(Carrier) -> bool,
    service: Option<String>,
) -> Option<Decision> {
    let candidate = settles(allowed, question.number?)?;
    let carrier = candidate.carrier;
    let code = code_of_house(carrier, || None, question.marketplace, question.country)?;
    Some(Decision::Code {
        carrier: CarrierCode { code: code.to_owned(), name: None },
        service: service.filter(|_| takes_service(question)),
        because: Because::Number { carrier, format: candidate.format.to_owned() },
        contradiction: None,
    })
}

/// The marketplace's word for *other* with a carrier's name, as far as it takes one; `None` if it takes no *other*.
#[must_use]
pub fn other(marketplace: &str, country: &str, name: &str) -> Option<CarrierCode> {
    let list = accepted(marketplace, country)?;
    let code = list.other()?.to_owned();
    let words = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let name = list.takes_name_with_other.map(|longest| {
        let name: String = words.collect::<Vec<_>>().join(" ").chars().take(longest).collect();
        name.trim().to_owned()
    });
    Some(CarrierCode { code, name })
}

/// The parcel as *other* under the store's own words, if the merchant chose that and the marketplace takes it.
fn as_other(question: Question<'_>, text: &str, service: Option<&str>) -> Option<Decision> {
    let carrier =
        other(question.marketplace, question.country, text).filter(|_| question.other_for_unknown)?;
    Some(Decision::Code {
        carrier,
        service: service.map(str::to_owned).filter(|_| takes_service(question)),
        because: Because::Other,
        contradiction: None,
    })
}

/// Whether there is a field for the service: what is never told must not look like a change.
fn takes_service(question: Question<'_>) -> bool {
    service_field(question.marketplace) != Some(ServiceField::Absent)
}

/// Codes near any of the hints, best first.
fn suggest(question: Question<'_>, hints: &[&str]) -> Vec<String> {
    let list: Vec<_> = accepted(question.marketplace, question.country).into_iter().collect();
    let mut near: Vec<String> = Vec::new();
    // A brand without a code may go by that of its house: Evri by Hermes UK.
    let named = hints.iter().find_map(|hint| read(hint, None).named.carrier);
    let house = Carrier::ALL.iter().filter(|brand| named.is_some_and(|named| same_house(named, **brand)));
    let of_house = house.filter_map(|brand| code(*brand, question.marketplace, question.country));
    let alike = hints.iter().flat_map(|hint| suggestions(&list, hint));
    for code in alike.chain(of_house.map(str::to_owned)) {
        if near.len() < 5 && !near.contains(&code) {
            near.push(code);
        }
    }
    near
}

#[cfg(test)]
mod tests;
