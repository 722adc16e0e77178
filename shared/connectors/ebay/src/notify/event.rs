//! What a notification says, and whether it says it to this connection's seller.

use connector_api::loose::{lenient, text};
use connector_api::{Allowed, ClosedAccount, Delivery, DeliveryBody, MarketplaceEvent, OrderNews};
use domain::connection::Connection;
use domain::ids::MarketplaceOrderId;
use serde::Deserialize;

/// An account of eBay's was closed: compulsory for every app, and about any user, not about the seller.
const ACCOUNT_DELETION: &str = "MARKETPLACE_ACCOUNT_DELETION";
/// A new paid order; once for each of its lines.
pub(crate) const ORDER_CONFIRMATION: &str = "ORDER_CONFIRMATION";
/// Somebody asked to cancel, or decided on it. Known from third parties only.
const ORDER_CANCELLATION: &str = "ORDER_CANCELLATION_ACTIVITY";
/// The seller took the authorisation back.
const REVOCATION: &str = "AUTHORIZATION_REVOCATION";

/// Of a closed account: the ids and names by which something of it could be found here.
const OF_DELETION: Allowed = Allowed(&[
    &["metadata", "topic"],
    &["notification", "notificationId"],
    &["notification", "data", "username"],
    &["notification", "data", "userId"],
    &["notification", "data", "eiasToken"],
]);

/// Of everything else: the seller, and the order's id. Lines, prices and the buyer's side go no further.
const OF_NEWS: Allowed = Allowed(&[
    &["metadata", "topic"],
    &["notification", "notificationId"],
    &["notification", "data", "username"],
    &["notification", "data", "userId"],
    &["notification", "data", "user", "username"],
    &["notification", "data", "user", "userId"],
    &["notification", "data", "orderId"],
    &["notification", "data", "order", "orderId"],
]);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Post {
    #[serde(deserialize_with = "lenient")]
    metadata: Option<Metadata>,
    #[serde(deserialize_with = "lenient")]
    notification: Option<Notification>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "text")]
    topic: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Notification {
    #[serde(deserialize_with = "text")]
    notification_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    data: Option<Data>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    #[serde(deserialize_with = "text")]
    username: Option<String>,
    #[serde(deserialize_with = "text")]
    user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    eias_token: Option<String>,
    #[serde(deserialize_with = "text")]
    order_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    user: Option<User>,
    #[serde(deserialize_with = "lenient")]
    order: Option<Order>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct User {
    #[serde(deserialize_with = "text")]
    username: Option<String>,
    #[serde(deserialize_with = "text")]
    user_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Order {
    #[serde(deserialize_with = "text")]
    order_id: Option<String>,
}

/// The topic of a verified body, if it is one of ours, and what of it goes on.
pub(super) fn topic(body: &[u8]) -> Option<(String, Allowed)> {
    let post: Post = serde_json::from_slice(body).ok()?;
    let topic = post.metadata?.topic?;
    let allowed = match topic.as_str() {
        ACCOUNT_DELETION => OF_DELETION,
        ORDER_CONFIRMATION | ORDER_CANCELLATION | REVOCATION => OF_NEWS,
        _ => return None,
    };
    Some((topic, allowed))
}

/// Reads a reduced post.
pub(super) fn event(connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String> {
    let json = match &delivery.body {
        DeliveryBody::Reduced(json) => json,
        DeliveryBody::Withheld { reason, .. } => {
            return Err(format!("the notification has no body: {reason}"));
        }
    };
    let post: Post =
        serde_json::from_str(json).map_err(|error| connector_api::loose::json_problem(&error))?;
    let notification = post.notification.ok_or("notification is missing")?;
    let data = notification.data.ok_or("notification.data is missing")?;
    match delivery.topic.as_str() {
        ACCOUNT_DELETION => {
            let names = [data.username, data.eias_token].into_iter().flatten().collect();
            let ids = ClosedAccount { id: data.user_id, names };
            if ids == ClosedAccount::default() {
                return Err("notification.data names no account".to_owned());
            }
            let id = notification.notification_id.ok_or("notification.notificationId is missing")?;
            Ok(MarketplaceEvent::AccountClosed { ids, notification: id })
        }
        ORDER_CONFIRMATION | ORDER_CANCELLATION => {
            if let Err(reason) = seller(connection, &data) {
                return Ok(MarketplaceEvent::Nothing { reason });
            }
            let order = data.order.and_then(|order| order.order_id).or(data.order_id);
            let order = order.ok_or("notification.data.order.orderId is missing")?;
            let order = MarketplaceOrderId::try_from(order).map_err(|bad| bad.to_string())?;
            Ok(MarketplaceEvent::Orders(vec![OrderNews { order, facts: None }]))
        }
        REVOCATION => match seller(connection, &data) {
            Err(reason) => Ok(MarketplaceEvent::Nothing { reason }),
            Ok(()) => Ok(MarketplaceEvent::Disconnected {
                why: "the seller took the app's authorisation back at eBay".to_owned(),
            }),
        },
        other => Ok(MarketplaceEvent::Nothing { reason: format!("topic {other} is none of ours") }),
    }
}

/// Whether the notification is to this connection's seller, else why not.
///
/// The signing key is eBay's, the same for all sellers. Since September 2025 names of users in the US may be ids: both
/// are compared, and one that fits is enough, unless the other side names another id.
fn seller(connection: &Connection, data: &Data) -> Result<(), String> {
    let of_user = data.user.as_ref();
    let id = of_user.and_then(|user| user.user_id.as_deref()).or(data.user_id.as_deref());
    let name = of_user.and_then(|user| user.username.as_deref()).or(data.username.as_deref());
    let (our_id, our_name) = (connection.option("user_id"), connection.option("username"));
    if our_id.is_none() && our_name.is_none() {
        return Err(
            "the options user_id and username are not set, so nobody knows whether it is this seller's"
                .to_owned(),
        );
    }
    let same = |ours: Option<&str>, theirs: Option<&str>| {
        ours.zip(theirs).map(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    };
    let ours = match (our_id.and_then(|ours| id.map(|theirs| ours == theirs)), same(our_name, name)) {
        (Some(by_id), _) => by_id || same(our_id, name) == Some(true),
        // A name that became an id, on either side.
        (None, by_name) => {
            by_name == Some(true) || same(our_id, name) == Some(true) || same(our_name, id) == Some(true)
        }
    };
    if ours { Ok(()) } else { Err("it is about another seller".to_owned()) }
}

#[cfg(test)]
mod tests;
