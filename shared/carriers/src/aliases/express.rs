//! Carriers of the whole world.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (
        C::Ups,
        &[
            "UPS",
            "United Parcel Service",
            "UPS.com",
            "UPS Ready",
            "UPS Online",
            "UPS Walleted",
            "United Parcel Service of America",
        ],
    ),
    (
        C::UpsMailInnovations,
        &[
            "UPS Mail Innovations",
            "UPS Mail Innovation",
            "Mail Innovations",
            "UPSMI",
            "UPS Expedited Mail Innovations",
        ],
    ),
    (C::UpsFreight, &["UPS Freight", "UPS Ground Freight"]),
    (C::Iparcel, &["i-parcel", "UPS i-parcel"]),
    (C::Fedex, &["FedEx", "Federal Express", "FedEx.com", "FedEx Walleted", "FedEx Corporation"]),
    (
        C::FedexSmartPost,
        &[
            "FedEx SmartPost",
            "SmartPost",
            "FedEx Ground Economy",
            "FedEx SP",
            "FedEx SmartPost (Ground Economy)",
        ],
    ),
    (C::FedexFreight, &["FedEx Freight", "FedEx LTL Freight"]),
    (C::Dhl, &["DHL", "DHL.com"]),
    (C::DhlExpress, &["DHL Express", "DHL International Express"]),
    (
        C::DhlEcommerce,
        &[
            "DHL eCommerce",
            "DHL eCommerce Solutions",
            "DHL eCommerce US",
            "DHL eCommerce USA",
            "DHL eCommerce America",
            "DHL eCommerce UK",
            "DHL eCommerce Canada",
            "DHL eCommerce Netherlands",
            "DHL eCommerce NL",
        ],
    ),
    (
        C::DhlPaket,
        &[
            "DHL Paket",
            "DHL Germany",
            "DHL Deutschland",
            "DHL DE",
            "DHL Parcel Germany",
            "DHL Parcel Deutschland",
            "DHL Parcel DE",
        ],
    ),
    (
        C::DhlPoland,
        &["DHL Poland", "DHL Polska", "DHL PL", "DHL Parcel Poland", "DHL Parcel Polska", "DHL Parcel PL"],
    ),
    (C::DhlFreight, &["DHL Freight"]),
    (C::DhlHomeDelivery, &["DHL Home Delivery"]),
    (C::DhlKargo, &["DHL Kargo"]),
    (C::Tnt, &["TNT", "TNT Express", "TNT Express Worldwide"]),
    (C::Aramex, &["Aramex", "Aramex Australia", "Aramex New Zealand", "Aramex International"]),
    (
        C::AmazonLogistics,
        &["Amazon Logistics", "Amazon Logistics UK", "Amazon Logistics US", "AMZL", "AMZL US", "AMZL UK"],
    ),
    (C::AmazonShipping, &["Amazon Shipping", "Amazon Shipping UK"]),
    (C::Asendia, &["Asendia", "Asendia USA", "Asendia UK", "Asendia Germany", "Asendia France"]),
    (C::LandmarkGlobal, &["Landmark Global"]),
    (C::DbSchenker, &["DB Schenker", "Schenker"]),
    (C::Dachser, &["Dachser"]),
    (C::SpringGds, &["Spring GDS"]),
    // Nobody writes this: it is what an S10 number of a country without a carrier of ours is known by.
    (C::OtherPost, &["Another postal operator"]),
];
