//! HTTP out: one bounded request, one bounded response.

use async_trait::async_trait;

/// Sends one request and waits for the whole response.
///
/// No redirects are followed, nothing is retried, time and size are bounded by the implementation.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`. A status of 400 or 500 is an answer, not an error.
    ///
    /// # Errors
    /// [`TransportError`] says whether the other side may have seen the request.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError>;
}

/// No whole answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Failed before a byte of the request was written: nothing happened there.
    #[error("not sent: {0}")]
    NothingSent(String),
    /// Failed after: it may have been applied, or not.
    #[error("sent, but no whole answer: {0}")]
    MaybeSent(String),
}
