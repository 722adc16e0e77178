//! Carriers of western, central and southern Europe.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
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
            "Deutscher Paketdienst",
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
            "GLS Parcel",
            "General Logistics Systems",
            // bought by GLS and renamed
            "Golden State Overnight",
            "Dicom Express",
        ],
    ),
    (
        C::InPost,
        &["InPost", "InPost UK", "InPost Poland", "InPost Polska", "Paczkomaty InPost", "Paczkomat InPost"],
    ),
    // Germany
    (
        C::DeutschePost,
        &[
            "Deutsche Post",
            "Deutsche Post AG",
            "Deutsche Post (DE)",
            "Deutsche Post (EN)",
            "German Post",
            "Germany Post",
        ],
    ),
    (C::Hermes, &["Hermes"]),
    (
        C::HermesGermany,
        &[
            "Hermes Germany",
            "Hermes Deutschland",
            "Hermes DE",
            "Hermes Logistik Gruppe",
            "Hermes Logistik",
            "Hermes Paket",
        ],
    ),
    (C::HermesEinrichtung, &["Hermes Einrichtungsservice", "Hermes EHS"]),
    (C::HermesCorporate, &["Hermes (Corporate)"]),
    (C::TransOFlex, &["trans-o-flex", "trans-o-flex Express", "trans-o-flex Schnell-Lieferdienst"]),
    // Austria, Switzerland, Liechtenstein
    (
        C::AustrianPost,
        &["Österreichische Post", "Oesterreichische Post", "Austrian Post", "Austria Post", "post.at"],
    ),
    (
        C::SwissPost,
        &[
            "Swiss Post",
            "Swiss Post International",
            "Die Schweizerische Post",
            "Schweizerische Post",
            "Die Post Schweiz",
            "Post CH",
            "La Poste Suisse",
            "La Posta Svizzera",
        ],
    ),
    (C::LiechtensteinPost, &["Liechtensteinische Post", "Liechtenstein Post", "Post Liechtenstein"]),
    // France
    (C::LaPoste, &["La Poste", "La Poste France", "La Poste Française", "French Post"]),
    (C::Colissimo, &["Colissimo", "La Poste Colissimo", "Colissimo La Poste"]),
    (C::Chronopost, &["Chronopost", "Chronopost France", "La Poste Chronopost"]),
    (C::ColisPrive, &["Colis Privé"]),
    (C::MondialRelay, &["Mondial Relay", "Mondial Relais"]),
    (C::RelaisColis, &["Relais Colis"]),
    (C::PosteMonaco, &["La Poste Monaco", "La Poste de Monaco"]),
    (C::Heppner, &["Heppner", "Heppner Internationale Spedition GmbH & Co."]),
    // the Low Countries
    (C::PostNl, &["PostNL", "PostNL Netherlands", "PostNL Parcels", "PostNL Pakketten"]),
    (C::Bpost, &["bpost", "Belgian Post", "Belgium Post", "bpost België", "bpost Belgique"]),
    (C::LuxembourgPost, &["POST Luxembourg", "Luxembourg Post", "P&T Luxembourg", "La Poste Luxembourg"]),
    // Italy
    (
        C::PosteItaliane,
        &[
            "Poste Italiane",
            "Poste Italiane SpA",
            "Poste Italia",
            "Poste Delivery",
            "Italian Post",
            "Italy Post",
        ],
    ),
    (
        C::Brt,
        &[
            "BRT",
            "Bartolini",
            "BRT Bartolini",
            "Bartolini BRT",
            "BRT Corriere Espresso",
            "Corriere Bartolini",
            "Corriere BRT",
            "Bartolini Corriere Espresso",
            "BRT S.p.A.",
        ],
    ),
    (C::Sda, &["SDA", "SDA Express Courier", "SDA Italia", "Corriere SDA", "Poste Italiane SDA"]),
    (C::Nexive, &["Nexive"]),
    (C::SanMarinoPost, &["Poste San Marino", "San Marino Post"]),
    // Spain and Portugal
    (
        C::Correos,
        &[
            "Correos",
            "Correos España",
            "Correos de España",
            "Correos Spain",
            "Spain Post",
            "Spanish Post",
            "Correos y Telégrafos",
        ],
    ),
    (C::CorreosExpress, &["Correos Express", "Correos Express España"]),
    (C::Celeritas, &["Celeritas", "Celeritas Transporte"]),
    (C::Ctt, &["CTT", "CTT Correios", "Correios de Portugal"]),
    (C::CttExpress, &["CTT Express"]),
    (C::Envialia, &["Envialia"]),
    (C::Mrw, &["MRW"]),
    (C::Nacex, &["Nacex"]),
    (C::Seur, &["SEUR", "Spanish SEUR"]),
    (C::Tipsa, &["TIPSA"]),
    (C::Tourline, &["Tourline Express", "Tourline"]),
    (C::Zeleris, &["Zeleris"]),
    (C::MaltaPost, &["MaltaPost"]),
];
