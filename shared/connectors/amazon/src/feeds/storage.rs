//! Where documents lie: addresses that Amazon signed, on hosts of its own.

use std::io::Read as _;

use connector_api::hosts::retry_after;
use connector_api::{ChannelError, Failure, Reach, Reached, base_failure};
use flate2::read::GzDecoder;
use http::{Method, Request, Response};
use url::Url;

use crate::KIND;
use crate::client::user_agent;
use crate::regions::Hosts;

/// The largest report, unpacked: 5,000 messages with several lines each are a tenth of it.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// How a packed document begins, whatever was said of it.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Documents of one operation.
pub(super) struct Storage<'a> {
    pub(super) reach: Reach<'a>,
    pub(super) hosts: &'a Hosts,
    pub(super) operation: &'static str,
}

impl Storage<'_> {
    /// Lays bytes down. Nothing happens by that, so any failure may be repeated, with a new address.
    pub(super) async fn put(
        &self,
        url: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), ChannelError> {
        let request = self.request(Method::PUT, url, Some(content_type), bytes)?;
        self.send(request).await.map(|_| ())
    }

    /// Fetches a document, unpacked.
    pub(super) async fn get(&self, url: &str, zipped: bool) -> Result<Vec<u8>, ChannelError> {
        let response = self.send(self.request(Method::GET, url, None, Vec::new())?).await?;
        let bytes = response.into_body();
        if !zipped && !bytes.starts_with(&GZIP) {
            return Ok(bytes);
        }
        let mut plain = Vec::new();
        let read = GzDecoder::new(bytes.as_slice()).take(MOST_BYTES + 1).read_to_end(&mut plain);
        match read {
            Err(_) => Err(self.failed("the report is packed and cannot be unpacked")),
            Ok(_) if plain.len() as u64 > MOST_BYTES => {
                Err(self.failed(format!("the report is larger than {MOST_BYTES} bytes")))
            }
            Ok(_) => Ok(plain),
        }
    }

    /// No token goes along: the address is signed.
    fn request(
        &self,
        method: Method,
        url: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Request<Vec<u8>>, ChannelError> {
        let url = address(url, self.hosts).map_err(|why| self.failed(why))?;
        let mut request =
            Request::builder().method(method).uri(url.as_str()).header("user-agent", user_agent());
        if let Some(kind) = content_type {
            request = request.header("content-type", kind);
        }
        // The words of this error could quote the address, which opens the document to whoever has it.
        request.body(body).map_err(|_| self.failed("the document's address makes no request"))
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, ChannelError> {
        let sent = self.reach.transport.send(request).await;
        let response = sent.map_err(|error| {
            let mut failed = ChannelError::transport(KIND, self.operation, error);
            failed.failure = again(None);
            failed
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let mut failed = self.failed(format!("status {status} of the document's storage"));
        failed.failure = match base_failure(status, retry_after(response.headers())) {
            Failure::NotFound => Failure::NotFound,
            // An address that ran out, or storage that has a problem: the next try gets another address.
            Failure::Throttled { after } | Failure::Retryable { after, .. } => again(after),
            Failure::Rejected { .. } | Failure::CarrierRefused { .. } | Failure::NeedsMerchant { .. } => {
                again(None)
            }
        };
        Err(failed)
    }

    fn failed(&self, why: impl AsRef<str>) -> ChannelError {
        ChannelError::new(KIND, self.operation, again(None), why)
    }
}

fn again(after: Option<std::time::Duration>) -> Failure {
    Failure::Retryable { reached: Reached::No, after }
}

/// An address that a document may lie at: https, on Amazon's storage; or below the host that the settings name in
/// place of Amazon's.
fn address(text: &str, hosts: &Hosts) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "the document's address is none")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the document's address names a user".to_owned());
    }
    if hosts.moved && url.origin() == hosts.api.origin() {
        return Ok(url);
    }
    let host = url.host_str().unwrap_or_default();
    let labels: Vec<&str> = host.trim_end_matches(".amazonaws.com").split('.').collect();
    let storage = host.ends_with(".amazonaws.com")
        && labels.iter().any(|label| *label == "s3" || label.starts_with("s3-"));
    if url.scheme() == "https" && url.port().is_none() && storage {
        Ok(url)
    } else {
        // The host alone: the rest of the address opens the document.
        Err(format!("the document lies at {host:?}, which is no storage of Amazon's"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_lie_on_amazons_storage_only() {
        let hosts = |base: &str, moved| Hosts {
            api: Url::parse(base).unwrap(),
            token: Url::parse(base).unwrap(),
            moved,
        };
        let real = hosts("https://sellingpartnerapi-na.amazon.com", false);
        let stand_in = hosts("http://127.0.0.1:9/amazon", true);
        for good in [
            "https://tortuga-prod-na.s3-external-1.amazonaws.com/x?X-Amz-Signature=1",
            "https://tortuga-prod-eu.s3.eu-west-1.amazonaws.com/x",
            "https://tortuga-prod-fe.s3-us-west-2.amazonaws.com/x",
            "https://s3.amazonaws.com/tortuga/x",
        ] {
            assert!(address(good, &real).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/x",
            "http://tortuga.s3.amazonaws.com/x",
            "https://tortuga.s3.amazonaws.com:8443/x",
            "https://user@tortuga.s3.amazonaws.com/x",
            "https://s3.amazonaws.com.thief.example/x",
            "https://s3.thief.example/x",
            "https://ec2-1-2-3-4.compute.amazonaws.com/x",
            "https://amazonaws.com/x",
            "https://s3amazonaws.com/x",
            "https://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:9/amazon/x",
            "file:///etc/passwd",
        ] {
            assert!(address(bad, &real).is_err(), "{bad}");
        }
        assert!(address("http://127.0.0.1:9/amazon/x", &stand_in).is_ok());
        assert!(address("http://127.0.0.1:8/amazon/x", &stand_in).is_err(), "another port");
        assert!(address("http://localhost:9/amazon/x", &stand_in).is_err(), "another name");
    }

    #[test]
    fn a_refused_address_is_not_quoted() {
        let hosts = Hosts {
            api: Url::parse("https://sellingpartnerapi-na.amazon.com").unwrap(),
            token: Url::parse("https://api.amazon.com").unwrap(),
            moved: false,
        };
        let why = address("https://thief.example/x?X-Amz-Signature=SECRET", &hosts).unwrap_err();
        assert!(why.contains("thief.example") && !why.contains("SECRET"), "{why}");
    }
}
