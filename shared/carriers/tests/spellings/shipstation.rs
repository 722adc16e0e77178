//! ShipStation's carrier codes, and the service codes that come with them.
//!
//! Sources: the V1 and V2 descriptions, the carrier guides of docs.shipstation.com (2026), and the lists in two public
//! clients. The codes of an account can differ: an app may add its own.

use carriers::Carrier as C;

use crate::common::{Offered, Row, all_mean_it, wrong};

const CARRIERS: &[Offered] = &[
    ("stamps_com", Ok(C::Usps)),
    ("usps", Ok(C::Usps)),
    ("endicia", Ok(C::Usps)),
    ("express_1", Err("a reseller of USPS labels, and the words of a service")),
    ("ups", Ok(C::Ups)),
    ("ups_walleted", Ok(C::Ups)),
    ("fedex", Ok(C::Fedex)),
    ("fedex_walleted", Ok(C::Fedex)),
    ("fedex_uk", Ok(C::Fedex)),
    ("dhl_express", Ok(C::DhlExpress)),
    ("dhl_express_worldwide", Ok(C::DhlExpress)),
    ("dhl_express_canada", Ok(C::DhlExpress)),
    ("dhl_express_uk", Ok(C::DhlExpress)),
    ("dhl_express_australia", Ok(C::DhlExpress)),
    ("dhl_ecommerce", Ok(C::DhlEcommerce)),
    ("dhl_global_mail", Ok(C::DhlGlobalMail)),
    ("access_worldwide", Ok(C::AccessWorldwide)),
    ("amazon_buy_shipping", Err("labels of any carrier, bought through Amazon")),
    ("amazon_shipping_us", Ok(C::AmazonShipping)),
    ("amazon_shipping_uk", Ok(C::AmazonShipping)),
    ("apc", Err("two firms are called APC")),
    ("asendia", Ok(C::Asendia)),
    ("asendia_us", Ok(C::Asendia)),
    ("australia_post", Ok(C::AustraliaPost)),
    ("canada_post", Ok(C::CanadaPost)),
    ("dpd", Ok(C::Dpd)),
    ("evri", Ok(C::Evri)),
    ("firstmile", Ok(C::FirstMile)),
    ("first_mile", Ok(C::FirstMile)),
    ("globalpost", Ok(C::GlobalPost)),
    ("global_post", Ok(C::GlobalPost)),
    ("globegistics", Ok(C::Globegistics)),
    ("imex", Ok(C::Imex)),
    ("lasership", Ok(C::Lasership)),
    ("newgistics", Ok(C::Newgistics)),
    ("ontrac", Ok(C::OnTrac)),
    ("on_trac", Ok(C::OnTrac)),
    ("pf_cnd_walleted", Ok(C::Parcelforce)),
    ("purolator_canada", Ok(C::Purolator)),
    ("royal_mail", Ok(C::RoyalMail)),
    ("rr_donnelley", Ok(C::RrDonnelley)),
    ("seko", Ok(C::Seko)),
    ("sendle", Ok(C::Sendle)),
    ("yodel", Ok(C::Yodel)),
    ("zpl", Err("a label format, no carrier")),
];

/// Carrier code, service code, carrier, service in words.
const SERVICES: &[Row] = &[
    ("stamps_com", "usps_first_class_mail", "usps", "First Class Mail"),
    ("stamps_com", "usps_media_mail", "usps", "Media Mail"),
    ("stamps_com", "usps_library_mail", "usps", "Library Mail"),
    ("stamps_com", "usps_parcel_select", "usps", "Parcel Select"),
    ("stamps_com", "usps_priority_mail", "usps", "Priority Mail"),
    ("stamps_com", "usps_priority_mail_express", "usps", "Priority Mail Express"),
    ("stamps_com", "usps_ground_advantage", "usps", "Ground Advantage"),
    ("stamps_com", "usps_first_class_mail_international", "usps", "First Class Mail International"),
    ("stamps_com", "usps_priority_mail_international", "usps", "Priority Mail International"),
    ("stamps_com", "usps_priority_mail_express_international", "usps", "Priority Mail Express International"),
    ("endicia", "usps_critical_mail", "usps", "Critical Mail"),
    ("usps", "priority_mail", "usps", "Priority Mail"),
    ("stamps_com", "globalpost_economy", "", "globalpost_economy"),
    ("globalpost", "globalpost_economy", "globalpost", "Economy"),
    ("global_post", "globalpost_standard_intl", "globalpost", "Standard International"),
    ("ups_walleted", "ups_ground", "ups", "Ground"),
    ("ups_walleted", "ups_ground_saver", "ups", "Ground Saver"),
    ("ups_walleted", "ups_3_day_select", "ups", "3 Day Select"),
    ("ups_walleted", "ups_2nd_day_air", "ups", "2nd Day Air"),
    ("ups", "ups_2nd_day_air_am", "ups", "2nd Day Air A.M."),
    ("ups", "ups_next_day_air", "ups", "Next Day Air"),
    ("ups", "ups_next_day_air_saver", "ups", "Next Day Air Saver"),
    ("ups", "ups_next_day_air_early_am", "ups", "Next Day Air Early"),
    ("ups", "ups_standard_international", "ups", "Standard"),
    ("ups", "ups_worldwide_expedited", "ups", "Worldwide Expedited"),
    ("ups", "ups_worldwide_express_plus", "ups", "Worldwide Express Plus"),
    ("ups", "ups_surepost_less_than_1_lb", "ups", "SurePost"),
    ("ups", "ups_surepost_1_lb_or_greater", "ups", "SurePost"),
    ("ups", "ups_expedited_mail_innovations", "ups-mail-innovations", ""),
    ("ups", "usps_priority_mail", "", "usps_priority_mail"),
    ("fedex", "fedex_ground", "fedex", "Ground"),
    ("fedex", "fedex_home_delivery", "fedex", "Home Delivery"),
    ("fedex", "fedex_ground_home_delivery", "fedex", "Home Delivery"),
    ("fedex", "fedex_2day", "fedex", "2Day"),
    ("fedex", "fedex_2_day", "fedex", "2Day"),
    ("fedex", "fedex_2day_am", "fedex", "2Day A.M."),
    ("fedex", "fedex_express_saver", "fedex", "Express Saver"),
    ("fedex", "fedex_standard_overnight", "fedex", "Standard Overnight"),
    ("fedex", "fedex_priority_overnight", "fedex", "Priority Overnight"),
    ("fedex", "fedex_first_overnight", "fedex", "First Overnight"),
    ("fedex", "fedex_international_economy", "fedex", "International Economy"),
    ("fedex", "fedex_international_connect_plus", "fedex", "International Connect Plus"),
    ("fedex", "fedex_smartpost", "fedex-smartpost", ""),
    ("fedex", "fedex_smart_post", "fedex-smartpost", ""),
    ("fedex", "fedex_freight_economy", "fedex-freight", "Economy"),
    ("fedex", "FEDEX_GROUND", "fedex", "Ground"),
    ("fedex_FEDEX_2_DAY_AM", "", "fedex", "2Day A.M."),
    ("fedex_SMART_POST", "", "fedex-smartpost", ""),
    ("dhl_express", "dhl_express_worldwide", "dhl-express", "Worldwide"),
    ("dhl_express_worldwide", "dhl_express_worldwide", "dhl-express", "Worldwide"),
    ("dhl_express", "dhl_express_1200_nondoc", "dhl-express", "12:00"),
    ("dhl_express", "dhl_express_mydhl_express_worldwide_nondoc", "dhl-express", "Worldwide"),
    ("dhl_ecommerce", "dhl_ecommerce_parcel_expedited_max", "dhl-ecommerce", "Parcel Expedited Max"),
    ("canada_post", "canada_post_xpresspost", "canada-post", "Xpresspost"),
    ("canada_post", "expedited_parcel", "canada-post", "Expedited Parcel"),
    ("royal_mail", "royal_mail_tracked_48", "royal-mail", "Tracked 48"),
    ("evri", "evri_standard", "evri", "Standard"),
    ("amazon_shipping_us", "amazon_shipping_standard", "amazon-shipping", "Standard"),
    ("sendle", "sendle_standard_pickup", "sendle", "Standard Pickup"),
    ("amazon_buy_shipping", "usps_priority_mail", "", "usps_priority_mail"),
    // the service code where the carrier should stand
    ("usps_priority_mail", "", "usps", "Priority Mail"),
    (
        "usps_first_class_package_international_service",
        "",
        "usps",
        "First Class Package International Service",
    ),
    ("ups_ground", "", "ups", "Ground"),
    ("fedex_2day", "", "fedex", "2Day"),
    ("dhl_express_economy_select_nondoc", "", "dhl-express", "Economy Select"),
    ("usps_brand_new_service_am", "", "usps", "Brand New Service A.M."),
];

#[test]
fn every_carrier_code_of_shipstation_is_known_or_left_out_for_a_reason() {
    all_mean_it("ShipStation, carrier codes", CARRIERS);
}

#[test]
fn service_codes_become_words() {
    println!("{} service codes by hand", SERVICES.len());
    let wrong = wrong(SERVICES);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
