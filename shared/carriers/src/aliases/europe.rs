//! Carriers of Europe, Turkey among it.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    // United Kingdom and Ireland
    (
        C::RoyalMail,
        &[
            "Royal Mail",
            "Royal Mail UK",
            "Royal Mail Group",
            "Royal Mail Click & Drop",
            "Royal Mail Click and Drop",
        ],
    ),
    (C::Parcelforce, &["Parcelforce", "Parcelforce Worldwide"]),
    (
        C::Evri,
        &[
            "Evri",
            "Evri UK",
            "Hermes UK",
            "myHermes",
            "myHermes UK",
            "Evri (Hermes)",
            "Hermes (Evri)",
            "Evri formerly Hermes",
        ],
    ),
    (C::Yodel, &["Yodel", "Yodel UK"]),
    (C::DpdLocal, &["DPD Local", "DPD Local UK"]),
    (C::Whistl, &["Whistl"]),
    (C::Tuffnells, &["Tuffnells", "Tuffnells Parcels Express"]),
    (C::ArrowXl, &["Arrow XL"]),
    (C::Dx, &["DX", "DX Group", "DX Delivery"]),
    (C::DxExpress, &["DX Express"]),
    (C::DxFreight, &["DX Freight"]),
    (C::DxSecure, &["DX Secure"]),
    (C::JerseyPost, &["Jersey Post"]),
    // several countries
    (
        C::Dpd,
        &[
            "DPD",
            "DPD UK",
            "DPD Germany",
            "DPD Deutschland",
            "DPD France",
            "DPD Ireland",
            "DPD Netherlands",
            "DPD Poland",
            "DPD Polska",
            "DPD Belgium",
            "DPD Austria",
            "DPD Group",
            "Dynamic Parcel Distribution",
        ],
    ),
    (
        C::Gls,
        &[
            "GLS",
            "GLS Italy",
            "GLS Germany",
            "GLS Deutschland",
            "GLS Spain",
            "GLS France",
            "GLS US",
            "GLS Netherlands",
            "GLS Group",
            "General Logistics Systems",
        ],
    ),
    (C::InPost, &["InPost", "InPost UK", "InPost Poland", "InPost Polska"]),
    (
        C::PostNord,
        &[
            "PostNord",
            "Portal PostNord",
            "PostNord Sverige",
            "PostNord Danmark",
            "PostNord Norge",
            "PostNord Sweden",
            "PostNord Denmark",
            "PostNord Norway",
            "PostNord Finland",
        ],
    ),
    // Germany
    (C::DeutschePost, &["Deutsche Post", "Deutsche Post AG", "Deutsche Post (DE)", "Deutsche Post (EN)"]),
    (C::Hermes, &["Hermes"]),
    (
        C::HermesGermany,
        &["Hermes Germany", "Hermes Deutschland", "Hermes DE", "Hermes Logistik Gruppe", "Hermes Logistik"],
    ),
    (C::HermesEinrichtung, &["Hermes Einrichtungsservice", "Hermes EHS"]),
    (C::HermesCorporate, &["Hermes (Corporate)"]),
    // France
    (C::LaPoste, &["La Poste", "La Poste France"]),
    (C::Colissimo, &["Colissimo", "La Poste Colissimo", "Colissimo La Poste"]),
    (C::Chronopost, &["Chronopost", "Chronopost France"]),
    (C::MondialRelay, &["Mondial Relay"]),
    (C::Heppner, &["Heppner", "Heppner Internationale Spedition GmbH & Co."]),
    // Italy
    (C::PosteItaliane, &["Poste Italiane", "Poste Italiane SpA"]),
    (C::Brt, &["BRT", "Bartolini", "BRT Bartolini", "Bartolini BRT", "BRT Corriere Espresso", "BRT S.p.A."]),
    (C::Sda, &["SDA", "SDA Express Courier", "SDA Italia"]),
    // Spain
    (C::Correos, &["Correos", "Correos España", "Correos de España", "Correos Spain"]),
    (C::CorreosExpress, &["Correos Express", "Correos Express España"]),
    (C::Seur, &["SEUR"]),
    (C::Mrw, &["MRW"]),
    (C::Nacex, &["Nacex"]),
    // the Low Countries, Switzerland, Poland, Turkey
    (C::PostNl, &["PostNL", "PostNL Netherlands"]),
    (C::Bpost, &["bpost", "Belgian Post", "bpost België", "bpost Belgique"]),
    (C::SwissPost, &["Swiss Post", "Die Schweizerische Post", "Die Post Schweiz", "La Poste Suisse"]),
    (C::PolishPost, &["Poczta Polska", "Polish Post"]),
    (C::ArasKargo, &["Aras Kargo"]),
    (C::MngKargo, &["MNG Kargo"]),
    (C::PttKargo, &["PTT Kargo"]),
];
