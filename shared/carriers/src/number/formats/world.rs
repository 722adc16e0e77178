//! Carriers of Europe, Asia and the Pacific.

use crate::carrier::Carrier as C;
use crate::number::check::Sum;
use crate::number::dpd;
use crate::number::shape::Format;
use crate::number::shape::Run::{Any, Digits, Text};

/// A letter where the check character of fourteen digits stands: numbers of other carriers have a digit there.
fn ends_with_letter(number: &[u8]) -> bool {
    number.last().is_some_and(u8::is_ascii_uppercase)
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
    Format::new("yunexpress", "YunExpress", C::YunExpress, &[Text("YT"), Digits(16)]).distinctive(),
];
