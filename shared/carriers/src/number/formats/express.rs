//! UPS, FedEx, DHL and Amazon.

use crate::carrier::Carrier as C;
use crate::number::Partner;
use crate::number::check::Sum;
use crate::number::shape::Run::{Any, Digits, In, Letters, Tail, Text};
use crate::number::shape::{Codes, Format};

const UPS_SUM: Sum = Sum::Mod10 { even: 1, odd: 2, plus: 0 };
const GROUND: Sum = Sum::Mod10 { even: 1, odd: 3, plus: 0 };
const SSCC: Sum = Sum::Mod10 { even: 3, odd: 1, plus: 0 };
/// Over the eleven digits of a number of FedEx Express.
const FEDEX_EXPRESS: Sum = Sum::Weighted(&[3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]);
/// The same number in a field of fourteen digits, zeros in front.
const FEDEX_LONG: Sum = Sum::Weighted(&[1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]);

const UPS_SERVICES: Codes = &[
    ("01", "UPS United States Next Day Air (Red)"),
    ("02", "UPS United States Second Day Air (Blue)"),
    ("03", "UPS United States Ground"),
    ("12", "UPS United States Third Day Select"),
    ("13", "UPS United States Next Day Air Saver (Red Saver)"),
    ("15", "UPS United States Next Day Air Early A.M."),
    ("22", "UPS United States Ground - Returns Plus - Three Pickup Attempts"),
    ("32", "UPS United States Next Day Air Early A.M. - COD"),
    ("33", "UPS United States Next Day Air Early A.M. - Saturday Delivery, COD"),
    ("41", "UPS United States Next Day Air Early A.M. - Saturday Delivery"),
    ("42", "UPS United States Ground - Signature Required"),
    ("44", "UPS United States Next Day Air - Saturday Delivery"),
    ("66", "UPS United States Worldwide Express"),
    ("72", "UPS United States Ground - Collect on Delivery"),
    ("78", "UPS United States Ground - Returns Plus - One Pickup Attempt"),
    ("90", "UPS United States Ground - Returns - UPS Prints and Mails Label"),
    ("A0", "UPS United States Next Day Air Early A.M. - Adult Signature Required"),
    ("A1", "UPS United States Next Day Air Early A.M. - Saturday Delivery, Adult Signature Required"),
    ("A2", "UPS United States Next Day Air - Adult Signature Required"),
    ("A8", "UPS United States Ground - Adult Signature Required"),
    ("A9", "UPS United States Next Day Air Early A.M. - Adult Signature Required, COD"),
    ("AA", "UPS United States Next Day Air Early A.M. - Saturday Delivery, Adult Signature Required, COD"),
    ("YW", "UPS SurePost - Delivered by the USPS"),
];

const WAYBILL_SERVICES: Codes =
    &[("J", "UPS Next Day Express"), ("K", "UPS Ground"), ("V", "UPS WorldWide Express Saver")];

const BY_USPS: &[Partner] = &[Partner::carrier(C::Usps)];

/// SurePost parcels are brought by USPS.
fn ups_partners(number: &[u8]) -> &'static [Partner] {
    if number.get(8..10) == Some(b"YW") { BY_USPS } else { &[] }
}

/// Only USPS has other numbers of 34 digits, and those begin with the routing prefix 420.
fn is_not_routed(number: &[u8]) -> bool {
    !number.starts_with(b"420")
}

pub(super) const FORMATS: &[Format] = &[
    Format::new("ups", "UPS 1Z", C::Ups, &[Text("1Z"), Any(15), Digits(1)])
        .check(UPS_SUM, 2, 17)
        .services(8, 10, UPS_SERVICES)
        .partners(ups_partners)
        .distinctive(),
    // Amazon's numbers from abroad also have a letter and ten digits.
    Format::new("ups_waybill", "UPS waybill", C::Ups, &[In("AHJKTV"), Digits(10)])
        .check(UPS_SUM, 1, 10)
        .services(0, 1, WAYBILL_SERVICES),
    // ups.com, "What is a Tracking Number?": MI, six digits of the customer, up to 22 letters or digits.
    Format::new(
        "ups_mail_innovations",
        "UPS Mail Innovations package id",
        C::UpsMailInnovations,
        &[Text("MI"), Digits(6), Tail(1, 22)],
    )
    .partners(|_| BY_USPS),
    // The same page. Eighteen more digits of Mail Innovations and freight numbers of 7 to 20 characters say nothing.
    Format::new("ups_12", "UPS 12 digits", C::Ups, &[Digits(12)]),
    Format::new("ups_9", "UPS 9 digits", C::Ups, &[Digits(9)]),
    Format::new("fedex_12", "FedEx Express 12 digits", C::Fedex, &[Digits(12)]).check(FEDEX_EXPRESS, 0, 11),
    Format::new("fedex_34", "FedEx Express 34 digits", C::Fedex, &[In("012345678"), Digits(33)])
        .check(FEDEX_LONG, 20, 33)
        .distinctive_if(is_not_routed),
    Format::new("fedex_astra_32", "FedEx ASTRA 32 digits", C::Fedex, &[Text("3"), Digits(31)])
        .check(FEDEX_EXPRESS, 16, 27)
        .distinctive(),
    Format::new("fedex_ground", "FedEx Ground 15 digits", C::Fedex, &[Digits(15)]).check(GROUND, 0, 14),
    // The check digit is that of every SSCC, whoever gave it out.
    Format::new("fedex_ground_sscc_18", "FedEx Ground SSCC 18 digits", C::Fedex, &[Digits(18)])
        .check(SSCC, 2, 17),
    Format::new("fedex_ground_96", "FedEx Ground 96", C::Fedex, &[Text("96"), Digits(20)])
        .check(GROUND, 7, 21)
        .distinctive(),
    Format::new("fedex_ground_gsn", "FedEx Ground GSN", C::Fedex, &[Text("96"), Digits(32)])
        .check(FEDEX_LONG, 20, 33)
        .distinctive(),
    Format::new("dhl_express", "DHL Express 10 digits", C::DhlExpress, &[Digits(10)]).check(Sum::Mod7, 0, 9),
    Format::new("dhl_express", "DHL Express 11 digits", C::DhlExpress, &[Digits(11)]).check(Sum::Mod7, 0, 10),
    Format::new("dhl_express_piece_id", "DHL piece id", C::DhlExpress, &[Text("J"), Letters(2), Digits(9)]),
    Format::new("dhl_express_piece_id", "DHL piece id", C::DhlExpress, &[Text("J"), Letters(2), Digits(10)]),
    Format::new("dhl_express_piece_id", "DHL piece id", C::DhlExpress, &[Text("J"), Letters(3), Digits(9)]),
    Format::new("dhl_express_piece_id", "DHL piece id", C::DhlExpress, &[Text("J"), Letters(3), Digits(10)]),
    Format::new("dhl_ecommerce_14", "DHL eCommerce 14 digits", C::DhlEcommerce, &[Digits(14)]),
    Format::new(
        "amazon_logistics",
        "Amazon Logistics TBA",
        C::AmazonLogistics,
        &[Text("TB"), In("ACM"), Digits(12)],
    )
    .distinctive(),
    Format::new("amazon_international", "Amazon from abroad", C::AmazonLogistics, &[In("AFC"), Digits(10)]),
];
