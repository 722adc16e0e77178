//! Base64 of HMAC-SHA256 over the raw body: Shopify and WooCommerce.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{SignatureError, Verified};

/// Whether it can be a secret at all.
pub(crate) fn is_secret(secret: &SecretString) -> bool {
    !secret.expose_secret().trim().is_empty()
}

/// Checks `header` = base64(HMAC-SHA256(secret, body)) against every secret, in constant time for each.
///
/// Several secrets are valid while one is being rotated; empty and blank ones are no secrets. White space around
/// the header's value is ignored.
///
/// # Errors
/// [`SignatureError`]; in every case the body must not be parsed.
///
/// Contract: Shopify "Verify webhook deliveries", read 2026-11: key is the app's client secret as UTF-8, message
/// the raw request bytes.
pub fn verify_hmac_base64<'a>(
    body: &'a [u8],
    header: Option<&str>,
    secrets: &[SecretString],
) -> Result<Verified<'a>, SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let sent = STANDARD.decode(header.trim()).map_err(|_| SignatureError::Malformed)?;
    if sent.len() != 32 {
        return Err(SignatureError::Malformed);
    }
    let mut any = false;
    let mut genuine = false;
    // Every secret is tried even after a hit, so that time does not tell which one fits.
    for secret in secrets.iter().filter(|s| is_secret(s)) {
        any = true;
        genuine |= Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&sent).is_ok());
    }
    match (any, genuine) {
        (false, _) => Err(SignatureError::NoSecret),
        (true, false) => Err(SignatureError::Mismatch),
        (true, true) => Ok(Verified(body)),
    }
}

/// Costs what verifying `body` with one secret costs, and tells nothing.
///
/// For deliveries whose route tag is right but whose connection is unknown: without it, time would tell
/// connections that exist from those that do not.
pub fn spend_like_verify(body: &[u8]) {
    // Neither is a secret: nothing is ever accepted by them.
    let key = SecretString::from("no connection has this secret");
    let header = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let outcome = verify_hmac_base64(body, Some(header), std::slice::from_ref(&key)).is_ok();
    std::hint::black_box(outcome);
}
