//! When a number proves enough to stop for, and when enough to rely on.

use std::fmt;

use serde::Serialize;

use super::relations::has_own_network;
use super::{Candidate, Strength, candidates, partners, s10, same_house};
use crate::carrier::Carrier;

/// A number that is somebody else's than its sender said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Whom the sender named.
    pub stated: Carrier,
    /// Whose number it is instead: one, or several whose check digit it passes alike.
    pub seen: Vec<Seen>,
}

/// Somebody whose check digit a number passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Who.
    pub carrier: Carrier,
    /// The format's id.
    pub format: &'static str,
    /// The format's name for people.
    pub title: &'static str,
    /// The postal operator of an S10 number.
    pub operator: Option<&'static str>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.carrier, self.operator) {
            (Carrier::OtherPost, Some(operator)) => write!(f, "{operator} ({})", self.title),
            (carrier, _) => write!(f, "{carrier} ({})", self.title),
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this number passes the check digit of ")?;
        for (n, seen) in self.seen.iter().enumerate() {
            match n {
                0 => {}
                n if n + 1 == self.seen.len() => f.write_str(" and of ")?,
                _ => f.write_str(", of ")?,
            }
            seen.fmt(f)?;
        }
        write!(f, ", not of {}", self.stated)
    }
}

/// Whether all formats of the carrier are known, so that a number that fits none is not its own.
///
/// USPS alone: its numbers have 20 to 34 digits or the form S10 (Publication 199, Publication 91). Others use
/// shipper references, door tags and freight numbers beside what is public.
fn is_complete(carrier: Carrier) -> bool {
    carrier == Carrier::Usps
}

/// Says that `number` is not a number of `stated`, where it is evidence enough to hold a parcel for.
///
/// All of this must be so:
/// - `stated` brings parcels under its own numbers; consolidators and carriers we know little of never contradict.
/// - Somebody else's check digit is right, in a format that hardly any other number fits by chance. Of USPS, whose
///   formats are all known, any check digit of somebody else is enough.
/// - No format of `stated`, of its house or of a partner fits, not even by length.
/// - No partner of a fitting format is `stated` or of its house; posts bring each other's S10 numbers.
#[must_use]
pub fn contradicts(stated: Carrier, number: &str) -> Option<Contradiction> {
    if !has_own_network(stated) {
        return None;
    }
    let all = candidates(number);
    if all.iter().any(|candidate| agrees(stated, candidate)) {
        return None;
    }
    let evidence = |candidate: &&Candidate| {
        candidate.strength == Strength::Checksum && (candidate.distinctive || is_complete(stated))
    };
    let mut seen: Vec<Seen> = Vec::new();
    let strong = all.iter().filter(evidence);
    let any_distinctive = strong.clone().any(|candidate| candidate.distinctive);
    for candidate in strong.filter(|candidate| candidate.distinctive || !any_distinctive) {
        let Candidate { carrier, format, title, operator, .. } = *candidate;
        if seen.iter().all(|other| other.carrier != carrier) {
            seen.push(Seen { carrier, format, title, operator });
        }
    }
    (!seen.is_empty()).then_some(Contradiction { stated, seen })
}

/// Whether `stated` and the candidate can both be true of one parcel.
fn agrees(stated: Carrier, candidate: &Candidate) -> bool {
    same_house(stated, candidate.carrier)
        || partners(stated, candidate.carrier)
        || candidate.partners.iter().any(|partner| same_house(stated, partner.carrier))
        || (candidate.format == s10::ID && s10::is_operator(stated))
}

/// The one carrier for which the number is evidence, where no text names one.
///
/// Exactly one carrier has a right check digit in a distinctive format, and it is among the `allowed`. Two brands
/// that number alike (Royal Mail and Parcelforce) are two carriers; an operator that we have no carrier for is none.
pub fn settles(allowed: impl Fn(Carrier) -> bool, number: &str) -> Option<Candidate> {
    let mut proven = candidates(number)
        .into_iter()
        .filter(|candidate| candidate.strength == Strength::Checksum && candidate.distinctive);
    let first = proven.next()?;
    let alone = proven.all(|candidate| candidate.carrier == first.carrier);
    (alone && first.carrier != Carrier::OtherPost && allowed(first.carrier)).then_some(first)
}

#[cfg(test)]
mod tests;
