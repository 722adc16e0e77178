//! HTTP out, for real: `reqwest` with bounds.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Transport, TransportError};

/// The longest one request may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest response, bytes.
const MAX_RESPONSE: usize = 16 * 1024 * 1024;

/// Sends requests with time and size bounded, following no redirect and using no proxy.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// A client with the process's one TLS provider: `ring`, chosen because it starts fast at little memory.
    ///
    /// # Errors
    /// The platform's trusted certificates cannot be read.
    pub fn new() -> Result<Self, TransportError> {
        Self::within(TIMEOUT)
    }

    /// The same, for who cannot wait so long: a request may take no longer than `timeout` in all.
    ///
    /// # Errors
    /// As [`HttpTransport::new`].
    pub fn within(timeout: Duration) -> Result<Self, TransportError> {
        // Installing a second time fails, which only says that it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .pool_idle_timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .map_err(|error| TransportError::NothingSent(error.to_string()))?;
        Ok(Self { client })
    }
}

/// The innermost words of an error, without the address (which may hold ids).
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let (parts, body) = request.into_parts();
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|error| TransportError::NothingSent(error.to_string()))?;
        let sent = self.client.request(parts.method, url).headers(parts.headers).body(body).send().await;
        let mut response = match sent {
            Ok(response) => response,
            // Connecting failed: no byte of the request was written. Anything else may have arrived.
            Err(error) if error.is_connect() || error.is_builder() => {
                return Err(TransportError::NothingSent(words(&error)));
            }
            Err(error) => return Err(TransportError::MaybeSent(words(&error))),
        };
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let body = answer.body_mut();
                    if body.len() + chunk.len() > MAX_RESPONSE {
                        return Err(TransportError::MaybeSent(format!(
                            "the answer is larger than {MAX_RESPONSE} bytes"
                        )));
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => return Ok(answer),
                Err(error) => return Err(TransportError::MaybeSent(words(&error))),
            }
        }
    }
}
