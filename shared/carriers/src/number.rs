//! What a tracking number says about its carrier.
//!
//! A number never has one answer: formats overlap, and a check digit lets one number in ten pass by chance. So
//! [`candidates`] gives everybody whose format fits, with how much that proves, and [`contradicts`] and [`settles`]
//! say when it proves enough to stop for or to rely on. Nothing here rewrites a number.
//!
//! Spaces, punctuation, invisible characters, case and full-width forms make no difference: numbers are looked at as
//! `domain::tracking::TrackingNumber::folded` compares them. Formats are rows in `formats`, and code where a row
//! cannot say it. Facts come from the public collection `jkeen/tracking_number_data` at b79ce4b (2026-08-17) where a
//! row names no other source.

mod australia;
mod check;
mod dhl;
mod dpd;
mod evidence;
mod formats;
mod relations;
mod s10;
mod sending;
mod shape;
mod usps;

use domain::tracking::narrow;
use serde::Serialize;

use crate::carrier::Carrier;

pub use australia::{AustralianKind, australia_post_kind, startrack_kind};
pub use evidence::{Contradiction, Seen, contradicts, settles};
pub use relations::{partners, same_house};
pub use sending::{NumberForm, for_sending};

/// Letters and digits of the longest number there is: the prefix and 39 characters of DHL eCommerce.
const LONGEST: usize = 41;

/// How much a fitting format proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// It has the right length and kinds of characters.
    Shape,
    /// And it has no check digit, but a code in it stands in a list.
    Lookup,
    /// Its check digit is right.
    Checksum,
}

impl Strength {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Lookup => "lookup",
            Self::Checksum => "checksum",
        }
    }
}

/// What a partner does for a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes it from the sender, and may have printed the number.
    Shipper,
    /// Brings it to the buyer.
    Carrier,
}

/// Another carrier that has to do with parcels of such numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Partner {
    /// Who.
    pub carrier: Carrier,
    /// What they do.
    pub role: Role,
}

impl Partner {
    const fn shipper(carrier: Carrier) -> Self {
        Self { carrier, role: Role::Shipper }
    }

    const fn carrier(carrier: Carrier) -> Self {
        Self { carrier, role: Role::Carrier }
    }
}

/// A carrier whose format a number fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Whose number it would be.
    pub carrier: Carrier,
    /// The format's id; never changes.
    pub format: &'static str,
    /// The format's name for people, with the carrier's: `USPS 20 digits`.
    pub title: &'static str,
    /// How much that proves.
    pub strength: Strength,
    /// The service that the number says, if it says one.
    pub service: Option<&'static str>,
    /// The postal operator of an S10 number: all there is to know where the carrier is
    /// [`OtherPost`](Carrier::OtherPost).
    pub operator: Option<&'static str>,
    /// Who else has to do with such parcels.
    pub partners: &'static [Partner],
    /// Whether a number of another carrier passes by chance in well under one case of a hundred.
    pub distinctive: bool,
}

/// Everybody whose format `number` fits, strongest first; nobody for a text that is no number.
///
/// Always in the same order: by strength, then distinctive ones first, then as the tables have them.
#[must_use]
pub fn candidates(number: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    let Some(folded) = Folded::new(number) else { return found };
    let number = folded.as_bytes();
    s10::find(number, &mut found);
    usps::find(number, &mut found);
    dhl::find(number, &mut found);
    formats::find(number, &mut found);
    found.sort_by_key(|candidate| std::cmp::Reverse((candidate.strength, candidate.distinctive)));
    found
}

/// Letters and digits of a number, in upper case.
struct Folded {
    characters: [u8; LONGEST],
    length: usize,
}

impl Folded {
    /// `None` for a text with letters of other scripts, without any, or with more than a number can have.
    fn new(text: &str) -> Option<Self> {
        let mut folded = Self { characters: [0; LONGEST], length: 0 };
        let characters = text.chars().map(narrow).filter(|c| c.is_alphanumeric());
        for c in characters.flat_map(char::to_uppercase) {
            let c = u8::try_from(c).ok().filter(u8::is_ascii)?;
            *folded.characters.get_mut(folded.length)? = c;
            folded.length += 1;
        }
        (folded.length > 0).then_some(folded)
    }

    fn as_bytes(&self) -> &[u8] {
        self.characters.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
