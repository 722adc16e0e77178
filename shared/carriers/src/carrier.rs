//! Carriers: who moves a parcel, whatever a store or a marketplace calls them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! carriers {
    ($($name:ident $id:literal $title:literal;)*) => {
        /// Who moves a parcel. Brands that marketplaces tell apart are carriers of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Carrier {
            $(#[doc = concat!("`", $title, "`")] #[serde(rename = $id)] $name,)*
        }

        impl Carrier {
            /// Every carrier we know.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in our records; never changes.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Its name for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

carriers! {
    FourPx "4px" "4PX";
    AmazonLogistics "amazon-logistics" "Amazon Logistics";
    AmazonShipping "amazon-shipping" "Amazon Shipping";
    Aramex "aramex" "Aramex";
    ArasKargo "aras-kargo" "Aras Kargo";
    ArrowXl "arrow-xl" "Arrow XL";
    Asendia "asendia" "Asendia";
    AustraliaPost "australia-post" "Australia Post";
    BlueDart "blue-dart" "Blue Dart";
    Bpost "bpost" "bpost";
    Brt "brt" "BRT";
    CanadaPost "canada-post" "Canada Post";
    Canpar "canpar" "Canpar";
    ChinaPost "china-post" "China Post";
    ChinaPostEub "china-post-eub" "China Post EUB";
    Chronopost "chronopost" "Chronopost";
    Chukou1 "chukou1" "Chukou1";
    Cne "cne" "CNE";
    Colissimo "colissimo" "Colissimo";
    Correios "correios" "Correios";
    Correos "correos" "Correos";
    CorreosExpress "correos-express" "Correos Express";
    CouriersPlease "couriers-please" "Couriers Please";
    Dachser "dachser" "Dachser";
    DbSchenker "db-schenker" "DB Schenker";
    Delhivery "delhivery" "Delhivery";
    DeutschePost "deutsche-post" "Deutsche Post";
    Dhl "dhl" "DHL";
    DhlEcommerce "dhl-ecommerce" "DHL eCommerce";
    DhlExpress "dhl-express" "DHL Express";
    DhlFreight "dhl-freight" "DHL Freight";
    DhlHomeDelivery "dhl-home-delivery" "DHL Home Delivery";
    DhlKargo "dhl-kargo" "DHL Kargo";
    DhlPaket "dhl-paket" "DHL Paket";
    DhlPoland "dhl-poland" "DHL Poland";
    Dpd "dpd" "DPD";
    DpdLocal "dpd-local" "DPD Local";
    Dtdc "dtdc" "DTDC";
    Dx "dx" "DX";
    DxExpress "dx-express" "DX Express";
    DxFreight "dx-freight" "DX Freight";
    DxSecure "dx-secure" "DX Secure";
    EcomExpress "ecom-express" "Ecom Express";
    EmiratesPost "emirates-post" "Emirates Post";
    Estafeta "estafeta" "Estafeta";
    Estes "estes" "Estes";
    Evri "evri" "Evri";
    Fastway "fastway" "Fastway";
    Fedex "fedex" "FedEx";
    FedexFreight "fedex-freight" "FedEx Freight";
    FedexSmartPost "fedex-smartpost" "FedEx SmartPost (Ground Economy)";
    FirstFlight "first-flight" "First Flight";
    FirstMile "first-mile" "First Mile";
    Gati "gati" "Gati";
    Gls "gls" "GLS";
    Gofo "gofo" "GOFO";
    Heppner "heppner" "Heppner";
    Hermes "hermes" "Hermes";
    HermesCorporate "hermes-corporate" "Hermes (Corporate)";
    HermesEinrichtung "hermes-einrichtungsservice" "Hermes Einrichtungsservice";
    HermesGermany "hermes-germany" "Hermes Germany";
    HongkongPost "hongkong-post" "Hongkong Post";
    IndiaPost "india-post" "India Post";
    InPost "inpost" "InPost";
    Iparcel "i-parcel" "UPS i-parcel";
    JapanPost "japan-post" "Japan Post";
    JerseyPost "jersey-post" "Jersey Post";
    LandmarkGlobal "landmark-global" "Landmark Global";
    LaPoste "la-poste" "La Poste";
    Lasership "lasership" "LaserShip";
    MngKargo "mng-kargo" "MNG Kargo";
    MondialRelay "mondial-relay" "Mondial Relay";
    Mrw "mrw" "MRW";
    Nacex "nacex" "Nacex";
    Newgistics "newgistics" "Pitney Bowes (Newgistics)";
    NinjaVan "ninja-van" "Ninja Van";
    NipponExpress "nippon-express" "Nippon Express";
    OldDominion "old-dominion" "Old Dominion";
    OnTrac "ontrac" "OnTrac";
    Osm "osm" "OSM Worldwide";
    OtherPost "other-post" "Another postal operator";
    OverniteExpress "overnite-express" "Overnite Express";
    Parcelforce "parcelforce" "Parcelforce";
    PilotFreight "pilot-freight" "Pilot Freight";
    PolishPost "polish-post" "Poczta Polska";
    PosteItaliane "poste-italiane" "Poste Italiane";
    PostNl "postnl" "PostNL";
    PostNord "postnord" "PostNord";
    ProfessionalCouriers "professional-couriers" "The Professional Couriers";
    PttKargo "ptt-kargo" "PTT Kargo";
    Purolator "purolator" "Purolator";
    Qxpress "qxpress" "Qxpress";
    RlCarriers "rl-carriers" "R+L Carriers";
    RoyalMail "royal-mail" "Royal Mail";
    Sagawa "sagawa" "Sagawa Express";
    Sda "sda" "SDA";
    Sendle "sendle" "Sendle";
    Seur "seur" "SEUR";
    SfExpress "sf-express" "SF Express";
    SingaporePost "singapore-post" "Singapore Post";
    SpeeDee "spee-dee" "Spee-Dee Delivery";
    SpringGds "spring-gds" "Spring GDS";
    StarTrack "startrack" "StarTrack";
    StoExpress "sto-express" "STO Express";
    Sunyou "sunyou" "Sunyou";
    SwissPost "swiss-post" "Swiss Post";
    Tnt "tnt" "TNT";
    TollGlobalExpress "toll-global-express" "Toll Global Express";
    Tuffnells "tuffnells" "Tuffnells";
    Ups "ups" "UPS";
    UpsFreight "ups-freight" "UPS Freight";
    UpsMailInnovations "ups-mail-innovations" "UPS Mail Innovations";
    Usps "usps" "USPS";
    WanbExpress "wanb-express" "Wanb Express";
    Whistl "whistl" "Whistl";
    Winit "winit" "WINIT";
    Xpo "xpo" "XPO Logistics";
    XpoFreight "xpo-freight" "XPO Freight";
    Xpressbees "xpressbees" "Xpressbees";
    Yamato "yamato" "Yamato Transport";
    Yanwen "yanwen" "Yanwen";
    Yodel "yodel" "Yodel";
    YtoExpress "yto-express" "YTO Express";
    YunExpress "yun-express" "Yun Express";
    YundaExpress "yunda-express" "Yunda Express";
    ZtoExpress "zto-express" "ZTO Express";
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_titles_are_unique_and_ids_read_back() {
        let mut ids = std::collections::BTreeSet::new();
        let mut titles = std::collections::BTreeSet::new();
        for carrier in Carrier::ALL {
            assert!(ids.insert(carrier.id()), "{carrier:?}");
            assert!(titles.insert(carrier.title()), "{carrier:?}");
            let json = serde_json::to_string(carrier).unwrap();
            assert_eq!(json, format!("\"{}\"", carrier.id()));
            assert_eq!(serde_json::from_str::<Carrier>(&json).unwrap(), *carrier);
        }
    }
}
