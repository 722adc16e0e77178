//! Carriers of Australia and New Zealand.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (C::AustraliaPost, &["Australia Post", "Australian Post", "AusPost", "Aust Post", "AU Post"]),
    (C::StarTrack, &["StarTrack", "StarTrack Express", "StarTrack Australia"]),
    (C::Sendle, &["Sendle", "Sendle Australia"]),
    (C::CouriersPlease, &["Couriers Please"]),
    (
        C::Fastway,
        &[
            "Fastway",
            "Fastways",
            "Fastway Couriers",
            "Fastway Courier",
            "Fastway Ireland",
            "Fastway Australia",
        ],
    ),
    (C::Toll, &["Toll", "Toll IPEC", "Toll Express"]),
    (C::TollPriority, &["Toll Priority"]),
    (C::TollGlobalExpress, &["Toll Global Express"]),
    (C::TeamGlobalExpress, &["Team Global Express", "MyTeamGE"]),
    (C::AlliedExpress, &["Allied Express", "Allied Express Transport"]),
    (C::BondsCouriers, &["Bonds Couriers", "Bonds", "Bonds Transport"]),
    (C::BorderExpress, &["Border Express"]),
    (C::DirectCouriers, &["Direct Couriers"]),
    (C::DirectFreightExpress, &["Direct Freight Express"]),
    (C::GoLogistics, &["GO Logistics"]),
    (C::HunterExpress, &["Hunter Express", "Hunter Road Freight"]),
    (C::Northline, &["Northline", "Northline Freight"]),
    (C::NewZealandPost, &["New Zealand Post", "NZ Post"]),
    (C::CourierPost, &["CourierPost", "NZ CourierPost", "New Zealand CourierPost"]),
    (C::PbtCouriers, &["PBT Couriers", "PBT", "PBT Express Freight", "PBT Courier"]),
];
