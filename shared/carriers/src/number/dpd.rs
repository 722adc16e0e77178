//! What the codes in the long number of DPD mean (DPD parcel label specification 2.4.1).

use super::shape::Codes;

/// Service codes.
pub(super) const SERVICES: Codes = &[
    ("101", "D, normal parcel"),
    ("102", "D-HAZ, normal parcel, hazardous goods"),
    ("105", "D-EXW, normal parcel, ex works"),
    ("106", "D-EXW-HAZ, normal parcel, ex works, hazardous goods"),
    ("109", "D-COD, normal parcel, C.O.D."),
    ("110", "D-COD-HAZ, normal parcel, C.O.D., hazardous goods"),
    ("113", "D-SWAP, normal parcel, exchange"),
    ("136", "D, small parcel"),
    ("154", "PARCELLetter, PARCELLetter"),
    ("155", "PM2, Guarantee"),
    ("161", "PM2-COD, Guarantee, C.O.D."),
    ("179", "AM1, DPD 10:00"),
    ("191", "AM1-COD, DPD 10:00, C.O.D."),
    ("225", "AM2, DPD 12:00"),
    ("237", "AM2-COD, DPD 12:00, C.O.D."),
    ("350", "AM0, DPD 8:30"),
];

/// Countries to deliver to, by ISO 3166-1 number and the few of DPD's own.
const COUNTRIES: &[u16] = &[
    4, 8, 10, 12, 16, 20, 24, 28, 31, 32, 36, 40, 44, 48, 50, 51, 52, 56, 60, 64, 68, 70, 72, 74, 76, 84, 86,
    90, 92, 96, 100, 104, 108, 112, 116, 120, 124, 132, 136, 140, 144, 148, 152, 156, 158, 162, 166, 170,
    174, 175, 178, 180, 184, 188, 191, 192, 196, 203, 204, 208, 212, 214, 218, 222, 226, 231, 232, 233, 234,
    238, 239, 242, 246, 248, 250, 254, 258, 260, 262, 266, 268, 270, 275, 276, 288, 292, 296, 300, 304, 308,
    312, 316, 320, 324, 328, 332, 334, 336, 340, 344, 348, 352, 356, 360, 364, 368, 372, 376, 380, 384, 388,
    392, 398, 400, 404, 408, 410, 414, 417, 418, 422, 426, 428, 430, 434, 438, 440, 442, 446, 450, 454, 458,
    462, 466, 470, 474, 478, 480, 484, 492, 496, 498, 499, 500, 504, 508, 512, 516, 520, 524, 528, 530, 531,
    533, 534, 535, 540, 548, 554, 558, 562, 566, 570, 574, 578, 580, 581, 583, 584, 585, 586, 591, 598, 600,
    604, 608, 612, 616, 620, 624, 626, 630, 634, 638, 642, 643, 646, 654, 659, 660, 662, 663, 666, 670, 674,
    678, 682, 686, 688, 690, 694, 702, 703, 704, 705, 706, 710, 716, 724, 728, 732, 736, 740, 744, 748, 752,
    756, 760, 762, 764, 768, 772, 776, 780, 784, 788, 792, 795, 796, 798, 800, 804, 807, 818, 826, 831, 832,
    833, 834, 840, 850, 854, 858, 860, 862, 876, 882, 887, 894, 991,
];

/// Whether the number names a country to deliver to, and is no number of USPS with its routing prefix.
pub(super) fn names_a_country(number: &[u8]) -> bool {
    let code =
        number.get(24..27).and_then(|code| str::from_utf8(code).ok()).and_then(|code| code.parse().ok());
    code.is_some_and(|code: u16| COUNTRIES.binary_search(&code).is_ok()) && !number.starts_with(b"420")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_sorted() {
        assert!(COUNTRIES.is_sorted_by(|one, other| one < other));
        assert!(names_a_country(b"0057439697156226254541012762"));
        assert!(!names_a_country(b"0057439697156226254541010002"));
        assert!(!names_a_country(b"4207439697156226254541012762"));
    }
}
