//! Products known by a name of their own: whoever writes it names the carrier, and how it travels.
//!
//! Only names that belong to one carrier. `Priority Mail` or `Tracked 48` alone could be anybody's.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (C::CanadaPost, &["Xpresspost"]),
    (C::CeskaPosta, &["Balíkovna"]),
    (C::Correios, &["SEDEX"]),
    (
        C::JapanPost,
        &[
            "ゆうパック",
            "ゆうパケット",
            "ゆうメール",
            "レターパック",
            "レターパックプラス",
            "レターパックライト",
            "クリックポスト",
            "スマートレター",
            "定形外郵便",
            "Yu-Pack",
        ],
    ),
    (C::Sagawa, &["飛脚宅配便", "飛脚メール便", "飛脚特定信書便"]),
    (C::Ups, &["SurePost"]),
    (
        C::Yamato,
        &["宅急便", "宅急便コンパクト", "ネコポス", "クロネコDM便", "ヤマト便", "TA-Q-BIN", "Takkyubin"],
    ),
];
