//! The shop of a connection: hosts and options.
//!
//! Contract: "Open API v3" of Etsy's documentation, read 21 November 2026.

use connector_api::hosts::{base_url, below};
use domain::connection::Connection;
use url::Url;

use crate::KIND;

/// Where requests go.
const API_HOST: &str = "https://openapi.etsy.com";
/// Where tokens are given.
const TOKEN_HOST: &str = "https://api.etsy.com";

/// The options this connector knows; `app` names the limits' pool and is read by the workflow.
const OPTIONS: [&str; 7] =
    ["shop_id", "country", "note_to_buyer", "send_bcc", "tracking_body", "app", "token_base_url"];

/// The most characters of a note: Etsy names no limit, and more is no note.
const LONGEST_NOTE: usize = 500;

/// How the body of `createReceiptShipment` is written.
///
/// Etsy's description said form until 2024 and says JSON since May 2026. What it cannot read it drops: the order is
/// marked as shipped, the buyer is mailed, and the number is lost. So header and body always agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrackingBody {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// The shop that a connection is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shop {
    /// The API's base.
    api: Url,
    /// The base of the token address.
    token: Url,
    /// Etsy's number of the shop.
    pub(crate) id: String,
    /// The shop's country (ISO 3166, lower case).
    pub(crate) country: &'static str,
    /// How parcels are written.
    pub(crate) body: TrackingBody,
    /// What goes into Etsy's mail to the buyer.
    pub(crate) note: Option<String>,
    /// Whether the seller gets a copy of that mail.
    pub(crate) send_bcc: Option<bool>,
}

impl Shop {
    /// The shop that a connection's settings name, or what is wrong with them.
    pub(crate) fn of(connection: &Connection) -> Result<Self, String> {
        let (api, token) = hosts(connection)?;
        Ok(Self {
            api,
            token,
            id: shop_id(connection)?,
            country: own_country(connection)?,
            body: tracking_body(connection)?,
            note: note(connection)?,
            send_bcc: send_bcc(connection)?,
        })
    }

    /// An address of this shop: its own, or below it.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let shop = below(&self.api, &["v3", "application", "shops", &self.id]);
        if segments.is_empty() { shop } else { below(&shop, segments) }
    }

    /// The address that gives tokens.
    pub(crate) fn token_url(&self) -> Url {
        below(&self.token, &["v3", "public", "oauth", "token"])
    }
}

fn hosts(connection: &Connection) -> Result<(Url, Url), String> {
    let Some(base) = connection.base_url.as_deref() else {
        // Tokens are asked for at the token host: it may be moved only where the whole connection may be.
        if connection.option("token_base_url").is_some() {
            return Err("options.token_base_url is taken only together with base_url".to_owned());
        }
        return Ok((base_url("host", API_HOST)?, base_url("host", TOKEN_HOST)?));
    };
    let api = base_url("base_url", base)?;
    let token = match connection.option("token_base_url") {
        Some(other) => base_url("options.token_base_url", other)?,
        None => api.clone(),
    };
    Ok((api, token))
}

/// Whether a text is a positive number as Etsy numbers things.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits && !text.starts_with('0') && text.parse::<i64>().is_ok()
}

fn shop_id(connection: &Connection) -> Result<String, String> {
    let id = connection
        .option("shop_id")
        .map(str::trim)
        .ok_or("options.shop_id is missing: the shop's number, as getMe or Etsy's developer page tells it")?;
    if is_number(id) {
        Ok(id.to_owned())
    } else {
        Err("options.shop_id must be the shop's number, not its name".to_owned())
    }
}

fn own_country(connection: &Connection) -> Result<&'static str, String> {
    let named = connection
        .option("country")
        .map(str::trim)
        .ok_or("options.country is missing: the shop's country by its two letters, such as us or de")?;
    country(named)
        .ok_or_else(|| "options.country must be a country's two letters, such as us or de".to_owned())
}

/// The country (ISO 3166, lower case) that a marketplace id of ours names.
///
/// Etsy is one marketplace; the carriers of a shop are those of its country, so the country is the id.
pub(crate) fn country(marketplace: &str) -> Option<&'static str> {
    carriers::countries(KIND).into_iter().find(|country| country.eq_ignore_ascii_case(marketplace))
}

fn tracking_body(connection: &Connection) -> Result<TrackingBody, String> {
    match connection.option("tracking_body") {
        None | Some("json") => Ok(TrackingBody::Json),
        Some("form") => Ok(TrackingBody::Form),
        Some(_) => Err("options.tracking_body must be json or form".to_owned()),
    }
}

fn note(connection: &Connection) -> Result<Option<String>, String> {
    let Some(note) = connection.option("note_to_buyer").map(str::trim) else { return Ok(None) };
    let long = note.chars().count() > LONGEST_NOTE;
    if note.is_empty() || long || note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(format!("options.note_to_buyer must be a text of 1 to {LONGEST_NOTE} characters"));
    }
    Ok(Some(note.to_owned()))
}

fn send_bcc(connection: &Connection) -> Result<Option<bool>, String> {
    match connection.option("send_bcc") {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err("options.send_bcc must be true or false".to_owned()),
    }
}

/// What is wrong with a connection's options, each naming the key.
pub(crate) fn problems(connection: &Connection) -> Vec<String> {
    let unknown = connection.options.keys().filter(|name| !OPTIONS.contains(&name.as_str()));
    let unknown = unknown.map(|name| format!("options.{name} is unknown; there are {}", OPTIONS.join(", ")));
    [
        hosts(connection).err(),
        shop_id(connection).err(),
        own_country(connection).err(),
        tracking_body(connection).err(),
        note(connection).err(),
        send_bcc(connection).err(),
    ]
    .into_iter()
    .flatten()
    .chain(unknown)
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::connection::{MailSettings, Timing};
    use domain::ids::{Account, ConnectionId, MerchantId};

    use super::*;

    fn connection(options: &[(&str, &str)], base: Option<&str>) -> Connection {
        let account =
            Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("etsy").unwrap());
        Connection {
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account,
            kind: KIND.to_owned(),
            sync: true,
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            base_url: base.map(str::to_owned),
            link: Vec::new(),
            mail: MailSettings::default(),
            time_zone: "UTC".to_owned(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
        }
    }

    #[test]
    fn a_shop_needs_its_number_and_its_country() {
        let good = connection(&[("shop_id", "12345678"), ("country", "US")], None);
        assert_eq!(problems(&good), Vec::<String>::new());
        let shop = Shop::of(&good).unwrap();
        assert_eq!((shop.country, shop.body, shop.send_bcc), ("us", TrackingBody::Json, None));
        assert_eq!(
            shop.url(&["receipts", "7", "tracking"]).as_str(),
            "https://openapi.etsy.com/v3/application/shops/12345678/receipts/7/tracking"
        );
        assert_eq!(shop.url(&[]).as_str(), "https://openapi.etsy.com/v3/application/shops/12345678");
        assert_eq!(shop.token_url().as_str(), "https://api.etsy.com/v3/public/oauth/token");
        for missing in [vec![], vec![("shop_id", "MugsByAnn"), ("country", "usa")]] {
            let words = problems(&connection(&missing, None));
            assert_eq!(words.len(), 2, "{words:?}");
            assert!(words[0].contains("shop_id") && words[1].contains("country"), "{words:?}");
        }
    }

    #[test]
    fn every_wrong_option_is_named() {
        let base = [("shop_id", "1"), ("country", "de")];
        let long = "x".repeat(501);
        for (name, value) in [
            ("tracking_body", "xml"),
            ("send_bcc", "yes"),
            ("note_to_buyer", ""),
            ("note_to_buyer", long.as_str()),
            ("note_to_buyer", "a\u{7}b"),
            ("token_base_url", "https://example.com"),
            ("regoin", "x"),
        ] {
            let options: Vec<_> = base.into_iter().chain([(name, value)]).collect();
            let words = problems(&connection(&options, None));
            assert_eq!(words.len(), 1, "{name} {value}: {words:?}");
            assert!(words[0].starts_with(&format!("options.{name}")), "{words:?}");
        }
    }

    #[test]
    fn another_base_takes_both_hosts_along() {
        let base = [("shop_id", "1"), ("country", "de")];
        let shop = Shop::of(&connection(&base, Some("http://127.0.0.1:9/etsy"))).unwrap();
        assert_eq!(shop.token_url().as_str(), "http://127.0.0.1:9/etsy/v3/public/oauth/token");
        let options = BTreeMap::from([("token_base_url", "http://127.0.0.1:8")]);
        let options: Vec<_> = base.into_iter().chain(options).collect();
        let shop = Shop::of(&connection(&options, Some("http://127.0.0.1:9"))).unwrap();
        assert_eq!(shop.token_url().as_str(), "http://127.0.0.1:8/v3/public/oauth/token");
    }

    #[test]
    fn the_country_is_the_marketplace() {
        assert_eq!(country("US"), Some("us"));
        assert_eq!(country("de"), Some("de"));
        assert_eq!((country("xx"), country("")), (None, None));
    }
}
