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
    AaaCooper "aaa-cooper" "AAA Cooper";
    AbfFreight "abf-freight" "ABF Freight";
    AccessWorldwide "access-worldwide" "Access Worldwide";
    AcsCourier "acs-courier" "ACS Courier";
    AllianceAirFreight "alliance-air-freight" "Alliance Air Freight";
    AlliedExpress "allied-express" "Allied Express";
    AmazonLogistics "amazon-logistics" "Amazon Logistics";
    AmazonShipping "amazon-shipping" "Amazon Shipping";
    Andreani "andreani" "Andreani";
    AnjunLogistics "anjun-logistics" "Anjun Logistics";
    AnPost "an-post" "An Post";
    AnterAja "anteraja" "AnterAja";
    ApcOvernight "apc-overnight" "APC Overnight";
    ApcPostalLogistics "apc-postal-logistics" "APC Postal Logistics";
    Aramex "aramex" "Aramex";
    ArasKargo "aras-kargo" "Aras Kargo";
    ArrowXl "arrow-xl" "Arrow XL";
    Asendia "asendia" "Asendia";
    AustraliaPost "australia-post" "Australia Post";
    AustrianPost "austrian-post" "Österreichische Post";
    Azerpost "azerpost" "Azerpost";
    Belpost "belpost" "Belpochta";
    BestInc "best-inc" "BEST Inc.";
    BetterTrucks "better-trucks" "Better Trucks";
    BlueDart "blue-dart" "Blue Dart";
    BondsCouriers "bonds-couriers" "Bonds Couriers";
    Bonshaw "bonshaw" "Bonshaw";
    BorderExpress "border-express" "Border Express";
    Boxberry "boxberry" "Boxberry";
    BoxKnight "boxknight" "BoxKnight";
    Bpost "bpost" "bpost";
    Bring "bring" "Bring";
    Brt "brt" "BRT";
    Budbee "budbee" "Budbee";
    BulgarianPosts "bulgarian-posts" "Bulgarian Posts";
    BurkinaFasoPost "burkina-faso-post" "La Poste Burkina Faso";
    Cainiao "cainiao" "Cainiao";
    CanadaPost "canada-post" "Canada Post";
    Canpar "canpar" "Canpar";
    Cargus "cargus" "Cargus";
    Cdek "cdek" "CDEK";
    CdlLastMile "cdl-last-mile" "CDL Last Mile";
    Celeritas "celeritas" "Celeritas";
    CeskaPosta "ceska-posta" "Česká pošta";
    Ceva "ceva" "CEVA Logistics";
    CevaLojistik "ceva-lojistik" "Ceva Lojistik";
    Chilexpress "chilexpress" "Chilexpress";
    ChinaEms "china-ems" "China EMS";
    ChinaPost "china-post" "China Post";
    ChinaPostEub "china-post-eub" "China Post EUB";
    Chronopost "chronopost" "Chronopost";
    Chukou1 "chukou1" "Chukou1";
    ChunghwaPost "chunghwa-post" "Chunghwa Post";
    CitySprint "citysprint" "CitySprint";
    CjLogistics "cj-logistics" "CJ Logistics";
    Cne "cne" "CNE";
    ColisPrive "colis-prive" "Colis Privé";
    Colissimo "colissimo" "Colissimo";
    CollectPlus "collect-plus" "CollectPlus";
    Comingle "comingle" "Comingle";
    Coordinadora "coordinadora" "Coordinadora";
    Correios "correios" "Correios";
    CorreoArgentino "correo-argentino" "Correo Argentino";
    Correos "correos" "Correos";
    CorreosBolivia "correos-bolivia" "Correos de Bolivia";
    CorreosChile "correos-chile" "CorreosChile";
    CorreosCostaRica "correos-costa-rica" "Correos de Costa Rica";
    CorreosEcuador "correos-ecuador" "Correos del Ecuador";
    CorreosExpress "correos-express" "Correos Express";
    CorreosMexico "correos-mexico" "Correos de México";
    CorreoUruguayo "correo-uruguayo" "Correo Uruguayo";
    CourierPost "courierpost" "CourierPost";
    CouriersPlease "couriers-please" "Couriers Please";
    CroatianPost "croatian-post" "Hrvatska pošta";
    Ctt "ctt" "CTT";
    CttExpress "ctt-express" "CTT Express";
    CyprusPost "cyprus-post" "Cyprus Post";
    Dachser "dachser" "Dachser";
    DaiichiKamotsu "daiichi-kamotsu" "Daiichi Kamotsu";
    Dao "dao" "DAO";
    DayAndRoss "day-and-ross" "Day & Ross";
    DbSchenker "db-schenker" "DB Schenker";
    Delhivery "delhivery" "Delhivery";
    Delnext "delnext" "Delnext";
    Deppon "deppon" "Deppon";
    DeutschePost "deutsche-post" "Deutsche Post";
    Dhl "dhl" "DHL";
    DhlBenelux "dhl-benelux" "DHL Benelux";
    DhlEcommerce "dhl-ecommerce" "DHL eCommerce";
    DhlEcommerceAsia "dhl-ecommerce-asia" "DHL eCommerce Asia";
    DhlExpress "dhl-express" "DHL Express";
    DhlFreight "dhl-freight" "DHL Freight";
    DhlGlobalMail "dhl-global-mail" "DHL Global Mail";
    DhlHomeDelivery "dhl-home-delivery" "DHL Home Delivery";
    DhlKargo "dhl-kargo" "DHL Kargo";
    DhlPaket "dhl-paket" "DHL Paket";
    DhlParcelNl "dhl-parcel-nl" "DHL Parcel NL";
    DhlPoland "dhl-poland" "DHL Poland";
    DirectCouriers "direct-couriers" "Direct Couriers";
    DirectFreightExpress "direct-freight-express" "Direct Freight Express";
    Dpd "dpd" "DPD";
    DpdLocal "dpd-local" "DPD Local";
    Dsv "dsv" "DSV";
    Dtdc "dtdc" "DTDC";
    DtdExpress "dtd-express" "DTD Express";
    Dx "dx" "DX";
    DxExpress "dx-express" "DX Express";
    DxFreight "dx-freight" "DX Freight";
    DxSecure "dx-secure" "DX Secure";
    Ecohai "ecohai" "Ecohai";
    EcomExpress "ecom-express" "Ecom Express";
    Econt "econt" "Econt";
    Eimskip "eimskip" "Eimskip";
    Ekart "ekart" "Ekart";
    ElCorreo "el-correo" "El Correo de Guatemala";
    Elta "elta" "ELTA";
    EltaCourier "elta-courier" "ELTA Courier";
    EmiratesPost "emirates-post" "Emirates Post";
    Envialia "envialia" "Envialia";
    Estafeta "estafeta" "Estafeta";
    Estes "estes" "Estes";
    Evri "evri" "Evri";
    FanCourier "fan-courier" "Fan Courier";
    Fastway "fastway" "Fastway";
    Fedex "fedex" "FedEx";
    FedexFreight "fedex-freight" "FedEx Freight";
    FedexSmartPost "fedex-smartpost" "FedEx SmartPost (Ground Economy)";
    FirstFlight "first-flight" "First Flight";
    FirstFlightChina "first-flight-china" "First Flight China";
    FirstGlobalLogistics "first-global-logistics" "First Global Logistics";
    FirstMile "first-mile" "First Mile";
    FlashExpress "flash-express" "Flash Express";
    Fukuyama "fukuyama" "Fukuyama Transporting";
    Fulfilla "fulfilla" "Fulfilla";
    Gati "gati" "Gati";
    Gdex "gdex" "GDEX";
    GenikiTaxydromiki "geniki-taxydromiki" "Geniki Taxydromiki";
    Geodis "geodis" "GEODIS";
    GeodisCalberson "geodis-calberson" "Geodis Calberson";
    Ghn "ghn" "Giao Hàng Nhanh";
    Ghtk "ghtk" "Giao Hàng Tiết Kiệm";
    GlobalPost "globalpost" "GlobalPost";
    Globegistics "globegistics" "Globegistics";
    Gls "gls" "GLS";
    Gofo "gofo" "GOFO";
    GoLogistics "go-logistics" "GO Logistics";
    Hanjin "hanjin" "Hanjin";
    HayPost "haypost" "HayPost";
    Hellmann "hellmann" "Hellmann";
    Helthjem "helthjem" "Helthjem";
    Heppner "heppner" "Heppner";
    Hepsijet "hepsijet" "HepsiJet";
    Hermes "hermes" "Hermes";
    HermesCorporate "hermes-corporate" "Hermes (Corporate)";
    HermesEinrichtung "hermes-einrichtungsservice" "Hermes Einrichtungsservice";
    HermesGermany "hermes-germany" "Hermes Germany";
    HongkongPost "hongkong-post" "Hongkong Post";
    HorozLojistik "horoz-lojistik" "Horoz Lojistik";
    HunterExpress "hunter-express" "Hunter Express";
    IcelandPost "iceland-post" "Iceland Post";
    Imex "imex" "IMEX Global Solutions";
    Imile "imile" "iMile";
    IndiaPost "india-post" "India Post";
    InPost "inpost" "InPost";
    Intelcom "intelcom" "Intelcom";
    Interlink "interlink" "Interlink";
    Iparcel "i-parcel" "UPS i-parcel";
    IsraelPost "israel-post" "Israel Post";
    Jadlog "jadlog" "Jadlog";
    JapanPost "japan-post" "Japan Post";
    JdLogistics "jd-logistics" "JD Logistics";
    JerseyPost "jersey-post" "Jersey Post";
    Jitsu "jitsu" "Jitsu";
    Jne "jne" "JNE";
    JtExpress "jt-express" "J&T Express";
    Kazpost "kazpost" "Kazpost";
    KerryExpress "kerry-express" "Kerry Express";
    KoreaPost "korea-post" "Korea Post";
    KuehneNagel "kuehne-nagel" "Kuehne+Nagel";
    LandmarkGlobal "landmark-global" "Landmark Global";
    LaPoste "la-poste" "La Poste";
    Lasership "lasership" "LaserShip";
    LatviaPost "latvia-post" "Latvijas Pasts";
    LbcExpress "lbc-express" "LBC Express";
    LiechtensteinPost "liechtenstein-post" "Liechtensteinische Post";
    LithuaniaPost "lithuania-post" "Lietuvos paštas";
    Logen "logen" "Logen";
    Loggi "loggi" "Loggi";
    Logisters "logisters" "Logisters";
    LoneStarOvernight "lone-star-overnight" "Lone Star Overnight";
    Loomis "loomis" "Loomis Express";
    LotteLogistics "lotte-logistics" "Lotte Global Logistics";
    LpExpress "lp-express" "LP Express";
    LuxembourgPost "luxembourg-post" "POST Luxembourg";
    M3Logistics "m3-logistics" "M3 Logistics";
    MacauPost "macau-post" "Macau Post";
    MacedonianPost "macedonian-post" "Makedonska Pošta";
    MagyarPosta "magyar-posta" "Magyar Posta";
    MaltaPost "maltapost" "MaltaPost";
    Matkahuolto "matkahuolto" "Matkahuolto";
    Meest "meest" "Meest";
    Meitetsu "meitetsu" "Meitetsu Transport";
    MeteorSpace "meteor-space" "Meteor Space";
    MngKargo "mng-kargo" "MNG Kargo";
    MoldovaPost "moldova-post" "Poșta Moldovei";
    MondialRelay "mondial-relay" "Mondial Relay";
    Mrw "mrw" "MRW";
    Nacex "nacex" "Nacex";
    Naqel "naqel" "Naqel";
    Newgistics "newgistics" "Pitney Bowes (Newgistics)";
    NewZealandPost "new-zealand-post" "New Zealand Post";
    Nexive "nexive" "Nexive";
    NinjaVan "ninja-van" "Ninja Van";
    NipponExpress "nippon-express" "Nippon Express";
    Northline "northline" "Northline";
    NorthRussiaSupplyChain "north-russia-supply-chain" "North Russia Supply Chain";
    NovaPoshta "nova-poshta" "Nova Poshta";
    OcsWorldwide "ocs-worldwide" "OCS Worldwide";
    OldDominion "old-dominion" "Old Dominion";
    Omniva "omniva" "Omniva";
    OnTrac "ontrac" "OnTrac";
    OrlenPaczka "orlen-paczka" "Orlen Paczka";
    Osm "osm" "OSM Worldwide";
    OverniteExpress "overnite-express" "Overnite Express";
    Packeta "packeta" "Packeta";
    PagoLogistics "pago-logistics" "Pago Logistics";
    Palletways "palletways" "Palletways";
    Pandion "pandion" "Pandion";
    Paquetexpress "paquetexpress" "Paquetexpress";
    Parcelforce "parcelforce" "Parcelforce";
    PassportShipping "passport-shipping" "Passport Shipping";
    PbtCouriers "pbt-couriers" "PBT Couriers";
    PilotFreight "pilot-freight" "Pilot Freight";
    PingAnDaTengfei "ping-an-da-tengfei" "Ping An Da Tengfei Express";
    PolishPost "polish-post" "Poczta Polska";
    PosIndonesia "pos-indonesia" "Pos Indonesia";
    PosMalaysia "pos-malaysia" "Pos Malaysia";
    PostaRomana "posta-romana" "Poșta Română";
    PosteItaliane "poste-italiane" "Poste Italiane";
    PosteMonaco "poste-monaco" "La Poste Monaco";
    PostenNorge "posten-norge" "Posten Norge";
    PostenSweden "posten-sweden" "Posten AB";
    PosteSenegal "poste-senegal" "La Poste du Sénégal";
    PosteTunisienne "poste-tunisienne" "La Poste Tunisienne";
    Posti "posti" "Posti";
    PostNl "postnl" "PostNL";
    PostNord "postnord" "PostNord";
    Ppl "ppl" "PPL";
    ProfessionalCouriers "professional-couriers" "The Professional Couriers";
    PttKargo "ptt-kargo" "PTT Kargo";
    PttPosta "ptt-posta" "PTT Posta";
    Purolator "purolator" "Purolator";
    Qxpress "qxpress" "Qxpress";
    QyunExpress "qyun-express" "Qyun Express";
    Redpack "redpack" "Redpack";
    RelaisColis "relais-colis" "Relais Colis";
    Rhenus "rhenus" "Rhenus";
    RlCarriers "rl-carriers" "R+L Carriers";
    RoyalMail "royal-mail" "Royal Mail";
    RoyalShipments "royal-shipments" "Royal Shipments";
    RrDonnelley "rr-donnelley" "RR Donnelley";
    RussianPost "russian-post" "Russian Post";
    Safexpress "safexpress" "Safexpress";
    Sagawa "sagawa" "Sagawa Express";
    Saia "saia" "Saia";
    SanMarinoPost "san-marino-post" "Poste San Marino";
    SaudiPost "saudi-post" "Saudi Post";
    Sda "sda" "SDA";
    Seino "seino" "Seino Transportation";
    SeinoSuperExpress "seino-super-express" "Seino Super Express";
    Seko "seko" "SEKO Logistics";
    Sendle "sendle" "Sendle";
    Servientrega "servientrega" "Servientrega";
    Seur "seur" "SEUR";
    SevenSenders "seven-senders" "Seven Senders";
    SfcFulfillment "sfc-fulfillment" "SFC Fulfillment";
    SfExpress "sf-express" "SF Express";
    SfInternational "sf-international" "SF International";
    Shadowfax "shadowfax" "Shadowfax";
    ShreeMaruti "shree-maruti" "Shree Maruti Courier";
    ShreeNandan "shree-nandan" "Shree Nandan Courier";
    ShreeTirupati "shree-tirupati" "Shree Tirupati Courier";
    SiCepat "sicepat" "SiCepat";
    SingaporePost "singapore-post" "Singapore Post";
    Skynet "skynet" "SkyNet";
    SlovakPost "slovak-post" "Slovenská pošta";
    SloveniaPost "slovenia-post" "Pošta Slovenije";
    SmsaExpress "smsa-express" "SMSA Express";
    SouthAfricanPost "south-african-post" "South African Post Office";
    SoutheasternFreight "southeastern-freight" "Southeastern Freight Lines";
    SouthwestCargo "southwest-cargo" "Southwest Air Cargo";
    SpeeDee "spee-dee" "Spee-Dee Delivery";
    SpeedX "speedx" "SpeedX";
    SpringGds "spring-gds" "Spring GDS";
    StarTrack "startrack" "StarTrack";
    StepForwardFreight "step-forward-freight" "Step Forward Freight";
    StoExpress "sto-express" "STO Express";
    Sunyou "sunyou" "Sunyou";
    SuratKargo "surat-kargo" "Sürat Kargo";
    SwissPost "swiss-post" "Swiss Post";
    TeamGlobalExpress "team-global-express" "Team Global Express";
    TforceFinalMile "tforce-final-mile" "TForce Final Mile";
    TforceFreight "tforce-freight" "TForce Freight";
    ThailandPost "thailand-post" "Thailand Post";
    TheCourierGuy "the-courier-guy" "The Courier Guy";
    Tinghao "tinghao" "Tinghao";
    Tipsa "tipsa" "TIPSA";
    Tnt "tnt" "TNT";
    TntItaly "tnt-italy" "TNT Italy";
    TntKargo "tnt-kargo" "TNT Kargo";
    Toll "toll" "Toll";
    TollGlobalExpress "toll-global-express" "Toll Global Express";
    TollPriority "toll-priority" "Toll Priority";
    Tourline "tourline" "Tourline Express";
    Trackon "trackon" "Trackon";
    TransOFlex "trans-o-flex" "trans-o-flex";
    Tuffnells "tuffnells" "Tuffnells";
    UkMail "uk-mail" "UK Mail";
    Ukrposhta "ukrposhta" "Ukrposhta";
    UnitedDeliveryService "united-delivery-service" "United Delivery Service";
    UniUni "uniuni" "UniUni";
    Ups "ups" "UPS";
    UpsFreight "ups-freight" "UPS Freight";
    UpsMailInnovations "ups-mail-innovations" "UPS Mail Innovations";
    Usps "usps" "USPS";
    Veho "veho" "Veho";
    Venipak "venipak" "Venipak";
    VietnamPost "vietnam-post" "Vietnam Post";
    ViettelPost "viettel-post" "Viettel Post";
    WanbExpress "wanb-express" "Wanb Express";
    Weisuyi "weisuyi" "Guangdong Weisuyi Information Technology (WSE)";
    Whistl "whistl" "Whistl";
    Winit "winit" "WINIT";
    Wizmo "wizmo" "Wizmo";
    Wmyc "wmyc" "WMYC";
    Xdp "xdp" "XDP";
    Xpedigo "xpedigo" "Xpedigo";
    Xpo "xpo" "XPO Logistics";
    XpoFreight "xpo-freight" "XPO Freight";
    Xpressbees "xpressbees" "Xpressbees";
    Yamato "yamato" "Yamato Transport";
    Yanwen "yanwen" "Yanwen";
    YifanExpress "yifan-express" "YiFan Express";
    Yodel "yodel" "Yodel";
    YtoExpress "yto-express" "YTO Express";
    YunExpress "yun-express" "Yun Express";
    YundaExpress "yunda-express" "Yunda Express";
    YurticiKargo "yurtici-kargo" "Yurtiçi Kargo";
    Zeleris "zeleris" "Zeleris";
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
