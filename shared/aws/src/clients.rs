//! How the SDK reaches AWS: region, keys, TLS, timeouts and retries, each chosen on purpose.

use std::time::Duration;

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use secrecy::{ExposeSecret, SecretString};

/// What requests are signed with.
///
/// In a Lambda these are the values of `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
/// `AWS_SESSION_TOKEN`: Lambda replaces the whole environment before they end, so they need no renewal.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    /// The key's name; not secret.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// Comes with temporary keys.
    pub session_token: Option<SecretString>,
}

/// The longest pause before the second try; the SDK's own second would outlast a receiver's whole patience.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause before any try. It doubles with every one, and is chosen by chance below that.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a call may take and how often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for one try, connecting included.
    pub attempt: Duration,
    /// Longest wait in all, with every try and the pauses between.
    pub whole: Duration,
    /// Tries in all, at least 1. Pauses between them grow and are jittered by the SDK's standard mode.
    pub attempts: u32,
}

impl Patience {
    /// For workers: a queue stands behind them, but a Lambda's time is paid.
    pub const WORKER: Self = Self {
        connect: Duration::from_secs(1),
        attempt: Duration::from_secs(3),
        whole: Duration::from_secs(10),
        attempts: 4,
    };

    /// For receivers: a queue that is down and the fallback after it must both be known within two seconds,
    /// since the sender gives up after five (Shopify) and must have been told 503 by then.
    pub const RECEIVER: Self = Self {
        connect: Duration::from_millis(400),
        attempt: Duration::from_millis(600),
        whole: Duration::from_millis(900),
        attempts: 2,
    };
}

/// TLS by rustls with ring, which the whole project uses.
pub(crate) fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// Makes the clients of the services, all over one pool of connections.
///
/// Each is built only when asked for, so a function carries only the services that it uses.
#[derive(Clone, Debug)]
pub struct Clients {
    base: SdkConfig,
    patience: Patience,
}

impl Clients {
    /// Over TLS by rustls with ring, for workers. `endpoint` replaces every service's address, for a local AWS.
    #[must_use]
    pub fn new(region: &str, endpoint: Option<&str>, keys: &AwsKeys) -> Self {
        Self::over(https(), region, endpoint, keys)
    }

    /// Over another way to send requests: the embedded database, or a stand-in of a test.
    #[must_use]
    pub fn over(http: SharedHttpClient, region: &str, endpoint: Option<&str>, keys: &AwsKeys) -> Self {
        let credentials = SdkCredentials::new(
            keys.access_key_id.clone(),
            keys.secret_access_key.expose_secret(),
            keys.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
            None,
            "parcelwire settings",
        );
        let mut base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            // Guards downloads that crawl; our answers are small and every call has its end anyway.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        base.set_endpoint_url(endpoint.map(str::to_owned));
        Self { base: base.build(), patience: Patience::WORKER }
    }

    /// The same with other timeouts and tries.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// A DynamoDB client.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config(self.patience.attempts))
    }

    /// An SQS client.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config(self.patience.attempts))
    }

    /// A `CloudFormation` client.
    #[must_use]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config(self.patience.attempts))
    }

    /// A KMS client.
    #[must_use]
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config(self.patience.attempts))
    }

    /// A Lambda client, for the account's limits.
    #[must_use]
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config(self.patience.attempts))
    }

    /// An SNS client.
    #[must_use]
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config(self.patience.attempts))
    }

    /// An SES client. It tries once only: SES has no idempotency key, so a try after a lost answer could mail
    /// the same twice, and only the caller counts how often that may happen.
    #[must_use]
    pub fn ses(&self) -> aws_sdk_ses::Client {
        aws_sdk_ses::Client::new(&self.config(1))
    }

    fn config(&self, attempts: u32) -> SdkConfig {
        let Patience { connect, attempt, whole, .. } = self.patience;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(connect)
            .operation_attempt_timeout(attempt)
            .operation_timeout(whole)
            .build();
        self.base
            .to_builder()
            .timeout_config(timeouts)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(attempts.max(1))
                    .with_initial_backoff(FIRST_PAUSE)
                    .with_max_backoff(LONGEST_PAUSE),
            )
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    #[tokio::test]
    async fn a_receiver_gives_up_early() {
        let down = || Answer::json(500, r#"{"__type":"InternalFailure","message":"oops"}"#);
        let fake = FakeHttp::answering([down(), down()]);
        let sqs = fake.clients().with_patience(Patience::RECEIVER).sqs();
        let refused =
            sqs.send_message().queue_url("https://sqs.example.com/q").message_body("{}").send().await;
        assert!(refused.is_err());
        assert_eq!(fake.seen().len(), 2);
        let Patience { attempt, whole, .. } = Patience::RECEIVER;
        assert!(attempt < whole && whole * 2 < Duration::from_secs(2), "the queue, then the fallback");
    }

    #[tokio::test]
    async fn the_network_client_can_be_made_and_hides_its_keys() {
        let keys = AwsKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "canary-secret".into(),
            session_token: Some("canary-session".into()),
        };
        let clients = Clients::new("eu-central-1", Some("http://127.0.0.1:9"), &keys);
        let patience = Patience { attempts: 1, ..Patience::RECEIVER };
        let refused = clients.clone().with_patience(patience).dynamodb().list_tables().send().await;
        assert!(refused.is_err_and(|e| e.as_service_error().is_none()), "nobody listens there");
        assert!(!format!("{clients:?} {keys:?}").contains("canary"));
    }
}
