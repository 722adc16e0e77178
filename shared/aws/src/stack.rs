//! What a deployed stack says of itself: its outputs and parameters, from CloudFormation.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackStatus;

use crate::explain::{code, explain};

/// A stack that is there and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

/// Why nothing can be done with a stack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// No stack of this name in this account and region.
    #[error("there is no stack {0} in this account and region")]
    NotFound(String),
    /// It is being made or removed, or was never completed.
    #[error("stack {name} is {status}: {advice}")]
    Unfinished {
        /// Its name.
        name: String,
        /// What CloudFormation calls its state.
        status: String,
        /// What to do.
        advice: &'static str,
    },
    /// It was made from another template, or from another version of this one.
    #[error(
        "stack {name} has no {what}: is it one of Parcelwire, deployed with this version's template.yaml?"
    )]
    Foreign {
        /// Its name.
        name: String,
        /// The missing output or parameter.
        what: String,
    },
    /// `CloudFormation` did not answer, or refused.
    #[error("CloudFormation cannot be asked: {0}")]
    Unavailable(String),
}

impl Stack {
    /// Reads a stack; it must be complete.
    ///
    /// # Errors
    /// [`StackError`]: nothing was changed.
    pub async fn find(client: &Client, name: &str) -> Result<Self, StackError> {
        let answer = client.describe_stacks().stack_name(name).send().await.map_err(|error| {
            // CloudFormation has no code of its own for it: "Stack with id NAME does not exist" (API reference of
            // DescribeStacks, "a ValidationError is returned", read 2026-11).
            let words = explain("DescribeStacks", &error);
            if code(&error) == Some("ValidationError") && words.contains("does not exist") {
                StackError::NotFound(name.to_owned())
            } else {
                StackError::Unavailable(words)
            }
        })?;
        let found = answer.stacks.unwrap_or_default().into_iter().next();
        let found = found.ok_or_else(|| StackError::NotFound(name.to_owned()))?;
        if let Some(advice) = found.stack_status().and_then(unfinished) {
            let status = found.stack_status().map_or("", StackStatus::as_str).to_owned();
            return Err(StackError::Unfinished { name: name.to_owned(), status, advice });
        }
        let outputs = found.outputs.unwrap_or_default().into_iter();
        let parameters = found.parameters.unwrap_or_default().into_iter();
        Ok(Self {
            name: name.to_owned(),
            outputs: outputs.filter_map(|o| Some((o.output_key?, o.output_value?))).collect(),
            parameters: parameters.filter_map(|p| Some((p.parameter_key?, p.parameter_value?))).collect(),
        })
    }

    /// An output.
    ///
    /// # Errors
    /// [`StackError::Foreign`] if it has none of this name.
    pub fn output(&self, name: &str) -> Result<&str, StackError> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| self.without("output", name))
    }

    /// A parameter's value.
    ///
    /// # Errors
    /// [`StackError::Foreign`] if it has none of this name.
    pub fn parameter(&self, name: &str) -> Result<&str, StackError> {
        self.parameters.get(name).map(String::as_str).ok_or_else(|| self.without("parameter", name))
    }

    fn without(&self, kind: &str, name: &str) -> StackError {
        StackError::Foreign { name: self.name.clone(), what: format!("{kind} {name}") }
    }
}

/// What to do about a stack in this state; `None` if it may be used.
fn unfinished(status: &StackStatus) -> Option<&'static str> {
    let status = status.as_str();
    // What an update left behind works: CloudFormation keeps the old resources until the new ones are there.
    if status.starts_with("UPDATE_") || matches!(status, "CREATE_COMPLETE" | "IMPORT_COMPLETE") {
        None
    } else if status.starts_with("DELETE_") {
        Some("it is going, or gone; its tables and queues are kept")
    } else if status == "REVIEW_IN_PROGRESS" {
        // A change set that failed, or that nobody executed, leaves a new stack so for ever; nothing was made.
        Some("nothing was made: its first change set failed, or was not executed; deploy again")
    } else if matches!(status, "CREATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS") {
        Some("wait until it is complete")
    } else {
        Some("it was never completed; see its events, delete it, and deploy it again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    fn described(status: &str) -> String {
        format!(
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <DescribeStacksResult><Stacks><member><StackName>p</StackName>\
             <CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
             <Outputs><member><OutputKey>TablePrefix</OutputKey><OutputValue>p-</OutputValue></member></Outputs>\
             <Parameters><member><ParameterKey>MailFrom</ParameterKey><ParameterValue>a@example.com\
             </ParameterValue></member></Parameters></member></Stacks></DescribeStacksResult>\
             </DescribeStacksResponse>"
        )
    }

    async fn find(answer: Answer) -> Result<Stack, StackError> {
        let fake = FakeHttp::answering([answer]);
        let found = Stack::find(&fake.clients().cloudformation(), "p").await;
        assert!(fake.seen()[0].body.contains("StackName=p"), "{:?}", fake.seen());
        found
    }

    #[tokio::test]
    async fn a_whole_stack_tells_its_outputs_and_parameters() {
        for status in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"]
        {
            let stack = find(Answer::xml(200, &described(status))).await.unwrap();
            assert_eq!(stack.output("TablePrefix"), Ok("p-"), "{status}");
            assert_eq!(stack.parameter("MailFrom"), Ok("a@example.com"), "{status}");
            let missing = stack.output("WebhookUrl").unwrap_err().to_string();
            assert!(missing.contains("stack p has no output WebhookUrl"), "{missing}");
        }
    }

    #[tokio::test]
    async fn half_a_stack_is_not_used_and_the_error_says_what_to_do() {
        let cases = [
            ("CREATE_IN_PROGRESS", "wait"),
            ("CREATE_FAILED", "deploy it again"),
            ("ROLLBACK_COMPLETE", "deploy it again"),
            ("ROLLBACK_FAILED", "deploy it again"),
            ("REVIEW_IN_PROGRESS", "deploy again"),
            ("IMPORT_IN_PROGRESS", "wait"),
            ("DELETE_IN_PROGRESS", "are kept"),
            ("A_STATE_OF_LATER", "deploy it again"),
        ];
        for (status, want) in cases {
            let error = find(Answer::xml(200, &described(status))).await.unwrap_err().to_string();
            assert!(error.contains(status) && error.contains(want), "{status}: {error}");
        }
    }

    #[tokio::test]
    async fn no_stack_and_no_answer_are_told_apart() {
        let refused = |code: &str, message: &str| {
            Answer::xml(
                400,
                &format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
                     </Error><RequestId>r</RequestId></ErrorResponse>"
                ),
            )
        };
        let none = find(refused("ValidationError", "Stack with id p does not exist")).await;
        assert_eq!(none, Err(StackError::NotFound("p".into())));
        for (code, message) in
            [("AccessDenied", "not authorized"), ("ExpiredToken", "expired"), ("ValidationError", "too long")]
        {
            let error = find(refused(code, message)).await.unwrap_err();
            assert!(matches!(&error, StackError::Unavailable(words) if words.contains(message)), "{error:?}");
        }
    }
}
