//! The Notification API: keys, the app's settings, destinations with their challenge, and subscriptions.

use std::collections::BTreeMap;

use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::EbaySandbox;
use super::answer::{self, Refusal, blank, created};
use super::posts;
use super::tokens::Holder;

/// Asks an endpoint a question: its address and the query. Gives the body of a 200.
pub type Challenger = Box<dyn Fn(&str, &str) -> Option<String> + Send>;

const BASE: &str = "/commerce/notification/v1";
/// Topics, and whether a seller subscribes to them.
const TOPICS: [(&str, &str); 3] = [
    ("ORDER_CONFIRMATION", "USER"),
    ("AUTHORIZATION_REVOCATION", "APPLICATION"),
    ("MARKETPLACE_ACCOUNT_DELETION", "APPLICATION"),
];

#[derive(Clone)]
struct Destination {
    app: String,
    name: String,
    status: String,
    endpoint: String,
}

#[derive(Clone)]
struct Subscription {
    holder: Holder,
    topic: String,
    destination: String,
    status: String,
    payload: Value,
}

/// Everything that apps and sellers have set.
#[derive(Default)]
pub(super) struct Notifications {
    pub(super) challenger: Option<Challenger>,
    alert_addresses: BTreeMap<String, String>,
    destinations: BTreeMap<String, Destination>,
    subscriptions: BTreeMap<String, Subscription>,
    made: u64,
}

impl Notifications {
    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{:08}", self.made)
    }

    /// Asks an endpoint whether it knows the verification token.
    fn challenge(&mut self, endpoint: &str, token: &str) -> Result<(), Refusal> {
        let Some(challenger) = &self.challenger else { return Ok(()) };
        let code = hex(format!("challenge {}", self.made).as_bytes());
        let want = hex(format!("{code}{token}{endpoint}").as_bytes());
        let answer = challenger(endpoint, &format!("challenge_code={code}"));
        let answer = answer.and_then(|body| serde_json::from_str::<Value>(&body).ok());
        let said = answer.as_ref().and_then(|body| body.get("challengeResponse")).and_then(Value::as_str);
        if said == Some(want.as_str()) {
            return Ok(());
        }
        Err(Refusal::new(409, 195_020, "Challenge verification failed for requested endpoint"))
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl EbaySandbox {
    pub(super) fn notification(
        &mut self,
        _: Timestamp,
        holder: &Holder,
        segments: &[&str],
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match (request.method(), segments) {
            (&Method::GET, ["public_key", id]) => posts::public_key(id, &self.settings.digest),
            (&Method::GET, ["config"]) => {
                let address = self.notifications.alert_addresses.get(&holder.app);
                let address =
                    address.ok_or_else(|| Refusal::new(404, 195_026, "Configuration Not Found."))?;
                Ok(answer::json(200, &json!({ "alertEmail": address })))
            }
            (&Method::PUT, ["config"]) => {
                let address = text(&body, "/alertEmail");
                if !address.contains('@') {
                    return Err(Refusal::new(400, 195_025, "Invalid or missing email."));
                }
                self.notifications.alert_addresses.insert(holder.app.clone(), address.to_owned());
                Ok(blank(204))
            }
            (&Method::GET, ["topic", id]) => topic(id),
            (&Method::GET, ["destination"]) => {
                let all = self.notifications.destinations.iter().filter(|(_, d)| d.app == holder.app);
                let all = all.map(|(id, d)| (id.as_str(), shown_destination(id, d))).collect();
                self.page("destination", all, request)
            }
            (&Method::POST, ["destination"]) => self.make_destination(holder, &body),
            (&Method::PUT, ["destination", id]) => self.change_destination(holder, id, &body),
            (&Method::GET, ["subscription"]) => {
                let all = self.notifications.subscriptions.iter().filter(|(_, s)| s.holder == *holder);
                let all = all.map(|(id, s)| (id.as_str(), shown_subscription(id, s))).collect();
                self.page("subscription", all, request)
            }
            (&Method::POST, ["subscription"]) => self.subscribe(holder, &body),
            (&Method::PUT, ["subscription", id]) => self.resubscribe(holder, id, &body),
            (&Method::DELETE, ["subscription", id]) => {
                self.owned(holder, id)?;
                self.notifications.subscriptions.remove(*id);
                Ok(blank(204))
            }
            _ => Ok(answer::status(404)),
        }
    }

    /// A page of a list. A full one names the next, though that may be empty; the token is the last row's id.
    fn page(
        &self,
        what: &str,
        all: Vec<(&str, Value)>,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let query: BTreeMap<_, _> = url::form_urlencoded::parse(query).into_owned().collect();
        let limit = query.get("limit").map_or(Ok(20), |limit| limit.parse());
        let limit: usize = limit.ok().filter(|limit| (10..=100).contains(limit)).ok_or_else(|| {
            Refusal::new(400, 195_004, "Invalid limit. The limit must be between 10 and 100.")
        })?;
        let total = all.len();
        let token = query.get("continuation_token");
        let begin = token.map_or(Some(0), |last| all.iter().position(|(id, _)| id == last).map(|at| at + 1));
        let begin = begin.ok_or_else(|| Refusal::new(400, 195_005, "Invalid continuation token."))?;
        let rows = limit.min(self.settings.listed_rows);
        let page: Vec<(&str, Value)> = all.into_iter().skip(begin).take(rows).collect();
        let last = page.last().filter(|_| page.len() == rows).map(|(id, _)| *id);
        let next = last.map(|id| format!("{BASE}/{what}?limit={limit}&continuation_token={id}"));
        let page: Vec<Value> = page.into_iter().map(|(_, row)| row).collect();
        let mut body = json!({ "total": total, "limit": limit, format!("{what}s"): page });
        if let (Some(next), Some(fields)) = (next, body.as_object_mut()) {
            fields.insert("next".to_owned(), next.into());
        }
        Ok(answer::json(200, &body))
    }

    fn make_destination(&mut self, holder: &Holder, body: &Value) -> Result<Response<Vec<u8>>, Refusal> {
        if !self.notifications.alert_addresses.contains_key(&holder.app) {
            return Err(Refusal::new(
                409,
                195_003,
                "Please provide configurations required for notifications.",
            ));
        }
        let made = destination(holder, body)?;
        if self.notifications.destinations.values().any(|there| there.endpoint == made.endpoint) {
            return Err(Refusal::new(409, 195_021, "Destination exists for this endpoint"));
        }
        self.notifications.challenge(&made.endpoint, text(body, "/deliveryConfig/verificationToken"))?;
        let id = self.notifications.next("destination");
        self.notifications.destinations.insert(id.clone(), made);
        Ok(created(&format!("{BASE}/destination/{id}")))
    }

    fn change_destination(
        &mut self,
        holder: &Holder,
        id: &str,
        body: &Value,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let made = destination(holder, body)?;
        let there = self.notifications.destinations.get(id).is_some_and(|there| there.app == holder.app);
        if !there {
            return Err(Refusal::new(404, 195_022, "Invalid or missing destination id."));
        }
        self.notifications.challenge(&made.endpoint, text(body, "/deliveryConfig/verificationToken"))?;
        self.notifications.destinations.insert(id.to_owned(), made);
        Ok(blank(204))
    }

    fn subscribe(&mut self, holder: &Holder, body: &Value) -> Result<Response<Vec<u8>>, Refusal> {
        let topic = text(body, "/topicId");
        let Some((_, scope)) = TOPICS.iter().find(|(name, _)| *name == topic) else {
            return Err(Refusal::new(400, 195_027, "Invalid or missing topic id."));
        };
        if (*scope == "USER") != holder.seller.is_some() {
            return Err(Refusal::new(403, 195_011, "Not authorized for this topic."));
        }
        let made = self.described(holder, topic, body)?;
        let exists =
            self.notifications.subscriptions.values().any(|s| s.holder == *holder && s.topic == topic);
        if exists {
            return Err(Refusal::new(409, 195_012, "Subscription already exists"));
        }
        let id = self.notifications.next("subscription");
        self.notifications.subscriptions.insert(id.clone(), made);
        Ok(created(&format!("{BASE}/subscription/{id}")))
    }

    fn resubscribe(&mut self, holder: &Holder, id: &str, body: &Value) -> Result<Response<Vec<u8>>, Refusal> {
        let topic = self.owned(holder, id)?.topic.clone();
        let made = self.described(holder, &topic, body)?;
        self.notifications.subscriptions.insert(id.to_owned(), made);
        Ok(blank(204))
    }

    fn owned(&self, holder: &Holder, id: &str) -> Result<&Subscription, Refusal> {
        let there = self.notifications.subscriptions.get(id).filter(|there| there.holder == *holder);
        there.ok_or_else(|| Refusal::new(404, 195_013, "The subscription id does not exist."))
    }

    fn described(&self, holder: &Holder, topic: &str, body: &Value) -> Result<Subscription, Refusal> {
        let status = text(body, "/status");
        if !["ENABLED", "DISABLED"].contains(&status) {
            return Err(Refusal::new(400, 195_006, "Invalid or missing subscription status."));
        }
        let to = text(body, "/destinationId");
        let Some(destination) = self.notifications.destinations.get(to) else {
            return Err(Refusal::new(400, 195_007, "Invalid or missing destination id."));
        };
        if destination.status != "ENABLED" {
            return Err(Refusal::new(409, 195_015, "The destination is not enabled."));
        }
        for (pointer, want, id, words) in [
            ("/payload/schemaVersion", "1.0", 195_008, "Invalid or missing schema version."),
            ("/payload/format", "JSON", 195_009, "Specified format is not supported for the topic."),
            ("/payload/deliveryProtocol", "HTTPS", 195_010, "Invalid or missing protocol"),
        ] {
            if text(body, pointer) != want {
                return Err(Refusal::new(400, id, words));
            }
        }
        Ok(Subscription {
            holder: holder.clone(),
            topic: topic.to_owned(),
            destination: to.to_owned(),
            status: status.to_owned(),
            payload: body.get("payload").cloned().unwrap_or_default(),
        })
    }

    /// Marks every destination of an address down, as eBay does with one that does not answer for a day.
    pub fn mark_down(&mut self, endpoint: &str) {
        let destinations = self.notifications.destinations.values_mut();
        destinations.filter(|d| d.endpoint == endpoint).for_each(|d| d.status = "MARKED_DOWN".to_owned());
    }
}

fn topic(id: &str) -> Result<Response<Vec<u8>>, Refusal> {
    let Some((name, scope)) = TOPICS.iter().find(|(name, _)| *name == id) else {
        return Err(Refusal::new(404, 195_002, "Invalid or missing topic id."));
    };
    let payload = json!({ "format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": false });
    let body = json!({
        "topicId": name, "scope": scope, "status": "ENABLED", "filterable": false, "supportedPayloads": [payload],
    });
    Ok(answer::json(200, &body))
}

fn destination(holder: &Holder, body: &Value) -> Result<Destination, Refusal> {
    let name = text(body, "/name");
    if name.is_empty() || name.chars().count() > 64 || name.contains('<') {
        return Err(Refusal::new(400, 195_016, "Invalid name."));
    }
    let endpoint = text(body, "/deliveryConfig/endpoint");
    if !endpoint.starts_with("https://") {
        return Err(Refusal::new(400, 195_017, "Invalid or missing endpoint."));
    }
    let status = text(body, "/status");
    if !["ENABLED", "DISABLED"].contains(&status) {
        return Err(Refusal::new(400, 195_018, "Invalid or missing destination status."));
    }
    let token = text(body, "/deliveryConfig/verificationToken");
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !(32..=80).contains(&token.len()) || !token.bytes().all(allowed) {
        return Err(Refusal::new(400, 195_019, "Invalid or missing verification token for this endpoint."));
    }
    Ok(Destination {
        app: holder.app.clone(),
        name: name.to_owned(),
        status: status.to_owned(),
        endpoint: endpoint.to_owned(),
    })
}

fn shown_destination(id: &str, d: &Destination) -> Value {
    json!({
        "destinationId": id, "name": d.name, "status": d.status, "deliveryConfig": { "endpoint": d.endpoint },
    })
}

fn shown_subscription(id: &str, s: &Subscription) -> Value {
    json!({
        "subscriptionId": id, "topicId": s.topic, "destinationId": s.destination, "status": s.status,
        "payload": s.payload,
    })
}
