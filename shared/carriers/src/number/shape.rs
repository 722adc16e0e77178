//! Formats as rows of a table, and whether a number fits one.

use super::check::Sum;
use super::{Candidate, Partner, Strength};
use crate::carrier::Carrier;

/// A stretch of a format: folded numbers hold upper-case letters and digits only.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    /// These characters.
    Text(&'static str),
    /// So many digits.
    Digits(usize),
    /// So many letters.
    Letters(usize),
    /// So many letters or digits.
    Any(usize),
    /// One of these characters.
    In(&'static str),
    /// So many digits and letters from A to F.
    Hex(usize),
    /// Letters or digits, from so many to so many: last in its format.
    Tail(usize, usize),
}

impl Run {
    const fn len(self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Digits(n) | Self::Letters(n) | Self::Any(n) | Self::Hex(n) | Self::Tail(n, _) => n,
            Self::In(_) => 1,
        }
    }

    fn fits(self, part: &[u8]) -> bool {
        match self {
            Self::Text(text) => part == text.as_bytes(),
            Self::Digits(_) => part.iter().all(u8::is_ascii_digit),
            Self::Letters(_) => part.iter().all(u8::is_ascii_uppercase),
            // All that a folded number can hold.
            Self::Any(_) | Self::Tail(..) => true,
            Self::Hex(_) => part.iter().all(u8::is_ascii_hexdigit),
            Self::In(set) => part.iter().all(|c| set.as_bytes().contains(c)),
        }
    }
}

/// Which characters a check character is computed from, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    pub(super) sum: Sum,
    /// The first character that counts.
    pub(super) from: usize,
    /// The place of the check character, which is also the end of what counts.
    pub(super) at: usize,
    /// A character that counts before all others unless the serial number begins with it.
    pub(super) lead: Option<u8>,
}

impl Check {
    fn passes(self, number: &[u8]) -> bool {
        let (Some(serial), Some(digit)) = (number.get(self.from..self.at), number.get(self.at)) else {
            return false;
        };
        match self.lead {
            Some(lead) if serial.first() != Some(&lead) => {
                let mut whole = [0; super::LONGEST];
                let Some(filled) = whole.get_mut(..=serial.len()) else { return false };
                let Some((first, rest)) = filled.split_first_mut() else { return false };
                *first = lead;
                rest.copy_from_slice(serial);
                self.sum.of(filled) == *digit
            }
            _ => self.sum.of(serial) == *digit,
        }
    }
}

/// Codes inside a number and what they mean, sorted by code.
pub(super) type Codes = &'static [(&'static str, &'static str)];

/// What the code `code` means.
pub(super) fn meaning(codes: Codes, code: &[u8]) -> Option<&'static str> {
    let found = codes.binary_search_by(|(row, _)| row.as_bytes().cmp(code)).ok()?;
    codes.get(found).map(|(_, meaning)| *meaning)
}

/// One format of one carrier. Formats of several lengths are several rows of one id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    id: &'static str,
    title: &'static str,
    carrier: Carrier,
    shape: &'static [Run],
    /// The fewest characters, and how many more it may have.
    len: usize,
    more: usize,
    check: Option<Check>,
    services: Option<(usize, usize, Codes)>,
    only_if: fn(&[u8]) -> bool,
    distinctive: fn(&[u8]) -> bool,
    partners: fn(&[u8]) -> &'static [Partner],
}

fn never(_: &[u8]) -> bool {
    false
}

fn always(_: &[u8]) -> bool {
    true
}

fn nobody(_: &[u8]) -> &'static [Partner] {
    &[]
}

impl Format {
    /// A format without check digit that could be anybody's.
    pub(super) const fn new(
        id: &'static str,
        title: &'static str,
        carrier: Carrier,
        shape: &'static [Run],
    ) -> Self {
        let mut len = 0;
        let mut more = 0;
        let mut rest = shape;
        while let [run, others @ ..] = rest {
            len += run.len();
            if let Run::Tail(fewest, most) = run {
                more = *most - *fewest;
            }
            rest = others;
        }
        Self {
            id,
            title,
            carrier,
            shape,
            len,
            more,
            check: None,
            services: None,
            only_if: always,
            distinctive: never,
            partners: nobody,
        }
    }

    /// Its check character stands at `at` and covers the characters from `from` on.
    pub(super) const fn check(mut self, sum: Sum, from: usize, at: usize) -> Self {
        self.check = Some(Check { sum, from, at, lead: None });
        self
    }

    /// Its check digit covers a leading character that is not printed.
    pub(super) const fn lead(mut self, lead: u8) -> Self {
        if let Some(check) = &mut self.check {
            check.lead = Some(lead);
        }
        self
    }

    /// The characters from `from` to `to` say which service it is.
    pub(super) const fn services(mut self, from: usize, to: usize, codes: Codes) -> Self {
        self.services = Some((from, to, codes));
        self
    }

    /// What the runs cannot say: a number for which this is false has another format.
    pub(super) const fn only_if(mut self, whether: fn(&[u8]) -> bool) -> Self {
        self.only_if = whether;
        self
    }

    /// No other carrier's number passes, or well under one in a hundred.
    pub(super) const fn distinctive(mut self) -> Self {
        self.distinctive = always;
        self
    }

    /// As [`distinctive`](Self::distinctive), for numbers of which `whether` holds.
    pub(super) const fn distinctive_if(mut self, whether: fn(&[u8]) -> bool) -> Self {
        self.distinctive = whether;
        self
    }

    /// Who else has to do with such a parcel.
    pub(super) const fn partners(mut self, who: fn(&[u8]) -> &'static [Partner]) -> Self {
        self.partners = who;
        self
    }

    /// What a folded number is by this format.
    pub(super) fn candidate(&self, number: &[u8]) -> Option<Candidate> {
        let lengths = self.len..=self.len + self.more;
        if !lengths.contains(&number.len()) || !self.fits(number) || !(self.only_if)(number) {
            return None;
        }
        if self.check.is_some_and(|check| !check.passes(number)) {
            return None;
        }
        let service = self
            .services
            .and_then(|(from, to, codes)| number.get(from..to).and_then(|code| meaning(codes, code)));
        Some(Candidate {
            carrier: self.carrier,
            format: self.id,
            title: self.title,
            strength: match (self.check, service) {
                (Some(_), _) => Strength::Checksum,
                (None, Some(_)) => Strength::Lookup,
                (None, None) => Strength::Shape,
            },
            service,
            operator: None,
            partners: (self.partners)(number),
            distinctive: (self.distinctive)(number),
        })
    }

    fn fits(&self, number: &[u8]) -> bool {
        let mut rest = number;
        self.shape.iter().all(|run| {
            let len = if let Run::Tail(..) = run { rest.len() } else { run.len() };
            let Some((part, others)) = rest.split_at_checked(len) else { return false };
            rest = others;
            run.fits(part)
        })
    }
}

#[cfg(test)]
impl Format {
    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    pub(super) fn codes(&self) -> Codes {
        self.services.map(|(_, _, codes)| codes).unwrap_or_default()
    }
}
