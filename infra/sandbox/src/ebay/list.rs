//! `getOrders`, with its rules for filters, and the ids that break them are refused with.

use std::time::Duration;

use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::EbaySandbox;
use super::answer::{self, Refusal};
use super::orders::Order;
use super::tokens::Holder;

/// Without a filter, this far back.
const DEFAULT_SPAN: Duration = Duration::from_secs(90 * 86_400);
/// The furthest that a filter may reach back, in hours: two years.
const FURTHEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// A range of time.
type Range = (Timestamp, Option<Timestamp>);

/// What is asked for.
#[derive(Default)]
struct Asked {
    modified: Option<Range>,
    created: Option<Range>,
    statuses: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    limit: usize,
    offset: usize,
}

impl EbaySandbox {
    pub(super) fn list(
        &mut self,
        now: Timestamp,
        holder: &Holder,
        request: &Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let asked = asked(now, request.uri().query().unwrap_or_default())?;
        let mut found: Vec<&Order> = self
            .orders
            .values()
            .filter(|order| holder.seller.as_deref() == Some(order.described.seller.as_str()))
            .filter(|order| asked.fits(now, order))
            .collect();
        found.sort_by_key(|order| (order.created_at, order.id().to_owned()));
        let total = found.len();
        let page: Vec<Value> = found
            .into_iter()
            .skip(asked.offset)
            .take(asked.limit)
            .map(|order| order.body(now, true))
            .collect();
        let seen = asked.offset + page.len();
        let mut body =
            json!({ "total": total, "limit": asked.limit, "offset": asked.offset, "orders": page });
        if let Some(fields) = body.as_object_mut().filter(|_| seen < total) {
            let next =
                format!("https://api.ebay.com/sell/fulfillment/v1/order?limit={}&offset={seen}", asked.limit);
            fields.insert("next".to_owned(), next.into());
        }
        Ok(answer::json(200, &body))
    }
}

impl Asked {
    fn fits(&self, now: Timestamp, order: &Order) -> bool {
        if let Some(ids) = &self.ids {
            return ids.iter().any(|id| id == order.id());
        }
        let within = |(from, to): &Range, at: Timestamp| *from <= at && to.is_none_or(|to| at <= to);
        // If both dates are given, only the date of creation is used.
        let dated = match (&self.created, &self.modified) {
            (Some(range), _) => within(range, order.created_at),
            (None, Some(range)) => within(range, order.modified_at()),
            (None, None) => order.created_at >= now.saturating_sub(DEFAULT_SPAN).unwrap_or(Timestamp::MIN),
        };
        let status = order.status(now);
        dated && self.statuses.as_ref().is_none_or(|all| all.iter().any(|one| one == status))
    }
}

fn asked(now: Timestamp, query: &str) -> Result<Asked, Refusal> {
    let mut asked = Asked { limit: 50, ..Asked::default() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let number = |id, what: &str| {
            value.parse::<usize>().map_err(|_| Refusal::new(400, id, format!("Invalid {what}: {value}")))
        };
        match &*name {
            "limit" => {
                asked.limit = number(31100, "limit")?;
                if !(1..=200).contains(&asked.limit) {
                    return Err(Refusal::new(400, 31100, format!("Invalid limit: {value}")));
                }
            }
            "offset" => asked.offset = number(31000, "offset")?,
            "filter" => filters(now, &value, &mut asked)?,
            "orderIds" => {
                let ids: Vec<String> = value.split(',').map(|id| id.trim().to_owned()).collect();
                if ids.len() > 50 {
                    return Err(Refusal::new(400, 30900, "Exceeded maximum number of order IDs"));
                }
                asked.ids = Some(ids);
            }
            "fieldGroups" if value == "TAX_BREAKDOWN" => {}
            "fieldGroups" => return Err(Refusal::new(400, 32800, format!("Invalid field group: {value}"))),
            _ => {}
        }
    }
    Ok(asked)
}

fn filters(now: Timestamp, text: &str, asked: &mut Asked) -> Result<(), Refusal> {
    for filter in split(text) {
        let bad = |id, words: &str| Err(Refusal::new(400, id, format!("{words} {filter}")));
        let Some((name, value)) = filter.split_once(':') else { return bad(30700, "Invalid filter name:") };
        match name.trim() {
            "lastmodifieddate" => asked.modified = Some(range(now, value)?),
            "creationdate" => asked.created = Some(range(now, value)?),
            "orderfulfillmentstatus" => {
                let inner = value.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let statuses: Vec<String> = inner.unwrap_or_default().split('|').map(str::to_owned).collect();
                let pairs = [["NOT_STARTED", "IN_PROGRESS"], ["FULFILLED", "IN_PROGRESS"]];
                if !pairs.iter().any(|pair| statuses.iter().eq(pair.iter())) {
                    return bad(30800, "Invalid filter value");
                }
                asked.statuses = Some(statuses);
            }
            _ => return bad(30700, "Invalid filter name:"),
        }
    }
    Ok(())
}

/// Filters are parted by commas outside brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = text.split(move |c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.is_empty()).collect()
}

fn range(now: Timestamp, text: &str) -> Result<Range, Refusal> {
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (from, to) = inner
        .and_then(|inner| inner.split_once(".."))
        .ok_or_else(|| Refusal::new(400, 30810, "Invalid date format"))?;
    if from.is_empty() {
        return Err(Refusal::new(400, 30820, "Start date is missing"));
    }
    let (from, to) = (date(from)?, if to.is_empty() { None } else { Some(date(to)?) });
    if from > now || to.is_some_and(|to| to > now) {
        return Err(Refusal::new(400, 30850, "Start and end dates can't be in the future"));
    }
    if to.is_some_and(|to| to < from) {
        return Err(Refusal::new(400, 30840, "Start date should be before end date"));
    }
    if now.duration_since(from) > FURTHEST {
        return Err(Refusal::new(
            400,
            30830,
            "Time range between start date and end date must be within '2' years.",
        ));
    }
    Ok((from, to))
}

/// UTC, milliseconds, and a literal `Z`.
fn date(text: &str) -> Result<Timestamp, Refusal> {
    let formed = text.len() == 24 && text.ends_with('Z') && text.get(19..20) == Some(".");
    text.parse().ok().filter(|_| formed).ok_or_else(|| Refusal::new(400, 30810, "Invalid date format"))
}
