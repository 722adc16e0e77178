//! Tracking companies that Shopify offers and hardly anybody else names.
//!
//! Source: the list beside `FulfillmentTrackingInfo` in Shopify's Admin API, 2026-10. Short names of which nobody can
//! tell whose they are (`AGS`, `Eagle`, `First Line`, `FSC`, `IDEX`, `We Post`) are left out.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (C::Bonshaw, &["Bonshaw"]),
    (C::Comingle, &["Comingle"]),
    (C::Delnext, &["Delnext"]),
    (C::DtdExpress, &["DTD Express"]),
    (C::FirstGlobalLogistics, &["First Global Logistics"]),
    (C::Fulfilla, &["Fulfilla"]),
    (C::Logisters, &["Logisters"]),
    (C::M3Logistics, &["M3 Logistics"]),
    (C::MeteorSpace, &["Meteor Space"]),
    (C::NorthRussiaSupplyChain, &["North Russia Supply Chain", "North Russia Supply Chain (Shenzhen) Co."]),
    (C::PagoLogistics, &["Pago Logistics"]),
    (C::PingAnDaTengfei, &["Ping An Da Tengfei Express", "Ping An Da Tengfei"]),
    (C::QyunExpress, &["Qyun Express"]),
    (C::RoyalShipments, &["Royal Shipments"]),
    (C::StepForwardFreight, &["Step Forward Freight"]),
    (C::Tinghao, &["Tinghao"]),
    (
        C::Weisuyi,
        &[
            "Guangdong Weisuyi Information Technology (WSE)",
            "Guangdong Weisuyi Information Technology",
            "Weisuyi",
        ],
    ),
    (C::Wizmo, &["Wizmo"]),
    (C::Wmyc, &["WMYC"]),
    (C::Xpedigo, &["Xpedigo"]),
    (C::YifanExpress, &["YiFan Express"]),
];
