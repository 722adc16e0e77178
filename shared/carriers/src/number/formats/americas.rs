//! Carriers of the Americas, without USPS.

use crate::carrier::Carrier as C;
use crate::number::check::Sum;
use crate::number::shape::Format;
use crate::number::shape::Run::{Any, Digits, In, Letters, Text};

const GS1: Sum = Sum::Mod10 { even: 3, odd: 1, plus: 0 };
const ONTRAC: Sum = Sum::Mod10 { even: 1, odd: 2, plus: 0 };

pub(super) const FORMATS: &[Format] = &[
    // C counts as 4 and D as 5 before the digits.
    Format::new("ontrac_c", "OnTrac C", C::OnTrac, &[Text("C"), Digits(14)])
        .check(ONTRAC, 1, 14)
        .lead(b'4')
        .distinctive(),
    Format::new("ontrac_d", "OnTrac D", C::OnTrac, &[Text("D"), Digits(14)])
        .check(ONTRAC, 1, 14)
        .lead(b'5')
        .distinctive(),
    // DHL eCommerce has numbers that begin with LX too.
    Format::new(
        "lasership_lx",
        "LaserShip LX",
        C::Lasership,
        &[Text("L"), In("AIEHNX"), In("123"), Digits(7)],
    ),
    Format::new("lasership_1ls7", "LaserShip 1LS7", C::Lasership, &[Text("1LS7"), In("12"), Digits(10)])
        .distinctive(),
    Format::new(
        "lasership_1ls7_18",
        "LaserShip 1LS7 of 18",
        C::Lasership,
        &[Text("1LS7"), In("12"), Digits(2), Text("01"), In("1234"), Digits(6), Text("1")],
    )
    .distinctive(),
    Format::new("lasership_1lscx", "LaserShip 1LSCX", C::Lasership, &[Text("1LSCX"), Any(10)]).distinctive(),
    Format::new("canada_post", "Canada Post 16 digits", C::CanadaPost, &[Digits(16)]).check(GS1, 0, 15),
    Format::new("canpar_22", "Canpar", C::Canpar, &[In("CDKLSUXZ"), Digits(21)]).distinctive(),
    Format::new("purolator_numeric", "Purolator 12 digits", C::Purolator, &[In("012345"), Digits(11)]).check(
        Sum::Luhn,
        0,
        11,
    ),
    Format::new("purolator_alpha", "Purolator letters and 9 digits", C::Purolator, &[Letters(3), Digits(9)]),
    Format::new("old_dominion", "Old Dominion", C::OldDominion, &[Text("77"), In("78"), Digits(8)]).check(
        Sum::Luhn,
        0,
        10,
    ),
    Format::new("old_dominion", "Old Dominion", C::OldDominion, &[Text("072"), Digits(8)]).check(
        Sum::Luhn,
        0,
        10,
    ),
    Format::new("old_dominion", "Old Dominion", C::OldDominion, &[Text("780"), Digits(8)]).check(
        Sum::Luhn,
        0,
        10,
    ),
    Format::new(
        "old_dominion_guaranteed",
        "Old Dominion guaranteed",
        C::OldDominion,
        &[Text("80"), Digits(9)],
    )
    .check(Sum::Luhn, 0, 10),
    Format::new("gofo_us", "GOFO Express", C::Gofo, &[Text("GFUS"), Digits(14)]).distinctive(),
    Format::new("speedee", "Spee-Dee", C::SpeeDee, &[Text("SP"), Digits(18)]).distinctive(),
    Format::new(
        "landmark_global",
        "Landmark Global",
        C::LandmarkGlobal,
        &[Text("LTN"), Digits(8), Text("N1")],
    )
    .distinctive(),
];
