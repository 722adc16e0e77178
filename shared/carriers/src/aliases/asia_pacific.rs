//! Carriers of Asia, the Pacific and the Gulf.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    // Australia and New Zealand
    (C::AustraliaPost, &["Australia Post", "AusPost", "Aust Post", "AU Post"]),
    (C::StarTrack, &["StarTrack", "StarTrack Express", "StarTrack Australia"]),
    (C::Sendle, &["Sendle", "Sendle Australia"]),
    (C::CouriersPlease, &["Couriers Please"]),
    (C::Fastway, &["Fastway", "Fastway Couriers", "Fastway Ireland", "Fastway Australia"]),
    (C::TollGlobalExpress, &["Toll Global Express"]),
    // Japan
    (C::JapanPost, &["Japan Post", "Japan Post (EN)", "Japan Post (JA)", "日本郵便", "日本郵便株式会社"]),
    (
        C::Yamato,
        &[
            "Yamato",
            "Yamato Transport",
            "Yamato Transport Co. Ltd.",
            "Kuroneko Yamato",
            "Yamato (EN)",
            "Yamato (JA)",
            "ヤマト運輸",
            "ヤマト",
            "クロネコヤマト",
        ],
    ),
    (C::Sagawa, &["Sagawa", "Sagawa Express", "Sagawa (EN)", "Sagawa (JA)", "佐川急便", "佐川"]),
    (C::NipponExpress, &["Nippon Express", "Nittsu", "日本通運", "日通"]),
    // China, Hong Kong, Singapore
    (C::ChinaPost, &["China Post", "中国邮政"]),
    (C::ChinaPostEub, &["EUB", "China Post EUB"]),
    (C::Yanwen, &["Yanwen", "Yanwen Express", "Yanwen Logistics", "燕文", "燕文物流"]),
    (C::YunExpress, &["Yun Express", "YunExpress Logistics", "云途物流", "云途"]),
    (C::FourPx, &["4PX", "4PX Express", "4PX Worldwide Express", "FourPX", "递四方"]),
    (C::SfExpress, &["SF Express", "顺丰", "顺丰速运", "順豐速運", "順豐"]),
    (C::Sunyou, &["Sunyou", "Sunyou Logistics"]),
    (C::Cne, &["CNE", "CNE Express"]),
    (C::WanbExpress, &["Wanb Express"]),
    (C::Winit, &["Winit"]),
    (C::Chukou1, &["Chukou1", "Chukou1 Logistics"]),
    (C::YtoExpress, &["YTO Express"]),
    (C::ZtoExpress, &["ZTO Express"]),
    (C::StoExpress, &["STO Express"]),
    (C::YundaExpress, &["Yunda Express", "Yunda"]),
    (C::HongkongPost, &["Hongkong Post", "HK Post"]),
    (C::SingaporePost, &["Singapore Post", "SingPost"]),
    (C::NinjaVan, &["Ninja Van"]),
    (C::Qxpress, &["Qxpress"]),
    // India
    (C::IndiaPost, &["India Post", "Indian Post", "India Post Domestic", "India Post International"]),
    (C::BlueDart, &["Blue Dart", "Blue Dart Express"]),
    (C::Delhivery, &["Delhivery"]),
    (C::Dtdc, &["DTDC", "DTDC Express", "DTDC Courier"]),
    (C::EcomExpress, &["Ecom Express"]),
    (C::Xpressbees, &["Xpressbees"]),
    (C::FirstFlight, &["First Flight", "First Flight Couriers"]),
    (C::OverniteExpress, &["Overnite Express"]),
    (C::ProfessionalCouriers, &["Professional Couriers", "The Professional Couriers"]),
    (C::Gati, &["Gati", "Gati KWE"]),
    // the Gulf
    (C::EmiratesPost, &["Emirates Post"]),
];
