//! Subscriptions to notifications, and the destination that they go to: an SQS queue, by its ARN.
//!
//! Contract: Notifications API v1, model of 5 August 2026, read 21 November 2026. One request a second, burst 5.
//! Destinations, and deleting a subscription, take a grantless token (scope `sellingpartnerapi::notifications`);
//! everything else the seller's. A subscription cannot be changed: it is ended and made anew. Amazon keeps one per
//! seller, app and topic, and answers 409 to a second.

use async_trait::async_trait;
use connector_api::loose::{lenient, lenient_list, text};
use connector_api::{ChannelError, Failure, Reach, Subscribes, Subscription, SubscriptionChange};
use domain::connection::Connection;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Amazon;
use crate::client::{Good, Refused, Session, bad_settings, unsent};
use crate::notices::{FEED_FINISHED, ORDER_CHANGE};
use crate::regions::Hosts;

const TOPICS: [&str; 2] = [ORDER_CHANGE, FEED_FINISHED];

const GET_DESTINATIONS: &str = "getDestinations";
const CREATE_DESTINATION: &str = "createDestination";
const GET_SUBSCRIPTION: &str = "getSubscription";
const CREATE_SUBSCRIPTION: &str = "createSubscription";
const DELETE_SUBSCRIPTION: &str = "deleteSubscriptionById";

/// The version of a topic's payload that we read.
fn payload_version(topic: &str) -> &'static str {
    if topic == FEED_FINISHED { "2020-09-04" } else { "1.0" }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Found {
    #[serde(deserialize_with = "text")]
    subscription_id: Option<String>,
    #[serde(deserialize_with = "text")]
    payload_version: Option<String>,
    #[serde(deserialize_with = "text")]
    destination_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    processing_directive: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FoundAnswer {
    #[serde(deserialize_with = "lenient")]
    payload: Option<Found>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Destination {
    #[serde(deserialize_with = "text")]
    destination_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    resource: Option<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    #[serde(deserialize_with = "lenient")]
    sqs: Option<Sqs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sqs {
    #[serde(deserialize_with = "text")]
    arn: Option<String>,
}

impl Destination {
    fn arn(&self) -> Option<&str> {
        self.resource.as_ref()?.sqs.as_ref()?.arn.as_deref()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destinations {
    #[serde(deserialize_with = "lenient_list")]
    payload: Option<Vec<Destination>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MadeDestination {
    #[serde(deserialize_with = "lenient")]
    payload: Option<Destination>,
}

/// What is wrong with a subscription that is there.
fn flaw(topic: &str, found: &Found) -> Option<String> {
    let version = found.payload_version.as_deref().unwrap_or_default();
    if version != payload_version(topic) {
        return Some(format!("it has payload version {version:?}, not {:?}", payload_version(topic)));
    }
    let directive = found.processing_directive.as_ref()?;
    if directive.get("filterExpression").is_some_and(|filter| !filter.is_null()) {
        return Some("it has a filter expression".to_owned());
    }
    let filter = directive.get("eventFilter")?;
    for (name, what) in [("marketplaceIds", "marketplaces"), ("orderChangeTypes", "kinds of change")] {
        if filter.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            return Some(format!("it leaves out {what}"));
        }
    }
    None
}

/// A queue of SQS that Amazon can write to: a standard one.
fn check_arn(arn: &str) -> Result<(), String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [prefix, partition, service, region, account, queue] = parts.as_slice() else {
        return Err(format!("{arn:?} is no queue's ARN: Amazon sends to an SQS queue only"));
    };
    let formed = *prefix == "arn"
        && partition.starts_with("aws")
        && *service == "sqs"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && !queue.is_empty();
    if !formed {
        return Err(format!("{arn:?} is no queue's ARN: Amazon sends to an SQS queue only"));
    }
    if queue.ends_with(".fifo") {
        return Err(format!("{arn}: Amazon sends to standard queues only, not to FIFO queues"));
    }
    Ok(())
}

/// All that the calls of one connection need.
struct Calls<'a> {
    reach: Reach<'a>,
    connection: &'a Connection,
    hosts: Hosts,
}

impl<'a> Calls<'a> {
    fn new(reach: Reach<'a>, connection: &'a Connection) -> Result<Self, ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(GET_SUBSCRIPTION, &problem))?;
        Ok(Self { reach, connection, hosts })
    }

    async fn seller(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Good, Refused> {
        let session = Session::open(self.reach, self.connection, &self.hosts, operation).await;
        let url = self.hosts.api_url(path);
        session.map_err(Refused::of)?.send(method, &url, body.map(|b| b.to_string().into_bytes())).await
    }

    async fn grantless(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Good, ChannelError> {
        let session = Session::grantless(self.reach, self.connection, &self.hosts, operation).await?;
        let url = self.hosts.api_url(path);
        let sent = session.send(method, &url, body.map(|b| b.to_string().into_bytes())).await;
        sent.map_err(|refused| refused.error)
    }

    async fn destinations(&self) -> Result<Vec<Destination>, ChannelError> {
        let path = ["notifications", "v1", "destinations"];
        let good = self.grantless(GET_DESTINATIONS, Method::GET, &path, None).await?;
        let all: Destinations = good.read().map_err(|why| good.unreadable(GET_DESTINATIONS, why))?;
        Ok(all.payload.unwrap_or_default())
    }

    /// The destination of this queue: found, or made.
    async fn destination(&self, arn: &str) -> Result<String, ChannelError> {
        let known = |all: Vec<Destination>| {
            all.into_iter().find(|one| one.arn() == Some(arn)).and_then(|one| one.destination_id)
        };
        if let Some(id) = known(self.destinations().await?) {
            return Ok(id);
        }
        let queue = arn.rsplit(':').next().unwrap_or_default();
        let name: String = format!("parcelwire-{queue}").chars().take(64).collect();
        let body = json!({ "name": name, "resourceSpecification": { "sqs": { "arn": arn } } });
        let path = ["notifications", "v1", "destinations"];
        match self.grantless(CREATE_DESTINATION, Method::POST, &path, Some(&body)).await {
            Ok(good) => {
                let made: MadeDestination =
                    good.read().map_err(|why| good.unreadable(CREATE_DESTINATION, why))?;
                made.payload
                    .and_then(|made| made.destination_id)
                    .ok_or_else(|| good.unreadable(CREATE_DESTINATION, "no destinationId"))
            }
            // Somebody made it at the same time.
            Err(error) => match known(self.destinations().await?) {
                Some(id) => Ok(id),
                None => Err(error),
            },
        }
    }

    async fn found(&self, topic: &str) -> Result<Option<Found>, ChannelError> {
        let path = ["notifications", "v1", "subscriptions", topic];
        match self.seller(GET_SUBSCRIPTION, Method::GET, &path, None).await {
            Ok(good) => {
                let answer: FoundAnswer =
                    good.read().map_err(|why| good.unreadable(GET_SUBSCRIPTION, why))?;
                Ok(answer.payload.filter(|found| found.subscription_id.is_some()))
            }
            Err(refused) if refused.error.failure == Failure::NotFound => Ok(None),
            Err(refused) => Err(refused.error),
        }
    }

    /// Subscribes; what is there already and would serve is kept, what would not is replaced.
    async fn create(&self, topic: &str, arn: &str) -> Result<(), ChannelError> {
        check_arn(arn).map_err(|why| not_sent(CREATE_SUBSCRIPTION, why))?;
        let destination = self.destination(arn).await?;
        let mut body = json!({ "payloadVersion": payload_version(topic), "destinationId": destination });
        if topic == ORDER_CHANGE
            && let Some(fields) = body.as_object_mut()
        {
            // Left out, Amazon has answered that it "cannot parse the processingDirective".
            let filter = json!({ "eventFilter": { "eventFilterType": ORDER_CHANGE } });
            fields.insert("processingDirective".to_owned(), filter);
        }
        let path = ["notifications", "v1", "subscriptions", topic];
        for last in [false, true] {
            let refused = match self.seller(CREATE_SUBSCRIPTION, Method::POST, &path, Some(&body)).await {
                Ok(_) => return Ok(()),
                Err(refused) => refused,
            };
            if refused.status != Some(409) || last {
                return Err(refused.error);
            }
            let Some(found) = self.found(topic).await? else { return Err(refused.error) };
            if found.destination_id.as_ref() == Some(&destination) && flaw(topic, &found).is_none() {
                return Ok(());
            }
            self.delete(topic, &found.subscription_id.unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Ends a subscription; one that is not there is ended.
    async fn delete(&self, topic: &str, id: &str) -> Result<(), ChannelError> {
        let path = ["notifications", "v1", "subscriptions", topic, id];
        match self.grantless(DELETE_SUBSCRIPTION, Method::DELETE, &path, None).await {
            Err(error) if error.failure != Failure::NotFound => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The topic that a subscription is of.
    async fn topic_of(&self, id: &str) -> Result<Option<&'static str>, ChannelError> {
        for topic in TOPICS {
            if self.found(topic).await?.is_some_and(|found| found.subscription_id.as_deref() == Some(id)) {
                return Ok(Some(topic));
            }
        }
        Ok(None)
    }
}

fn not_sent(operation: &'static str, problem: impl AsRef<str>) -> ChannelError {
    unsent(operation, Failure::Rejected { code: "NotSent".to_owned() }, problem)
}

#[async_trait]
impl Subscribes for Amazon {
    fn topics(&self) -> &'static [&'static str] {
        &TOPICS
    }

    async fn subscriptions(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError> {
        let calls = Calls::new(reach, connection)?;
        let mut all = Vec::new();
        for topic in TOPICS {
            all.extend(calls.found(topic).await?.map(|found| (topic, found)));
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let destinations = calls.destinations().await?;
        let address = |id: Option<&str>| {
            let known = destinations.iter().find(|one| one.destination_id.as_deref() == id);
            let unknown = || format!("destination {}", id.unwrap_or_default());
            known.and_then(Destination::arn).map_or_else(unknown, str::to_owned)
        };
        Ok(all
            .into_iter()
            .map(|(topic, found)| Subscription {
                flaw: flaw(topic, &found),
                address: address(found.destination_id.as_deref()),
                id: found.subscription_id.unwrap_or_default(),
                topic: topic.to_owned(),
            })
            .collect())
    }

    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        let calls = Calls::new(reach, connection)?;
        match change {
            SubscriptionChange::Create { topic, address } => calls.create(topic, address).await,
            SubscriptionChange::Redirect { id, address } => {
                check_arn(address).map_err(|why| not_sent(CREATE_SUBSCRIPTION, why))?;
                let Some(topic) = calls.topic_of(id).await? else {
                    return Err(not_sent(CREATE_SUBSCRIPTION, format!("there is no subscription {id}")));
                };
                calls.delete(topic, id).await?;
                calls.create(topic, address).await
            }
            SubscriptionChange::Delete { id } => match calls.topic_of(id).await? {
                Some(topic) => calls.delete(topic, id).await,
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_standard_queues_are_destinations() {
        assert_eq!(check_arn("arn:aws:sqs:us-east-1:123456789012:parcels"), Ok(()));
        for bad in [
            "",
            "https://parcels.example/webhooks/marketplaces/us",
            "arn:aws:sns:us-east-1:123456789012:parcels",
            "arn:aws:sqs:us-east-1:123:parcels",
            "arn:aws:sqs:us-east-1:123456789012:",
            "arn:aws:sqs:us-east-1:123456789012:parcels.fifo",
        ] {
            assert!(check_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subscription_that_leaves_something_out_is_flawed() {
        let found = |value: Value| serde_json::from_value::<Found>(value).unwrap();
        for (what, topic, value, good) in [
            ("plain", ORDER_CHANGE, json!({ "payloadVersion": "1.0" }), true),
            (
                "as we make it",
                ORDER_CHANGE,
                json!({ "payloadVersion": "1.0", "processingDirective": { "eventFilter": { "eventFilterType": ORDER_CHANGE } } }),
                true,
            ),
            (
                "one marketplace",
                ORDER_CHANGE,
                json!({ "payloadVersion": "1.0", "processingDirective": { "eventFilter": { "marketplaceIds": ["A"] } } }),
                false,
            ),
            (
                "one kind",
                ORDER_CHANGE,
                json!({ "payloadVersion": "1.0", "processingDirective": { "eventFilter": { "orderChangeTypes": ["OrderStatusChange"] } } }),
                false,
            ),
            (
                "an expression",
                ORDER_CHANGE,
                json!({ "payloadVersion": "1.0", "processingDirective": { "filterExpression": "x" } }),
                false,
            ),
            ("an old version", FEED_FINISHED, json!({ "payloadVersion": "1.0" }), false),
            ("feeds", FEED_FINISHED, json!({ "payloadVersion": "2020-09-04" }), true),
        ] {
            assert_eq!(flaw(topic, &found(value)).is_none(), good, "{what}");
        }
    }
}
