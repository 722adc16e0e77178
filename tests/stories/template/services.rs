//! Functions, queues and tables as they must be.

use std::collections::{BTreeMap, BTreeSet};

use domain::keys::Table;
use serde_json::{Value, json};

use super::grants::grants;
use super::load::{Template, text, texts, walk, workspace};

/// All that a function may find in its environment.
const VARIABLES: [&str; 10] = [
    "TABLE_PREFIX",
    "INBOUND_QUEUE_URL",
    "ALERTS_QUEUE_URL",
    "KMS_ARN",
    "AMAZON_QUEUE_ARN",
    "MAIL_FROM",
    "MAIL_CONFIGURATION_SET",
    "OPERATOR_TOPIC_ARN",
    "ALLOW_BASE_URLS",
    "LOG_LEVEL",
];

/// Words that a name of something secret has.
const SECRET_WORDS: [&str; 6] = ["SECRET", "TOKEN", "PASSWORD", "CREDENTIAL", "KEY", "PRIVATE"];

/// Tables beside the ledger's.
const SECRET_TABLES: [&str; 2] = ["webhook-secrets", "credentials"];

/// The name of the key that secrets are sealed under: what the command line asks KMS for, and no secret.
const KEY_NAME: &str = "${SecretsKey.Arn}";

fn secret_looking(name: &str) -> bool {
    SECRET_WORDS.iter().any(|word| name.to_uppercase().contains(word))
}

pub(super) fn every_function_is_deployed(template: &Template) -> Vec<String> {
    let folders: BTreeSet<String> = std::fs::read_dir(workspace().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let deployed: BTreeSet<String> =
        template.functions().iter().map(|(name, _)| (*name).to_owned()).collect();
    folders
        .symmetric_difference(&deployed)
        .map(|name| format!("{name}: only in one of tree and template"))
        .collect()
}

pub(super) fn functions_are_plain(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let globals = &template.0["Globals"]["Function"];
    if *globals
        != json!({ "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": [{ "Ref": "Architecture" }] })
    {
        wrong.push("Globals: more or other than runtime, handler and architecture".into());
    }
    let logs: BTreeMap<_, _> = template.of_type("AWS::Logs::LogGroup").into_iter().collect();
    for (name, function) in template.functions() {
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap_or_default();
        if logs.get(group).is_none_or(|g| g["Properties"]["RetentionInDays"].is_null()) {
            wrong.push(format!("{name}: its logs are kept for ever"));
        }
        for own in ["Timeout", "MemorySize"] {
            if !function[own].is_u64() {
                wrong.push(format!("{name}: has no {own}"));
            }
        }
        for absent in ["Tracing", "Runtime", "Handler", "Architectures", "VpcConfig"] {
            if !function[absent].is_null() {
                wrong.push(format!("{name}: has {absent}"));
            }
        }
    }
    wrong
}

/// What a new account can run at once, all its functions together ("Lambda quotas", read 2026-11-21).
const NEW_ACCOUNT: u64 = 10;

/// A new account's executions serve all: nothing is reserved of them, and all workers at once leave the receivers one.
///
/// Who has more may reserve some for each receiver, which bounds it, too: a flood of posts takes those and no others.
pub(super) fn executions_are_shared(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let urls: BTreeSet<String> = template
        .of_type("AWS::Lambda::Url")
        .iter()
        .map(|(_, url)| text(&url["Properties"]["TargetFunctionArn"]))
        .collect();
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let reserved = &function["Properties"]["ReservedConcurrentExecutions"];
        let is_receiver = urls.contains(&format!("${{{id}}}"));
        if is_receiver && reserved.is_null() {
            wrong.push(format!("{id}: nothing can bound it"));
        }
        if !(reserved.is_null() || is_receiver && is_reserved_on_demand(template, reserved)) {
            wrong.push(format!("{id}: reserves executions unasked"));
        }
    }
    let workers = queue_sources(template)
        .into_iter()
        .filter_map(|(_, _, source)| template.number(&source["ScalingConfig"]["MaximumConcurrency"]));
    let events = template.functions().into_iter().filter_map(|(_, function)| function["Events"].as_object());
    let schedules = events.flatten().filter(|(_, event)| event["Type"] == "Schedule").count();
    let busy = workers.map(|(_, usual)| usual).sum::<u64>() + u64::try_from(schedules).unwrap();
    if busy >= NEW_ACCOUNT {
        wrong.push(format!("{busy} workers and schedules at once leave the receivers of a new account none"));
    }
    wrong
}

/// `!If [it is asked for, so many, none]`, of a parameter that asks for none by itself.
fn is_reserved_on_demand(template: &Template, reserved: &Value) -> bool {
    let Some([Value::String(condition), limit, none]) = reserved["Fn::If"].as_array().map(Vec::as_slice)
    else {
        return false;
    };
    let asked = json!({ "Fn::Not": [{ "Fn::Equals": [limit, "0"] }] });
    *none == json!({ "Ref": "AWS::NoValue" })
        && template.0["Conditions"][condition] == asked
        && template.number(limit) == Some((0, 0))
}

/// Who looks at a stack sees what was deployed.
pub(super) fn the_version_is_told(template: &Template) -> Vec<String> {
    let told = text(&template.0["Outputs"]["Version"]["Value"]);
    let own = env!("CARGO_PKG_VERSION");
    if told == own { Vec::new() } else { vec![format!("the stack says {told:?}, and this is {own}")] }
}

pub(super) fn nothing_secret_is_in_the_open(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        for (variable, value) in function["Environment"]["Variables"].as_object().into_iter().flatten() {
            if !VARIABLES.contains(&variable.as_str()) || secret_looking(variable) {
                wrong.push(format!("{name}: {variable} has no place in its environment"));
            }
            if texts(value).iter().any(|text| text == "?") {
                wrong.push(format!("{name}: {variable} cannot be read"));
            }
        }
    }
    for (name, parameter) in template.0["Parameters"].as_object().into_iter().flatten() {
        if secret_looking(name) || !parameter["NoEcho"].is_null() {
            wrong.push(format!("{name}: secrets do not come by parameter"));
        }
    }
    for (name, output) in template.0["Outputs"].as_object().into_iter().flatten() {
        if secret_looking(name)
            || texts(&output["Value"]).iter().any(|text| text.contains("Secret") && text != KEY_NAME)
        {
            wrong.push(format!("{name}: an output that may tell a secret"));
        }
    }
    walk(&template.0, "", &mut |path, map| {
        if map.values().any(|value| text(value).contains("{{resolve:")) {
            wrong.push(format!("{path}: a secret resolved into the template"));
        }
    });
    wrong
}

/// Event sources that read queues: function, its timeout, the source.
fn queue_sources(template: &Template) -> Vec<(String, u64, &Value)> {
    let mut sources = Vec::new();
    for (name, function) in template.functions() {
        let timeout = function["Timeout"].as_u64().unwrap_or(900);
        let events = function["Events"].as_object().into_iter().flatten();
        for (_, event) in events.filter(|(_, event)| event["Type"] == "SQS") {
            sources.push((name.to_owned(), timeout, &event["Properties"]));
        }
    }
    for (id, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
        sources.push((id.to_owned(), 900, &mapping["Properties"]));
    }
    sources
}

pub(super) fn batches_fail_by_record(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, _, source) in queue_sources(template) {
        if source["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
            wrong.push(format!("{name}: one bad record fails its whole batch"));
        }
        if template.number(&source["ScalingConfig"]["MaximumConcurrency"]).is_none_or(|(least, _)| least < 2)
        {
            wrong.push(format!("{name}: nothing bounds its workers"));
        }
        if source["BatchSize"].as_u64().is_none_or(|n| n == 0 || n > 10) {
            wrong.push(format!("{name}: batches are not of 1 to 10"));
        }
    }
    wrong
}

pub(super) fn queues_lose_nothing(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let queues: BTreeMap<_, _> =
        template.of_type("AWS::SQS::Queue").into_iter().map(|(id, q)| (id, &q["Properties"])).collect();
    let target = |queue: &Value| text(&queue["RedrivePolicy"]["deadLetterTargetArn"]);
    let dead: BTreeSet<String> = queues.values().map(|q| target(q)).filter(|t| !t.is_empty()).collect();
    let kept = |queue: &Value| queue["MessageRetentionPeriod"].as_u64().unwrap_or(345_600);
    for (id, queue) in &queues {
        let whole = &template.0["Resources"][*id];
        if whole["DeletionPolicy"] != KEPT || whole["UpdateReplacePolicy"] != "Retain" {
            wrong.push(format!("{id}: does not outlive its stack"));
        }
        if queue["SqsManagedSseEnabled"] != true {
            wrong.push(format!("{id}: is not encrypted"));
        }
        if !queue["FifoQueue"].is_null() {
            wrong.push(format!("{id}: is not a standard queue"));
        }
        if dead.contains(&format!("${{{id}.Arn}}")) {
            continue;
        }
        let letters = target(queue);
        let letters = queues.iter().find(|(other, _)| letters == format!("${{{other}.Arn}}"));
        match letters {
            None => wrong.push(format!("{id}: has no dead-letter queue")),
            Some((other, letters)) if kept(letters) <= kept(queue) => {
                wrong.push(format!("{other}: forgets letters as soon as {id}"));
            }
            Some(_) => {}
        }
        if queue["RedrivePolicy"]["maxReceiveCount"].as_u64().is_none_or(|n| n < 5) {
            wrong.push(format!("{id}: gives a message up too soon"));
        }
        let readers = queue_sources(template);
        let own: Vec<_> =
            readers.iter().filter(|(_, _, s)| text(&s["Queue"]) == format!("${{{id}.Arn}}")).collect();
        if own.is_empty() {
            wrong.push(format!("{id}: nobody reads it"));
        }
        for (reader, timeout, source) in own {
            let least = 6 * timeout + source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or(0);
            if queue["VisibilityTimeout"].as_u64().is_none_or(|v| v < least) {
                wrong.push(format!("{id}: {reader} needs a visibility of {least} s"));
            }
        }
    }
    wrong
}

/// Kept when the stack goes, but not when its very creation fails: what was made then holds nothing, and would be in the
/// way of the next try.
const KEPT: &str = "RetainExceptOnCreate";

fn keys(partition: &str, sort: Option<&str>) -> Value {
    let sort = sort.map(|name| json!({ "AttributeName": name, "KeyType": "RANGE" }));
    [json!({ "AttributeName": partition, "KeyType": "HASH" })].into_iter().chain(sort).collect()
}

/// A table's indexes, each in full, by name.
fn indexes(table: &Value) -> BTreeMap<String, Value> {
    let all = table["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    all.map(|index| (text(&index["IndexName"]), index.clone())).collect()
}

/// The indexes that the code asks: keys only, since a hit is a hint.
fn indexes_of(table: &str) -> BTreeMap<String, Value> {
    let wanted: &[(&str, &str, &str)] = match table {
        "orders" => &[("due", "due_lane", "due_at"), ("attention", "attention", "pk")],
        "deliveries" => &[("attention", "attention", "pk")],
        _ => &[],
    };
    let index = |(name, partition, sort): &(&str, &str, &str)| {
        let schema = keys(partition, Some(sort));
        let keys_only = json!({ "ProjectionType": "KEYS_ONLY" });
        let index = json!({ "IndexName": name, "KeySchema": schema, "Projection": keys_only });
        ((*name).to_owned(), index)
    };
    wanted.iter().map(index).collect()
}

pub(super) fn tables_are_the_ledgers_and_safe(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for (id, table) in template.of_type("AWS::DynamoDB::Table") {
        let properties = &table["Properties"];
        let full = text(&properties["TableName"]);
        let name = full.strip_prefix("${AWS::StackName}-").unwrap_or(&full).to_owned();
        let is_secret = SECRET_TABLES.contains(&name.as_str());
        let recovers = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true;
        let encryption = &properties["SSESpecification"];
        let ttl = &properties["TimeToLiveSpecification"];
        let attributes = properties["AttributeDefinitions"].as_array().into_iter().flatten();
        let strings = attributes.into_iter().all(|attribute| attribute["AttributeType"] == "S");
        let sorted = if is_secret { None } else { Some("sk") };
        let must = [
            ("is not on demand", properties["BillingMode"] == "PAY_PER_REQUEST"),
            ("is not encrypted by KMS", encryption["SSEEnabled"] == true && encryption["SSEType"] == "KMS"),
            (
                "is not under the secrets' key",
                !is_secret || text(&encryption["KMSMasterKeyId"]) == "${SecretsKey}",
            ),
            ("has no point-in-time recovery", recovers || name == "deliveries"),
            ("does not outlive its stack", table["DeletionPolicy"] == KEPT),
            ("does not outlive its replacement", table["UpdateReplacePolicy"] == "Retain"),
            ("has other keys than the code's", properties["KeySchema"] == keys("pk", sorted)),
            ("has other indexes than the code's", indexes(properties) == indexes_of(&name)),
            (
                "forgets what it must not, or nothing",
                ttl["Enabled"] == true && !is_secret || is_secret && ttl.is_null(),
            ),
            ("ends items by another attribute", is_secret || ttl["AttributeName"] == "expires_at"),
            ("has keys that are no strings", strings),
        ];
        wrong.extend(must.iter().filter(|(_, holds)| !holds).map(|(what, _)| format!("{id}: {what}")));
        names.insert(name);
    }
    let ledger = Table::ALL.iter().map(|table| table.as_str());
    let known: BTreeSet<String> = ledger.chain(SECRET_TABLES).map(str::to_owned).collect();
    let stray = names.symmetric_difference(&known);
    wrong.extend(stray.map(|name| format!("{name}: only in one of code and template")));
    for (id, key) in template.of_type("AWS::KMS::Key") {
        if key["Properties"]["EnableKeyRotation"] != true || key["DeletionPolicy"] != KEPT {
            wrong.push(format!("{id}: is not rotated, or goes before what it encrypts"));
        }
    }
    wrong
}

/// A queue's address and the right to use it come together; so do an event source and the right to read.
pub(super) fn what_is_wired_is_granted(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        let granted = grants(template, name);
        let variables = function["Environment"]["Variables"].as_object().into_iter().flatten();
        let addressed: BTreeSet<String> = variables
            .filter(|(variable, _)| variable.ends_with("_URL"))
            .map(|(_, value)| text(value).replace('}', ".Arn}"))
            .collect();
        let sources = queue_sources(template);
        let read: BTreeSet<String> = sources
            .iter()
            .filter(|(reader, _, _)| reader == name)
            .map(|(_, _, s)| text(&s["Queue"]))
            .collect();
        let uses = |verbs: &[&str]| -> BTreeSet<String> {
            let of = granted.iter().filter(|(action, _)| verbs.contains(&action.as_str()));
            of.map(|(_, resource)| resource.clone()).collect()
        };
        let counted: BTreeSet<String> =
            uses(&["sqs:GetQueueAttributes"]).difference(&read).cloned().collect();
        let used: BTreeSet<String> = uses(&["sqs:SendMessage"]).union(&counted).cloned().collect();
        let differ = used.symmetric_difference(&addressed);
        wrong.extend(differ.map(|queue| format!("{name}: {queue} is granted or addressed, not both")));
        for verb in ["sqs:ReceiveMessage", "sqs:DeleteMessage"] {
            let differ: Vec<_> = uses(&[verb]).symmetric_difference(&read).cloned().collect();
            wrong.extend(
                differ.iter().map(|queue| format!("{name}: {verb} on {queue} is granted or wired, not both")),
            );
        }
    }
    wrong
}
