//! Data keys from KMS, kept in memory for a bounded time and number of uses.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use domain::ids::Account;
use jiff::Timestamp;
use ports::Clock;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use secrecy::zeroize::Zeroizing;

use crate::explain::{code, explain};

/// What the encryption context says a data key is for; `template.yaml` grants calls with this context only.
const PURPOSE: &str = "marketplace-tokens";

/// How long a data key opens what it sealed without KMS being asked again: so long does a right that was taken
/// away still serve a worker that is awake.
const OPENS_FOR: Duration = Duration::from_secs(15 * 60);
/// How often, at most.
const OPENS: u32 = 100_000;
/// How long one data key seals. Longer than a token lives, so that a refresh, which saves twice, asks once.
const SEALS_FOR: Duration = Duration::from_secs(15 * 60);
/// How many texts it seals; far below what random nonces allow (2^32).
const SEALS: u32 = 1_000;
/// How long a refusal is believed: those who waited for the same answer must not each wait for their own.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// Connections remembered at most; beyond, all are forgotten and asked for again.
const MOST: usize = 2_048;

/// A data key: opened, and as KMS wrapped it. Its `Debug` would show nothing, so it has none.
#[derive(Clone)]
pub(super) struct DataKey {
    pub(super) plain: Arc<LessSafeKey>,
    pub(super) wrapped: Arc<[u8]>,
}

/// What a key is remembered by: the connection, and the wrapped key that it opens; without one, it seals.
pub(super) type Name = (Account, Option<Arc<[u8]>>);
/// One at a time asks KMS; whoever waits then finds the answer.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

pub(super) struct Kept {
    answer: Result<DataKey, String>,
    until: Timestamp,
    uses: u32,
}

pub(super) struct DataKeys {
    kms: Client,
    key: String,
    clock: Arc<dyn Clock>,
    slots: Mutex<BTreeMap<Name, Slot>>,
    calls: AtomicU64,
}

impl DataKeys {
    pub(super) fn new(kms: Client, key: String, clock: Arc<dyn Clock>) -> Self {
        Self { kms, key, clock, slots: Mutex::default(), calls: AtomicU64::new(0) }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The key that seals for a connection now.
    pub(super) async fn to_seal(&self, account: &Account) -> Result<DataKey, String> {
        let slot = self.slot((account.clone(), None));
        let mut kept = slot.lock().await;
        if let Some(known) = self.take(&mut kept) {
            return known;
        }
        let made = self.generate(account).await;
        *kept = Some(self.keep(made.clone(), SEALS_FOR, SEALS));
        if let Ok(data_key) = &made {
            // What was sealed here is soon read here.
            let slot = self.slot((account.clone(), Some(data_key.wrapped.clone())));
            *slot.lock().await = Some(self.keep(made.clone(), OPENS_FOR, OPENS));
        }
        made
    }

    /// The key that was wrapped for this connection.
    pub(super) async fn to_open(&self, account: &Account, wrapped: &[u8]) -> Result<DataKey, String> {
        let wrapped: Arc<[u8]> = wrapped.into();
        let slot = self.slot((account.clone(), Some(wrapped.clone())));
        let mut kept = slot.lock().await;
        if let Some(known) = self.take(&mut kept) {
            return known;
        }
        let opened = self.unwrap(account, wrapped).await;
        *kept = Some(self.keep(opened.clone(), OPENS_FOR, OPENS));
        opened
    }

    pub(super) fn slot(&self, name: Name) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(&name) {
            slots.clear();
        }
        slots.entry(name).or_default().clone()
    }

    /// One use of what is kept, if it still serves.
    fn take(&self, kept: &mut Option<Kept>) -> Option<Result<DataKey, String>> {
        let known = kept.as_mut().filter(|known| known.uses > 0 && self.clock.now() < known.until)?;
        known.uses -= 1;
        Some(known.answer.clone())
    }

    /// To be kept after a first use.
    fn keep(&self, answer: Result<DataKey, String>, serves: Duration, uses: u32) -> Kept {
        let serves = if answer.is_ok() { serves } else { REFUSED_FOR };
        let until = self.clock.now().saturating_add(serves).unwrap_or(Timestamp::MAX);
        Kept { answer, until, uses: uses.saturating_sub(1) }
    }

    async fn generate(&self, account: &Account) -> Result<DataKey, String> {
        self.count("GenerateDataKey", account);
        let call = self.kms.generate_data_key().key_id(&self.key).key_spec(DataKeySpec::Aes256);
        let answer = context(account)
            .into_iter()
            .fold(call, |call, (name, value)| call.encryption_context(name, value))
            .send()
            .await
            .map_err(|error| explain("GenerateDataKey", &error))?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        data_key(answer.plaintext, wrapped.into())
    }

    async fn unwrap(&self, account: &Account, wrapped: Arc<[u8]>) -> Result<DataKey, String> {
        self.count("Decrypt", account);
        let call = self.kms.decrypt().key_id(&self.key).ciphertext_blob(Blob::new(&*wrapped));
        let answer = context(account)
            .into_iter()
            .fold(call, |call, (name, value)| call.encryption_context(name, value))
            .send()
            .await
            .map_err(|error| match code(&error) {
                Some("InvalidCiphertextException" | "IncorrectKeyException") => format!(
                    "{}: what is stored was sealed for another connection, or under another key",
                    explain("Decrypt", &error)
                ),
                _ => explain("Decrypt", &error),
            })?;
        data_key(answer.plaintext, wrapped)
    }

    fn count(&self, operation: &str, account: &Account) {
        let kms_calls = self.calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        tracing::debug!(connection = %account, kms_calls, "KMS {operation}");
    }
}

/// What KMS binds a data key to. It is no secret: `CloudTrail` shows it with every call.
fn context(account: &Account) -> [(&'static str, String); 3] {
    [
        ("purpose", PURPOSE.to_owned()),
        ("merchant", account.merchant.as_str().to_owned()),
        ("connection", account.connection.as_str().to_owned()),
    ]
}

fn data_key(plain: Option<Blob>, wrapped: Arc<[u8]>) -> Result<DataKey, String> {
    let plain = Zeroizing::new(plain.map(Blob::into_inner).unwrap_or_default());
    match UnboundKey::new(&AES_256_GCM, &plain) {
        Ok(key) if !wrapped.is_empty() => Ok(DataKey { plain: Arc::new(LessSafeKey::new(key)), wrapped }),
        Ok(_) | Err(_) => Err("KMS answered without a key of 256 bits".to_owned()),
    }
}

/// A key to be found in a slot, for a test that puts one where it does not belong.
#[cfg(test)]
pub(super) fn kept_for_test(data_key: DataKey, until: Timestamp) -> Kept {
    Kept { answer: Ok(data_key), until, uses: 1 }
}
