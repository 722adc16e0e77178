//! Carriers of northern and eastern Europe, Greece, Turkey, and the countries between.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    // the North
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
            "PostNord Logistics",
            // what it was called in Denmark
            "Post Danmark",
        ],
    ),
    (C::Bring, &["Bring"]),
    (
        C::PostenNorge,
        &["Posten Norge", "Posten Norge / Bring", "Posten / Bring", "Bring / Posten", "Norway Post"],
    ),
    (C::PostenSweden, &["Posten AB", "Posten Sverige"]),
    (C::Budbee, &["Budbee"]),
    (C::Dao, &["DAO", "DAO365"]),
    (C::Helthjem, &["Helthjem"]),
    (C::Matkahuolto, &["Matkahuolto", "Oy Matkahuolto Ab"]),
    (C::Posti, &["Posti", "Itella", "Itella Posti", "Itella SmartPost", "Smartposti", "Smartposti (Itella)"]),
    (C::IcelandPost, &["Iceland Post", "Íslandspóstur", "Pósturinn"]),
    (C::Eimskip, &["Eimskip"]),
    // the Baltic states
    (
        C::Omniva,
        &["Omniva", "Omniva Eesti", "Omniva Latvija", "Omniva Lietuva", "Eesti Post", "Estonian Post"],
    ),
    (C::LatviaPost, &["Latvijas Pasts", "Latvia Post", "Latvian Post"]),
    (C::LithuaniaPost, &["Lietuvos paštas", "Lithuania Post", "Lithuanian Post"]),
    (C::LpExpress, &["LP Express"]),
    (C::Venipak, &["Venipak"]),
    // Poland, Czechia, Slovakia, Hungary
    (C::PolishPost, &["Poczta Polska", "Poczta Polska SA", "Polish Post", "Poland Post"]),
    (C::OrlenPaczka, &["Orlen Paczka", "Paczka w Ruchu"]),
    (C::CeskaPosta, &["Česká pošta", "Czech Post", "Czech Republic Post", "Česká pošta s.p."]),
    (C::Packeta, &["Packeta", "Zásilkovna", "Zásielkovňa", "Packeta (Zásilkovna)", "Zásilkovna (Packeta)"]),
    (C::Ppl, &["PPL", "PPL CZ s.r.o.", "Professional Parcel Logistic"]),
    (C::SlovakPost, &["Slovenská pošta", "Slovak Post", "Slovakia Post"]),
    (
        C::MagyarPosta,
        &["Magyar Posta", "Hungarian Post", "Hungary Post", "Magyar Posta Logisztika", "MPL Magyar Posta"],
    ),
    // the South-East
    (C::BulgarianPosts, &["Bulgarian Posts", "Bulgarian Post", "Bulgaria Post", "Български пощи"]),
    (C::CroatianPost, &["Hrvatska pošta", "Croatian Post", "Croatia Post"]),
    (C::Cargus, &["Cargus", "Urgent Cargus"]),
    (C::Econt, &["Econt", "Econt Express"]),
    (C::FanCourier, &["FAN Courier", "FAN Courier Express"]),
    (C::MacedonianPost, &["Makedonska Pošta", "Macedonian Post", "North Macedonia Post", "Македонска Пошта"]),
    (C::PostaRomana, &["Poșta Română", "Romanian Post", "Romania Post"]),
    (C::SloveniaPost, &["Pošta Slovenije", "Slovenian Post", "Slovenia Post"]),
    (C::MoldovaPost, &["Poșta Moldovei", "Moldova Post"]),
    // Greece and Cyprus
    (C::AcsCourier, &["ACS Courier", "ACS Couriers"]),
    (C::CyprusPost, &["Cyprus Post", "Cyprus Posts", "Κυπριακά Ταχυδρομεία"]),
    (C::Elta, &["ELTA", "ELTA Hellenic Post", "Hellenic Post", "Greek Post", "ΕΛΤΑ"]),
    (C::EltaCourier, &["ELTA Courier", "ΕΛΤΑ Courier"]),
    (C::GenikiTaxydromiki, &["Geniki Taxydromiki", "Geniki Taxidromiki", "Γενική Ταχυδρομική"]),
    // Turkey
    (C::ArasKargo, &["Aras Kargo", "Aras Cargo"]),
    (C::Hepsijet, &["HepsiJet"]),
    (C::CevaLojistik, &["Ceva Lojistik"]),
    (C::HorozLojistik, &["Horoz Lojistik"]),
    (C::MngKargo, &["MNG Kargo", "MNG Cargo"]),
    (C::PttKargo, &["PTT Kargo", "PTT", "PTT Cargo"]),
    (C::PttPosta, &["PTT Posta", "Turkish Post", "Turkey Post"]),
    (C::SuratKargo, &["Sürat Kargo", "Surat Cargo"]),
    (C::YurticiKargo, &["Yurtiçi Kargo", "Yurtici Cargo", "Yurtiçi"]),
    // the East
    (C::Azerpost, &["Azerpost", "Azerpoçt", "Azerbaijan Post"]),
    (C::Belpost, &["Belpochta", "Belpost", "Belarus Post", "Белпочта"]),
    (C::Boxberry, &["Boxberry", "Боксберри"]),
    (C::Cdek, &["CDEK", "CDEK Express", "СДЭК"]),
    (C::HayPost, &["HayPost", "Armenia Post", "Armenian Post", "Հայփոստ"]),
    (C::Kazpost, &["Kazpost", "QazPost", "Kazakhstan Post", "Казпочта"]),
    (C::Meest, &["Meest", "Meest Express", "Meest Post"]),
    (C::NovaPoshta, &["Nova Poshta", "Nova Post", "Nova Poshta Global", "Нова Пошта", "Новая Почта"]),
    (C::RussianPost, &["Russian Post", "Russia Post", "Pochta Rossii", "Почта России"]),
    (C::Ukrposhta, &["Ukrposhta", "Ukraine Post", "UkrPost", "Укрпошта"]),
];
