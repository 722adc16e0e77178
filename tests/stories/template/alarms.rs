//! What must not go wrong unnoticed has its alarm; every alarm is heard and has its runbook.

use std::collections::BTreeSet;

use serde_json::Value;
use workflow::metrics::Metric;

use super::load::{Template, text, texts, workspace};

/// What an alarm watches: namespace, metric, and of what.
fn watched(template: &Template) -> BTreeSet<(String, String, String)> {
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let all = alarms.iter().map(|(_, alarm)| {
        let properties = &alarm["Properties"];
        let of = text(&properties["Dimensions"][0]["Value"]);
        (text(&properties["Namespace"]), text(&properties["MetricName"]), of)
    });
    all.collect()
}

pub(super) fn everything_is_watched(template: &Template) -> Vec<String> {
    let mut must: Vec<(String, String, String)> = Vec::new();
    let mut add = |space: &str, metric: &str, of: String| must.push((space.into(), metric.into(), of));
    for (id, queue) in template.of_type("AWS::SQS::Queue") {
        let is_read = !queue["Properties"]["RedrivePolicy"].is_null();
        let metric =
            if is_read { "ApproximateAgeOfOldestMessage" } else { "ApproximateNumberOfMessagesVisible" };
        add("AWS/SQS", metric, format!("${{{id}.QueueName}}"));
    }
    for (id, _) in template.of_type("AWS::Serverless::Function") {
        add("AWS/Lambda", "Errors", format!("${{{id}}}"));
    }
    // What ends in no error, since it does not begin. The sweep is called each minute.
    add("AWS/Lambda", "Invocations", "${Sweep}".to_owned());
    add("AWS/Lambda", "Throttles", String::new());
    add("AWS/SES", "Reputation.BounceRate", String::new());
    add("AWS/SES", "Reputation.ComplaintRate", String::new());
    // What is counted without dimensions is counted to be watched.
    for metric in Metric::ALL.iter().filter(|metric| metric.dimensions().is_empty()) {
        add("Parcelwire/${AWS::StackName}", metric.as_str(), String::new());
    }
    let is_watched = watched(template);
    let mut wrong: Vec<String> = must
        .iter()
        .filter(|what| !is_watched.contains(what))
        .map(|(space, metric, of)| format!("nothing watches {space} {metric} {of}"))
        .collect();
    let known: BTreeSet<_> = must.into_iter().collect();
    let stray = is_watched.difference(&known);
    wrong
        .extend(stray.map(|(space, metric, of)| format!("{space} {metric} {of} is of no queue or function")));
    wrong
}

pub(super) fn alarms_are_heard(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        if texts(&properties["AlarmActions"]) != ["${AlarmTopic}"] {
            wrong.push(format!("{id}: tells nobody"));
        }
        let (wanted, otherwise) = match properties["MetricName"] == "Invocations" {
            true => (["LessThanThreshold", "breaching"], "says nothing when nothing happens"),
            false => (["GreaterThanThreshold", "notBreaching"], "goes off when nothing happens"),
        };
        if [&properties["ComparisonOperator"], &properties["TreatMissingData"]] != wanted {
            wrong.push(format!("{id}: {otherwise}"));
        }
        let runbook = runbook(alarm);
        let page = std::fs::read_to_string(workspace().join(&runbook)).unwrap_or_default();
        if runbook.is_empty() || !page.contains(&format!("`{id}`")) {
            wrong.push(format!("{id}: no runbook names it ({runbook:?})"));
        }
    }
    wrong
}

/// The page that an alarm's description names.
fn runbook(alarm: &Value) -> String {
    let description = text(&alarm["Properties"]["AlarmDescription"]);
    let page = description.split_once(" See ").map(|(_, page)| page.trim().to_owned());
    page.filter(|page| page.starts_with("docs/operations/alarms/") && page.ends_with(".md"))
        .unwrap_or_default()
}

pub(super) fn no_log_is_kept_for_ever(template: &Template) -> Vec<String> {
    let groups = template.of_type("AWS::Logs::LogGroup");
    let endless = groups.iter().filter(|(_, group)| group["Properties"]["RetentionInDays"].is_null());
    let mut wrong: Vec<String> = endless.map(|(id, _)| format!("{id}: is kept for ever")).collect();
    if groups.len() != template.functions().len() {
        wrong.push("not one log group per function".into());
    }
    wrong
}
