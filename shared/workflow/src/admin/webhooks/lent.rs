//! A webhook's secret, lent to a call that registers an address: tokens and webhook secrets are kept apart.

use async_trait::async_trait;
use connector_api::VERIFICATION_TOKEN;
use domain::ids::Account;
use ports::{Credential, CredentialError, Credentials};
use secrecy::SecretString;

/// Credentials that hold one secret more, which is never saved with them.
pub(super) struct Lent<'a> {
    inner: &'a dyn Credentials,
    token: Option<SecretString>,
}

impl<'a> Lent<'a> {
    pub(super) fn new(inner: &'a dyn Credentials, token: Option<SecretString>) -> Self {
        Self { inner, token }
    }
}

#[async_trait]
impl Credentials for Lent<'_> {
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError> {
        let mut loaded = self.inner.load(account).await?;
        if let (Some(credential), Some(token)) = (&mut loaded, &self.token) {
            credential.secrets.insert(VERIFICATION_TOKEN.to_owned(), token.clone());
        }
        Ok(loaded)
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let mut own = credential.clone();
        own.secrets.remove(VERIFICATION_TOKEN);
        self.inner.save(account, &own).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_shop::account;
    use futures::executor::block_on;
    use ports::memory::MemoryCredentials;

    #[test]
    fn what_is_lent_is_seen_and_not_saved() {
        let kept = MemoryCredentials::default();
        let account = account("m");
        kept.put(account.clone(), Credential::default());
        let lent = Lent::new(&kept, Some("token".to_owned().into()));
        let seen = block_on(lent.load(&account)).unwrap().unwrap();
        assert!(seen.secret(VERIFICATION_TOKEN).is_some());
        block_on(lent.save(&account, &seen)).unwrap();
        assert!(block_on(kept.load(&account)).unwrap().unwrap().secret(VERIFICATION_TOKEN).is_none());
        let without = Lent::new(&kept, None);
        assert!(block_on(without.load(&account)).unwrap().unwrap().secrets.is_empty());
    }
}
