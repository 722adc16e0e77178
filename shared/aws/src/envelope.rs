//! Envelope encryption of tokens: each connection's under a data key of its own, which KMS alone can open again.
//!
//! A blob is: one byte of format (1), the length of the wrapped data key (two bytes, greatest first), the wrapped
//! key, a nonce (12 bytes), then what AES-256-GCM made of the text, its tag (16 bytes) last.
//!
//! **Bound to its connection, twice.** KMS opens a data key only with the encryption context that it was made
//! with: purpose, merchant and connection. All before the nonce, and the connection, are the cipher's associated
//! data as well. So a blob that was copied to another connection's item opens nowhere.
//!
//! Contract: AWS KMS API reference, `GenerateDataKey` and `Decrypt`, and its developer guide, "Encryption
//! context", read 2026-11. That a context is part of the caller's IAM conditions
//! (`kms:EncryptionContext:<name>`) is from the same guide; no AWS account was at hand to try it.

mod data_keys;

use std::fmt;
use std::sync::Arc;

use aws_sdk_kms::Client;
use domain::ids::Account;
use domain::keys::credential_partition;
use ports::Clock;
use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroizing;

use data_keys::DataKeys;

/// The format that is written.
const FORMAT: u8 = 1;
/// Bytes of format and length.
const HEAD: usize = 3;

/// Seals texts for one connection and opens them again.
///
/// Data keys are kept in memory for a while, so that KMS is seldom asked: see [`calls`](Self::calls).
#[derive(Clone)]
pub struct Envelope {
    keys: Arc<DataKeys>,
}

impl Envelope {
    /// Under the KMS key `key` (an ARN). Share one, or its clones, among all that one process does.
    #[must_use]
    pub fn new(kms: Client, key: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { keys: Arc::new(DataKeys::new(kms, key.into(), clock)) }
    }

    /// How often KMS was asked since the start, whatever it answered.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.keys.calls()
    }

    /// Seals `text`; what is wrong is said in words without values.
    pub(crate) async fn seal(
        &self,
        account: &Account,
        mut text: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, String> {
        let data_key = self.keys.to_seal(account).await?;
        let mut blob = vec![FORMAT];
        let length = u16::try_from(data_key.wrapped.len()).map_err(|_| "KMS gave an overlong key")?;
        blob.extend_from_slice(&length.to_be_bytes());
        blob.extend_from_slice(&data_key.wrapped);
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| "the machine gave no random bytes")?;
        let bound = associated(account, &blob);
        let tag = data_key
            .plain
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut text)
            .map_err(|_| "the text is too long to be sealed")?;
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&text);
        blob.extend_from_slice(tag.as_ref());
        Ok(blob)
    }

    /// Opens what [`seal`](Self::seal) made for the same connection; else what is wrong, in words without values.
    pub(crate) async fn open(&self, account: &Account, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let parts = Parts::of(blob)?;
        let data_key = self.keys.to_open(account, parts.wrapped).await?;
        let nonce = Nonce::try_assume_unique_for_key(parts.nonce).map_err(|_| CUT_SHORT)?;
        let mut text = Zeroizing::new(parts.sealed.to_vec());
        let bound = Aad::from(associated(account, parts.bound));
        let length = data_key
            .plain
            .open_in_place(nonce, bound, &mut text)
            .map_err(|_| "what is stored was altered, or was sealed for another connection")?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

const CUT_SHORT: &str = "what is stored is cut short";

/// A blob, taken apart.
struct Parts<'b> {
    /// All before the nonce.
    bound: &'b [u8],
    wrapped: &'b [u8],
    nonce: &'b [u8],
    sealed: &'b [u8],
}

impl<'b> Parts<'b> {
    fn of(blob: &'b [u8]) -> Result<Self, String> {
        let (&[format, high, low], rest) = blob.split_first_chunk::<HEAD>().ok_or(CUT_SHORT)?;
        if format != FORMAT {
            return Err(format!(
                "what is stored has format {format}, which a newer version of Parcelwire wrote"
            ));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (wrapped, rest) = rest.split_at_checked(length).ok_or(CUT_SHORT)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(CUT_SHORT)?;
        let (bound, _) = blob.split_at_checked(HEAD + length).ok_or(CUT_SHORT)?;
        Ok(Self { bound, wrapped, nonce, sealed })
    }
}

/// What the cipher binds a text to. The partition is percent-encoded, so no two connections share one.
fn associated(account: &Account, bound: &[u8]) -> Vec<u8> {
    let mut associated = credential_partition(account).into_bytes();
    associated.push(0);
    associated.extend_from_slice(bound);
    associated
}

#[cfg(test)]
pub(crate) mod tests;
