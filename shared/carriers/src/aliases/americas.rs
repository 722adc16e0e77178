//! Carriers of the Americas.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (
        C::Usps,
        &[
            "USPS",
            "US Postal Service",
            "United States Postal Service",
            "United States Postal Services",
            "USPS.com",
            "Stamps.com",
            "USPS Stamps.com",
            "Stamps.com USPS",
            "Endicia",
            "USPS Endicia",
            "Endicia USPS",
        ],
    ),
    (C::OnTrac, &["OnTrac"]),
    (C::Lasership, &["LaserShip"]),
    (C::Osm, &["OSM", "OSM Worldwide"]),
    (C::Newgistics, &["Newgistics", "Pitney Bowes", "Pitney Bowes (Newgistics)"]),
    (C::FirstMile, &["First Mile"]),
    (
        C::CanadaPost,
        &["Canada Post", "Postes Canada", "Canada Post / Postes Canada", "Canada Post Corporation"],
    ),
    (C::Purolator, &["Purolator", "Purolator Inc.", "Purolator Courier"]),
    (C::Canpar, &["Canpar", "Canpar Express", "Canpar Courier", "Canpar Transport"]),
    (C::Gofo, &["GOFO", "GOFO Express"]),
    (C::SpeeDee, &["Spee-Dee Delivery", "Spee-Dee", "Spee-Dee Delivery Service"]),
    (C::Estes, &["Estes", "Estes Express", "Estes Express Lines"]),
    (C::OldDominion, &["Old Dominion", "Old Dominion Freight Line", "ODFL"]),
    (C::PilotFreight, &["Pilot Freight", "Pilot Freight Services"]),
    (C::RlCarriers, &["R+L Carriers"]),
    (C::Xpo, &["XPO", "XPO Logistics"]),
    (C::XpoFreight, &["XPO Freight"]),
    (C::Correios, &["Correios", "Correios do Brasil", "Correios Brasil", "Correios Brazil"]),
    (C::Estafeta, &["Estafeta", "Estafeta Mexico"]),
];
