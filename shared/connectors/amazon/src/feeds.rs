//! Many changes in one feed: documents, feeds and processing reports of the Feeds API 2021-06-30.
//!
//! Contract: "Feeds API v2021-06-30" and the model of 5 August 2026, "Order Feed Type Values", read 21 November 2026.

mod document;
mod report;
mod reversals;
mod storage;
mod xml;

use async_trait::async_trait;
use connector_api::{
    Answer, Bulk, BulkContent, BulkListed, BulkPage, BulkProgress, BulkReport, BulkSpends, ChannelError,
    Failure, Reach, Reached,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use http::Method;
use jiff::Timestamp;

use crate::client::{Good, Session, bad_settings, unsent};
use crate::poll::utc;
use crate::regions::{Hosts, seller_id};
use crate::{Amazon, CREATE_DOCUMENT, CREATE_FEED, GET_DOCUMENT, GET_FEED, GET_FEEDS, wire};
use document::Kind;
use storage::Storage;

/// What a document is laid down as, and must be declared as.
const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";
/// Documents of 10 MiB are what Amazon advises to stay under; a message is at most 2,000 bytes, as a rule.
const MOST_MESSAGES: usize = 5_000;

/// The kind of a feed, in Amazon's words.
pub(crate) fn feed_type(content: &BulkContent) -> &'static str {
    match content {
        BulkContent::Confirmations(_) => Kind::Fulfillment.feed_type(),
        BulkContent::Cancellations(_) => Kind::Acknowledgement.feed_type(),
        BulkContent::Refunds(_) => Kind::Adjustment.feed_type(),
    }
}

/// Whether a feed of this kind may be one of ours.
pub(crate) fn is_ours(feed_type: &str) -> bool {
    [Kind::Fulfillment, Kind::Acknowledgement, Kind::Adjustment].iter().any(|k| k.feed_type() == feed_type)
}

fn not_sent(operation: &'static str, problem: impl AsRef<str>) -> ChannelError {
    unsent(operation, Failure::Rejected { code: "NotSent".to_owned() }, problem)
}

/// One request of the Feeds API; its answer read as `T`.
async fn call<T: serde::de::DeserializeOwned>(
    session: &Session<'_>,
    operation: &'static str,
    method: Method,
    url: &url::Url,
    body: Option<Vec<u8>>,
) -> Result<(T, Good), ChannelError> {
    let good = session.send(method, url, body).await.map_err(|refused| refused.error)?;
    let read = good.read::<T>().map_err(|why| good.unreadable(operation, why))?;
    Ok((read, good))
}

fn body<T: serde::Serialize>(operation: &'static str, value: &T) -> Result<Vec<u8>, ChannelError> {
    serde_json::to_vec(value).map_err(|error| not_sent(operation, error.to_string()))
}

fn answer<T>(value: T, good: Good) -> Answer<T> {
    Answer { value, request_id: good.request_id, limits: good.limits }
}

/// A read that may be repeated at no harm, whatever it said.
fn harmless(mut error: ChannelError) -> ChannelError {
    if let Failure::Retryable { reached, .. } = &mut error.failure {
        *reached = Reached::No;
    }
    error
}

#[async_trait]
impl Bulk for Amazon {
    fn most_messages(&self) -> usize {
        MOST_MESSAGES
    }

    fn spends(&self) -> BulkSpends {
        BulkSpends {
            upload: &[CREATE_DOCUMENT],
            submit: &[CREATE_FEED],
            progress: &[GET_FEED],
            report: &[GET_DOCUMENT],
            listed: &[GET_FEEDS],
        }
    }

    fn serves(&self, connection: &Connection) -> Result<(), String> {
        seller_id(connection).map(|_| ())
    }

    fn unfit(&self, connection: &Connection, confirmation: &Confirmation) -> Option<String> {
        self.serves(connection).and_then(|()| document::check(confirmation)).err()
    }

    /// Lays a document down: `createFeedDocument`, then the bytes to the address that it answers with.
    ///
    /// The address is good for five minutes and carries its own signature: no token goes there, and only to hosts
    /// that Amazon keeps such documents on.
    async fn upload(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
    ) -> Result<Answer<String>, ChannelError> {
        let refused = |problem: String| not_sent(CREATE_DOCUMENT, problem);
        let seller = seller_id(connection).map_err(refused)?;
        let bytes = document::write(seller, content).map_err(refused)?;
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(CREATE_DOCUMENT, &problem))?;
        let session = Session::open(reach, connection, &hosts, CREATE_DOCUMENT).await?;
        let url = hosts.api_url(&["feeds", "2021-06-30", "documents"]);
        let sent = body(CREATE_DOCUMENT, &wire::CreateDocument { content_type: CONTENT_TYPE })?;
        let (made, good): (wire::Document, Good) =
            call(&session, CREATE_DOCUMENT, Method::POST, &url, Some(sent)).await.map_err(harmless)?;
        let (Some(id), Some(place)) = (made.feed_document_id.clone(), made.url.as_deref()) else {
            return Err(harmless(good.unreadable(CREATE_DOCUMENT, "no document, or no address for it")));
        };
        Storage { reach, hosts: &hosts, operation: CREATE_DOCUMENT }.put(place, CONTENT_TYPE, bytes).await?;
        Ok(answer(id, good))
    }

    async fn submit(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
        document: &str,
    ) -> Result<Answer<String>, ChannelError> {
        let marketplaces = document::marketplaces(content).map_err(|why| not_sent(CREATE_FEED, why))?;
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(CREATE_FEED, &problem))?;
        let session = Session::open(reach, connection, &hosts, CREATE_FEED).await?;
        let url = hosts.api_url(&["feeds", "2021-06-30", "feeds"]);
        let asked = wire::CreateFeed {
            feed_type: feed_type(content),
            marketplace_ids: marketplaces,
            input_feed_document_id: document,
        };
        let sent = body(CREATE_FEED, &asked)?;
        let (made, good): (wire::Feed, Good) =
            call(&session, CREATE_FEED, Method::POST, &url, Some(sent)).await?;
        match made.feed_id.clone() {
            Some(id) => Ok(answer(id, good)),
            None => Err(good.unreadable(CREATE_FEED, "no feedId")),
        }
    }

    async fn progress(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        bulk: &str,
    ) -> Result<Answer<BulkProgress>, ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(GET_FEED, &problem))?;
        let session = Session::open(reach, connection, &hosts, GET_FEED).await?;
        let url = hosts.api_url(&["feeds", "2021-06-30", "feeds", bulk]);
        let (feed, good): (wire::Feed, Good) = call(&session, GET_FEED, Method::GET, &url, None).await?;
        let report = feed.result_feed_document_id;
        let progress = match feed.processing_status.as_deref() {
            Some("DONE") => BulkProgress::Done { report },
            Some("CANCELLED") => BulkProgress::Cancelled,
            Some("FATAL") => BulkProgress::Broken { report },
            // IN_QUEUE, IN_PROGRESS, and whatever Amazon may add: not at its end.
            Some(_) => BulkProgress::Underway,
            None => return Err(good.unreadable(GET_FEED, "no processingStatus")),
        };
        Ok(answer(progress, good))
    }

    async fn report(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        document: &str,
    ) -> Result<Answer<BulkReport>, ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(GET_DOCUMENT, &problem))?;
        let session = Session::open(reach, connection, &hosts, GET_DOCUMENT).await?;
        let url = hosts.api_url(&["feeds", "2021-06-30", "documents", document]);
        let (found, good): (wire::Document, Good) =
            call(&session, GET_DOCUMENT, Method::GET, &url, None).await?;
        let Some(place) = found.url.as_deref() else {
            return Err(good.unreadable(GET_DOCUMENT, "no address of the report"));
        };
        let storage = Storage { reach, hosts: &hosts, operation: GET_DOCUMENT };
        let zipped = found.compression_algorithm.is_some_and(|how| how.eq_ignore_ascii_case("GZIP"));
        let bytes = storage.get(place, zipped).await?;
        let report = report::read(&bytes).map_err(|why| good.unreadable(GET_DOCUMENT, why))?;
        Ok(answer(report, good))
    }

    /// Lists a page with `getFeeds`, newest first.
    async fn listed_page(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Answer<BulkPage>, ChannelError> {
        let hosts = Hosts::of(connection).map_err(|problem| bad_settings(GET_FEEDS, &problem))?;
        let session = Session::open(reach, connection, &hosts, GET_FEEDS).await?;
        let mut url = hosts.api_url(&["feeds", "2021-06-30", "feeds"]);
        match page {
            // The token stands alone: with any other parameter Amazon refuses it.
            Some(token) => {
                url.query_pairs_mut().append_pair("nextToken", token);
            }
            None => {
                url.query_pairs_mut()
                    .append_pair("feedTypes", feed_type(content))
                    .append_pair("pageSize", "100")
                    .append_pair("createdSince", &utc(since));
            }
        }
        let (page, good): (wire::Feeds, Good) = call(&session, GET_FEEDS, Method::GET, &url, None).await?;
        let mut bulks = Vec::new();
        for feed in page.feeds {
            let feed: wire::Feed = serde_json::from_value(feed)
                .map_err(|_| good.unreadable(GET_FEEDS, "a feed of the list cannot be read"))?;
            let (Some(id), Some(created_at)) = (feed.feed_id, feed.created_time) else {
                return Err(good.unreadable(GET_FEEDS, "a feed without an id or a time"));
            };
            // What the filter would have left out anyhow.
            if feed.feed_type.is_none_or(|kind| kind == feed_type(content)) && created_at >= since {
                bulks.push(BulkListed { id, created_at });
            }
        }
        bulks.sort_by_key(|feed| std::cmp::Reverse(feed.created_at));
        Ok(answer(BulkPage { bulks, next: page.next_token }, good))
    }
}
