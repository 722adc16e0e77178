//! What a stack needs of the account around it: executions for its functions, and ears for its alarms.

use async_trait::async_trait;
use ports::{Check, CheckUp};

use crate::explain::explain;

/// Executions at once that a stack's six functions may need: three event sources (three, two and two by default), two
/// schedules, and room for webhooks that come together.
///
/// New accounts have 10; 1,000 is the usual quota ("Lambda quotas", read 2026-11-21).
const ENOUGH: i32 = 50;

/// How many functions of an account may run at once.
#[derive(Clone, Debug)]
pub struct Concurrency(pub(crate) aws_sdk_lambda::Client);

#[async_trait]
impl CheckUp for Concurrency {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "concurrency";
        let asked = match self.0.get_account_settings().send().await {
            Ok(answer) => answer.account_limit,
            Err(error) => {
                let why = explain("GetAccountSettings", &error);
                return vec![Check::warning(
                    CHECK,
                    why,
                    "see that the credentials may ask lambda:GetAccountSettings",
                )];
            }
        };
        let all = asked.as_ref().map_or(0, |limit| limit.concurrent_executions);
        let free = asked.and_then(|limit| limit.unreserved_concurrent_executions).unwrap_or(all);
        let words = format!("{free} of the account's {all} executions at once are not reserved by anybody");
        let ask = "ask for a higher quota: Service Quotas, AWS Lambda, *Concurrent executions*";
        vec![match free {
            ENOUGH.. => Check::good(CHECK, words),
            // Everything works, slower: workers are bounded, throttled webhooks are sent again, polls find the rest.
            1.. => {
                Check::warning(CHECK, format!("{words}: webhooks that come together may be turned away"), ask)
            }
            _ => Check::bad(CHECK, format!("{words}: no function can run"), ask),
        }]
    }
}

/// A topic that alarms are told to.
#[derive(Clone, Debug)]
pub struct AlarmTopic {
    pub(crate) client: aws_sdk_sns::Client,
    pub(crate) arn: String,
}

#[async_trait]
impl CheckUp for AlarmTopic {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "alarms";
        const MEND: &str =
            "deploy with AlarmEmail=ADDRESS, or subscribe to the topic of the stack's output AlarmTopic";
        let attributes = match self.client.get_topic_attributes().topic_arn(&self.arn).send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => {
                let why = explain("GetTopicAttributes", &error);
                return vec![Check::warning(
                    CHECK,
                    why,
                    "see that the credentials may ask sns:GetTopicAttributes",
                )];
            }
        };
        let count = |name: &str| attributes.get(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        vec![match (count("SubscriptionsConfirmed"), count("SubscriptionsPending")) {
            (0, 0) => Check::warning(CHECK, "nobody hears the stack's alarms", MEND),
            (0, _) => Check::warning(
                CHECK,
                "nobody hears the stack's alarms yet: a subscription waits to be confirmed",
                "follow the link in the mail that AWS sent to that address",
            ),
            (heard, _) => Check::good(CHECK, format!("alarms are told to {heard}")),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};
    use ports::Outcome;

    #[tokio::test]
    async fn few_executions_are_told_and_none_are_wrong() {
        let limits = |all: i32, free: i32| {
            let text = format!(
                r#"{{"AccountLimit":{{"ConcurrentExecutions":{all},"UnreservedConcurrentExecutions":{free}}}}}"#
            );
            Answer::json(200, &text)
        };
        let denied = Answer::json(403, r#"{"__type":"AccessDeniedException","message":"no"}"#);
        for (answer, want, words) in [
            (limits(1000, 1000), Outcome::Good, "1000"),
            (limits(1000, 50), Outcome::Good, "50"),
            (limits(10, 10), Outcome::Warning, "10 of the account's 10"),
            (limits(1000, 0), Outcome::Bad, "no function can run"),
            (denied, Outcome::Warning, "GetAccountSettings"),
        ] {
            let fake = FakeHttp::answering([answer]);
            let checks = Concurrency(fake.clients().lambda()).check_up().await;
            assert_eq!(checks.len(), 1);
            assert_eq!(checks[0].outcome, want, "{checks:?}");
            assert!(checks[0].words.contains(words), "{checks:?}");
        }
    }

    #[tokio::test]
    async fn a_topic_without_ears_is_told() {
        let topic = |confirmed: u8, pending: u8| {
            let entry =
                |key: &str, value: u8| format!("<entry><key>{key}</key><value>{value}</value></entry>");
            let entries =
                entry("SubscriptionsConfirmed", confirmed) + &entry("SubscriptionsPending", pending);
            Answer::xml(
                200,
                &format!(
                    "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                     <GetTopicAttributesResult><Attributes>{entries}</Attributes></GetTopicAttributesResult>\
                     </GetTopicAttributesResponse>"
                ),
            )
        };
        for (answer, want, words) in [
            (topic(1, 0), Outcome::Good, "told to 1"),
            (topic(0, 1), Outcome::Warning, "waits to be confirmed"),
            (topic(0, 0), Outcome::Warning, "nobody"),
        ] {
            let fake = FakeHttp::answering([answer]);
            let arn = "arn:aws:sns:eu-central-1:000000000000:p-alarms".to_owned();
            let checks = AlarmTopic { client: fake.clients().sns(), arn }.check_up().await;
            assert_eq!((checks[0].outcome, checks[0].words.contains(words)), (want, true), "{checks:?}");
        }
    }
}
