//! Numbers of the United States Postal Service.
//!
//! One number is printed with and without the routing prefix (420 and a ZIP code of five or nine digits), and the
//! parts of an IMpb depend on its length and on how long the mailer's id is, so rows cannot say it.

use super::check::Sum;
use super::shape::{Codes, meaning};
use super::{Candidate, Partner, Strength};
use crate::carrier::Carrier as C;

const SUM: Sum = Sum::Mod10 { even: 3, odd: 1, plus: 0 };

/// Delivery confirmation and its like: two digits.
const LEGACY_SERVICES: Codes = &[
    ("01", "Delivery Confirmation"),
    ("02", "Delivery Confirmation"),
    ("03", "Delivery Confirmation"),
    ("04", "Delivery Confirmation"),
    ("05", "Delivery Confirmation"),
    ("06", "Delivery Confirmation"),
    ("07", "Delivery Confirmation"),
    ("08", "Delivery Confirmation"),
    ("14", "Delivery Confirmation"),
    ("21", "Signature Confirmation"),
    ("22", "Signature Confirmation"),
    ("23", "Signature Confirmation"),
    ("24", "Signature Confirmation"),
    ("25", "Signature Confirmation"),
    ("26", "Signature Confirmation"),
    ("34", "Signature Confirmation"),
    ("50", "Electronic File Header"),
    ("56", "Passive Enroute Scan"),
    ("73", "Insured Mail"),
    ("82", "Merchandise Return"),
    ("83", "Merchandise Return"),
    ("85", "Merchandise Return"),
];

/// Services of an IMpb: three digits.
const IMPB_SERVICES: Codes = &[("612", "Parcel Select")];

/// Who hands parcels to USPS under numbers of commercial mailers, and may have printed them.
const CONSOLIDATORS: &[Partner] = &[
    Partner::shipper(C::FedexSmartPost),
    Partner::shipper(C::UpsMailInnovations),
    Partner::shipper(C::DhlEcommerce),
    Partner::shipper(C::Newgistics),
    Partner::shipper(C::Osm),
    Partner::shipper(C::Asendia),
    Partner::shipper(C::FirstMile),
    Partner::shipper(C::AmazonShipping),
];

/// SmartPost began with numbers of this form.
const SMARTPOST: &[Partner] = &[Partner::shipper(C::FedexSmartPost)];

/// Adds what the number is at USPS.
pub(super) fn find(number: &[u8], found: &mut Vec<Candidate>) {
    if !number.iter().all(u8::is_ascii_digit) {
        return;
    }
    if number.len() == 20 {
        found.extend(confirmation(number));
    }
    for (routed, label) in labels(number).into_iter().flatten() {
        found.extend(impb(label));
        found.extend(legacy(label, routed));
    }
}

/// The number without its routing prefix: as it is, after a ZIP code of five digits, after one of nine.
fn labels(number: &[u8]) -> [Option<(bool, &[u8])>; 3] {
    match number.strip_prefix(b"420") {
        None => [Some((false, number)), None, None],
        // Numbers of 20 digits have no prefix, whatever they begin with.
        Some(_) if number.len() <= 22 => [Some((false, number)), None, None],
        // The longest label that is printed with a ZIP code has 26 digits after one of five.
        Some(_) if number.len() > 34 => [None; 3],
        Some(rest) => {
            [None, rest.get(5..).map(|label| (true, label)), rest.get(9..).map(|label| (true, label))]
        }
    }
}

/// A candidate, if the last digit is right for those before it, `lead` first.
fn checked(label: &[u8], lead: &[u8]) -> bool {
    let Some((digit, serial)) = label.split_last() else { return false };
    let mut whole = [0; super::LONGEST];
    let (Some(start), Some(end)) = (whole.get_mut(..lead.len()), lead.len().checked_add(serial.len())) else {
        return false;
    };
    start.copy_from_slice(lead);
    let Some(rest) = whole.get_mut(lead.len()..end) else { return false };
    rest.copy_from_slice(serial);
    whole.get(..end).is_some_and(|whole| SUM.of(whole) == *digit)
}

fn candidate(format: &'static str, title: &'static str) -> Candidate {
    Candidate {
        carrier: C::Usps,
        format,
        title,
        strength: Strength::Checksum,
        service: None,
        operator: None,
        partners: &[],
        distinctive: true,
    }
}

/// Twenty digits without any prefix.
///
/// Distinctive where the service is known: others' numbers of twenty digits begin with 00, as parcels labelled by
/// the SSCC of GS1 do, whose check digit is the same.
fn confirmation(number: &[u8]) -> Option<Candidate> {
    if !checked(number, b"") {
        return None;
    }
    let service = number.get(..2).and_then(|code| meaning(LEGACY_SERVICES, code));
    let partners = if number.starts_with(b"02") { SMARTPOST } else { &[] };
    Some(Candidate {
        service,
        partners,
        distinctive: service.is_some(),
        ..candidate("usps_20", "USPS 20 digits")
    })
}

/// Twenty digits after the application identifier 91, which is not always printed and always counts.
fn legacy(label: &[u8], routed: bool) -> Option<Candidate> {
    let (printed, rest) = match label {
        [b'9', b'1', rest @ ..] if rest.len() == 20 => (true, rest),
        rest if rest.len() == 20 => (false, rest),
        _ => return None,
    };
    let counted: &[u8] = if printed || rest.starts_with(b"91") { b"" } else { b"91" };
    if !checked(label, counted) {
        return None;
    }
    let service = rest.get(..2).and_then(|code| meaning(LEGACY_SERVICES, code));
    Some(Candidate {
        service,
        partners: SMARTPOST,
        distinctive: printed || routed,
        ..candidate("usps_legacy", "USPS 91 (delivery confirmation)")
    })
}

/// The Intelligent Mail package barcode: 92 to 95, three digits of service, the mailer's id, the parcel's.
///
/// An id that begins with 9 has nine digits, any other six. 94 is printed online or by a vendor (constructs N01 to
/// N10, Publication 199), 92 and 93 by commercial mailers with ids of nine and six, 95 at a post office counter.
fn impb(label: &[u8]) -> Option<Candidate> {
    let long_id = *label.get(5)? == b'9';
    let fits = matches!(
        (label.get(..2)?, long_id, label.len()),
        (b"94", true, 30) | (b"92" | b"94" | b"95", true, 22 | 26) | (b"93" | b"94" | b"95", false, 22 | 26)
    );
    if !fits || !checked(label, b"") {
        return None;
    }
    let service = label.get(2..5).and_then(|code| meaning(IMPB_SERVICES, code));
    Some(match label.get(1)? {
        b'4' => candidate("usps_impb_n", "USPS 94 (online label)"),
        b'5' => Candidate { service, ..candidate("usps_impb_c", "USPS 95 (post office)") },
        _ => Candidate {
            service,
            partners: CONSOLIDATORS,
            ..candidate("usps_impb_c", "USPS 92 or 93 (commercial mailer)")
        },
    })
}
