//! The codes a marketplace accepts in a country, as far as anybody outside can know.

mod iso_3166;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::codes::{MARKETPLACES, Marketplace, marketplace};
use crate::suggest::{Candidate, near};

/// Which countries (ISO 3166, lower case) a list is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Countries {
    /// These, all of it.
    These(&'static [&'static str]),
    /// These, each with the lines that name it and those that name no country.
    Each(&'static [&'static str]),
    /// Every country there is, all of it.
    All,
}

impl Countries {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::These(names) | Self::Each(names) => names,
            Self::All => iso_3166::COUNTRIES,
        }
    }
}

/// A list as it is written down.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) countries: Countries,
    /// Lines of a code each; after a tab the countries it is for, or `never`.
    pub(crate) text: &'static str,
    /// Codes of the text that are known not to work in these countries.
    pub(crate) without: &'static [&'static str],
    pub(crate) date: &'static str,
    pub(crate) source: &'static str,
    pub(crate) unverified: Option<&'static str>,
    pub(crate) allows_other: bool,
}

/// Whether a text is a marketplace's word for a carrier that is not in its list.
#[must_use]
pub fn is_other(kind: &str, text: &str) -> bool {
    marketplace(kind)
        .is_some_and(|known| known.other.iter().any(|word| word.eq_ignore_ascii_case(text.trim())))
}

/// The codes that one marketplace accepts in one country.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedCodes {
    codes: &'static [&'static str],
    other: &'static [&'static str],
    candidates: &'static [Candidate],
    /// When the list was published: a day, a month, a year, or `undated`.
    pub date: &'static str,
    /// Where the list comes from.
    pub source: &'static str,
    /// What nobody could check about it; `None`: the marketplace itself printed it for this country.
    pub unverified: Option<&'static str>,
    /// Whether a carrier outside the list may be confirmed by the marketplace's word for *other*.
    pub allows_other: bool,
    /// The longest name, in characters, that must go with *other*; `None`: the marketplace has no field for it,
    /// and *other* goes alone.
    pub takes_name_with_other: Option<usize>,
}

/// A list of one country, or of some that share it.
struct Loaded {
    marketplace: &'static Marketplace,
    list: &'static List,
    countries: Vec<&'static str>,
    codes: Vec<&'static str>,
    /// What can be suggested: all codes but the words for *other*.
    candidates: Vec<Candidate>,
}

static LOADED: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    let lists = MARKETPLACES.iter().flat_map(|m| m.lists.iter().map(move |list| (m, list)));
    lists.flat_map(|(marketplace, list)| load(marketplace, list)).collect()
});

/// Where in [`LOADED`] the list of a marketplace's country stands.
static PLACES: LazyLock<BTreeMap<(&'static str, &'static str), usize>> = LazyLock::new(|| {
    let places = LOADED.iter().enumerate();
    let of_list = |(at, loaded): (usize, &'static Loaded)| {
        loaded.countries.iter().map(move |country| ((loaded.marketplace.kind, *country), at))
    };
    places.flat_map(of_list).collect()
});

fn load(marketplace: &'static Marketplace, list: &'static List) -> Vec<Loaded> {
    let groups: Vec<Vec<&'static str>> = match list.countries {
        Countries::These(_) | Countries::All => vec![list.countries.names().to_vec()],
        Countries::Each(countries) => countries.iter().map(|country| vec![*country]).collect(),
    };
    let load_group = |countries: Vec<&'static str>| {
        let accepted = lines(list.text).filter(|(_, field)| countries.iter().all(|c| names(*field, c)));
        let accepted = accepted.map(|(code, _)| code).filter(|code| !list.without.contains(code));
        let mut codes: Vec<_> = accepted.collect();
        codes.sort_unstable();
        let named = codes.iter().filter(|code| !marketplace.other.contains(code));
        let candidates = named.map(|code| Candidate::new(code)).collect();
        Loaded { marketplace, list, countries, codes, candidates }
    };
    groups.into_iter().map(load_group).collect()
}

/// The codes of a text, and what stands after the tab.
fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| match line.split_once('\t') {
        Some((code, field)) => (code, Some(field)),
        None => (line, None),
    })
}

/// Whether the field of a line has the country. A line without one is for every country.
fn names(field: Option<&str>, country: &str) -> bool {
    field.is_none_or(|countries| countries.split(' ').any(|named| named == country))
}

/// The codes that the marketplace (`amazon`) accepts in the country (ISO 3166, lower case), if we have a list.
///
/// The country is that of the marketplace where the order was placed; at Etsy that of the shop.
#[must_use]
pub fn accepted(marketplace_kind: &str, country: &str) -> Option<AcceptedCodes> {
    let places: &BTreeMap<(&str, &str), usize> = &PLACES;
    LOADED.get(*places.get(&(marketplace_kind, country))?).map(accepted_codes)
}

/// The countries (ISO 3166, lower case, in order) for which we have a list of this marketplace.
#[must_use]
pub fn countries(marketplace_kind: &str) -> Vec<&'static str> {
    let lists = marketplace(marketplace_kind).map_or(&[][..], |m| m.lists);
    let mut countries: Vec<_> = lists.iter().flat_map(|list| list.countries.names()).copied().collect();
    countries.sort_unstable();
    countries
}

/// Every list of the marketplace.
pub(crate) fn all_accepted(marketplace_kind: &str) -> Vec<AcceptedCodes> {
    let mine = LOADED.iter().filter(|loaded| loaded.marketplace.kind == marketplace_kind);
    mine.map(accepted_codes).collect()
}

fn accepted_codes(loaded: &'static Loaded) -> AcceptedCodes {
    let List { date, source, unverified, allows_other, .. } = *loaded.list;
    AcceptedCodes {
        codes: &loaded.codes,
        other: loaded.marketplace.other,
        candidates: &loaded.candidates,
        date,
        source,
        unverified,
        allows_other,
        takes_name_with_other: loaded.marketplace.name_with_other,
    }
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
mod tests;
