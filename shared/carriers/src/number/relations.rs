//! Who belongs together: brands of one house, and carriers that hand parcels to each other.
//!
//! A number of one of them is no contradiction to the name of the other. The lists below say all of it, each
//! relation once; [`same_house`] and [`partners`] read them both ways.

use super::s10::is_operator;
use crate::carrier::Carrier::{self, self as C};

/// Brands of one house. A brand may stand in two houses; that does not make those one.
const HOUSES: &[&[Carrier]] = &[
    &[C::Ups, C::UpsFreight, C::UpsMailInnovations, C::Iparcel],
    &[C::Fedex, C::FedexFreight, C::FedexSmartPost, C::Tnt, C::TntItaly, C::TntKargo],
    &[
        C::DeutschePost,
        C::Dhl,
        C::DhlBenelux,
        C::DhlEcommerce,
        C::DhlEcommerceAsia,
        C::DhlExpress,
        C::DhlFreight,
        C::DhlGlobalMail,
        C::DhlHomeDelivery,
        C::DhlKargo,
        C::DhlNetherlands,
        C::DhlPaket,
        C::DhlParcelNl,
        C::DhlPoland,
        C::UkMail,
    ],
    &[C::AmazonLogistics, C::AmazonShipping],
    &[C::Evri, C::Hermes, C::HermesCorporate, C::HermesEinrichtung, C::HermesGermany, C::HermesUk],
    &[C::Lasership, C::OnTrac],
    &[C::Parcelforce, C::RoyalMail],
    &[C::Chronopost, C::Coliposte, C::Colissimo, C::LaPoste],
    // Geopost: one network of numbers.
    &[
        C::Brt,
        C::Chronopost,
        C::Dpd,
        C::DpdLocal,
        C::Exapaq,
        C::GeopostKargo,
        C::Interlink,
        C::Seur,
        C::Siodemka,
    ],
    &[C::Chronoexpres, C::Correos, C::CorreosExpress],
    &[C::Nexive, C::PosteItaliane, C::Sda],
    &[C::AustraliaPost, C::StarTrack],
    &[C::CanadaPost, C::Intelcom, C::Purolator],
    &[C::ChinaEms, C::ChinaPost, C::ChinaPostEub],
    &[C::SfExpress, C::SfInternational],
    &[C::Quantium, C::SingaporePost, C::SingaporeSpeedpost],
    &[C::CourierPost, C::NewZealandPost],
    &[C::Ctt, C::CttExpress, C::Tourline],
    &[C::DirectLink, C::PostNord, C::PostenSweden],
    &[C::Bring, C::PostenNorge],
    &[C::Pocztex, C::PolishPost],
    &[C::PttKargo, C::PttPosta],
    &[C::Elta, C::EltaCourier],
    &[C::Asm, C::Gls, C::Iloxx],
    &[C::Geodis, C::GeodisCalberson],
    &[C::TeamGlobalExpress, C::Toll, C::TollGlobalExpress, C::TollPriority],
    &[C::Bpost, C::LandmarkGlobal],
    &[C::PostNl, C::Selektvracht, C::SpringGds, C::TpgLogistics],
    &[C::Aramex, C::Fastway],
    &[C::InPost, C::MondialRelay, C::Yodel],
    &[C::Dx, C::DxExpress, C::DxFreight, C::DxSecure],
    &[C::ConWay, C::Xpo, C::XpoFreight],
    &[C::Gofo, C::YunExpress],
];

/// Who takes parcels from senders, and whom the last mile is given to.
const HANDOVERS: &[(Carrier, &[Carrier])] = &[
    (C::FedexSmartPost, &[C::Usps]),
    (C::UpsMailInnovations, &[C::Usps]),
    (C::DhlEcommerce, &[C::Usps, C::CanadaPost, C::RoyalMail, C::AustraliaPost]),
    (C::DhlEcommerceAsia, LAST_MILE),
    (C::DhlGlobalMail, &[C::Usps, C::CanadaPost, C::RoyalMail]),
    (C::Newgistics, &[C::Usps]),
    (C::Osm, &[C::Usps]),
    (C::FirstMile, &[C::Usps, C::Ups, C::DhlEcommerce]),
    (C::AmazonShipping, &[C::Usps]),
    (C::Asendia, &[C::Usps, C::LaPoste, C::SwissPost, C::Colissimo, C::Evri, C::Hermes]),
    (C::LandmarkGlobal, &[C::Usps, C::CanadaPost]),
    (C::Gofo, &[C::Usps]),
    (C::Sendle, &[C::Usps, C::CouriersPlease, C::AustraliaPost, C::Ups]),
    (C::Whistl, &[C::RoyalMail, C::Evri, C::Yodel, C::Dpd]),
    (C::SpringGds, &[C::Usps, C::RoyalMail, C::Evri, C::Hermes]),
    (C::Winit, LAST_MILE),
    (C::Chukou1, LAST_MILE),
    (C::Cne, LAST_MILE),
    (C::FourPx, LAST_MILE),
    (C::SfExpress, LAST_MILE),
    (C::Sunyou, LAST_MILE),
    (C::WanbExpress, LAST_MILE),
    (C::Yanwen, LAST_MILE),
    (C::YunExpress, LAST_MILE),
];

/// Whom consolidators with warehouses abroad give parcels to, under the numbers of these.
const LAST_MILE: &[Carrier] = &[
    C::AmazonShipping,
    C::Dhl,
    C::DhlEcommerce,
    C::DhlExpress,
    C::DhlPaket,
    C::Dpd,
    C::Evri,
    C::Fedex,
    C::FedexSmartPost,
    C::Gls,
    C::Gofo,
    C::Hermes,
    C::HermesGermany,
    C::InPost,
    C::Lasership,
    C::OnTrac,
    C::Ups,
    C::UpsMailInnovations,
    C::Yodel,
];

/// Consolidators that send by post, under the S10 numbers of whichever post they gave the parcel to.
const BY_POST: &[Carrier] = &[
    C::Asendia,
    C::Chukou1,
    C::Cne,
    C::Dhl,
    C::DhlEcommerce,
    C::DhlEcommerceAsia,
    C::DhlGlobalMail,
    C::FourPx,
    C::LandmarkGlobal,
    C::SfExpress,
    C::SfInternational,
    C::SpringGds,
    C::Sunyou,
    C::UpsMailInnovations,
    C::WanbExpress,
    C::Whistl,
    C::Winit,
    C::Yanwen,
    C::YunExpress,
];

/// Carriers that bring parcels by themselves and under their own numbers.
///
/// Only of them a number can be said to be somebody else's: a consolidator, a shop's logistics service or a carrier
/// that we learnt of yesterday may well send under any number.
const OWN_NETWORK: &[Carrier] = &[
    C::AmazonLogistics,
    C::AmazonShipping,
    C::ArrowXl,
    C::AustraliaPost,
    C::BlueDart,
    C::Bpost,
    C::Brt,
    C::CanadaPost,
    C::Canpar,
    C::ChinaPost,
    C::ChinaPostEub,
    C::Chronopost,
    C::Colissimo,
    C::Correios,
    C::Correos,
    C::CorreosExpress,
    C::Delhivery,
    C::DeutschePost,
    C::Dhl,
    C::DhlEcommerce,
    C::DhlExpress,
    C::DhlFreight,
    C::DhlHomeDelivery,
    C::DhlPaket,
    C::DhlPoland,
    C::Dpd,
    C::DpdLocal,
    C::Dtdc,
    C::Dx,
    C::DxExpress,
    C::DxFreight,
    C::DxSecure,
    C::EmiratesPost,
    C::Estafeta,
    C::Estes,
    C::Evri,
    C::Fedex,
    C::FedexFreight,
    C::FedexSmartPost,
    C::Gls,
    C::Gofo,
    C::Hermes,
    C::HermesGermany,
    C::HongkongPost,
    C::IndiaPost,
    C::InPost,
    C::JapanPost,
    C::JerseyPost,
    C::Lasership,
    C::LaPoste,
    C::MondialRelay,
    C::Mrw,
    C::Nacex,
    C::OldDominion,
    C::OnTrac,
    C::Parcelforce,
    C::PolishPost,
    C::PosteItaliane,
    C::PostNl,
    C::PostNord,
    C::Purolator,
    C::RlCarriers,
    C::RoyalMail,
    C::Sagawa,
    C::Sda,
    C::Seur,
    C::SingaporePost,
    C::SpeeDee,
    C::StarTrack,
    C::SwissPost,
    C::Tnt,
    C::Tuffnells,
    C::Ups,
    C::UpsFreight,
    C::UpsMailInnovations,
    C::Usps,
    C::Xpo,
    C::XpoFreight,
    C::Yamato,
    C::Yodel,
];

/// Whether both are brands of one house, or the same carrier.
///
/// The houses: UPS with UPS Freight, Mail Innovations and i-parcel; FedEx with FedEx Freight, SmartPost and TNT; the DHL
/// brands with Deutsche Post; Amazon Logistics and Amazon Shipping; Evri and the Hermes brands; OnTrac and LaserShip;
/// Royal Mail and Parcelforce; La Poste, Colissimo and Chronopost; DPD, DPD Local, SEUR, BRT and Chronopost; Correos and
/// Correos Express; Poste Italiane and SDA; Australia Post and StarTrack; Canada Post and Purolator; China Post and its
/// EUB; bpost and Landmark Global; PostNL and Spring GDS; Aramex and Fastway; InPost, Mondial Relay and Yodel; the DX
/// brands; the XPO brands; GOFO and Yun Express.
#[must_use]
pub fn same_house(one: Carrier, other: Carrier) -> bool {
    one == other || HOUSES.iter().any(|house| house.contains(&one) && house.contains(&other))
}

/// Whether one hands parcels to the other, so that either's name may stand beside the other's number.
///
/// To USPS: SmartPost, Mail Innovations, DHL eCommerce, Newgistics, OSM, First Mile, Amazon Shipping, Asendia, Landmark
/// Global, GOFO, Sendle, Spring GDS. To any post, under its S10 numbers: Asendia, DHL and DHL eCommerce, Landmark Global,
/// Mail Innovations, Spring GDS, Whistl and the consolidators of China. These also give parcels to UPS, FedEx, DHL,
/// OnTrac, DPD, GLS, Evri and others from their warehouses abroad. DHL eCommerce, Landmark Global, Sendle, Whistl,
/// First Mile and Asendia have some more partners in their countries.
#[must_use]
pub fn partners(one: Carrier, other: Carrier) -> bool {
    let hands = |from: Carrier, to: Carrier| {
        HANDOVERS.iter().any(|(shipper, last)| *shipper == from && last.contains(&to))
            || (BY_POST.contains(&from) && is_operator(to))
    };
    hands(one, other) || hands(other, one)
}

/// Whether the carrier sends under its own numbers only, as far as they are not said to be partners.
pub(super) fn has_own_network(carrier: Carrier) -> bool {
    OWN_NETWORK.contains(&carrier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_hold_both_ways() {
        for one in C::ALL {
            assert!(same_house(*one, *one));
            for other in C::ALL {
                assert_eq!(same_house(*one, *other), same_house(*other, *one), "{one:?} {other:?}");
                assert_eq!(partners(*one, *other), partners(*other, *one), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn hand_overs_and_houses_that_shops_meet() {
        for (one, other) in [
            (C::FedexSmartPost, C::Usps),
            (C::UpsMailInnovations, C::Usps),
            (C::DhlEcommerce, C::Usps),
            (C::Newgistics, C::Usps),
            (C::Osm, C::Usps),
            (C::Asendia, C::Usps),
            (C::Asendia, C::OtherPost),
            (C::LandmarkGlobal, C::CanadaPost),
            (C::LandmarkGlobal, C::Bpost),
            (C::Yanwen, C::ChinaPost),
            (C::FourPx, C::SingaporePost),
            (C::YunExpress, C::Usps),
            (C::Winit, C::Ups),
        ] {
            assert!(partners(one, other), "{one:?} {other:?}");
        }
        for (one, other) in [
            (C::DhlEcommerce, C::DhlPaket),
            (C::Iparcel, C::Ups),
            (C::RoyalMail, C::Parcelforce),
            (C::Purolator, C::CanadaPost),
            (C::Colissimo, C::Chronopost),
            (C::Dpd, C::Chronopost),
            (C::Hermes, C::Evri),
            (C::Lasership, C::OnTrac),
        ] {
            assert!(same_house(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn rivals_are_strangers() {
        for (one, other) in [
            (C::Ups, C::Usps),
            (C::Ups, C::Fedex),
            (C::Fedex, C::Usps),
            (C::DhlExpress, C::Usps),
            (C::RoyalMail, C::Evri),
            (C::Dpd, C::Colissimo),
            (C::CanadaPost, C::Usps),
        ] {
            assert!(!same_house(one, other) && !partners(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn no_relation_is_written_twice() {
        let mut shippers: Vec<C> = HANDOVERS.iter().map(|(shipper, _)| *shipper).collect();
        shippers.sort();
        assert!(shippers.is_sorted_by(|one, other| one < other), "{shippers:?}");
        for list in HOUSES.iter().chain([&OWN_NETWORK, &BY_POST, &LAST_MILE]) {
            assert!(list.iter().enumerate().all(|(n, one)| !list[..n].contains(one)), "{list:?}");
        }
    }
}
