//! Standard S10 of the Universal Postal Union: two letters, eight digits and a check digit, two letters of a country.
//!
//! The country must have an operator in [`operators`]; a number of any other is none. An operator is the carrier with
//! its name as title, or [`OtherPost`](C::OtherPost) if we have none. Some operators put several brands on such
//! numbers; the first letter of the class then says which it can be, or leaves two.

mod operators;

use super::check::Sum;
use super::shape::meaning;
use super::{Candidate, Strength};
use crate::carrier::Carrier as C;
use operators::OPERATORS;

/// The format's id.
pub(super) const ID: &str = "s10";

const SUM: Sum = Sum::S10;

/// Adds who could have given out the number.
pub(super) fn find(number: &[u8], found: &mut Vec<Candidate>) {
    let [class @ .., _, _, _, _, _, _, _, _, check, a, b] = number else { return };
    let &[first, second] = class else { return };
    let Some(serial) = number.get(2..10) else { return };
    let letters = [first, second, *a, *b].iter().all(u8::is_ascii_uppercase);
    if !letters || !serial.iter().all(u8::is_ascii_digit) || SUM.of(serial) != *check {
        return;
    }
    let Some(operator) = meaning(OPERATORS, &[*a, *b]) else { return };
    let brands = brands([*a, *b], first);
    let only = [named(operator)];
    found.extend(if brands.is_empty() { &only } else { brands }.iter().map(|carrier| Candidate {
        carrier: *carrier,
        format: ID,
        title: "S10",
        strength: Strength::Checksum,
        service: service(first, second),
        operator: Some(operator),
        partners: &[],
        distinctive: true,
    }));
}

/// The carrier called as the operator is. Adding a carrier of that title is all it takes to make it known here.
fn named(operator: &str) -> C {
    C::ALL.iter().copied().find(|carrier| carrier.title() == operator).unwrap_or(C::OtherPost)
}

/// Whether the class is one of letter post: express, M-bags, business reply, registered, other, insured.
fn is_letter_post(class: u8) -> bool {
    matches!(class, b'L' | b'M' | b'Q' | b'R' | b'U' | b'V')
}

/// Where the operator has several brands, those it can be, likeliest first; none elsewhere.
fn brands(country: [u8; 2], class: u8) -> &'static [C] {
    match &country {
        // ePackets are letter post of class L.
        b"CN" if class == b'L' => &[C::ChinaPost, C::ChinaPostEub],
        b"DE" if !is_letter_post(class) => &[C::DhlPaket, C::DeutschePost],
        b"FR" if class == b'E' => &[C::Chronopost, C::LaPoste],
        b"FR" if !is_letter_post(class) => &[C::Colissimo, C::LaPoste],
        b"GB" if !is_letter_post(class) => &[C::RoyalMail, C::Parcelforce],
        b"TR" => &[C::PttKargo],
        _ => &[],
    }
}

/// The class of mail, by the first letters (standard S10, section on service indicators).
fn service(first: u8, second: u8) -> Option<&'static str> {
    Some(match (first, second) {
        (b'E', _) => "EMS",
        (b'L', _) => "Letter Post Express",
        (b'M', _) => "Letter Post M-bag",
        (b'Q', b'A'..=b'M') => "Letter Post IBRS",
        (b'R', _) => "Letter Post Registered",
        (b'U', _) => "Letter Post Misc",
        (b'V', _) => "Letter Post Insured",
        (b'C', _) => "Parcel Post",
        (b'H', _) => "Parcel Post (e-commerce)",
        (b'B' | b'D' | b'N' | b'P' | b'Z', _) | (b'A', b'V'..=b'Z') | (b'G', b'A' | b'D') => "Domestic",
        _ => return None,
    })
}

/// Whether the carrier has S10 numbers of its own.
pub(super) fn is_operator(carrier: C) -> bool {
    const BRANDS: &[C] = &[
        C::ChinaPostEub,
        C::Chronopost,
        C::Colissimo,
        C::DhlPaket,
        C::JerseyPost,
        C::OtherPost,
        C::Parcelforce,
        C::PttKargo,
    ];
    BRANDS.contains(&carrier) || OPERATORS.iter().any(|(_, operator)| *operator == carrier.title())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(class: &str, serial: &str, country: &str) -> String {
        format!("{class}{serial}{}{country}", char::from(SUM.of(serial.as_bytes())))
    }

    fn found(number: &str) -> Vec<Candidate> {
        let mut found = Vec::new();
        find(number.as_bytes(), &mut found);
        found
    }

    #[test]
    fn operators_are_sorted_and_every_one_has_a_carrier() {
        assert!(OPERATORS.is_sorted_by(|one, other| one.0 < other.0));
        for (country, operator) in OPERATORS {
            for class in 'A'..='Z' {
                let found = found(&number(&format!("{class}A"), "40512093", country));
                assert!(!found.is_empty(), "{class}A {country}");
                for candidate in found {
                    assert!(is_operator(candidate.carrier), "{candidate:?}");
                    assert_eq!(candidate.operator, Some(*operator));
                }
            }
        }
    }

    #[test]
    fn posts_that_are_carriers_of_ours_are_found_by_their_title() {
        for (country, carrier) in [
            ("AE", C::EmiratesPost),
            ("AU", C::AustraliaPost),
            ("BE", C::Bpost),
            ("BR", C::Correios),
            ("CA", C::CanadaPost),
            ("CH", C::SwissPost),
            ("DK", C::PostNord),
            ("ES", C::Correos),
            ("HK", C::HongkongPost),
            ("IN", C::IndiaPost),
            ("IT", C::PosteItaliane),
            ("JP", C::JapanPost),
            ("NL", C::PostNl),
            ("PL", C::PolishPost),
            ("SE", C::PostNord),
            ("SG", C::SingaporePost),
            ("TR", C::PttKargo),
            ("US", C::Usps),
            ("CN", C::ChinaPost),
            ("DE", C::DeutschePost),
            ("FR", C::LaPoste),
            ("GB", C::RoyalMail),
            ("CV", C::OtherPost),
        ] {
            assert_eq!(found(&number("RR", "40512093", country))[0].carrier, carrier, "{country}");
        }
    }

    #[test]
    fn a_country_without_operator_a_wrong_digit_or_form_is_refused() {
        assert_eq!(found(&number("RR", "40512093", "CV")).len(), 1);
        for bad in [
            number("RR", "40512093", "XX"),
            number("RR", "4051209A", "CV"),
            number("R1", "40512093", "CV"),
            number("RR", "405120931", "CV"),
            number("RR", "4051209", "CV"),
            "RR405120930CV".to_owned(),
            String::new(),
        ] {
            assert!(found(&bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn classes_say_the_brand_or_leave_two() {
        for (class, country, want) in [
            ("RA", "GB", &[C::RoyalMail][..]),
            ("CP", "GB", &[C::RoyalMail, C::Parcelforce]),
            ("LK", "CN", &[C::ChinaPost, C::ChinaPostEub]),
            ("EE", "FR", &[C::Chronopost, C::LaPoste]),
            ("CY", "DE", &[C::DhlPaket, C::DeutschePost]),
            ("EV", "CV", &[C::OtherPost]),
        ] {
            let carriers: Vec<C> =
                found(&number(class, "40512093", country)).iter().map(|c| c.carrier).collect();
            assert_eq!(carriers, want, "{class} {country}");
        }
        assert_eq!(service(b'Q', b'N'), None);
        assert_eq!(service(b'A', b'V'), Some("Domestic"));
    }
}
