//! The poll: which orders changed.

use std::time::Duration;

use connector_api::loose::json_problem;
use connector_api::{Answer, ChannelError, Cursor, Failure, OrderPage, Reach};
use domain::connection::Connection;
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::{Good, Session, bad_settings};
use crate::hosts::Hosts;
use crate::orders::{Shown, facts};
use crate::{LIST, wire};

/// How far each poll looks back before the last one's end: how soon a change shows in the list is not documented.
const OVERLAP: Duration = Duration::from_secs(1800);
/// The furthest that a poll looks back: eBay refuses more than two years (error 30830).
const FURTHEST: Duration = Duration::from_secs(729 * 86_400);
/// Orders a page, the most there may be: 201 is refused, not cut to 200 (error 31100).
const PAGE_SIZE: u32 = 200;
/// How far the next page begins after this one: a quarter is read twice, since pages are counted through a set that
/// moves, and an order that leaves a page before draws others over the edge.
const STEP: u32 = 150;

/// Where in a poll of several pages we are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// The lower edge.
    after: Timestamp,
    /// What counts as seen when all pages are read.
    edge: Option<Timestamp>,
    /// Orders before this page.
    offset: u32,
}

impl Question {
    fn first(since: Timestamp, now: Timestamp) -> Self {
        // A cursor of a clock that runs ahead must not ask for the future.
        let after = earlier(since.min(now), OVERLAP).max(earlier(now, FURTHEST));
        Self { after, edge: None, offset: 0 }
    }

    /// One date filter and nothing else: with both, eBay looks at the creation date alone; and of the states of
    /// fulfilment only some combinations are answered, none of which shows a cancelled order.
    fn url(&self, hosts: &Hosts) -> Url {
        let mut url = hosts.fulfillment(&["order"]);
        url.query_pairs_mut()
            .append_pair("filter", &format!("lastmodifieddate:[{}..]", utc(self.after)))
            .append_pair("limit", &PAGE_SIZE.to_string())
            .append_pair("offset", &self.offset.to_string());
        url
    }
}

/// Reads one page of changed orders with `getOrders`.
///
/// The window is open above, so that nothing that changes while it is read leaves it, and no clock of ours can be
/// ahead of eBay's. A page that eBay refuses makes the poll start over.
///
/// Contract: Fulfillment API 1.20.7, read 21 November 2026.
pub(crate) async fn changed_orders(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<Answer<OrderPage>, ChannelError> {
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(LIST, &problem))?;
    let session = Session::open(reach, connection, &hosts, LIST).await?;
    let now = reach.clock.now();
    let going_on = cursor.page.as_deref().and_then(|page| serde_json::from_str(page).ok());
    let mut question = going_on.unwrap_or_else(|| Question::first(cursor.since, now));
    let good = match session.send(Method::GET, &question.url(&hosts), None).await {
        Ok(good) => good,
        Err(ChannelError { failure: Failure::Rejected { .. }, detail, .. }) if question.offset > 0 => {
            tracing::warn!(connection = %connection.account, detail, "the poll starts over");
            question = Question::first(cursor.since, now);
            session.send(Method::GET, &question.url(&hosts), None).await?
        }
        Err(error) => return Err(error),
    };
    let value = page(&good, connection, cursor, question, now).map_err(|why| good.unreadable(LIST, why))?;
    Ok(Answer { value, request_id: good.request_id, limits: Vec::new() })
}

fn page(
    good: &Good,
    connection: &Connection,
    cursor: &Cursor,
    question: Question,
    now: Timestamp,
) -> Result<OrderPage, String> {
    let answer: wire::Orders = good.read()?;
    let count = u32::try_from(answer.orders.len()).unwrap_or(u32::MAX);
    let seen = question.offset.saturating_add(count);
    let more = count > 0 && (answer.next.is_some() || answer.total.is_some_and(|total| seen < total));
    let mut orders = Vec::with_capacity(answer.orders.len());
    for order in answer.orders {
        let read = serde_json::from_value::<wire::Order>(order).map_err(|error| json_problem(&error));
        match read.and_then(|order| facts(order, now, Shown::NotAsked)) {
            Ok((id, facts)) => {
                let elsewhere = connection
                    .option("marketplace_id")
                    .is_some_and(|only| only != facts.marketplace.as_str());
                if !elsewhere {
                    orders.push((id, facts));
                }
            }
            // One bad order must not stop the others; it is still found by reading it alone.
            Err(why) => {
                tracing::warn!(connection = %connection.account, request_id = good.request_id, why, "an order of a page cannot be read");
            }
        }
    }
    // What changes while later pages are read is after the first page's time, and seen by the next poll.
    let edge = question.edge.unwrap_or_else(|| edge(&good.headers, now));
    let next = if more {
        let next = Question {
            edge: Some(edge),
            offset: question.offset.saturating_add(STEP.min(count)),
            ..question
        };
        let page = serde_json::to_string(&next).map_err(|error| error.to_string())?;
        Cursor { since: cursor.since, page: Some(page) }
    } else {
        Cursor { since: edge, page: None }
    };
    Ok(OrderPage { orders, next })
}

/// When the page was made: by eBay's clock where it tells the time and is behind ours, else by ours.
fn edge(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let theirs = headers.get("date").and_then(|date| date.to_str().ok());
    let theirs = theirs.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp());
    // A time that is a day off is no clock's.
    let close = |theirs: &Timestamp| now.duration_since(*theirs).abs() < SignedDuration::from_hours(24);
    theirs.filter(close).map_or(now, |theirs| theirs.min(now))
}

/// An instant as eBay takes it: UTC, a literal `Z`, milliseconds (rounded down).
pub(crate) fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn earlier(instant: Timestamp, by: Duration) -> Timestamp {
    instant.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_a_literal_z() {
        for (instant, want) in [
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.000Z"),
            ("2026-11-20T11:00:00.0129+01:00", "2026-11-20T10:00:00.012Z"),
        ] {
            assert_eq!(utc(instant.parse().unwrap()), want);
        }
    }

    #[test]
    fn the_slower_clock_counts_and_nonsense_does_not() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (date, want) in [
            (Some("Sat, 21 Nov 2026 11:58:00 GMT"), "2026-11-21T11:58:00Z"),
            (Some("Sat, 21 Nov 2026 12:58:00 GMT"), "2026-11-21T12:00:00Z"),
            (Some("Sat, 21 Nov 2015 11:58:00 GMT"), "2026-11-21T12:00:00Z"),
            (Some("yesterday"), "2026-11-21T12:00:00Z"),
            (None, "2026-11-21T12:00:00Z"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(date) = date {
                headers.insert("date", date.parse().unwrap());
            }
            assert_eq!(edge(&headers, now), want.parse().unwrap(), "{date:?}");
        }
    }

    #[test]
    fn no_poll_looks_into_the_future_or_back_beyond_two_years() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (since, after) in [
            ("2026-11-21T11:00:00Z", "2026-11-21T10:30:00Z"),
            ("2027-11-21T11:00:00Z", "2026-11-21T11:30:00Z"),
            ("2020-01-01T00:00:00Z", "2024-11-22T12:00:00Z"),
        ] {
            assert_eq!(Question::first(since.parse().unwrap(), now).after, after.parse().unwrap(), "{since}");
        }
    }
}
