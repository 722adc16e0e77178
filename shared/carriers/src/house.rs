//! Which national house of a carrier a text names: the German one by *DPD Germany*, the British one by *TNT (UK)*.

use crate::fold::fold;

/// Words, folded, that stand for a country (ISO 3166, lower case) after a carrier's name.
const WORDS: &[(&str, &str)] = &[
    ("america", "us"),
    ("australia", "au"),
    ("austria", "at"),
    ("belgie", "be"),
    ("belgique", "be"),
    ("belgium", "be"),
    ("britain", "gb"),
    ("canada", "ca"),
    ("danmark", "dk"),
    ("denmark", "dk"),
    ("deutschland", "de"),
    ("england", "gb"),
    ("espana", "es"),
    ("finland", "fi"),
    ("france", "fr"),
    ("germany", "de"),
    ("great britain", "gb"),
    ("hong kong", "hk"),
    ("hongkong", "hk"),
    ("india", "in"),
    ("ireland", "ie"),
    ("italia", "it"),
    ("italy", "it"),
    ("japan", "jp"),
    ("malaysia", "my"),
    ("nederland", "nl"),
    ("netherlands", "nl"),
    ("new zealand", "nz"),
    ("norge", "no"),
    ("norway", "no"),
    ("osterreich", "at"),
    ("poland", "pl"),
    ("polska", "pl"),
    ("portugal", "pt"),
    ("schweiz", "ch"),
    ("singapore", "sg"),
    ("south africa", "za"),
    ("spain", "es"),
    ("suisse", "ch"),
    ("sverige", "se"),
    ("sweden", "se"),
    ("switzerland", "ch"),
    ("united kingdom", "gb"),
    ("united states", "us"),
    ("usa", "us"),
];

/// Two letters are a country only where a text ends with them: `TNT IT`, not `TNT in 2 days`.
const LETTERS: &[&str] = &[
    "at", "au", "be", "ca", "ch", "de", "dk", "es", "fi", "fr", "hk", "ie", "in", "it", "jp", "my", "nl",
    "no", "nz", "pl", "pt", "se", "sg", "uk", "us", "za",
];

/// The country of the house that `text` names, if its beginning `name`, folded, names the carrier.
///
/// It stands at the end of the name, or right behind it; further on a country is where the parcel goes.
pub(crate) fn named_in(text: &str, service: Option<&str>, name: &str) -> Option<&'static str> {
    let text = fold(text);
    let rest = text.strip_prefix(name)?.trim_start();
    let own = name.split_once(' ').map_or("", |(_, more)| more);
    at_end(own).or_else(|| at_start(rest)).or_else(|| at_start(&fold(service?)))
}

fn at_end(words: &str) -> Option<&'static str> {
    let end = |word: &str| {
        words.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with(' '))
    };
    country(end).or_else(|| letters(words.rsplit(' ').next()?))
}

fn at_start(words: &str) -> Option<&'static str> {
    let start =
        |word: &str| words.strip_prefix(word).is_some_and(|after| after.is_empty() || after.starts_with(' '));
    country(start).or_else(|| letters(words))
}

fn country(is: impl Fn(&str) -> bool) -> Option<&'static str> {
    WORDS.iter().find(|(word, _)| is(word)).map(|(_, country)| *country)
}

fn letters(word: &str) -> Option<&'static str> {
    let found = LETTERS.iter().find(|letters| **letters == word)?;
    Some(if *found == "uk" { "gb" } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_is_named_at_the_end_of_the_name_or_right_behind_it() {
        for (text, service, name, want) in [
            ("DPD Germany", None, "dpd germany", Some("de")),
            ("DPD (UK)", None, "dpd uk", Some("gb")),
            ("DPD Germany Classic", None, "dpd germany", Some("de")),
            ("TNT Australia", None, "tnt", Some("au")),
            ("TNT - IT", None, "tnt", Some("it")),
            ("TNT", Some("UK"), "tnt", Some("gb")),
            ("Fastway New Zealand Saver", None, "fastway", Some("nz")),
            ("Fastway Couriers (South Africa)", None, "fastway couriers", Some("za")),
            ("DPD ÖSTERREICH", None, "dpd", Some("at")),
            ("TNT in 2 days", None, "tnt", None),
            ("DPD Classic Germany", None, "dpd", None),
            ("DPD Francejet", None, "dpd", None),
            ("DPD", Some("Next Day"), "dpd", None),
            ("DPD", None, "dpd", None),
            ("Australia Post", None, "australia post", None),
            ("Spain", None, "spain", None),
        ] {
            assert_eq!(named_in(text, service, name), want, "{text:?} {service:?}");
        }
    }

    #[test]
    fn words_are_folded_and_countries_are_of_iso_3166() {
        for (word, country) in WORDS {
            assert_eq!(fold(word), *word);
            assert!(LETTERS.contains(country) || *country == "gb", "{country}");
        }
    }
}
