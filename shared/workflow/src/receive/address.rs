//! Where deliveries are posted: `/webhooks/stores/<connection>-<tag>`, `/webhooks/marketplaces/<connection>-<tag>`.

use domain::ids::ConnectionId;
use signatures::{RouteKey, check_route_tag, route_tag};

/// What stands before the connection in the path of a store's delivery.
pub(crate) const STORES: &str = "/webhooks/stores/";
/// What stands before the connection in the path of a marketplace's notification.
pub(crate) const MARKETPLACES: &str = "/webhooks/marketplaces/";

/// What a path says, before anything is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// No address of ours.
    Elsewhere,
    /// An address whose tag is not ours.
    WrongTag,
    /// An address that we gave out.
    Ours(ConnectionId),
}

/// The path to which a connection's store posts its deliveries.
///
/// The tag is no authentication: it only keeps strangers from causing look-ups.
#[must_use]
pub fn store_path(route_key: &RouteKey, connection: &ConnectionId) -> String {
    format!("{STORES}{connection}-{}", route_tag(route_key, connection.as_str()))
}

/// The path to which a connection's marketplace posts what it tells; its tag as in [`store_path`].
#[must_use]
pub fn marketplace_path(route_key: &RouteKey, connection: &ConnectionId) -> String {
    format!("{MARKETPLACES}{connection}-{}", route_tag(route_key, connection.as_str()))
}

/// Reads a path that begins with `door` and checks its tag, without any look-up.
pub(super) fn read(route_key: &RouteKey, door: &str, path: &str) -> Address {
    let Some(named) = path.strip_prefix(door).filter(|rest| !rest.is_empty() && !rest.contains('/')) else {
        return Address::Elsewhere;
    };
    // Ids may hold dashes, tags do not.
    let Some((connection, tag)) = named.rsplit_once('-') else { return Address::WrongTag };
    let Ok(connection) = ConnectionId::try_from(connection) else { return Address::WrongTag };
    if check_route_tag(route_key, connection.as_str(), tag) {
        Address::Ours(connection)
    } else {
        Address::WrongTag
    }
}
