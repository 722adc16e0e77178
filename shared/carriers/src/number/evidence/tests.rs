use super::*;
use crate::carrier::Carrier as C;

const UPS_GROUND: &str = "1Z8VZ1ML0304064589";
const SUREPOST: &str = "1ZJBA2YWYW52691345";
const ONLINE_LABEL: &str = "9492491234567857017090";
const COMMERCIAL_MAILER: &str = "9302520345600719282547";
const FEDEX_12: &str = "619693874984";
const CANADA_POST: &str = "7238739648916786";

#[test]
fn a_number_of_a_rival_contradicts_and_says_whose_it_is() {
    for (stated, number, told) in [
        (C::Fedex, UPS_GROUND, "this number passes the check digit of UPS (UPS 1Z), not of FedEx"),
        (
            C::Ups,
            "03147835929851029824",
            "this number passes the check digit of USPS (USPS 20 digits), not of UPS",
        ),
        (
            C::Ups,
            ONLINE_LABEL,
            "this number passes the check digit of USPS (USPS 94 (online label)), not of UPS",
        ),
        (
            C::Ups,
            "EV493550879CV",
            "this number passes the check digit of Correios de Cabo Verde (S10), not of UPS",
        ),
        (
            C::Evri,
            "CP906515352GB",
            "this number passes the check digit of Royal Mail (S10) and of Parcelforce (S10), not of Evri",
        ),
        (C::RoyalMail, SUREPOST, "this number passes the check digit of UPS (UPS 1Z), not of Royal Mail"),
        // Nothing that USPS gives out has fifteen digits, or twelve.
        (
            C::Usps,
            "178922061594802",
            "this number passes the check digit of FedEx (FedEx Ground 15 digits), not of USPS",
        ),
        (
            C::Usps,
            FEDEX_12,
            "this number passes the check digit of FedEx (FedEx Express 12 digits), of Yamato Transport (Yamato 12 \
             digits), of Sagawa Express (Sagawa 12 digits) and of Japan Post (Japan Post 12 digits), not of USPS",
        ),
    ] {
        let found = contradicts(stated, number).unwrap_or_else(|| panic!("{stated} {number}"));
        assert_eq!(found.to_string(), told);
        assert_eq!(found.stated, stated);
    }
}

#[test]
fn what_may_be_true_does_not_contradict() {
    for (stated, number, why) in [
        (C::Ups, UPS_GROUND, "its own"),
        (C::Iparcel, UPS_GROUND, "of the house"),
        (C::Usps, SUREPOST, "the number says that USPS brings it"),
        (C::Ups, COMMERCIAL_MAILER, "may be UPS Mail Innovations"),
        (C::Fedex, COMMERCIAL_MAILER, "may be SmartPost"),
        (C::Dhl, COMMERCIAL_MAILER, "may be DHL eCommerce"),
        (C::FedexSmartPost, ONLINE_LABEL, "hands over to USPS"),
        (C::Yanwen, "LK285160244CN", "sends by China Post"),
        (C::YunExpress, UPS_GROUND, "gives parcels to UPS abroad"),
        (C::Yanwen, "EV493550879CV", "sends by any post"),
        (C::RoyalMail, "LZ304223267US", "posts bring each other's parcels"),
        (C::Parcelforce, "RR853854056GB", "of the house"),
        (C::Sunyou, FEDEX_12, "a check digit of one in ten"),
        (C::Ups, FEDEX_12, "a check digit of one in ten"),
        (C::Fedex, CANADA_POST, "a check digit of one in ten"),
        (C::Ups, "4451524932", "a check digit of one in seven"),
        (C::Qxpress, UPS_GROUND, "we know too little of it"),
        (C::Fedex, "TBA271828182845", "a shape is no evidence"),
        (C::Fedex, "1Z8VZ1ML0304064588", "a wrong check digit is no evidence"),
        (C::Fedex, "see note", "no number"),
        (C::Fedex, "", "nothing"),
    ] {
        assert_eq!(contradicts(stated, number), None, "{stated} {number}: {why}");
    }
}

#[test]
fn a_distinctive_number_settles_what_no_text_says() {
    let settled = |number: &str| settles(|_| true, number).map(|candidate| candidate.carrier);
    for (number, want) in [
        (UPS_GROUND, Some(C::Ups)),
        (ONLINE_LABEL, Some(C::Usps)),
        ("RR853854056GB", Some(C::RoyalMail)),
        ("05504237768651W", Some(C::Dpd)),
        ("4204772494833203456515808905243948", Some(C::Usps)),
        // Two brands number alike.
        ("CP906515352GB", None),
        ("LK285160244CN", None),
        // An operator without a carrier of ours.
        ("EV493550879CV", None),
        // One in ten passes.
        (FEDEX_12, None),
        (CANADA_POST, None),
        ("TBA271828182845", None),
        ("", None),
    ] {
        assert_eq!(settled(number), want, "{number}");
    }
    assert_eq!(settles(|carrier| carrier == C::Usps, UPS_GROUND), None, "not among the allowed");
    assert_eq!(settles(|carrier| carrier == C::Ups, UPS_GROUND).map(|c| c.format), Some("ups"));
}
