//! The only crate that imports the AWS SDK: every port over a service of AWS.
//!
//! [`Clients`] is how the SDK is set up: without `aws-config`, whose chain of credential sources a Lambda
//! does not need and pays for at every cold start. Regions, keys, addresses and names are handed in as values;
//! only [`user`], for a person at a command line, lets `aws-config` read environment and profile.

mod check_up;
pub mod clients;
pub mod credentials;
pub mod dead_letters;
pub mod envelope;
mod explain;
#[cfg(test)]
mod fake_http;
pub mod installation;
pub mod ledger;
pub mod mail;
pub mod queue;
pub mod stack;
pub mod tables;
pub mod user;
pub mod webhook_secrets;

/// The SDK's DynamoDB client, so that no other crate has to name the SDK.
pub use aws_sdk_dynamodb::Client as DynamoClient;
pub use aws_smithy_runtime_api::client::http::SharedHttpClient;
pub use check_up::{AlarmTopic, Concurrency};
pub use clients::{AwsKeys, Clients, Patience};
pub use credentials::DynamoCredentials;
pub use dead_letters::{Depth, SqsDeadLetters};
pub use envelope::Envelope;
pub use installation::Installation;
pub use ledger::DynamoLedger;
pub use mail::SesMail;
pub use queue::SqsQueue;
pub use stack::{Stack, StackError};
pub use tables::{IndexDefinition, TableDefinition, TableNames, create_missing_tables, table_definitions};
pub use user::{UserAccess, UserAccessError};
pub use webhook_secrets::DynamoWebhookSecrets;
