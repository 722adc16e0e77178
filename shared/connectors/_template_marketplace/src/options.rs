//! The options of a connection, and the marketplace's countries.

use connector_api::hosts::base_url;
use domain::connection::Connection;
use url::Url;

/// The option that names the seller's shop.
const SHOP: &str = "shop";

/// TEMPLATE: where requests go. A constant: nothing from outside becomes a host.
const BASE: &str = "https://api.template.example";

/// TEMPLATE: the marketplace's sites and their countries (ISO 3166, lower case), with the source and the date.
const SITES: [(&str, &str); 2] = [("us", "us"), ("uk", "gb")];

/// The country of a site.
pub(crate) fn country(site: &str) -> Option<&'static str> {
    SITES.iter().find(|(id, _)| *id == site).map(|(_, country)| *country)
}

/// The shop's name, if it has the form of one.
pub(crate) fn shop(connection: &Connection) -> Option<&str> {
    let formed = |name: &&str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    connection.option(SHOP).filter(formed)
}

/// The address that requests go below, or what is wrong with it.
pub(crate) fn base(connection: &Connection) -> Result<Url, String> {
    base_url("base_url", connection.base_url.as_deref().unwrap_or(BASE))
}

/// What is wrong with the options, each naming its key.
pub(crate) fn problems(connection: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    if shop(connection).is_none() {
        problems.push(format!("options.{SHOP} must be the shop's name: a-z, 0-9 and -"));
    }
    problems.extend(base(connection).err());
    let unknown = connection.options.keys().filter(|key| key.as_str() != SHOP);
    problems.extend(unknown.map(|key| format!("options.{key} is unknown; there is {SHOP}")));
    problems
}
