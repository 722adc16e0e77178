//! What each marketplace calls a carrier.
//!
//! A marketplace is a file in `codes/` and a line in [`MARKETPLACES`]: its lists of accepted codes, and one row
//! per carrier with its codes in order of preference.

mod amazon;

use crate::accepted::{List, accepted};
use crate::carrier::Carrier;

/// The codes of one carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The carrier.
    pub(crate) carrier: Carrier,
    /// Its codes, best first. The first that the country's list has is taken.
    pub(crate) codes: &'static [&'static str],
    /// Codes that come before those, in one country (ISO 3166, lower case).
    pub(crate) first_in: Option<(&'static str, &'static str)>,
}

/// What we know of a marketplace.
#[derive(Debug)]
pub(crate) struct Marketplace {
    /// Its kind in settings: `amazon`.
    pub(crate) kind: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// Its lists of accepted codes.
    pub(crate) lists: &'static [List],
    /// Every word in the lists that means *another carrier*; the first is the one to send.
    pub(crate) other: &'static [&'static str],
    /// Its codes per carrier.
    pub(crate) rows: &'static [Row],
}

/// Every marketplace we know codes of.
pub(crate) const MARKETPLACES: &[Marketplace] = &[amazon::MARKETPLACE];

/// The marketplace of this kind.
pub(crate) fn marketplace(kind: &str) -> Option<&'static Marketplace> {
    MARKETPLACES.iter().find(|marketplace| marketplace.kind == kind)
}

/// The code of a carrier at a marketplace (`amazon`) in a country (ISO 3166, lower case), if it is known.
///
/// Only codes of that country's list come out; never its word for *other*. `None` where the marketplace has
/// several codes for the carrier and its name alone does not tell which.
#[must_use]
pub fn code(carrier: Carrier, marketplace_kind: &str, country: &str) -> Option<&'static str> {
    let list = accepted(marketplace_kind, country)?;
    let row = marketplace(marketplace_kind)?.rows.iter().find(|row| row.carrier == carrier)?;
    let first = row.first_in.filter(|(there, _)| *there == country).map(|(_, code)| code);
    first.into_iter().chain(row.codes.iter().copied()).find(|code| list.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accepted::countries;

    #[test]
    fn every_code_that_comes_out_is_accepted_there_and_never_means_other() {
        let mut seen = 0;
        for marketplace in MARKETPLACES {
            for country in countries(marketplace.kind) {
                let list = accepted(marketplace.kind, country).unwrap();
                for carrier in Carrier::ALL {
                    if let Some(code) = code(*carrier, marketplace.kind, country) {
                        assert!(list.codes().contains(&code), "{code:?} for {carrier:?} in {country}");
                        assert!(!marketplace.other.contains(&code), "{carrier:?} became other in {country}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 1000, "only {seen}");
    }

    #[test]
    fn every_code_in_the_tables_stands_in_a_list_and_every_carrier_has_one_row() {
        for marketplace in MARKETPLACES {
            let mut carriers = std::collections::BTreeSet::new();
            for row in marketplace.rows {
                assert!(carriers.insert(row.carrier), "{:?} has two rows", row.carrier);
                for code in row.codes.iter().copied().chain(row.first_in.map(|(_, code)| code)) {
                    let listed = countries(marketplace.kind)
                        .iter()
                        .any(|country| accepted(marketplace.kind, country).unwrap().contains(code));
                    assert!(listed, "{code:?} stands in no list: misspelt?");
                }
                if let Some((country, code)) = row.first_in {
                    assert!(
                        accepted(marketplace.kind, country).unwrap().contains(code),
                        "{code:?} in {country}"
                    );
                }
            }
        }
    }
}
