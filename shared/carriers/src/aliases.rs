//! The built-in names: what stores and shipping tools write, and whom they mean.
//!
//! Names are compared by [`crate::fold::compact`], so case, spaces and punctuation need no rows of their own.
//! A row here is a promise that the words, at the beginning of a text, can mean nobody else.

mod americas;
mod asia_pacific;
mod europe;
mod express;
mod of_lists;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::carrier::Carrier;
use crate::fold::compact;

/// The names of one carrier.
type Names = (Carrier, &'static [&'static str]);

/// Every table. A new region is a new file and a line here.
const TABLES: &[&[Names]] =
    &[express::NAMES, americas::NAMES, europe::NAMES, asia_pacific::NAMES, of_lists::NAMES];

/// Texts that begin like a name above and mean somebody else: recognised as nobody, so the merchant is asked.
const LOOKALIKES: &[&str] = &[
    "australia post startrack",
    "correos de cuba",
    "deutsche post dhl",
    "dhl active tracing",
    "dhl global forwarding",
    "dhl parcel",
    "dhl same day",
    "dhl supply chain",
    "fedex cross border",
    "fedex custom critical",
    "fedex office",
    "fedex supply chain",
    "fedex trade networks",
    "hermes russia",
    "la poste burkina faso",
    "la poste du benin",
    "la poste luxembourg",
    "swiss post solutions",
    "tnt post",
    "ups store",
    "ups supply chain",
    "xpo last mile",
];

/// Words after a name that say where or in what legal form, not how it travels.
pub(crate) const NOT_A_SERVICE: &[&str] = &[
    "ag",
    "america",
    "at",
    "au",
    "australia",
    "austria",
    "be",
    "belgium",
    "ca",
    "canada",
    "ch",
    "co",
    "corp",
    "corporation",
    "de",
    "denmark",
    "deutschland",
    "dk",
    "en",
    "england",
    "es",
    "espana",
    "eu",
    "europe",
    "fi",
    "finland",
    "fr",
    "france",
    "gb",
    "germany",
    "gmbh",
    "group",
    "inc",
    "india",
    "ireland",
    "it",
    "italia",
    "italy",
    "ja",
    "japan",
    "jp",
    "limited",
    "llc",
    "ltd",
    "netherlands",
    "nl",
    "no",
    "norway",
    "nz",
    "pl",
    "poland",
    "polska",
    "portugal",
    "se",
    "sg",
    "singapore",
    "spain",
    "sweden",
    "switzerland",
    "uk",
    "united kingdom",
    "united states",
    "us",
    "usa",
];

/// Whom a name means; `None` for a look-alike.
static INDEX: LazyLock<BTreeMap<String, Option<Carrier>>> = LazyLock::new(|| {
    let names = TABLES.iter().copied().flatten();
    let named = names.flat_map(|(carrier, names)| names.iter().map(|name| (compact(name), Some(*carrier))));
    named.chain(LOOKALIKES.iter().map(|name| (compact(name), None))).collect()
});

/// The longest name there is, in bytes, compact.
static LONGEST: LazyLock<usize> = LazyLock::new(|| INDEX.keys().map(String::len).max().unwrap_or_default());

/// Whom the compact text `name` means, if it is a name: `Some(None)` for a look-alike.
pub(crate) fn find(name: &str) -> Option<Option<Carrier>> {
    INDEX.get(name).copied()
}

/// The length in bytes beyond which no compact text can be a name.
pub(crate) fn longest() -> usize {
    *LONGEST
}

/// Whether the compact text begins with a name of the carrier and goes on: DHL, and DHL eCommerce.
pub(crate) fn extends(text: &str, carrier: Carrier) -> bool {
    // Every beginning of the text, at character boundaries, but the whole.
    text.char_indices()
        .skip(1)
        .filter_map(|(end, _)| text.get(..end))
        .any(|start| find(start) == Some(Some(carrier)))
}

/// Every name and every look-alike, as they are written.
#[cfg(test)]
pub(crate) fn spellings() -> impl Iterator<Item = &'static str> {
    let names = TABLES.iter().copied().flatten().flat_map(|(_, names)| names.iter().copied());
    names.chain(LOOKALIKES.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_means_two_carriers_and_none_is_written_twice_in_a_table() {
        let mut meant: BTreeMap<String, Carrier> = BTreeMap::new();
        for table in TABLES {
            let mut seen = BTreeSet::new();
            for (carrier, name) in
                table.iter().flat_map(|(c, names)| names.iter().map(move |name| (*c, name)))
            {
                assert!(compact(name).chars().count() >= 2, "{name:?} is too short to be sure of");
                assert!(seen.insert(compact(name)), "{name:?} stands twice");
                assert_eq!(*meant.entry(compact(name)).or_insert(carrier), carrier, "{name:?} means two");
            }
        }
        let mut seen = BTreeSet::new();
        for name in LOOKALIKES {
            assert!(seen.insert(compact(name)), "{name:?} stands twice");
            assert_eq!(meant.get(&compact(name)), None, "{name:?} is a name");
        }
    }

    #[test]
    fn every_carrier_has_one_row_in_a_table_and_its_title_means_it() {
        let mut named = BTreeSet::new();
        for table in TABLES {
            let rows: BTreeSet<Carrier> = table.iter().map(|(carrier, _)| *carrier).collect();
            assert_eq!(rows.len(), table.len(), "two rows for one carrier");
            named.extend(rows);
        }
        for carrier in Carrier::ALL {
            assert!(named.contains(carrier), "{carrier:?} has no names");
            let meant = crate::recognise(carrier.title(), None).carrier;
            assert_eq!(meant, Some(*carrier), "{:?}", carrier.title());
        }
    }

    #[test]
    fn words_that_could_be_anybody_are_no_names() {
        for word in [
            "post",
            "express",
            "other",
            "custom",
            "standard",
            "parcel",
            "courier",
            "mail",
            "logistics",
            "freight",
            "economy",
            "priority",
            "ground",
            "target",
            "sprint",
            "pin",
            "go",
            "amazon",
            "apc",
            "landmark",
        ] {
            assert_eq!(find(word), None, "{word}");
        }
    }
}
pub(crate) fn says_nothing(t: &str) -> bool {
    t.to_lowercase() == "other"
}
