//! Credentials: versions, and nothing secret where it could be seen.

use std::collections::BTreeMap;

use domain::ids::{Account, ConnectionId, MerchantId};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{Task, together};
use crate::credentials::WebhookKeys;
use crate::{AccessToken, Credential, CredentialError, Credentials, WebhookSecrets};

/// Checks a store of credentials; it must hold none of merchant `contract`.
///
/// # Panics
/// Where the store breaks its contract.
pub async fn credentials(store: &dyn Credentials) {
    keeps_all_of_a_credential(store).await;
    saves_only_over_what_was_loaded(store).await;
    lets_one_of_many_savers_win(store).await;
}

fn account(merchant: &str, connection: &str) -> Account {
    match (MerchantId::try_from(merchant), ConnectionId::try_from(connection)) {
        (Ok(merchant), Ok(connection)) => Account::new(merchant, connection),
        other => unusable(&other),
    }
}

#[expect(clippy::panic, reason = "a contract check fails by panicking")]
fn unusable(what: &dyn std::fmt::Debug) -> ! {
    panic!("failed where it must not: {what:?}")
}

async fn load(store: &dyn Credentials, account: &Account) -> Option<Credential> {
    store.load(account).await.unwrap_or_else(|e| unusable(&e))
}

/// What a credential holds, opened, for comparing.
type Opened = (u64, BTreeMap<String, String>, Option<(String, Timestamp)>, Option<Timestamp>);

fn opened(credential: &Credential) -> Opened {
    let secrets = credential.secrets.iter().map(|(k, v)| (k.clone(), v.expose_secret().to_owned())).collect();
    let access = credential.access.as_ref().map(|a| (a.token.expose_secret().to_owned(), a.expires_at));
    (credential.version, secrets, access, credential.refreshing_until)
}

fn credential(secret: &str) -> Credential {
    Credential { secrets: [("refresh_token".to_owned(), secret.into())].into(), ..Credential::default() }
}

async fn keeps_all_of_a_credential(store: &dyn Credentials) {
    let account = account("contract", "shop");
    assert!(load(store, &account).await.is_none(), "none was saved yet");
    let mut kept = credential("canary é \" \n ✓");
    kept.secrets.insert("client_id".to_owned(), "canary-id".into());
    let end = Timestamp::UNIX_EPOCH;
    kept.access = Some(AccessToken { token: "canary-token".into(), expires_at: end });
    kept.refreshing_until = Timestamp::new(1_900_000_000, 123_456_789).ok();
    assert_eq!(store.save(&account, &kept).await, Ok(1), "the first version is 1");
    kept.version = 1;
    let loaded = load(store, &account).await;
    assert_eq!(loaded.as_ref().map(opened), Some(opened(&kept)), "every field comes back");
    assert!(!format!("{loaded:?}").contains("canary"), "Debug shows no secret");

    let plain = Credential { version: 1, ..Credential::default() };
    assert_eq!(store.save(&account, &plain).await, Ok(2));
    let loaded = load(store, &account).await.map(|c| opened(&c));
    assert_eq!(loaded, Some((2, BTreeMap::new(), None, None)), "a save replaces");
}

async fn saves_only_over_what_was_loaded(store: &dyn Credentials) {
    let mine = account("contract", "versions");
    for none in [1, 7] {
        let early = Credential { version: none, ..credential("early") };
        assert_eq!(
            store.save(&mine, &early).await,
            Err(CredentialError::Changed),
            "there is no version {none}"
        );
    }
    assert_eq!(store.save(&mine, &credential("1")).await, Ok(1));
    assert_eq!(store.save(&mine, &credential("0")).await, Err(CredentialError::Changed), "it is not new");
    let next = Credential { version: 1, ..credential("2") };
    assert_eq!(store.save(&mine, &next).await, Ok(2));
    assert_eq!(store.save(&mine, &next).await, Err(CredentialError::Changed), "a version is spent once");
    let loaded = load(store, &mine).await.map(|c| opened(&c));
    assert_eq!(loaded, Some(opened(&Credential { version: 2, ..credential("2") })), "the winner's stands");

    // Names that would run into each other if keys were only joined.
    for other in
        [account("contract/versions", "shop"), account("contract", "shop-2"), account("c", "versions")]
    {
        assert!(load(store, &other).await.is_none(), "{other} has none");
    }
}

async fn lets_one_of_many_savers_win(store: &dyn Credentials) {
    let shared = account("contract", "savers");
    assert_eq!(store.save(&shared, &credential("first")).await, Ok(1));
    let tries: Vec<Credential> =
        (0..8).map(|n| Credential { version: 1, ..credential(&format!("saver {n}")) }).collect();
    let saves = tries.iter().map(|credential| -> Task<'_, Result<u64, CredentialError>> {
        Box::pin(store.save(&shared, credential))
    });
    let saved = together(saves.collect()).await;
    let won: Vec<&Credential> =
        tries.iter().zip(&saved).filter(|(_, s)| **s == Ok(2)).map(|(c, _)| c).collect();
    let lost = saved.iter().filter(|s| **s == Err(CredentialError::Changed)).count();
    assert_eq!((won.len(), lost), (1, 7), "one refreshes, the others wait: {saved:?}");
    let loaded = load(store, &shared).await.map(|c| opened(&c).1);
    assert_eq!(loaded.as_ref(), won.first().map(|c| opened(c).1).as_ref(), "the winner's stands");
}

/// Checks a reader of webhook secrets that was given `stored`, and nothing for a connection `contract-none`.
///
/// # Panics
/// Where the reader breaks its contract.
pub async fn webhook_secrets(reader: &dyn WebhookSecrets, stored: &WebhookKeys) {
    let loaded = reader.webhook_keys(&stored.account.connection).await.unwrap_or_else(|e| unusable(&e));
    let loaded = loaded.unwrap_or_else(|| unusable(&"no secrets of a connection that has some"));
    let open =
        |keys: &WebhookKeys| keys.secrets.iter().map(|s| s.expose_secret().to_owned()).collect::<Vec<_>>();
    assert_eq!((&loaded.account, &loaded.kind), (&stored.account, &stored.kind));
    assert_eq!(open(&loaded), open(stored), "every secret, in order");
    for secret in open(stored) {
        assert!(!format!("{loaded:?}").contains(&secret), "Debug shows no secret");
    }
    let none = account("contract", "contract-none").connection;
    let none = reader.webhook_keys(&none).await.unwrap_or_else(|e| unusable(&e));
    assert!(none.is_none(), "no connection, no secrets");
}
