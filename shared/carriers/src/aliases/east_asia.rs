//! Carriers of Japan, China and Korea, with Taiwan, Hong Kong and Singapore.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    // Japan
    (
        C::JapanPost,
        &[
            "Japan Post",
            "Japan Post (EN)",
            "Japan Post (JA)",
            "Japan Post Service",
            "日本郵便",
            "日本郵便株式会社",
            "日本郵政",
            "郵便局",
        ],
    ),
    (
        C::Yamato,
        &[
            "Yamato",
            "Yamato Transport",
            "Yamato Transport Co. Ltd.",
            "Kuroneko Yamato",
            "Kuroneko",
            "Yamato (EN)",
            "Yamato (JA)",
            "ヤマト運輸",
            "ヤマト運輸株式会社",
            "ヤマト",
            "クロネコヤマト",
            "クロネコ",
            "ヤマト宅急便",
            "クロネコヤマト宅急便",
        ],
    ),
    (
        C::Sagawa,
        &["Sagawa", "Sagawa Express", "Sagawa (EN)", "Sagawa (JA)", "佐川急便", "佐川急便株式会社", "佐川"],
    ),
    (C::NipponExpress, &["Nippon Express", "Nittsu", "日本通運", "日本通運株式会社", "日通"]),
    (C::DaiichiKamotsu, &["Daiichi Kamotsu", "第一貨物"]),
    (C::Ecohai, &["Ecohai", "エコ配"]),
    (C::Fukuyama, &["Fukuyama Transporting", "Fukuyama Transport", "福山通運", "福通"]),
    (C::Meitetsu, &["Meitetsu Transport", "Meitetsu Unyu", "名鉄運輸"]),
    (C::Seino, &["Seino Transportation", "Seino", "西濃運輸", "西濃"]),
    (
        C::SeinoSuperExpress,
        &["Seino Super Express", "西濃スーパーエキスプレス", "セイノースーパーエクスプレス"],
    ),
    // China
    (C::ChinaPost, &["China Post", "China Post Air Mail", "中国邮政", "中國郵政", "中国邮政集团"]),
    (
        C::ChinaPostEub,
        &["EUB", "China Post EUB", "China EUB", "China Post ePacket", "China ePacket", "e邮宝"],
    ),
    (
        C::ChinaEms,
        &["China EMS", "China Post EMS", "EMS China", "中国邮政速递", "中国邮政速递物流", "中国邮政EMS"],
    ),
    (C::Yanwen, &["Yanwen", "Yanwen Express", "Yanwen Logistics", "燕文", "燕文物流"]),
    (C::YunExpress, &["Yun Express", "YunExpress Logistics", "Yuntu", "Yuntu Express", "云途物流", "云途"]),
    (
        C::FourPx,
        &["4PX", "4PX Express", "4PX Worldwide Express", "FourPX", "FourPX Express", "递四方", "递四方速递"],
    ),
    (
        C::SfExpress,
        &["SF Express", "顺丰", "顺丰速运", "顺丰快递", "顺丰速递", "順豐速運", "順豐", "順豐快遞"],
    ),
    (C::SfInternational, &["SF International", "顺丰国际"]),
    (C::Sunyou, &["Sunyou", "Sunyou Logistics", "Sunyou Post", "顺友", "顺友物流"]),
    (C::Cne, &["CNE", "CNE Express", "CNE Express International"]),
    (C::WanbExpress, &["Wanb Express", "万邦速达"]),
    (C::Winit, &["Winit", "万邑通"]),
    (C::Chukou1, &["Chukou1", "Chukou1 Logistics", "出口易"]),
    (C::YtoExpress, &["YTO Express", "YTO", "圆通", "圆通速递", "圆通快递", "圓通速遞"]),
    (C::ZtoExpress, &["ZTO Express", "ZTO", "中通", "中通快递", "中通速递", "中通快遞"]),
    (C::StoExpress, &["STO Express", "申通", "申通快递", "申通快遞"]),
    (C::YundaExpress, &["Yunda Express", "Yunda", "韵达", "韵达快递", "韵达速递", "韻達快遞"]),
    (C::AnjunLogistics, &["Anjun Logistics", "Anjun", "安骏物流"]),
    (C::BestInc, &["BEST Inc.", "百世快递", "百世汇通", "百世物流"]),
    (C::Cainiao, &["Cainiao", "Cainiao Network", "Cainiao Global", "菜鸟", "菜鸟物流", "菜鸟网络"]),
    (C::Deppon, &["Deppon", "Deppon Express", "德邦", "德邦快递", "德邦物流"]),
    (C::JdLogistics, &["JD Logistics", "JD Express", "京东物流", "京东快递"]),
    (C::JtExpress, &["J&T Express", "JNT Express", "J and T Express", "极兔", "极兔速递", "極兔速遞"]),
    (C::SfcFulfillment, &["SFC Fulfillment", "SendFromChina", "三态速递"]),
    // Taiwan, Hong Kong, Singapore
    (C::ChunghwaPost, &["Chunghwa Post", "Taiwan Post", "中華郵政"]),
    (C::MacauPost, &["Macau Post", "Correios de Macau", "Correios Macau"]),
    (C::HongkongPost, &["Hongkong Post", "HK Post", "香港郵政", "香港邮政"]),
    (C::SingaporePost, &["Singapore Post", "SingPost"]),
    (C::NinjaVan, &["Ninja Van"]),
    (C::Qxpress, &["Qxpress"]),
    // Korea
    (C::CjLogistics, &["CJ Logistics", "CJ Korea Express", "CJ대한통운", "대한통운"]),
    (C::Hanjin, &["Hanjin", "Hanjin Express", "Hanjin Parcel", "한진택배"]),
    (C::KoreaPost, &["Korea Post", "ePost Korea", "우체국", "우체국택배"]),
    (C::Logen, &["Logen", "Logen Parcel", "로젠택배"]),
    (C::LotteLogistics, &["Lotte Global Logistics", "Lotte Logistics", "Lotte Parcel", "롯데택배"]),
];
