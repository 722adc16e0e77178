//! Carriers of the United Kingdom and Ireland.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (
        C::RoyalMail,
        &[
            "Royal Mail",
            "Royal Mail UK",
            "Royal Mail Group",
            "Royal Mail OBA",
            "Royal Mail Intersoft",
            "Royal Mail Click & Drop",
            "Royal Mail Click and Drop",
        ],
    ),
    (
        C::Parcelforce,
        &["Parcelforce", "Parcelforce Worldwide", "Royal Mail Parcelforce", "Parcelforce Royal Mail"],
    ),
    (
        C::Evri,
        &[
            "Evri",
            "Evri UK",
            "Evri (Hermes)",
            "Evri (myHermes)",
            "Hermes (Evri)",
            "Hermes UK (Evri)",
            "Evri formerly Hermes",
            "Hermes now Evri",
        ],
    ),
    // What Evri was called until 2022, and what lists older than that still call it.
    (C::HermesUk, &["Hermes UK", "myHermes", "myHermes UK"]),
    (C::Yodel, &["Yodel", "Yodel UK", "Yodel Direct", "Yodel Delivery Network", "Home Delivery Network"]),
    (C::CollectPlus, &["CollectPlus"]),
    (C::DpdLocal, &["DPD Local", "DPD Local UK", "DPD Local (Interlink)", "Interlink Express"]),
    (C::Interlink, &["Interlink"]),
    (C::Whistl, &["Whistl"]),
    (C::Tuffnells, &["Tuffnells", "Tuffnells Parcels Express"]),
    (C::ArrowXl, &["Arrow XL"]),
    (C::Dx, &["DX", "DX Group", "DX Delivery"]),
    (C::DxExpress, &["DX Express"]),
    (C::DxFreight, &["DX Freight"]),
    (C::DxSecure, &["DX Secure"]),
    (C::ApcOvernight, &["APC Overnight"]),
    (C::CitySprint, &["CitySprint"]),
    (C::Palletways, &["Palletways"]),
    (C::UkMail, &["UK Mail"]),
    (C::Xdp, &["XDP", "XDP Express"]),
    (C::JerseyPost, &["Jersey Post"]),
    (C::AnPost, &["An Post"]),
];
