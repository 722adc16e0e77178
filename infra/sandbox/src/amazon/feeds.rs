//! Feeds 2021-06-30: documents behind signed addresses, feeds that take their time, and reports.
//!
//! A feed is worked on when its time has come, at the next request of whatever kind. How the next one ends is planned
//! with [`FeedPlan`]; unplanned, its messages fare as their orders allow.

mod apply;
mod report;
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{self, Refusal};
use super::read::{list, query_of, time};
use super::{AmazonSandbox, seller_id};
use crate::Outcome;
use report::{packed, report, whole_refused};
use xml::Node;

/// A signed address is good for five minutes.
const ADDRESS_LIFE: Duration = Duration::from_secs(300);
/// Feeds a page, where nobody asks for another number.
const PAGE: usize = 10;

/// The kinds of feeds that are known, with the type of their messages.
const KINDS: [(&str, &str); 3] = [
    ("POST_ORDER_FULFILLMENT_DATA", "OrderFulfillment"),
    ("POST_ORDER_ACKNOWLEDGEMENT_DATA", "OrderAcknowledgement"),
    ("POST_PAYMENT_ADJUSTMENT_DATA", "OrderAdjustment"),
];

/// How a feed ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FeedEnd {
    /// Worked on.
    #[default]
    Done,
    /// Not worked on at all.
    Cancelled,
    /// Given up after half of its messages.
    Fatal,
    /// Never: it stays in progress.
    Stuck,
}

/// What there is of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedReport {
    /// As it should be.
    #[default]
    Whole,
    /// None, and the feed names none.
    None,
    /// The feed names one that is not there.
    Gone,
    /// Something that is no report.
    Garbage,
}

/// A message that is refused whatever its order allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedMessage {
    /// Its number.
    pub message: u32,
    /// `ResultMessageCode`.
    pub code: String,
    /// `ResultDescription`.
    pub words: String,
}

/// How the next feed fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedPlan {
    /// Only of this seller, if given.
    pub seller: Option<String>,
    /// Messages that are refused.
    pub refuse: Vec<RefusedMessage>,
    /// Messages that are forgotten: not applied, not counted, not reported.
    pub leave_out: Vec<u32>,
    /// How it ends.
    pub end: FeedEnd,
    /// What its report is like.
    pub report: FeedReport,
    /// The report is packed.
    pub gzip: bool,
    /// Seconds that it takes; as the settings say, if absent.
    pub seconds: Option<u64>,
}

struct Document {
    seller: String,
    content_type: String,
    bytes: Option<Vec<u8>>,
    gzip: bool,
    key: String,
    until: Timestamp,
}

struct Feed {
    id: String,
    seller: String,
    kind: String,
    marketplaces: Vec<String>,
    document: String,
    created_at: Timestamp,
    ends_at: Timestamp,
    plan: FeedPlan,
    over: bool,
    result: Option<String>,
}

impl Feed {
    fn status(&self) -> &'static str {
        match (self.over, self.plan.end) {
            (false, _) | (true, FeedEnd::Stuck) => "IN_PROGRESS",
            (true, FeedEnd::Done) => "DONE",
            (true, FeedEnd::Cancelled) => "CANCELLED",
            (true, FeedEnd::Fatal) => "FATAL",
        }
    }

    fn describe(&self, now: Timestamp) -> Value {
        let status = if self.created_at == now && !self.over { "IN_QUEUE" } else { self.status() };
        let mut feed = json!({
            "feedId": self.id,
            "feedType": self.kind,
            "marketplaceIds": self.marketplaces,
            "createdTime": self.created_at.to_string(),
            "processingStatus": status,
        });
        if let (Some(result), Some(fields)) = (&self.result, feed.as_object_mut()) {
            fields.insert("resultFeedDocumentId".to_owned(), json!(result));
        }
        feed
    }
}

/// Feeds, documents, and what is planned.
#[derive(Default)]
pub(super) struct Feeds {
    documents: BTreeMap<String, Document>,
    feeds: Vec<Feed>,
    plans: Vec<FeedPlan>,
    pages: BTreeMap<String, (Vec<String>, usize)>,
}

fn missing() -> Refusal {
    Refusal::new(404, "NotFound", "The resource specified does not exist.")
}

/// The address that a request came to, without its path: where documents lie, too.
fn base(request: &Request<Vec<u8>>) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header("host").or_else(|| request.uri().authority().map(|a| a.as_str()));
    format!(
        "http://{}{}",
        host.unwrap_or("sandbox.invalid"),
        header("x-forwarded-prefix").unwrap_or_default()
    )
}

fn body(request: &Request<Vec<u8>>) -> Result<Value, Refusal> {
    let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(Refusal::new(
            415,
            "UnsupportedMediaType",
            "The request payload is in an unsupported format.",
        ));
    }
    serde_json::from_slice(request.body()).map_err(|_| Refusal::invalid("The request cannot be parsed."))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    let text = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
}

impl AmazonSandbox {
    /// Plans how the next feed fares.
    pub fn plan_feed(&mut self, plan: FeedPlan) {
        self.feeds.plans.push(plan);
    }

    /// Says what buyers paid a unit of each line of an order.
    ///
    /// # Errors
    /// There is no such order, or an amount is none.
    pub fn set_prices(
        &mut self,
        order: &str,
        currency: &str,
        prices: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        if !self.orders.contains_key(order) {
            return Err(format!("there is no order {order:?}"));
        }
        let mut read = BTreeMap::new();
        for (line, amount) in prices {
            let amount = amount.parse().map_err(|_| format!("{amount:?} is no amount"))?;
            read.insert(line.clone(), amount);
        }
        self.prices.insert(order.to_owned(), (currency.to_owned(), read));
        Ok(())
    }

    fn new_document(
        &mut self,
        now: Timestamp,
        seller: &str,
        content_type: &str,
        bytes: Option<Vec<u8>>,
        gzip: bool,
    ) -> String {
        let number = self.feeds.documents.len() + 1;
        let id = format!("amzn1.tortuga.4.sandbox-{number}");
        let document = Document {
            seller: seller.to_owned(),
            content_type: content_type.to_owned(),
            bytes,
            gzip,
            key: format!("sandbox-signature-{number}"),
            until: now.saturating_add(ADDRESS_LIFE).unwrap_or(Timestamp::MAX),
        };
        self.feeds.documents.insert(id.clone(), document);
        id
    }

    pub(super) fn create_document(
        &mut self,
        now: Timestamp,
        seller: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let content_type = text(&body(request)?, "contentType")?.to_owned();
        let id = self.new_document(now, seller, &content_type, None, false);
        let key = self.feeds.documents.get(&id).map(|document| document.key.clone()).unwrap_or_default();
        let url = format!("{}/_documents/{id}?X-Amz-Signature={key}", base(request));
        Ok(answer::json(201, &json!({ "feedDocumentId": id, "url": url })))
    }

    pub(super) fn get_document(
        &mut self,
        now: Timestamp,
        seller: &str,
        id: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let document = self.feeds.documents.get_mut(id).filter(|document| document.seller == seller);
        let document = document.ok_or_else(missing)?;
        document.until = now.saturating_add(ADDRESS_LIFE).unwrap_or(Timestamp::MAX);
        let url = format!("{}/_documents/{id}?X-Amz-Signature={}", base(request), document.key);
        let mut answer = json!({ "feedDocumentId": id, "url": url });
        if let Some(fields) = answer.as_object_mut().filter(|_| document.gzip) {
            fields.insert("compressionAlgorithm".to_owned(), json!("GZIP"));
        }
        Ok(answer::json(200, &answer))
    }

    /// The storage behind signed addresses: no token opens it, and none may be sent there.
    pub(super) fn storage(&mut self, now: Timestamp, id: &str, request: &Request<Vec<u8>>) -> Outcome {
        let refuse = |status: u16, code: &str| {
            let mut response = Response::new(
                format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>").into_bytes(),
            );
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
            Outcome::Answer(response)
        };
        if request.headers().contains_key("x-amz-access-token")
            || request.headers().contains_key("authorization")
        {
            self.record.leak();
            return refuse(400, "InvalidRequest");
        }
        let key = query_of(request).get("X-Amz-Signature").cloned().unwrap_or_default();
        let Some(document) = self.feeds.documents.get_mut(id) else { return refuse(404, "NoSuchKey") };
        if document.key != key || document.until < now {
            return refuse(403, "AccessDenied");
        }
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match *request.method() {
            Method::PUT if kind != document.content_type => refuse(403, "SignatureDoesNotMatch"),
            Method::PUT => {
                document.bytes = Some(request.body().clone());
                Outcome::Answer(Response::new(Vec::new()))
            }
            Method::GET => match &document.bytes {
                Some(bytes) => Outcome::Answer(Response::new(bytes.clone())),
                None => refuse(404, "NoSuchKey"),
            },
            _ => refuse(405, "MethodNotAllowed"),
        }
    }

    pub(super) fn create_feed(
        &mut self,
        now: Timestamp,
        seller: &str,
        request: &Request<Vec<u8>>,
        keep: bool,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let asked = body(request)?;
        let kind = text(&asked, "feedType")?;
        if !KINDS.iter().any(|(known, _)| *known == kind) {
            return Err(Refusal::invalid(format!("feedType {kind} is not supported")));
        }
        let named = asked.get("marketplaceIds").and_then(Value::as_array);
        let marketplaces: Vec<String> =
            named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if !(1..=25).contains(&marketplaces.len()) {
            return Err(Refusal::invalid("marketplaceIds must name 1 to 25 marketplaces"));
        }
        let id = text(&asked, "inputFeedDocumentId")?;
        let document = self.feeds.documents.get(id).filter(|document| document.seller == seller);
        if document.is_none_or(|document| document.bytes.is_none()) {
            return Err(Refusal::invalid("inputFeedDocumentId is invalid, or nothing was uploaded to it"));
        }
        let number = 50_000 + self.feeds.feeds.len();
        if keep {
            let theirs = |plan: &FeedPlan| plan.seller.as_deref().is_none_or(|only| only == seller);
            let plan = self.feeds.plans.iter().position(theirs).map(|at| self.feeds.plans.remove(at));
            let plan = plan.unwrap_or_default();
            let seconds = plan.seconds.unwrap_or(self.settings.feed_seconds);
            self.feeds.feeds.push(Feed {
                id: number.to_string(),
                seller: seller.to_owned(),
                kind: kind.to_owned(),
                marketplaces,
                document: id.to_owned(),
                created_at: now,
                ends_at: now.saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX),
                plan,
                over: false,
                result: None,
            });
        }
        Ok(answer::json(202, &json!({ "feedId": number.to_string() })))
    }

    pub(super) fn get_feed(
        &self,
        now: Timestamp,
        seller: &str,
        id: &str,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let feed = self.feeds.feeds.iter().find(|feed| feed.id == id && feed.seller == seller);
        Ok(answer::json(200, &feed.ok_or_else(missing)?.describe(now)))
    }

    pub(super) fn get_feeds(
        &mut self,
        now: Timestamp,
        seller: &str,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let query = query_of(request);
        let (ids, size) = match query.get("nextToken") {
            Some(token) if query.len() == 1 => self
                .feeds
                .pages
                .get(token)
                .cloned()
                .ok_or_else(|| Refusal::invalid("nextToken is invalid"))?,
            Some(_) => return Err(Refusal::invalid("nextToken must be the only parameter")),
            None => {
                let kinds = list(&query, "feedTypes");
                if kinds.is_empty() {
                    return Err(Refusal::invalid("feedTypes is missing"));
                }
                let size = query.get("pageSize").map_or(Some(PAGE), |size| size.parse().ok());
                let size = size.filter(|size| (1..=100).contains(size));
                let size = size.ok_or_else(|| Refusal::invalid("pageSize must be from 1 to 100"))?;
                let since = time(&query, "createdSince")?.unwrap_or(Timestamp::MIN);
                let theirs = self.feeds.feeds.iter().rev().filter(|feed| feed.seller == seller);
                let hits = theirs.filter(|feed| kinds.contains(&feed.kind) && feed.created_at >= since);
                (hits.map(|feed| feed.id.clone()).collect::<Vec<_>>(), size)
            }
        };
        let (page, rest) = ids.split_at(size.min(ids.len()));
        let shown: Vec<Value> = page
            .iter()
            .filter_map(|id| self.feeds.feeds.iter().find(|feed| feed.id == *id))
            .map(|feed| feed.describe(now))
            .collect();
        let mut answer = json!({ "feeds": shown });
        if !rest.is_empty() {
            let token = format!("feeds-{}-{}", self.feeds.pages.len() + 1, rest.len());
            if let Some(fields) = answer.as_object_mut() {
                fields.insert("nextToken".to_owned(), json!(token));
            }
            self.feeds.pages.insert(token, (rest.to_vec(), size));
        }
        Ok(answer::json(200, &answer))
    }

    /// Works on every feed whose time has come.
    pub(super) fn run_feeds(&mut self, now: Timestamp) {
        let due: Vec<usize> = (0..self.feeds.feeds.len())
            .filter(|at| {
                self.feeds
                    .feeds
                    .get(*at)
                    .is_some_and(|f| !f.over && f.ends_at <= now && f.plan.end != FeedEnd::Stuck)
            })
            .collect();
        for at in due {
            self.run_feed(now, at);
        }
    }

    fn run_feed(&mut self, now: Timestamp, at: usize) {
        let Some(feed) = self.feeds.feeds.get_mut(at) else { return };
        feed.over = true;
        let (id, seller, plan) = (feed.id.clone(), feed.seller.clone(), feed.plan.clone());
        let (kind, marketplaces) = (feed.kind.clone(), feed.marketplaces.clone());
        let document =
            self.feeds.documents.get(&feed.document).and_then(|d| d.bytes.clone()).unwrap_or_default();
        let made = match plan.end {
            FeedEnd::Cancelled | FeedEnd::Stuck => None,
            FeedEnd::Done | FeedEnd::Fatal => {
                Some(self.work(now, (&id, &seller, &kind), &marketplaces, &plan, &document))
            }
        };
        let result = match (made, plan.report) {
            (None, _) | (_, FeedReport::None) => None,
            (Some(_), FeedReport::Gone) => Some("amzn1.tortuga.4.sandbox-gone".to_owned()),
            (Some(_), FeedReport::Garbage) => {
                Some(self.new_document(now, &seller, "text/xml", Some(b"<html>wait".to_vec()), false))
            }
            (Some(report), FeedReport::Whole) => {
                let bytes = if plan.gzip { packed(report.as_bytes()) } else { report.into_bytes() };
                Some(self.new_document(now, &seller, "text/xml", Some(bytes), plan.gzip))
            }
        };
        if let Some(feed) = self.feeds.feeds.get_mut(at) {
            feed.result.clone_from(&result);
            let status = feed.status();
            self.notify_feed(now, &seller, &id, &kind, status, result.as_deref());
        }
    }

    /// Applies the messages; returns the report.
    fn work(
        &mut self,
        now: Timestamp,
        (id, seller, kind): (&str, &str, &str),
        marketplaces: &[String],
        plan: &FeedPlan,
        document: &[u8],
    ) -> String {
        let message_type = KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, message)| message);
        let merchant = seller_id(seller);
        let root = match Node::read(document) {
            Ok(root) => root,
            Err(why) => return whole_refused(&merchant, &apply::unreadable(&why)),
        };
        let messages = match apply::messages(&root, message_type, &merchant) {
            Ok(messages) => messages,
            Err(why) => return whole_refused(&merchant, &apply::unreadable(&why)),
        };
        let worked = if plan.end == FeedEnd::Fatal { messages.len() / 2 } else { messages.len() };
        let mut processed = 0;
        let mut refused: Vec<(u32, String, String)> = Vec::new();
        for (number, message) in messages.into_iter().take(worked) {
            if plan.leave_out.contains(&number) {
                continue;
            }
            processed += 1;
            if let Some(planned) = plan.refuse.iter().find(|refused| refused.message == number) {
                refused.push((number, planned.code.clone(), planned.words.clone()));
            } else if let Err((code, words)) = self.apply(now, id, seller, marketplaces, message) {
                refused.push((number, code.to_owned(), words));
            }
        }
        report(&merchant, processed, &refused)
    }
}
