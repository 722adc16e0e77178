//! Where stores and marketplaces are to send to.

use domain::ids::ConnectionId;
use signatures::RouteKey;

use crate::receive::{MARKETPLACES, STORES, marketplace_path, store_path};

/// Addresses of this installation.
#[derive(Clone, Debug)]
pub struct WebhookAddresses {
    base: Option<String>,
    marketplaces: Option<String>,
    queue: Option<String>,
    route_key: RouteKey,
}

/// A text that cannot be the public address of this system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} cannot be where stores reach this system: {why}")]
pub struct BadAddress {
    address: String,
    why: &'static str,
}

impl WebhookAddresses {
    /// Addresses below `base`; without one only their paths are known.
    ///
    /// Stores send to https alone. Plain http is taken on this machine, and only with `loopback`: where the system
    /// was started for stand-ins.
    ///
    /// # Errors
    /// The base is no such address.
    pub fn new(base: Option<&str>, route_key: RouteKey, loopback: bool) -> Result<Self, BadAddress> {
        let base = base.map(|text| check(text, loopback)).transpose()?;
        Ok(Self { marketplaces: base.clone(), base, queue: None, route_key })
    }

    /// The same, where marketplaces reach this system at another address than stores.
    ///
    /// # Errors
    /// As [`WebhookAddresses::new`].
    pub fn with_marketplaces(mut self, base: &str, loopback: bool) -> Result<Self, BadAddress> {
        self.marketplaces = Some(check(base, loopback)?);
        Ok(self)
    }

    /// The same, with the queue that marketplaces may put messages into, by its ARN.
    #[must_use]
    pub fn with_queue(mut self, arn: &str) -> Self {
        self.queue = Some(arn.to_owned());
        self
    }

    /// The public address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// A store connection's own address.
    #[must_use]
    pub fn of(&self, connection: &ConnectionId) -> WebhookAddress {
        let path = store_path(&self.route_key, connection);
        let connection = connection.to_string();
        WebhookAddress::Door { base: self.base.clone(), path, connection, door: STORES }
    }

    /// A marketplace connection's own address.
    #[must_use]
    pub fn of_marketplace(&self, connection: &ConnectionId) -> WebhookAddress {
        let path = marketplace_path(&self.route_key, connection);
        let connection = connection.to_string();
        WebhookAddress::Door { base: self.marketplaces.clone(), path, connection, door: MARKETPLACES }
    }

    /// The queue that marketplaces may put messages into, where there is one.
    #[must_use]
    pub fn queue(&self) -> Option<WebhookAddress> {
        self.queue.clone().map(|arn| WebhookAddress::Queue { arn })
    }
}

/// Where one connection's news go.
#[derive(Clone, Debug)]
pub enum WebhookAddress {
    /// To an address of its own.
    Door {
        /// The public address, if it is known.
        base: Option<String>,
        /// The connection's path, its tag included.
        path: String,
        /// The connection.
        connection: String,
        /// What every path of this kind begins with.
        door: &'static str,
    },
    /// Into a queue that all connections share.
    Queue {
        /// Its ARN.
        arn: String,
    },
}

impl WebhookAddress {
    /// All of it, if the public address is known; of a queue its ARN.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Door { base, path, .. } => base.as_ref().map(|base| format!("{base}{path}")),
            Self::Queue { arn } => Some(arn.clone()),
        }
    }
}

fn check(text: &str, loopback: bool) -> Result<String, BadAddress> {
    let bad = |why| BadAddress { address: text.chars().take(200).collect(), why };
    let url: http::Uri = text.trim().parse().map_err(|_| bad("it is no address"))?;
    let host = url.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("it names no host"))?;
    if text.contains(['?', '#', '@']) {
        return Err(bad("it may hold a host, a port and a path only"));
    }
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(host) && loopback => {}
        Some("http") if is_loopback(host) => {
            return Err(bad("plain http on this machine needs general.allow_base_urls"));
        }
        _ => return Err(bad("stores send to https only")),
    }
    Ok(text.trim().trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_taken_or_this_machine_where_the_system_was_started_for_it() {
        for (text, allowed, refused) in [
            ("https://parcels.example", Some("https://parcels.example"), Some("https://parcels.example")),
            (
                "https://parcels.example/p/ ",
                Some("https://parcels.example/p"),
                Some("https://parcels.example/p"),
            ),
            ("http://127.0.0.1:8080/", Some("http://127.0.0.1:8080"), None),
            ("http://[::1]:8080", Some("http://[::1]:8080"), None),
            ("http://localhost", Some("http://localhost"), None),
            ("http://parcels.example", None, None),
            ("http://127.0.0.1.evil.example", None, None),
            ("ftp://parcels.example", None, None),
            ("parcels.example", None, None),
            ("/webhooks", None, None),
            ("https://user:secret@parcels.example", None, None),
            ("https://parcels.example?x=1", None, None),
            ("https://parcels.example#x", None, None),
            ("", None, None),
        ] {
            for (loopback, want) in [(true, allowed), (false, refused)] {
                assert_eq!(check(text, loopback).ok().as_deref(), want, "{text:?} {loopback}");
            }
        }
    }
}
