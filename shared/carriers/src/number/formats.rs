//! The formats that a row can say, by region.

mod americas;
mod asia_pacific;
mod europe;
mod express;

use super::Candidate;
use super::shape::Format;

/// Every table, in the order in which equally strong candidates are given.
const TABLES: &[&[Format]] = &[express::FORMATS, americas::FORMATS, europe::FORMATS, asia_pacific::FORMATS];

/// Adds what the number is by the tables.
pub(super) fn find(number: &[u8], found: &mut Vec<Candidate>) {
    found.extend(all().filter_map(|format| format.candidate(number)));
}

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Format> {
    TABLES.iter().copied().flatten()
}
