//! `[general]`: the system itself.

use std::net::{IpAddr, Ipv4Addr};

use crate::check;
use crate::toml_tree::Section;

/// Settings of the system itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct General {
    /// The address to listen on; this machine alone unless told otherwise.
    pub listen: IpAddr,
    /// The port to listen on; 0 takes any that is free.
    pub port: u16,
    /// The time zone of connections that have none of their own: an IANA name.
    pub time_zone: String,
    /// Where the outside world reaches this system, without a slash at its end.
    pub public_url: Option<String>,
    /// Whether connections may name base URLs of their own. Without it every host is the connector's.
    pub allow_base_urls: bool,
    /// What to log: a level, or a filter such as `info,workflow=debug`.
    pub log: String,
}

impl Default for General {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            time_zone: "UTC".to_owned(),
            public_url: None,
            allow_base_urls: false,
            log: "info".to_owned(),
        }
    }
}

pub(super) fn read(section: Section<'_>) -> General {
    let mut general = General::default();
    if let Some(node) = section.get("listen")
        && let Some(text) = node.text()
    {
        match text.parse() {
            Ok(ip) => general.listen = ip,
            Err(_) => {
                node.problem("must be an IP address: 127.0.0.1 for this machine alone, 0.0.0.0 for all")
            }
        }
    }
    if let Some(node) = section.get("port")
        && let Some(port) = node.whole(0..65_536).and_then(|port| u16::try_from(port).ok())
    {
        general.port = port;
    }
    if let Some(zone) = time_zone(&section) {
        general.time_zone = zone;
    }
    if let Some(node) = section.get("public_url")
        && let Some(text) = node.text()
    {
        match check::base_url(text) {
            Ok(url) => general.public_url = Some(url),
            Err(what) => node.problem(what),
        }
    }
    if let Some(node) = section.get("allow_base_urls") {
        general.allow_base_urls = node.boolean().unwrap_or_default();
    }
    if let Some(node) = section.get("log")
        && let Some(text) = node.text()
    {
        match check::log_filter(text) {
            Ok(()) => text.clone_into(&mut general.log),
            Err(what) => node.problem(what),
        }
    }
    section.finish();
    general
}

/// The `time_zone` of a section, if it has a good one.
pub(super) fn time_zone(section: &Section<'_>) -> Option<String> {
    let node = section.get("time_zone")?;
    match check::time_zone(node.text()?) {
        Ok(zone) => Some(zone),
        Err(what) => {
            node.problem(what);
            None
        }
    }
}
