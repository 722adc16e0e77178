//! Carriers of India, South-East Asia, the Middle East and Africa.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    // India
    (
        C::IndiaPost,
        &["India Post", "Indian Post", "India Post Domestic", "India Post International", "India Speed Post"],
    ),
    (C::BlueDart, &["Blue Dart", "Blue Dart Express", "Bluedart Courier"]),
    (C::Delhivery, &["Delhivery"]),
    (C::Dtdc, &["DTDC", "DTDC Express", "DTDC Courier"]),
    (C::EcomExpress, &["Ecom Express", "Ecom Xpress"]),
    (C::Xpressbees, &["Xpressbees"]),
    (C::Ekart, &["Ekart", "Ekart Logistics"]),
    (C::FirstFlight, &["First Flight", "First Flight Couriers", "First Flight Courier"]),
    (C::FirstFlightChina, &["First Flight China"]),
    (C::Gati, &["Gati", "Gati KWE"]),
    (C::OverniteExpress, &["Overnite Express"]),
    (
        C::ProfessionalCouriers,
        &["Professional Couriers", "The Professional Couriers", "Professional Courier"],
    ),
    (C::Safexpress, &["Safexpress"]),
    (C::Shadowfax, &["Shadowfax"]),
    (C::ShreeMaruti, &["Shree Maruti", "Shree Maruti Courier"]),
    (C::ShreeNandan, &["Shree Nandan Courier", "Shree Nandan"]),
    (C::ShreeTirupati, &["Shree Tirupati", "Shree Tirupati Courier"]),
    (C::Trackon, &["Trackon", "Trackon Courier", "Trackon Couriers"]),
    // South-East Asia
    (C::AnterAja, &["AnterAja"]),
    (C::FlashExpress, &["Flash Express"]),
    (C::Gdex, &["GDEX", "GD Express"]),
    (C::Ghn, &["Giao Hàng Nhanh", "GHN", "GHN Express"]),
    (C::Ghtk, &["Giao Hàng Tiết Kiệm", "GHTK"]),
    (C::Jne, &["JNE", "JNE Express"]),
    (C::KerryExpress, &["Kerry Express"]),
    (C::LbcExpress, &["LBC Express", "LBC"]),
    (C::PosIndonesia, &["Pos Indonesia"]),
    (C::PosMalaysia, &["Pos Malaysia", "Pos Laju", "Malaysia Post"]),
    (C::SiCepat, &["SiCepat", "SiCepat Ekspres"]),
    (C::ThailandPost, &["Thailand Post", "Thai Post", "ไปรษณีย์ไทย"]),
    (C::VietnamPost, &["Vietnam Post", "VNPost", "Vietnam Post EMS"]),
    (C::ViettelPost, &["Viettel Post"]),
    // the Middle East
    (C::EmiratesPost, &["Emirates Post"]),
    (C::Imile, &["iMile", "iMile Delivery"]),
    (C::IsraelPost, &["Israel Post", "Israel Postal Company", "דואר ישראל"]),
    (C::Naqel, &["Naqel", "Naqel Express"]),
    (C::SaudiPost, &["Saudi Post", "Saudi Post SPL", "SPL Saudi Post"]),
    (C::SmsaExpress, &["SMSA Express", "SMSA"]),
    // Africa
    (C::PosteSenegal, &["La Poste du Sénégal", "La Poste Sénégal"]),
    (C::PosteTunisienne, &["La Poste Tunisienne"]),
    (C::BurkinaFasoPost, &["La Poste Burkina Faso"]),
    (
        C::SouthAfricanPost,
        &["South African Post Office", "South Africa Post Office", "SA Post Office", "SAPO"],
    ),
    (C::TheCourierGuy, &["The Courier Guy", "Courier Guy"]),
];
