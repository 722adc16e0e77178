//! Hosts, marketplaces and the options of a connection.
//!
//! Contract: "SP-API endpoints" and "Marketplace IDs" of Amazon's documentation, read 21 November 2026.

use connector_api::hosts::{base_url, below};
use domain::connection::Connection;
use url::Url;

/// Where Login with Amazon gives tokens, for every region.
const TOKEN_HOST: &str = "https://api.amazon.com";

/// A region: its name in settings, its production host, its sandbox host.
const REGIONS: [(&str, &str, &str); 3] = [
    ("na", "https://sellingpartnerapi-na.amazon.com", "https://sandbox.sellingpartnerapi-na.amazon.com"),
    ("eu", "https://sellingpartnerapi-eu.amazon.com", "https://sandbox.sellingpartnerapi-eu.amazon.com"),
    ("fe", "https://sellingpartnerapi-fe.amazon.com", "https://sandbox.sellingpartnerapi-fe.amazon.com"),
];

/// A marketplace: its id, its country (ISO 3166, lower case), its region.
const MARKETPLACES: [(&str, &str, &str); 23] = [
    ("ATVPDKIKX0DER", "us", "na"),
    ("A2EUQ1WTGCTBG2", "ca", "na"),
    ("A1AM78C64UM0Y8", "mx", "na"),
    ("A2Q3Y263D00KWC", "br", "na"),
    ("A1F83G8C2ARO7P", "gb", "eu"),
    ("A1PA6795UKMFR9", "de", "eu"),
    ("A13V1IB3VIYZZH", "fr", "eu"),
    ("APJ6JRA9NG5V4", "it", "eu"),
    ("A1RKKUPIHCS9HS", "es", "eu"),
    ("A1805IZSGTT6HS", "nl", "eu"),
    ("AMEN7PMS3EDWL", "be", "eu"),
    ("A28R8C7NBKEWEA", "ie", "eu"),
    ("A2NODRKZP88ZB9", "se", "eu"),
    ("A1C3SOZRARQ6R3", "pl", "eu"),
    ("A33AVAJ2PDY3EV", "tr", "eu"),
    ("A2VIGQ35RCS4UG", "ae", "eu"),
    ("A17E79C6D8DWNP", "sa", "eu"),
    ("ARBP9OOSHTCHU", "eg", "eu"),
    ("A21TJRUUN4KGV", "in", "eu"),
    ("AE08WJ6YKNBMC", "za", "eu"),
    ("A1VC38T7YXB528", "jp", "fe"),
    ("A39IBJ37TRP1C6", "au", "fe"),
    ("A19VAU5U5O7RUS", "sg", "fe"),
];

/// The countries whose orders, where they come from abroad, should leave as one shipment, or else all from one country.
///
/// Source: Seller Central help G641, for the United Kingdom and the marketplaces in the European Union.
pub(crate) const ONE_ORIGIN: &[&str] = &["gb", "de", "fr", "it", "es", "nl", "be", "ie", "se", "pl"];

/// The options this connector knows.
const OPTIONS: [&str; 5] = ["region", "marketplace_id", "seller_id", "sandbox", "token_base_url"];

/// The account's own id at Amazon (Seller Central: *Merchant Token*), which feeds and notifications name.
///
/// # Errors
/// It is not set.
pub(crate) fn seller_id(connection: &Connection) -> Result<&str, String> {
    connection.option("seller_id").ok_or_else(|| {
        "a feed must name the seller: set the option seller_id (Seller Central > Account Info > Merchant Token)"
            .to_owned()
    })
}

/// Whether a text has the form of a seller's id: an A, then capital letters and digits.
fn is_seller_id(text: &str) -> bool {
    (8..=20).contains(&text.len())
        && text.starts_with('A')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The country of a marketplace.
pub(crate) fn country(marketplace: &str) -> Option<&'static str> {
    MARKETPLACES.iter().find(|(id, _, _)| *id == marketplace).map(|(_, country, _)| *country)
}

/// The hosts of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// The selling partner API.
    pub(crate) api: Url,
    /// Login with Amazon.
    pub(crate) token: Url,
    /// The settings name another host in place of Amazon's: a stand-in.
    pub(crate) moved: bool,
}

impl Hosts {
    /// The hosts that a connection's settings name, or what is wrong with them.
    pub(crate) fn of(connection: &Connection) -> Result<Self, String> {
        if let Some(base) = connection.base_url.as_deref() {
            let api = base_url("base_url", base)?;
            let token = match connection.option("token_base_url") {
                Some(other) => base_url("options.token_base_url", other)?,
                None => api.clone(),
            };
            return Ok(Self { api, token, moved: true });
        }
        let named = connection.option("region").ok_or("options.region is missing: na, eu or fe")?;
        let (_, production, sandbox) = REGIONS
            .iter()
            .find(|(region, _, _)| *region == named)
            .ok_or_else(|| format!("options.region is {named:?}: it must be na, eu or fe"))?;
        let api = if sandboxed(connection)? { sandbox } else { production };
        let token = base_url("options.region", TOKEN_HOST)?;
        Ok(Self { api: base_url("options.region", api)?, token, moved: false })
    }

    /// An address under the API's base.
    pub(crate) fn api_url(&self, segments: &[&str]) -> Url {
        below(&self.api, segments)
    }

    /// The address that gives tokens.
    pub(crate) fn token_url(&self) -> Url {
        below(&self.token, &["auth", "o2", "token"])
    }
}

fn sandboxed(connection: &Connection) -> Result<bool, String> {
    match connection.option("sandbox") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(format!("options.sandbox is {other:?}: it must be true or false")),
    }
}

/// What is wrong with a connection's options, each naming the key.
pub(crate) fn check_options(connection: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    let region = connection.option("region");
    let known_region = region.is_some_and(|r| REGIONS.iter().any(|(name, _, _)| *name == r));
    if connection.base_url.is_some() && region.is_some() && !known_region {
        problems.push("options.region must be na, eu or fe".to_owned());
    }
    if let Err(problem) = Hosts::of(connection) {
        problems.push(problem);
    }
    if let Err(problem) = sandboxed(connection)
        && !problems.contains(&problem)
    {
        problems.push(problem);
    }
    // Secrets go to the token host: it may be moved only where the whole connection may be.
    if connection.base_url.is_none() && connection.option("token_base_url").is_some() {
        problems.push("options.token_base_url is taken only together with base_url".to_owned());
    }
    if let Some(id) = connection.option("marketplace_id") {
        match MARKETPLACES.iter().find(|(known, _, _)| *known == id) {
            None => problems.push(format!("options.marketplace_id {id:?} is no Amazon marketplace we know")),
            Some((_, country, home)) if known_region && region != Some(home) => {
                problems.push(format!("options.marketplace_id {id} ({country}) belongs to region {home}"));
            }
            Some(_) => {}
        }
    }
    if let Some(id) = connection.option("seller_id").filter(|id| !is_seller_id(id)) {
        problems.push(format!(
            "options.seller_id {id:?} is no seller id: capital letters and digits, as Seller Central shows it as \
             Merchant Token"
        ));
    }
    for name in connection.options.keys().filter(|name| !OPTIONS.contains(&name.as_str())) {
        problems.push(format!("options.{name} is unknown; there are {}", OPTIONS.join(", ")));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::connection::{MailSettings, Timing};
    use domain::ids::{Account, ConnectionId, MerchantId};

    type Options = &'static [(&'static str, &'static str)];

    fn connection(options: Options, base_url: Option<&str>) -> Connection {
        Connection {
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account: Account::new(
                MerchantId::try_from("m").unwrap(),
                ConnectionId::try_from("amazon-1").unwrap(),
            ),
            kind: "amazon".into(),
            sync: true,
            options: options.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            base_url: base_url.map(Into::into),
            link: Vec::new(),
            mail: MailSettings::default(),
            time_zone: "UTC".into(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
        }
    }

    #[test]
    fn hosts_follow_region_sandbox_and_base_url() {
        let cases: [(Options, Option<&str>, &str, &str); 5] = [
            (
                &[("region", "eu")],
                None,
                "https://sellingpartnerapi-eu.amazon.com/orders/v0",
                "https://api.amazon.com/auth/o2/token",
            ),
            (
                &[("region", "fe"), ("sandbox", "true")],
                None,
                "https://sandbox.sellingpartnerapi-fe.amazon.com/orders/v0",
                "https://api.amazon.com/auth/o2/token",
            ),
            (
                &[("region", "na")],
                Some("http://127.0.0.1:9/amazon"),
                "http://127.0.0.1:9/amazon/orders/v0",
                "http://127.0.0.1:9/amazon/auth/o2/token",
            ),
            (
                &[],
                Some("http://127.0.0.1:9/amazon/"),
                "http://127.0.0.1:9/amazon/orders/v0",
                "http://127.0.0.1:9/amazon/auth/o2/token",
            ),
            (
                &[("token_base_url", "http://127.0.0.1:8")],
                Some("http://127.0.0.1:9"),
                "http://127.0.0.1:9/orders/v0",
                "http://127.0.0.1:8/auth/o2/token",
            ),
        ];
        for (options, base, api, token) in cases {
            let hosts = Hosts::of(&connection(options, base)).unwrap();
            assert_eq!(hosts.api_url(&["orders", "v0"]).as_str(), api, "{options:?} {base:?}");
            assert_eq!(hosts.token_url().as_str(), token, "{options:?} {base:?}");
        }
    }

    #[test]
    fn every_problem_of_the_options_names_its_key() {
        let cases: [(Options, Option<&str>, &[&str]); 15] = [
            (&[("region", "na"), ("seller_id", "A3TH9S8BH6GOGM")], None, &[]),
            (&[("region", "na"), ("seller_id", "a3th9s8bh6gogm")], None, &["options.seller_id"]),
            (&[("region", "na"), ("seller_id", "my shop")], None, &["options.seller_id"]),
            (&[("region", "na"), ("marketplace_id", "ATVPDKIKX0DER")], None, &[]),
            (&[], Some("http://localhost:1"), &[]),
            (&[], None, &["options.region"]),
            (&[("region", "us")], None, &["options.region"]),
            (&[("region", "us")], Some("http://localhost:1"), &["options.region"]),
            (&[("region", "na"), ("sandbox", "yes")], None, &["options.sandbox"]),
            (&[("region", "eu"), ("marketplace_id", "ATVPDKIKX0DER")], None, &["options.marketplace_id"]),
            (&[("region", "eu"), ("marketplace_id", "X")], None, &["options.marketplace_id"]),
            (&[("region", "eu"), ("token_base_url", "https://a.example")], None, &["options.token_base_url"]),
            (&[("region", "eu"), ("regoin", "na")], None, &["options.regoin"]),
            (&[("region", "eu")], Some("ftp://a.example"), &["base_url"]),
            (&[("sandbox", "maybe")], None, &["options.region", "options.sandbox"]),
        ];
        for (options, base, keys) in cases {
            let problems = check_options(&connection(options, base));
            assert_eq!(problems.len(), keys.len(), "{options:?}: {problems:?}");
            for (problem, key) in problems.iter().zip(keys) {
                assert!(problem.starts_with(key), "{problem:?} should name {key}");
            }
        }
    }

    #[test]
    fn without_a_base_url_no_option_moves_the_token_host() {
        let moved = connection(&[("region", "eu"), ("token_base_url", "https://thief.example")], None);
        assert_eq!(Hosts::of(&moved).unwrap().token_url().host_str(), Some("api.amazon.com"));
    }

    #[test]
    fn marketplaces_are_unique_and_of_known_regions() {
        for (at, (id, country, region)) in MARKETPLACES.iter().enumerate() {
            assert!(
                MARKETPLACES.iter().skip(at + 1).all(|(other, c, _)| other != id && c != country),
                "{id}"
            );
            assert!(REGIONS.iter().any(|(name, _, _)| name == region), "{id}");
            assert!(country.len() == 2 && country.chars().all(|c| c.is_ascii_lowercase()), "{id}");
        }
        assert_eq!(country("A1F83G8C2ARO7P"), Some("gb"));
        assert_eq!(country("nowhere"), None);
    }
}
