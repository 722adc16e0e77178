//! What each marketplace calls a carrier.
//!
//! A marketplace is a file in `codes/` and a line in [`MARKETPLACES`]: its lists of accepted codes, and one row
//! per carrier with its codes in order of preference.

mod amazon;
mod ebay;
mod etsy;

use std::sync::LazyLock;

use crate::accepted::{List, accepted};
use crate::carrier::Carrier;

/// A code, and the country (ISO 3166, lower case) it is for.
type InCountry = (&'static str, &'static str);

/// The codes of one carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The carrier.
    carrier: Carrier,
    /// Its codes, best first. The first that the country's list has is taken.
    codes: &'static [&'static str],
    /// Codes that come before those in one country of the marketplace.
    first_in: &'static [InCountry],
    /// Codes of its national houses, which come first of all: of the house the text names (`DPD Germany`), else of
    /// the marketplace's country.
    houses: &'static [InCountry],
    /// Countries, of the marketplace or of the house that the text names, where the name does not say which of several
    /// codes is meant.
    held_in: &'static [&'static str],
}

/// A carrier whose codes are the same wherever the list has them.
const fn row(carrier: Carrier, codes: &'static [&'static str]) -> Row {
    Row { carrier, codes, first_in: &[], houses: &[], held_in: &[] }
}

impl Row {
    const fn first_in(mut self, codes: &'static [InCountry]) -> Self {
        self.first_in = codes;
        self
    }

    const fn houses(mut self, codes: &'static [InCountry]) -> Self {
        self.houses = codes;
        self
    }

    const fn held_in(mut self, countries: &'static [&'static str]) -> Self {
        self.held_in = countries;
        self
    }

    /// Its codes in a country, best first, where the text names the house of another country or none.
    fn codes_in(&self, country: &str, house: Option<&str>) -> impl Iterator<Item = &'static str> {
        let open =
            self.held_in.contains(&country) || house.is_some_and(|house| self.held_in.contains(&house));
        let of_house = within(self.houses, house.unwrap_or(country));
        let here = within(self.first_in, country);
        let all = of_house.into_iter().chain(here).chain(self.codes.iter().copied());
        all.take(if open { 0 } else { usize::MAX })
    }

    /// Every code the row can yield anywhere.
    #[cfg(test)]
    fn all_codes(&self) -> impl Iterator<Item = &'static str> {
        let in_countries = self.first_in.iter().chain(self.houses).map(|(_, code)| *code);
        self.codes.iter().copied().chain(in_countries)
    }
}

fn within(codes: &[InCountry], country: &str) -> Option<&'static str> {
    codes.iter().find(|(there, _)| *there == country).map(|(_, code)| *code)
}

/// Whether a marketplace can be told the delivery service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceField {
    /// In this field of the call that confirms a shipment.
    Named(&'static str),
    /// It has no field for it.
    Absent,
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
    /// The longest name, in characters, that must go with *other*; `None`: there is no field for a name.
    pub(crate) name_with_other: Option<usize>,
    /// What a parcel under *other* costs the merchant: a sentence that begins with *they*.
    pub(crate) other_costs: &'static str,
    /// Where it takes the service.
    pub(crate) service: ServiceField,
    /// Its codes per carrier.
    pub(crate) rows: &'static [Row],
}

/// Every marketplace we know codes of.
pub(crate) const MARKETPLACES: &[Marketplace] = &[amazon::MARKETPLACE, ebay::MARKETPLACE, etsy::MARKETPLACE];

/// The marketplace of this kind.
pub(crate) fn marketplace(kind: &str) -> Option<&'static Marketplace> {
    MARKETPLACES.iter().find(|marketplace| marketplace.kind == kind)
}

/// Where the marketplace (`amazon`) takes the delivery service, if we know the marketplace.
///
/// Amazon: `packageDetail.shippingMethod` of `confirmShipment` (orders v0). Etsy: `mail_class` of
/// `createReceiptShipment` (specification of May 2026; the one of January 2024 has no such field). eBay:
/// `createShippingFulfillment` v1.20.7 has none.
#[must_use]
pub fn service_field(marketplace_kind: &str) -> Option<ServiceField> {
    marketplace(marketplace_kind).map(|marketplace| marketplace.service)
}

/// The rows of every marketplace, each sorted by carrier.
static ROWS: LazyLock<Vec<(&'static str, Vec<Row>)>> = LazyLock::new(|| {
    let sorted = |rows: &[Row]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable_by_key(|row| row.carrier);
        rows
    };
    MARKETPLACES.iter().map(|marketplace| (marketplace.kind, sorted(marketplace.rows))).collect()
});

/// The code of a carrier at a marketplace (`amazon`) in a country (ISO 3166, lower case), if it is known.
///
/// Only codes of that country's list come out; never its word for *other*. `None` where the marketplace has
/// several codes for the carrier and its name alone does not tell which.
#[must_use]
pub fn code(carrier: Carrier, marketplace_kind: &str, country: &str) -> Option<&'static str> {
    code_of_house(carrier, || None, marketplace_kind, country)
}

/// [`code`], where the text may name the carrier's house of a country: `gb` for *DPD UK*.
pub(crate) fn code_of_house(
    carrier: Carrier,
    house: impl FnOnce() -> Option<&'static str>,
    marketplace_kind: &str,
    country: &str,
) -> Option<&'static str> {
    let list = accepted(marketplace_kind, country)?;
    let (_, rows) = ROWS.iter().find(|(kind, _)| *kind == marketplace_kind)?;
    let row = rows.binary_search_by_key(&carrier, |row| row.carrier).ok().and_then(|at| rows.get(at))?;
    let house = if row.houses.is_empty() && row.held_in.is_empty() { None } else { house() };
    row.codes_in(country, house).find(|code| list.contains(code))
}

#[cfg(test)]
mod tests;
