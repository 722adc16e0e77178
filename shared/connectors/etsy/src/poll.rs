//! The poll: which orders changed.

use std::time::Duration;

use connector_api::loose::json_problem;
use connector_api::{Answer, ChannelError, Cursor, OrderPage, Reach};
use domain::connection::Connection;
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::LIST;
use crate::client::{Good, Session, bad_settings};
use crate::options::Shop;
use crate::receipts::facts;
use crate::wire::{Receipt, Receipts};

/// How far each poll looks back before the last one's end: what is late in Etsy's lists is found by the next.
const OVERLAP: Duration = Duration::from_secs(600);
/// Orders a page, the most there may be.
const PAGE_SIZE: usize = 100;
/// Etsy takes no earlier time: the first second of 2000.
const EARLIEST: i64 = 946_684_800;

/// What a page is asked with.
///
/// Orders are asked for by when they changed, oldest first, and the next page begins where this one ended: an order that
/// changes meanwhile moves to the end, and pages counted by number would step over another one. Numbers serve only
/// within one second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// Where the poll began, Unix seconds.
    from: i64,
    /// `min_last_modified`.
    min: i64,
    /// `offset`.
    #[serde(default)]
    offset: u32,
    /// The second half: cancelled orders alone. Plain lists have been seen to leave them out (`etsy/open-api` issue 153).
    #[serde(default)]
    cancelled: bool,
    /// What counts as seen when the poll is complete.
    edge: Timestamp,
}

impl Question {
    fn first(since: Timestamp, now: Timestamp) -> Self {
        // A cursor of a clock that runs ahead must not ask for the future.
        let from = since.min(now).saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN).as_second().max(EARLIEST);
        Self { from, min: from, offset: 0, cancelled: false, edge: now }
    }

    fn url(&self, shop: &Shop) -> Url {
        let mut url = shop.url(&["receipts"]);
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("min_last_modified", &self.min.to_string())
                .append_pair("sort_on", "updated")
                .append_pair("sort_order", "asc")
                .append_pair("limit", &PAGE_SIZE.to_string())
                .append_pair("offset", &self.offset.to_string());
            if self.cancelled {
                query.append_pair("was_canceled", "true");
            }
        }
        url
    }

    /// What is asked next, after a page of rows that changed at these times; `None` if the poll is complete.
    fn after(&self, changed: &[Option<i64>], count: Option<u32>) -> Option<Self> {
        let rows = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        let seen = self.offset.saturating_add(rows);
        let more = rows > 0 && (changed.len() >= PAGE_SIZE || count.is_some_and(|count| count > seen));
        if more {
            let in_order = changed.iter().all(Option::is_some) && changed.is_sorted();
            let last = changed.last().copied().flatten().filter(|last| in_order && *last > self.min);
            return Some(match last {
                Some(last) => Self { min: last, offset: 0, ..self.clone() },
                // All of one second, or in no order that we can follow.
                None => Self { offset: seen, ..self.clone() },
            });
        }
        (!self.cancelled).then(|| Self { min: self.from, offset: 0, cancelled: true, ..self.clone() })
    }
}

/// Reads one page of changed orders with `getShopReceipts` (scope `transactions_r`).
///
/// A poll goes through all orders, then once more through cancelled ones; each looks ten minutes further back than the
/// last one's end. The end is the earlier of our clock and Etsy's.
///
/// Contract: `getShopReceipts` of the description of May 2026, read 21 November 2026.
pub(crate) async fn changed_orders(
    reach: Reach<'_>,
    connection: &Connection,
    cursor: &Cursor,
) -> Result<Answer<OrderPage>, ChannelError> {
    let shop = Shop::of(connection).map_err(|problem| bad_settings(LIST, &problem))?;
    let session = Session::open(reach, connection, &shop, LIST).await?;
    let now = reach.clock.now();
    let going_on: Option<Question> = cursor.page.as_deref().and_then(|page| serde_json::from_str(page).ok());
    let began = going_on.is_none();
    let mut question = going_on.unwrap_or_else(|| Question::first(cursor.since, now));
    let good = session.send(Method::GET, &question.url(&shop), None).await?;
    if began {
        question.edge = good.date.map_or(now, |theirs| theirs.min(now)).max(cursor.since.min(now));
    }
    let value =
        page(&good, &session, &shop, cursor, &question, now).map_err(|why| good.unreadable(LIST, why))?;
    Ok(Answer { value, request_id: good.request_id, limits: good.limits })
}

fn page(
    good: &Good,
    session: &Session<'_>,
    shop: &Shop,
    cursor: &Cursor,
    question: &Question,
    now: Timestamp,
) -> Result<OrderPage, String> {
    let answer: Receipts = good.read()?;
    let changed: Vec<Option<i64>> = answer.results.iter().map(changed_at).collect();
    let mut orders = Vec::with_capacity(answer.results.len());
    for row in answer.results {
        let read = serde_json::from_value::<Receipt>(row).map_err(|error| json_problem(&error));
        match read.and_then(|receipt| facts(receipt, shop, now)) {
            Ok(order) => orders.push(order),
            // One bad order must not stop the others; it is still found by reading it alone.
            Err(why) => {
                let connection = &session.connection().account;
                tracing::warn!(%connection, request_id = good.request_id, why, "an order of a page cannot be read");
            }
        }
    }
    let next = match question.after(&changed, answer.count) {
        Some(next) => {
            let page = serde_json::to_string(&next).map_err(|error| error.to_string())?;
            Cursor { since: cursor.since, page: Some(page) }
        }
        None => Cursor { since: question.edge, page: None },
    };
    Ok(OrderPage { orders, next })
}

/// When a row changed, also of one that cannot be read as a whole.
fn changed_at(row: &Value) -> Option<i64> {
    ["updated_timestamp", "update_timestamp"].iter().find_map(|name| row.get(name)?.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(min: i64, offset: u32, cancelled: bool) -> Question {
        Question { from: 1_000, min, offset, cancelled, edge: Timestamp::UNIX_EPOCH }
    }

    /// As many rows, of these seconds.
    fn rows(times: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
        times.into_iter().map(Some).collect()
    }

    #[test]
    fn a_full_page_goes_on_where_it_ended_and_within_one_second_by_number() {
        let full = rows(2_000..2_100);
        assert_eq!(question(1_000, 0, false).after(&full, None), Some(question(2_099, 0, false)));
        let one_second = rows(std::iter::repeat_n(1_000, 100));
        assert_eq!(question(1_000, 0, false).after(&one_second, None), Some(question(1_000, 100, false)));
        assert_eq!(question(1_000, 100, true).after(&one_second, None), Some(question(1_000, 200, true)));
        let backwards = rows((2_000..2_100).rev());
        assert_eq!(question(1_000, 0, false).after(&backwards, None), Some(question(1_000, 100, false)));
        let mut gap = rows(2_000..2_100);
        gap[7] = None;
        assert_eq!(question(1_000, 0, false).after(&gap, None), Some(question(1_000, 100, false)));
    }

    #[test]
    fn failure_12_a_poll_ends_with_the_cancelled_orders() {
        for last in [vec![], rows(2_000..2_007)] {
            assert_eq!(question(2_000, 0, false).after(&last, Some(7)), Some(question(1_000, 0, true)));
            assert_eq!(question(1_000, 0, true).after(&last, Some(7)), None);
        }
        let short = rows(2_000..2_025);
        let next = question(1_000, 0, false).after(&short, Some(60));
        assert_eq!(next, Some(question(2_024, 0, false)), "a page that is cut shorter than asked for");
        assert_eq!(question(1_000, 100, true).after(&[], Some(900)), None, "an empty page ends it");
    }

    #[test]
    fn no_question_asks_for_the_future_or_before_2000() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let ahead = Question::first("2030-01-01T00:00:00Z".parse().unwrap(), now);
        assert_eq!(ahead.from, now.as_second() - 600);
        assert_eq!(Question::first(Timestamp::MIN, now).from, EARLIEST);
    }
}
