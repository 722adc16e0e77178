//! Article ids and consignment numbers of Australia Post and StarTrack.
//!
//! A consignment is one or more articles. Amazon Australia takes the two by different codes.
//!
//! Australia Post: the id of the merchant's location, three or five letters and digits, and seven digits are the
//! consignment; eleven digits more are the article. StarTrack: the despatch id, four letters and digits, and eight
//! digits are the consignment; three letters of the product and five digits more are the article.
//!
//! Source: Australia Post's Shipping and Tracking API, page "Generate label metadata" (its example barcodes have an
//! article of each), and answers of that API with ids of five characters. The last digit of an article is a check
//! digit; how it is computed stands in no source that we found, so it is not checked.

use serde::Serialize;

use super::Folded;
use super::shape::Codes;

/// What the article barcode begins with: the item number of Australia Post (AI 01), then AI 91.
pub(super) const BARCODE: &str = "019931265099999891";

/// Products in StarTrack article ids.
pub(super) const STARTRACK_SERVICES: Codes = &[("EXP", "StarTrack Express"), ("PRM", "StarTrack Premium")];

/// Which number of a parcel it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AustralianKind {
    /// One article's: Amazon's `Australia Post-ArticleId`, `StarTrack-ArticleID`.
    ArticleId,
    /// That of a consignment of one or more articles: `Australia Post-Consignment`, `StarTrack-Consignment`.
    Consignment,
}

/// Ids of locations have a letter; without one it could be any number.
pub(super) fn has_location(number: &[u8]) -> bool {
    number.iter().any(u8::is_ascii_uppercase)
}

/// The same, in the article's barcode.
pub(super) fn has_location_in_barcode(number: &[u8]) -> bool {
    number.get(BARCODE.len()..).is_some_and(has_location)
}

/// Which number of Australia Post this is, by its form; `None` if it has neither.
///
/// S10 numbers of parcels to abroad are neither: nothing says by which code Amazon takes them.
#[must_use]
pub fn australia_post_kind(number: &str) -> Option<AustralianKind> {
    let folded = Folded::new(number)?;
    let number = folded.as_bytes();
    let number = number.strip_prefix(BARCODE.as_bytes()).unwrap_or(number);
    kind(number, &[(3, 7), (5, 7)], |rest| rest.len() == 11 && rest.iter().all(u8::is_ascii_digit))
}

/// Which number of StarTrack this is, by its form; `None` if it has neither.
#[must_use]
pub fn startrack_kind(number: &str) -> Option<AustralianKind> {
    let folded = Folded::new(number)?;
    kind(folded.as_bytes(), &[(4, 8)], |rest| match rest.split_first_chunk::<3>() {
        Some((product, count)) => {
            product.iter().all(u8::is_ascii_uppercase)
                && count.len() == 5
                && count.iter().all(u8::is_ascii_digit)
        }
        None => false,
    })
}

/// `forms`: characters of the location or despatch id, and digits after it. `is_article`: what follows in an article.
fn kind(
    number: &[u8],
    forms: &[(usize, usize)],
    is_article: impl Fn(&[u8]) -> bool,
) -> Option<AustralianKind> {
    forms.iter().find_map(|(id, digits)| {
        let (id, rest) = number.split_at_checked(*id)?;
        let (digits, rest) = rest.split_at_checked(*digits)?;
        if !has_location(id) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        if rest.is_empty() {
            return Some(AustralianKind::Consignment);
        }
        is_article(rest).then_some(AustralianKind::ArticleId)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_and_consignments_are_told_apart() {
        use AustralianKind::{ArticleId, Consignment};
        for (number, want) in [
            ("7QX2718281", Some(Consignment)),
            ("7QX 2718281 01 00093 50 8 4", Some(ArticleId)),
            ("33PQR2718281", Some(Consignment)),
            ("33PQR271828101000935084", Some(ArticleId)),
            ("01993126509999989 17QX271828101000935084", Some(ArticleId)),
            ("7QX271828101000935", None),
            ("7QX27182810100093508", None),
            ("1232718281", None), // no letter: anybody's ten digits
            ("LK285160244AU", None),
            ("", None),
        ] {
            assert_eq!(australia_post_kind(number), want, "{number}");
        }
        for (number, want) in [
            ("PQRZ50002718", Some(Consignment)),
            ("7RFZ50002718", Some(Consignment)),
            ("PQRZ50002718EXP00001", Some(ArticleId)),
            ("PQRZ50002718EXP0001", None),
            ("PQRZ50002718123 00001", None),
            ("123450002718", None),
        ] {
            assert_eq!(startrack_kind(number), want, "{number}");
        }
    }
}
