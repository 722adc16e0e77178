//! Variables of the Lambda functions: what is missing or wrong is told by name, all at once.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use settings::SettingsErrors;
use settings::function::{MailerSettings, PollerSettings, ReceiverSettings, SweeperSettings, WorkerSettings};

type Env = BTreeMap<&'static str, &'static str>;

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/inbound";

fn good() -> Env {
    BTreeMap::from([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "canary-key"),
        ("AWS_SESSION_TOKEN", "canary-token"),
        ("TABLE_PREFIX", "parcels-"),
        ("INBOUND_QUEUE_URL", QUEUE),
        ("ALERTS_QUEUE_URL", QUEUE),
        ("KMS_ARN", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("AMAZON_QUEUE_ARN", "arn:aws:sqs:eu-central-1:123456789012:parcels-amazon"),
        ("MAIL_FROM", "parcels@example.com"),
    ])
}

/// Reads one function's settings; gives their `Debug`.
fn read(function: &str, env: &Env) -> Result<String, SettingsErrors> {
    let env = |name: &str| env.get(name).map(|value| (*value).to_owned());
    match function {
        "receiver" => ReceiverSettings::read(&env).map(|settings| format!("{settings:?}")),
        "worker" => WorkerSettings::read(&env).map(|settings| format!("{settings:?}")),
        "poller" => PollerSettings::read(&env).map(|settings| format!("{settings:?}")),
        "sweeper" => SweeperSettings::read(&env).map(|settings| format!("{settings:?}")),
        _ => MailerSettings::read(&env).map(|settings| format!("{settings:?}")),
    }
}

const COMMON: [&str; 4] = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TABLE_PREFIX"];

const OWN: [(&str, &[&str]); 5] = [
    ("receiver", &["INBOUND_QUEUE_URL"]),
    ("worker", &["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL", "KMS_ARN", "AMAZON_QUEUE_ARN"]),
    ("poller", &["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL", "KMS_ARN"]),
    ("sweeper", &["INBOUND_QUEUE_URL", "ALERTS_QUEUE_URL"]),
    ("mailer", &["ALERTS_QUEUE_URL", "MAIL_FROM"]),
];

#[test]
fn every_function_names_all_that_is_missing_and_nothing_else() {
    for (function, own) in OWN {
        let errors = read(function, &Env::new()).unwrap_err();
        let mut told: Vec<&str> = errors.problems.iter().map(|problem| problem.at.as_str()).collect();
        let mut want: Vec<&str> = COMMON.iter().chain(own).copied().collect();
        told.sort_unstable();
        want.sort_unstable();
        assert_eq!(told, want, "{function}");
        let only_needed =
            good().into_iter().filter(|(name, _)| want.contains(name) || name.starts_with("AWS_"));
        read(function, &only_needed.collect()).unwrap();
    }
}

#[test]
fn each_wrong_variable_is_told_by_name_without_its_value() {
    let cases = [
        ("AWS_REGION", "canary", "such as eu-central-1"),
        ("AWS_REGION", "", "is empty"),
        ("AWS_SECRET_ACCESS_KEY", " ", "is empty"),
        ("AWS_SECRET_ACCESS_KEY", "canary\n", "line break"),
        ("TABLE_PREFIX", "canary/", "names of tables"),
        ("INBOUND_QUEUE_URL", "canary", "web address"),
        ("INBOUND_QUEUE_URL", "http://127.0.0.1:4566/q", "ALLOW_BASE_URLS"),
        ("ALERTS_QUEUE_URL", "http://sqs.example.com/q", "https://"),
        ("ALLOW_BASE_URLS", "yes", "true or false"),
        ("ALLOW_BASE_URLS", "", "true or false"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", "unless ALLOW_BASE_URLS is true"),
        ("LOG_LEVEL", "canary", "must be a level"),
        ("AMAZON_QUEUE_ARN", "canary", "ARN of an SQS queue"),
        ("AMAZON_QUEUE_ARN", "arn:aws:sns:eu-central-1:123456789012:canary", "ARN of an SQS queue"),
        ("KMS_ARN", "alias/canary", "ARN of a KMS key"),
        ("KMS_ARN", "arn:aws:kms:eu-central-1:123456789012:alias/canary", "ARN of a KMS key"),
        ("KMS_ARN", "arn:aws:kms:eu-central-1:123456789012:key/", "ARN of a KMS key"),
        ("KMS_ARN", "arn:aws:s3:eu-central-1:123456789012:key/canary", "ARN of a KMS key"),
    ];
    for (name, value, what) in cases {
        let mut env = good();
        env.insert(name, value);
        let errors = read("worker", &env).unwrap_err();
        assert_eq!(errors.problems.len(), 1, "{errors}");
        assert_eq!(errors.problems[0].at, name);
        assert!(errors.problems[0].what.contains(what), "{errors}");
        assert!(!errors.to_string().contains("canary"), "{errors}");
    }
    let mut env = good();
    env.insert("MAIL_FROM", "nobody");
    assert_eq!(read("mailer", &env).unwrap_err().problems[0].at, "MAIL_FROM");
    env = good();
    env.insert("OPERATOR_TOPIC_ARN", "ops");
    assert_eq!(read("mailer", &env).unwrap_err().problems[0].at, "OPERATOR_TOPIC_ARN");
    env.insert("OPERATOR_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:ops");
    env.insert("MAIL_CONFIGURATION_SET", "parcels-mail");
    let shown = read("mailer", &env).unwrap();
    assert!(shown.contains("123456789012:ops") && shown.contains("parcels-mail"), "{shown}");
    env = good();
    env.remove("AWS_SESSION_TOKEN");
    assert_eq!(read("mailer", &env).unwrap_err().problems[0].at, "AWS_SESSION_TOKEN");
}

#[test]
fn another_endpoint_counts_only_where_it_is_allowed() {
    let mut env = good();
    env.insert("ALLOW_BASE_URLS", "true");
    env.insert("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/");
    env.insert("INBOUND_QUEUE_URL", "http://127.0.0.1:4566/0/inbound");
    env.insert("LOG_LEVEL", "DEBUG");
    let look = |name: &str| env.get(name).map(|value| (*value).to_owned());
    let settings = WorkerSettings::read(&look).unwrap();
    assert_eq!(settings.common.aws.endpoint_url.as_deref(), Some("http://127.0.0.1:4566"));
    assert_eq!(settings.common.aws.session_token.as_ref().unwrap().expose_secret(), "canary-token");
    assert_eq!(settings.common.log, "DEBUG");
    assert!(settings.common.allow_base_urls);
    let settings = WorkerSettings::read(&|name| good().get(name).map(|value| (*value).to_owned())).unwrap();
    assert_eq!(settings.common.aws.endpoint_url, None);
    assert!(!settings.common.allow_base_urls);
    assert_eq!(settings.common.log, "info");
}

#[test]
fn secrets_are_not_in_what_is_shown() {
    for (function, _) in OWN {
        let shown = read(function, &good()).unwrap();
        assert!(!shown.contains("canary"), "{shown}");
    }
}
