//! Why a signature does not match: for the `verify` command and the log, never for an answer to the sender.

mod bodies;
mod json;
mod keys;
mod sentences;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::Sha256;

use crate::hmac_base64::is_secret;
use crate::route::decode_hex;

pub use bodies::BodyChange;
pub use keys::SecretChange;

/// Bodies up to this size are also tried with changed secrets, and rewritten as JSON; in bytes.
const SMALL: usize = 1 << 20;

/// What a look at body, header and secrets found. Secrets are counted from 0 and never shown.
///
/// `Display` says it in a sentence, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Diagnosis {
    /// The signature is right.
    Genuine {
        /// The secret it was made with.
        secret: usize,
        /// How many secrets there are.
        of: usize,
    },
    /// There is no signature.
    HeaderMissing,
    /// There is nothing to check with.
    NoSecret,
    /// The signature is written in hexadecimal digits.
    HexInsteadOfBase64 {
        /// The secret it would fit.
        fits: Option<usize>,
    },
    /// The signature is base64 for addresses, without padding, in quotes or behind `sha256=`.
    OtherWriting {
        /// The secret it would fit.
        fits: Option<usize>,
    },
    /// The signature is not base64 at all.
    NotBase64 {
        /// How many characters it has.
        characters: usize,
    },
    /// The signature is not as long as one of this kind.
    WrongLength {
        /// How many bytes it has; 32 are right.
        bytes: usize,
    },
    /// The secret fits the body as it was before something changed it.
    BodyChanged {
        /// The secret.
        secret: usize,
        /// What happened to the body.
        change: BodyChange,
    },
    /// The body fits the secret as it is meant to be.
    SecretChanged {
        /// The secret.
        secret: usize,
        /// What is wrong with it.
        change: SecretChange,
    },
    /// Body and secret are both changed.
    BothChanged {
        /// The secret.
        secret: usize,
        /// What happened to the body.
        body_change: BodyChange,
        /// What is wrong with the secret.
        secret_change: SecretChange,
    },
    /// The body is empty, and no sender signs nothing.
    EmptyBody,
    /// Nothing we know of explains it.
    NoMatch {
        /// How many secrets were tried.
        secrets: usize,
    },
}

impl Diagnosis {
    /// Whether the delivery would be accepted.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        matches!(self, Self::Genuine { .. })
    }
}

/// How a signature is written.
enum Writing {
    Right,
    Hex,
    Other,
}

/// Finds out why `header` is not, or that it is, base64(HMAC-SHA256(secret, body)).
///
/// Slower than verifying by hundreds of times: only for people who look for a mistake.
#[must_use]
pub fn diagnose_hmac_base64(body: &[u8], header: Option<&str>, secrets: &[SecretString]) -> Diagnosis {
    let Some(header) = header.map(str::trim).filter(|header| !header.is_empty()) else {
        return Diagnosis::HeaderMissing;
    };
    let keys: Vec<(usize, &SecretString)> =
        secrets.iter().enumerate().filter(|(_, secret)| is_secret(secret)).collect();
    if keys.is_empty() {
        return Diagnosis::NoSecret;
    }
    let (sent, writing) = match read_header(header) {
        Ok(read) => read,
        Err(diagnosis) => return diagnosis,
    };
    let fits =
        keys.iter().find(|(_, key)| fits(key.expose_secret().as_bytes(), body, &sent)).map(|(at, _)| *at);
    match (writing, fits) {
        (Writing::Right, Some(secret)) => Diagnosis::Genuine { secret, of: secrets.len() },
        (Writing::Right, None) => search(body, &sent, &keys),
        (Writing::Hex, fits) => Diagnosis::HexInsteadOfBase64 { fits },
        (Writing::Other, fits) => Diagnosis::OtherWriting { fits },
    }
}

fn fits(key: &[u8], body: &[u8], sent: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(sent).is_ok())
}

/// Base64 of either alphabet, padded or not.
fn lenient(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

/// The 32 bytes of a signature, and how they are written.
fn read_header(header: &str) -> Result<(Vec<u8>, Writing), Diagnosis> {
    let right_length = |bytes: &Vec<u8>| bytes.len() == 32;
    if let Some(sent) = STANDARD.decode(header).ok().filter(right_length) {
        return Ok((sent, Writing::Right));
    }
    let bare = header.trim_matches(['"', '\'', '`']);
    let bare = bare.strip_prefix("sha256=").or_else(|| bare.strip_prefix("SHA256=")).unwrap_or(bare).trim();
    if let Some(sent) = decode_hex(bare).filter(right_length) {
        return Ok((sent, Writing::Hex));
    }
    let any =
        lenient(&alphabet::STANDARD).decode(bare).or_else(|_| lenient(&alphabet::URL_SAFE).decode(bare));
    match any {
        Ok(sent) if right_length(&sent) => Ok((sent, Writing::Other)),
        Ok(sent) => Err(Diagnosis::WrongLength { bytes: sent.len() }),
        Err(_) => Err(Diagnosis::NotBase64 { characters: header.chars().count() }),
    }
}

/// Tries what goes wrong with secrets, then with bodies, then with both.
fn search(body: &[u8], sent: &[u8], keys: &[(usize, &SecretString)]) -> Diagnosis {
    let changed_keys: Vec<_> = keys
        .iter()
        .flat_map(|(at, key)| keys::meant(key).into_iter().map(|(change, key)| (*at, change, key)))
        .collect();
    for (secret, change, key) in &changed_keys {
        if fits(key.expose_secret(), body, sent) {
            return Diagnosis::SecretChanged { secret: *secret, change: *change };
        }
    }
    let mut both = None;
    for (change, original) in bodies::originals(body, SMALL) {
        for (secret, key) in keys {
            if fits(key.expose_secret().as_bytes(), &original, sent) {
                return Diagnosis::BodyChanged { secret: *secret, change };
            }
        }
        if both.is_none() && body.len() <= SMALL {
            let hit = changed_keys.iter().find(|(_, _, key)| fits(key.expose_secret(), &original, sent));
            both = hit.map(|(secret, secret_change, _)| Diagnosis::BothChanged {
                secret: *secret,
                body_change: change,
                secret_change: *secret_change,
            });
        }
    }
    both.unwrap_or(match body {
        [] => Diagnosis::EmptyBody,
        _ => Diagnosis::NoMatch { secrets: keys.len() },
    })
}
