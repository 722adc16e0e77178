//! Webhook signatures. A body is verified before it is parsed, and the types make that order unavoidable.
//!
//! There is no default algorithm, no empty secret, and no way to a [`Verified`] but by verifying.

mod diagnose;
mod hmac_base64;
mod route;
mod standard_webhooks;

pub use diagnose::{BodyChange, Diagnosis, SecretChange, diagnose_hmac_base64};
pub use hmac_base64::{spend_like_verify, verify_hmac_base64};
pub use route::{EmptyRouteKey, RouteKey, check_route_tag, route_tag};
pub use standard_webhooks::{StandardWebhook, standard_webhook_key, verify_standard_webhook};

/// A body whose signature was checked. Parsers take this, so unverified bytes cannot be parsed.
#[derive(Clone, Copy)]
pub struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    /// The raw bytes, exactly as they were signed.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl std::fmt::Debug for Verified<'_> {
    /// The body may hold buyer data: only its size is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verified({} bytes)", self.0.len())
    }
}

/// Why a delivery is not genuine, or cannot be known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature header is absent.
    #[error("the signature header is missing")]
    Missing,
    /// It is not what this scheme's signatures look like.
    #[error("the signature is malformed")]
    Malformed,
    /// No secret to verify with: never a reason to skip the check.
    #[error("there is no secret to verify with")]
    NoSecret,
    /// No secret yields this signature for this body.
    #[error("the signature does not match")]
    Mismatch,
    /// It was signed too long ago, or for a time to come: an old delivery sent again, or a clock that is wrong.
    #[error("the delivery's time is more than five minutes off")]
    OutOfTime,
}
