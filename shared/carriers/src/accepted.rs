//! The codes a marketplace accepts in a country, as far as anybody outside can know.

use std::sync::LazyLock;

use crate::codes::{MARKETPLACES, marketplace};
use crate::suggest::{Candidate, near};

/// A list as it is written down.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) countries: &'static [&'static str],
    pub(crate) text: &'static str,
    pub(crate) date: &'static str,
    pub(crate) source: &'static str,
    pub(crate) unverified: bool,
    pub(crate) allows_other: bool,
}

/// The codes that one marketplace accepts in one country.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedCodes {
    codes: &'static [&'static str],
    other: &'static [&'static str],
    candidates: &'static [Candidate],
    /// When the list was published: a year, a month, or `undated`.
    pub date: &'static str,
    /// Where the list comes from.
    pub source: &'static str,
    /// This country's own list was never seen; another stands in for it.
    pub unverified: bool,
    /// Whether a carrier outside the list may be confirmed by the marketplace's word for *other* and a name.
    pub allows_other: bool,
}

struct Loaded {
    kind: &'static str,
    list: &'static List,
    codes: Vec<&'static str>,
    /// What can be suggested: all codes but the words for *other*.
    candidates: Vec<Candidate>,
}

static LOADED: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    let lists = MARKETPLACES.iter().flat_map(|m| m.lists.iter().map(move |list| (m, list)));
    lists
        .map(|(marketplace, list)| {
            let lines = list.text.lines().map(str::trim);
            let mut codes: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            codes.sort_unstable();
            let named = codes.iter().filter(|code| !marketplace.other.contains(code));
            let candidates = named.map(|code| Candidate::new(code)).collect();
            Loaded { kind: marketplace.kind, list, codes, candidates }
        })
        .collect()
});

/// The codes that the marketplace (`amazon`) accepts in the country (ISO 3166, lower case), if we have a list.
#[must_use]
pub fn accepted(marketplace_kind: &str, country: &str) -> Option<AcceptedCodes> {
    lists(marketplace_kind).find(|(list, _)| list.countries.contains(&country)).map(|(_, codes)| codes)
}

/// The countries (ISO 3166, lower case, in order) for which we have a list of this marketplace.
#[must_use]
pub fn countries(marketplace_kind: &str) -> Vec<&'static str> {
    let lists = marketplace(marketplace_kind).map_or(&[][..], |m| m.lists);
    let mut countries: Vec<_> = lists.iter().flat_map(|list| list.countries.iter().copied()).collect();
    countries.sort_unstable();
    countries
}

/// Every list of the marketplace.
pub(crate) fn all_accepted(marketplace_kind: &str) -> Vec<AcceptedCodes> {
    lists(marketplace_kind).map(|(_, codes)| codes).collect()
}

fn lists(kind: &str) -> impl Iterator<Item = (&'static List, AcceptedCodes)> {
    let other = marketplace(kind).map_or(&[][..], |m| m.other);
    LOADED.iter().filter(move |loaded| loaded.kind == kind).map(move |loaded| {
        let List { date, source, unverified, allows_other, .. } = *loaded.list;
        let (codes, candidates) = (loaded.codes.as_slice(), loaded.candidates.as_slice());
        (loaded.list, AcceptedCodes { codes, other, candidates, date, source, unverified, allows_other })
    })
}

impl AcceptedCodes {
    /// Whether the code stands in the list, letter by letter.
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        self.codes.binary_search(&code).is_ok()
    }

    /// All codes, in byte order.
    #[must_use]
    pub fn codes(&self) -> &'static [&'static str] {
        self.codes
    }

    /// The word to send for a carrier outside the list, where that is allowed.
    #[must_use]
    pub fn other(&self) -> Option<&'static str> {
        self.other.first().copied().filter(|_| self.allows_other)
    }

    /// Up to five codes that somebody who wrote `text` may have meant, best first; never a word for *other*.
    #[must_use]
    pub fn suggest(&self, text: &str) -> Vec<&'static str> {
        near(text, self.candidates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn lists_are_whole_sorted_and_without_repeats() {
        for (country, size, other) in
            [("us", 377, true), ("jp", 377, true), ("sg", 37, true), ("au", 19, true), ("in", 10, false)]
        {
            let list = accepted("amazon", country).unwrap();
            assert_eq!(list.codes().len(), size, "{country}");
            assert!(list.codes().is_sorted_by(|a, b| a < b), "{country}");
            assert_eq!((list.contains("Other"), list.allows_other), (other, other), "{country}");
            assert_eq!(list.other(), other.then_some("Other"), "{country}");
            assert!(!list.source.is_empty() && !list.date.is_empty());
        }
        for loaded in LOADED.iter() {
            let written: Vec<_> = loaded.list.text.lines().filter(|l| !l.starts_with('#')).collect();
            assert_eq!(written, loaded.codes, "the file of {} is not in byte order", loaded.list.source);
        }
    }

    #[test]
    fn each_country_has_one_list_and_unknown_places_have_none() {
        let all = countries("amazon");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all.len(), 23);
        for country in ["US", "uk", "", "xx"] {
            assert!(accepted("amazon", country).is_none(), "{country:?}");
        }
        assert!(accepted("ebay", "us").is_none());
        assert!(countries("ebay").is_empty());
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
}
