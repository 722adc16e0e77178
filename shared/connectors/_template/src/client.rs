//! Requests to TEMPLATE's API.
//!
//! A connector does not sleep and does not retry: it says what happened, and the workflow decides.

use connector_api::{
    ChannelError, Check, Cursor, Failure, FulfillmentPage, MerchantAction, Reach, Reached, Subscription,
    SubscriptionChange, unanswered,
};
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::StoreOrderId;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;

use crate::{TITLE, errors, wire};

/// The option that names the account.
pub(crate) const ACCOUNT: &str = "account";
/// The secret that every request carries.
pub(crate) const ACCESS_TOKEN: &str = "access_token";
/// TEMPLATE: where requests go. A constant: nothing from outside becomes a host.
const BASE: &str = "https://api.template.example";

/// The account's name, if it can stand in a path.
pub(crate) fn account(connection: &Connection) -> Option<&str> {
    connection.option(ACCOUNT).filter(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
}

fn unready(operation: &'static str, detail: &str) -> ChannelError {
    ChannelError::new(TITLE, operation, Failure::NeedsMerchant { action: MerchantAction::Reconnect }, detail)
}

fn odd(operation: &'static str, detail: &str) -> ChannelError {
    ChannelError::new(TITLE, operation, Failure::Retryable { reached: Reached::Maybe, after: None }, detail)
}

/// Gets `path` and reads the answer.
async fn get<T: DeserializeOwned>(
    reach: Reach<'_>,
    connection: &Connection,
    operation: &'static str,
    path: &str,
) -> Result<T, ChannelError> {
    call(reach, connection, operation, Method::GET, path, Vec::new()).await
}

/// Sends one request and reads the answer.
async fn call<T: DeserializeOwned>(
    reach: Reach<'_>,
    connection: &Connection,
    operation: &'static str,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<T, ChannelError> {
    let account = account(connection).ok_or_else(|| unready(operation, "the option `account` is missing"))?;
    let base = connection.base_url.as_deref().unwrap_or(BASE).trim_end_matches('/');
    let credential = reach.credentials.load(&connection.account).await.map_err(|error| {
        let failure = Failure::Retryable { reached: Reached::No, after: None };
        let mut failed = ChannelError::new(TITLE, operation, failure, error.to_string());
        failed.source = Some(Box::new(error.into()));
        failed
    })?;
    let secret = credential.as_ref().and_then(|all| all.secret(ACCESS_TOKEN));
    let secret = secret.ok_or_else(|| unready(operation, "there is no access token"))?;
    let mut token = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret().trim()))
        .map_err(|_| unready(operation, "the access token holds characters that none has"))?;
    token.set_sensitive(true);
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{base}/v1/accounts/{account}/{path}"))
        .header(AUTHORIZATION, token)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|_| unready(operation, "the base URL is no address"))?;
    let sent = reach.transport.send(request).await;
    let answer = sent.map_err(|error| ChannelError::transport(TITLE, operation, error))?;
    let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let request_id = text("x-request-id").map(|id| id.chars().take(100).collect::<String>());
    let judged = errors::classify(answer.status().as_u16(), text(RETRY_AFTER.as_str()), answer.body());
    if let Some((failure, detail)) = judged {
        return Err(ChannelError::new(TITLE, operation, failure, detail).with_request_id(request_id));
    }
    // The parser's words may quote the answer, so they are not shown.
    serde_json::from_slice(answer.body())
        .map_err(|_| odd(operation, "the answer is not as described").with_request_id(request_id))
}

/// Reads an order with its shipments.
///
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn read_order(
    reach: Reach<'_>,
    connection: &Connection,
    order: &StoreOrderId,
) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
    let operation = "getOrder";
    // Ids come from outside: only what can be one is put into a path.
    if !order.as_str().bytes().all(|b| b.is_ascii_digit()) {
        return Err(ChannelError::new(TITLE, operation, Failure::NotFound, "no order has such an id"));
    }
    let found: wire::Order = get(reach, connection, operation, &format!("orders/{order}")).await?;
    found.into_facts().map(|(_, order, facts)| (order, facts)).map_err(|detail| odd(operation, &detail))
}

/// Reads a page of the orders that changed.
///
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn changed_fulfillments(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<FulfillmentPage, ChannelError> {
    let operation = "listOrders";
    let page: u64 = cursor.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1);
    let path = format!("orders?changed_since={}&page={page}", cursor.since.as_second());
    let found: wire::Orders = get(reach, connection, operation, &path).await?;
    let mut latest = cursor.since;
    let mut orders = Vec::new();
    for order in found.orders {
        let (id, fact, facts) = order.into_facts().map_err(|detail| odd(operation, &detail))?;
        latest = latest.max(fact.updated_at);
        orders.push((id, facts));
    }
    // TEMPLATE: `since` advances only when the last page was read, and in the other side's own time.
    let next = if found.more {
        Cursor { since: cursor.since, page: Some((page + 1).to_string()) }
    } else {
        Cursor { since: latest, page: None }
    };
    Ok(FulfillmentPage { orders, next })
}

/// Lists the app's own webhook subscriptions.
///
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn subscriptions(
    reach: Reach<'_>,
    connection: &Connection,
) -> Result<Vec<Subscription>, ChannelError> {
    let found: Vec<wire::Webhook> = get(reach, connection, "listWebhooks", "webhooks").await?;
    Ok(found.into_iter().map(Subscription::from).collect())
}

/// Makes one change of them.
///
/// Contract: TEMPLATE, operations, version, date read.
pub(crate) async fn change_subscription(
    reach: Reach<'_>,
    connection: &Connection,
    change: &SubscriptionChange,
) -> Result<(), ChannelError> {
    let (operation, method, path, body) = match change {
        SubscriptionChange::Create { topic, address } => {
            let body = json!({ "topic": topic, "address": address });
            ("createWebhook", Method::POST, "webhooks".to_owned(), body)
        }
        SubscriptionChange::Redirect { id, address } => {
            ("updateWebhook", Method::PUT, format!("webhooks/{id}"), json!({ "address": address }))
        }
        SubscriptionChange::Delete { id } => {
            ("deleteWebhook", Method::DELETE, format!("webhooks/{id}"), json!({}))
        }
    };
    let body = body.to_string().into_bytes();
    call::<IgnoredAny>(reach, connection, operation, method, &path, body).await.map(drop)
}

/// Looks whether the token is taken, by a read that changes nothing and names no buyer.
///
/// TEMPLATE: look at everything else that must be so: scopes, prerequisites, the API's version.
pub(crate) async fn check_up(reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
    const CHECK: &str = "credentials";
    let asked: Result<IgnoredAny, ChannelError> = get(reach, connection, "listWebhooks", "webhooks").await;
    vec![match asked {
        Ok(_) => Check::good(CHECK, format!("{TITLE} takes the access token")),
        Err(error) => unanswered(CHECK, &error, "put a new `access_token` into the connection's secrets"),
    }]
}
