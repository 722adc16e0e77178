//! What is counted, with few dimensions: each count is one log line that also says what it was about.
//!
//! [`note`] writes an event of target [`TARGET`]. On one machine that is a plain line. In a function it becomes a line
//! in `CloudWatch`'s embedded metric format ([`emf`]): no call, no library, and the line that counts a confirmation is
//! the line that tells of it.

use std::fmt::Display;

use serde_json::{Map, Value, json};

/// The target of the events that count.
pub const TARGET: &str = "parcelwire::metric";

/// What is counted. Each name with each value of its dimensions is a metric that `CloudWatch` charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Tries to tell a marketplace of a parcel, by what came of them.
    Confirmations,
    /// Parcels that began to wait for a person.
    Held,
    /// Milliseconds from the marketplace's yes to the read that shows the parcel.
    ReadBackLag,
    /// Mails, by what came of them.
    Mails,
    /// Webhooks that were not simply accepted. Those that were, the Function URL counts for nothing.
    Webhooks,
    /// Stores that have been silent far longer than they ever are.
    SilentWebhooks,
    /// Connections whose authorisation is gone or ends within days.
    FailingCredentials,
    /// Seconds between our clock and another side's, where that is too much.
    ClockSkew,
}

impl Metric {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Confirmations,
        Self::Held,
        Self::ReadBackLag,
        Self::Mails,
        Self::Webhooks,
        Self::SilentWebhooks,
        Self::FailingCredentials,
        Self::ClockSkew,
    ];

    /// Its name, in `CloudWatch` too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmations => "confirmations",
            Self::Held => "held",
            Self::ReadBackLag => "read_back_lag",
            Self::Mails => "mails",
            Self::Webhooks => "webhooks",
            Self::SilentWebhooks => "silent_webhooks",
            Self::FailingCredentials => "failing_credentials",
            Self::ClockSkew => "clock_skew",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::ReadBackLag => "Milliseconds",
            Self::ClockSkew => "Seconds",
            Self::Confirmations
            | Self::Held
            | Self::Mails
            | Self::Webhooks
            | Self::SilentWebhooks
            | Self::FailingCredentials => "Count",
        }
    }

    /// By what it is told apart. What an alarm watches has none, so that one alarm sees all of it.
    #[must_use]
    pub fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::Confirmations => &["marketplace", "outcome"],
            Self::Held | Self::ReadBackLag => &["marketplace"],
            Self::Mails => &["outcome"],
            Self::Webhooks => &["function", "outcome"],
            Self::SilentWebhooks | Self::FailingCredentials | Self::ClockSkew => &[],
        }
    }
}

/// What a count is about, as far as that is known. No buyer, no secret has a place here.
#[derive(Clone, Copy, Default)]
pub struct About<'a> {
    /// The kind of marketplace.
    pub marketplace: Option<&'a str>,
    /// What came of it: one of a few words.
    pub outcome: Option<&'a str>,
    /// Whose.
    pub connection: Option<&'a dyn Display>,
    /// The marketplace order.
    pub order: Option<&'a str>,
    /// The package's key.
    pub package: Option<&'a str>,
    /// More, in words of ours or of the other side's status.
    pub detail: Option<&'a str>,
    /// How long it took.
    pub duration_ms: Option<u64>,
}

/// Counts.
pub fn note(metric: Metric, value: u64, about: &About<'_>) {
    let About { marketplace, outcome, order, package, detail, duration_ms, .. } = *about;
    let connection = about.connection.map(tracing::field::display);
    tracing::info!(target: TARGET, metric = metric.as_str(), value, marketplace, outcome, connection, order, package,
        detail, duration_ms);
}

/// An event's fields as a line in the embedded metric format; `None` if they count nothing known.
///
/// `fields` are those of the event and of the spans around it; all of them stay readable in the log.
///
/// Contract: `CloudWatch`, *Embedded metric format specification* (user guide, read 2026-11-21): a root object with
/// `_aws.Timestamp` in milliseconds and `_aws.CloudWatchMetrics[]` of `Namespace`, `Dimensions` (sets of names, a set
/// may be empty), `Metrics[]` of `Name` and `Unit`; every name is a member of the root, a dimension's value a text.
#[must_use]
pub fn emf(namespace: &str, function: &str, at_ms: i64, mut fields: Map<String, Value>) -> Option<Value> {
    let name = fields.remove("metric")?;
    let metric = Metric::ALL.into_iter().find(|metric| Some(metric.as_str()) == name.as_str())?;
    let value = fields.remove("value")?;
    fields.insert("function".into(), function.into());
    for dimension in metric.dimensions() {
        // A line that lacks a dimension would be counted nowhere.
        fields.entry(*dimension).or_insert_with(|| "none".into());
    }
    fields.insert(metric.as_str().into(), value);
    let of = json!({
        "Namespace": namespace,
        "Dimensions": [metric.dimensions()],
        "Metrics": [{ "Name": metric.as_str(), "Unit": metric.unit() }],
    });
    fields.insert("_aws".into(), json!({ "Timestamp": at_ms, "CloudWatchMetrics": [of] }));
    Some(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(metric: &str) -> Map<String, Value> {
        let all = json!({ "metric": metric, "value": 1, "marketplace": "amazon", "outcome": "accepted",
            "order": "111-1", "trace_id": "1-2-3" });
        all.as_object().unwrap().clone()
    }

    #[test]
    fn a_count_is_a_line_that_cloudwatch_reads_and_a_person_too() {
        let line = emf("Parcelwire/main", "sync-order", 1_700_000_000_000, fields("confirmations")).unwrap();
        let want = json!({
            "_aws": { "Timestamp": 1_700_000_000_000_i64, "CloudWatchMetrics": [{
                "Namespace": "Parcelwire/main",
                "Dimensions": [["marketplace", "outcome"]],
                "Metrics": [{ "Name": "confirmations", "Unit": "Count" }],
            }] },
            "confirmations": 1, "marketplace": "amazon", "outcome": "accepted", "function": "sync-order",
            "order": "111-1", "trace_id": "1-2-3",
        });
        assert_eq!(line, want);
    }

    #[test]
    fn every_name_in_the_directive_is_a_member_of_the_line() {
        for metric in Metric::ALL {
            let mut bare = fields(metric.as_str());
            bare.retain(|name, _| name == "metric" || name == "value");
            let line = emf("n", "f", 0, bare).unwrap();
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            assert!(line[directive["Metrics"][0]["Name"].as_str().unwrap()].is_u64(), "{metric:?}");
            for dimension in directive["Dimensions"][0].as_array().unwrap() {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{metric:?}: {dimension}");
            }
            assert!(metric.dimensions().len() <= 2, "{metric:?}: each one more multiplies the cost");
        }
    }

    #[test]
    fn what_counts_nothing_known_is_no_line() {
        assert_eq!(emf("n", "f", 0, fields("unheard_of")), None);
        assert_eq!(emf("n", "f", 0, Map::new()), None);
    }
}
