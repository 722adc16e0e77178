use super::*;
use crate::carrier::Carrier as C;

mod properties;
mod table;
use table::{CHECKED, REFUSED, SHAPES};

/// What the number is by the format.
fn by_format(number: &str, format: &str) -> Option<Candidate> {
    candidates(number).into_iter().find(|candidate| candidate.format == format)
}

#[test]
fn numbers_with_a_check_digit_are_recognised() {
    for (number, carrier, format, distinctive) in CHECKED {
        let found = by_format(number, format);
        let found = found.unwrap_or_else(|| panic!("{number} {format}: {:?}", candidates(number)));
        assert_eq!((found.carrier, found.strength), (*carrier, Strength::Checksum), "{number}");
        assert_eq!(found.distinctive, *distinctive, "{number} {format}");
    }
}

#[test]
fn numbers_without_a_check_digit_are_recognised_by_their_shape() {
    for (number, carrier, format, distinctive) in SHAPES {
        let found = by_format(number, format);
        let found = found.unwrap_or_else(|| panic!("{number} {format}: {:?}", candidates(number)));
        assert_eq!((found.carrier, found.strength), (*carrier, Strength::Shape), "{number}");
        assert_eq!(found.distinctive, *distinctive, "{number} {format}");
    }
}

#[test]
fn a_known_code_is_more_than_a_shape() {
    let found = by_format("PQRZ50002718EXP00001", "startrack_article").unwrap();
    assert_eq!((found.strength, found.service), (Strength::Lookup, Some("StarTrack Express")));
}

#[test]
fn what_is_nearly_a_number_is_refused() {
    for (number, format) in REFUSED {
        assert_eq!(by_format(number, format), None, "{number}");
    }
}

#[test]
fn a_wrong_check_digit_is_refused_whatever_it_is() {
    for (number, _, format, _) in CHECKED {
        // The check digit stands last, but for these two.
        let at = match *format {
            "fedex_astra_32" => 27,
            "s10" => 10,
            _ => number.len() - 1,
        };
        for wrong in ('0'..='9').filter(|digit| number.as_bytes()[at] != u8::try_from(*digit).unwrap()) {
            let mut changed: Vec<char> = number.chars().collect();
            changed[at] = wrong;
            let changed: String = changed.into_iter().collect();
            assert_eq!(by_format(&changed, format), None, "{changed} for {number}");
        }
    }
}

#[test]
fn texts_that_are_no_numbers_have_no_candidates() {
    for text in ["", "  ", "—", "n/a", "１", "1Zé", "٩٤٠٠", &"9".repeat(60), "tracking number to follow"]
    {
        assert_eq!(candidates(text), [], "{text:?}");
    }
}

#[test]
fn services_and_partners_are_read_from_the_number() {
    let service = |number: &str, format: &str| by_format(number, format).unwrap().service;
    assert_eq!(service("1Z8VZ1ML0304064589", "ups"), Some("UPS United States Ground"));
    assert_eq!(service("1ZRZ8Y7F6812335158", "ups"), None);
    assert_eq!(service("K9853453892", "ups_waybill"), Some("UPS Ground"));
    assert_eq!(service("9261291234567852452146", "usps_impb_c"), Some("Parcel Select"));
    assert_eq!(service("03147835929851029824", "usps_20"), Some("Delivery Confirmation"));
    assert_eq!(service("0057439697156226254541012762", "dpd"), Some("D, normal parcel"));
    assert_eq!(service("EV493550879CV", "s10"), Some("EMS"));

    let partners = |number: &str, format: &str| by_format(number, format).unwrap().partners;
    assert_eq!(partners("1ZJBA2YWYW52691345", "ups"), [Partner::carrier(C::Usps)]);
    assert_eq!(partners("1Z8VZ1ML0304064589", "ups"), []);
    let shippers = partners("9302520345600719282547", "usps_impb_c");
    assert!(shippers.contains(&Partner::shipper(C::UpsMailInnovations)), "{shippers:?}");
    assert_eq!(partners("9492491234567857017090", "usps_impb_n"), []);
    assert_eq!(partners("9561220345619998372047", "usps_impb_c"), []);
}

#[test]
fn the_strongest_comes_first_and_an_unknown_post_is_named() {
    let all = candidates("4204772494833203456515808905243948");
    assert_eq!(all[0].format, "usps_impb_n");
    let post = &candidates("ev 4935 5087 9 cv")[0];
    assert_eq!((post.carrier, post.operator), (C::OtherPost, Some("Correios de Cabo Verde")));
}

#[test]
fn json_has_names_for_everything() {
    let found = by_format("1ZJBA2YWYW52691345", "ups").unwrap();
    assert_eq!(
        serde_json::to_value(found).unwrap(),
        serde_json::json!({
            "carrier": "ups", "format": "ups", "title": "UPS 1Z", "strength": "checksum",
            "service": "UPS SurePost - Delivered by the USPS", "operator": null,
            "partners": [{ "carrier": "usps", "role": "carrier" }], "distinctive": true,
        })
    );
}
