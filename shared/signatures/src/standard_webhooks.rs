//! Standard Webhooks: HMAC-SHA256 over id, time and body, so that nothing old is taken again. Etsy signs so.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{SignatureError, Verified};

/// How far a delivery's time may be from ours, in seconds, either way.
const WINDOW_S: u64 = 300;
/// The most signatures of one delivery that are looked at: one for each key while keys rotate.
const MOST_SIGNATURES: usize = 16;
/// The longest id of a delivery, in bytes.
const LONGEST_ID: usize = 256;
/// What secrets begin with.
const PREFIX: &str = "whsec_";

/// Secrets are written with and without padding.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The three headers of a delivery, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardWebhook<'a> {
    /// `webhook-id`.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`, Unix seconds.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`: signatures between spaces.
    pub signature: Option<&'a str>,
}

/// Checks the signatures of a delivery against every secret, in constant time for each.
///
/// A signature is base64 with or without `v1,` before it: vendors that say the one have been seen to send the other.
/// Signatures of other versions are passed over. `now_s` is the time in Unix seconds; more than five minutes off,
/// a delivery is refused whatever its signature says.
///
/// # Errors
/// [`SignatureError`]; in every case the body must not be parsed.
///
/// Contract: Standard Webhooks specification 1.0.0, read 2026-11: the key is the base64 after `whsec_`, the message
/// `id.timestamp.body` over the raw bytes.
pub fn verify_standard_webhook<'a>(
    body: &'a [u8],
    headers: StandardWebhook<'_>,
    secrets: &[SecretString],
    now_s: i64,
) -> Result<Verified<'a>, SignatureError> {
    let present = |header: Option<&'_ str>| -> Result<String, SignatureError> {
        let text = header.map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(SignatureError::Missing)
    };
    let (id, timestamp) = (present(headers.id)?, present(headers.timestamp)?);
    let signatures = present(headers.signature)?;
    let at: i64 = timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    let sent: Vec<Vec<u8>> =
        signatures.split_whitespace().take(MOST_SIGNATURES).filter_map(signature).collect();
    if sent.is_empty() || id.len() > LONGEST_ID {
        return Err(SignatureError::Malformed);
    }
    if at.abs_diff(now_s) > WINDOW_S {
        return Err(SignatureError::OutOfTime);
    }
    let (mut any, mut genuine) = (false, false);
    // Every secret and signature is tried even after a hit, so that time does not tell which one fits.
    for key in secrets.iter().filter_map(|secret| standard_webhook_key(secret).ok()) {
        any = true;
        let mac = Hmac::<Sha256>::new_from_slice(&key);
        let Ok(mac) = mac.map(|mac| {
            let head = format!("{id}.{timestamp}.");
            mac.chain_update(head.as_bytes()).chain_update(body)
        }) else {
            continue;
        };
        for sent in &sent {
            genuine |= mac.clone().verify_slice(sent).is_ok();
        }
    }
    match (any, genuine) {
        (false, _) => Err(SignatureError::NoSecret),
        (true, false) => Err(SignatureError::Mismatch),
        (true, true) => Ok(Verified(body)),
    }
}

/// The 32 bytes of one signature; `None` if it is of another version or none at all.
fn signature(text: &str) -> Option<Vec<u8>> {
    let bare = match text.split_once(',') {
        Some(("v1", bare)) => bare,
        Some(_) => return None,
        None => text,
    };
    STANDARD.decode(bare).ok().filter(|bytes| bytes.len() == 32)
}

/// The key that a secret stands for: base64, with or without `whsec_` before it and padding behind it.
///
/// # Errors
/// A sentence that says what is wrong, without quoting it.
pub fn standard_webhook_key(secret: &SecretString) -> Result<Vec<u8>, &'static str> {
    let text = secret.expose_secret().trim();
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    if text.is_empty() {
        return Err("is empty: an empty secret verifies nothing");
    }
    match ANY_PADDING.decode(text) {
        Ok(key) if key.is_empty() => Err("is empty: an empty secret verifies nothing"),
        Ok(key) => Ok(key),
        Err(_) => Err("is no base64: copy all of it, from whsec_ to its last character"),
    }
}
