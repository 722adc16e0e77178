//! Subscriptions of the Notification API: in the seller's name, to a destination that belongs to the app.
//!
//! The topic of closed accounts is not among them: it is set once per app in eBay's developer portal.
//!
//! Contract: Notification API 1.5.1 (10,000 calls a day and app), read 21 November 2026.

use std::collections::BTreeMap;

use async_trait::async_trait;
use connector_api::hosts::header;
use connector_api::loose::{count, lenient, lenient_list, text};
use connector_api::tokens::Access;
use connector_api::{
    ChannelError, Failure, Reach, Subscribes, Subscription, SubscriptionChange, VERIFICATION_TOKEN,
};
use domain::connection::Connection;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::client::{Good, Session, bad_settings, judge, request, unsent};
use crate::hosts::Hosts;
use crate::notify::event::ORDER_CONFIRMATION;
use crate::{Ebay, KIND};

const CONFIG: &str = "updateConfig";
const DESTINATION: &str = "createDestination";
const SUBSCRIPTIONS: &str = "getSubscriptions";
const SUBSCRIBE: &str = "createSubscription";
const TOPIC: &str = "getTopic";

/// Rows a page.
const PAGE_SIZE: &str = "100";
/// Pages read at most: nobody has thousands of subscriptions.
const MOST_PAGES: usize = 20;
/// Characters that a destination's name may have.
const LONGEST_NAME: usize = 64;

/// A page of a list; which list, the caller knows.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Page {
    #[serde(deserialize_with = "lenient_list")]
    subscriptions: Option<Vec<Subscribed>>,
    #[serde(deserialize_with = "lenient_list")]
    destinations: Option<Vec<Destination>>,
    #[serde(deserialize_with = "text")]
    next: Option<String>,
    #[serde(deserialize_with = "count")]
    total: Option<u32>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subscribed {
    #[serde(deserialize_with = "text")]
    subscription_id: Option<String>,
    #[serde(deserialize_with = "text")]
    topic_id: Option<String>,
    #[serde(deserialize_with = "text")]
    destination_id: Option<String>,
    #[serde(deserialize_with = "text")]
    status: Option<String>,
    #[serde(deserialize_with = "text")]
    filter_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    payload: Option<Payload>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Payload {
    #[serde(deserialize_with = "text")]
    format: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Destination {
    #[serde(deserialize_with = "text")]
    destination_id: Option<String>,
    #[serde(deserialize_with = "text")]
    status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    delivery_config: Option<DeliveryConfig>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct DeliveryConfig {
    #[serde(deserialize_with = "text")]
    endpoint: Option<String>,
}

impl Destination {
    fn endpoint(&self) -> Option<&str> {
        self.delivery_config.as_ref()?.endpoint.as_deref()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    #[serde(deserialize_with = "text")]
    alert_email: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Topic {
    #[serde(deserialize_with = "text")]
    scope: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    supported_payloads: Option<Vec<SupportedPayload>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SupportedPayload {
    #[serde(deserialize_with = "lenient_list")]
    format: Option<Vec<String>>,
    #[serde(deserialize_with = "text")]
    schema_version: Option<String>,
    #[serde(deserialize_with = "lenient")]
    deprecated: Option<bool>,
}

#[async_trait]
impl Subscribes for Ebay {
    fn topics(&self) -> &'static [&'static str] {
        &[ORDER_CONFIRMATION]
    }

    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(SUBSCRIPTIONS, &problem))?;
        let app =
            App { ebay: self, reach, hosts: &hosts, secrets: secrets(reach, connection).await?, connection };
        let subscribed = subscribed(reach, connection, &hosts).await?;
        if subscribed.is_empty() {
            return Ok(Vec::new());
        }
        let destinations = app.destinations().await?;
        Ok(subscribed.into_iter().filter_map(|one| as_told(one, &destinations)).collect())
    }

    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(SUBSCRIBE, &problem))?;
        let app =
            App { ebay: self, reach, hosts: &hosts, secrets: secrets(reach, connection).await?, connection };
        match change {
            SubscriptionChange::Create { topic, address } => {
                let topic = (*topic).to_owned();
                let destination = app.destination_at(address).await?;
                let payload = app.payload(&topic).await?;
                let made = app.subscribe(&topic, &destination, &payload).await;
                let exists =
                    |e: &ChannelError| matches!(&e.failure, Failure::Rejected { code } if code == "195012");
                match made {
                    // It is there, and sends elsewhere or not at all: what was asked for is where it sends to.
                    Err(error) if exists(&error) => {
                        let found = subscribed(reach, connection, &hosts).await?;
                        let id =
                            found.into_iter().find(|one| one.topic_id.as_deref() == Some(topic.as_str()));
                        let id = id.and_then(|one| one.subscription_id).ok_or(error)?;
                        app.redirect(&id, &destination, &payload).await
                    }
                    other => other,
                }
            }
            SubscriptionChange::Redirect { id, address } => {
                let found = subscribed(reach, connection, &hosts).await?;
                let topic = found
                    .into_iter()
                    .find(|one| one.subscription_id.as_deref() == Some(id.as_str()))
                    .and_then(|one| one.topic_id)
                    .ok_or_else(|| unsent(SUBSCRIBE, Failure::NotFound, "there is no such subscription"))?;
                let destination = app.destination_at(address).await?;
                let payload = app.payload(&topic).await?;
                app.redirect(id, &destination, &payload).await
            }
            SubscriptionChange::Delete { id } => {
                let session = Session::open(reach, connection, &hosts, SUBSCRIBE).await?;
                let url = hosts.notification(&["subscription", id]);
                session.send(Method::DELETE, &url, None).await.map(drop)
            }
        }
    }
}

/// The credential's secrets: the app's keys, and the verification token that the caller lends.
async fn secrets(
    reach: Reach<'_>,
    connection: &Connection,
) -> Result<BTreeMap<String, SecretString>, ChannelError> {
    let loaded = reach.credentials.load(&connection.account).await.map_err(|error| {
        let failure = Failure::Retryable { reached: connector_api::Reached::No, after: None };
        unsent(SUBSCRIPTIONS, failure, error.to_string())
    })?;
    Ok(loaded.unwrap_or_default().secrets)
}

/// The seller's subscriptions, all pages.
async fn subscribed(
    reach: Reach<'_>,
    connection: &Connection,
    hosts: &Hosts,
) -> Result<Vec<Subscribed>, ChannelError> {
    let session = Session::open(reach, connection, hosts, SUBSCRIPTIONS).await?;
    let mut all = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let url = listing(hosts, "subscription", token.as_deref());
        let good = session.send(Method::GET, &url, None).await?;
        let page: Page = read(&good, SUBSCRIPTIONS)?;
        let Some(rows) = page.subscriptions else {
            // None at all is said by the count, or by an answer without a body.
            let none = page.total == Some(0) || good.status == 204 || !all.is_empty();
            return if none { Ok(all) } else { Err(good.unreadable(SUBSCRIPTIONS, "it holds no list")) };
        };
        all.extend(rows);
        token = page.next.as_deref().and_then(continuation);
        if token.is_none() {
            break;
        }
    }
    Ok(all)
}

fn listing(hosts: &Hosts, what: &str, token: Option<&str>) -> Url {
    let mut url = hosts.notification(&[what]);
    url.query_pairs_mut().append_pair("limit", PAGE_SIZE);
    if let Some(token) = token {
        url.query_pairs_mut().append_pair("continuation_token", token);
    }
    url
}

/// The token in the next page's address. The address itself is never called.
fn continuation(next: &str) -> Option<String> {
    let query = next.split_once('?')?.1;
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "continuation_token");
    found.map(|(_, value)| value.into_owned()).filter(|token| !token.is_empty())
}

fn read<T: DeserializeOwned + Default>(good: &Good, operation: &'static str) -> Result<T, ChannelError> {
    if good.status == 204 && good.is_blank() {
        return Ok(T::default());
    }
    good.read().map_err(|why| good.unreadable(operation, why))
}

/// A subscription in the caller's words; `None` without an id or a topic, or to a destination of another app's.
fn as_told(one: Subscribed, destinations: &[Destination]) -> Option<Subscription> {
    let (id, topic) = (one.subscription_id?, one.topic_id?);
    let to = destinations.iter().find(|d| d.destination_id == one.destination_id)?;
    let enabled = |status: Option<&str>| status.is_some_and(|status| status.eq_ignore_ascii_case("ENABLED"));
    let format = one.payload.and_then(|payload| payload.format);
    let flaw = if !enabled(one.status.as_deref()) {
        Some("it is switched off".to_owned())
    } else if !enabled(to.status.as_deref()) {
        let status = to.status.as_deref().unwrap_or("unknown");
        Some(format!("eBay sends nothing to this address: its destination is {status}"))
    } else if one.filter_id.is_some() {
        Some("it is filtered".to_owned())
    } else if format.is_some_and(|format| !format.eq_ignore_ascii_case("JSON")) {
        Some("its format is not JSON".to_owned())
    } else {
        None
    };
    Some(Subscription { id, topic, address: to.endpoint()?.to_owned(), flaw })
}

/// What is asked in the app's own name.
struct App<'a> {
    ebay: &'a Ebay,
    reach: Reach<'a>,
    hosts: &'a Hosts,
    secrets: BTreeMap<String, SecretString>,
    connection: &'a Connection,
}

impl App<'_> {
    async fn send(
        &self,
        operation: &'static str,
        method: Method,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Good, ChannelError> {
        let token = self.ebay.keys.app_token(self.reach, self.hosts, &self.secrets).await?;
        let body = body.map(|body| body.to_string().into_bytes());
        let request = request(operation, method, url, &token, body)?;
        let sent = self.reach.transport.send(request).await;
        let response = sent.map_err(|error| ChannelError::transport(KIND, operation, error))?;
        judge(response).map_err(|judged| {
            if judged.verdict.refuses_token() {
                self.ebay.keys.forget_token(self.hosts, &self.secrets);
            }
            // The app's token says nothing of the seller's authorisation: it is never held against it.
            let mut error = judged.error(operation, &Access { token, new: false });
            let verification = self.secrets.get(VERIFICATION_TOKEN);
            error.detail =
                connector_api::tokens::scrub(&error.detail, &verification.into_iter().collect::<Vec<_>>());
            error
        })
    }

    async fn destinations(&self) -> Result<Vec<Destination>, ChannelError> {
        let mut all = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let url = listing(self.hosts, "destination", token.as_deref());
            let good = self.send(DESTINATION, Method::GET, &url, None).await?;
            let page: Page = read(&good, DESTINATION)?;
            all.extend(page.destinations.unwrap_or_default());
            token = page.next.as_deref().and_then(continuation);
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// The destination of this address: one that is there and works, else made or switched on. eBay asks the address
    /// for its challenge before it answers.
    async fn destination_at(&self, address: &str) -> Result<String, ChannelError> {
        let secret = self.secrets.get(VERIFICATION_TOKEN).ok_or_else(|| {
            let refused = Failure::Rejected { code: "NotSent".to_owned() };
            unsent(
                DESTINATION,
                refused,
                "the connection has no secret `webhook`: eBay wants it as verification token",
            )
        })?;
        self.alert_address().await?;
        let id = self.connection.account.connection.as_str();
        let name: String = format!("Parcelwire {id}").chars().take(LONGEST_NAME).collect();
        let body = json!({
            "name": name,
            "status": "ENABLED",
            "deliveryConfig": { "endpoint": address, "verificationToken": secret.expose_secret() },
        });
        let found = self.destinations().await?.into_iter().find(|one| one.endpoint() == Some(address));
        if let Some(found) = found {
            let id = found.destination_id.unwrap_or_default();
            if !found.status.is_some_and(|status| status.eq_ignore_ascii_case("ENABLED")) {
                let url = self.hosts.notification(&["destination", &id]);
                self.send(DESTINATION, Method::PUT, &url, Some(&body)).await?;
            }
            return Ok(id);
        }
        let url = self.hosts.notification(&["destination"]);
        let good = self.send(DESTINATION, Method::POST, &url, Some(&body)).await?;
        let location = header(&good.headers, "location").unwrap_or_default();
        let id = location.trim_end_matches('/').rsplit_once("/destination/").map(|(_, id)| id.to_owned());
        id.filter(|id| !id.is_empty() && !id.contains('/'))
            .ok_or_else(|| good.unreadable(DESTINATION, "it does not name the destination"))
    }

    /// Without an address for alerts eBay makes no destination (195003). One that is set is left alone.
    async fn alert_address(&self) -> Result<(), ChannelError> {
        let url = self.hosts.notification(&["config"]);
        let known = match self.send(CONFIG, Method::GET, &url, None).await {
            Ok(good) => read::<Config>(&good, CONFIG)?.alert_email,
            Err(error) if error.failure == Failure::NotFound => None,
            Err(error) => return Err(error),
        };
        if known.is_some() {
            return Ok(());
        }
        let to = self.connection.mail.to.first().ok_or_else(|| {
            let refused = Failure::Rejected { code: "195003".to_owned() };
            unsent(CONFIG, refused, "eBay wants an address for its alerts first, and [mail] to names none")
        })?;
        self.send(CONFIG, Method::PUT, &url, Some(&json!({ "alertEmail": to }))).await.map(drop)
    }

    /// The payload to subscribe with, and whether the topic is the seller's.
    async fn payload(&self, topic: &str) -> Result<ForTopic, ChannelError> {
        let url = self.hosts.notification(&["topic", topic]);
        let good = self.send(TOPIC, Method::GET, &url, None).await?;
        let told: Topic = read(&good, TOPIC)?;
        let json = |payload: &&SupportedPayload| {
            payload.deprecated != Some(true)
                && payload.format.iter().flatten().any(|format| format.eq_ignore_ascii_case("JSON"))
        };
        let supported = told.supported_payloads.unwrap_or_default();
        let version =
            supported.iter().filter(json).filter_map(|payload| payload.schema_version.clone()).next_back();
        let version = version.ok_or_else(|| good.unreadable(TOPIC, "the topic has no payload in JSON"))?;
        let of_app = told.scope.is_some_and(|scope| scope.eq_ignore_ascii_case("APPLICATION"));
        Ok(ForTopic { version, of_app })
    }

    async fn subscribe(&self, topic: &str, destination: &str, how: &ForTopic) -> Result<(), ChannelError> {
        let mut body = how.body(destination);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("topicId".to_owned(), topic.into());
        }
        self.as_subscriber(how, Method::POST, &self.hosts.notification(&["subscription"]), &body).await
    }

    async fn redirect(&self, id: &str, destination: &str, how: &ForTopic) -> Result<(), ChannelError> {
        let url = self.hosts.notification(&["subscription", id]);
        self.as_subscriber(how, Method::PUT, &url, &how.body(destination)).await
    }

    async fn as_subscriber(
        &self,
        how: &ForTopic,
        method: Method,
        url: &Url,
        body: &Value,
    ) -> Result<(), ChannelError> {
        if how.of_app {
            return self.send(SUBSCRIBE, method, url, Some(body)).await.map(drop);
        }
        let session = Session::open(self.reach, self.connection, self.hosts, SUBSCRIBE).await?;
        session.send(method, url, Some(body.to_string().into_bytes())).await.map(drop)
    }
}

/// How a topic is subscribed to.
struct ForTopic {
    version: String,
    of_app: bool,
}

impl ForTopic {
    fn body(&self, destination: &str) -> Value {
        json!({
            "destinationId": destination,
            "status": "ENABLED",
            "payload": { "format": "JSON", "schemaVersion": self.version, "deliveryProtocol": "HTTPS" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_by_its_token_alone() {
        for (next, want) in [
            ("https://thief.example/x?limit=20&continuation_token=a%2Bb", Some("a+b")),
            ("/commerce/notification/v1/subscription?continuation_token=", None),
            ("/commerce/notification/v1/subscription", None),
        ] {
            assert_eq!(continuation(next).as_deref(), want, "{next}");
        }
    }
}
