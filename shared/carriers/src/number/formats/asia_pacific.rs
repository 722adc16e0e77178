//! Carriers of Asia and the Pacific.

use crate::carrier::Carrier as C;
use crate::number::australia::{BARCODE, STARTRACK_SERVICES, has_location, has_location_in_barcode};
use crate::number::check::Sum;
use crate::number::shape::Format;
use crate::number::shape::Run::{Any, Digits, Letters, Text};

pub(super) const FORMATS: &[Format] = &[
    Format::new("yunexpress", "YunExpress", C::YunExpress, &[Text("YT"), Digits(16)]).distinctive(),
    // Twelve digits, the last the rest of the others by seven: nanoappli.com on Yamato, the manual of cm55.com on
    // Yamato and Sagawa, nayutaya/packtrack on Japan Post. So one number fits all three.
    Format::new("yamato_12", "Yamato 12 digits", C::Yamato, &[Digits(12)]).check(Sum::Mod7, 0, 11),
    Format::new("sagawa_12", "Sagawa 12 digits", C::Sagawa, &[Digits(12)]).check(Sum::Mod7, 0, 11),
    Format::new("japan_post_12", "Japan Post 12 digits", C::JapanPost, &[Digits(12)]).check(Sum::Mod7, 0, 11),
    // Registered mail: foodp.hatenadiary.org of 2007-09-27, found out from labels.
    Format::new("japan_post_11", "Japan Post 11 digits", C::JapanPost, &[Digits(11)]).check(Sum::Mod7, 0, 10),
    Format::new("australia_post_article", "Australia Post article", C::AustraliaPost, &[Any(3), Digits(18)])
        .only_if(has_location),
    Format::new("australia_post_article", "Australia Post article", C::AustraliaPost, &[Any(5), Digits(18)])
        .only_if(has_location),
    Format::new(
        "australia_post_barcode",
        "Australia Post article barcode",
        C::AustraliaPost,
        &[Text(BARCODE), Any(3), Digits(18)],
    )
    .only_if(has_location_in_barcode)
    .distinctive(),
    Format::new(
        "australia_post_barcode",
        "Australia Post article barcode",
        C::AustraliaPost,
        &[Text(BARCODE), Any(5), Digits(18)],
    )
    .only_if(has_location_in_barcode)
    .distinctive(),
    Format::new(
        "australia_post_consignment",
        "Australia Post consignment",
        C::AustraliaPost,
        &[Any(3), Digits(7)],
    )
    .only_if(has_location),
    Format::new(
        "australia_post_consignment",
        "Australia Post consignment",
        C::AustraliaPost,
        &[Any(5), Digits(7)],
    )
    .only_if(has_location),
    Format::new(
        "startrack_article",
        "StarTrack article",
        C::StarTrack,
        &[Any(4), Digits(8), Letters(3), Digits(5)],
    )
    .services(12, 15, STARTRACK_SERVICES)
    .distinctive(),
    Format::new("startrack_consignment", "StarTrack consignment", C::StarTrack, &[Any(4), Digits(8)])
        .only_if(has_location),
];
