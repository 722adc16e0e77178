//! The poll: which orders changed.

use std::time::Duration;

use connector_api::loose::json_problem;
use connector_api::{Answer, ChannelError, Cursor, OrderPage, Reach};
use domain::connection::Connection;
use domain::marketplace_order::FulfilledBy;
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::{Good, Session, bad_settings};
use crate::orders::{Context, OptionalData, facts};
use crate::regions::Hosts;
use crate::{SEARCH, wire};

/// How far each poll looks back before the last one's end: lists are known to miss orders for a while
/// (models issues 3945 and 5048).
const OVERLAP: Duration = Duration::from_secs(300);
/// Amazon takes no upper edge later than two minutes before now; a minute more allows for our clock.
const EDGE: Duration = Duration::from_secs(180);
/// Orders a page, the most there may be.
const PAGE_SIZE: &str = "100";

/// What a page is asked with. Amazon wants everything but the token unchanged from page to page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// `lastUpdatedAfter`.
    after: Timestamp,
    /// Up to when all counts as seen: `EDGE` before the first page, or what Amazon tells with that. A later page may
    /// tell its own time, and what changed meanwhile may stand on none.
    edge: Timestamp,
    /// The optional data that is asked for.
    optional: OptionalData,
    /// The one marketplace asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marketplace: Option<String>,
    /// `paginationToken`; absent on the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Question {
    fn first(connection: &Connection, since: Timestamp, now: Timestamp, optional: OptionalData) -> Self {
        let edge = earlier(now, EDGE);
        Self {
            // A cursor of a clock that runs ahead must not ask for the future.
            after: earlier(since, OVERLAP).min(earlier(edge, OVERLAP)),
            edge,
            optional,
            marketplace: connection.option("marketplace_id").map(str::to_owned),
            token: None,
        }
    }

    fn url(&self, hosts: &Hosts) -> Url {
        let mut url = hosts.api_url(&["orders", "2026-01-01", "orders"]);
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("lastUpdatedAfter", &utc(self.after))
                .append_pair("fulfilledBy", "MERCHANT")
                .append_pair("maxResultsPerPage", PAGE_SIZE);
            if let Some(names) = self.optional.names() {
                query.append_pair("includedData", names);
            }
            if let Some(marketplace) = &self.marketplace {
                query.append_pair("marketplaceIds", marketplace);
            }
            if let Some(token) = &self.token {
                query.append_pair("paginationToken", token);
            }
        }
        url
    }
}

/// Reads one page of changed orders with `searchOrders` (0.0056 requests a second, burst 20).
///
/// The upper edge is left to Amazon, which knows its own clock, and comes back as the next cursor. A refused
/// page (its token is good for 24 hours) makes the poll start over, without optional data; a 403 that may be about
/// the proceeds, without these.
///
/// Contract: `orders_2026-01-01` of 5 August 2026, read 21 November 2026.
pub(crate) async fn changed_orders(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<Answer<OrderPage>, ChannelError> {
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(SEARCH, &problem))?;
    let session = Session::open(reach, connection, &hosts, SEARCH).await?;
    let now = reach.clock.now();
    let going_on = cursor.page.as_deref().and_then(|page| serde_json::from_str(page).ok());
    let first = |optional| Question::first(connection, cursor.since, now, optional);
    let mut question: Question = going_on.unwrap_or_else(|| first(OptionalData::of(connection)));
    let good = loop {
        let refused = match session.try_send(Method::GET, &question.url(&hosts), None).await {
            Ok(good) => break good,
            Err(refused) => refused,
        };
        let less = match question.optional.less(&refused) {
            // Without optional data, it may still be the page token.
            None if question.token.is_some() && refused.may_be_about_optional_data() => question.optional,
            None => return Err(session.give_up(refused).await.error),
            Some(less) => less,
        };
        tracing::warn!(connection = %connection.account, detail = %refused.error.detail, "the poll starts over with less optional data");
        question = first(less);
    };
    let value = page(&good, connection, cursor, question, now).map_err(|why| good.unreadable(SEARCH, why))?;
    Ok(Answer { value, request_id: good.request_id, limits: good.limits })
}

fn page(
    good: &Good,
    connection: &Connection,
    cursor: &Cursor,
    question: Question,
    now: Timestamp,
) -> Result<OrderPage, String> {
    let answer: wire::SearchOrders = good.read()?;
    let context = Context {
        read_at: now,
        asked: question.optional != OptionalData::Nothing,
        fulfilled_by: FulfilledBy::Merchant,
        ..Context::of(connection)
    };
    let mut orders = Vec::with_capacity(answer.orders.len());
    for order in answer.orders {
        let read = serde_json::from_value::<wire::Order>(order).map_err(|error| json_problem(&error));
        match read.and_then(|order| facts(order, &context)) {
            Ok(order) => orders.push(order),
            // One bad order must not stop the others; it is still found by reading it alone.
            Err(why) => {
                tracing::warn!(connection = %connection.account, request_id = good.request_id, why, "an order of a page cannot be read");
            }
        }
    }
    let edge = match answer.last_updated_before {
        Some(told) if question.token.is_some() => told.min(question.edge),
        Some(told) => told,
        None => question.edge,
    };
    let next = match answer.pagination.and_then(|pagination| pagination.next_token) {
        Some(token) => {
            let next = Question { token: Some(token), edge, ..question };
            let page = serde_json::to_string(&next).map_err(|error| error.to_string())?;
            Cursor { since: cursor.since, page: Some(page) }
        }
        None => Cursor { since: edge, page: None },
    };
    Ok(OrderPage { orders, next })
}

/// An instant as Amazon takes it: UTC, a literal `Z`, whole seconds (rounded down).
pub(crate) fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn earlier(instant: Timestamp, by: Duration) -> Timestamp {
    instant.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
