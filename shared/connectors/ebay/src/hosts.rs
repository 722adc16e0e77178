//! Hosts, marketplaces and the options of a connection.
//!
//! Contract: the hosts of eBay's REST APIs and `MarketplaceIdEnum`, developer.ebay.com, read 21 November 2026.

use std::collections::BTreeMap;

use connector_api::hosts::{base_url, below};
use domain::connection::Connection;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// REST APIs and tokens.
const PRODUCTION: &str = "https://api.ebay.com";
/// The same for eBay's own sandbox: other keys, other sellers.
const SANDBOX: &str = "https://api.sandbox.ebay.com";

/// A marketplace: its id, its country (ISO 3166, lower case).
const MARKETPLACES: [(&str, &str); 22] = [
    ("EBAY_US", "us"),
    ("EBAY_MOTORS_US", "us"),
    ("EBAY_AT", "at"),
    ("EBAY_AU", "au"),
    ("EBAY_BE", "be"),
    ("EBAY_CA", "ca"),
    ("EBAY_CH", "ch"),
    ("EBAY_DE", "de"),
    ("EBAY_ES", "es"),
    ("EBAY_FR", "fr"),
    ("EBAY_GB", "gb"),
    ("EBAY_HK", "hk"),
    ("EBAY_IE", "ie"),
    ("EBAY_IT", "it"),
    ("EBAY_MY", "my"),
    ("EBAY_NL", "nl"),
    ("EBAY_PH", "ph"),
    ("EBAY_PL", "pl"),
    ("EBAY_SG", "sg"),
    ("EBAY_TH", "th"),
    ("EBAY_TW", "tw"),
    ("EBAY_VN", "vn"),
];

/// The options this connector knows; `app` is the workflow's, for limits that an app's accounts share.
const OPTIONS: [&str; 6] = ["sandbox", "scopes", "marketplace_id", "user_id", "username", "app"];

/// What every scope begins with, in eBay's sandbox too.
pub(crate) const SCOPE: &str = "https://api.ebay.com/oauth/api_scope";

/// The country of a marketplace.
pub(crate) fn country(marketplace: &str) -> Option<&'static str> {
    MARKETPLACES.iter().find(|(id, _)| *id == marketplace).map(|(_, country)| *country)
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts {
    api: Url,
}

impl Hosts {
    /// The host that a connection's settings name, or what is wrong with them.
    pub(crate) fn of(connection: &Connection) -> Result<Self, String> {
        let api = match connection.base_url.as_deref() {
            Some(base) => base_url("base_url", base)?,
            None if flag("sandbox", connection.option("sandbox"))? => base_url("options.sandbox", SANDBOX)?,
            None => base_url("options.sandbox", PRODUCTION)?,
        };
        Ok(Self { api })
    }

    /// The host of an app whose own keys verify notifications: one of eBay's two.
    ///
    /// `base_url` is there only in a system that was started for stand-ins: no key of the real eBay is fetched there.
    pub(crate) fn of_app(app: &BTreeMap<String, SecretString>) -> Result<Self, String> {
        let text =
            |name: &str| app.get(name).map(ExposeSecret::expose_secret).filter(|text| !text.is_empty());
        let api = match text("base_url") {
            Some(base) => base_url("base_url", base)?,
            None if flag("sandbox", text("sandbox"))? => base_url("options.sandbox", SANDBOX)?,
            None => base_url("options.sandbox", PRODUCTION)?,
        };
        Ok(Self { api })
    }

    /// An address of the Fulfillment API.
    pub(crate) fn fulfillment(&self, segments: &[&str]) -> Url {
        below(&below(&self.api, &["sell", "fulfillment", "v1"]), segments)
    }

    /// An address of the Notification API.
    pub(crate) fn notification(&self, segments: &[&str]) -> Url {
        below(&below(&self.api, &["commerce", "notification", "v1"]), segments)
    }

    /// The address that gives tokens.
    pub(crate) fn token_url(&self) -> Url {
        below(&self.api, &["identity", "v1", "oauth2", "token"])
    }

    /// The base address, to tell apps of different hosts apart.
    pub(crate) fn name(&self) -> &str {
        self.api.as_str()
    }
}

fn flag(name: &str, text: Option<&str>) -> Result<bool, String> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(format!("options.{name} is {other:?}: it must be true or false")),
    }
}

/// The scopes that the seller granted, in full, if the settings name them.
///
/// Separated by spaces or commas; a short name (`sell.fulfillment`) stands for the scope of that name.
pub(crate) fn scopes(connection: &Connection) -> Vec<String> {
    let named = connection.option("scopes").unwrap_or_default();
    let full = |name: &str| {
        if name == "api_scope" {
            SCOPE.to_owned()
        } else if name.starts_with("https://") {
            name.to_owned()
        } else {
            format!("{SCOPE}/{name}")
        }
    };
    named.split([' ', ',']).map(str::trim).filter(|name| !name.is_empty()).map(full).collect()
}

/// What is wrong with a connection's options, each naming the key.
pub(crate) fn check_options(connection: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(problem) = Hosts::of(connection) {
        problems.push(problem);
    } else if let Err(problem) = flag("sandbox", connection.option("sandbox")) {
        problems.push(problem);
    }
    if let Some(id) = connection.option("marketplace_id")
        && country(id).is_none()
    {
        problems
            .push(format!("options.marketplace_id {id:?} is no eBay marketplace we know, such as EBAY_US"));
    }
    for scope in scopes(connection) {
        let name = scope.strip_prefix(SCOPE).map(|rest| rest.strip_prefix('/').unwrap_or(rest));
        let formed = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_');
        if !name.is_some_and(formed) {
            problems.push(format!(
                "options.scopes: {scope:?} is no scope of eBay's, such as sell.fulfillment or {SCOPE}/sell.fulfillment"
            ));
        }
    }
    for name in ["user_id", "username"] {
        if connection.option(name).is_some_and(|text| text.trim().is_empty() || text.trim() != text) {
            problems.push(format!("options.{name} must be the seller's, without spaces around it"));
        }
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
            reversals: domain::reversal::Reversals::default(),
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            schema: Connection::SCHEMA,
            account: Account::new(
                MerchantId::try_from("m").unwrap(),
                ConnectionId::try_from("ebay-1").unwrap(),
            ),
            kind: "ebay".into(),
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
    fn hosts_follow_sandbox_and_base_url() {
        let cases: [(Options, Option<&str>, &str); 3] = [
            (&[], None, "https://api.ebay.com/"),
            (&[("sandbox", "true")], None, "https://api.sandbox.ebay.com/"),
            (&[("sandbox", "true")], Some("http://127.0.0.1:9/ebay/"), "http://127.0.0.1:9/ebay/"),
        ];
        for (options, base, want) in cases {
            let hosts = Hosts::of(&connection(options, base)).unwrap();
            let below = |path: &str| format!("{want}{path}");
            assert_eq!(
                hosts.fulfillment(&["order", "1/2"]).as_str(),
                below("sell/fulfillment/v1/order/1%2F2")
            );
            assert_eq!(hosts.notification(&["topic"]).as_str(), below("commerce/notification/v1/topic"));
            assert_eq!(hosts.token_url().as_str(), below("identity/v1/oauth2/token"));
        }
    }

    #[test]
    fn an_apps_host_is_one_of_ebays_two() {
        let app = |pairs: &[(&str, &str)]| -> BTreeMap<String, SecretString> {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), SecretString::from(*v))).collect()
        };
        for (app, want) in [
            (app(&[]), Some("https://api.ebay.com/")),
            (app(&[("sandbox", "false")]), Some("https://api.ebay.com/")),
            (app(&[("sandbox", "true")]), Some("https://api.sandbox.ebay.com/")),
            (app(&[("sandbox", "https://thief.example")]), None),
            (app(&[("base_url", "http://127.0.0.1:9/ebay")]), Some("http://127.0.0.1:9/ebay")),
        ] {
            assert_eq!(Hosts::of_app(&app).ok().as_ref().map(Hosts::name), want);
        }
    }

    #[test]
    fn every_problem_of_the_options_names_its_key() {
        let cases: [(Options, Option<&str>, &[&str]); 11] = [
            (&[], None, &[]),
            (&[("sandbox", "true"), ("scopes", "sell.fulfillment"), ("app", "mine")], None, &[]),
            (&[("scopes", "https://api.ebay.com/oauth/api_scope")], None, &[]),
            (&[("scopes", "api_scope, sell.inventory")], None, &[]),
            (&[("scopes", "Sell Fulfillment")], None, &["options.scopes", "options.scopes"]),
            (&[("scopes", "https://thief.example/x")], None, &["options.scopes"]),
            (&[("sandbox", "yes")], None, &["options.sandbox"]),
            (&[("sandbox", "yes")], Some("http://localhost:1"), &["options.sandbox"]),
            (&[("marketplace_id", "ATVPDKIKX0DER")], None, &["options.marketplace_id"]),
            (&[("user_id", " x")], Some("ftp://a.example"), &["base_url", "options.user_id"]),
            (&[("userid", "x")], None, &["options.userid"]),
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
    fn scopes_are_those_granted_and_none_by_default() {
        assert!(scopes(&connection(&[], None)).is_empty());
        let named =
            connection(&[("scopes", "sell.fulfillment,api_scope  commerce.notification.subscription")], None);
        let want = ["/sell.fulfillment", "", "/commerce.notification.subscription"]
            .map(|end| format!("{SCOPE}{end}"));
        assert_eq!(scopes(&named), want);
    }

    #[test]
    fn every_marketplace_has_a_list_of_carriers() {
        for (id, country) in MARKETPLACES {
            assert!(carriers::accepted("ebay", country).is_some(), "{id}");
        }
        assert_eq!(country("EBAY_GB"), Some("gb"));
        assert_eq!(country("EBAY_MARS"), None);
    }
}
