//! Is the token taken, are the scopes there, is the shop set up so that parcels can be told?
//!
//! Contract: Admin GraphQL 2026-10 `shop`, `currentAppInstallation.accessScopes`, `publicApiVersions`, read
//! 2026-11-21. The setting that fulfills orders by itself cannot be read through any API that we know of: it is
//! told by what it leaves behind.

use std::time::Duration;

use connector_api::{ChannelError, Check, Failure, Reach, Reached, unanswered};
use domain::connection::Connection;
use serde::Deserialize;
use serde_json::json;

use crate::client::{API_VERSION, Client};
use crate::options;
use crate::wire::Instant;
use crate::wire::queries::{CHECK_UP, RECENT};

/// A fulfillment this soon after its order, and without a number, was made by no person.
const BY_ITSELF: Duration = Duration::from_secs(60);

/// Any of these lets fulfillments be read and heard of; `write_` of the same includes it.
const FULFILLMENT_SCOPES: [&str; 6] = [
    "fulfillments",
    "marketplace_orders",
    "merchant_managed_fulfillment_orders",
    "third_party_fulfillment_orders",
    "assigned_fulfillment_orders",
    "marketplace_fulfillment_orders",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    shop: Shop,
    #[serde(default)]
    current_app_installation: Option<Installation>,
    #[serde(default)]
    public_api_versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shop {
    myshopify_domain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installation {
    access_scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    handle: String,
}

#[derive(Deserialize)]
struct Version {
    handle: String,
    supported: bool,
}

/// Everything that can be looked at, in the order in which it has to be mended.
pub(crate) async fn check_up(reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
    let (client, answer) = match ask(reach, connection).await {
        Ok(answered) => answered,
        Err(error) => return vec![refused(&error, connection)],
    };
    let mut checks = vec![Check::good("credentials", "Shopify takes the access token")];
    checks.push(shop(&answer.shop, connection));
    let granted: Option<Vec<String>> = answer
        .current_app_installation
        .map(|installation| installation.access_scopes.into_iter().map(|scope| scope.handle).collect());
    let (reads_orders, scopes) = scopes(granted.as_deref());
    checks.push(scopes);
    checks.push(version(&answer.public_api_versions));
    if reads_orders {
        checks.push(automatic(&client).await);
    }
    checks
}

/// Asks the shop; where a token that was fetched before is not taken, once more with a new one: only that tells of the app.
async fn ask<'a>(reach: Reach<'a>, connection: &'a Connection) -> Result<(Client<'a>, Answer), ChannelError> {
    let open = async || Client::open(reach, connection, CHECK_UP.operation).await;
    let client = open().await?;
    match client.ask(CHECK_UP, json!({})).await {
        Ok(answer) => Ok((client, answer)),
        Err(error)
            if client.token_is_old()
                && matches!(error.failure, Failure::Retryable { reached: Reached::No, .. }) =>
        {
            let client = open().await?;
            let answer = client.ask(CHECK_UP, json!({})).await?;
            Ok((client, answer))
        }
        Err(error) => Err(error),
    }
}

fn refused(error: &ChannelError, connection: &Connection) -> Check {
    let id = &connection.account.connection;
    let mend = format!(
        "in the shop's admin, see that the app is installed and the shop is open; put the app's client id and client \
         secret into the secrets of {id} (`client_id`, `client_secret`; of an app made before 2026 its Admin API access \
         token, `access_token`), and see that its option `shop` is the shop's own address"
    );
    unanswered("credentials", error, &mend)
}

fn shop(shop: &Shop, connection: &Connection) -> Check {
    let told = shop.myshopify_domain.as_str();
    match options::shop(connection) {
        Some(named) if named == told => Check::good("shop", format!("the shop is {told}")),
        named => Check::warning(
            "shop",
            format!("the token belongs to {told}, the settings say {}", named.unwrap_or("nothing")),
            format!("set the option `shop` of {} to {told:?}", connection.account.connection),
        ),
    }
}

/// Whether orders may be read, and what there is to say of the scopes.
fn scopes(granted: Option<&[String]>) -> (bool, Check) {
    let Some(granted) = granted else {
        let check = Check::by_hand(
            "scopes",
            "the shop does not say which scopes the app has",
            "in the shop's admin, see that the app may read orders and fulfillments",
        );
        return (true, check);
    };
    let has = |name: &str| {
        granted.iter().any(|scope| {
            ["read_", "write_"].iter().any(|verb| scope.strip_prefix(verb).is_some_and(|rest| rest == name))
        })
    };
    let mut missing = Vec::new();
    if !has("orders") {
        missing.push("read_orders");
    }
    if !FULFILLMENT_SCOPES.iter().any(|name| has(name)) {
        missing.push("read_merchant_managed_fulfillment_orders");
    }
    if missing.is_empty() {
        return (true, Check::good("scopes", "the app may read orders and fulfillments"));
    }
    let missing = missing.join(" and ");
    let check = Check::bad(
        "scopes",
        format!("the app has no {missing}"),
        format!(
            "give the app {missing} (in the Dev Dashboard by a new version, released) and install it anew in the shop; an \
             app made before 2026 gets a new access token by that: put it into the secrets"
        ),
    );
    (has("orders"), check)
}

fn version(versions: &[Version]) -> Check {
    match versions.iter().find(|version| version.handle == API_VERSION) {
        Some(version) if version.supported => {
            Check::good("api_version", format!("API version {API_VERSION} is supported"))
        }
        _ => Check::warning(
            "api_version",
            format!("Shopify supports API version {API_VERSION} no longer, and answers by another"),
            "upgrade Parcelwire",
        ),
    }
}

#[derive(Deserialize)]
struct Recent {
    orders: Nodes<Order>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    created_at: Instant,
    fulfillments: Vec<Fulfillment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fulfillment {
    created_at: Instant,
    #[serde(default)]
    tracking_info: Vec<Tracking>,
    fulfillment_line_items: Nodes<FulfillmentLine>,
}

#[derive(Deserialize)]
struct Tracking {
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FulfillmentLine {
    line_item: Option<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    requires_shipping: bool,
}

impl Order {
    /// Whether something that must travel was fulfilled at once, without a number.
    fn fulfilled_itself(&self) -> bool {
        self.fulfillments.iter().any(|fulfillment| {
            let waited = fulfillment.created_at.0.duration_since(self.created_at.0);
            let at_once = Duration::try_from(waited).is_ok_and(|waited| waited <= BY_ITSELF);
            let travels = fulfillment
                .fulfillment_line_items
                .nodes
                .iter()
                .any(|line| line.line_item.as_ref().is_some_and(|line| line.requires_shipping));
            let numbered = fulfillment
                .tracking_info
                .iter()
                .any(|tracking| tracking.number.as_deref().is_some_and(|number| !number.trim().is_empty()));
            at_once && travels && !numbered
        })
    }
}

/// Whether the shop fulfills orders by itself: then parcels would be told before they have a number.
async fn automatic(client: &Client<'_>) -> Check {
    const CHECK: &str = "automatic_fulfillment";
    const WHERE: &str = "in the shop's admin, Settings > Checkout > Order processing";
    let recent: Recent = match client.ask(RECENT, json!({})).await {
        Ok(recent) => recent,
        Err(error) if matches!(error.failure, Failure::NeedsMerchant { .. }) => {
            return Check::bad(
                CHECK,
                format!("orders cannot be read: {}", error.detail),
                "grant the app read_orders and install it anew in the shop",
            );
        }
        Err(error) => return unanswered(CHECK, &error, "look again"),
    };
    let orders = &recent.orders.nodes;
    let shipped = orders.iter().filter(|order| !order.fulfillments.is_empty()).count();
    let by_itself = orders.iter().filter(|order| order.fulfilled_itself()).count();
    if by_itself > 0 {
        return Check::warning(
            CHECK,
            format!(
                "{by_itself} of the last {shipped} fulfilled orders were fulfilled within a minute, without a number: \
                 the shop seems to fulfill orders by itself"
            ),
            format!("{WHERE}: do not fulfill orders automatically; ship with a tracking number instead"),
        );
    }
    if shipped == 0 {
        return Check::by_hand(
            CHECK,
            "the shop's setting cannot be read, and no order was fulfilled yet to tell it by",
            format!("{WHERE}: orders must not be fulfilled automatically"),
        );
    }
    Check::good(
        CHECK,
        format!("none of the last {shipped} fulfilled orders was fulfilled by the shop itself"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::Outcome;
    use serde_json::json;

    #[test]
    fn write_includes_read_and_any_fulfillment_scope_will_do() {
        for (granted, reads, missing) in [
            (vec!["read_orders", "read_fulfillments"], true, None),
            (vec!["write_orders", "write_merchant_managed_fulfillment_orders"], true, None),
            (vec!["read_orders"], true, Some("read_merchant_managed_fulfillment_orders")),
            (vec!["read_all_orders", "read_fulfillments"], false, Some("read_orders")),
            (vec![], false, Some("read_orders and read_merchant_managed_fulfillment_orders")),
        ] {
            let granted: Vec<String> = granted.into_iter().map(str::to_owned).collect();
            let (may_read, check) = scopes(Some(&granted));
            assert_eq!((may_read, check.outcome == Outcome::Bad), (reads, missing.is_some()), "{granted:?}");
            assert!(missing.is_none_or(|missing| check.words.ends_with(missing)), "{check:?}");
        }
    }

    #[test]
    fn only_what_travels_and_left_at_once_without_a_number_was_fulfilled_by_the_shop() {
        let order = |after: u32, number: Option<&str>, travels: bool| -> Order {
            let tracking = number.map_or_else(|| json!([]), |number| json!([{ "number": number }]));
            serde_json::from_value(json!({
                "createdAt": "2026-11-20T10:00:00Z",
                "fulfillments": [{
                    "createdAt": format!("2026-11-20T10:{:02}:{:02}Z", after / 60, after % 60),
                    "trackingInfo": tracking,
                    "fulfillmentLineItems": { "nodes": [{ "lineItem": { "requiresShipping": travels } }] },
                }],
            }))
            .unwrap()
        };
        for (after, number, travels, want) in [
            (0, None, true, true),
            (60, None, true, true),
            (61, None, true, false),
            (0, Some("1Z"), true, false),
            (0, Some(" "), true, true),
            (0, None, false, false),
        ] {
            assert_eq!(
                order(after, number, travels).fulfilled_itself(),
                want,
                "{after} {number:?} {travels}"
            );
        }
    }
}
