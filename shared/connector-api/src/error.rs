//! Failures, by what to do next.

use std::time::Duration;

use ports::{CredentialError, TransportError};

/// The operation's name in errors of whoever gives tokens.
pub(crate) const TOKEN: &str = "token";

/// Whether the other side may have acted on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Certainly not: refused before doing anything, or never sent.
    No,
    /// Perhaps: read before writing again.
    Maybe,
}

/// What only the merchant can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MerchantAction {
    /// The account must be authorised again. Parks the whole connection.
    Reconnect,
    /// The order or its data must be put right.
    FixOrder,
    /// The marketplace takes no confirmations from this account's app: parks confirmations, not reads.
    ConfirmElsewhere,
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The limit is used up: not a failure of anybody's, and no attempt is spent.
    Throttled {
        /// Not before this, where the answer says so.
        after: Option<Duration>,
    },
    /// May pass by itself.
    Retryable {
        /// Whether to read first.
        reached: Reached,
        /// Not before this, where the answer says so.
        after: Option<Duration>,
    },
    /// Understood and refused: repeating cannot help.
    Rejected {
        /// The other side's code, as it wrote it.
        code: String,
    },
    /// It is about the carrier or its number; it might be taken under the marketplace's word for *other*.
    CarrierRefused {
        /// The other side's code, as it wrote it.
        code: String,
    },
    /// The other side has no such thing.
    NotFound,
    /// Only the merchant can mend it.
    NeedsMerchant {
        /// How.
        action: MerchantAction,
    },
}

/// A port that failed below a call.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// HTTP.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Tokens.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
}

/// A call to a store or marketplace did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{channel} {operation} failed: {detail}")]
pub struct ChannelError {
    /// The connector.
    pub channel: &'static str,
    /// The operation, in the other side's words.
    pub operation: &'static str,
    /// What to do next.
    pub failure: Failure,
    /// The other side's own words, bounded, for a person. Never a secret, never buyer data.
    pub detail: String,
    /// The other side's id of the request, for its support.
    pub request_id: Option<String>,
    /// A refusal of the order's lines as we know them: the order may have changed since it was read.
    pub about_lines: bool,
    /// Below it.
    #[source]
    pub source: Option<Box<PortError>>,
}

impl ChannelError {
    /// An error of `failure`, with at most 500 characters of `detail`.
    #[must_use]
    pub fn new(
        channel: &'static str,
        operation: &'static str,
        failure: Failure,
        detail: impl AsRef<str>,
    ) -> Self {
        let detail = detail.as_ref().chars().filter(|c| !c.is_control()).take(500).collect();
        Self { channel, operation, failure, detail, request_id: None, about_lines: false, source: None }
    }

    /// A request that got no whole answer.
    #[must_use]
    pub fn transport(channel: &'static str, operation: &'static str, error: TransportError) -> Self {
        let reached = match error {
            TransportError::NothingSent(_) => Reached::No,
            TransportError::MaybeSent(_) => Reached::Maybe,
        };
        let mut failed =
            Self::new(channel, operation, Failure::Retryable { reached, after: None }, error.to_string());
        failed.source = Some(Box::new(error.into()));
        failed
    }

    /// The same, about the order's lines or not.
    #[must_use]
    pub fn about_lines(mut self, is_so: bool) -> Self {
        self.about_lines = is_so;
        self
    }

    /// Whether a token was asked for, and not the API.
    #[must_use]
    pub fn is_of_tokens(&self) -> bool {
        self.operation == TOKEN
    }

    /// The same, with the other side's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }
}

/// What a status means where the vendor says nothing special; connectors override rows of it.
///
/// Unclassified is `Retryable { reached: Maybe }`: bounded and counted by the workflow.
#[must_use]
pub fn base_failure(status: u16, after: Option<Duration>) -> Failure {
    match status {
        400 | 405 | 409 | 410 | 413 | 415 | 422 => Failure::Rejected { code: status.to_string() },
        404 => Failure::NotFound,
        429 => Failure::Throttled { after },
        _ => Failure::Retryable { reached: Reached::Maybe, after },
    }
}
