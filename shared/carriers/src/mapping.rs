//! What a merchant said about a carrier text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accepted::{AcceptedCodes, accepted, all_accepted};
use crate::codes::{ServiceField, code as built_in, marketplace};
use crate::how::{How, key_of};
use crate::recognise::recognise;

/// A carrier text, and what the merchant wants sent for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Layout of this record.
    #[serde(default = "schema")]
    pub schema: u16,
    /// The text as the merchant wrote it.
    pub text: String,
    /// Which texts it means.
    #[serde(default, skip_serializing_if = "How::is_usual")]
    pub how: How,
    /// The marketplace's code, exact.
    pub code: String,
    /// The carrier's name, only with the word for *other* of a marketplace that takes a name with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service to send instead of what the store wrote; an empty text sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The code is not in our list, and the merchant sees it in their seller account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
    /// When it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Timestamp>,
    /// Who set it: a person's name, or the command.
    #[serde(default)]
    pub set_by: String,
    /// Counts up with every change of this text's mapping.
    #[serde(default)]
    pub version: u32,
    /// Fields of other versions of Parcelwire, kept as they are.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

fn schema() -> u16 {
    Mapping::SCHEMA
}

/// Why a mapping cannot be taken, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingProblem {
    /// Written by a newer Parcelwire.
    #[error("this mapping was written by a newer Parcelwire (schema {0}): update first")]
    Newer(u16),
    /// Nothing to recognise it by.
    #[error("the carrier text is empty: write it as the store sends it")]
    NoText,
    /// No store writes such a text.
    #[error("the carrier text has {0} characters: up to 500 are taken")]
    TextTooLong(usize),
    /// Not what a pattern looks like.
    #[error(
        "{0:?} is no pattern: it takes one to eight * and at least two letters or digits (to send every unknown \
         carrier as other, set unknown = \"other\" for the account in the settings)"
    )]
    BadPattern(String),
    /// Not what a code looks like.
    #[error("{0:?} is no carrier code: 1 to 100 characters, none at either end a space, none a line break")]
    BadCode(String),
    /// Not what a service looks like.
    #[error("the service has {0} characters: up to 100 are taken, without line breaks")]
    BadService(usize),
    /// We have no list to check against.
    #[error(
        "we have no list of carrier codes for {place}: if your seller account offers {code:?}, \
         set it again with --unlisted"
    )]
    NoList {
        /// Marketplace and country.
        place: String,
        /// The code.
        code: String,
    },
    /// Not in the list.
    #[error(
        "{code:?} is not a carrier code that {place} is known to accept (list: {list}){}. Codes must match letter \
         by letter; if your seller account offers exactly this one, set it again with --unlisted",
        did_you_mean(.near)
    )]
    NotListed {
        /// Marketplace and country.
        place: String,
        /// The code.
        code: String,
        /// The list's date.
        list: String,
        /// Codes that come near.
        near: Vec<String>,
    },
    /// A local word for *other*.
    #[error("{code:?} means {send:?}: set {send:?} with the carrier's name")]
    OtherWord {
        /// The code.
        code: String,
        /// What to send.
        send: String,
    },
    /// *Other* is not taken here.
    #[error("{place} takes no {code:?}: only carriers of its list can be confirmed there{}", did_you_mean(.near))]
    OtherRefused {
        /// Marketplace and country.
        place: String,
        /// The code.
        code: String,
        /// Codes near the carrier text or name.
        near: Vec<String>,
    },
    /// *Other* needs a name.
    #[error("{other:?} needs the carrier's name, 1 to {most} characters: set it with --name")]
    NameMissing {
        /// The marketplace's word.
        other: String,
        /// The longest name it takes.
        most: usize,
    },
    /// Not what a name looks like.
    #[error(
        "the carrier's name has {length} characters: 1 to {most} are taken, none a line break, none at either end \
         a space"
    )]
    BadName {
        /// How many characters it has.
        length: usize,
        /// The longest name that is taken.
        most: usize,
    },
    /// *Other* goes alone.
    #[error("{place} takes {other:?} alone and has no field for a carrier's name: leave the name out")]
    NameNotTaken {
        /// Marketplace and country.
        place: String,
        /// The marketplace's word.
        other: String,
    },
    /// A name that would be ignored, or take the parcel to *other*.
    #[error(
        "a carrier's name goes only with {other:?}: leave the name out, {code:?} already says who carries it"
    )]
    NameWithoutOther {
        /// The code.
        code: String,
        /// The marketplace's word.
        other: String,
    },
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) }
}

/// How many characters of a text go into a sentence.
fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Whether the text could stand on one line as a whole: 1 to `most` characters, none at either end a space.
fn is_one_line(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && text.trim() == text && !text.chars().any(char::is_control)
}

impl Mapping {
    /// The layout this version writes.
    pub const SCHEMA: u16 = 1;

    /// The key under which it is kept.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.text, self.how)
    }

    /// Checks that the marketplace (`amazon`) would take it; without a country, in any of its countries.
    ///
    /// # Errors
    /// [`MappingProblem`]: the first thing wrong with it, and what to do.
    pub fn check(&self, marketplace_kind: &str, country: Option<&str>) -> Result<(), MappingProblem> {
        self.check_form()?;
        let known = marketplace(marketplace_kind);
        let title = known.map_or(marketplace_kind, |m| m.title);
        let place = country.map_or_else(|| title.to_owned(), |country| format!("{title} ({country})"));
        let lists = match country {
            Some(country) => accepted(marketplace_kind, country).into_iter().collect(),
            None => all_accepted(marketplace_kind),
        };
        if let Some((known, send)) = known.and_then(|known| Some((known, *known.other.first()?))) {
            if known.other.iter().any(|word| word.eq_ignore_ascii_case(&self.code)) {
                self.check_other_taken(send, &lists, &place)?;
                return self.check_name(send, known.name_with_other, place);
            }
            if self.name.is_some() {
                return Err(match known.name_with_other {
                    Some(_) => {
                        MappingProblem::NameWithoutOther { code: short(&self.code), other: send.to_owned() }
                    }
                    None => MappingProblem::NameNotTaken { place, other: send.to_owned() },
                });
            }
        }
        if self.unlisted || lists.iter().any(|list| list.contains(&self.code)) {
            return Ok(());
        }
        let Some(first) = lists.first() else {
            return Err(MappingProblem::NoList { place, code: short(&self.code) });
        };
        let mut near = suggestions(&lists, &self.code);
        if near.is_empty() {
            near = suggestions(&lists, &self.text);
        }
        Err(MappingProblem::NotListed { place, code: short(&self.code), list: first.date.to_owned(), near })
    }

    fn check_form(&self) -> Result<(), MappingProblem> {
        let length = |text: &str| text.chars().count();
        if self.schema > Self::SCHEMA {
            Err(MappingProblem::Newer(self.schema))
        } else if self.how == How::Pattern && self.key().is_empty() {
            Err(MappingProblem::BadPattern(short(&self.text)))
        } else if self.key().is_empty() {
            Err(MappingProblem::NoText)
        } else if length(&self.text) > 500 {
            Err(MappingProblem::TextTooLong(length(&self.text)))
        } else if !is_one_line(&self.code, 100) {
            Err(MappingProblem::BadCode(short(&self.code)))
        } else if let Some(service) =
            self.service.as_deref().filter(|s| !s.is_empty() && !is_one_line(s, 100))
        {
            Err(MappingProblem::BadService(length(service)))
        } else {
            Ok(())
        }
    }

    /// The code is one of the marketplace's words for *other*; `send` is the one it wants.
    fn check_other_taken(
        &self,
        send: &str,
        lists: &[AcceptedCodes],
        place: &str,
    ) -> Result<(), MappingProblem> {
        if !lists.is_empty() && !lists.iter().any(|list| list.allows_other) {
            let mut near = suggestions(lists, self.name.as_deref().unwrap_or_default());
            near.extend(
                suggestions(lists, &self.text)
                    .into_iter()
                    .filter(|code| !near.contains(code))
                    .collect::<Vec<_>>(),
            );
            return Err(MappingProblem::OtherRefused {
                place: place.to_owned(),
                code: short(&self.code),
                near,
            });
        }
        if self.code != send {
            return Err(MappingProblem::OtherWord { code: short(&self.code), send: send.to_owned() });
        }
        Ok(())
    }

    /// The name that goes with *other*: needed, up to `most` characters; or not to be had at all.
    fn check_name(&self, send: &str, most: Option<usize>, place: String) -> Result<(), MappingProblem> {
        let other = send.to_owned();
        match (self.name.as_deref(), most) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(MappingProblem::NameNotTaken { place, other }),
            (None | Some(""), Some(most)) => Err(MappingProblem::NameMissing { other, most }),
            (Some(name), Some(most)) if is_one_line(name, most) => Ok(()),
            (Some(name), Some(most)) => Err(MappingProblem::BadName { length: name.chars().count(), most }),
        }
    }

    /// What the merchant should know of a mapping that is allowed but costs them something, or does less than it says.
    ///
    /// Parcels under *other* count against Amazon's Valid Tracking Rate, above all those of a listed carrier; eBay
    /// and Etsy cannot follow them. eBay is never told a service.
    #[must_use]
    pub fn warning(&self, marketplace_kind: &str, country: Option<&str>) -> Option<String> {
        let known = marketplace(marketplace_kind)?;
        let title = known.title;
        if !known.other.contains(&self.code.as_str()) {
            let service = self.service.as_deref().filter(|service| !service.is_empty())?;
            return (known.service == ServiceField::Absent)
                .then(|| format!("{title} has no field for a service: {service:?} will not be sent."));
        }
        let countries = country.map_or_else(|| crate::accepted::countries(marketplace_kind), |one| vec![one]);
        let named = self.name.as_deref().unwrap_or(&self.text);
        let better = recognise(named, None).carrier.and_then(|carrier| {
            countries.iter().find_map(|there| built_in(carrier, marketplace_kind, there))
        });
        let costs = known.other_costs;
        Some(match better {
            Some(code) => format!(
                "{title} has a code of its own for {named:?}: {code:?}. Parcels under {:?} {costs}; use {code:?} \
                 instead.",
                self.code
            ),
            None => format!("Parcels under {:?} {costs}.", self.code),
        })
    }
}

/// Codes near the text in any of the lists.
pub(crate) fn suggestions(lists: &[AcceptedCodes], text: &str) -> Vec<String> {
    let mut near: Vec<String> = Vec::new();
    for code in lists.iter().flat_map(|list| list.suggest(text)) {
        if near.len() < 5 && !near.iter().any(|known| known == code) {
            near.push(code.to_owned());
        }
    }
    near
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn mapping(text: &str, code: &str) -> Mapping {
        Mapping {
            schema: Mapping::SCHEMA,
            text: text.to_owned(),
            how: How::Folded,
            code: code.to_owned(),
            name: None,
            service: None,
            unlisted: false,
            set_at: None,
            set_by: "test".to_owned(),
            version: 1,
            unknown: BTreeMap::new(),
        }
    }

    fn other(name: Option<&str>) -> Mapping {
        Mapping { name: name.map(str::to_owned), ..mapping("Zephyr", "Other") }
    }

    #[test]
    fn mappings_the_marketplace_takes_are_taken() {
        for (what, mapping, country) in [
            ("listed", mapping("Zephyr", "Spring GDS"), Some("us")),
            ("listed somewhere", mapping("Zephyr", "YANWEN"), None),
            ("unlisted", Mapping { unlisted: true, ..mapping("Zephyr", "Evri") }, Some("gb")),
            ("unlisted, no list", Mapping { unlisted: true, ..mapping("Zephyr", "Evri") }, Some("xx")),
            ("other", other(Some("Zephyr Pigeon")), Some("us")),
            ("other with the longest name", other(Some(&"é".repeat(50))), Some("sg")),
            ("other, several countries", other(Some("Z")), None),
            ("service", Mapping { service: Some("Fast".into()), ..mapping("Zephyr", "UPS") }, Some("us")),
            ("pattern", Mapping { how: How::Pattern, ..mapping("Zephyr *", "UPS") }, Some("us")),
            ("exact", Mapping { how: How::Exact, ..mapping("Zephyr", "UPS") }, Some("us")),
            ("no service", Mapping { service: Some(String::new()), ..mapping("Zephyr", "UPS") }, Some("de")),
        ] {
            assert_eq!(mapping.check("amazon", country), Ok(()), "{what}");
        }
    }

    #[test]
    fn mappings_it_would_refuse_are_refused_with_what_to_do() {
        let unlisted = |code| Mapping { unlisted: true, ..mapping("Zephyr", code) };
        for (what, mapping, country, says) in [
            ("case", mapping("Zephyr", "Fedex"), Some("us"), "near it: FedEx"),
            ("name of it", mapping("Zephyr", "Blue Dart"), Some("in"), "near it: BlueDart"),
            ("elsewhere only", mapping("Zephyr", "YANWEN"), Some("sg"), "near it: Yanwen"),
            ("nowhere", mapping("Zephyr", "Pigeon Post 9"), None, "--unlisted"),
            ("near the text", mapping("purolater", "xyzzy"), Some("ca"), "near it: PUROLATOR"),
            ("no list", mapping("Zephyr", "UPS"), Some("xx"), "no list of carrier codes for Amazon (xx)"),
            (
                "local other",
                Mapping { name: Some("Z".into()), ..mapping("Z", "Sonstige") },
                Some("de"),
                "means \"Other\"",
            ),
            (
                "other in small letters",
                Mapping { name: Some("Z".into()), ..unlisted("other") },
                Some("us"),
                "means \"Other\"",
            ),
            ("other in India", other(Some("Delhivery")), Some("in"), "near it: Delhivery"),
            (
                "other in India, unlisted",
                Mapping { unlisted: true, ..other(Some("Z")) },
                Some("in"),
                "takes no \"Other\"",
            ),
            ("other without a name", other(None), Some("us"), "--name"),
            ("other with an empty name", other(Some("")), Some("us"), "--name"),
            ("other with a blank name", other(Some(" ")), Some("us"), "1 to 50"),
            ("other with a long name", other(Some(&"x".repeat(51))), Some("us"), "51 characters"),
            (
                "name without other",
                Mapping { name: Some("UPS".into()), ..mapping("Z", "UPS") },
                Some("us"),
                "leave the name out",
            ),
            (
                "name without other, unlisted",
                Mapping { name: Some("U".into()), ..unlisted("U") },
                None,
                "leave the name out",
            ),
            ("no text", mapping(" \u{200b}", "UPS"), Some("us"), "text is empty"),
            ("long text", mapping(&"x".repeat(501), "UPS"), Some("us"), "501"),
            ("no code", unlisted(""), Some("us"), "is no carrier code"),
            ("code with a space", unlisted("UPS "), Some("us"), "is no carrier code"),
            ("code of two lines", unlisted("UPS\nX"), Some("us"), "is no carrier code"),
            (
                "service of two lines",
                Mapping { service: Some("a\nb".into()), ..mapping("Z", "UPS") },
                Some("us"),
                "service",
            ),
            (
                "pattern",
                Mapping { how: How::Pattern, ..mapping("Zephyr", "UPS") },
                Some("us"),
                "is no pattern",
            ),
            ("bare star", Mapping { how: How::Pattern, ..mapping("*", "UPS") }, Some("us"), "unknown = "),
            ("newer", Mapping { schema: 2, ..mapping("Z", "UPS") }, Some("us"), "newer"),
        ] {
            let problem = mapping.check("amazon", country).expect_err(what).to_string();
            assert!(problem.contains(says), "{what}: {problem}");
        }
    }

    #[test]
    fn other_goes_alone_where_there_is_no_field_for_a_name() {
        for (kind, word) in [("ebay", "Other"), ("etsy", "other")] {
            for country in [Some("gb"), None] {
                let alone = mapping("Zephyr", word);
                assert_eq!(alone.check(kind, country), Ok(()), "{kind}");
                assert!(alone.warning(kind, country).unwrap().contains(word), "{kind}");
                let named = Mapping { name: Some("Zephyr".into()), ..mapping("Zephyr", word) };
                let problem = named.check(kind, country).unwrap_err().to_string();
                assert!(problem.contains("leave the name out"), "{kind}: {problem}");
            }
            let named = Mapping { name: Some("UPS".into()), ..mapping("Zephyr", "UPS") };
            let problem = named.check(kind, Some("us")).unwrap_err().to_string();
            assert!(problem.contains("no field for a carrier's name"), "{kind}: {problem}");
        }
        let unsupported = mapping("TNT", "TNT").check("ebay", Some("gb")).unwrap_err().to_string();
        assert!(unsupported.contains("eBay (gb) is known to accept"), "{unsupported}");
        let better = mapping("Yodel", "Other").warning("ebay", Some("gb")).unwrap();
        assert!(better.contains("\"Yodel\" instead"), "{better}");
    }

    #[test]
    fn a_service_that_is_never_sent_is_said_to_be() {
        let fast = Mapping { service: Some("Fast".into()), ..mapping("Zephyr", "UPS") };
        assert!(fast.warning("ebay", Some("us")).unwrap().contains("\"Fast\" will not be sent"));
        assert_eq!(fast.warning("amazon", Some("us")), None);
        let none = Mapping { service: Some(String::new()), ..fast };
        assert_eq!(none.warning("ebay", Some("us")), None);
    }

    #[test]
    fn other_is_taken_only_with_a_warning() {
        assert!(other(Some("Zephyr")).warning("amazon", Some("us")).unwrap().contains("valid tracking rate"));
        assert!(
            other(Some("DHL eCommerce"))
                .warning("amazon", None)
                .unwrap()
                .contains("\"DHL eCommerce\" instead")
        );
        assert_eq!(mapping("Z", "UPS").warning("amazon", Some("us")), None);
    }

    #[test]
    fn records_keep_what_they_do_not_know_and_old_ones_are_read() {
        let json = r#"{"text":"Zephyr","code":"UPS","later":{"a":[1]},"version":7}"#;
        let read: Mapping = serde_json::from_str(json).unwrap();
        assert_eq!((read.schema, read.version, read.set_at), (1, 7, None));
        let back: serde_json::Value = serde_json::to_value(&read).unwrap();
        assert_eq!(back.get("later"), Some(&serde_json::json!({"a": [1]})));
        assert_eq!(serde_json::from_value::<Mapping>(back).unwrap(), read);
    }
}
