//! Carriers of Europe.
//!
//! Where a row has a source of its own it stands in the comment above it, with the date or version if it has one.
//! None of them is a carrier's promise that there are no other numbers.

use crate::carrier::Carrier as C;
use crate::number::check::Sum;
use crate::number::dpd;
use crate::number::shape::Format;
use crate::number::shape::Run::{Any, Digits, Hex, In, Letters, Text};

/// Also the check digit of every SSCC of GS1.
const GS1: Sum = Sum::Mod10 { even: 3, odd: 1, plus: 0 };
/// Deutsche Post's Identcode and Leitcode (Wikipedia on Leitcode; the examples of BWIPP and of paketda.de agree).
const IDENTCODE: Sum = Sum::Mod10 { even: 4, odd: 9, plus: 0 };
/// GLS Uni-Box, technical documentation of 2012-10-01, section 3.2.1, as clients of GLS quote it.
const GLS: Sum = Sum::Mod10 { even: 3, odd: 1, plus: 1 };
/// The control key of Colissimo (`Business::Colissimo` 0.22 on CPAN; its documented example agrees).
const COLISSIMO: Sum = Sum::Mod10 { even: 1, odd: 3, plus: 0 };

/// A letter where the check character of fourteen digits stands: numbers of other carriers have a digit there.
fn ends_with_letter(number: &[u8]) -> bool {
    number.last().is_some_and(u8::is_ascii_uppercase)
}

fn has_letter(number: &[u8]) -> bool {
    number.iter().any(u8::is_ascii_uppercase)
}

fn has_letter_and_digit(number: &[u8]) -> bool {
    has_letter(number) && number.iter().any(u8::is_ascii_digit)
}

pub(super) const FORMATS: &[Format] = &[
    Format::new("dpd", "DPD 28 characters", C::Dpd, &[Digits(27), Any(1)])
        .check(Sum::Mod37, 0, 27)
        .services(21, 24, dpd::SERVICES)
        .distinctive_if(dpd::names_a_country),
    Format::new("dpd_14", "DPD 14 digits and a check character", C::Dpd, &[Digits(14), Any(1)])
        .check(Sum::Mod37, 0, 14)
        .distinctive_if(ends_with_letter),
    Format::new("yodel", "Yodel", C::Yodel, &[Text("JD"), Digits(16)]).distinctive(),
    Format::new("yodel", "Yodel", C::Yodel, &[Text("JJD"), Digits(16)]).distinctive(),
    // Amazon's help on valid tracking, quoted at aimcosoftware.co.uk on 2021-01-06: 16 characters, and 21 above the
    // 2D barcode. Its examples and a delivered number there are hexadecimal.
    Format::new("royal_mail_16", "Royal Mail 16 characters", C::RoyalMail, &[Hex(16)]).only_if(has_letter),
    Format::new("royal_mail_21", "Royal Mail 2D barcode", C::RoyalMail, &[Hex(21)]).only_if(has_letter),
    // parcelforce.com, "Tracking number formats"; its fourth is S10.
    Format::new(
        "parcelforce_9",
        "Parcelforce 2 letters and 7 digits",
        C::Parcelforce,
        &[Letters(2), Digits(7)],
    ),
    Format::new(
        "parcelforce_14",
        "Parcelforce 4 letters and 10 digits",
        C::Parcelforce,
        &[Letters(4), Digits(10)],
    ),
    Format::new("parcelforce_12", "Parcelforce 12 digits", C::Parcelforce, &[Digits(12)]),
    // WooCommerce core, class EvriHermesShippingProvider.
    Format::new("evri_16", "Evri 16 digits", C::Evri, &[Digits(16)]),
    Format::new("evri_letter", "Evri letter and 15 characters", C::Evri, &[Letters(1), Digits(2), Any(13)]),
    // paketda.de, "Prüfziffern-Berechnung für Paketnummern": DHL of 20 and 12 digits and JJD, Hermes of 14.
    Format::new("dhl_paket_20", "DHL Paket 20 digits", C::DhlPaket, &[Text("00"), Digits(18)])
        .check(GS1, 0, 19),
    Format::new("dhl_paket_12", "DHL Paket 12 digits", C::DhlPaket, &[Digits(12)]).check(IDENTCODE, 0, 11),
    Format::new("dhl_paket_jjd", "DHL Paket JJD", C::DhlPaket, &[Text("JJD"), Digits(13)]).distinctive(),
    Format::new("hermes_14", "Hermes Germany 14 digits", C::HermesGermany, &[Digits(14)]).check(GS1, 0, 13),
    // Eleven digits where the check digit is left out.
    Format::new("gls_12", "GLS 12 digits", C::Gls, &[Digits(12)]).check(GLS, 0, 11),
    Format::new("gls_11", "GLS 11 digits", C::Gls, &[Digits(11)]),
    // paketda.de on GLS labels: eight letters and digits.
    Format::new("gls_track_id", "GLS Track ID", C::Gls, &[Any(8)]).only_if(has_letter_and_digit),
    // developer.postnl.nl, Barcode web service: 13 or 15 characters, a customer code of one to four letters.
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(1), Digits(10)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(2), Digits(9)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(3), Digits(8)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(4), Digits(7)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(1), Digits(12)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(2), Digits(11)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(3), Digits(10)]).distinctive(),
    Format::new("postnl_3s", "PostNL 3S", C::PostNl, &[Text("3S"), Letters(4), Digits(9)]).distinctive(),
    // Correos, pre-registration API 1.3, Annex XI: product 2, client 4, channel 2, sequence 7, parcel 2, postcode 5,
    // control letter. How the letter is computed stands in an annex that we have not read.
    Format::new(
        "correos_23",
        "Correos 23 characters",
        C::Correos,
        &[Any(6), Digits(9), Any(2), Digits(5), Letters(1)],
    )
    .distinctive(),
    Format::new(
        "correos_23",
        "Correos 23 characters",
        C::Correos,
        &[Any(6), Digits(9), Any(2), Text("AD"), Digits(3), Letters(1)],
    )
    .distinctive(),
    // Business::Colissimo 0.22 on CPAN: product code (8L, 8V, 7A), ten digits, control key. Newer codes are of the
    // same form (6A, 6H), so any digit and letter are taken.
    Format::new(
        "colissimo_13",
        "Colissimo 13 characters",
        C::Colissimo,
        &[Digits(1), Letters(1), Digits(11)],
    )
    .check(COLISSIMO, 2, 12),
    // Aspose's documentation on Swiss Post parcel barcodes: 18 digits that begin with 98 or 99.
    Format::new("swiss_post_18", "Swiss Post 18 digits", C::SwissPost, &[Text("9"), In("89"), Digits(16)]),
];
