//! What goes wrong with a secret on its way from the sender's page into the settings.

use base64::Engine as _;
use base64::alphabet;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Serialize;

use super::lenient;
use crate::route::decode_hex;

/// How a secret differs from the one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SecretChange {
    /// White space came along in front or behind.
    SpaceAround,
    /// It stands in quotes.
    QuotesAround,
    /// The sender's ends with a line break, this does not.
    LineBreakLost,
    /// It is the key in hexadecimal digits; the sender uses the bytes.
    HexOfKey,
    /// It is the key in base64; the sender uses the bytes.
    Base64OfKey,
}

/// What the secret may have been meant to be.
pub(super) fn meant(secret: &SecretString) -> Vec<(SecretChange, SecretSlice<u8>)> {
    let written = secret.expose_secret();
    let mut meant: Vec<(SecretChange, Vec<u8>)> = Vec::new();
    let trimmed = written.trim();
    meant.push((SecretChange::SpaceAround, trimmed.into()));
    let quotes = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];
    let bare = trimmed.trim_matches(quotes).trim();
    meant.push((SecretChange::QuotesAround, bare.into()));
    for ending in ["\n", "\r\n"] {
        meant.push((SecretChange::LineBreakLost, format!("{trimmed}{ending}").into()));
    }
    meant.extend(decode_hex(bare).map(|key| (SecretChange::HexOfKey, key)));
    for alphabet in [alphabet::STANDARD, alphabet::URL_SAFE] {
        meant.extend(lenient(&alphabet).decode(bare).ok().map(|key| (SecretChange::Base64OfKey, key)));
    }
    meant.retain(|(_, key)| !key.is_empty() && key.as_slice() != written.as_bytes());
    meant.into_iter().map(|(change, key)| (change, SecretSlice::from(key))).collect()
}
