//! Amazon's carrier codes.
//!
//! Amazon takes a code only as it stands in the drop-down of that country's Seller Central, letter by letter.
//! Rules for a row: the exact text; where a list has several look-alikes (`Nacex`, `NACEX`) the one that more
//! lists print; where the choice needs more than a name (`Australia Post-ArticleId` or `-Consignment`, by the kind
//! of number; `AT POST` or `AT Post`) no code at all, so that the merchant is asked once.
//!
//! Sources: announcements of July 2021 (exact text), feed schema 4.1 of September 2021, the short lists in the
//! help of Singapore and Australia, the Indian template of 2019. Evri goes as the `Hermes UK` it was called then.

use super::{Marketplace, Row};
use crate::accepted::List;
use crate::carrier::Carrier as C;

pub(super) const MARKETPLACE: Marketplace = Marketplace {
    kind: "amazon",
    title: "Amazon",
    lists: LISTS,
    other: &["Other", "Otro", "Andere", "Sonstige"],
    rows: ROWS,
};

const LISTS: &[List] = &[
    List {
        countries: &[
            "ae", "be", "br", "ca", "de", "eg", "es", "fr", "gb", "ie", "it", "jp", "mx", "nl", "pl", "sa",
            "se", "tr", "us", "za",
        ],
        text: include_str!("../../data/amazon/all-2021-09.txt"),
        date: "2021-09",
        source: "feed schema 4.1, all countries together",
        unverified: true,
        allows_other: true,
    },
    List {
        countries: &["sg"],
        text: include_str!("../../data/amazon/sg.txt"),
        date: "undated",
        source: "the flat-file table in Amazon Singapore's help",
        unverified: false,
        allows_other: true,
    },
    List {
        countries: &["au"],
        text: include_str!("../../data/amazon/au.txt"),
        date: "undated",
        source: "the flat-file table in Amazon Australia's help",
        unverified: false,
        allows_other: true,
    },
    List {
        countries: &["in"],
        text: include_str!("../../data/amazon/in-2019.txt"),
        date: "2019",
        source: "Amazon India's flat-file template",
        unverified: false,
        allows_other: false, // withdrawn for self-ship orders on 7 May 2021
    },
];

const fn row(carrier: C, codes: &'static [&'static str]) -> Row {
    Row { carrier, codes, first_in: None }
}

impl Row {
    const fn first_in(mut self, country: &'static str, code: &'static str) -> Self {
        self.first_in = Some((country, code));
        self
    }
}

const ROWS: &[Row] = &[
    row(C::FourPx, &["4PX"]),
    row(C::AmazonLogistics, &["AMZL"]).first_in("gb", "AMZL_UK"),
    row(C::AmazonShipping, &["Amazon Shipping"]),
    row(C::Aramex, &["Aramex"]),
    row(C::ArasKargo, &["Aras Kargo"]),
    row(C::ArrowXl, &["Arrow XL"]),
    row(C::Asendia, &["Asendia"]),
    row(C::AustraliaPost, &["Australia Post"]),
    row(C::BlueDart, &["BlueDart"]),
    row(C::Bpost, &["BPOST"]),
    row(C::Brt, &["BRT"]),
    row(C::CanadaPost, &["Canada Post"]),
    row(C::ChinaPost, &["China Post"]),
    row(C::ChinaPostEub, &["EUB"]),
    row(C::Chronopost, &["Chronopost"]),
    row(C::Chukou1, &["Chukou1"]),
    row(C::Cne, &["CNE"]),
    row(C::Colissimo, &["Colissimo"]),
    row(C::Correios, &["Correios"]),
    row(C::Correos, &["Correos"]),
    row(C::CorreosExpress, &["Correos Express"]),
    row(C::CouriersPlease, &["Couriers Please"]),
    row(C::Dachser, &["DACHSER"]),
    row(C::DbSchenker, &["DB Schenker"]),
    row(C::Delhivery, &["Delhivery"]),
    row(C::DeutschePost, &["Deutsche Post"]),
    row(C::Dhl, &["DHL"]),
    row(C::DhlEcommerce, &["DHL eCommerce"]),
    row(C::DhlExpress, &["DHL Express", "DHL"]),
    row(C::DhlFreight, &["DHL Freight"]),
    row(C::DhlHomeDelivery, &["DHL Home Delivery"]),
    row(C::DhlKargo, &["DHL Kargo"]),
    row(C::DhlPaket, &["DHL-Paket", "DHL"]),
    row(C::DhlPoland, &["DHLPL"]),
    row(C::Dpd, &["DPD"]),
    row(C::DpdLocal, &["DPD Local"]),
    row(C::Dtdc, &["DTDC"]),
    row(C::Dx, &["DX"]),
    row(C::DxExpress, &["DX Express"]),
    row(C::DxFreight, &["DX Freight"]),
    row(C::DxSecure, &["DX Secure"]),
    row(C::EcomExpress, &["Ecom Express"]),
    row(C::EmiratesPost, &["Emirates Post"]),
    row(C::Estafeta, &["Estafeta"]),
    row(C::Estes, &["Estes"]),
    row(C::Evri, &["Hermes UK"]),
    row(C::Fastway, &["Fastway"]),
    row(C::Fedex, &["FedEx", "AFL/Fedex"]).first_in("jp", "FEDEX_JP"),
    row(C::FedexFreight, &["Fedex Freight"]),
    row(C::FedexSmartPost, &["FedEx SmartPost"]),
    row(C::FirstFlight, &["First Flight"]),
    row(C::FirstMile, &["First Mile"]),
    row(C::Gati, &["Gati"]),
    row(C::Gls, &["GLS"]),
    row(C::Heppner, &["Heppner"]),
    row(C::Hermes, &["Hermes"]),
    row(C::HermesCorporate, &["Hermes (Corporate)"]),
    row(C::HermesEinrichtung, &["Hermes Einrichtungsservice"]),
    row(C::HermesGermany, &["Hermes Logistik Gruppe"]),
    row(C::HongkongPost, &["Hongkong Post"]),
    row(C::IndiaPost, &["India Post"]),
    row(C::InPost, &["InPost"]),
    row(C::Iparcel, &["iParcel"]),
    row(C::JapanPost, &["Japan Post"]),
    row(C::JerseyPost, &["Jersey Post"]),
    row(C::LandmarkGlobal, &["Landmark Global"]),
    row(C::LaPoste, &["La Poste"]),
    row(C::Lasership, &["Lasership"]),
    row(C::MngKargo, &["MNG Kargo"]),
    row(C::MondialRelay, &["Mondial Relay"]),
    row(C::Mrw, &["MRW"]),
    row(C::Nacex, &["Nacex"]),
    row(C::Newgistics, &["Newgistics"]),
    row(C::NinjaVan, &["Ninjavan"]),
    row(C::NipponExpress, &["NipponExpress"]).first_in("jp", "NITTSU"),
    row(C::OldDominion, &["Old Dominion"]),
    row(C::OnTrac, &["OnTrac"]),
    row(C::Osm, &["OSM"]),
    row(C::OverniteExpress, &["Overnite Express"]),
    row(C::Parcelforce, &["Parcelforce"]),
    row(C::PilotFreight, &["Pilot Freight"]),
    row(C::PolishPost, &["Polish Post"]),
    row(C::PosteItaliane, &["Poste Italiane"]),
    row(C::PostNl, &["PostNL"]),
    row(C::PostNord, &["PostNord"]),
    row(C::ProfessionalCouriers, &["The Professional Couriers", "Professional"]),
    row(C::PttKargo, &["PTT Kargo"]),
    row(C::Purolator, &["PUROLATOR"]),
    row(C::Qxpress, &["Qxpress"]),
    row(C::RlCarriers, &["R+L"]),
    row(C::RoyalMail, &["Royal Mail"]),
    row(C::Sagawa, &["SagawaExpress"]).first_in("jp", "SAGAWA"),
    row(C::Sda, &["SDA"]),
    row(C::Sendle, &["Sendle"]),
    row(C::Seur, &["Seur"]),
    row(C::SfExpress, &["SF Express"]),
    row(C::SingaporePost, &["Singapore Post"]),
    row(C::SpringGds, &["Spring GDS"]),
    row(C::StoExpress, &["STO Express"]),
    row(C::Sunyou, &["Sunyou"]),
    row(C::SwissPost, &["Swiss post"]),
    row(C::Tnt, &["TNT"]),
    row(C::TollGlobalExpress, &["Toll Global Express"]),
    row(C::Tuffnells, &["Tuffnells"]),
    row(C::Ups, &["UPS"]),
    row(C::UpsFreight, &["UPS Freight"]),
    row(C::UpsMailInnovations, &["UPS Mail Innovations"]),
    row(C::Usps, &["USPS"]),
    row(C::WanbExpress, &["WanbExpress"]),
    row(C::Whistl, &["Whistl"]),
    row(C::Winit, &["WINIT"]),
    row(C::Xpo, &["XPO"]),
    row(C::XpoFreight, &["XPO Freight"]),
    row(C::Xpressbees, &["Xpressbees"]),
    row(C::Yamato, &["YamatoTransport"]).first_in("jp", "YAMATO"),
    row(C::Yanwen, &["Yanwen", "YANWEN"]),
    row(C::Yodel, &["Yodel"]),
    row(C::YtoExpress, &["YTO Express"]),
    row(C::YunExpress, &["Yun Express"]),
    row(C::YundaExpress, &["Yunda Express"]),
    row(C::ZtoExpress, &["ZTO Express"]),
];
