//! Token buckets, one per operation and seller.

use std::collections::BTreeMap;

use jiff::{SpanRelativeTo, Timestamp, Unit};

/// The usage plan of an operation: requests a second, and the most at once.
pub(super) fn plan(operation: &str) -> Option<(f64, f64)> {
    match operation {
        super::CONFIRM => Some((2.0, 10.0)),
        super::GET_ORDER => Some((0.5, 30.0)),
        super::SEARCH => Some((0.0056, 20.0)),
        super::PARTICIPATIONS => Some((0.016, 15.0)),
        super::CREATE_DOCUMENT => Some((0.5, 15.0)),
        super::CREATE_FEED => Some((0.0083, 15.0)),
        super::GET_FEED => Some((2.0, 15.0)),
        super::GET_FEEDS | super::GET_DOCUMENT => Some((0.0222, 10.0)),
        super::GET_DESTINATIONS
        | super::CREATE_DESTINATION
        | super::GET_SUBSCRIPTION
        | super::CREATE_SUBSCRIPTION
        | super::DELETE_SUBSCRIPTION => Some((1.0, 5.0)),
        _ => None,
    }
}

/// What is left of each bucket.
#[derive(Debug, Default)]
pub(super) struct Buckets(BTreeMap<(String, String), (f64, Timestamp)>);

impl Buckets {
    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Timestamp, operation: &str, seller: &str) -> bool {
        let Some((rate, burst)) = plan(operation) else { return true };
        let key = (operation.to_owned(), seller.to_owned());
        let (left, since) = self.0.entry(key).or_insert((burst, now));
        let seconds = now
            .since(*since)
            .and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())))
            .unwrap_or(0.0);
        *left = (*left + seconds.max(0.0) * rate).min(burst);
        *since = now.max(*since);
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}
